/* save.c: a map goes into a file, at once or in steps.
**
** A saver is an iterator, with its promise, and one block: when that is full
** it is written. Of an iterator's ways the saver takes those of a scan, which
** moves only some old buckets of a rekey at a time.
*/
#include "core/file/describe.h"
#include "core/map/iter.h"

struct hmap_saver {
  heap heap;
  hmap_iter it;
  hmap_write_fn write;
  void *ud;
  uint64_t at, sum; /* bytes written; checksum of the last part */
  uint64_t entries;
  uint32_t block; /* number of the one in hand */
  size_t used;    /* bytes of it */
  bool raw_key, raw_elem, ended;
  size_t entry_bytes; /* if both are raw, and in their buckets; else 0 */
  bool words;         /* then: both are of 8 bytes */
  hmap_status failed;
  hmap_trouble trouble;
  char bytes[HEAD_BYTES + BLOCK_BYTES + SUM_BYTES]; /* of the block */
};

static hmap_status fail(hmap_saver *s, hmap_status why) {
  s->failed = why;
  s->trouble.at = s->at;
  return why;
}

/* -- parts ---------------------------------------------------------------- */

/* Writes n bytes, the last of which are to be their checksum. */
static hmap_status write_part(hmap_saver *s, char *bytes, size_t n) {
  size_t summed = n - SUM_BYTES;
  s->sum = checksum(bytes, summed, s->sum);
  store_le(bytes + summed, s->sum, SUM_BYTES);
  if (!s->write(s->ud, bytes, n))
    return fail(s, HMAP_EIO);
  s->at += n;
  return HMAP_OK;
}

static hmap_status write_header(hmap_saver *s, const void *note, size_t n) {
  hmap_status status = HMAP_OK;
  size_t described = hmapi_describe(s->it.m, note, n, NULL);
  size_t bytes = START_BYTES + described + SUM_BYTES;
  char *header = hmapi_alloc(&s->heap, PART_HEADER, bytes, &status);
  if (header == NULL)
    return status;
  memcpy(header, FILE_MAGIC, MAGIC_BYTES);
  store_le(header + MAGIC_BYTES, FILE_VERSION, 4);
  store_le(header + MAGIC_BYTES + 4, described, 4);
  (void)hmapi_describe(s->it.m, note, n, header + START_BYTES);
  status = write_part(s, header, bytes);
  hmapi_free(&s->heap, PART_HEADER, header, bytes);
  return status;
}

/* A block of no bytes is the end mark: the total is in their place. */
static hmap_status write_block(hmap_saver *s, size_t bytes, size_t length) {
  store_le(s->bytes, length, 4);
  store_le(s->bytes + 4, s->block, 4);
  hmap_status status = write_part(s, s->bytes, HEAD_BYTES + bytes + SUM_BYTES);
  s->trouble.block = ++s->block;
  s->used = 0;
  return status;
}

static hmap_status write_end(hmap_saver *s) {
  hmap_status status = s->used > 0 ? write_block(s, s->used, s->used) : HMAP_OK;
  if (status != HMAP_OK)
    return status;
  store_le(s->bytes + HEAD_BYTES, s->entries, TOTAL_BYTES);
  return write_block(s, TOTAL_BYTES, 0);
}

/* -- entries -------------------------------------------------------------- */

/* Bytes into blocks. */
static NOINLINE hmap_status put_across(hmap_saver *s, const char *bytes,
                                       size_t n) {
  for (size_t room; n > (room = BLOCK_BYTES - s->used);) {
    memcpy(s->bytes + HEAD_BYTES + s->used, bytes, room);
    bytes += room;
    n -= room;
    hmap_status status = write_block(s, BLOCK_BYTES, BLOCK_BYTES);
    if (status != HMAP_OK)
      return status;
  }
  memcpy(s->bytes + HEAD_BYTES + s->used, bytes, n);
  s->used += n;
  return HMAP_OK;
}

static ALWAYS_INLINE hmap_status put(hmap_saver *s, const void *bytes,
                                     size_t n) {
  if (UNLIKELY(n > BLOCK_BYTES - s->used))
    return put_across(s, bytes, n);
  copy_cell(s->bytes + HEAD_BYTES + s->used, bytes, n);
  s->used += n;
  return HMAP_OK;
}

static hmap_status put_number(hmap_saver *s, uint64_t v, size_t n) {
  if (LIKELY(n <= BLOCK_BYTES - s->used)) {
    store_le(s->bytes + HEAD_BYTES + s->used, v, n);
    s->used += n;
    return HMAP_OK;
  }
  char bytes[8];
  store_le(bytes, v, n);
  return put_across(s, bytes, n);
}

static hmap_status put_text(hmap_saver *s, const hmap_cell *cell) {
  size_t n = hmap_text_len(cell);
  hmap_status status = put_number(s, n, 4);
  return status != HMAP_OK || n == 0 ? status : put(s, hmap_text_ptr(cell), n);
}

static bool is_object(const hmap_cell *cell) {
  return cell->c.tag == HMAP_TAG_OBJECT ||
         (cell->c.tag == HMAP_TAG_POINTER && cell->c.u.bits != 0);
}

static unsigned any_kind(const hmap_cell *cell) {
  switch (cell->c.tag) {
  case HMAP_TAG_INT:
    return ANY_INT;
  case HMAP_TAG_FLOAT:
    return ANY_FLOAT;
  case HMAP_TAG_BOOL:
    return cell->c.u.bits != 0 ? ANY_TRUE : ANY_FALSE;
  case HMAP_TAG_POINTER:
    return ANY_NULL;
  default:
    return ANY_TEXT;
  }
}

static hmap_status put_any(hmap_saver *s, const hmap_cell *cell) {
  unsigned kind = any_kind(cell);
  hmap_status status = put_number(s, kind, 1);
  if (status != HMAP_OK)
    return status;
  if (kind == ANY_TEXT)
    return put_text(s, cell);
  return kind == ANY_INT || kind == ANY_FLOAT ? put_number(s, cell->c.u.bits, 8)
                                              : HMAP_OK;
}

/* A number's bits, whatever it is. */
static uint64_t bits_of(const void *at, size_t size) {
  switch (size) {
  case 1:
    return *(const uint8_t *)at;
  case 2:
    return load16(at);
  case 4:
    return load32(at);
  default:
    return load64(at);
  }
}

static hmap_status put_field(hmap_saver *s, const field *f, const void *at) {
  switch (f->kind) {
  case HMAP_STRING:
    return put_text(s, at);
  case HMAP_ANY:
    return put_any(s, at);
  case HMAP_BYTES:
    return put(s, at, f->size);
  default:
    return put_number(s, bits_of(at, f->size), f->size);
  }
}

static ALWAYS_INLINE hmap_status put_cell(hmap_saver *s, const cell_type *c,
                                          bool raw, const void *cell) {
  if (LIKELY(raw))
    return put(s, cell, c->size);
  hmap_status status = HMAP_OK;
  for (uint32_t i = 0; i < c->nfields && status == HMAP_OK; i++)
    status =
        put_field(s, &c->fields[i], (const char *)cell + c->fields[i].offset);
  return status;
}

static bool has_object(const cell_type *c, const void *cell) {
  return c->kind == HMAP_ANY && is_object(cell);
}
static ALWAYS_INLINE bool entry_has_object(const hmap_iter *it) {
  const hmap_type *t = it->m->t;
  return has_object(&t->key, it->key) || has_object(&t->elem, it->elem);
}

static ALWAYS_INLINE hmap_status put_entry(hmap_saver *s) {
  const hmap_type *t = s->it.m->t;
  if (UNLIKELY(entry_has_object(&s->it))) {
    s->trouble.key = s->it.key;
    return fail(s, HMAP_EOBJECT);
  }
  hmap_status status = put_cell(s, &t->key, s->raw_key, s->it.key);
  if (status == HMAP_OK)
    status = put_cell(s, &t->elem, s->raw_elem, s->it.elem);
  s->entries++;
  return status;
}

/* -- steps ---------------------------------------------------------------- */

/* From the first bucket on: no random number is drawn, and a map that has not
** changed makes the same file. Where a NaN goes that a growth moves, those who
** walk must know (see nan_destination). */
static void begin(hmap_iter *it, hmap *m) {
  hmapi_iter_open(it, m);
  it->now.B = it->now.level = m->B;
  it->wrapped = m->count == 0;
  if (m->t->key.floats)
    m->flags |= HMAP_ITERATOR | HMAP_OLD_ITERATOR;
}

hmap_status hmap_saver_new(hmap *m, const void *note, size_t n,
                           hmap_write_fn write, void *ud, hmap_saver **out) {
  hmap_status status = HMAP_OK;
  hmap_options memory = {.alloc = m->heap.alloc, .alloc_ud = m->heap.alloc_ud};
  heap own;
  *out = NULL;
  if (n > HMAP_MAX_NOTE)
    return HMAP_ETOOBIG;
  hmapi_heap_init(&own, &memory);
  hmap_saver *s = hmapi_alloc(&own, PART_HEADER, sizeof *s, &status);
  if (s == NULL)
    return status;
  memset(s, 0, offsetof(hmap_saver, bytes));
  s->heap = own;
  s->write = write;
  s->ud = ud;
  s->raw_key = is_raw(&m->t->key);
  s->raw_elem = is_raw(&m->t->elem);
  if (s->raw_key && s->raw_elem && !m->t->key.indirect && !m->t->elem.indirect)
    s->entry_bytes = m->t->key.size + m->t->elem.size;
  s->words = s->entry_bytes == 16 && m->t->key.size == 8;
  begin(&s->it, m);
  status = write_header(s, note, n);
  if (status == HMAP_OK)
    *out = s;
  else
    hmap_saver_free(s);
  return status;
}

/* Whether all of the bucket in hand is due, and can be copied without asking
** what it is. */
static ALWAYS_INLINE bool is_due_as_it_is(const hmap_saver *s, size_t n) {
  const hmap_iter *it = &s->it;
  size_t room = BLOCK_BYTES - s->used;
  return s->entry_bytes > 0 && it->at != NULL && it->slot == 0 && !it->filter &&
         it->npast == 0 && it->saved == NULL && n >= HMAP_BUCKET_COUNT &&
         room >= HMAP_BUCKET_COUNT * s->entry_bytes;
}

/* Every slot is copied, and stays if it is live: to ask first, and guess wrong
** every other time, would take longer than all the rest. */
static ALWAYS_INLINE size_t put_bucket_as(hmap_saver *s, const hmap_type *t,
                                          size_t bytes) {
  bmap *b = s->it.at;
  char *begin = s->bytes + HEAD_BYTES + s->used, *to = begin;
  uint64_t marks = load64_little(b->tophash);
  UNROLL_8
  for (size_t i = 0; i < HMAP_BUCKET_COUNT; i++, marks >>= 8) {
    copy_cell(to, key_slot(&t->key, b, i), t->key.size);
    copy_cell(to + t->key.size, elem_slot(t, &t->key, b, i), t->elem.size);
    to += (uint8_t)marks >= MIN_TOPHASH ? bytes : 0;
  }
  size_t n = (size_t)(to - begin) / bytes;
  s->used += (size_t)(to - begin);
  s->entries += n;
  s->it.at = overflow_of(t, b);
  return n;
}

static ALWAYS_INLINE size_t put_bucket(hmap_saver *s) {
  return s->words ? put_bucket_as(s, &word_to_word, 16)
                  : put_bucket_as(s, s->it.m->t, s->entry_bytes);
}

static ALWAYS_INLINE bool has_more_of_chain(const hmap_iter *it) {
  return it->at != NULL || it->saved != NULL;
}

static hmap_status put_some(hmap_saver *s, size_t n) {
  hmap_iter *it = &s->it;
  hmap_status status = HMAP_OK;
  bool more = true;
  for (size_t chains = n; n > 0 && more && status == HMAP_OK;) {
    while (is_due_as_it_is(s, n)) {
      n -= put_bucket(s);
      if (it->at == NULL && chains > 0 && hmapi_iter_enter_next(it))
        chains--;
    }
    if (n == 0)
      break;
    it->key = NULL;
    if (has_more_of_chain(it) && (status = hmap_scan_next(it)) != HMAP_OK)
      break;
    if (it->key != NULL) {
      status = put_entry(s);
      n--;
    } else if ((more = chains-- > 0)) {
      status = hmap_scan_class(it, &more);
    }
  }
  return status;
}

hmap_status hmap_saver_step(hmap_saver *s, size_t n, bool *more) {
  *more = !s->ended;
  if (s->failed != HMAP_OK || s->ended)
    return s->failed;
  if (s->it.m == NULL)
    return fail(s, HMAP_ECURSOR);
  hmap_status status = put_some(s, n);
  if (status == HMAP_OK && s->it.wrapped)
    status = write_end(s);
  s->ended = status == HMAP_OK && s->it.wrapped;
  *more = !s->ended;
  return status;
}

uint64_t hmap_saver_count(const hmap_saver *s) { return s->entries; }

const hmap_trouble *hmap_saver_trouble(const hmap_saver *s) {
  return &s->trouble;
}

void hmap_saver_free(hmap_saver *s) {
  if (s == NULL)
    return;
  hmap_iter_close(&s->it);
  heap own = s->heap;
  hmapi_free(&own, PART_HEADER, s, sizeof *s);
}

/* -- at once -------------------------------------------------------------- */

/* HMAP_EOBJECT: it->key is that of the first entry with one. */
static hmap_status find_object(hmap_iter *it) {
  hmap_status status;
  while ((status = hmap_iter_next(it)) == HMAP_OK && it->key != NULL)
    if (entry_has_object(it))
      return HMAP_EOBJECT;
  return status;
}

static hmap_status check_objects(hmap *m, hmap_trouble *why) {
  hmap_iter it;
  if (m->t->key.kind != HMAP_ANY && m->t->elem.kind != HMAP_ANY)
    return HMAP_OK;
  begin(&it, m);
  hmap_status status = find_object(&it);
  why->key = it.key;
  hmap_iter_close(&it);
  return status;
}

static hmap_status save_all(hmap *m, const void *note, size_t n,
                            hmap_write_fn write, void *ud, hmap_trouble *why) {
  hmap_saver *s;
  hmap_status status = hmap_saver_new(m, note, n, write, ud, &s);
  if (s == NULL)
    return status;
  for (bool more = true; status == HMAP_OK && more;)
    status = hmap_saver_step(s, SIZE_MAX, &more);
  *why = s->trouble;
  hmap_saver_free(s);
  return status;
}

hmap_status hmap_save(hmap *m, const void *note, size_t n, hmap_write_fn write,
                      void *ud, hmap_trouble *why) {
  hmap_trouble unheard = {.block = -1};
  why = why != NULL ? why : &unheard;
  *why = unheard;
  hmap_status status = check_objects(m, why);
  return status == HMAP_OK ? save_all(m, note, n, write, ud, why) : status;
}
