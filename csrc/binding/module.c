/* module.c: the module "hmap.core", put together from its rooms.
**
**   registry  "hmap.kinds"      shape -> metatable
**             "hmap.extensions" name -> method written in Lua
**
** Each shape (lmap_shape) has a metatable and a method table of its own, made
** with its first map: which function serves a call is decided once, not per
** call.
*/
#include "binding/data/batch.h"
#include "binding/data/bind.h"
#include "binding/data/entry.h"
#include "binding/data/entry_typed.h"
#include "binding/data/growth.h"
#include "binding/data/iter.h"
#include "binding/data/life.h"
#include "binding/data/options.h"
#include "binding/data/proxy.h"
#include "binding/data/scan.h"
#include "binding/file/job.h"
#include "binding/file/load.h"
#include "binding/file/save.h"
#include "binding/inspect/explain.h"
#include "binding/inspect/limits.h"
#include "binding/inspect/line.h"
#include "binding/inspect/opstats.h"
#include "binding/inspect/views.h"
#include "binding/registry/registry.h"
#include "binding/registry/snapshot.h"
#include "binding/trace/record.h"
#include "binding/trace/scope.h"
#include "binding/trace/trace.h"
#include "binding/trace/watch.h"
#include "binding/value/text.h"

#define EXTENSIONS "hmap.extensions"

#define PUBLIC __attribute__((visibility("default")))

/* -- tables of methods ---------------------------------------------------- */

/* The __index of every method table: reached for names that are none. */
static int no_method(lua_State *L) {
  const char *key = ltext_pushvalue(L, 2, LTEXT_QUOTED);
  return luaL_error(L, "no method %s on an hmap; to read a key use m:get(%s)",
                    key, key);
}

static int no_field(lua_State *L) {
  const char *key = ltext_pushvalue(L, 2, LTEXT_QUOTED);
  return luaL_error(L, "an hmap has no fields; to write a key use m:set(%s, v)",
                    key);
}

/* What `for k, v in m do` comes to, where pairs(m) was meant. */
static int no_call(lua_State *L) {
  return luaL_error(L, "an hmap is no function; to go through its entries use "
                       "for k, v in pairs(m) do, to read a key m:get(k)");
}

/* push_methods [-0, +1, m] */
static void push_methods(lua_State *L, int shape) {
  const luaL_Reg *const rooms[] = {
      lentry_methods, lbatch_methods,   liter_methods,  lscan_methods,
      lproxy_methods, lbind_methods,    llife_methods,  lgrowth_methods,
      lviews_methods, lexplain_methods, ltrace_methods, lrecord_methods,
      lwatch_methods, lsave_methods};
  const luaL_Reg *typed = lmap_typed_methods(shape);
  lua_newtable(L);
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
    larg_setfuncs(L, rooms[i], 1);
  if (typed != NULL)
    larg_setfuncs(L, typed, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, EXTENSIONS);
  for (lua_pushnil(L); lua_next(L, -2);) { /* stack: methods ext name fn */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, no_method);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* push_newmeta [-0, +1, m] */
static void push_newmeta(lua_State *L, int shape) {
  static const luaL_Reg pairs[] = {{"__pairs", liter_pairs}, {NULL, NULL}};
  lua_newtable(L);
  larg_setfuncs(L, lentry_metamethods, 1);
  larg_setfuncs(L, llife_metamethods, 1);
  larg_setfuncs(L, lline_metamethods, 1);
  larg_setfuncs(L, pairs, 1);
  lua_pushcfunction(L, no_field);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, no_call);
  lua_setfield(L, -2, "__call");
  lua_pushliteral(L, "hmap");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "hmap"); /* shared: no script may change it */
  lua_setfield(L, -2, "__metatable");
  push_methods(L, shape);
  lua_setfield(L, -2, "__index");
}

/* push_meta [-0, +1, m]: the metatable of maps of this shape. */
static void push_meta(lua_State *L, int shape) {
  lmap_pushmeta(L, LMAP_KINDS_KEY, shape, push_newmeta);
}

/* extend(name, fn): a method written in Lua for all maps, also those that are
** there already. */
static int mod_extend(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, EXTENSIONS);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_rawset(L, -3);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LMAP_KINDS_KEY);
  for (lua_pushnil(L); lua_next(L, 4); lua_pop(L, 2)) {
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
  }
  return 0;
}

/* methods(): the sorted names of all methods. */
static int mod_methods(lua_State *L) {
  lua_settop(L, 0);
  push_meta(L, HMAP_ANY);
  lua_getfield(L, 1, "__index");
  larg_pushnames(L, 2);
  return 1;
}

/* sandbox(m): m itself, which then tells no address and touches no file. */
static int mod_sandbox(lua_State *L) {
  lmap_check(L)->conf.sandboxed = true;
  lua_settop(L, 1);
  return 1;
}

/* is_sandboxed(m) */
static int mod_is_sandboxed(lua_State *L) {
  lua_pushboolean(L, lmap_check(L)->conf.sandboxed);
  return 1;
}

/* -- the module ----------------------------------------------------------- */

PUBLIC int luaopen_hmap_core(lua_State *L);

int luaopen_hmap_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", loptions_new},
                                       {"of", lproxy_of},
                                       {"load", lload_load},
                                       {"loading", lload_loading},
                                       {"file", lload_file},
                                       {"extend", mod_extend},
                                       {"methods", mod_methods},
                                       {"sandbox", mod_sandbox},
                                       {"is_sandboxed", mod_is_sandboxed},
                                       {NULL, NULL}};
  luaL_checkversion(L);
  static const labove above = {ltrace_open_scope, ltrace_read_begins,
                               lregistry_counted, push_meta,
                               lmap_close_all,    ltrace_drop};
  lgc_open(L, &above);
  liter_open(L);
  ljob_open(L);
  lua_newtable(L);
  larg_setfuncs(L, functions, 0);
  lviews_open(L);
  llimits_open(L);
  lsnapshot_open(L);
  lexplain_open(L);
  ltext_open(L);
  lopstats_open(L);
  lua_pushliteral(L, HMAP_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
