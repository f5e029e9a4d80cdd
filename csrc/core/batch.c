/* batch.c: many keys in one call.
**
** A lookup in a large map waits for memory, about a hundred nanoseconds for
** each line that no cache has; but a processor waits for many lines at once.
** So a batch of keys goes through the same three steps as one, side by side:
** all are hashed and their buckets asked for; then the tophash words are read
** and the slots they point at are asked for; then each key is probed as ever.
** What a key's turn finds is what it would have found alone.
*/
#include "grow.h"
#include "map.h"
#include "probe.h"
#include "writes.h"

/* Lines in flight: more than a core keeps open gains nothing. */
#define BATCH 32

typedef struct batch {
  uint64_t hash[BATCH];
  uint32_t draws; /* of the map's keying, when the keys were hashed */
} batch;

static const char *nth_key(const hmap *m, const void *keys, size_t i) {
  return (const char *)keys + i * m->t->key.size;
}

/* Asks for the bucket where the key's search begins, and says which it is. */
static const bmap *ask_bucket(const hmap *m, uint64_t hash) {
  const bmap *b = bucket_at(m->t, m->buckets, hash & m->mask);
  PREFETCH(b);
  if (growing(m) && (hash & mask_of(m->oldB)) >= m->nevacuate)
    PREFETCH(bucket_at(m->t, m->oldbuckets, hash & mask_of(m->oldB)));
  return b;
}

/* Asks for the slots of the first entry with this tophash. */
static void ask_slot(const hmap *m, const bmap *b, uint64_t hash) {
  const cell_type *c = &m->t->key;
  slots s = match(b, tophash(hash));
  if (s == 0)
    return;
  PREFETCH(key_slot(c, (bmap *)(uintptr_t)b, first(s)));
  PREFETCH(elem_slot(m->t, c, (bmap *)(uintptr_t)b, first(s)));
}

static void fetch(const hmap *m, const void *keys, size_t n, batch *out) {
  const bmap *at[BATCH];
  out->draws = m->draws;
  if (m->buckets == NULL)
    return;
  for (size_t i = 0; i < n; i++) {
    out->hash[i] = hash_key(m, &m->t->key, nth_key(m, keys, i));
    at[i] = ask_bucket(m, out->hash[i]);
  }
  for (size_t i = 0; i < n; i++)
    ask_slot(m, at[i], out->hash[i]);
}

/* The hash of key i: an operation of the batch may have drawn a new keying. */
static uint64_t hash_now(const hmap *m, const batch *b, size_t i,
                         const void *key) {
  return LIKELY(b->draws == m->draws) ? b->hash[i]
                                      : hash_key(m, &m->t->key, key);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

void hmap_get_many(const hmap *m, const void *keys, size_t n,
                   const void **found) {
  const cell_type *c = &m->t->key;
  batch b;
  if (UNLIKELY(m->observed)) {
    for (size_t i = 0; i < n; i++)
      found[i] = hmap_get(m, nth_key(m, keys, i));
    return;
  }
  for (size_t done = 0; done < n; done += BATCH) {
    const void *chunk = nth_key(m, keys, done);
    size_t size = least(n - done, BATCH);
    if (m->count > 0)
      fetch(m, chunk, size, &b);
    for (size_t i = 0; i < size; i++) {
      place at;
      bool here = m->count > 0 &&
                  find_hashed(m, c, nth_key(m, chunk, i), b.hash[i], &at, NULL);
      found[done + i] = here ? elem_at(m->t, c, at.b, at.i) : NULL;
    }
  }
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
    if (m->count > 0)
      fetch(m, chunk, size, &b);
    for (size_t i = 0; i < size && m->count > 0; i++) {
      const void *key = nth_key(m, chunk, i);
      deleted += hmapi_delete_hashed(m, key, hash_now(m, &b, i, key));
    }
  }
  return deleted;
}
