/* file.c: a map of int64 pairs saved and loaded, beside the same bytes written
** plainly and the same entries put by the core into a reserved map.
**
**   file N PATH       one line a round: the rows, seconds by the clock, and of
**                     the processor; file.lua makes a table of them
*/
#define _DEFAULT_SOURCE 1
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hmap.h"

enum { ROUNDS = 5, PIECE = 256 * 1024 };

typedef struct watch {
  double wall, processor;
} watch;

static double seconds(clockid_t clock) {
  struct timespec t;
  (void)clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static watch start(void) {
  return (watch){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}
static void stop(const char *row, watch w) {
  watch now = start();
  printf("%s\t%.6f\t%.6f\n", row, now.wall - w.wall,
         now.processor - w.processor);
  (void)fflush(stdout);
}

static void must(bool ok) {
  if (!ok) {
    perror("file");
    exit(1);
  }
}

static bool write_all(void *ud, const void *bytes, size_t n) {
  return write(*(int *)ud, bytes, n) == (ssize_t)n;
}
static ptrdiff_t read_some(void *ud, void *bytes, size_t n) {
  return read(*(int *)ud, bytes, n);
}

static int create(const char *path) {
  (void)unlink(path);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  must(fd >= 0);
  return fd;
}

static hmap *make(size_t n) {
  hmap *m;
  hmap_options o = {.key = {.kind = HMAP_INT64}, .elem = {.kind = HMAP_INT64}};
  must(hmap_new(&o, &m) == HMAP_OK && hmap_reserve(m, n) == HMAP_OK);
  return m;
}

static void write_plainly(const char *path, char *bytes, size_t n) {
  int fd = create(path);
  watch w = start();
  for (size_t at = 0; at < n; at += PIECE)
    must(write_all(&fd, bytes + at, n - at < PIECE ? n - at : PIECE));
  stop("write", w);
  must(fsync(fd) == 0);
  stop("write and sync", w);
  must(close(fd) == 0);
}

/* -- the least that a save can do ------------------------------------------ */

/* Buckets as a map has them, but for where overflow goes: to the next. */
typedef struct bucket {
  uint8_t live[8];
  int64_t keys[8], values[8];
  void *link;
} bucket;

static size_t buckets_for(size_t n) {
  size_t buckets = 1;
  while (n > buckets * 13 / 2)
    buckets *= 2;
  return buckets;
}

static bucket *place(const int64_t *pairs, size_t n) {
  size_t mask = buckets_for(n) - 1;
  bucket *array = calloc(mask + 1, sizeof *array);
  must(array != NULL);
  for (size_t i = 0; i < n; i++) {
    size_t at = (size_t)pairs[2 * i] >> 16 & mask, slot = 0;
    while (array[at].live[slot])
      if (++slot == 8) {
        slot = 0;
        at = (at + 1) & mask;
      }
    array[at].live[slot] = 1;
    array[at].keys[slot] = pairs[2 * i];
    array[at].values[slot] = pairs[2 * i + 1];
  }
  return array;
}

/* The live pairs of a bucket, one behind the other; the end of them. */
static char *pack(char *to, const bucket *b) {
  for (size_t i = 0; i < 8; i++) {
    memcpy(to, &b->keys[i], 8);
    memcpy(to + 8, &b->values[i], 8);
    to += b->live[i] ? 16 : 0;
  }
  return to;
}

/* Reads all buckets and writes what is live: no checksum, no map. */
static void pack_and_write(const char *path, const bucket *array, size_t n) {
  static char piece[PIECE + 8 * 16];
  char *to = piece;
  int fd = create(path);
  watch w = start();
  for (size_t i = 0, end = buckets_for(n); i < end; i++) {
    to = pack(to, &array[i]);
    if (to - piece >= PIECE || i + 1 == end) {
      must(write_all(&fd, piece, (size_t)(to - piece)));
      to = piece;
    }
  }
  stop("pack and write", w);
  must(lseek(fd, 0, SEEK_END) == (off_t)(16 * n) && close(fd) == 0);
}

/* -- the same with a map --------------------------------------------------- */

static void save(const char *path, hmap *m) {
  int fd = create(path);
  watch w = start();
  must(hmap_save(m, NULL, 0, write_all, &fd, NULL) == HMAP_OK);
  stop("save", w);
  must(fsync(fd) == 0);
  stop("save and sync", w);
  must(close(fd) == 0);
}

static void load(const char *path, size_t n) {
  hmap *m;
  hmap_options o = {.hint = 0};
  int fd = open(path, O_RDONLY);
  must(fd >= 0);
  uint64_t bytes = (uint64_t)lseek(fd, 0, SEEK_END);
  must(lseek(fd, 0, SEEK_SET) == 0);
  watch w = start();
  must(hmap_load(&o, read_some, &fd, bytes, &m, NULL) == HMAP_OK);
  stop("load", w);
  must(hmap_count(m) == n && close(fd) == 0);
  hmap_free(m);
}

static void put(const int64_t *pairs, size_t n) {
  watch w = start();
  hmap *m = make(n);
  for (size_t i = 0; i < n; i++)
    must(hmap_put_i64(m, pairs[2 * i], &pairs[2 * i + 1]) == HMAP_OK);
  stop("put", w);
  hmap_free(m);
}

/* Keys in an order that is none of hashes, as another map's file has them. */
static int64_t *make_pairs(size_t n) {
  int64_t *pairs = malloc(2 * n * sizeof *pairs);
  must(pairs != NULL);
  for (size_t i = 0; i < n; i++) {
    pairs[2 * i] = (int64_t)(i * UINT64_C(0x9e3779b97f4a7c15));
    pairs[2 * i + 1] = (int64_t)i;
  }
  return pairs;
}

int main(int argc, char **argv) {
  must(argc == 3);
  size_t n = strtoull(argv[1], NULL, 10);
  int64_t *pairs = make_pairs(n);
  bucket *array = place(pairs, n);
  hmap *m = make(n);
  for (size_t i = 0; i < n; i++)
    must(hmap_put_i64(m, pairs[2 * i], &pairs[2 * i + 1]) == HMAP_OK);
  for (int round = 0; round < ROUNDS; round++) {
    write_plainly(argv[2], (char *)pairs, 2 * n * sizeof *pairs);
    pack_and_write(argv[2], array, n);
    save(argv[2], m);
    load(argv[2], n);
    put(pairs, n);
  }
  (void)unlink(argv[2]);
  free(array);
  free(pairs);
  hmap_free(m);
  return 0;
}
