/* proxy.c: a map that reads and writes like a table.
**
** On m:view() only t[k], t[k] = v, #t and pairs(t) work, and they mean the
** entries: no key can collide with a method's name, because there are none.
** As of maps, there is a metatable for each shape: the commonest read
** and write without putting the map in its place (entry_typed.c).
*/
#include "binding/data/proxy.h"

#include "binding/data/entry.h"
#include "binding/data/entry_typed.h"
#include "binding/data/iter.h"

#define LPROXY_METAS "hmap.views" /* registry: shape -> metatable */

void lproxy_unwrap(lua_State *L) {
  if (lproxy_self(L) == NULL)
    larg_error(L, 1, "view of a map expected, got %s", luaL_typename(L, 1));
  lua_getiuservalue(L, 1, LPROXY_MAP_AT);
  lua_replace(L, 1);
}

int lproxy_of(lua_State *L) {
  lproxy_unwrap(L);
  lua_settop(L, 1);
  return 1;
}

int lproxy_index(lua_State *L) {
  lproxy_unwrap(L);
  return lmap_get(L);
}

int lproxy_newindex(lua_State *L) {
  lproxy_unwrap(L);
  return lmap_set(L);
}

static int view_len(lua_State *L) {
  lproxy_unwrap(L);
  return lmap_count(L);
}

static int view_pairs(lua_State *L) {
  lproxy_unwrap(L);
  return liter_pairs(L);
}

static int view_tostring(lua_State *L) {
  lproxy_unwrap(L);
  lua_pushfstring(L, "view of %s", luaL_tolstring(L, 1, NULL));
  return 1;
}

static int view_call(lua_State *L) {
  return luaL_error(L, "a view is no function; to go through its entries use "
                       "for k, v in pairs(t) do");
}

/* push_newmeta [-0, +1, m]: a metatable of views of maps of this shape. */
static void push_newmeta(lua_State *L, int shape) {
  static const luaL_Reg metamethods[] = {{"__index", lproxy_index},
                                         {"__newindex", lproxy_newindex},
                                         {"__len", view_len},
                                         {"__pairs", view_pairs},
                                         {"__tostring", view_tostring},
                                         {"__call", view_call},
                                         {NULL, NULL}};
  const luaL_Reg *hot = lproxy_typed_methods(shape);
  lua_newtable(L);
  larg_setfuncs(L, metamethods, 1);
  if (hot != NULL)
    larg_setfuncs(L, hot, 1);
  lua_pushliteral(L, "hmap.view");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0); /* the metatable is no door to the functions */
  lua_setfield(L, -2, "__metatable");
}

static int map_view(lua_State *L) {
  lmap *h = lmap_check(L);
  if (h->conf.key->kind == HMAP_TUPLE || h->conf.value->kind == HMAP_TUPLE)
    luaL_error(L, "'view' wants one key and one value, not tuples: t[k] has "
                  "room for one");
  lproxy *view = lua_newuserdatauv(L, sizeof *view, 1);
  *view = (lproxy){LPROXY_TAG, h};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LPROXY_MAP_AT);
  lmap_pushmeta(L, LPROXY_METAS, lmap_shape(h->conf.key, h->conf.value),
                push_newmeta);
  lua_setmetatable(L, -2);
  return 1;
}

const luaL_Reg lproxy_methods[] = {{"view", map_view}, {NULL, NULL}};
