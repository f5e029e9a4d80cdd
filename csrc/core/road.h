/* road.h: how much is known of a map when code for it is compiled.
**
** The always-inline functions of probe.h and map.c are templates over the type
** of the map, which is a constant where that is known: the same source, with no
** branch on the type left. The map says by its road which instance may serve it.
*/
#ifndef HMAP_CORE_ROAD_H
#define HMAP_CORE_ROAD_H

#include "map.h"

/* How much a typed entry may take for granted. */
enum {
  ROAD_ANY,   /* nothing */
  ROAD_TYPED, /* nobody looks; the hash is XXH3, the same for both arrays; and
              ** there are buckets */
  ROAD_WORD,  /* and elems are 8 bytes that own nothing */
  ROAD_STILL  /* and nothing moves */
};

static inline uint8_t road_of(const hmap *m) {
  if (m->observed || m->k.hash != HMAP_HASH_XXH3 || rekeying(m) ||
      m->buckets == NULL)
    return ROAD_ANY;
  if (!is_to_word(m->t))
    return ROAD_TYPED;
  return growing(m) ? ROAD_WORD : ROAD_STILL;
}

/* To be called when the map's hash, its growth or its observers change. */
static inline void set_road(hmap *m) {
  m->observed = m->ledger != NULL || m->watcher != NULL;
  m->road = road_of(m);
}

static ALWAYS_INLINE bool can_go(const hmap *m, uint8_t road) {
  if (UNLIKELY(m->road < road))
    return false;
  assert(m->road == road_of(m));
  ASSUME(m->k.hash == HMAP_HASH_XXH3 && m->growth != HMAP_GROW_REKEY);
  ASSUME(m->buckets != NULL && (road != ROAD_STILL || !growing(m)));
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
