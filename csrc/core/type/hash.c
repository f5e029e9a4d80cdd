/* hash.c: the hashes that are not on the hot path: those for exploring, and of
** cells with floats in them. */
#include "core/type/hash.h"

/* A running hash over the bytes of a key, member by member. */
typedef uint64_t (*byte_hash)(uint64_t h, const void *p, size_t n);

/* Fowler, Noll and Vo, FNV-1a, 64 bits. */
static uint64_t fnv1a(uint64_t h, const void *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
  return h;
}

/* Java's String.hashCode over bytes: 31 * h + b in 32 bits. */
static uint64_t java31(uint64_t h, const void *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    h = (uint32_t)(31 * h + ((const uint8_t *)p)[i]);
  return h;
}

/* Signed zeros are equal keys, so they are hashed as one. */
static uint64_t float_bits(hmap_kind kind, const void *cell) {
  double f = float_at(kind, cell);
  uint64_t bits = 0;
  if (f != 0)
    memcpy(&bits, &f, sizeof bits);
  return bits;
}

/* What an any cell is hashed by, when it is no text: its payload, told apart
** from the same bits under another tag, an integer's bits left as they are. */
static uint64_t any_bits(const hmap_cell *cell) {
  if (cell->c.tag == HMAP_TAG_INT)
    return cell->c.u.bits;
  uint64_t bits = cell->c.tag == HMAP_TAG_FLOAT
                      ? float_bits(HMAP_FLOAT64, &cell->c.u.f)
                      : cell->c.u.bits;
  return bits ^ (uint64_t)cell->c.tag * UINT64_C(0xd6e8feb86659fd93);
}

/* The bytes of one member that equal keys have in common. */
static uint64_t run_member(byte_hash run, uint64_t h, const field *f,
                           const void *cell) {
  uint64_t bits;
  if (f->kind == HMAP_STRING ||
      (f->kind == HMAP_ANY && hmap_is_text((const hmap_cell *)cell)))
    return run(h, hmap_text_ptr(cell), hmap_text_len(cell));
  if (f->kind == HMAP_ANY)
    bits = any_bits(cell);
  else if (f->kind == HMAP_FLOAT32 || f->kind == HMAP_FLOAT64)
    bits = float_bits(f->kind, cell);
  else
    return run(h, cell, f->size);
  return run(h, &bits, sizeof bits);
}

static uint64_t run_members(byte_hash run, uint64_t h, const cell_type *c,
                            const void *cell) {
  for (uint32_t i = 0; i < c->nfields; i++)
    h = run_member(run, h, &c->fields[i],
                   (const char *)cell + c->fields[i].offset);
  return h;
}

/* XXH3 of a member that is not plain bytes. */
static uint64_t hash_member(const hash_key *k, const field *f,
                            const void *cell) {
  switch (f->kind) {
  case HMAP_FLOAT32:
  case HMAP_FLOAT64:
    return hash_word(k, float_bits(f->kind, cell));
  case HMAP_STRING:
    return hash_text(k, cell);
  case HMAP_ANY:
    return hmap_is_text((const hmap_cell *)cell) ? hash_text(k, cell)
                                                 : hash_word(k, any_bits(cell));
  default:
    return hash_bytes(k, cell, f->size);
  }
}

/* Members in order, each mixed in before the next: (a, b) is not (b, a). */
static uint64_t hash_mixed(const hash_key *k, const cell_type *c,
                           const void *cell) {
  if (c->nfields == 1)
    return hash_member(k, &c->fields[0], cell);
  uint64_t h = 0;
  for (uint32_t i = 0; i < c->nfields; i++)
    h = hash_word(k, h ^ hash_member(k, &c->fields[i],
                                     (const char *)cell + c->fields[i].offset));
  return h;
}

uint64_t hmapi_hash_slow(const hash_key *k, const cell_type *c,
                         const void *cell, uint64_t *rng) {
  if (k->hash == HMAP_HASH_CUSTOM)
    return k->fn(cell, k->hash0, k->ud);
  if (irreflexive(c, cell)) /* a NaN hashes differently each time, as in Go */
    return hash_word(k, hmapi_rand(rng));
  switch (k->hash) {
  case HMAP_HASH_IDENTITY:
    return int_bits(c->kind, cell);
  case HMAP_HASH_CONSTANT:
    return UINT64_C(0xc3a5c85c97cb3127);
  case HMAP_HASH_FNV1A:
    return run_members(fnv1a, UINT64_C(0xcbf29ce484222325), c, cell);
  case HMAP_HASH_JAVA31:
    return run_members(java31, 0, c, cell);
  default:
    return hash_mixed(k, c, cell);
  }
}
