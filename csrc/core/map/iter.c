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
** What if it has shrunk? The class is then a part of a bucket, and the bucket
** is filtered by the hash of its keys.
**
** What if the map is growing? A class lies in its old bucket until that is
** evacuated and in its new one(s) afterwards.
**
** What if it was rekeyed? Hashes under the new key say nothing about the old
** one, so the iterator begins anew, but remembers how far it had come: an entry
** is still due iff under every earlier key its class lies beyond that point.
** The map keeps its last keys for this. In the middle of a rekey neither key
** orders all entries; an iterator first brings it to its end.
**
** What if the chain in hand moves? Before evacuate moves a chain, iterators
** that stand in it copy the keys that they have still to give (save_pending),
** and then give each by looking it up: absent ones are skipped. Nothing is
** copied otherwise, and no array is held.
**
** NaN keys cannot be looked up, nor deleted but by clear: of these the elem is
** kept as well. Which half of a bucket a
** NaN belongs to, nan_destination() in evacuate.c decides in the same way; maps
** that hold one neither shrink nor rekey.
**
** Source of the order: Go 1.19 runtime/map.go, mapiterinit, mapiternext; of the
** carry: Redis, dictScan.
*/
#include "core/map/iter.h"

#include "core/map/evacuate.h"
#include "core/map/observe.h"
#include "core/map/probe.h"
#include "core/map/rekey.h"

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
    hmapi_release(&it->m->heap, &it->m->t->key, pair_at(it, i));
  if (it->saved != NULL)
    hmapi_free(&it->m->heap, PART_HEADER, it->saved, it->saved_bytes);
  it->saved = NULL;
  it->nsaved = it->saved_at = it->saved_bytes = 0;
}

/* -- which entries of a bucket belong to the class in hand ---------------- */

/* Whether hash comes before the position, in the order of classes. */
static bool before(uint64_t hash, const hmap_position *p) {
  uint64_t mask = mask_of(p->B);
  uint64_t turn = ((hash - p->start) & mask),
           now = (p->bucket - p->start) & mask;
  if (turn != now)
    return turn < now;
  uint64_t differ = (hash ^ p->cls) & mask_of(p->level) & ~mask;
  uint64_t lowest = differ & (~differ + 1);
  return (p->cls & lowest) != 0;
}

/* Whether the entry was not given under an earlier hash key. A NaN came after
** those: no map that holds one begins a rekey or a shrink. */
static bool is_due(const hmap_iter *it, const void *key) {
  const hmap *m = it->m;
  if (it->npast > 0 && irreflexive(&m->t->key, key))
    return false;
  for (uint32_t i = 0; i < it->npast; i++) {
    const hash_key *k = hmapi_hash_key_of(m, it->past[i].epoch);
    if (before(hash_under(k, &m->t->key, key, rng_of(m)), &it->past[i]))
      return false;
  }
  return true;
}

/* Whether the map has forgotten a hash key by which the iterator knows what it
** has given: it cannot go on. */
bool hmapi_iter_is_lost(const hmap_iter *it) {
  if (it->npast == 0 && it->now.epoch == it->m->epoch)
    return false;
  uint32_t oldest = it->npast > 0 ? it->past[0].epoch : it->now.epoch;
  return hmapi_hash_key_of(it->m, oldest) == NULL;
}

/* In a filtered chain a NaN is due only if it is to move, by the parity of its
** tophash: then an iterator began in this very growth. All others came later,
** when the table had shrunk below the classes. */
static bool nan_in_class(const hmap_iter *it, place at) {
  const hmap *m = it->m;
  uint64_t cls = it->now.cls;
  return growing(m) && (m->flags & HMAP_ITERATOR) &&
         !old_moved(m, cls & mask_of(m->oldB)) &&
         cls >> m->oldB == (at.b->tophash[at.i] & 1u);
}

/* A filtered chain holds more than the class in hand. */
static NOINLINE bool is_in_class(const hmap_iter *it, place at) {
  const hmap *m = it->m;
  const hmap_position *p = &it->now;
  const void *key = key_at(&m->t->key, at.b, at.i);
  if (it->filter && irreflexive(&m->t->key, key))
    return nan_in_class(it, at);
  if (it->filter) {
    const hash_key *k = hmapi_hash_key_of(m, p->epoch);
    if ((hash_under(k, &m->t->key, key, rng_of(m)) ^ p->cls) &
        mask_of(p->level))
      return false;
  }
  return is_due(it, key);
}

static ALWAYS_INLINE bool in_class(const hmap_iter *it, place at) {
  return LIKELY(!it->filter && it->npast == 0) || is_in_class(it, at);
}

/* The live slots still to be looked at in the bucket in hand, in Go's order:
** once round from a random one. */
static slots slots_left(const hmap_iter *it) {
  return from(turned(match_live(it->at), it->offset), (size_t)it->slot);
}

/* Goes on to the next live slot of the chain in hand that is in the class. */
static ALWAYS_INLINE bool walk_chain(hmap_iter *it, place *at) {
  const hmap_type *t = it->m->t;
  for (; it->at != NULL; it->at = overflow_of(t, it->at), it->slot = 0)
    for (slots s = slots_left(it); s != 0; s = rest(s)) {
      size_t turn = first(s);
      *at = (place){it->at, (turn + it->offset) & (HMAP_BUCKET_COUNT - 1)};
      if (!in_class(it, *at))
        continue;
      it->slot = turn + 1;
      return true;
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
  it->saved = hmapi_alloc(&m->heap, PART_HEADER, bytes, &status);
  if (it->saved == NULL)
    return status;
  it->saved_bytes = bytes;
  hmap_iter walk = *it;
  for (place at; status == HMAP_OK && walk_chain(&walk, &at);) {
    char *pair = pair_at(it, it->nsaved);
    status =
        hmapi_copy_in(&m->heap, &t->key, pair, key_at(&t->key, at.b, at.i));
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

hmap_status hmapi_iters_save_pending(hmap *m, bmap *head) {
  for (hmap_iter *it = m->iters; it != NULL; it = it->next) {
    if (it->at == NULL || it->head != head)
      continue;
    hmap_status status = hmapi_iter_is_lost(it) ? HMAP_OK : save_left(it);
    if (status != HMAP_OK)
      return status;
    it->at = it->head = NULL;
    it->emptied = m->emptied;
  }
  return HMAP_OK;
}

/* An iterator in a base bucket goes on there, as Go's does; one in an overflow
** bucket has nothing more to find in its chain. */
void hmapi_iters_cleared(hmap *m, const bmap *was, uint64_t n, bmap *now) {
  const char *base = (const char *)was;
  for (hmap_iter *it = m->iters; it != NULL; it = it->next) {
    const char *head = it->head;
    if (head == NULL || head < base || head >= base + n * m->t->bucket_size)
      continue;
    bool in_base = it->at == it->head;
    it->head = now == NULL ? NULL : (char *)now + (head - base);
    it->at = in_base ? it->head : NULL;
  }
}

void hmapi_iters_detach(hmap *m) {
  while (m->iters != NULL) {
    hmap_iter *it = m->iters;
    hmap_iter_close(it);
  }
}

/* -- the next saved entry ------------------------------------------------- */

static ALWAYS_INLINE void give(hmap_iter *it, place at) {
  const hmap_type *t = it->m->t;
  it->key = key_at(&t->key, at.b, at.i);
  it->elem = elem_at(t, &t->key, at.b, at.i);
}

/* Once the map was empty all entries are new ones, in classes of a new hash0:
** what was saved is not looked for any more. */
static NOINLINE bool next_saved(hmap_iter *it) {
  const hmap *m = it->m;
  const hmap_type *t = m->t;
  while (it->saved_at < it->nsaved && it->emptied == m->emptied) {
    char *pair = pair_at(it, it->saved_at++);
    place at;
    if (irreflexive(&t->key, pair)) {
      it->key = pair;
      it->elem = pair + elem_offset(t);
      return true;
    }
    if (find(m, pair, &at)) {
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
void hmapi_pass_class(hmap_position *p) {
  while (p->level > p->B) {
    uint64_t bit = UINT64_C(1) << (p->level - 1);
    p->cls ^= bit;
    if (p->cls & bit)
      return;
    p->level--;
  }
  p->bucket = (p->bucket + 1) & mask_of(p->B);
  p->cls = p->bucket;
}

static void enter_chain(hmap_iter *it, bmap *buckets, unsigned B) {
  it->filter = it->now.level > B;
  it->head = it->at = bucket_at(it->m->t, buckets, it->now.cls & mask_of(B));
  it->slot = 0;
}

/* Takes up the class at the iterator's position, split as far as the map now
** is: its old bucket if that has not moved, else its new one. */
void hmapi_iter_enter_class(hmap_iter *it) {
  hmap *m = it->m;
  hmap_position *p = &it->now;
  it->begun = true;
  if (growing(m)) {
    if (p->level < m->oldB)
      p->level = m->oldB;
    if (!old_moved(m, p->cls & mask_of(m->oldB))) {
      enter_chain(it, m->oldbuckets, m->oldB);
      return;
    }
  }
  if (p->level < m->B)
    p->level = m->B;
  enter_chain(it, m->buckets, m->B);
}

/* Begins anew in the order of the map as it is, leaving out what was given. */
hmap_status hmapi_iter_start_over(hmap_iter *it, unsigned B) {
  if (it->begun || it->now.level > it->now.B) {
    if (it->npast == sizeof it->past / sizeof it->past[0])
      return HMAP_ECURSOR;
    it->past[it->npast++] = it->now;
  }
  it->now = (hmap_position){
      .epoch = it->m->epoch, .B = (uint8_t)B, .level = (uint8_t)B};
  it->begun = false;
  return HMAP_OK;
}

static bool at_end(const hmap_iter *it) {
  return it->begun && is_start(&it->now);
}

/* A table much smaller than the classes would be walked once for each. */
static bool too_fine(const hmap_iter *it) {
  const hmap *m = it->m;
  return it->now.B > m->B + 3 && !growing(m) && it->npast < HMAP_MAX_PAST / 2;
}

/* After the class in hand: the position behind it, under the hash key of now,
** in classes of 2^B at first. */
hmap_status hmapi_iter_move_on(hmap_iter *it, unsigned B) {
  if (it->begun)
    hmapi_pass_class(&it->now);
  it->wrapped = at_end(it);
  if (it->wrapped || (it->now.epoch == it->m->epoch && !too_fine(it)))
    return HMAP_OK;
  return hmapi_iter_start_over(it, B);
}

/* Moves up to n old buckets while that is so. */
hmap_status hmapi_put_in_order(hmap *m, uint64_t n) {
  hmap_status status = HMAP_OK;
  if (!unordered(m))
    return status;
  begin_op(m, HMAP_OP_ITERATE);
  for (; n > 0 && status == HMAP_OK && unordered(m); n--)
    status = hmapi_evacuate_next(m);
  end_op(m);
  return status;
}

/* -- the public ones ------------------------------------------------------ */

void hmapi_iter_open(hmap_iter *it, hmap *m) {
  *it = (hmap_iter){.m = m, .now = {.epoch = m->epoch}};
  link_iter(it, m);
}

void hmap_iter_init(hmap_iter *it, hmap *m) {
  hmapi_iter_open(it, m);
  if (m->count == 0) {
    it->wrapped = true;
    return;
  }
  uint64_t r = hmapi_rand(&m->rng);
  if (m->B > 31 - 3) /* more bits than one draw has */
    r += (uint64_t)hmapi_rand(&m->rng) << 31;
  it->now.B = it->now.level = m->B;
  it->now.start = it->now.bucket = it->now.cls = r & m->mask;
  it->offset = (uint8_t)(r >> m->B & (HMAP_BUCKET_COUNT - 1u));
  m->flags |= HMAP_ITERATOR | HMAP_OLD_ITERATOR;
}

/* The next entry of the class in hand, if there is one. */
static ALWAYS_INLINE bool next_in_class(hmap_iter *it) {
  place at;
  if (UNLIKELY(it->saved != NULL)) {
    if (next_saved(it))
      return true;
    drop_saved(it);
  }
  if (!walk_chain(it, &at))
    return false;
  give(it, at);
  return true;
}

bool hmapi_iter_next_in_class(hmap_iter *it) { return next_in_class(it); }

hmap_status hmap_iter_next(hmap_iter *it) {
  hmap_status status = HMAP_OK;
  it->key = it->elem = NULL;
  if (it->m == NULL)
    return HMAP_OK;
  if (hmapi_iter_is_lost(it))
    return HMAP_ECURSOR;
  while (!it->wrapped) {
    if (LIKELY(next_in_class(it)))
      return HMAP_OK;
    if (hmapi_iter_enter_next(it))
      continue;
    if ((status = hmapi_put_in_order(it->m, UINT64_MAX)) != HMAP_OK ||
        (status = hmapi_iter_move_on(it, it->m->B)) != HMAP_OK)
      return status;
    if (!it->wrapped)
      hmapi_iter_enter_class(it);
  }
  hmap_iter_close(it); /* at the end nothing is held */
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
