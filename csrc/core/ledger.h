/* ledger.h: what each operation does, counted while somebody wants to know.
**
** An operation begins and ends at its public entry; between, each place that
** does work adds to the account in hand. Places that a lookup or an insert
** passes every time do not ask whether there is one: such an operation has a
** second instance of itself, with a visitor, which runs while the map is
** observed. So a closed ledger costs the hot paths nothing that they do not
** spend already: the branch by which a typed entry finds that it cannot go its
** own road is the one that leads here.
*/
#ifndef HMAP_CORE_OPSTATS_H
#define HMAP_CORE_OPSTATS_H

#include "map.h"

typedef struct op_stats {
  hmap_op op;   /* in hand */
  hmap_op last; /* the one before */
  hmap_totals totals;
  hmap_op worst[HMAP_LEDGER_WORST]; /* the costliest first */
  size_t nworst;
} op_stats;

/* The work of the operation in hand, or NULL. */
static inline hmap_work *work_in_hand(const hmap *m) {
  return m->op_stats != NULL ? &m->op_stats->op.work : NULL;
}

/* Frees the ledger, if there is one. */
HIDDEN void hmapi_close_op_stats(hmap *m);

HIDDEN void hmapi_begin_op(op_stats *l, hmap_op_kind kind);
HIDDEN void hmapi_end_op(const hmap *m);
HIDDEN void hmapi_count_resize(op_stats *l, const hmap *m, bool begins);

static inline void begin_op(const hmap *m, hmap_op_kind kind) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_begin_op(m->op_stats, kind);
}
static inline void end_op(const hmap *m) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_end_op(m);
}
static inline void count_resize(const hmap *m, bool begins) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_count_resize(m->op_stats, m, begins);
}

/* COUNT_WORK(m, slots, 8): adds to the work in hand, if there is a ledger. */
#define COUNT_WORK(m, member, n)                                               \
  do {                                                                         \
    hmap_work *work_ = work_in_hand(m);                                        \
    if (UNLIKELY(work_ != NULL))                                               \
      work_->member += (n);                                                    \
  } while (0)

static inline void notify_entry(const hmap *m, hmap_touch t) {
  if (m->watcher != NULL)
    m->watcher(m->watcher_ud, &t);
}

#endif
