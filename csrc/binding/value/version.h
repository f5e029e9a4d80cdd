/* version.h: what differs between the releases of Lua that hmap runs on.
**
** Nothing else in the binding asks for LUA_VERSION_NUM. */
#ifndef HMAP_BINDING_VERSION_H
#define HMAP_BINDING_VERSION_H

#include <stddef.h>

#include <lua.h>

#if LUA_VERSION_NUM < 504 || LUA_VERSION_NUM > 505
#  error "hmap is for Lua 5.4 and 5.5"
#endif

/* lversion_gc_step [-0, +0, m]: the collector does the work that is due for so
** many newly allocated bytes. 5.4 counts them in KiB. */
static inline void lversion_gc_step(lua_State *L, size_t bytes) {
#if LUA_VERSION_NUM >= 505
  lua_gc(L, LUA_GCSTEP, bytes);
#else
  lua_gc(L, LUA_GCSTEP, (int)(bytes / 1024));
#endif
}

/* lversion_newstate: 5.5 takes a seed for its strings' hashes as well. */
static inline lua_State *lversion_newstate(lua_Alloc alloc, void *ud,
                                           unsigned seed) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(alloc, ud, seed);
#else
  (void)seed;
  return lua_newstate(alloc, ud);
#endif
}

#endif
