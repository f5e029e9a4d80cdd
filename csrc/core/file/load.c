/* load.c: a map comes out of a file, at once or in steps.
**
** Nothing in a file is believed before its checksum, and no length before the
** bytes are there: the buffer doubles as they come. It holds
**
**   buffer | used | entries of good blocks | a block that is being read |
**            0    from                     good                         to
**
** and entries go from it, some hundred at a time, through cells into the map;
** one that is too long for that goes as long.h says.
*/
#include "core/file/describe.h"
#include "core/file/long.h"
#include "core/file/row.h"

#define FIRST_BUFFER ((size_t)4096)
#define CELLS_BYTES  ((size_t)16 * 1024) /* of entries that go in at once */

struct hmap_loader {
  heap heap;
  hmap_read_fn read;
  void *ud;
  hmap *m;
  hmap_file file;
  hmap_field fields[2 * HMAP_MAX_FIELDS];
  char *note;

  char *buffer;
  size_t size, from, good, to;
  uint64_t at;  /* byte of the file that `to` is */
  uint64_t sum; /* checksum of the last part */
  uint32_t block;
  bool ended; /* the end mark was read */

  char *cells; /* of nmost keys, then of as many elems */
  size_t cells_bytes, elems_at, nmost;
  size_t ncells, nput; /* entries in them; of these, in the map */
  uint64_t entries;    /* read so far */
  bool raw_key, raw_elem;
  uint64_t bytes; /* of the file, as far as is known */
  long_entry in_parts;

  hmap_status failed;
  hmap_trouble trouble;
};

static hmap_status fail(hmap_loader *l, hmap_status why, const char *what) {
  l->failed = why;
  l->trouble.what = what;
  return why;
}
/* At the beginning of the part that is being read. */
static hmap_status damaged(hmap_loader *l, const char *what) {
  l->trouble.at = l->at - (l->to - l->good);
  return fail(l, HMAP_EFILE, what);
}

/* -- the buffer ----------------------------------------------------------- */

static void drop(hmap_loader *l, char **block, size_t *bytes) {
  if (*block != NULL)
    hmapi_free(&l->heap, PART_HEADER, *block, *bytes);
  *block = NULL;
  *bytes = 0;
}

/* Twice the room, what is in use at its front. */
static hmap_status enlarge(hmap_loader *l) {
  hmap_status status = HMAP_OK;
  size_t size = l->size == 0 ? FIRST_BUFFER : times(l->size, 2);
  char *buffer = hmapi_alloc(&l->heap, PART_HEADER, size, &status);
  if (buffer == NULL)
    return status;
  if (l->to > 0)
    memcpy(buffer, l->buffer, l->to);
  drop(l, &l->buffer, &l->size);
  l->buffer = buffer;
  l->size = size;
  return HMAP_OK;
}

static void move_to_front(hmap_loader *l) {
  size_t by = l->from;
  memmove(l->buffer, l->buffer + by, l->to - by);
  l->from = 0;
  l->good -= by;
  l->to -= by;
}

/* Reads on until n bytes follow those that are good. */
static hmap_status fill(hmap_loader *l, size_t n) {
  while (l->to - l->good < n) {
    hmap_status status = HMAP_OK;
    if (l->from > 0 && n > l->size - l->good)
      move_to_front(l);
    if (l->to == l->size && (status = enlarge(l)) != HMAP_OK)
      return status;
    size_t due = n - (l->to - l->good), room = l->size - l->to;
    ptrdiff_t got = l->read(l->ud, l->buffer + l->to, due < room ? due : room);
    l->trouble.at = l->at;
    if (got < 0)
      return fail(l, HMAP_EIO, NULL);
    if (got == 0)
      return fail(l, HMAP_EFILE, "it ends here, too early");
    l->to += (size_t)got;
    l->at += (uint64_t)got;
  }
  return HMAP_OK;
}

/* Whether the n bytes that are being read end with their checksum, which makes
** them good. */
static bool sums_up(hmap_loader *l, size_t n) {
  const char *begin = l->buffer + l->good, *end = begin + n - SUM_BYTES;
  uint64_t sum = checksum(begin, n - SUM_BYTES, l->sum);
  if (sum != load_le(end, SUM_BYTES))
    return false;
  l->sum = sum;
  return true;
}

/* -- the header ----------------------------------------------------------- */

/* Of a file that is too short to have one, so much as there is counts. */
static bool is_foreign(const hmap_loader *l) {
  size_t n = l->to < MAGIC_BYTES ? l->to : MAGIC_BYTES;
  return n > 0 && memcmp(l->buffer, FILE_MAGIC, n) != 0;
}

static hmap_status read_start(hmap_loader *l, size_t *described) {
  hmap_status status = fill(l, START_BYTES);
  if ((status == HMAP_OK || status == HMAP_EFILE) && is_foreign(l))
    return damaged(l, "it does not begin as the file of a map does");
  if (status != HMAP_OK)
    return status;
  if (load_le(l->buffer + MAGIC_BYTES, 4) != FILE_VERSION)
    return damaged(l, "it is of a version that this library does not know");
  *described = length_at(l->buffer + MAGIC_BYTES + 4);
  return *described > MAX_DESCRIPTION
             ? damaged(l, "the description cannot be so long")
             : HMAP_OK;
}

static hmap_status keep_note(hmap_loader *l) {
  hmap_status status = HMAP_OK;
  size_t n = l->file.note_bytes;
  if (n == 0)
    return HMAP_OK;
  l->note = hmapi_alloc(&l->heap, PART_HEADER, n, &status);
  if (l->note == NULL) {
    l->sum = 0; /* the header may be read again */
    return status;
  }
  memcpy(l->note, l->file.note, n);
  l->file.note = l->note;
  return HMAP_OK;
}

static hmap_status read_header(hmap_loader *l) {
  size_t described = 0;
  hmap_status status = read_start(l, &described);
  if (status == HMAP_OK)
    status = fill(l, START_BYTES + described + SUM_BYTES);
  if (status != HMAP_OK)
    return status;
  if (!sums_up(l, l->to))
    return damaged(l, "the checksum of the header is another");
  const char *wrong = hmapi_read_description(l->buffer + START_BYTES, described,
                                             l->fields, &l->file);
  return wrong != NULL ? damaged(l, wrong) : keep_note(l);
}

hmap_status hmap_loader_new(const hmap_options *memory, hmap_read_fn read,
                            void *ud, hmap_loader **out) {
  hmap_status status = HMAP_OK;
  hmap_options unlimited = {.alloc = memory->alloc,
                            .alloc_ud = memory->alloc_ud};
  heap own;
  *out = NULL;
  hmapi_heap_init(&own, &unlimited);
  hmap_loader *l = hmapi_alloc(&own, PART_HEADER, sizeof *l, &status);
  if (l == NULL)
    return status;
  *l = (hmap_loader){.read = read, .ud = ud, .heap = own};
  l->trouble.block = -1;
  *out = l;
  return HMAP_OK;
}

hmap_status hmap_loader_open(hmap_loader *l, const hmap_file **file) {
  assert(l != NULL);
  hmap_status status = l->failed != HMAP_OK ? l->failed : read_header(l);
  if (status != HMAP_OK)
    return status;
  l->from = l->good = l->to;
  l->trouble.block = 0;
  *file = &l->file;
  return HMAP_OK;
}

/* -- blocks --------------------------------------------------------------- */

/* The end mark says how many entries there are, and nothing follows it. */
static hmap_status read_end(hmap_loader *l) {
  if (l->good > l->from || l->in_parts.begun)
    return damaged(l, "the last entry is cut off");
  if (load_le(l->buffer + l->good + HEAD_BYTES, TOTAL_BYTES) != l->entries)
    return damaged(l, "the end mark has another number of entries");
  char more;
  ptrdiff_t got = l->read(l->ud, &more, 1);
  if (got < 0)
    return fail(l, HMAP_EIO, NULL);
  l->trouble.at = l->at;
  if (got > 0)
    return fail(l, HMAP_EFILE, "something follows its end");
  l->ended = true;
  return HMAP_OK;
}

/* Reads a block behind those that are good, and makes it one of them. */
static hmap_status read_block(hmap_loader *l) {
  hmap_status status = fill(l, HEAD_BYTES);
  if (status != HMAP_OK)
    return status;
  char *head = l->buffer + l->good;
  size_t length = length_at(head);
  if (load_le(head + 4, 4) != l->block)
    return damaged(l, "another block should be here");
  if (length > BLOCK_BYTES)
    return damaged(l, "a block cannot be so long");
  size_t whole = HEAD_BYTES + (length > 0 ? length : TOTAL_BYTES) + SUM_BYTES;
  if ((status = fill(l, whole)) != HMAP_OK)
    return status;
  if (!sums_up(l, whole))
    return damaged(l, "the checksum of the block is another");
  if (length == 0)
    return read_end(l);
  head = l->buffer + l->good;
  memmove(head, head + HEAD_BYTES, length);
  l->to = l->good += length;
  l->trouble.block = ++l->block;
  return HMAP_OK;
}

/* -- entries -------------------------------------------------------------- */

/* Makes cells of the next entries, up to n, as far as they are whole. */
static hmap_status get_entries(hmap_loader *l, size_t n) {
  const cell_type *key = &l->m->t->key, *elem = &l->m->t->elem;
  row r = {l->buffer + l->from, l->buffer + l->good, NULL};
  char *k = l->cells, *e = l->cells + l->elems_at;
  size_t i = 0, most = n < l->nmost ? n : l->nmost;
  for (; i < most; i++, k += key->size, e += elem->size) {
    row after = r;
    if (!get_cell(&after, key, l->raw_key, k) ||
        !get_cell(&after, elem, l->raw_elem, e)) {
      r.wrong = after.wrong;
      break;
    }
    r = after;
  }
  l->nput = 0;
  l->ncells = i;
  l->entries += i;
  l->from = (size_t)(r.at - l->buffer);
  return r.wrong != NULL ? damaged(l, r.wrong) : HMAP_OK;
}

/* Bytes that can follow those in the buffer. */
static uint64_t bytes_left(const hmap_loader *l) {
  return l->bytes > l->at ? l->bytes - l->at : 0;
}

/* The same of an entry that comes in parts: what there is of it. */
static hmap_status get_part(hmap_loader *l) {
  row r = {l->buffer + l->from, l->buffer + l->good, NULL};
  bool whole = false;
  hmap_status status =
      hmapi_long_read(&l->in_parts, l->m, &r, bytes_left(l), &whole);
  l->from = (size_t)(r.at - l->buffer);
  l->nput = 0;
  l->ncells = whole;
  l->entries += whole;
  return r.wrong != NULL ? damaged(l, r.wrong) : status;
}

static hmap_status get_next(hmap_loader *l, size_t n) {
  if (l->in_parts.begun)
    return get_part(l);
  hmap_status status = get_entries(l, n);
  if (status != HMAP_OK || l->ncells > 0 || l->good - l->from < LONG_ENTRY)
    return status;
  hmapi_long_begin(&l->in_parts, l->m, l->cells, l->cells + l->elems_at);
  return get_part(l);
}

static hmap_status put_entries(hmap_loader *l) {
  const hmap_type *t = l->m->t;
  const char *k = l->cells + l->nput * t->key.size;
  const char *e = l->cells + l->elems_at + l->nput * t->elem.size;
  size_t done;
  hmap_status status = hmap_put_many(l->m, k, e, l->ncells - l->nput, &done);
  l->nput += done;
  return status;
}

static hmap_status put_long(hmap_loader *l) {
  bool existed;
  hmap_status status = hmapi_long_put(&l->in_parts, l->m, &existed);
  if (status != HMAP_OK)
    return status;
  l->nput += !existed;
  return existed ? damaged(l, "a key is there twice") : HMAP_OK;
}

static hmap_status put_next(hmap_loader *l) {
  return l->in_parts.begun ? put_long(l) : put_entries(l);
}

/* -- steps ---------------------------------------------------------------- */

void hmap_file_options(const hmap_file *file, hmap_options *o) {
  o->hash = file->hash;
  o->policy = &file->policy;
  o->seeded = file->seeded;
  o->seed = file->seed;
}

static size_t least_of(const cell_type *c) {
  size_t n = 0;
  for (uint32_t i = 0; i < c->nfields; i++) {
    const field *f = &c->fields[i];
    n += f->kind == HMAP_STRING ? 4 : f->kind == HMAP_ANY ? 1 : f->size;
  }
  return n;
}

/* No entry has fewer bytes. */
static size_t least_bytes(const hmap_type *t) {
  size_t n = least_of(&t->key) + least_of(&t->elem);
  assert(n > 0); /* a key has some; an elem need not */
  return n;
}

/* Room for the entries that are said to be there, and can be. */
static hmap_status reserve(hmap_loader *l, uint64_t bytes) {
  uint64_t can = bytes / least_bytes(l->m->t);
  uint64_t n = l->file.count < can ? l->file.count : can;
  return hmap_reserve(l->m, n < SIZE_MAX ? (size_t)n : SIZE_MAX);
}

static hmap_status make_cells(hmap_loader *l) {
  const hmap_type *t = l->m->t;
  hmap_status status = HMAP_OK;
  size_t entry = t->key.size + t->elem.size;
  l->nmost = entry < CELLS_BYTES ? CELLS_BYTES / entry : 1;
  l->elems_at = (l->nmost * t->key.size + 15) / 16 * 16;
  l->cells_bytes = l->elems_at + l->nmost * t->elem.size;
  l->cells = hmapi_alloc(&l->heap, PART_HEADER, l->cells_bytes, &status);
  return status;
}

/* A bool that is neither is found out field by field. */
static bool reads_raw(const cell_type *c) {
  for (uint32_t i = 0; i < c->nfields; i++)
    if (c->fields[i].kind == HMAP_BOOL)
      return false;
  return is_raw(c);
}

hmap_status hmap_loader_begin(hmap_loader *l, const hmap_options *o,
                              uint64_t bytes) {
  hmap_options mine = *o;
  l->bytes = bytes;
  mine.key = l->file.key;
  mine.elem = l->file.elem;
  hmap_status status = hmap_new(&mine, &l->m);
  if (status == HMAP_OK)
    status = reserve(l, bytes);
  if (status == HMAP_OK)
    status = make_cells(l);
  if (status != HMAP_OK) {
    hmap_free(l->m);
    l->m = NULL;
    return status;
  }
  l->raw_key = reads_raw(&l->m->t->key);
  l->raw_elem = reads_raw(&l->m->t->elem);
  return HMAP_OK;
}

/* Entries are counted as they come; one that came twice is in the map once. */
static hmap_status check_total(hmap_loader *l) {
  return hmap_count(l->m) == l->entries ? HMAP_OK
                                        : damaged(l, "a key is there twice");
}

hmap_status hmap_loader_step(hmap_loader *l, size_t n, bool *more) {
  hmap_status status = l->failed;
  size_t waiting = l->ncells - l->nput; /* that memory was refused for */
  n -= waiting < n ? waiting : n;
  *more = true;
  for (bool read = false; status == HMAP_OK && *more;) {
    if (l->nput < l->ncells) {
      status = put_next(l);
    } else if (l->ended) {
      status = check_total(l);
      *more = status != HMAP_OK;
    } else if (n == 0) {
      break;
    } else if ((status = get_next(l, n)) == HMAP_OK && l->ncells == 0) {
      if (read && n < SIZE_MAX)
        break;
      status = read_block(l);
      read = true;
    } else {
      n -= l->ncells;
    }
  }
  return status;
}

uint64_t hmap_loader_count(const hmap_loader *l) {
  return l->entries - (l->ncells - l->nput);
}

const hmap_trouble *hmap_loader_trouble(const hmap_loader *l) {
  return &l->trouble;
}

hmap *hmap_loader_take(hmap_loader *l) {
  hmap *m = NULL;
  if (l->ended && l->failed == HMAP_OK && l->nput == l->ncells) {
    m = l->m;
    l->m = NULL;
  }
  return m;
}

void hmap_loader_free(hmap_loader *l) {
  if (l == NULL)
    return;
  if (l->in_parts.begun)
    hmapi_long_drop(&l->in_parts, l->m);
  hmap_free(l->m);
  drop(l, &l->buffer, &l->size);
  drop(l, &l->cells, &l->cells_bytes);
  drop(l, &l->note, &l->file.note_bytes);
  heap own = l->heap;
  hmapi_free(&own, PART_HEADER, l, sizeof *l);
}

/* -- at once -------------------------------------------------------------- */

static hmap_status load_all(hmap_loader *l, const hmap_options *o,
                            uint64_t bytes) {
  const hmap_file *file;
  hmap_options all = *o;
  hmap_status status = hmap_loader_open(l, &file);
  if (status != HMAP_OK)
    return status;
  hmap_file_options(file, &all);
  if (o->policy != NULL)
    all.policy = o->policy;
  if (o->seeded) {
    all.seeded = true;
    all.seed = o->seed;
  }
  status = hmap_loader_begin(l, &all, bytes);
  for (bool more = true; status == HMAP_OK && more;)
    status = hmap_loader_step(l, SIZE_MAX, &more);
  return status;
}

hmap_status hmap_load(const hmap_options *o, hmap_read_fn read, void *ud,
                      uint64_t bytes, hmap **out, hmap_trouble *why) {
  hmap_loader *l;
  hmap_status status = hmap_loader_new(o, read, ud, &l);
  *out = NULL;
  if (why != NULL)
    *why = (hmap_trouble){.block = -1};
  if (status != HMAP_OK)
    return status;
  status = load_all(l, o, bytes);
  if (why != NULL)
    *why = l->trouble;
  if (status == HMAP_OK)
    *out = hmap_loader_take(l);
  hmap_loader_free(l);
  return status;
}
