/* evacuate.c: the move, the heart of the map.
**
** A move begins with one allocation and moves nothing. From then on every write
** first moves the old chain that it needs and one more, so that the old array
** is empty before the new one can be full:
**
**   hash_grow      old [w w w w]            new [. . . . . . . .]
**   put in 2       old [m w m w]  mark 1    new [a . c . a . c .]
**   put in 5 (1)   old [m m m m]  mark 4    the growth is over
**
** Where the entries of old bucket o go:
**
**   same size  o, closing the gaps of its chain
**   double     X = o or Y = o + 2^oldB, by hash bit oldB; the order is kept
**              (hmap_reserve may add k bits at once: o + i * 2^oldB)
**   shrink     o mod 2^B, behind what other old buckets brought
**   rekey      anywhere: the hash is a new one
**
** Failure: a move that cannot allocate its array has changed nothing. evacuate
** reserves the overflow buckets that a chain may need where it goes, and cannot
** fail afterwards. A chain of n buckets needs at most n - 1 of them in a
** growth, since ceil(a/8) - 1 summed over the destinations is below (8n)/8; n
** in a shrink, whose destination may be full already; one an entry in a rekey.
** When the reserve fails the chain stays, whole and readable, in the old array.
**
** Source: Go 1.19 runtime/map.go, growWork, evacuate, advanceEvacuationMark.
*/
#include "core/map/evacuate.h"

#include "core/map/fast_path.h"
#include "core/map/iter.h"
#include "core/map/observe.h"
#include "core/map/policy.h"
#include "core/map/probe.h"
#include "core/map/reclaim.h"
#include "core/map/resize.h"

/* -- move ----------------------------------------------------------------- */

/* Where the next entry goes in one new chain. */
typedef struct evac_dst {
  place at;
  uint64_t index;
  uint64_t moved;
} evac_dst;

/* A new bucket that nothing has gone to yet. */
static evac_dst fresh(const hmap *m, uint64_t index) {
  return (evac_dst){{bucket_at(m->t, m->buckets, index), 0}, index, 0};
}

static ALWAYS_INLINE void append(hmap *m, const hmap_type *t, evac_dst *d,
                                 uint8_t top, const void *key,
                                 const void *elem) {
  if (UNLIKELY(d->at.i == HMAP_BUCKET_COUNT))
    d->at = (place){hmapi_new_overflow(m, d->at.b, d->index), 0};
  d->at.b->tophash[d->at.i] = top;
  copy_cell(key_slot(&t->key, d->at.b, d->at.i), key, t->key.slot);
  copy_cell(elem_slot(t, &t->key, d->at.b, d->at.i), elem, t->elem.slot);
  d->at.i++;
  d->moved++;
}

/* A long text has the low bits of its hash with it. */
static ALWAYS_INLINE bool knows_low_hash(const hmap *m, const cell_type *c,
                                         const void *key) {
  return (c->kind == HMAP_STRING || c->kind == HMAP_ANY) &&
         m->B <= HASH_BITS_KEPT && is_long_text(key);
}

/* The hash of a stored key, as far as a growth needs it: the bits below B. */
static ALWAYS_INLINE uint64_t low_hash(const hmap *m, const cell_type *c,
                                       const void *key) {
  return knows_low_hash(m, c, key) ? stored_hash_bits(key) : hash_of(m, c, key);
}

/* A NaN has no hash to go by, only the upper bits of one of the moment. With an
** iterator at work (which must find it again) the parity of its tophash says
** where, and the tophash is made new. */
static uint64_t nan_destination(const hmap *m, uint64_t o, const void *key,
                                uint8_t *top) {
  uint64_t hash = hash_of(m, &m->t->key, key);
  if (!(m->flags & HMAP_ITERATOR))
    return o + (hash & m->mask & ~mask_of(m->oldB));
  uint64_t y = *top & 1;
  *top = tophash(hash);
  return o + (y << m->oldB);
}

/* The only move that hashes a key under a new hash key: what the cell knows of
** its hash goes along. */
static uint64_t rekey_destination(const hmap *m, void *key, uint8_t *top) {
  const cell_type *c = &m->t->key;
  uint64_t hash = hash_of(m, c, key);
  *top = tophash(hash);
  if (c->kind == HMAP_STRING || c->kind == HMAP_ANY)
    store_hash_bits(key, hash);
  return hash & m->mask;
}

static ALWAYS_INLINE uint64_t destination(const hmap *m, const cell_type *c,
                                          hmap_growth kind, uint64_t o,
                                          void *key, uint8_t *top) {
  if (kind == HMAP_GROW_REKEY)
    return rekey_destination(m, key, top);
  if (kind != HMAP_GROW_DOUBLE)
    return o & m->mask;
  if (irreflexive(c, key))
    return nan_destination(m, o, key, top);
  return low_hash(m, c, key) & m->mask;
}

/* To a chain that is not at hand, and may hold entries already. */
static NOINLINE void move_far(hmap *m, uint64_t index, uint8_t top,
                              const void *key, const void *elem) {
  evac_dst far = fresh(m, index);
  far.at = first_empty(m->t, far.at.b, NULL);
  append(m, m->t, &far, top, key, elem);
}

/* The chains X and Y of a growth are at hand. */
static ALWAYS_INLINE void move_slot(hmap *m, const hmap_type *t,
                                    hmap_growth kind, uint64_t o, place from,
                                    evac_dst dst[2]) {
  uint8_t top = from.b->tophash[from.i];
  void *cell = key_at(&t->key, from.b, from.i);
  uint64_t index = destination(m, &t->key, kind, o, cell, &top);
  const void *key = key_slot(&t->key, from.b, from.i);
  const void *elem = elem_slot(t, &t->key, from.b, from.i);
  bool y = index != dst[0].index;
  from.b->tophash[from.i] = (uint8_t)(EVACUATED_X + y);
  bool merges = kind == HMAP_GROW_REKEY || kind == HMAP_GROW_SHRINK;
  if (LIKELY(index == dst[y].index && !merges)) {
    append(m, t, &dst[y], top, key, elem);
  } else {
    move_far(m, index, top, key, elem);
    dst[y].moved++;
  }
}

static ALWAYS_INLINE void move_all_slots(hmap *m, const hmap_type *t,
                                         hmap_growth kind, uint64_t o,
                                         evac_dst dst[2]) {
  for (bmap *b = bucket_at(t, m->oldbuckets, o); b != NULL;
       b = overflow_of(t, b))
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      if (is_empty(b->tophash[i]))
        b->tophash[i] = EVACUATED_EMPTY;
      else
        move_slot(m, t, kind, o, (place){b, i}, dst);
}

/* The commonest moves are compiled for their types and kind. */
static void move_chain(hmap *m, uint64_t o, evac_dst dst[2]) {
  hmap_growth kind = (hmap_growth)m->resize_kind;
  bool words = is_to_word(m->t) && has_word_key(m->t);
  if (words && kind == HMAP_GROW_DOUBLE && fast_path_ok(m, PATH_WORD))
    move_all_slots(m, &word_to_word, HMAP_GROW_DOUBLE, o, dst);
  else if (words)
    move_all_slots(m, &word_to_word, kind, o, dst);
  else if (is_to_word(m->t) && has_text_key(m->t))
    move_all_slots(m, &text_to_word, kind, o, dst);
  else
    move_all_slots(m, m->t, kind, o, dst);
}

/* Go clears a bucket with pointers for its collector, unless an iterator of
** Go's may still read it; here it frees the overflow buckets in good time. An
** array that will go back in slices lets them go in any case. */
static void leave_behind(hmap *m, bmap *base) {
  const hmap_type *t = m->t;
  bool clear = t->bucket_pointers && !(m->flags & HMAP_OLD_ITERATOR);
  if (!clear && !m->old->sliced)
    return;
  hmapi_free_chain(m, m->old, base, false);
  set_overflow(t, base, NULL);
  if (clear)
    memset((char *)base + t->keys_at, 0, t->overflow_at - t->keys_at);
}

static uint64_t entries_in(const hmap_type *t, const bmap *b) {
  uint64_t n = 0;
  for (; b != NULL; b = overflow_of(t, b))
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      n += b->tophash[i] >= MIN_TOPHASH;
  return n;
}

static uint64_t overflow_needed(const hmap *m, const bmap *base,
                                uint64_t length) {
  switch ((hmap_growth)m->resize_kind) {
  case HMAP_GROW_SHRINK:
    return (entries_in(m->t, base) + HMAP_BUCKET_COUNT - 1) / HMAP_BUCKET_COUNT;
  case HMAP_GROW_REKEY:
    return entries_in(m->t, base);
  default:
    return length - 1;
  }
}

/* -- the move observed ---------------------------------------------------- */

/* Whether this entry's move computes its hash. */
static bool will_hash(const hmap *m, const void *key) {
  return m->resize_kind == HMAP_GROW_REKEY ||
         (m->resize_kind == HMAP_GROW_DOUBLE &&
          !knows_low_hash(m, &m->t->key, key));
}

static hmap_touch move_of(const hmap *m, uint64_t o, const void *key) {
  const cell_type *c = &m->t->key;
  hmap_touch t = {HMAP_TOUCH_MOVE, key, 0, HMAP_NEW, o & m->mask, o};
  if (irreflexive(c, key))
    return t;
  t.hash = hash_of(m, c, key);
  if (m->resize_kind == HMAP_GROW_DOUBLE || m->resize_kind == HMAP_GROW_REKEY)
    t.bucket = t.hash & m->mask;
  return t;
}

/* Tells of and counts what the move of this chain is about to do. */
static NOINLINE void observe_move(const hmap *m, uint64_t o, bmap *b) {
  const hmap_type *t = m->t;
  for (; b != NULL; b = overflow_of(t, b)) {
    COUNT_WORK(&m->heap, slots, HMAP_BUCKET_COUNT);
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
      if (is_empty(b->tophash[i]))
        continue;
      const void *key = key_at(&t->key, b, i);
      COUNT_WORK(&m->heap, moved, 1);
      COUNT_WORK(&m->heap, hashes, will_hash(m, key));
      notify_entry(m, move_of(m, o, key));
    }
  }
  COUNT_WORK(&m->heap, evacuated, 1);
}

/* -- one old bucket ------------------------------------------------------- */

static hmap_status move_bucket(hmap *m, uint64_t o) {
  bmap *base = bucket_at(m->t, m->oldbuckets, o);
  uint64_t length = chain_length(m->t, base);
  hmap_status status =
      hmapi_reserve_overflow(m, overflow_needed(m, base, length));
  if (status == HMAP_OK && m->iters != NULL)
    status = hmapi_iters_save_pending(m, base);
  if (status != HMAP_OK)
    return status;
  evac_dst dst[2] = {fresh(m, o & m->mask),
                     fresh(m, (o + noldbuckets(m)) & m->mask)};
  if (UNLIKELY(m->has_observers))
    observe_move(m, o, base);
  move_chain(m, o, dst);
  m->overflow_in_use -= length - 1;
  m->moved++;
  leave_behind(m, base);
  emit(m, (hmap_event){.kind = HMAP_EVENT_EVACUATE,
                       .growth = (hmap_growth)m->resize_kind,
                       .bucket = o,
                       .to_x = dst[0].moved,
                       .to_y = dst[1].moved});
  return HMAP_OK;
}

/* The mark goes over at most this many moved buckets a call. */
#define MARK_STEP 1024

static void advance_evacuation_mark(hmap *m) {
  uint64_t from = m->nevacuate, stop = from + 1 + MARK_STEP;
  if (stop > noldbuckets(m))
    stop = noldbuckets(m);
  m->nevacuate++;
  while (m->nevacuate < stop &&
         evacuated(bucket_at(m->t, m->oldbuckets, m->nevacuate)))
    m->nevacuate++;
  COUNT_WORK(&m->heap, passed, m->nevacuate - from);
  if (m->nevacuate == noldbuckets(m))
    hmapi_end_resize(m);
  else if (m->old->sliced)
    hmapi_array_give(m, m->old, (size_t)m->nevacuate * m->t->bucket_size);
}

/* Moves old bucket o unless it has moved, and lets the mark pass. */
static hmap_status evacuate(hmap *m, uint64_t o) {
  if (!old_moved(m, o)) {
    hmap_status status = move_bucket(m, o);
    if (status != HMAP_OK)
      return status;
  }
  if (o == m->nevacuate)
    advance_evacuation_mark(m);
  return HMAP_OK;
}

hmap_status hmapi_evacuate_next(hmap *m) { return evacuate(m, m->nevacuate); }

/* Moves at the mark: one old bucket, or up to empty_visits that are empty.
** Refused, it is done another time. */
static void step_at_mark(hmap *m) {
  for (uint32_t n = m->policy.empty_visits; n > 0 && growing(m); n--) {
    bmap *b = bucket_at(m->t, m->oldbuckets, m->nevacuate);
    bool empty = b->tophash[0] == EMPTY_REST;
    if (hmapi_evacuate_next(m) != HMAP_OK || !empty)
      return;
  }
}

/* One of `moves` is for the bucket that the write needs; a policy of one move
** spends it at the mark when that bucket has moved before. While a rekey waits
** there is reason to hurry. */
static uint32_t moves_at_mark(const hmap *m, bool moved_before) {
  const hmap_policy *p = &m->policy;
  const uint32_t hurry = 16;
  if (p->step_on == HMAP_STEP_MANUAL)
    return 0;
  if (m->pending.rekey && p->moves < hurry)
    return hurry;
  return p->moves > 1 ? p->moves - 1 : moved_before;
}

void hmapi_prefetch_move(const hmap *m, uint64_t o) {
  prefetch_bucket(bucket_at(m->t, m->oldbuckets, o));
  if (merging(m))
    return;
  prefetch_bucket(bucket_at(m->t, m->buckets, o));
  if (m->B != m->oldB)
    prefetch_bucket(bucket_at(m->t, m->buckets, o + noldbuckets(m)));
}

hmap_status hmapi_grow_work(hmap *m, uint64_t o) {
  if (o >= m->nevacuate)
    hmapi_prefetch_move(m, o);
  if (m->nevacuate + 1 < noldbuckets(m))
    hmapi_prefetch_move(m, m->nevacuate + 1);
  bool moved_before = old_moved(m, o);
  hmap_status status = evacuate(m, o);
  if (status != HMAP_OK)
    return status;
  for (uint32_t n = moves_at_mark(m, moved_before); n > 0 && growing(m); n--)
    step_at_mark(m);
  return HMAP_OK;
}

/* -- moves on request ------------------------------------------------------ */

hmap_status hmap_step(hmap *m, size_t n, size_t *moved, size_t *remaining) {
  hmap_status status = HMAP_OK;
  uint64_t before = m->moved;
  begin_op(m, HMAP_OP_STEP);
  for (size_t i = 0; i < n && growing(m); i++)
    if ((status = hmapi_evacuate_next(m)) != HMAP_OK)
      break;
  size_t done = (size_t)(m->moved - before);
  for (size_t i = 0; i < n && m->heap.deferred; i++)
    hmapi_do_deferred(m);
  end_op(m);
  if (moved != NULL)
    *moved = done;
  if (remaining != NULL)
    *remaining = growing(m) ? (size_t)(noldbuckets(m) - m->moved) : 0;
  return status;
}

void hmap_read_step(hmap *m) {
  begin_op(m, HMAP_OP_READ_STEP);
  if (growing(m) && m->policy.step_on == HMAP_STEP_ON_READ_WRITE)
    step_at_mark(m);
  if (m->heap.deferred)
    hmapi_do_deferred(m);
  end_op(m);
}
