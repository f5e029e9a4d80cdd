/* life.h: how a map comes to be, and how it ends. */
#ifndef HMAP_BINDING_LIFE_H
#define HMAP_BINDING_LIFE_H

#include "binding/self/self.h"

/* lmap_new [-0, +1, v]: a new map. */
lmap *lmap_new(lua_State *L, const lconf *conf);

/* lmap_end [-0, +0, -]: closes the map at index 1 as its finalizer does. */
int lmap_end(lua_State *L);

/* lmap_make_core [-0, +0, v]: a map of the core, the caller's to free. Refused
** memory is asked for again after all garbage is gone. */
hmap *lmap_make_core(lua_State *L, lgc *gc, const lconf *conf);

/* lmap_close_all [-n, +0, -]: closes all maps that are open; the stack is empty
** then. */
void lmap_close_all(lua_State *L);

extern const luaL_Reg llife_methods[], llife_metamethods[];

#endif
