/* slab.c: small blocks out of mapped slabs; the picture is in slab.h. */
#include "slab.h"

#include "ledger.h"

#define UNIT         ((size_t)16)
#define MAX_BLOCK    ((size_t)2064) /* the largest bucket: 8 + 8 * 256 + 8 */
#define NSIZES       (MAX_BLOCK / UNIT)
#define REGION_SLABS 32
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
  region **regions; /* by address */
  size_t nregions, capacity;
  region *newest; /* whose slabs have not all been used before; or NULL */
  slab *open[NSIZES];
  slab *empty, *idle;
  size_t nempty, nused; /* empty ones, and those with blocks in use */
};

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
static size_t region_after(const slabs *h, const void *p) {
  size_t low = 0, high = h->nregions;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if ((uintptr_t)h->regions[middle]->base <= (uintptr_t)p)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static slab *slab_of(const slabs *h, const void *p) {
  size_t i = region_after(h, p);
  if (i == 0)
    return NULL;
  region *r = h->regions[i - 1];
  size_t offset = (uintptr_t)p - (uintptr_t)r->base;
  return offset < REGION_BYTES ? &r->slabs[offset / SLAB_BYTES] : NULL;
}

static char *memory_of(const slab *s) {
  return s->home->base + (size_t)(s - s->home->slabs) * SLAB_BYTES;
}

static bool make_room(hmap *m, slabs *h) {
  hmap_status why;
  size_t more = h->capacity == 0 ? 8 : 2 * h->capacity;
  if (h->nregions < h->capacity)
    return true;
  region **list = hmapi_alloc(m, PART_HEADER, more * sizeof *list, &why);
  if (list == NULL)
    return false;
  if (h->nregions > 0)
    memcpy(list, h->regions, h->nregions * sizeof *list);
  if (h->capacity > 0)
    hmapi_free(m, PART_HEADER, h->regions, h->capacity * sizeof *list);
  h->regions = list;
  h->capacity = more;
  return true;
}

/* Where pages can be let go in parts, slabs are counted one by one. */
static size_t counted_with_region(const hmap *m) {
  return m->pages.discard == NULL ? REGION_BYTES : 0;
}
static size_t counted_with_slab(const hmap *m) {
  return m->pages.discard == NULL ? 0 : SLAB_BYTES;
}

static void enter_region(slabs *h, region *r) {
  size_t at = region_after(h, r->base);
  memmove(&h->regions[at + 1], &h->regions[at],
          (h->nregions - at) * sizeof *h->regions);
  h->regions[at] = r;
  h->nregions++;
  h->newest = r;
}

static bool new_region(hmap *m, slabs *h, part p) {
  hmap_status why;
  if (hmapi_over_limit(m, counted_with_region(m)) || !make_room(m, h))
    return false;
  region *r = hmapi_alloc(m, PART_HEADER, sizeof *r, &why);
  if (r == NULL)
    return false;
  r->base = m->pages.map(m->pages.ud, REGION_BYTES);
  if (r->base == NULL) {
    hmapi_free(m, PART_HEADER, r, sizeof *r);
    return false;
  }
  r->opened = r->idle = 0;
  enter_region(h, r);
  hmapi_count_bytes(m, p, counted_with_region(m), 0);
  COUNT_WORK(m, mapped, REGION_BYTES);
  return true;
}

static void drop_region(hmap *m, slabs *h, part p, region *r) {
  for (uint32_t i = 0; i < r->opened; i++)
    unlink_slab(&h->idle, &r->slabs[i]);
  if (h->newest == r)
    h->newest = NULL;
  size_t at = region_after(h, r->base);
  memmove(&h->regions[at - 1], &h->regions[at],
          (h->nregions - at) * sizeof *h->regions);
  h->nregions--;
  m->pages.unmap(m->pages.ud, r->base, REGION_BYTES, 0, REGION_BYTES);
  hmapi_count_bytes(m, p, 0, counted_with_region(m));
  hmapi_free(m, PART_HEADER, r, sizeof *r);
}

/* -- slabs ---------------------------------------------------------------- */

/* The next slab of the newest region that has not been used before. */
static slab *fresh_slab(slabs *h) {
  region *r = h->newest;
  if (r == NULL)
    return NULL;
  slab *s = &r->slabs[r->opened++];
  if (r->opened == REGION_SLABS)
    h->newest = NULL;
  *s = (slab){.home = r};
  return s;
}

/* An idle slab or a new one, counted. */
static slab *take_slab(hmap *m, slabs *h, part p) {
  if (hmapi_over_limit(m, counted_with_slab(m)))
    return NULL;
  slab *s = pop_slab(&h->idle);
  if (s != NULL)
    s->home->idle--;
  else if (h->newest != NULL || new_region(m, h, p))
    s = fresh_slab(h);
  if (s != NULL)
    hmapi_count_bytes(m, p, counted_with_slab(m), 0);
  return s;
}

static slab *open_slab(hmap *m, slabs *h, part p, size_t size) {
  slab *s = pop_slab(&h->empty);
  if (s != NULL)
    h->nempty--;
  else
    s = take_slab(m, h, p);
  if (s == NULL)
    return NULL;
  s->free = NULL;
  s->used = s->fresh = 0;
  s->size = (uint32_t)size;
  s->is_idle = false;
  h->nused++;
  link_slab(&h->open[size / UNIT - 1], s);
  return s;
}

static bool is_full(const slab *s) {
  return s->free == NULL && s->fresh + s->size > SLAB_BYTES;
}

static void release_slab(hmap *m, slabs *h, part p, slab *s) {
  region *r = s->home;
  if (m->pages.discard != NULL)
    m->pages.discard(m->pages.ud, memory_of(s), SLAB_BYTES);
  hmapi_count_bytes(m, p, 0, counted_with_slab(m));
  COUNT_WORK(m, released, SLAB_BYTES);
  s->is_idle = true;
  link_slab(&h->idle, s);
  if (++r->idle == r->opened && m->pages.discard == NULL)
    drop_region(m, h, p, r);
}

/* The regions of a part without blocks are waste as well. */
static bool has_excess(const slabs *h) {
  return h != NULL &&
         (h->nused > 0 ? h->nempty > 1 : h->nempty > 0 || h->nregions > 0);
}

bool hmapi_slabs_have_excess(const hmap *m) {
  bool untidy = false;
  for (part p = 0; p < NPARTS; p++)
    untidy |= has_excess(m->slabs[p]);
  return untidy;
}

void hmapi_slabs_trim(hmap *m) {
  part p = 0;
  while (p < NPARTS && !has_excess(m->slabs[p]))
    p++;
  if (p == NPARTS)
    return;
  slabs *h = m->slabs[p];
  if (h->nempty == 0) {
    drop_region(m, h, p, h->regions[h->nregions - 1]);
    return;
  }
  h->nempty--;
  release_slab(m, h, p, pop_slab(&h->empty));
}

void hmapi_slabs_close(hmap *m) {
  for (part p = 0; p < NPARTS; p++) {
    slabs *h = m->slabs[p];
    if (h == NULL)
      continue;
    assert(h->nregions == 0);
    if (h->capacity > 0)
      hmapi_free(m, PART_HEADER, h->regions, h->capacity * sizeof *h->regions);
    hmapi_free(m, PART_HEADER, h, sizeof *h);
    m->slabs[p] = NULL;
  }
}

/* -- blocks --------------------------------------------------------------- */

static void *take_block(slabs *h, slab *s) {
  void *block = s->free;
  if (block != NULL) {
    memcpy(&s->free, block, sizeof s->free);
  } else {
    block = memory_of(s) + s->fresh;
    s->fresh += s->size;
  }
  s->used++;
  if (is_full(s))
    unlink_slab(&h->open[s->size / UNIT - 1], s);
  return block;
}

static void return_block(hmap *m, slabs *h, slab *s, void *block) {
  slab **list = &h->open[s->size / UNIT - 1];
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
  link_slab(&h->empty, s);
  h->nempty++;
  h->nused--;
  if (has_excess(h))
    m->deferred = true;
}

/* The slabs of a part, made when its loose blocks have become many. */
static slabs *slabs_for(hmap *m, part p, size_t bytes) {
  size_t loose = m->map_min < UNSLABBED_BYTES ? m->map_min : UNSLABBED_BYTES;
  hmap_status why;
  if (m->slabs[p] != NULL || m->map_min == SIZE_MAX ||
      m->part_bytes[p] + bytes <= loose)
    return m->slabs[p];
  m->slabs[p] = hmapi_alloc(m, PART_HEADER, sizeof(slabs), &why);
  if (m->slabs[p] != NULL)
    *m->slabs[p] = (slabs){.nregions = 0};
  return m->slabs[p];
}

static void *slab_block(hmap *m, part p, size_t bytes) {
  size_t size = (bytes + UNIT - 1) / UNIT * UNIT;
  slabs *h = size <= MAX_BLOCK ? slabs_for(m, p, bytes) : NULL;
  if (h == NULL)
    return NULL;
  slab *s = h->open[size / UNIT - 1];
  if (s == NULL)
    s = open_slab(m, h, p, size);
  return s != NULL ? take_block(h, s) : NULL;
}

void *hmapi_block_new(hmap *m, part p, size_t bytes, hmap_status *why) {
  assert(bytes > 0);
  void *block = slab_block(m, p, bytes);
  if (block == NULL)
    return hmapi_alloc(m, p, bytes, why);
  COUNT_WORK(m, blocks, 1);
  return block;
}

void hmapi_block_free(hmap *m, part p, void *block, size_t bytes) {
  slabs *h = m->slabs[p];
  slab *s = h != NULL && bytes <= MAX_BLOCK ? slab_of(h, block) : NULL;
  if (s == NULL) {
    hmapi_free(m, p, block, bytes);
    return;
  }
  COUNT_WORK(m, blocks, 1);
  return_block(m, h, s, block);
}

/* -- the laws ------------------------------------------------------------- */

static const char *slab_broken(const slab *s) {
  size_t freed = 0;
  const void *block = s->free;
  for (; block != NULL && freed <= SLAB_BYTES / UNIT; freed++) {
    size_t offset = (uintptr_t)block - (uintptr_t)memory_of(s);
    if (offset >= s->fresh || offset % s->size != 0)
      return "a free block is not one of its slab";
    memcpy(&block, block, sizeof(void *));
  }
  if (s->fresh > SLAB_BYTES || (s->used + freed) * s->size != s->fresh)
    return "blocks in use and free blocks of a slab do not add up";
  return NULL;
}

static const char *region_broken(const hmap *m, const region *r) {
  uint32_t idle = 0;
  const char *why = NULL;
  for (uint32_t i = 0; i < r->opened && why == NULL; i++) {
    idle += r->slabs[i].is_idle;
    why = r->slabs[i].is_idle ? NULL : slab_broken(&r->slabs[i]);
  }
  bool unused = idle == r->opened && m->pages.discard == NULL;
  if (why == NULL && (idle != r->idle || unused))
    why = "a region of slabs is miscounted or unused";
  return why;
}

const char *hmapi_slabs_broken(const hmap *m) {
  const char *why = NULL;
  for (part p = 0; p < NPARTS; p++)
    for (size_t i = 0;
         why == NULL && m->slabs[p] != NULL && i < m->slabs[p]->nregions; i++)
      why = region_broken(m, m->slabs[p]->regions[i]);
  return why;
}
