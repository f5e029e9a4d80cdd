/* hmap.h: Go's classic runtime map in plain C11, with growth you can watch.
**
** This header is all a C program needs to keep entries in a map; the views
** into its buckets are in hmap_inspect.h. Link with libhmap.a.
**
**   hmap *m;
**   hmap_options o = {.key = {HMAP_INT64}, .elem = {HMAP_INT64}};
**   if (hmap_new(&o, &m) != HMAP_OK) ...
**   int64_t k = 7, v = 49;
**   if (hmap_put(m, &k, &v) != HMAP_OK) ...
**   const int64_t *e = hmap_get(m, &k);      // NULL: absent
**   hmap_free(m);
**
** Cells. Keys and elems (Go's word for values) pass as pointers to cells. The
** cell of a number is the C object itself, of [N]byte its N bytes, of text an
** hmap_cell made by hmap_text(), of a tuple the C struct with these members,
** its padding zeroed, and of an any-typed key an hmap_cell made by one of the
** functions from hmap_any_int on below. (Where C aligns 8 bytes to 4, as 32-bit
** x86 does, such members of the struct want _Alignas(8).)
**
** Ownership. What goes in is borrowed for the call: the map copies text. What
** comes out (hmap_get, iterators, views) points into the map and is valid
** until the next call that takes the map without const.
**
** Failure. A call that returns anything but HMAP_OK has left the map reading
** exactly as before. Nothing here prints, exits, jumps or calls back, but for
** the hash function and the allocator that a program brings itself.
**
** Threads. One map belongs to one thread at a time; different maps are
** independent, whatever threads make, use and free them.
**
** Cost. Every call is O(1) expected and bounded: one that writes while the
** map grows also moves up to two old buckets with their chains. Where a call
** walks the whole map, its comment says so.
*/
#ifndef HMAP_H
#define HMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one version constant; rockspec, CHANGELOG and hmap._VERSION follow it. */
#define HMAP_VERSION "0.1.0"

/* Slots in a bucket. Go 1.19 runtime/map.go, bucketCnt. */
#define HMAP_BUCKET_COUNT 8

/* Keys and elems of more bytes than this live outside their bucket, which
** then holds a pointer. Go: maxKeySize, maxElemSize. */
#define HMAP_MAX_INLINE 128

#if defined(__GNUC__)
#  define HMAP_MUST_USE __attribute__((warn_unused_result))
#else
#  define HMAP_MUST_USE
#endif

typedef struct hmap hmap;

typedef enum hmap_status {
  HMAP_OK = 0,
  HMAP_ENOMEM,  /* the allocator or the system refused memory */
  HMAP_ELIMIT,  /* the map would pass its max_bytes */
  HMAP_ETOOBIG, /* no table can have that capacity, no text that length */
  HMAP_EINVAL,  /* the options name a type or a hash that cannot be */
  HMAP_ECURSOR, /* an iterator or cursor that this map cannot go on with */
  HMAP_EIO,     /* a caller's function could not write or read */
  HMAP_EFILE,   /* what was read is no whole file of a map */
  HMAP_EOBJECT  /* an entry is, or has, an address: no file can hold it */
} hmap_status;

/* One short English phrase for a status; static storage. */
const char *hmap_status_text(hmap_status status);

/* -- types ---------------------------------------------------------------- */

/* X(kind, name in Lua, bytes of the cell, alignment); 0 bytes: see n.
** Sizes and alignments are Go's on a 64-bit machine. */
#define HMAP_KINDS(X)                                                          \
  X(NONE, "none", 0, 1)                                                        \
  X(INT8, "int8", 1, 1)                                                        \
  X(INT16, "int16", 2, 2)                                                      \
  X(INT32, "int32", 4, 4)                                                      \
  X(INT64, "int64", 8, 8)                                                      \
  X(UINT8, "uint8", 1, 1)                                                      \
  X(UINT16, "uint16", 2, 2)                                                    \
  X(UINT32, "uint32", 4, 4)                                                    \
  X(UINT64, "uint64", 8, 8)                                                    \
  X(FLOAT32, "float32", 4, 4)                                                  \
  X(FLOAT64, "float64", 8, 8)                                                  \
  X(BOOL, "bool", 1, 1)                                                        \
  X(STRING, "string", 16, 8)                                                   \
  X(BYTES, "[N]byte", 0, 1)                                                    \
  X(ANY, "any", 16, 8)                                                         \
  X(TUPLE, "tuple", 0, 1)

typedef enum hmap_kind {
#define HMAP_X(kind, name, bytes, align) HMAP_##kind,
  HMAP_KINDS(HMAP_X)
#undef HMAP_X
} hmap_kind;

/* One member of a tuple: any kind but NONE, ANY and TUPLE. */
typedef struct hmap_field {
  hmap_kind kind;
  uint32_t n;       /* HMAP_BYTES: how many; else 0 */
  const char *name; /* may be NULL; copied */
} hmap_field;

/* The type of a key or an elem. */
typedef struct hmap_spec {
  hmap_kind kind;
  uint32_t n; /* HMAP_BYTES: how many; HMAP_TUPLE: how many fields */
  const hmap_field *fields; /* HMAP_TUPLE: copied */
} hmap_spec;

#define HMAP_MAX_FIELDS 64
#define HMAP_MAX_BYTES  (1u << 20) /* of one [N]byte or tuple */

/* -- cells of text and of any -------------------------------------------- */

/* Sixteen bytes, as Go's string and interface headers have:
**
**   text of up to 15 bytes | t e x t 0 0 0 0 0 0 0 0 0 0 0 | length 0..15 |
**   longer text            | pointer: 8    | len: 4 | hash: 3 | HMAP_TAG_TEXT |
**   others (any only)      | payload: 8    | ref: 4 | 0: 3    | HMAP_TAG_...  |
**
** Unused bytes are zero, so two short texts are equal iff the 16 bytes are.
** A long text carries 24 bits of its hash: comparison and evacuation mostly
** need not read the text. */
typedef union hmap_cell {
  char inl[16];
  uint64_t word[2];
  struct {
    union {
      const char *ptr;
      int64_t i;
      double f;
      uint64_t bits;
    } u;
    uint32_t len; /* text: bytes; object: the owner's reference number */
    uint8_t hash[3];
    uint8_t tag;
  } c;
} hmap_cell;

enum {
  HMAP_TAG_INLINE_MAX = 15, /* tags 0..15 are the length of inline text */
  HMAP_TAG_TEXT,
  HMAP_TAG_INT,
  HMAP_TAG_FLOAT,
  HMAP_TAG_BOOL,
  HMAP_TAG_POINTER, /* an address compared by identity, owned by nobody */
  HMAP_TAG_OBJECT   /* an address by identity, kept alive under number len */
};

#define HMAP_MAX_TEXT 0xffffffffu

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#  define HMAP_LITTLE_ENDIAN 1
#endif

/* Cells are made of whole words where the order of bytes is known. A word that
** is read when its bytes were written singly waits until those have reached the
** cache, and with it every load of the operation before: two lookups could not
** overlap. */
static inline hmap_cell hmap_cell_of(uint64_t payload, uint32_t len,
                                     unsigned tag) {
#if defined(HMAP_LITTLE_ENDIAN)
  hmap_cell cell = {.word = {payload, (uint64_t)tag << 56 | len}};
#else
  hmap_cell cell = {.word = {payload, 0}};
  cell.c.len = len;
  cell.c.tag = (uint8_t)tag;
#endif
  return cell;
}

/* Text of n bytes within the cell: two reads that may overlap give all. */
static inline hmap_cell hmap_text_inline(const char *s, size_t n) {
#if defined(HMAP_LITTLE_ENDIAN)
  uint64_t low = 0, high = 0;
  if (n > 8) {
    memcpy(&low, s, 8);
    memcpy(&high, s + n - 8, 8);
    high >>= 8 * (16 - n);
  } else if (n >= 4) {
    uint32_t head, tail;
    memcpy(&head, s, 4);
    memcpy(&tail, s + n - 4, 4);
    low = head | (uint64_t)tail << 8 * (n - 4);
  } else if (n > 0) {
    low = (uint8_t)s[0] | (uint64_t)(uint8_t)s[n / 2] << 8 * (n / 2) |
          (uint64_t)(uint8_t)s[n - 1] << 8 * (n - 1);
  }
  hmap_cell cell = {.word = {low, high | (uint64_t)n << 56}};
#else
  hmap_cell cell = {.word = {0, 0}};
  if (n > 0)
    memcpy(cell.inl, s, n);
  cell.c.tag = (uint8_t)n;
#endif
  return cell;
}

/* A cell that borrows n bytes at s (any bytes, n <= HMAP_MAX_TEXT). */
static inline hmap_cell hmap_text(const char *s, size_t n) {
  return n <= HMAP_TAG_INLINE_MAX
             ? hmap_text_inline(s, n)
             : hmap_cell_of((uint64_t)(uintptr_t)s, (uint32_t)n, HMAP_TAG_TEXT);
}

/* Whether a cell holds text, and its bytes: not zero-terminated; the pointer
** may be into the cell itself. */
static inline bool hmap_is_text(const hmap_cell *cell) {
  return cell->c.tag <= HMAP_TAG_TEXT;
}
static inline size_t hmap_text_len(const hmap_cell *cell) {
  return cell->c.tag == HMAP_TAG_TEXT ? cell->c.len : cell->c.tag;
}
static inline const char *hmap_text_ptr(const hmap_cell *cell) {
  return cell->c.tag == HMAP_TAG_TEXT ? cell->c.u.ptr : cell->inl;
}

static inline hmap_cell hmap_any_int(int64_t i) {
  return hmap_cell_of((uint64_t)i, 0, HMAP_TAG_INT);
}
/* As a key the caller makes integral floats integers first if 1 and 1.0 are
** to be one key, as in Lua. */
static inline hmap_cell hmap_any_float(double f) {
  uint64_t bits;
  memcpy(&bits, &f, sizeof bits);
  return hmap_cell_of(bits, 0, HMAP_TAG_FLOAT);
}
static inline hmap_cell hmap_any_bool(bool b) {
  return hmap_cell_of(b, 0, HMAP_TAG_BOOL);
}
/* ref 0: HMAP_TAG_POINTER. Else the number under which the caller keeps the
** object alive; hmap_let_go() says when the map no longer needs it. */
static inline hmap_cell hmap_any_object(const void *identity, uint32_t ref) {
  return hmap_cell_of((uint64_t)(uintptr_t)identity, ref,
                      ref ? HMAP_TAG_OBJECT : HMAP_TAG_POINTER);
}

/* -- options -------------------------------------------------------------- */

/* X(hash, name in Lua). XXH3: text and bytes by XXH3_64bits_withSecret under
** 192 random bytes, numbers by one mixing step of it under the same. The others
** are for exploring: IDENTITY of integers (the key's 64 bits, sign-extended),
** CONSTANT 0xc3a5c85c97cb3127, FNV1A and JAVA31 over the key's bytes. CUSTOM is
** the caller's own function. */
#define HMAP_HASHES(X)                                                         \
  X(XXH3, "xxh3")                                                              \
  X(IDENTITY, "identity")                                                      \
  X(CONSTANT, "constant")                                                      \
  X(FNV1A, "fnv1a")                                                            \
  X(JAVA31, "java31")                                                          \
  X(CUSTOM, "custom")

typedef enum hmap_hash {
#define HMAP_X(hash, name) HMAP_HASH_##hash,
  HMAP_HASHES(HMAP_X)
#undef HMAP_X
} hmap_hash;

/* A hash of the key's cell, the same for equal keys (but for NaN). hash0 is
** the map's own 32 random bits: mix them in or not. Must not touch the map. */
typedef uint64_t (*hmap_hash_fn)(const void *key, uint32_t hash0, void *ud);

/* The shape of lua_Alloc: nsize 0 frees (osize says how much), else allocates
** (ptr NULL) or resizes; returns NULL when it cannot. */
typedef void *(*hmap_alloc_fn)(void *ud, void *ptr, size_t osize, size_t nsize);

/* Where large arrays come from. map returns `size` bytes of zeroed memory
** aligned to `page` (0: that of the system) that cost nothing until touched, or
** NULL; unmap gives back
** `bytes` of them that begin at offset `from`, and does not fail. An area goes
** back in order, from its front to its end, page by page at the least. discard,
** which may be NULL, lets go of what is in some pages, but not of the pages.
** Where a system has none (no mmap) and a program brings none, arrays come from
** the allocator: then an operation that begins or ends a growth clears or frees
** one as a whole, and is not bounded. */
typedef struct hmap_pages {
  void *(*map)(void *ud, size_t size);
  void (*unmap)(void *ud, void *area, size_t size, size_t from, size_t bytes);
  void (*discard)(void *ud, void *pages, size_t bytes);
  void *ud;
  size_t page;
  size_t quick; /* areas of up to so many bytes are mapped in no time */
} hmap_pages;

/* Keeps areas of up to 1 MiB that maps give back, 2 MiB in all, for the maps
** that come next: no call of the system and no page fault. For maps of one
** thread, all of which end before it does. */
#define HMAP_POOL_AREAS 16
typedef struct hmap_pool_area {
  void *base;
  size_t size, cleared; /* as far as it has come back */
  bool idle;            /* at the last trim */
} hmap_pool_area;
typedef struct hmap_pool {
  hmap_pages system, own;
  size_t bytes;
  uint32_t n;
  hmap_pool_area areas[HMAP_POOL_AREAS];
} hmap_pool;

/* Makes an empty pool, and pages that come from it for hmap_options; false:
** the system has none. */
bool hmap_pool_init(hmap_pool *pool, hmap_pages *pages);
/* Gives back what nobody has asked for since the last trim, or all; whether
** nothing is left. */
bool hmap_pool_trim(hmap_pool *pool, bool all);

/* -- policies ------------------------------------------------------------- */

/* Who moves old buckets while a map grows. */
typedef enum hmap_step_on {
  HMAP_STEP_ON_WRITE,      /* puts and deletes, as in Go */
  HMAP_STEP_ON_READ_WRITE, /* lookups as well: hmap_read_step */
  HMAP_STEP_MANUAL         /* hmap_step; a write only what it must */
} hmap_step_on;

/* When a map changes its size and how fast. Loads are in entries per bucket
** of HMAP_BUCKET_COUNT slots. */
typedef struct hmap_policy {
  double load;    /* an insert beyond it doubles; Go: 6.5 */
  uint32_t moves; /* old buckets a write moves, its own included; Go: 2 */
  uint32_t empty_visits; /* of those, empty ones that count as one; Go: 1 */
  hmap_step_on step_on;
  bool same_size;       /* too many overflow buckets: grow to the same size */
  double shrink;        /* a delete below shrink * load shrinks; 0: never. At
                        ** most 1/4, so that no insert undoes it at once */
  bool all_at_once;     /* the whole move in the operation that begins it */
  uint32_t chain_alarm; /* an insert that makes a chain of more buckets begins
                        ** a rekey; 0: never */
} hmap_policy;

/* X(field, least, most, or 0 for off). A shrink at 1/4 or less leaves room for
** twice the entries: so many inserts do not undo it, and as many deletes do not
** repeat it. */
#define HMAP_POLICY_BOUNDS(X)                                                  \
  X(load, 1.0 / 8, 1024, false)                                                \
  X(moves, 1, 65536, false)                                                    \
  X(empty_visits, 1, 65536, false)                                             \
  X(step_on, HMAP_STEP_ON_WRITE, HMAP_STEP_MANUAL, false)                      \
  X(shrink, 0, 1.0 / 4, true)                                                  \
  X(chain_alarm, 2, UINT32_MAX, true)

typedef struct hmap_bounds {
  const char *field;
  double least, most;
  bool or_off; /* 0 means: off */
} hmap_bounds;
/* The bounds of a field; false: it has none. */
bool hmap_policy_bounds(const char *field, hmap_bounds *out);

/* Go's load factor: 13/2. */
#define HMAP_GO_LOAD 6.5

/* X(preset, name in Lua, policy) */
#define HMAP_POLICIES(X)                                                       \
  X(GO, "go", {HMAP_GO_LOAD, 2, 1, HMAP_STEP_ON_WRITE, true, 0, false, 0})     \
  X(ADAPTIVE, "adaptive",                                                      \
    {HMAP_GO_LOAD, 2, 1, HMAP_STEP_ON_WRITE, true, 1.0 / 8, false, 5})         \
  X(SMOOTH, "smooth",                                                          \
    {HMAP_GO_LOAD, 16, 1, HMAP_STEP_ON_WRITE, true, 1.0 / 8, false, 5})        \
  X(REDIS, "redis",                                                            \
    {1, 1, 10, HMAP_STEP_ON_READ_WRITE, false, 1.0 / 8, false, 0})             \
  X(ALL_AT_ONCE, "all_at_once",                                                \
    {HMAP_GO_LOAD, 2, 1, HMAP_STEP_ON_WRITE, true, 0, true, 0})

typedef enum hmap_preset {
#define HMAP_X(preset, name, ...) HMAP_POLICY_##preset,
  HMAP_POLICIES(HMAP_X)
#undef HMAP_X
} hmap_preset;

hmap_policy hmap_policy_of(hmap_preset preset);

/* HMAP_EINVAL: *which names the field that is out of its bounds. */
HMAP_MUST_USE hmap_status hmap_policy_check(const hmap_policy *policy,
                                            const char **which);

typedef struct hmap_options {
  hmap_spec key;  /* any kind but NONE */
  hmap_spec elem; /* NONE: the map is a set */
  int64_t hint;   /* make(map, hint); negative or absurd: taken as 0 */

  bool seeded; /* true: everything random follows from seed */
  uint64_t seed;

  hmap_hash hash;
  hmap_hash_fn hash_fn; /* HMAP_HASH_CUSTOM */
  void *hash_ud;

  hmap_alloc_fn alloc; /* NULL: realloc and free */
  void *alloc_ud;
  const hmap_pages *pages; /* NULL: the system's; copied */
  size_t map_min;   /* arrays from this many bytes go back piecewise; 0: 128
                    ** KiB; SIZE_MAX: none, and pages are not asked */
  size_t max_bytes; /* 0: no limit */
  const hmap_policy *policy; /* NULL: Go's; copied */
} hmap_options;

/* -- life ----------------------------------------------------------------- */

/* Makes a map in *out (NULL on failure). With hint <= 8 no bucket is allocated
** before the first insert. HMAP_EINVAL: types or hash that cannot be; also
** HMAP_ENOMEM, HMAP_ELIMIT, HMAP_ETOOBIG (a hint that memory cannot hold).
** Go 1.19 runtime/map.go, makemap. */
HMAP_MUST_USE hmap_status hmap_new(const hmap_options *options, hmap **out);

/* Frees the map and all it owns; open iterators end. NULL is fine. Walks the
** map if its cells own text or indirect bytes. */
void hmap_free(hmap *m);

/* The same in steps: takes the map out of use (open iterators end; nothing but
** this function may be called with it any more) and frees up to n small parts
** of it: a few buckets' cells or 32 KiB each. Whether all is gone, m too. */
bool hmap_free_step(hmap *m, size_t n);

/* The same for many maps: hmap_free_later takes a map out of use and puts it
** into the list *dying (NULL: an empty one); hmap_free_some frees up to n small
** parts of the maps in the list and says whether it is empty then. */
void hmap_free_later(hmap *m, hmap **dying);
bool hmap_free_some(hmap **dying, size_t n);
/* Bytes that the maps in the list still hold; O(maps). */
size_t hmap_dying_bytes(const hmap *dying);

/* -- entries -------------------------------------------------------------- */

/* Entries now. */
size_t hmap_count(const hmap *m);
/* Bytes that the map holds now, all in all (hmap_get_memory: for what). */
size_t hmap_bytes(const hmap *m);

/* The elem cell of key, or NULL if absent. Moves nothing. For a set (elem
** NONE) the pointer only says that the key is there. Go: mapaccess1. */
const void *hmap_get(const hmap *m, const void *key);

/* The same for the two commonest keys, compiled for them. The map's key must
** be HMAP_INT64 or HMAP_UINT64; of texts HMAP_STRING or HMAP_ANY. */
const void *hmap_get_i64(const hmap *m, int64_t key);
const void *hmap_get_str(const hmap *m, const char *s, size_t n);

/* Sets key to elem, inserting or overwriting; elem may be NULL for a set. May
** begin a growth, moves up to two old buckets of one. HMAP_ENOMEM,
** HMAP_ELIMIT, HMAP_ETOOBIG. Go: mapassign. */
HMAP_MUST_USE hmap_status hmap_put(hmap *m, const void *key, const void *elem);
HMAP_MUST_USE hmap_status hmap_put_i64(hmap *m, int64_t key, const void *elem);
HMAP_MUST_USE hmap_status hmap_put_str(hmap *m, const char *s, size_t n,
                                       const void *elem);

/* Puts elem only if key is absent. *now is the elem cell that is there
** afterwards, *existed whether it was there before. One probe. */
HMAP_MUST_USE hmap_status hmap_get_or_put(hmap *m, const void *key,
                                          const void *elem, const void **now,
                                          bool *existed);
HMAP_MUST_USE hmap_status hmap_get_or_put_i64(hmap *m, int64_t key,
                                              const void *elem,
                                              const void **now, bool *existed);
HMAP_MUST_USE hmap_status hmap_get_or_put_str(hmap *m, const char *s, size_t n,
                                              const void *elem,
                                              const void **now, bool *existed);

/* The elem cell of key, to be written by the caller, inserted with all bytes
** zero if absent. Only for elems that own nothing (no text, no any, at most
** HMAP_MAX_INLINE bytes): else HMAP_EINVAL. Go: mapassign as it is. */
HMAP_MUST_USE hmap_status hmap_assign(hmap *m, const void *key, void **elem,
                                      bool *existed);
HMAP_MUST_USE hmap_status hmap_assign_i64(hmap *m, int64_t key, void **elem,
                                          bool *existed);
HMAP_MUST_USE hmap_status hmap_assign_str(hmap *m, const char *s, size_t n,
                                          void **elem, bool *existed);

/* Deletes key; whether it was there. Never fails. While the map grows it moves
** up to two old buckets like a put. Go: mapdelete. */
bool hmap_delete(hmap *m, const void *key);
bool hmap_delete_i64(hmap *m, int64_t key);
bool hmap_delete_str(hmap *m, const char *s, size_t n);

/* Deletes every entry. B stays. Go 1.21: mapclear. */
HMAP_MUST_USE hmap_status hmap_clear(hmap *m);

/* Makes room for n entries without a further growth. On a map with entries
** this begins a growth at once (or after the one under way). */
HMAP_MUST_USE hmap_status hmap_reserve(hmap *m, size_t n);

/* The reference numbers (hmap_any_object) that the last put, get_or_put or
** delete let go: of the key and of the elem that it removed or overwrote,
** 0 for none. *inserted: whether the call made a new entry, and so took the
** numbers it was given (else the key's own is not kept). hmap_clear lets go
** all at once. */
typedef struct hmap_gone {
  uint32_t key_ref, elem_ref;
  bool inserted;
} hmap_gone;
hmap_gone hmap_let_go(const hmap *m);

/* -- growth --------------------------------------------------------------- */

/* Moves up to n old buckets of the growth under way and works through what
** is waiting to be given back; *moved and *remaining (either may be NULL) say
** how many old buckets were and still are to be moved. HMAP_ENOMEM leaves
** the rest for later. Go: growWork. */
HMAP_MUST_USE hmap_status hmap_step(hmap *m, size_t n, size_t *moved,
                                    size_t *remaining);

/* What a lookup owes under HMAP_STEP_ON_READ_WRITE: moves old buckets if the
** map is growing. O(1); nothing under the other policies. */
void hmap_read_step(hmap *m);

/* Begins a move of all entries to the fewest buckets that hold them, or of
** all entries to new places under a fresh hash key: hash0 and secret are drawn
** anew, and a hash that has no key is exchanged for XXH3. Both are
** incremental like any growth, and wait while one is under way. HMAP_EINVAL:
** the map holds NaN keys, which have no hash to move by. */
HMAP_MUST_USE hmap_status hmap_shrink(hmap *m);
HMAP_MUST_USE hmap_status hmap_rekey(hmap *m);

/* Exchanges the policy, from the next operation on. HMAP_EINVAL: numbers that
** no policy can have (see hmap_policy). */
HMAP_MUST_USE hmap_status hmap_tune(hmap *m, const hmap_policy *policy);
void hmap_get_policy(const hmap *m, hmap_policy *out);

/* -- many keys at once ---------------------------------------------------- */

/* As n calls of hmap_get, hmap_put, hmap_delete in order, with the memory of
** many keys fetched at once. keys and elems are arrays of cells, one behind
** the other (elems NULL for a set). */

/* found[i]: the elem cell of key i, or NULL. */
void hmap_get_many(const hmap *m, const void *keys, size_t n,
                   const void **found);
/* *done: how many were put; fewer than n only if the status says why.
** hmap_let_go() is of no use afterwards: not for elems or keys of kind ANY. */
HMAP_MUST_USE hmap_status hmap_put_many(hmap *m, const void *keys,
                                        const void *elems, size_t n,
                                        size_t *done);
/* Returns how many were there. */
size_t hmap_delete_many(hmap *m, const void *keys, size_t n);

/* -- iteration ------------------------------------------------------------ */

/* How many rekeys an iterator or a cursor outlives. */
#define HMAP_MAX_PAST 8

/* How far an iteration has come under one hash key. */
typedef struct hmap_position {
  uint64_t start, bucket, cls;
  uint32_t epoch;
  uint8_t B, level;
} hmap_position;

/* Gives every entry that is present throughout exactly once, whatever is put,
** deleted, cleared or grown meanwhile. An entry deleted before its turn is not
** given; one added meanwhile may or may not be. Go's order until a growth
** begins. An iterator that meets a rekey under way first brings it to its end.
**
**   hmap_iter it;
**   hmap_iter_init(&it, m);
**   while (hmap_iter_next(&it) == HMAP_OK && it.key) ... it.key, it.elem ...
**   hmap_iter_close(&it);
**
** The struct belongs to the caller and must not move or go before
** hmap_iter_close. An iterator holds no bucket array. */
typedef struct hmap_iter {
  const void *key;  /* the entry given last; NULL: at the end */
  const void *elem; /* both valid until the next call that writes the map */
  /* What follows is the map's. */
  hmap *m;
  struct hmap_iter *prev, *next;
  void *head;    /* base bucket of the chain in hand */
  uint64_t slot; /* the next one of the bucket in hand, counted from offset */
  void *at;      /* bucket of that chain in hand, or NULL */
  void *saved;   /* cells copied from the chain in hand when it moved */
  size_t nsaved, saved_at, saved_bytes;
  hmap_position now, past[HMAP_MAX_PAST + HMAP_MAX_PAST / 2]; /* see iter.c */
  uint64_t emptied;
  uint32_t npast;
  uint8_t offset, filter;
  bool wrapped, begun;
} hmap_iter;

/* Begins; draws a random start, sets Go's iterator flags. Go: mapiterinit. */
void hmap_iter_init(hmap_iter *it, hmap *m);
/* Goes to the next entry, or to the end (key NULL). After the map was freed:
** at the end. HMAP_ENOMEM if the map moved the chain in hand and what was left
** of it could not be kept. Go: mapiternext. */
HMAP_MUST_USE hmap_status hmap_iter_next(hmap_iter *it);
/* Ends an iteration; idempotent; done already once key was NULL. */
void hmap_iter_close(hmap_iter *it);

/* A place in a map to go on from later: plain data, to be stored and copied.
** Zeroed: the beginning. */
typedef struct hmap_cursor {
  uint64_t map; /* 0: the beginning, of any map */
  uint32_t n;   /* positions; 0: the end */
  struct {
    uint64_t cls;
    uint32_t epoch;
    uint8_t level;
  } at[HMAP_MAX_PAST + 1];
} hmap_cursor;

/* An iterator that begins at a cursor. Its entries come in classes, a bucket's
** worth each: hmap_scan_next gives the next entry of the class in hand (key
** NULL: it is finished), hmap_scan_class takes up the next class (*more false:
** there is none, or a rekey is under way, of which it has then moved a part:
** try the same cursor later), hmap_scan_tell says where the next class begins
** (a cursor with n 0 at the end). HMAP_ECURSOR: not a cursor of this map, or
** one from before too many rekeys. Close with hmap_iter_close. */
HMAP_MUST_USE hmap_status hmap_scan_open(hmap_iter *it, hmap *m,
                                         const hmap_cursor *cursor);
HMAP_MUST_USE hmap_status hmap_scan_next(hmap_iter *it);
HMAP_MUST_USE hmap_status hmap_scan_class(hmap_iter *it, bool *more);
void hmap_scan_tell(const hmap_iter *it, hmap_cursor *out);

/* -- files ---------------------------------------------------------------- */

/* A map as a row of bytes, the same on every machine; csrc/README.md describes
** them. The bytes go through functions of the caller.
**
** In the file: types, policy, hash, the seed if the map was made with one, and
** all entries. Not in it: a secret that nobody chose (a loaded map draws its
** own), the order of buckets, a resize under way. A map with a seed begins
** anew under it: what a rekey drew since is not in the file.
**
** Text, numbers, bytes and tuples of them; of `any` also NULL, as an address.
** Any other address is HMAP_EOBJECT. */

/* Takes all n bytes: whether it could. */
typedef bool (*hmap_write_fn)(void *ud, const void *bytes, size_t n);
/* Gives up to n > 0 bytes: how many; 0: there are no more; negative: it could
** not read. */
typedef ptrdiff_t (*hmap_read_fn)(void *ud, void *bytes, size_t n);

/* Bytes of the caller's own that a file can hold besides the map. */
#define HMAP_MAX_NOTE (1u << 20)

/* Why a map was not saved or loaded, besides the status. */
typedef struct hmap_trouble {
  const char *what; /* HMAP_EFILE: a short phrase; static storage */
  uint64_t at;      /* HMAP_EFILE, HMAP_EIO: the byte where it was seen */
  int64_t block;    /* the same in blocks; -1: in the header */
  const void *key;  /* HMAP_EOBJECT: of that entry, until the next write */
} hmap_trouble;

/* Writes m. note: n bytes that hmap_load's caller finds again; may be NULL.
** A map that has not changed makes the same bytes. HMAP_EOBJECT: nothing was
** written. Also HMAP_EIO, HMAP_ENOMEM, HMAP_ETOOBIG
** (the note). why may be NULL. Walks the map; writes in pieces of 256 KiB. */
HMAP_MUST_USE hmap_status hmap_save(hmap *m, const void *note, size_t n,
                                    hmap_write_fn write, void *ud,
                                    hmap_trouble *why);

/* The same in steps, between which the map may be read and written: an entry
** that is present throughout is in the file exactly once, one that comes or
** goes meanwhile may or may not be; an elem is as it was at some moment. After
** a failure other than HMAP_ENOMEM there is no going on. */
typedef struct hmap_saver hmap_saver;
/* Begins, and writes the header. The saver's memory is from m's allocator and
** not counted to m. */
HMAP_MUST_USE hmap_status hmap_saver_new(hmap *m, const void *note, size_t n,
                                         hmap_write_fn write, void *ud,
                                         hmap_saver **out);
/* Up to n entries more; looks at no more than n chains of buckets. *more false:
** it is done. HMAP_EOBJECT at such an entry; HMAP_ECURSOR: the map was freed,
** or rekeyed too often. */
HMAP_MUST_USE hmap_status hmap_saver_step(hmap_saver *s, size_t n, bool *more);
/* Entries so far. */
uint64_t hmap_saver_count(const hmap_saver *s);
const hmap_trouble *hmap_saver_trouble(const hmap_saver *s);
/* Ends it, done or not; the map may be gone. NULL is fine. */
void hmap_saver_free(hmap_saver *s);

/* What a file says of its map. */
typedef struct hmap_file {
  hmap_spec key, elem; /* fields have no names */
  uint64_t count;      /* entries when saving began */
  hmap_hash hash;
  hmap_policy policy;
  bool seeded;
  uint64_t seed;
  const void *note;
  size_t note_bytes;
} hmap_file;

/* Makes a map in *out (NULL on failure) of what read gives, to its last byte.
** o: memory, limit, hash_fn, policy and seed, if they are set; all else is as
** the file says. bytes: how many there are to be read, as far as is known, or
** 0: memory is reserved for no more entries than these can hold. HMAP_EFILE,
** HMAP_EIO, and what hmap_new and hmap_put return; HMAP_EINVAL: a custom hash,
** and no hash_fn. why may be NULL. Takes up to 2 MiB beside the map; with bytes
** unknown, for a long text as much again as that has. */
HMAP_MUST_USE hmap_status hmap_load(const hmap_options *o, hmap_read_fn read,
                                    void *ud, uint64_t bytes, hmap **out,
                                    hmap_trouble *why);

/* The same in steps. Nobody has the map before all of it is there. After
** HMAP_ENOMEM or HMAP_ELIMIT the same call may be tried again. */
typedef struct hmap_loader hmap_loader;
/* memory: allocator of the loader itself. */
HMAP_MUST_USE hmap_status hmap_loader_new(const hmap_options *memory,
                                          hmap_read_fn read, void *ud,
                                          hmap_loader **out);
/* Reads the header; *file is the loader's. */
HMAP_MUST_USE hmap_status hmap_loader_open(hmap_loader *l,
                                           const hmap_file **file);
/* Sets hash, policy and seed to those of the file. */
void hmap_file_options(const hmap_file *file, hmap_options *o);
/* Makes the map by these options, but of the file's types. */
HMAP_MUST_USE hmap_status hmap_loader_begin(hmap_loader *l,
                                            const hmap_options *o,
                                            uint64_t bytes);
/* Up to n entries more, of at most one block that is yet to be read. *more
** false: all is there, and the file was whole. */
HMAP_MUST_USE hmap_status hmap_loader_step(hmap_loader *l, size_t n,
                                           bool *more);
/* Entries so far. */
uint64_t hmap_loader_count(const hmap_loader *l);
const hmap_trouble *hmap_loader_trouble(const hmap_loader *l);
/* Gives the map away, once there is no more; before: NULL. */
hmap *hmap_loader_take(hmap_loader *l);
/* Ends it; frees the map if nobody took it. NULL is fine. */
void hmap_loader_free(hmap_loader *l);

#ifdef __cplusplus
}
#endif
#endif
