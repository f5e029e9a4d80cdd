/* test_check.c: hmap_check is itself held to account: each law is broken once,
** by hand, and must be missed. Only this program writes into a map's inside. */
#define _DEFAULT_SOURCE 1
#include "check.h"
#include "core/map/map.h"

static hmap *m;

static void put(int64_t k) { EXPECT(hmap_put(m, &k, &k) == HMAP_OK); }

/* Keys that are their own hashes. The 53rd begins to double 8 buckets: 4 and 0
** have moved; 1 has not, with 17 entries the longest chain. */
static void set_up(void) {
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .hash = HMAP_HASH_IDENTITY,
                    .seeded = true};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int64_t k = 1; k <= 40; k++)
    put(k);
  for (int64_t k = 0; k < 12; k++)
    put(401 + 8 * k);
  put(404);
  expect_sound(m);
}

/* The map is broken as `what` says, and nothing else. */
static void expect_broken(const char *what) {
  char why[200] = "nothing";
  bool sound = hmap_check(m, why, sizeof why);
  EXPECT_SAY(!sound && strstr(why, what) != NULL,
             "wanted \"%s\", hmap_check found \"%s\"", what, why);
}

static void tear_down(void) {
  expect_sound(m);
  hmap_free(m);
}

static bmap *new_bucket(uint64_t i) { return bucket_at(m->t, m->buckets, i); }
static bmap *old_bucket(uint64_t i) {
  return bucket_at(m->t, m->oldbuckets, i);
}

/* Writes a value for the time of one check. */
#define BREAK(place, value, what)                                              \
  do {                                                                         \
    __typeof__(place) was = (place);                                           \
    (place) = (value);                                                         \
    expect_broken(what);                                                       \
    (place) = was;                                                             \
  } while (0)

static void sees_a_wrong_header(void) {
  set_up();
  BREAK(m->count, m->count + 1, "count=");
  BREAK(m->count, m->count - 1, "count=");
  BREAK(m->overflow_in_use, m->overflow_in_use + 1, "overflow");
  BREAK(m->flags, HMAP_WRITING, "writing");
  BREAK(m->flags, HMAP_SAME_SIZE_GROW, "same_size_grow");
  BREAK(m->heap.bytes, m->heap.bytes + 1, "bytes");
  BREAK(m->moved, m->moved + 1, "have moved");
  BREAK(m->nans, m->nans + 1, "NaN");
  BREAK(m->nevacuate, 8, "nevacuate=8");
  BREAK(m->nevacuate, 3, "below nevacuate");
  BREAK(m->oldB, 2, "old array");
  BREAK(m->B, 5, "B=5");
  tear_down();
}

static void sees_wrong_marks(void) {
  set_up();
  bmap *moved = old_bucket(4), *waiting = old_bucket(1), *live = new_bucket(4);
  BREAK(moved->tophash[3], EMPTY_REST, "has moved");
  BREAK(waiting->tophash[5], EVACUATED_X, "is live");
  BREAK(waiting->tophash[5], EMPTY_REST, "follows an emptyRest");
  BREAK(live->tophash[0], EMPTY_ONE, "count=");
  BREAK(live->tophash[7], 99, "follows an emptyRest");
  BREAK(new_bucket(1)->tophash[0], EMPTY_ONE, "before its old bucket");
  tear_down();
}

static void sees_an_entry_in_the_wrong_place(void) {
  set_up();
  bmap *b = old_bucket(1);
  int64_t *key = key_at(&m->t->key, b, 0);
  BREAK(b->tophash[0], 77, "tophash");
  BREAK(*key, *key + 1, "bucket 1");
  tear_down();
}

/* The second of two equal keys can never be found. */
static void sees_a_key_that_is_there_twice(void) {
  set_up();
  bmap *b = old_bucket(1);
  int64_t *first = key_at(&m->t->key, b, 0);
  int64_t *second = key_at(&m->t->key, b, 1);
  BREAK(*second, *first, "not found where it stands");
  tear_down();
}

int main(void) {
  it("hmap_check sees each wrong number in the header", sees_a_wrong_header);
  it("hmap_check sees each wrong mark", sees_wrong_marks);
  it("hmap_check sees an entry that is not where its hash says",
     sees_an_entry_in_the_wrong_place);
  it("hmap_check sees a key that is there twice",
     sees_a_key_that_is_there_twice);
  return summary();
}
