/* opstats.c: who may look at a map, and what operations have done so far. */
#include "core/map/fast_path.h"
#include "core/map/observe.h"

hmap_status hmap_set_ledger(hmap *m, bool on) {
  if (on)
    return hmapi_open_op_stats(m);
  hmapi_close_op_stats(m);
  return HMAP_OK;
}

bool hmap_last_op(const hmap *m, hmap_op *out) {
  if (m->op_stats == NULL || m->op_stats->last.number == 0)
    return false;
  *out = m->op_stats->last;
  return true;
}

size_t hmap_worst_ops(const hmap *m, hmap_op *out, size_t n) {
  if (m->op_stats == NULL)
    return 0;
  if (n > m->op_stats->nworst)
    n = m->op_stats->nworst;
  memcpy(out, m->op_stats->worst, n * sizeof *out);
  return n;
}

bool hmap_get_totals(const hmap *m, hmap_totals *out) {
  if (m->op_stats != NULL)
    *out = m->op_stats->totals;
  return m->op_stats != NULL;
}

void hmap_set_watch(hmap *m, hmap_watcher watcher, void *ud) {
  m->watcher = watcher;
  m->watcher_ud = ud;
  set_fast_path(m);
}

void hmap_set_sink(hmap *m, hmap_sink sink, void *ud) {
  m->sink = sink;
  m->sink_ud = ud;
}
