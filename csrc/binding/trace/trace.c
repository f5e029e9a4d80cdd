/* trace.c: what a listened-to map does, as operations and as things to tell.
**
**   scope.c   a method begins | the core works                 | it ends
**                             | on_event, lwatch_touched:      |
**             room ahead      |   queue | grow_begin | move .. | tell callbacks
**
** The core fills the queue while it works, in plain C; what finds no memory
** there is counted in the next item. Room for some is made sure of before a
** method begins. An item leaves the queue before its callback is called: an
** error there goes to whoever called the method, and the rest waits for the
** next. What a callback writes is told behind what is queued, by the same loop.
*/
#include "binding/trace/trace.h"

#include "binding/trace/record.h"
#include "binding/trace/watch.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"

/* -- operations ----------------------------------------------------------- */

static const char *const call_names[] = {
#define LMAP_X(call, name) name,
    LTRACE_CALLS(LMAP_X)
#undef LMAP_X
};

const char *ltrace_callname(ltrace_call what) { return call_names[what]; }

static void count_op(ltrace *t) {
  t->op++;
  t->counted = true;
  if (t->recording)
    lrecord_call(t, &t->call);
}

void ltrace_cause(ltrace *t) {
  if (!t->counted && t->call.what != LTRACE_NONE)
    count_op(t);
  t->caused++;
}

void ltrace_maybe(lmap *h, ltrace_call what) {
  ltrace *t = h->trace;
  if (!ltrace_has_observers(h))
    return;
  t->call = (lcall){.what = what};
  t->counted = false;
  t->caused = 0;
}

void ltrace_read_begins(lmap *h) { ltrace_maybe(h, LTRACE_READ); }

void ltrace_begin(lmap *h, ltrace_call what, uint64_t n) {
  ltrace_maybe(h, what);
  h->trace->call.n = n;
  if (ltrace_has_observers(h))
    count_op(h->trace);
}

/* One that raised has done nothing, or some of its work. */
void ltrace_end(lmap *h, bool failed) {
  ltrace *t = h->trace;
  if (failed && t->counted && t->caused == 0) {
    t->op--;
    if (t->recording)
      lrecord_uncall(t);
  } else if (failed && t->counted && t->recording) {
    lrecord_call(t, &(lcall){.what = LTRACE_FAILED});
  } else if (!failed && t->call.what == LTRACE_TUNE) {
    hmap_get_policy(h->m, &t->call.policy);
    count_op(t);
  }
  t->call.what = LTRACE_NONE;
  t->counted = false;
}

void ltrace_undone(lmap *h) {
  if (ltrace_has_observers(h))
    ltrace_end(h, true);
}

/* -- the queue ------------------------------------------------------------ */

#define QUEUE_AHEAD 64 /* items for which there is room when a method begins */

bool ltrace_ahead(ltrace *t) {
  bool queues = t->tracing || t->nwatches > 0;
  return !queues || lring_reserve(&t->queue, QUEUE_AHEAD);
}

litem *ltrace_queue(ltrace *t, uint64_t watch) {
  litem *item = lring_push(&t->queue, false);
  if (item == NULL)
    return NULL;
  *item = (litem){.op = t->op, .lost = t->queue.lost, .watch = watch};
  t->queue.lost = 0;
  return item;
}

static void on_event(void *ud, const hmap_event *event) {
  ltrace *t = ud;
  if (event->kind != HMAP_EVENT_RELEASE) /* which changes no state */
    ltrace_cause(t);
  litem *item = t->tracing ? ltrace_queue(t, 0) : NULL;
  if (item != NULL)
    item->u.event = *event;
  if (t->recording)
    lrecord_event(t, event);
  if (event->kind == HMAP_EVENT_CLEAR)
    lwatch_cleared(t);
}

static void drop_item(ltrace *t) {
  litem *item = lring_item(&t->queue, 0);
  if (item->watch != 0)
    lwatch_freekey(t, item->u.touch.key, item->u.touch.key_bytes);
  lring_drop_first(&t->queue);
}

static void free_queue(ltrace *t) {
  while (t->queue.n > 0)
    drop_item(t);
  lring_free(&t->queue);
}

/* -- objects whose key has been deleted ----------------------------------- */

static void forget_objects(ltrace *t) {
  litem *item;
  for (size_t i = 0; (item = lring_item(&t->queue, i)) != NULL; i++) {
    hmap_cell *key = item->watch != 0 ? item->u.touch.key : NULL;
    if (key != NULL && key->c.tag == HMAP_TAG_OBJECT)
      key->c.len = 0;
  }
}

/* The object in the item that tells of the delete now at work, or NULL. */
static hmap_cell *deleted_object(const ltrace *t) {
  for (size_t i = t->queue.n; i > 0; i--) {
    const litem *item = lring_item(&t->queue, i - 1);
    if (item->op != t->op)
      break;
    hmap_cell *key = item->watch != 0 ? item->u.touch.key : NULL;
    if (key != NULL && item->u.touch.kind == HMAP_TOUCH_DELETE)
      return key->c.tag == HMAP_TAG_OBJECT ? key : NULL;
  }
  return NULL;
}

bool ltrace_keeps(lmap *h, uint32_t number) {
  ltrace *t = h->trace;
  if (t == NULL || t->nwatches == 0 || t->queue.n == 0)
    return false;
  uint32_t *place = lring_push(&t->numbers, false);
  if (place == NULL) { /* it goes back, so no item may stand on one */
    forget_objects(t);
    return false;
  }
  *place = number;
  hmap_cell *object = deleted_object(t);
  if (object != NULL)
    object->c.len = number;
  return true;
}

uint64_t ltrace_kept(const lmap *h) {
  return h->trace != NULL ? h->trace->numbers.n : 0;
}

void ltrace_void(lmap *h) {
  if (h->trace == NULL || h->conf.key->kind != HMAP_ANY)
    return;
  forget_objects(h->trace);
  lring_free(&h->trace->numbers);
}

/* drop_numbers [-0, +0, -]: all has been told. */
static void drop_numbers(lua_State *L, int self, lmap *h) {
  lring *r = &h->trace->numbers;
  for (; r->n > 0; lring_drop_first(r))
    lobjects_drop(L, self, &h->objects, *(uint32_t *)lring_item(r, 0));
}

/* -- telling -------------------------------------------------------------- */

static const char *const event_names[] = {
#define HMAP_X(event, name) name,
    HMAP_EVENTS(HMAP_X)
#undef HMAP_X
};

static void set_growth(lua_State *L, const hmap_event *e) {
  set_text(L, "growth", lname_growth(e->growth));
  if (e->kind == HMAP_EVENT_EVACUATE) {
    set_int(L, "bucket", e->bucket);
    set_int(L, "to_x", e->to_x);
    set_int(L, "to_y", e->to_y);
  } else {
    set_int(L, "from", e->from);
    set_int(L, "to", e->to);
  }
}

void ltrace_pushevent(lua_State *L, uint64_t op, const hmap_event *e) {
  lua_createtable(L, 0, 7);
  set_text(L, "kind", event_names[e->kind]);
  set_int(L, "op", op);
  set_int(L, "count", e->count);
  if (e->kind <= HMAP_EVENT_GROW_END)
    set_growth(L, e);
  else if (e->kind == HMAP_EVENT_OVERFLOW)
    set_int(L, "bucket", e->bucket);
  else if (e->kind == HMAP_EVENT_RELEASE)
    set_int(L, "bytes", e->bytes);
  set_view(L, "event");
}

/* push_function [-0, +1, -]: nil if nobody wants to know any more. */
static void push_function(lua_State *L, int self, const ltrace *t,
                          uint64_t watch) {
  lua_getiuservalue(L, self, LMAP_CALLBACKS_AT);
  lua_rawgeti(L, -1, (lua_Integer)watch);
  lua_remove(L, -2);
  if (watch == 0 && !t->tracing) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

/* notify_first [-0, +0, v]: the first item of the queue of the map at index 1.
** If making its view raises, it is the first one still. */
static void notify_first(lua_State *L, lmap *h) {
  ltrace *t = h->trace;
  litem item = *(litem *)lring_item(&t->queue, 0);
  push_function(L, 1, t, item.watch);
  bool wanted = !lua_isnil(L, -1);
  if (wanted && item.watch == 0)
    ltrace_pushevent(L, item.op, &item.u.event);
  else if (wanted)
    lwatch_push(L, 1, h, &item);
  if (wanted && item.lost > 0)
    set_int(L, "lost", item.lost);
  drop_item(t);
  t->calling = true;
  if (wanted)
    lua_call(L, 1, 0);
  t->calling = false;
}

static int notify_all(lua_State *L) {
  lmap *h = lua_touserdata(L, 1);
  for (; h->trace->queue.n > 0; lua_settop(L, 1))
    notify_first(L, h);
  return 0;
}

void ltrace_free(lmap *h) {
  ltrace *t = h->trace;
  h->trace = h->held->trace = NULL;
  ltrace_drop(t);
  lmap_unhold(h);
}

void ltrace_drop(ltrace *t) {
  free_queue(t);
  lring_free(&t->numbers);
  lring_free(&t->events);
  lring_free(&t->runs);
  lwatch_free(t);
  t->queue.alloc(t->queue.ud, t, sizeof *t, 0);
}

#define QUEUE_KEPT 4096 /* items of room that an empty queue keeps */

/* After all that could be told was: memory goes that is of no more use. */
static void tidy(lua_State *L, int self, lmap *h) {
  ltrace *t = h->trace;
  if (h->m == NULL) {
    ltrace_free(h);
    return;
  }
  if (!ltrace_has_observers(h) ||
      (t->queue.n == 0 && t->queue.room > QUEUE_KEPT))
    free_queue(t);
  if (t->queue.n == 0)
    drop_numbers(L, self, h);
}

/* One loop at a time: what callbacks cause is told by the loop that called
** them. The method has done its work, so it does not fail for want of memory to
** tell of it: what could not be made waits for the next method, what could not
** be heard is counted as lost. */
void ltrace_notify(lua_State *L, int self, lmap *h) {
  ltrace *t = h->trace;
  int status = LUA_OK, top = lua_gettop(L);
  if (t->telling)
    return;
  if (t->queue.n > 0) {
    t->telling = true;
    t->calling = false;
    lua_pushcfunction(L, notify_all);
    lua_pushvalue(L, self);
    status = lua_pcall(L, 1, 0, 0);
    t->telling = false;
  }
  if (status == LUA_ERRMEM && t->calling)
    t->queue.lost++;
  tidy(L, self, h);
  if (status != LUA_OK && status != LUA_ERRMEM)
    lua_error(L);
  lua_settop(L, top);
}

/* -- who listens ---------------------------------------------------------- */

bool ltrace_has_observers(const lmap *h) {
  const ltrace *t = h->trace;
  return t != NULL && (t->tracing || t->recording || t->nwatches > 0);
}

/* Gives a map its trace, if it has none; false: memory is refused. */
static bool make_trace(lua_State *L, lmap *h) {
  void *ud;
  lua_Alloc alloc = lua_getallocf(L, &ud);
  if (h->trace != NULL)
    return true;
  ltrace *t = alloc(ud, NULL, 0, sizeof *t);
  if (t == NULL)
    return false;
  *t = (ltrace){.owner = h, .last_watch = LTRACE_THREADS};
  lring_init(&t->queue, L, sizeof(litem), SIZE_MAX);
  lring_init(&t->numbers, L, sizeof(uint32_t), SIZE_MAX);
  lring_init(&t->events, L, sizeof(lnote), 0);
  lring_init(&t->runs, L, sizeof(lrun), 0);
  h->trace = h->held->trace = t;
  return true;
}

ltrace *ltrace_need(lua_State *L, lmap *h) {
  if (lua_getiuservalue(L, 1, LMAP_CALLBACKS_AT) == LUA_TNIL) {
    lua_newtable(L);
    lua_setiuservalue(L, 1, LMAP_CALLBACKS_AT);
  }
  lua_pop(L, 1);
  lmap_open(L, h);
  for (int tries = 0;
       lmap_failed(L, h, make_trace(L, h) ? HMAP_OK : HMAP_ENOMEM, tries);
       tries++)
    continue;
  return h->trace;
}

void ltrace_function(lua_State *L, lua_Integer at, int idx) {
  idx = lua_absindex(L, idx);
  lua_getiuservalue(L, 1, LMAP_CALLBACKS_AT);
  lua_pushvalue(L, idx);
  lua_rawseti(L, -2, at);
  lua_pop(L, 1);
}

void ltrace_mute(lmap *h) {
  if (h->trace == NULL || h->m == NULL)
    return;
  hmap_set_sink(h->m, NULL, NULL);
  hmap_set_watch(h->m, NULL, NULL);
}

void ltrace_apply(lmap *h) {
  ltrace *t = h->trace;
  hmap_set_sink(h->m, ltrace_has_observers(h) ? on_event : NULL, t);
  hmap_set_watch(h->m, t->nwatches > 0 ? lwatch_touched : NULL, t);
  h->observed = ltrace_has_observers(h);
  lmap_update_tag(h);
}

/* trace(fn), trace(nil) */
static int map_trace(lua_State *L) {
  lmap *h = lmap_check(L);
  if (!lua_isnoneornil(L, 2) && !lua_isfunction(L, 2))
    larg_error(L, 2, "function or nil expected, got %s", luaL_typename(L, 2));
  lua_settop(L, 2);
  ltrace_need(L, h);
  ltrace_function(L, 0, 2);
  lmap_open(L, h);
  h->trace->tracing = !lua_isnil(L, 2);
  ltrace_apply(h);
  return 0;
}

const luaL_Reg ltrace_methods[] = {{"trace", map_trace}, {NULL, NULL}};
