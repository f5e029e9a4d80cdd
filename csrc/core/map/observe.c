/* observe.c: the statistics of operations: opened, added to, closed. */
#include "core/map/observe.h"

#include "core/map/fast_path.h"

uint64_t hmap_cost(const hmap_work *w) {
  uint64_t cost = w->mapped > 0 ? HMAP_MAPPING_COST : 0;
#define HMAP_X(member, times, per) cost += (times) * (w->member / (per));
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
  return cost;
}

void hmapi_begin_op(const hmap *m, hmap_op_kind kind) {
  op_stats *l = m->op_stats;
  uint64_t number = l->op.number + 1;
  l->op = (hmap_op){.kind = kind, .number = number};
}

void hmapi_count_resize(const hmap *m, bool begins) {
  hmap_op *op = &m->op_stats->op;
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
#define HMAP_X(member, times, per)                                             \
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

void hmapi_close_op_stats(hmap *m) {
  op_stats *l = m->op_stats;
  m->op_stats = NULL;
  m->heap.work = NULL;
  if (l != NULL)
    hmapi_free(&m->heap, PART_HEADER, l, sizeof *l);
  set_fast_path(m);
}

hmap_status hmapi_open_op_stats(hmap *m) {
  hmap_status why = HMAP_OK;
  op_stats *l = hmapi_alloc(&m->heap, PART_HEADER, sizeof *l, &why);
  if (l == NULL)
    return why;
  hmapi_close_op_stats(m);
  m->op_stats = memset(l, 0, sizeof *l);
  m->heap.work = &l->op.work;
  set_fast_path(m);
  return HMAP_OK;
}
