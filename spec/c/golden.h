/* golden.h: what a trace of Go's runtime says, in C: lines, tokens, cells and
** hash functions. The format is described in spec/golden/FORMAT.md. */
#ifndef HMAP_SPEC_GOLDEN_H
#define HMAP_SPEC_GOLDEN_H

#include <jansson.h>
#include <zlib.h>

#include "check.h"

/* -- lines ---------------------------------------------------------------- */

/* The next record of a trace, or NULL at its end. */
static inline json_t *next_line(gzFile file) {
  static char line[1 << 20];
  json_error_t error;
  if (gzgets(file, line, sizeof line) == NULL)
    return NULL;
  json_t *record = json_loads(line, 0, &error);
  if (record != NULL)
    return record;
  printf("FAIL no record of a trace: %s: %.200s\n", error.text, line);
  exit(EXIT_FAILURE);
}

static inline const char *get_text(const json_t *object, const char *member) {
  const char *s = json_string_value(json_object_get(object, member));
  return s != NULL ? s : "";
}
static inline int64_t get_int(const json_t *object, const char *member) {
  return json_integer_value(json_object_get(object, member));
}
static inline uint64_t hex(const char *digits) {
  return strtoull(digits, NULL, 16);
}

/* -- kinds, tokens, cells ------------------------------------------------- */

typedef struct kind {
  const char *name;
  hmap_kind kind;
  uint32_t n;    /* HMAP_BYTES: how many */
  bool numeric;  /* its tokens are numbers */
  bool pointers; /* Go's collector looks into it, hmap has no need to */
} kind;

static const kind kinds[] = {
    {"int64", HMAP_INT64, 0, true, false},
    {"int32", HMAP_INT32, 0, true, false},
    {"int16", HMAP_INT16, 0, true, false},
    {"int8", HMAP_INT8, 0, true, false},
    {"uint32", HMAP_UINT32, 0, true, false},
    {"uint8", HMAP_UINT8, 0, true, false},
    {"bytes3", HMAP_BYTES, 3, true, false},
    {"bytes4", HMAP_BYTES, 4, true, false},
    {"bytes8", HMAP_BYTES, 8, true, false},
    {"bytes32", HMAP_BYTES, 32, true, false},
    {"bytes128", HMAP_BYTES, 128, true, false},
    {"bytes136", HMAP_BYTES, 136, true, false},
    {"none", HMAP_NONE, 0, true, false},
    {"ptr", HMAP_INT64, 0, true, true},
    {"string", HMAP_STRING, 0, false, false},
    {"float64", HMAP_FLOAT64, 0, false, false},
    {"iface", HMAP_ANY, 0, false, false},
};

static inline const kind *kind_named(const char *name, size_t len) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
      return &kinds[i];
  return NULL;
}

/* How a trace writes one key or elem: a number, or text. */
typedef struct token {
  bool numeric;
  int64_t n;
  const char *s;
  size_t len;
  char room[32];
} token;

/* The bytes of any key or elem, as the map takes them. */
typedef union cell {
  uint8_t bytes[136];
  int8_t i8;
  uint8_t u8;
  int16_t i16;
  int32_t i32;
  uint32_t u32;
  int64_t i64;
  double f64;
  hmap_cell cell;
} cell;

static inline token number_token(int64_t n) {
  return (token){.numeric = true, .n = n};
}
static inline token token_of(const json_t *value) {
  if (json_is_integer(value))
    return number_token(json_integer_value(value));
  return (token){.s = json_string_value(value),
                 .len = json_string_length(value)};
}

static inline bool same_token(const token *a, const token *b) {
  if (a->numeric || b->numeric)
    return a->numeric && b->numeric && a->n == b->n;
  return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static inline bool starts(const token *t, const char *prefix) {
  size_t n = strlen(prefix);
  return t->len >= n && memcmp(t->s, prefix, n) == 0;
}

static inline double float_of_bits(uint64_t bits) {
  double f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static inline hmap_cell any_of(const token *t) {
  if (starts(t, "i64:"))
    return hmap_any_int(strtoll(t->s + 4, NULL, 10));
  if (starts(t, "f64:"))
    return hmap_any_float(float_of_bits(hex(t->s + 4)));
  return hmap_text(t->s, t->len);
}

/* Text in the cell is borrowed from the token. */
static inline cell to_cell(const kind *k, const token *t) {
  cell c = {.bytes = {0}};
  switch (k->kind) {
  case HMAP_NONE:
    break;
  case HMAP_INT8:
    c.i8 = (int8_t)t->n;
    break;
  case HMAP_UINT8:
    c.u8 = (uint8_t)t->n;
    break;
  case HMAP_INT16:
    c.i16 = (int16_t)t->n;
    break;
  case HMAP_INT32:
    c.i32 = (int32_t)t->n;
    break;
  case HMAP_UINT32:
    c.u32 = (uint32_t)t->n;
    break;
  case HMAP_INT64:
    c.i64 = t->n;
    break;
  case HMAP_BYTES:
    for (uint32_t i = 0; i < k->n; i++)
      c.bytes[i] = (uint8_t)((uint64_t)t->n >> 8 * (i % 8));
    break;
  case HMAP_FLOAT64:
    c.f64 = float_of_bits(hex(t->s));
    break;
  case HMAP_STRING:
    c.cell = hmap_text(t->s, t->len);
    break;
  default:
    c.cell = any_of(t);
  }
  return c;
}

static inline void print_token(token *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  t->len = (size_t)vsnprintf(t->room, sizeof t->room, format, args);
  va_end(args);
  t->s = t->room;
}

static inline void text_token(token *t, const hmap_cell *c) {
  t->s = hmap_text_ptr(c);
  t->len = hmap_text_len(c);
}

static inline void any_token(token *t, const hmap_cell *c) {
  if (hmap_is_text(c))
    text_token(t, c);
  else if (c->c.tag == HMAP_TAG_INT)
    print_token(t, "i64:%" PRId64, c->c.u.i);
  else
    print_token(t, "f64:%016" PRIx64, c->c.u.bits);
}

/* *t may point into itself and into the cell. */
static inline void from_cell(token *t, const kind *k, const void *from) {
  const cell *c = from;
  uint64_t bits = 0;
  *t = (token){.numeric = k->numeric};
  switch (k->kind) {
  case HMAP_NONE:
    break;
  case HMAP_INT8:
    t->n = *(const int8_t *)from;
    break;
  case HMAP_UINT8:
    t->n = *(const uint8_t *)from;
    break;
  case HMAP_INT16:
    t->n = *(const int16_t *)from;
    break;
  case HMAP_INT32:
    t->n = *(const int32_t *)from;
    break;
  case HMAP_UINT32:
    t->n = *(const uint32_t *)from;
    break;
  case HMAP_INT64:
    t->n = *(const int64_t *)from;
    break;
  case HMAP_BYTES:
    for (unsigned i = k->n < 8 ? k->n : 8; i-- > 0;)
      bits = bits << 8 | ((const uint8_t *)from)[i];
    t->n = (int64_t)bits;
    break;
  case HMAP_FLOAT64:
    memcpy(&bits, from, sizeof bits);
    print_token(t, "%016" PRIx64, bits);
    break;
  case HMAP_STRING:
    text_token(t, &c->cell);
    break;
  default:
    any_token(t, &c->cell);
  }
}

static inline double *float_in(const kind *k, cell *c) {
  if (k->kind == HMAP_FLOAT64)
    return &c->f64;
  return k->kind == HMAP_ANY && c->cell.c.tag == HMAP_TAG_FLOAT ? &c->cell.c.u.f
                                                                : NULL;
}

static inline bool is_nan(const kind *k, const void *from) {
  cell c;
  size_t bytes = k->kind == HMAP_ANY ? sizeof(hmap_cell) : sizeof(double);
  if (k->kind != HMAP_ANY && k->kind != HMAP_FLOAT64)
    return false;
  memcpy(&c, from, bytes);
  double *f = float_in(k, &c);
  return f != NULL && *f != *f;
}

/* -- hash functions ------------------------------------------------------- */

static inline uint64_t fnv1a(const char *s, size_t n) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < n; i++)
    h = (h ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
  return h;
}

static inline uint64_t sm(uint64_t x) { return draw(&x); }

static inline uint64_t hash_id(uint64_t num, uint32_t hash0) {
  (void)hash0;
  return num;
}
static inline uint64_t hash_const(uint64_t num, uint32_t hash0) {
  (void)num, (void)hash0;
  return UINT64_C(0xc3a5c85c97cb3127);
}
static inline uint64_t hash_sm64(uint64_t num, uint32_t hash0) {
  (void)hash0;
  return sm(num);
}
static inline uint64_t hash_sm64s(uint64_t num, uint32_t hash0) {
  return sm(num ^ hash0 * UINT64_C(0x9e3779b97f4a7c15));
}
static inline uint64_t hash_idtop(uint64_t num, uint32_t hash0) {
  (void)hash0;
  return num ^ num << 56;
}
static inline uint64_t hash_shl10(uint64_t num, uint32_t hash0) {
  (void)hash0;
  return sm(num) << 10;
}
static inline uint64_t hash_top2(uint64_t num, uint32_t hash0) {
  (void)hash0;
  return sm(num) & UINT64_C(0x01ffffffffffffff);
}

typedef uint64_t (*formula)(uint64_t num, uint32_t hash0);

static const struct {
  const char *name;
  formula of; /* NULL: the trace lists the hashes */
} hashes[] = {
    {"id", hash_id},       {"const", hash_const}, {"sm64", hash_sm64},
    {"sm64s", hash_sm64s}, {"idtop", hash_idtop}, {"shl10", hash_shl10},
    {"top2", hash_top2},   {"runtime", NULL},     {"unpatched", NULL},
};

/* Whether there is such a hash, and its formula. */
static inline bool formula_named(const char *name, formula *of) {
  for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
    if (strcmp(hashes[i].name, name) == 0) {
      *of = hashes[i].of;
      return true;
    }
  return false;
}

/* The number that a formula starts from. */
static inline uint64_t number_of(const token *t) {
  return t->numeric ? (uint64_t)t->n : fnv1a(t->s, t->len);
}

/* -- a dictionary of names ------------------------------------------------ */

/* Only grows. A name is any bytes; its number never changes. */
typedef struct symbol {
  char *name;
  size_t len;
  uint64_t value, born;
  bool nan;
} symbol;

typedef struct dict {
  symbol *at;
  size_t n, room;
  uint32_t *slots; /* 1 + number of a symbol; 0: free */
} dict;

#define NO_SYMBOL SIZE_MAX

static inline void *have(void *allocated) {
  if (allocated == NULL)
    abort();
  return allocated;
}

static inline uint32_t *slot_for(const dict *d, const char *name, size_t len) {
  size_t mask = 2 * d->room - 1, i = (size_t)sm(fnv1a(name, len)) & mask;
  for (; d->slots[i] != 0; i = (i + 1) & mask) {
    const symbol *s = &d->at[d->slots[i] - 1];
    if (s->len == len && memcmp(s->name, name, len) == 0)
      break;
  }
  return &d->slots[i];
}

static inline void make_room(dict *d) {
  if (d->n < d->room)
    return;
  d->room = d->room ? 2 * d->room : 64;
  d->at = have(realloc(d->at, d->room * sizeof *d->at));
  free(d->slots);
  d->slots = have(calloc(2 * d->room, sizeof *d->slots));
  for (size_t i = 0; i < d->n; i++)
    *slot_for(d, d->at[i].name, d->at[i].len) = (uint32_t)i + 1;
}

static inline size_t find_symbol(const dict *d, const char *name, size_t len) {
  return d->n == 0 ? NO_SYMBOL : (size_t)*slot_for(d, name, len) - 1;
}

static inline size_t add_symbol(dict *d, const char *name, size_t len) {
  make_room(d);
  uint32_t *slot = slot_for(d, name, len);
  if (*slot == 0) {
    symbol *s = &d->at[d->n];
    *s = (symbol){.name = have(malloc(len + 1)), .len = len};
    memcpy(s->name, name, len);
    *slot = (uint32_t)++d->n;
  }
  return *slot - 1;
}

static inline void free_dict(dict *d) {
  for (size_t i = 0; i < d->n; i++)
    free(d->at[i].name);
  free(d->at);
  free(d->slots);
  *d = (dict){.n = 0};
}

#endif
