/* road.h: how much is known of a map when code for it is compiled.
**
** The always-inline functions of probe.h and map.c are templates over the type
** of the map, which is a constant where that is known: the same source, with no
** branch on the type left. The map says by its road which instance may serve it.
*/
#ifndef HMAP_CORE_FAST_PATH_H
#define HMAP_CORE_FAST_PATH_H

#include "map.h"

/* How much a typed entry may take for granted. */
enum {
  PATH_GENERAL, /* nothing */
  PATH_TYPED,   /* nobody looks; the hash is XXH3, the same for both arrays; and
              ** there are buckets */
  PATH_WORD,    /* and elems are 8 bytes that own nothing */
  PATH_STILL    /* and nothing moves */
};

static inline uint8_t fast_path_of(const hmap *m) {
  if (m->has_observers || m->k.hash != HMAP_HASH_XXH3 || rekeying(m) ||
      m->buckets == NULL)
    return PATH_GENERAL;
  if (!is_to_word(m->t))
    return PATH_TYPED;
  return growing(m) ? PATH_WORD : PATH_STILL;
}

/* To be called when the map's hash, its growth or its observers change. */
static inline void set_fast_path(hmap *m) {
  m->has_observers = m->op_stats != NULL || m->watcher != NULL;
  m->fast_path = fast_path_of(m);
}

static ALWAYS_INLINE bool fast_path_ok(const hmap *m, uint8_t fast_path) {
  if (UNLIKELY(m->fast_path < fast_path))
    return false;
  assert(m->fast_path == fast_path_of(m));
  ASSUME(m->k.hash == HMAP_HASH_XXH3 && m->resize_kind != HMAP_GROW_REKEY);
  ASSUME(m->buckets != NULL && (fast_path != PATH_STILL || !growing(m)));
  return true;
}

static const cell_type *const word_key = &word_to_word.key;
static const cell_type *const text_key = &text_to_word.key;

static inline bool has_word_key(const hmap_type *t) {
  return t->key.kind == HMAP_INT64 || t->key.kind == HMAP_UINT64;
}
static inline bool has_text_key(const hmap_type *t) {
  return t->key.kind == HMAP_STRING;
}

#endif
