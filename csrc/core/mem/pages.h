/* pages.h: large zeroed memory from the operating system. */
#ifndef HMAP_CORE_PAGES_H
#define HMAP_CORE_PAGES_H

#include "core/bytes.h"
#include "hmap.h"

/* The system's own, for good; map is NULL: there are none. */
HIDDEN const hmap_pages *hmapi_system_pages(void);
/* Bytes of one of them. */
HIDDEN size_t hmapi_page_size(void);

#endif
