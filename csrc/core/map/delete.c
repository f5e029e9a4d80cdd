/* delete.c: deletes. None fails: an old bucket that cannot move for want of
** memory loses its entry where it stands.
**
** Source: Go 1.19 runtime/map.go, mapdelete.
*/
#include "core/map/fast_path.h"
#include "core/map/observe.h"
#include "core/map/write.h"

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
    hmapi_release_slot(&m->heap, c, slot);
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
    draw_hash0(m);
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
    key = hmapi_copy_to_stack(c, key, &kept);
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

/* See try_put. */
static ALWAYS_INLINE bool try_delete(hmap *m, const hmap_type *t,
                                     const cell_type *c, const void *key,
                                     uint64_t hash, bool *found) {
  place at;
  bmap *base = bucket_at(t, m->buckets, hash & m->mask);
  prefetch_slots(base);
  if (UNLIKELY(m->heap.deferred || m->count <= 1 ||
               m->count <= m->shrink_threshold))
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
      try_delete(m, &word_to_word, word_key, &key, hash_of(m, word_key, &key),
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
