/* array.c: bucket arrays, their overflow buckets, and the attic of arrays that
** wait to be given back. Nothing here knows where an entry belongs. */
#include "array.h"

#include "hash.h"
#include "ledger.h"
#include "map.h"
#include "slab.h"
#include "text.h"

/* -- one array ------------------------------------------------------------ */

static uint64_t preallocated(unsigned B) {
  return B < 4 ? 0 : UINT64_C(1) << (B - 4);
}

static size_t whole_pages(const hmap *m, size_t bytes) {
  size_t page = m->pages.page;
  return (bytes + page - 1) / page * page;
}

static bmap *cleared_buckets(hmap *m, const array *a, hmap_status *why) {
  bmap *b = hmapi_alloc(m, PART_ARRAY, a->bytes, why);
  if (b != NULL) {
    memset(b, 0, a->bytes);
    COUNT_WORK(m, cleared, a->bytes);
  }
  return b;
}

/* Zero already, and untouched. */
static bmap *mapped_buckets(hmap *m, size_t bytes, hmap_status *why) {
  bmap *b = m->pages.map(m->pages.ud, bytes);
  if (b == NULL && m->next_array != NULL) { /* for want of addresses? */
    hmapi_unmap_next(m);
    b = m->pages.map(m->pages.ud, bytes);
  }
  if (b == NULL)
    *why = HMAP_ENOMEM;
  else
    COUNT_WORK(m, mapped, bytes);
  return b;
}

static bmap *take_next_array(hmap *m) {
  bmap *b = m->next_array;
  m->next_array = NULL;
  return b;
}

static bmap *counted_buckets(hmap *m, const array *a, hmap_status *why) {
  if (hmapi_over_limit(m, a->bytes)) {
    *why = HMAP_ELIMIT;
    return NULL;
  }
  bool next_array = m->next_array != NULL && m->next_array_bytes == a->bytes;
  bmap *b = next_array ? take_next_array(m) : mapped_buckets(m, a->bytes, why);
  if (b != NULL)
    hmapi_count_bytes(m, PART_ARRAY, a->bytes, 0);
  return b;
}

/* The size of an array of 2^B buckets; SIZE_MAX: none can be that large. */
static size_t array_bytes(const hmap *m, unsigned B) {
  size_t n = B <= MAX_B ? (size_t)1 << B : SIZE_MAX;
  size_t bytes = times(n, m->t->bucket_size);
  if (bytes > SIZE_MAX / 4)
    return SIZE_MAX;
  return bytes + preallocated(B) * m->t->bucket_size;
}

array *hmapi_array_new(hmap *m, unsigned B, hmap_status *why) {
  size_t bytes = array_bytes(m, B);
  if (bytes == SIZE_MAX) {
    *why = HMAP_ETOOBIG;
    return NULL;
  }
  array *a = hmapi_alloc(m, PART_HEADER, sizeof *a, why);
  if (a == NULL)
    return NULL;
  memset(a, 0, sizeof *a);
  a->n = UINT64_C(1) << B;
  a->prealloc = preallocated(B);
  a->sliced = bytes >= m->map_min;
  a->mapped = a->sliced || (m->map_min < SIZE_MAX && bytes > CLEARED_MAX);
  a->bytes = a->mapped ? whole_pages(m, bytes) : bytes;
  if (a->mapped)
    a->buckets = counted_buckets(m, a, why);
  if (a->buckets == NULL && !a->sliced) { /* or too many areas are mapped */
    a->mapped = false;
    a->buckets = cleared_buckets(m, a, why);
  }
  if (a->buckets != NULL)
    return a;
  hmapi_free(m, PART_HEADER, a, sizeof *a);
  return NULL;
}

/* -- one array ahead ------------------------------------------------------ */

/* Bytes of the array to be mapped ahead, while nothing moves and arrays are
** large; 0: none. */
static size_t wanted_ahead(const hmap *m) {
  if (m->pages.discard == NULL || m->array == NULL || !m->array->sliced ||
      growing(m) || m->B >= MAX_B)
    return 0;
  size_t bytes = array_bytes(m, m->B + 1u);
  return bytes < SIZE_MAX ? whole_pages(m, bytes) : 0;
}

bool hmapi_wants_map_next(const hmap *m) {
  size_t wanted = wanted_ahead(m);
  return wanted > 0 && (m->next_array == NULL || m->next_array_bytes != wanted);
}

void hmapi_unmap_next(hmap *m) {
  m->pages.unmap(m->pages.ud, m->next_array, m->next_array_bytes, 0,
                 m->next_array_bytes);
  m->next_array = NULL;
}

/* One of another size goes first. Refused, it is mapped when it is needed. */
bool hmapi_map_next(hmap *m) {
  hmap_status why;
  if (m->next_array != NULL) {
    hmapi_unmap_next(m);
    return true;
  }
  m->next_array_bytes = wanted_ahead(m);
  m->next_array = mapped_buckets(m, m->next_array_bytes, &why);
  return m->next_array != NULL;
}

static void unmap_front(hmap *m, array *a, size_t bytes) {
  m->pages.unmap(m->pages.ud, a->buckets, a->bytes, a->given, bytes);
  a->given += bytes;
  hmapi_count_bytes(m, PART_ARRAY, 0, bytes);
  COUNT_WORK(m, released, bytes);
  emit(m, (hmap_event){.kind = HMAP_EVENT_RELEASE, .bytes = bytes});
}

void hmapi_array_free(hmap *m, array *a) {
  if (a->mapped && a->given < a->bytes)
    unmap_front(m, a, a->bytes - a->given);
  else if (!a->mapped)
    hmapi_free(m, PART_ARRAY, a->buckets, a->bytes);
  hmapi_free(m, PART_HEADER, a, sizeof *a);
}

/* Slices are whole pages, since both ends of one are multiples of a page. */
void hmapi_array_give(hmap *m, array *a, size_t upto) {
  size_t slice = whole_pages(m, SLICE_BYTES);
  if (a->mapped && upto >= a->given + slice)
    unmap_front(m, a, slice);
}

/* -- overflow buckets ----------------------------------------------------- */

static uint64_t prealloc_left(const hmap *m) {
  return m->array->prealloc - m->used_prealloc;
}

hmap_status hmapi_reserve_overflow(hmap *m, uint64_t n) {
  hmap_status why = HMAP_OK;
  while (prealloc_left(m) + m->nreserved < n) {
    bmap *b = hmapi_block_new(m, PART_OVERFLOW, m->t->bucket_size, &why);
    if (b == NULL)
      return why;
    set_overflow(m->t, b, m->reserved);
    m->reserved = b;
    m->nreserved++;
  }
  return HMAP_OK;
}

static bmap *pop_reserved(hmap *m) {
  bmap *b = m->reserved;
  assert(b != NULL);
  m->reserved = overflow_of(m->t, b);
  m->nreserved--;
  return b;
}

void hmapi_free_reserved(hmap *m) {
  while (m->reserved != NULL)
    hmapi_block_free(m, PART_OVERFLOW, pop_reserved(m), m->t->bucket_size);
}

static bmap *take_prealloc(hmap *m) {
  return bucket_at(m->t, m->buckets, m->array->n + m->used_prealloc++);
}

static bmap *take_single(hmap *m) {
  m->array->singles++;
  return memset(pop_reserved(m), 0, m->t->bucket_size);
}

/* From 2^16 buckets on the 16-bit counter is a sample: one in 2^(B-15) is
** counted. Go 1.19 runtime/map.go, incrnoverflow. */
static void incr_noverflow(hmap *m) {
  bool counts = m->B < 16 || (hmapi_rand(m) & mask_of(m->B - 15u)) == 0;
  if (counts && m->noverflow < UINT16_MAX)
    m->noverflow++;
}

/* Chains grow nowhere else. */
static void note_chain(hmap *m, uint64_t index) {
  uint64_t n = chain_length(m->t, bucket_at(m->t, m->buckets, index));
  if (n > m->longest)
    m->longest = n;
}

bmap *hmapi_new_overflow(hmap *m, bmap *b, uint64_t index) {
  bmap *next = prealloc_left(m) > 0 ? take_prealloc(m) : take_single(m);
  incr_noverflow(m);
  m->overflow_in_use++;
  COUNT_WORK(m, overflow, 1);
  set_overflow(m->t, b, next);
  note_chain(m, index);
  emit(m, (hmap_event){.kind = HMAP_EVENT_OVERFLOW, .bucket = index});
  return next;
}

/* -- emptying ------------------------------------------------------------- */

static void release_entries(hmap *m, bmap *b) {
  const hmap_type *t = m->t;
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    if (b->tophash[i] < MIN_TOPHASH)
      continue;
    hmapi_release_slot(m, &t->key, key_slot(&t->key, b, i));
    hmapi_release_slot(m, &t->elem, elem_slot(t, &t->key, b, i));
  }
}

void hmapi_free_chain(hmap *m, array *a, bmap *b, bool holding) {
  bool owning = holding && m->t->bucket_pointers;
  for (bool base = true; b != NULL; base = false) {
    bmap *next = overflow_of(m->t, b);
    COUNT_WORK(m, slots, HMAP_BUCKET_COUNT);
    if (owning)
      release_entries(m, b);
    if (!base && !came_with(a, b)) {
      hmapi_block_free(m, PART_OVERFLOW, b, m->t->bucket_size);
      a->singles--;
    }
    b = next;
  }
}

void hmapi_free_chains(hmap *m, array *a, bool holding) {
  holding = holding && m->t->bucket_pointers;
  for (uint64_t i = 0; i < a->n && (holding || a->singles > 0); i++)
    hmapi_free_chain(m, a, bucket_at(m->t, a->buckets, i), holding);
}

/* -- the attic ------------------------------------------------------------ */

static void append_pending_free(hmap *m, array *a, bool holding) {
  array **last = &m->pending_free;
  while (*last != NULL)
    last = &(*last)->next;
  *last = a;
  a->next = NULL;
  /* A bucket whose front went back had moved before. */
  a->at = (a->given + m->t->bucket_size - 1) / m->t->bucket_size;
  a->holding = holding;
  m->deferred = true;
}

/* Overflow buckets that may be freed at once. */
#define FEW_SINGLES 64

bool hmapi_frees_at_once(const hmap *m, const array *a, bool holding) {
  return !a->mapped && !(holding && m->t->bucket_pointers) &&
         a->singles <= FEW_SINGLES;
}

/* Go's collector would find the overflow buckets that a small array still has
** when its entries have moved; a sliced one has let go of them before. */
void hmapi_defer_free(hmap *m, array *a, bool holding) {
  if (hmapi_frees_at_once(m, a, holding)) {
    hmapi_free_chains(m, a, false);
    hmapi_array_free(m, a);
    return;
  }
  bool owning = holding && m->t->bucket_pointers;
  bool singles = a->singles > 0 && (holding || !a->sliced);
  append_pending_free(m, a, owning || singles);
}

/* An array that holds nothing is not looked into: only memory is left. */
static void empty_buckets(hmap *m, array *a, uint64_t n) {
  if (!a->holding)
    a->at = a->n;
  for (; n > 0 && a->at < a->n; n--, a->at++)
    hmapi_free_chain(m, a, bucket_at(m->t, a->buckets, a->at), true);
}

bool hmapi_free_step(hmap *m, uint64_t n) {
  array *a = m->pending_free;
  if (a == NULL)
    return false;
  empty_buckets(m, a, n);
  if (a->at < a->n) {
    hmapi_array_give(m, a, a->at * m->t->bucket_size);
    return true;
  }
  if (a->mapped && a->bytes - a->given > SLICE_BYTES) {
    hmapi_array_give(m, a, a->bytes);
    return true;
  }
  m->pending_free = a->next;
  hmapi_array_free(m, a);
  return m->pending_free != NULL;
}
