/* test_cells.c: keys and elems of each kind: what is equal, what is owned, what
** cannot be. */
#define _DEFAULT_SOURCE 1
#include <float.h>
#include <math.h>

#include "cells.h"
#include "heap.h"

static hmap *m;

static hmap *new_map(const char *key, const char *elem) {
  hmap_options o = {.key = kind_named(key)->spec,
                    .elem = kind_named(elem)->spec};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  return m;
}

static const int64_t *get_int(const void *key) { return hmap_get(m, key); }

/* -- text ----------------------------------------------------------------- */

#define LONGEST 300

/* Bytes that are zero here and there, and in a buffer that soon changes. */
static size_t fill_text(char text[LONGEST], size_t n, int seed) {
  for (size_t i = 0; i < n; i++)
    text[i] = (char)(i % 3 ? (int)i * 7 + seed : 0);
  return n;
}

static void expect_text(const hmap_cell *at, size_t n, int seed) {
  char text[LONGEST];
  fill_text(text, n, seed);
  EXPECT(at != NULL && hmap_is_text(at) && hmap_text_len(at) == n);
  EXPECT(memcmp(hmap_text_ptr(at), text, n) == 0);
}

static void put_text(size_t n, int seed) {
  char text[LONGEST];
  fill_text(text, n, 0);
  hmap_cell key = hmap_text(text, n);
  char elem[LONGEST];
  fill_text(elem, n, seed);
  hmap_cell value = hmap_text(elem, n);
  EXPECT(hmap_put(m, &key, &value) == HMAP_OK);
  memset(text, 'z', sizeof text); /* the map has its own copies */
  memset(elem, 'z', sizeof elem);
}

/* The bytes at the end of a block of their own: none behind them is read. */
static void cell_is_text_and_length(void) {
  for (size_t n = 0; n <= 40; n++) {
    char *block = malloc(n + 1), *s = block + 1;
    EXPECT(block != NULL);
    for (size_t i = 0; i < n; i++)
      s[i] = (char)(i % 3 ? i * 37 : 0);
    hmap_cell made = hmap_text(s, n), bytes = {.word = {0, 0}};
    if (n > 0 && n < sizeof bytes.inl)
      memcpy(bytes.inl, s, n);
    if (n < sizeof bytes.inl)
      bytes.c.tag = (uint8_t)n;
    else
      bytes.c.u.ptr = s, bytes.c.len = (uint32_t)n, bytes.c.tag = HMAP_TAG_TEXT;
    EXPECT(memcmp(&made, &bytes, sizeof made) == 0);
    free(block);
  }
}

static void text_of_any_length(void) {
  char text[LONGEST];
  new_map("text", "text");
  for (int seed = 1; seed <= 2; seed++)
    for (size_t n = 0; n < LONGEST; n++)
      put_text(n, seed);
  EXPECT(hmap_count(m) == LONGEST);
  for (size_t n = 0; n < LONGEST; n++) {
    hmap_cell key = hmap_text(text, fill_text(text, n, 0));
    expect_text(hmap_get(m, &key), n, 2);
  }
  expect_sound(m);
  hmap_free(m);
}

static void text_is_compared_by_all_bytes(void) {
  char text[40];
  new_map("text", "int64");
  for (int64_t i = 0; i < 40; i++) {
    memset(text, 0, sizeof text);
    text[i] = 1;
    EXPECT(hmap_put_str(m, text, sizeof text, &i) == HMAP_OK);
  }
  EXPECT(hmap_count(m) == 40);
  for (int64_t i = 0; i < 40; i++) {
    memset(text, 0, sizeof text);
    text[i] = 1;
    EXPECT(*(const int64_t *)hmap_get_str(m, text, sizeof text) == i);
  }
  EXPECT(hmap_get_str(m, text, sizeof text - 1) == NULL);
  hmap_free(m);
}

/* Two entries, two long texts each. */
static void text_is_owned_once(void) {
  heap h = {.bytes = 0};
  hmap_pages pages;
  hmap_memory memory;
  hmap_options o = {.key = {.kind = HMAP_STRING},
                    .elem = {.kind = HMAP_STRING}};
  heap_serve(&h, &o, &pages);
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  put_text(100, 1);
  put_text(200, 1);
  put_text(200, 2);
  put_text(15, 1);
  hmap_get_memory(m, &memory);
  EXPECT(memory.text == 600);
  char text[LONGEST];
  hmap_cell key = hmap_text(text, fill_text(text, 100, 0));
  EXPECT(hmap_delete(m, &key));
  hmap_get_memory(m, &memory);
  EXPECT(memory.text == 400);
  EXPECT(hmap_clear(m) == HMAP_OK);
  hmap_get_memory(m, &memory);
  EXPECT(memory.text == 0);
  hmap_free(m);
  EXPECT(h.bytes == 0 && !h.wrong);
}

static void typed_functions_are_the_generic_ones(void) {
  new_map("int64", "int64");
  for (int64_t k = -300; k < 300; k++)
    EXPECT((k % 2 ? hmap_put(m, &k, &k) : hmap_put_i64(m, k, &k)) == HMAP_OK);
  for (int64_t k = -310; k < 310; k++)
    EXPECT(hmap_get(m, &k) == hmap_get_i64(m, k));
  EXPECT(hmap_count(m) == 600 && hmap_get_i64(m, 300) == NULL);
  hmap_free(m);
  new_map("text", "int64");
  for (uint32_t n = 0; n < 300; n++) {
    cell c;
    make_cell(&c, kind_named("text"), n);
    const char *s = hmap_text_ptr(&c.at.cell);
    size_t len = hmap_text_len(&c.at.cell);
    int64_t v = n;
    EXPECT((n % 2 ? hmap_put(m, &c.at, &v) : hmap_put_str(m, s, len, &v)) ==
           HMAP_OK);
    EXPECT(hmap_get(m, &c.at) == hmap_get_str(m, s, len));
    EXPECT(*get_int(&c.at) == v);
  }
  hmap_free(m);
}

/* One write of a key, by the function of its type or by that of any; what it
** answered. */
static int64_t write_key(hmap *map, bool typed, bool text, uint32_t n,
                         const cell *c) {
  const char *s = text ? hmap_text_ptr(&c->at.cell) : NULL;
  size_t len = text ? hmap_text_len(&c->at.cell) : 0;
  int64_t elem = n;
  const void *now = NULL;
  void *at = NULL;
  bool existed = false;
  switch (n % 5) {
  case 0:
  case 1:
    EXPECT((!typed ? hmap_get_or_put(map, &c->at, &elem, &now, &existed)
            : text ? hmap_get_or_put_str(map, s, len, &elem, &now, &existed)
                   : hmap_get_or_put_i64(map, c->at.i64, &elem, &now,
                                         &existed)) == HMAP_OK);
    break;
  case 2:
  case 3:
    EXPECT((!typed ? hmap_assign(map, &c->at, &at, &existed)
            : text
                ? hmap_assign_str(map, s, len, &at, &existed)
                : hmap_assign_i64(map, c->at.i64, &at, &existed)) == HMAP_OK);
    ++*(int64_t *)at;
    now = at;
    break;
  default:
    return !typed ? hmap_delete(map, &c->at)
           : text ? hmap_delete_str(map, s, len)
                  : hmap_delete_i64(map, c->at.i64);
  }
  EXPECT(existed != hmap_let_go(map).inserted);
  return *(const int64_t *)now * 2 + existed;
}

/* Growth, overflow and shrinking included: twins stay twins. */
static void typed_writes_are_the_generic_ones(void) {
  const char *const names[] = {"int64", "text"};
  hmap_policy policy = hmap_policy_of(HMAP_POLICY_ADAPTIVE);
  for (size_t i = 0; i < 4; i++) {
    hmap *twin[2];
    for (size_t j = 0; j < 2; j++) {
      hmap_options o = {.key = kind_named(names[i % 2])->spec,
                        .elem = {.kind = HMAP_INT64},
                        .seeded = true,
                        .policy = i < 2 ? NULL : &policy};
      if (i == 3) /* text is the same key where any may be */
        o.key.kind = HMAP_ANY;
      EXPECT(hmap_new(&o, &twin[j]) == HMAP_OK);
    }
    for (uint32_t n = 0; n < 20000; n++) {
      cell c = {0};
      make_cell(&c, kind_named(names[i % 2]), n * 7 % (n < 15000 ? 5000 : 50));
      EXPECT(write_key(twin[0], false, i % 2 == 1, n, &c) ==
             write_key(twin[1], true, i % 2 == 1, n, &c));
      if (n % 50 == 0)
        EXPECT(hmap_fingerprint(twin[0]) == hmap_fingerprint(twin[1]));
    }
    EXPECT(hmap_count(twin[0]) > 1000);
    hmap_free(twin[0]);
    hmap_free(twin[1]);
  }
}

/* Each entry is written again by the pointers that the map gave, and copied
** under a new key, while it grows and old arrays go away. */
static void a_write_may_take_cells_of_its_own_map(void) {
  for (size_t map_min = 0; map_min < 2; map_min++) {
    hmap_options o = {.key = {.kind = HMAP_STRING},
                      .elem = {.kind = HMAP_STRING},
                      .map_min = map_min};
    EXPECT(hmap_new(&o, &m) == HMAP_OK);
    put_text(100, 1);
    for (size_t n = 101; n < LONGEST; n++) {
      char text[LONGEST];
      bool existed;
      const void *now;
      hmap_iter it;
      hmap_cell last = hmap_text(text, fill_text(text, n - 1, 0));
      hmap_cell fresh = hmap_text(text, fill_text(text, n, 0));
      EXPECT(hmap_put(m, &fresh, hmap_get(m, &last)) == HMAP_OK);
      hmap_iter_init(&it, m);
      EXPECT(hmap_iter_next(&it) == HMAP_OK);
      EXPECT(hmap_put(m, it.key, it.elem) == HMAP_OK);
      EXPECT(hmap_iter_next(&it) == HMAP_OK);
      EXPECT(hmap_get_or_put(m, it.key, it.elem, &now, &existed) == HMAP_OK);
      EXPECT(existed);
      expect_text(now, 100, 1);
      hmap_iter_close(&it);
    }
    EXPECT(hmap_count(m) == LONGEST - 100);
    expect_sound(m);
    hmap_free(m);
  }
}

/* -- numbers -------------------------------------------------------------- */

static void zeros_are_one_key(void) {
  hmap_iter it;
  double plus = 0.0, minus = -0.0;
  new_map("float64", "int64");
  EXPECT(hmap_put(m, &plus, &(int64_t){1}) == HMAP_OK);
  EXPECT(hmap_put(m, &minus, &(int64_t){2}) == HMAP_OK);
  EXPECT(hmap_count(m) == 1 && *get_int(&plus) == 2 && *get_int(&minus) == 2);
  hmap_iter_init(&it, m);
  EXPECT(hmap_iter_next(&it) == HMAP_OK);
  EXPECT(signbit(*(const double *)it.key)); /* the last one written stays */
  hmap_free(m);
}

static void each_nan_is_new(void) {
  hmap_options o = {.key = {HMAP_TUPLE, 4, record_fields},
                    .elem = {.kind = HMAP_INT64}};
  cell c;
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  make_cell(&c, kind_named("record"), 1);
  record r;
  memcpy(&r, &c.at, sizeof r);
  r.c = nan("");
  for (int64_t i = 0; i < 200; i++)
    EXPECT(hmap_put(m, &r, &i) == HMAP_OK);
  EXPECT(hmap_count(m) == 200);
  EXPECT(hmap_get(m, &r) == NULL && !hmap_delete(m, &r));
  EXPECT(hmap_shrink(m) == HMAP_EINVAL && hmap_rekey(m) == HMAP_EINVAL);
  expect_sound(m);
  EXPECT(hmap_clear(m) == HMAP_OK && hmap_count(m) == 0);
  EXPECT(hmap_shrink(m) == HMAP_OK && hmap_rekey(m) == HMAP_OK);
  hmap_free(m);
}

static void extremes_are_keys(void) {
  const double numbers[] = {INFINITY, -INFINITY, DBL_MAX, -DBL_MAX,
                            DBL_MIN,  5e-324,    -5e-324, 1.0};
  const int64_t n = sizeof numbers / sizeof numbers[0];
  new_map("float64", "int64");
  for (int64_t i = 0; i < n; i++)
    EXPECT(hmap_put(m, &numbers[i], &i) == HMAP_OK);
  for (int64_t i = 0; i < n; i++)
    EXPECT(*get_int(&numbers[i]) == i);
  hmap_free(m);
  new_map("int64", "int64");
  for (int64_t i = 0; i < 63; i++) {
    int64_t k = INT64_MIN >> i;
    EXPECT(hmap_put(m, &k, &i) == HMAP_OK);
    k = INT64_MAX >> i;
    EXPECT(hmap_put(m, &k, &i) == HMAP_OK);
  }
  EXPECT(*get_int(&(int64_t){INT64_MIN}) == 0 && hmap_count(m) == 126);
  hmap_free(m);
}

/* -- any ------------------------------------------------------------------ */

static void any_tells_kinds_apart(void) {
  static const char one[] = {1, 0, 0, 0, 0, 0, 0, 0};
  const hmap_cell keys[] = {hmap_any_int(1),
                            hmap_any_float(1.0),
                            hmap_any_bool(true),
                            hmap_text(one, 8),
                            hmap_any_object((const void *)(uintptr_t)1, 0),
                            hmap_any_object((const void *)(uintptr_t)1, 9),
                            hmap_any_int(0),
                            hmap_any_bool(false),
                            hmap_text("", 0)};
  const int64_t n = sizeof keys / sizeof keys[0];
  new_map("any", "int64");
  for (int64_t i = 0; i < n; i++)
    EXPECT(hmap_put(m, &keys[i], &i) == HMAP_OK);
  EXPECT(hmap_count(m) == (size_t)n);
  for (int64_t i = 0; i < n; i++)
    EXPECT(*get_int(&keys[i]) == i);
  hmap_free(m);
}

/* The reference number is no part of an object's identity. */
static void lets_references_go(void) {
  int a = 0, b = 0;
  hmap_cell k1 = hmap_any_object(&a, 1), k2 = hmap_any_object(&a, 2);
  hmap_cell e3 = hmap_any_object(&b, 3), e4 = hmap_any_object(&b, 4);
  new_map("any", "any");
  EXPECT(hmap_put(m, &k1, &e3) == HMAP_OK);
  hmap_gone gone = hmap_let_go(m);
  EXPECT(gone.inserted && gone.key_ref == 0 && gone.elem_ref == 0);
  EXPECT(hmap_put(m, &k2, &e4) == HMAP_OK && hmap_count(m) == 1);
  gone = hmap_let_go(m);
  EXPECT(!gone.inserted && gone.key_ref == 0 && gone.elem_ref == 3);
  EXPECT(hmap_delete(m, &k2));
  gone = hmap_let_go(m);
  EXPECT(gone.key_ref == 1 && gone.elem_ref == 4);
  EXPECT(!hmap_delete(m, &k2) && hmap_let_go(m).key_ref == 0);
  hmap_free(m);
}

/* -- tuples, bytes, nothing ----------------------------------------------- */

static void tuples_are_compared_by_member(void) {
  cell c;
  new_map("record", "int64");
  for (uint32_t n = 0; n < 600; n++) {
    make_cell(&c, kind_named("record"), n);
    EXPECT(hmap_put(m, &c.at, &(int64_t){n}) == HMAP_OK);
  }
  EXPECT(hmap_count(m) == 600);
  for (uint32_t n = 0; n < 600; n++) {
    make_cell(&c, kind_named("record"), n);
    EXPECT(*get_int(&c.at) == n);
  }
  hmap_free(m);
}

static void every_member_is_hashed(void) {
  int32_t xy[] = {1, 2}, yx[] = {2, 1}, far[] = {1, 3};
  new_map("point", "none");
  EXPECT(hmap_hash_of(m, xy) != hmap_hash_of(m, yx));
  EXPECT(hmap_hash_of(m, xy) != hmap_hash_of(m, far));
  hmap_free(m);
  cell c;
  record r, other;
  new_map("record", "none");
  make_cell(&c, kind_named("record"), 1);
  memcpy(&r, &c.at, sizeof r);
#define MATTERS(change)                                                        \
  memcpy(&other, &r, sizeof r);                                                \
  other.change;                                                                \
  EXPECT(hmap_hash_of(m, &r) != hmap_hash_of(m, &other))
  MATTERS(a++);
  MATTERS(b = hmap_text("other", 5));
  MATTERS(c += 1);
  MATTERS(d[1]++);
#undef MATTERS
  hmap_free(m);
}

static void tuples_have_gos_layout(void) {
  const hmap_spec spec = {HMAP_TUPLE, 4, record_fields};
  const size_t offsets[] = {offsetof(record, a), offsetof(record, b),
                            offsetof(record, c), offsetof(record, d)};
  const size_t sizes[] = {1, 16, 8, 3};
  size_t at, size;
  for (uint32_t i = 0; i < 4; i++) {
    EXPECT(hmap_field_at(&spec, i, &at, &size) == HMAP_OK);
    EXPECT(at == offsets[i] && size == sizes[i]);
  }
  EXPECT(hmap_cell_size(&spec, &size) == HMAP_OK && size == sizeof(record));
  EXPECT(hmap_field_at(&spec, 4, &at, &size) == HMAP_EINVAL);
}

static void big_cells_stay_where_they_are(void) {
  cell k, v;
  new_map("[136]byte", "[136]byte");
  make_cell(&k, kind_named("[136]byte"), 1);
  make_cell(&v, kind_named("[136]byte"), 2);
  EXPECT(hmap_put(m, &k.at, &v.at) == HMAP_OK);
  const void *before = hmap_get(m, &k.at);
  for (uint32_t n = 10; n < 500; n++) {
    cell other;
    make_cell(&other, kind_named("[136]byte"), n);
    EXPECT(hmap_put(m, &other.at, &other.at) == HMAP_OK);
  }
  EXPECT(hmap_get(m, &k.at) == before && memcmp(before, &v.at, 136) == 0);
  hmap_free(m);
}

static void a_set_has_no_elems(void) {
  hmap_layout layout;
  new_map("int64", "none");
  for (int64_t k = 0; k < 100; k++)
    EXPECT(hmap_put(m, &k, NULL) == HMAP_OK);
  for (int64_t k = -100; k < 200; k++)
    EXPECT((hmap_get(m, &k) != NULL) == (k >= 0 && k < 100));
  hmap_layout_of(m, &layout);
  EXPECT(layout.elem_slot == 0 && layout.bucket_size == 8 + 64 + 8);
  hmap_free(m);
}

static void assign_gives_a_cell_to_write(void) {
  void *at;
  bool existed;
  new_map("text", "int64");
  for (int i = 0; i < 1000; i++) {
    hmap_cell key = hmap_text(i % 2 ? "odd" : "even", i % 2 ? 3 : 4);
    EXPECT(hmap_assign(m, &key, &at, &existed) == HMAP_OK);
    EXPECT(existed == (i > 1));
    ++*(int64_t *)at;
  }
  EXPECT(*(const int64_t *)hmap_get_str(m, "odd", 3) == 500);
  EXPECT(*(const int64_t *)hmap_get_str(m, "even", 4) == 500);
  hmap_free(m);
  new_map("int64", "text"); /* what owns something is not to be written so */
  EXPECT(hmap_assign_i64(m, 1, &at, &existed) == HMAP_EINVAL);
  hmap_free(m);
  new_map("text", "text");
  EXPECT(hmap_assign_str(m, "a", 1, &at, &existed) == HMAP_EINVAL);
  EXPECT(hmap_count(m) == 0);
  hmap_free(m);
}

/* Maps without a seed share one secret; each has its own hash0. */
static void maps_do_not_disturb_each_other(void) {
  hmap *first = new_map("text", "int64");
  for (uint32_t n = 0; n < 100; n++) {
    cell c;
    make_cell(&c, kind_named("text"), n);
    EXPECT(hmap_put(first, &c.at, &(int64_t){n}) == HMAP_OK);
  }
  new_map("text", "int64");
  for (uint32_t n = 0; n < 100; n++) {
    cell c;
    make_cell(&c, kind_named("text"), n);
    EXPECT(*(const int64_t *)hmap_get(first, &c.at) == n);
    EXPECT(hmap_get(m, &c.at) == NULL);
  }
  hmap_cell key = hmap_text("key", 3);
  EXPECT(hmap_hash_of(first, &key) != hmap_hash_of(m, &key));
  hmap_free(first);
  hmap_free(m);
}

/* -- what cannot be ------------------------------------------------------- */

static hmap_status try_types(hmap_spec key, hmap_spec elem, hmap_hash hash) {
  hmap_options o = {.key = key, .elem = elem, .hash = hash};
  hmap_status status = hmap_new(&o, &m);
  EXPECT((m != NULL) == (status == HMAP_OK));
  hmap_free(m);
  return status;
}

static void impossible_types_are_refused(void) {
  static const hmap_field in_tuple[] = {{HMAP_ANY, 0, NULL},
                                        {HMAP_TUPLE, 0, NULL},
                                        {HMAP_NONE, 0, NULL},
                                        {HMAP_BYTES, 0, NULL}};
  const hmap_spec i64 = {.kind = HMAP_INT64}, none = {.kind = HMAP_NONE};
  const hmap_spec text = {.kind = HMAP_STRING};
  hmap_spec bytes = {.kind = HMAP_BYTES};
  EXPECT(try_types(none, i64, HMAP_HASH_XXH3) == HMAP_EINVAL);
  EXPECT(try_types(i64, none, HMAP_HASH_XXH3) == HMAP_OK);
  EXPECT(try_types(bytes, i64, HMAP_HASH_XXH3) == HMAP_EINVAL);
  bytes.n = HMAP_MAX_BYTES;
  EXPECT(try_types(bytes, i64, HMAP_HASH_XXH3) == HMAP_OK);
  bytes.n++;
  EXPECT(try_types(i64, bytes, HMAP_HASH_XXH3) == HMAP_EINVAL);
  for (uint32_t i = 0; i < 4; i++)
    EXPECT(try_types((hmap_spec){HMAP_TUPLE, 1, &in_tuple[i]}, i64,
                     HMAP_HASH_XXH3) == HMAP_EINVAL);
  EXPECT(try_types((hmap_spec){HMAP_TUPLE, 0, in_tuple}, i64, HMAP_HASH_XXH3) ==
         HMAP_EINVAL);
  EXPECT(try_types(text, i64, HMAP_HASH_IDENTITY) == HMAP_EINVAL);
  EXPECT(try_types(i64, text, HMAP_HASH_IDENTITY) == HMAP_OK);
  EXPECT(try_types(i64, i64, HMAP_HASH_CUSTOM) == HMAP_EINVAL);
  EXPECT(try_types(i64, i64, (hmap_hash)99) == HMAP_EINVAL);
  EXPECT(try_types((hmap_spec){.kind = (hmap_kind)99}, i64, HMAP_HASH_XXH3) ==
         HMAP_EINVAL);
}

int main(void) {
  it("a cell of text is its bytes, zeros and its length, or where it is",
     cell_is_text_and_length);
  it("text of 0 to 299 bytes, zeros included, is a key and an elem",
     text_of_any_length);
  it("text is equal iff all its bytes are", text_is_compared_by_all_bytes);
  it("text is owned once and freed with its entry", text_is_owned_once);
  it("the typed functions do what the generic ones do",
     typed_functions_are_the_generic_ones);
  it("twins that are written by typed and by generic functions stay twins",
     typed_writes_are_the_generic_ones);
  it("a write may be given cells of its own map",
     a_write_may_take_cells_of_its_own_map);
  it("the two zeros are one key, and the last one written stays",
     zeros_are_one_key);
  it("each NaN is a new entry that nobody finds, and only clear removes",
     each_nan_is_new);
  it("the extremes of numbers are keys like others", extremes_are_keys);
  it("any-typed keys of different kinds are different", any_tells_kinds_apart);
  it("the map says which references it lets go", lets_references_go);
  it("tuples are equal iff all members are", tuples_are_compared_by_member);
  it("every member of a tuple matters for its hash", every_member_is_hashed);
  it("a tuple lies as the C struct with its members does",
     tuples_have_gos_layout);
  it("cells over 128 bytes stay where they are", big_cells_stay_where_they_are);
  it("a set has keys and nothing else", a_set_has_no_elems);
  it("assign gives a zeroed cell once, and the same entry later",
     assign_gives_a_cell_to_write);
  it("maps do not disturb each other", maps_do_not_disturb_each_other);
  it("types and hashes that cannot be are refused",
     impossible_types_are_refused);
  return summary();
}
