/* grow.h: when a map moves its entries (policy.c), and how (grow.c).
**
** Doubling, growth to the same size, shrink and rekey are kinds of one move:
** from the old array to the new one, chain by chain.
*/
#ifndef HMAP_CORE_GROW_H
#define HMAP_CORE_GROW_H

#include "map.h"

/* The largest number of entries for which 2^B buckets do not double. */
HIDDEN uint64_t hmapi_threshold(const hmap *m, unsigned B);
/* The least B that holds so many entries. */
HIDDEN unsigned hmapi_least_B(const hmap *m, uint64_t entries);
/* To be called when B or the policy changes: the counts that writes compare
** with. */
HIDDEN void hmapi_set_thresholds(hmap *m);

/* Whether the insert of a new key must begin a growth first. */
static ALWAYS_INLINE bool wants_growth(const hmap *m) {
  return !growing(m) && (m->count + 1 > m->grow_threshold ||
                         m->noverflow >= m->same_size_threshold);
}
/* Begins the growth that the map wants: doubling, or to the same size. */
HIDDEN hmap_status hmapi_hash_grow(hmap *m);
/* Begins a move to 2^B buckets; the map must not be growing. Refused, it has
** changed nothing. */
HIDDEN hmap_status hmapi_begin_resize(hmap *m, hmap_growth kind, unsigned B);
HIDDEN hmap_status hmapi_begin_rekey(hmap *m);
/* Gives a map without buckets its first 2^B. */
HIDDEN hmap_status hmapi_first_array(hmap *m, unsigned B);

/* What a write does first while the map grows: moves old bucket o, which it
** needs, and more by policy. HMAP_ENOMEM if o could not be moved; its entries
** are then where they were. */
HIDDEN hmap_status hmapi_grow_work(hmap *m, uint64_t o);
/* Asks for old bucket o and for where its entries will go: memory that no cache
** has, at once and not one line after the other. */
HIDDEN void hmapi_prefetch_move(const hmap *m, uint64_t o);
/* Moves the old bucket at the mark. */
HIDDEN hmap_status hmapi_evacuate_next(hmap *m);

/* Leaves the old array, whose chains own their entries if `holding`: nothing
** moves any more. */
HIDDEN void hmapi_leave_old(hmap *m, bool holding);

/* What policy does after a delete, and after an insert that gave this bucket
** one more overflow bucket. */
HIDDEN void hmapi_after_delete(hmap *m);
HIDDEN void hmapi_after_overflow(hmap *m, uint64_t bucket);
/* What a write does after its own work: attic, and moves asked for. */
HIDDEN void hmapi_do_deferred(hmap *m);
HIDDEN bool hmapi_is_pending(const hmap *m);

/* Forgets keyings until at most `keep` are left. */
HIDDEN void hmapi_forget_hash_keys(hmap *m, unsigned copy_to_stack);

/* In iter.c: the chain at `head` is about to move; open iterators that stand
** in it keep what they have still to give. */
HIDDEN hmap_status hmapi_iters_save_pending(hmap *m, bmap *head);
/* All entries are gone; the n buckets at `was` are now at `now` (or NULL). */
HIDDEN void hmapi_iters_cleared(hmap *m, const bmap *was, uint64_t n,
                                bmap *now);
HIDDEN void hmapi_iters_detach(hmap *m);

#endif
