/* long.c: entries that come in parts; the picture is in long.h. */
#include "core/file/long.h"

#include "core/mem/slab.h"

#define FIRST_ROOM ((size_t)64 * 1024) /* of a text that may not be there */

void hmapi_long_begin(long_entry *e, const hmap *m, char *key, char *elem) {
  *e = (long_entry){.begun = true, .key = key, .elem = elem};
  clear_cell(key, m->t->key.size);
  clear_cell(elem, m->t->elem.size);
}

/* The i-th field of key and elem together; *cell is where it goes. */
static const field *field_at(const long_entry *e, const hmap *m, uint32_t i,
                             char **cell) {
  const cell_type *key = &m->t->key, *elem = &m->t->elem;
  const field *f = i < key->nfields ? &key->fields[i] : NULL;
  *cell = e->key;
  if (f == NULL) {
    *cell = e->elem;
    i -= key->nfields;
    f = i < elem->nfields ? &elem->fields[i] : NULL;
  }
  if (f != NULL)
    *cell += f->offset;
  return f;
}

/* -- a long text ---------------------------------------------------------- */

/* How long the text is that begins at *r, which goes behind its length; 0:
** another value, or not so much of it is here, and *r stays. */
static size_t begins_long_text(row *r, const field *f) {
  row after = *r;
  const char *kind = f->kind == HMAP_ANY ? take(&after, 1) : NULL, *length;
  if (f->kind != HMAP_STRING && (kind == NULL || *kind != ANY_TEXT))
    return 0;
  if ((length = take(&after, 4)) == NULL ||
      length_at(length) <= HMAP_TAG_INLINE_MAX)
    return 0;
  *r = after;
  return length_at(length);
}

/* A larger block, with what there is of the text. */
static hmap_status make_room(long_entry *e, heap *h, size_t room) {
  hmap_status why = HMAP_OK;
  char *text = hmapi_block_new(h, PART_TEXT, room, &why);
  if (text == NULL)
    return why;
  if (e->text != NULL) {
    memcpy(text, e->text, e->filled);
    hmapi_block_free(h, PART_TEXT, e->text, e->room);
  }
  e->text = text;
  e->room = room;
  return HMAP_OK;
}

static hmap_status begin_text(long_entry *e, heap *h, size_t len,
                              uint64_t here) {
  e->len = len;
  e->filled = 0;
  return make_room(e, h, len <= here || len < FIRST_ROOM ? len : FIRST_ROOM);
}

static void fill_text(long_entry *e, row *r) {
  size_t n = e->room - e->filled, here = (size_t)(r->end - r->at);
  n = n < here ? n : here;
  memcpy(e->text + e->filled, take(r, n), n);
  e->filled += n;
}

/* Fills the text in hand; *whole: it has all its bytes, and is a cell now. */
static hmap_status read_text(long_entry *e, heap *h, row *r, char *cell,
                             bool *whole) {
  for (;;) {
    fill_text(e, r);
    if (e->filled < e->room || e->room == e->len)
      break;
    size_t more = times(e->room, 2);
    hmap_status status = make_room(e, h, more < e->len ? more : e->len);
    if (status != HMAP_OK)
      return status;
  }
  *whole = e->filled == e->len;
  if (*whole) {
    hmap_cell text = hmap_text(e->text, e->len);
    memcpy(cell, &text, sizeof text);
    e->text = NULL;
  }
  return HMAP_OK;
}

/* -- all fields ----------------------------------------------------------- */

static hmap_status read_field(long_entry *e, heap *h, row *r, const field *f,
                              char *cell, uint64_t left, bool *whole) {
  const char *begin = r->at;
  hmap_status status = HMAP_OK;
  size_t len;
  *whole = false;
  if (e->text == NULL && (len = begins_long_text(r, f)) > 0)
    status = begin_text(e, h, len, left + (uint64_t)(r->end - r->at));
  if (status == HMAP_OK && e->text != NULL)
    return read_text(e, h, r, cell, whole);
  *whole = status == HMAP_OK && get_field(r, f, cell);
  if (!*whole)
    r->at = begin;
  return status;
}

hmap_status hmapi_long_read(long_entry *e, hmap *m, row *r, uint64_t left,
                            bool *whole) {
  const field *f;
  char *cell;
  hmap_status status = HMAP_OK;
  while ((f = field_at(e, m, e->nread, &cell)) != NULL) {
    bool read;
    status = read_field(e, &m->heap, r, f, cell, left, &read);
    if (!read)
      break;
    e->nread++;
  }
  *whole = f == NULL;
  return status;
}

/* -- its end -------------------------------------------------------------- */

hmap_status hmapi_long_put(long_entry *e, hmap *m, bool *existed) {
  const void *now;
  m->heap.adopts = true;
  hmap_status status = hmap_get_or_put(m, e->key, e->elem, &now, existed);
  m->heap.adopts = false;
  e->begun = status != HMAP_OK || *existed;
  return status;
}

void hmapi_long_drop(long_entry *e, hmap *m) {
  hmapi_release(&m->heap, &m->t->key, e->key);
  hmapi_release(&m->heap, &m->t->elem, e->elem);
  if (e->text != NULL)
    hmapi_block_free(&m->heap, PART_TEXT, e->text, e->room);
  e->begun = false;
}
