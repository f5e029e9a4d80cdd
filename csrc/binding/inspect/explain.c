/* explain.c: one key's way through the map, and what a hash makes of all keys.
**
**   m:explain(k)        the search for k, bucket by bucket
**   hashes(m)           what the hashes of m's keys have in common
**   rehash(m, other)    the chains that m's keys would make under other's hash
**
** The core says where a search goes (hmap_explain); the words that it read on
** its way are looked at again here, one bucket at a time. Nothing is moved and
** no random number drawn: a NaN, whose hash is a new one each time, is told
** without asking for it.
*/
#include <stdlib.h>

#include "binding/inspect/explain.h"

#include "binding/data/entry.h"
#include "binding/data/life.h"
#include "binding/data/options.h"
#include "binding/inspect/views.h"
#include "binding/value/fields.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

/* -- one key -------------------------------------------------------------- */

/* A search to be told. */
typedef struct search {
  lmap *h;
  uint64_t version; /* of the map when it was made */
  hmap_explanation x;
  hmap_stats s;
  uint64_t hash; /* under the hash key of now: where the key will go */
} search;

static bool is_stale(const search *q) { return q->h->version != q->version; }

static bool is_float(hmap_kind kind) {
  return kind == HMAP_FLOAT32 || kind == HMAP_FLOAT64;
}

/* Whether the key that the arguments from 2 on make holds a NaN. */
static bool has_nan(lua_State *L, const ltype *type) {
  for (uint32_t i = 0; i < type->nfields; i++) {
    lua_Number n = lua_tonumber(L, 2 + (int)i);
    if (is_float(type->fields[i].kind) && n != n)
      return true;
  }
  return false;
}

/* set_key [-0, +0, m]: the key as it was asked for. */
static void set_key(lua_State *L, const ltype *type) {
  int n = (int)type->nfields;
  luaL_checkstack(L, n + LUA_MINSTACK, NULL);
  for (int i = 0; i < n; i++)
    lua_pushvalue(L, 2 + i);
  lcell_fold(L, type);
  lua_setfield(L, -2, "key");
}

static unsigned log2_of(uint64_t n) {
  unsigned bits = 0;
  while (n > UINT64_C(1) << bits)
    bits++;
  return bits;
}

/* set_bits [-0, +0, m]: the low bits of a hash as text, highest first. */
static void set_bits(lua_State *L, const char *name, uint64_t hash,
                     unsigned n) {
  char text[64 + 1];
  for (unsigned i = 0; i < n; i++)
    text[i] = (hash >> (n - 1 - i) & 1) != 0 ? '1' : '0';
  text[n] = '\0';
  set_text(L, name, text);
}

/* set_goal [-0, +0, m]: bucket to of the new array; y: in its second half. */
static void set_goal(lua_State *L, const char *name, uint64_t to, bool y,
                     bool split) {
  lua_createtable(L, 0, 2);
  set_int(L, "bucket", to);
  if (split)
    set_text(L, "half", y ? "y" : "x");
  lua_setfield(L, -2, name);
}

/* set_array [-0, +0, m]: which array the search reads, and why. */
static void set_array(lua_State *L, const search *q) {
  const hmap_explanation *x = &q->x;
  set_text(L, "which", x->which == HMAP_OLD ? "old" : "new");
  if (!q->s.growing) {
    set_text(L, "why", "the map is not growing");
    return;
  }
  set_int(L, "old_bucket", x->old_bucket);
  lua_pushfstring(L, "its old bucket %I %s", (LUAI_UACINT)x->old_bucket,
                  x->old_evacuated ? "has moved" : "has not moved yet");
  lua_setfield(L, -2, "why");
}

/* set_goals [-0, +0, m]: where the key goes when its old bucket moves, and at
** the next doubling. */
static void set_goals(lua_State *L, const search *q) {
  uint64_t n = q->s.nbuckets;
  if (q->x.which == HMAP_OLD)
    set_goal(L, "moves_to", q->hash & (n - 1),
             (q->hash & q->s.noldbuckets) != 0, q->s.kind == HMAP_GROW_DOUBLE);
  set_goal(L, "goes_to", q->hash & (2 * n - 1), (q->hash & n) != 0, true);
}

/* set_end [-0, +0, m]: where the search came to its end. */
static void set_end(lua_State *L, const hmap_explanation *x) {
  bool rest = x->stopped_at_empty_rest;
  set_int(L, "depth", x->depth);
  if (x->found)
    set_int(L, "slot", x->slot);
  else if (rest)
    set_int(L, "slot", x->slots_scanned - 1 - x->depth * HMAP_BUCKET_COUNT);
  if (!x->found)
    set_text(L, "stopped", rest ? "empty_rest" : "end_of_chain");
}

static void set_work(lua_State *L, const hmap_explanation *x) {
  set_int(L, "buckets_read", x->buckets_read);
  set_int(L, "slots_scanned", x->slots_scanned);
  set_int(L, "comparisons", x->comparisons);
  set_int(L, "false_matches", x->false_matches);
}

/* append_match [-0, +(0|1), m]: another key with the tophash that is looked
** for, to the list on top; false: the map was written meanwhile. */
static bool append_match(lua_State *L, const search *q, const void *key,
                         int slot) {
  lua_createtable(L, 0, 2);
  set_int(L, "slot", (uint64_t)slot);
  if (is_stale(q) || !lmap_pushfields(L, 1, q->h, q->h->conf.key, key))
    return false;
  lua_setfield(L, -2, "key");
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  return !is_stale(q);
}

/* Slots of a bucket that the search passes: all, or those before the key. */
static int slots_passed(const hmap_explanation *x, size_t depth) {
  return x->found && depth == x->depth ? (int)x->slot : HMAP_BUCKET_COUNT;
}

/* set_matches [-0, +0, m]: into the bucket on top; false: the map was written
** meanwhile, the stack is in disorder. */
static bool set_matches(lua_State *L, const search *q, size_t depth,
                        const hmap_bucket_view *view) {
  lua_newtable(L);
  for (int i = 0; i < slots_passed(&q->x, depth); i++)
    if (view->state[i] == HMAP_SLOT_FULL && view->tophash[i] == q->x.tophash &&
        (is_stale(q) || !append_match(L, q, view->key[i], i)))
      return false;
  lua_setfield(L, -2, "false_matches");
  return !is_stale(q);
}

/* append_bucket [-0, +(0|1), m]: one bucket that was read. */
static bool append_bucket(lua_State *L, const search *q, size_t depth) {
  hmap_bucket_view view;
  if (is_stale(q) ||
      !hmap_view_bucket(q->h->m, q->x.which, q->x.bucket, depth, &view))
    return false;
  lua_createtable(L, 0, 2);
  lua_createtable(L, HMAP_BUCKET_COUNT, 0);
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++) {
    lua_pushinteger(L, view.tophash[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "tophash");
  if (!set_matches(L, q, depth, &view))
    return false;
  lua_rawseti(L, -2, (lua_Integer)depth + 1);
  return true;
}

/* set_chain [-0, +0, m]: the buckets that were read; false: as above. */
static bool set_chain(lua_State *L, const search *q) {
  lua_newtable(L);
  for (size_t depth = 0; depth < q->x.buckets_read; depth++)
    if (!append_bucket(L, q, depth))
      return false;
  lua_setfield(L, -2, "chain");
  return true;
}

/* set_nowhere [-0, +0, m]: of a key that is looked for in no bucket. */
static void set_nowhere(lua_State *L, const char *why) {
  static const hmap_explanation nothing;
  set_text(L, "why", why);
  set_work(L, &nothing);
  lua_newtable(L);
  lua_setfield(L, -2, "chain");
}

static bool set_search(lua_State *L, const search *q) {
  const hmap_explanation *x = &q->x;
  unsigned bits =
      log2_of(x->which == HMAP_OLD ? q->s.noldbuckets : q->s.nbuckets);
  set_int(L, "bucket", x->bucket);
  set_bits(L, "bucket_bits", x->bucket, bits);
  set_array(L, q);
  set_goals(L, q);
  set_end(L, x);
  set_work(L, x);
  return set_chain(L, q);
}

/* push_search [-0, +(0|1), v]: false: the map was written meanwhile, the stack
** is in disorder. */
static bool push_search(lua_State *L, lmap *h, const void *key) {
  search q = {.h = h};
  lua_createtable(L, 0, 20);
  set_key(L, h->conf.key);
  lmap_open(L, h);
  q.version = h->version;
  hmap_get_stats(h->m, &q.s);
  hmap_explain(h->m, key, &q.x);
  q.hash = hmap_hash_of(h->m, key);
  set_bool(L, "found", q.x.found);
  set_hex(L, "hash", q.x.hash);
  set_int(L, "tophash", q.x.tophash);
  if (q.s.nbuckets > 0)
    return set_search(L, &q);
  set_nowhere(L, "the map has no bucket before its first insert");
  return true;
}

/* push_nan [-0, +1, m] */
static void push_nan(lua_State *L, const lmap *h) {
  lua_createtable(L, 0, 8);
  set_key(L, h->conf.key);
  set_bool(L, "found", false);
  set_nowhere(L, "a NaN equals nothing, and its hash is a new one each time");
}

static int map_explain(lua_State *L) {
  lmap *h = lmap_check(L);
  lroom room;
  luaL_checkstack(L, (int)h->conf.key->nfields + LUA_MINSTACK, NULL);
  lua_settop(L, 1 + (int)h->conf.key->nfields);
  const void *key = lmap_key(L, h, 2, &room);
  int top = lua_gettop(L);
  if (has_nan(L, h->conf.key))
    push_nan(L, h);
  else
    while (!push_search(L, h, key))
      lua_settop(L, top);
  set_view(L, "explanation");
  return 1;
}

/* -- all keys ------------------------------------------------------------- */

/* Looking at the hash of each key in turn. */
typedef struct visit {
  hmap *under; /* whose hash it is */
  void (*see)(struct visit *v, uint64_t hash);
  uint64_t any, all; /* bits that some hash, that every hash has */
  uint64_t n;        /* keys seen */
  uint64_t *list;    /* their hashes, if they are wanted */
} visit;

/* A NaN has no hash to speak of. */
static bool is_nan_cell(const ltype *type, const char *cell) {
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    double d = 0;
    float s = 0;
    if (f->kind == HMAP_FLOAT64)
      memcpy(&d, cell + f->offset, sizeof d);
    else if (f->kind == HMAP_FLOAT32)
      memcpy(&s, cell + f->offset, sizeof s);
    if (d != d || s != s)
      return true;
  }
  return false;
}

static void visit_bucket(visit *v, const ltype *type,
                         const hmap_bucket_view *view) {
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++)
    if (view->key[i] != NULL && !is_nan_cell(type, view->key[i]))
      v->see(v, hmap_hash_of(v->under, view->key[i]));
}

static void visit_array(visit *v, const lmap *h, hmap_which which, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    hmap_bucket_view view = {.more = true};
    for (size_t depth = 0;
         view.more && hmap_view_bucket(h->m, which, i, depth, &view); depth++)
      visit_bucket(v, h->conf.key, &view);
  }
}

static void visit_keys(visit *v, const lmap *h) {
  hmap_stats s;
  hmap_get_stats(h->m, &s);
  visit_array(v, h, HMAP_OLD, s.noldbuckets);
  visit_array(v, h, HMAP_NEW, s.nbuckets);
}

static void see_bits(visit *v, uint64_t hash) {
  v->any |= hash;
  v->all &= hash;
  v->n++;
}

/* push_masks [-0, +1, m] */
static void push_masks(lua_State *L, const visit *v) {
  lua_createtable(L, 0, 3);
  set_int(L, "any", v->any);
  set_int(L, "all", v->all);
  set_int(L, "keys", v->n);
}

/* -- classes of hashes ---------------------------------------------------- */

static void add_to(uint64_t hist[HMAP_HIST], uint64_t n, uint64_t chains) {
  hist[n < HMAP_HIST ? n : HMAP_HIST - 1] += chains;
}

static uint64_t count_full(const hmap_bucket_view *view) {
  uint64_t n = 0;
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++)
    n += view->state[i] == HMAP_SLOT_FULL;
  return n;
}

/* Entries in every chain whose index is i, but for multiples of step. */
static uint64_t count_class(const lmap *h, hmap_which which, uint64_t n,
                            uint64_t i, uint64_t step) {
  uint64_t entries = 0;
  for (; i < n; i += step) {
    hmap_bucket_view view = {.more = true};
    for (size_t depth = 0;
         view.more && hmap_view_bucket(h->m, which, i, depth, &view); depth++)
      entries += count_full(&view);
  }
  return entries;
}

/* set_classes [-0, +0, m]: while a map changes its size the length of a chain
** says who has written, too: it is the longer ones that updates find and move
** early. What says nothing but what the hash did is how many keys have the
** low bits in common that both sizes use, in whatever array they are. */
static void set_classes(lua_State *L, const lmap *h) {
  hmap_stats s;
  uint64_t by_class[HMAP_HIST] = {0};
  hmap_get_stats(h->m, &s);
  if (!s.growing || s.kind == HMAP_GROW_REKEY)
    return;
  uint64_t n = s.noldbuckets < s.nbuckets ? s.noldbuckets : s.nbuckets;
  for (uint64_t i = 0; i < n; i++)
    add_to(by_class,
           count_class(h, HMAP_OLD, s.noldbuckets, i, n) +
               count_class(h, HMAP_NEW, s.nbuckets, i, n),
           1);
  set_int(L, "classes", n);
  set_counts(L, "by_class", by_class, HMAP_HIST);
}

/* hashes(m): {any =, all =, keys =}: the bits that the hash of some key has,
** those that the hash of every key has, and how many keys but NaN there are;
** while the map changes its size also how many classes of hashes there are,
** and how many of these have how many keys. Walks. */
static int mod_hashes(lua_State *L) {
  const lmap *h = lmap_check(L);
  visit v = {.under = h->m, .see = see_bits, .all = UINT64_MAX};
  visit_keys(&v, h);
  push_masks(L, &v);
  lmap_open(L, h);
  set_classes(L, h);
  return 1;
}

/* -- all keys under another hash ------------------------------------------ */

/* What a search knows of a hash, and its bucket first: equal ones are one
** chain. */
static uint64_t place_of(uint64_t hash, uint64_t nbuckets) {
  return (hash & (nbuckets - 1)) << 8 | hmap_tophash_of(hash);
}

static void see_hash(visit *v, uint64_t hash) {
  v->list[v->n] = hash;
  see_bits(v, hash);
}

static int by_place(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The sum of 1 to n. */
static uint64_t sum_to(uint64_t n) {
  return n % 2 == 0 ? n / 2 * (n + 1) : (n + 1) / 2 * n;
}

/* So many chains of n entries without a gap, as inserts leave them. */
static void add_chains(hmap_distribution *d, uint64_t n, uint64_t chains) {
  uint64_t full = n / HMAP_BUCKET_COUNT, rest = n % HMAP_BUCKET_COUNT;
  uint64_t buckets = full + (rest > 0 || n == 0);
  d->nchains += chains;
  d->entries += n * chains;
  add_to(d->by_entries, n, chains);
  add_to(d->by_overflow, buckets - 1, chains);
  d->by_state[HMAP_SLOT_EMPTY_REST] +=
      (buckets * HMAP_BUCKET_COUNT - n) * chains;
  d->by_state[HMAP_SLOT_FULL] += n * chains;
  if (n > d->max_entries)
    d->max_entries = n;
  if (buckets - 1 > d->max_overflow)
    d->max_overflow = buckets - 1;
  d->hit_probes += sum_to(n) * chains;
  d->hit_buckets += /* 8 read one bucket, 8 two, .. */
      (HMAP_BUCKET_COUNT * sum_to(full) + rest * (full + 1)) * chains;
  d->miss_probes += (n + (buckets > full)) * chains;
  d->miss_buckets += buckets * chains;
}

/* How many of the sorted list are, but for their low bits, as the first. */
static uint64_t run_of(const uint64_t *list, uint64_t n, unsigned bits) {
  uint64_t run = 1;
  while (run < n && list[run] >> bits == list[0] >> bits)
    run++;
  return run;
}

/* Of the keys that share chain and tophash a search compares all before the
** one it looks for. Returns how many comparisons are in vain. */
static uint64_t count_chains(const uint64_t *places, uint64_t n,
                             uint64_t nbuckets, hmap_distribution *d) {
  uint64_t in_vain = 0, used = 0;
  for (uint64_t i = 0, run; i < n; i += run) {
    run = run_of(places + i, n - i, 8);
    add_chains(d, run, 1);
    used++;
  }
  for (uint64_t i = 0, run; i < n; i += run) {
    run = run_of(places + i, n - i, 0);
    d->tophash[places[i] & 0xff] += run;
    in_vain += sum_to(run - 1);
  }
  add_chains(d, 0, nbuckets - used);
  return in_vain;
}

/* room_for_hashes [-0, +1, v]: for those of all keys of h. What memory the
** making of it sets free may write the map, so look again. */
static uint64_t *room_for_hashes(lua_State *L, const lmap *h) {
  int top = lua_gettop(L);
  for (;;) {
    size_t n = hmap_count(h->m);
    uint64_t *list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
    lmap_open(L, h);
    if (hmap_count(h->m) <= n)
      return list;
    lua_settop(L, top);
  }
}

/* rehash(m, other): the raw distribution of m's keys, NaN apart, if they had
** come one by one into a map with as many buckets and the hash of `other`; the
** comparisons in vain over finding each; their hash masks. Walks, and sorts. */
static int mod_rehash(lua_State *L) {
  const lmap *h = lmap_check(L), *other = lmap_test(L, 2);
  if (other == NULL || !lcell_sametype(h->conf.key, other->conf.key))
    larg_error(L, 2, "map with keys of the same type expected");
  lua_settop(L, 2);
  uint64_t *list = room_for_hashes(L, h);
  lmap_open(L, other);
  visit v = {
      .under = other->m, .see = see_hash, .all = UINT64_MAX, .list = list};
  hmap_distribution d = {.nchains = 0};
  hmap_stats s;
  hmap_get_stats(h->m, &s);
  visit_keys(&v, h);
  for (uint64_t i = 0; i < v.n; i++)
    list[i] = place_of(list[i], s.nbuckets);
  qsort(list, (size_t)v.n, sizeof *list, by_place);
  uint64_t in_vain = count_chains(list, v.n, s.nbuckets, &d);
  lviews_pushdistribution(L, &d);
  lua_pushinteger(L, (lua_Integer)in_vain);
  push_masks(L, &v);
  return 3;
}

/* -- a key without a map -------------------------------------------------- */

/* Puts the fields of a tuple in the place of the list at index 2. */
static void spread_key(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE)
    return;
  if (!lua_istable(L, 2))
    larg_error(L, 2, "list of %d fields expected, got %s", (int)type->nfields,
               luaL_typename(L, 2));
  luaL_checkstack(L, (int)type->nfields + LUA_MINSTACK, NULL);
  for (uint32_t i = 1; i <= type->nfields; i++)
    lua_rawgeti(L, 2, i);
  lua_remove(L, 2);
}

/* hash(key_type, key, seed = 0, hash = "xxh3"): what a new map of that seed
** and hash makes of the key. */
static int mod_hash(lua_State *L) {
  static const lfield seed_field = {.kind = HMAP_INT64};
  ltype_room key;
  ltype none = {.kind = HMAP_NONE};
  lconf conf = {.key = &key.type, .value = &none, .seeded = true};
  lua_settop(L, 4);
  loptions_type(L, 1, "key", &key);
  loptions_key_type(L, 1, &key);
  if (!lua_isnil(L, 3))
    conf.seed = (uint64_t)lcell_int(L, 3, &seed_field, "seed");
  if (!lua_isnil(L, 4)) {
    if (lua_type(L, 4) != LUA_TSTRING)
      larg_error(L, 4, "string expected, got %s", luaL_typename(L, 4));
    conf.hash = loptions_hash(L, 4, ltext_name(L, 4), &key.type);
  }
  lua_settop(L, 2);
  spread_key(L, &key.type);
  lroom room;
  const void *cell = lcell_from(L, 2, &key.type, "key", &room);
  hmap *m = lmap_make_core(L, lgc_get(L), &conf, NULL);
  uint64_t hash = hmap_hash_of(m, cell);
  hmap_free(m);
  lua_pushinteger(L, (lua_Integer)hash);
  return 1;
}

const luaL_Reg lexplain_methods[] = {{"explain", map_explain}, {NULL, NULL}};

void lexplain_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"hashes", mod_hashes},
                                       {"rehash", mod_rehash},
                                       {"hash", mod_hash},
                                       {NULL, NULL}};
  larg_setfuncs(L, functions, 0);
}
