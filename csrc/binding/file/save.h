/* save.h: m:save and m:saving. */
#ifndef HMAP_BINDING_SAVE_H
#define HMAP_BINDING_SAVE_H

#include <lauxlib.h>

extern const luaL_Reg lsave_methods[];

#endif
