/* snapshot.c: what Lua sees of all maps together: a plain table per map,
** counters and life. live.lua, profile.lua and metrics.lua make of them what is
** shown. All of it takes time in the number of maps and never looks at an
** entry.
**
** Making a table may run finalizers, and those may make, close and collect
** maps. So no table of lregistry's is walked while another is filled: its keys
** or values are first copied to a list that has room for all of them
** (push_list), and what is read from a map is read before any of it is pushed.
*/
#include "binding/registry/snapshot.h"

#include "binding/registry/registry.h"
#include "binding/value/clock.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"

/* -- lists ---------------------------------------------------------------- */

/* fill [-0, +0, -]: the keys or values of the table at idx into the list on
** top, which has room for n; how many there are. */
static lua_Integer fill(lua_State *L, int idx, bool keys, lua_Integer n) {
  lua_Integer i = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    if (++i > n)
      continue;
    lua_pushvalue(L, keys ? -2 : -1);
    lua_rawseti(L, -4, i);
  }
  return i;
}

/* push_list [-0, +1, m]: the keys or values of the table at idx, which must not
** change meanwhile: room first, and more if there are more by then. */
static void push_list(lua_State *L, int idx, bool keys) {
  lua_Integer n = 0, is;
  for (;; lua_pop(L, 1)) {
    lua_createtable(L, (int)n, 0);
    is = fill(L, idx, keys, n);
    if (is <= n)
      return;
    n = is;
  }
}

/* -- open maps ------------------------------------------------------------ */

static const char *const event_names[] = {
#define HMAP_X(event, name) name,
    LIFE_EVENTS(HMAP_X)
#undef HMAP_X
};

/* What is known of one map, read before any of it is pushed. */
typedef struct row {
  hmap_stats stats;
  hmap_memory memory;
  size_t references;
  double age, still; /* still: seconds that a growth has not moved, or -1 */
} row;

/* Seconds since the growth in progress was first seen where it is; -1: it was
** not seen there before. */
static double seen(lnoted *b, const hmap_stats *s, double now) {
  uint64_t at = s->evacuated;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    at += s->growths[i] << 48; /* no array has so many buckets */
  if (s->growing && b->at != 0 && b->seen == at)
    return now - b->at;
  b->seen = at;
  b->at = s->growing ? now : 0;
  return -1;
}

static row read_row(lmap *h, bool look) {
  row r;
  double now = lclock_now();
  lmap_count_bytes(h);
  hmap_get_stats(h->m, &r.stats);
  hmap_get_memory(h->m, &r.memory);
  r.references = lobjects_bytes(&h->objects);
  r.age = now - h->origin.at;
  bool noted = look && (r.stats.growing || h->held->noted != NULL) &&
               lgc_note(h->gc, h->held);
  r.still = noted ? seen(h->held->noted, &r.stats, now) : -1;
  return r;
}

static void set_growth(lua_State *L, const row *r) {
  set_bool(L, "growing", r->stats.growing);
  if (!r->stats.growing)
    return;
  set_text(L, "kind", event_names[r->stats.kind]);
  set_int(L, "evacuated", r->stats.evacuated);
  set_int(L, "remaining", r->stats.remaining);
  if (r->still >= 0)
    set_float(L, "still", r->still);
}

static void set_parts(lua_State *L, const row *r) {
  lua_createtable(L, 0, 8);
  set_int(L, "header", r->memory.header);
  set_int(L, "buckets", r->memory.buckets);
  set_int(L, "preallocated", r->memory.preallocated);
  set_int(L, "overflow", r->memory.overflow);
  set_int(L, "old", r->memory.old);
  set_int(L, "text", r->memory.text);
  set_int(L, "indirect", r->memory.indirect);
  set_int(L, "references", r->references);
  lua_setfield(L, -2, "memory");
}

/* push_row [-0, +(0|1), m]: what is known of the map on top, if it is open;
** the lregistry is at index 1. */
static bool push_row(lua_State *L, bool look) {
  lmap *h = lua_touserdata(L, -1);
  if (h->m == NULL || h->origin.all == NULL)
    return false;
  row r = read_row(h, look);
  const llife *life = h->origin.life;
  lua_createtable(L, 0, 20);
  set_int(L, "id", h->origin.id);
  lua_getiuservalue(L, -2, LMAP_NAME_AT);
  lua_setfield(L, -2, "name");
  lcell_pushtype(L, h->conf.key);
  lua_setfield(L, -2, "key");
  lcell_pushtype(L, h->conf.value);
  lua_setfield(L, -2, "value");
  set_int(L, "count", r.stats.count);
  set_int(L, "bytes", r.memory.total + r.references);
  set_int(L, "held", r.memory.old);
  set_int(L, "buckets", r.stats.nbuckets);
  set_int(L, "overflow", r.stats.overflow_in_use);
  set_int(L, "longest_chain", r.stats.longest_chain);
  set_float(L, "age", r.age);
  set_growth(L, &r);
  set_parts(L, &r);
  if (life != NULL) {
    lua_getiuservalue(L, 1, LREGISTRY_SITES_AT);
    lua_rawgetp(L, -1, life->site);
    lua_setfield(L, -3, "traceback");
    lua_pop(L, 1);
  }
  return true;
}

/* open_maps(look): what is known of each open map, in no order; with look the
** maps remember how far their growths were seen. */
static int mod_open_maps(lua_State *L) {
  bool look = lua_toboolean(L, 1);
  lua_settop(L, 0);
  lregistry_push(L);
  lua_getiuservalue(L, 1, LREGISTRY_OPEN_AT);
  push_list(L, 2, false); /* from here on they are referenced */
  lua_newtable(L);        /* stack: lregistry open maps rows */
  lua_Integer n = 0, end = (lua_Integer)lua_rawlen(L, 3);
  for (lua_Integer i = 1; i <= end; i++) {
    lua_rawgeti(L, 3, i);
    if (push_row(L, look))
      lua_rawseti(L, 4, ++n);
    lua_settop(L, 4);
  }
  return 1;
}

/* open_map(id): the map itself, or nil. */
static int mod_open_map(lua_State *L) {
  lua_Integer id = luaL_checkinteger(L, 1);
  lua_settop(L, 0);
  lregistry_push(L);
  lua_getiuservalue(L, 1, LREGISTRY_OPEN_AT);
  lua_rawgeti(L, 2, id);
  return 1;
}

/* -- sums ----------------------------------------------------------------- */

/* set_operations [-0, +0, m]: nothing if no ledger was ever open. */
static void set_operations(lua_State *L, const lcounters *t) {
  uint64_t sum = 0;
  for (int i = 0; i < HMAP_NOPS; i++)
    sum += t->ops[i];
  if (sum == 0)
    return;
  lua_createtable(L, 0, HMAP_NOPS);
  for (int i = 0; i < HMAP_NOPS; i++)
    set_int(L, lname_op((hmap_op_kind)i), t->ops[i]);
  lua_setfield(L, -2, "operations");
}

/* push_tally [-0, +1, m] */
static void push_tally(lua_State *L, const lcounters *from) {
  lcounters t = *from;
  lua_createtable(L, 0, 6);
  set_int(L, "made", t.made);
  set_int(L, "closed", t.closed);
  set_int(L, "collected", t.collected);
  set_int(L, "bytes", t.bytes);
  set_int(L, "peak", t.peak);
  lua_createtable(L, 0, HMAP_NGROWTHS);
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    set_int(L, event_names[i], t.growths[i]);
  lua_setfield(L, -2, "growths");
  set_operations(L, &t);
}

/* push_all_counters [-0, +1, m]: a table's counters by the strings they have
** there; the lregistry is at index 1. */
static void push_all_counters(lua_State *L, int table_at) {
  int top = lua_gettop(L);
  lua_getiuservalue(L, 1, table_at);
  push_list(L, top + 1, true);
  lua_newtable(L); /* stack: ... counters keys result */
  lua_Integer end = (lua_Integer)lua_rawlen(L, top + 2);
  for (lua_Integer i = 1; i <= end; i++) {
    if (lua_rawgeti(L, top + 2, i) == LUA_TSTRING) {
      lua_pushvalue(L, -1);
      if (lua_rawget(L, top + 1) == LUA_TUSERDATA) { /* else it went */
        push_tally(L, lua_touserdata(L, -1));
        lua_replace(L, -2);
        lua_rawset(L, top + 3);
      }
    }
    lua_settop(L, top + 3);
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

/* counters(): of all maps, by name, by site. Open maps are told as far as they
** were counted; open_maps() counts them. */
static int mod_counters(lua_State *L) {
  lua_settop(L, 0);
  const lregistry *all = lregistry_push(L);
  lua_createtable(L, 0, 4);
  push_all_counters(L, LREGISTRY_NAMES_AT);
  lua_setfield(L, 2, "names");
  push_all_counters(L, LREGISTRY_SITES_AT);
  lua_setfield(L, 2, "sites");
  push_tally(L, &all->unnamed);
  lua_setfield(L, 2, "unnamed");
  push_tally(L, &all->maps);
  lua_setfield(L, 2, "maps");
  return 1;
}

/* -- the profile ---------------------------------------------------------- */

/* profiling(on?): switches the profile, if told; whether it is on, and the
** seconds since it was first. */
static int mod_profiling(lua_State *L) {
  lua_settop(L, 1);
  lregistry *all = lregistry_push(L);
  if (!lua_isnil(L, 1))
    all->profiling = lua_toboolean(L, 1);
  if (all->profiling && all->since == 0)
    all->since = lclock_now();
  lua_pushboolean(L, all->profiling);
  if (all->since == 0)
    return 1;
  lua_pushnumber(L, lclock_now() - all->since);
  return 2;
}

/* push_event [-0, +1, m]: times count from when the profile began. */
static void push_event(lua_State *L, const llife_event *e, double since) {
  lua_createtable(L, 0, 7);
  set_text(L, "event", event_names[e->kind]);
  set_float(L, "at", e->at - since);
  if ((int)e->kind < HMAP_NGROWTHS) {
    set_int(L, "n", e->n);
    set_int(L, "from", e->from);
  }
  set_int(L, "to", e->to);
  set_int(L, "count", e->count);
  set_int(L, "bytes", e->bytes);
}

static void set_events(lua_State *L, const llife *life, double since) {
  uint64_t lost = life->n > LLIFE_EVENTS ? life->n - LLIFE_EVENTS : 0;
  uint64_t end = life->n - lost;
  lua_createtable(L, (int)end, 0);
  for (uint64_t i = 0; i < end; i++) {
    uint64_t at = i == 0 ? 0 : 1 + (lost + i - 1) % (LLIFE_EVENTS - 1);
    push_event(L, &life->events[at], since);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "events");
  set_int(L, "lost", lost);
}

/* push_life [-0, +1, m]: the lregistry is at index 1. */
static void push_life(lua_State *L, const llife *from, double since) {
  llife life = *from;
  lua_createtable(L, 0, 5);
  set_int(L, "id", life.id);
  if (life.name[0] != '\0')
    set_text(L, "name", life.name);
  lua_getiuservalue(L, 1, LREGISTRY_SITES_AT);
  lua_rawgetp(L, -1, life.site);
  lua_setfield(L, -3, "traceback");
  lua_pop(L, 1);
  set_events(L, &life, since);
}

/* lives(): of open maps, and of the latest that are over; in no order. */
static int mod_lives(lua_State *L) {
  lua_settop(L, 0);
  double since = lregistry_push(L)->since;
  lua_getiuservalue(L, 1, LREGISTRY_LIVES_AT);
  push_list(L, 2, false);
  lua_newtable(L); /* stack: lregistry lives list result */
  lua_Integer n = 0, end = (lua_Integer)lua_rawlen(L, 3);
  for (lua_Integer i = 1; i <= end; i++) {
    lua_rawgeti(L, 3, i);
    const llife *life = lua_touserdata(L, -1);
    if (life->n > 0) { /* else its map is being made */
      push_life(L, life, since);
      lua_rawseti(L, 4, ++n);
    }
    lua_settop(L, 4);
  }
  return 1;
}

void lsnapshot_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"open_maps", mod_open_maps}, {"open_map", mod_open_map},
      {"counters", mod_counters},   {"profiling", mod_profiling},
      {"lives", mod_lives},         {NULL, NULL}};
  larg_setfuncs(L, functions, 0);
}
