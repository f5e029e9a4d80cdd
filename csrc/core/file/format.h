/* format.h: what the bytes of a file are, for those who write and read them.
**
**   header | block 0 | block 1 | ... | end mark
**
** The entries are one row of bytes, cut into blocks wherever a block is full:
** no entry is too long, and no block. Each part ends with a checksum, which is
** seeded with that of the part before: a part that is missing, twice there, or
** of another file is found out at its end. csrc/README.md has every byte.
*/
#ifndef HMAP_CORE_FORMAT_H
#define HMAP_CORE_FORMAT_H

#include "core/type/hash.h"

#define FILE_MAGIC   "\x89hmap\r\n\x1a"
#define MAGIC_BYTES  8
#define FILE_VERSION 1
#define START_BYTES  16 /* magic, version, length of the description */
#define BLOCK_BYTES  ((size_t)256 * 1024) /* of entries, at most */
#define HEAD_BYTES   8 /* of a block: its length and number */
#define SUM_BYTES    8
#define TOTAL_BYTES  8 /* of the end mark: how many entries there are */

/* What an `any` is begins with one of these. */
enum {
  ANY_NULL,
  ANY_FALSE,
  ANY_TRUE,
  ANY_INT,
  ANY_FLOAT,
  ANY_TEXT,
  ANY_NKINDS
};

/* The low n bytes, the lowest first. */
static ALWAYS_INLINE void store_le(void *to, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    ((uint8_t *)to)[i] = (uint8_t)(v >> 8 * i);
}
static ALWAYS_INLINE uint64_t load_le(const void *from, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++)
    v |= (uint64_t)((const uint8_t *)from)[i] << 8 * i;
  return v;
}

/* A length, of 4 bytes. */
static ALWAYS_INLINE size_t length_at(const void *from) {
  return (size_t)load_le(from, 4);
}

static inline uint64_t checksum(const void *bytes, size_t n, uint64_t before) {
  return XXH3_64bits_withSeed(bytes, n, before);
}

/* Whether the cells of a type are in the file as they are in memory. */
static inline bool is_raw(const cell_type *c) {
#if defined(HMAP_LITTLE_ENDIAN)
  size_t bytes = 0;
  for (uint32_t i = 0; i < c->nfields; i++)
    bytes += c->fields[i].size;
  return !c->text && bytes == c->size;
#else
  return c->kind == HMAP_NONE;
#endif
}

#endif
