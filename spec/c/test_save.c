/* test_save.c: maps go into files and come out of them; and what is no whole
** file of a map does not. */
#define _DEFAULT_SOURCE 1
#include "cells.h"
#include "heap.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* -- a file in memory ----------------------------------------------------- */

typedef struct file {
  unsigned char *bytes;
  size_t n, room, at;
  size_t piece;   /* a read gives no more at once; 0: all */
  size_t fail_at; /* this call fails, counted from 1; 0: none */
  size_t calls;
} file;

static file f;

static bool write_file(void *ud, const void *bytes, size_t n) {
  file *to = ud;
  if (++to->calls == to->fail_at)
    return false;
  if (to->room - to->n < n) {
    to->room = (to->n + n) * 2;
    to->bytes = realloc(to->bytes, to->room);
    if (to->bytes == NULL)
      abort();
  }
  memcpy(to->bytes + to->n, bytes, n);
  to->n += n;
  return true;
}

static ptrdiff_t read_file(void *ud, void *bytes, size_t n) {
  file *from = ud;
  if (++from->calls == from->fail_at)
    return -1;
  size_t left = from->n - from->at;
  if (n > left)
    n = left;
  if (from->piece != 0 && n > from->piece)
    n = from->piece;
  memcpy(bytes, from->bytes + from->at, n);
  from->at += n;
  return (ptrdiff_t)n;
}

static void rewind_file(void) { f.at = f.calls = 0; }
static void empty_file(void) { f.n = f.at = f.calls = f.fail_at = f.piece = 0; }

/* A copy of n bytes that has exactly so much room. */
static file copy_of(const unsigned char *bytes, size_t n) {
  file copy = {.bytes = malloc(n + (n == 0)), .n = n, .room = n};
  if (copy.bytes == NULL)
    abort();
  memcpy(copy.bytes, bytes, n);
  return copy;
}

/* -- maps ----------------------------------------------------------------- */

static const kind *key_kind, *elem_kind;
static heap memory;
static hmap_pages pages;
static hmap *m, *loaded;
static hmap_trouble why;

static hmap_options options(const char *key, const char *elem) {
  key_kind = kind_named(key);
  elem_kind = kind_named(elem);
  memory = (heap){.bytes = 0};
  hmap_options o = {.key = key_kind->spec, .elem = elem_kind->spec};
  heap_serve(&memory, &o, &pages);
  return o;
}

static void make(const hmap_options *o) { EXPECT(hmap_new(o, &m) == HMAP_OK); }

static bool is_object(const kind *k, uint32_t n) {
  return k->spec.kind == HMAP_ANY && n % 5 == 3;
}
static uint32_t elem_number(uint32_t n) {
  n += 11;
  n = elem_kind->limit != 0 ? n % elem_kind->limit : n;
  return n - is_object(elem_kind, n);
}
static bool can_have(uint32_t n) {
  return (key_kind->limit == 0 || n < key_kind->limit) &&
         !is_object(key_kind, n);
}

static void put(uint32_t n) {
  cell k, e;
  if (!can_have(n))
    return;
  make_cell(&k, key_kind, n);
  make_cell(&e, elem_kind, elem_number(n));
  EXPECT(hmap_put(m, &k.at, &e.at) == HMAP_OK);
}
static void put_all(uint32_t from, uint32_t to) {
  for (; from < to; from++)
    put(from);
}
static bool drop(uint32_t n) {
  cell k;
  make_cell(&k, key_kind, n);
  return hmap_delete(m, &k.at);
}

/* Whether entry n is in the map, as it was put. */
static bool has(const hmap *in, uint32_t n) {
  cell k, e;
  make_cell(&k, key_kind, n);
  make_cell(&e, elem_kind, elem_number(n));
  const void *at = hmap_get(in, &k.at);
  EXPECT(at == NULL || same_cell(elem_kind, at, &e.at));
  return at != NULL;
}

static void save(void) {
  empty_file();
  EXPECT(hmap_save(m, "a note", 6, write_file, &f, &why) == HMAP_OK);
}

/* Under the memory of now, with the size known. */
static hmap_status load_from(file *from) {
  hmap_options o = {.hint = 0};
  heap_serve(&memory, &o, &pages);
  return hmap_load(&o, read_file, from, from->n, &loaded, &why);
}
static void load(void) {
  rewind_file();
  EXPECT_SAY(load_from(&f) == HMAP_OK, "not loaded: %s", why.what);
  expect_sound(loaded);
}

static bool same_policy(const hmap *a, const hmap *b) {
  hmap_policy p, q;
  hmap_get_policy(a, &p);
  hmap_get_policy(b, &q);
  return p.load == q.load && p.moves == q.moves &&
         p.empty_visits == q.empty_visits && p.step_on == q.step_on &&
         p.same_size == q.same_size && p.shrink == q.shrink &&
         p.all_at_once == q.all_at_once && p.chain_alarm == q.chain_alarm;
}

/* Every entry of a is in b, which has no others. */
static void expect_same(hmap *a, const hmap *b) {
  hmap_iter it;
  EXPECT(hmap_count(a) == hmap_count(b) && same_policy(a, b));
  hmap_iter_init(&it, a);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL) {
    const void *at = hmap_get(b, it.key);
    EXPECT(at != NULL && same_cell(elem_kind, at, it.elem));
  }
}

/* Frees both; all memory is back. */
static void over(void) {
  hmap_free(m);
  hmap_free(loaded);
  m = loaded = NULL;
  EXPECT(memory.bytes == 0 && !memory.wrong);
}

/* -- round trips ---------------------------------------------------------- */

static hmap_stats stats_of(const hmap *of) {
  hmap_stats s;
  hmap_get_stats(of, &s);
  return s;
}

static bool is_moving(hmap_growth how) {
  hmap_stats s = stats_of(m);
  return s.growing && s.kind == how;
}

/* A save moves nothing but what a rekey has begun. */
static void comes_back(void) {
  uint64_t before = hmap_fingerprint(m);
  bool moves = is_moving(HMAP_GROW_REKEY);
  save();
  EXPECT(moves || hmap_fingerprint(m) == before);
  load();
  expect_same(m, loaded);
  hmap_free(loaded);
  loaded = NULL;
}

static void tries_one(const char *key, const char *elem, hmap_preset preset) {
  hmap_policy policy = hmap_policy_of(preset);
  hmap_options o = options(key, elem);
  o.policy = &policy;
  make(&o);
  comes_back();
  put_all(0, 1);
  comes_back();
  put_all(1, 200);
  comes_back();
  for (uint32_t n = 200; n < 420 && !is_moving(HMAP_GROW_DOUBLE); n++)
    put(n);
  comes_back();
  for (int i = 0; i < 3; i++)
    EXPECT(hmap_rekey(m) == HMAP_OK);
  EXPECT(hmap_step(m, 3, NULL, NULL) == HMAP_OK);
  comes_back();
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  for (uint32_t n = 30; n < 420; n++)
    (void)(can_have(n) && drop(n));
  EXPECT(hmap_shrink(m) == HMAP_OK);
  EXPECT(hmap_step(m, 1, NULL, NULL) == HMAP_OK);
  comes_back();
  EXPECT(hmap_clear(m) == HMAP_OK);
  comes_back();
  over();
}

static void all_kinds_come_back(void) {
  for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++)
    for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++)
      tries_one(kinds[i].name, kinds[j].name, (hmap_preset)((i + j) % 4));
}

static void comes_back_amid(hmap_growth how) {
  EXPECT(is_moving(how));
  comes_back();
  over();
}

static void a_growth_comes_back(void) {
  hmap_options o = options("text", "record");
  make(&o);
  for (uint32_t n = 0; !is_moving(HMAP_GROW_DOUBLE) || n < 3000; n++)
    put(n);
  comes_back_amid(HMAP_GROW_DOUBLE);
}

static void a_shrink_comes_back(void) {
  hmap_options o = options("int32", "text");
  make(&o);
  put_all(0, 3000);
  EXPECT(hmap_step(m, 9999, NULL, NULL) == HMAP_OK);
  for (uint32_t n = 100; n < 3000; n++)
    EXPECT(drop(n));
  EXPECT(hmap_shrink(m) == HMAP_OK);
  EXPECT(hmap_step(m, 10, NULL, NULL) == HMAP_OK);
  comes_back_amid(HMAP_GROW_SHRINK);
}

static void a_rekey_comes_back(void) {
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 3000);
  EXPECT(hmap_step(m, 9999, NULL, NULL) == HMAP_OK);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  EXPECT(hmap_step(m, 10, NULL, NULL) == HMAP_OK);
  comes_back_amid(HMAP_GROW_REKEY);
}

/* NaNs of several bits, some of them twice. */
static uint64_t nan_bits(uint32_t n) {
  return UINT64_C(0x7ff8000000000000) | (n % 4 == 3 ? UINT64_C(1) << 63 : 0) |
         n / 2;
}

static uint64_t sum_of_nans(hmap *in) {
  hmap_iter it;
  uint64_t sum = 0;
  hmap_iter_init(&it, in);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL) {
    double d;
    memcpy(&d, it.key, sizeof d);
    uint64_t pair[2];
    memcpy(&pair[0], it.key, 8);
    memcpy(&pair[1], it.elem, 8);
    sum += d != d ? XXH3_64bits(pair, sizeof pair) : 1;
  }
  return sum;
}

static void nans_come_back(void) {
  hmap_options o = options("float64", "int64");
  make(&o);
  for (uint32_t n = 0; n < 500; n++) {
    uint64_t bits = nan_bits(n);
    double d;
    memcpy(&d, &bits, sizeof d);
    EXPECT(hmap_put(m, &d, &(int64_t){n}) == HMAP_OK);
    if (n % 5 == 0)
      put(n);
  }
  save();
  load();
  EXPECT(hmap_count(m) == 600 && hmap_count(loaded) == 600);
  EXPECT(sum_of_nans(m) == sum_of_nans(loaded));
  over();
}

static void text_of_100_mb_comes_back(void) {
  enum { LONG = 100 * 1000 * 1000 };
  hmap_options o = options("text", "text");
  make(&o);
  char *text = malloc(LONG);
  EXPECT(text != NULL);
  for (size_t i = 0; i < LONG; i++)
    text[i] = (char)(i * 2654435761u >> 13);
  uint64_t sum = XXH3_64bits(text, LONG);
  hmap_cell borrowed = hmap_text(text, LONG);
  EXPECT(hmap_put_str(m, "long", 4, &borrowed) == HMAP_OK);
  EXPECT(hmap_put_str(m, "short", 5, &(hmap_cell){.word = {0, 0}}) == HMAP_OK);
  free(text);
  size_t before = memory.bytes;
  memory.peak = 0;
  save();
  EXPECT(memory.peak - before < 300000);
  hmap_free(m);
  m = NULL;
  memory.peak = 0;
  load();
  EXPECT(memory.peak - memory.bytes < 2000000);
  const hmap_cell *at = hmap_get_str(loaded, "long", 4);
  EXPECT(at != NULL && hmap_text_len(at) == LONG);
  EXPECT(XXH3_64bits(hmap_text_ptr(at), LONG) == sum);
  EXPECT(hmap_get_str(loaded, "short", 5) != NULL);
  over();
  free(f.bytes);
  f = (file){.n = 0};
}

/* -- what else a file says ------------------------------------------------ */

static void a_seed_is_kept_and_a_secret_is_not(void) {
  int64_t k = 12345;
  hmap_options o = options("int64", "none");
  o.seeded = true;
  o.seed = 99;
  make(&o);
  put_all(0, 50);
  uint64_t hash = hmap_hash_of(m, &k);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  save();
  load();
  EXPECT(hmap_hash_of(loaded, &k) == hash);
  over();
  o = options("int64", "none");
  make(&o);
  save();
  load();
  EXPECT(hmap_hash_of(loaded, &k) != hmap_hash_of(m, &k));
  over();
}

static uint64_t seven(const void *key, uint32_t hash0, void *ud) {
  (void)key, (void)hash0;
  return *(const uint64_t *)ud;
}

static void a_custom_hash_is_to_be_brought_along(void) {
  uint64_t always = 7;
  hmap_options o = options("int64", "none");
  o.hash = HMAP_HASH_CUSTOM;
  o.hash_fn = seven;
  o.hash_ud = &always;
  make(&o);
  put_all(0, 20);
  save();
  rewind_file();
  EXPECT(load_from(&f) == HMAP_EINVAL && loaded == NULL);
  rewind_file();
  EXPECT(hmap_load(&o, read_file, &f, 0, &loaded, NULL) == HMAP_OK);
  expect_same(m, loaded);
  over();
}

static void hash_policy_and_note_are_kept(void) {
  hmap_loader *l;
  const hmap_file *said;
  hmap_options o = options("point", "record");
  hmap_policy p = {3.25, 7, 9, HMAP_STEP_MANUAL, false, 1.0 / 16, true, 44};
  o.policy = &p;
  o.hash = HMAP_HASH_JAVA31;
  make(&o);
  put_all(0, 300);
  save();
  rewind_file();
  EXPECT(hmap_loader_new(&o, read_file, &f, &l) == HMAP_OK);
  EXPECT(hmap_loader_open(l, &said) == HMAP_OK);
  EXPECT(said->note_bytes == 6 && memcmp(said->note, "a note", 6) == 0);
  EXPECT(said->count == 300 && said->hash == HMAP_HASH_JAVA31);
  EXPECT(said->key.kind == HMAP_TUPLE && said->key.n == 2);
  EXPECT(said->elem.n == 4 && said->elem.fields[3].kind == HMAP_BYTES &&
         said->elem.fields[3].n == 3);
  hmap_loader_free(l);
  load();
  expect_same(m, loaded);
  over();
}

static void options_of_the_caller_come_first(void) {
  hmap_options o = options("int64", "int64");
  hmap_policy p = hmap_policy_of(HMAP_POLICY_REDIS), now;
  make(&o);
  put_all(0, 300);
  save();
  rewind_file();
  o.policy = &p;
  o.seeded = true;
  o.seed = 3;
  EXPECT(hmap_load(&o, read_file, &f, f.n, &loaded, &why) == HMAP_OK);
  hmap_get_policy(loaded, &now);
  EXPECT(now.load == 1 && hmap_count(loaded) == 300);
  hmap_free(loaded);
  rewind_file();
  o.max_bytes = 5000;
  EXPECT(hmap_load(&o, read_file, &f, f.n, &loaded, &why) == HMAP_ELIMIT);
  over();
}

static void a_note_has_its_limit(void) {
  hmap_options o = options("int64", "int64");
  char *note = calloc(HMAP_MAX_NOTE + 1, 1);
  make(&o);
  empty_file();
  EXPECT(hmap_save(m, note, HMAP_MAX_NOTE + 1, write_file, &f, NULL) ==
         HMAP_ETOOBIG);
  EXPECT(f.n == 0);
  EXPECT(hmap_save(m, note, HMAP_MAX_NOTE, write_file, &f, NULL) == HMAP_OK);
  load();
  free(note);
  over();
}

/* The example of csrc/README.md. */
static const unsigned char ant[] = {
    0x89, 0x68, 0x6d, 0x61, 0x70, 0x0d, 0x0a, 0x1a, 0x01, 0,    0,    0,
    0x50, 0,    0,    0,    0x01, 0,    0,    0,    0,    0,    0,    0,
    0x06, 0x73, 0x74, 0x72, 0x69, 0x6e, 0x67, 0,    0,    0,    0,    0x05,
    0x69, 0x6e, 0x74, 0x33, 0x32, 0,    0,    0,    0,    0x04, 0x78, 0x78,
    0x68, 0x33, 0x01, 0x07, 0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0x1a, 0x40, 0,    0,    0,    0,    0,
    0,    0,    0,    0x02, 0,    0,    0,    0x01, 0,    0,    0,    0,
    0,    0,    0,    0,    0x01, 0,    0x02, 0,    0,    0,    0x68, 0x69,
    0x54, 0x05, 0xa8, 0x03, 0xc1, 0x46, 0xf0, 0x36, 0x0b, 0,    0,    0,
    0,    0,    0,    0,    0x03, 0,    0,    0,    0x61, 0x6e, 0x74, 0xfe,
    0xff, 0xff, 0xff, 0x1b, 0x59, 0xbd, 0x9c, 0x58, 0x6a, 0x9d, 0x7d, 0,
    0,    0,    0,    0x01, 0,    0,    0,    0x01, 0,    0,    0,    0,
    0,    0,    0,    0x20, 0x1e, 0x04, 0x59, 0x5c, 0x4c, 0x93, 0x24};

static void has_these_bytes_on_every_machine(void) {
  hmap_options o = options("text", "int32");
  o.seeded = true;
  o.seed = 7;
  make(&o);
  EXPECT(hmap_put_str(m, "ant", 3, &(int32_t){-2}) == HMAP_OK);
  empty_file();
  EXPECT(hmap_save(m, "hi", 2, write_file, &f, NULL) == HMAP_OK);
  EXPECT(f.n == sizeof ant && memcmp(f.bytes, ant, sizeof ant) == 0);
  over();
}

/* The block that is being written; the one that is read, and entries. */
static void little_memory_is_wanted_beside_the_map(void) {
  hmap_options o = options("text", "record");
  make(&o);
  put_all(0, 20000);
  size_t before = memory.bytes;
  memory.peak = 0;
  save();
  EXPECT(memory.peak - before < 300000);
  hmap_free(m);
  m = NULL;
  memory.peak = 0;
  load();
  EXPECT(memory.peak - memory.bytes < 600000);
  over();
}

/* -- steps ---------------------------------------------------------------- */

/* What happens between steps: entries below KEPT stay, all others come and go.
*/
enum { KEPT = 1500, OTHERS = 1500 };

static void anything(uint64_t *chance) {
  for (uint64_t i = below(chance, 40); i > 0; i--) {
    uint32_t n = KEPT + (uint32_t)below(chance, OTHERS);
    if (below(chance, 2))
      put(n);
    else
      (void)(can_have(n) && drop(n));
  }
  switch (below(chance, 12)) {
  case 0:
    EXPECT(hmap_rekey(m) == HMAP_OK);
    break;
  case 1:
    EXPECT(hmap_shrink(m) == HMAP_OK);
    break;
  case 2:
    EXPECT(hmap_reserve(m, (size_t)below(chance, 20000)) == HMAP_OK);
    break;
  case 3:
    EXPECT(hmap_step(m, (size_t)below(chance, 400), NULL, NULL) == HMAP_OK);
    break;
  default:
    break;
  }
}

/* A file in which an entry is twice does not load. */
static void saves_while_it_changes(uint64_t seed) {
  hmap_saver *s;
  bool more = true;
  uint64_t chance = seed;
  hmap_status status = HMAP_OK;
  put_all(0, KEPT);
  for (int i = 0; i < 30; i++)
    anything(&chance);
  empty_file();
  EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
  for (uint64_t before = 0; more && status == HMAP_OK;) {
    size_t n = 1 + (size_t)below(&chance, 100);
    status = hmap_saver_step(s, n, &more);
    EXPECT(hmap_saver_count(s) - before <= n);
    before = hmap_saver_count(s);
    anything(&chance);
  }
  hmap_saver_free(s);
  EXPECT_SAY(status == HMAP_OK || status == HMAP_ECURSOR, "seed %d: %s",
             (int)seed, hmap_status_text(status));
  if (status != HMAP_OK)
    return;
  load();
  for (uint32_t n = 0; n < KEPT; n++)
    EXPECT_SAY(!can_have(n) || has(loaded, n), "seed %d: %d is not there",
               (int)seed, (int)n);
  hmap_free(loaded);
  loaded = NULL;
}

static void what_stays_is_saved_once(void) {
  static const char *const pairs[][2] = {
      {"int64", "int64"}, {"text", "record"}, {"[136]byte", "any"},
      {"any", "none"},    {"point", "bool"},  {"float64", "[136]byte"}};
  for (uint64_t seed = 0; seed < 60; seed++) {
    hmap_policy policy = hmap_policy_of((hmap_preset)(seed / 6 % 4));
    hmap_options o = options(pairs[seed % 6][0], pairs[seed % 6][1]);
    o.policy = &policy;
    make(&o);
    saves_while_it_changes(seed);
    over();
  }
}

/* Steps of whole buckets: one that ends with its last entry is over. */
static void a_step_is_as_long_as_it_was_told(void) {
  for (size_t n = 1; n <= 64; n++) {
    hmap_saver *s;
    bool more = true;
    hmap_options o = options("int64", "int64");
    o.seeded = true;
    make(&o);
    put_all(0, 4000);
    empty_file();
    EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
    for (uint64_t before = 0; more; before = hmap_saver_count(s)) {
      EXPECT(hmap_saver_step(s, n, &more) == HMAP_OK);
      EXPECT_SAY(hmap_saver_count(s) - before <= n, "steps of %d", (int)n);
    }
    hmap_saver_free(s);
    load();
    over();
  }
}

static void a_clear_amid_leaves_what_is_new(void) {
  hmap_saver *s;
  bool more;
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 1000);
  empty_file();
  EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
  EXPECT(hmap_saver_step(s, 100, &more) == HMAP_OK && more);
  uint64_t before = hmap_saver_count(s);
  EXPECT(before >= 50 && before <= 100); /* whole classes of hashes */
  EXPECT(hmap_clear(m) == HMAP_OK);
  put_all(5000, 5400);
  for (; more;)
    EXPECT(hmap_saver_step(s, 100, &more) == HMAP_OK);
  EXPECT(hmap_saver_step(s, 100, &more) == HMAP_OK && !more);
  EXPECT(hmap_saver_count(s) <= before + 400);
  hmap_saver_free(s);
  load();
  over();
}

/* Nothing in a step depends on how large the map is. */
static void each_step_is_bounded(void) {
  hmap_saver *s;
  bool more = true;
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 20000);
  EXPECT(hmap_step(m, 99999, NULL, NULL) == HMAP_OK);
  for (uint32_t n = 10; n < 20000; n++)
    (void)drop(n);
  empty_file();
  EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  int steps = 0;
  for (uint64_t was = stats_of(m).remaining; more; steps++) {
    EXPECT(hmap_saver_step(s, 50, &more) == HMAP_OK);
    uint64_t now = stats_of(m).remaining;
    EXPECT(was - now <= 64);
    was = now;
  }
  EXPECT(!stats_of(m).growing && steps > 4096 / 64 + 4096 / 51);
  hmap_saver_free(s);
  load();
  EXPECT(hmap_count(loaded) == 10);
  over();
}

static void a_map_that_is_gone_is_not_saved(void) {
  hmap_saver *s;
  bool more;
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 100);
  empty_file();
  EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
  EXPECT(hmap_saver_step(s, 10, &more) == HMAP_OK && more);
  hmap_free(m);
  m = NULL;
  EXPECT(hmap_saver_step(s, 10, &more) == HMAP_ECURSOR);
  EXPECT(hmap_saver_step(s, 10, &more) == HMAP_ECURSOR && more);
  hmap_saver_free(s);
  over();
}

static void loads_in_steps(void) {
  hmap_loader *l;
  const hmap_file *said;
  hmap_options o = options("text", "int64");
  make(&o);
  put_all(0, 5000);
  save();
  rewind_file();
  EXPECT(hmap_loader_new(&o, read_file, &f, &l) == HMAP_OK);
  EXPECT(hmap_loader_open(l, &said) == HMAP_OK);
  hmap_file_options(said, &o);
  EXPECT(hmap_loader_begin(l, &o, f.n) == HMAP_OK);
  bool more = true;
  for (uint64_t before = 0; more; before = hmap_loader_count(l)) {
    EXPECT(hmap_loader_take(l) == NULL);
    EXPECT(hmap_loader_step(l, 33, &more) == HMAP_OK);
    EXPECT(hmap_loader_count(l) - before <= 33);
  }
  EXPECT(hmap_loader_count(l) == 5000);
  loaded = hmap_loader_take(l);
  EXPECT(hmap_loader_take(l) == NULL);
  hmap_loader_free(l);
  expect_same(m, loaded);
  over();
}

/* -- objects -------------------------------------------------------------- */

static void objects_are_refused_before_anything_is_written(void) {
  hmap_options o = options("int64", "any");
  hmap_cell address = hmap_any_object(&memory, 0), object;
  hmap_saver *s;
  bool more;
  make(&o);
  put_all(0, 100);
  EXPECT(hmap_put(m, &(int64_t){-5}, &address) == HMAP_OK);
  empty_file();
  EXPECT(hmap_save(m, NULL, 0, write_file, &f, &why) == HMAP_EOBJECT);
  EXPECT(f.calls == 0 && *(const int64_t *)why.key == -5);
  object = hmap_any_object(&memory, 4);
  EXPECT(hmap_put(m, &(int64_t){-5}, &object) == HMAP_OK);
  EXPECT(hmap_save(m, NULL, 0, write_file, &f, NULL) == HMAP_EOBJECT);
  EXPECT(hmap_delete(m, &(int64_t){-5}));
  EXPECT(hmap_saver_new(m, NULL, 0, write_file, &f, &s) == HMAP_OK);
  EXPECT(hmap_put(m, &(int64_t){-6}, &object) == HMAP_OK);
  EXPECT(hmap_saver_step(s, 1000, &more) == HMAP_EOBJECT && more);
  EXPECT(*(const int64_t *)hmap_saver_trouble(s)->key == -6);
  hmap_saver_free(s);
  over();
  o = options("any", "none");
  make(&o);
  EXPECT(hmap_put(m, &object, NULL) == HMAP_OK);
  EXPECT(hmap_save(m, NULL, 0, write_file, &f, &why) == HMAP_EOBJECT);
  EXPECT(((const hmap_cell *)why.key)->c.len == 4);
  over();
}

static void null_is_no_object(void) {
  hmap_options o = options("any", "any");
  hmap_cell null = hmap_any_object(NULL, 0);
  make(&o);
  EXPECT(hmap_put(m, &null, &null) == HMAP_OK);
  save();
  load();
  const hmap_cell *at = hmap_get(loaded, &null);
  EXPECT(at != NULL && memcmp(at, &null, sizeof null) == 0);
  over();
}

/* -- damage --------------------------------------------------------------- */

/* Not loaded, and nothing is left of it. */
static void expect_refused(file *from) {
  size_t before = memory.bytes;
  from->at = 0;
  hmap_status status = load_from(from);
  EXPECT(status == HMAP_EFILE && loaded == NULL);
  EXPECT(why.what != NULL && why.at <= from->n);
  EXPECT(memory.bytes == before);
}

static void damages_a_file(const char *key, const char *elem, uint32_t n) {
  hmap_options o = options(key, elem);
  make(&o);
  put_all(0, n);
  save();
  for (size_t i = 0; i < f.n; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      file copy = copy_of(f.bytes, f.n);
      copy.bytes[i] ^= (unsigned char)(1u << bit);
      expect_refused(&copy);
      free(copy.bytes);
    }
  for (size_t i = 0; i < f.n; i++) {
    file copy = copy_of(f.bytes, i);
    expect_refused(&copy);
    EXPECT(why.at == i || (i < 8 && why.at == 0));
    free(copy.bytes);
  }
  write_file(&f, "x", 1);
  expect_refused(&f);
  EXPECT(strcmp(why.what, "something follows its end") == 0);
  f.n--;
  load();
  expect_same(m, loaded);
  over();
}

static void no_bit_may_be_another(void) {
  damages_a_file("int64", "int64", 3);
  damages_a_file("record", "any", 4);
  damages_a_file("text", "none", 0);
}

/* Where the parts of the file begin; the last is its end. */
static size_t parts_of(const file *in, size_t *at, size_t most) {
  size_t n = 0, i = 16 + 8;
  for (unsigned b = 0; b < 4; b++)
    i += (size_t)in->bytes[12 + b] << 8 * b;
  while (i < in->n && n < most) {
    at[n++] = i;
    size_t length = 0;
    for (unsigned b = 0; b < 4; b++)
      length += (size_t)in->bytes[i + b] << 8 * b;
    i += 8 + (length > 0 ? length : 8) + 8;
  }
  at[n] = i;
  return n;
}

static void copy_part(file *to, const file *from, const size_t *at, size_t i) {
  (void)write_file(to, from->bytes + at[i], at[i + 1] - at[i]);
}

/* The header of f, and its parts in this order. */
static void expect_order_refused(const size_t *at, const size_t *order,
                                 size_t n) {
  file mixed = {.n = 0};
  (void)write_file(&mixed, f.bytes, at[0]);
  for (size_t i = 0; i < n; i++)
    copy_part(&mixed, &f, at, order[i]);
  expect_refused(&mixed);
  free(mixed.bytes);
}

static void blocks_keep_their_order(void) {
  size_t at[20];
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 50000);
  save();
  size_t n = parts_of(&f, at, 18);
  EXPECT(n == 5 && at[n] == f.n && at[1] - at[0] == 8 + 262144 + 8);
  expect_order_refused(at, (const size_t[]){1, 0, 2, 3, 4}, 5);
  EXPECT(why.block == 0 && why.at == at[0]);
  expect_order_refused(at, (const size_t[]){0, 2, 3, 4}, 4);
  EXPECT(why.block == 1 && why.at == at[1]);
  expect_order_refused(at, (const size_t[]){0, 1, 1, 2, 3, 4}, 6);
  EXPECT(why.block == 2 && why.at == at[2]);
  expect_order_refused(at, (const size_t[]){0, 1, 2, 3}, 4);
  EXPECT(why.block == 4);
  expect_order_refused(at, (const size_t[]){0, 1, 2, 3, 4, 4}, 6);
  expect_order_refused(at, (const size_t[]){4}, 1);
  over();
}

/* The same number, a good checksum: but of another file. */
static void blocks_of_another_file_are_foreign(void) {
  size_t at[20], other_at[20];
  hmap_options o = options("int64", "int64");
  make(&o);
  put_all(0, 20000);
  save();
  file other = copy_of(f.bytes, f.n);
  EXPECT(hmap_delete(m, &(int64_t){0}));
  save();
  EXPECT(parts_of(&f, at, 18) == 3 && parts_of(&other, other_at, 18) == 3);
  file mixed = {.n = 0};
  (void)write_file(&mixed, f.bytes, at[0]);
  copy_part(&mixed, &f, at, 0);
  copy_part(&mixed, &other, other_at, 1);
  copy_part(&mixed, &other, other_at, 2);
  expect_refused(&mixed);
  EXPECT(why.block == 1 && why.at == at[1]);
  free(mixed.bytes);
  free(other.bytes);
  over();
}

static void expect_foreign(const char *bytes, size_t n, const char *says) {
  file foreign = copy_of((const unsigned char *)bytes, n);
  expect_refused(&foreign);
  EXPECT_SAY(strncmp(why.what, says, strlen(says)) == 0, "says: %s", why.what);
  EXPECT(why.block == -1);
  free(foreign.bytes);
}

static void foreign_files_are_told_so(void) {
  const char *says = "it does not begin as the file of a map";
  memory = (heap){.bytes = 0};
  expect_foreign("", 0, "it ends here");
  expect_foreign("\x89hm", 3, "it ends here");
  expect_foreign("a", 1, says);
  expect_foreign("\x89PNG\r\n\x1a\n and so on and on", 24, says);
  expect_foreign("key,value\n1,2\n3,4\n5,6\n", 22, says);
  expect_foreign("\x89hmap\n\x1a\n\1\0\0\0and on and on", 25, says);
  expect_foreign("\x89hmap\r\n\x1a\2\0\0\0and on and on", 25,
                 "it is of a version");
}

/* -- lies under good checksums -------------------------------------------- */

static void set_word(file *in, size_t at, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    in->bytes[at + i] = (unsigned char)(v >> 8 * i);
}

static uint64_t sum_part(file *in, size_t from, size_t to, uint64_t seed) {
  uint64_t sum = XXH3_64bits_withSeed(in->bytes + from, to - 8 - from, seed);
  set_word(in, to - 8, sum, 8);
  return sum;
}

/* Makes all checksums good again. */
static void sum_up(file *in) {
  size_t at[20], n = parts_of(in, at, 18);
  uint64_t sum = sum_part(in, 0, at[0], 0);
  for (size_t i = 0; i < n; i++)
    sum = sum_part(in, at[i], at[i + 1], sum);
}

static void expect_lie_refused(size_t at, uint64_t v, size_t n,
                               const char *says) {
  file copy = copy_of(f.bytes, f.n);
  set_word(&copy, at, v, n);
  sum_up(&copy);
  expect_refused(&copy);
  EXPECT_SAY(strcmp(why.what, says) == 0, "says: %s", why.what);
  free(copy.bytes);
}

static void lies_are_found_out(void) {
  size_t at[20];
  hmap_options o = options("int8", "bool");
  make(&o);
  put_all(0, 2);
  save();
  EXPECT(parts_of(&f, at, 18) == 2);
  expect_lie_refused(at[0] + 9, 2, 1, "a bool is neither true nor false");
  expect_lie_refused(at[0] + 10, f.bytes[at[0] + 8], 1, "a key is there twice");
  expect_lie_refused(at[1] + 8, 3, 8,
                     "the end mark has another number of entries");
  const char *types = "the types are none that a map can have";
  expect_lie_refused(25, 'x', 1, types); /* key: "xnt8" */
  over();
}

static void words_in(const char *word, size_t *at) {
  size_t n = strlen(word);
  for (*at = 0; *at + n <= f.n; ++*at)
    if (memcmp(f.bytes + *at, word, n) == 0)
      return;
  check_fail("%s is not in the file", word);
}

static void descriptions_are_checked(void) {
  size_t at;
  hmap_options o = options("point", "any");
  make(&o);
  put_all(0, 1);
  save();
  words_in("tuple", &at);
  expect_lie_refused(at + 5, 65, 4, "the description has another length");
  words_in("int32", &at);
  expect_lie_refused(at + 3, 'x', 1, "the types are none that a map can have");
  words_in("xxh3", &at);
  expect_lie_refused(at, 'y', 1, "the hash is none that is known");
  expect_lie_refused(at + 4 + 9 + 16, 0, 4,
                     "the policy is none that a map can have");
  words_in("a note", &at);
  expect_lie_refused(at - 4, 5, 4, "the description has another length");
  expect_lie_refused(at - 4, 7, 4, "the description has another length");
  over();
}

/* What a file claims costs no memory that its bytes do not. */
static void claims_are_not_believed(void) {
  size_t at[20];
  hmap_options o = options("text", "int64");
  make(&o);
  put_all(0, 1);
  save();
  hmap_free(m);
  m = NULL;
  EXPECT(memory.bytes == 0);
  EXPECT(parts_of(&f, at, 18) == 2);
  size_t bytes = f.n;
  set_word(&f, 16, UINT64_C(1) << 50, 8);
  sum_up(&f);
  memory.peak = 0;
  load();
  hmap_free(loaded);
  loaded = NULL;
  EXPECT(memory.peak < 40000);
  expect_lie_refused(at[0] + 8, 0xfffffff0u, 4, "the last entry is cut off");
  set_word(&f, at[0], 262144, 4);
  expect_refused(&f);
  EXPECT(f.n == bytes && memory.peak < 40000);
  set_word(&f, at[0], 262145, 4);
  expect_refused(&f);
  EXPECT(strcmp(why.what, "a block cannot be so long") == 0);
  set_word(&f, 12, 0x7fffffff, 4);
  expect_refused(&f);
  EXPECT(strcmp(why.what, "the description cannot be so long") == 0);
  set_word(&f, 12, 100000, 4);
  expect_refused(&f);
  EXPECT(memory.peak < 40000);
  over();
}

/* -- what fails ----------------------------------------------------------- */

static void a_map_of_several_blocks(void) {
  hmap_options o = options("int32", "text");
  make(&o);
  put_all(0, 4000);
}

static void any_write_may_fail(void) {
  a_map_of_several_blocks();
  save();
  size_t calls = f.calls, bytes = f.n, before = memory.bytes;
  EXPECT(calls >= 4);
  for (size_t i = 1; i <= calls; i++) {
    empty_file();
    f.fail_at = i;
    EXPECT(hmap_save(m, "a note", 6, write_file, &f, &why) == HMAP_EIO);
    EXPECT(f.calls == i && why.at == (i == 1 ? 0 : f.n) && f.n < bytes);
    EXPECT(memory.bytes == before);
  }
  over();
}

static void any_read_may_fail(void) {
  a_map_of_several_blocks();
  save();
  size_t before = memory.bytes;
  f.piece = 40000;
  load();
  hmap_free(loaded);
  loaded = NULL;
  size_t calls = f.calls;
  EXPECT(calls > 20);
  for (size_t i = 1; i <= calls; i++) {
    rewind_file();
    f.fail_at = i;
    EXPECT(load_from(&f) == HMAP_EIO && loaded == NULL);
    EXPECT(f.calls == i && memory.bytes == before);
  }
  over();
}

static void reads_may_be_short(void) {
  hmap_options o = options("record", "text");
  make(&o);
  put_all(0, 300);
  save();
  f.piece = 1;
  load();
  expect_same(m, loaded);
  over();
}

static void any_request_of_a_save_may_be_refused(void) {
  a_map_of_several_blocks();
  hmap_status status = HMAP_ENOMEM;
  size_t before = memory.bytes, at = 0;
  for (; status != HMAP_OK; at++) {
    empty_file();
    memory.calls = memory.refused = 0;
    memory.refuse_at = at + 1;
    status = hmap_save(m, NULL, 0, write_file, &f, &why);
    EXPECT((status == HMAP_ENOMEM) == (memory.refused > 0));
    EXPECT(memory.bytes == before);
  }
  EXPECT(at >= 3);
  memory.refuse_at = 0;
  load();
  over();
}

static void any_request_of_a_load_may_be_refused(void) {
  a_map_of_several_blocks();
  save();
  hmap_status status = HMAP_ENOMEM;
  size_t before = memory.bytes, at = 0;
  for (; status != HMAP_OK; at += 1 + at / 20) {
    rewind_file();
    memory.calls = memory.refused = 0;
    memory.refuse_at = at + 1;
    status = load_from(&f);
    EXPECT(status == HMAP_OK || status == HMAP_ENOMEM);
    EXPECT(status == HMAP_OK || memory.bytes == before);
  }
  EXPECT(at > 40);
  expect_same(m, loaded);
  over();
}

/* One that is refused memory goes on when it is there again. */
static void a_step_can_be_tried_again(void) {
  hmap_loader *l;
  const hmap_file *said;
  hmap_options o = options("text", "record");
  make(&o);
  put_all(0, 300);
  save();
  rewind_file();
  EXPECT(hmap_loader_new(&o, read_file, &f, &l) == HMAP_OK);
  memory.refuse_more = 1;
#define TRY_AGAIN(call)                                                        \
  do {                                                                         \
    hmap_status status_;                                                       \
    memory.refuse_at = memory.calls + 1;                                       \
    while ((status_ = (call)) == HMAP_ENOMEM)                                  \
      memory.refuse_at = memory.calls + 5;                                     \
    EXPECT(status_ == HMAP_OK);                                                \
  } while (0)
  bool more = true;
  TRY_AGAIN(hmap_loader_open(l, &said));
  TRY_AGAIN(hmap_loader_begin(l, &o, 0));
  while (more)
    TRY_AGAIN(hmap_loader_step(l, 7, &more));
  memory.refuse_at = 0;
  EXPECT(memory.refused > 50);
  loaded = hmap_loader_take(l);
  hmap_loader_free(l);
  expect_same(m, loaded);
  over();
}

/* -- entries in parts ------------------------------------------------------ */

enum { LONG = 700 * 1000 }; /* more than the loader has whole at once */

/* A text that is not another one of these. */
static hmap_cell long_text(char *room, size_t n, uint32_t number) {
  for (size_t i = 0; i < n; i++)
    room[i] = (char)((i + 1) * 2654435761u >> (number % 17));
  memcpy(room, &number, sizeof number);
  return hmap_text(room, n);
}

typedef struct name_and_text {
  hmap_cell name;
  int64_t number;
  hmap_cell text;
} name_and_text;

static const hmap_field name_and_text_fields[] = {
    {HMAP_STRING, 0, NULL}, {HMAP_INT64, 0, NULL}, {HMAP_STRING, 0, NULL}};

/* Entries around two long ones; the elem of the second is short. Types: text
** to text, any to any, or tuples with two texts each. */
typedef enum long_kind { TEXTS, ANYS, TUPLES, LONG_KINDS } long_kind;

static hmap_options long_options(long_kind k) {
  const hmap_spec of[] = {{.kind = HMAP_STRING},
                          {.kind = HMAP_ANY},
                          {HMAP_TUPLE, 3, name_and_text_fields}};
  hmap_options o = {.key = of[k], .elem = of[k]};
  memory = (heap){.bytes = 0};
  heap_serve(&memory, &o, &pages);
  return o;
}

static void put_long(long_kind k, uint32_t number, size_t nkey, size_t nelem) {
  static char rooms[4][LONG + 1];
  hmap_cell key = long_text(rooms[0], nkey, number);
  hmap_cell elem = long_text(rooms[1], nelem, number + 1);
  if (k != TUPLES) {
    EXPECT(hmap_put(m, &key, &elem) == HMAP_OK);
    return;
  }
  name_and_text a = {long_text(rooms[2], nkey / 2, number), number, key};
  name_and_text b = {elem, -7, long_text(rooms[3], nelem, number + 2)};
  EXPECT(hmap_put(m, &a, &b) == HMAP_OK);
}

static void make_long_texts(long_kind k) {
  hmap_options o = long_options(k);
  make(&o);
  for (uint32_t i = 0; i < 20; i++)
    put_long(k, 1000 + i, 10 + i, 40 - i);
  put_long(k, 1, LONG, LONG + 1);
  put_long(k, 2, LONG - 1, 9);
}

static bool same_text(const hmap_cell *a, const hmap_cell *b) {
  size_t n = hmap_text_len(a);
  return n == hmap_text_len(b) &&
         memcmp(hmap_text_ptr(a), hmap_text_ptr(b), n) == 0;
}

static bool same_elem(long_kind k, const void *x, const void *y) {
  const name_and_text *a = x, *b = y;
  return k != TUPLES
             ? same_text(x, y)
             : a->number == b->number && same_text(&a->name, &b->name) &&
                   same_text(&a->text, &b->text);
}

static void expect_same_texts(long_kind k) {
  hmap_iter it;
  EXPECT(hmap_count(m) == 22 && hmap_count(loaded) == 22);
  hmap_iter_init(&it, m);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL) {
    const void *at = hmap_get(loaded, it.key);
    EXPECT(at != NULL && same_elem(k, it.elem, at));
  }
}

static void long_texts_come_back_wherever_they_are(void) {
  for (long_kind k = TEXTS; k < LONG_KINDS; k++)
    for (size_t piece = 0; piece < 200000; piece = 3 * piece + 7001) {
      make_long_texts(k);
      save();
      f.piece = piece;
      load();
      expect_same_texts(k);
      over();
    }
}

/* Of a pipe nobody knows how long it is. */
static void so_they_do_from_what_has_no_known_size(void) {
  for (long_kind k = TEXTS; k < LONG_KINDS; k++) {
    hmap_options o = long_options(k);
    make_long_texts(k);
    save();
    rewind_file();
    heap_serve(&memory, &o, &pages);
    EXPECT(hmap_load(&o, read_file, &f, 0, &loaded, &why) == HMAP_OK);
    expect_sound(loaded);
    expect_same_texts(k);
    over();
  }
}

static void a_long_entry_can_be_tried_again(void) {
  for (long_kind k = TEXTS; k < LONG_KINDS; k++) {
    hmap_loader *l;
    const hmap_file *said;
    hmap_options o = long_options(k);
    make_long_texts(k);
    heap_serve(&memory, &o, &pages);
    save();
    rewind_file();
    EXPECT(hmap_loader_new(&o, read_file, &f, &l) == HMAP_OK);
    EXPECT(hmap_loader_open(l, &said) == HMAP_OK);
    EXPECT(hmap_loader_begin(l, &o, k == ANYS ? 0 : f.n) == HMAP_OK);
    memory.refuse_more = 1;
    bool more = true;
    while (more)
      TRY_AGAIN(hmap_loader_step(l, 3, &more));
    memory.refuse_at = 0;
    EXPECT(memory.refused > 3);
    EXPECT(hmap_loader_count(l) == 22);
    loaded = hmap_loader_take(l);
    hmap_loader_free(l);
    expect_sound(loaded);
    expect_same_texts(k);
    over();
  }
}

static void any_request_for_a_long_entry_may_be_refused(void) {
  for (long_kind k = TEXTS; k < LONG_KINDS; k++) {
    make_long_texts(k);
    save();
    hmap_status status = HMAP_ENOMEM;
    size_t before = memory.bytes;
    for (size_t at = 1; status != HMAP_OK; at++) {
      rewind_file();
      memory.calls = memory.refused = 0;
      memory.refuse_at = at;
      status = load_from(&f);
      EXPECT(status == HMAP_OK || status == HMAP_ENOMEM);
      EXPECT(status == HMAP_OK || memory.bytes == before);
    }
    memory.refuse_at = 0;
    expect_same_texts(k);
    over();
  }
}

static void a_long_text_keeps_to_max_bytes(void) {
  hmap_options o = long_options(TEXTS);
  make_long_texts(TEXTS);
  save();
  size_t before = memory.bytes;
  heap_serve(&memory, &o, &pages);
  o.max_bytes = LONG;
  rewind_file();
  EXPECT(hmap_load(&o, read_file, &f, f.n, &loaded, &why) == HMAP_ELIMIT);
  EXPECT(memory.bytes == before);
  over();
}

/* Somewhere in each part of a file with long entries. */
static void a_long_entry_must_be_whole(void) {
  make_long_texts(TEXTS);
  save();
  for (size_t i = 400; i < f.n; i += f.n / 23) {
    file copy = copy_of(f.bytes, f.n);
    copy.bytes[i] ^= 4;
    expect_refused(&copy);
    copy.bytes[i] ^= 4;
    copy.n = i;
    expect_refused(&copy);
    EXPECT(why.at == i);
    free(copy.bytes);
  }
  over();
}

/* A file of one long entry, which is there twice. */
static void a_long_key_is_there_once(void) {
  size_t at[20];
  hmap_options o = long_options(TEXTS);
  make(&o);
  put_long(TEXTS, 1, LONG, LONG);
  save();
  size_t n = parts_of(&f, at, 18) - 1;
  file twice = {.n = 0};
  (void)write_file(&twice, f.bytes, at[n]);
  for (size_t i = 0; i < n; i++)
    copy_part(&twice, &f, at, i);
  copy_part(&twice, &f, at, n);
  n = parts_of(&twice, at, 18);
  for (size_t i = 0; i < n; i++)
    set_word(&twice, at[i] + 4, i, 4);
  sum_up(&twice);
  expect_refused(&twice);
  EXPECT_SAY(strcmp(why.what, "a key is there twice") == 0, "%s", why.what);
  free(twice.bytes);
  over();
}

static void a_long_claim_is_not_believed(void) {
  size_t at[20];
  hmap_options o = long_options(TEXTS);
  make(&o);
  put_long(TEXTS, 1, LONG, LONG);
  save();
  hmap_free(m);
  m = NULL;
  EXPECT(parts_of(&f, at, 18) == 7);
  memory.peak = 0;
  expect_lie_refused(at[0] + 8, 0xfffffff0u, 4, "the last entry is cut off");
  EXPECT(memory.peak < 5000000);
  over();
}

int main(void) {
  it("maps of all kinds come back from a file, whatever moves meanwhile",
     all_kinds_come_back);
  it("a map amid a growth comes back", a_growth_comes_back);
  it("a map amid a shrink comes back", a_shrink_comes_back);
  it("a map amid a rekey comes back", a_rekey_comes_back);
  it("NaN keys come back, with their bits and as often", nans_come_back);
  it("a text of 100 MB comes back", text_of_100_mb_comes_back);
  it("long texts come back, wherever they are",
     long_texts_come_back_wherever_they_are);
  it("so they do from what has no known size",
     so_they_do_from_what_has_no_known_size);
  it("a step amid a long entry can be tried again",
     a_long_entry_can_be_tried_again);
  it("any request for a long entry may be refused",
     any_request_for_a_long_entry_may_be_refused);
  it("a long text keeps to max_bytes", a_long_text_keeps_to_max_bytes);
  it("a long entry must be whole", a_long_entry_must_be_whole);
  it("a long key is there once", a_long_key_is_there_once);
  it("a long claim is not believed", a_long_claim_is_not_believed);
  it("a seed is in the file, a secret that nobody chose is not",
     a_seed_is_kept_and_a_secret_is_not);
  it("a custom hash is to be brought along",
     a_custom_hash_is_to_be_brought_along);
  it("hash, policy, types and note are kept", hash_policy_and_note_are_kept);
  it("a file has the same bytes on every machine",
     has_these_bytes_on_every_machine);
  it("a save takes 300 KB beside the map, a load 600",
     little_memory_is_wanted_beside_the_map);
  it("what the caller says comes before what the file says",
     options_of_the_caller_come_first);
  it("a note has its limit", a_note_has_its_limit);
  it("what stays is in the file once, whatever happens between steps",
     what_stays_is_saved_once);
  it("a step of n writes no more than n, also where a bucket ends it",
     a_step_is_as_long_as_it_was_told);
  it("a clear between steps leaves what is new",
     a_clear_amid_leaves_what_is_new);
  it("a step looks at so many chains, and moves 64 buckets of a rekey",
     each_step_is_bounded);
  it("a map that was freed is not saved", a_map_that_is_gone_is_not_saved);
  it("a map loads in steps, and nobody has it before the last", loads_in_steps);
  it("objects are refused before anything is written",
     objects_are_refused_before_anything_is_written);
  it("NULL is no object", null_is_no_object);
  it("no bit of a file may be another, and no byte may be missing",
     no_bit_may_be_another);
  it("blocks keep their order, and none is left out or twice there",
     blocks_keep_their_order);
  it("a block of another file is found out",
     blocks_of_another_file_are_foreign);
  it("what is no file of a map is told so", foreign_files_are_told_so);
  it("lies under good checksums are found out", lies_are_found_out);
  it("so are those in the description", descriptions_are_checked);
  it("claims are not believed before the bytes are there",
     claims_are_not_believed);
  it("any write may fail", any_write_may_fail);
  it("any read may fail", any_read_may_fail);
  it("reads may give a byte at a time", reads_may_be_short);
  it("any request for memory may be refused while saving",
     any_request_of_a_save_may_be_refused);
  it("any request for memory may be refused while loading",
     any_request_of_a_load_may_be_refused);
  it("a step of loading that was refused memory can be tried again",
     a_step_can_be_tried_again);
  free(f.bytes);
  return summary();
}
