/* map.c: every entry point that makes, reads, writes or empties a map.
**
** A write has three parts: grow_work brings the entries it may touch into the
** new array; the probe says where the key is or where it would go; then, with
** all memory in hand, the change is made. Until that moment every failure
** leaves the map reading as before.
**
** Source: Go 1.19 runtime/map.go, makemap, mapaccess1, mapassign, mapdelete;
** Go 1.21's mapclear.
*/
#include <stdlib.h>

#include "grow.h"
#include "hash.h"
#include "ledger.h"
#include "map.h"
#include "pages.h"
#include "probe.h"
#include "road.h"
#include "slab.h"
#include "text.h"
#include "writes.h"

const char *hmap_status_text(hmap_status status) {
  switch (status) {
  case HMAP_OK:
    return "ok";
  case HMAP_ENOMEM:
    return "not enough memory";
  case HMAP_ELIMIT:
    return "max_bytes would be passed";
  case HMAP_ETOOBIG:
    return "too big";
  case HMAP_EINVAL:
    return "invalid type or option";
  case HMAP_ECURSOR:
    return "cursor is of no use to this map";
  }
  return "unknown status";
}

/* -- life ----------------------------------------------------------------- */

static void *system_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, nsize);
}

static bool hash_ok(const hmap_options *o) {
  switch (o->hash) {
  case HMAP_HASH_IDENTITY:
    return is_int(o->key.kind);
  case HMAP_HASH_CUSTOM:
    return o->hash_fn != NULL;
  default:
    return (unsigned)o->hash <= HMAP_HASH_CUSTOM;
  }
}

static void init_options(hmap *m, const hmap_options *o) {
  m->k =
      (hash_key){.hash = (uint8_t)o->hash, .fn = o->hash_fn, .ud = o->hash_ud};
  m->alloc = o->alloc != NULL ? o->alloc : system_alloc;
  m->alloc_ud = o->alloc_ud;
  m->map_min = o->map_min != 0 ? o->map_min : DEFAULT_MAP_MIN;
  m->max_bytes = o->max_bytes;
  if (o->pages != NULL)
    m->pages = *o->pages;
  else
    (void)hmapi_system_pages(&m->pages);
  if (m->pages.map == NULL)
    m->map_min = SIZE_MAX;
  m->rng = o->seeded ? o->seed : hmapi_system_random();
}

static hmap_status make_type(hmap *m, const hmap_options *o) {
  size_t nfields;
  hmap_status status = hmapi_type_check(&o->key, &o->elem, &nfields);
  if (status != HMAP_OK)
    return status;
  hmap_type *t =
      hmapi_alloc(m, PART_HEADER, sizeof *t + nfields * sizeof(field), &status);
  if (t == NULL)
    return status;
  hmapi_type_init(t, &o->key, &o->elem);
  m->t = t;
  return HMAP_OK;
}

static hmap_status make_secret(hmap *m, const hmap_options *o) {
  if (!o->seeded) {
    set_secret(&m->k, hmapi_process_secret(), false);
    return HMAP_OK;
  }
  hmap_status status = HMAP_OK;
  uint8_t *secret = hmapi_alloc(m, PART_HEADER, SECRET_BYTES, &status);
  if (secret == NULL)
    return status;
  hmapi_seeded_secret(o->seed, secret);
  set_secret(&m->k, secret, true);
  return HMAP_OK;
}


/* Go takes a hint that no memory could hold for none at all. */
static uint64_t sane_hint(const hmap *m, int64_t hint) {
  const uint64_t max_alloc = UINT64_C(1) << 48;
  if (hint < 0 || (uint64_t)hint > max_alloc / m->t->bucket_size)
    return 0;
  return (uint64_t)hint;
}

/* Never 0, which stands for no map. */
static uint64_t map_id(uint64_t seed) { return seed * GOLDEN | 1; }

static hmap_status make_map(hmap *m, const hmap_options *o) {
  hmap_status status = make_type(m, o);
  if (status == HMAP_OK)
    status = make_secret(m, o);
  if (status != HMAP_OK)
    return status;
  hmapi_draw_hash0(m);
  m->id = o->seeded ? map_id(o->seed) : hmapi_system_random() | 1;
  hmap_policy policy =
      o->policy != NULL ? *o->policy : hmap_policy_of(HMAP_POLICY_GO);
  status = hmap_tune(m, &policy);
  unsigned B = hmapi_least_B(m, sane_hint(m, o->hint));
  return status != HMAP_OK || B == 0 ? status : hmapi_first_array(m, B);
}

hmap_status hmap_new(const hmap_options *o, hmap **out) {
  *out = NULL;
  if (!hash_ok(o))
    return HMAP_EINVAL;
  hmap scratch = {.count = 0};
  init_options(&scratch, o);
  hmap_status status = HMAP_OK;
  hmap *m = hmapi_alloc(&scratch, PART_HEADER, sizeof *m, &status);
  if (m == NULL)
    return status;
  *m = scratch;
  status = make_map(m, o);
  if (status == HMAP_OK)
    *out = m;
  else
    hmap_free(m);
  return status;
}

static void defer_free_all(hmap *m) {
  m->sink = NULL;
  hmap_set_watch(m, NULL, NULL);
  hmapi_close_op_stats(m);
  hmapi_iters_detach(m);
  if (m->old != NULL)
    hmapi_defer_free(m, m->old, true);
  if (m->array != NULL)
    hmapi_defer_free(m, m->array, true);
  m->old = m->array = NULL;
  if (m->next_array != NULL)
    hmapi_unmap_next(m);
  hmapi_free_reserved(m);
}

static void free_header(hmap *m) {
  hmapi_slabs_close(m);
  hmapi_forget_hash_keys(m, 0);
  if (m->k.own_secret)
    hmapi_free(m, PART_HEADER, (void *)(uintptr_t)m->k.secret, SECRET_BYTES);
  if (m->t != NULL)
    hmapi_free(m, PART_HEADER, m->t, m->t->bytes);
  assert(m->bytes == sizeof *m);
  m->alloc(m->alloc_ud, m, sizeof *m, 0);
}

/* Frees up to *n parts, which it counts down; whether all is gone, m too. */
static bool free_parts(hmap *m, size_t *n) {
  while (m->pending_free != NULL || hmapi_slabs_have_excess(m)) {
    if (*n == 0)
      return false;
    --*n;
    if (!hmapi_free_step(m, FREE_STEP_BUCKETS))
      hmapi_slabs_trim(m);
  }
  free_header(m);
  return true;
}

bool hmap_free_step(hmap *m, size_t n) {
  defer_free_all(m);
  return free_parts(m, &n);
}

void hmap_free(hmap *m) {
  while (m != NULL && !hmap_free_step(m, SIZE_MAX))
    continue;
}

void hmap_free_later(hmap *m, hmap **dying) {
  defer_free_all(m);
  m->next_dying = *dying;
  *dying = m;
}

bool hmap_free_some(hmap **dying, size_t n) {
  while (*dying != NULL && n > 0) {
    hmap *next = (*dying)->next_dying;
    if (!free_parts(*dying, &n))
      return false;
    *dying = next;
    n -= n > 0;
  }
  return *dying == NULL;
}

size_t hmap_dying_bytes(const hmap *dying) {
  size_t bytes = 0;
  for (; dying != NULL; dying = dying->next_dying)
    bytes += dying->bytes;
  return bytes;
}

/* -- read ----------------------------------------------------------------- */

size_t hmap_count(const hmap *m) { return (size_t)m->count; }

static ALWAYS_INLINE const void *get_hashed(const hmap *m, const hmap_type *t,
                                            const cell_type *c, const void *key,
                                            uint64_t hash, visitor *v) {
  place at;
  if (!find_hashed(m, t, c, key, hash, &at, v))
    return NULL;
  return elem_at(t, c, at.b, at.i);
}

static ALWAYS_INLINE const void *get(const hmap *m, const hmap_type *t,
                                     const cell_type *c, const void *key,
                                     visitor *v) {
  if (m->count == 0)
    return NULL;
  return get_hashed(m, t, c, key, hash_of(m, c, key), v);
}

/* The work of a search, in the account of its operation. */
static void count_search(const hmap *m, const visitor *v) {
  COUNT_WORK(m, hashes, v->hashes);
  COUNT_WORK(m, slots, v->buckets * HMAP_BUCKET_COUNT);
  COUNT_WORK(m, comparisons, v->comparisons);
}

static NOINLINE const void *counted_get(const hmap *m, const void *key) {
  visitor v = {.hashes = m->count > 0};
  begin_op(m, HMAP_OP_GET);
  const void *elem = get(m, m->t, &m->t->key, key, &v);
  count_search(m, &v);
  end_op(m);
  return elem;
}

const void *hmap_get(const hmap *m, const void *key) {
  if (UNLIKELY(m->has_observers))
    return counted_get(m, key);
  return get(m, m->t, &m->t->key, key, NULL);
}

/* -- typed entries -------------------------------------------------------- */

/* Each is several times the same, from the shortest road to the longest:
**
**   PATH_STILL   the type is a constant, and there is one array (reads)
**   PATH_WORD    the type is a constant (writes)
**   PATH_TYPED   that of keys is
**   PATH_GENERAL     the general entry: nothing is
**
** What leaves the first takes the key by value: so its address is nowhere
** needed, and it stays in a register. */
static void expect_word_key(const hmap *m) {
  assert(has_word_key(m->t));
  (void)m;
}
/* A text is the same cell, under the same hash, where any value may be. */
static void expect_text_key(const hmap *m) {
  assert(has_text_key(m->t) || m->t->key.kind == HMAP_ANY);
  (void)m;
}

static NOINLINE const void *get_i64(const hmap *m, int64_t key) {
  if (!fast_path_ok(m, PATH_TYPED))
    return hmap_get(m, &key);
  return get(m, m->t, word_key, &key, NULL);
}

const void *hmap_get_i64(const hmap *m, int64_t key) {
  expect_word_key(m);
  if (!fast_path_ok(m, PATH_STILL))
    return get_i64(m, key);
  uint64_t hash = hash_of(m, word_key, &key);
  return get_hashed(m, &word_to_word, word_key, &key, hash, NULL);
}

static ALWAYS_INLINE const void *get_text_as(const hmap *m, const hmap_type *t,
                                             const char *s, size_t n) {
  hmap_cell key = hmap_text(s, n);
  return get_hashed(m, t, text_key, &key, hash_bytes(&m->k, s, n), NULL);
}

static NOINLINE const void *get_text_slowly(const hmap *m, const char *s,
                                            size_t n) {
  hmap_cell key = hmap_text(s, n);
  return hmap_get(m, &key);
}

static NOINLINE const void *get_str(const hmap *m, const char *s, size_t n) {
  return fast_path_ok(m, PATH_TYPED) ? get_text_as(m, m->t, s, n)
                                     : get_text_slowly(m, s, n);
}

const void *hmap_get_str(const hmap *m, const char *s, size_t n) {
  expect_text_key(m);
  if (!fast_path_ok(m, PATH_STILL))
    return get_str(m, s, n);
  return get_text_as(m, &text_to_word, s, n);
}

/* -- write ---------------------------------------------------------------- */

/* What becomes of an entry that is already there. */
typedef enum if_present { OVERWRITE, KEEP } if_present;

static ALWAYS_INLINE void finish_write(hmap *m) {
  if (UNLIKELY(m->deferred))
    hmapi_do_deferred(m);
}

static uint32_t ref_of(const cell_type *c, const void *cell) {
  const hmap_cell *any = cell;
  return c->kind == HMAP_ANY && any->c.tag == HMAP_TAG_OBJECT ? any->c.len : 0;
}

/* Room for what any slot can hold. */
typedef union slot_room {
  hmap_cell cells[HMAP_MAX_INLINE / sizeof(hmap_cell)];
  void *indirect;
} slot_room;

/* Frees nothing of the old elem before it has all that the new one needs. */
static NOINLINE hmap_status overwrite_text(hmap *m, void *slot,
                                           const void *elem) {
  const cell_type *c = &m->t->elem;
  slot_room fresh;
  hmap_status status = hmapi_copy_in_slot(m, c, &fresh, elem);
  if (status != HMAP_OK)
    return status;
  m->released.elem_ref = ref_of(c, cell_in(c, slot));
  hmapi_release_slot(m, c, slot);
  memcpy(slot, &fresh, c->slot);
  return HMAP_OK;
}

/* Writes a new elem over the one in this slot. */
static ALWAYS_INLINE hmap_status overwrite(hmap *m, const hmap_type *t,
                                           void *slot, const void *elem) {
  const cell_type *c = &t->elem;
  if (c->text) {
    if (c->nfields != 1 || is_long_text(slot) || is_long_text(elem))
      return overwrite_text(m, slot, elem);
    m->released.elem_ref = ref_of(c, slot);
  }
  copy_cell(cell_in(c, slot), elem, c->size);
  return HMAP_OK;
}

/* An equal key may have other bytes (-0 and +0): the last one stays. */
static void update_key(const cell_type *c, void *now, const void *key) {
  for (uint32_t i = 0; i < c->nfields; i++) {
    const field *f = &c->fields[i];
    bool number = f->kind == HMAP_FLOAT32 || f->kind == HMAP_FLOAT64 ||
                  (f->kind == HMAP_ANY &&
                   ((const hmap_cell *)key)->c.tag == HMAP_TAG_FLOAT);
    if (number)
      memcpy((char *)now + f->offset, (const char *)key + f->offset, f->size);
  }
}

/* Makes the slots of a new entry own copies of key and elem, or neither. */
static NOINLINE hmap_status copy_in_both(hmap *m, void *key_to, const void *key,
                                         void *elem_to, const void *elem) {
  const hmap_type *t = m->t;
  hmap_status status = hmapi_copy_in_slot(m, &t->key, key_to, key);
  if (status != HMAP_OK)
    return status;
  status = hmapi_copy_in_slot(m, &t->elem, elem_to, elem);
  if (status != HMAP_OK)
    hmapi_release_slot(m, &t->key, key_to);
  return status;
}

static ALWAYS_INLINE void store_entry(hmap *m, const hmap_type *t,
                                      const cell_type *c, place at,
                                      const void *key, const void *elem,
                                      uint64_t hash) {
  copy_cell(key_slot(c, at.b, at.i), key, c->slot);
  copy_cell(elem_slot(t, c, at.b, at.i), elem, t->elem.slot);
  at.b->tophash[at.i] = tophash(hash);
  m->count++;
  m->released.inserted = true;
}

/* Puts a new entry into the empty slot `at`, or slot 0 of a new overflow bucket
** if there is none. All memory is in hand before anything is written. */
static ALWAYS_INLINE hmap_status insert_at(hmap *m, const hmap_type *t,
                                           const cell_type *c, place *at,
                                           const void *key, const void *elem,
                                           uint64_t hash) {
  slot_room key_copy, elem_copy;
  hmap_status status = HMAP_OK;
  bool full = at->i == HMAP_BUCKET_COUNT;
  if (UNLIKELY(full))
    status = hmapi_reserve_overflow(m, 1);
  if (status == HMAP_OK && t->bucket_pointers) {
    status = copy_in_both(m, &key_copy, key, &elem_copy, elem);
    key = &key_copy;
    elem = &elem_copy;
  }
  if (UNLIKELY(status != HMAP_OK))
    return status;
  if (UNLIKELY(full))
    *at = (place){hmapi_new_overflow(m, at->b, hash & m->mask), 0};
  m->nans += irreflexive(c, key);
  store_entry(m, t, c, *at, key, elem, hash);
  if (UNLIKELY(full))
    hmapi_after_overflow(m, hash & m->mask);
  return HMAP_OK;
}

/* A cell that a move cannot take away: what a caller hands in may lie in this
** very map. (Text and indirect cells stay where they are in a move.) */
static NOINLINE const void *copy_to_stack(const cell_type *c, const void *cell,
                                          slot_room *room) {
  if (c->indirect || c->size == 0 || cell == (const void *)room)
    return cell;
  return memcpy(room, cell, c->size);
}

/* Moves the old bucket that a write of this key needs, and more. */
static ALWAYS_INLINE hmap_status work_for(hmap *m, const cell_type *c,
                                          const void *key, uint64_t hash,
                                          visitor *v) {
  visit_old_hash(m, v);
  return hmapi_grow_work(m, old_hash(m, c, key, hash) & mask_of(m->oldB));
}

/* Finds key or makes room for it: *at is its slot afterwards. */
static ALWAYS_INLINE hmap_status assign(hmap *m, const hmap_type *t,
                                        const cell_type *c, const void *key,
                                        uint64_t hash, const void *elem,
                                        if_present then, place *at,
                                        visitor *v) {
  hmap_cell copy;
  key = with_hash_bits(c, key, hash, &copy);
  slot_room key_kept, elem_kept;
  m->released = (hmap_gone){0, 0, false};
  hmap_status status = HMAP_OK;
  if (UNLIKELY(m->buckets == NULL) &&
      (status = hmapi_first_array(m, 0)) != HMAP_OK)
    return status;
  for (bool grown = false;;) {
    if (UNLIKELY(growing(m))) {
      key = copy_to_stack(c, key, &key_kept);
      elem = copy_to_stack(&t->elem, elem, &elem_kept);
      if ((status = work_for(m, c, key, hash, v)) != HMAP_OK)
        return status;
    }
    bmap *b = bucket_at(t, m->buckets, hash & m->mask);
    prefetch_slots(b);
    if (probe(t, c, b, key, tophash(hash), at, v)) {
      if (then == OVERWRITE)
        status = overwrite(m, t, elem_slot(t, c, at->b, at->i), elem);
      if (c->floats && status == HMAP_OK)
        update_key(c, key_at(c, at->b, at->i), key);
      return status;
    }
    if (LIKELY(grown || !wants_growth(m))) {
      *at = first_empty(t, b, v);
      return insert_at(m, t, c, at, key, elem, hash);
    }
    key = copy_to_stack(c, key, &key_kept);
    elem = copy_to_stack(&t->elem, elem, &elem_kept);
    if ((status = hmapi_hash_grow(m)) != HMAP_OK)
      return status;
    grown = true; /* once: a move may be over at once and change little */
  }
}

/* The same, told and counted. */
static hmap_status counted_assign(hmap *m, const void *key, uint64_t hash,
                                  const void *elem, if_present then,
                                  place *at) {
  const cell_type *c = &m->t->key;
  visitor v = {.hashes = 1};
  hmap_status status = assign(m, m->t, c, key, hash, elem, then, at, &v);
  count_search(m, &v);
  if (status == HMAP_OK && (m->released.inserted || then == OVERWRITE))
    notify_entry(m, (hmap_touch){.kind = m->released.inserted
                                             ? HMAP_TOUCH_INSERT
                                             : HMAP_TOUCH_OVERWRITE,
                                 .key = key_at(c, at->b, at->i),
                                 .hash = hash,
                                 .which = HMAP_NEW,
                                 .bucket = hash & m->mask});
  return status;
}

static NOINLINE hmap_status counted_put(hmap *m, const void *key, uint64_t hash,
                                        const void *elem) {
  place at;
  begin_op(m, HMAP_OP_PUT);
  hmap_status status = counted_assign(m, key, hash, elem, OVERWRITE, &at);
  finish_write(m);
  end_op(m);
  return status;
}

static ALWAYS_INLINE hmap_status put_hashed(hmap *m, const hmap_type *t,
                                            const cell_type *c, const void *key,
                                            uint64_t hash, const void *elem) {
  place at;
  hmap_status status = assign(m, t, c, key, hash, elem, OVERWRITE, &at, NULL);
  finish_write(m);
  return status;
}

/* The commonest put: nothing moves, and no memory is wanted. It calls nothing,
** so it saves no registers: a processor holds some sixty stores that wait for
** their lines, and the fewer an operation has, the more operations overlap.
** False: another must do it, nothing has changed. */
static ALWAYS_INLINE bool put_here(hmap *m, const hmap_type *t,
                                   const cell_type *c, const void *key,
                                   uint64_t hash, const void *elem) {
  place at;
  bmap *b = bucket_at(t, m->buckets, hash & m->mask);
  prefetch_slots(b);
  if (UNLIKELY(m->deferred))
    return false;
  if (probe(t, c, b, key, tophash(hash), &at, NULL)) {
    copy_cell(elem_slot(t, c, at.b, at.i), elem, t->elem.slot);
    m->released.inserted = false;
    return true;
  }
  at = first_empty(t, b, NULL);
  if (UNLIKELY(at.i == HMAP_BUCKET_COUNT || wants_growth(m)))
    return false;
  store_entry(m, t, c, at, key, elem, hash);
  return true;
}

hmap_status hmapi_put_hashed(hmap *m, const void *key, uint64_t hash,
                             const void *elem) {
  if (UNLIKELY(m->has_observers))
    return counted_put(m, key, hash, elem);
  if (has_word_key(m->t) && fast_path_ok(m, PATH_STILL) &&
      put_here(m, &word_to_word, word_key, key, hash, elem))
    return HMAP_OK;
  return put_hashed(m, m->t, &m->t->key, key, hash, elem);
}

hmap_status hmap_put(hmap *m, const void *key, const void *elem) {
  return hmapi_put_hashed(m, key, hash_of(m, &m->t->key, key), elem);
}

static ALWAYS_INLINE hmap_status put_word_as(hmap *m, const hmap_type *t,
                                             int64_t key, const void *elem) {
  uint64_t hash = hash_of(m, word_key, &key);
  return put_hashed(m, t, word_key, &key, hash, elem);
}

static NOINLINE hmap_status put_i64(hmap *m, int64_t key, const void *elem) {
  if (fast_path_ok(m, PATH_WORD))
    return put_word_as(m, &word_to_word, key, elem);
  return fast_path_ok(m, PATH_TYPED) ? put_word_as(m, m->t, key, elem)
                                     : hmap_put(m, &key, elem);
}

hmap_status hmap_put_i64(hmap *m, int64_t key, const void *elem) {
  expect_word_key(m);
  if (fast_path_ok(m, PATH_STILL) && put_here(m, &word_to_word, word_key, &key,
                                              hash_of(m, word_key, &key), elem))
    return HMAP_OK;
  return put_i64(m, key, elem);
}

static ALWAYS_INLINE hmap_status put_text_as(hmap *m, const hmap_type *t,
                                             const char *s, size_t n,
                                             const void *elem) {
  hmap_cell key = hmap_text(s, n);
  return put_hashed(m, t, text_key, &key, hash_bytes(&m->k, s, n), elem);
}

static NOINLINE hmap_status put_text_slowly(hmap *m, const char *s, size_t n,
                                            const void *elem) {
  hmap_cell key = hmap_text(s, n);
  return hmap_put(m, &key, elem);
}

static ALWAYS_INLINE hmap_status put_str(hmap *m, const char *s, size_t n,
                                         const void *elem) {
  return fast_path_ok(m, PATH_TYPED) ? put_text_as(m, m->t, s, n, elem)
                                     : put_text_slowly(m, s, n, elem);
}

hmap_status hmap_put_str(hmap *m, const char *s, size_t n, const void *elem) {
  expect_text_key(m);
  if (UNLIKELY(n > HMAP_MAX_TEXT))
    return HMAP_ETOOBIG;
  return fast_path_ok(m, PATH_WORD) ? put_text_as(m, &text_to_word, s, n, elem)
                                    : put_str(m, s, n, elem);
}

hmap_status hmap_get_or_put(hmap *m, const void *key, const void *elem,
                            const void **now, bool *existed) {
  const cell_type *c = &m->t->key;
  slot_room key_kept, elem_kept;
  place at;
  begin_op(m, HMAP_OP_GET_OR_PUT);
  if (UNLIKELY(m->deferred)) { /* first: a move must not take *now away */
    key = copy_to_stack(c, key, &key_kept);
    elem = copy_to_stack(&m->t->elem, elem, &elem_kept);
    hmapi_do_deferred(m);
  }
  uint64_t hash = hash_of(m, c, key);
  hmap_status status =
      UNLIKELY(m->has_observers)
          ? counted_assign(m, key, hash, elem, KEEP, &at)
          : assign(m, m->t, c, key, hash, elem, KEEP, &at, NULL);
  end_op(m);
  if (status == HMAP_OK) {
    *now = elem_at(m->t, c, at.b, at.i);
    *existed = !m->released.inserted;
  }
  return status;
}

hmap_status hmap_assign(hmap *m, const void *key, void **elem, bool *existed) {
  static const hmap_cell zero[HMAP_MAX_INLINE / sizeof(hmap_cell)];
  if (m->t->elem.text || m->t->elem.indirect)
    return HMAP_EINVAL;
  const void *now;
  hmap_status status = hmap_get_or_put(m, key, zero, &now, existed);
  if (status == HMAP_OK)
    *elem = (void *)(uintptr_t)now;
  return status;
}

hmap_gone hmap_let_go(const hmap *m) { return m->released; }

/* -- delete --------------------------------------------------------------- */

/* The bucket before b in the chain that begins at base. */
static bmap *bucket_before(const hmap_type *t, bmap *base, const bmap *b) {
  while (overflow_of(t, base) != b)
    base = overflow_of(t, base);
  return base;
}

static bool rest_is_empty(const hmap_type *t, place at) {
  if (at.i + 1 < HMAP_BUCKET_COUNT)
    return at.b->tophash[at.i + 1] == EMPTY_REST;
  const bmap *next = overflow_of(t, at.b);
  return next == NULL || next->tophash[0] == EMPTY_REST;
}

/* The tombstone rule. A deleted slot is emptyOne; but if nothing follows it in
** its chain it is emptyRest, and so is each emptyOne before it, back to the
** last live slot: searches for absent keys stop there. */
static void mark_deleted(const hmap_type *t, bmap *base, place at) {
  at.b->tophash[at.i] = EMPTY_ONE;
  if (!rest_is_empty(t, at))
    return;
  while (at.b->tophash[at.i] == EMPTY_ONE) {
    at.b->tophash[at.i] = EMPTY_REST;
    if (at.i > 0) {
      at.i--;
    } else if (at.b != base) {
      at = (place){bucket_before(t, base, at.b), HMAP_BUCKET_COUNT - 1};
    }
  }
}

/* Go clears what its collector would follow, and every elem. */
static ALWAYS_INLINE void clear_slot(hmap *m, const cell_type *c, void *slot,
                                     bool elem) {
  if (c->kind == HMAP_ANY)
    *(elem ? &m->released.elem_ref : &m->released.key_ref) = ref_of(c, slot);
  if (c->text || c->indirect)
    hmapi_release_slot(m, c, slot);
  if (elem || c->text || c->indirect)
    clear_cell(slot, c->slot);
}

static ALWAYS_INLINE void empty_slot(hmap *m, const hmap_type *t,
                                     const cell_type *c, bmap *base, place at) {
  clear_slot(m, c, key_slot(c, at.b, at.i), false);
  clear_slot(m, &t->elem, elem_slot(t, c, at.b, at.i), true);
  mark_deleted(t, base, at);
  m->count--;
}

static ALWAYS_INLINE void remove_entry(hmap *m, const hmap_type *t,
                                       const cell_type *c, bmap *base,
                                       place at) {
  empty_slot(m, t, c, base, at);
  if (m->count == 0) {
    m->emptied++;
    hmapi_draw_hash0(m);
  }
  if (UNLIKELY(m->count < m->shrink_threshold))
    hmapi_after_delete(m);
}

/* An entry about to go, where it stands. */
static hmap_touch delete_of(const hmap *m, const void *key, uint64_t hash,
                            const bmap *base) {
  bool old = growing(m) && came_with(m->old, base);
  return (hmap_touch){.kind = HMAP_TOUCH_DELETE,
                      .key = key,
                      .hash = hash,
                      .which = old ? HMAP_OLD : HMAP_NEW,
                      .bucket = hash & mask_of(old ? m->oldB : m->B)};
}

static ALWAYS_INLINE bool delete_hashed(hmap *m, const hmap_type *t,
                                        const cell_type *c, const void *key,
                                        uint64_t hash, visitor *v) {
  m->released = (hmap_gone){0, 0, false};
  slot_room kept;
  if (growing(m)) { /* refused: the entry is deleted where it stands */
    key = copy_to_stack(c, key, &kept);
    (void)work_for(m, c, key, hash, v);
  }
  hmap_cell copy;
  place at;
  bmap *base = locate(m, t, c, key, &hash, v);
  bool found = probe(t, c, base, with_hash_bits(c, key, hash, &copy),
                     tophash(hash), &at, v);
  if (found && v != NULL)
    notify_entry(m, delete_of(m, key, hash, base));
  if (found)
    remove_entry(m, t, c, base, at);
  finish_write(m);
  return found;
}

static NOINLINE bool counted_delete(hmap *m, const void *key, uint64_t hash) {
  visitor v = {.hashes = 1};
  begin_op(m, HMAP_OP_DELETE);
  bool found = delete_hashed(m, m->t, &m->t->key, key, hash, &v);
  count_search(m, &v);
  end_op(m);
  return found;
}

bool hmapi_delete_hashed(hmap *m, const void *key, uint64_t hash) {
  return UNLIKELY(m->has_observers)
             ? counted_delete(m, key, hash)
             : delete_hashed(m, m->t, &m->t->key, key, hash, NULL);
}

bool hmap_delete(hmap *m, const void *key) {
  if (m->count > 0)
    return hmapi_delete_hashed(m, key, hash_of(m, &m->t->key, key));
  begin_op(m, HMAP_OP_DELETE);
  m->released = (hmap_gone){0, 0, false};
  finish_write(m);
  end_op(m);
  return false;
}

static ALWAYS_INLINE bool delete_word_as(hmap *m, const hmap_type *t,
                                         int64_t key) {
  uint64_t hash = hash_of(m, word_key, &key);
  return delete_hashed(m, t, word_key, &key, hash, NULL);
}

/* See put_here. */
static ALWAYS_INLINE bool delete_here(hmap *m, const hmap_type *t,
                                      const cell_type *c, const void *key,
                                      uint64_t hash, bool *found) {
  place at;
  bmap *base = bucket_at(t, m->buckets, hash & m->mask);
  prefetch_slots(base);
  if (UNLIKELY(m->deferred || m->count <= 1 || m->count <= m->shrink_threshold))
    return false;
  *found = probe(t, c, base, key, tophash(hash), &at, NULL);
  if (*found)
    empty_slot(m, t, c, base, at);
  m->released.inserted = false;
  return true;
}

static NOINLINE bool delete_i64(hmap *m, int64_t key) {
  if (m->count == 0 || !fast_path_ok(m, PATH_TYPED))
    return hmap_delete(m, &key);
  return fast_path_ok(m, PATH_WORD) ? delete_word_as(m, &word_to_word, key)
                                    : delete_word_as(m, m->t, key);
}

bool hmap_delete_i64(hmap *m, int64_t key) {
  bool found;
  expect_word_key(m);
  if (fast_path_ok(m, PATH_STILL) &&
      delete_here(m, &word_to_word, word_key, &key, hash_of(m, word_key, &key),
                  &found))
    return found;
  return delete_i64(m, key);
}

static ALWAYS_INLINE bool delete_text_as(hmap *m, const hmap_type *t,
                                         const char *s, size_t n) {
  hmap_cell key = hmap_text(s, n);
  return delete_hashed(m, t, text_key, &key, hash_bytes(&m->k, s, n), NULL);
}

static NOINLINE bool delete_text_slowly(hmap *m, const char *s, size_t n) {
  hmap_cell key = hmap_text(s, n);
  return hmap_delete(m, &key);
}

static ALWAYS_INLINE bool delete_str(hmap *m, const char *s, size_t n) {
  return m->count > 0 && fast_path_ok(m, PATH_TYPED)
             ? delete_text_as(m, m->t, s, n)
             : delete_text_slowly(m, s, n);
}

bool hmap_delete_str(hmap *m, const char *s, size_t n) {
  expect_text_key(m);
  return m->count > 0 && fast_path_ok(m, PATH_WORD)
             ? delete_text_as(m, &text_to_word, s, n)
             : delete_str(m, s, n);
}

/* -- clear ---------------------------------------------------------------- */

/* As in Go: emptied and zeroed where it is. */
static void clear_in_place(hmap *m) {
  array *a = m->array;
  hmapi_free_chains(m, a, true);
  memset((char *)a->buckets, 0, a->bytes);
  COUNT_WORK(m, cleared, a->bytes);
  hmapi_iters_cleared(m, a->buckets, a->n, a->buckets);
}

/* Exchanged for a fresh array, to be emptied bit by bit in the attic; without
** memory for that it is emptied at once after all. */
static void clear_array(hmap *m) {
  array *was = m->array;
  if (hmapi_frees_at_once(m, was, true) ||
      hmapi_first_array(m, m->B) != HMAP_OK) {
    clear_in_place(m);
    return;
  }
  hmapi_iters_cleared(m, was->buckets, was->n, m->buckets);
  hmapi_defer_free(m, was, true);
}

static void drop_old_array(hmap *m) {
  if (!growing(m))
    return;
  hmapi_iters_cleared(m, m->oldbuckets, m->old->n, NULL);
  hmapi_leave_old(m, true);
}

static void clear(hmap *m) {
  clear_array(m);
  drop_old_array(m);
  m->count = 0;
  m->nevacuate = 0;
  m->noverflow = 0;
  m->used_prealloc = 0;
  m->overflow_in_use = 0;
  m->nans = 0;
  m->pending = (pending){.reserve = 0};
  m->emptied++;
  hmapi_draw_hash0(m);
  emit(m, (hmap_event){.kind = HMAP_EVENT_CLEAR});
}

hmap_status hmap_clear(hmap *m) {
  begin_op(m, HMAP_OP_CLEAR);
  bool mapped = m->count > 0 && m->array->mapped;
  if (m->count > 0)
    clear(m);
  if (!mapped) /* else the new array was work enough for one call */
    finish_write(m);
  end_op(m);
  return HMAP_OK;
}

/* -- growth on request ---------------------------------------------------- */

hmap_status hmap_step(hmap *m, size_t n, size_t *moved, size_t *remaining) {
  hmap_status status = HMAP_OK;
  uint64_t before = m->moved;
  begin_op(m, HMAP_OP_STEP);
  for (size_t i = 0; i < n && growing(m); i++)
    if ((status = hmapi_evacuate_next(m)) != HMAP_OK)
      break;
  size_t done = (size_t)(m->moved - before);
  for (size_t i = 0; i < n && m->deferred; i++)
    hmapi_do_deferred(m);
  end_op(m);
  if (moved != NULL)
    *moved = done;
  if (remaining != NULL)
    *remaining = growing(m) ? (size_t)(noldbuckets(m) - m->moved) : 0;
  return status;
}
