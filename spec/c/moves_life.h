/* moves_life.h: random lives of maps that move all the time, held against a
** plain list.
**
** A life is one map of random kinds, hash, policy and memory, and some thousand
** commands. The list knows of each key number whether it is there, its elem and
** when it was born, and so what a walk owes: whatever was born before it began
** and is there to its end, once; nothing that is gone; nothing twice.
**
**   iterators  stay open while everything else happens
**   scans      are put away as cursors, and gone on with, soon or much later
**   strays     scans from cursors full of nonsense: anything but a crash
**
** After a command the map holds the bytes that it says, obeys its policy, and,
** while it is small, every law of its structure. Memory may be refused: then a
** command has done nothing, and the next one may. */
#ifndef HMAP_SPEC_MOVES_LIFE_H
#define HMAP_SPEC_MOVES_LIFE_H

#include "cells.h"
#include "heap.h"

#define MAX_KEYS 2048
#define MAX_NANS 64
#define MAX_ALL  (MAX_KEYS + MAX_NANS)
#define NWALKS   4

/* An iterator, or a scan. */
typedef struct walk {
  hmap_iter it;
  hmap_cursor cursor; /* of a scan that is not open */
  bool on, open;
  uint64_t births;         /* entries born by then are due */
  uint64_t rekeys;         /* begun before it */
  uint64_t given[MAX_ALL]; /* by key number: birth of the entry given */
} walk;

/* The life in hand: how it was drawn, ... */
static struct life {
  uint64_t seed;
  uint32_t step;
  const kind *key, *elem;
  size_t key_size, elem_size;
  hmap_hash hash;
  hmap_policy policy;
  size_t map_min, max_bytes;
  bool refusing;   /* memory is refused now and then */
  bool discarding; /* it keeps pages that it does not count */
  uint32_t nkeys;  /* key numbers below it are found again, */
  uint32_t nall;   /* from there to here they are NaN */
  bool may_shrink; /* by policy, or asked for */
  bool may_rekey, may_keep_size;
} life;

/* ... what came of it, ... */
static hmap *m;
static heap memory;
static hmap_pages pages;
static uint64_t chance;       /* all that is random follows from it, */
static const uint8_t *script; /* or, unless NULL, from bytes */
static size_t script_left;    /* of them; behind them are zeros */
static size_t refused;        /* requests, before this command */
static bool at_rest; /* for good, under a policy that moves all at once */

/* ... the list by key number, and who walks over it. */
static cell key[MAX_ALL];
static uint64_t born[MAX_ALL], births; /* 0: absent */
static uint32_t elem[MAX_ALL], fresh;
static size_t count;
static walk iters[NWALKS], scans[NWALKS], stray;

static uint8_t read_script(void) {
  if (script_left == 0)
    return 0;
  script_left--;
  return *script++;
}

/* From 0 to n; of a script it takes as many bytes as n has. */
static uint64_t upto(uint64_t n) {
  if (script == NULL)
    return n == UINT64_MAX ? draw(&chance) : below(&chance, n + 1);
  uint64_t x = 0;
  for (uint64_t bytes = n; bytes > 0; bytes >>= 8)
    x = x << 8 | read_script();
  return n == UINT64_MAX ? x : x % (n + 1);
}
static bool one_in(uint64_t n) { return upto(n - 1) == 0; }
static uint32_t any_key(void) { return (uint32_t)upto(life.nkeys - 1); }

static hmap_stats stats_now(void) {
  hmap_stats s;
  hmap_get_stats(m, &s);
  return s;
}
static uint64_t rekeys(void) { return stats_now().growths[HMAP_GROW_REKEY]; }

/* -- from a cell to its number -------------------------------------------- */

static uint64_t digest_bytes(uint64_t h, const void *p, size_t n) {
  for (const uint8_t *b = p; n > 0; n--)
    h = (h ^ *b++) * UINT64_C(0x100000001b3);
  return h ^ h >> 29;
}

/* Equal for same_cell()s. */
static uint64_t digest(const kind *k, const void *at) {
  uint32_t n = k->spec.kind == HMAP_TUPLE ? k->spec.n : 1;
  uint64_t h = 1;
  for (uint32_t i = 0; i < n; i++) {
    size_t offset, size;
    hmap_kind field = n > 1 ? k->spec.fields[i].kind : k->spec.kind;
    if (hmap_field_at(&k->spec, i, &offset, &size) != HMAP_OK)
      abort();
    const hmap_cell *c = (const void *)((const char *)at + offset);
    if ((field == HMAP_STRING || field == HMAP_ANY) && hmap_is_text(c))
      h = digest_bytes(h, hmap_text_ptr(c), hmap_text_len(c));
    else
      h = digest_bytes(h, c, size);
  }
  return h;
}

static uint16_t numbers[4 * 4096]; /* by digest; number + 1, 0: none */
#define NNUMBERS (sizeof numbers / sizeof numbers[0])

static void index_keys(void) {
  memset(numbers, 0, sizeof numbers);
  for (uint32_t n = 0; n < life.nall; n++) {
    size_t i = digest(life.key, &key[n].at) % NNUMBERS;
    while (numbers[i] != 0)
      i = (i + 1) % NNUMBERS;
    numbers[i] = (uint16_t)(n + 1);
  }
}

static uint32_t number_of(const void *at) {
  size_t i = digest(life.key, at) % NNUMBERS;
  for (; numbers[i] != 0; i = (i + 1) % NNUMBERS)
    if (same_cell(life.key, &key[numbers[i] - 1u].at, at))
      return numbers[i] - 1u;
  check_fail("a key that was never put");
}

/* Few values, so that chains are long; other ones for another hash0. */
static uint64_t weak_hash(const void *at, uint32_t hash0, void *ud) {
  uint64_t x = digest(life.key, at) ^ hash0 * UINT64_C(0x9e3779b97f4a7c15);
  (void)ud;
  x *= UINT64_C(0xbf58476d1ce4e5b9);
  x ^= x >> 29;
  return (x & 3) | (x >> 20 & 3) << 4 | (x >> 10 & 7) << 56;
}

/* -- the list ------------------------------------------------------------- */

static uint32_t next_elem(void) {
  return life.elem->limit != 0 ? fresh++ % life.elem->limit : fresh++;
}

static bool is_elem(const void *at, uint32_t n) {
  cell want;
  make_cell(&want, life.elem, n);
  return same_cell(life.elem, &want.at, at);
}

static void list_put(uint32_t n, uint32_t e) {
  if (born[n] == 0) {
    born[n] = ++births;
    count++;
  }
  elem[n] = e;
}

static void list_delete(uint32_t n) {
  count -= born[n] != 0;
  born[n] = 0;
}

static bool list_has_nan(void) {
  for (uint32_t n = life.nkeys; n < life.nall; n++)
    if (born[n] != 0)
      return true;
  return false;
}

static void expect_reads(uint32_t n) {
  const void *at = hmap_get(m, &key[n].at);
  bool found = n < life.nkeys && born[n] != 0;
  EXPECT_SAY((at != NULL) == found, "key %" PRIu32 " is %s", n,
             found ? "lost" : "there");
  EXPECT_SAY(at == NULL || is_elem(at, elem[n]), "key %" PRIu32 " lies", n);
}

static void expect_the_list(void) {
  EXPECT(hmap_count(m) == count);
  for (uint32_t n = 0; n < life.nall; n++)
    expect_reads(n);
}

/* -- commands that write and read ----------------------------------------- */

/* Whether a command was done. If not, there is a reason. */
static bool done(hmap_status status) {
  EXPECT_SAY(status == HMAP_OK ||
                 (status == HMAP_ENOMEM && memory.refused > refused) ||
                 (status == HMAP_ELIMIT && life.max_bytes != 0),
             "a command says: %s", hmap_status_text(status));
  return status == HMAP_OK;
}

static void do_put(void) {
  cell c;
  uint32_t n = any_key(), e = next_elem();
  make_cell(&c, life.elem, e);
  if (done(hmap_put(m, &key[n].at, life.elem_size ? &c.at : NULL)))
    list_put(n, e);
}

/* Each NaN has bits of its own, so that the list can tell them apart. */
static void do_put_nan(void) {
  cell c;
  uint32_t n = life.nkeys + (uint32_t)upto(MAX_NANS - 1), e = next_elem();
  make_cell(&c, life.elem, e);
  if (n >= life.nall || born[n] != 0)
    return;
  if (done(hmap_put(m, &key[n].at, &c.at)))
    list_put(n, e);
}

/* An elem that lies in this very map. */
static void do_put_own(void) {
  uint32_t n = any_key(), from = any_key();
  const void *at = hmap_get(m, &key[from].at);
  if (at != NULL && done(hmap_put(m, &key[n].at, at)))
    list_put(n, elem[from]);
}

static void do_delete(void) {
  uint32_t n = any_key();
  EXPECT(hmap_delete(m, &key[n].at) == (born[n] != 0));
  list_delete(n);
}

static void do_get(void) { expect_reads((uint32_t)upto(life.nall - 1)); }

static void do_read_step(void) { hmap_read_step(m); }

static void do_get_or_put(void) {
  cell c;
  const void *now;
  bool existed;
  uint32_t n = any_key(), e = next_elem();
  make_cell(&c, life.elem, e);
  if (!done(hmap_get_or_put(m, &key[n].at, &c.at, &now, &existed)))
    return;
  EXPECT(existed == (born[n] != 0));
  if (!existed)
    list_put(n, e);
  EXPECT(is_elem(now, elem[n]));
}

static void do_assign(void) {
  cell c;
  void *at;
  bool existed;
  uint32_t n = any_key(), e = next_elem();
  make_cell(&c, life.elem, e);
  hmap_status status = hmap_assign(m, &key[n].at, &at, &existed);
  if (status == HMAP_EINVAL || !done(status)) /* model.h knows when */
    return;
  EXPECT(existed == (born[n] != 0));
  memcpy(at, &c.at, life.elem_size);
  list_put(n, e);
}

/* -- the same, typed ------------------------------------------------------ */

static bool is_word(void) {
  return life.key->spec.kind == HMAP_INT64 ||
         life.key->spec.kind == HMAP_UINT64;
}
/* Whether this key has typed functions. */
static bool is_typed(uint32_t n) {
  return is_word() || ((life.key->spec.kind == HMAP_STRING ||
                        life.key->spec.kind == HMAP_ANY) &&
                       hmap_is_text(&key[n].at.cell));
}

static const char *text_of(uint32_t n) {
  return hmap_text_ptr(&key[n].at.cell);
}
static size_t len_of(uint32_t n) { return hmap_text_len(&key[n].at.cell); }

/* Calls one of the typed functions that put key n. */
#define TYPED(function, n, ...)                                                \
  (is_word() ? function##_i64(m, key[n].at.i64, __VA_ARGS__)                   \
             : function##_str(m, text_of(n), len_of(n), __VA_ARGS__))

static void put_typed(uint32_t n) {
  cell c;
  uint32_t e = next_elem();
  make_cell(&c, life.elem, e);
  if (done(TYPED(hmap_put, n, life.elem_size ? &c.at : NULL)))
    list_put(n, e);
}

static void get_or_put_typed(uint32_t n) {
  cell c;
  const void *now;
  bool existed;
  uint32_t e = next_elem();
  make_cell(&c, life.elem, e);
  if (!done(TYPED(hmap_get_or_put, n, &c.at, &now, &existed)))
    return;
  EXPECT(existed == (born[n] != 0));
  if (!existed)
    list_put(n, e);
  EXPECT(is_elem(now, elem[n]));
}

static void assign_typed(uint32_t n) {
  cell c;
  void *at;
  bool existed;
  uint32_t e = next_elem();
  make_cell(&c, life.elem, e);
  hmap_status status = TYPED(hmap_assign, n, &at, &existed);
  if (status == HMAP_EINVAL || !done(status))
    return;
  EXPECT(existed == (born[n] != 0));
  memcpy(at, &c.at, life.elem_size);
  list_put(n, e);
}

static void delete_typed(uint32_t n) {
  bool was = is_word() ? hmap_delete_i64(m, key[n].at.i64)
                       : hmap_delete_str(m, text_of(n), len_of(n));
  EXPECT(was == (born[n] != 0));
  list_delete(n);
}

static void get_typed(uint32_t n) {
  const void *at = is_word() ? hmap_get_i64(m, key[n].at.i64)
                             : hmap_get_str(m, text_of(n), len_of(n));
  EXPECT(at == hmap_get(m, &key[n].at));
}

static void do_typed(void) {
  static void (*const functions[])(uint32_t) = {
      put_typed, get_or_put_typed, assign_typed, delete_typed, get_typed};
  uint32_t n = any_key();
  if (is_typed(n))
    functions[upto(sizeof functions / sizeof functions[0] - 1)](n);
}

static void do_clear(void) {
  if (!done(hmap_clear(m)))
    return;
  memset(born, 0, sizeof born);
  count = 0;
}

/* -- many keys at once ---------------------------------------------------- */

#define MANY 100

static hmap_cell many_keys[MANY * sizeof key[0].at / sizeof(hmap_cell)];
static uint32_t many_numbers[MANY];

/* Draws keys, some of them twice, and lays their cells one behind the other. */
static size_t draw_keys(void) {
  size_t n = (size_t)(one_in(8) ? upto(MANY) : upto(8));
  for (size_t i = 0; i < n; i++) {
    many_numbers[i] = any_key();
    memcpy((char *)many_keys + i * life.key_size, &key[many_numbers[i]].at,
           life.key_size);
  }
  return n;
}

static void do_put_many(void) {
  static cell made[MANY];
  static hmap_cell cells[MANY * sizeof made[0].at / sizeof(hmap_cell)];
  size_t ndone, n = draw_keys();
  uint32_t first = fresh;
  for (size_t i = 0; i < n; i++) {
    make_cell(&made[i], life.elem, next_elem());
    memcpy((char *)cells + i * life.elem_size, &made[i].at, life.elem_size);
  }
  const void *elems = life.elem_size ? cells : NULL;
  bool all = done(hmap_put_many(m, many_keys, elems, n, &ndone));
  EXPECT(all ? ndone == n : ndone < n);
  fresh = first;
  for (size_t i = 0; i < ndone; i++)
    list_put(many_numbers[i], next_elem());
}

static void do_get_many(void) {
  const void *found[MANY];
  size_t n = draw_keys();
  hmap_get_many(m, many_keys, n, found);
  for (size_t i = 0; i < n; i++)
    EXPECT(found[i] == hmap_get(m, &key[many_numbers[i]].at));
}

static void do_delete_many(void) {
  size_t n = draw_keys(), before = count;
  for (size_t i = 0; i < n; i++)
    list_delete(many_numbers[i]);
  EXPECT(hmap_delete_many(m, many_keys, n) == before - count);
}

/* -- commands that move --------------------------------------------------- */

static void do_reserve(void) {
  (void)done(hmap_reserve(m, (size_t)upto(2 * life.nkeys)));
}

/* Says how many old buckets it has moved and has left. */
static void do_step(void) {
  hmap_stats was = stats_now(), is;
  size_t n = (size_t)(one_in(8) ? upto(1000) : upto(5)), moved, remaining;
  (void)done(hmap_step(m, n, &moved, &remaining));
  is = stats_now();
  EXPECT(moved <= n && moved <= was.remaining);
  EXPECT(remaining == was.remaining - moved || moved == was.remaining);
  EXPECT(remaining == is.remaining);
}

/* NaN keys cannot be moved by their hash. */
static bool movable(hmap_status status) {
  EXPECT((status == HMAP_EINVAL) == list_has_nan());
  return status != HMAP_EINVAL && done(status);
}

static void do_shrink(void) { life.may_shrink |= movable(hmap_shrink(m)); }

static void do_rekey(void) { life.may_rekey |= movable(hmap_rekey(m)); }

/* What this policy may do, or some policy before it. */
static void allow(const hmap_policy *p) {
  life.may_shrink |= p->shrink > 0;
  life.may_rekey |= p->chain_alarm > 0;
  life.may_keep_size |= p->same_size;
}

static hmap_policy draw_policy(void) {
  static const double loads[] = {1.0 / 8, 0.5, 1, 2, 6.5, 6.5, 8, 12, 40};
  if (one_in(2))
    return hmap_policy_of((hmap_preset)upto(HMAP_POLICY_ALL_AT_ONCE));
  return (hmap_policy){
      .load = loads[upto(sizeof loads / sizeof loads[0] - 1)],
      .moves = one_in(8) ? 65536 : 1 + (uint32_t)upto(3),
      .empty_visits = 1 + (uint32_t)upto(10),
      .step_on = (hmap_step_on)upto(HMAP_STEP_MANUAL),
      .same_size = one_in(2),
      .shrink = (double)upto(8) / 32,
      .all_at_once = one_in(6),
      .chain_alarm = one_in(2) ? 2 + (uint32_t)upto(4) : 0,
  };
}

static void do_tune(void) {
  hmap_policy p = draw_policy();
  EXPECT(hmap_tune(m, &p) == HMAP_OK);
  life.policy = p;
  allow(&p);
  at_rest = false;
}

/* -- iterators and scans -------------------------------------------------- */

static void begin(walk *w) {
  w->on = true;
  w->births = births;
  w->rekeys = rekeys();
  memset(w->given, 0, life.nall * sizeof w->given[0]);
}

static void close_walk(walk *w) {
  if (w->open)
    hmap_iter_close(&w->it);
  w->open = false;
}

static void end(walk *w) {
  close_walk(w);
  w->on = false;
}

/* The entry is there, as it is now, and comes for the first time. */
static void expect_due(walk *w) {
  uint32_t n = number_of(w->it.key);
  EXPECT_SAY(born[n] != 0, "key %" PRIu32 " is given and gone", n);
  EXPECT(is_elem(w->it.elem, elem[n]));
  EXPECT_SAY(w->given[n] != born[n], "key %" PRIu32 " is given twice", n);
  w->given[n] = born[n];
}

static void expect_all_given(const walk *w) {
  for (uint32_t n = 0; n < life.nall; n++)
    EXPECT_SAY(born[n] == 0 || born[n] > w->births || w->given[n] == born[n],
               "key %" PRIu32 " is missed", n);
}

/* It may give up only after more rekeys than it is to outlive. */
static bool gave_up(walk *w, hmap_status status) {
  if (status != HMAP_ECURSOR)
    return false;
  EXPECT_SAY(rekeys() - w->rekeys > HMAP_MAX_PAST,
             "gave up after %" PRIu64 " rekeys", rekeys() - w->rekeys);
  end(w);
  return true;
}

/* Deletes or overwrites the entry just given, by its own key. */
static void write_given(const walk *w) {
  uint32_t n = number_of(w->it.key), from = any_key();
  const void *at = hmap_get(m, &key[from].at);
  if (n >= life.nkeys)
    return;
  if (one_in(2)) {
    EXPECT(hmap_delete(m, w->it.key));
    list_delete(n);
  } else if (at != NULL && done(hmap_put(m, w->it.key, at))) {
    list_put(n, elem[from]);
  }
}

static void do_iterate(void) {
  walk *w = &iters[upto(NWALKS - 1)];
  if (!w->on) {
    begin(w);
    hmap_iter_init(&w->it, m);
    w->open = true;
  }
  for (uint64_t n = upto(one_in(8) ? 200 : 12); n > 0; n--) {
    hmap_status status = hmap_iter_next(&w->it);
    if (gave_up(w, status) || !done(status))
      return;
    if (w->it.key == NULL) {
      expect_all_given(w);
      end(w);
      return;
    }
    expect_due(w);
    if (one_in(16))
      write_given(w);
  }
}

static void do_abandon(void) { end(&iters[upto(NWALKS - 1)]); }

/* A scan waits for these to end. */
static bool mixing_classes(void) {
  hmap_stats s = stats_now();
  return s.growing && (s.kind == HMAP_GROW_REKEY ||
                       (s.kind == HMAP_GROW_SHRINK && list_has_nan()));
}

/* Goes on to the next class, if that is to be now. */
static bool next_class(walk *w) {
  bool more = false;
  hmap_status status = HMAP_OK;
  bool put_away = one_in(4);
  if (!put_away)
    status = hmap_scan_class(&w->it, &more);
  if (gave_up(w, status) || !done(status))
    return false;
  if (more)
    return true;
  hmap_scan_tell(&w->it, &w->cursor);
  if (w->cursor.n == 0) {
    expect_all_given(w);
    end(w);
  } else {
    EXPECT(put_away || mixing_classes());
    close_walk(w);
  }
  return false;
}

static bool open_scan(walk *w) {
  hmap_status status = hmap_scan_open(&w->it, m, &w->cursor);
  w->open = status == HMAP_OK;
  return !gave_up(w, status) && done(status);
}

/* The first of them are gone on with often, the last are long asleep. */
static walk *pick_scan(void) { return &scans[upto(upto(NWALKS - 1))]; }

static void do_scan(void) {
  walk *w = pick_scan();
  if (!w->on) {
    begin(w);
    w->cursor = (hmap_cursor){.map = 0};
  }
  if (!w->open && !open_scan(w))
    return;
  for (uint64_t n = upto(20); n > 0; n--) {
    if (gave_up(w, hmap_scan_next(&w->it)))
      return;
    if (w->it.key != NULL)
      expect_due(w);
    else if (!next_class(w))
      return;
  }
}

/* A cursor that this map could have told, and some that none could. */
static hmap_cursor nonsense(void) {
  hmap_cursor c = {.map = 0};
  hmap_iter it;
  EXPECT(hmap_scan_open(&it, m, &c) == HMAP_OK);
  hmap_scan_tell(&it, &c);
  hmap_iter_close(&it);
  c.n = (uint32_t)upto(HMAP_MAX_PAST + 1);
  for (uint32_t i = 0; i < c.n; i++) {
    c.at[i].level = (uint8_t)upto(one_in(4) ? 255 : 12);
    c.at[i].cls = upto((UINT64_C(1) << c.at[i].level % 64) - 1);
    c.at[i].epoch = (uint32_t)(rekeys() - upto(HMAP_MAX_PAST));
  }
  if (one_in(4))
    ((uint8_t *)&c)[upto(sizeof c - 1)] ^= (uint8_t)upto(UINT8_MAX);
  return c;
}

/* Gives what is there, once or not. */
static void do_stray(void) {
  bool more;
  if (!stray.open) {
    stray.cursor = nonsense();
    stray.open = hmap_scan_open(&stray.it, m, &stray.cursor) == HMAP_OK;
  }
  for (uint64_t n = upto(20); n > 0 && stray.open; n--) {
    hmap_status status = hmap_scan_next(&stray.it);
    if (status == HMAP_OK && stray.it.key != NULL) {
      EXPECT(born[number_of(stray.it.key)] != 0);
      continue;
    }
    if (status == HMAP_OK)
      status = hmap_scan_class(&stray.it, &more);
    if (status == HMAP_ECURSOR || !done(status) || !more)
      close_walk(&stray);
  }
}

/* -- commands that look --------------------------------------------------- */

static void look_at_chain(hmap_which which, uint64_t i) {
  hmap_bucket_view view;
  for (size_t depth = 0; hmap_view_bucket(m, which, i, depth, &view); depth++)
    for (unsigned slot = 0; slot < HMAP_BUCKET_COUNT; slot++)
      if (view.key[slot] != NULL)
        EXPECT(born[number_of(view.key[slot])] != 0);
}

static void look_at_search(uint32_t n) {
  hmap_explanation e;
  hmap_explain(m, &key[n].at, &e);
  EXPECT(e.found == (born[n] != 0));
  EXPECT(e.tophash == hmap_tophash_of(e.hash));
  EXPECT(e.buckets_read == e.depth + 1 || (!e.found && count == 0));
}

/* What is seen is what is there, and looking changes nothing. */
static void do_look(void) {
  static hmap_distribution d;
  hmap_memory memory_view;
  hmap_op op;
  uint64_t before = hmap_fingerprint(m);
  hmap_get_distribution(m, &d);
  EXPECT(d.entries == count);
  hmap_get_memory(m, &memory_view);
  EXPECT(memory_view.total == stats_now().bytes);
  look_at_search(any_key());
  look_at_chain((hmap_which)upto(1), upto(16));
  (void)hmap_last_op(m, &op);
  EXPECT(hmap_fingerprint(m) == before);
}

/* Touches and events tell the list anew. */
static bool told[MAX_ALL], listening;

static void on_touch(void *ud, const hmap_touch *touch) {
  bool *there = &told[number_of(touch->key)];
  (void)ud;
  EXPECT_SAY(*there == (touch->kind != HMAP_TOUCH_INSERT),
             "touch %d of a key that is %s", (int)touch->kind,
             *there ? "there" : "gone");
  *there = touch->kind != HMAP_TOUCH_DELETE;
}

static void on_event(void *ud, const hmap_event *event) {
  (void)ud;
  if (event->kind == HMAP_EVENT_CLEAR)
    memset(told, 0, sizeof told);
}

static void do_listen(void) {
  listening = !one_in(3);
  for (uint32_t n = 0; n < life.nall; n++)
    told[n] = born[n] != 0;
  hmap_set_watch(m, listening ? on_touch : NULL, NULL);
  hmap_set_sink(m, listening ? on_event : NULL, NULL);
}

static void expect_told(void) {
  if (listening)
    for (uint32_t n = 0; n < life.nall; n++)
      EXPECT(told[n] == (born[n] != 0));
}

static void do_ledger(void) { (void)done(hmap_set_ledger(m, one_in(2))); }

/* -- a life --------------------------------------------------------------- */

/* By weight while the map fills and while it drains. */
static const struct command {
  const char *name;
  void (*run)(void);
  unsigned filling, draining;
} commands[] = {
    {"put", do_put, 300, 60},
    {"put of a NaN", do_put_nan, 4, 0},
    {"put of an own elem", do_put_own, 20, 10},
    {"delete", do_delete, 60, 300},
    {"get", do_get, 30, 30},
    {"read_step", do_read_step, 30, 30},
    {"get_or_put", do_get_or_put, 40, 5},
    {"assign", do_assign, 40, 5},
    {"clear", do_clear, 1, 1},
    {"put_many", do_put_many, 12, 2},
    {"get_many", do_get_many, 6, 6},
    {"delete_many", do_delete_many, 2, 12},
    {"reserve", do_reserve, 2, 1},
    {"step", do_step, 20, 20},
    {"shrink", do_shrink, 2, 6},
    {"rekey", do_rekey, 3, 3},
    {"tune", do_tune, 1, 1},
    {"iterate", do_iterate, 80, 80},
    {"abandon", do_abandon, 2, 2},
    {"scan", do_scan, 60, 60},
    {"stray", do_stray, 4, 4},
    {"typed", do_typed, 20, 20},
    {"look", do_look, 2, 2},
    {"listen", do_listen, 1, 1},
    {"ledger", do_ledger, 1, 1},
};

#define NCOMMANDS (sizeof commands / sizeof commands[0])

static const struct command *draw_command(bool filling) {
  uint64_t sum = 0;
  for (size_t i = 0; i < NCOMMANDS; i++)
    sum += filling ? commands[i].filling : commands[i].draining;
  const struct command *c = commands;
  for (uint64_t at = upto(sum - 1);; c++) {
    unsigned weight = filling ? c->filling : c->draining;
    if (at < weight)
      return c;
    at -= weight;
  }
}

/* What a policy does not do, and what memory says. */
static void expect_policy(const hmap_stats *s) {
  EXPECT(life.may_shrink || s->growths[HMAP_GROW_SHRINK] == 0);
  EXPECT(life.may_rekey || s->growths[HMAP_GROW_REKEY] == 0);
  EXPECT(life.may_keep_size || s->growths[HMAP_GROW_SAME_SIZE] == 0);
  EXPECT(!(at_rest && s->growing));
  at_rest = life.policy.all_at_once && !s->growing && !life.refusing &&
            life.max_bytes == 0;
  EXPECT_SAY(s->bytes == memory.bytes ||
                 (life.discarding && s->bytes < memory.bytes),
             "holds %zu bytes, says %zu", memory.bytes, s->bytes);
  EXPECT(life.max_bytes == 0 || s->bytes <= life.max_bytes);
  EXPECT(!memory.wrong);
}

static void run_command(const struct command *c) {
  refused = memory.refused;
  if (life.refusing && one_in(8))
    memory.refuse_at = memory.calls + 1 + (size_t)upto(3);
  c->run();
  memory.refuse_at = 0;
  hmap_stats s = stats_now();
  EXPECT(hmap_count(m) == count);
  expect_policy(&s);
  if ((s.nbuckets <= 16 && count < 64) || one_in(64))
    expect_sound(m);
}

static void draw_hash(bool is_int) {
  static const hmap_hash hashes[] = {
      HMAP_HASH_XXH3,   HMAP_HASH_XXH3,     HMAP_HASH_CUSTOM,  HMAP_HASH_FNV1A,
      HMAP_HASH_JAVA31, HMAP_HASH_IDENTITY, HMAP_HASH_CONSTANT};
  life.hash = hashes[upto(sizeof hashes / sizeof hashes[0] - 1)];
  if (life.hash == HMAP_HASH_IDENTITY && !is_int)
    life.hash = HMAP_HASH_XXH3;
  if (life.hash == HMAP_HASH_CONSTANT && life.nkeys > 60)
    life.nkeys = 60;
}

static void draw_life(const char *key_name, uint64_t seed) {
  static const char *const elems[] = {"int64", "int64",     "none", "uint8",
                                      "text",  "[136]byte", "any",  "record"};
  static const size_t map_mins[] = {0, 1, 1, SIZE_MAX};
  chance = seed;
  life = (struct life){.seed = seed, .key = kind_named(key_name)};
  life.elem = kind_named(elems[upto(sizeof elems / sizeof elems[0] - 1)]);
  life.key_size = cell_size(life.key);
  life.elem_size = cell_size(life.elem);
  life.nkeys = 1 + (uint32_t)upto(one_in(3) ? MAX_KEYS - 1 : 99);
  if (life.key->limit != 0 && life.nkeys > life.key->limit)
    life.nkeys = life.key->limit;
  draw_hash(life.key->spec.kind <= HMAP_UINT64);
  life.nall = life.nkeys;
  if (life.key->spec.kind == HMAP_FLOAT64 && !one_in(4))
    life.nall += MAX_NANS;
  life.map_min = map_mins[upto(3)];
  life.refusing = one_in(4);
  life.discarding = one_in(3);
  if (one_in(6))
    life.max_bytes = 3000 + (size_t)upto(200000);
  life.policy = draw_policy();
  allow(&life.policy);
}

static void make_keys(void) {
  for (uint32_t n = 0; n < life.nkeys; n++)
    make_cell(&key[n], life.key, n);
  for (uint32_t n = life.nkeys; n < life.nall; n++) {
    uint64_t nan = UINT64_C(0x7ff8000000000001) + n;
    memcpy(&key[n].at, &nan, sizeof nan);
  }
  index_keys();
}

/* The list is empty and nobody walks. */
static void empty_list(void) {
  memset(born, 0, sizeof born);
  for (size_t i = 0; i < NWALKS; i++)
    iters[i].on = iters[i].open = scans[i].on = scans[i].open = false;
  stray.open = false;
  at_rest = listening = false;
  births = count = fresh = 0;
}

static void be_born(void) {
  hmap_options o = {.key = life.key->spec,
                    .elem = life.elem->spec,
                    .hint = one_in(3) ? (int64_t)upto(2000) : 0,
                    .hash = life.hash,
                    .hash_fn = weak_hash,
                    .map_min = life.map_min,
                    .max_bytes = life.max_bytes,
                    .policy = &life.policy,
                    .seeded = true,
                    .seed = life.seed};
  memory = (heap){.bytes = 0};
  refused = 0;
  heap_serve(&memory, &o, &pages);
  if (life.discarding)
    pages.discard = heap_discard;
  make_keys();
  empty_list();
  if (life.max_bytes != 0)
    o.hint = 0;
  EXPECT(hmap_new(&o, &m) == HMAP_OK);
}

static void free_in_steps(size_t n) {
  while (!hmap_free_step(m, n))
    continue;
}

/* Iterators that are still open end with the map; nothing is left of it. */
static void die(void) {
  do_abandon();
  if (one_in(2))
    hmap_free(m);
  else
    free_in_steps(1 + (size_t)upto(3));
  for (size_t i = 0; i < NWALKS; i++) {
    if (iters[i].open)
      EXPECT(hmap_iter_next(&iters[i].it) == HMAP_OK && !iters[i].it.key);
    end(&iters[i]);
    end(&scans[i]);
  }
  close_walk(&stray);
  EXPECT_SAY(memory.bytes == 0, "%zu bytes are left", memory.bytes);
  EXPECT(!memory.wrong);
}

/* Some commands, in seasons of filling and draining. */
static inline void live(uint32_t steps) {
  bool filling = true;
  for (uint32_t n = 0; n < steps; n++, life.step++) {
    if (one_in(150 + life.nkeys / 2))
      filling = !filling;
    run_command(draw_command(filling));
    if (n % 500 == 0)
      expect_the_list();
  }
  expect_the_list();
  expect_told();
}

/* Who it was that died before its time. */
static const char *epitaph(void) {
  static char text[sizeof check_why + 200];
  (void)snprintf(
      text, sizeof text,
      "life %" PRIu64 " of %s -> %s, %" PRIu32
      " keys, hash %d, map_min %zx, max_bytes %zu, step %" PRIu32 ": %s",
      life.seed, life.key->name, life.elem->name, life.nkeys, (int)life.hash,
      life.map_min, life.max_bytes, life.step, check_why);
  return text;
}

#endif
