/* type.c: Go's rules for size, alignment and padding, applied to specs. */
#include "core/type/type.h"

#define SLOT_POINTER 8u /* bytes of an indirect cell's slot, as in Go */

static const struct {
  uint32_t size, align;
} kinds[] = {
#define HMAP_X(kind, name, bytes, align) {bytes, align},
    HMAP_KINDS(HMAP_X)
#undef HMAP_X
};

#define NKINDS (sizeof kinds / sizeof kinds[0])

static uint32_t round_up(uint32_t n, uint32_t align) {
  assert(align > 0);
  return (n + align - 1) / align * align;
}

static bool field_ok(const hmap_field *f) {
  if (f->kind == HMAP_BYTES)
    return f->n > 0 && f->n <= HMAP_MAX_BYTES;
  return (unsigned)f->kind < NKINDS && f->kind != HMAP_NONE &&
         f->kind != HMAP_ANY && f->kind != HMAP_TUPLE;
}

static uint32_t field_size(const hmap_field *f) {
  return f->kind == HMAP_BYTES ? f->n : kinds[f->kind].size;
}

/* Lays out one member at the first place behind `end` that suits it. */
static field place_field(const hmap_field *f, uint32_t end) {
  field out = {f->kind, round_up(end, kinds[f->kind].align), field_size(f)};
  return out;
}

/* A spec that is no tuple, seen as a tuple of itself. */
static hmap_field whole(const hmap_spec *spec) {
  hmap_field f = {spec->kind, spec->n, NULL};
  return f;
}

static uint32_t count_fields(const hmap_spec *spec) {
  return spec->kind == HMAP_TUPLE ? spec->n : 1;
}

static hmap_field nth_field(const hmap_spec *spec, uint32_t i) {
  return spec->kind == HMAP_TUPLE ? spec->fields[i] : whole(spec);
}

static bool spec_ok(const hmap_spec *spec) {
  if (spec->kind == HMAP_NONE || spec->kind == HMAP_ANY)
    return true;
  if (spec->kind != HMAP_TUPLE) {
    hmap_field f = whole(spec);
    return field_ok(&f);
  }
  if (spec->n == 0 || spec->n > HMAP_MAX_FIELDS || spec->fields == NULL)
    return false;
  uint32_t end = 0;
  for (uint32_t i = 0; i < spec->n; i++) {
    if (!field_ok(&spec->fields[i]))
      return false;
    field f = place_field(&spec->fields[i], end);
    end = f.offset + f.size;
    if (end > HMAP_MAX_BYTES)
      return false;
  }
  return true;
}

hmap_status hmapi_type_check(const hmap_spec *key, const hmap_spec *elem,
                             size_t *nfields) {
  if (key->kind == HMAP_NONE || !spec_ok(key) || !spec_ok(elem))
    return HMAP_EINVAL;
  *nfields = (size_t)count_fields(key) + count_fields(elem);
  return HMAP_OK;
}

/* A float key -0 is equal to +0 and has other bytes; an any key may be one. */
static bool has_floats(hmap_kind kind) {
  return kind == HMAP_FLOAT32 || kind == HMAP_FLOAT64 || kind == HMAP_ANY;
}

static bool has_text(hmap_kind kind) {
  return kind == HMAP_STRING || kind == HMAP_ANY;
}

/* Go pads a struct to its alignment, so that an array of it is aligned. */
static void cell_init(cell_type *c, const hmap_spec *spec, field *fields) {
  uint32_t end = 0, align = 1;
  c->kind = spec->kind;
  c->nfields = count_fields(spec);
  c->fields = fields;
  for (uint32_t i = 0; i < c->nfields; i++) {
    hmap_field f = nth_field(spec, i);
    fields[i] = place_field(&f, end);
    end = fields[i].offset + fields[i].size;
    if (kinds[f.kind].align > align)
      align = kinds[f.kind].align;
    c->text |= has_text(f.kind);
    c->floats |= has_floats(f.kind);
  }
  c->align = align;
  c->size = round_up(end, align);
  c->plain = !c->text && !c->floats;
  c->indirect = c->size > HMAP_MAX_INLINE;
  c->slot = c->indirect ? SLOT_POINTER : c->size;
}

void hmapi_type_init(hmap_type *t, const hmap_spec *key,
                     const hmap_spec *elem) {
  memset(t, 0, sizeof *t);
  cell_init(&t->key, key, t->fields);
  cell_init(&t->elem, elem, t->fields + t->key.nfields);
  t->bytes = sizeof *t + (t->key.nfields + t->elem.nfields) * sizeof(field);
  t->keys_at = HMAP_BUCKET_COUNT;
  t->elems_at = t->keys_at + HMAP_BUCKET_COUNT * t->key.slot;
  t->overflow_at = t->elems_at + HMAP_BUCKET_COUNT * t->elem.slot;
  t->bucket_size = t->overflow_at + SLOT_POINTER;
  t->bucket_pointers =
      t->key.text || t->key.indirect || t->elem.text || t->elem.indirect;
}

/* -- shared by all maps ---------------------------------------------------- */

#define CELL(k, n, a, owns, f)                                                 \
  {                                                                            \
    .kind = HMAP_##k, .size = n, .align = a, .slot = n, .text = owns,          \
    .floats = f, .plain = !(owns) && !(f), .nfields = 1,                       \
    .fields = &(const field) {                                                 \
      HMAP_##k, 0, n                                                           \
    }                                                                          \
  }
#define CELL_INT64  CELL(INT64, 8, 8, false, false)
#define CELL_STRING CELL(STRING, 16, 8, true, false)
#define CELL_ANY    CELL(ANY, 16, 8, true, true)
#define CELL_NONE   CELL(NONE, 0, 1, false, false)

/* n and m: bytes of the two; whether one of them owns text. */
#define TYPE(k, n, e, m, owns)                                                 \
  {                                                                            \
    .key = CELL_##k, .elem = CELL_##e, .keys_at = HMAP_BUCKET_COUNT,           \
    .elems_at = HMAP_BUCKET_COUNT * (1 + (n)),                                 \
    .overflow_at = HMAP_BUCKET_COUNT * (1 + (n) + (m)),                        \
    .bucket_size = HMAP_BUCKET_COUNT * (1 + (n) + (m)) + SLOT_POINTER,         \
    .bucket_pointers = owns                                                    \
  }
/* Each an object: no array may have elements with a flexible member. */
#define COMMON(X)                                                              \
  X(int64_int64, INT64, 8, INT64, 8, false)                                    \
  X(int64_any, INT64, 8, ANY, 16, true)                                        \
  X(int64_string, INT64, 8, STRING, 16, true)                                  \
  X(int64_none, INT64, 8, NONE, 0, false)                                      \
  X(string_int64, STRING, 16, INT64, 8, true)                                  \
  X(string_any, STRING, 16, ANY, 16, true)                                     \
  X(string_string, STRING, 16, STRING, 16, true)                               \
  X(string_none, STRING, 16, NONE, 0, true)                                    \
  X(any_int64, ANY, 16, INT64, 8, true)                                        \
  X(any_any, ANY, 16, ANY, 16, true)                                           \
  X(any_none, ANY, 16, NONE, 0, true)
#define HMAP_X(name, k, n, e, m, owns)                                         \
  static const hmap_type name = TYPE(k, n, e, m, owns);
COMMON(HMAP_X)
#undef HMAP_X

static const hmap_type *const common[] = {
#define HMAP_X(name, ...) &name,
    COMMON(HMAP_X)
#undef HMAP_X
};
#undef COMMON
#undef TYPE
#undef CELL_NONE
#undef CELL_ANY
#undef CELL_STRING
#undef CELL_INT64
#undef CELL

const hmap_type *hmapi_common_type(const hmap_spec *key,
                                   const hmap_spec *elem) {
  for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
    if (common[i]->key.kind == key->kind && common[i]->elem.kind == elem->kind)
      return common[i];
  return NULL;
}

/* -- views ---------------------------------------------------------------- */

void hmapi_type_layout(const hmap_type *t, hmap_layout *out) {
  *out = (hmap_layout){
      .slots = HMAP_BUCKET_COUNT,
      .key_size = t->key.size,
      .elem_size = t->elem.size,
      .key_slot = t->key.slot,
      .elem_slot = t->elem.slot,
      .indirect_key = t->key.indirect,
      .indirect_elem = t->elem.indirect,
      .tophash_at = 0,
      .keys_at = t->keys_at,
      .elems_at = t->elems_at,
      .overflow_at = t->overflow_at,
      .padding = t->bucket_size - SLOT_POINTER - t->overflow_at,
      .bucket_size = t->bucket_size,
      .cache_lines = (t->bucket_size + 63) / 64,
  };
}

/* A type on the stack, for questions about specs that have no map. */
typedef union scratch_type {
  hmap_type t;
  char room[sizeof(hmap_type) + 2 * HMAP_MAX_FIELDS * sizeof(field)];
} scratch_type;

hmap_status hmap_get_layout(const hmap_spec *key, const hmap_spec *elem,
                            hmap_layout *out) {
  scratch_type s;
  size_t nfields;
  hmap_status status = hmapi_type_check(key, elem, &nfields);
  if (status != HMAP_OK)
    return status;
  hmapi_type_init(&s.t, key, elem);
  hmapi_type_layout(&s.t, out);
  return HMAP_OK;
}

hmap_status hmap_field_at(const hmap_spec *spec, uint32_t i, size_t *offset,
                          size_t *size) {
  if (!spec_ok(spec) || i >= count_fields(spec))
    return HMAP_EINVAL;
  field f = {HMAP_NONE, 0, 0};
  for (uint32_t j = 0; j <= i; j++) {
    hmap_field next = nth_field(spec, j);
    f = place_field(&next, f.offset + f.size);
  }
  *offset = f.offset;
  *size = f.size;
  return HMAP_OK;
}

hmap_status hmap_cell_size(const hmap_spec *spec, size_t *size) {
  if (!spec_ok(spec))
    return HMAP_EINVAL;
  field fields[HMAP_MAX_FIELDS];
  cell_type c = {.kind = HMAP_NONE};
  cell_init(&c, spec, fields);
  *size = c.size;
  return HMAP_OK;
}
