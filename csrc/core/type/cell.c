/* cell.c: copying in and releasing what cells own, and tuples compared by
** member. */
#include "core/type/cell.h"

#include "core/mem/slab.h"

bool hmapi_tuple_equal(const cell_type *c, const void *a, const void *b) {
  for (uint32_t i = 0; i < c->nfields; i++) {
    const field *f = &c->fields[i];
    if (!field_equal(f->kind, f->size, (const char *)a + f->offset,
                     (const char *)b + f->offset))
      return false;
  }
  return true;
}

static hmap_cell *cell_of_field(const cell_type *c, uint32_t i, void *cell) {
  return (hmap_cell *)(void *)((char *)cell + c->fields[i].offset);
}

static bool owns_text(const field *f, const void *cell) {
  return (f->kind == HMAP_STRING || f->kind == HMAP_ANY) && is_long_text(cell);
}

static hmap_status copy_text(heap *h, hmap_cell *cell) {
  hmap_status why = HMAP_OK;
  if (UNLIKELY(h->adopts))
    return HMAP_OK;
  char *copy = hmapi_block_new(h, PART_TEXT, cell->c.len, &why);
  if (copy == NULL)
    return why;
  memcpy(copy, cell->c.u.ptr, cell->c.len);
  cell->c.u.ptr = copy;
  return HMAP_OK;
}

/* Releases the text of the first n fields; what was to be adopted, and could
** not, stays its giver's. */
static void release_fields(heap *h, const cell_type *c, void *cell,
                           uint32_t n) {
  if (UNLIKELY(h->adopts))
    return;
  for (uint32_t i = 0; i < n; i++) {
    hmap_cell *owner = cell_of_field(c, i, cell);
    if (owns_text(&c->fields[i], owner))
      hmapi_block_free(h, PART_TEXT, (void *)(uintptr_t)owner->c.u.ptr,
                       owner->c.len);
  }
}

hmap_status hmapi_copy_in(heap *h, const cell_type *c, void *dst,
                          const void *src) {
  if (c->size == sizeof(hmap_cell))
    copy_words(dst, src);
  else if (c->size > 0) /* of nothing there may be no address */
    memmove(dst, src, c->size);
  if (!c->text)
    return HMAP_OK;
  for (uint32_t i = 0; i < c->nfields; i++) {
    hmap_cell *owner = cell_of_field(c, i, dst);
    if (!owns_text(&c->fields[i], owner))
      continue;
    hmap_status status = copy_text(h, owner);
    if (status != HMAP_OK) {
      release_fields(h, c, dst, i);
      return status;
    }
  }
  return HMAP_OK;
}

void hmapi_release(heap *h, const cell_type *c, void *cell) {
  if (c->text)
    release_fields(h, c, cell, c->nfields);
}

hmap_status hmapi_copy_in_slot(heap *h, const cell_type *c, void *slot,
                               const void *src) {
  if (!c->indirect)
    return hmapi_copy_in(h, c, slot, src);
  hmap_status status = HMAP_OK;
  void *cell = hmapi_block_new(h, PART_INDIRECT, c->size, &status);
  if (cell == NULL)
    return status;
  status = hmapi_copy_in(h, c, cell, src);
  if (status != HMAP_OK)
    hmapi_block_free(h, PART_INDIRECT, cell, c->size);
  else
    memcpy(slot, &cell, sizeof cell);
  return status;
}

void hmapi_release_slot(heap *h, const cell_type *c, void *slot) {
  void *cell = cell_in(c, slot);
  hmapi_release(h, c, cell);
  if (c->indirect)
    hmapi_block_free(h, PART_INDIRECT, cell, c->size);
}
