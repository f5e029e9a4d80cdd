/* reclaim.h: how the memory of entries and arrays goes back, in bounded pieces.
*/
#ifndef HMAP_CORE_RECLAIM_H
#define HMAP_CORE_RECLAIM_H

#include "core/map/map.h"

/* Frees the overflow buckets behind b that were allocated singly, and what the
** entries in the chain own if `holding`. */
HIDDEN void hmapi_free_chain(hmap *m, array *a, bmap *b, bool holding);
/* The same for every chain of the array. */
HIDDEN void hmapi_free_chains(hmap *m, array *a, bool holding);

/* -- the pending-free list ------------------------------------------------ */

/* Takes an array out of use: freed at once if that is a small thing, else put
** into the list. Its chains own their entries if `holding`. */
HIDDEN void hmapi_defer_free(hmap *m, array *a, bool holding);
HIDDEN bool hmapi_frees_at_once(const hmap *m, const array *a, bool holding);
/* Chains that one write empties of an array in the list. */
#define FREE_STEP_BUCKETS 4

/* Empties at most n buckets of the oldest array in the list and gives back
** at most one slice; whether anything is left. */
HIDDEN bool hmapi_free_step(hmap *m, uint64_t n);

#endif
