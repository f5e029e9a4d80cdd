/* fast_path.h: how much is known of a map when code for it is compiled.
**
** The always-inline functions of probe.h, get.c, put.c and delete.c are
** templates over the type of the map, which is a constant where that is known:
** the same source, with no branch on the type left. m->fast_path says which
** instance may serve the map. A typed entry point tries them in this order:
**
**   PATH_STILL    the type is a constant, and there is one array
**   PATH_WORD     the type is a constant (writes)
**   PATH_TYPED    that of the keys is
**   PATH_GENERAL  the general entry point: nothing is
**
** What does not pass the first takes the key by value: its address is then
** needed nowhere, and it stays in a register.
*/
#ifndef HMAP_CORE_FAST_PATH_H
#define HMAP_CORE_FAST_PATH_H

#include "core/map/map.h"

/* How much a typed entry point may take for granted. */
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

static inline void expect_word_key(const hmap *m) {
  assert(has_word_key(m->t));
  (void)m;
}
/* A text is the same cell, under the same hash, where any value may be. */
static inline void expect_text_key(const hmap *m) {
  assert(has_text_key(m->t) || m->t->key.kind == HMAP_ANY);
  (void)m;
}

#endif
