/* exhaust.c: every list of operations up to a length, in small universes.
**
**   exhaust [more]     default 0; each 1 more makes all lists longer by 1
**
** A universe is a few keys, their hashes, a policy and a map that has come so
** far. From there every operation is done, from where that leads every
** operation again, and so on; a state that was met before with at least as much
** still to come is not gone into again (world.h says what a state is). In each
** state the map is sound and reads as the model does, every open iterator and
** the scan in hand, were they to go on to their ends from here, keep their
** promise, and the move under way can be brought to its end. */
#include "core/type/random.h"
#include "world.h"

/* -- universes ------------------------------------------------------------ */

typedef uint64_t (*hash_rule)(unsigned n, unsigned hash0);

typedef struct universe {
  const char *what;
  hmap_kind key;
  hash_rule rule;       /* NULL: XXH3 */
  unsigned nkeys, more; /* put and deleted; and others, put at the start */
  void (*begin)(void);
  unsigned depth;
} universe;

static const universe *on;

/* Nothing collides but by its tophash. */
static uint64_t apart(unsigned n, unsigned hash0) {
  return (UINT64_C(0x91) << 56) | (n ^ (hash0 & 1) * 5);
}
/* One chain for all. */
static uint64_t together(unsigned n, unsigned hash0) {
  return (uint64_t)(0x10 + n % 2) << 56 | (hash0 & 1);
}
/* Two chains; a growth tells one key of each from the others. */
static uint64_t paired(unsigned n, unsigned hash0) {
  uint64_t low = (n ^ hash0) & 1;
  return (uint64_t)(3 * n) << 56 | low | (n % 3 == 0 ? 6u : 0u);
}

/* -- keys ----------------------------------------------------------------- */

typedef union key {
  uint8_t u8;
  int64_t i64;
  uint64_t bits;
  hmap_cell cell;
} key;

static char texts[MOST_KEYS][24];

/* Key 0 of floats is no number, and another one each time. */
static bool is_nan(unsigned n) { return on->key == HMAP_FLOAT64 && n == 0; }

static key key_of(unsigned n) {
  key k = {.bits = 0};
  switch (on->key) {
  case HMAP_UINT8:
    k.u8 = (uint8_t)n;
    break;
  case HMAP_FLOAT64:
    k.bits = (is_nan(n) ? UINT64_C(0x7ff8) : UINT64_C(0x4000)) << 48 | n;
    break;
  case HMAP_STRING:
    k.cell = hmap_text(texts[n], sizeof texts[n]);
    break;
  default:
    k.i64 = n;
  }
  return k;
}

/* The number that a cell of the map was made of. */
static unsigned number_of(const void *cell) {
  key k = {.bits = 0};
  switch (on->key) {
  case HMAP_UINT8:
    return *(const uint8_t *)cell;
  case HMAP_STRING:
    return (unsigned)(unsigned char)hmap_text_ptr(cell)[0];
  default:
    memcpy(&k, cell, sizeof k.i64);
    return (unsigned)(k.bits & 0xff);
  }
}

static uint64_t hash_by_rule(const void *cell, uint32_t hash0, void *ud) {
  (void)ud;
  return on->rule(number_of(cell), hash0);
}

/* -- chance --------------------------------------------------------------- */

/* A state of the generator whose draw number `turn` ends in these bits. */
static uint64_t chance_of(unsigned turn, uint32_t bits, uint32_t mask) {
  for (uint64_t start = 1;; start++) {
    uint64_t state_now = start;
    uint32_t drawn = 0;
    for (unsigned i = 0; i < turn; i++)
      drawn = hmapi_rand(&state_now);
    if ((drawn & mask) == bits)
      return start;
  }
}

/* By the bit in which hash0 is to end when a map becomes empty (draw 1), when
** it gets a new hash key (draw 3); and where iterators start. */
static uint64_t emptied[2], rekeyed[2], starts[2];

static void learn_chance(void) {
  for (uint32_t bit = 0; bit < 2; bit++) {
    emptied[bit] = chance_of(1, bit, 1);
    rekeyed[bit] = chance_of(3, bit, 1);
  }
  starts[0] = chance_of(1, 0x00, 0x3f);
  starts[1] = chance_of(1, 0x2b, 0x3f); /* odd bucket, slot in the middle */
}

/* -- what must be so ------------------------------------------------------ */

#define MOST_DEPTH 32
static const char *path[MOST_DEPTH];
static unsigned length;

static void fail(const char *why) {
  char list[400] = "";
  for (unsigned i = 0; i < length; i++) {
    size_t at = strlen(list);
    (void)snprintf(list + at, sizeof list - at, " %s", path[i]);
  }
  check_fail("after%s: %s", list, why);
}

static void must(bool fact, const char *why) {
  if (!fact)
    fail(why);
}

static void done(hmap_status status) {
  must(status == HMAP_OK, hmap_status_text(status));
}

/* -- promises ------------------------------------------------------------- */

static void each_promise(void (*change)(promise *p, uint32_t bit),
                         uint32_t bits) {
  for (size_t i = 0; i < NITERS; i++)
    change(&w.its_owe[i], bits);
  change(&w.scan_owes, bits);
}

static void forget(promise *p, uint32_t bits) {
  p->due &= ~bits;
  p->given &= ~bits;
}

/* Entries by bit: keys, and behind them the NaNs in the order put. */
static unsigned entry_bit(const void *cell, const void *elem) {
  unsigned n = number_of(cell);
  uint8_t e = *(const uint8_t *)elem;
  return is_nan(n) ? on->nkeys + on->more + e - 2 : n;
}

static void keep_promise(promise *p, const void *cell, const void *elem) {
  unsigned n = entry_bit(cell, elem);
  must(n < MOST_KEYS, "a key that was never put is given");
  uint32_t bit = UINT32_C(1) << n;
  must(w.there & bit, "a key that is gone is given");
  must(!(p->given & bit), "a key is given twice");
  if (!is_nan(number_of(cell)))
    must(*(const uint8_t *)elem == (w.odd >> n & 1), "another elem is given");
  p->due &= ~bit;
  p->given |= bit;
}

static void make_promise(promise *p) { *p = (promise){.due = w.there}; }

static void expect_kept(const promise *p) {
  must(p->due == 0, "a key is not given");
}

/* -- operations ----------------------------------------------------------- */

static void put(unsigned n) {
  key k = key_of(n);
  uint32_t bit = UINT32_C(1) << n;
  uint8_t e = 0, elem[8];
  if (is_nan(n)) {
    bit = UINT32_C(1) << (on->nkeys + on->more + w.nans);
    e = (uint8_t)(2 + w.nans++);
  } else if (w.there & bit) {
    e = !(w.odd & bit);
  }
  memset(elem, e, sizeof elem); /* read by one byte, whichever comes first */
  done(on->key == HMAP_INT64 ? hmap_put_i64(w.m, k.i64, elem)
                             : hmap_put(w.m, &k, elem));
  w.there |= bit;
  w.odd = e == 1 ? w.odd | bit : w.odd & ~bit;
}

static void del(unsigned n) {
  key k = key_of(n);
  uint32_t bit = is_nan(n) ? 0 : w.there & UINT32_C(1) << n;
  bool was = on->key == HMAP_INT64 ? hmap_delete_i64(w.m, k.i64)
                                   : hmap_delete(w.m, &k);
  must(was == (bit != 0), "a delete says wrongly whether it was there");
  w.there &= ~bit;
  w.odd &= ~bit;
  each_promise(forget, bit);
}

static void clear(unsigned n) {
  (void)n;
  done(hmap_clear(w.m));
  w.there = w.odd = 0;
  w.nans = 0;
  each_promise(forget, UINT32_MAX);
}

static void step(unsigned n) { done(hmap_step(w.m, n, NULL, NULL)); }

static void read_step(unsigned n) {
  (void)n;
  hmap_read_step(w.m);
}

/* A map with NaNs neither shrinks nor has its keys hashed anew. */
static void unless_nan(hmap_status status) {
  if (w.nans > 0)
    must(status == HMAP_EINVAL, "a map with NaNs is to move by hashes");
  else
    done(status);
}

static void shrink(unsigned n) {
  (void)n;
  unless_nan(hmap_shrink(w.m));
}

static void rekey(unsigned n) {
  (void)n;
  w.m->rng = rekeyed[~w.m->k.hash0 & 1];
  unless_nan(hmap_rekey(w.m));
}

static void reserve(unsigned n) { done(hmap_reserve(w.m, n)); }

/* To the next preset; after the last one, to that and moves on request. */
static hmap_policy policy_of(unsigned preset) {
  if (preset <= HMAP_POLICY_ALL_AT_ONCE)
    return hmap_policy_of((hmap_preset)preset);
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  p.step_on = HMAP_STEP_MANUAL;
  p.moves = 1;
  return p;
}

#define NPOLICIES (HMAP_POLICY_ALL_AT_ONCE + 2)

static void tune(unsigned n) {
  (void)n;
  w.preset = (w.preset + 1) % NPOLICIES;
  hmap_policy p = policy_of(w.preset);
  done(hmap_tune(w.m, &p));
}

static void end_iter(size_t i) {
  hmap_iter_close(&w.its[i]);
  memset(&w.its[i], 0, sizeof w.its[i]);
  w.open[i] = false;
  w.its_owe[i] = (promise){0, 0};
}

/* n: which iterator, and twice where it starts. */
static void begin_iter(unsigned n) {
  size_t i = n % 2;
  if (w.open[i])
    end_iter(i);
  w.m->rng = starts[n / 2];
  w.open[i] = true;
  make_promise(&w.its_owe[i]);
  hmap_iter_init(&w.its[i], w.m);
}

/* Whether there was another entry. */
static bool next_of(size_t i) {
  hmap_iter *it = &w.its[i];
  done(hmap_iter_next(it));
  if (it->key != NULL) {
    keep_promise(&w.its_owe[i], it->key, it->elem);
    return true;
  }
  expect_kept(&w.its_owe[i]);
  end_iter(i);
  return false;
}

static void next(unsigned n) {
  if (w.open[n])
    (void)next_of(n);
}

static void close_iter(unsigned n) {
  if (w.open[n])
    end_iter(n);
}

static void give_class(hmap_iter *it) {
  do {
    done(hmap_scan_next(it));
    if (it->key != NULL)
      keep_promise(&w.scan_owes, it->key, it->elem);
  } while (it->key != NULL);
}

/* One class from the cursor on. Whether that was not the end. */
static bool scan_class(void) {
  hmap_iter it;
  bool more;
  if (!w.scanning) {
    make_promise(&w.scan_owes);
    w.cursor = (hmap_cursor){.map = 0};
    w.scanning = true;
  }
  done(hmap_scan_open(&it, w.m, &w.cursor));
  done(hmap_scan_class(&it, &more));
  if (more)
    give_class(&it);
  hmap_scan_tell(&it, &w.cursor);
  hmap_iter_close(&it);
  if (w.cursor.n > 0)
    return true;
  expect_kept(&w.scan_owes);
  w.scanning = false;
  w.scan_owes = (promise){0, 0};
  return false;
}

static void scan(unsigned n) {
  (void)n;
  (void)scan_class();
}

static const struct operation {
  const char *name;
  void (*run)(unsigned n);
  unsigned n;
} others[] = {
    {"clear", clear, 0},
    {"step", step, 1},
    {"read_step", read_step, 0},
    {"shrink", shrink, 0},
    {"rekey", rekey, 0},
    {"reserve(9)", reserve, 9},
    {"reserve(14)", reserve, 14},
    {"tune", tune, 0},
    {"begin", begin_iter, 0},
    {"begin'", begin_iter, 2},
    {"next", next, 0},
    {"close", close_iter, 0},
    {"begin2", begin_iter, 1},
    {"next2", next, 1},
    {"scan", scan, 0},
};

#define NOTHERS (sizeof others / sizeof others[0])

static const char *const puts_of[] = {"put0", "put1", "put2",
                                      "put3", "put4", "put5"};
static const char *const dels_of[] = {"del0", "del1", "del2",
                                      "del3", "del4", "del5"};

/* -- states that were met ------------------------------------------------- */

/* Each as its number, but for the low bits: how much was still to come. */
static uint64_t *met;
static size_t room, nmet;

#define LEFT_BITS 5

static void make_room(size_t n) {
  met = realloc(met, n * sizeof *met);
  if (met == NULL)
    abort();
  memset(met, 0, n * sizeof *met);
  room = n;
  nmet = 0;
}

static uint64_t *place_of(uint64_t number) {
  size_t i = (size_t)(number >> LEFT_BITS) & (room - 1);
  while (met[i] != 0 && (met[i] ^ number) >> LEFT_BITS != 0)
    i = (i + 1) & (room - 1);
  return &met[i];
}

static void grow_table(void) {
  uint64_t *old = met;
  size_t n = room;
  met = NULL;
  make_room(2 * n);
  for (size_t i = 0; i < n; i++)
    if (old[i] != 0) {
      *place_of(old[i]) = old[i];
      nmet++;
    }
  free(old);
}

typedef enum meeting { NEW, DEEPER, KNOWN } meeting;

static meeting meet(uint64_t number, unsigned left) {
  const uint64_t low = (1 << LEFT_BITS) - 1;
  if (4 * nmet > 3 * room)
    grow_table();
  uint64_t *at = place_of(number);
  meeting how = *at == 0 ? NEW : (*at & low) < left + 1 ? DEEPER : KNOWN;
  nmet += how == NEW;
  if (how != KNOWN)
    *at = (number & ~low) | (left + 1);
  return how;
}

/* -- in each state -------------------------------------------------------- */

static void *kept[MOST_DEPTH];

static void keep_world(unsigned at) {
  if (kept[at] == NULL && (kept[at] = malloc(sizeof w)) == NULL)
    abort();
  memcpy(kept[at], &w, world_bytes());
}

static void go_back(unsigned at) {
  const world *was = kept[at];
  memcpy(&w, was, offsetof(world, arena) + was->used);
}

static void reads_as_the_model(void) {
  char why[200];
  must(hmap_check(w.m, why, sizeof why), why);
  size_t count = 0;
  for (unsigned n = 0; n < MOST_KEYS; n++)
    count += w.there >> n & 1;
  must(hmap_count(w.m) == count, "another count");
  for (unsigned n = 0; n < on->nkeys + on->more; n++) {
    key k = key_of(n);
    const uint8_t *e =
        on->key == HMAP_INT64 ? hmap_get_i64(w.m, k.i64) : hmap_get(w.m, &k);
    must((e != NULL) == (!is_nan(n) && (w.there >> n & 1)),
         e != NULL ? "reads what is gone" : "does not read what is there");
    must(e == NULL || *e == (w.odd >> n & 1), "reads another elem");
  }
}

/* What would become of all that is open. Comes back to where it was. */
static void would_end_well(unsigned at) {
  bool any = w.scanning;
  for (size_t i = 0; i < NITERS; i++) {
    any |= w.open[i];
    while (w.open[i] && next_of(i))
      continue;
  }
  while (w.scanning && scan_class())
    continue;
  if (growing(w.m) || w.m->heap.deferred) {
    any = true;
    for (size_t left = 1; left > 0 || w.m->heap.deferred;)
      done(hmap_step(w.m, 64, NULL, &left));
    reads_as_the_model();
  }
  if (any)
    go_back(at);
}

static void explore(unsigned at, unsigned left);

static void try_op(unsigned at, unsigned left, const char *name,
                   void (*run)(unsigned n), unsigned n) {
  path[at] = name;
  length = at + 1;
  w.m->rng = emptied[~w.m->k.hash0 & 1]; /* to the other bit */
  run(n);
  explore(at + 1, left - 1);
  go_back(at);
}

static void explore(unsigned at, unsigned left) {
  meeting how = meet(world_state(), left);
  if (how == KNOWN)
    return;
  keep_world(at);
  if (how == NEW) {
    reads_as_the_model();
    would_end_well(at);
  }
  if (left == 0)
    return;
  for (unsigned n = 0; n < on->nkeys; n++) {
    if (!is_nan(n) || w.nans < 3)
      try_op(at, left, puts_of[n], put, n);
    try_op(at, left, dels_of[n], del, n);
  }
  for (size_t i = 0; i < NOTHERS; i++)
    try_op(at, left, others[i].name, others[i].run, others[i].n);
}

/* -- where universes begin ------------------------------------------------ */

static void fill(unsigned first, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    put(first + i);
}

static void empty_map(void) {}

static void four_buckets(void) { reserve(14); }

/* The next key doubles the one bucket. */
static void full_bucket(void) { fill(on->nkeys, 8); }

/* The next key doubles four buckets. */
static void full_buckets(void) {
  reserve(26);
  fill(on->nkeys, 26);
}

/* In two buckets, one chain after the other has had nine: the next key makes
** the map grow to the same size. */
static void worn_out(void) {
  reserve(13);
  for (unsigned odd = 0; odd < 2; odd++) {
    for (unsigned i = 0; i < 9; i++)
      put(on->nkeys + 2 * i + odd);
    for (unsigned i = 0; i < 8; i++)
      del(on->nkeys + 2 * i + odd);
  }
}

/* An iterator stands in the chain that is about to move. */
static void iterated(void) {
  reserve(9);
  fill(0, 2);
  begin_iter(0);
  (void)next_of(0);
  reserve(14);
}

static const universe universes[] = {
    {"3 keys apart, from nothing", HMAP_UINT8, apart, 3, 0, empty_map, 5},
    {"3 keys in one chain, in 4 buckets", HMAP_UINT8, together, 3, 0,
     four_buckets, 5},
    {"4 texts in two chains, in 4 buckets", HMAP_STRING, paired, 4, 0,
     four_buckets, 4},
    {"6 integers by XXH3, in 4 buckets", HMAP_INT64, NULL, 6, 0, four_buckets,
     4},
    {"2 keys and NaNs, from nothing", HMAP_FLOAT64, paired, 3, 0, empty_map, 5},
    {"3 integers beside 8 in a full bucket", HMAP_INT64, NULL, 3, 8,
     full_bucket, 4},
    {"3 keys beside 8 in a full bucket", HMAP_UINT8, together, 3, 8,
     full_bucket, 4},
    {"3 keys beside 26 in four full buckets", HMAP_UINT8, apart, 3, 26,
     full_buckets, 4},
    {"3 keys in one chain, about to move from under an iterator", HMAP_UINT8,
     together, 3, 0, iterated, 4},
    {"3 keys in two chains that are worn out", HMAP_UINT8, paired, 3, 18,
     worn_out, 4},
};

#define NUNIVERSES (sizeof universes / sizeof universes[0])

static unsigned more;
static size_t states;

static void make_map(unsigned preset) {
  hmap_policy policy = policy_of(preset);
  hmap_options o = {
      .key = {.kind = on->key},
      .elem = {.kind = on->key == HMAP_INT64 ? HMAP_INT64 : HMAP_UINT8},
      .seeded = true,
      .seed = emptied[0],
      .hash = on->rule != NULL ? HMAP_HASH_CUSTOM : HMAP_HASH_XXH3,
      .hash_fn = hash_by_rule,
      .alloc = world_alloc,
      .map_min = SIZE_MAX,
      .policy = &policy};
  memset(&w, 0, offsetof(world, arena));
  w.preset = preset;
  done(hmap_new(&o, &w.m));
  on->begin();
}

static void every_list_reads_as_the_model(void) {
  for (unsigned preset = 0; preset < NPOLICIES; preset++) {
    length = 0;
    make_map(preset);
    explore(0, on->depth + more);
  }
}

int main(int argc, char **argv) {
  char sentence[200];
  more = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
  for (unsigned n = 0; n < MOST_KEYS; n++)
    (void)snprintf(texts[n], sizeof texts[n], "%c: a text to be kept", (int)n);
  learn_chance();
  for (size_t i = 0; i < NUNIVERSES; i++) {
    on = &universes[i];
    make_room(1 << 16);
    (void)snprintf(sentence, sizeof sentence,
                   "%s: every list of %u operations reads as the model",
                   on->what, on->depth + more);
    it(sentence, every_list_reads_as_the_model);
    printf("     %zu states\n", nmet);
    states += nmet;
  }
  printf("     %zu states in all\n", states);
  return summary();
}
