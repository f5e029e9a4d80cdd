/* test_ledger.c: what operations are said to do, against what they are seen to
** do; the bounds that no operation passes; and that being looked at changes
** nothing. */
#include "check.h"

/* Release builds try the bounds on ten million entries. */
#ifdef NDEBUG
#  define MANY 10000000
#else
#  define MANY 300000
#endif

static hmap *m;

static hmap_options options_of(hmap_kind key, hmap_preset preset) {
  static hmap_policy policy;
  policy = hmap_policy_of(preset);
  return (hmap_options){.key = {.kind = key},
                        .elem = {.kind = HMAP_INT64},
                        .policy = &policy,
                        .seeded = true,
                        .seed = 7};
}

static void make(hmap_kind key, hmap_preset preset, bool ledger) {
  hmap_options o = options_of(key, preset);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  EXPECT(hmap_set_ledger(m, ledger) == HMAP_OK);
}

static void over(void) {
  expect_sound(m);
  hmap_free(m);
}

static int64_t key_of(int64_t i) {
  uint64_t state = (uint64_t)i;
  return (int64_t)draw(&state);
}
static void put(int64_t i) {
  EXPECT(hmap_put_i64(m, key_of(i), &i) == HMAP_OK);
}
static bool drop(int64_t i) { return hmap_delete_i64(m, key_of(i)); }

static hmap_op last(void) {
  hmap_op op;
  EXPECT(hmap_last_op(m, &op));
  return op;
}
static hmap_totals totals(void) {
  hmap_totals t;
  EXPECT(hmap_get_totals(m, &t));
  return t;
}

/* -- one operation -------------------------------------------------------- */

static void a_closed_ledger_says_nothing(void) {
  hmap_op op;
  hmap_totals t;
  make(HMAP_INT64, HMAP_POLICY_GO, false);
  put(1);
  EXPECT(!hmap_last_op(m, &op) && !hmap_get_totals(m, &t));
  EXPECT(hmap_worst_ops(m, &op, 1) == 0);
  EXPECT(hmap_set_ledger(m, true) == HMAP_OK);
  EXPECT(!hmap_last_op(m, &op) && hmap_worst_ops(m, &op, 1) == 0);
  put(2);
  EXPECT(last().kind == HMAP_OP_PUT && last().number == 1);
  EXPECT(hmap_set_ledger(m, true) == HMAP_OK);
  EXPECT(totals().ops[HMAP_OP_PUT] == 0);
  EXPECT(hmap_set_ledger(m, false) == HMAP_OK && !hmap_last_op(m, &op));
  over();
}

/* The work of a lookup is what hmap_explain tells of it, growing or not. */
static void a_lookup_costs_what_explain_says(void) {
  make(HMAP_INT64, HMAP_POLICY_GO, true);
  for (int64_t i = 0; i < 500; i++) {
    put(i);
    for (int64_t k = i / 2; k < i + 20; k++) {
      int64_t key = key_of(k);
      hmap_explanation e;
      hmap_explain(m, &key, &e);
      EXPECT((hmap_get_i64(m, key) != NULL) == e.found);
      hmap_op op = last();
      EXPECT(op.kind == HMAP_OP_GET && op.work.hashes == 1);
      EXPECT(op.work.slots == 8 * e.buckets_read);
      EXPECT(op.work.comparisons == e.comparisons);
      EXPECT(op.work.moved == 0 && op.count == hmap_count(m));
    }
  }
  over();
}

static void expect_kind(hmap_op_kind kind, uint64_t *number) {
  EXPECT(last().kind == kind && last().number == ++*number);
}

static void every_call_is_one_operation(void) {
  uint64_t n = 0;
  int64_t key = 1, elem = 2, keys[3] = {1, 2, 3}, elems[3] = {4, 5, 6};
  const void *found[3], *now;
  bool existed;
  size_t done;
  make(HMAP_INT64, HMAP_POLICY_REDIS, true);
  EXPECT(!hmap_delete(m, &key));
  expect_kind(HMAP_OP_DELETE, &n);
  EXPECT(hmap_put(m, &key, &elem) == HMAP_OK);
  expect_kind(HMAP_OP_PUT, &n);
  EXPECT(hmap_get_or_put(m, &key, &elem, &now, &existed) == HMAP_OK && existed);
  expect_kind(HMAP_OP_GET_OR_PUT, &n);
  EXPECT(hmap_delete_i64(m, 1) && hmap_count(m) == 0);
  expect_kind(HMAP_OP_DELETE, &n);
  n += 2;
  EXPECT(hmap_put_many(m, keys, elems, 3, &done) == HMAP_OK && done == 3);
  expect_kind(HMAP_OP_PUT, &n);
  n += 2;
  hmap_get_many(m, keys, 3, found);
  EXPECT(*(const int64_t *)found[2] == 6);
  expect_kind(HMAP_OP_GET, &n);
  n += 1;
  EXPECT(hmap_delete_many(m, keys, 2) == 2);
  expect_kind(HMAP_OP_DELETE, &n);
  EXPECT(hmap_reserve(m, 100) == HMAP_OK);
  expect_kind(HMAP_OP_RESERVE, &n);
  EXPECT(last().began && last().growth == HMAP_GROW_DOUBLE);
  EXPECT(last().work.cleared > 0);
  hmap_read_step(m);
  expect_kind(HMAP_OP_READ_STEP, &n);
  EXPECT(hmap_step(m, 100, NULL, NULL) == HMAP_OK);
  expect_kind(HMAP_OP_STEP, &n);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  expect_kind(HMAP_OP_REKEY, &n);
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  expect_kind(HMAP_OP_STEP, &n);
  EXPECT(last().ended && last().growth == HMAP_GROW_REKEY);
  EXPECT(last().work.hashes == last().work.moved);
  EXPECT(hmap_shrink(m) == HMAP_OK);
  expect_kind(HMAP_OP_SHRINK, &n);
  EXPECT(last().growth == HMAP_GROW_SHRINK && last().from > last().to);
  EXPECT(hmap_clear(m) == HMAP_OK);
  expect_kind(HMAP_OP_CLEAR, &n);
  over();
}

/* -- many operations ------------------------------------------------------ */

/* What the map itself tells of its cold work. */
static hmap_work told;

static void tell(void *ud, const hmap_event *e) {
  (void)ud;
  told.evacuated += e->kind == HMAP_EVENT_EVACUATE;
  told.overflow += e->kind == HMAP_EVENT_OVERFLOW;
  if (e->kind == HMAP_EVENT_EVACUATE)
    told.moved += e->to_x + e->to_y;
  if (e->kind == HMAP_EVENT_RELEASE)
    told.released += e->bytes;
}

static void churn(int64_t n) {
  uint64_t state = 5;
  for (int64_t i = 0; i < n; i++) {
    put((int64_t)below(&state, (uint64_t)n));
    if (i % 3 == 0)
      (void)drop((int64_t)below(&state, (uint64_t)n));
    if (i % 20000 == 19999)
      EXPECT(hmap_rekey(m) == HMAP_OK && hmap_shrink(m) == HMAP_OK);
  }
}

static void the_sums_are_what_events_tell(void) {
  make(HMAP_INT64, HMAP_POLICY_ADAPTIVE, true);
  told = (hmap_work){.moved = 0};
  hmap_set_sink(m, tell, NULL);
  churn(100000);
  hmap_work sum = totals().sum;
  EXPECT(told.evacuated > 1000 && sum.evacuated == told.evacuated);
  EXPECT(sum.moved == told.moved && sum.overflow == told.overflow);
  EXPECT(told.released > 0 && sum.released >= told.released);
  EXPECT(sum.passed <= sum.evacuated);
  over();
}

/* Against a list of all operations, sorted by hand. */
static void the_worst_are_the_worst(void) {
  enum { N = 3000 };
  static hmap_op all[N];
  hmap_op worst[HMAP_LEDGER_WORST + 1];
  make(HMAP_INT64, HMAP_POLICY_GO, true);
  for (int i = 0; i < N; i++) {
    put(i);
    all[i] = last();
    EXPECT(all[i].cost == hmap_cost(&all[i].work));
  }
  size_t n = hmap_worst_ops(m, worst, HMAP_LEDGER_WORST + 1);
  EXPECT(n == HMAP_LEDGER_WORST);
  for (size_t w = 0; w < n; w++) {
    int best = 0; /* the costliest that is left, of equals the first */
    for (int i = 1; i < N; i++)
      if (all[i].cost > all[best].cost)
        best = i;
    EXPECT(worst[w].number == all[best].number);
    all[best].cost = 0;
  }
  EXPECT(hmap_worst_ops(m, worst, 3) == 3);
  over();
}

/* -- bounds --------------------------------------------------------------- */

/* Of one operation of any kind, whatever the number of entries, with a good
** hash and policies that move old buckets as they go. A write moves the chain
** that it needs and one more, and may then begin another growth and do the same
** in that. Arrays up to 32 KiB, of maps of some hundred entries, are cleared
** and freed whole, those below 128 KiB keep their overflow buckets to the end;
** of others one slice of 32 KiB goes back at the mark, one from the list, and
** with it what four chains of it own. */
static const hmap_work bound = {.hashes = 64,
                                .slots = 2048,
                                .comparisons = 8,
                                .moved = 64,
                                .evacuated = 4,
                                .passed = 1025,
                                .overflow = 8,
                                .blocks = 192,
                                .cleared = 32 << 10,
                                .mapped = SIZE_MAX,
                                .released = 128 << 10};

static void expect_within(hmap_work w) {
#define HMAP_X(member, times, per)                                             \
  EXPECT_SAY(w.member <= bound.member, #member " of one operation: %" PRIu64,  \
             w.member);
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
}

static void go_through_everything(int64_t n) {
  for (int64_t i = 0; i < n; i++)
    put(i);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  for (int64_t i = 0; i < n; i++)
    (void)hmap_get_i64(m, key_of(i));
  for (int64_t i = 0; i < n; i++)
    EXPECT(drop(i));
  EXPECT(hmap_shrink(m) == HMAP_OK);
  for (int64_t i = 0; i < n / 10; i++)
    put(i);
  EXPECT(hmap_clear(m) == HMAP_OK);
  for (int64_t i = 0; i < n / 20; i++)
    put(i);
  expect_within(totals().worst);
}

static void no_operation_passes_the_bound(void) {
  for (int64_t n = MANY / 10000; n <= MANY; n *= 100) {
    make(HMAP_INT64, HMAP_POLICY_ADAPTIVE, true);
    go_through_everything(n);
    over();
  }
}

/* Where pages take no memory until touched; from 2^11 buckets on arrays go back
** in slices. */
static void a_large_array_is_mapped_ahead(void) {
  hmap_memory then;
  uint64_t doublings = 0;
  make(HMAP_INT64, HMAP_POLICY_GO, true);
  for (int64_t i = 0; i < 200000; i++) {
    put(i);
    if (!last().began || last().from < 2048)
      continue;
    doublings++;
    hmap_get_memory(m, &then);
    EXPECT(last().work.mapped == 0);
    EXPECT(then.buckets == 144 * last().to);
  }
  EXPECT(doublings > 3);
  EXPECT(hmap_clear(m) == HMAP_OK && hmap_reserve(m, 1000000) == HMAP_OK);
  for (int64_t i = 0; i < 100000; i++)
    put(i);
  over();
}

static void texts_go_in_small_steps(void) {
  enum { N = MANY / 20 };
  make(HMAP_STRING, HMAP_POLICY_GO, true);
  char text[40];
  for (int turn = 0; turn < 2; turn++) {
    for (int64_t i = 0; i < N; i++) {
      int len =
          snprintf(text, sizeof text, "a text longer than a cell %" PRId64, i);
      EXPECT(hmap_put_str(m, text, (size_t)len, &i) == HMAP_OK);
    }
    EXPECT(turn > 0 || hmap_clear(m) == HMAP_OK);
  }
  expect_within(totals().worst);
  over();
}

/* -- being looked at ------------------------------------------------------ */

static void expect_same_buckets(const hmap *a, const hmap *b, hmap_which which,
                                uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    hmap_bucket_view x = {.more = true}, y;
    for (size_t depth = 0; x.more; depth++) {
      EXPECT(hmap_view_bucket(a, which, i, depth, &x));
      EXPECT(hmap_view_bucket(b, which, i, depth, &y));
      EXPECT(x.unknown == y.unknown && x.more == y.more);
      EXPECT(memcmp(x.tophash, y.tophash, sizeof x.tophash) == 0);
    }
  }
}

static void ignore(void *ud, const hmap_touch *t) { (void)ud, (void)t; }

static void being_observed_changes_nothing(void) {
  make(HMAP_INT64, HMAP_POLICY_ADAPTIVE, false);
  churn(50000);
  hmap *alone = m;
  make(HMAP_INT64, HMAP_POLICY_ADAPTIVE, true);
  hmap_set_watch(m, ignore, NULL);
  churn(50000);
  hmap_header a, b;
  hmap_get_header(alone, &a);
  hmap_get_header(m, &b);
  EXPECT(a.count == b.count && a.B == b.B && a.nevacuate == b.nevacuate);
  EXPECT(a.hash0 == b.hash0 && a.noverflow == b.noverflow);
  hmap_stats s;
  hmap_get_stats(m, &s);
  expect_same_buckets(alone, m, HMAP_NEW, s.nbuckets);
  expect_same_buckets(alone, m, HMAP_OLD, s.noldbuckets);
  hmap_free(alone);
  over();
}

/* Where a watcher of all entries believes that each of them is. */
enum { WATCHED = 3000 };
static struct {
  bool there;
  hmap_which which;
  uint64_t bucket;
  int64_t written;
} seen[WATCHED];
static uint64_t moves_told;

static void see(void *ud, const hmap_touch *t) {
  (void)ud;
  int64_t k;
  memcpy(&k, t->key, sizeof k);
  bool there = seen[k].there;
  if ((t->kind == HMAP_TOUCH_INSERT) == there)
    abort();
  if (t->kind == HMAP_TOUCH_MOVE && t->from != seen[k].bucket)
    abort();
  if (t->kind == HMAP_TOUCH_DELETE &&
      (t->bucket != seen[k].bucket || t->which != seen[k].which))
    abort();
  seen[k].there = t->kind != HMAP_TOUCH_DELETE;
  seen[k].which = t->which;
  seen[k].bucket = t->bucket;
  seen[k].written += t->kind == HMAP_TOUCH_OVERWRITE;
  moves_told += t->kind == HMAP_TOUCH_MOVE;
}

/* A growth makes old what has not been told to move. */
static void grows(void *ud, const hmap_event *e) {
  (void)ud;
  for (int64_t k = 0; e->kind == HMAP_EVENT_GROW_BEGIN && k < WATCHED; k++)
    seen[k].which = HMAP_OLD;
}

static void expect_seen(int64_t k, int64_t written) {
  hmap_explanation e;
  hmap_explain(m, &k, &e);
  EXPECT(e.found == seen[k].there && seen[k].written == written);
  EXPECT(!e.found || (e.bucket == seen[k].bucket && e.which == seen[k].which));
}

static void a_watcher_is_told_everything(void) {
  static int64_t written[WATCHED];
  uint64_t state = 11;
  memset(seen, 0, sizeof seen);
  make(HMAP_INT64, HMAP_POLICY_ADAPTIVE, false);
  hmap_set_watch(m, see, NULL);
  hmap_set_sink(m, grows, NULL);
  for (int64_t i = 0; i < 60000; i++) {
    int64_t k = (int64_t)below(&state, (uint64_t)(i / 7000 % 2 ? 30 : WATCHED));
    if (i / 7000 % 2 && below(&state, 3)) {
      (void)hmap_delete_i64(m, (int64_t)below(&state, WATCHED));
      continue;
    }
    written[k] += hmap_get_i64(m, k) != NULL;
    EXPECT(hmap_put_i64(m, k, &i) == HMAP_OK);
    expect_seen(k, written[k]);
    if (i % 5000 == 0)
      EXPECT(hmap_rekey(m) == HMAP_OK);
  }
  for (int64_t k = 0; k < WATCHED; k++)
    expect_seen(k, written[k]);
  EXPECT(moves_told > 10000);
  over();
}

static void same_key_is_the_maps_own_equality(void) {
  make(HMAP_STRING, HMAP_POLICY_GO, false);
  hmap_cell a = hmap_text("a text longer than a cell", 25);
  hmap_cell b = hmap_text("a text longer than a cell", 24);
  int64_t elem = 0;
  EXPECT(hmap_put(m, &a, &elem) == HMAP_OK);
  hmap_iter it;
  hmap_iter_init(&it, m);
  EXPECT(hmap_iter_next(&it) == HMAP_OK);
  EXPECT(hmap_same_key(m, &a, it.key) && !hmap_same_key(m, &b, it.key));
  hmap_iter_close(&it);
  over();
}

int main(void) {
  it("a closed ledger says nothing, and one opened again begins anew",
     a_closed_ledger_says_nothing);
  it("a lookup's work is what explain tells of it",
     a_lookup_costs_what_explain_says);
  it("every call is one operation, and each key of a batch",
     every_call_is_one_operation);
  it("the work of all operations is what the events tell",
     the_sums_are_what_events_tell);
  it("the worst operations are the costliest, the earlier first",
     the_worst_are_the_worst);
  it("no operation does more than the bound, at any size",
     no_operation_passes_the_bound);
  it("the large array of a doubling was mapped by an earlier operation",
     a_large_array_is_mapped_ahead);
  it("texts of a cleared map go in small steps", texts_go_in_small_steps);
  it("a map that is observed does what it does alone",
     being_observed_changes_nothing);
  it("a watcher knows at any time where each entry is",
     a_watcher_is_told_everything);
  it("same_key is the map's own equality", same_key_is_the_maps_own_equality);
  return summary();
}
