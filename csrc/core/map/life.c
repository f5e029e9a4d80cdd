/* life.c: how a map begins, is emptied and ends.
**
** Source: Go 1.19 runtime/map.go, makemap; Go 1.21's mapclear.
*/
#include "core/map/iter.h"
#include "core/map/observe.h"
#include "core/map/policy.h"
#include "core/map/reclaim.h"
#include "core/map/rekey.h"
#include "core/map/resize.h"
#include "core/mem/slab.h"

const char *hmap_status_text(hmap_status status) {
  switch (status) {
  case HMAP_OK:
    return "ok";
  case HMAP_ENOMEM:
    return "not enough memory";
  case HMAP_ELIMIT:
    return "max_bytes would be passed";
  case HMAP_ETOOBIG:
    return "too big";
  case HMAP_EINVAL:
    return "invalid type or option";
  case HMAP_ECURSOR:
    return "cursor is of no use to this map";
  case HMAP_EIO:
    return "could not be written or read";
  case HMAP_EFILE:
    return "not a whole file of a map";
  case HMAP_EOBJECT:
    return "an object cannot be in a file";
  }
  return "unknown status";
}

/* -- new ------------------------------------------------------------------ */

static bool hash_ok(const hmap_options *o) {
  switch (o->hash) {
  case HMAP_HASH_IDENTITY:
    return is_int(o->key.kind);
  case HMAP_HASH_CUSTOM:
    return o->hash_fn != NULL;
  default:
    return (unsigned)o->hash <= HMAP_HASH_CUSTOM;
  }
}

static void init_options(hmap *m, const hmap_options *o) {
  m->k =
      (hash_key){.hash = (uint8_t)o->hash, .fn = o->hash_fn, .ud = o->hash_ud};
  hmapi_heap_init(&m->heap, o);
  m->seeded = o->seeded;
  m->seed = o->seed;
  m->rng = o->seeded ? o->seed : hmapi_new_random();
}

static hmap_status make_type(hmap *m, const hmap_options *o) {
  size_t nfields;
  hmap_status status = hmapi_type_check(&o->key, &o->elem, &nfields);
  if (status != HMAP_OK)
    return status;
  m->t = hmapi_common_type(&o->key, &o->elem);
  if (m->t != NULL)
    return HMAP_OK;
  hmap_type *t = hmapi_alloc(&m->heap, PART_HEADER,
                             sizeof *t + nfields * sizeof(field), &status);
  if (t == NULL)
    return status;
  hmapi_type_init(t, &o->key, &o->elem);
  m->t = t;
  return HMAP_OK;
}

static hmap_status make_secret(hmap *m, const hmap_options *o) {
  if (!o->seeded) {
    set_secret(&m->k, hmapi_process_secret(), false);
    return HMAP_OK;
  }
  hmap_status status = HMAP_OK;
  uint8_t *secret = hmapi_alloc(&m->heap, PART_HEADER, SECRET_BYTES, &status);
  if (secret == NULL)
    return status;
  hmapi_seeded_secret(o->seed, secret);
  set_secret(&m->k, secret, true);
  return HMAP_OK;
}

/* Go takes a hint that no memory could hold for none at all. */
static uint64_t sane_hint(const hmap *m, int64_t hint) {
  const uint64_t max_alloc = UINT64_C(1) << 48;
  if (hint < 0 || (uint64_t)hint > max_alloc / m->t->bucket_size)
    return 0;
  return (uint64_t)hint;
}

/* Never 0, which stands for no map. */
static uint64_t map_id(uint64_t seed) { return seed * GOLDEN | 1; }

static hmap_status make_map(hmap *m, const hmap_options *o) {
  hmap_status status = make_type(m, o);
  if (status == HMAP_OK)
    status = make_secret(m, o);
  if (status != HMAP_OK)
    return status;
  draw_hash0(m);
  m->id = o->seeded ? map_id(o->seed) : hmapi_new_random() | 1;
  hmap_policy policy =
      o->policy != NULL ? *o->policy : hmap_policy_of(HMAP_POLICY_GO);
  status = hmap_tune(m, &policy);
  unsigned B = hmapi_least_B(m, sane_hint(m, o->hint));
  return status != HMAP_OK || B == 0 ? status : hmapi_first_array(m, B);
}

hmap_status hmap_new(const hmap_options *o, hmap **out) {
  *out = NULL;
  if (!hash_ok(o))
    return HMAP_EINVAL;
  hmap scratch = {.count = 0};
  init_options(&scratch, o);
  hmap_status status = HMAP_OK;
  bool own = scratch.heap.pages == o->pages;
  size_t bytes = sizeof scratch + (own ? sizeof *o->pages : 0);
  hmap *m = hmapi_alloc(&scratch.heap, PART_HEADER, bytes, &status);
  if (m == NULL)
    return status;
  *m = scratch;
  if (own)
    m->heap.pages = memcpy(m + 1, o->pages, sizeof *o->pages);
  status = make_map(m, o);
  if (status == HMAP_OK)
    *out = m;
  else
    hmap_free(m);
  return status;
}

/* -- free ----------------------------------------------------------------- */

static void defer_free_all(hmap *m) {
  m->sink = NULL;
  m->watcher = NULL;
  hmapi_close_op_stats(m);
  hmapi_iters_detach(m);
  if (m->old != NULL)
    hmapi_defer_free(m, m->old, true);
  if (m->array != NULL)
    hmapi_defer_free(m, m->array, true);
  m->old = m->array = NULL;
  if (m->next_array != NULL)
    hmapi_unmap_next(m);
  hmapi_free_reserved(m);
}

static void free_header(hmap *m) {
  hmapi_slabs_close(&m->heap);
  hmapi_forget_hash_keys(m, 0);
  if (m->k.own_secret)
    hmapi_free(&m->heap, PART_HEADER, (void *)(uintptr_t)m->k.secret,
               SECRET_BYTES);
  if (m->t != NULL && m->t->bytes > 0)
    hmapi_free(&m->heap, PART_HEADER, (void *)(uintptr_t)m->t, m->t->bytes);
  size_t bytes = sizeof *m;
  if ((const void *)m->heap.pages == m + 1)
    bytes += sizeof *m->heap.pages;
  assert(m->heap.bytes == bytes);
  m->heap.alloc(m->heap.alloc_ud, m, bytes, 0);
}

/* Frees up to *n parts, which it counts down; whether all is gone, m too. */
static bool free_parts(hmap *m, size_t *n) {
  while (m->pending_free != NULL || hmapi_slabs_have_excess(&m->heap)) {
    if (*n == 0)
      return false;
    --*n;
    if (!hmapi_free_step(m, FREE_STEP_BUCKETS))
      hmapi_slabs_trim(&m->heap);
  }
  free_header(m);
  return true;
}

bool hmap_free_step(hmap *m, size_t n) {
  defer_free_all(m);
  return free_parts(m, &n);
}

void hmap_free(hmap *m) {
  while (m != NULL && !hmap_free_step(m, SIZE_MAX))
    continue;
}

void hmap_free_later(hmap *m, hmap **dying) {
  defer_free_all(m);
  m->next_dying = *dying;
  *dying = m;
}

bool hmap_free_some(hmap **dying, size_t n) {
  while (*dying != NULL && n > 0) {
    hmap *next = (*dying)->next_dying;
    if (!free_parts(*dying, &n))
      return false;
    *dying = next;
    n -= n > 0;
  }
  return *dying == NULL;
}

size_t hmap_dying_bytes(const hmap *dying) {
  size_t bytes = 0;
  for (; dying != NULL; dying = dying->next_dying)
    bytes += dying->heap.bytes;
  return bytes;
}

/* -- clear ---------------------------------------------------------------- */

/* As in Go: emptied and zeroed where it is. */
static void clear_in_place(hmap *m) {
  array *a = m->array;
  hmapi_free_chains(m, a, true);
  memset((char *)a->buckets, 0, a->bytes);
  COUNT_WORK(&m->heap, cleared, a->bytes);
  hmapi_iters_cleared(m, a->buckets, a->n, a->buckets);
}

/* Exchanged for a fresh array, to be emptied bit by bit by later writes;
** without memory for that it is emptied at once after all. */
static void clear_array(hmap *m) {
  array *was = m->array;
  if (hmapi_frees_at_once(m, was, true) ||
      hmapi_first_array(m, m->B) != HMAP_OK) {
    clear_in_place(m);
    return;
  }
  hmapi_iters_cleared(m, was->buckets, was->n, m->buckets);
  hmapi_defer_free(m, was, true);
}

static void drop_old_array(hmap *m) {
  if (!growing(m))
    return;
  hmapi_iters_cleared(m, m->oldbuckets, m->old->n, NULL);
  hmapi_leave_old(m, true);
}

static void clear(hmap *m) {
  clear_array(m);
  drop_old_array(m);
  m->count = 0;
  m->nevacuate = 0;
  m->noverflow = 0;
  m->used_prealloc = 0;
  m->overflow_in_use = 0;
  m->nans = 0;
  m->pending = (pending){.reserve = 0};
  m->emptied++;
  draw_hash0(m);
  emit(m, (hmap_event){.kind = HMAP_EVENT_CLEAR});
}

hmap_status hmap_clear(hmap *m) {
  begin_op(m, HMAP_OP_CLEAR);
  bool mapped = m->count > 0 && m->array->mapped;
  if (m->count > 0)
    clear(m);
  if (!mapped) /* else the new array was work enough for one call */
    finish_write(m);
  end_op(m);
  return HMAP_OK;
}
