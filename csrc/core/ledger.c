/* ledger.c: accounts opened, closed and kept; ledger.h says where the work is
** counted. */
#include "ledger.h"

#include "probe.h"
#include "road.h"

/* A page given back costs about what a line does; what is only mapped costs
** the same, be it large or small. */
uint64_t hmap_cost(const hmap_work *w) {
  const uint64_t line = 64, page = 4096, mapping = 16;
  return w->hashes + w->slots / HMAP_BUCKET_COUNT + w->comparisons +
         2 * w->moved + w->passed + w->blocks + w->cleared / line +
         w->released / page + (w->mapped > 0 ? mapping : 0);
}

void hmapi_begin_op(op_stats *l, hmap_op_kind kind) {
  uint64_t number = l->op.number + 1;
  l->op = (hmap_op){.kind = kind, .number = number};
}

void hmapi_count_resize(op_stats *l, const hmap *m, bool begins) {
  hmap_op *op = &l->op;
  if (!begins && op->began) {
    op->ended = true;
    return;
  }
  *(begins ? &op->began : &op->ended) = true;
  op->growth = (hmap_growth)m->resize_kind;
  op->from = noldbuckets(m);
  op->to = nbuckets(m);
}

static void add_up(hmap_totals *t, const hmap_op *op) {
#define HMAP_X(member)                                                         \
  t->sum.member += op->work.member;                                            \
  if (op->work.member > t->worst.member)                                       \
    t->worst.member = op->work.member;
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
  t->ops[op->kind]++;
}

static void rank(op_stats *l) {
  size_t at = l->nworst;
  if (at == HMAP_LEDGER_WORST && l->worst[at - 1].cost >= l->op.cost)
    return;
  if (at == HMAP_LEDGER_WORST)
    at--;
  else
    l->nworst++;
  for (; at > 0 && l->worst[at - 1].cost < l->op.cost; at--)
    l->worst[at] = l->worst[at - 1];
  l->worst[at] = l->op;
}

void hmapi_end_op(const hmap *m) {
  op_stats *l = m->op_stats;
  l->op.cost = hmap_cost(&l->op.work);
  l->op.count = (size_t)m->count;
  add_up(&l->totals, &l->op);
  rank(l);
  l->last = l->op;
}

/* -- in public ------------------------------------------------------------ */

void hmapi_close_op_stats(hmap *m) {
  op_stats *l = m->op_stats;
  m->op_stats = NULL;
  if (l != NULL)
    hmapi_free(m, PART_HEADER, l, sizeof *l);
  set_fast_path(m);
}

static hmap_status open_op_stats(hmap *m) {
  hmap_status why = HMAP_OK;
  op_stats *l = hmapi_alloc(m, PART_HEADER, sizeof *l, &why);
  if (l == NULL)
    return why;
  hmapi_close_op_stats(m);
  m->op_stats = memset(l, 0, sizeof *l);
  set_fast_path(m);
  return HMAP_OK;
}

hmap_status hmap_set_ledger(hmap *m, bool on) {
  if (on)
    return open_op_stats(m);
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

bool hmap_same_key(const hmap *m, const void *a, const void *b) {
  const cell_type *c = &m->t->key;
  hmap_cell x, y;
  return key_equal(c, with_hash_bits(c, a, 0, &x), with_hash_bits(c, b, 0, &y));
}
