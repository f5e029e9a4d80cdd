/* array.c: bucket arrays and their overflow buckets. Nothing here knows where
** an entry belongs. */
#include "core/map/array.h"

#include "core/map/observe.h"
#include "core/mem/pages.h"
#include "core/mem/slab.h"

/* -- one array ------------------------------------------------------------ */

static uint64_t preallocated(unsigned B) {
  return B < 4 ? 0 : UINT64_C(1) << (B - 4);
}

static size_t whole_pages(const hmap *m, size_t bytes) {
  size_t page = m->heap.pages->page;
  page = page != 0 ? page : hmapi_page_size();
  return (bytes + page - 1) / page * page;
}

static bmap *cleared_buckets(hmap *m, const array *a, hmap_status *why) {
  bmap *b = hmapi_alloc(&m->heap, PART_ARRAY, a->bytes, why);
  if (b != NULL) {
    memset(b, 0, a->bytes);
    COUNT_WORK(&m->heap, cleared, a->bytes);
  }
  return b;
}

/* Zero already, and untouched. */
static bmap *mapped_buckets(hmap *m, size_t bytes, hmap_status *why) {
  bmap *b = m->heap.pages->map(m->heap.pages->ud, bytes);
  if (b == NULL && m->next_array != NULL) { /* for want of addresses? */
    hmapi_unmap_next(m);
    b = m->heap.pages->map(m->heap.pages->ud, bytes);
  }
  if (b == NULL)
    *why = HMAP_ENOMEM;
  else
    COUNT_WORK(&m->heap, mapped, bytes);
  return b;
}

static bmap *take_next_array(hmap *m) {
  bmap *b = m->next_array;
  m->next_array = NULL;
  return b;
}

static bmap *counted_buckets(hmap *m, const array *a, hmap_status *why) {
  if (hmapi_over_limit(&m->heap, a->bytes)) {
    *why = HMAP_ELIMIT;
    return NULL;
  }
  bool next_array = m->next_array != NULL && m->next_array_bytes == a->bytes;
  bmap *b = next_array ? take_next_array(m) : mapped_buckets(m, a->bytes, why);
  if (b != NULL)
    hmapi_count_bytes(&m->heap, PART_ARRAY, a->bytes, 0);
  return b;
}

/* The size of an array of 2^B buckets; SIZE_MAX: none can be that large. */
static size_t array_bytes(const hmap *m, unsigned B) {
  size_t n = B <= MAX_B ? (size_t)1 << B : SIZE_MAX;
  size_t bytes = times(n, m->t->bucket_size);
  if (bytes > SIZE_MAX / 4)
    return SIZE_MAX;
  return bytes + (size_t)preallocated(B) * m->t->bucket_size;
}

array *hmapi_array_new(hmap *m, unsigned B, hmap_status *why) {
  size_t bytes = array_bytes(m, B);
  if (bytes == SIZE_MAX) {
    *why = HMAP_ETOOBIG;
    return NULL;
  }
  array *a = hmapi_alloc(&m->heap, PART_HEADER, sizeof *a, why);
  if (a == NULL)
    return NULL;
  memset(a, 0, sizeof *a);
  a->n = UINT64_C(1) << B;
  a->prealloc = preallocated(B);
  a->sliced = bytes >= m->heap.map_min;
  a->mapped = a->sliced || (m->heap.map_min < SIZE_MAX && bytes > CLEARED_MAX);
  a->bytes = a->mapped ? whole_pages(m, bytes) : bytes;
  if (a->mapped)
    a->buckets = counted_buckets(m, a, why);
  if (a->buckets == NULL && !a->sliced) { /* or too many areas are mapped */
    a->mapped = false;
    a->buckets = cleared_buckets(m, a, why);
  }
  if (a->buckets != NULL)
    return a;
  hmapi_free(&m->heap, PART_HEADER, a, sizeof *a);
  return NULL;
}

/* -- one array ahead ------------------------------------------------------ */

/* Bytes of the array to be mapped ahead, while nothing moves and that would
** take long; 0: none. */
static size_t wanted_ahead(const hmap *m) {
  if (m->heap.pages->discard == NULL || m->array == NULL || !m->array->sliced ||
      growing(m) || m->B >= MAX_B)
    return 0;
  size_t bytes = array_bytes(m, m->B + 1u);
  if (bytes == SIZE_MAX)
    return 0;
  bytes = whole_pages(m, bytes);
  return bytes > m->heap.pages->quick ? bytes : 0;
}

bool hmapi_wants_map_next(const hmap *m) {
  size_t wanted = wanted_ahead(m);
  return wanted > 0 && (m->next_array == NULL || m->next_array_bytes != wanted);
}

void hmapi_unmap_next(hmap *m) {
  m->heap.pages->unmap(m->heap.pages->ud, m->next_array, m->next_array_bytes, 0,
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
  m->heap.pages->unmap(m->heap.pages->ud, a->buckets, a->bytes, a->given,
                       bytes);
  a->given += bytes;
  hmapi_count_bytes(&m->heap, PART_ARRAY, 0, bytes);
  COUNT_WORK(&m->heap, released, bytes);
  emit(m, (hmap_event){.kind = HMAP_EVENT_RELEASE, .bytes = bytes});
}

void hmapi_array_free(hmap *m, array *a) {
  if (a->mapped && a->given < a->bytes)
    unmap_front(m, a, a->bytes - a->given);
  else if (!a->mapped)
    hmapi_free(&m->heap, PART_ARRAY, a->buckets, a->bytes);
  hmapi_free(&m->heap, PART_HEADER, a, sizeof *a);
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
    bmap *b = hmapi_block_new(&m->heap, PART_OVERFLOW, m->t->bucket_size, &why);
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
    hmapi_block_free(&m->heap, PART_OVERFLOW, pop_reserved(m),
                     m->t->bucket_size);
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
  bool counts = m->B < 16 || (hmapi_rand(&m->rng) & mask_of(m->B - 15u)) == 0;
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
  COUNT_WORK(&m->heap, overflow, 1);
  set_overflow(m->t, b, next);
  note_chain(m, index);
  emit(m, (hmap_event){.kind = HMAP_EVENT_OVERFLOW, .bucket = index});
  return next;
}
