/* grow.h: when a map grows, and how its entries move, two old buckets a write.
*/
#ifndef HMAP_CORE_GROW_H
#define HMAP_CORE_GROW_H

#include "map.h"

/* Whether count entries are too many for 2^B buckets: more than 6.5 each. */
HIDDEN bool hmapi_over_load_factor(uint64_t count, unsigned B);
/* The least B that holds hint entries. */
HIDDEN unsigned hmapi_least_B(uint64_t hint);
/* The largest number of entries for which 2^B buckets do not double. */
HIDDEN uint64_t hmapi_threshold(unsigned B);

/* Whether the insert of a new key must begin a growth first. */
HIDDEN bool hmapi_wants_growth(const hmap *m);
/* Begins the growth that the map wants: doubling, or to the same size. */
HIDDEN hmap_status hmapi_hash_grow(hmap *m);
/* Begins a growth to 2^B buckets. */
HIDDEN hmap_status hmapi_begin_growth(hmap *m, hmap_growth kind, unsigned B);

/* Moves the old bucket of this bucket, and one more. HMAP_ENOMEM if the
** first could not be moved; its entries are then where they were. */
HIDDEN hmap_status hmapi_grow_work(hmap *m, uint64_t bucket);
/* Moves the old bucket at the mark. */
HIDDEN hmap_status hmapi_evacuate_next(hmap *m);

/* What a write does after its own work: attic, and growth asked for. */
HIDDEN void hmapi_do_chores(hmap *m);

/* In iter.c: the chain at `head` is about to move; open iterators that stand
** in it keep what they have still to give. */
HIDDEN hmap_status hmapi_iters_settle(hmap *m, bmap *head);
/* All entries are gone, array `was` is now `now` (NULL: none). */
HIDDEN void hmapi_iters_cleared(hmap *m, const bmap *was, bmap *now);
HIDDEN void hmapi_iters_orphan(hmap *m);

#endif
