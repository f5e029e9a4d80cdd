/* resize.c: how a move begins and ends. It begins with one allocation, the only
** thing that can fail, and moves nothing; evacuate.c does the rest.
**
** Source: Go 1.19 runtime/map.go, hashGrow.
*/
#include "core/map/resize.h"

#include "core/map/evacuate.h"
#include "core/map/fast_path.h"
#include "core/map/observe.h"
#include "core/map/policy.h"
#include "core/map/reclaim.h"

hmap_status hmapi_first_array(hmap *m, unsigned B) {
  hmap_status status = HMAP_OK;
  array *a = hmapi_array_new(m, B, &status);
  if (a == NULL)
    return status;
  m->array = a;
  m->B = (uint8_t)B;
  m->mask = mask_of(B);
  m->buckets = a->buckets;
  m->used_prealloc = 0;
  if (m->longest == 0)
    m->longest = 1;
  hmapi_set_thresholds(m);
  set_fast_path(m);
  if (hmapi_wants_map_next(m))
    m->heap.deferred = true;
  return HMAP_OK;
}

static void switch_arrays(hmap *m, hmap_growth kind, array *to, unsigned B) {
  uint8_t flags = m->flags & (uint8_t) ~(HMAP_ITERATOR | HMAP_OLD_ITERATOR);
  if (m->flags & HMAP_ITERATOR)
    flags |= HMAP_OLD_ITERATOR;
  if (kind == HMAP_GROW_SAME_SIZE)
    flags |= HMAP_SAME_SIZE_GROW;
  m->flags = flags;
  m->resize_kind = (uint8_t)kind;
  m->growths[kind]++;
  m->oldB = m->B;
  m->B = (uint8_t)B;
  m->mask = mask_of(B);
  m->old = m->array;
  m->oldbuckets = m->buckets;
  m->array = to;
  m->buckets = to->buckets;
  m->nevacuate = 0;
  m->moved = 0;
  m->noverflow = 0;
  m->used_prealloc = 0;
  hmapi_set_thresholds(m);
  set_fast_path(m);
  count_resize(m, true);
}

/* What is refused on the way is moved by later writes. */
static void move_all(hmap *m) {
  while (growing(m) && hmapi_evacuate_next(m) == HMAP_OK)
    continue;
}

void hmapi_commit_resize(hmap *m, hmap_growth kind, array *to, unsigned B) {
  switch_arrays(m, kind, to, B);
  emit(m, (hmap_event){.kind = HMAP_EVENT_GROW_BEGIN,
                       .growth = kind,
                       .from = noldbuckets(m),
                       .to = nbuckets(m)});
  if (m->policy.all_at_once)
    move_all(m);
}

hmap_status hmapi_begin_resize(hmap *m, hmap_growth kind, unsigned B) {
  assert(!growing(m));
  hmap_status why = HMAP_OK;
  array *to = hmapi_array_new(m, B, &why);
  if (to == NULL)
    return why;
  hmapi_commit_resize(m, kind, to, B);
  return HMAP_OK;
}

hmap_status hmapi_hash_grow(hmap *m) {
  if (m->count + 1 > m->grow_threshold)
    return hmapi_begin_resize(m, HMAP_GROW_DOUBLE,
                              hmapi_least_B(m, m->count + 1));
  return hmapi_begin_resize(m, HMAP_GROW_SAME_SIZE, m->B);
}

/* -- end ------------------------------------------------------------------ */

void hmapi_leave_old(hmap *m, bool holding) {
  hmapi_defer_free(m, m->old, holding);
  m->old = NULL;
  m->oldbuckets = NULL;
  m->flags &= (uint8_t)~HMAP_SAME_SIZE_GROW;
  m->resize_kind = HMAP_GROW_DOUBLE; /* none under way; above all no rekey */
  set_fast_path(m);
}

void hmapi_end_resize(hmap *m) {
  hmap_event event = {.kind = HMAP_EVENT_GROW_END,
                      .growth = (hmap_growth)m->resize_kind,
                      .from = noldbuckets(m),
                      .to = nbuckets(m)};
  count_resize(m, false);
  hmapi_leave_old(m, false);
  if (hmapi_is_pending(m) || hmapi_wants_map_next(m))
    m->heap.deferred = true;
  emit(m, event);
}
