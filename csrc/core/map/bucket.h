/* bucket.h: bmap, the bucket of eight slots, and the only way into it.
**
**   bmap | tophash 0..7 | key 0..7 | elem 0..7 | overflow -> bmap |
**          8 bytes        8 * key    8 * elem    8 bytes
**
** All tophash bytes stand first, so that one 8-byte read tells which slots are
** worth a look; keys before elems, so that no slot needs padding. A tophash
** byte is the top byte of a live entry's hash, raised by 5 if below 5, or one
** of five slot states:
**
**   0 emptyRest       empty, and so is every slot after it in the chain
**   1 emptyOne        empty
**   2 evacuatedX      moved to the first half of the new array
**   3 evacuatedY      moved to the second half
**   4 evacuatedEmpty  was empty when its bucket moved
**   5.. live
**
** Invariants: no slot after an emptyRest in its chain is other than emptyRest;
** a chain is evacuated iff the first byte of its first bucket is 2, 3 or 4, and
** then every byte of it is. Source: Go 1.19 runtime/map.go.
*/
#ifndef HMAP_CORE_BUCKET_H
#define HMAP_CORE_BUCKET_H

#include "core/type/cell.h"

#if !defined(HMAP_NO_SIMD) && defined(__SSE2__)
#  define HMAP_SSE2 1
#  include <emmintrin.h>
#elif !defined(HMAP_NO_SIMD) && defined(__ARM_NEON) &&                         \
    defined(HMAP_LITTLE_ENDIAN)
#  define HMAP_NEON 1
#  include <arm_neon.h>
#endif

enum {
  EMPTY_REST = 0,
  EMPTY_ONE = 1,
  EVACUATED_X = 2,
  EVACUATED_Y = 3,
  EVACUATED_EMPTY = 4,
  MIN_TOPHASH = 5
};

static_assert(EMPTY_REST == 0, "fresh zero pages must read as empty buckets");
static_assert(EMPTY_ONE == 1, "is_empty is one comparison");
static_assert(EVACUATED_X + 1 == EVACUATED_Y, "the state is X plus the bit");
static_assert(HMAP_BUCKET_COUNT == 8, "the tophash bytes are one 64-bit word");

typedef struct bmap {
  uint8_t tophash[HMAP_BUCKET_COUNT];
} bmap;

static ALWAYS_INLINE uint8_t tophash(uint64_t hash) {
  uint8_t top = (uint8_t)(hash >> 56);
  return top < MIN_TOPHASH ? (uint8_t)(top + MIN_TOPHASH) : top;
}
static ALWAYS_INLINE bool is_empty(uint8_t top) { return top <= EMPTY_ONE; }
static ALWAYS_INLINE bool evacuated(const bmap *b) {
  return b->tophash[0] > EMPTY_ONE && b->tophash[0] < MIN_TOPHASH;
}
/* The last slot tells for all: emptyRest runs to the end of the chain. */
static ALWAYS_INLINE bool ends_here(const bmap *b) {
  return b->tophash[HMAP_BUCKET_COUNT - 1] == EMPTY_REST;
}

/* -- from (array, index) to slots ----------------------------------------- */

static ALWAYS_INLINE bmap *bucket_at(const hmap_type *t, bmap *array,
                                     uint64_t i) {
  return (bmap *)((char *)array + i * t->bucket_size);
}
static ALWAYS_INLINE bmap *overflow_of(const hmap_type *t, const bmap *b) {
  bmap *next;
  memcpy(&next, (const char *)b + t->overflow_at, sizeof next);
  return next;
}
static ALWAYS_INLINE void set_overflow(const hmap_type *t, bmap *b,
                                       bmap *next) {
  memcpy((char *)b + t->overflow_at, &next, sizeof next);
}
static ALWAYS_INLINE void *key_slot(const cell_type *key, bmap *b, size_t i) {
  return (char *)b + HMAP_BUCKET_COUNT + i * key->slot;
}
static ALWAYS_INLINE void *elem_slot(const hmap_type *t, const cell_type *key,
                                     bmap *b, size_t i) {
  return (char *)b + HMAP_BUCKET_COUNT + HMAP_BUCKET_COUNT * (size_t)key->slot +
         i * t->elem.slot;
}
/* Prefetches the cache lines behind a bucket's first, while that is on its way:
** the slots of a small bucket are there. */
static ALWAYS_INLINE void prefetch_slots(const bmap *b) {
  PREFETCH((const char *)b + 64);
  PREFETCH((const char *)b + 128);
}
/* Prefetches a whole bucket, or its first few lines. */
static ALWAYS_INLINE void prefetch_bucket(const bmap *b) {
  PREFETCH(b);
  prefetch_slots(b);
}
static inline uint64_t chain_length(const hmap_type *t, const bmap *b) {
  uint64_t n = 0;
  for (; b != NULL; b = overflow_of(t, b))
    n++;
  return n;
}
static ALWAYS_INLINE void *key_at(const cell_type *key, bmap *b, size_t i) {
  return cell_in(key, key_slot(key, b, i));
}
static ALWAYS_INLINE void *elem_at(const hmap_type *t, const cell_type *key,
                                   bmap *b, size_t i) {
  return cell_in(&t->elem, elem_slot(t, key, b, i));
}

/* -- sets of slots -------------------------------------------------------- */

/* The slots of a bucket whose tophash byte is such-and-such, lowest first:
** for (slots s = ...; s; s = rest(s)) ... first(s) ...
** With SSE2 bit i stands for slot i; else the top bit of byte i. */
typedef uint64_t slots;

static ALWAYS_INLINE slots rest(slots s) { return s & (s - 1); }

static ALWAYS_INLINE size_t lowest_bit(slots s) {
#if defined(__GNUC__)
  return (size_t)__builtin_ctzll(s);
#else
  size_t i = 0;
  while (!(s >> i & 1))
    i++;
  return i;
#endif
}

#if defined(HMAP_SSE2)

static ALWAYS_INLINE size_t first(slots s) { return lowest_bit(s); }
static ALWAYS_INLINE slots match(const bmap *b, uint8_t top) {
  __m128i word = _mm_loadl_epi64((const __m128i *)(const void *)b);
  __m128i hit = _mm_cmpeq_epi8(word, _mm_set1_epi8((char)top));
  return (slots)(unsigned)_mm_movemask_epi8(hit); /* top is not 0 */
}
static ALWAYS_INLINE slots match_empty(const bmap *b) {
  __m128i word = _mm_loadl_epi64((const __m128i *)(const void *)b);
  __m128i one = _mm_set1_epi8(EMPTY_ONE);
  __m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(word, one), word);
  return (slots)_mm_movemask_epi8(hit) & 0xff;
}
static ALWAYS_INLINE slots match_live(const bmap *b) {
  __m128i word = _mm_loadl_epi64((const __m128i *)(const void *)b);
  __m128i least = _mm_set1_epi8(MIN_TOPHASH);
  __m128i hit = _mm_cmpeq_epi8(_mm_max_epu8(word, least), word);
  return (slots)_mm_movemask_epi8(hit) & 0xff;
}
/* The set as seen from slot i on, once round: slot i is first of all. */
static ALWAYS_INLINE slots turned(slots s, size_t i) {
  return (s | s << 8) >> i & 0xff;
}
/* Without slots 0 to i - 1. */
static ALWAYS_INLINE slots from(slots s, size_t i) { return s >> i << i; }

#else

#  define TOP_BITS UINT64_C(0x8080808080808080)

static ALWAYS_INLINE size_t first(slots s) { return lowest_bit(s) / 8; }
static ALWAYS_INLINE slots turned(slots s, size_t i) {
  return s >> 8 * i | s << (64 - 8 * i) % 64;
}
static ALWAYS_INLINE slots from(slots s, size_t i) {
  return i < HMAP_BUCKET_COUNT ? s >> 8 * i << 8 * i : 0;
}

#  if defined(HMAP_NEON)

static ALWAYS_INLINE slots match(const bmap *b, uint8_t top) {
  uint8x8_t hit = vceq_u8(vld1_u8(b->tophash), vdup_n_u8(top));
  return vget_lane_u64(vreinterpret_u64_u8(hit), 0) & TOP_BITS;
}
static ALWAYS_INLINE slots match_empty(const bmap *b) {
  uint8x8_t hit = vcle_u8(vld1_u8(b->tophash), vdup_n_u8(EMPTY_ONE));
  return vget_lane_u64(vreinterpret_u64_u8(hit), 0) & TOP_BITS;
}
static ALWAYS_INLINE slots match_live(const bmap *b) {
  uint8x8_t hit = vcge_u8(vld1_u8(b->tophash), vdup_n_u8(MIN_TOPHASH));
  return vget_lane_u64(vreinterpret_u64_u8(hit), 0) & TOP_BITS;
}

#  else

/* The tophash word with slot 0 in the low byte. */
static ALWAYS_INLINE uint64_t tophash_word(const bmap *b) {
  return load64_little(b->tophash);
}
/* The top bit of every byte that is zero; exact: no carry leaves a byte. */
static ALWAYS_INLINE slots zero_bytes(uint64_t word) {
  const uint64_t low7 = ~TOP_BITS;
  return ~(((word & low7) + low7) | word | low7);
}
static ALWAYS_INLINE slots match(const bmap *b, uint8_t top) {
  return zero_bytes(tophash_word(b) ^ UINT64_C(0x0101010101010101) * top);
}
static ALWAYS_INLINE slots match_empty(const bmap *b) {
  return zero_bytes(tophash_word(b) & UINT64_C(0xfefefefefefefefe));
}
/* Adding 128 - MIN_TOPHASH carries into the top bit, never beyond. */
static ALWAYS_INLINE slots match_live(const bmap *b) {
  uint64_t word = tophash_word(b), low7 = word & ~TOP_BITS;
  const uint64_t raise = UINT64_C(0x0101010101010101) * (128 - MIN_TOPHASH);
  return ((low7 + raise) | word) & TOP_BITS;
}

#  endif
#endif
#endif
