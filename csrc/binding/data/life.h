/* life.h: how a map comes to be, and how it ends. */
#ifndef HMAP_BINDING_LIFE_H
#define HMAP_BINDING_LIFE_H

#include "binding/self/self.h"

/* lmap_new [-0, +1, v]: a new map. */
lmap *lmap_new(lua_State *L, const lconf *conf, const hmap_policy *policy);

/* The same in two parts. lmap_prepare [-0, +1, v]: a closed map that has all
** that it needs but the core's; lmap_begin [-0, +0, -]: opens it. */
lmap *lmap_prepare(lua_State *L, const lconf *conf, struct lregistry **all);
void lmap_begin(lmap *h, struct lregistry *all, hmap *m);

/* lmap_setname [-0, +0, v]: names a new map as the options say, if that is what
** is at the other index. */
void lmap_setname(lua_State *L, int self, int options);

/* lmap_core_options [-0, +0, -]: what the core is told; key and value have room
** for HMAP_MAX_FIELDS; policy NULL: Go's. */
hmap_options lmap_core_options(const lgc *gc, const lconf *conf,
                               const hmap_policy *policy, hmap_field *key,
                               hmap_field *value);

/* lmap_end [-0, +0, -]: closes the map at index 1 as its finalizer does. */
int lmap_end(lua_State *L);

/* lmap_make_core [-0, +0, v]: a map of the core, the caller's to free. Refused
** memory is asked for again after all garbage is gone. */
hmap *lmap_make_core(lua_State *L, lgc *gc, const lconf *conf,
                     const hmap_policy *policy);

/* lmap_close_all [-n, +0, -]: closes all maps that are open; the stack is empty
** then. */
void lmap_close_all(lua_State *L);

extern const luaL_Reg llife_methods[], llife_metamethods[];

#endif
