/* long.h: an entry of a file that is read in parts.
**
** A text of a hundred megabytes must not be had twice, in the loader's buffer
** and in the map. So an entry that is not whole when there is LONG_ENTRY of it
** goes field by field: its long texts straight into blocks of the map's own
** heap, which the map then adopts instead of copying them.
**
**   key   | field | field |      elem  | field | text ....
**           read    read                 read    ^ filled, of len bytes
*/
#ifndef HMAP_CORE_LONG_H
#define HMAP_CORE_LONG_H

#include "core/file/row.h"
#include "core/map/map.h"

#ifndef LONG_ENTRY
#  define LONG_ENTRY (2 * BLOCK_BYTES)
#endif

typedef struct long_entry {
  bool begun;
  char *key, *elem; /* cells, which own their long texts */
  uint32_t nread;   /* fields of key, then of elem, that are whole */
  char *text;       /* of the next one, while it is filled; or NULL */
  size_t len, room, filled;
} long_entry;

/* Begins at an entry's first byte. */
HIDDEN void hmapi_long_begin(long_entry *e, const hmap *m, char *key,
                             char *elem);
/* Takes what there is of it, and more once more is there; left: bytes that can
** still come: a text that cannot be among them gets its memory as it comes.
** After HMAP_ENOMEM or HMAP_ELIMIT it may be called again. */
HIDDEN hmap_status hmapi_long_read(long_entry *e, hmap *m, row *r,
                                   uint64_t left, bool *whole);
/* Puts the whole entry, and is done with it; not if its key is in the map, and
** after a failure, when it may be tried again. */
HIDDEN hmap_status hmapi_long_put(long_entry *e, hmap *m, bool *existed);
/* Frees what nobody has adopted. */
HIDDEN void hmapi_long_drop(long_entry *e, hmap *m);

#endif
