/* probe.h: the search loop, the only one.
**
** A chain is read bucket by bucket. In each, the slots whose tophash byte is
** the key's are compared in order; a bucket whose last slot is emptyRest ends
** the chain early. The visitor counts what the loop does; where it is a
** constant NULL the compiler leaves no trace of it.
** Source: Go 1.19 runtime/map.go, mapaccess1.
*/
#ifndef HMAP_CORE_PROBE_H
#define HMAP_CORE_PROBE_H

#include "core/map/map.h"
#include "core/type/cell.h"
#include "core/type/hash.h"

/* A slot, or where one would go. */
typedef struct place {
  bmap *b;
  size_t i;
} place;

typedef struct visitor {
  uint64_t hashes;  /* beyond the one that the search began with */
  uint64_t buckets; /* tophash words looked at */
  uint64_t comparisons, false_matches;
} visitor;

static ALWAYS_INLINE void visit_bucket(visitor *v) {
  if (v != NULL)
    v->buckets++;
}
static ALWAYS_INLINE void visit_old_hash(const hmap *m, visitor *v) {
  if (v != NULL)
    v->hashes += rekeying(m);
}
static ALWAYS_INLINE void visit_match(visitor *v, bool equal) {
  if (v != NULL) {
    v->comparisons++;
    v->false_matches += !equal;
  }
}

/* Finds key in the chain that begins at b; *at is its slot, or else the last
** bucket read. */
static ALWAYS_INLINE bool probe(const hmap_type *t, const cell_type *key_type,
                                bmap *b, const void *key, uint8_t top,
                                place *at, visitor *v) {
  for (;;) {
    visit_bucket(v);
    for (slots s = match(b, top); s != 0; s = rest(s)) {
      size_t i = first(s);
      bool equal = key_equal(key_type, key, key_at(key_type, b, i));
      visit_match(v, equal);
      if (equal) {
        *at = (place){b, i};
        return true;
      }
    }
    bmap *next = ends_here(b) ? NULL : overflow_of(t, b);
    if (next == NULL) { /* chain exhausted: key is absent */
      *at = (place){b, HMAP_BUCKET_COUNT};
      return false;
    }
    b = next;
  }
}

/* The first empty slot of a chain, or slot 8 of its last bucket. */
static ALWAYS_INLINE place first_empty(const hmap_type *t, bmap *b,
                                       visitor *v) {
  for (;;) {
    visit_bucket(v);
    slots s = match_empty(b);
    if (s != 0)
      return (place){b, first(s)};
    bmap *next = overflow_of(t, b);
    if (next == NULL)
      return (place){b, HMAP_BUCKET_COUNT};
    b = next;
  }
}

/* A key ready to be compared: its own cell, or a copy of a text cell that
** carries the bits of its hash which stored cells carry. */
static ALWAYS_INLINE const void *with_hash_bits(const cell_type *c,
                                                const void *key, uint64_t hash,
                                                hmap_cell *copy) {
  if (c->kind != HMAP_STRING && c->kind != HMAP_ANY)
    return key;
  copy_words(copy, key);
  store_hash_bits(copy, hash);
  return copy;
}

/* The chain that holds the entry of this key, if any does: of the old array
** while its old bucket has not moved. *hash becomes the one that holds there.
*/
static ALWAYS_INLINE bmap *base_of(const hmap *m, const hmap_type *t,
                                   const cell_type *c, const void *key,
                                   uint64_t *hash, visitor *v) {
  if (UNLIKELY(growing(m))) {
    visit_old_hash(m, v);
    uint64_t was = old_hash(m, c, key, *hash);
    uint64_t o = was & mask_of(m->oldB);
    if (!old_moved(m, o)) {
      *hash = was;
      return bucket_at(t, m->oldbuckets, o);
    }
  }
  return bucket_at(t, m->buckets, *hash & m->mask);
}

/* The same, and prefetches all of its first bucket. */
static ALWAYS_INLINE bmap *locate(const hmap *m, const hmap_type *t,
                                  const cell_type *c, const void *key,
                                  uint64_t *hash, visitor *v) {
  bmap *b = base_of(m, t, c, key, hash, v);
  prefetch_slots(b);
  return b;
}

/* Finds key, whose hash is known. Moves nothing. t and c are the map's type and
** that of its keys, or as much of them as is known when this is compiled. */
static ALWAYS_INLINE bool find_hashed(const hmap *m, const hmap_type *t,
                                      const cell_type *c, const void *key,
                                      uint64_t hash, place *at, visitor *v) {
  hmap_cell copy;
  bmap *base = locate(m, t, c, key, &hash, v);
  return probe(t, c, base, with_hash_bits(c, key, hash, &copy), tophash(hash),
               at, v);
}

static ALWAYS_INLINE bool find(const hmap *m, const void *key, place *at) {
  const cell_type *c = &m->t->key;
  return m->count != 0 &&
         find_hashed(m, m->t, c, key, hash_of(m, c, key), at, NULL);
}

#endif
