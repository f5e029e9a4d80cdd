/* bytes.h: reading and copying bytes, for every layer of the core. */
#ifndef HMAP_CORE_BYTES_H
#define HMAP_CORE_BYTES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"
#include "hmap.h"

/* Reads that need no alignment; compilers make one load of each. */
static ALWAYS_INLINE uint64_t load64(const void *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}
/* Eight bytes as a number, the first the lowest, whatever the machine. */
static ALWAYS_INLINE uint64_t load64_little(const void *p) {
#if defined(HMAP_LITTLE_ENDIAN)
  return load64(p);
#else
  uint64_t v = 0;
  for (unsigned i = 8; i-- > 0;)
    v = v << 8 | ((const uint8_t *)p)[i];
  return v;
#endif
}
static ALWAYS_INLINE uint32_t load32(const void *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}
static ALWAYS_INLINE uint16_t load16(const void *p) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Two words, and not the one of 16 bytes that compilers make of them: what was
** just written as words is read as words (see hmap_cell_of). */
static ALWAYS_INLINE void copy_words(void *dst, const void *src) {
  uint64_t low = load64(src), high = load64((const char *)src + 8);
  IN_REGISTER(low);
  IN_REGISTER(high);
  memcpy(dst, &low, sizeof low);
  memcpy((char *)dst + 8, &high, sizeof high);
}

/* memcpy for the sizes that cells mostly have. */
static ALWAYS_INLINE void copy_cell(void *dst, const void *src, size_t n) {
  switch (n) {
  case 0:
    break;
  case 4:
    memcpy(dst, src, 4);
    break;
  case 8:
    memcpy(dst, src, 8);
    break;
  case 16:
    copy_words(dst, src);
    break;
  default:
    memcpy(dst, src, n);
  }
}

static ALWAYS_INLINE void clear_cell(void *dst, size_t n) {
  static const uint64_t zero[16];
  if (n <= sizeof zero)
    copy_cell(dst, zero, n);
  else
    memset(dst, 0, n);
}

/* The low B bits. */
static ALWAYS_INLINE uint64_t mask_of(unsigned B) {
  return (UINT64_C(1) << B) - 1;
}

/* a * b, or SIZE_MAX if that is more. */
static inline size_t times(size_t a, size_t b) {
  return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

#endif
