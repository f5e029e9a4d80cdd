/* world.h: a map that can be taken back to where it was.
**
** All memory of the map, its iterators and what must be true of it lie in one
** block, at one address: to copy the block is to keep a state, to copy it back
** is to be there again, with every pointer right.
**
** What is given back is overwritten, and given out again in other sizes only by
** chance: who reads it is found out. */
#ifndef HMAP_SPEC_WORLD_H
#define HMAP_SPEC_WORLD_H

#include "core/map/map.h"

#include "check.h"

#define MOST_KEYS 32
#define NITERS    2

/* Keys by number, as bits. What an iterator has yet to give: what was there
** when it began and has been since; what it must not give again: what it gave
** and was not deleted afterwards. */
typedef struct promise {
  uint32_t due, given;
} promise;

#define UNIT        16
#define MOST_UNITS  64 /* larger blocks are not given out again */
#define ARENA_BYTES (1u << 18)

typedef struct world {
  hmap *m;
  hmap_iter its[NITERS];
  bool open[NITERS];
  promise its_owe[NITERS], scan_owes;
  hmap_cursor cursor;
  bool scanning;
  uint32_t there; /* keys in the map */
  uint32_t odd;   /* whose elem is 1, not 0 */
  unsigned nans;  /* put so far */
  unsigned preset;

  size_t used;
  void *gone[MOST_UNITS]; /* by size: lists of blocks */
  max_align_t arena[ARENA_BYTES / sizeof(max_align_t)];
} world;

static world w;

static inline size_t world_bytes(void) {
  return offsetof(world, arena) + w.used;
}

static inline void *world_take(size_t bytes) {
  size_t units = (bytes + UNIT - 1) / UNIT;
  void *block = units < MOST_UNITS ? w.gone[units] : NULL;
  if (block != NULL) {
    memcpy(&w.gone[units], block, sizeof(void *));
  } else {
    block = (char *)w.arena + w.used;
    w.used += units * UNIT;
    if (w.used > ARENA_BYTES)
      abort();
  }
  return memset(block, 0xa5, bytes);
}

static inline void world_release(void *block, size_t bytes) {
  size_t units = (bytes + UNIT - 1) / UNIT;
  memset(block, 0xdd, bytes);
  if (units >= MOST_UNITS)
    return;
  memcpy(block, &w.gone[units], sizeof(void *));
  w.gone[units] = block;
}

static inline void *world_alloc(void *ud, void *block, size_t was,
                                size_t bytes) {
  (void)ud;
  void *fresh = bytes > 0 ? world_take(bytes) : NULL;
  if (block != NULL && fresh != NULL)
    memcpy(fresh, block, was < bytes ? was : bytes);
  if (block != NULL)
    world_release(block, was);
  return fresh;
}

/* -- a state in one number ------------------------------------------------ */

/* All that decides what the map will do and say from here on, but for where
** its blocks lie and which random numbers come (those are chosen by whoever
** does something). Two states with one number are taken for one. */
static uint64_t state;

static inline void add(uint64_t word) {
  state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  state ^= state >> 29;
}

static inline void add_key(const hmap_type *t, const void *key) {
  uint64_t word = 0;
  bool text = t->key.kind == HMAP_STRING;
  memcpy(&word, text ? hmap_text_ptr(key) : key, t->key.size < 8 ? 1 : 8);
  add(word);
}

static inline void add_chain(bmap *b) {
  const hmap_type *t = w.m->t;
  for (; b != NULL; b = overflow_of(t, b)) {
    add(load64(b->tophash));
    for (size_t i = 0; i < HMAP_BUCKET_COUNT; i++)
      if (b->tophash[i] >= MIN_TOPHASH) {
        add_key(t, key_at(&t->key, b, i));
        add(*(const uint8_t *)elem_at(t, &t->key, b, i));
      }
  }
  add(1);
}

static inline void add_arrays(void) {
  const hmap *m = w.m;
  for (uint64_t i = 0; m->buckets != NULL && i < nbuckets(m); i++)
    add_chain(bucket_at(m->t, m->buckets, i));
  for (uint64_t i = 0; growing(m) && i < noldbuckets(m); i++)
    if (old_moved(m, i))
      add(2);
    else
      add_chain(bucket_at(m->t, m->oldbuckets, i));
}

static inline void add_hash_key(const hash_key *k) {
  add(k->hash);
  add(k->hash == HMAP_HASH_CUSTOM ? k->hash0 & 1 : k->hash0);
}

static inline void add_header(void) {
  const hmap *m = w.m;
  add(m->count | (uint64_t)m->flags << 8 | (uint64_t)m->B << 16 |
      (uint64_t)m->noverflow << 24 | (uint64_t)(m->buckets != NULL) << 40);
  add(m->nevacuate | (uint64_t)growing(m) << 32 |
      (uint64_t)(growing(m) ? m->oldB | m->resize_kind << 8 : 0) << 33);
  add(m->pending.reserve | (uint64_t)m->pending.shrink << 32 |
      (uint64_t)m->pending.rekey << 33 | (uint64_t)m->pending.fit << 34 |
      (uint64_t)m->heap.deferred << 35 |
      (uint64_t)(m->pending_free != NULL) << 36);
  add(m->rekeyed_count | m->nans << 32 | (uint64_t)w.preset << 48);
  add_hash_key(&m->k);
  for (const old_hash_key *p = m->past; p != NULL; p = p->older)
    add_hash_key(&p->k);
}

static inline void add_position(const hmap_position *p) {
  add(p->start | p->bucket << 16 | p->cls << 32);
  add(p->B | (uint64_t)p->level << 8 | (uint64_t)(w.m->epoch - p->epoch) << 16);
}

/* The bucket in hand as array, index and depth; addresses differ. */
static inline void add_place(const hmap_iter *it) {
  const hmap *m = w.m;
  add(it->at != NULL);
  if (it->at == NULL)
    return;
  bool old = growing(m) && came_with(m->old, it->head);
  const bmap *base = old ? m->oldbuckets : m->buckets;
  add((uint64_t)((const char *)it->head - (const char *)base) << 1 | old);
  for (const bmap *b = it->head; b != it->at; b = overflow_of(m->t, b))
    add(3);
}

static inline void add_saved(const hmap_iter *it) {
  const hmap_type *t = w.m->t;
  size_t pair =
      (t->key.size + 15u) / 16u * 16u + (t->elem.size + 15u) / 16u * 16u;
  bool forgotten = it->emptied != w.m->emptied;
  for (size_t i = it->saved_at; i < it->nsaved && !forgotten; i++)
    add_key(t, (const char *)it->saved + i * pair);
  add(it->saved == NULL ? 0 : 1 + (uint64_t)forgotten);
}

static inline void add_iter(const hmap_iter *it) {
  add(it->slot | (uint64_t)it->offset << 8 | (uint64_t)it->filter << 16 |
      (uint64_t)it->wrapped << 17 | (uint64_t)it->begun << 18 |
      (uint64_t)it->npast << 24);
  add_position(&it->now);
  for (uint32_t i = 0; i < it->npast; i++)
    add_position(&it->past[i]);
  add_place(it);
  add_saved(it);
}

static inline void add_promise(const promise *p) {
  add(p->due | (uint64_t)p->given << 32);
}

static inline void add_cursor(void) {
  add(w.cursor.n | (uint64_t)(w.cursor.map != 0) << 8);
  for (uint32_t i = 0; i < w.cursor.n; i++)
    add(w.cursor.at[i].cls | (uint64_t)w.cursor.at[i].level << 32 |
        (uint64_t)(w.m->epoch - w.cursor.at[i].epoch) << 40);
  add_promise(&w.scan_owes);
}

static inline uint64_t world_state(void) {
  state = 0;
  add_header();
  add_arrays();
  add(w.odd | (uint64_t)w.nans << 32);
  for (size_t i = 0; i < NITERS; i++) {
    add(w.open[i]);
    if (w.open[i]) {
      add_iter(&w.its[i]);
      add_promise(&w.its_owe[i]);
    }
  }
  add(w.scanning);
  if (w.scanning)
    add_cursor();
  return state;
}

#endif
