/* fingerprint.c: one number for the whole state.
**
** The state is written out as a row of bytes that says nothing of the machine
** (numbers with the low byte first, text by its length and content), and the
** row is hashed by XXH3 under its own fixed secret, which has no part in the
** hashes of keys. What is written:
**
**   types | count B noverflow nevacuate hash0 | growth, what waits |
**   old 0: moved | old 1: 9c k v, b0 k v, 0 0 0 0 0 0 / 07 k v .. | ...
**   new 0: a2 k v, 48 k v, 0 .. | new 1: not begun | ...
**
** Not written: addresses, open iterators, the state of the random numbers,
** policy, memory; and of an old bucket that has moved only that it has, since
** its memory may be gone. An object in an `any` cell counts as an object.
*/
#include "core/map/map.h"
#include "core/map/resize.h"
#include "core/type/hash.h"

/* -- the row of bytes ----------------------------------------------------- */

typedef struct row {
  XXH3_state_t hash;
} row;

static void put_bytes(row *r, const void *p, size_t n) {
  if (n > 0)
    (void)XXH3_64bits_update(&r->hash, p, n);
}

static void put_word(row *r, uint64_t word) {
  uint8_t bytes[8];
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(word >> 8 * i);
  put_bytes(r, bytes, sizeof bytes);
}

/* -- cells ---------------------------------------------------------------- */

static void put_text(row *r, const hmap_cell *cell) {
  put_word(r, hmap_text_len(cell));
  put_bytes(r, hmap_text_ptr(cell), hmap_text_len(cell));
}

/* Which bits a NaN has beside those that make it one is the machine's. */
static void put_float(row *r, double f) {
  uint64_t bits = UINT64_C(0x7ff8000000000000);
  if (f == f)
    memcpy(&bits, &f, sizeof bits);
  put_word(r, bits);
}

static void put_any(row *r, const hmap_cell *cell) {
  bool text = hmap_is_text(cell);
  put_word(r, text ? HMAP_TAG_TEXT : cell->c.tag);
  if (text)
    put_text(r, cell);
  else if (cell->c.tag == HMAP_TAG_FLOAT)
    put_float(r, cell->c.u.f);
  else if (cell->c.tag == HMAP_TAG_INT || cell->c.tag == HMAP_TAG_BOOL)
    put_word(r, cell->c.u.bits);
}

static void put_field(row *r, const field *f, const void *at) {
  switch (f->kind) {
  case HMAP_FLOAT32:
  case HMAP_FLOAT64:
    put_float(r, float_at(f->kind, at));
    break;
  case HMAP_STRING:
    put_text(r, at);
    break;
  case HMAP_ANY:
    put_any(r, at);
    break;
  case HMAP_BYTES:
    put_bytes(r, at, f->size);
    break;
  default:
    put_word(r, int_bits(f->kind, at));
  }
}

/* The padding of a tuple is nobody's. */
static void put_cell(row *r, const cell_type *c, const void *cell) {
  if (c->kind == HMAP_NONE)
    return;
  for (uint32_t i = 0; i < c->nfields; i++)
    put_field(r, &c->fields[i], (const char *)cell + c->fields[i].offset);
}

static void put_type(row *r, const cell_type *c) {
  put_word(r, c->kind);
  put_word(r, c->nfields);
  for (uint32_t i = 0; c->kind != HMAP_NONE && i < c->nfields; i++) {
    put_word(r, c->fields[i].kind);
    put_word(r, c->fields[i].size);
  }
}

/* -- chains --------------------------------------------------------------- */

/* What a bucket of an array is to the row. */
enum { NOT_BEGUN, MOVED, CHAIN };

static void put_chain(row *r, const hmap_type *t, bmap *b) {
  put_word(r, CHAIN);
  put_word(r, chain_length(t, b));
  for (; b != NULL; b = overflow_of(t, b)) {
    put_bytes(r, b->tophash, sizeof b->tophash);
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      if (b->tophash[i] >= MIN_TOPHASH) {
        put_cell(r, &t->key, key_at(&t->key, b, i));
        put_cell(r, &t->elem, elem_at(t, &t->key, b, i));
      }
  }
}

static void put_old(row *r, const hmap *m) {
  for (uint64_t o = 0; growing(m) && o < noldbuckets(m); o++)
    if (old_moved(m, o))
      put_word(r, MOVED);
    else
      put_chain(r, m->t, bucket_at(m->t, m->oldbuckets, o));
}

/* A new bucket is not touched before an old one has moved into it. */
static void put_new(row *r, const hmap *m) {
  for (uint64_t i = 0; m->buckets != NULL && i < nbuckets(m); i++)
    if (growing(m) && !merging(m) && !old_moved(m, i & mask_of(m->oldB)))
      put_word(r, NOT_BEGUN);
    else
      put_chain(r, m->t, bucket_at(m->t, m->buckets, i));
}

/* -- the whole ------------------------------------------------------------ */

static void put_header(row *r, const hmap *m) {
  put_word(r, m->count);
  put_word(r, m->B);
  put_word(r, m->noverflow);
  put_word(r, m->nevacuate);
  put_word(r, m->k.hash0);
  put_word(r, m->k.hash);
  put_word(r, m->buckets != NULL);
}

static void put_growth(row *r, const hmap *m) {
  put_word(r, growing(m));
  if (growing(m)) {
    put_word(r, m->resize_kind);
    put_word(r, m->oldB);
  }
  put_word(r, m->pending.reserve);
  put_word(r, (uint64_t)m->pending.shrink | (uint64_t)m->pending.rekey << 1 |
                  (uint64_t)m->pending.fit << 2);
}

uint64_t hmap_fingerprint(const hmap *m) {
  row r;
  (void)XXH3_64bits_reset(&r.hash);
  put_type(&r, &m->t->key);
  put_type(&r, &m->t->elem);
  put_header(&r, m);
  put_growth(&r, m);
  put_old(&r, m);
  put_new(&r, m);
  return XXH3_64bits_digest(&r.hash);
}
