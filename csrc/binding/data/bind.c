/* bind.c: m:bind(name, ...): methods that have their map inside.
**
** What is compiled for the shape of the keys (entry_typed.c) reads its
** arguments where they stand. All else puts the map before them, and from there
** on it is the method: its checks, its errors, what it tells those who listen.
*/
#include "binding/data/bind.h"

#include "binding/data/entry_typed.h"
#include "binding/value/text.h"

int lbind_call(lua_State *L, lua_CFunction method) {
  luaL_checkstack(L, LUA_MINSTACK + 1, NULL);
  lua_pushvalue(L, lua_upvalueindex(LBIND_MAP));
  lua_insert(L, 1);
  return method(L);
}

/* In its frame, so that errors give the name and arguments of the call. */
static int call_c(lua_State *L) {
  return lbind_call(L, lua_tocfunction(L, lua_upvalueindex(LBIND_METHOD)));
}

static int results(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  return lua_gettop(L);
}

/* What hmap.extend has added may yield. */
static int extension(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(LBIND_METHOD));
  lua_insert(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, results);
  return results(L, LUA_OK, 0);
}

static int call_lua(lua_State *L) { return lbind_call(L, extension); }

static lua_CFunction compiled(const lmap *h, const char *name) {
  const luaL_Reg *f = lmap_typed_bound(lmap_shape(h->conf.key, h->conf.value));
  for (; f != NULL && f->name != NULL; f++)
    if (strcmp(f->name, name) == 0)
      return f->func;
  return NULL;
}

/* bind [-1, +1, m]: the method on top, bound to the map at index 1. */
static void bind(lua_State *L, const lmap *h, const char *name) {
  lua_CFunction short_cut = compiled(h, name);
  lua_pushstring(L, name);
  lua_pushinteger(L, 1); /* as of methods: how lbind_call leaves the stack */
  lua_pushvalue(L, 1);
  lua_rotate(L, -4, 3);
  if (short_cut != NULL) {
    lua_pop(L, 1);
    lua_pushcclosure(L, short_cut, LBIND_MAP);
  } else {
    bool in_c = lua_iscfunction(L, -1);
    lua_pushcclosure(L, in_c ? call_c : call_lua, LBIND_METHOD);
  }
}

/* no_method [-0, +0, v]: raises, and lists the methods in the table at index
** `methods`. */
static void no_method(lua_State *L, int arg, int methods) {
  if (lua_type(L, arg) != LUA_TSTRING)
    larg_error(L, arg, "name of a method expected, got %s",
               luaL_typename(L, arg));
  const char *name = ltext_pushvalue(L, arg, LTEXT_QUOTED);
  larg_pushnames(L, methods);
  luaL_Buffer b;
  int names = lua_gettop(L);
  luaL_buffinit(L, &b);
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, names); i++) {
    luaL_addstring(&b, i > 1 ? ", " : "");
    lua_rawgeti(L, names, i);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  larg_error(L, arg, "no method %s; there are %s", name, lua_tostring(L, -1));
}

static int map_bind(lua_State *L) {
  const lmap *h = lmap_check(L);
  lua_settop(L, lua_gettop(L) > 1 ? lua_gettop(L) : 2);
  int n = lua_gettop(L), methods = n + 1;
  luaL_checkstack(L, n + LUA_MINSTACK, "too many names");
  luaL_getmetafield(L, 1, "__index");
  for (int arg = 2; arg <= n; arg++) {
    lua_pushvalue(L, arg);
    if (lua_type(L, arg) != LUA_TSTRING || lua_rawget(L, methods) == LUA_TNIL)
      no_method(L, arg, methods);
    bind(L, h, lua_tostring(L, arg));
  }
  return lua_gettop(L) - methods;
}

const luaL_Reg lbind_methods[] = {{"bind", map_bind}, {NULL, NULL}};
