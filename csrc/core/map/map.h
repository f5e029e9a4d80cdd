/* map.h: struct hmap, Go's header first, and the questions that it answers.
**
** At rest oldbuckets is NULL and every entry is in buckets. While the map
** grows, old bucket o holds its entries until it is evacuated, all at once;
** from then on they are in buckets. nevacuate counts the old buckets that are
** known to be evacuated: all below it are.
**
**   old  [ moved moved moved | waiting moved waiting waiting ]
**                            ^ nevacuate    ^ a write went there first
*/
#ifndef HMAP_CORE_MAP_H
#define HMAP_CORE_MAP_H

#include "core/map/array.h"
#include "core/map/bucket.h"
#include "core/mem/heap.h"
#include "core/type/hash.h"

#define MAX_B 48 /* 2^48 buckets: more than an address space holds */

/* A hash key that a rekey replaced. Iterators and cursors that began under it
** ask it how far they had come. */
typedef struct old_hash_key old_hash_key;
struct old_hash_key {
  hash_key k;
  old_hash_key *older;
};

/* What was asked for while a move was under way, to begin when that is done. */
typedef struct pending {
  uint64_t reserve; /* entries; 0: none */
  bool shrink, rekey;
  bool fit; /* a delete left so few entries that policy shrinks */
} pending;

struct hmap {
  /* Go's header, but for hash0, which is in k; and what fits into its gap. */
  uint64_t count;
  uint8_t flags, B;
  uint16_t noverflow;
  uint8_t oldB;        /* log2 of the old buckets' count, growing */
  uint8_t resize_kind; /* hmap_growth, while growing */
  bool has_observers;  /* op stats or a watcher, see observe.h */
  uint8_t fast_path;   /* what may be assumed: fast_path.h */
  bmap *buckets, *oldbuckets;
  uint64_t nevacuate;
  uint64_t mask; /* 2^B - 1 */

  /* What a lookup or an insert needs besides. */
  const hmap_type *t;
  hash_key k;
  uint64_t grow_threshold;   /* entries for which this B does not double */
  uint64_t shrink_threshold; /* a delete below this count shrinks; or 0 */
  uint32_t same_size_at; /* noverflow for a same-size growth, or UINT32_MAX */
  heap heap;             /* its first fields belong to these lines */

  array *array, *old;  /* behind buckets and oldbuckets */
  array *pending_free; /* arrays waiting to be given back, oldest first */
  bmap *next_array;    /* buckets mapped ahead, or NULL; not counted */
  size_t next_array_bytes;
  pending pending;
  hmap_policy policy;
  old_hash_key *past;     /* newest first; while rekeying, the old array's */
  uint32_t epoch;         /* rekeys begun */
  uint32_t draws;         /* how often k changed */
  uint64_t rekeyed_count; /* entries when an alarm last began a rekey */
  uint64_t nans;          /* entries whose key is unequal to itself */
  uint64_t id;            /* tells cursors of this map from others' */
  uint64_t rng;           /* state of hmapi_rand */
  uint64_t seed;          /* what its maker chose, if seeded */
  uint64_t used_prealloc; /* preallocated overflow buckets handed out */
  bmap *reserved;         /* reserved overflow buckets, linked */
  uint64_t nreserved;
  uint64_t moved; /* old buckets that have moved, while growing */
  uint64_t overflow_in_use;
  uint64_t longest; /* chain since the map was made, in buckets */
  uint64_t emptied; /* how often the last entry went */
  uint64_t growths[HMAP_NGROWTHS];
  hmap_gone released;
  bool seeded;
  union {
    hmap_iter *iters; /* open ones */
    hmap *next_dying; /* out of use: in the list of hmap_free_later */
  };

  hmap_sink sink;
  void *sink_ud;
  hmap_watcher watcher;
  void *watcher_ud;
  struct op_stats *op_stats; /* NULL: closed */
};

static ALWAYS_INLINE bool growing(const hmap *m) {
  return m->oldbuckets != NULL;
}
static inline bool rekeying(const hmap *m) {
  return growing(m) && m->resize_kind == HMAP_GROW_REKEY;
}
/* Whether entries of different old buckets share a new one: then what is in a
** new bucket says nothing about which old ones have moved. */
static inline bool merging(const hmap *m) {
  return growing(m) && (m->resize_kind == HMAP_GROW_REKEY ||
                        m->resize_kind == HMAP_GROW_SHRINK);
}
static inline bool same_size_grow(const hmap *m) {
  return (m->flags & HMAP_SAME_SIZE_GROW) != 0;
}
static inline uint64_t nbuckets(const hmap *m) { return UINT64_C(1) << m->B; }
static inline uint64_t noldbuckets(const hmap *m) {
  return UINT64_C(1) << m->oldB;
}

/* Whether old bucket o has moved; below the mark without touching it, since
** its memory may have gone back. */
static ALWAYS_INLINE bool old_moved(const hmap *m, uint64_t o) {
  return o < m->nevacuate || evacuated(bucket_at(m->t, m->oldbuckets, o));
}

/* -- hashes ---------------------------------------------------------------- */

/* A NaN's hash is drawn, so that even a lookup moves the stream on, as in Go.
*/
static ALWAYS_INLINE uint64_t *rng_of(const hmap *m) {
  return (uint64_t *)(uintptr_t)&m->rng;
}

static ALWAYS_INLINE uint64_t hash_of(const hmap *m, const cell_type *c,
                                      const void *cell) {
  return hash_under(&m->k, c, cell, rng_of(m));
}

/* A key's hash as the old array knows it. */
static ALWAYS_INLINE uint64_t old_hash(const hmap *m, const cell_type *c,
                                       const void *cell, uint64_t hash) {
  return LIKELY(m->resize_kind != HMAP_GROW_REKEY)
             ? hash
             : hash_under(&m->past->k, c, cell, rng_of(m));
}

/* Draws hash0 anew; no entry may be hashed under the old one. */
static inline void draw_hash0(hmap *m) {
  set_hash0(&m->k, hmapi_rand(&m->rng));
  m->draws++;
}

#endif
