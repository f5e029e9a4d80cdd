/* state.h: a Lua state whose every byte is counted, with hmap in it.
**
** The binding is linked in: `require "hmap.core"` finds it preloaded, and the
** modules in Lua where the top of the checkout has them. */
#ifndef HMAP_SPEC_STATE_H
#define HMAP_SPEC_STATE_H

#include <stdbool.h>
#include <stdlib.h>

#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>

#include "binding/value/version.h"

int luaopen_hmap_core(lua_State *L);

/* Requests, and which of them are refused. */
typedef struct fault {
  bool armed;       /* they are counted, and may be refused */
  size_t requests;  /* so far */
  size_t refuse_at; /* counted from 1; 0: none is refused */
  size_t refusals;  /* how many, that one included */
} fault;

static inline bool refuses(fault *f) {
  if (!f->armed)
    return false;
  size_t n = ++f->requests;
  return f->refuse_at != 0 && n >= f->refuse_at &&
         n - f->refuse_at < f->refusals;
}

/* What the allocator of one state has given out, and gives. */
typedef struct budget {
  size_t bytes; /* out now */
  fault fault;  /* requests for a new or larger block */
} budget;

static inline void *budget_alloc(void *ud, void *ptr, size_t osize,
                                 size_t nsize) {
  budget *b = ud;
  size_t old = ptr != NULL ? osize : 0;
  if (nsize == 0) {
    free(ptr);
    b->bytes -= old;
    return NULL;
  }
  /* Lua relies on it that a smaller block is not refused */
  if (nsize > old && refuses(&b->fault))
    return NULL;
  void *block = realloc(ptr, nsize);
  if (block != NULL)
    b->bytes = b->bytes - old + nsize;
  return block;
}

static inline lua_State *state_new(budget *b) {
  return lversion_newstate(budget_alloc, b, 1);
}

/* [-0, +0, m] the libraries, and hmap where `require` looks */
static inline void state_open(lua_State *L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_hmap_core);
  lua_setfield(L, -2, "hmap.core");
  lua_pop(L, 1);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  lua_pushfstring(L, "lua/?.lua;lua/?/init.lua;%s", lua_tostring(L, -1));
  lua_setfield(L, -3, "path");
  lua_pop(L, 2);
}

#endif
