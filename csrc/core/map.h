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

#include "array.h"
#include "bucket.h"
#include "hmap_inspect.h"

#define SECRET_BYTES 192
#define MAX_B        48 /* 2^48 buckets: more than an address space holds */

/* What m->bytes counts; the parts sum to the map's size. */
typedef enum part {
  PART_HEADER,
  PART_ARRAY, /* with their preallocated overflow buckets; old ones too */
  PART_OVERFLOW,
  PART_TEXT,
  PART_INDIRECT,
  NPARTS
} part;

struct hmap {
  /* Go's header. */
  uint64_t count;
  uint8_t flags, B;
  uint16_t noverflow;
  uint32_t hash0;
  bmap *buckets, *oldbuckets;
  uint64_t nevacuate;

  /* What a lookup needs besides. */
  hmap_type *t;
  uint64_t salt;         /* hash0, spread over 64 bits */
  const uint8_t *secret; /* SECRET_BYTES */
  uint8_t hash;          /* hmap_hash */
  uint8_t oldB;          /* log2 of the old buckets' count, while growing */
  uint8_t growth;        /* hmap_growth, while growing */
  bool chores;           /* a write has more to do than its own work */

  array *array, *old;     /* behind buckets and oldbuckets */
  array *attic;           /* arrays waiting to be given back, oldest first */
  uint64_t reserve;       /* entries asked for while growing, or 0 */
  uint64_t rng;           /* state of hmapi_rand */
  uint64_t used_prealloc; /* preallocated overflow buckets handed out */
  bmap *spare;            /* reserved overflow buckets, linked */
  uint64_t nspare;
  uint64_t overflow_in_use;
  uint64_t cleared; /* how often entries were dropped all at once */
  uint64_t growths[HMAP_NGROWTHS];
  hmap_gone gone;
  hmap_iter *iters; /* open ones */

  hmap_hash_fn hash_fn;
  void *hash_ud;
  hmap_alloc_fn alloc;
  void *alloc_ud;
  hmap_pages pages;
  size_t map_min, max_bytes;
  size_t bytes, part_bytes[NPARTS];
  hmap_sink sink;
  void *sink_ud;
  bool own_secret;
};

static ALWAYS_INLINE bool growing(const hmap *m) {
  return m->oldbuckets != NULL;
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

/* The chain that holds the entries of this hash. */
static ALWAYS_INLINE bmap *chain_of(const hmap *m, uint64_t hash) {
  if (UNLIKELY(growing(m))) {
    uint64_t o = hash & mask_of(m->oldB);
    if (!old_moved(m, o))
      return bucket_at(m->t, m->oldbuckets, o);
  }
  return bucket_at(m->t, m->buckets, hash & mask_of(m->B));
}

static inline void emit(hmap *m, hmap_event event) {
  if (UNLIKELY(m->sink != NULL)) {
    event.count = m->count;
    m->sink(m->sink_ud, &event);
  }
}

/* -- memory: every byte is asked for and given back here ------------------ */

/* NULL sets *why to HMAP_ENOMEM or HMAP_ELIMIT; the block is not cleared. */
HIDDEN void *hmapi_alloc(hmap *m, part p, size_t bytes, hmap_status *why);
HIDDEN void hmapi_free(hmap *m, part p, void *ptr, size_t bytes);
/* Whether `bytes` more would pass max_bytes. */
HIDDEN bool hmapi_over_limit(const hmap *m, size_t bytes);
HIDDEN void hmapi_count_bytes(hmap *m, part p, size_t more, size_t less);

#endif
