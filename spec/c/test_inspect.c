/* test_inspect.c: what the views say is so. */
#define _DEFAULT_SOURCE 1
#include <math.h>

#include "cells.h"
#include "heap.h"

static hmap *m;

static hmap *new_map(const char *key, const char *elem, hmap_hash hash) {
  hmap_options o = {.key = kind_named(key)->spec,
                    .elem = kind_named(elem)->spec,
                    .hash = hash,
                    .seeded = true,
                    .seed = 7};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  return m;
}

static void put_from_to(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    EXPECT(hmap_put(m, &k, &k) == HMAP_OK);
}

static hmap_stats stats(void) {
  hmap_stats s;
  hmap_get_stats(m, &s);
  return s;
}

/* -- buckets and keys ----------------------------------------------------- */

/* Visits every bucket of every chain of both arrays. */
static void each_bucket(void (*visit)(hmap_which which, uint64_t i,
                                      size_t depth,
                                      const hmap_bucket_view *b)) {
  hmap_bucket_view b;
  for (int which = HMAP_NEW; which <= HMAP_OLD; which++)
    for (uint64_t i = 0; hmap_view_bucket(m, (hmap_which)which, i, 0, &b);
         i++) {
      bool more = true;
      for (size_t depth = 0; more; depth++) {
        EXPECT(hmap_view_bucket(m, (hmap_which)which, i, depth, &b));
        visit((hmap_which)which, i, depth, &b);
        more = b.more;
      }
    }
}

static size_t seen;

/* What is in a bucket is what explain says of its key. */
static void agrees_with_explain(hmap_which which, uint64_t i, size_t depth,
                                const hmap_bucket_view *b) {
  hmap_explanation e;
  for (unsigned s = 0; s < HMAP_BUCKET_COUNT; s++) {
    EXPECT((b->key[s] != NULL) == (b->state[s] == HMAP_SLOT_FULL));
    if (b->key[s] == NULL) {
      EXPECT(b->tophash[s] == b->state[s]);
      continue;
    }
    hmap_explain(m, b->key[s], &e);
    EXPECT(e.found && e.which == which && e.bucket == i);
    EXPECT(e.depth == depth && e.slot == s && e.tophash == b->tophash[s]);
    EXPECT(e.tophash == hmap_tophash_of(e.hash));
    EXPECT(which == HMAP_OLD || e.hash == hmap_hash_of(m, b->key[s]));
    EXPECT(hmap_get(m, b->key[s]) == b->elem[s]);
    seen++;
  }
}

static void buckets_and_explain_agree(void) {
  new_map("int64", "int64", HMAP_HASH_XXH3);
  for (int64_t k = 0; k < 1000; k += 9) {
    put_from_to(k, k + 9);
    seen = 0;
    each_bucket(agrees_with_explain);
    EXPECT(seen == hmap_count(m));
  }
  hmap_free(m);
}

static void buckets_and_explain_agree_while_rekeying(void) {
  new_map("int64", "int64", HMAP_HASH_XXH3);
  put_from_to(0, 1000);
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  for (; stats().growing; (void)!hmap_step(m, 5, NULL, NULL)) {
    seen = 0;
    each_bucket(agrees_with_explain);
    EXPECT(seen == 1000);
  }
  hmap_free(m);
}

/* -- chains --------------------------------------------------------------- */

static uint64_t longest_now;

static void measure_chain(hmap_which which, uint64_t i, size_t depth,
                          const hmap_bucket_view *b) {
  (void)which, (void)i, (void)b;
  if (depth + 1 > longest_now)
    longest_now = depth + 1;
}

static void remembers_the_longest_chain(void) {
  static const hmap_hash hashes[] = {HMAP_HASH_XXH3, HMAP_HASH_CONSTANT};
  for (int h = 0; h < 2; h++) {
    uint64_t most = 0;
    new_map("int64", "int64", hashes[h]);
    EXPECT(stats().longest_chain == 0);
    for (int64_t k = 0; k < 300; k++) {
      put_from_to(k, k + 1);
      longest_now = 0;
      each_bucket(measure_chain);
      most = longest_now > most ? longest_now : most;
      EXPECT(stats().longest_chain == most);
    }
    EXPECT(hmap_clear(m) == HMAP_OK && stats().longest_chain == most);
    hmap_free(m);
  }
}

static void explain_foresees_the_next_doubling(void) {
  hmap_explanation before, after;
  new_map("int64", "int64", HMAP_HASH_XXH3);
  put_from_to(0, 416);
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  hmap_explain(m, &(int64_t){77}, &before);
  uint64_t half = stats().nbuckets;
  put_from_to(416, 417);
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  hmap_explain(m, &(int64_t){77}, &after);
  EXPECT(stats().nbuckets == 2 * half);
  EXPECT(after.bucket == before.bucket + (before.goes_to_y ? half : 0));
  for (int64_t k = 0; k < 100; k++) {
    hmap_explain(m, &k, &after);
    EXPECT(after.goes_to_y == (after.hash / stats().nbuckets % 2 == 1));
  }
  hmap_free(m);
}

static hmap_distribution shown;

static void count_states(hmap_which which, uint64_t i, size_t depth,
                         const hmap_bucket_view *b) {
  (void)which, (void)i, (void)depth;
  for (unsigned s = 0; s < HMAP_BUCKET_COUNT; s++)
    shown.by_state[b->state[s]]++;
}

/* One search for each key, and one for an absent key in each chain: identity
** hashes say where they go. */
static void sum_of_searches(void) {
  hmap_explanation e;
  hmap_iter it;
  hmap_iter_init(&it, m);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL) {
    hmap_explain(m, it.key, &e);
    shown.hit_probes += e.slots_scanned;
    shown.hit_buckets += e.depth + 1;
    EXPECT(e.buckets_read == e.depth + 1);
    EXPECT(e.comparisons == e.false_matches + 1);
  }
  hmap_iter_close(&it);
  for (uint64_t i = 0; i < stats().nbuckets; i++) {
    int64_t absent = (int64_t)(i | UINT64_C(1) << 40 | UINT64_C(0x77) << 56);
    hmap_explain(m, &absent, &e);
    EXPECT(!e.found && e.comparisons == e.false_matches);
    if (e.which == HMAP_OLD && e.bucket != i)
      continue; /* its old bucket has had its turn */
    shown.miss_probes += e.slots_scanned;
    shown.miss_buckets += e.buckets_read;
  }
}

static void the_distribution_is_the_sum(void) {
  hmap_distribution d;
  new_map("int64", "int64", HMAP_HASH_IDENTITY);
  for (int64_t k = 0; k < 300; k++) {
    int64_t skewed = k % 3 ? k : k * 64;
    EXPECT(hmap_put(m, &skewed, &k) == HMAP_OK);
    if (k % 5 == 4)
      EXPECT(hmap_delete(m, &(int64_t){k - 3}) || k);
    shown = (hmap_distribution){.nchains = 0};
    each_bucket(count_states);
    sum_of_searches();
    hmap_get_distribution(m, &d);
    EXPECT(memcmp(d.by_state, shown.by_state, sizeof d.by_state) == 0);
    EXPECT(d.hit_probes == shown.hit_probes);
    EXPECT(d.hit_buckets == shown.hit_buckets);
    EXPECT(d.miss_probes == shown.miss_probes);
    EXPECT(d.miss_buckets == shown.miss_buckets);
    EXPECT(d.entries == hmap_count(m));
  }
  hmap_free(m);
}

static void histograms_add_up(void) {
  hmap_distribution d;
  uint64_t chains = 0, entries = 0, overflow = 0, tops = 0;
  new_map("text", "none", HMAP_HASH_XXH3);
  for (uint32_t n = 0; n < 5000; n++) {
    cell c;
    make_cell(&c, kind_named("text"), n);
    EXPECT(hmap_put(m, &c.at, NULL) == HMAP_OK);
  }
  hmap_get_distribution(m, &d);
  for (size_t i = 0; i < HMAP_HIST; i++) {
    chains += d.by_entries[i];
    entries += i * d.by_entries[i];
    overflow += i * d.by_overflow[i];
  }
  for (size_t i = 0; i < 256; i++)
    tops += d.tophash[i];
  EXPECT(chains == d.nchains && entries == 5000 && tops == 5000);
  EXPECT(overflow == stats().overflow_in_use);
  EXPECT(d.tophash[0] + d.tophash[1] + d.tophash[4] == 0);
  EXPECT(d.by_entries[d.max_entries] > 0 && d.by_overflow[d.max_overflow] > 0);
  for (uint64_t i = d.max_entries + 1; i < HMAP_HIST; i++)
    EXPECT(d.by_entries[i] == 0);
  for (uint64_t i = d.max_overflow + 1; i < HMAP_HIST; i++)
    EXPECT(d.by_overflow[i] == 0);
  hmap_free(m);
}

static void says_what_it_no_longer_knows(void) {
  hmap_bucket_view b;
  hmap_pages pages;
  heap memory = {.refuse_at = 0};
  hmap_options o = {.key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_INT64}};
  heap_serve(&memory, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int64_t k = 0; !stats().growing || stats().noldbuckets < 4096; k++)
    put_from_to(k, k + 1);
  EXPECT(hmap_view_bucket(m, HMAP_OLD, 4000, 0, &b) && !b.evacuated);
  EXPECT(hmap_step(m, 3000, NULL, NULL) == HMAP_OK);
  EXPECT(hmap_view_bucket(m, HMAP_OLD, 0, 0, &b) && b.evacuated && b.unknown);
  EXPECT(!hmap_view_bucket(m, HMAP_OLD, 0, 1, &b));
  EXPECT(hmap_view_bucket(m, HMAP_OLD, 2999, 0, &b));
  EXPECT(b.evacuated && !b.unknown && b.state[0] >= HMAP_SLOT_EVACUATED_X);
  EXPECT(!hmap_view_bucket(m, HMAP_OLD, 4096, 0, &b));
  EXPECT(!hmap_view_bucket(m, HMAP_NEW, 8192, 0, &b));
  expect_sound(m);
  hmap_free(m);
}

static void nothing_is_there_before_the_first_put(void) {
  hmap_bucket_view b;
  hmap_header h;
  hmap_explanation e;
  hmap_distribution d;
  new_map("int64", "int64", HMAP_HASH_XXH3);
  hmap_get_header(m, &h);
  EXPECT(h.count == 0 && h.B == 0 && h.buckets == NULL && h.flags == 0);
  EXPECT(!hmap_view_bucket(m, HMAP_NEW, 0, 0, &b));
  EXPECT(!hmap_view_bucket(m, HMAP_OLD, 0, 0, &b));
  hmap_explain(m, &(int64_t){5}, &e);
  EXPECT(!e.found && e.buckets_read == 0);
  hmap_get_distribution(m, &d);
  EXPECT(d.nchains == 0 && d.entries == 0);
  EXPECT(stats().nbuckets == 0 && !stats().growing);
  expect_sound(m);
  hmap_free(m);
}

/* -- memory --------------------------------------------------------------- */

static void memory_adds_up(void) {
  heap h = {.bytes = 0};
  hmap_pages pages;
  hmap_memory x;
  hmap_options o = {.key = {.kind = HMAP_STRING},
                    .elem = kind_named("[136]byte")->spec};
  heap_serve(&h, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (uint32_t n = 0; n < 20000; n++) {
    cell k, v;
    make_cell(&k, kind_named("text"), n);
    make_cell(&v, kind_named("[136]byte"), n);
    EXPECT(hmap_put(m, &k.at, &v.at) == HMAP_OK);
    if (n % 16)
      continue;
    hmap_get_memory(m, &x);
    EXPECT(x.total == h.bytes && x.total == stats().bytes);
    EXPECT(x.header + x.buckets + x.preallocated + x.overflow + x.old + x.text +
               x.indirect ==
           x.total);
    EXPECT(x.indirect >= 136 * hmap_count(m));
    EXPECT((x.old > 0) >= stats().growing);
  }
  hmap_free(m);
  EXPECT(h.bytes == 0);
}

static void layouts_are_gos(void) {
  static const struct {
    const char *key, *elem;
    size_t bytes;
  } known[] = {{"int64", "int64", 144},      {"text", "int64", 208},
               {"text", "text", 272},        {"int32", "int8", 56},
               {"uint8", "uint8", 32},       {"[136]byte", "int64", 144},
               {"any", "int64", 208},        {"int64", "none", 80},
               {"int64", "[136]byte", 144},  {"record", "bool", 344},
               {"[16]byte", "float32", 176}, {"point", "int16", 96}};
  hmap_layout x;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    hmap_spec k = kind_named(known[i].key)->spec;
    hmap_spec e = kind_named(known[i].elem)->spec;
    EXPECT(hmap_get_layout(&k, &e, &x) == HMAP_OK);
    EXPECT_SAY(x.bucket_size == known[i].bytes, "%s -> %s: %zu bytes",
               known[i].key, known[i].elem, x.bucket_size);
    EXPECT(x.slots == 8 && x.tophash_at == 0 && x.keys_at == 8);
    EXPECT(x.elems_at == 8 + 8 * x.key_slot);
    EXPECT(x.overflow_at == x.elems_at + 8 * x.elem_slot);
    EXPECT(x.bucket_size == x.overflow_at + x.padding + 8);
    EXPECT(x.indirect_key == (x.key_size > HMAP_MAX_INLINE));
    EXPECT(x.cache_lines == (x.bucket_size + 63) / 64);
  }
}

/* -- hashes --------------------------------------------------------------- */

static uint64_t hash_in(const char *kind_name, hmap_hash hash,
                        const void *key) {
  new_map(kind_name, "none", hash);
  uint64_t h = hmap_hash_of(m, key);
  hmap_free(m);
  return h;
}

static void hashes_are_the_known_ones(void) {
  hmap_cell hello = hmap_text("hello", 5), none = hmap_text("", 0);
  EXPECT(hash_in("int64", HMAP_HASH_IDENTITY, &(int64_t){-2}) ==
         UINT64_MAX - 1);
  EXPECT(hash_in("int8", HMAP_HASH_IDENTITY, &(int8_t){-1}) == UINT64_MAX);
  EXPECT(hash_in("uint8", HMAP_HASH_IDENTITY, &(uint8_t){255}) == 255);
  EXPECT(hash_in("int16", HMAP_HASH_IDENTITY, &(int16_t){-3}) ==
         UINT64_MAX - 2);
  EXPECT(hash_in("uint32", HMAP_HASH_IDENTITY, &(uint32_t){UINT32_MAX}) ==
         UINT32_MAX);
  EXPECT(hash_in("text", HMAP_HASH_CONSTANT, &hello) ==
         UINT64_C(0xc3a5c85c97cb3127));
  EXPECT(hash_in("text", HMAP_HASH_FNV1A, &hello) ==
         UINT64_C(0xa430d84680aabd0b));
  EXPECT(hash_in("text", HMAP_HASH_FNV1A, &none) ==
         UINT64_C(0xcbf29ce484222325));
  EXPECT(hash_in("text", HMAP_HASH_JAVA31, &hello) == 99162322);
}

static void tophashes_leave_room_for_marks(void) {
  for (uint64_t top = 0; top < 256; top++)
    EXPECT(hmap_tophash_of(top << 56 | 12345) == (top < 5 ? top + 5 : top));
}

/* Half of the bits change with any bit of the key, and with the seed. */
static void xxh3_mixes(void) {
  hmap_options o = {
      .key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_NONE}, .seeded = true};
  uint64_t flipped = 0, first = 0, same = 0;
  new_map("int64", "none", HMAP_HASH_XXH3);
  for (int64_t k = 0; k < 100; k++)
    for (int bit = 0; bit < 64; bit++) {
      int64_t other = (int64_t)((uint64_t)k ^ UINT64_C(1) << bit);
      uint64_t x = hmap_hash_of(m, &k) ^ hmap_hash_of(m, &other);
      for (; x != 0; x &= x - 1)
        flipped++;
    }
  EXPECT(flipped > 100 * 64 * 31 && flipped < 100 * 64 * 33);
  hmap_free(m);
  for (o.seed = 0; o.seed < 50; o.seed++) {
    EXPECT(hmap_new(&o, &m) == HMAP_OK);
    uint64_t h = hmap_hash_of(m, &(int64_t){1});
    same += h == first;
    first = h;
    hmap_free(m);
  }
  EXPECT(same == 0);
}

/* How far the counts of so many keys in n places are from even, in standard
** deviations of the chi-squared distribution (from its mean, n - 1). */
static double unevenness(const unsigned *counts, unsigned n, unsigned keys) {
  double sum = 0, even = (double)keys / n;
  for (unsigned i = 0; i < n; i++)
    sum += (counts[i] - even) * (counts[i] - even) / even;
  return (sum - (n - 1)) / sqrt(2.0 * (n - 1));
}

static uint64_t reversed(uint64_t x) {
  uint64_t out = 0;
  for (int i = 0; i < 64; i++, x >>= 1)
    out = out << 1 | (x & 1);
  return out;
}

static uint64_t nth_of_pattern(int pattern, uint64_t i) {
  double f = (double)i * 0.1;
  uint64_t bits;
  memcpy(&bits, &f, sizeof bits);
  switch (pattern) {
  case 0:
    return i;
  case 1:
    return 0 - i;
  case 2:
    return i * 1000;
  case 3:
    return i << 40;
  case 4:
    return reversed(i);
  case 5:
    return i >> 8 << 32 | (i & 255);
  case 6:
    return i | i << 32;
  case 7:
    return i ^ i >> 1;
  case 8:
    return bits;
  default:
    return UINT64_C(0x7f0000000000) + i * 64;
  }
}

/* Twenty seeds, ten patterns: the bits that choose buckets, and the tophash's.
*/
static void words_spread(void) {
  enum { KEYS = 20000, PLACES = 1024, TOPS = 256 };
  hmap_options o = {
      .key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_NONE}, .seeded = true};
  for (int pattern = 0; pattern < 10; pattern++)
    for (o.seed = 1; o.seed <= 20; o.seed++) {
      unsigned low[PLACES] = {0}, high[TOPS] = {0};
      EXPECT(hmap_new(&o, &m) == HMAP_OK);
      for (uint64_t i = 0; i < KEYS; i++) {
        uint64_t key = nth_of_pattern(pattern, i), h = hmap_hash_of(m, &key);
        low[h % PLACES]++;
        high[h >> 56]++;
      }
      EXPECT(fabs(unevenness(low, PLACES, KEYS)) < 6);
      EXPECT(fabs(unevenness(high, TOPS, KEYS)) < 6);
      hmap_free(m);
    }
}

/* Whatever the compiler, its SIMD and its widest multiplication. */
static void fingerprints_are_the_same_everywhere(void) {
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .seeded = true,
                    .seed = 1};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int64_t k = 1; k <= 1000; k++)
    EXPECT(hmap_put(m, &k, &k) == HMAP_OK);
  for (int64_t k = 1; k <= 1000; k += 7)
    EXPECT(hmap_delete(m, &k));
  EXPECT(hmap_fingerprint(m) == UINT64_C(0xeb9930896a0b6e54));
  hmap_free(m);
}

/* Of text as a key, short and long, and of all that an `any` may be. */
static hmap_cell nth_cell(char text[40], uint32_t n) {
  int length = snprintf(text, 40, "%0*u", (int)(1 + n % 30), (unsigned)n);
  switch (n % 4) {
  case 0:
    return hmap_any_int(-(int64_t)n);
  case 1:
    return hmap_any_float(n / 8.0);
  default:
    return hmap_text(text, (size_t)length);
  }
}

static void cells_are_hashed_the_same_everywhere(void) {
  static const struct {
    const char *key;
    uint32_t step;
    uint64_t want;
  } maps[] = {{"text", 4, UINT64_C(0x05b877039ef70b83)},
              {"any", 1, UINT64_C(0x6c249325e754a995)}};
  char text[40];
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
    new_map(maps[i].key, "uint32", HMAP_HASH_XXH3);
    for (uint32_t n = 2; n < 800; n += maps[i].step) {
      hmap_cell key = nth_cell(text, n);
      EXPECT(hmap_put(m, &key, &n) == HMAP_OK);
    }
    uint64_t got = hmap_fingerprint(m);
    hmap_free(m);
    EXPECT_SAY(got == maps[i].want, "%s: %016" PRIx64, maps[i].key, got);
  }
}

/* -- looking -------------------------------------------------------------- */

static void look_everywhere(void) {
  char why[100];
  hmap_header h;
  hmap_memory x;
  hmap_distribution d;
  hmap_explanation e;
  hmap_get_header(m, &h);
  hmap_get_memory(m, &x);
  hmap_get_distribution(m, &d);
  hmap_explain(m, &(int64_t){3}, &e);
  EXPECT(hmap_check(m, why, sizeof why));
  seen = 0;
  each_bucket(agrees_with_explain);
}

static uint64_t story(bool look) {
  uint64_t digest = 0;
  hmap_iter it;
  new_map("int64", "int64", HMAP_HASH_XXH3);
  for (int64_t k = 0; k < 600; k++) {
    put_from_to(k, k + 1);
    if (k % 3 == 0)
      EXPECT(hmap_delete(m, &k));
    if (look)
      look_everywhere();
  }
  hmap_iter_init(&it, m);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL)
    digest = draw(&digest) ^ *(const uint64_t *)it.key;
  digest ^= stats().bytes;
  hmap_free(m);
  return digest;
}

static void looking_changes_nothing(void) {
  EXPECT(story(true) == story(false));
}

static void every_status_has_a_text(void) {
  for (int i = HMAP_OK; i <= HMAP_ECURSOR; i++)
    for (int j = HMAP_OK; j < i; j++)
      EXPECT(strcmp(hmap_status_text((hmap_status)i),
                    hmap_status_text((hmap_status)j)) != 0);
}

/* Member by member: what lies between two of them is anything. */
static bool same_layout(const hmap_layout *a, const hmap_layout *b) {
#define SAME(member) (a->member == b->member)
  return SAME(slots) && SAME(key_size) && SAME(elem_size) && SAME(key_slot) &&
         SAME(elem_slot) && SAME(indirect_key) && SAME(indirect_elem) &&
         SAME(tophash_at) && SAME(keys_at) && SAME(elems_at) &&
         SAME(overflow_at) && SAME(padding) && SAME(bucket_size) &&
         SAME(cache_lines);
#undef SAME
}

static void shared_types_are_laid_out_as_made_ones(void) {
  for (int k = HMAP_INT8; k < HMAP_TUPLE; k++)
    for (int e = HMAP_NONE; e < HMAP_TUPLE; e++) {
      hmap_options o = {.key = {.kind = (hmap_kind)k, .n = k == HMAP_BYTES},
                        .elem = {.kind = (hmap_kind)e, .n = e == HMAP_BYTES}};
      hmap_layout layout, made;
      EXPECT(hmap_new(&o, &m) == HMAP_OK);
      hmap_layout_of(m, &layout);
      hmap_free(m);
      EXPECT(hmap_get_layout(&o.key, &o.elem, &made) == HMAP_OK);
      EXPECT_SAY(same_layout(&layout, &made), "%d to %d", k, e);
    }
}

int main(void) {
  it("a type that all maps share is laid out as one that is made",
     shared_types_are_laid_out_as_made_ones);
  it("each bucket shows what explain says of its keys",
     buckets_and_explain_agree);
  it("and so while a rekey is under way",
     buckets_and_explain_agree_while_rekeying);
  it("the longest chain that there ever was is remembered",
     remembers_the_longest_chain);
  it("explain foresees where an entry goes at the next doubling",
     explain_foresees_the_next_doubling);
  it("the distribution is the sum of all searches",
     the_distribution_is_the_sum);
  it("the histograms add up", histograms_add_up);
  it("an old bucket that went back is shown as moved and unknown",
     says_what_it_no_longer_knows);
  it("there is nothing to see before the first put",
     nothing_is_there_before_the_first_put);
  it("the parts of memory add up to what was allocated", memory_adds_up);
  it("buckets have Go's sizes", layouts_are_gos);
  it("hashes for exploring give their known values", hashes_are_the_known_ones);
  it("a tophash is never one of the five marks",
     tophashes_leave_room_for_marks);
  it("keys in a pattern spread like any others", words_spread);
  it("a map is the same on every machine for a seed",
     fingerprints_are_the_same_everywhere);
  it("and so with keys of text and of any",
     cells_are_hashed_the_same_everywhere);
  it("xxh3 changes half the bits with each bit of the key, and with the seed",
     xxh3_mixes);
  it("looking changes nothing", looking_changes_nothing);
  it("every status has a text of its own", every_status_has_a_text);
  return summary();
}
