/* explain.h: why a key is where it is. */
#ifndef HMAP_BINDING_EXPLAIN_H
#define HMAP_BINDING_EXPLAIN_H

#include <lauxlib.h>

/* lexplain_open [-0, +0, m]: adds the functions about hashes to the module
** table on top. */
void lexplain_open(lua_State *L);

extern const luaL_Reg lexplain_methods[];

#endif
