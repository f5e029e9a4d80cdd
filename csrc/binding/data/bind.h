/* bind.h: methods that have their map inside. */
#ifndef HMAP_BINDING_BIND_H
#define HMAP_BINDING_BIND_H

#include "binding/self/self.h"

/* Upvalues of a bound method beyond those of all: the map and, unless it is
** compiled for the shape of the keys, the method. */
enum { LBIND_MAP = LARG_UPVALUES + 1, LBIND_METHOD };

/* lbind_self [-0, +0, -]: the map of the bound method that runs, if it is open,
** of this shape, not listened to, and its reads move nothing; else NULL. */
static ALWAYS_INLINE lmap *lbind_self(lua_State *L, int shape) {
  lmap *h = lua_touserdata(L, lua_upvalueindex(LBIND_MAP));
  return LIKELY((h->tag ^ lmap_tag(shape, 0)) <= 0xff) ? h : NULL;
}

/* lbind_call [-n, +m, v]: the method, with the map before the arguments of the
** bound one that runs. */
int lbind_call(lua_State *L, lua_CFunction method);

extern const luaL_Reg lbind_methods[];

#endif
