/* opstats.h: what operations cost. */
#ifndef HMAP_BINDING_OPSTATS_H
#define HMAP_BINDING_OPSTATS_H

#include <lua.h>

/* lopstats_open [-0, +0, m]: adds the functions about the ledger to the module
** table on top. */
void lopstats_open(lua_State *L);

#endif
