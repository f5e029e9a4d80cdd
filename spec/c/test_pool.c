/* test_pool.c: areas that maps give back and others are given. */
#define _DEFAULT_SOURCE 1
#include "heap.h"

enum { KIB = 1024, PIECE = 32 * KIB };

static heap memory;
static hmap_pool pool;
static hmap_pages pages;

/* A pool whose system is this heap. */
static void begin(void) {
  memory = (heap){.bytes = 0};
  EXPECT(hmap_pool_init(&pool, &pages));
  pool.system = (hmap_pages){heap_map, heap_unmap, NULL, &memory, HEAP_PAGE, 0};
  pages.discard = NULL;
}

static char *map(size_t size) { return pages.map(pages.ud, size); }

static void unmap(char *area, size_t size, size_t from, size_t bytes) {
  pages.unmap(pages.ud, area, size, from, bytes);
}

/* Piece by piece, as a map does; dirty before. */
static void give(char *area, size_t size) {
  memset(area, 0x5a, size);
  for (size_t from = 0; from < size; from += PIECE)
    unmap(area, size, from, size - from < PIECE ? size - from : PIECE);
}

static bool is_clear(const char *area, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (area[i] != 0)
      return false;
  return true;
}

static void hands_out_what_came_back(void) {
  begin();
  for (size_t size = 36 * KIB; size <= 1024 * KIB; size += 244 * KIB) {
    char *area = map(size);
    give(area, size);
    EXPECT(pool.bytes == size && pool.n == 1);
    EXPECT(map(size + HEAP_PAGE) != area);
    EXPECT(map(size) == area && is_clear(area, size) && pool.bytes == 0);
    EXPECT(map(size) != area);
    EXPECT(hmap_pool_trim(&pool, true));
  }
}

static void keeps_no_area_that_a_map_still_has(void) {
  const size_t size = 256 * KIB;
  begin();
  char *area = map(size);
  memset(area, 1, size);
  unmap(area, size, 0, PIECE);
  EXPECT(map(size) != area && area[size - 1] == 1 && area[PIECE] == 1);
  EXPECT(!hmap_pool_trim(&pool, true) && !hmap_pool_trim(&pool, true));
  unmap(area, size, PIECE, size - PIECE);
  EXPECT(map(size) == area && is_clear(area, size));
}

static void keeps_no_more_than_two_mib(void) {
  begin();
  for (int i = 0; i < 40; i++) {
    char *areas[3];
    for (int j = 0; j < 3; j++)
      areas[j] = map((size_t)(200 + 4 * (3 * i + j)) * KIB);
    for (int j = 0; j < 3; j++)
      give(areas[j], (size_t)(200 + 4 * (3 * i + j)) * KIB);
    EXPECT(memory.bytes == pool.bytes && pool.bytes <= 2048 * KIB);
    EXPECT(pool.n <= HMAP_POOL_AREAS);
  }
  EXPECT(pool.bytes > 1024 * KIB && hmap_pool_trim(&pool, true));
  EXPECT(memory.bytes == 0 && pool.bytes == 0 && !memory.wrong);
}

static void keeps_no_large_area(void) {
  const size_t large = 1028 * KIB, whole = 512 * KIB;
  begin();
  give(map(large), large);
  EXPECT(memory.bytes == 0 && pool.n == 0);
  unmap(map(whole), whole, 0, whole); /* to clear it would take too long */
  EXPECT(memory.bytes == 0 && pool.n == 0 && !memory.wrong);
}

static void gives_back_what_is_idle(void) {
  const size_t size = 64 * KIB;
  begin();
  char *area = map(size), *other = map(2 * size);
  give(area, size);
  EXPECT(!hmap_pool_trim(&pool, false) && map(size) == area);
  give(area, size);
  EXPECT(!hmap_pool_trim(&pool, false));
  give(other, 2 * size);
  EXPECT(!hmap_pool_trim(&pool, false) && pool.n == 1);
  EXPECT(pool.bytes == 2 * size && hmap_pool_trim(&pool, false));
  EXPECT(memory.bytes == 0 && !memory.wrong);
}

static void fill(int64_t n) {
  hmap *m;
  hmap_options o = {.key = {.kind = HMAP_INT64},
                    .elem = {.kind = HMAP_INT64},
                    .pages = &pages};
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
  for (int64_t i = 0; i < n; i++)
    EXPECT(hmap_put_i64(m, i * i, &i) == HMAP_OK);
  EXPECT(hmap_check(m, NULL, 0));
  for (int64_t i = 0; i < n; i++)
    EXPECT(*(const int64_t *)hmap_get_i64(m, i * i) == i);
  hmap_free(m);
}

static void a_second_map_asks_the_system_for_nothing(void) {
  begin();
  for (int64_t n = 400; n <= 20000; n = n * 7 / 5) {
    fill(n);
    size_t calls = memory.calls;
    fill(n);
    EXPECT_SAY(memory.calls == calls, "%" PRId64 " entries: %zu calls", n,
               memory.calls - calls);
  }
  fill(300000);
  EXPECT(hmap_pool_trim(&pool, true));
  EXPECT(memory.bytes == 0 && !memory.wrong);
}

static void is_none_without_pages(void) {
  EXPECT(!hmap_pool_init(&pool, &pages));
}

int main(void) {
  if (!hmap_pool_init(&pool, &pages)) {
    it("there is no pool where the system has no pages", is_none_without_pages);
    return summary();
  }
  it("an area that came back is handed out again, cleared, to who asks for as "
     "much",
     hands_out_what_came_back);
  it("an area is handed out when all of it has come back",
     keeps_no_area_that_a_map_still_has);
  it("no more than 2 MiB are kept", keeps_no_more_than_two_mib);
  it("what is large goes to the system", keeps_no_large_area);
  it("what nobody asks for between two trims goes back",
     gives_back_what_is_idle);
  it("a map of up to 20,000 entries that follows another of its size asks the "
     "system for nothing",
     a_second_map_asks_the_system_for_nothing);
  return summary();
}
