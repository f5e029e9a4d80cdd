/* ring.h: a queue in C memory that grows up to a bound.
**
**   room | . . | 4 5 6 7 8 | . |        first: 2, n: 5, gone: 4
**
** Items are plain structs, copied in and out. It is filled while the core is at
** work, so nothing here knows Lua but for the allocator's shape, nothing
** raises, and what found no room is counted.
*/
#ifndef HMAP_BINDING_RING_H
#define HMAP_BINDING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

typedef struct lring {
  lua_Alloc alloc;
  void *ud;
  char *at;
  size_t size;           /* bytes of an item */
  size_t room, first, n; /* in items */
  size_t most;           /* items that it may hold */
  uint64_t gone;         /* items that were in it and are no more */
  uint64_t lost;         /* of those and of the refused, which nobody took */
} lring;

/* An empty ring of items of so many bytes; holds no memory yet. */
void lring_init(lring *r, lua_State *L, size_t size, size_t most);
void lring_free(lring *r);

/* Makes room for n more; false: memory is refused, or the bound is near. */
bool lring_reserve(lring *r, size_t n);

/* The place of a new last item. Without room: with `over` the oldest item is
** lost for it, else NULL, and the new one is lost. */
void *lring_push(lring *r, bool over);

/* Item i, from 0 at the oldest; NULL: there are not so many. */
void *lring_item(const lring *r, size_t i);

void lring_drop_first(lring *r);
void lring_drop_last(lring *r);

#endif
