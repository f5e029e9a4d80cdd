/* reclaim.c: emptying chains, and the list of arrays that wait to be given
** back.
**
** An array that is out of use may hold millions of entries and overflow
** buckets. Unless it is small it goes to the end of the pending-free list, and
** each later write frees a few chains and one slice of the oldest:
**
**   pending_free -> | given back | emptied | at: to be emptied ... | -> NULL
*/
#include "core/map/reclaim.h"

#include "core/map/observe.h"
#include "core/mem/slab.h"

/* -- emptying ------------------------------------------------------------- */

static void release_entries(hmap *m, bmap *b) {
  const hmap_type *t = m->t;
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    if (b->tophash[i] < MIN_TOPHASH)
      continue;
    hmapi_release_slot(&m->heap, &t->key, key_slot(&t->key, b, i));
    hmapi_release_slot(&m->heap, &t->elem, elem_slot(t, &t->key, b, i));
  }
}

void hmapi_free_chain(hmap *m, array *a, bmap *b, bool holding) {
  bool owning = holding && m->t->bucket_pointers;
  for (bool base = true; b != NULL; base = false) {
    bmap *next = overflow_of(m->t, b);
    COUNT_WORK(&m->heap, slots, HMAP_BUCKET_COUNT);
    if (owning)
      release_entries(m, b);
    if (!base && !came_with(a, b)) {
      hmapi_block_free(&m->heap, PART_OVERFLOW, b, m->t->bucket_size);
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

/* -- the pending-free list ------------------------------------------------ */

static void append_pending_free(hmap *m, array *a, bool holding) {
  array **last = &m->pending_free;
  while (*last != NULL)
    last = &(*last)->next;
  *last = a;
  a->next = NULL;
  /* A bucket whose front went back had moved before. */
  a->at = (a->given + m->t->bucket_size - 1) / m->t->bucket_size;
  a->holding = holding;
  m->heap.deferred = true;
}

/* Overflow buckets that may be freed at once. */
#define FEW_SINGLES 64

bool hmapi_frees_at_once(const hmap *m, const array *a, bool holding) {
  return !a->mapped && !(holding && m->t->bucket_pointers) &&
         a->singles <= FEW_SINGLES;
}

/* Go's collector would find the overflow buckets that a small array still has
** when its entries have moved; a sliced one has freed them before. */
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
    hmapi_array_give(m, a, (size_t)a->at * m->t->bucket_size);
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
