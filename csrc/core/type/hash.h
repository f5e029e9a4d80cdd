/* hash.h: one hash per operation: from a key's cell to 64 bits.
**
** The low B bits choose the bucket, the top byte the tophash. XXH3, for texts
** and bytes, and its mixing step, for words, run under a secret of 192 random
** bytes (one a process, or one from a seed): the seeded variants of XXH3 have
** known keys that collide for one seed in some thousand. The map's own hash0 is
** mixed in, so that two maps of a process differ.
*/
#ifndef HMAP_CORE_HASH_H
#define HMAP_CORE_HASH_H

#include "core/type/cell.h"
#include "core/type/random.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 reads that much");

/* All that turns a key into its hash. */
typedef struct hash_key {
  uint32_t hash0;        /* Go's: drawn anew when the map is empty */
  uint8_t hash;          /* hmap_hash */
  bool own_secret;       /* freed with the map */
  uint64_t salt;         /* hash0, spread over 64 bits */
  const uint8_t *secret; /* SECRET_BYTES */
  uint64_t word[2];      /* its first, by which words are hashed */
  hmap_hash_fn fn;
  void *ud;
} hash_key;

/* own: it is freed with the map. */
static inline void set_secret(hash_key *k, const uint8_t *secret, bool own) {
  k->secret = secret;
  k->own_secret = own;
  k->word[0] = load64_little(secret);
  k->word[1] = load64_little(secret + 8);
}

/* Takes up a new hash0; no entry may be hashed under the old one. */
static inline void set_hash0(hash_key *k, uint32_t hash0) {
  k->hash0 = hash0;
  k->salt = hash0 * GOLDEN;
}

/* The hashes for exploring and for NaN and mixed tuples; any of them. rng is
** drawn from for a NaN, which hashes differently each time. */
HIDDEN uint64_t hmapi_hash_slow(const hash_key *k, const cell_type *c,
                                const void *cell, uint64_t *rng);

/* The salt goes in last, since the length decides how XXH3 reads its input. */
static ALWAYS_INLINE uint64_t salted(const hash_key *k, uint64_t h) {
  h = (h ^ k->salt) * GOLDEN;
  return h ^ h >> 32;
}

static ALWAYS_INLINE uint64_t hash_bytes(const hash_key *k, const void *p,
                                         size_t n) {
  return salted(k, XXH3_64bits_withSecret(p, n, k->secret, SECRET_BYTES));
}

/* The step by which XXH3 takes in 16 bytes of a longer input (XXH3_mix16B), the
** word and its halves exchanged: half the instructions of a whole XXH3, and in
** a large map as many more lookups in flight. Alone it would show patterns in
** the keys; what the salt brings with it hides them. */
static ALWAYS_INLINE uint64_t hash_word(const hash_key *k, uint64_t word) {
  uint64_t turned = word << 32 | word >> 32;
  return salted(k, fold(word ^ k->word[0], turned ^ k->word[1]));
}

static ALWAYS_INLINE uint64_t hash_text(const hash_key *k,
                                        const hmap_cell *cell) {
  return hash_bytes(k, hmap_text_ptr(cell), hmap_text_len(cell));
}

/* An integer's 64 bits, sign-extended. */
static ALWAYS_INLINE uint64_t int_bits(hmap_kind kind, const void *cell) {
  switch (kind) {
  case HMAP_INT8:
    return (uint64_t)(int64_t) * (const int8_t *)cell;
  case HMAP_INT16:
    return (uint64_t)(int64_t)(int16_t)load16(cell);
  case HMAP_INT32:
    return (uint64_t)(int64_t)(int32_t)load32(cell);
  case HMAP_BOOL:
  case HMAP_UINT8:
    return *(const uint8_t *)cell;
  case HMAP_UINT16:
    return load16(cell);
  case HMAP_UINT32:
    return load32(cell);
  default:
    return load64(cell);
  }
}

static inline bool is_int(hmap_kind kind) {
  return kind >= HMAP_INT8 && kind <= HMAP_UINT64;
}

static ALWAYS_INLINE uint64_t hash_under(const hash_key *k, const cell_type *c,
                                         const void *cell, uint64_t *rng) {
  if (UNLIKELY(k->hash != HMAP_HASH_XXH3))
    return hmapi_hash_slow(k, c, cell, rng);
  if (is_int(c->kind))
    return hash_word(k, int_bits(c->kind, cell));
  if (c->kind == HMAP_STRING ||
      (c->kind == HMAP_ANY && hmap_is_text((const hmap_cell *)cell)))
    return hash_text(k, cell);
  if (c->kind == HMAP_ANY && ((const hmap_cell *)cell)->c.tag == HMAP_TAG_INT)
    return hash_word(k, ((const hmap_cell *)cell)->c.u.bits);
  if (c->plain)
    return c->size == 8 ? hash_word(k, load64(cell))
                        : hash_bytes(k, cell, c->size);
  return hmapi_hash_slow(k, c, cell, rng);
}

#endif
