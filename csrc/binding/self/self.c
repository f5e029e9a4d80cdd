/* self.c: what every method begins with, and what ends one that failed. */
#include "binding/self/self.h"

/* -- self ----------------------------------------------------------------- */

lmap *lmap_test(lua_State *L, int idx) {
  lmap *h = lua_touserdata(L, idx);
  if (h == NULL || lua_rawlen(L, idx) < sizeof *h)
    return NULL;
  uint64_t family = h->tag & LMAP_FAMILY & ~(LMAP_READS | LMAP_NOTIFIED);
  return family == LMAP_TAG || family == LMAP_CLOSED ? h : NULL;
}

void lmap_bad_self(lua_State *L) {
  const char *name = lua_tostring(L, lua_upvalueindex(LNAME));
  lmap *h = lmap_test(L, 1);
  if (h == NULL)
    luaL_error(L, "'%s' wants a map before its arguments, got %s: m:%s(...)",
               name, luaL_typename(L, 1), name);
  lmap_open(L, h);
  luaL_error(L, "this '%s' is a method of a map of other types", name);
  for (;;)
    lua_error(L);
}

/* Taken before the lookup, so what that finds stays where it is. */
static void read_step(lmap *h) {
  h->gc->above->read_begins(h);
  hmap_read_step(h->m);
  lmap_written(h, 0);
}

lmap *lmap_self_slow(lua_State *L, uint64_t tag, uint64_t mask, bool read) {
  lmap *h = lmap_test(L, 1);
  const uint64_t fine = LMAP_READS | LMAP_NOTIFIED;
  if (h == NULL || h->m == NULL || ((h->tag ^ tag) & mask & ~fine) != 0)
    lmap_bad_self(L);
  if (h->tag & LMAP_NOTIFIED)
    h->gc->above->method_begins(L, h);
  if (read && (h->tag & LMAP_READS))
    read_step(h);
  return h;
}

void lmap_update_tag(lmap *h) {
  h->tag = lmap_tag(lmap_shape(h->conf.key, h->conf.value),
                    (int)h->conf.value->kind);
  hmap_policy policy;
  hmap_get_policy(h->m, &policy);
  if (policy.step_on == HMAP_STEP_ON_READ_WRITE)
    h->tag |= LMAP_READS;
  if (h->observed)
    h->tag |= LMAP_NOTIFIED;
}

void lmap_pushmeta(lua_State *L, const char *name, int shape,
                   void (*push)(lua_State *L, int shape)) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, name);
  if (lua_rawgeti(L, -1, shape) == LUA_TNIL) {
    lua_pop(L, 1);
    push(L, shape);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, shape);
  }
  lua_remove(L, -2);
}

/* -- arguments ------------------------------------------------------------ */

bool lmap_deletes(lua_State *L, const lmap *h) {
  int arg = lmap_value_arg(h);
  if (h->conf.value->nfields == 0)
    return lua_isnil(L, arg);
  for (int i = 0; i < (int)h->conf.value->nfields; i++)
    if (!lua_isnoneornil(L, arg + i))
      return false;
  return true;
}

/* -- errors and memory ---------------------------------------------------- */

void lmap_raise(lua_State *L, size_t max_bytes, hmap_status status) {
  if (status == HMAP_ELIMIT)
    luaL_error(L, "map would grow past its max_bytes of %I",
               (LUAI_UACINT)max_bytes);
  luaL_error(L, "%s", hmap_status_text(status));
  for (;;)
    lua_error(L);
}

bool lmap_failed(lua_State *L, lmap *h, hmap_status status, int tries) {
  if (LIKELY(status == HMAP_OK))
    return false;
  if (status != HMAP_ENOMEM || tries > 0)
    lmap_raise(L, h->conf.max_bytes, status);
  lgc_full(L, h->gc);
  lmap_open(L, h);
  return true;
}

size_t lmap_bytes(const lmap *h) {
  return hmap_bytes(h->m) + lobjects_bytes(&h->objects);
}

/* While dropped maps hold memory, some of it is freed every 32 writes. */
#define FREE_AT_ONCE 2
#define FREE_EVERY   (32 * LMAP_WRITE_BYTES)

void lmap_count_bytes(lmap *h) {
  size_t bytes = h->m != NULL ? hmap_bytes(h->m) : 0;
  lgc_count(h->gc, h->bytes, bytes);
  h->bytes = bytes;
  h->spent = 0;
  if (UNLIKELY(!lgc_free(h->gc, FREE_AT_ONCE)))
    h->spent = LMAP_COUNT_EVERY - FREE_EVERY;
  h->gc->above->counted(h);
}

void lmap_unhold(lmap *h) {
  lheld *held = h->held;
  if (held == NULL || held->m != NULL || held->trace != NULL)
    return;
  h->held = NULL;
  lgc_unhold(h->gc, held);
}
