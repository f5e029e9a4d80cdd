/* iter.h: open iterators, for those who move entries (iter.c says how it goes
** together), and the steps that iterators and scans have in common. */
#ifndef HMAP_CORE_ITER_H
#define HMAP_CORE_ITER_H

#include "core/map/map.h"

/* The chain at `head` is about to move; open iterators that stand in it keep
** what they have still to give. */
HIDDEN hmap_status hmapi_iters_save_pending(hmap *m, bmap *head);
/* All entries are gone; the n buckets at `was` are now at `now` (or NULL). */
HIDDEN void hmapi_iters_cleared(hmap *m, const bmap *was, uint64_t n,
                                bmap *now);
/* Closes them all. */
HIDDEN void hmapi_iters_detach(hmap *m);

/* -- for iter.c and scan.c ------------------------------------------------ */

HIDDEN void hmapi_iter_open(hmap_iter *it, hmap *m);
/* Whether the map has forgotten a hash key by which the iterator knows what it
** has given: it cannot go on. */
HIDDEN bool hmapi_iter_is_lost(const hmap_iter *it);
/* Gives the next entry of the class in hand, if there is one. */
HIDDEN bool hmapi_iter_next_in_class(hmap_iter *it);
/* Goes on from (cls, level) to the class behind it. */
HIDDEN void hmapi_pass_class(hmap_position *p);
/* Whether it is the position at which its iterator began. */
static inline bool is_start(const hmap_position *p) {
  return p->level == p->B && p->cls == p->start;
}
/* Begins anew, in classes of 2^B at first, in the order of the map as it is,
** leaving out what was given. HMAP_ECURSOR: after too many rekeys. */
HIDDEN hmap_status hmapi_iter_start_over(hmap_iter *it, unsigned B);
/* After the class in hand: to the position behind it, under the hash key of
** now, in classes of 2^B at first. */
HIDDEN hmap_status hmapi_iter_move_on(hmap_iter *it, unsigned B);
/* Takes up the class at the iterator's position. */
HIDDEN void hmapi_iter_enter_class(hmap_iter *it);

#define BUCKETS_AHEAD 64

/* Buckets to come behind bucket i, and overflow buckets of those that are here
** by now, which lie anywhere. */
static ALWAYS_INLINE void prefetch_ahead(const hmap *m, uint64_t i) {
  const hmap_type *t = m->t;
  if (i + BUCKETS_AHEAD > m->mask)
    return;
  bmap *last = bucket_at(t, m->buckets, i + BUCKETS_AHEAD);
  bmap *more = overflow_of(t, bucket_at(t, m->buckets, i + BUCKETS_AHEAD / 2));
  prefetch_bucket(last);
  prefetch_bucket(more != NULL ? more : last); /* no branch to be guessed */
}

/* At rest, classes are buckets: takes up the next one, and fetches what comes
** then. False: they are not, or it is the last; all is as it was. */
static ALWAYS_INLINE bool hmapi_iter_enter_next(hmap_iter *it) {
  const hmap *m = it->m;
  hmap_position *p = &it->now;
  uint64_t next = (p->bucket + 1) & m->mask;
  if (growing(m) || p->level != p->B || p->B != m->B || p->epoch != m->epoch ||
      it->npast > 0 || !it->begun || next == p->start)
    return false;
  p->bucket = p->cls = next;
  it->head = it->at = bucket_at(m->t, m->buckets, next);
  it->slot = 0;
  it->filter = false;
  prefetch_ahead(m, next);
  return true;
}

/* Whether entries are where no class finds them: those of a rekey, and NaN keys
** that were put during a shrink. */
static inline bool unordered(const hmap *m) {
  return rekeying(m) || (merging(m) && m->nans > 0);
}
/* Moves up to n old buckets while that is so. */
HIDDEN hmap_status hmapi_put_in_order(hmap *m, uint64_t n);

#endif
