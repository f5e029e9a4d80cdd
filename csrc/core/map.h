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

/* All that turns a key into its hash. */
typedef struct hash_key {
  uint32_t hash0;        /* Go's: drawn anew when the map is empty */
  uint8_t hash;          /* hmap_hash */
  bool own_secret;       /* freed with the map */
  uint64_t salt;         /* hash0, spread over 64 bits */
  const uint8_t *secret; /* SECRET_BYTES */
  uint64_t word[2];      /* its first, by which words are hashed */
  hmap_hash_fn fn;
  void *ud;
} hash_key;

/* A keying that a rekey replaced. Iterators and cursors that began under it
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
  /* Go's header, but for hash0, which is in k. */
  uint64_t count;
  uint8_t flags, B;
  uint16_t noverflow;
  bmap *buckets, *oldbuckets;
  uint64_t nevacuate;
  uint64_t mask; /* 2^B - 1 */

  /* What a lookup or an insert needs besides. */
  hmap_type *t;
  hash_key k;
  uint8_t oldB;            /* log2 of the old buckets' count, while growing */
  uint8_t resize_kind;     /* hmap_growth, while growing */
  bool deferred;           /* a write has more to do than its own work */
  bool has_observers;      /* a ledger is open or somebody watches (ledger.h) */
  uint8_t fast_path;       /* for typed entries, see ledger.h */
  uint64_t grow_threshold; /* entries for which this B does not double */
  uint64_t
      shrink_threshold; /* below this count a delete begins a shrink; or 0 */
  uint32_t
      same_size_threshold; /* noverflow at which the size is kept, or UINT32_MAX */

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
  uint64_t used_prealloc; /* preallocated overflow buckets handed out */
  bmap *reserved;         /* reserved overflow buckets, linked */
  uint64_t nreserved;
  uint64_t moved; /* old buckets that have moved, while growing */
  uint64_t overflow_in_use;
  uint64_t longest; /* chain since the map was made, in buckets */
  uint64_t emptied; /* how often the last entry went */
  uint64_t growths[HMAP_NGROWTHS];
  hmap_gone released;
  hmap_iter *iters; /* open ones */

  hmap_alloc_fn alloc;
  void *alloc_ud;
  hmap_pages pages;
  size_t map_min, max_bytes;
  size_t bytes, part_bytes[NPARTS];
  struct slabs *slabs[NPARTS]; /* see slab.h; NULL: none yet */
  hmap_sink sink;
  void *sink_ud;
  hmap *next_dying; /* in the list of hmap_free_later */
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
