/* policy.h: when a map moves its entries, and what else it has to do. */
#ifndef HMAP_CORE_POLICY_H
#define HMAP_CORE_POLICY_H

#include "core/map/map.h"

/* The least B that holds so many entries. */
HIDDEN unsigned hmapi_least_B(const hmap *m, uint64_t entries);
/* To be called when B or the policy changes: the counts that writes compare
** with. */
HIDDEN void hmapi_set_thresholds(hmap *m);

/* Whether the insert of a new key must begin a growth first. */
static ALWAYS_INLINE bool wants_growth(const hmap *m) {
  return !growing(m) &&
         (m->count + 1 > m->grow_threshold || m->noverflow >= m->same_size_at);
}

/* What policy does after a delete, and after an insert that gave this bucket
** one more overflow bucket. */
HIDDEN void hmapi_after_delete(hmap *m);
HIDDEN void hmapi_after_overflow(hmap *m, uint64_t bucket);

/* Deferred work, of which m->heap.deferred says that there is some: arrays and
** slabs to give back, the next array to map, moves that wait for their turn.
** Each call does a bounded piece. */
HIDDEN void hmapi_do_deferred(hmap *m);
static ALWAYS_INLINE void finish_write(hmap *m) {
  if (UNLIKELY(m->heap.deferred))
    hmapi_do_deferred(m);
}

/* Whether a move waits for its turn. */
HIDDEN bool hmapi_is_pending(const hmap *m);

#endif
