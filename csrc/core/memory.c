/* memory.c: every byte of a map, counted by part, within its limit. */
#include "ledger.h"
#include "map.h"

bool hmapi_over_limit(const hmap *m, size_t bytes) {
  return m->max_bytes != 0 &&
         (bytes > m->max_bytes || m->bytes > m->max_bytes - bytes);
}

void hmapi_count_bytes(hmap *m, part p, size_t more, size_t less) {
  m->bytes = m->bytes + more - less;
  m->part_bytes[p] = m->part_bytes[p] + more - less;
}

void *hmapi_alloc(hmap *m, part p, size_t bytes, hmap_status *why) {
  if (hmapi_over_limit(m, bytes)) {
    *why = HMAP_ELIMIT;
    return NULL;
  }
  void *ptr = m->alloc(m->alloc_ud, NULL, 0, bytes);
  if (ptr == NULL) {
    *why = HMAP_ENOMEM;
    return NULL;
  }
  hmapi_count_bytes(m, p, bytes, 0);
  COUNT_WORK(m, blocks, 1);
  return ptr;
}

void hmapi_free(hmap *m, part p, void *ptr, size_t bytes) {
  m->alloc(m->alloc_ud, ptr, bytes, 0);
  hmapi_count_bytes(m, p, 0, bytes);
  COUNT_WORK(m, blocks, 1);
  COUNT_WORK(m, released, bytes);
}
