/* growth.h: growth on request. */
#ifndef HMAP_BINDING_GROWTH_H
#define HMAP_BINDING_GROWTH_H

#include "binding/self/self.h"

/* lgrowth_step [-0, +0, v]: moves up to n old buckets and adds to *moved how
** many; how many are left is returned. */
size_t lgrowth_step(lua_State *L, lmap *h, size_t n, size_t *moved);

extern const luaL_Reg lgrowth_methods[];

#endif
