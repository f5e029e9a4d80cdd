/* pool.c: areas that maps gave back, for those that come next.
**
** A fresh area costs a call of the system and a fault for each of its pages,
** its end another call. Of a map with some thousand entries that is half of
** the time that it takes to fill. An area that is kept has its pages, and is
** cleared piece by piece as it comes back:
**
**   | cleared           | in use by a map that gives it back        |
**   0                   cleared                                     size
**
** Whether it will be kept is decided with the first piece; what is not kept
** goes to the system, piece by piece.
*/
#include "core/mem/pool.h"

#include "core/mem/heap.h"
#include "core/mem/pages.h"

#define LARGEST    ((size_t)1024 * 1024) /* area that is kept */
#define MOST_BYTES ((size_t)2048 * 1024) /* of all that are */
#define MOST_PIECE ((size_t)128 * 1024)  /* that is cleared in one operation */

/* -- areas ---------------------------------------------------------------- */

static void forget(hmap_pool *p, hmap_pool_area *a) {
  p->bytes -= a->size;
  *a = p->areas[--p->n];
}

static hmap_pool_area *find(hmap_pool *p, const void *base) {
  for (uint32_t i = 0; i < p->n; i++)
    if (p->areas[i].base == base)
      return &p->areas[i];
  return NULL;
}

static hmap_pool_area *enter(hmap_pool *p, void *base, size_t size) {
  if (p->n == HMAP_POOL_AREAS || p->bytes + size > MOST_BYTES)
    return NULL;
  hmap_pool_area *a = &p->areas[p->n++];
  *a = (hmap_pool_area){.base = base, .size = size};
  p->bytes += size;
  return a;
}

/* -- pages ---------------------------------------------------------------- */

static void *map_pages(void *ud, size_t size) {
  hmap_pool *p = ud;
  for (uint32_t i = 0; i < p->n; i++) {
    hmap_pool_area a = p->areas[i];
    if (a.size != size || a.cleared < size)
      continue;
    forget(p, &p->areas[i]);
    return a.base;
  }
  return p->system.map(p->system.ud, size);
}

static void unmap_pages(void *ud, void *area, size_t size, size_t from,
                        size_t bytes) {
  hmap_pool *p = ud;
  hmap_pool_area *a = NULL;
  if (from > 0)
    a = find(p, area);
  else if (size <= LARGEST && bytes <= MOST_PIECE)
    a = enter(p, area, size);
  if (a == NULL) {
    p->system.unmap(p->system.ud, area, size, from, bytes);
    return;
  }
  memset((char *)area + from, 0, bytes);
  a->cleared = from + bytes;
}

static void discard(void *ud, void *pages, size_t bytes) {
  const hmap_pool *p = ud;
  p->system.discard(p->system.ud, pages, bytes);
}

/* -- the pool ------------------------------------------------------------- */

bool hmap_pool_init(hmap_pool *p, hmap_pages *pages) {
  *p = (hmap_pool){.system = *hmapi_system_pages()};
  if (p->system.map == NULL)
    return false;
  p->own = *pages = (hmap_pages){
      .map = map_pages,
      .unmap = unmap_pages,
      .discard = p->system.discard != NULL ? discard : NULL,
      .ud = p,
      .quick = LARGEST,
  };
  return true;
}

const hmap_pages *hmapi_pool_pages(const hmap_pages *pages) {
  const hmap_pool *p = pages->ud;
  bool same =
      pages->map == map_pages && memcmp(pages, &p->own, sizeof *pages) == 0;
  return same ? &p->own : NULL;
}

/* Areas that are on their way are still their maps'. */
bool hmap_pool_trim(hmap_pool *p, bool all) {
  for (uint32_t i = p->n; i-- > 0;) {
    hmap_pool_area a = p->areas[i];
    if (a.cleared < a.size || !(a.idle || all)) {
      p->areas[i].idle = true;
      continue;
    }
    forget(p, &p->areas[i]);
    p->system.unmap(p->system.ud, a.base, a.size, 0, a.size);
  }
  return p->n == 0;
}
