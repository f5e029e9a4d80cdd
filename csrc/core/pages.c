/* pages.c: the system's pages: zeroed memory that costs nothing until it is
** touched and goes back in parts. Where there is no mmap, a map makes do with
** its allocator (hmapi_system_pages says no). */
#if defined(__unix__) || defined(__APPLE__)
#  define _DEFAULT_SOURCE  1
#  define _DARWIN_C_SOURCE 1
#  include <sys/mman.h>
#  include <unistd.h>
#  define HAVE_MMAP 1
#endif

#include "pages.h"

#ifdef HAVE_MMAP

static void *map_pages(void *ud, size_t bytes) {
  (void)ud;
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
#  ifdef MADV_NOHUGEPAGE
  /* The first touch of a huge page clears 2 MiB inside one operation. */
  (void)madvise(p, bytes, MADV_NOHUGEPAGE);
#  endif
  return p;
}

static void unmap_pages(void *ud, void *ptr, size_t bytes) {
  (void)ud;
  (void)munmap(ptr, bytes);
}

bool hmapi_system_pages(hmap_pages *out) {
  long page = sysconf(_SC_PAGESIZE);
  if (page <= 0)
    return false;
  *out = (hmap_pages){map_pages, unmap_pages, NULL, (size_t)page};
  return true;
}

#else

bool hmapi_system_pages(hmap_pages *out) {
  (void)out;
  return false;
}

#endif
