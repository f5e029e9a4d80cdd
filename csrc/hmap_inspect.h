/* hmap_inspect.h: read-only views of an hmap. Nothing here changes the map,
** keeps a pointer or, but for hmap_set_ledger, allocates; all is O(1) unless it
** says that it walks.
** Pointers that a view gives are valid until the map's next write. */
#ifndef HMAP_INSPECT_H
#define HMAP_INSPECT_H

#include "hmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of the header, Go's values. */
enum {
  HMAP_ITERATOR = 1,      /* an iterator may be using buckets */
  HMAP_OLD_ITERATOR = 2,  /* an iterator may be using oldbuckets */
  HMAP_WRITING = 4,       /* a write is in progress: Go's, never set here
                           ** between operations, since a map has one thread */
  HMAP_SAME_SIZE_GROW = 8 /* the growth in progress is to the same size */
};

/* States of a slot, by Go's names: the tophash values below minTopHash, and
** one for all above. */
#define HMAP_SLOT_STATES(X)                                                    \
  X(EMPTY_REST, "empty_rest") /* empty, as is all after it in the chain */     \
  X(EMPTY_ONE, "empty_one")                                                    \
  X(EVACUATED_X, "evacuated_x") /* moved to the first half of the new array */ \
  X(EVACUATED_Y, "evacuated_y") /* moved to the second half */                 \
  X(EVACUATED_EMPTY, "evacuated_empty") /* was empty when its bucket moved */  \
  X(FULL, "full")

typedef enum hmap_slot_state {
#define HMAP_X(state, name) HMAP_SLOT_##state,
  HMAP_SLOT_STATES(HMAP_X)
#undef HMAP_X
} hmap_slot_state;

/* Go's hmap header. */
typedef struct hmap_header {
  size_t count;
  uint8_t flags, B;
  uint16_t noverflow;
  uint32_t hash0;
  const void *buckets, *oldbuckets; /* NULL: none */
  uint64_t nevacuate;
} hmap_header;
void hmap_get_header(const hmap *m, hmap_header *out);

/* Kinds of growth. */
#define HMAP_GROWTHS(X)                                                        \
  X(DOUBLE, "double")                                                          \
  X(SAME_SIZE, "same_size")                                                    \
  X(SHRINK, "shrink")                                                          \
  X(REKEY, "rekey")

typedef enum hmap_growth {
#define HMAP_X(growth, name) HMAP_GROW_##growth,
  HMAP_GROWTHS(HMAP_X)
#undef HMAP_X
      HMAP_NGROWTHS
} hmap_growth;

typedef struct hmap_stats {
  size_t count;
  uint64_t nbuckets, noldbuckets; /* noldbuckets 0: not growing */
  double load;                    /* entries per bucket of the new array */
  uint64_t threshold;             /* entries that fit before doubling */
  uint64_t next_growth_at;        /* count at which the next insert of a new key
                           ** would double the map (once at rest) */
  bool growing;
  hmap_growth kind;              /* of the growth in progress */
  bool pending;                  /* another move waits for this one to end */
  hmap_growth next_kind;         /* its kind */
  uint64_t evacuated, remaining; /* old buckets, of the growth in progress */
  uint64_t overflow_in_use;      /* overflow buckets in all live chains */
  uint16_t noverflow;            /* Go's approximate counter */
  uint64_t longest_chain; /* most buckets that a chain has had, since the map
                          ** was made */
  size_t bytes;           /* all that the map holds */
  uint64_t growths[HMAP_NGROWTHS]; /* begun since the map was made */
} hmap_stats;
void hmap_get_stats(const hmap *m, hmap_stats *out);

/* Bytes by part; the parts sum to stats.bytes. */
typedef struct hmap_memory {
  size_t header;       /* the map itself, its type and its secret */
  size_t buckets;      /* the array of 2^B buckets */
  size_t preallocated; /* overflow buckets that came with that array */
  size_t overflow;     /* overflow buckets allocated singly */
  size_t old;          /* old array, and arrays waiting to be given back */
  size_t text;         /* text of keys and elems outside the cells */
  size_t indirect;     /* keys and elems over HMAP_MAX_INLINE bytes */
  size_t total;
} hmap_memory;
void hmap_get_memory(const hmap *m, hmap_memory *out);

/* How keys and elems lie in a bucket; all in bytes. */
typedef struct hmap_layout {
  size_t slots;
  size_t key_size, elem_size; /* of the cells */
  size_t key_slot, elem_slot; /* in the bucket: pointers if indirect */
  bool indirect_key, indirect_elem;
  size_t tophash_at, keys_at, elems_at, overflow_at;
  size_t padding; /* between the elems and the overflow pointer */
  size_t bucket_size, cache_lines;
} hmap_layout;
HMAP_MUST_USE hmap_status hmap_get_layout(const hmap_spec *key,
                                          const hmap_spec *elem,
                                          hmap_layout *out);
void hmap_layout_of(const hmap *m, hmap_layout *out);

/* Byte offset of tuple field i in its cell, and its size. */
HMAP_MUST_USE hmap_status hmap_field_at(const hmap_spec *spec, uint32_t i,
                                        size_t *offset, size_t *size);
/* Size of a cell of this type; HMAP_EINVAL for none that can be. */
HMAP_MUST_USE hmap_status hmap_cell_size(const hmap_spec *spec, size_t *size);

/* One bucket of a chain. */
typedef enum hmap_which { HMAP_NEW, HMAP_OLD } hmap_which;

typedef struct hmap_bucket_view {
  uint8_t tophash[HMAP_BUCKET_COUNT];
  hmap_slot_state state[HMAP_BUCKET_COUNT];
  const void *key[HMAP_BUCKET_COUNT]; /* cells of FULL slots, else NULL */
  const void *elem[HMAP_BUCKET_COUNT];
  bool evacuated; /* an old bucket whose entries have moved */
  bool unknown;   /* its memory went back: tophash and states say nothing */
  bool more;      /* another bucket follows in the chain */
} hmap_bucket_view;

/* Looks at bucket i (from 0) of the new or the old array, or at the overflow
** bucket `depth` steps down its chain. false: there is none. O(depth). */
bool hmap_view_bucket(const hmap *m, hmap_which which, uint64_t i, size_t depth,
                      hmap_bucket_view *out);

/* The hash of a key under the map's function and hash0 as they are now. */
uint64_t hmap_hash_of(const hmap *m, const void *key);
uint8_t hmap_tophash_of(uint64_t hash);

/* Where a key's search goes. */
typedef struct hmap_explanation {
  uint64_t hash; /* that its array knows it by: while a rekey has not moved its
                 ** old bucket, the old one */
  uint8_t tophash;
  hmap_which which;    /* the array that the search reads */
  uint64_t bucket;     /* index in it */
  uint64_t old_bucket; /* while growing: its old bucket */
  bool old_evacuated;  /* while growing: whether that has moved */
  bool found;
  size_t depth;        /* bucket of the chain where it is or the search ended */
  unsigned slot;       /* slot there, if found */
  size_t buckets_read; /* tophash words looked at */
  size_t slots_scanned; /* slots passed over until found or stopped */
  size_t false_matches; /* equal tophash, other key */
  size_t comparisons;   /* keys compared */
  bool stopped_at_empty_rest;
  bool goes_to_y; /* at the next doubling: second half */
} hmap_explanation;
void hmap_explain(const hmap *m, const void *key, hmap_explanation *out);

/* Walks all buckets. Histograms: the last cell counts all beyond. */
#define HMAP_HIST 64
typedef struct hmap_distribution {
  uint64_t nchains; /* buckets that searches start from: new ones whose old
                    ** bucket has moved, and old ones that have not */
  uint64_t by_entries[HMAP_HIST];  /* chains by entries in them */
  uint64_t by_overflow[HMAP_HIST]; /* chains by overflow buckets in them */
  uint64_t by_state[HMAP_SLOT_FULL + 1]; /* slots by state, both arrays */
  uint64_t max_entries, max_overflow;
  uint64_t entries;
  uint64_t hit_probes;   /* slots compared over finding each key once */
  uint64_t miss_probes;  /* slots compared over one miss in each chain */
  uint64_t hit_buckets;  /* tophash words read over finding each key once */
  uint64_t miss_buckets; /* and over one miss in each chain */
  uint64_t tophash[256]; /* entries by tophash byte */
} hmap_distribution;
void hmap_get_distribution(const hmap *m, hmap_distribution *out);

/* What happened. Delivered after the operation has committed; the sink must
** not call back into the map. */
#define HMAP_EVENTS(X)                                                         \
  X(GROW_BEGIN, "grow_begin")                                                  \
  X(EVACUATE, "evacuate")                                                      \
  X(GROW_END, "grow_end")                                                      \
  X(OVERFLOW, "overflow")                                                      \
  X(RELEASE, "release")                                                        \
  X(CLEAR, "clear")

typedef enum hmap_event_kind {
#define HMAP_X(event, name) HMAP_EVENT_##event,
  HMAP_EVENTS(HMAP_X)
#undef HMAP_X
} hmap_event_kind;

typedef struct hmap_event {
  hmap_event_kind kind;
  hmap_growth growth;  /* GROW_BEGIN, EVACUATE, GROW_END */
  uint64_t bucket;     /* EVACUATE: old bucket; OVERFLOW: bucket it hangs on */
  uint64_t to_x, to_y; /* EVACUATE: entries moved to the first, second half */
  uint64_t from, to;   /* GROW_BEGIN, GROW_END: buckets before and after */
  size_t bytes;        /* RELEASE: given back */
  size_t count;        /* entries in the map */
} hmap_event;
typedef void (*hmap_sink)(void *ud, const hmap_event *event);
/* NULL: none. */
void hmap_set_sink(hmap *m, hmap_sink sink, void *ud);

/* What became of one entry. */
#define HMAP_TOUCHES(X)                                                        \
  X(INSERT, "insert")                                                          \
  X(OVERWRITE, "overwrite")                                                    \
  X(DELETE, "delete")                                                          \
  X(MOVE, "move") /* told before its old bucket moves */

typedef enum hmap_touch_kind {
#define HMAP_X(touch, name) HMAP_TOUCH_##touch,
  HMAP_TOUCHES(HMAP_X)
#undef HMAP_X
} hmap_touch_kind;

typedef struct hmap_touch {
  hmap_touch_kind kind;
  const void *key; /* DELETE: the caller's cell; else the map's; for the call */
  uint64_t hash;   /* as it is now; of a NaN 0 */
  hmap_which which; /* array of its bucket; MOVE: HMAP_NEW, where it goes */
  uint64_t bucket;  /* of a NaN that moves: its old bucket */
  uint64_t from;    /* MOVE: the old bucket */
} hmap_touch;
typedef void (*hmap_watcher)(void *ud, const hmap_touch *touch);
/* Every touch of every entry is told until the watcher is NULL, which costs
** each operation a little; without one it costs nothing. The watcher must not
** call back into the map. hmap_clear is told by its event only. */
void hmap_set_watch(hmap *m, hmap_watcher watcher, void *ud);

/* Whether two cells are the same key to this map. */
bool hmap_same_key(const hmap *m, const void *a, const void *b);

/* -- limits --------------------------------------------------------------- */

/* X(member): the constants by which any map grows and takes memory, for those
** who calculate ahead. Bytes unless said otherwise. */
#define HMAP_LIMITS(X)                                                         \
  X(slots)        /* in a bucket */                                            \
  X(most_B)       /* log2 of the most buckets */                               \
  X(inline_bytes) /* the largest cell that lies in its bucket */               \
  X(text_bytes)   /* the longest text that lies in its cell */                 \
  X(page)         /* of the system */                                          \
  X(cleared)      /* arrays up to this come from the allocator */              \
  X(sliced)       /* arrays from this on go back in slices */                  \
  X(slice)                                                                     \
  X(unslabbed) /* blocks of a kind, until they come from slabs */              \
  X(slab)                                                                      \
  X(region_slabs) /* slabs in a region */                                      \
  X(block_unit)   /* sizes of blocks in slabs are multiples of it */           \
  X(block)        /* the largest block in a slab */                            \
  X(regions)      /* that the list of regions has room for at first */

struct hmap_limits {
#define HMAP_X(member) uint64_t member;
  HMAP_LIMITS(HMAP_X)
#undef HMAP_X
};
void hmap_limits(struct hmap_limits *out);

/* The largest number of entries for which 2^B buckets do not double. Go 1.19
** runtime/map.go, overLoadFactor. */
uint64_t hmap_threshold(double load, unsigned B);

/* Overflow buckets a bucket (up to 2^15 buckets, and of a sample beyond) that
** begin a growth to the same size: 1, as Go has it; more with a load at which
** chains are long by intent. */
double hmap_overflow_share(double load);

/* -- the ledger ----------------------------------------------------------- */

/* X(member, times, per) of the work that an operation does, in units that are
** the same for the same seed on every machine. So many units cost this often
** what a cache line does: a page given back costs about that. */
#define HMAP_WORKS(X)                                                          \
  X(hashes, 1, 1)      /* keys hashed */                                       \
  X(slots, 1, 8)       /* tophash bytes looked at, 8 a bucket */               \
  X(comparisons, 1, 1) /* keys compared */                                     \
  X(moved, 2, 1)       /* entries moved to a new array */                      \
  X(evacuated, 0, 1)   /* old buckets moved */                                 \
  X(passed, 1, 1)      /* old buckets that the evacuation mark went over */    \
  X(overflow, 0, 1)    /* overflow buckets put behind a chain */               \
  X(blocks, 1, 1)      /* blocks taken from and given to the allocator */      \
  X(cleared, 1, 64)    /* bytes set to zero, of arrays not mapped */           \
  X(mapped, 0, 1)      /* bytes of arrays mapped, untouched as yet */          \
  X(released, 1, 4096) /* bytes given back */

/* What is mapped costs the same, be it large or small. */
#define HMAP_MAPPING_COST 16

typedef struct hmap_work {
#define HMAP_X(member, times, per) uint64_t member;
  HMAP_WORKS(HMAP_X)
#undef HMAP_X
} hmap_work;

/* X(operation, name in Lua) */
#define HMAP_OPS(X)                                                            \
  X(GET, "get")                                                                \
  X(PUT, "set")                                                                \
  X(DELETE, "delete")                                                          \
  X(GET_OR_PUT, "get_or_set")                                                  \
  X(CLEAR, "clear")                                                            \
  X(STEP, "step")                                                              \
  X(READ_STEP, "read_step")                                                    \
  X(RESERVE, "reserve")                                                        \
  X(SHRINK, "shrink")                                                          \
  X(REKEY, "rekey")                                                            \
  X(ITERATE, "iterate")

typedef enum hmap_op_kind {
#define HMAP_X(op, name) HMAP_OP_##op,
  HMAP_OPS(HMAP_X)
#undef HMAP_X
      HMAP_NOPS
} hmap_op_kind;

/* One operation and what it did. */
typedef struct hmap_op {
  hmap_op_kind kind;
  uint64_t number; /* from 1, since the ledger was opened */
  uint64_t cost;   /* see hmap_cost */
  hmap_work work;
  size_t count;       /* entries afterwards */
  bool began, ended;  /* whether it began, ended a growth: */
  hmap_growth growth; /* of this kind, the one begun if both */
  uint64_t from, to;  /* from so many buckets to so many */
} hmap_op;

/* About as many cache lines as an operation touches: what its work comes to in
** one number. */
uint64_t hmap_cost(const hmap_work *work);

/* Costliest operations that a ledger keeps. */
#define HMAP_LEDGER_WORST 64

/* What all operations of a kind came to. */
typedef struct hmap_totals {
  uint64_t ops[HMAP_NOPS];
  hmap_work sum;   /* of all operations */
  hmap_work worst; /* the most of each that one operation did */
} hmap_totals;

/* Opens or closes the map's ledger; opened again, it begins anew. Each key of
** a batch counts as an operation. HMAP_ENOMEM, HMAP_ELIMIT. */
HMAP_MUST_USE hmap_status hmap_set_ledger(hmap *m, bool on);
/* The last operation; false: the ledger is closed, or has none yet. */
bool hmap_last_op(const hmap *m, hmap_op *out);
/* Copies the n costliest operations, the costliest first and of equals the
** earlier; returns how many there were, at most HMAP_LEDGER_WORST. */
size_t hmap_worst_ops(const hmap *m, hmap_op *out, size_t n);
/* false: the ledger is closed. */
bool hmap_get_totals(const hmap *m, hmap_totals *out);

/* One number for the whole state: counts, growth, the tophash bytes, keys and
** elems of every chain in their order; not for addresses, iterators, policy or
** memory. Equal for equal states on every machine; objects in `any` cells count
** by their kind alone. Walks everything. (What a seed makes is the same on
** every machine too, but for keys of tuples, which are hashed as they lie.) */
uint64_t hmap_fingerprint(const hmap *m);

/* Walks everything and verifies every invariant. true, or false with what is
** broken written to why (size bytes, zero-terminated). */
bool hmap_check(const hmap *m, char *why, size_t size);

#ifdef __cplusplus
}
#endif
#endif
