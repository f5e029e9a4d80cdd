#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include "binding/value/clock.h"

#include <time.h>

double lclock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
