/* cell.h: how two cells are told equal, and the bytes that a stored cell owns.
**
** A cell given to the map borrows its text; a cell in the map owns it (see
** hmap_cell in hmap.h). copy_in copies, release frees. A cell that moves
** (evacuation) takes its text along: the bytes stay where they are.
**
** A long text carries the low 24 bits of its hash. Both sides of a comparison
** must carry bits of the same hash key, or none at all (fields of tuples and
** all elems carry none).
*/
#ifndef HMAP_CORE_CELL_H
#define HMAP_CORE_CELL_H

#include "core/mem/heap.h"
#include "core/type/type.h"

#define HASH_BITS_KEPT 24u

/* Of a cell that may hold text: whether its text is outside itself. */
static ALWAYS_INLINE bool is_long_text(const void *cell) {
#if defined(HMAP_LITTLE_ENDIAN)
  return ((const hmap_cell *)cell)->word[1] >> 56 == HMAP_TAG_TEXT;
#else
  return ((const hmap_cell *)cell)->c.tag == HMAP_TAG_TEXT;
#endif
}

static ALWAYS_INLINE void store_hash_bits(hmap_cell *cell, uint64_t hash) {
  if (!is_long_text(cell))
    return;
#if defined(HMAP_LITTLE_ENDIAN)
  const uint64_t kept = mask_of(HASH_BITS_KEPT) << 32;
  cell->word[1] = (cell->word[1] & ~kept) | (hash << 32 & kept);
#else
  for (unsigned i = 0; i < sizeof cell->c.hash; i++)
    cell->c.hash[i] = (uint8_t)(hash >> 8 * i);
#endif
}
/* The bits that store_hash_bits kept. */
static inline uint64_t stored_hash_bits(const hmap_cell *cell) {
  return cell->c.hash[0] | (uint64_t)cell->c.hash[1] << 8 |
         (uint64_t)cell->c.hash[2] << 16;
}

static ALWAYS_INLINE bool text_equal(const hmap_cell *a, const hmap_cell *b) {
  if (a->word[1] != b->word[1]) /* length, kept hash bits, tag; or bytes 8.. */
    return false;
  if (a->word[0] == b->word[0])
    return true;
  return is_long_text(a) && memcmp(a->c.u.ptr, b->c.u.ptr, a->c.len) == 0;
}

static inline bool any_equal(const hmap_cell *a, const hmap_cell *b) {
  if (a->c.tag != b->c.tag)
    return false;
  if (a->c.tag <= HMAP_TAG_TEXT)
    return text_equal(a, b);
  if (a->c.tag == HMAP_TAG_FLOAT)
    return a->c.u.f == b->c.u.f;
  return a->c.u.bits == b->c.u.bits;
}

static inline double float_at(hmap_kind kind, const void *cell) {
  if (kind == HMAP_FLOAT64) {
    double f;
    memcpy(&f, cell, sizeof f);
    return f;
  }
  float f;
  memcpy(&f, cell, sizeof f);
  return (double)f;
}

/* Equality of one cell or field; C's own of floats: -0 == 0, NaN != NaN. */
static ALWAYS_INLINE bool field_equal(hmap_kind kind, size_t size,
                                      const void *a, const void *b) {
  switch (kind) {
  case HMAP_NONE:
    return true;
  case HMAP_BOOL:
  case HMAP_INT8:
  case HMAP_UINT8:
    return *(const uint8_t *)a == *(const uint8_t *)b;
  case HMAP_INT16:
  case HMAP_UINT16:
    return load16(a) == load16(b);
  case HMAP_INT32:
  case HMAP_UINT32:
    return load32(a) == load32(b);
  case HMAP_INT64:
  case HMAP_UINT64:
    return load64(a) == load64(b);
  case HMAP_FLOAT32:
  case HMAP_FLOAT64:
    return float_at(kind, a) == float_at(kind, b);
  case HMAP_STRING:
    return text_equal(a, b);
  case HMAP_ANY:
    return any_equal(a, b);
  case HMAP_BYTES:
  case HMAP_TUPLE:
    return memcmp(a, b, size) == 0;
  }
  return false;
}

HIDDEN bool hmapi_tuple_equal(const cell_type *c, const void *a, const void *b);

static ALWAYS_INLINE bool key_equal(const cell_type *c, const void *a,
                                    const void *b) {
  if (c->kind == HMAP_TUPLE && !c->plain)
    return hmapi_tuple_equal(c, a, b);
  if (c->kind == HMAP_TUPLE && c->size == 8)
    return load64(a) == load64(b);
  return field_equal(c->kind, c->size, a, b);
}

/* Not equal to itself: a NaN, or a tuple or any with one. */
static ALWAYS_INLINE bool irreflexive(const cell_type *c, const void *cell) {
  return c->floats && !key_equal(c, cell, cell);
}

/* The cell that a slot holds or points to. */
static ALWAYS_INLINE void *cell_in(const cell_type *c, void *slot) {
  if (!c->indirect)
    return slot;
  void *cell;
  memcpy(&cell, slot, sizeof cell);
  return cell;
}

/* Makes the cell in dst own copies of what src borrows; nothing is kept when
** memory is refused. dst and src may be the same. */
HIDDEN hmap_status hmapi_copy_in(heap *h, const cell_type *c, void *dst,
                                 const void *src);
/* Frees what the cell owns; its bytes stay. */
HIDDEN void hmapi_release(heap *h, const cell_type *c, void *cell);

/* The same for slots, which hold a cell or point to one. */
HIDDEN hmap_status hmapi_copy_in_slot(heap *h, const cell_type *c, void *slot,
                                      const void *src);
HIDDEN void hmapi_release_slot(heap *h, const cell_type *c, void *slot);

#endif
