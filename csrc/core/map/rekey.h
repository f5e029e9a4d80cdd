/* rekey.h: the move to a fresh hash key, and the keys that were before. */
#ifndef HMAP_CORE_REKEY_H
#define HMAP_CORE_REKEY_H

#include "core/map/map.h"

/* Begins a rekey; the map must not be growing. Refused, it has changed
** nothing. */
HIDDEN hmap_status hmapi_begin_rekey(hmap *m);

/* The hash key of an earlier epoch, or NULL if the map has forgotten it. */
HIDDEN const hash_key *hmapi_hash_key_of(const hmap *m, uint32_t epoch);
/* Forgets hash keys until at most this many are left. */
HIDDEN void hmapi_forget_hash_keys(hmap *m, unsigned most);

#endif
