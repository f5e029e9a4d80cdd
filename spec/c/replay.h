/* replay.h: a map that goes through a trace, what it must hold, and how far its
** iterators must have come. */
#ifndef HMAP_SPEC_REPLAY_H
#define HMAP_SPEC_REPLAY_H

#include "core/map/map.h"
#include "golden.h"

/* One step of the generator that Go's runtime and the map both use. */
#define RNG_STEP UINT64_C(0xa0761d6478bd642f)

/* -- a replay ------------------------------------------------------------- */

/* An iterator of the trace. */
typedef struct walk {
  hmap_iter it;
  bool open;
  bool exact;       /* Go's order: no growth has begun since */
  bool stayed;      /* the map was cleared while its chain had not moved */
  uint64_t growths; /* of the map, when it began */
  uint64_t births;  /* entries born by then are due */
  uint64_t *given;  /* by symbol: birth of the entry that was given */
  size_t room;
} walk;

typedef struct counts {
  uint64_t steps, digests, dumps;
  uint64_t whole; /* steps after which all that Go kept was compared */
} counts;

typedef struct replay {
  const char *name;
  const kind *key, *elem;
  formula formula; /* NULL: hashes are listed */
  bool go121;      /* clear is that of 1.21 */
  bool native;     /* compiled statements; else runtime functions */
  bool typed;      /* of int64 or text, not the generic functions */

  hmap *m;
  size_t map_min;
  dict hashes;  /* (hash0, key) -> hash, as listed */
  dict entries; /* what the map must hold: value = elem, born != 0: present */
  uint64_t births;
  const json_t *H; /* of this record; NaN hashes are taken in order */
  size_t next_nan;
  uint64_t calls;    /* of the hash function */
  bool unknown_hash; /* asked for one that is not listed */
  bool stray_nan;    /* a NaN was hashed that the trace does not know of */
  bool iterating;    /* an iterator has gone on */
  bool was_empty;    /* the map, before this record */

  uint8_t *digested; /* what the digest is of */
  size_t ndigested, digest_room;

  walk **walks; /* by id */
  size_t nwalks;
  counts seen;
  char why[400];
} replay;

/* Whether a fact holds. If not, keeps what there is to say. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static bool
must(replay *r, bool fact, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (!fact)
    (void)vsnprintf(r->why, sizeof r->why, format, args);
  va_end(args);
  return fact;
}

#define differs(r, ...) must(r, false, __VA_ARGS__)

/* -- hashes as the trace lists them --------------------------------------- */

/* The name of a listed hash: hash0, then the key's bytes. */
static size_t hash_name(char name[300], uint32_t hash0, const token *t) {
  const char *s = t->numeric ? (const char *)&t->n : t->s;
  size_t len = t->numeric ? sizeof t->n : t->len;
  if (len > 256)
    abort();
  memcpy(name, &hash0, sizeof hash0);
  memcpy(name + sizeof hash0, s, len);
  return sizeof hash0 + len;
}

static bool nan_token(const replay *r, const token *t) {
  cell c = to_cell(r->key, t);
  return is_nan(r->key, &c);
}

static uint32_t hash0_of(const hmap *m) {
  hmap_header h = {.hash0 = 0};
  if (m != NULL)
    hmap_get_header(m, &h);
  return h.hash0;
}

/* Takes in the pairs of a record; NaN keys wait in it for their turn. */
static void learn_hashes(replay *r, const json_t *record) {
  size_t i;
  const json_t *pair;
  uint32_t hash0 = hash0_of(r->m);
  r->H = json_object_get(record, "H");
  r->next_nan = 0;
  json_array_foreach(r->H, i, pair) {
    char name[300];
    token t = token_of(json_array_get(pair, 0));
    const json_t *seed = json_array_get(pair, 2);
    if (seed != NULL)
      hash0 = (uint32_t)json_integer_value(seed);
    if (nan_token(r, &t))
      continue;
    size_t s = add_symbol(&r->hashes, name, hash_name(name, hash0, &t));
    r->hashes.at[s].value = hex(json_string_value(json_array_get(pair, 1)));
  }
}

/* Go draws a random number for each hash of a NaN. */
static uint64_t nan_hash(replay *r, const token *t) {
  r->m->rng += RNG_STEP;
  while (r->next_nan < json_array_size(r->H)) {
    const json_t *pair = json_array_get(r->H, r->next_nan++);
    token listed = token_of(json_array_get(pair, 0));
    if (same_token(&listed, t))
      return hex(json_string_value(json_array_get(pair, 1)));
  }
  r->stray_nan = true;
  return 0;
}

static uint64_t listed_hash(replay *r, const token *t, uint32_t hash0) {
  char name[300];
  size_t s = find_symbol(&r->hashes, name, hash_name(name, hash0, t));
  if (s != NO_SYMBOL)
    return r->hashes.at[s].value;
  r->unknown_hash = true;
  return number_of(t);
}

static uint64_t logged_hash(const void *key, uint32_t hash0, void *ud) {
  replay *r = ud;
  token t;
  from_cell(&t, r->key, key);
  r->calls++;
  if (r->formula != NULL)
    return r->formula(number_of(&t), hash0);
  return is_nan(r->key, key) ? nan_hash(r, &t) : listed_hash(r, &t, hash0);
}

/* -- what the map must hold ----------------------------------------------- */

/* A number that stands for an elem. */
static uint64_t print_of(const token *t) { return number_of(t); }

/* The symbol of an entry: its key with one name for both zeros; each NaN is
** one of its own, told apart by its elem. */
static size_t entry_of(replay *r, const void *key, uint64_t elem) {
  cell c = {.bytes = {0}};
  char name[300];
  token t;
  size_t size;
  hmap_spec spec = {.kind = r->key->kind, .n = r->key->n};
  if (hmap_cell_size(&spec, &size) != HMAP_OK)
    abort();
  memcpy(&c, key, size);
  double *f = float_in(r->key, &c);
  if (f != NULL && *f == 0)
    *f = 0;
  from_cell(&t, r->key, &c);
  size_t len = hash_name(name, 0, &t);
  bool nan = is_nan(r->key, &c);
  if (nan) {
    memcpy(name + len, &elem, sizeof elem);
    len += sizeof elem;
  }
  size_t i = add_symbol(&r->entries, name, len);
  r->entries.at[i].nan = nan;
  return i;
}

static void entry_put(replay *r, const cell *key, const token *elem) {
  size_t i = entry_of(r, key, print_of(elem));
  symbol *s = &r->entries.at[i];
  if (s->born == 0)
    s->born = ++r->births;
  s->value = print_of(elem);
}

static void entry_deleted(replay *r, const cell *key) {
  size_t i = entry_of(r, key, 0);
  if (!r->entries.at[i].nan)
    r->entries.at[i].born = 0;
}

static void entries_cleared(replay *r, bool but_nans) {
  for (size_t i = 0; i < r->entries.n; i++)
    if (!but_nans || !r->entries.at[i].nan)
      r->entries.at[i].born = 0;
}

/* -- iterators ------------------------------------------------------------ */

static uint64_t growths_of(const hmap *m) {
  hmap_stats s;
  uint64_t sum = 0;
  hmap_get_stats(m, &s);
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    sum += s.growths[i];
  return sum;
}

static void end_walk(walk *w) {
  hmap_iter_close(&w->it);
  free(w->given);
  *w = (walk){.open = false};
}

static void end_walks(replay *r) {
  for (size_t i = 0; i < r->nwalks; i++)
    if (r->walks[i] != NULL) {
      end_walk(r->walks[i]);
      free(r->walks[i]);
    }
  free(r->walks);
  r->walks = NULL;
  r->nwalks = 0;
}

static walk *walk_numbered(replay *r, size_t id) {
  while (r->nwalks <= id) {
    r->walks = have(realloc(r->walks, (r->nwalks + 1) * sizeof *r->walks));
    r->walks[r->nwalks++] = NULL;
  }
  if (r->walks[id] == NULL)
    r->walks[id] = have(calloc(1, sizeof(walk)));
  return r->walks[id];
}

static void begin_walk(replay *r, walk *w) {
  end_walk(w);
  *w = (walk){.open = true,
              .exact = true,
              .growths = growths_of(r->m),
              .births = r->births};
  hmap_iter_init(&w->it, r->m);
}

/* Go goes on through a chain that has moved and looks for its keys. */
static bool has_moved(const walk *w) {
  return !w->stayed && w->it.begun && w->it.at == NULL;
}

/* Go 1.19 may go on to give what was cleared; hmap is as 1.21. There, one that
** stands in a preallocated overflow bucket may meet what that is used for
** next. */
static void walks_cleared(replay *r) {
  for (size_t i = 0; i < r->nwalks; i++) {
    walk *w = r->walks[i];
    if (w == NULL || !w->open)
      continue;
    if (!r->go121 || w->it.at != w->it.head || has_moved(w))
      w->exact = false;
    w->stayed = true;
  }
}

static uint64_t *given_at(walk *w, size_t i) {
  if (i >= w->room) {
    size_t room = 2 * i + 64;
    w->given = have(realloc(w->given, room * sizeof *w->given));
    memset(w->given + w->room, 0, (room - w->room) * sizeof *w->given);
    w->room = room;
  }
  return &w->given[i];
}

/* What an iterator gives is there, as it is now, and was not given before. */
static bool gives_rightly(replay *r, walk *w) {
  token elem;
  from_cell(&elem, r->elem, w->it.elem);
  size_t i = entry_of(r, w->it.key, print_of(&elem));
  const symbol *s = &r->entries.at[i];
  if (s->born == 0)
    return differs(r, "the iterator gives an entry that is gone");
  if (s->value != print_of(&elem))
    return differs(r, "the iterator gives an elem that was overwritten");
  uint64_t *given = given_at(w, i);
  if (*given == s->born)
    return differs(r, "the iterator gives an entry twice");
  *given = s->born;
  return true;
}

/* At its end an iterator has given all that was there throughout. */
static bool gave_all(replay *r, walk *w) {
  for (size_t i = 0; i < r->entries.n; i++) {
    const symbol *s = &r->entries.at[i];
    if (s->born != 0 && s->born <= w->births && *given_at(w, i) != s->born)
      return differs(r, "the iterator misses an entry");
  }
  return true;
}

/* Whatever has happened since, Go looks for the keys of a chain that has moved;
** hmap no more when the map was empty meanwhile: what is there came later. */
static bool forgets_moved(const replay *r, const walk *w) {
  return has_moved(w) && w->it.emptied != r->m->emptied;
}

/* A chain that moved to the same size, not to two halves: Go's iterator, begun
** in the midst of that, forgets it at its end, takes the NaNs of the chain for
** those of two halves, and skips the half that is not its own. */
static bool skips_nans(const replay *r, const walk *w) {
  return has_moved(w) && !w->it.filter && r->m->nans > 0;
}

/* One step on; at the end the key is NULL. */
static bool advance(replay *r, walk *w) {
  if (forgets_moved(r, w) || skips_nans(r, w))
    w->exact = false;
  hmap_status status = hmap_iter_next(&w->it);
  if (growths_of(r->m) != w->growths)
    w->exact = false;
  if (status != HMAP_OK)
    return differs(r, "hmap_iter_next: %s", hmap_status_text(status));
  return w->it.key != NULL ? gives_rightly(r, w) : gave_all(r, w);
}

static bool run_to_end(replay *r, walk *w) {
  while (w->it.key != NULL)
    if (!advance(r, w))
      return false;
  return true;
}

/* Go's next entry, or key NULL at Go's end. */
static bool same_as_go(replay *r, walk *w, const json_t *key,
                       const json_t *elem) {
  token k, e, gk, ge;
  if (key == NULL || w->it.key == NULL) {
    if (key == NULL && w->it.key == NULL)
      return true;
    return differs(r, key == NULL ? "Go's iterator is at its end"
                                  : "hmap's iterator is at its end");
  }
  gk = token_of(key);
  ge = token_of(elem);
  from_cell(&k, r->key, w->it.key);
  from_cell(&e, r->elem, w->it.elem);
  return must(r, same_token(&k, &gk) && same_token(&e, &ge),
              "the iterator gives another entry than Go's");
}

static bool walk_on(replay *r, walk *w, const json_t *key, const json_t *elem) {
  r->iterating = true;
  if (!w->open)
    return must(r, key == NULL, "the iterator ended too early");
  bool was_live = w->it.key != NULL || !w->it.begun;
  if (was_live && !advance(r, w))
    return false;
  if (w->exact && !same_as_go(r, w, key, elem))
    return false;
  return key != NULL || run_to_end(r, w);
}

#endif
