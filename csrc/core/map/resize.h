/* resize.h: how a move of all entries to another array begins and ends.
**
** Doubling, growth to the same size, shrink and rekey are kinds of one move:
** from the old array to the new one, chain by chain (evacuate.h).
*/
#ifndef HMAP_CORE_RESIZE_H
#define HMAP_CORE_RESIZE_H

#include "core/map/map.h"

/* Gives a map without buckets its first 2^B. */
HIDDEN hmap_status hmapi_first_array(hmap *m, unsigned B);

/* Begins the growth that the map wants: doubling, or to the same size. */
HIDDEN hmap_status hmapi_hash_grow(hmap *m);
/* Begins a move to 2^B buckets; the map must not be growing. Refused, it has
** changed nothing. */
HIDDEN hmap_status hmapi_begin_resize(hmap *m, hmap_growth kind, unsigned B);

/* Makes `to` the array that the map moves to: this cannot fail. */
HIDDEN void hmapi_commit_resize(hmap *m, hmap_growth kind, array *to,
                                unsigned B);
/* To be called when the last old bucket has moved. */
HIDDEN void hmapi_end_resize(hmap *m);
/* Leaves the old array, whose chains own their entries if `holding`: nothing
** moves any more. */
HIDDEN void hmapi_leave_old(hmap *m, bool holding);

#endif
