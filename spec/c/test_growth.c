/* test_growth.c: when a map grows, who moves what, and what is left of deleted
** entries, all by Go's rules. Other policies are in test_moves.c; that the
** rules are Go's is conformance.c's affair. */
#define _DEFAULT_SOURCE 1
#include "cells.h"
#include "heap.h"

static hmap *m;

/* Keys are their own hashes, so a test knows which bucket each goes to. */
static hmap *new_map(hmap_hash hash, const hmap_policy *policy) {
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .hash = hash,
                    .policy = policy,
                    .seeded = true,
                    .seed = 3};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  return m;
}

static void put(int64_t k) { EXPECT(hmap_put(m, &k, &k) == HMAP_OK); }

static void put_from_to(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    put(k);
}

static hmap_stats stats(void) {
  hmap_stats s;
  hmap_get_stats(m, &s);
  return s;
}

static hmap_header header(void) {
  hmap_header h;
  hmap_get_header(m, &h);
  return h;
}

static hmap_bucket_view bucket(uint64_t i, size_t depth) {
  hmap_bucket_view b;
  EXPECT(hmap_view_bucket(m, HMAP_NEW, i, depth, &b));
  return b;
}

static void done(void) {
  expect_sound(m);
  hmap_free(m);
}

/* -- doubling ------------------------------------------------------------- */

static void doubles_beyond_six_and_a_half(void) {
  static const size_t grows_at[] = {9, 14, 27, 53, 105, 209, 417, 833, 1665};
  size_t i = 0;
  new_map(HMAP_HASH_XXH3, NULL);
  for (int64_t k = 1; i < sizeof grows_at / sizeof grows_at[0]; k++) {
    hmap_stats before = stats();
    put(k);
    if (stats().growths[HMAP_GROW_DOUBLE] == before.growths[HMAP_GROW_DOUBLE])
      continue;
    EXPECT(hmap_count(m) == grows_at[i++]);
    EXPECT(before.next_growth_at + 1 == hmap_count(m));
  }
  done();
}

static void expect_moved(uint64_t moved, uint64_t mark) {
  EXPECT(stats().evacuated == moved && stats().remaining == 8 - moved);
  EXPECT(header().nevacuate == mark);
}

/* From 8 buckets to 16: the key's own old bucket, then the one at the mark. */
static void a_write_moves_two(void) {
  new_map(HMAP_HASH_IDENTITY, NULL);
  put_from_to(0, 53);
  expect_moved(2, 1); /* 4 and 0 */
  EXPECT(hmap_get(m, &(int64_t){3}) != NULL);
  expect_moved(2, 1);
  EXPECT(!hmap_delete(m, &(int64_t){1000}));
  expect_moved(3, 2); /* 0 had moved; 1 */
  put(3);
  expect_moved(5, 5); /* 3 and 2, and the mark passes 3 and 4 */
  put(6);
  expect_moved(7, 7); /* 6 and 5 */
  put(0);
  EXPECT(!stats().growing && header().nevacuate == 8);
  done();
}

static void reads_the_old_bucket_until_it_moves(void) {
  hmap_explanation e;
  new_map(HMAP_HASH_IDENTITY, NULL);
  put_from_to(0, 53);
  hmap_explain(m, &(int64_t){7}, &e);
  EXPECT(e.found && e.which == HMAP_OLD && e.bucket == 7);
  put(7);
  hmap_explain(m, &(int64_t){7}, &e);
  EXPECT(e.found && e.which == HMAP_NEW && e.bucket == 7);
  hmap_explain(m, &(int64_t){15}, &e);
  EXPECT(e.found && e.which == HMAP_NEW && e.bucket == 15);
  done();
}

static void no_second_growth_before_the_first_is_over(void) {
  hmap_policy manual = hmap_policy_of(HMAP_POLICY_GO);
  manual.step_on = HMAP_STEP_MANUAL;
  new_map(HMAP_HASH_IDENTITY, &manual);
  for (int64_t k = 0; k < 4000; k++)
    put(k * 8 + 1); /* one old bucket of 8 gets it all */
  EXPECT(stats().growing && stats().remaining > 0);
  EXPECT(stats().noldbuckets == 1 || stats().nbuckets <= 16);
  done();
}

static void steps_finish_a_growth(void) {
  size_t moved, remaining, sum = 0;
  new_map(HMAP_HASH_XXH3, NULL);
  put_from_to(0, 833);
  uint64_t waiting = stats().remaining;
  EXPECT(stats().growing && waiting > 100);
  do {
    EXPECT(hmap_step(m, 7, &moved, &remaining) == HMAP_OK);
    EXPECT(moved <= 7 && (moved == 7 || remaining == 0));
    expect_sound(m);
    sum += moved;
  } while (remaining > 0);
  EXPECT(sum <= waiting && sum + 8 >= waiting && !stats().growing);
  EXPECT(hmap_step(m, 7, &moved, &remaining) == HMAP_OK);
  EXPECT(moved == 0 && remaining == 0);
  done();
}

/* -- growth to the same size ---------------------------------------------- */

/* Eight buckets, each with one entry, alone in an overflow bucket. */
static void make_sparse(void) {
  new_map(HMAP_HASH_IDENTITY, NULL);
  EXPECT(hmap_reserve(m, 52) == HMAP_OK);
  for (int64_t i = 0; i < 8; i++) {
    for (int64_t k = i; k < i + 72; k += 8)
      put(k);
    for (int64_t k = i; k < i + 64; k += 8)
      EXPECT(hmap_delete(m, &k));
  }
  EXPECT(header().count == 8 && header().noverflow == 8);
  EXPECT(!stats().growing && stats().overflow_in_use == 8);
}

static void sparse_chains_are_packed(void) {
  size_t remaining;
  make_sparse();
  put(64); /* there already: an update begins no growth */
  EXPECT(!stats().growing);
  put(800);
  EXPECT(stats().growing && stats().kind == HMAP_GROW_SAME_SIZE);
  EXPECT(header().flags == HMAP_SAME_SIZE_GROW && header().noverflow == 0);
  EXPECT(stats().nbuckets == 8 && stats().noldbuckets == 8);
  EXPECT(hmap_step(m, 8, NULL, &remaining) == HMAP_OK && remaining == 0);
  EXPECT(header().flags == 0 && stats().overflow_in_use == 0);
  EXPECT(*(const int64_t *)bucket(5, 0).key[0] == 69);
  done();
}

static void a_clear_ends_it(void) {
  make_sparse();
  put(800);
  EXPECT(header().flags == HMAP_SAME_SIZE_GROW);
  EXPECT(hmap_clear(m) == HMAP_OK);
  EXPECT(header().flags == 0 && header().oldbuckets == NULL);
  EXPECT(header().nevacuate == 0 && header().B == 3);
  expect_sound(m);
  put_from_to(0, 100);
  done();
}

/* -- deleted entries ------------------------------------------------------ */

static void expect_marks(uint64_t i, size_t depth, const char *marks) {
  hmap_bucket_view b = bucket(i, depth);
  for (unsigned s = 0; s < HMAP_BUCKET_COUNT; s++) {
    char mark = b.state[s] == HMAP_SLOT_FULL        ? 'x'
                : b.state[s] == HMAP_SLOT_EMPTY_ONE ? '-'
                                                    : '.';
    EXPECT_SAY(mark == marks[s], "bucket %" PRIu64 ", slot %u is %c, not %c", i,
               s, mark, marks[s]);
  }
}

static void delete_one(int64_t k) { EXPECT(hmap_delete(m, &k)); }

/* One bucket and an overflow bucket: keys 0 to 9 in slots 0 to 9. */
static void tombstones_vanish_from_the_end(void) {
  new_map(HMAP_HASH_CONSTANT, NULL);
  EXPECT(hmap_reserve(m, 13) == HMAP_OK);
  put_from_to(0, 10);
  uint64_t i = UINT64_C(0xc3a5c85c97cb3127) % stats().nbuckets;
  expect_marks(i, 0, "xxxxxxxx");
  expect_marks(i, 1, "xx......");
  delete_one(8);
  expect_marks(i, 1, "-x......");
  delete_one(7);
  delete_one(6);
  expect_marks(i, 0, "xxxxxx--");
  delete_one(9); /* the last one: all before it that are empty go with it */
  expect_marks(i, 1, "........");
  expect_marks(i, 0, "xxxxxx..");
  delete_one(2);
  expect_marks(i, 0, "xx-xxx..");
  put(100); /* the first empty slot is taken */
  expect_marks(i, 0, "xxxxxx..");
  EXPECT(*(const int64_t *)bucket(i, 0).key[2] == 100);
  done();
}

static void the_last_delete_draws_a_new_hash0(void) {
  new_map(HMAP_HASH_XXH3, NULL);
  put_from_to(0, 100);
  uint32_t before = header().hash0;
  uint8_t B = header().B;
  for (int64_t k = 0; k < 99; k++)
    delete_one(k);
  EXPECT(header().hash0 == before);
  delete_one(99);
  EXPECT(header().hash0 != before && header().B == B);
  EXPECT(header().count == 0 && header().buckets != NULL);
  done();
}

/* -- events --------------------------------------------------------------- */

static struct {
  uint64_t begun, ended, moved, to_x, to_y, overflow, clears, order;
  bool growing;
} told;

static void note(void *ud, const hmap_event *e) {
  EXPECT(ud == &told);
  switch (e->kind) {
  case HMAP_EVENT_GROW_BEGIN:
    EXPECT(!told.growing && e->to >= e->from);
    told.growing = true;
    told.begun++;
    break;
  case HMAP_EVENT_GROW_END:
    EXPECT(told.growing && told.moved == e->from);
    told.growing = false;
    told.moved = 0;
    told.ended++;
    break;
  case HMAP_EVENT_EVACUATE:
    EXPECT(told.growing);
    told.moved++;
    told.to_x += e->to_x;
    told.to_y += e->to_y;
    break;
  case HMAP_EVENT_OVERFLOW:
    told.overflow++;
    break;
  case HMAP_EVENT_CLEAR:
    EXPECT(e->count == 0);
    told.clears++;
    break;
  case HMAP_EVENT_RELEASE:
    break;
  }
}

static void events_tell_it_all(void) {
  memset(&told, 0, sizeof told);
  new_map(HMAP_HASH_XXH3, NULL);
  hmap_set_sink(m, note, &told);
  put_from_to(0, 5000);
  EXPECT(told.begun == stats().growths[HMAP_GROW_DOUBLE] +
                           stats().growths[HMAP_GROW_SAME_SIZE]);
  EXPECT(told.begun - told.ended == stats().growing);
  EXPECT(told.to_x > 2000 && told.to_y > 2000 && told.overflow > 10);
  EXPECT(hmap_step(m, 10000, NULL, NULL) == HMAP_OK && !told.growing);
  EXPECT(hmap_rekey(m) == HMAP_OK && told.growing);
  EXPECT(hmap_step(m, 10000, NULL, NULL) == HMAP_OK && !told.growing);
  EXPECT(hmap_clear(m) == HMAP_OK && told.clears == 1);
  hmap_set_sink(m, NULL, NULL);
  put_from_to(0, 5000);
  EXPECT(told.clears == 1);
  done();
}

int main(void) {
  it("a map doubles when an insert would pass 6.5 entries a bucket",
     doubles_beyond_six_and_a_half);
  it("a write moves its own old bucket and one more", a_write_moves_two);
  it("a key is read in its old bucket until that has moved",
     reads_the_old_bucket_until_it_moves);
  it("no growth begins before the one under way is over",
     no_second_growth_before_the_first_is_over);
  it("steps finish a growth, and say what they moved", steps_finish_a_growth);
  it("sparse chains are packed by a growth to the same size",
     sparse_chains_are_packed);
  it("a clear ends a growth to the same size", a_clear_ends_it);
  it("tombstones vanish from the end of a chain and are taken again",
     tombstones_vanish_from_the_end);
  it("the delete of the last entry draws a new hash0",
     the_last_delete_draws_a_new_hash0);
  it("events tell of every growth, move, overflow bucket and clear",
     events_tell_it_all);
  return summary();
}
