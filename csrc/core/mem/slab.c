/* slab.c: small blocks out of mapped slabs; the picture is in slab.h. */
#include "core/mem/slab.h"

#define NSIZES       (MAX_BLOCK / BLOCK_UNIT)
#define REGION_BYTES (REGION_SLABS * SLAB_BYTES)

static_assert(HMAP_BUCKET_COUNT * (2 * HMAP_MAX_INLINE + 1) + 8 <= MAX_BLOCK,
              "an overflow bucket must fit into a block");

typedef struct region region;
typedef struct slab slab;

struct slab {
  region *home;
  void *free;     /* blocks that came back, linked */
  uint32_t size;  /* of its blocks */
  uint32_t used;  /* blocks in use */
  uint32_t fresh; /* bytes at the front that have been blocks before */
  bool is_idle;
  slab *prev, *next; /* in the list that it is in */
};

struct region {
  char *base;
  uint32_t opened; /* slabs at the front that have been used before */
  uint32_t idle;   /* of these */
  slab slabs[REGION_SLABS];
};

/* The slabs of one part of the map. */
struct slabs {
  part part;
  slabs *next;      /* those of another part */
  region **regions; /* by address */
  size_t nregions, capacity;
  region *newest; /* whose slabs have not all been used before; or NULL */
  slab *open[NSIZES];
  slab *empty, *idle;
  size_t nempty, nused; /* empty ones, and those with blocks in use */
};

static slabs *slabs_of(const heap *h, part p) {
  slabs *sl = h->slabs;
  while (sl != NULL && sl->part != p)
    sl = sl->next;
  return sl;
}

/* -- lists ---------------------------------------------------------------- */

static void link_slab(slab **list, slab *s) {
  s->prev = NULL;
  s->next = *list;
  if (s->next != NULL)
    s->next->prev = s;
  *list = s;
}

static void unlink_slab(slab **list, slab *s) {
  if (s->next != NULL)
    s->next->prev = s->prev;
  *(s->prev != NULL ? &s->prev->next : list) = s->next;
}

static slab *pop_slab(slab **list) {
  slab *s = *list;
  if (s != NULL)
    unlink_slab(list, s);
  return s;
}

/* -- regions -------------------------------------------------------------- */

/* The first region behind this address. */
static size_t region_after(const slabs *sl, const void *p) {
  size_t low = 0, high = sl->nregions;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if ((uintptr_t)sl->regions[middle]->base <= (uintptr_t)p)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static slab *slab_of(const slabs *sl, const void *p) {
  size_t i = region_after(sl, p);
  if (i == 0)
    return NULL;
  region *r = sl->regions[i - 1];
  size_t offset = (uintptr_t)p - (uintptr_t)r->base;
  return offset < REGION_BYTES ? &r->slabs[offset / SLAB_BYTES] : NULL;
}

static char *memory_of(const slab *s) {
  return s->home->base + (size_t)(s - s->home->slabs) * SLAB_BYTES;
}

static bool make_room(heap *h, slabs *sl) {
  hmap_status why;
  size_t more = sl->capacity == 0 ? FIRST_REGIONS : 2 * sl->capacity;
  if (sl->nregions < sl->capacity)
    return true;
  region **list = hmapi_alloc(h, PART_HEADER, more * sizeof *list, &why);
  if (list == NULL)
    return false;
  if (sl->nregions > 0)
    memcpy(list, sl->regions, sl->nregions * sizeof *list);
  if (sl->capacity > 0)
    hmapi_free(h, PART_HEADER, sl->regions, sl->capacity * sizeof *list);
  sl->regions = list;
  sl->capacity = more;
  return true;
}

/* Where pages can be let go in parts, slabs are counted one by one. */
static size_t counted_with_region(const heap *h) {
  return h->pages->discard == NULL ? REGION_BYTES : 0;
}
static size_t counted_with_slab(const heap *h) {
  return h->pages->discard == NULL ? 0 : SLAB_BYTES;
}

static void enter_region(slabs *sl, region *r) {
  size_t at = region_after(sl, r->base);
  memmove(&sl->regions[at + 1], &sl->regions[at],
          (sl->nregions - at) * sizeof *sl->regions);
  sl->regions[at] = r;
  sl->nregions++;
  sl->newest = r;
}

static bool new_region(heap *h, slabs *sl) {
  hmap_status why;
  size_t counted = counted_with_region(h) + counted_with_slab(h);
  if (!make_room(h, sl) || hmapi_over_limit(h, sizeof(region) + counted))
    return false;
  region *r = hmapi_alloc(h, PART_HEADER, sizeof *r, &why);
  if (r == NULL)
    return false;
  r->base = h->pages->map(h->pages->ud, REGION_BYTES);
  if (r->base == NULL) {
    hmapi_free(h, PART_HEADER, r, sizeof *r);
    return false;
  }
  r->opened = r->idle = 0;
  enter_region(sl, r);
  hmapi_count_bytes(h, sl->part, counted_with_region(h), 0);
  COUNT_WORK(h, mapped, REGION_BYTES);
  return true;
}

static void drop_region(heap *h, slabs *sl, region *r) {
  for (uint32_t i = 0; i < r->opened; i++)
    unlink_slab(&sl->idle, &r->slabs[i]);
  if (sl->newest == r)
    sl->newest = NULL;
  size_t at = region_after(sl, r->base);
  memmove(&sl->regions[at - 1], &sl->regions[at],
          (sl->nregions - at) * sizeof *sl->regions);
  sl->nregions--;
  h->pages->unmap(h->pages->ud, r->base, REGION_BYTES, 0, REGION_BYTES);
  hmapi_count_bytes(h, sl->part, 0, counted_with_region(h));
  hmapi_free(h, PART_HEADER, r, sizeof *r);
}

/* -- slabs ---------------------------------------------------------------- */

/* The next slab of the newest region that has not been used before. */
static slab *fresh_slab(slabs *sl) {
  region *r = sl->newest;
  if (r == NULL)
    return NULL;
  slab *s = &r->slabs[r->opened++];
  if (r->opened == REGION_SLABS)
    sl->newest = NULL;
  *s = (slab){.home = r};
  return s;
}

/* An idle slab or a new one, counted. */
static slab *take_slab(heap *h, slabs *sl) {
  if (hmapi_over_limit(h, counted_with_slab(h)))
    return NULL;
  slab *s = pop_slab(&sl->idle);
  if (s != NULL)
    s->home->idle--;
  else if (sl->newest != NULL || new_region(h, sl))
    s = fresh_slab(sl);
  if (s != NULL)
    hmapi_count_bytes(h, sl->part, counted_with_slab(h), 0);
  return s;
}

static slab *open_slab(heap *h, slabs *sl, size_t size) {
  slab *s = pop_slab(&sl->empty);
  if (s != NULL)
    sl->nempty--;
  else
    s = take_slab(h, sl);
  if (s == NULL)
    return NULL;
  s->free = NULL;
  s->used = s->fresh = 0;
  s->size = (uint32_t)size;
  s->is_idle = false;
  sl->nused++;
  link_slab(&sl->open[size / BLOCK_UNIT - 1], s);
  return s;
}

static bool is_full(const slab *s) {
  return s->free == NULL && s->fresh + s->size > SLAB_BYTES;
}

static void release_slab(heap *h, slabs *sl, slab *s) {
  region *r = s->home;
  if (h->pages->discard != NULL)
    h->pages->discard(h->pages->ud, memory_of(s), SLAB_BYTES);
  hmapi_count_bytes(h, sl->part, 0, counted_with_slab(h));
  COUNT_WORK(h, released, SLAB_BYTES);
  s->is_idle = true;
  link_slab(&sl->idle, s);
  if (++r->idle == r->opened && h->pages->discard == NULL)
    drop_region(h, sl, r);
}

/* The regions of a part without blocks are waste as well. */
static bool has_excess(const slabs *sl) {
  return sl->nused > 0 ? sl->nempty > 1 : sl->nempty > 0 || sl->nregions > 0;
}

static slabs *with_excess(const heap *h) {
  slabs *sl = h->slabs;
  while (sl != NULL && !has_excess(sl))
    sl = sl->next;
  return sl;
}

bool hmapi_slabs_have_excess(const heap *h) { return with_excess(h) != NULL; }

void hmapi_slabs_trim(heap *h) {
  slabs *sl = with_excess(h);
  if (sl == NULL)
    return;
  if (sl->nempty == 0) {
    drop_region(h, sl, sl->regions[sl->nregions - 1]);
    return;
  }
  sl->nempty--;
  release_slab(h, sl, pop_slab(&sl->empty));
}

void hmapi_slabs_close(heap *h) {
  for (slabs *sl; (sl = h->slabs) != NULL;) {
    assert(sl->nregions == 0);
    h->slabs = sl->next;
    if (sl->capacity > 0)
      hmapi_free(h, PART_HEADER, sl->regions,
                 sl->capacity * sizeof *sl->regions);
    hmapi_free(h, PART_HEADER, sl, sizeof *sl);
  }
}

/* -- blocks --------------------------------------------------------------- */

static void *take_block(slabs *sl, slab *s) {
  void *block = s->free;
  if (block != NULL) {
    memcpy(&s->free, block, sizeof s->free);
  } else {
    block = memory_of(s) + s->fresh;
    s->fresh += s->size;
  }
  s->used++;
  if (is_full(s))
    unlink_slab(&sl->open[s->size / BLOCK_UNIT - 1], s);
  return block;
}

static void return_block(heap *h, slabs *sl, slab *s, void *block) {
  slab **list = &sl->open[s->size / BLOCK_UNIT - 1];
  bool was_full = is_full(s);
  memcpy(block, &s->free, sizeof s->free);
  s->free = block;
  s->used--;
  if (s->used > 0) {
    if (was_full)
      link_slab(list, s);
    return;
  }
  if (!was_full)
    unlink_slab(list, s);
  link_slab(&sl->empty, s);
  sl->nempty++;
  sl->nused--;
  if (has_excess(sl))
    h->deferred = true;
}

/* The slabs of a part, made when its unslabbed blocks are many. */
static slabs *slabs_for(heap *h, part p, size_t bytes) {
  size_t unslabbed =
      h->map_min < UNSLABBED_BYTES ? h->map_min : UNSLABBED_BYTES;
  hmap_status why;
  slabs *sl = slabs_of(h, p);
  if (sl != NULL || h->map_min == SIZE_MAX ||
      h->part_bytes[p] + bytes <= unslabbed)
    return sl;
  sl = hmapi_alloc(h, PART_HEADER, sizeof *sl, &why);
  if (sl == NULL)
    return NULL;
  *sl = (slabs){.part = p, .next = h->slabs};
  return h->slabs = sl;
}

static void *slab_block(heap *h, part p, size_t bytes) {
  size_t size = (bytes + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT;
  slabs *sl = size <= MAX_BLOCK ? slabs_for(h, p, bytes) : NULL;
  if (sl == NULL)
    return NULL;
  slab *s = sl->open[size / BLOCK_UNIT - 1];
  if (s == NULL)
    s = open_slab(h, sl, size);
  return s != NULL ? take_block(sl, s) : NULL;
}

void *hmapi_block_new(heap *h, part p, size_t bytes, hmap_status *why) {
  assert(bytes > 0);
  void *block = slab_block(h, p, bytes);
  if (block == NULL)
    return hmapi_alloc(h, p, bytes, why);
  COUNT_WORK(h, blocks, 1);
  return block;
}

void hmapi_block_free(heap *h, part p, void *block, size_t bytes) {
  slabs *sl = slabs_of(h, p);
  slab *s = sl != NULL && bytes <= MAX_BLOCK ? slab_of(sl, block) : NULL;
  if (s == NULL) {
    hmapi_free(h, p, block, bytes);
    return;
  }
  COUNT_WORK(h, blocks, 1);
  return_block(h, sl, s, block);
}

/* -- invariants ----------------------------------------------------------- */

static const char *slab_broken(const slab *s) {
  size_t freed = 0;
  const void *block = s->free;
  for (; block != NULL && freed <= SLAB_BYTES / BLOCK_UNIT; freed++) {
    size_t offset = (uintptr_t)block - (uintptr_t)memory_of(s);
    if (offset >= s->fresh || offset % s->size != 0)
      return "a free block is not one of its slab";
    memcpy(&block, block, sizeof(void *));
  }
  if (s->fresh > SLAB_BYTES || (s->used + freed) * s->size != s->fresh)
    return "blocks in use and free blocks of a slab do not add up";
  return NULL;
}

static const char *region_broken(const heap *h, const region *r) {
  uint32_t idle = 0;
  const char *why = NULL;
  for (uint32_t i = 0; i < r->opened && why == NULL; i++) {
    idle += r->slabs[i].is_idle;
    why = r->slabs[i].is_idle ? NULL : slab_broken(&r->slabs[i]);
  }
  bool unused = idle == r->opened && h->pages->discard == NULL;
  if (why == NULL && (idle != r->idle || unused))
    why = "a region of slabs is miscounted or unused";
  return why;
}

const char *hmapi_slabs_broken(const heap *h) {
  const char *why = NULL;
  for (const slabs *sl = h->slabs; sl != NULL; sl = sl->next)
    for (size_t i = 0; why == NULL && i < sl->nregions; i++)
      why = region_broken(h, sl->regions[i]);
  return why;
}
