/* test_iter.c: what an iterator promises, one sentence at a time. Maps of all
** kinds under random commands are in test_model.c; Go's order is held against
** Go itself in conformance.c. */
#define _DEFAULT_SOURCE 1
#include <math.h>

#include "heap.h"

#define MAX_KEY 200000

static hmap *m;
static uint8_t given[MAX_KEY]; /* by key: how often */

static hmap *new_map(uint64_t seed) {
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .seeded = true,
                    .seed = seed};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  memset(given, 0, sizeof given);
  return m;
}

static void put(int64_t k) { EXPECT(hmap_put(m, &k, &k) == HMAP_OK); }

static void put_from_to(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    put(k);
}

/* The next key, or -1 at the end; each elem is its key. */
static int64_t next(hmap_iter *it) {
  EXPECT(hmap_iter_next(it) == HMAP_OK);
  if (it->key == NULL)
    return -1;
  int64_t k = *(const int64_t *)it->key;
  EXPECT(*(const int64_t *)it->elem == k);
  EXPECT(k >= 0 && k < MAX_KEY && given[k] < 2);
  given[k]++;
  return k;
}

static void expect_given(int64_t from, int64_t to, unsigned times) {
  for (int64_t k = from; k < to; k++)
    EXPECT_SAY(given[k] == times, "key %" PRId64 " was given %u times", k,
               given[k]);
}

/* -- order ---------------------------------------------------------------- */

static uint64_t order_of(uint64_t seed) {
  hmap_iter it;
  uint64_t digest = 0;
  new_map(seed);
  put_from_to(0, 500);
  hmap_iter_init(&it, m);
  for (int64_t k; (k = next(&it)) >= 0;)
    digest = draw(&digest) + (uint64_t)k;
  expect_given(0, 500, 1);
  hmap_free(m);
  return digest;
}

static void repeats_with_its_seed(void) {
  EXPECT(order_of(5) == order_of(5));
  EXPECT(order_of(5) != order_of(6));
}

static void starts_anywhere(void) {
  unsigned others = 0;
  new_map(1);
  put_from_to(0, 500);
  for (int i = 0; i < 20; i++) {
    hmap_iter a, b;
    hmap_iter_init(&a, m);
    hmap_iter_init(&b, m);
    others += next(&a) != next(&b);
    hmap_iter_close(&a);
    hmap_iter_close(&b);
    memset(given, 0, sizeof given);
  }
  EXPECT(others > 10);
  hmap_free(m);
}

static void leaves_an_empty_map_alone(void) {
  hmap_iter it;
  hmap_header h;
  new_map(1);
  hmap_iter_init(&it, m);
  EXPECT(next(&it) == -1 && next(&it) == -1);
  put(1);
  EXPECT(next(&it) == -1);
  hmap_iter_close(&it);
  hmap_get_header(m, &h);
  EXPECT(h.flags == 0);
  hmap_iter_init(&it, m);
  hmap_get_header(m, &h);
  EXPECT(h.flags == (HMAP_ITERATOR | HMAP_OLD_ITERATOR));
  hmap_free(m);
}

/* -- while the map changes ------------------------------------------------ */

static void growth_under_it(void) {
  hmap_iter it;
  new_map(2);
  put_from_to(0, 100);
  hmap_iter_init(&it, m);
  for (int64_t fresh = 100; next(&it) >= 0 && fresh < 100000; fresh += 997)
    put_from_to(fresh, fresh + 997);
  while (next(&it) >= 0)
    continue;
  expect_given(0, 100, 1);
  hmap_free(m);
}

static void growth_at_every_place(void) {
  for (int stop = 0; stop < 110; stop++) {
    hmap_iter it;
    new_map((uint64_t)stop);
    put_from_to(0, 104);
    hmap_iter_init(&it, m);
    for (int i = 0; i < stop; i++)
      (void)next(&it);
    put_from_to(104, 106); /* doubles, and is not done with it */
    while (next(&it) >= 0)
      continue;
    expect_given(0, 104, 1);
    expect_sound(m);
    hmap_free(m);
  }
}

static void ends_though_entries_are_added(void) {
  hmap_iter it;
  new_map(3);
  put_from_to(0, 100);
  hmap_iter_init(&it, m);
  int64_t fresh = 100;
  while (next(&it) >= 0)
    put(fresh++);
  EXPECT(fresh < 20000);
  expect_given(0, 100, 1);
  hmap_free(m);
}

/* The pointer that came out goes in again: the map may be moving it. */
static void deletes_as_it_goes(void) {
  hmap_iter it;
  new_map(4);
  put_from_to(0, 5000);
  hmap_iter_init(&it, m);
  while (next(&it) >= 0)
    EXPECT(hmap_delete(m, it.key));
  EXPECT(hmap_count(m) == 0);
  expect_given(0, 5000, 1);
  hmap_free(m);
}

static void gives_nothing_deleted(void) {
  hmap_iter it;
  new_map(5);
  put_from_to(0, 2000);
  hmap_iter_init(&it, m);
  int64_t first = next(&it);
  for (int64_t k = 0; k < 2000; k++)
    if (k != first && k % 2)
      EXPECT(hmap_delete(m, &k));
  while (next(&it) >= 0)
    continue;
  for (int64_t k = 0; k < 2000; k++)
    EXPECT(given[k] == (k == first || k % 2 == 0));
  hmap_free(m);
}

static void gives_nothing_cleared(void) {
  for (int64_t n = 1; n < 300; n += 7) {
    hmap_iter it;
    new_map(6);
    put_from_to(0, n);
    hmap_iter_init(&it, m);
    (void)next(&it);
    EXPECT(hmap_clear(m) == HMAP_OK);
    EXPECT(next(&it) == -1);
    hmap_iter_close(&it);
    hmap_free(m);
  }
}

static void gives_the_elem_of_now(void) {
  hmap_iter it;
  new_map(7);
  for (int64_t k = 0; k < 300; k++)
    EXPECT(hmap_put(m, &k, &(int64_t){-1}) == HMAP_OK);
  hmap_iter_init(&it, m);
  put_from_to(0, 400); /* overwrites, and grows */
  while (next(&it) >= 0)
    continue;
  expect_given(0, 300, 1);
  hmap_free(m);
}

static void reserve_under_it(void) {
  hmap_iter it;
  new_map(8);
  put_from_to(0, 300);
  hmap_iter_init(&it, m);
  for (int i = 0; i < 40; i++)
    (void)next(&it);
  EXPECT(hmap_reserve(m, 100000) == HMAP_OK);
  for (int64_t k = 300; next(&it) >= 0; k++)
    put(k);
  expect_given(0, 300, 1);
  hmap_free(m);
}

/* From 4096 buckets to 16, with an iterator on its way. */
static void shrink_under_it(void) {
  hmap_iter it;
  new_map(9);
  put_from_to(0, 20000);
  hmap_iter_init(&it, m);
  int64_t last = 0;
  for (int64_t k = 0; k < 20000; k++)
    if (k % 250)
      EXPECT(hmap_delete(m, &k));
  while (last >= 0) {
    EXPECT(hmap_shrink(m) == HMAP_OK);
    EXPECT(hmap_step(m, 100, NULL, NULL) == HMAP_OK);
    last = next(&it);
  }
  for (int64_t k = 0; k < 20000; k += 250)
    EXPECT(given[k] == 1);
  hmap_free(m);
}

static void rekey_under_it(void) {
  hmap_iter it;
  new_map(10);
  put_from_to(0, 2000);
  hmap_iter_init(&it, m);
  for (int rekeys = 0; rekeys < HMAP_MAX_PAST - 1; rekeys++) {
    for (int i = 0; i < 100; i++)
      (void)next(&it);
    EXPECT(hmap_rekey(m) == HMAP_OK);
    EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
    put_from_to(2000 + 100 * rekeys, 2100 + 100 * rekeys);
  }
  while (next(&it) >= 0)
    continue;
  expect_given(0, 2000, 1);
  hmap_free(m);
}

static void forgotten_after_many_rekeys(void) {
  hmap_iter it;
  hmap_status status = HMAP_OK;
  new_map(11);
  put_from_to(0, 2000);
  hmap_iter_init(&it, m);
  for (int rekeys = 0; rekeys <= HMAP_MAX_PAST; rekeys++) {
    EXPECT(hmap_iter_next(&it) == HMAP_OK && it.key != NULL);
    EXPECT(hmap_rekey(m) == HMAP_OK);
    EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  }
  for (int i = 0; i < 2000 && status == HMAP_OK; i++)
    status = hmap_iter_next(&it);
  EXPECT(status == HMAP_ECURSOR);
  hmap_iter_close(&it);
  expect_sound(m);
  hmap_free(m);
}

/* -- NaN ------------------------------------------------------------------ */

static void put_nans(int64_t from, int64_t to) {
  double key = nan("");
  for (int64_t v = from; v < to; v++)
    EXPECT(hmap_put(m, &key, &v) == HMAP_OK);
}

/* The 53rd entry doubles the map, wherever the iterator stands. */
static void each_nan_once(void) {
  hmap_options o = {.key = {.kind = HMAP_FLOAT64},
                    .elem = {.kind = HMAP_INT64},
                    .seeded = true};
  for (int stop = 0; stop < 53; stop++) {
    hmap_iter it;
    EXPECT(hmap_new(&o, &m) == HMAP_OK);
    memset(given, 0, sizeof given);
    put_nans(0, 52);
    hmap_iter_init(&it, m);
    for (int i = 0; hmap_iter_next(&it) == HMAP_OK && it.key != NULL; i++) {
      given[*(const int64_t *)it.elem]++;
      if (i == stop)
        put_nans(52, 55);
    }
    expect_given(0, 52, 1);
    expect_sound(m);
    hmap_free(m);
  }
}

/* -- many, abandoned, too late -------------------------------------------- */

#define CROWD 100

static void a_crowd(void) {
  static hmap_iter its[CROWD];
  static uint8_t by[CROWD][1000];
  int64_t fresh = 1000;
  memset(by, 0, sizeof by);
  new_map(12);
  put_from_to(0, 1000);
  for (int i = 0; i < CROWD; i++)
    hmap_iter_init(&its[i], m);
  for (int open = CROWD; open > 0; put(fresh++)) {
    for (int i = open = 0; i < CROWD; i++) {
      for (int j = 0; j <= i % 7; j++) {
        EXPECT(hmap_iter_next(&its[i]) == HMAP_OK);
        if (its[i].key != NULL && *(const int64_t *)its[i].key < 1000)
          by[i][*(const int64_t *)its[i].key]++;
      }
      open += its[i].key != NULL;
    }
  }
  for (int i = 0; i < CROWD; i++)
    for (int k = 0; k < 1000; k++)
      EXPECT(by[i][k] == 1);
  hmap_free(m);
}

static void ends_with_its_map(void) {
  hmap_cursor beginning = {.map = 0};
  hmap_iter a, b, scan;
  bool more;
  new_map(13);
  put_from_to(0, 300);
  hmap_iter_init(&a, m);
  hmap_iter_init(&b, m);
  EXPECT(hmap_scan_open(&scan, m, &beginning) == HMAP_OK);
  EXPECT(hmap_scan_class(&scan, &more) == HMAP_OK && more);
  (void)next(&a);
  put_from_to(300, 420); /* a keeps what is left of its chain */
  hmap_free(m);
  EXPECT(next(&a) == -1 && next(&b) == -1);
  EXPECT(hmap_scan_next(&scan) == HMAP_OK && scan.key == NULL);
  EXPECT(hmap_scan_class(&scan, &more) == HMAP_OK && !more);
  hmap_iter_close(&scan);
  hmap_iter_close(&a);
  hmap_iter_close(&a);
  hmap_iter_close(&b);
}

/* An old array is gone when the growth is over, whoever may be on his way. */
static void holds_no_array(void) {
  hmap_pages pages;
  hmap_iter it[2];
  heap h[2] = {{.bytes = 0}, {.bytes = 0}};
  for (int with = 0; with < 2; with++) {
    hmap_options o = {.key = {.kind = HMAP_INT64},
                      .elem = {.kind = HMAP_INT64},
                      .seeded = true};
    heap_serve(&h[with], &o, &pages);
    EXPECT(hmap_new(&o, &m) == HMAP_OK);
    memset(given, 0, sizeof given);
    put_from_to(0, 5000);
    if (with)
      hmap_iter_init(&it[with], m);
    if (with)
      (void)next(&it[with]);
    put_from_to(5000, 50000);
    size_t bytes = h[with].bytes;
    hmap_free(m);
    EXPECT(h[with].bytes == 0);
    h[with].bytes = bytes;
  }
  EXPECT(h[1].bytes - h[0].bytes < 1000);
}

/* -- cursors -------------------------------------------------------------- */

/* Gives one class and moves the cursor behind it. */
static void scan_class(hmap_cursor *c) {
  hmap_iter it;
  bool more;
  EXPECT(hmap_scan_open(&it, m, c) == HMAP_OK);
  EXPECT(hmap_scan_class(&it, &more) == HMAP_OK);
  while (more && hmap_scan_next(&it) == HMAP_OK && it.key != NULL)
    given[*(const int64_t *)it.key]++;
  hmap_scan_tell(&it, c);
  hmap_iter_close(&it);
}

static void scans_with_nothing_open(void) {
  hmap_cursor c = {.map = 0};
  new_map(14);
  put_from_to(0, 3000);
  int64_t fresh = 3000;
  do {
    scan_class(&c);
    put_from_to(fresh, fresh + 2);
    fresh += 2;
  } while (c.n != 0);
  expect_given(0, 3000, 1);
  hmap_free(m);
}

static void a_cursor_is_plain_data(void) {
  hmap_cursor c = {.map = 0}, kept;
  static uint8_t once[1000];
  new_map(15);
  put_from_to(0, 1000);
  for (int i = 0; i < 20; i++)
    scan_class(&c);
  memcpy(&kept, &c, sizeof kept);
  for (int round = 0; round < 2; round++) {
    memset(given, 0, sizeof given);
    for (c = kept; c.n != 0;)
      scan_class(&c);
    if (round == 0)
      memcpy(once, given, sizeof once);
  }
  EXPECT(memcmp(once, given, sizeof once) == 0);
  hmap_free(m);
}

static void foreign_cursors_are_refused(void) {
  hmap_cursor c = {.map = 0};
  hmap_iter it;
  hmap *first = new_map(16);
  put_from_to(0, 1000);
  scan_class(&c);
  new_map(17);
  put_from_to(0, 1000);
  EXPECT(hmap_scan_open(&it, m, &c) == HMAP_ECURSOR);
  hmap_iter_close(&it);
  EXPECT(hmap_scan_open(&it, first, &c) == HMAP_OK);
  hmap_iter_close(&it);
  c.at[0].level = 77;
  EXPECT(hmap_scan_open(&it, first, &c) == HMAP_ECURSOR);
  hmap_free(first);
  hmap_free(m);
}

int main(void) {
  it("an iteration repeats when map and seed are the same",
     repeats_with_its_seed);
  it("an iteration starts anywhere", starts_anywhere);
  it("an iterator of an empty map is over and leaves no mark",
     leaves_an_empty_map_alone);
  it("an iterator gives each entry once while the map grows a thousandfold",
     growth_under_it);
  it("an iterator gives each entry once wherever it stands when growth begins",
     growth_at_every_place);
  it("an iteration ends though every turn adds an entry",
     ends_though_entries_are_added);
  it("a loop may delete each entry by the pointer that it was given",
     deletes_as_it_goes);
  it("an iterator gives nothing that was deleted before its turn",
     gives_nothing_deleted);
  it("an iterator gives nothing that was cleared", gives_nothing_cleared);
  it("an iterator gives elems as they are now", gives_the_elem_of_now);
  it("an iterator gives each entry once when a reserve multiplies the buckets",
     reserve_under_it);
  it("an iterator gives each entry once while the map shrinks to 1/256",
     shrink_under_it);
  it("an iterator gives each entry once across rekeys", rekey_under_it);
  it("an iterator says so when the map has forgotten its hash key",
     forgotten_after_many_rekeys);
  it("an iterator gives each NaN once, growing or not", each_nan_once);
  it("a hundred iterators do not mind each other", a_crowd);
  it("an iterator ends with its map and may be closed after it",
     ends_with_its_map);
  it("an iterator holds no bucket array", holds_no_array);
  it("a scan gives each entry once with nothing open in between",
     scans_with_nothing_open);
  it("a cursor can be kept and gone on from twice", a_cursor_is_plain_data);
  it("a cursor of another map is refused", foreign_cursors_are_refused);
  return summary();
}
