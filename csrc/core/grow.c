/* grow.c: growth, the heart of the map.
**
** A growth begins with one allocation and moves nothing. From then on every
** write first moves the old chain that it needs and one more, so that the old
** array is empty before the new one can be full:
**
**   hash_grow      old [w w w w]            new [. . . . . . . .]
**   put in 2       old [m w m w]  mark 1    new [a . c . a . c .]
**   put in 5 (1)   old [m m m m]  mark 4    the growth is over
**
** Entries of old bucket o go to X = o or Y = o + 2^oldB, by hash bit oldB. The
** order of a chain is kept and its gaps vanish; growth to the same size does
** nothing else. (hmap_reserve may add several bits at once; then o spreads to
** o + k * 2^oldB.)
**
** Failure: a growth that cannot allocate its array has changed nothing. A chain
** of n buckets needs at most n - 1 overflow buckets where it goes, since
** ceil(a/8) - 1 summed over the destinations is below (8n)/8; evacuate reserves
** them first, and cannot fail afterwards. When the reserve fails the chain
** stays, whole and readable, in the old array.
**
** Source: Go 1.19 runtime/map.go, hashGrow, growWork, evacuate,
** advanceEvacuationMark, overLoadFactor, tooManyOverflowBuckets.
*/
#include "grow.h"

#include "hash.h"
#include "text.h"

/* -- when ----------------------------------------------------------------- */

/* 13/2 = 6.5 entries a bucket. */
#define LOAD_FACTOR_NUM 13u
#define LOAD_FACTOR_DEN 2u

uint64_t hmapi_threshold(unsigned B) {
  return B == 0 ? HMAP_BUCKET_COUNT
                : LOAD_FACTOR_NUM * ((UINT64_C(1) << B) / LOAD_FACTOR_DEN);
}

bool hmapi_over_load_factor(uint64_t count, unsigned B) {
  return count > hmapi_threshold(B);
}

unsigned hmapi_least_B(uint64_t hint) {
  unsigned B = 0;
  while (B < MAX_B && hmapi_over_load_factor(hint, B))
    B++;
  return B;
}

/* As many overflow buckets as buckets; the counter has 16 bits. */
static bool too_many_overflow_buckets(uint16_t noverflow, unsigned B) {
  return noverflow >= 1u << (B > 15 ? 15 : B);
}

bool hmapi_wants_growth(const hmap *m) {
  return !growing(m) && (hmapi_over_load_factor(m->count + 1, m->B) ||
                         too_many_overflow_buckets(m->noverflow, m->B));
}

/* -- begin ---------------------------------------------------------------- */

static void commit_growth(hmap *m, hmap_growth kind, array *to) {
  uint8_t flags = m->flags & (uint8_t) ~(HMAP_ITERATOR | HMAP_OLD_ITERATOR);
  if (m->flags & HMAP_ITERATOR)
    flags |= HMAP_OLD_ITERATOR;
  if (kind == HMAP_GROW_SAME_SIZE)
    flags |= HMAP_SAME_SIZE_GROW;
  m->flags = flags;
  m->growth = (uint8_t)kind;
  m->growths[kind]++;
  m->oldB = m->B;
  m->old = m->array;
  m->oldbuckets = m->buckets;
  m->array = to;
  m->buckets = to->buckets;
  m->nevacuate = 0;
  m->noverflow = 0;
  m->used_prealloc = 0;
}

hmap_status hmapi_begin_growth(hmap *m, hmap_growth kind, unsigned B) {
  assert(!growing(m));
  hmap_status why = HMAP_OK;
  array *to = hmapi_array_new(m, B, &why);
  if (to == NULL)
    return why;
  commit_growth(m, kind, to);
  m->B = (uint8_t)B;
  emit(m, (hmap_event){.kind = HMAP_EVENT_GROW_BEGIN,
                       .growth = kind,
                       .from = noldbuckets(m),
                       .to = nbuckets(m)});
  return HMAP_OK;
}

hmap_status hmapi_hash_grow(hmap *m) {
  if (hmapi_over_load_factor(m->count + 1, m->B))
    return hmapi_begin_growth(m, HMAP_GROW_DOUBLE, m->B + 1u);
  return hmapi_begin_growth(m, HMAP_GROW_SAME_SIZE, m->B);
}

/* -- end ------------------------------------------------------------------ */

static void end_growth(hmap *m) {
  hmap_event event = {.kind = HMAP_EVENT_GROW_END,
                      .growth = (hmap_growth)m->growth,
                      .from = noldbuckets(m),
                      .to = nbuckets(m)};
  hmapi_retire(m, m->old, false);
  m->old = NULL;
  m->oldbuckets = NULL;
  m->flags &= (uint8_t)~HMAP_SAME_SIZE_GROW;
  if (m->reserve > 0)
    m->chores = true;
  emit(m, event);
}

/* The mark goes over at most this many moved buckets a call. */
#define MARK_STEP 1024

static void advance_evacuation_mark(hmap *m) {
  uint64_t stop = m->nevacuate + 1 + MARK_STEP;
  if (stop > noldbuckets(m))
    stop = noldbuckets(m);
  m->nevacuate++;
  while (m->nevacuate < stop &&
         evacuated(bucket_at(m->t, m->oldbuckets, m->nevacuate)))
    m->nevacuate++;
  if (m->nevacuate == noldbuckets(m))
    end_growth(m);
  else
    hmapi_array_give(m, m->old, m->nevacuate * m->t->bucket_size);
}

/* -- move ----------------------------------------------------------------- */

/* Where the next entry goes in one new chain. */
typedef struct evac_dst {
  bmap *b;
  unsigned i;
  uint64_t index;
  uint64_t moved;
} evac_dst;

/* A new bucket that nothing has gone to yet. */
static evac_dst fresh(const hmap *m, uint64_t index) {
  return (evac_dst){bucket_at(m->t, m->buckets, index), 0, index, 0};
}

/* The end of a chain that evacuation is filling: it has no gaps. */
static evac_dst seek(const hmap *m, uint64_t index) {
  evac_dst d = fresh(m, index);
  for (bmap *next; (next = overflow_of(m->t, d.b)) != NULL;)
    d.b = next;
  slots s = match_empty(d.b);
  d.i = s != 0 ? first(s) : HMAP_BUCKET_COUNT;
  return d;
}

static void append(hmap *m, evac_dst *d, uint8_t top, const void *key,
                   const void *elem) {
  if (d->i == HMAP_BUCKET_COUNT) {
    d->b = hmapi_new_overflow(m, d->b, d->index);
    d->i = 0;
  }
  d->b->tophash[d->i] = top;
  copy_cell(key_slot(&m->t->key, d->b, d->i), key, m->t->key.slot);
  copy_cell(elem_slot(m->t, &m->t->key, d->b, d->i), elem, m->t->elem.slot);
  d->i++;
  d->moved++;
}

/* The hash of a stored key, as far as evacuation needs it: the bits below B.
** A long text has most of them with it. */
static uint64_t low_hash(const hmap *m, const void *key) {
  const cell_type *c = &m->t->key;
  if ((c->kind == HMAP_STRING || c->kind == HMAP_ANY) &&
      m->B <= HASH_BITS_KEPT &&
      ((const hmap_cell *)key)->c.tag == HMAP_TAG_TEXT)
    return text_marked(key);
  return hash_key(m, c, key);
}

/* Which of the 2^(B - oldB) new buckets of its old one a key goes to. A NaN
** has no hash to go by: with an iterator at work (which must find it again)
** the parity of its tophash says where, and it gets a new one; else the hash
** of the moment. */
static uint64_t destination(const hmap *m, const void *key, uint8_t *top) {
  if (m->B == m->oldB)
    return 0;
  if (irreflexive(&m->t->key, key) && (m->flags & HMAP_ITERATOR)) {
    uint64_t y = *top & 1;
    *top = tophash(hash_key(m, &m->t->key, key));
    return y;
  }
  return (low_hash(m, key) & mask_of(m->B)) >> m->oldB;
}

/* X and Y are at hand; the further parts of a larger growth are looked up. */
static void move_slot(hmap *m, bmap *b, unsigned i, evac_dst dst[2]) {
  const hmap_type *t = m->t;
  uint8_t top = b->tophash[i];
  uint64_t half = destination(m, key_at(&t->key, b, i), &top);
  void *key = key_slot(&t->key, b, i), *elem = elem_slot(t, &t->key, b, i);
  b->tophash[i] = (uint8_t)(EVACUATED_X + (half != 0));
  if (half < 2) {
    append(m, &dst[half], top, key, elem);
  } else {
    evac_dst far = seek(m, dst[0].index + (half << m->oldB));
    append(m, &far, top, key, elem);
    dst[1].moved++;
  }
}

static uint64_t chain_length(const hmap_type *t, const bmap *b) {
  uint64_t n = 0;
  for (; b != NULL; b = overflow_of(t, b))
    n++;
  return n;
}

static void move_chain(hmap *m, uint64_t o, evac_dst dst[2]) {
  for (bmap *b = bucket_at(m->t, m->oldbuckets, o); b != NULL;
       b = overflow_of(m->t, b))
    for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
      if (is_empty(b->tophash[i]))
        b->tophash[i] = EVACUATED_EMPTY;
      else
        move_slot(m, b, i, dst);
}

/* Go clears a bucket with pointers for its collector, unless an iterator of
** Go's may still read it; here it frees the overflow buckets in good time. An
** array that will go back in slices lets them go in any case. */
static void leave_behind(hmap *m, bmap *base) {
  const hmap_type *t = m->t;
  bool clear = t->bucket_pointers && !(m->flags & HMAP_OLD_ITERATOR);
  if (!clear && !m->old->mapped)
    return;
  hmapi_free_chain(m, m->old, base, false);
  set_overflow(t, base, NULL);
  if (clear)
    memset((char *)base + t->keys_at, 0, t->overflow_at - t->keys_at);
}

static hmap_status move_bucket(hmap *m, uint64_t o) {
  bmap *base = bucket_at(m->t, m->oldbuckets, o);
  uint64_t length = chain_length(m->t, base);
  hmap_status status = hmapi_reserve_overflow(m, length - 1);
  if (status == HMAP_OK && m->iters != NULL)
    status = hmapi_iters_settle(m, base);
  if (status != HMAP_OK)
    return status;
  evac_dst dst[2] = {fresh(m, o),
                     fresh(m, (o + noldbuckets(m)) & mask_of(m->B))};
  move_chain(m, o, dst);
  m->overflow_in_use -= length - 1;
  leave_behind(m, base);
  emit(m, (hmap_event){.kind = HMAP_EVENT_EVACUATE,
                       .growth = (hmap_growth)m->growth,
                       .bucket = o,
                       .to_x = dst[0].moved,
                       .to_y = dst[1].moved});
  return HMAP_OK;
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

hmap_status hmapi_grow_work(hmap *m, uint64_t bucket) {
  hmap_status status = evacuate(m, bucket & mask_of(m->oldB));
  if (status == HMAP_OK && growing(m))
    (void)evacuate(m, m->nevacuate); /* refused: it is moved another time */
  return status;
}

/* -- afterwards ----------------------------------------------------------- */

/* Old buckets that one write empties of an array in the attic. */
#define REAP_BUCKETS 4

void hmapi_do_chores(hmap *m) {
  bool more = hmapi_reap(m, REAP_BUCKETS);
  if (m->reserve > 0 && !growing(m)) {
    uint64_t n = m->reserve;
    m->reserve = 0;
    if (hmapi_over_load_factor(n, m->B)) /* refused: it grows when it must */
      (void)hmapi_begin_growth(m, HMAP_GROW_DOUBLE, hmapi_least_B(n));
  }
  m->chores = more || m->reserve > 0;
}
