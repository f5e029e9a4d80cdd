/* watch.c: m:watch(key, fn) and m:watch({bucket = i}, fn).
**
** The core tells each touch of each entry; here it is compared with every
** watch, which are few, and what is watched goes to the queue of trace.c. The
** entry may be gone when its touch is told: a watch of a key has the key, one
** of a bucket queues a copy of the cell with its text. An object in it stays
** anchored until all has been told (ltrace_keeps).
*/
#include "binding/trace/watch.h"

#include "binding/value/fields.h"

/* -- copies of key cells -------------------------------------------------- */

/* The text that field f of a cell has outside of it, or NULL. */
static hmap_cell *long_text(const lfield *f, void *cell) {
  hmap_cell *at = (hmap_cell *)(void *)((char *)cell + f->offset);
  bool may = f->kind == HMAP_STRING || f->kind == HMAP_ANY;
  return may && at->c.tag == HMAP_TAG_TEXT ? at : NULL;
}

static size_t copy_size(const ltype *type, const void *cell) {
  size_t bytes = type->size;
  for (uint32_t i = 0; i < type->nfields; i++) {
    const hmap_cell *text =
        long_text(&type->fields[i], (void *)(uintptr_t)cell);
    bytes += text != NULL ? text->c.len : 0;
  }
  return bytes;
}

/* One block: the cell, then its texts. What the cell had kept of its hash is
** left out: it may be under another hash key tomorrow. */
static void *copy_key(ltrace *t, const void *cell, size_t *bytes) {
  const ltype *type = t->owner->conf.key;
  *bytes = copy_size(type, cell);
  char *copy = t->queue.alloc(t->queue.ud, NULL, 0, *bytes);
  if (copy == NULL)
    return NULL;
  memcpy(copy, cell, type->size);
  char *end = copy + type->size;
  for (uint32_t i = 0; i < type->nfields; i++) {
    hmap_cell *text = long_text(&type->fields[i], copy);
    if (text == NULL)
      continue;
    memcpy(end, text->c.u.ptr, text->c.len);
    text->c.u.ptr = end;
    memset(text->c.hash, 0, sizeof text->c.hash);
    end += text->c.len;
  }
  return copy;
}

void lwatch_freekey(ltrace *t, void *key, size_t bytes) {
  if (key != NULL)
    t->queue.alloc(t->queue.ud, key, bytes, 0);
}

/* -- while the map works -------------------------------------------------- */

static void queue_touch(ltrace *t, const lwatch *w, const ltouch *touch,
                        const void *key) {
  litem *item = ltrace_queue(t, w->id);
  if (item == NULL)
    return;
  item->u.touch = *touch;
  if (w->key != NULL || key == NULL)
    return;
  hmap_cell *copy = copy_key(t, key, &item->u.touch.key_bytes);
  item->u.touch.key = copy;
  if (copy != NULL && touch->kind == HMAP_TOUCH_DELETE &&
      t->owner->conf.key->kind == HMAP_ANY && copy->c.tag == HMAP_TAG_OBJECT)
    copy->c.len = 0; /* the caller's cell: see ltrace_keeps */
}

static bool concerns(const ltrace *t, const lwatch *w,
                     const hmap_touch *touch) {
  if (w->key != NULL)
    return hmap_same_key(t->owner->m, w->key, touch->key);
  return touch->bucket == w->bucket ||
         (touch->kind == HMAP_TOUCH_MOVE && touch->from == w->bucket);
}

void lwatch_touched(void *ud, const hmap_touch *touch) {
  ltrace *t = ud;
  ltouch told = {.kind = (int)touch->kind,
                 .which = touch->which,
                 .bucket = touch->bucket,
                 .from = touch->from};
  ltrace_cause(t);
  for (size_t i = 0; i < t->nwatches; i++) {
    lwatch *w = &t->watches[i];
    if (!concerns(t, w, touch))
      continue;
    w->there = touch->kind != HMAP_TOUCH_DELETE;
    queue_touch(t, w, &told, touch->key);
  }
}

void lwatch_added(lmap *h, const void *key) {
  hmap_explanation e;
  if (h->trace == NULL || h->trace->nwatches == 0)
    return;
  hmap_explain(h->m, key, &e);
  lwatch_touched(h->trace, &(hmap_touch){.kind = HMAP_TOUCH_OVERWRITE,
                                         .key = key,
                                         .hash = e.hash,
                                         .which = e.which,
                                         .bucket = e.bucket});
}

/* Of a key only if it was there; of a bucket in any case. */
void lwatch_cleared(ltrace *t) {
  for (size_t i = 0; i < t->nwatches; i++) {
    lwatch *w = &t->watches[i];
    ltouch told = {.kind = LTOUCH_CLEAR, .bucket = w->bucket};
    if (w->key == NULL || w->there)
      queue_touch(t, w, &told, NULL);
    w->there = false;
  }
}

/* -- telling -------------------------------------------------------------- */

static const char *const touch_names[] = {
#define HMAP_X(touch, name) name,
    HMAP_TOUCHES(HMAP_X)
#undef HMAP_X
        "clear",
};

/* push_copied [-0, +1, m]: the key in a copy; nil if its object is gone. */
static void push_copied(lua_State *L, int self, const lmap *h,
                        const void *cell) {
  static const uint64_t unchanged = 0;
  const hmap_cell *any = cell;
  luaL_checkstack(L, (int)h->conf.key->nfields + LUA_MINSTACK, NULL);
  if (h->conf.key->kind == HMAP_ANY && any->c.tag == HMAP_TAG_OBJECT &&
      (any->c.len == 0 || h->m == NULL)) {
    lua_pushnil(L);
    return;
  }
  lcell_push(L, self, h->conf.key, cell, &unchanged);
  lcell_fold(L, h->conf.key);
}

/* set_key [-0, +0, m] */
static void set_key(lua_State *L, int self, const lmap *h, const litem *item) {
  if (item->u.touch.key != NULL) {
    push_copied(L, self, h, item->u.touch.key);
  } else {
    lua_getiuservalue(L, self, LMAP_CALLBACKS_AT);
    lua_rawgeti(L, -1, -(lua_Integer)item->watch);
    lua_remove(L, -2);
  }
  lua_setfield(L, -2, "key");
}

static const lwatch *watch_of(const ltrace *t, uint64_t id) {
  for (size_t i = 0; i < t->nwatches; i++)
    if (t->watches[i].id == id)
      return &t->watches[i];
  return NULL;
}

void lwatch_push(lua_State *L, int self, const lmap *h, const litem *item) {
  const ltouch *touch = &item->u.touch;
  const lwatch *w = watch_of(h->trace, item->watch);
  bool clear = touch->kind == LTOUCH_CLEAR;
  bool of_bucket = w != NULL && w->key == NULL;
  uint64_t watched = of_bucket ? w->bucket : 0;
  lua_createtable(L, 0, 7);
  set_text(L, "kind", touch_names[touch->kind]);
  set_int(L, "op", item->op);
  if (of_bucket)
    set_int(L, "watched", watched);
  if (!clear || !of_bucket)
    set_key(L, self, h, item);
  if (!clear) {
    set_int(L, "bucket", touch->bucket);
    set_text(L, "which", touch->which == HMAP_OLD ? "old" : "new");
  }
  if (touch->kind == HMAP_TOUCH_MOVE)
    set_int(L, "from", touch->from);
  set_view(L, "touch");
}

/* -- the list of watches -------------------------------------------------- */

static bool make_room(ltrace *t) {
  if (t->nwatches < t->watch_room)
    return true;
  size_t room = t->watch_room > 0 ? 2 * t->watch_room : 4;
  lwatch *to = t->queue.alloc(t->queue.ud, t->watches,
                              t->watch_room * sizeof *to, room * sizeof *to);
  if (to == NULL)
    return false;
  t->watches = to;
  t->watch_room = room;
  return true;
}

/* What is to be watched: a key's cell, or a bucket. */
typedef struct target {
  const void *key;
  uint64_t bucket;
} target;

static bool is_of(const lmap *h, const lwatch *w, const target *what) {
  if (w->key == NULL || what->key == NULL)
    return w->key == what->key && w->bucket == what->bucket;
  return hmap_same_key(h->m, w->key, what->key);
}

static lwatch *find(const lmap *h, const target *what) {
  ltrace *t = h->trace;
  for (size_t i = 0; i < t->nwatches; i++)
    if (is_of(h, &t->watches[i], what))
      return &t->watches[i];
  return NULL;
}

static bool add(lmap *h, const target *what, uint64_t id) {
  ltrace *t = h->trace;
  lwatch w = {.id = id, .bucket = what->bucket};
  if (!make_room(t))
    return false;
  if (what->key != NULL) {
    w.key = copy_key(t, what->key, &w.key_bytes);
    if (w.key == NULL)
      return false;
    hmap_explanation e; /* a hmap_get would be counted in the ledger */
    hmap_explain(h->m, what->key, &e);
    w.there = e.found;
  }
  t->watches[t->nwatches++] = w;
  return true;
}

/* remove_watch [-0, +0, -]: and lets its function and key go. */
static void remove_watch(lua_State *L, ltrace *t, lwatch *w) {
  lua_pushnil(L);
  ltrace_function(L, (lua_Integer)w->id, -1);
  ltrace_function(L, -(lua_Integer)w->id, -1);
  lua_pop(L, 1);
  lwatch_freekey(t, w->key, w->key_bytes);
  *w = t->watches[--t->nwatches];
}

void lwatch_free(ltrace *t) {
  for (size_t i = 0; i < t->nwatches; i++)
    lwatch_freekey(t, t->watches[i].key, t->watches[i].key_bytes);
  if (t->watches != NULL)
    t->queue.alloc(t->queue.ud, t->watches, t->watch_room * sizeof(lwatch), 0);
  t->watches = NULL;
  t->nwatches = t->watch_room = 0;
}

/* -- watch ---------------------------------------------------------------- */

/* is_form [-0, +(0|1), v]: whether the table at index 2 is {name = value} and
** nothing else: then its value is pushed. */
static bool is_form(lua_State *L, const char *name) {
  int n = 0;
  for (lua_pushnil(L); lua_next(L, 2); n++) {
    lua_pop(L, 1);
    if (n == 1) { /* more than one */
      lua_pop(L, 1);
      return false;
    }
  }
  lua_pushstring(L, name);
  if (n == 1 && lua_rawget(L, 2) != LUA_TNIL)
    return true;
  lua_pop(L, 1);
  return false;
}

/* read_form [-0, +0, v]: {bucket = i} at index 2, or {key = k}, whose key then
** stands in its place. In a map of `any` other tables are keys. */
static bool read_form(lua_State *L, const lmap *h, target *out) {
  const lfield f = {.kind = HMAP_INT64};
  if (!lua_istable(L, 2))
    return false;
  if (is_form(L, "bucket")) {
    lua_replace(L, 2);
    lua_Integer i = lcell_int(L, 2, &f, "bucket");
    if (i < 0)
      larg_error(L, 2, "buckets are counted from 0, got %I", (LUAI_UACINT)i);
    out->bucket = (uint64_t)i;
    return true;
  }
  if (h->conf.key->nfields == 1 && is_form(L, "key"))
    lua_replace(L, 2);
  else if (h->conf.key->kind != HMAP_ANY)
    larg_error(L, 2, "key or {bucket = i} expected, got another table");
  return false;
}

/* read_key [-0, +(0|1), v] */
static void read_key(lua_State *L, const lmap *h, lroom *room, target *out) {
  out->key = lmap_key(L, h, 2, room);
  if (!hmap_same_key(h->m, out->key, out->key))
    larg_error(L, 2, "a key with a NaN is found by nothing");
}

/* push_key [-0, +1, m]: the key in the arguments, as touches will give it. */
static void push_key(lua_State *L, const lmap *h) {
  for (int i = 0; i < (int)h->conf.key->nfields; i++)
    lua_pushvalue(L, 2 + i);
  lcell_fold(L, h->conf.key);
}

/* watch_once [-0, +0, v]: adds a watch, which takes the place of the one there
** was; false: memory is refused. */
static bool watch_once(lua_State *L, lmap *h, const target *what, uint64_t id) {
  lmap_open(L, h);
  bool was = find(h, what) != NULL;
  bool added = add(h, what, id);
  if (added && was)
    remove_watch(L, h->trace, find(h, what)); /* the older of the two */
  ltrace_apply(h);
  return added;
}

/* listen [-0, +0, v]: fn stands at index at. All that Lua may refuse comes
** before the watch. */
static void listen(lua_State *L, lmap *h, const target *what, int at) {
  uint64_t id = ++ltrace_need(L, h)->last_watch;
  if (what->key != NULL)
    push_key(L, h);
  else
    lua_pushnil(L);
  ltrace_function(L, -(lua_Integer)id, -1);
  ltrace_function(L, (lua_Integer)id, at);
  if (watch_once(L, h, what, id))
    return;
  lgc_full(L, h->gc);
  if (watch_once(L, h, what, id))
    return;
  lua_pushnil(L);
  ltrace_function(L, -(lua_Integer)id, -1);
  ltrace_function(L, (lua_Integer)id, -1);
  lmap_raise(L, 0, HMAP_ENOMEM);
}

static void end(lua_State *L, lmap *h, const target *what) {
  lwatch *w = h->trace != NULL ? find(h, what) : NULL;
  if (w == NULL)
    return;
  remove_watch(L, h->trace, w);
  ltrace_apply(h);
}

/* watch(key, fn), watch({bucket = i}, fn); nil for fn ends it */
static int map_watch(lua_State *L) {
  lmap *h = lmap_check(L);
  lroom room;
  target what = {NULL, 0};
  luaL_checkstack(L, 2 * (int)h->conf.key->nfields + LUA_MINSTACK, NULL);
  bool bucket = read_form(L, h, &what);
  int at = bucket ? 3 : 2 + (int)h->conf.key->nfields;
  if (lua_isnone(L, at) || !(lua_isnil(L, at) || lua_isfunction(L, at)))
    larg_error(L, at, "function or nil expected, got %s", luaL_typename(L, at));
  lua_settop(L, at);
  if (!bucket)
    read_key(L, h, &room, &what);
  lmap_open(L, h);
  if (lua_isnil(L, at))
    end(L, h, &what);
  else
    listen(L, h, &what, at);
  return 0;
}

const luaL_Reg lwatch_methods[] = {{"watch", map_watch}, {NULL, NULL}};
