/* lview.c: a map in a table's clothes.
**
** On m:view() only t[k], t[k] = v, #t and pairs(t) work, and they mean the
** entries: no key can collide with a method's name, because there are none.
*/
#include "lmap.h"

#define LVIEW_SIGN (UINT64_C(0x3fd1c06b92e8) << 16)
#define LVIEW_META "hmap.view"
#define LVIEW_MAP  1 /* user value */

/* All that a view holds itself: what tells it from other userdata without
** asking the registry for a name. */
typedef uint64_t lview;

static int map_view(lua_State *L) {
  const lmap *h = lmap_check(L);
  if (h->key.kind == HMAP_TUPLE || h->value.kind == HMAP_TUPLE)
    luaL_error(L, "'view' wants one key and one value, not tuples: t[k] has "
                  "room for one");
  lview *view = lua_newuserdatauv(L, sizeof *view, 1);
  *view = LVIEW_SIGN;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LVIEW_MAP);
  luaL_setmetatable(L, LVIEW_META);
  return 1;
}

/* unveil [-0, +0, v]: puts the map in the place of its view at index 1. */
static void unveil(lua_State *L) {
  const lview *view = lua_touserdata(L, 1);
  if (view == NULL || lua_rawlen(L, 1) < sizeof *view || *view != LVIEW_SIGN)
    lcell_blame(L, 1, "view of a map expected, got %s", luaL_typename(L, 1));
  lua_getiuservalue(L, 1, LVIEW_MAP);
  lua_replace(L, 1);
}

int lview_of(lua_State *L) {
  unveil(L);
  lua_settop(L, 1);
  return 1;
}

/* Where a table is asked for nil or NaN, which it cannot hold, it says nil. */
static bool is_no_key(lua_State *L, const lmap *h, int idx) {
  if (h->key.kind != HMAP_ANY)
    return false;
  return lua_isnil(L, idx) || (lua_type(L, idx) == LUA_TNUMBER &&
                               lua_tonumber(L, idx) != lua_tonumber(L, idx));
}

static int view_index(lua_State *L) {
  unveil(L);
  if (!is_no_key(L, lmap_check(L), 2))
    return lmap_get(L);
  lua_pushnil(L);
  return 1;
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
