/* heap.h: the memory of one owner, counted by part and held to a limit.
**
** Every byte of a map is asked for and given back through its heap: from the
** allocator of its maker, or in whole pages from the system. The bottom layer:
** it knows no map, and says by two fields what its owner should know of.
*/
#ifndef HMAP_CORE_HEAP_H
#define HMAP_CORE_HEAP_H

#include "core/bytes.h"
#include "hmap_inspect.h"

/* What the bytes are for; the parts sum to the whole. */
typedef enum part {
  PART_HEADER,
  PART_ARRAY, /* with their preallocated overflow buckets; old ones too */
  PART_OVERFLOW,
  PART_TEXT,
  PART_INDIRECT,
  NPARTS
} part;

typedef struct heap {
  bool deferred;   /* the owner has work to do when its operation is done */
  bool adopts;     /* long texts that are copied in are blocks of this heap */
  hmap_work *work; /* what the operation in hand does is added here; or NULL */
  hmap_alloc_fn alloc;
  void *alloc_ud;
  const hmap_pages *pages; /* map is NULL: there are none */
  size_t map_min; /* bytes from which on arrays are mapped; SIZE_MAX: never */
  size_t limit;   /* most bytes in all; 0: no limit */
  size_t bytes, part_bytes[NPARTS];
  struct slabs *slabs; /* see slab.h; those of one part, and then of others */
} heap;

/* COUNT_WORK(h, slots, 8): adds to the work in hand, if anybody counts it. */
#define COUNT_WORK(h, member, n)                                               \
  do {                                                                         \
    hmap_work *work_ = (h)->work;                                              \
    if (UNLIKELY(work_ != NULL))                                               \
      work_->member += (n);                                                    \
  } while (0)

#define DEFAULT_MAP_MIN ((size_t)128 * 1024)

/* The allocator, pages and limit that these options name, or their defaults:
** realloc and the system's pages. h->pages is o->pages where those last no
** longer than the options. */
HIDDEN void hmapi_heap_init(heap *h, const hmap_options *o);

/* NULL sets *why to HMAP_ENOMEM or HMAP_ELIMIT; the block is not cleared. */
HIDDEN void *hmapi_alloc(heap *h, part p, size_t bytes, hmap_status *why);
HIDDEN void hmapi_free(heap *h, part p, void *ptr, size_t bytes);

/* Whether `bytes` more would pass the limit. */
HIDDEN bool hmapi_over_limit(const heap *h, size_t bytes);
HIDDEN void hmapi_count_bytes(heap *h, part p, size_t more, size_t less);

#endif
