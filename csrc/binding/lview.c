/* lview.c: a map in a table's clothes.
**
** On m:view() only t[k], t[k] = v, #t and pairs(t) work, and they mean the
** entries: no key can collide with a method's name, because there are none.
*/
#include "lmap.h"

#define LVIEW_META "hmap.view"
#define LVIEW_MAP  1 /* user value */

static int map_view(lua_State *L) {
  const lmap *h = lmap_check(L);
  if (h->key.kind == HMAP_TUPLE || h->value.kind == HMAP_TUPLE)
    luaL_error(L, "'view' wants one key and one value, not tuples: t[k] has "
                  "room for one");
  lua_newuserdatauv(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LVIEW_MAP);
  luaL_setmetatable(L, LVIEW_META);
  return 1;
}

/* unveil [-0, +0, v]: puts the map in the place of its view at index 1. */
static void unveil(lua_State *L) {
  if (luaL_testudata(L, 1, LVIEW_META) == NULL)
    lcell_blame(L, 1, "view of a map expected, got %s", luaL_typename(L, 1));
  lua_getiuservalue(L, 1, LVIEW_MAP);
  lua_replace(L, 1);
}

int lview_of(lua_State *L) {
  unveil(L);
  lua_settop(L, 1);
  return 1;
}

static int view_index(lua_State *L) {
  unveil(L);
  return lmap_get(L);
}

static int view_newindex(lua_State *L) {
  unveil(L);
  return lmap_set(L);
}

static int view_len(lua_State *L) {
  unveil(L);
  return lmap_count(L);
}

static int view_pairs(lua_State *L) {
  unveil(L);
  return liter_pairs(L);
}

static int view_tostring(lua_State *L) {
  unveil(L);
  lua_pushfstring(L, "view of %s", luaL_tolstring(L, 1, NULL));
  return 1;
}

const luaL_Reg lview_methods[] = {{"view", map_view}, {NULL, NULL}};

void lview_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {
      {"__index", view_index},       {"__newindex", view_newindex},
      {"__len", view_len},           {"__pairs", view_pairs},
      {"__tostring", view_tostring}, {NULL, NULL}};
  luaL_newmetatable(L, LVIEW_META);
  lmap_setfuncs(L, metamethods, 1);
  lua_pushboolean(L, 0); /* the metatable is no door to the functions */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
