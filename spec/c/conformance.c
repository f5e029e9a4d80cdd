/* conformance.c: the core against traces of Go's real runtime.
**
**   conformance [trace.jsonl.gz ...]     default: all in spec/golden
**   conformance - [mistake]              one after the other from stdin, up to
**                                        the first difference
**
** Every operation of a trace is done here too, with the same hashes and the
** same random numbers, and afterwards all that can be seen must be the same:
** the header, results, random numbers drawn, hashes computed, and where the
** trace has them, the bytes of every bucket. Each trace runs three times:
**
**   kept     arrays stay whole until the growth is over, as Go keeps them
**   mapped   every array is mapped; moved chains let go of their overflow
**   default  arrays from 128 KiB are mapped
**
** An iterator gives Go's entries in Go's order until a growth begins. From
** then on it is held to its promise: what is there throughout exactly once,
** nothing twice, nothing that is gone.
**
** Not compared: which overflow buckets were preallocated (that follows from
** Go's allocator), and bytes of old buckets that hmap has let go of. */
#define _POSIX_C_SOURCE 200809L
#include <glob.h>
#include <unistd.h>

#include "replay.h"

static const struct {
  const char *name;
  size_t map_min;
} passes[] = {{"kept", SIZE_MAX}, {"mapped", 1}, {"default", 0}};

#define NPASSES (sizeof passes / sizeof passes[0])

/* -- operations ----------------------------------------------------------- */

static bool ok(replay *r, hmap_status status) {
  return must(r, status == HMAP_OK, "refused: %s", hmap_status_text(status));
}

static hmap_status put_cell(replay *r, const cell *k, const cell *v) {
  if (r->typed && r->key->kind == HMAP_INT64)
    return hmap_put_i64(r->m, k->i64, v);
  if (r->typed && r->key->kind == HMAP_STRING)
    return hmap_put_str(r->m, hmap_text_ptr(&k->cell), hmap_text_len(&k->cell),
                        v);
  return hmap_put(r->m, k, v);
}

static const void *get_cell(const replay *r, const cell *k) {
  if (r->typed && r->key->kind == HMAP_INT64)
    return hmap_get_i64(r->m, k->i64);
  if (r->typed && r->key->kind == HMAP_STRING)
    return hmap_get_str(r->m, hmap_text_ptr(&k->cell), hmap_text_len(&k->cell));
  return hmap_get(r->m, k);
}

static bool put(replay *r, const token *key, const token *elem) {
  cell k = to_cell(r->key, key), v = to_cell(r->elem, elem);
  entry_put(r, &k, elem);
  return ok(r, put_cell(r, &k, &v));
}

static bool del(replay *r, const token *key) {
  cell k = to_cell(r->key, key);
  size_t before = hmap_count(r->m);
  bool was_there = hmap_delete(r->m, &k);
  entry_deleted(r, &k);
  return must(r, hmap_count(r->m) + was_there == before, "hmap_delete says %d",
              was_there);
}

static bool op_put(replay *r, const json_t *rec) {
  token k = token_of(json_object_get(rec, "k"));
  token v = token_of(json_object_get(rec, "v"));
  return put(r, &k, &v);
}

static bool op_del(replay *r, const json_t *rec) {
  token k = token_of(json_object_get(rec, "k"));
  return del(r, &k);
}

static cell zero_of(const kind *k) {
  cell zero = {.bytes = {0}};
  if (k->kind == HMAP_ANY)
    zero.cell = hmap_text("nil", 3);
  return zero;
}

/* Go gives the zero value for an absent key. */
static bool op_get(replay *r, const json_t *rec) {
  token k = token_of(json_object_get(rec, "k"));
  token want = token_of(json_object_get(rec, "v")), got;
  cell c = to_cell(r->key, &k), zero = zero_of(r->elem);
  const void *elem = get_cell(r, &c);
  const json_t *found = json_object_get(rec, "ok");
  from_cell(&got, r->elem, elem != NULL ? elem : &zero);
  if (found != NULL && (elem != NULL) != json_integer_value(found))
    return differs(r, elem != NULL ? "found" : "not found");
  return must(r, same_token(&got, &want), "another elem");
}

/* A type that Go's collector would look into; one that all maps share is copied
** first. */
static void add_pointers(hmap *m) {
  static hmap_type own;
  hmap_type *t = (hmap_type *)(uintptr_t)m->t;
  if (t->bytes == 0) {
    own = *t;
    m->t = t = &own;
  }
  t->bucket_pointers = true;
}

static bool op_make(replay *r, const json_t *rec) {
  const hmap_options options = {
      .key = {.kind = r->key->kind, .n = r->key->n},
      .elem = {.kind = r->elem->kind, .n = r->elem->n},
      .hint = get_int(rec, "hint"),
      .seeded = true,
      .seed = hex(get_text(rec, "fr")),
      .hash = HMAP_HASH_CUSTOM,
      .hash_fn = logged_hash,
      .hash_ud = r,
      .map_min = r->map_min,
  };
  end_walks(r);
  hmap_free(r->m);
  entries_cleared(r, false);
  if (!ok(r, hmap_new(&options, &r->m)))
    return false;
  if (r->key->pointers)
    add_pointers(r->m);
  return true;
}

/* Of keys that may differ from themselves the compiled loop is a real one. */
static bool clear_by_loop(replay *r) {
  hmap_iter it;
  bool going = true;
  hmap_iter_init(&it, r->m);
  while (going && (going = ok(r, hmap_iter_next(&it))) && it.key != NULL) {
    cell k = {.bytes = {0}};
    memcpy(&k, it.key,
           r->key->kind == HMAP_ANY ? sizeof(hmap_cell) : sizeof(double));
    (void)hmap_delete(r->m, &k);
  }
  hmap_iter_close(&it);
  entries_cleared(r, true);
  return going;
}

static bool op_clear(replay *r, const json_t *rec) {
  (void)rec;
  walks_cleared(r);
  if (r->native && (r->key->kind == HMAP_FLOAT64 || r->key->kind == HMAP_ANY))
    return clear_by_loop(r);
  entries_cleared(r, false);
  return ok(r, hmap_clear(r->m));
}

static bool starts_as_go(replay *r, const walk *w, int64_t bucket,
                         int64_t offset) {
  return must(r, (int64_t)w->it.now.start == bucket && w->it.offset == offset,
              "starts at bucket %" PRIu64 ", slot %u", w->it.now.start,
              w->it.offset);
}

static bool op_iterinit(replay *r, const json_t *rec) {
  walk *w = walk_numbered(r, (size_t)get_int(rec, "it"));
  const json_t *pos = json_object_get(rec, "pos");
  begin_walk(r, w);
  if (pos != NULL &&
      !starts_as_go(r, w, json_integer_value(json_array_get(pos, 0)),
                    json_integer_value(json_array_get(pos, 1))))
    return false;
  return walk_on(r, w, json_object_get(rec, "k"), json_object_get(rec, "v"));
}

static bool op_next(replay *r, const json_t *rec) {
  walk *w = walk_numbered(r, (size_t)get_int(rec, "it"));
  bool good =
      walk_on(r, w, json_object_get(rec, "k"), json_object_get(rec, "v"));
  if (json_object_get(rec, "end") != NULL)
    end_walk(w);
  return good;
}

/* One turn of a range loop: [k, v] or [k, v, "del", k] or [k, v, "put", k, v].
** The body does what Go's did, whatever this iterator has given. */
static bool turn(replay *r, walk *w, const json_t *step) {
  const char *op = json_string_value(json_array_get(step, 2));
  token k = token_of(json_array_get(step, op != NULL ? 3 : 0));
  if (!walk_on(r, w, json_array_get(step, 0), json_array_get(step, 1)))
    return false;
  if (op == NULL)
    return true;
  if (strcmp(op, "del") == 0)
    return del(r, &k);
  token v = token_of(json_array_get(step, 4));
  return put(r, &k, &v);
}

static bool op_range(replay *r, const json_t *rec) {
  walk w = {.open = false};
  size_t i;
  const json_t *step, *start = json_object_get(rec, "start");
  begin_walk(r, &w);
  bool good = start == NULL || starts_as_go(r, &w, json_integer_value(start),
                                            get_int(rec, "offset"));
  json_array_foreach(json_object_get(rec, "steps"), i, step) {
    good = good && turn(r, &w, step);
  }
  good = good && walk_on(r, &w, NULL, NULL);
  end_walk(&w);
  return good;
}

/* -- many at once: k0 + j * dk for j below n -- */

static bool op_putn(replay *r, const json_t *rec) {
  int64_t k = get_int(rec, "k0"), v = get_int(rec, "v0");
  for (int64_t n = get_int(rec, "n"); n > 0; n--) {
    token key = number_token(k), elem = number_token(v);
    if (!put(r, &key, &elem))
      return false;
    k += get_int(rec, "dk");
    v += get_int(rec, "dv");
  }
  return true;
}

static bool op_deln(replay *r, const json_t *rec) {
  int64_t k = get_int(rec, "k0");
  for (int64_t n = get_int(rec, "n"); n > 0; n--, k += get_int(rec, "dk")) {
    token key = number_token(k);
    if (!del(r, &key))
      return false;
  }
  return true;
}

static bool op_getn(replay *r, const json_t *rec) {
  int64_t k = get_int(rec, "k0"), found = 0;
  for (int64_t n = get_int(rec, "n"); n > 0; n--, k += get_int(rec, "dk"))
    found += hmap_get(r->m, &k) != NULL;
  return must(r, found == get_int(rec, "found"), "finds %" PRId64, found);
}

/* -- buckets -------------------------------------------------------------- */

/* Old buckets that have moved keep their bytes in arrays that stay whole. */
static bool keeps_moved(const replay *r, hmap_which which) {
  return which == HMAP_NEW || r->m->old == NULL || !r->m->old->sliced;
}

static bool same_slots(replay *r, const kind *k, const json_t *want,
                       const void *const cells[HMAP_BUCKET_COUNT]) {
  size_t at = 0;
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    if (cells[i] == NULL)
      continue;
    token go = token_of(json_array_get(want, at++)), got;
    from_cell(&got, k, cells[i]);
    if (!same_token(&got, &go))
      return differs(r, "another %s in slot %u", k == r->key ? "key" : "elem",
                     i);
  }
  return must(r, at == json_array_size(want), "other slots are live");
}

/* A dead cell of text: Go's collector wants the pointer gone, hmap wants no
** owner; the length that Go may leave behind means nothing. Where an entry
** has moved, the cell still says which text it was. */
static bool same_dead_text(const hmap_cell *c, uint8_t top,
                           const json_t *want) {
  if (top < HMAP_SLOT_EVACUATED_X || top == HMAP_SLOT_EVACUATED_EMPTY)
    return c->word[0] == 0 && c->word[1] == 0;
  return json_is_string(want) && hmap_text_len(c) == json_string_length(want);
}

static bool same_memory(replay *r, const kind *k, const json_t *want,
                        unsigned i, uint8_t top, const void *slot) {
  token go = token_of(want), got;
  bool dead = top < MIN_TOPHASH;
  if (dead && k->kind == HMAP_STRING) {
    return must(r, same_dead_text(slot, top, want), "text in dead slot %u", i);
  }
  from_cell(&got, k, slot);
  return must(r, same_token(&got, &go),
              "slot %u of tophash %02x holds another %s", i, top,
              k == r->key ? "key" : "elem");
}

/* All eight slots as they are, live or not. */
static bool same_raw(replay *r, const json_t *want, hmap_which which,
                     size_t index, size_t depth) {
  const hmap_type *t = r->m->t;
  bmap *b =
      bucket_at(t, which == HMAP_NEW ? r->m->buckets : r->m->oldbuckets, index);
  for (; depth > 0; depth--)
    b = overflow_of(t, b);
  const json_t *keys = json_object_get(want, "k");
  const json_t *elems = json_object_get(want, "v");
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
    if (!same_memory(r, r->key, json_array_get(keys, i), i, b->tophash[i],
                     key_slot(&t->key, b, i)) ||
        !same_memory(r, r->elem, json_array_get(elems, i), i, b->tophash[i],
                     elem_slot(t, &t->key, b, i)))
      return false;
  return true;
}

static bool same_tophash(replay *r, const json_t *want,
                         const uint8_t tophash[HMAP_BUCKET_COUNT]) {
  char digits[2 * HMAP_BUCKET_COUNT + 1];
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
    (void)snprintf(digits + 2 * i, 3, "%02x", tophash[i]);
  const char *go = want != NULL ? get_text(want, "t") : "0000000000000000";
  return must(r, strcmp(go, digits) == 0, "tophash %s, Go's %s", digits, go);
}

/* want: one bucket of Go's, or NULL for one that is all zero. */
static bool same_bucket(replay *r, const json_t *want, bool raw,
                        hmap_which which, size_t index, size_t depth,
                        const hmap_bucket_view *b) {
  if (!same_tophash(r, want, b->tophash))
    return false;
  if (want == NULL)
    return true;
  if (raw)
    return same_raw(r, want, which, index, depth);
  return same_slots(r, r->key, json_object_get(want, "k"), b->key) &&
         same_slots(r, r->elem, json_object_get(want, "v"), b->elem);
}

static bool same_chain(replay *r, const json_t *want, bool raw,
                       hmap_which which, size_t index) {
  hmap_bucket_view b;
  size_t n = json_is_array(want) ? json_array_size(want) : 1, depth = 0;
  do {
    if (!hmap_view_bucket(r->m, which, index, depth, &b))
      return differs(r, "no bucket at depth %zu", depth);
    if (b.evacuated && !keeps_moved(r, which))
      return true;
    if (!same_bucket(r, json_array_get(want, depth), raw, which, index, depth,
                     &b))
      return false;
  } while (++depth < n && b.more);
  return must(r, depth == n && !b.more, "another chain length");
}

static bool same_array(replay *r, const json_t *want, bool raw,
                       hmap_which which) {
  size_t i;
  const json_t *chain;
  hmap_bucket_view b;
  json_array_foreach(want, i, chain) {
    if (!same_chain(r, chain, raw, which, i)) {
      size_t at = strlen(r->why);
      (void)snprintf(r->why + at, sizeof r->why - at, " (%s bucket %zu)",
                     which == HMAP_NEW ? "new" : "old", i);
      return false;
    }
  }
  return must(r, !hmap_view_bucket(r->m, which, json_array_size(want), 0, &b),
              "more buckets than Go's");
}

static bool op_dump(replay *r, const json_t *rec) {
  bool raw = get_int(rec, "raw") != 0;
  r->seen.dumps++;
  return same_array(r, json_object_get(rec, "buckets"), raw, HMAP_NEW) &&
         same_array(r, json_object_get(rec, "old"), raw, HMAP_OLD);
}

/* -- digests -------------------------------------------------------------- */

static void add_bytes(replay *r, const void *bytes, size_t n) {
  if (r->ndigested + n > r->digest_room) {
    r->digest_room = 2 * (r->ndigested + n);
    r->digested = have(realloc(r->digested, r->digest_room));
  }
  memcpy(r->digested + r->ndigested, bytes, n);
  r->ndigested += n;
}

static void add_token(replay *r, const kind *k, const void *from) {
  token t;
  uint8_t bytes[8];
  from_cell(&t, k, from);
  uint64_t word = t.numeric ? (uint64_t)t.n : t.len;
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(word >> 8 * i);
  add_bytes(r, bytes, t.numeric ? 8 : 4);
  if (!t.numeric)
    add_bytes(r, t.s, t.len);
}

static void add_bucket(replay *r, const hmap_bucket_view *b) {
  const uint8_t more = b->more;
  add_bytes(r, b->tophash, HMAP_BUCKET_COUNT);
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++)
    if (b->key[i] != NULL) {
      add_token(r, r->key, b->key[i]);
      add_token(r, r->elem, b->elem[i]);
    }
  add_bytes(r, &more, 1);
}

static void add_array(replay *r, hmap_which which) {
  hmap_bucket_view b;
  for (size_t i = 0; hmap_view_bucket(r->m, which, i, 0, &b); i++) {
    if (i == 0)
      add_bytes(r, which == HMAP_NEW ? "B" : "O", 1);
    add_bucket(r, &b);
    for (size_t depth = 1; b.more; depth++) {
      (void)hmap_view_bucket(r->m, which, i, depth, &b);
      add_bucket(r, &b);
    }
  }
}

static uLong digest(replay *r) {
  r->ndigested = 0;
  add_array(r, HMAP_NEW);
  add_array(r, HMAP_OLD);
  return crc32_z(0, r->digested, r->ndigested);
}

static bool same_digest(replay *r, const json_t *rec) {
  if (json_object_get(rec, "dg") == NULL || !keeps_moved(r, HMAP_OLD))
    return true;
  uLong want = (uLong)hex(get_text(rec, "dg"));
  uLong got = digest(r);
  r->seen.digests++;
  return must(r, got == want, "digest %08lx, Go's %08lx", got, want);
}

/* -- the header ----------------------------------------------------------- */

enum {
  COUNT,
  FLAGS,
  LOG_BUCKETS,
  NOVERFLOW,
  HASH0,
  BUCKETS,
  OLDBUCKETS,
  NEVACUATE,
  NSTATE
};
static const char *const state_names[NSTATE] = {
    "count", "flags",   "B",          "noverflow",
    "hash0", "buckets", "oldbuckets", "nevacuate"};

static void state_of(const hmap *m, int64_t s[NSTATE]) {
  hmap_header h;
  hmap_get_header(m, &h);
  s[COUNT] = (int64_t)h.count;
  s[FLAGS] = h.flags;
  s[LOG_BUCKETS] = h.B;
  s[NOVERFLOW] = h.noverflow;
  s[HASH0] = h.hash0;
  s[BUCKETS] = h.buckets != NULL;
  s[OLDBUCKETS] = h.oldbuckets != NULL;
  s[NEVACUATE] = (int64_t)h.nevacuate;
}

static bool same_state(replay *r, const json_t *rec) {
  const json_t *want = json_object_get(rec, "s");
  int64_t s[NSTATE];
  if (want == NULL)
    return true;
  state_of(r->m, s);
  for (size_t i = 0; i < NSTATE; i++)
    if (s[i] != json_integer_value(json_array_get(want, i)))
      return differs(r, "another %s", state_names[i]);
  return true;
}

/* -- mistakes ------------------------------------------------------------- */

/* Made on purpose after an operation, to see that they are found. */

/* A first slot that a delete has left emptyOne. */
static void leave_tombstone(replay *r, const json_t *rec) {
  bool deleted = strcmp(get_text(rec, "op"), "del") == 0;
  if (deleted && r->m->buckets != NULL && r->m->oldbuckets == NULL &&
      r->m->buckets->tophash[0] == EMPTY_REST)
    r->m->buckets->tophash[0] = EMPTY_ONE;
}

/* An old bucket that a delete has moved too many. */
static void move_too_many(replay *r, const json_t *rec) {
  if (strcmp(get_text(rec, "op"), "del") == 0)
    (void)must(r, hmap_step(r->m, 1, NULL, NULL) == HMAP_OK, "no memory");
}

/* Iterators that turn their buckets the other way. */
static void turn_back(replay *r, const json_t *rec) {
  if (strcmp(get_text(rec, "op"), "iterinit") == 0) {
    walk *w = walk_numbered(r, (size_t)get_int(rec, "it"));
    w->it.offset = (uint8_t)(HMAP_BUCKET_COUNT - 1 - w->it.offset);
  }
}

static const struct mistake {
  const char *name;
  void (*make)(replay *r, const json_t *rec);
} mistakes[] = {{"tombstone", leave_tombstone},
                {"step", move_too_many},
                {"turn", turn_back}};

static const struct mistake *mistake; /* or NULL */

static bool mistake_named(const char *name) {
  for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
    if (strcmp(mistakes[i].name, name) == 0)
      mistake = &mistakes[i];
  return mistake != NULL;
}

/* -- one record ----------------------------------------------------------- */

/* A look into an empty map of any: Go hashes to see whether it can, hmap has no
** need to. */
static bool looks_into_nothing(const replay *r) {
  return r->was_empty && hmap_count(r->m) == 0 && r->key->kind == HMAP_ANY;
}

static bool same_draws(replay *r, const json_t *rec, uint64_t before) {
  if (looks_into_nothing(r))
    return true;
  uint64_t want = before + (uint64_t)get_int(rec, "nd") * RNG_STEP;
  return must(r, r->m->rng == want,
              "other than %" PRId64 " random numbers drawn",
              get_int(rec, "nd"));
}

static bool same_nans(replay *r) {
  if (looks_into_nothing(r))
    return true;
  if (r->stray_nan)
    return differs(r, "a NaN was hashed that Go does not hash");
  while (r->formula == NULL && r->next_nan < json_array_size(r->H)) {
    const json_t *pair = json_array_get(r->H, r->next_nan++);
    token t = token_of(json_array_get(pair, 0));
    if (nan_token(r, &t))
      return differs(r, "a NaN was not hashed that Go hashes");
  }
  return true;
}

/* As many hashes as in Go, but for this:
**   - iterators get over a growth by other means, and if the chain in hand
**     moves then it is the write that asks which entries are still due;
**   - long text carries its hash, and evacuation asks for fewer; so does a
**     look into an empty map of any;
**   - Go's functions for one type of key need no hash in a single bucket. */
static bool same_hashes(replay *r, const json_t *rec) {
  const json_t *nh = json_object_get(rec, "nh");
  uint64_t want = (uint64_t)json_integer_value(nh);
  bool iterating = r->iterating || r->m->iters != NULL;
  bool text = r->key->kind == HMAP_STRING || r->key->kind == HMAP_ANY;
  bool one_bucket = r->typed && r->m->B == 0;
  if (r->unknown_hash && !iterating && !one_bucket)
    return differs(r, "a key was hashed that Go does not hash");
  if (nh == NULL || iterating || (r->calls < want && text) ||
      (r->calls > want && one_bucket))
    return true;
  return must(r, r->calls == want, "%" PRIu64 " hashes, Go's %" PRIu64,
              r->calls, want);
}

static const struct {
  const char *name;
  bool (*run)(replay *r, const json_t *rec);
} ops[] = {
    {"make", op_make},         {"put", op_put},   {"get", op_get},
    {"get1", op_get},          {"del", op_del},   {"clear", op_clear},
    {"putn", op_putn},         {"deln", op_deln}, {"getn", op_getn},
    {"iterinit", op_iterinit}, {"next", op_next}, {"range", op_range},
    {"dump", op_dump},         {"end", NULL},
};

static bool run_op(replay *r, const json_t *rec) {
  const char *name = get_text(rec, "op");
  if (json_object_get(rec, "panic") != NULL) /* Lua has no such keys */
    return true;
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
    if (strcmp(ops[i].name, name) == 0)
      return ops[i].run == NULL || ops[i].run(r, rec);
  return differs(r, "an operation that is not known here: %s", name);
}

/* Sound after every step while it is small, else now and then. */
static bool sound(replay *r) {
  char why[200];
  if (r->m->B > 5 && r->seen.steps % (UINT64_C(1) << (r->m->B - 4)) != 0)
    return true;
  return must(r, hmap_check(r->m, why, sizeof why), "hmap_check: %s", why);
}

static bool replay_record(replay *r, const json_t *rec) {
  const json_t *fr = json_object_get(rec, "fr");
  learn_hashes(r, rec);
  r->calls = 0;
  r->was_empty = r->m != NULL && hmap_count(r->m) == 0;
  r->unknown_hash = r->stray_nan = r->iterating = false;
  if (r->m != NULL && fr != NULL)
    r->m->rng = hex(json_string_value(fr));
  uint64_t before = fr != NULL     ? hex(json_string_value(fr))
                    : r->m != NULL ? r->m->rng
                                   : 0;
  r->seen.steps++;
  if (!run_op(r, rec))
    return false;
  if (mistake != NULL)
    mistake->make(r, rec);
  return same_state(r, rec) && same_draws(r, rec, before) && same_nans(r) &&
         same_hashes(r, rec) && same_digest(r, rec) && sound(r);
}

/* -- when something differs ----------------------------------------------- */

static void print_states(const replay *r, const json_t *rec) {
  const json_t *want = json_object_get(rec, "s");
  int64_t s[NSTATE];
  state_of(r->m, s);
  printf("     %-10s %12s %12s\n", "", "Go", "hmap");
  for (size_t i = 0; i < NSTATE && want != NULL; i++) {
    int64_t go = json_integer_value(json_array_get(want, i));
    printf("     %-10s %12" PRId64 " %12" PRId64 "%s\n", state_names[i], go,
           s[i], go == s[i] ? "" : "  <--");
  }
}

static void print_bucket(const replay *r, const hmap_bucket_view *b) {
  token t;
  printf(" [");
  for (unsigned i = 0; i < HMAP_BUCKET_COUNT; i++) {
    printf("%s%02x", i ? " " : "", b->tophash[i]);
    if (b->key[i] == NULL)
      continue;
    from_cell(&t, r->key, b->key[i]);
    if (t.numeric)
      printf("=%" PRId64, t.n);
    else
      printf("=%.*s", (int)t.len, t.s);
  }
  printf("]");
}

static void print_array(const replay *r, hmap_which which) {
  hmap_bucket_view b;
  for (size_t i = 0; i < 16 && hmap_view_bucket(r->m, which, i, 0, &b); i++) {
    printf("     %s %zu", which == HMAP_NEW ? "new" : "old", i);
    print_bucket(r, &b);
    for (size_t depth = 1; b.more; depth++) {
      (void)hmap_view_bucket(r->m, which, i, depth, &b);
      printf(" ->");
      print_bucket(r, &b);
    }
    printf("\n");
  }
}

static void print_difference(const replay *r, const char *pass,
                             const json_t *rec) {
  char *line = json_dumps(rec, JSON_COMPACT);
  printf("     %s, %s, step %" PRId64 ": %s\n     %.400s\n", r->name, pass,
         get_int(rec, "i"), r->why, line);
  free(line);
  if (r->m == NULL)
    return;
  print_states(r, rec);
  print_array(r, HMAP_OLD);
  print_array(r, HMAP_NEW);
}

/* -- one trace ------------------------------------------------------------ */

static bool read_header(replay *r, const json_t *header) {
  const char *key = get_text(header, "ktype");
  const char *elem = get_text(header, "etype");
  r->name = get_text(header, "name");
  r->key = kind_named(key, strlen(key));
  r->elem = kind_named(elem, strlen(elem));
  r->go121 = strcmp(get_text(header, "mapclear"), "1.21") == 0;
  r->native = strcmp(get_text(header, "mode"), "native") == 0;
  r->typed = strcmp(get_text(header, "variant"), "generic") != 0;
  if (r->key == NULL || r->elem == NULL)
    return differs(r, "a type that is not known here");
  if (!formula_named(get_text(header, "hash"), &r->formula))
    return differs(r, "a hash that is not known here");
  return true;
}

static void end_replay(replay *r) {
  end_walks(r);
  hmap_free(r->m);
  free_dict(&r->hashes);
  free_dict(&r->entries);
  free(r->digested);
}

/* The maps of one trace, one for each pass. */
typedef struct trial {
  replay of[NPASSES];
} trial;

static bool begin_trial(trial *t, const json_t *header) {
  for (size_t i = 0; i < NPASSES; i++) {
    t->of[i] = (replay){.map_min = passes[i].map_min};
    if (!read_header(&t->of[i], header)) {
      printf("     %s: cannot be replayed: %s\n", t->of[i].name, t->of[i].why);
      return false;
    }
  }
  return true;
}

static void end_trial(trial *t, counts *seen) {
  seen->whole += t->of[0].seen.digests;
  for (size_t i = 0; i < NPASSES; i++) {
    seen->steps += t->of[i].seen.steps;
    seen->digests += t->of[i].seen.digests;
    seen->dumps += t->of[i].seen.dumps;
    end_replay(&t->of[i]);
  }
}

static bool all_passes(trial *t, const json_t *rec) {
  for (size_t i = 0; i < NPASSES; i++)
    if (!replay_record(&t->of[i], rec)) {
      print_difference(&t->of[i], passes[i].name, rec);
      return false;
    }
  return true;
}

/* Replays the trace that begins here, to its end, and adds to *seen what was
** compared. */
static bool replay_trace(gzFile file, json_t *header, counts *seen) {
  trial t;
  bool good = begin_trial(&t, header), over = false;
  if (!good)
    return false;
  for (json_t *rec; good && !over && (rec = next_line(file)) != NULL;) {
    good = all_passes(&t, rec);
    over = strcmp(get_text(rec, "op"), "end") == 0;
    json_decref(rec);
  }
  if (good && !over)
    printf("     %s: has no end\n", t.of[0].name);
  end_trial(&t, seen);
  return good && over;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static void replay_file(const char *path, counts *total) {
  counts seen = {.steps = 0};
  char row[200];
  const char *name = base_name(path);
  gzFile file = gzopen(path, "rb");
  json_t *header = file != NULL ? next_line(file) : NULL;
  bool good = header != NULL && replay_trace(file, header, &seen);
  (void)snprintf(row, sizeof row, "%-54.*s %7" PRIu64 " %7" PRIu64 " %6" PRIu64,
                 (int)(strlen(name) - strlen(".jsonl.gz")), name, seen.steps,
                 seen.digests, seen.dumps);
  verdict(good, row, header != NULL ? NULL : "not readable");
  json_decref(header);
  if (file != NULL)
    gzclose(file);
  total->steps += seen.steps;
  total->digests += seen.digests;
  total->dumps += seen.dumps;
}

/* -- hints ---------------------------------------------------------------- */

static bool same_for_hint(const json_t *line, int64_t hint, char why[200]) {
  const char *type = get_text(line, "type"), *slash = strchr(type, '/');
  const kind *key = kind_named(type, (size_t)(slash - type));
  const kind *elem = kind_named(slash + 1, strlen(slash + 1));
  const hmap_options options = {.key = {.kind = key->kind, .n = key->n},
                                .elem = {.kind = elem->kind, .n = elem->n},
                                .hint = hint};
  hmap *m;
  hmap_stats s;
  hmap_header h;
  if (hmap_new(&options, &m) != HMAP_OK) {
    (void)snprintf(why, 200, "%s: hint %" PRId64 " is refused", type, hint);
    return false;
  }
  hmap_get_stats(m, &s);
  hmap_get_header(m, &h);
  hmap_free(m);
  (void)snprintf(why, 200,
                 "%s: hint %" PRId64 " makes B=%u, %" PRIu64 " buckets", type,
                 hint, h.B, s.nbuckets);
  return h.B == get_int(line, "B") &&
         (int64_t)s.nbuckets == get_int(line, "buckets") &&
         h.noverflow == get_int(line, "noverflow");
}

/* Runs of hints with the same result: both ends and the middle of each. */
static void check_hints(const char *path) {
  char why[200] = "no hints";
  gzFile file = gzopen(path, "rb");
  json_t *line = next_line(file);
  bool good = true;
  size_t lines = 0;
  for (json_decref(line); good && (line = next_line(file)) != NULL; lines++) {
    int64_t lo = get_int(line, "lo"), hi = get_int(line, "hi");
    good = same_for_hint(line, lo, why) && same_for_hint(line, hi, why) &&
           same_for_hint(line, lo + (hi - lo) / 2, why);
    json_decref(line);
  }
  gzclose(file);
  verdict(good && lines > 0, "a hint makes as many buckets as Go's", why);
}

/* -- all traces ----------------------------------------------------------- */

static void run_all(char **paths, size_t n) {
  counts total = {.steps = 0};
  printf("     %-54s %7s %7s %6s\n", "each trace three times", "steps",
         "digests", "dumps");
  for (size_t i = 0; i < n; i++)
    if (strcmp(base_name(paths[i]), "hints.jsonl.gz") == 0)
      check_hints(paths[i]);
    else
      replay_file(paths[i], &total);
  printf("     %-54s %7" PRIu64 " %7" PRIu64 " %6" PRIu64 "\n", "all",
         total.steps, total.digests, total.dumps);
}

/* Traces one after the other, as somebody writes them. */
static int replay_stream(void) {
  gzFile file = gzdopen(STDIN_FILENO, "rb");
  counts seen = {.steps = 0};
  bool good = true;
  json_t *header;
  while (good && (header = next_line(file)) != NULL) {
    good = replay_trace(file, header, &seen);
    json_decref(header);
  }
  gzclose(file);
  printf("%" PRIu64 " states, %" PRIu64 " of them to the last byte\n",
         seen.steps / NPASSES, seen.whole);
  return good && seen.steps > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  glob_t found = {.gl_pathc = 0};
  if (argc > 1 && strcmp(argv[1], "-") == 0 &&
      (argc == 2 || mistake_named(argv[2])))
    return replay_stream();
  if (argc > 1)
    run_all(argv + 1, (size_t)argc - 1);
  else if (glob("spec/golden/*.jsonl.gz", 0, NULL, &found) == 0)
    run_all(found.gl_pathv, found.gl_pathc);
  else
    verdict(false, "the traces are in spec/golden", NULL);
  globfree(&found);
  return summary();
}
