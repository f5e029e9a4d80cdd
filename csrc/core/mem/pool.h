/* pool.h: pages that come from a pool of their maker (hmap_pool in hmap.h). */
#ifndef HMAP_CORE_POOL_H
#define HMAP_CORE_POOL_H

#include "core/bytes.h"
#include "hmap.h"

/* The same pages as the pool has them that they come from, for as long as it
** lasts; NULL: they come from none. */
HIDDEN const hmap_pages *hmapi_pool_pages(const hmap_pages *pages);

#endif
