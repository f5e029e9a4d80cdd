/* array.h: where bucket arrays come from and how they go back.
**
** An array is 2^B buckets and, from B = 4, 2^(B-4) overflow buckets behind them
** (Go: makeBucketArray). Small ones come from the allocator. Those of more than
** CLEARED_MAX bytes are mapped: they cost nothing until touched. From map_min
** bytes on they also go back in slices while buckets leave them, so that no
** operation pays for a whole array.
**
**   | given back | being emptied ...            | overflow buckets |
**   0            given                          n                  n + prealloc
*/
#ifndef HMAP_CORE_ARRAY_H
#define HMAP_CORE_ARRAY_H

#include "core/map/bucket.h"
#include "hmap.h"

#define SLICE_BYTES ((size_t)32 * 1024)
#define CLEARED_MAX ((size_t)32 * 1024)

typedef struct array array;
struct array {
  bmap *buckets;
  uint64_t n, prealloc; /* buckets */
  size_t bytes;         /* of the buckets and the overflow buckets */
  size_t given;         /* bytes at the front that have gone back */
  uint64_t singles;     /* overflow buckets of its chains, allocated singly */
  bool mapped;          /* else from the allocator, and cleared */
  bool sliced;          /* goes back behind the evacuation mark */

  /* In the pending-free list only (reclaim.h): */
  array *next;
  uint64_t at;  /* the next bucket to empty */
  bool holding; /* its chains still own what is in them */
};

/* A new zeroed array for 2^B buckets, or NULL with *why. */
HIDDEN array *hmapi_array_new(hmap *m, unsigned B, hmap_status *why);

/* To map an array takes the system as long as all else that the operation does
** which begins a growth. So the array of the next doubling is mapped by an
** earlier one: it has addresses, no memory, and is not counted until it is
** taken. Only from the system's own pages, of which that is true. */
HIDDEN bool hmapi_map_next(hmap *m);
/* Whether there is something to prepare, or to give up. */
HIDDEN bool hmapi_wants_map_next(const hmap *m);
HIDDEN void hmapi_unmap_next(hmap *m);
/* Gives the whole array back at once; its chains must own nothing. */
HIDDEN void hmapi_array_free(hmap *m, array *a);
/* Gives back at most one slice of what lies wholly before byte `upto`. */
HIDDEN void hmapi_array_give(hmap *m, array *a, size_t upto);

/* Whether this overflow bucket came with the array. */
static inline bool came_with(const array *a, const bmap *b) {
  const char *p = (const char *)b, *base = (const char *)a->buckets;
  return p >= base && p < base + a->bytes;
}

/* -- overflow buckets ----------------------------------------------------- */

/* Makes sure that the next n calls of hmapi_new_overflow cannot fail. */
HIDDEN hmap_status hmapi_reserve_overflow(hmap *m, uint64_t n);
/* Links a fresh overflow bucket behind b, which must be the last of its chain;
** counts it by Go's rule. One must have been reserved. */
HIDDEN bmap *hmapi_new_overflow(hmap *m, bmap *b, uint64_t index);
/* Frees what hmapi_reserve_overflow set aside and nobody took. */
HIDDEN void hmapi_free_reserved(hmap *m);

#endif
