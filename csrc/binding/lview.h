/* lview.h: what m:view() gives to Lua, and how the map is found behind it. */
#ifndef HMAP_LVIEW_H
#define HMAP_LVIEW_H

#include "lmap.h"

#define LVIEW_SIGN   (UINT64_C(0x3fd1c06b92e8) << 16)
#define LVIEW_MAP_AT 1 /* user value */

/* sign tells it from other userdata without asking the registry for a name; the
** user value keeps the map alive, or at least its memory: it may be closed. */
typedef struct lview {
  uint64_t sign;
  lmap *map;
} lview;

/* lview_self [-0, +0, -]: the view at index 1, or NULL. */
static ALWAYS_INLINE const lview *lview_self(lua_State *L) {
  const lview *view = lua_touserdata(L, 1);
  if (UNLIKELY(view == NULL || lua_rawlen(L, 1) < sizeof *view ||
               view->sign != LVIEW_SIGN))
    return NULL;
  return view;
}

/* lview_unveil [-0, +0, v]: puts the map in the place of its view at index
** 1. */
void lview_unveil(lua_State *L);

/* __index and __newindex for views of any map. */
int lview_index(lua_State *L);
int lview_newindex(lua_State *L);

/* lmap_hotview: those compiled for this shape, or NULL. */
const luaL_Reg *lmap_hotview(int shape);

#endif
