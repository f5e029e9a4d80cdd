/* pages.c: the system's pages: zeroed memory that costs nothing until it is
** touched and goes back in parts. Where there is no mmap, a map makes do with
** its allocator.
**
** On Linux the pages of a slice are let go first and their addresses later, 2
** MiB at a time: to change the address space costs several microseconds
** whatever the size, and most of the cost of a small slice.
**
**   | unmapped          | discarded   | in use ...                     |
**   0                   k * SPAN      from                          size
*/
#if defined(__unix__) || defined(__APPLE__)
#  define _DEFAULT_SOURCE  1
#  define _DARWIN_C_SOURCE 1
#  include <stdio.h>
#  include <sys/mman.h>
#  include <unistd.h>
#  define HAVE_MMAP 1
#endif

#include "core/mem/pages.h"

#include "core/mem/agree.h"

#define FALLBACK_PAGE 4096

#ifdef HAVE_MMAP

/* The first touch of a huge page clears 2 MiB inside one operation. Where the
** system hands them out unasked, a map declines them; that costs a call for
** each array, so the process looks once whether there is need to. */
#  ifdef MADV_NOHUGEPAGE
static bool huge_pages_come_unasked(void) {
  char line[64] = "[always]";
  FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  if (f != NULL) {
    (void)!fgets(line, sizeof line, f);
    fclose(f);
  }
  return strstr(line, "[always]") != NULL;
}

enum { LEAVE = 1, DECLINE };
static agreed_word huge_pages;

static void look_for_huge_pages(void) {
  if (agreed(&huge_pages) == 0)
    (void)agree(&huge_pages, huge_pages_come_unasked() ? DECLINE : LEAVE);
}

static void decline_huge_pages(void *p, size_t bytes) {
  if (agreed(&huge_pages) == DECLINE)
    (void)madvise(p, bytes, MADV_NOHUGEPAGE);
}
#  else
static void look_for_huge_pages(void) {}
static void decline_huge_pages(void *p, size_t bytes) { (void)p, (void)bytes; }
#  endif

static void *map_pages(void *ud, size_t bytes) {
  (void)ud;
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  decline_huge_pages(p, bytes);
  return p;
}

/* How much of the front to unmap when all below `to` is no longer wanted. */
#  if defined(__linux__)
#    define SPAN ((size_t)2 * 1024 * 1024)
static size_t whole_spans(size_t to) { return to / SPAN * SPAN; }
static void discard(void *ud, void *ptr, size_t bytes) {
  (void)ud;
  (void)madvise(ptr, bytes, MADV_DONTNEED);
}
#  else
static size_t whole_spans(size_t to) { return to; }
#    define discard NULL
#  endif

static void unmap_pages(void *ud, void *area, size_t size, size_t from,
                        size_t bytes) {
  char *base = area;
  size_t to = from + bytes, gone = whole_spans(from);
  size_t going = to == size ? size : whole_spans(to);
  if (going > gone) {
    (void)munmap(base + gone, going - gone);
    from = going;
  }
#  if defined(__linux__)
  if (from < to)
    discard(ud, base + from, to - from);
#  endif
  (void)ud;
}

const hmap_pages *hmapi_system_pages(void) {
  static const hmap_pages pages = {map_pages, unmap_pages, discard, NULL, 0, 0};
  look_for_huge_pages();
  return &pages;
}

size_t hmapi_page_size(void) {
  long page = sysconf(_SC_PAGESIZE);
  return page > 0 ? (size_t)page : FALLBACK_PAGE;
}

#else

const hmap_pages *hmapi_system_pages(void) {
  static const hmap_pages none = {.map = NULL};
  return &none;
}

size_t hmapi_page_size(void) { return FALLBACK_PAGE; }

#endif
