/* check.h: sentences about the map, true or false, and their count.
**
**   static void keeps_its_entries(void) { ... EXPECT(hmap_check(m, 0, 0)); }
**   int main(void) {
**     it("keeps its entries", keeps_its_entries);
**     return summary();
**   }
**
** The first EXPECT that does not hold ends its sentence. */
#ifndef HMAP_SPEC_CHECK_H
#define HMAP_SPEC_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hmap.h"
#include "hmap_inspect.h"

static unsigned check_passed, check_failed;
static jmp_buf check_end;
static char check_why[512];

/* Prints the verdict on one sentence. why: what was false, or NULL. */
static inline void verdict(bool holds, const char *sentence, const char *why) {
  ++*(holds ? &check_passed : &check_failed);
  printf("%-4s %s\n", holds ? "ok" : "FAIL", sentence);
  if (!holds && why != NULL)
    printf("     %s\n", why);
  (void)fflush(stdout);
}

static inline void it(const char *sentence, void (*body)(void)) {
  bool holds = setjmp(check_end) == 0;
  if (holds)
    body();
  verdict(holds, sentence, check_why);
}

#define EXPECT(fact)                                                           \
  ((fact) ? (void)0 : check_fail("%s:%d: %s", __FILE__, __LINE__, #fact))

/* The same, with words for the failure. */
#define EXPECT_SAY(fact, ...) ((fact) ? (void)0 : check_fail(__VA_ARGS__))

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn, cold))
#endif
static inline void
check_fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(check_why, sizeof check_why, format, args);
  va_end(args);
  longjmp(check_end, 1);
}

/* The last line of every program here, and its exit status. */
static inline int summary(void) {
  printf("%u passed, %u failed\n", check_passed, check_failed);
  return check_failed > 0;
}

/* Every law of the structure holds. */
static inline void expect_sound(const hmap *m) {
  char why[200];
  EXPECT_SAY(hmap_check(m, why, sizeof why), "%s", why);
}

/* A stream of numbers that is the same on every run (splitmix64). */
static inline uint64_t draw(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}
/* A number below n. */
static inline uint64_t below(uint64_t *state, uint64_t n) {
  return draw(state) % n;
}

#endif
