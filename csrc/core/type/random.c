/* random.c: random numbers and secrets. */
#if defined(__linux__)
#  define _DEFAULT_SOURCE 1
#  include <sys/random.h>
#endif
#include <stdio.h>
#include <time.h>

#include "core/mem/agree.h"
#include "core/type/random.h"

uint32_t hmapi_rand(uint64_t *state) {
  *state += UINT64_C(0xa0761d6478bd642f);
  return (uint32_t)fold(*state, *state ^ UINT64_C(0xe7037ed1a0b428db));
}

/* Vigna's splitmix64: a stream of well-mixed words from any seed. */
static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += GOLDEN;
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

void hmapi_seeded_secret(uint64_t seed, uint8_t secret[SECRET_BYTES]) {
  for (size_t at = 0; at < SECRET_BYTES; at += 8) {
    uint64_t word = splitmix64(&seed);
    for (unsigned i = 0; i < 8; i++)
      secret[at + i] = (uint8_t)(word >> 8 * i);
  }
}

static bool system_bytes(void *out, size_t n) {
#if defined(__linux__)
  if (getrandom(out, n, 0) == (ssize_t)n)
    return true;
#endif
  FILE *f = fopen("/dev/urandom", "rb");
  if (f == NULL)
    return false;
  bool ok = fread(out, 1, n, f) == n;
  fclose(f);
  return ok;
}

/* Where the system has no random numbers, time and an address must do. */
static void random_bytes(void *out, size_t n) {
  if (system_bytes(out, n))
    return;
  uint64_t seed =
      (uint64_t)time(NULL) ^ (uint64_t)clock() << 32 ^ (uint64_t)(uintptr_t)&n;
  for (size_t at = 0; at < n; at++)
    ((uint8_t *)out)[at] = (uint8_t)splitmix64(&seed);
}

/* Drawn word by word: those that somebody else was first with stay. The last
** one there says that all are. */
static void agree_on_random(agreed_word *words, size_t n) {
  uint32_t drawn[SECRET_BYTES / sizeof(agreed_word)];
  if (LIKELY(agreed(&words[n - 1]) != 0))
    return;
  random_bytes(drawn, n * sizeof drawn[0]);
  for (size_t i = 0; i < n; i++)
    (void)agree(&words[i], drawn[i] | (drawn[i] == 0));
}

const uint8_t *hmapi_process_secret(void) {
  static agreed_word secret[SECRET_BYTES / sizeof(agreed_word)];
  agree_on_random(secret, sizeof secret / sizeof secret[0]);
  return (const uint8_t *)(const void *)secret;
}

/* To ask the system takes longer than all else that makes a map. So it is asked
** once, for the seeds of a stream of wyrand's kind. */
uint64_t hmapi_new_random(void) {
  static agreed_word seeds[4];
  static agreed_count drawn;
  agree_on_random(seeds, sizeof seeds / sizeof seeds[0]);
  uint64_t begin = agreed(&seeds[0]) | (uint64_t)agreed(&seeds[1]) << 32;
  uint64_t other = agreed(&seeds[2]) | (uint64_t)agreed(&seeds[3]) << 32;
  uint64_t state = begin + GOLDEN * (uint64_t)next_number(&drawn);
  return fold(state, state ^ other);
}
