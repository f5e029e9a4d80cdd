/* row.h: entries of a file become cells, as far as their bytes are here. */
#ifndef HMAP_CORE_ROW_H
#define HMAP_CORE_ROW_H

#include "core/file/format.h"

/* What is left of the good bytes. */
typedef struct row {
  const char *at, *end;
  const char *wrong; /* what no entry can be, or NULL */
} row;

/* NULL: not all of them are here. */
static ALWAYS_INLINE const char *take(row *r, size_t n) {
  if (n > (size_t)(r->end - r->at))
    return NULL;
  const char *at = r->at;
  r->at += n;
  return at;
}

static inline bool get_text(row *r, hmap_cell *out) {
  const char *length = take(r, 4);
  if (length == NULL)
    return false;
  size_t n = length_at(length);
  const char *text = take(r, n);
  if (text == NULL)
    return false;
  *out = hmap_text(text, n);
  return true;
}

static inline bool get_any(row *r, hmap_cell *out) {
  const char *kind = take(r, 1), *word;
  if (kind == NULL)
    return false;
  switch (*(const uint8_t *)kind) {
  case ANY_NULL:
    *out = hmap_any_object(NULL, 0);
    return true;
  case ANY_FALSE:
  case ANY_TRUE:
    *out = hmap_any_bool(*kind == ANY_TRUE);
    return true;
  case ANY_TEXT:
    return get_text(r, out);
  case ANY_INT:
  case ANY_FLOAT:
    if ((word = take(r, 8)) == NULL)
      return false;
    *out = hmap_cell_of(load_le(word, 8), 0,
                        *kind == ANY_INT ? HMAP_TAG_INT : HMAP_TAG_FLOAT);
    return true;
  default:
    r->wrong = "a value is of no kind that there is";
    return false;
  }
}

static inline void store_bits(void *to, uint64_t v, size_t size) {
  switch (size) {
  case 1:
    memcpy(to, &(uint8_t){(uint8_t)v}, 1);
    break;
  case 2:
    memcpy(to, &(uint16_t){(uint16_t)v}, 2);
    break;
  case 4:
    memcpy(to, &(uint32_t){(uint32_t)v}, 4);
    break;
  default:
    memcpy(to, &v, 8);
  }
}

static inline bool get_number(row *r, const field *f, void *to) {
  const char *at = take(r, f->size);
  if (at == NULL)
    return false;
  uint64_t v = load_le(at, f->size);
  if (f->kind == HMAP_BOOL && v > 1)
    r->wrong = "a bool is neither true nor false";
  store_bits(to, v, f->size);
  return r->wrong == NULL;
}

static inline bool get_field(row *r, const field *f, void *to) {
  const char *at;
  switch (f->kind) {
  case HMAP_NONE:
    return true;
  case HMAP_STRING:
    return get_text(r, to);
  case HMAP_ANY:
    return get_any(r, to);
  case HMAP_BYTES:
    if ((at = take(r, f->size)) == NULL)
      return false;
    memcpy(to, at, f->size);
    return true;
  default:
    return get_number(r, f, to);
  }
}

static ALWAYS_INLINE bool get_cell(row *r, const cell_type *c, bool raw,
                                   char *to) {
  if (LIKELY(raw)) {
    const char *at = take(r, c->size);
    if (at == NULL)
      return false;
    copy_cell(to, at, c->size);
    return true;
  }
  clear_cell(to, c->size);
  for (uint32_t i = 0; i < c->nfields; i++)
    if (!get_field(r, &c->fields[i], to + c->fields[i].offset))
      return false;
  return true;
}

#endif
