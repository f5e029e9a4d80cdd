/* cells.h: keys and elems of every kind, made from numbers.
**
** Number n of a kind is the same cell every time, and different numbers make
** different cells, so that a plain array indexed by number is all that a test
** needs to know what a map must hold. */
#ifndef HMAP_SPEC_CELLS_H
#define HMAP_SPEC_CELLS_H

#include "check.h"

/* Room for any cell made here, and for the text that it borrows. */
typedef struct cell {
  union {
    uint8_t bytes[160];
    int64_t i64;
    double f64;
    hmap_cell cell;
  } at;
  char text[320];
} cell;

typedef struct kind {
  const char *name;
  hmap_spec spec;
  void (*make)(cell *c, uint32_t n);
  uint32_t limit; /* numbers are below it; 0: any */
} kind;

/* Integers take their low bytes; this machine or that, the first bytes of a
** little-endian word or the last of a big-endian one. */
#define MAKE_NUMBER(name, type, value)                                         \
  static inline void name(cell *c, uint32_t n) {                               \
    type v = (type)(value);                                                    \
    memcpy(c->at.bytes, &v, sizeof v);                                         \
  }
MAKE_NUMBER(make_8, uint8_t, n * 37u)
MAKE_NUMBER(make_16, uint16_t, n * 257u)
MAKE_NUMBER(make_32, uint32_t, n * 2654435769u)
MAKE_NUMBER(make_64, uint64_t, n *UINT64_C(0x9e3779b97f4a7c15))
MAKE_NUMBER(make_f32, float, (float)n / 2 - 100)
MAKE_NUMBER(make_f64, double, n == 7 ? -0.0 : ((double)n - 7) * 1e100)
MAKE_NUMBER(make_bool, uint8_t, n & 1u)

static inline void make_nothing(cell *c, uint32_t n) { (void)c, (void)n; }

/* Text of `length` bytes that begins with the number and holds a zero. */
static inline hmap_cell make_text(cell *c, uint32_t n, size_t length) {
  memset(c->text, 'x', sizeof c->text);
  c->text[0] = 0;
  memcpy(c->text + 1, &n, sizeof n);
  return hmap_text(c->text, length);
}
static inline void make_short(cell *c, uint32_t n) {
  c->at.cell = make_text(c, n, 5 + n % 11);
}
static inline void make_long(cell *c, uint32_t n) {
  c->at.cell = make_text(c, n, 5 + n % 300);
}

#define MAKE_BYTES(name, length)                                               \
  static inline void name(cell *c, uint32_t n) {                               \
    for (unsigned i = 0; i < (length); i++)                                    \
      c->at.bytes[i] = (uint8_t)(n >> 8 * (i % 4));                            \
  }
MAKE_BYTES(make_b1, 1)
MAKE_BYTES(make_b16, 16)
MAKE_BYTES(make_b136, 136)

static inline void make_any(cell *c, uint32_t n) {
  switch (n % 5) {
  case 0:
    c->at.cell = hmap_any_int(n);
    break;
  case 1:
    c->at.cell = hmap_any_float(n + 0.5);
    break;
  case 2:
    c->at.cell = make_text(c, n, 5 + n % 60);
    break;
  case 3: /* an address that nobody follows */
    c->at.cell = hmap_any_object((const void *)(uintptr_t)(16 * n), n % 2);
    break;
  default:
    c->at.cell = n < 10 ? hmap_any_bool(n < 5) : hmap_any_int(-(int64_t)n);
  }
}

/* {a: int8, b: string, c: float64, d: [3]byte}: padding and text inside. */
static const hmap_field record_fields[] = {{HMAP_INT8, 0, "a"},
                                           {HMAP_STRING, 0, "b"},
                                           {HMAP_FLOAT64, 0, "c"},
                                           {HMAP_BYTES, 3, "d"}};
typedef struct record {
  int8_t a;
  _Alignas(8) hmap_cell b; /* as Go aligns them, on 32 bits too */
  _Alignas(8) double c;
  uint8_t d[3];
} record;
static inline void make_record(cell *c, uint32_t n) {
  record r;
  memset(&r, 0, sizeof r);
  r.a = (int8_t)n;
  r.b = make_text(c, n / 3, 5 + n % 40);
  r.c = n % 3;
  r.d[2] = (uint8_t)(n >> 8);
  memcpy(c->at.bytes, &r, sizeof r);
}

static const hmap_field point_fields[] = {{HMAP_INT32, 0, "x"},
                                          {HMAP_INT32, 0, "y"}};
static inline void make_point(cell *c, uint32_t n) {
  int32_t xy[2] = {(int32_t)(n % 20), -(int32_t)(n / 20)};
  memcpy(c->at.bytes, xy, sizeof xy);
}

static const kind kinds[] = {
    {"none", {.kind = HMAP_NONE}, make_nothing, 1},
    {"int8", {.kind = HMAP_INT8}, make_8, 256},
    {"int16", {.kind = HMAP_INT16}, make_16, 65536},
    {"int32", {.kind = HMAP_INT32}, make_32, 0},
    {"int64", {.kind = HMAP_INT64}, make_64, 0},
    {"uint8", {.kind = HMAP_UINT8}, make_8, 256},
    {"uint16", {.kind = HMAP_UINT16}, make_16, 65536},
    {"uint32", {.kind = HMAP_UINT32}, make_32, 0},
    {"uint64", {.kind = HMAP_UINT64}, make_64, 0},
    {"float32", {.kind = HMAP_FLOAT32}, make_f32, 0},
    {"float64", {.kind = HMAP_FLOAT64}, make_f64, 0},
    {"bool", {.kind = HMAP_BOOL}, make_bool, 2},
    {"short text", {.kind = HMAP_STRING}, make_short, 0},
    {"text", {.kind = HMAP_STRING}, make_long, 0},
    {"[1]byte", {.kind = HMAP_BYTES, .n = 1}, make_b1, 256},
    {"[16]byte", {.kind = HMAP_BYTES, .n = 16}, make_b16, 0},
    {"[136]byte", {.kind = HMAP_BYTES, .n = 136}, make_b136, 0},
    {"any", {.kind = HMAP_ANY}, make_any, 0},
    {"point", {HMAP_TUPLE, 2, point_fields}, make_point, 0},
    {"record", {HMAP_TUPLE, 4, record_fields}, make_record, 768},
};

static inline const kind *kind_named(const char *name) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strcmp(kinds[i].name, name) == 0)
      return &kinds[i];
  abort();
}

/* Cell n of a kind; it borrows text from itself, so it must not be copied. */
static inline void make_cell(cell *c, const kind *k, uint32_t n) {
  memset(&c->at, 0, sizeof c->at);
  k->make(c, n);
}

static inline size_t cell_size(const kind *k) {
  size_t size = 0;
  if (hmap_cell_size(&k->spec, &size) != HMAP_OK)
    abort();
  return size;
}

static inline bool same_any(const hmap_cell *a, const hmap_cell *b) {
  if (!hmap_is_text(a) || !hmap_is_text(b))
    return memcmp(a, b, sizeof *a) == 0;
  return hmap_text_len(a) == hmap_text_len(b) &&
         memcmp(hmap_text_ptr(a), hmap_text_ptr(b), hmap_text_len(a)) == 0;
}

static inline bool same_field(const hmap_spec *spec, uint32_t i, const void *a,
                              const void *b) {
  size_t at, size;
  if (hmap_field_at(spec, i, &at, &size) != HMAP_OK)
    abort();
  const char *x = (const char *)a + at, *y = (const char *)b + at;
  bool text = spec->kind == HMAP_TUPLE
                  ? spec->fields[i].kind == HMAP_STRING
                  : spec->kind == HMAP_STRING || spec->kind == HMAP_ANY;
  return text ? same_any((const hmap_cell *)(const void *)x,
                         (const hmap_cell *)(const void *)y)
              : memcmp(x, y, size) == 0;
}

/* Whether two cells say the same, bit for bit but for where their text is. */
static inline bool same_cell(const kind *k, const void *a, const void *b) {
  uint32_t n = k->spec.kind == HMAP_TUPLE ? k->spec.n : 1;
  for (uint32_t i = 0; i < n; i++)
    if (!same_field(&k->spec, i, a, b))
      return false;
  return true;
}

#endif
