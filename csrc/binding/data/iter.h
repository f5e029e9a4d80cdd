/* iter.h: going through a map. */
#ifndef HMAP_BINDING_ITER_H
#define HMAP_BINDING_ITER_H

#include "binding/self/self.h"

typedef enum lgive { LGIVE_KEYS = 1, LGIVE_VALUES = 2, LGIVE_BOTH = 3 } lgive;

typedef struct liter {
  uint64_t tag;
  lmap *owner;     /* kept alive by the user value */
  lcursor *cursor; /* NULL: at the end; dangling once the map is closed */
  lgive give;
  bool scalars; /* neither key nor value is a tuple */
} liter;

/* liter_make [-0, +1, v]: an iterator over the map at self; where from, its
** cursor has still to be told: hmap_iter_init or hmap_scan_open. */
liter *liter_make(lua_State *L, int self, lgive give);

/* liter_close [-0, +0, -]: idempotent. */
void liter_close(liter *i);

/* liter_push [-0, +(0|n), v]: the entry that the core's iterator is at; 0: it
** was deleted while its key was pushed. */
int liter_push(lua_State *L, int self, const liter *i);

/* liter_open [-0, +0, m]: makes the metatable of iterators. */
void liter_open(lua_State *L);

int liter_pairs(lua_State *L);

extern const luaL_Reg liter_methods[];

#endif
