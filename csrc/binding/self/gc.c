/* gc.c: steps of the collector; the reasons are in gc.h.
**
** The sentinel is an object that nobody refers to while maps are dying: each
** cycle of the collector finalizes it, and the finalizer frees a bit and sets
** the sentinel up again. While none are, the lgc keeps it alive. None of this
** allocates, so a finalizer can do it.
*/
#include "binding/self/gc.h"

#include <lauxlib.h>

#include "binding/value/clock.h"
#include "binding/value/version.h"

#define KIB ((size_t)1024)

#define STEP_MOST (256 * KIB)       /* told at once: bounds a step's work */
#define SLACK     (16 * 1024 * KIB) /* not worth a full cycle */

/* Parts of dropped maps, of some microseconds each, that a new map frees. */
#define PARTS_A_NEW 64

/* And what a cycle of the collector spends on them: seconds, looking at the
** clock every so many parts. */
#define CYCLE_SECONDS 0.5e-3
#define CYCLE_PARTS   16

#define SENTINEL_AT 1 /* user value of the lgc */
static const char gc_key = 0, sentinel_meta[] = "hmap.gc_sentinel";

/* -- the sentinel --------------------------------------------------------- */

static bool free_for_a_while(lgc *w) {
  double end = lclock_now() + CYCLE_SECONDS;
  while (!lgc_free(w, CYCLE_PARTS))
    if (lclock_now() >= end)
      return false;
  return true;
}

/* wake [-0, +0, -]: __gc of the sentinel, at index 1. */
static int wake(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &gc_key);
  lgc *w = lua_touserdata(L, -1);
  if (w->over)
    return 0;
  lua_pushvalue(L, 1);
  luaL_setmetatable(L, sentinel_meta); /* to be finalized another time */
  bool rest = free_for_a_while(w);
  if (!hmap_pool_trim(&w->pool, false) || !rest)
    return 0;
  w->awake = false;
  lua_setiuservalue(L, 2, SENTINEL_AT);
  return 0;
}

/* set_sentinel [-0, +0, -]: the next cycle will find it. */
static void set_sentinel(lua_State *L, lgc *w) {
  if (w->awake)
    return;
  w->awake = true;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &gc_key);
  lua_pushnil(L);
  lua_setiuservalue(L, -2, SENTINEL_AT);
  lua_pop(L, 1);
}

/* -- what maps hold ------------------------------------------------------- */

lheld *lgc_hold(lgc *w) {
  lheld *held = w->alloc(w->ud, NULL, 0, sizeof *held);
  if (held == NULL)
    return NULL;
  *held = (lheld){.next = w->held};
  if (held->next != NULL)
    held->next->prev = held;
  w->held = held;
  return held;
}

bool lgc_note(lgc *w, lheld *held) {
  if (held->noted != NULL)
    return true;
  held->noted = w->alloc(w->ud, NULL, 0, sizeof *held->noted);
  if (held->noted != NULL)
    *held->noted = (lnoted){.at = 0};
  return held->noted != NULL;
}

void lgc_unhold(lgc *w, lheld *held) {
  if (held->next != NULL)
    held->next->prev = held->prev;
  *(held->prev != NULL ? &held->prev->next : &w->held) = held->next;
  if (held->noted != NULL)
    w->alloc(w->ud, held->noted, sizeof *held->noted, 0);
  w->alloc(w->ud, held, sizeof *held, 0);
}

void lgc_drop(lua_State *L, lgc *w, lheld *held) {
  hmap_free_later(held->m, &w->dying);
  held->m = NULL;
  if (w->over || w->at_once)
    lgc_free(w, SIZE_MAX);
  else
    set_sentinel(L, w);
}

void lgc_free_cursors(lgc *w, lheld *held) {
  while (held->cursors != NULL) {
    lcursor *c = held->cursors;
    held->cursors = c->next;
    w->alloc(w->ud, c, sizeof *c, 0);
  }
}

void lgc_own(lgc *w, lowned *o) {
  o->prev = NULL;
  o->next = w->owned;
  if (o->next != NULL)
    o->next->prev = o;
  w->owned = o;
}

void lgc_disown(lgc *w, lowned *o) {
  if (o->next != NULL)
    o->next->prev = o->prev;
  *(o->prev != NULL ? &o->prev->next : &w->owned) = o->next;
}

/* free_held [-0, +0, -]: of a map that is no more. */
static void free_held(lua_State *L, lgc *w, lheld *held) {
  if (held->m != NULL)
    lgc_drop(L, w, held);
  lgc_free_cursors(w, held);
  if (held->trace != NULL)
    w->above->free_trace(held->trace);
  lgc_unhold(w, held);
}

/* -- one of each Lua state ------------------------------------------------ */

/* Made before any map, it is finalized after all, but for those that have been
** made since the state is closing, and those whose finalizer Lua had no memory
** to call. */
static int gc_gc(lua_State *L) {
  lgc *w = lua_touserdata(L, 1);
  w->over = true;
  w->above->close_all(L);
  while (w->held != NULL)
    free_held(L, w, w->held);
  while (w->owned != NULL)
    w->owned->end(w->owned);
  lgc_free(w, SIZE_MAX);
  (void)hmap_pool_trim(&w->pool, true);
  return 0;
}

/* push_meta [-0, +1, m] */
static void push_meta(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
}

/* Then the state may be closing, and the lgc get no finalizer. Releases of
** Lua before 5.4.4 do not tell. */
static bool in_finalizer(lua_State *L) { return lua_gc(L, LUA_GCCOUNT, 0) < 0; }

/* Finalizers come last: the sentinel's looks for the lgc in the registry, so
** what may fail must not come between. */
void lgc_open(lua_State *L, const labove *above) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &gc_key) == LUA_TNIL) {
    lgc *w = lua_newuserdatauv(L, sizeof *w, 1);
    *w = (lgc){.above = above, .limit = SLACK, .at_once = in_finalizer(L)};
    w->alloc = lua_getallocf(L, &w->ud);
    (void)hmap_pool_init(&w->pool, &w->pages);
    push_meta(L, "hmap.gc", gc_gc);
    lua_newuserdatauv(L, 0, 0);
    push_meta(L, sentinel_meta, wake); /* stack: lgc its sentinel its */
    lua_pushvalue(L, -4);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &gc_key);
    lua_setmetatable(L, -2);
    lua_setiuservalue(L, -3, SENTINEL_AT);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

lgc *lgc_get(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &gc_key);
  lgc *w = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return w;
}

/* -- pressing ------------------------------------------------------------- */

/* Where the maps hold twice what they and the Lua heap held after the last
** full cycle, they have paid for another. */
static void full_cycle(lua_State *L, lgc *w) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT, 0) * KIB;
  w->limit = 2 * (w->bytes + heap) + SLACK;
  w->fresh = 0;
}

void lgc_full(lua_State *L, lgc *w) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  lgc_free(w, SIZE_MAX);
  (void)hmap_pool_trim(&w->pool, true);
}

void lgc_step(lua_State *L, lgc *w) {
  lgc_free(w, PARTS_A_NEW);
  if (w->pool.n > 0)
    set_sentinel(L, w);
  if (!lua_gc(L, LUA_GCISRUNNING)) /* stopped: not for us to wake it */
    return;
  if (w->bytes > w->limit) {
    full_cycle(L, w);
    return;
  }
  size_t step = w->fresh < STEP_MOST ? w->fresh : STEP_MOST;
  if (step < KIB)
    return;
  w->fresh -= step;
  lversion_gc_step(L, step);
}
