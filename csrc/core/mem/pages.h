/* pages.h: large zeroed memory from the operating system. */
#ifndef HMAP_CORE_PAGES_H
#define HMAP_CORE_PAGES_H

#include "core/bytes.h"
#include "hmap.h"

/* The system's own pages; false where there are none. */
HIDDEN bool hmapi_system_pages(hmap_pages *out);

#endif
