/* growth.h: growth on request. */
#ifndef HMAP_BINDING_GROWTH_H
#define HMAP_BINDING_GROWTH_H

#include <lauxlib.h>

extern const luaL_Reg lgrowth_methods[];

#endif
