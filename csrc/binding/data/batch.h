/* batch.h: many keys in one call. */
#ifndef HMAP_BINDING_BATCH_H
#define HMAP_BINDING_BATCH_H

#include "binding/self/self.h"

/* lbatch_merge [-0, +0, v]: sets the keys of the table at index 2 to its
** values. */
void lbatch_merge(lua_State *L, const lmap *h);

extern const luaL_Reg lbatch_methods[];

#endif
