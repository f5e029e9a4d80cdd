/* test_memory.c: what is left when memory runs out: everything. */
#define _DEFAULT_SOURCE 1
#include "model.h"

/* -- a command that is refused memory has done nothing -------------------- */

static const trial sweeps[] = {
    {"int64", "int64", HMAP_HASH_XXH3, HMAP_POLICY_GO, 90, 260, 0, 0},
    {"int64", "int64", HMAP_HASH_CONSTANT, HMAP_POLICY_GO, 40, 200, 1, 0},
    {"text", "text", HMAP_HASH_XXH3, HMAP_POLICY_ADAPTIVE, 40, 200, 0, 0},
    {"record", "[136]byte", HMAP_HASH_XXH3, HMAP_POLICY_GO, 60, 200, 1, 0},
    {"[136]byte", "any", HMAP_HASH_FNV1A, HMAP_POLICY_ALL_AT_ONCE, 60, 200, 0,
     0},
};

/* The same commands again and again, with the first request refused, then the
** second, and so on until there is none left to refuse. */
static void sweep(size_t more) {
  uint64_t seed = chance;
  size_t at = 0;
  do {
    chance = seed;
    memory = (heap){.refuse_at = ++at, .refuse_more = more};
    run_trial();
  } while (memory.refused > 0);
  EXPECT(at > 20);
}

static void refuses_one(void) { sweep(0); }
static void refuses_thirty(void) { sweep(29); }

static void try_sweeps(void) {
  char sentence[200];
  for (size_t i = 0; i < sizeof sweeps / sizeof sweeps[0]; i++) {
    on = &sweeps[i];
    chance = i;
    (void)snprintf(sentence, sizeof sentence,
                   "%s -> %s is as before when any one request for memory is "
                   "refused",
                   on->key, on->elem);
    it(sentence, refuses_one);
    chance = i + 100;
    (void)snprintf(sentence, sizeof sentence,
                   "%s -> %s is as before when any thirty requests in a row "
                   "are refused",
                   on->key, on->elem);
    it(sentence, refuses_thirty);
  }
}

/* -- limits --------------------------------------------------------------- */

static const trial limited[] = {
    {"int64", "int64", HMAP_HASH_XXH3, HMAP_POLICY_GO, 400, 3000, 0, 6000},
    {"text", "text", HMAP_HASH_XXH3, HMAP_POLICY_GO, 200, 3000, 0, 40000},
    {"any", "[136]byte", HMAP_HASH_XXH3, HMAP_POLICY_ADAPTIVE, 200, 3000, 1,
     60000},
};

static void stays_within_max_bytes(void) {
  for (size_t i = 0; i < sizeof limited / sizeof limited[0]; i++) {
    on = &limited[i];
    chance = i;
    memory = (heap){.bytes = 0};
    run_trial();
    EXPECT(memory.peak <= on->max_bytes);
    EXPECT(memory.peak > on->max_bytes / 2);
  }
}

/* Puts texts of its own memory until the map refuses, and looks each time. */
static void fill_with_texts(size_t limit, bool discards) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_STRING}, .max_bytes = limit};
  hmap_stats s;
  cell c;
  hmap_status status = HMAP_OK;
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  if (discards)
    pages.discard = heap_discard;
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (uint32_t n = 0; status == HMAP_OK; n++) {
    c.at.cell = make_text(&c, n, 60);
    status = hmap_put(m, &c.at, NULL);
    hmap_get_stats(m, &s);
    EXPECT_SAY(s.bytes <= limit, "%zu bytes of %zu", s.bytes, limit);
  }
  EXPECT(status == HMAP_ELIMIT);
  hmap_free(m);
  EXPECT(memory.bytes == 0);
}

/* A slab may come with a region, its header, and a longer list of regions. */
static void counts_slabs_before_they_come(void) {
  for (size_t limit = 3000; limit < 200000; limit += 333) {
    fill_with_texts(limit, false);
    fill_with_texts(limit, true);
  }
}

/* Puts 1, 2, 3 ... until the map refuses; returns how many it took. */
static int64_t fill(hmap *full, hmap_status *why) {
  int64_t k = 0;
  while ((*why = hmap_put(full, &k, &k)) == HMAP_OK)
    k++;
  return k;
}

static void says_that_the_limit_is_reached(void) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .max_bytes = 50000};
  hmap_status why;
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  int64_t n = fill(m, &why);
  EXPECT(why == HMAP_ELIMIT);
  EXPECT(n > 800 && hmap_count(m) == (size_t)n);
  EXPECT(hmap_put(m, &(int64_t){0}, &(int64_t){77}) == HMAP_OK);
  EXPECT(hmap_delete(m, &(int64_t){1}) && hmap_count(m) == (size_t)n - 1);
  EXPECT(*(const int64_t *)hmap_get(m, &(int64_t){0}) == 77);
  expect_sound(m);
  hmap_free(m);
  EXPECT(memory.bytes == 0 && memory.peak <= 50000);
}

static hmap_status try_hint(int64_t hint, size_t max_bytes) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .hint = hint,
                    .max_bytes = max_bytes};
  memory = (heap){.refuse_over = (size_t)1 << 30};
  heap_serve(&memory, &o, &pages);
  hmap_status status = hmap_new(&o, &m);
  hmap_free(m);
  EXPECT(memory.bytes == 0 && !memory.wrong);
  return status;
}

/* Go takes a hint beyond all memory for none; one that is only too large for
** this machine is an error here, where Go would die. On 32 bits all of these
** are beyond all memory. */
static void refuses_huge_hints(void) {
  hmap_status large = sizeof(size_t) > 4 ? HMAP_ENOMEM : HMAP_OK;
  EXPECT(try_hint(INT64_C(1) << 38, 0) == large);
  EXPECT(try_hint(INT64_C(1) << 40, 0) == large);
  EXPECT(try_hint(INT64_C(1) << 20, 1000000) == HMAP_ELIMIT);
  EXPECT(try_hint(INT64_C(1) << 48, 0) == HMAP_OK);
  EXPECT(try_hint(INT64_MAX, 0) == HMAP_OK);
  EXPECT(try_hint(-1, 0) == HMAP_OK);
  EXPECT(try_hint(INT64_MIN, 0) == HMAP_OK);
}

static void refuses_huge_reserves(void) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_INT64}};
  memory = (heap){.refuse_over = (size_t)1 << 30};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int round = 0; round < 2; round++) {
    EXPECT(hmap_reserve(m, SIZE_MAX) == HMAP_ETOOBIG);
    EXPECT(hmap_reserve(m, SIZE_MAX / 16 + 1) == HMAP_ETOOBIG);
    if (sizeof(size_t) > 4)
      EXPECT(hmap_reserve(m, (size_t)(UINT64_C(1) << 40)) == HMAP_ENOMEM);
    EXPECT(hmap_put(m, &(int64_t){round}, &(int64_t){7}) == HMAP_OK);
    EXPECT(hmap_count(m) == (size_t)round + 1);
    expect_sound(m);
  }
  hmap_free(m);
  EXPECT(memory.bytes == 0);
}

/* -- where memory comes from and goes ------------------------------------- */

/* 2^7 buckets of 144 bytes and their overflow buckets are below 32 KiB, 2^8
** above. */
static void maps_large_arrays_only(void) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_INT64}};
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  EXPECT(hmap_reserve(m, 128 * 13 / 2) == HMAP_OK);
  EXPECT(hmap_put(m, &(int64_t){1}, &(int64_t){1}) == HMAP_OK);
  EXPECT(memory.mapped == 0 && memory.bytes > 128 * 144);
  EXPECT(hmap_reserve(m, 256 * 13 / 2) == HMAP_OK);
  EXPECT(memory.mapped >= 256 * 144 && memory.mapped < 300 * 144);
  hmap_free(m);
  EXPECT(memory.bytes == 0 && memory.mapped == 0 && !memory.wrong);
}

static uint64_t releases, released;

static void note_release(void *ud, const hmap_event *event) {
  (void)ud;
  releases += event->kind == HMAP_EVENT_RELEASE;
  released += event->kind == HMAP_EVENT_RELEASE ? event->bytes : 0;
}

static void gives_large_arrays_back_in_slices(void) {
  hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_INT64}};
  hmap_memory before, during;
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  hmap_set_sink(m, note_release, NULL);
  int64_t k = 0;
  for (hmap_stats s = {.growing = false}; !s.growing || s.noldbuckets < 8192;
       hmap_get_stats(m, &s), k++)
    EXPECT(hmap_put(m, &k, &k) == HMAP_OK);
  hmap_get_memory(m, &before);
  releases = released = 0;
  EXPECT(hmap_step(m, 4096, NULL, NULL) == HMAP_OK);
  hmap_get_memory(m, &during);
  EXPECT(releases > 4);
  EXPECT(before.old - during.old == released);
  EXPECT(during.old < before.old * 2 / 3);
  expect_sound(m);
  hmap_free(m);
  EXPECT(memory.bytes == 0 && !memory.wrong);
}

/* What pages of texts come from at once, where they cannot be discarded. */
#define REGION (1u << 20)

/* A set of 8000 texts, just cleared. */
static void clear_many(hmap_memory *cleared) {
  static hmap_pages pages;
  hmap_options o = {.key = {.kind = HMAP_STRING}, .elem = {.kind = HMAP_NONE}};
  hmap_memory full;
  char text[64];
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int i = 0; i < 8000; i++) {
    int n = snprintf(text, sizeof text, "a text that is long enough %d", i);
    EXPECT(hmap_put_str(m, text, (size_t)n, NULL) == HMAP_OK);
  }
  hmap_get_memory(m, &full);
  EXPECT(full.text > 8000 * 27);
  EXPECT(hmap_clear(m) == HMAP_OK && hmap_count(m) == 0);
  hmap_get_memory(m, cleared);
  EXPECT(cleared->text > full.text / 2 && cleared->old > full.buckets / 2);
}

/* Works until nothing is left of what was cleared; how many times bytes of the
** array went back on the way. */
static int work_off(void (*work)(void)) {
  hmap_memory was, now;
  int releases_seen = 0;
  clear_many(&now);
  for (int i = 0; i < 10000 && (now.old > 0 || now.text > 0); i++) {
    was = now;
    work();
    hmap_get_memory(m, &now);
    EXPECT(now.old <= was.old && now.text <= was.text);
    EXPECT(was.text - now.text < 10000 + REGION);
    releases_seen += now.old < was.old;
  }
  EXPECT(now.text == 0 && now.old == 0);
  expect_sound(m);
  hmap_free(m);
  EXPECT(memory.bytes == 0 && !memory.wrong);
  return releases_seen;
}

static void delete_nothing(void) {
  EXPECT(!hmap_delete(m, &(hmap_cell){.word = {0, 0}}));
}
static void step_ten(void) { EXPECT(hmap_step(m, 10, NULL, NULL) == HMAP_OK); }

static void a_large_clear_is_worked_off_by_later_calls(void) {
  EXPECT(work_off(delete_nothing) > 3);
  EXPECT(work_off(step_ten) > 3);
}

static size_t put_text(int i) {
  char text[64];
  int n =
      snprintf(text, sizeof text, "a text that is long enough %*d", i % 9, i);
  EXPECT(hmap_put_str(m, text, (size_t)n, NULL) == HMAP_OK);
  return (size_t)n;
}
static void drop_text(int i) {
  char text[64];
  int n =
      snprintf(text, sizeof text, "a text that is long enough %*d", i % 9, i);
  EXPECT(hmap_delete_str(m, text, (size_t)n));
}

/* With the system's own pages, where there are any. */
static void deleted_texts_go_back(void) {
  enum { N = 40000 };
  hmap_options o = {.key = {.kind = HMAP_STRING}, .elem = {.kind = HMAP_NONE}};
  hmap_memory full, half, gone;
  size_t bytes = 0;
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int turn = 0; turn < 2; turn++) {
    for (int i = 0; i < N; i++)
      bytes += put_text(i);
    hmap_get_memory(m, &full);
    EXPECT(full.text >= bytes / (size_t)(turn + 1));
    EXPECT(full.text < bytes / (size_t)(turn + 1) * 3 / 2);
    expect_sound(m);
    for (int i = 0; i < N / 2; i++)
      drop_text(i);
    hmap_get_memory(m, &half);
    EXPECT(half.text < full.text * 3 / 5);
    for (int i = N; --i >= N / 2;)
      drop_text(i);
    EXPECT(hmap_step(m, 4, NULL, NULL) == HMAP_OK);
    hmap_get_memory(m, &gone);
    EXPECT(gone.text == 0);
    expect_sound(m);
  }
  hmap_free(m);
}

/* The map is gone for its iterators from the first step on. */
static void a_map_can_be_freed_in_steps(void) {
  hmap_memory cleared;
  hmap_iter it;
  int steps = 1;
  clear_many(&cleared);
  for (int64_t i = 0; i < 3000; i++)
    EXPECT(hmap_put_str(m, (const char *)&i, sizeof i, NULL) == HMAP_OK);
  hmap_iter_init(&it, m);
  EXPECT(hmap_iter_next(&it) == HMAP_OK && it.key != NULL);
  for (size_t before = memory.bytes; !hmap_free_step(m, 1); steps++) {
    EXPECT(before - memory.bytes < 100000 + REGION);
    EXPECT(hmap_iter_next(&it) == HMAP_OK && it.key == NULL);
    before = memory.bytes;
  }
  hmap_iter_close(&it);
  EXPECT(steps > 100 && memory.bytes == 0 && !memory.wrong);
}

static void many_maps_can_be_freed_in_steps(void) {
  static hmap_pages pages;
  hmap *dying = NULL;
  hmap_memory cleared;
  int steps = 1;
  EXPECT(hmap_free_some(&dying, 1));
  clear_many(&cleared);
  hmap_free_later(m, &dying);
  EXPECT(!hmap_free_some(&dying, 1));
  size_t before = memory.bytes;
  for (int i = 0; i < 10; i++) {
    hmap_options o = {.key = {.kind = HMAP_INT64}};
    heap_serve(&memory, &o, &pages);
    EXPECT(hmap_new(&o, &m) == HMAP_OK);
    hmap_free_later(m, &dying);
  }
  EXPECT(!hmap_free_some(&dying, 10) && memory.bytes <= before);
  for (; !hmap_free_some(&dying, 2); steps++) {
    EXPECT(before - memory.bytes < 200000 + REGION);
    before = memory.bytes;
  }
  EXPECT(steps > 50 && dying == NULL && memory.bytes == 0 && !memory.wrong);
}

int main(void) {
  try_sweeps();
  it("a map stays within its max_bytes, whatever is asked of it",
     stays_within_max_bytes);
  it("stays within max_bytes when texts come to need one more slab",
     counts_slabs_before_they_come);
  it("a full map says so, keeps its entries, and can still be changed",
     says_that_the_limit_is_reached);
  it("a hint that memory cannot hold is refused, an absurd one taken for none",
     refuses_huge_hints);
  it("a reserve that no memory can hold is refused and changes nothing",
     refuses_huge_reserves);
  it("arrays of more than 32 KiB are mapped", maps_large_arrays_only);
  it("a large old array goes back in slices while it is emptied",
     gives_large_arrays_back_in_slices);
  it("a large array that was cleared is worked off by later calls",
     a_large_clear_is_worked_off_by_later_calls);
  it("the memory of deleted texts goes back", deleted_texts_go_back);
  it("a map can be freed in small steps", a_map_can_be_freed_in_steps);
  it("many maps can be freed in small steps, small ones first",
     many_maps_can_be_freed_in_steps);
  return summary();
}
