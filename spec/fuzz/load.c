/* load.c: any bytes, read as the file of a map.
**
** A row of bytes is tried twice: as it is, and with its checksums made good,
** since no fuzzer guesses those. What loads is a sound map, and is saved and
** loaded again as the same, also when its blocks are cut into small ones; what
** does not leaves no byte behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hmap.h"
#include "hmap_inspect.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct file {
  uint8_t *bytes;
  size_t n, at;
} file;

static size_t out; /* bytes that were asked for and not given back */

static void *counted(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  out += nsize - (ptr != NULL ? osize : 0);
  if (nsize > 0)
    return realloc(ptr, nsize);
  free(ptr);
  return NULL;
}

static ptrdiff_t read_some(void *ud, void *bytes, size_t n) {
  file *f = ud;
  size_t left = f->n - f->at;
  n = n < left ? n : left;
  memcpy(bytes, f->bytes + f->at, n);
  f->at += n;
  return (ptrdiff_t)n;
}

static bool write_all(void *ud, const void *bytes, size_t n) {
  file *f = ud;
  f->bytes = realloc(f->bytes, f->n + n);
  if (f->bytes == NULL)
    abort();
  memcpy(f->bytes + f->n, bytes, n);
  f->n += n;
  return true;
}

/* Arrays are not mapped, so that every byte is counted. */
static const hmap_options options = {
    .alloc = counted, .map_min = SIZE_MAX, .max_bytes = (size_t)64 << 20};

static hmap_status load(file *f, hmap **m) {
  hmap_trouble why;
  size_t before = out;
  f->at = 0;
  hmap_status status = hmap_load(&options, read_some, f, f->n, m, &why);
  if (status != HMAP_OK && (*m != NULL || out != before))
    abort();
  if (status == HMAP_EFILE && (why.what == NULL || why.at > f->n))
    abort();
  return status;
}

static size_t number_at(const uint8_t *at) {
  return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

static uint64_t sum_up_part(file *f, size_t from, size_t n, uint64_t seed) {
  if (n > f->n - from || n < 8)
    return seed;
  uint64_t sum = XXH3_64bits_withSeed(f->bytes + from, n - 8, seed);
  for (unsigned i = 0; i < 8; i++)
    f->bytes[from + n - 8 + i] = (uint8_t)(sum >> 8 * i);
  return sum;
}

static void sum_up(file *f) {
  if (f->n < 16)
    return;
  size_t at = 16 + number_at(f->bytes + 12) + 8;
  uint64_t sum = sum_up_part(f, 0, at, 0);
  while (at < f->n && f->n - at >= 8) {
    size_t n = number_at(f->bytes + at);
    n = 8 + (n > 0 ? n : 8) + 8;
    sum = sum_up_part(f, at, n, sum);
    at += n;
  }
}

static void write_block(file *to, size_t number, const uint8_t *bytes,
                        size_t n) {
  const uint8_t nothing[8] = {0};
  uint8_t head[8];
  for (unsigned i = 0; i < 4; i++) {
    head[i] = (uint8_t)(n >> 8 * i);
    head[4 + i] = (uint8_t)(number >> 8 * i);
  }
  write_all(to, head, 8);
  write_all(to, bytes, n > 0 ? n : 8);
  write_all(to, nothing, 8); /* the checksum comes later */
}

/* The same entries in blocks of up to 60 bytes. */
static file in_small_blocks(const file *f) {
  file small = {NULL, 0, 0};
  size_t at = 16 + number_at(f->bytes + 12) + 8, number = 0, n;
  write_all(&small, f->bytes, at);
  while ((n = number_at(f->bytes + at)) > 0) {
    for (size_t i = 0, most; i < n; i += most) {
      most = n - i < 60 ? n - i : 60;
      write_block(&small, number++, f->bytes + at + 8 + i, most);
    }
    at += 8 + n + 8;
  }
  write_block(&small, number, f->bytes + at + 8, 0);
  sum_up(&small);
  return small;
}

static void expect_same(hmap *a, hmap *b) {
  hmap_iter it;
  if (hmap_count(a) != hmap_count(b))
    abort();
  hmap_iter_init(&it, a);
  while (hmap_iter_next(&it) == HMAP_OK && it.key != NULL)
    if (hmap_get(b, it.key) == NULL && hmap_same_key(a, it.key, it.key))
      abort();
}

static void loads_as(file *f, hmap *m) {
  hmap *again;
  if (load(f, &again) != HMAP_OK)
    abort();
  expect_same(m, again);
  hmap_free(again);
}

static void loads_again(hmap *m) {
  char why[200];
  file again = {NULL, 0, 0};
  if (!hmap_check(m, why, sizeof why) ||
      hmap_save(m, NULL, 0, write_all, &again, NULL) != HMAP_OK)
    abort();
  file small = in_small_blocks(&again);
  loads_as(&again, m);
  loads_as(&small, m);
  free(again.bytes);
  free(small.bytes);
  hmap_free(m);
  if (out != 0)
    abort();
}

/* Whether the file was one. */
static bool try_to_load(file *f) {
  hmap *m;
  if (load(f, &m) != HMAP_OK)
    return false;
  loads_again(m);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  file f = {malloc(n + 1), n, 0};
  if (f.bytes == NULL)
    abort();
  memcpy(f.bytes, data, n);
  bool was_one = try_to_load(&f);
  sum_up(&f);
  if (was_one && memcmp(f.bytes, data, n) != 0) /* with a wrong checksum */
    abort();
  (void)try_to_load(&f);
  free(f.bytes);
  return 0;
}
