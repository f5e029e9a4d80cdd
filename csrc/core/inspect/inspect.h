/* inspect.h: what the views of a bucket have in common. */
#ifndef HMAP_CORE_INSPECT_H
#define HMAP_CORE_INSPECT_H

#include "core/map/bucket.h"

/* Slots that Go's loop looks at: all of the buckets before, and of the last
** one those up to the key or to the first emptyRest. */
static inline size_t slots_scanned(const bmap *b, size_t i, size_t depth) {
  unsigned last = 0;
  while (last < HMAP_BUCKET_COUNT && last != i &&
         b->tophash[last] != EMPTY_REST)
    last++;
  return depth * HMAP_BUCKET_COUNT + last + (last < HMAP_BUCKET_COUNT);
}

#endif
