/* record.c: m:record(n) and m:events(): what happened, kept without calling
** Lua.
**
**   events   the last n, each with the number of its operation
**   runs     operations as they followed each other: 417 x set, 1 x step 4, ..
**
** Both lie in rings in C memory that grow up to n items. With nothing lost, and
** the keys in their order, the runs tell how to bring a new map into the same
** state, and the events prove that it was done (lua/hmap/observe/replay.lua).
*/
#include "binding/trace/record.h"

#include "binding/value/fields.h"
#include "binding/value/names.h"
#include "binding/value/policy.h"

/* -- while the map works -------------------------------------------------- */

static bool follows(const lrun *last, const lcall *call) {
  return last != NULL && last->call.what == call->what &&
         last->call.n == call->n && call->what != LTRACE_TUNE;
}

void lrecord_call(ltrace *t, const lcall *call) {
  lring *r = &t->runs;
  lrun *last = r->n > 0 ? lring_item(r, r->n - 1) : NULL;
  if (follows(last, call))
    last->times++;
  else if ((last = lring_push(r, true)) != NULL)
    *last = (lrun){*call, 1};
}

void lrecord_uncall(ltrace *t) {
  lring *r = &t->runs;
  lrun *last = r->n > 0 ? lring_item(r, r->n - 1) : NULL;
  if (last != NULL && --last->times == 0)
    lring_drop_last(r);
}

void lrecord_event(ltrace *t, const hmap_event *event) {
  lnote *note = lring_push(&t->events, true);
  if (note != NULL)
    *note = (lnote){t->op, *event};
}

/* -- record --------------------------------------------------------------- */

static void begin(lua_State *L, lmap *h, size_t n) {
  ltrace *t = h->trace;
  hmap_stats stats;
  hmap_get_stats(h->m, &stats);
  lring_free(&t->events);
  lring_free(&t->runs);
  lring_init(&t->events, L, sizeof(lnote), n);
  lring_init(&t->runs, L, sizeof(lrun), n);
  t->start = (lstart){.fresh = h->version == 0, .buckets = stats.nbuckets};
  hmap_get_policy(h->m, &t->start.policy);
  t->op = t->seen = 0;
  t->recordings++;
  t->call.what = LTRACE_NONE;
  t->recording = n > 0;
}

/* record(n), record(0), record() */
static int map_record(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_settop(L, 2);
  lua_Integer n = lua_isnil(L, 2) ? 0 : lcell_natural(L, 2, "number of events");
  ltrace_need(L, h);
  begin(L, h, (size_t)n);
  ltrace_apply(h);
  return 0;
}

/* -- events --------------------------------------------------------------- */

/* set_type [-0, +0, m]: as hmap.new would take it. */
static void set_type(lua_State *L, const char *name, const ltype *type) {
  if (type->kind != HMAP_TUPLE) {
    lcell_pushtype(L, type);
    lua_setfield(L, -2, name);
    return;
  }
  lua_createtable(L, (int)type->nfields, 0);
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    lua_pushstring(L, f->name);
    if (f->name[0] != '\0')
      lua_pushliteral(L, ":");
    lcell_pushkind(L, f);
    lua_concat(L, f->name[0] != '\0' ? 3 : 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, name);
}

/* JSON libraries keep 14 digits of a number. No map has so many buckets or
** entries that a step or a reserve of more would do anything else. */
#define MOST_IN_JSON UINT64_C(99999999999999)

/* set_seed [-0, +0, m]: what JSON would round is text. */
static void set_seed(lua_State *L, uint64_t seed) {
  bool negative = (int64_t)seed < 0;
  if ((negative ? 0 - seed : seed) <= MOST_IN_JSON)
    set_int(L, "seed", seed);
  else
    set_hex(L, "seed", seed);
}

/* set_map [-0, +0, m]: what a new map needs to be like this one. */
static void set_map(lua_State *L, const lmap *h, const lstart *start) {
  set_type(L, "key", h->conf.key);
  set_type(L, "value", h->conf.value);
  if (h->conf.seeded)
    set_seed(L, h->conf.seed);
  set_text(L, "hash", lname_hash(h->conf.hash));
  set_int(L, "capacity", (uint64_t)h->conf.capacity);
  lpolicy_push(L, &start->policy);
  lua_setfield(L, -2, "policy");
  set_bool(L, "fresh", start->fresh);
  set_int(L, "buckets", start->buckets);
  if (lua_getiuservalue(L, 1, LMAP_NAME_AT) == LUA_TSTRING)
    lua_setfield(L, -2, "name");
  else
    lua_pop(L, 1);
}

/* push_run [-0, +1, m] */
static void push_run(lua_State *L, const lrun *run) {
  lua_createtable(L, 0, 3);
  set_text(L, "call", ltrace_callname(run->call.what));
  set_int(L, "times", run->times);
  if (run->call.what == LTRACE_RESERVE || run->call.what == LTRACE_STEP)
    set_int(L, "n", run->call.n < MOST_IN_JSON ? run->call.n : MOST_IN_JSON);
  if (run->call.what == LTRACE_TUNE) {
    lpolicy_push(L, &run->call.policy);
    lua_setfield(L, -2, "policy");
  }
}

/* Item of the number seq, counted since the ring was made; *seq moves on over
** those that are no more. Making a table may run finalizers that use this very
** map, so after each item the ring is another. */
static bool take(const lring *r, uint64_t *seq, void *out) {
  if (*seq < r->gone)
    *seq = r->gone;
  const void *item = lring_item(r, (size_t)(*seq - r->gone));
  if (item != NULL)
    memcpy(out, item, r->size);
  ++*seq;
  return item != NULL;
}

static void drop_before(lring *r, uint64_t seq) {
  while (r->n > 0 && r->gone < seq)
    lring_drop_first(r);
}

/* set_events [-0, +0, v]: as a list; the number behind the last. */
static uint64_t set_events(lua_State *L, const lmap *h) {
  lnote note;
  uint64_t seq = 0;
  lua_newtable(L);
  lmap_open(L, h);
  for (lua_Integer i = 1; take(&h->trace->events, &seq, &note); i++) {
    ltrace_pushevent(L, note.op, &note.event);
    lua_rawseti(L, -2, i);
    lmap_open(L, h);
  }
  lua_setfield(L, -2, "events");
  return seq - 1;
}

/* set_calls [-0, +0, v]: the same of the calls. */
static uint64_t set_calls(lua_State *L, const lmap *h) {
  lrun run;
  uint64_t seq = 0;
  lua_newtable(L);
  lmap_open(L, h);
  for (lua_Integer i = 1; take(&h->trace->runs, &seq, &run); i++) {
    push_run(L, &run);
    lua_rawseti(L, -2, i);
    lmap_open(L, h);
  }
  lua_setfield(L, -2, "calls");
  return seq - 1;
}

/* What has been given is kept no longer, unless a finalizer has begun another
** recording meanwhile. */
static void forget(ltrace *t, const ltrace *was, uint64_t events,
                   uint64_t runs) {
  if (t->recordings != was->recordings)
    return;
  drop_before(&t->events, events);
  drop_before(&t->runs, runs);
  t->events.lost = t->runs.lost = 0;
  t->seen = was->op;
}

/* events(): what was recorded, which is then kept no longer. If memory is
** refused on the way, it is. */
static int map_events(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_settop(L, 1);
  if (h->trace == NULL || !h->trace->recording)
    luaL_error(L, "'events' wants a recording: m:record(n) begins one");
  lua_createtable(L, 0, 17);
  lmap_open(L, h);
  const ltrace was = *h->trace;
  set_map(L, h, &was.start);
  set_int(L, "after", was.seen);
  set_int(L, "operations", was.op - was.seen);
  set_int(L, "lost", was.events.lost);
  set_int(L, "lost_calls", was.runs.lost);
  set_view(L, "events");
  uint64_t runs = set_calls(L, h), events = set_events(L, h);
  forget(h->trace, &was, events, runs);
  return 1;
}

const luaL_Reg lrecord_methods[] = {
    {"record", map_record}, {"events", map_events}, {NULL, NULL}};
