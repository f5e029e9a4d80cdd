/* evacuate.h: the move of old buckets to the new array. */
#ifndef HMAP_CORE_EVACUATE_H
#define HMAP_CORE_EVACUATE_H

#include "core/map/map.h"

/* What a write does first while the map grows: moves old bucket o, which it
** needs, and more by policy. HMAP_ENOMEM if o could not be moved; its entries
** are then where they were. */
HIDDEN hmap_status hmapi_grow_work(hmap *m, uint64_t o);
/* Prefetches old bucket o and where its entries will go: memory that no cache
** has, at once and not one line after the other. */
HIDDEN void hmapi_prefetch_move(const hmap *m, uint64_t o);
/* Moves the old bucket at the mark. */
HIDDEN hmap_status hmapi_evacuate_next(hmap *m);

#endif
