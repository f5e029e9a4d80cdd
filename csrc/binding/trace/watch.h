/* watch.h: touches of the keys and buckets that somebody watches. */
#ifndef HMAP_BINDING_WATCH_H
#define HMAP_BINDING_WATCH_H

#include <lauxlib.h>

#include "binding/trace/trace.h"

/* m:add has written the value of a key that was there before: the core gave it
** the cell and knows no more. */
void lwatch_added(lmap *h, const void *key);

/* watch.c: the core's watcher, with a trace; m:clear; end of all. */
/* The core's watcher, with a trace; m:clear; the end of all watches. */
void lwatch_touched(void *ud, const hmap_touch *touch);
void lwatch_cleared(ltrace *t);
void lwatch_free(ltrace *t);

/* lwatch_push [-0, +1, m]: a touch as a view, told to the map at self. */
void lwatch_push(lua_State *L, int self, const lmap *h, const litem *item);
void lwatch_freekey(ltrace *t, void *key, size_t bytes);

extern const luaL_Reg lwatch_methods[];

#endif
