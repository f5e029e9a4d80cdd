/* slab.h: the small blocks of a map: long text, cells beside their buckets, and
** overflow buckets.
**
** Freed one by one to a general allocator, they leave it heaps of free blocks,
** which it merges or gives back in whichever call it thinks right: that call
** takes milliseconds. So once a kind has UNSLABBED_BYTES, a map carves
** its blocks out of mapped slabs, and gives slabs back when they are empty, one
** at a time:
**
**   region   | slab | slab | slab | untouched ...                   1 MiB
**   slab     | block | block | free | block | never used ... |     32 KiB
**
** All blocks of a slab have one size. A slab is, in turn,
**
**   open    with room: in the list of its size
**   full    in no list
**   empty   nothing is in it: waits to be used again or to be let go
**   idle    let go: its address waits to be used again
**
** When no block is left, or where memory cannot be let go otherwise, regions
** are unmapped, one at a time. Blocks that are unslabbed, or too large for a
** slab, come from the allocator; where a block came from is found by its
** address.
*/
#ifndef HMAP_CORE_SLAB_H
#define HMAP_CORE_SLAB_H

#include "core/mem/heap.h"

#define SLAB_BYTES      ((size_t)32 * 1024)
#define REGION_SLABS    32
#define BLOCK_UNIT      ((size_t)16)   /* sizes of blocks are multiples of it */
#define MAX_BLOCK       ((size_t)2064) /* the largest bucket: 8 + 8 * 256 + 8 */
#define FIRST_REGIONS   8 /* room for regions in the list at first */
#define UNSLABBED_BYTES ((size_t)64 * 1024)

typedef struct slabs slabs;

/* NULL sets *why to HMAP_ENOMEM or HMAP_ELIMIT; the block is not cleared. */
HIDDEN void *hmapi_block_new(heap *h, part p, size_t bytes, hmap_status *why);
HIDDEN void hmapi_block_free(heap *h, part p, void *block, size_t bytes);

/* Lets go of one empty slab, if there are more of them than may be kept: one of
** a kind of block while there are blocks, since blocks come and go. */
HIDDEN void hmapi_slabs_trim(heap *h);
/* Whether there are more to let go of. */
HIDDEN bool hmapi_slabs_have_excess(const heap *h);

/* Frees what is left when no block is. */
HIDDEN void hmapi_slabs_close(heap *h);

/* What is wrong with the slabs, or NULL. Walks them. */
HIDDEN const char *hmapi_slabs_broken(const heap *h);

#endif
