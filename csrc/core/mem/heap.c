/* heap.c: every byte of a map, counted by part, within its limit. */
#include "core/mem/heap.h"

#include <stdlib.h>

#include "core/mem/pages.h"
#include "core/mem/pool.h"

static void *system_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)osize;
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  return realloc(ptr, nsize);
}

void hmapi_heap_init(heap *h, const hmap_options *o) {
  *h = (heap){
      .alloc = o->alloc != NULL ? o->alloc : system_alloc,
      .alloc_ud = o->alloc_ud,
      .map_min = o->map_min != 0 ? o->map_min : DEFAULT_MAP_MIN,
      .limit = o->max_bytes,
  };
  if (o->pages == NULL)
    h->pages = hmapi_system_pages();
  else if ((h->pages = hmapi_pool_pages(o->pages)) == NULL)
    h->pages = o->pages;
  if (h->pages->map == NULL)
    h->map_min = SIZE_MAX;
}

bool hmapi_over_limit(const heap *h, size_t bytes) {
  return h->limit != 0 && (bytes > h->limit || h->bytes > h->limit - bytes);
}

void hmapi_count_bytes(heap *h, part p, size_t more, size_t less) {
  h->bytes = h->bytes + more - less;
  h->part_bytes[p] = h->part_bytes[p] + more - less;
}

void *hmapi_alloc(heap *h, part p, size_t bytes, hmap_status *why) {
  if (hmapi_over_limit(h, bytes)) {
    *why = HMAP_ELIMIT;
    return NULL;
  }
  void *ptr = h->alloc(h->alloc_ud, NULL, 0, bytes);
  if (ptr == NULL) {
    *why = HMAP_ENOMEM;
    return NULL;
  }
  hmapi_count_bytes(h, p, bytes, 0);
  COUNT_WORK(h, blocks, 1);
  return ptr;
}

void hmapi_free(heap *h, part p, void *ptr, size_t bytes) {
  h->alloc(h->alloc_ud, ptr, bytes, 0);
  hmapi_count_bytes(h, p, 0, bytes);
  COUNT_WORK(h, blocks, 1);
  COUNT_WORK(h, released, bytes);
}
