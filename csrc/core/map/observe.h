/* observe.h: who looks at a map: the event callback, the watcher of entries,
** and the statistics of operations.
**
** An operation begins and ends at its public entry point; between, each place
** that does work counts it (COUNT_WORK). Places that every lookup or insert
** passes do not ask whether somebody counts: such an operation has a second
** instance of itself, with a visitor, which runs while m->has_observers. So
** statistics that are off cost the hot paths nothing beyond a branch that they
** have already: the one by which a typed entry point leaves its fast path.
*/
#ifndef HMAP_CORE_OBSERVE_H
#define HMAP_CORE_OBSERVE_H

#include "core/map/map.h"
#include "core/map/probe.h"

typedef struct op_stats {
  hmap_op op;   /* in hand; m->heap.work is its work */
  hmap_op last; /* the one before */
  hmap_totals totals;
  hmap_op worst[HMAP_LEDGER_WORST]; /* the costliest first */
  size_t nworst;
} op_stats;

HIDDEN hmap_status hmapi_open_op_stats(hmap *m);
/* Frees them, if there are any. */
HIDDEN void hmapi_close_op_stats(hmap *m);

HIDDEN void hmapi_begin_op(const hmap *m, hmap_op_kind kind);
HIDDEN void hmapi_end_op(const hmap *m);
HIDDEN void hmapi_count_resize(const hmap *m, bool begins);

static inline void begin_op(const hmap *m, hmap_op_kind kind) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_begin_op(m, kind);
}
static inline void end_op(const hmap *m) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_end_op(m);
}
static inline void count_resize(const hmap *m, bool begins) {
  if (UNLIKELY(m->op_stats != NULL))
    hmapi_count_resize(m, begins);
}

/* The work of a search, added to that of its operation. */
static inline void count_search(const hmap *m, const visitor *v) {
  COUNT_WORK(&m->heap, hashes, v->hashes);
  COUNT_WORK(&m->heap, slots, v->buckets * HMAP_BUCKET_COUNT);
  COUNT_WORK(&m->heap, comparisons, v->comparisons);
}

static inline void notify_entry(const hmap *m, hmap_touch t) {
  if (m->watcher != NULL)
    m->watcher(m->watcher_ud, &t);
}

static inline void emit(hmap *m, hmap_event event) {
  if (UNLIKELY(m->sink != NULL)) {
    event.count = (size_t)m->count;
    m->sink(m->sink_ud, &event);
  }
}

#endif
