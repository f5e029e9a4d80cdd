/* iter.c: iterating over a map that changes meanwhile.
**
** What is promised. An entry that is there from the first call to the last is
** given exactly once, whatever else happens.
**
** How, if nothing grows. As in Go: buckets in order from a random one, once
** round; in each chain the slots in order from a random one. Entries do not
** move, so what was passed stays passed.
**
** What if the map has grown? Bucket i of 2^B stands for a class of hashes: all
** whose low B bits are i. Growth splits a class, it never mixes two: class
** (i, B) is (i, B+1) and (i + 2^B, B+1). So the iterator remembers no array but
** the class it has reached, at the finest level it needed, and finishes all of
** one class before the next. Parts of a class are taken in the order of their
** upper bits read backwards, which makes the next position, at whatever level,
** a single carry:
**
**   level 2      01
**   level 3      001             101
**   level 4      0001    1001    0101    1101      ->
**
** What if the map is growing? A class lies in its old bucket until that is
** evacuated and in its new one(s) afterwards. An old bucket that holds more
** than the class is filtered by the hash of its keys.
**
** What if the chain in hand moves? Before evacuate moves a chain, iterators
** that stand in it copy the keys that they have still to give (settle), and
** then give each by looking it up: absent ones are skipped. Nothing is copied
** otherwise, and no array is held.
**
** NaN keys cannot be looked up, nor deleted but by clear: of these the elem is
** kept as well, for as long as nothing was cleared. Which half of a bucket a
** NaN belongs to, destination() in grow.c decides in the same way.
**
** Source of the order: Go 1.19 runtime/map.go, mapiterinit, mapiternext.
*/
#include "grow.h"
#include "hash.h"
#include "map.h"
#include "probe.h"
#include "text.h"

/* -- the list of open iterators ------------------------------------------- */

static void link_iter(hmap_iter *it, hmap *m) {
  it->prev = NULL;
  it->next = m->iters;
  if (m->iters != NULL)
    m->iters->prev = it;
  m->iters = it;
}

static void unlink_iter(hmap_iter *it) {
  if (it->prev != NULL)
    it->prev->next = it->next;
  else
    it->m->iters = it->next;
  if (it->next != NULL)
    it->next->prev = it->prev;
}

/* -- saved entries -------------------------------------------------------- */

/* saved: nsaved pairs of a key cell that owns its text and an elem cell that
** borrows its own (read for NaN only). */
static size_t elem_offset(const hmap_type *t) {
  return (t->key.size + 15u) / 16u * 16u;
}
static size_t pair_size(const hmap_type *t) {
  return elem_offset(t) + (t->elem.size + 15u) / 16u * 16u;
}
static char *pair_at(const hmap_iter *it, size_t i) {
  return (char *)it->saved + i * pair_size(it->m->t);
}

static void drop_saved(hmap_iter *it) {
  for (size_t i = 0; i < it->nsaved; i++)
    hmapi_drop(it->m, &it->m->t->key, pair_at(it, i));
  if (it->saved != NULL)
    hmapi_free(it->m, PART_HEADER, it->saved, it->saved_bytes);
  it->saved = NULL;
  it->nsaved = it->saved_at = it->saved_bytes = 0;
}

/* -- which entries of a bucket belong to the class in hand ---------------- */

/* level > oldB of a chain of the old array: the class is a part of it. */
static bool in_class(const hmap_iter *it, const bmap *b, unsigned i,
                     const void *key) {
  const hmap *m = it->m;
  if (!it->filter)
    return true;
  if (irreflexive(&m->t->key, key))
    return it->cls >> m->oldB == (b->tophash[i] & 1u);
  return ((hash_key(m, &m->t->key, key) ^ it->cls) & mask_of(it->level)) == 0;
}

/* The slot that the iterator looks at, in Go's order. */
static unsigned slot_now(const hmap_iter *it) {
  return (it->slot + it->offset) & (HMAP_BUCKET_COUNT - 1u);
}

/* Goes on to the next live slot of the chain in hand that is in the class. */
static bool walk_chain(hmap_iter *it, place *at) {
  const hmap_type *t = it->m->t;
  while (it->at != NULL) {
    for (bmap *b = it->at; it->slot < HMAP_BUCKET_COUNT; it->slot++) {
      unsigned i = slot_now(it);
      if (b->tophash[i] < MIN_TOPHASH ||
          !in_class(it, b, i, key_at(&t->key, b, i)))
        continue;
      *at = (place){b, i};
      it->slot++;
      return true;
    }
    it->at = overflow_of(t, it->at);
    it->slot = 0;
  }
  return false;
}

/* -- when the chain in hand moves ----------------------------------------- */

static size_t count_left(hmap_iter it) {
  size_t n = 0;
  for (place at; walk_chain(&it, &at);)
    n++;
  return n;
}

static hmap_status save_left(hmap_iter *it) {
  hmap *m = it->m;
  const hmap_type *t = m->t;
  hmap_status status = HMAP_OK;
  size_t bytes = times(count_left(*it), pair_size(t));
  if (bytes == 0)
    return HMAP_OK;
  it->saved = hmapi_alloc(m, PART_HEADER, bytes, &status);
  if (it->saved == NULL)
    return status;
  it->saved_bytes = bytes;
  hmap_iter walk = *it;
  for (place at; status == HMAP_OK && walk_chain(&walk, &at);) {
    char *pair = pair_at(it, it->nsaved);
    status = hmapi_take(m, &t->key, pair, key_at(&t->key, at.b, at.i));
    if (status == HMAP_OK) {
      memcpy(pair + elem_offset(t), elem_at(t, &t->key, at.b, at.i),
             t->elem.size);
      it->nsaved++;
    }
  }
  if (status != HMAP_OK)
    drop_saved(it);
  return status;
}

hmap_status hmapi_iters_settle(hmap *m, bmap *head) {
  for (hmap_iter *it = m->iters; it != NULL; it = it->next) {
    if (it->at == NULL || it->head != head)
      continue;
    hmap_status status = save_left(it);
    if (status != HMAP_OK)
      return status;
    it->at = it->head = NULL;
    it->cleared = m->cleared;
  }
  return HMAP_OK;
}

/* An iterator in a base bucket goes on there, as Go's does; one in an overflow
** bucket has nothing more to find in its chain. */
void hmapi_iters_cleared(hmap *m, const bmap *was, bmap *now) {
  for (hmap_iter *it = m->iters; it != NULL; it = it->next) {
    const char *head = it->head, *base = (const char *)was;
    size_t bytes =
        (size_t)(was == m->oldbuckets ? noldbuckets(m) : nbuckets(m)) *
        m->t->bucket_size;
    if (head == NULL || head < base || head >= base + bytes)
      continue;
    bool in_base = it->at == it->head;
    it->head = now == NULL ? NULL : (char *)now + (head - base);
    it->at = in_base ? it->head : NULL;
  }
}

void hmapi_iters_orphan(hmap *m) {
  while (m->iters != NULL) {
    hmap_iter *it = m->iters;
    hmap_iter_close(it);
  }
}

/* -- the next saved entry ------------------------------------------------- */

static void give(hmap_iter *it, place at) {
  const hmap_type *t = it->m->t;
  it->key = key_at(&t->key, at.b, at.i);
  it->elem = elem_at(t, &t->key, at.b, at.i);
}

static bool next_saved(hmap_iter *it) {
  const hmap *m = it->m;
  const hmap_type *t = m->t;
  while (it->saved_at < it->nsaved) {
    char *pair = pair_at(it, it->saved_at++);
    place at;
    if (irreflexive(&t->key, pair)) {
      if (it->cleared != m->cleared)
        continue;
      it->key = pair;
      it->elem = pair + elem_offset(t);
      return true;
    }
    if (find(m, &t->key, pair, &at)) {
      give(it, at);
      return true;
    }
  }
  return false;
}

/* -- the next class ------------------------------------------------------- */

/* From (cls, level) to the class behind it in the order of backward bits; at
** the end of a class of the first level, to the next one of those. The level
** becomes the coarsest at which the new position is a whole class. */
static void next_class(hmap_iter *it) {
  while (it->level > it->B) {
    uint64_t bit = UINT64_C(1) << (it->level - 1);
    it->cls ^= bit;
    if (it->cls & bit)
      return;
    it->level--;
  }
  it->bucket = (it->bucket + 1) & mask_of(it->B);
  it->cls = it->bucket;
}

static void enter_chain(hmap_iter *it, bmap *buckets, unsigned B) {
  it->filter = it->level > B;
  it->head = it->at = bucket_at(it->m->t, buckets, it->cls & mask_of(B));
  it->slot = 0;
}

/* Takes up the class at the iterator's position, split as far as the map now
** is: its old bucket if that has not moved, else its new one. */
static void enter_class(hmap_iter *it) {
  hmap *m = it->m;
  if (growing(m)) {
    if (it->level < m->oldB)
      it->level = m->oldB;
    if (!old_moved(m, it->cls & mask_of(m->oldB))) {
      enter_chain(it, m->oldbuckets, m->oldB);
      return;
    }
  }
  if (it->level < m->B)
    it->level = m->B;
  enter_chain(it, m->buckets, m->B);
}

/* Whether the position is back where it began. */
static bool came_round(const hmap_iter *it) {
  return it->begun && it->level == it->B && it->cls == it->start;
}

/* -- the public three ----------------------------------------------------- */

void hmap_iter_init(hmap_iter *it, hmap *m) {
  *it = (hmap_iter){.m = m};
  link_iter(it, m);
  if (m->count == 0) {
    it->wrapped = true;
    return;
  }
  uint64_t r = hmapi_rand(m);
  if (m->B > 31 - 3) /* more bits than one draw has */
    r += (uint64_t)hmapi_rand(m) << 31;
  it->B = it->level = m->B;
  it->start = it->bucket = it->cls = r & mask_of(m->B);
  it->offset = (uint8_t)(r >> m->B & (HMAP_BUCKET_COUNT - 1u));
  m->flags |= HMAP_ITERATOR | HMAP_OLD_ITERATOR;
}

/* One step towards the next entry; true when there is one or no more. */
static bool step_iter(hmap_iter *it) {
  place at;
  if (next_saved(it))
    return true;
  drop_saved(it);
  if (walk_chain(it, &at)) {
    give(it, at);
    return true;
  }
  if (it->begun)
    next_class(it);
  if (came_round(it))
    it->wrapped = true;
  else
    enter_class(it);
  it->begun = true;
  return it->wrapped;
}

hmap_status hmap_iter_next(hmap_iter *it) {
  it->key = it->elem = NULL;
  if (it->m == NULL || it->wrapped)
    return HMAP_OK;
  while (!step_iter(it))
    continue;
  return HMAP_OK;
}

void hmap_iter_close(hmap_iter *it) {
  if (it->m == NULL)
    return;
  drop_saved(it);
  unlink_iter(it);
  it->m = NULL;
  it->key = it->elem = NULL;
}
