/* moves_meter.h: a map of int64 to int64 whose work is counted.
**
** The map in hand is `m`, as in moves_life.h; its elems are its keys. */
#ifndef HMAP_SPEC_MOVES_METER_H
#define HMAP_SPEC_MOVES_METER_H

#include "moves_life.h"

/* Since the map was made, or since meter_zero(). */
static struct meter {
  uint64_t hashes;  /* calls of the caller's hash function */
  uint64_t buckets; /* old buckets moved */
  uint64_t full;    /* those with entries in them */
  uint64_t entries; /* moved with them */
  uint64_t last;    /* the old bucket that moved last */
  uint64_t begun;   /* growths of any kind */
} meter;

static void meter_event(void *ud, const hmap_event *e) {
  (void)ud;
  meter.begun += e->kind == HMAP_EVENT_GROW_BEGIN;
  if (e->kind != HMAP_EVENT_EVACUATE)
    return;
  meter.buckets++;
  meter.full += e->to_x + e->to_y > 0;
  meter.entries += e->to_x + e->to_y;
  meter.last = e->bucket;
}

static void meter_zero(void) { meter = (struct meter){.hashes = 0}; }

/* splitmix64's finalizer, and its inverse: a hash under a key (hash0) that an
** attacker who knows the key can run backwards. */
static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}
static uint64_t unmix(uint64_t x) {
  x = (x ^ x >> 31 ^ x >> 62) * UINT64_C(0x319642b2d24d8ec3);
  x = (x ^ x >> 27 ^ x >> 54) * UINT64_C(0x96de1b173f119089);
  return x ^ x >> 30 ^ x >> 60;
}
static uint64_t spread(uint32_t hash0) {
  return hash0 * UINT64_C(0x9e3779b97f4a7c15);
}
static uint64_t keyed_hash(const void *at, uint32_t hash0, void *ud) {
  uint64_t x;
  (void)ud;
  meter.hashes++;
  memcpy(&x, at, sizeof x);
  return mix(x ^ spread(hash0));
}

/* What every map here is made with, but for what a sentence is about. */
static hmap_options usual(const hmap_policy *p) {
  return (hmap_options){.key = {.kind = HMAP_INT64},
                        .elem = {.kind = HMAP_INT64},
                        .hash_fn = keyed_hash,
                        .policy = p,
                        .seeded = true,
                        .seed = 7};
}

static void make(const hmap_options *o) {
  meter_zero();
  EXPECT(hmap_new(o, &m) == HMAP_OK);
  hmap_set_sink(m, meter_event, NULL);
}
static void make_by(const hmap_policy *p) {
  hmap_options o = usual(p);
  make(&o);
}
static void make_preset(hmap_preset preset) {
  hmap_policy p = hmap_policy_of(preset);
  make_by(&p);
}

static void put(int64_t k) { EXPECT(hmap_put_i64(m, k, &k) == HMAP_OK); }
static bool drop(int64_t k) { return hmap_delete(m, &k); }

static void put_all(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    put(k);
}
static void drop_all(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    EXPECT(drop(k));
}
static void expect_keys(int64_t from, int64_t to) {
  EXPECT(hmap_count(m) == (size_t)(to - from));
  for (int64_t k = from; k < to; k++) {
    const int64_t *at = hmap_get_i64(m, k);
    EXPECT_SAY(at != NULL && *at == k, "key %" PRId64 " is lost", k);
  }
  expect_sound(m);
}

/* Until nothing moves and nothing waits. */
static void settle(void) {
  do {
    EXPECT(hmap_step(m, SIZE_MAX, NULL, NULL) == HMAP_OK);
  } while (stats_now().growing || stats_now().pending);
}

/* Fills a map of this policy until the next insert would double it. */
static void fill_up(int64_t at_least) {
  put_all(0, at_least);
  settle();
  put_all(at_least, (int64_t)stats_now().next_growth_at);
  settle();
}

static uint64_t growths(hmap_growth g) { return stats_now().growths[g]; }
static uint64_t resizes(void) {
  return growths(HMAP_GROW_DOUBLE) + growths(HMAP_GROW_SHRINK);
}

static uint64_t longest_chain(void) { /* in buckets */
  static hmap_distribution d;
  hmap_get_distribution(m, &d);
  return d.max_overflow + 1;
}

static void over(void) {
  hmap_free(m);
  m = NULL;
}

#endif
