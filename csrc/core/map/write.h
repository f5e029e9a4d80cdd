/* write.h: what puts and deletes have in common.
**
** A write has three parts: grow_work brings the entries it may touch into the
** new array; the probe says where the key is or where it would go; then, with
** all memory in hand, the change is made. Until that moment every failure
** leaves the map reading as before.
*/
#ifndef HMAP_CORE_WRITE_H
#define HMAP_CORE_WRITE_H

#include "core/map/evacuate.h"
#include "core/map/policy.h"
#include "core/map/probe.h"

/* As hmap_put and hmap_delete; hash must be the key's under m->k. */
HIDDEN hmap_status hmapi_put_hashed(hmap *m, const void *key, uint64_t hash,
                                    const void *elem);
HIDDEN bool hmapi_delete_hashed(hmap *m, const void *key, uint64_t hash);

/* The object that a cell refers to, or 0. */
static inline uint32_t ref_of(const cell_type *c, const void *cell) {
  const hmap_cell *any = cell;
  return c->kind == HMAP_ANY && any->c.tag == HMAP_TAG_OBJECT ? any->c.len : 0;
}

/* Room for what any slot can hold. */
typedef union slot_room {
  hmap_cell cells[HMAP_MAX_INLINE / sizeof(hmap_cell)];
  void *indirect;
} slot_room;

/* A cell that a move cannot take away: what a caller hands in may lie in this
** very map. (Text and indirect cells stay where they are in a move.) */
HIDDEN const void *hmapi_copy_to_stack(const cell_type *c, const void *cell,
                                       slot_room *room);

/* Moves the old bucket that a write of this key needs, and more. */
static ALWAYS_INLINE hmap_status work_for(hmap *m, const cell_type *c,
                                          const void *key, uint64_t hash,
                                          visitor *v) {
  visit_old_hash(m, v);
  return hmapi_grow_work(m, old_hash(m, c, key, hash) & mask_of(m->oldB));
}

#endif
