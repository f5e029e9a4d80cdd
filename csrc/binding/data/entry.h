/* entry.h: entries, one by one. */
#ifndef HMAP_BINDING_ENTRY_H
#define HMAP_BINDING_ENTRY_H

#include "binding/self/self.h"
#include "binding/value/add.h"

/* An entry on its way into a map: cells, and where on the stack the objects
** are that `any` cells stand for. */
typedef struct lentry {
  void *key, *value;
  int key_at, value_at;
} lentry;

/* What became of it. */
typedef struct lput {
  const void *now; /* with keep: the value cell that is there */
  bool existed;
} lput;

/* lmap_put [-0, +0, v]: puts it; with keep only if the key is absent. Does not
** try twice. self is the map's index. */
hmap_status lmap_put(lua_State *L, int self, lmap *h, const lentry *e,
                     bool keep, lput *out);

/* lmap_pushvalue [-0, +n, m]: a value cell as results, a set's as true; how
** many. 0: the map was written meanwhile, nothing is pushed. */
int lmap_pushvalue(lua_State *L, int self, lmap *h, const void *value);

/* lmap_pushfields [-0, +1, m]: a cell as one Lua value: tuples as a table.
** false: the map was written meanwhile. */
bool lmap_pushfields(lua_State *L, int self, const lmap *h, const ltype *type,
                     const void *cell);

/* lmap_remove [-0, +0, v]: deletes a key; whether it was there. */
bool lmap_remove(lua_State *L, lmap *h, const void *key);

/* lmap_release [-0, +0, -]: lets the objects go that the last write of the map
** at self removed or overwrote. */
void lmap_release(lua_State *L, int self, lmap *h);

/* lmap_checktrue [-0, +0, v]: the value of a set is true, or left out. */
void lmap_checktrue(lua_State *L, int arg);

/* Methods that other rooms call with a map at index 1, as Lua would. */
int lmap_get(lua_State *L);
int lmap_set(lua_State *L);
int lmap_has(lua_State *L);
int lmap_delete(lua_State *L);
int lmap_pop(lua_State *L);
int lmap_swap(lua_State *L);
int lmap_get_or_set(lua_State *L);
int lmap_add(lua_State *L);

/* Lookups by somebody who was given self as one who reads, and has so taken the
** step that a lookup may owe. */
int lmap_get_stepped(lua_State *L);
int lmap_has_stepped(lua_State *L);

/* lmap_overflow [-0, +0, v]: raises: m:add leaves the range of the values. */
_Noreturn void lmap_overflow(lua_State *L, const lmap *h, ladd_amount n);

/* Whether a table would hold nothing under this: nil or NaN in a map of any
** keys. Those that look for it find nothing; only writes raise. */
bool lmap_isnokey(lua_State *L, const lmap *h, int idx);

int lmap_count(lua_State *L);

extern const luaL_Reg lentry_methods[], lentry_metamethods[];

#endif
