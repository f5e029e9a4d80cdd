/* check.c: the invariants of the structure, each a function with its name.
**
** Walks everything: both arrays, all chains, every entry. Reads only.
*/
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/map/fast_path.h"
#include "core/map/map.h"
#include "core/map/probe.h"
#include "core/map/resize.h"
#include "core/mem/slab.h"
#include "core/type/hash.h"

/* Says what is broken, once. */
typedef struct report {
  const hmap *m;
  char *why;
  size_t size;
  uint64_t entries, overflow, nans; /* counted on the way */
} report;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
broken(report *r, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (r->size > 0)
    (void)vsnprintf(r->why, r->size, format, args);
  va_end(args);
  return false;
}

/* -- the header ----------------------------------------------------------- */

static bool arrays_match_header(report *r) {
  const hmap *m = r->m;
  if (m->buckets != NULL && m->mask != mask_of(m->B))
    return broken(r, "a mask of other bits than B=%u", m->B);
  if ((m->array == NULL) != (m->buckets == NULL))
    return broken(r, "buckets without an array, or the reverse");
  if (m->array != NULL &&
      (m->array->buckets != m->buckets || m->array->n != nbuckets(m)))
    return broken(r, "array of %" PRIu64 " buckets, B=%u", m->array->n, m->B);
  if (growing(m) && (m->old == NULL || m->old->buckets != m->oldbuckets ||
                     m->old->n != noldbuckets(m)))
    return broken(r, "old array does not match oldbuckets");
  if (!growing(m) && m->old != NULL)
    return broken(r, "an old array, but no growth");
  return true;
}

static bool flags_match_growth(report *r) {
  const hmap *m = r->m;
  if (m->flags & HMAP_WRITING)
    return broken(r, "flag writing is set between operations");
  if (same_size_grow(m) &&
      !(growing(m) && m->resize_kind == HMAP_GROW_SAME_SIZE && m->oldB == m->B))
    return broken(r, "flag same_size_grow is set without such a growth");
  if (!growing(m) && m->resize_kind != HMAP_GROW_DOUBLE)
    return broken(r, "no growth, but its kind is %u", m->resize_kind);
  if (m->fast_path != fast_path_of(m))
    return broken(r, "fast path %u, should be %u", m->fast_path,
                  fast_path_of(m));
  if (growing(m) && m->resize_kind == HMAP_GROW_DOUBLE && m->oldB >= m->B)
    return broken(r, "doubling from B=%u to B=%u", m->oldB, m->B);
  return true;
}

static bool mark_is_behind_evacuated(report *r) {
  const hmap *m = r->m;
  if (!growing(m))
    return true;
  if (m->nevacuate >= noldbuckets(m))
    return broken(r, "nevacuate=%" PRIu64 " of %" PRIu64 ", still growing",
                  m->nevacuate, noldbuckets(m));
  for (uint64_t o = (m->old->given + m->t->bucket_size - 1) / m->t->bucket_size;
       o < m->nevacuate; o++)
    if (!evacuated(bucket_at(m->t, m->oldbuckets, o)))
      return broken(r,
                    "old bucket %" PRIu64 " is below nevacuate=%" PRIu64
                    " and has not moved",
                    o, m->nevacuate);
  return true;
}

static bool bytes_add_up(report *r) {
  size_t sum = 0;
  for (int p = 0; p < NPARTS; p++)
    sum += r->m->heap.part_bytes[p];
  if (sum != r->m->heap.bytes)
    return broken(r, "parts sum to %zu bytes, total says %zu", sum,
                  r->m->heap.bytes);
  return true;
}

/* -- one entry ------------------------------------------------------------ */

/* The hash of a key that has one: the bucket and the tophash must follow. */
static bool entry_is_where_its_hash_says(report *r, const bmap *b, size_t i,
                                         uint64_t index, bool old) {
  const hmap *m = r->m;
  unsigned B = old ? m->oldB : m->B;
  const cell_type *c = &m->t->key;
  const void *key = key_at(c, (bmap *)(uintptr_t)b, i);
  if (irreflexive(c, key)) /* NaN: any place is as good */
    return true;
  uint64_t hash = hash_of(m, c, key);
  if (old)
    hash = old_hash(m, c, key, hash);
  if ((hash & mask_of(B)) != index)
    return broken(r,
                  "key with hash %016" PRIx64 " in bucket %" PRIu64 " of 2^%u",
                  hash, index, B);
  if (b->tophash[i] != tophash(hash))
    return broken(r, "key with hash %016" PRIx64 " has tophash %02x", hash,
                  b->tophash[i]);
  return true;
}

static bool entry_is_found(report *r, bmap *b, size_t i) {
  const hmap *m = r->m;
  const cell_type *c = &m->t->key;
  const void *key = key_at(c, b, i);
  place at;
  if (irreflexive(c, key))
    return true;
  if (!find(m, key, &at) || at.b != b || at.i != i)
    return broken(r,
                  "a stored key is not found where it stands "
                  "(tophash %02x, slot %zu)",
                  b->tophash[i], i);
  return true;
}

/* -- one chain ------------------------------------------------------------ */

static bool states_fit_a_live_chain(report *r, const bmap *b, uint64_t index,
                                    bool *rest) {
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    uint8_t top = b->tophash[i];
    if (top == EVACUATED_X || top == EVACUATED_Y || top == EVACUATED_EMPTY)
      return broken(r, "bucket %" PRIu64 " is live and slot %u is marked %u",
                    index, i, top);
    if (*rest && top != EMPTY_REST)
      return broken(r, "bucket %" PRIu64 ": slot %u follows an emptyRest",
                    index, i);
    *rest = top == EMPTY_REST;
  }
  return true;
}

static bool entries_are_sound(report *r, bmap *b, uint64_t index, bool old) {
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    if (b->tophash[i] < MIN_TOPHASH)
      continue;
    r->entries++;
    r->nans += irreflexive(&r->m->t->key, key_at(&r->m->t->key, b, i));
    if (!entry_is_where_its_hash_says(r, b, i, index, old) ||
        !entry_is_found(r, b, i))
      return false;
  }
  return true;
}

static bool live_chain_is_sound(report *r, bmap *b, uint64_t index, bool old) {
  bool rest = false;
  for (bool base = true; b != NULL; base = false) {
    if (!states_fit_a_live_chain(r, b, index, &rest) ||
        !entries_are_sound(r, b, index, old))
      return false;
    r->overflow += !base;
    b = overflow_of(r->m->t, b);
  }
  return true;
}

static bool moved_chain_is_marked(report *r, const bmap *b, uint64_t o) {
  for (; b != NULL; b = overflow_of(r->m->t, b))
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      if (b->tophash[i] < EVACUATED_X || b->tophash[i] > EVACUATED_EMPTY)
        return broken(r,
                      "old bucket %" PRIu64 " has moved, but slot %u is "
                      "marked %u",
                      o, i, b->tophash[i]);
  return true;
}

/* Nothing may be in a new bucket whose old bucket has not moved. */
static bool chain_is_untouched(report *r, const bmap *b, uint64_t index) {
  static const uint8_t zero[HMAP_BUCKET_COUNT];
  if (memcmp(b->tophash, zero, sizeof zero) != 0 ||
      overflow_of(r->m->t, b) != NULL)
    return broken(r,
                  "new bucket %" PRIu64 " is in use before its old bucket "
                  "has moved",
                  index);
  return true;
}

/* -- all chains ----------------------------------------------------------- */

static bool old_chains_are_sound(report *r) {
  const hmap *m = r->m;
  uint64_t o = 0;
  if (growing(m))
    o = (m->old->given + m->t->bucket_size - 1) / m->t->bucket_size;
  for (; growing(m) && o < noldbuckets(m); o++) {
    bmap *b = bucket_at(m->t, m->oldbuckets, o);
    if (!(old_moved(m, o) ? moved_chain_is_marked(r, b, o)
                          : live_chain_is_sound(r, b, o, true)))
      return false;
  }
  return true;
}

static bool new_chains_are_sound(report *r) {
  const hmap *m = r->m;
  for (uint64_t i = 0; m->buckets != NULL && i < nbuckets(m); i++) {
    bmap *b = bucket_at(m->t, m->buckets, i);
    bool untouched =
        growing(m) && !merging(m) && !old_moved(m, i & mask_of(m->oldB));
    if (!(untouched ? chain_is_untouched(r, b, i)
                    : live_chain_is_sound(r, b, i, false)))
      return false;
  }
  return true;
}

static bool moved_buckets_are_counted(report *r) {
  const hmap *m = r->m;
  uint64_t moved = 0;
  for (uint64_t o = 0; growing(m) && o < noldbuckets(m); o++)
    moved += old_moved(m, o);
  if (growing(m) && moved != m->moved)
    return broken(r, "%" PRIu64 " old buckets have moved, %" PRIu64 " counted",
                  moved, m->moved);
  return true;
}

static bool counts_are_right(report *r) {
  const hmap *m = r->m;
  if (r->entries != m->count)
    return broken(r, "count=%" PRIu64 ", but %" PRIu64 " entries", m->count,
                  r->entries);
  if (r->overflow != m->overflow_in_use)
    return broken(r,
                  "%" PRIu64 " overflow buckets in chains, %" PRIu64 " counted",
                  r->overflow, m->overflow_in_use);
  if (r->nans != m->nans)
    return broken(r, "%" PRIu64 " NaN keys, %" PRIu64 " counted", r->nans,
                  m->nans);
  return true;
}

static bool slabs_add_up(report *r) {
  const char *why = hmapi_slabs_broken(&r->m->heap);
  return why == NULL || broken(r, "%s", why);
}

bool hmap_check(const hmap *m, char *why, size_t size) {
  report r = {m, why, size, 0, 0, 0};
  return arrays_match_header(&r) && flags_match_growth(&r) &&
         mark_is_behind_evacuated(&r) && bytes_add_up(&r) && slabs_add_up(&r) &&
         moved_buckets_are_counted(&r) && old_chains_are_sound(&r) &&
         new_chains_are_sound(&r) && counts_are_right(&r);
}
