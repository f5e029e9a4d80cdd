/* policy.c: when a map changes its size or its hash key. How it then moves its
** entries is resize.c's and evacuate.c's affair.
**
** Source: Go 1.19 runtime/map.go, overLoadFactor, tooManyOverflowBuckets;
** shrinking at an eighth as in Redis' dict.
*/
#include "core/map/policy.h"

#include "core/map/observe.h"
#include "core/map/reclaim.h"
#include "core/map/rekey.h"
#include "core/map/resize.h"
#include "core/mem/slab.h"

hmap_policy hmap_policy_of(hmap_preset which) {
  switch (which) {
#define HMAP_X(preset, name, ...)                                              \
  case HMAP_POLICY_##preset:                                                   \
    return (hmap_policy)__VA_ARGS__;
    HMAP_POLICIES(HMAP_X)
#undef HMAP_X
  }
  return hmap_policy_of(HMAP_POLICY_GO);
}

/* Go's rule is 13 * (2^B / 2), and 8 for one bucket; the same for any load. */
uint64_t hmap_threshold(double load, unsigned B) {
  double entries = load * (double)(UINT64_C(1) << B);
  return entries < HMAP_BUCKET_COUNT ? HMAP_BUCKET_COUNT : (uint64_t)entries;
}

unsigned hmapi_least_B(const hmap *m, uint64_t entries) {
  unsigned B = 0;
  while (B < MAX_B && entries > hmap_threshold(m->policy.load, B))
    B++;
  return B;
}

/* As many overflow buckets as buckets (the counter has 16 bits); with a load at
** which chains are long by intent, more than those, or never if the counter
** cannot tell. */
double hmap_overflow_share(double load) {
  return load <= HMAP_GO_LOAD ? 1 : 2 + load / HMAP_BUCKET_COUNT;
}

static uint32_t too_many_overflow_buckets(double load, unsigned B) {
  uint32_t buckets = UINT32_C(1) << (B > 15 ? 15 : B);
  double wanted = hmap_overflow_share(load) * buckets;
  return wanted < UINT16_MAX ? (uint32_t)wanted : UINT32_MAX;
}

void hmapi_set_thresholds(hmap *m) {
  const hmap_policy *p = &m->policy;
  m->grow_threshold = hmap_threshold(p->load, m->B);
  m->same_size_at =
      p->same_size ? too_many_overflow_buckets(p->load, m->B) : UINT32_MAX;
  m->shrink_threshold =
      m->B == 0 ? 0 : (uint64_t)(p->shrink * (double)m->grow_threshold);
}

bool hmap_policy_bounds(const char *name, hmap_bounds *out) {
  static const hmap_bounds all[] = {
#define HMAP_X(name, least, most, or_off) {#name, least, most, or_off},
      HMAP_POLICY_BOUNDS(HMAP_X)
#undef HMAP_X
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (strcmp(all[i].field, name) == 0) {
      *out = all[i];
      return true;
    }
  return false;
}

static bool is_within(double value, double least, double most, bool or_off) {
  return (value >= least && value <= most) || (or_off && value == 0);
}

hmap_status hmap_policy_check(const hmap_policy *policy, const char **which) {
#define HMAP_X(name, least, most, or_off)                                      \
  *which = #name;                                                              \
  if (!is_within((double)policy->name, least, most, or_off))                   \
    return HMAP_EINVAL;
  HMAP_POLICY_BOUNDS(HMAP_X)
#undef HMAP_X
  *which = NULL;
  return HMAP_OK;
}

hmap_status hmap_tune(hmap *m, const hmap_policy *policy) {
  const char *which;
  if (hmap_policy_check(policy, &which) != HMAP_OK)
    return HMAP_EINVAL;
  m->policy = *policy;
  hmapi_set_thresholds(m);
  return HMAP_OK;
}

void hmap_get_policy(const hmap *m, hmap_policy *out) { *out = m->policy; }

/* -- moves on request ----------------------------------------------------- */

static hmap_status begin_shrink(hmap *m, uint64_t entries) {
  unsigned B = hmapi_least_B(m, entries);
  if (B >= m->B)
    return HMAP_OK;
  return hmapi_begin_resize(m, HMAP_GROW_SHRINK, B);
}

/* Of shrink and reserve, which contradict each other, the later one counts,
** also when the earlier one still waits for its turn. */
static hmap_status shrink(hmap *m) {
  if (m->nans > 0)
    return HMAP_EINVAL;
  bool later = growing(m);
  hmap_status status = later ? HMAP_OK : begin_shrink(m, m->count);
  if (status == HMAP_OK) {
    m->pending.shrink = later;
    m->pending.reserve = 0;
  }
  return status;
}

hmap_status hmap_shrink(hmap *m) {
  begin_op(m, HMAP_OP_SHRINK);
  hmap_status status = shrink(m);
  end_op(m);
  return status;
}

static hmap_status rekey(hmap *m) {
  if (m->nans > 0)
    return HMAP_EINVAL;
  bool later = growing(m);
  bool now = !later && m->buckets != NULL;
  hmap_status status = now ? hmapi_begin_rekey(m) : HMAP_OK;
  if (status == HMAP_OK)
    m->pending.rekey = later;
  return status;
}

hmap_status hmap_rekey(hmap *m) {
  begin_op(m, HMAP_OP_REKEY);
  hmap_status status = rekey(m);
  end_op(m);
  return status;
}

/* A map without buckets has nothing to move. */
static hmap_status begin_reserve(hmap *m, uint64_t entries) {
  unsigned B = hmapi_least_B(m, entries);
  if (m->buckets == NULL)
    return B == 0 ? HMAP_OK : hmapi_first_array(m, B);
  return B <= m->B ? HMAP_OK : hmapi_begin_resize(m, HMAP_GROW_DOUBLE, B);
}

static hmap_status reserve(hmap *m, size_t n) {
  if (n > hmap_threshold(m->policy.load, MAX_B))
    return HMAP_ETOOBIG;
  bool later = growing(m);
  hmap_status status = later ? HMAP_OK : begin_reserve(m, n);
  if (status == HMAP_OK)
    m->pending.shrink = m->pending.fit = false;
  if (later && n > m->pending.reserve && n > m->grow_threshold)
    m->pending.reserve = n;
  return status;
}

hmap_status hmap_reserve(hmap *m, size_t n) {
  begin_op(m, HMAP_OP_RESERVE);
  hmap_status status = reserve(m, n);
  end_op(m);
  return status;
}

/* -- moves by policy ------------------------------------------------------ */

/* What is refused here is begun by a later operation, or when it must be. */
void hmapi_after_delete(hmap *m) {
  if (m->count >= m->shrink_threshold || m->nans > 0)
    return;
  if (growing(m))
    m->pending.fit = true;
  else
    (void)begin_shrink(m, 2 * m->count);
}

/* An alarm asks for no rekey that would change little: not before the entries
** have doubled since the last one. */
void hmapi_after_overflow(hmap *m, uint64_t bucket) {
  uint32_t alarm = m->policy.chain_alarm;
  if (alarm == 0 || m->nans > 0 || rekeying(m) ||
      m->count < 2 * m->rekeyed_count ||
      chain_length(m->t, bucket_at(m->t, m->buckets, bucket)) <= alarm)
    return;
  m->pending.rekey = true;
  m->heap.deferred = true;
}

static void begin_pending(hmap *m) {
  pending *p = &m->pending;
  if (p->rekey) {
    p->rekey = false;
    if (m->nans == 0 && hmapi_begin_rekey(m) == HMAP_OK)
      m->rekeyed_count = m->count;
  } else if (p->reserve > 0) {
    uint64_t entries = p->reserve;
    p->reserve = 0;
    (void)begin_reserve(m, entries);
  } else if (p->shrink) {
    p->shrink = false;
    if (m->nans == 0)
      (void)begin_shrink(m, m->count);
  } else if (p->fit) {
    p->fit = false;
    hmapi_after_delete(m);
  }
}

bool hmapi_is_pending(const hmap *m) {
  return m->pending.rekey || m->pending.reserve > 0 || m->pending.shrink ||
         m->pending.fit;
}

void hmapi_do_deferred(hmap *m) {
  bool more = hmapi_free_step(m, FREE_STEP_BUCKETS), refused = false;
  if (!more && hmapi_slabs_have_excess(&m->heap))
    hmapi_slabs_trim(&m->heap);
  else if (!more && !hmapi_is_pending(m) && hmapi_wants_map_next(m))
    refused = !hmapi_map_next(m);
  if (!growing(m))
    begin_pending(m);
  m->heap.deferred = more || hmapi_slabs_have_excess(&m->heap) ||
                     (hmapi_wants_map_next(m) && !refused) ||
                     (hmapi_is_pending(m) && !growing(m));
}
