/* writes.h: puts and deletes of keys whose hash is known, for batch.c. */
#ifndef HMAP_CORE_PUT_H
#define HMAP_CORE_PUT_H

#include "map.h"

/* As hmap_put and hmap_delete; hash must be the key's under m->k. */
HIDDEN hmap_status hmapi_put_hashed(hmap *m, const void *key, uint64_t hash,
                                    const void *elem);
HIDDEN bool hmapi_delete_hashed(hmap *m, const void *key, uint64_t hash);

#endif
