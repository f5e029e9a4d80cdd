/* explain.c: one key's way: its hash, its bucket, and each step of its search.
*/
#include "core/inspect/inspect.h"
#include "core/map/probe.h"

uint64_t hmap_hash_of(const hmap *m, const void *key) {
  return hash_of(m, &m->t->key, key);
}

uint8_t hmap_tophash_of(uint64_t hash) { return tophash(hash); }

static size_t depth_of(const hmap_type *t, const bmap *base, const bmap *b) {
  size_t depth = 0;
  for (; base != b; base = overflow_of(t, base))
    depth++;
  return depth;
}

void hmap_explain(const hmap *m, const void *key, hmap_explanation *out) {
  const cell_type *c = &m->t->key;
  uint64_t hash = hash_of(m, c, key);
  hmap_cell copy;
  place at;
  *out = (hmap_explanation){.hash = hash, .tophash = tophash(hash)};
  if (growing(m)) {
    out->old_bucket = old_hash(m, c, key, hash) & mask_of(m->oldB);
    out->old_evacuated = old_moved(m, out->old_bucket);
  }
  out->which = growing(m) && !out->old_evacuated ? HMAP_OLD : HMAP_NEW;
  out->bucket = out->which == HMAP_OLD ? out->old_bucket : hash & m->mask;
  out->goes_to_y = (hash >> m->B & 1) != 0;
  if (m->buckets == NULL)
    return;
  visitor v = {.buckets = 0};
  bmap *base = locate(m, m->t, c, key, &hash, &v);
  out->hash = hash;
  out->tophash = tophash(hash);
  out->found = probe(m->t, c, base, with_hash_bits(c, key, hash, &copy),
                     tophash(hash), &at, &v);
  out->buckets_read = (size_t)v.buckets;
  out->comparisons = (size_t)v.comparisons;
  out->false_matches = (size_t)v.false_matches;
  out->depth = depth_of(m->t, base, at.b);
  out->slot = (unsigned)at.i;
  out->slots_scanned = slots_scanned(at.b, at.i, out->depth);
  out->stopped_at_empty_rest = !out->found && ends_here(at.b);
}

bool hmap_same_key(const hmap *m, const void *a, const void *b) {
  const cell_type *c = &m->t->key;
  hmap_cell x, y;
  return key_equal(c, with_hash_bits(c, a, 0, &x), with_hash_bits(c, b, 0, &y));
}
