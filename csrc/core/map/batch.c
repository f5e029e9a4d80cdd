/* batch.c: many keys in one call.
**
** A lookup in a large map waits for memory, about a hundred nanoseconds for
** each line that no cache has; but a processor waits for many lines at once.
** So a batch of keys goes through the same three steps as one, side by side:
** all are hashed and their buckets prefetched; then the tophash words are read
** and the slots they point at are prefetched; then each key is probed as ever.
** (A write prefetches its whole bucket, and what a growth will move.)
** What a key's turn finds is what it would have found alone.
*/
#include "core/map/fast_path.h"
#include "core/map/resize.h"
#include "core/map/write.h"

/* Lines in flight: more than a core keeps open gains nothing. */
#define BATCH 64

typedef struct batch {
  uint64_t hash[BATCH];
  uint32_t draws; /* of the map's hash key, when the keys were hashed */
} batch;

static ALWAYS_INLINE const void *nth(const void *cells, const cell_type *c,
                                     size_t i) {
  return (const char *)cells + i * c->size;
}

static const void *nth_key(const hmap *m, const void *keys, size_t i) {
  return nth(keys, &m->t->key, i);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Prefetches the slots of the first entry with this tophash. */
static ALWAYS_INLINE void prefetch_slot(const hmap_type *t, const cell_type *c,
                                        bmap *b, uint64_t hash) {
  slots s = match(b, tophash(hash));
  if (s == 0)
    return;
  PREFETCH(key_slot(c, b, first(s)));
  PREFETCH(elem_slot(t, c, b, first(s)));
}

/* -- reads ---------------------------------------------------------------- */

/* At most BATCH keys, of a map with entries. The lines of a bucket are asked
** for as they are wanted, not all at once: a read wants two of them. */
static ALWAYS_INLINE void get_some(const hmap *m, const hmap_type *t,
                                   const cell_type *c, const void *keys,
                                   size_t n, const void **found) {
  uint64_t hash[BATCH];
  bmap *base[BATCH];
  for (size_t i = 0; i < n; i++) {
    hash[i] = hash_of(m, c, nth(keys, c, i));
    base[i] = base_of(m, t, c, nth(keys, c, i), &hash[i], NULL);
    PREFETCH(base[i]);
  }
  for (size_t i = 0; i < n; i++)
    prefetch_slot(t, c, base[i], hash[i]);
  for (size_t i = 0; i < n; i++) {
    hmap_cell copy;
    place at;
    const void *key = with_hash_bits(c, nth(keys, c, i), hash[i], &copy);
    bool here = probe(t, c, base[i], key, tophash(hash[i]), &at, NULL);
    found[i] = here ? elem_at(t, c, at.b, at.i) : NULL;
  }
}

static NOINLINE void get_words(const hmap *m, const void *keys, size_t n,
                               const void **found) {
  get_some(m, &word_to_word, word_key, keys, n, found);
}
static NOINLINE void get_texts(const hmap *m, const void *keys, size_t n,
                               const void **found) {
  get_some(m, &text_to_word, text_key, keys, n, found);
}
static NOINLINE void get_cells(const hmap *m, const void *keys, size_t n,
                               const void **found) {
  get_some(m, m->t, &m->t->key, keys, n, found);
}

static void get_singly(const hmap *m, const void *keys, size_t n,
                       const void **found) {
  for (size_t i = 0; i < n; i++)
    found[i] = hmap_get(m, nth_key(m, keys, i));
}

void hmap_get_many(const hmap *m, const void *keys, size_t n,
                   const void **found) {
  void (*get)(const hmap *, const void *, size_t, const void **) = get_cells;
  if (UNLIKELY(m->has_observers || m->count == 0))
    get = get_singly;
  else if (has_word_key(m->t) && fast_path_ok(m, PATH_STILL))
    get = get_words;
  else if (has_text_key(m->t) && fast_path_ok(m, PATH_STILL))
    get = get_texts;
  for (size_t done = 0; done < n; done += BATCH)
    get(m, nth_key(m, keys, done), least(n - done, BATCH), found + done);
}

/* -- writes --------------------------------------------------------------- */

/* Prefetches the bucket that the write begins with. */
static void prefetch_write(const hmap *m, uint64_t hash) {
  uint64_t o = hash & mask_of(m->oldB);
  if (growing(m) && o >= m->nevacuate)
    hmapi_prefetch_move(m, o);
  prefetch_bucket(bucket_at(m->t, m->buckets, hash & m->mask));
}

/* Of a map that has buckets. */
static void fetch(const hmap *m, const void *keys, size_t n, batch *out) {
  out->draws = m->draws;
  for (size_t i = 0; i < n; i++) {
    out->hash[i] = hash_of(m, &m->t->key, nth_key(m, keys, i));
    prefetch_write(m, out->hash[i]);
  }
}

/* The hash of key i: an operation of the batch may have drawn a new hash key.
*/
static uint64_t hash_now(const hmap *m, const batch *b, size_t i,
                         const void *key) {
  return LIKELY(b->draws == m->draws) ? b->hash[i]
                                      : hash_of(m, &m->t->key, key);
}

hmap_status hmap_put_many(hmap *m, const void *keys, const void *elems,
                          size_t n, size_t *done) {
  batch b;
  hmap_status status = HMAP_OK;
  *done = 0;
  if (m->buckets == NULL && n > 0 &&
      (status = hmapi_first_array(m, 0)) != HMAP_OK)
    return status;
  for (; *done < n;) {
    const void *chunk = nth_key(m, keys, *done);
    size_t size = least(n - *done, BATCH);
    fetch(m, chunk, size, &b);
    for (size_t i = 0; i < size; i++, ++*done) {
      const void *key = nth_key(m, chunk, i);
      const void *elem = elems; /* NULL for a set */
      if (m->t->elem.size > 0)
        elem = (const char *)elems + *done * m->t->elem.size;
      status = hmapi_put_hashed(m, key, hash_now(m, &b, i, key), elem);
      if (status != HMAP_OK)
        return status;
    }
  }
  return HMAP_OK;
}

size_t hmap_delete_many(hmap *m, const void *keys, size_t n) {
  batch b;
  size_t deleted = 0;
  for (size_t done = 0; done < n; done += BATCH) {
    const void *chunk = nth_key(m, keys, done);
    size_t size = least(n - done, BATCH);
    const bool fetched = m->count > 0;
    if (fetched)
      fetch(m, chunk, size, &b);
    for (size_t i = 0; i < size; i++) {
      const void *key = nth_key(m, chunk, i);
      deleted += fetched && m->count > 0
                     ? hmapi_delete_hashed(m, key, hash_now(m, &b, i, key))
                     : hmap_delete(m, key); /* an operation all the same */
    }
  }
  return deleted;
}
