/* random.h: random numbers and secrets: a map's own stream, words that follow
** from a seed, and what the system gives. */
#ifndef HMAP_CORE_RANDOM_H
#define HMAP_CORE_RANDOM_H

#include "core/bytes.h"

#define SECRET_BYTES 192

/* 2^64 / golden ratio, made odd: Knuth, TAOCP 6.4. */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* The two halves of the 128-bit product, one over the other. */
static ALWAYS_INLINE uint64_t fold(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
  __extension__ unsigned __int128 p = (unsigned __int128)a * b;
  return (uint64_t)p ^ (uint64_t)(p >> 64);
#else
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
  uint64_t mid = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
  uint64_t low = mid << 32 | (uint32_t)ll;
  return low ^ (hh + (lh >> 32) + (hl >> 32) + (mid >> 32));
#endif
}

/* Go 1.19 runtime/stubs.go, fastrand (wyrand with a 64-bit state). A map draws
** from it at exactly the moments at which Go's runtime would. */
HIDDEN uint32_t hmapi_rand(uint64_t *state);

/* A secret from the system, the same for all threads of a process, or one that
** follows from a seed. */
HIDDEN const uint8_t *hmapi_process_secret(void);
HIDDEN void hmapi_seeded_secret(uint64_t seed, uint8_t secret[SECRET_BYTES]);
/* Another word at each call, which nobody can guess. */
HIDDEN uint64_t hmapi_new_random(void);

#endif
