/* arg.c: functions with a name, and errors that give it. */
#include "binding/value/arg.h"

#include <lualib.h>

void larg_setfuncs(lua_State *L, const luaL_Reg *functions, int hidden) {
  for (; functions->name != NULL; functions++) {
    lua_pushstring(L, functions->name);
    lua_pushinteger(L, hidden);
    lua_pushcclosure(L, functions->func, LARG_UPVALUES);
    lua_setfield(L, -2, functions->name);
  }
}

void larg_pushnames(lua_State *L, int idx) {
  int table = lua_absindex(L, idx);
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
  lua_getfield(L, -1, "sort");
  lua_replace(L, -2);
  lua_newtable(L);
  lua_pushnil(L);
  for (lua_Integer n = 1; lua_next(L, table); n++) { /* stack: sort list name */
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, n);
  }
  lua_pushvalue(L, -1);
  lua_insert(L, -3); /* stack: list sort list */
  lua_call(L, 1, 0);
}

void larg_error(lua_State *L, int arg, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *why = lua_pushvfstring(L, format, args);
  va_end(args);
  int hidden = (int)lua_tointeger(L, lua_upvalueindex(LHIDDEN));
  luaL_error(L, "bad argument #%d to '%s' (%s)", arg - hidden,
             lua_tostring(L, lua_upvalueindex(LNAME)), why);
  for (;;) /* luaL_error does not come back */
    lua_error(L);
}
