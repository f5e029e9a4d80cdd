/* agree.h: what is one for the whole process, whatever threads come to ask.
**
** A word begins as 0, not agreed on. Whoever comes first puts in what it has
** found; all others, then and later, get that. Nobody waits for anybody.
**
**   thread 1   finds 7      agree -> 7
**   thread 2   finds 9        agree -> 7
**
** A count gives each who asks another number.
**
** Where C has no atomics, a program makes its first map before it has a second
** thread.
*/
#ifndef HMAP_CORE_AGREE_H
#define HMAP_CORE_AGREE_H

#include "core/bytes.h"

#ifndef __STDC_NO_ATOMICS__
#  include <stdatomic.h>

typedef _Atomic uint32_t agreed_word;
typedef _Atomic size_t agreed_count;

/* What was agreed on, or 0. */
static inline uint32_t agreed(const agreed_word *word) {
  return atomic_load_explicit(word, memory_order_acquire);
}

/* The same, at the latest now; found: not 0. */
static inline uint32_t agree(agreed_word *word, uint32_t found) {
  uint32_t was = 0;
  return atomic_compare_exchange_strong(word, &was, found) ? found : was;
}

static inline size_t next_number(agreed_count *count) {
  return atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

#else

typedef uint32_t agreed_word;
typedef size_t agreed_count;

static inline uint32_t agreed(const agreed_word *word) { return *word; }

static inline uint32_t agree(agreed_word *word, uint32_t found) {
  if (*word == 0)
    *word = found;
  return *word;
}

static inline size_t next_number(agreed_count *count) { return (*count)++; }

#endif

static_assert(sizeof(agreed_word) == sizeof(uint32_t),
              "agreed words are read as bytes");

#endif
