/* proxy.h: what m:view() gives to Lua, and how the map is found behind it. */
#ifndef HMAP_BINDING_PROXY_H
#define HMAP_BINDING_PROXY_H

#include "binding/self/self.h"

#define LPROXY_TAG    (UINT64_C(0x3fd1c06b92e8) << 16)
#define LPROXY_MAP_AT 1 /* user value */

/* tag tells it from other userdata without asking the registry for a name; the
** user value keeps the map alive, or at least its memory: it may be closed. */
typedef struct lproxy {
  uint64_t tag;
  lmap *map;
} lproxy;

/* lproxy_self [-0, +0, -]: the view at index 1, or NULL. */
static ALWAYS_INLINE const lproxy *lproxy_self(lua_State *L) {
  const lproxy *view = lua_touserdata(L, 1);
  if (UNLIKELY(view == NULL || lua_rawlen(L, 1) < sizeof *view ||
               view->tag != LPROXY_TAG))
    return NULL;
  return view;
}

/* lproxy_unwrap [-0, +0, v]: puts the map in the place of its view at index
** 1. */
void lproxy_unwrap(lua_State *L);

/* __index and __newindex for views of any map. */
int lproxy_index(lua_State *L);
int lproxy_newindex(lua_State *L);

/* lproxy_of [-1, +1, v]: the map of the view at index 1. */
int lproxy_of(lua_State *L);

extern const luaL_Reg lproxy_methods[];

#endif
