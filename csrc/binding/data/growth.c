/* growth.c: growth on request: when it begins, how fast it goes. */
#include "binding/data/growth.h"

#include "binding/self/self.h"
#include "binding/trace/trace.h"
#include "binding/value/clock.h"
#include "binding/value/fields.h"
#include "binding/value/policy.h"

/* -- how large ------------------------------------------------------------ */

static int map_reserve(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_Integer n = lcell_natural(L, 2, "number of entries");
  hmap_status status;
  for (int tries = 0;; tries++) {
    status = hmap_reserve(h->m, (size_t)n);
    if (status == HMAP_ETOOBIG)
      larg_error(L, 2, "no map can hold %I entries", (LUAI_UACINT)n);
    if (!lmap_failed(L, h, status, tries))
      break;
  }
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

static int move(lua_State *L, hmap_status (*begin)(hmap *m)) {
  lmap *h = lmap_check(L);
  hmap_status status;
  for (int tries = 0;; tries++) {
    status = begin(h->m);
    if (status == HMAP_EINVAL)
      luaL_error(L,
                 "'%s': the map holds NaN keys, which have no hash to move "
                 "by; clear() lets them go",
                 lua_tostring(L, lua_upvalueindex(LNAME)));
    if (!lmap_failed(L, h, status, tries))
      break;
  }
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

static int map_shrink(lua_State *L) { return move(L, hmap_shrink); }
static int map_rekey(lua_State *L) { return move(L, hmap_rekey); }

/* -- how fast ------------------------------------------------------------- */

/* step [-0, +0, v]: n old buckets; how many moved is added to *moved, how many
** are left is returned. */
size_t lgrowth_step(lua_State *L, lmap *h, size_t n, size_t *moved) {
  size_t now = 0, remaining = 0;
  ltrace_op(h, LTRACE_STEP, n < INT64_MAX ? n : INT64_MAX);
  for (int tries = 0;
       lmap_failed(L, h, hmap_step(h->m, n, &now, &remaining), tries); tries++)
    *moved += now;
  *moved += now;
  h->version++;
  lgc_free(h->gc, n);
  return remaining;
}

static int push_progress(lua_State *L, lmap *h, size_t moved,
                         size_t remaining) {
  lua_pushinteger(L, (lua_Integer)moved);
  lua_pushinteger(L, (lua_Integer)remaining);
  lmap_written(h, 0);
  return 2;
}

static int map_step(lua_State *L) {
  lmap *h = lmap_check(L);
  size_t n =
      lua_isnone(L, 2) ? 1 : (size_t)lcell_natural(L, 2, "number of buckets");
  size_t moved = 0;
  size_t remaining = lgrowth_step(L, h, n, &moved);
  return push_progress(L, h, moved, remaining);
}

/* Buckets between two looks at the clock: some microseconds of work. */
#define STEP_BUCKETS 16

static int map_step_for(lua_State *L) {
  lmap *h = lmap_check(L);
  const lfield f = {.kind = HMAP_FLOAT64};
  double seconds = lcell_float(L, 2, &f, "number of seconds");
  if (!(seconds >= 0))
    larg_error(L, 2, "number of seconds must not be negative, got %f",
               (LUAI_UACNUMBER)seconds);
  double end = lclock_now() + seconds;
  size_t moved = 0, remaining;
  do
    remaining = lgrowth_step(L, h, STEP_BUCKETS, &moved);
  while ((remaining > 0 || h->gc->dying != NULL) && lclock_now() < end);
  return push_progress(L, h, moved, remaining);
}

/* A growth that was waiting for this one begins when it is done. */
static int map_finish(lua_State *L) {
  lmap *h = lmap_check(L);
  size_t moved = 0;
  while (lgrowth_step(L, h, SIZE_MAX, &moved) > 0)
    continue;
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

/* tune(policy): the policy that the map then has; without one, that it has. */
static int map_tune(lua_State *L) {
  lmap *h = lmap_check(L);
  hmap_policy policy;
  hmap_get_policy(h->m, &policy);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    lpolicy_read(L, 2, 2, "", &policy);
  lpolicy_push(L, &policy);
  set_view(L, "policy");
  lmap_open(L, h);
  hmap_status status = hmap_tune(h->m, &policy);
  if (status != HMAP_OK)
    lmap_raise(L, 0, status);
  lmap_update_tag(h);
  return 1;
}

/* -- names ---------------------------------------------------------------- */

const luaL_Reg lgrowth_methods[] = {
    {"reserve", map_reserve},   {"shrink", map_shrink},
    {"rekey", map_rekey},       {"step", map_step},
    {"step_for", map_step_for}, {"finish", map_finish},
    {"tune", map_tune},         {NULL, NULL}};
