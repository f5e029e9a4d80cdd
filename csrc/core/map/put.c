/* put.c: puts: one assign, in as many instances as pay.
**
**   try_put    words, nothing moves, no memory is wanted: it calls nothing
**   put_as     keys are words or text, or all is `any`: whatever has to be done
**   put_slow   any map; told and counted if somebody looks
**
** A get_or_put is the same assign, but keeps what is there; hmap_assign is one
** of zeros.
**
** Fewer were tried: without the instance for words while the map grows, or for
** text with elems of one word, a growing insert takes 4 to 10 % more
** instructions; without that for words with other elems, a put 8 %.
**
** Source: Go 1.19 runtime/map.go, mapassign.
*/
#include "core/map/fast_path.h"
#include "core/map/observe.h"
#include "core/map/resize.h"
#include "core/map/write.h"

/* What becomes of an entry that is already there. */
typedef enum if_present { OVERWRITE, KEEP } if_present;

/* Frees nothing of the old elem before it has all that the new one needs. */
static NOINLINE hmap_status overwrite_text(hmap *m, void *slot,
                                           const void *elem) {
  const cell_type *c = &m->t->elem;
  slot_room fresh;
  hmap_status status = hmapi_copy_in_slot(&m->heap, c, &fresh, elem);
  if (status != HMAP_OK)
    return status;
  m->released.elem_ref = ref_of(c, cell_in(c, slot));
  hmapi_release_slot(&m->heap, c, slot);
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
static ALWAYS_INLINE void update_key(const cell_type *c, void *now,
                                     const void *key) {
  for (uint32_t i = 0; i < c->nfields; i++) {
    const field *f = &c->fields[i];
    bool number = f->kind == HMAP_FLOAT32 || f->kind == HMAP_FLOAT64 ||
                  (f->kind == HMAP_ANY &&
                   ((const hmap_cell *)key)->c.tag == HMAP_TAG_FLOAT);
    if (number)
      memcpy((char *)now + f->offset, (const char *)key + f->offset, f->size);
  }
}

/* A cell that lies in its slot with all its bytes, as most texts do. */
static ALWAYS_INLINE bool is_whole(const cell_type *c, const void *cell) {
  return !c->indirect && (!c->text || (c->nfields == 1 && !is_long_text(cell)));
}

/* Makes key and elem of a new entry copies that its slots can own, those that
** need it, or neither. */
static ALWAYS_INLINE hmap_status
copy_in_both(hmap *m, const hmap_type *t, const cell_type *c, const void **key,
             slot_room *key_copy, const void **elem, slot_room *elem_copy) {
  const void *given = *key;
  if (!is_whole(c, given)) {
    hmap_status status = hmapi_copy_in_slot(&m->heap, c, key_copy, given);
    if (status != HMAP_OK)
      return status;
    *key = key_copy;
  }
  if (!is_whole(&t->elem, *elem)) {
    hmap_status status =
        hmapi_copy_in_slot(&m->heap, &t->elem, elem_copy, *elem);
    if (status != HMAP_OK) {
      if (*key != given)
        hmapi_release_slot(&m->heap, c, key_copy);
      return status;
    }
    *elem = elem_copy;
  }
  return HMAP_OK;
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
  if (LIKELY(status == HMAP_OK))
    status = copy_in_both(m, t, c, &key, &key_copy, &elem, &elem_copy);
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

const void *hmapi_copy_to_stack(const cell_type *c, const void *cell,
                                slot_room *room) {
  if (c->indirect || c->size == 0 || cell == (const void *)room)
    return cell;
  return memcpy(room, cell, c->size);
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
      key = hmapi_copy_to_stack(c, key, &key_kept);
      elem = hmapi_copy_to_stack(&t->elem, elem, &elem_kept);
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
    key = hmapi_copy_to_stack(c, key, &key_kept);
    elem = hmapi_copy_to_stack(&t->elem, elem, &elem_kept);
    if ((status = hmapi_hash_grow(m)) != HMAP_OK)
      return status;
    grown = true; /* once: a move may be over at once and change little */
  }
}

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

/* The same for any map, told and counted if somebody looks. */
static NOINLINE hmap_status assign_slow(hmap *m, const void *key, uint64_t hash,
                                        const void *elem, if_present then,
                                        place *at) {
  return UNLIKELY(m->has_observers)
             ? counted_assign(m, key, hash, elem, then, at)
             : assign(m, m->t, &m->t->key, key, hash, elem, then, at, NULL);
}

/* -- put ------------------------------------------------------------------ */

/* Every put can be done so. */
static NOINLINE hmap_status put_slow(hmap *m, const void *key, uint64_t hash,
                                     const void *elem) {
  place at;
  begin_op(m, HMAP_OP_PUT);
  hmap_status status = assign_slow(m, key, hash, elem, OVERWRITE, &at);
  finish_write(m);
  end_op(m);
  return status;
}

/* The same with the type known; nobody looks. */
static ALWAYS_INLINE hmap_status put_as(hmap *m, const hmap_type *t,
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
static ALWAYS_INLINE bool try_put(hmap *m, const hmap_type *t,
                                  const cell_type *c, const void *key,
                                  uint64_t hash, const void *elem,
                                  if_present then, place *at) {
  bmap *b = bucket_at(t, m->buckets, hash & m->mask);
  prefetch_slots(b);
  if (UNLIKELY(m->heap.deferred))
    return false;
  if (probe(t, c, b, key, tophash(hash), at, NULL)) {
    if (then == OVERWRITE)
      copy_cell(elem_slot(t, c, at->b, at->i), elem, t->elem.slot);
    m->released.inserted = false;
    return true;
  }
  *at = first_empty(t, b, NULL);
  if (UNLIKELY(at->i == HMAP_BUCKET_COUNT || wants_growth(m)))
    return false;
  store_entry(m, t, c, *at, key, elem, hash);
  return true;
}

hmap_status hmapi_put_hashed(hmap *m, const void *key, uint64_t hash,
                             const void *elem) {
  place at;
  if (has_word_key(m->t) && fast_path_ok(m, PATH_STILL) &&
      try_put(m, &word_to_word, word_key, key, hash, elem, OVERWRITE, &at))
    return HMAP_OK;
  return put_slow(m, key, hash, elem);
}

static ALWAYS_INLINE hmap_status put_any(hmap *m, const void *key,
                                         const void *elem) {
  const hmap_type *t = &any_to_any;
  return put_as(m, t, &t->key, key, hash_of(m, &t->key, key), elem);
}

hmap_status hmap_put(hmap *m, const void *key, const void *elem) {
  if (is_any_to_any(m->t) && fast_path_ok(m, PATH_TYPED))
    return put_any(m, key, elem);
  return hmapi_put_hashed(m, key, hash_of(m, &m->t->key, key), elem);
}

static NOINLINE hmap_status put_i64(hmap *m, int64_t key, const void *elem) {
  if (!fast_path_ok(m, PATH_TYPED))
    return hmap_put(m, &key, elem);
  uint64_t hash = hash_of(m, word_key, &key);
  return fast_path_ok(m, PATH_WORD)
             ? put_as(m, &word_to_word, word_key, &key, hash, elem)
             : put_as(m, m->t, word_key, &key, hash, elem);
}

hmap_status hmap_put_i64(hmap *m, int64_t key, const void *elem) {
  place at;
  expect_word_key(m);
  if (fast_path_ok(m, PATH_STILL) &&
      try_put(m, &word_to_word, word_key, &key, hash_of(m, word_key, &key),
              elem, OVERWRITE, &at))
    return HMAP_OK;
  return put_i64(m, key, elem);
}

static NOINLINE hmap_status put_str_slow(hmap *m, const char *s, size_t n,
                                         const void *elem) {
  hmap_cell key = hmap_text(s, n);
  return hmap_put(m, &key, elem);
}

hmap_status hmap_put_str(hmap *m, const char *s, size_t n, const void *elem) {
  expect_text_key(m);
  if (UNLIKELY(n > HMAP_MAX_TEXT))
    return HMAP_ETOOBIG;
  if (!fast_path_ok(m, PATH_TYPED))
    return put_str_slow(m, s, n, elem);
  hmap_cell key = hmap_text(s, n);
  uint64_t hash = hash_bytes(&m->k, s, n);
  if (fast_path_ok(m, PATH_WORD))
    return put_as(m, &text_to_word, text_key, &key, hash, elem);
  return m->t->elem.kind == HMAP_ANY
             ? put_as(m, &any_to_any, text_key, &key, hash, elem)
             : put_as(m, m->t, text_key, &key, hash, elem);
}

/* -- get_or_put ----------------------------------------------------------- */

/* What a get_or_put that found its slot `at` tells its caller. */
static ALWAYS_INLINE hmap_status found_at(const hmap *m, const hmap_type *t,
                                          const cell_type *c, place at,
                                          const void **now, bool *existed) {
  *now = elem_at(t, c, at.b, at.i);
  *existed = !m->released.inserted;
  return HMAP_OK;
}

hmap_status hmap_get_or_put(hmap *m, const void *key, const void *elem,
                            const void **now, bool *existed) {
  const cell_type *c = &m->t->key;
  slot_room key_kept, elem_kept;
  place at;
  begin_op(m, HMAP_OP_GET_OR_PUT);
  if (UNLIKELY(m->heap.deferred)) { /* first: a move must not take *now away */
    key = hmapi_copy_to_stack(c, key, &key_kept);
    elem = hmapi_copy_to_stack(&m->t->elem, elem, &elem_kept);
    hmapi_do_deferred(m);
  }
  hmap_status status = assign_slow(m, key, hash_of(m, c, key), elem, KEEP, &at);
  end_op(m);
  return status == HMAP_OK ? found_at(m, m->t, c, at, now, existed) : status;
}

static NOINLINE hmap_status get_or_put_i64(hmap *m, int64_t key,
                                           const void *elem, const void **now,
                                           bool *existed) {
  return hmap_get_or_put(m, &key, elem, now, existed);
}

static NOINLINE hmap_status get_or_put_str(hmap *m, const char *s, size_t n,
                                           const void *elem, const void **now,
                                           bool *existed) {
  hmap_cell key = hmap_text(s, n);
  return hmap_get_or_put(m, &key, elem, now, existed);
}

hmap_status hmap_get_or_put_i64(hmap *m, int64_t key, const void *elem,
                                const void **now, bool *existed) {
  place at;
  expect_word_key(m);
  if (fast_path_ok(m, PATH_STILL) &&
      try_put(m, &word_to_word, word_key, &key, hash_of(m, word_key, &key),
              elem, KEEP, &at))
    return found_at(m, &word_to_word, word_key, at, now, existed);
  return get_or_put_i64(m, key, elem, now, existed);
}

hmap_status hmap_get_or_put_str(hmap *m, const char *s, size_t n,
                                const void *elem, const void **now,
                                bool *existed) {
  expect_text_key(m);
  if (UNLIKELY(n > HMAP_MAX_TEXT))
    return HMAP_ETOOBIG;
  if (!fast_path_ok(m, PATH_WORD) || UNLIKELY(m->heap.deferred))
    return get_or_put_str(m, s, n, elem, now, existed);
  place at;
  hmap_cell key = hmap_text(s, n);
  hmap_status status = assign(m, &text_to_word, text_key, &key,
                              hash_bytes(&m->k, s, n), elem, KEEP, &at, NULL);
  return status == HMAP_OK
             ? found_at(m, &text_to_word, text_key, at, now, existed)
             : status;
}

/* -- assign --------------------------------------------------------------- */

/* Elems that are bytes and own nothing begin as zeros. */
static const hmap_cell zero[HMAP_MAX_INLINE / sizeof(hmap_cell)];

static ALWAYS_INLINE bool owns_nothing(const hmap *m) {
  return LIKELY(!m->t->elem.text && !m->t->elem.indirect);
}

hmap_status hmap_assign(hmap *m, const void *key, void **elem, bool *existed) {
  const void *now;
  hmap_status status = HMAP_EINVAL;
  if (owns_nothing(m))
    status = hmap_get_or_put(m, key, zero, &now, existed);
  if (status == HMAP_OK)
    *elem = (void *)(uintptr_t)now;
  return status;
}

static NOINLINE hmap_status assign_i64(hmap *m, int64_t key, void **elem,
                                       bool *existed) {
  return hmap_assign(m, &key, elem, existed);
}

hmap_status hmap_assign_i64(hmap *m, int64_t key, void **elem, bool *existed) {
  place at;
  expect_word_key(m);
  if (!fast_path_ok(m, PATH_STILL) ||
      !try_put(m, &word_to_word, word_key, &key, hash_of(m, word_key, &key),
               zero, KEEP, &at))
    return assign_i64(m, key, elem, existed);
  *elem = elem_slot(&word_to_word, word_key, at.b, at.i);
  *existed = !m->released.inserted;
  return HMAP_OK;
}

hmap_status hmap_assign_str(hmap *m, const char *s, size_t n, void **elem,
                            bool *existed) {
  const void *now;
  hmap_status status = HMAP_EINVAL;
  if (owns_nothing(m))
    status = hmap_get_or_put_str(m, s, n, zero, &now, existed);
  if (LIKELY(status == HMAP_OK))
    *elem = (void *)(uintptr_t)now;
  return status;
}

hmap_gone hmap_let_go(const hmap *m) { return m->released; }
