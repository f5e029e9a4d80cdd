/* entry_typed.h: what is compiled for the commonest shapes of keys. */
#ifndef HMAP_BINDING_ENTRY_TYPED_H
#define HMAP_BINDING_ENTRY_TYPED_H

#include <lauxlib.h>

/* The methods, bound methods and metamethods of proxies compiled for this
** shape, or NULL. */
const luaL_Reg *lmap_typed_methods(int shape);
const luaL_Reg *lmap_typed_bound(int shape);
const luaL_Reg *lproxy_typed_methods(int shape);

#endif
