/* limits.c: the core's constants and rules, for the rooms in Lua that
** calculate ahead: none of them stands there a second time. */
#include "binding/inspect/limits.h"

#include "binding/value/arg.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"
#include "hmap_inspect.h"

/* limits(): {slots =, load =, ...}: see hmap_limits. */
static int mod_limits(lua_State *L) {
  struct hmap_limits limits;
  hmap_limits(&limits);
  lua_createtable(L, 0, 16);
#define HMAP_X(member) set_int(L, #member, limits.member);
  HMAP_LIMITS(HMAP_X)
#undef HMAP_X
  lua_pushnumber(L, HMAP_GO_LOAD);
  lua_setfield(L, -2, "load");
  return 1;
}

static double check_load(lua_State *L) {
  if (lua_type(L, 1) != LUA_TNUMBER)
    larg_error(L, 1, "load expected, got %s", luaL_typename(L, 1));
  return (double)lua_tonumber(L, 1);
}

/* threshold(load, B): the entries for which 2^B buckets do not double. */
static int mod_threshold(lua_State *L) {
  double load = check_load(L);
  lua_Integer B = lua_tointeger(L, 2);
  if (B < 0 || B > 62)
    larg_error(L, 2, "integer from 0 to 62 expected");
  lua_pushinteger(L, (lua_Integer)hmap_threshold(load, (unsigned)B));
  return 1;
}

/* overflow_share(load): overflow buckets a bucket that begin a growth to the
** same size. */
static int mod_overflow_share(lua_State *L) {
  lua_pushnumber(L, hmap_overflow_share(check_load(L)));
  return 1;
}

/* work_costs(): what a unit of each kind of work costs. */
static int mod_work_costs(lua_State *L) {
  lua_createtable(L, 0, 11);
#define HMAP_X(member, times, per)                                             \
  lua_pushnumber(L, (double)(times) / (per));                                  \
  lua_setfield(L, -2, #member);
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
  return 1;
}

/* growth_kinds(): their names, in the core's order. */
static int mod_growth_kinds(lua_State *L) {
  lua_createtable(L, HMAP_NGROWTHS, 0);
  for (int kind = 0; kind < HMAP_NGROWTHS; kind++) {
    lua_pushstring(L, lname_growth((hmap_growth)kind));
    lua_rawseti(L, -2, kind + 1);
  }
  return 1;
}

void llimits_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"limits", mod_limits},
                                       {"threshold", mod_threshold},
                                       {"overflow_share", mod_overflow_share},
                                       {"work_costs", mod_work_costs},
                                       {"growth_kinds", mod_growth_kinds},
                                       {NULL, NULL}};
  larg_setfuncs(L, functions, 0);
}
