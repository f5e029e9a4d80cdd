/* scan.c: iterators that go by cursors.
**
** A scan takes classes in the pure order of backward bits, from class 0 of one
** bucket: its position is then two numbers. `begun` says that the position is
** that of the class in hand; a cursor is always the one behind it.
*/
#include "core/map/iter.h"
#include "core/map/rekey.h"

static void load_cursor(hmap_iter *it, const hmap_cursor *c) {
  it->npast = c->n - 1;
  for (uint32_t i = 0; i < c->n; i++) {
    hmap_position p = {
        .cls = c->at[i].cls, .epoch = c->at[i].epoch, .level = c->at[i].level};
    *(i < it->npast ? &it->past[i] : &it->now) = p;
  }
}

static bool cursor_ok(const hmap *m, const hmap_cursor *c) {
  if (c->map != m->id || c->n == 0 || c->n > HMAP_MAX_PAST + 1)
    return false;
  for (uint32_t i = 0; i < c->n; i++)
    if (c->at[i].level > MAX_B || c->at[i].cls > mask_of(c->at[i].level) ||
        (i > 0 && c->at[i].epoch <= c->at[i - 1].epoch) ||
        hmapi_hash_key_of(m, c->at[i].epoch) == NULL)
      return false;
  return true;
}

hmap_status hmap_scan_open(hmap_iter *it, hmap *m, const hmap_cursor *cursor) {
  if (cursor->map != 0 && !cursor_ok(m, cursor)) {
    *it = (hmap_iter){.m = NULL};
    return HMAP_ECURSOR;
  }
  hmapi_iter_open(it, m);
  if (cursor->map != 0)
    load_cursor(it, cursor);
  if (it->now.epoch == m->epoch)
    return HMAP_OK;
  hmap_status status = hmapi_iter_start_over(it, 0);
  if (status != HMAP_OK)
    hmap_iter_close(it);
  return status;
}

hmap_status hmap_scan_next(hmap_iter *it) {
  it->key = it->elem = NULL;
  if (it->m == NULL)
    return HMAP_OK;
  if (hmapi_iter_is_lost(it))
    return HMAP_ECURSOR;
  (void)hmapi_iter_next_in_class(it);
  return HMAP_OK;
}

/* Old buckets that a scan moves which finds a rekey under way. */
#define SCAN_MOVES 64

hmap_status hmap_scan_class(hmap_iter *it, bool *more) {
  hmap *m = it->m;
  hmap_status status = HMAP_OK;
  *more = false;
  if (m == NULL || it->wrapped || m->buckets == NULL)
    return HMAP_OK;
  if (hmapi_iter_is_lost(it))
    return HMAP_ECURSOR;
  status = hmapi_put_in_order(m, SCAN_MOVES);
  if (status != HMAP_OK || unordered(m) ||
      (status = hmapi_iter_move_on(it, 0)) != HMAP_OK)
    return status;
  if (!it->wrapped)
    hmapi_iter_enter_class(it);
  *more = !it->wrapped;
  return HMAP_OK;
}

static void tell_position(hmap_cursor *out, const hmap_position *p) {
  out->at[out->n].cls = p->cls;
  out->at[out->n].epoch = p->epoch;
  out->at[out->n].level = p->level;
  out->n++;
}

void hmap_scan_tell(const hmap_iter *it, hmap_cursor *out) {
  const hmap *m = it->m;
  hmap_position next = it->now;
  *out = (hmap_cursor){.map = m == NULL ? 0 : m->id};
  if (it->begun)
    hmapi_pass_class(&next);
  bool end = m == NULL || it->wrapped || m->buckets == NULL ||
             (it->begun && is_start(&next));
  if (end)
    return;
  for (uint32_t i = 0; i < it->npast; i++)
    tell_position(out, &it->past[i]);
  tell_position(out, &next);
}
