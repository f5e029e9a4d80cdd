/* get.c: lookups. They move nothing, allocate nothing, and change no map.
**
** Source: Go 1.19 runtime/map.go, mapaccess1.
*/
#include "core/map/fast_path.h"
#include "core/map/observe.h"
#include "core/map/probe.h"

size_t hmap_count(const hmap *m) { return (size_t)m->count; }

size_t hmap_bytes(const hmap *m) { return m->heap.bytes; }

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

static NOINLINE const void *counted_get(const hmap *m, const void *key) {
  visitor v = {.hashes = m->count > 0};
  begin_op(m, HMAP_OP_GET);
  const void *elem = get(m, m->t, &m->t->key, key, &v);
  count_search(m, &v);
  end_op(m);
  return elem;
}

const void *hmap_get(const hmap *m, const void *key) {
  if (is_any_to_any(m->t) && fast_path_ok(m, PATH_TYPED))
    return get(m, &any_to_any, &any_to_any.key, key, NULL);
  if (UNLIKELY(m->has_observers))
    return counted_get(m, key);
  return get(m, m->t, &m->t->key, key, NULL);
}

/* -- typed entry points --------------------------------------------------- */

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
