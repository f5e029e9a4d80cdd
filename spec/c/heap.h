/* heap.h: memory that counts, checks and refuses.
**
** Every byte that a map asks for goes through one heap: blocks through its
** allocator, arrays through its pages. It refuses the requests whose turn has
** come, and knows at any time how many bytes are out. Pages that have gone back
** are gone: to touch them is a crash. */
#ifndef HMAP_SPEC_HEAP_H
#define HMAP_SPEC_HEAP_H

#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
#  error "define _DEFAULT_SOURCE before the first header"
#endif
#include <sys/mman.h>

#include "check.h"

#define HEAP_PAGE ((size_t)4096)

typedef struct heap {
  size_t bytes;       /* out now */
  size_t mapped;      /* of these, in pages */
  size_t peak;        /* most that were out at once */
  size_t calls;       /* requests so far */
  size_t refuse_at;   /* refuse this request, counted from 1; 0: none */
  size_t refuse_more; /* and so many after it */
  size_t refuse_over; /* refuse requests of more bytes than that; 0: none */
  size_t refused;     /* requests */
  size_t discards;
  bool wrong; /* a size given back was not the size given out */
} heap;

/* In front of every block: its size. */
typedef union heap_block {
  size_t bytes;
  max_align_t align;
} heap_block;

static inline bool heap_refuses(heap *h, size_t bytes) {
  size_t turn = ++h->calls - h->refuse_at;
  bool refuse = (h->refuse_at != 0 && turn <= h->refuse_more) ||
                (h->refuse_over != 0 && bytes > h->refuse_over);
  h->refused += refuse;
  return refuse;
}

static inline void heap_take(heap *h, size_t bytes) {
  h->bytes += bytes;
  if (h->bytes > h->peak)
    h->peak = h->bytes;
}

static inline void heap_release(heap *h, size_t bytes) {
  h->wrong |= bytes > h->bytes;
  h->bytes -= bytes;
}

/* New blocks are full of junk. */
static inline void *heap_alloc(void *ud, void *ptr, size_t osize,
                               size_t nsize) {
  heap *h = ud;
  heap_block *b = ptr != NULL ? (heap_block *)ptr - 1 : NULL;
  if (b != NULL)
    h->wrong |= b->bytes != osize;
  if (nsize == 0) {
    heap_release(h, osize);
    free(b);
    return NULL;
  }
  if (heap_refuses(h, nsize))
    return NULL;
  heap_block *fresh = malloc(sizeof *fresh + nsize);
  if (fresh == NULL)
    return NULL;
  fresh->bytes = nsize;
  memset(fresh + 1, 0xa5, nsize);
  if (b != NULL) {
    memcpy(fresh + 1, ptr, osize < nsize ? osize : nsize);
    heap_release(h, osize);
    free(b);
  }
  heap_take(h, nsize);
  return fresh + 1;
}

static inline void *heap_map(void *ud, size_t bytes) {
  heap *h = ud;
  h->wrong |= bytes % HEAP_PAGE != 0;
  if (heap_refuses(h, bytes))
    return NULL;
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  heap_take(h, bytes);
  h->mapped += bytes;
  return p;
}

static inline void heap_unmap(void *ud, void *area, size_t size, size_t from,
                              size_t bytes) {
  heap *h = ud;
  char *ptr = (char *)area + from;
  h->wrong |= from + bytes > size;
  h->wrong |= bytes % HEAP_PAGE != 0 || (uintptr_t)ptr % HEAP_PAGE != 0 ||
              munmap(ptr, bytes) != 0;
  h->mapped -= bytes;
  heap_release(h, bytes);
}

/* Nothing may rely on what is in discarded pages: it stays there, as if the
** system had refused, or becomes junk. */
static inline void heap_discard(void *ud, void *ptr, size_t bytes) {
  heap *h = ud;
  h->wrong |= bytes % HEAP_PAGE != 0 || (uintptr_t)ptr % HEAP_PAGE != 0;
  if (++h->discards % 2 == 0)
    memset(ptr, 0xa5, bytes);
}

/* Has a map take all its memory from h; *pages must live as long as o. */
static inline void heap_serve(heap *h, hmap_options *o, hmap_pages *pages) {
  *pages = (hmap_pages){heap_map, heap_unmap, NULL, h, HEAP_PAGE, 0};
  o->alloc = heap_alloc;
  o->alloc_ud = h;
  o->pages = pages;
}

#endif
