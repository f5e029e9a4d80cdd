/* views.c: header, stats, memory, buckets, distribution.
**
** Everything here reads, allocates nothing, and says what the structure is
** without changing it. */
#include "core/inspect/inspect.h"
#include "core/map/policy.h"

void hmap_get_header(const hmap *m, hmap_header *out) {
  *out = (hmap_header){
      .count = (size_t)m->count,
      .flags = m->flags,
      .B = m->B,
      .noverflow = m->noverflow,
      .hash0 = m->k.hash0,
      .buckets = m->buckets,
      .oldbuckets = m->oldbuckets,
      .nevacuate = m->nevacuate,
  };
}

static hmap_growth next_kind(const pending *p) {
  return p->rekey         ? HMAP_GROW_REKEY
         : p->reserve > 0 ? HMAP_GROW_DOUBLE
                          : HMAP_GROW_SHRINK;
}

void hmap_get_stats(const hmap *m, hmap_stats *out) {
  *out = (hmap_stats){
      .count = (size_t)m->count,
      .nbuckets = m->buckets != NULL ? nbuckets(m) : 0,
      .noldbuckets = growing(m) ? noldbuckets(m) : 0,
      .load = (double)m->count / (double)nbuckets(m),
      .threshold = m->grow_threshold,
      .next_growth_at = m->grow_threshold,
      .growing = growing(m),
      .kind = (hmap_growth)m->resize_kind,
      .pending = hmapi_is_pending(m),
      .next_kind = next_kind(&m->pending),
      .evacuated = growing(m) ? m->moved : 0,
      .remaining = growing(m) ? noldbuckets(m) - m->moved : 0,
      .overflow_in_use = m->overflow_in_use,
      .noverflow = m->noverflow,
      .longest_chain = m->longest,
      .bytes = m->heap.bytes,
  };
  memcpy(out->growths, m->growths, sizeof out->growths);
}

/* Overflow buckets and array of the live table; the rest of PART_ARRAY is old
** arrays, whole or in part. */
void hmap_get_memory(const hmap *m, hmap_memory *out) {
  size_t buckets = 0, preallocated = 0;
  if (m->array != NULL) {
    buckets = (size_t)m->array->n * m->t->bucket_size;
    preallocated = m->array->bytes - buckets;
  }
  *out = (hmap_memory){
      .header = m->heap.part_bytes[PART_HEADER],
      .buckets = buckets,
      .preallocated = preallocated,
      .overflow = m->heap.part_bytes[PART_OVERFLOW],
      .old = m->heap.part_bytes[PART_ARRAY] - buckets - preallocated,
      .text = m->heap.part_bytes[PART_TEXT],
      .indirect = m->heap.part_bytes[PART_INDIRECT],
      .total = m->heap.bytes,
  };
}

void hmap_layout_of(const hmap *m, hmap_layout *out) {
  hmapi_type_layout(m->t, out);
}

/* -- buckets -------------------------------------------------------------- */

static hmap_slot_state state_of(uint8_t top) {
  return top < MIN_TOPHASH ? (hmap_slot_state)top : HMAP_SLOT_FULL;
}

static void view(const hmap_type *t, bmap *b, hmap_bucket_view *out) {
  *out = (hmap_bucket_view){.more = overflow_of(t, b) != NULL};
  memcpy(out->tophash, b->tophash, sizeof out->tophash);
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    out->state[i] = state_of(b->tophash[i]);
    if (out->state[i] != HMAP_SLOT_FULL)
      continue;
    out->key[i] = key_at(&t->key, b, i);
    out->elem[i] = elem_at(t, &t->key, b, i);
  }
}

/* Whether an old bucket's memory has gone back, at least in part. */
static bool given_back(const hmap *m, uint64_t o) {
  return o * m->t->bucket_size < m->old->given;
}

bool hmap_view_bucket(const hmap *m, hmap_which which, uint64_t i, size_t depth,
                      hmap_bucket_view *out) {
  bmap *buckets = which == HMAP_NEW ? m->buckets : m->oldbuckets;
  if (buckets == NULL ||
      i >= (which == HMAP_NEW ? nbuckets(m) : noldbuckets(m)))
    return false;
  if (which == HMAP_OLD && given_back(m, i)) {
    *out = (hmap_bucket_view){.evacuated = true, .unknown = true};
    return depth == 0;
  }
  bmap *base = bucket_at(m->t, buckets, i), *b = base;
  for (; depth > 0 && b != NULL; depth--)
    b = overflow_of(m->t, b);
  if (b == NULL)
    return false;
  view(m->t, b, out);
  out->evacuated = evacuated(base);
  return true;
}

/* -- all chains ----------------------------------------------------------- */

static void add_to(uint64_t hist[HMAP_HIST], uint64_t n) {
  hist[n < HMAP_HIST ? n : HMAP_HIST - 1]++;
}

static void add_bucket(const bmap *b, size_t depth, uint64_t *entries,
                       hmap_distribution *out) {
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    hmap_slot_state state = state_of(b->tophash[i]);
    out->by_state[state]++;
    if (state != HMAP_SLOT_FULL)
      continue;
    ++*entries;
    out->tophash[b->tophash[i]]++;
    out->hit_probes += slots_scanned(b, i, depth);
    out->hit_buckets += depth + 1;
  }
}

/* What a search for an absent key looks at: all, up to the first emptyRest. */
static void add_miss(const bmap *b, size_t depth, hmap_distribution *out) {
  out->miss_probes += slots_scanned(b, HMAP_BUCKET_COUNT, depth);
  out->miss_buckets += depth + 1;
}

static void add_chain(const hmap_type *t, const bmap *b,
                      hmap_distribution *out) {
  uint64_t entries = 0;
  size_t depth = 0;
  bool missed = false;
  for (;; depth++) {
    const bmap *next = overflow_of(t, b);
    add_bucket(b, depth, &entries, out);
    if (!missed && (ends_here(b) || next == NULL)) {
      add_miss(b, depth, out);
      missed = true;
    }
    if (next == NULL)
      break;
    b = next;
  }
  out->nchains++;
  out->entries += entries;
  add_to(out->by_entries, entries);
  add_to(out->by_overflow, depth);
  if (entries > out->max_entries)
    out->max_entries = entries;
  if (depth > out->max_overflow)
    out->max_overflow = depth;
}

/* An old bucket that has moved is no chain; its slots still count by state. */
static void add_moved(const hmap *m, uint64_t o, hmap_distribution *out) {
  if (given_back(m, o))
    return;
  for (const bmap *b = bucket_at(m->t, m->oldbuckets, o); b != NULL;
       b = overflow_of(m->t, b))
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      out->by_state[state_of(b->tophash[i])]++;
}

void hmap_get_distribution(const hmap *m, hmap_distribution *out) {
  *out = (hmap_distribution){.nchains = 0};
  for (uint64_t o = 0; growing(m) && o < noldbuckets(m); o++)
    if (old_moved(m, o))
      add_moved(m, o, out);
    else
      add_chain(m->t, bucket_at(m->t, m->oldbuckets, o), out);
  for (uint64_t i = 0; m->buckets != NULL && i < nbuckets(m); i++)
    if (!growing(m) || merging(m) || old_moved(m, i & mask_of(m->oldB)))
      add_chain(m->t, bucket_at(m->t, m->buckets, i), out);
    else /* untouched: no search begins here yet */
      out->by_state[HMAP_SLOT_EMPTY_REST] += HMAP_BUCKET_COUNT;
}
