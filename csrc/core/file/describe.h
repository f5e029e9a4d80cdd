/* describe.h: the description in a file's header. */
#ifndef HMAP_CORE_DESCRIBE_H
#define HMAP_CORE_DESCRIBE_H

#include "core/file/format.h"
#include "core/map/map.h"

/* Bytes of the longest: a note, and a hundred and thirty names. */
#define MAX_DESCRIPTION ((size_t)HMAP_MAX_NOTE + 4096)

/* Writes the description of m with a note; to NULL: only says how many bytes
** it has. */
HIDDEN size_t hmapi_describe(const hmap *m, const void *note, size_t n,
                             void *to);
/* Reads one. fields: room for those of two tuples; file->note is in `from`.
** What is wrong with it, or NULL. */
HIDDEN const char *hmapi_read_description(const void *from, size_t n,
                                          hmap_field *fields, hmap_file *file);

#endif
