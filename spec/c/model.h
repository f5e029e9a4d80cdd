/* model.h: random commands to a map, held against a plain list.
**
** The list knows for each key number whether it is present, its elem and when
** it was born; so it also knows what an iterator must still give: whatever was
** born before it began and is still there. After a command the map obeys every
** law of its structure, and every byte that it holds is one that it says it
** holds.
**
** Memory may be refused at any request. A command that then fails has done
** nothing; one that succeeds all the same has done all of it. */
#ifndef HMAP_SPEC_MODEL_H
#define HMAP_SPEC_MODEL_H

#include "cells.h"
#include "heap.h"

/* One kind of map and how to treat it. */
typedef struct trial {
  const char *key, *elem;
  hmap_hash hash;
  hmap_preset preset;
  uint32_t keys;  /* key numbers are below it */
  uint32_t steps; /* commands */
  size_t map_min;
  size_t max_bytes;
} trial;

#define NWALKS 4

/* An iterator, or a scan that goes on from its cursor. */
typedef struct walk {
  hmap_iter it;
  hmap_cursor cursor;
  bool open;
  uint64_t births;  /* entries born by then are due */
  uint64_t *given;  /* by key number: birth of the entry that was given */
  uint64_t rekeyed; /* rekeys begun before it */
} walk;

static const trial *on;
static const kind *key_kind, *elem_kind;
static size_t key_size, elem_size;
static uint64_t chance;
static heap memory;
static size_t refused_before; /* requests, before this command */
static hmap *m;
static cell *key; /* by number */
static uint32_t *elem;
static uint64_t *born, births; /* 0: absent */
static size_t count;
static uint32_t fresh; /* the next elem number */
static walk walks[NWALKS], scan;

/* -- the list ------------------------------------------------------------- */

static uint32_t number_of(const void *cell_of_key) {
  for (uint32_t n = 0; n < on->keys; n++)
    if (same_cell(key_kind, key[n].at.bytes, cell_of_key))
      return n;
  check_fail("a key that was never put");
}

static uint32_t next_elem(void) {
  return elem_kind->limit != 0 ? fresh++ % elem_kind->limit : fresh++;
}

static bool is_elem(const void *at, uint32_t n) {
  cell want;
  make_cell(&want, elem_kind, n);
  return same_cell(elem_kind, want.at.bytes, at);
}

static uint32_t ref_in(const kind *k, uint32_t n) {
  cell c;
  make_cell(&c, k, n);
  return k->spec.kind == HMAP_ANY && c.at.cell.c.tag == HMAP_TAG_OBJECT
             ? c.at.cell.c.len
             : 0;
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

static void list_clear(void) {
  memset(born, 0, on->keys * sizeof *born);
  count = 0;
}

/* -- commands ------------------------------------------------------------- */

/* Whether a command was done. If not, it says why, and there is a reason. */
static inline bool done(hmap_status status) {
  bool refused = memory.refused > refused_before;
  EXPECT_SAY(status == HMAP_OK || (status == HMAP_ENOMEM && refused) ||
                 (status == HMAP_ELIMIT && on->max_bytes != 0),
             "a command says: %s", hmap_status_text(status));
  return status == HMAP_OK;
}

static uint32_t any_key(void) { return (uint32_t)below(&chance, on->keys); }

static void do_put(void) {
  cell c;
  uint32_t n = any_key(), e = next_elem();
  uint32_t old_ref = born[n] != 0 ? ref_in(elem_kind, elem[n]) : 0;
  bool is_new = born[n] == 0;
  make_cell(&c, elem_kind, e);
  if (!done(hmap_put(m, &key[n].at, elem_size ? &c.at : NULL))) {
    EXPECT(!hmap_let_go(m).inserted && hmap_let_go(m).elem_ref == 0);
    return;
  }
  EXPECT(hmap_let_go(m).inserted == is_new);
  EXPECT(hmap_let_go(m).elem_ref == old_ref && hmap_let_go(m).key_ref == 0);
  list_put(n, e);
}

static void do_delete(void) {
  uint32_t n = any_key();
  uint32_t key_ref = born[n] != 0 ? ref_in(key_kind, n) : 0;
  uint32_t elem_ref = born[n] != 0 ? ref_in(elem_kind, elem[n]) : 0;
  EXPECT(hmap_delete(m, &key[n].at) == (born[n] != 0));
  EXPECT(hmap_let_go(m).key_ref == key_ref);
  EXPECT(hmap_let_go(m).elem_ref == elem_ref && !hmap_let_go(m).inserted);
  list_delete(n);
}

static void expect_reads(uint32_t n) {
  const void *at = hmap_get(m, &key[n].at);
  EXPECT((at != NULL) == (born[n] != 0));
  EXPECT(at == NULL || is_elem(at, elem[n]));
}

static void do_get(void) { expect_reads(any_key()); }

static void do_get_or_put(void) {
  cell c;
  const void *now;
  bool existed;
  uint32_t n = any_key(), e = next_elem();
  make_cell(&c, elem_kind, e);
  if (!done(hmap_get_or_put(m, &key[n].at, &c.at, &now, &existed)))
    return;
  EXPECT(existed == (born[n] != 0));
  if (!existed)
    list_put(n, e);
  EXPECT(is_elem(now, elem[n]));
}

static bool owns_nothing(const kind *k) {
  return k->spec.kind != HMAP_STRING && k->spec.kind != HMAP_ANY &&
         strcmp(k->name, "record") != 0 && cell_size(k) <= HMAP_MAX_INLINE;
}

static void do_assign(void) {
  cell c;
  void *at;
  bool existed;
  uint32_t n = any_key(), e = next_elem();
  make_cell(&c, elem_kind, e);
  hmap_status status = hmap_assign(m, &key[n].at, &at, &existed);
  EXPECT((status == HMAP_EINVAL) == !owns_nothing(elem_kind));
  if (status == HMAP_EINVAL || !done(status))
    return;
  EXPECT(existed == (born[n] != 0));
  memcpy(at, &c.at, elem_size);
  list_put(n, e);
}

static void do_clear(void) {
  if (done(hmap_clear(m)))
    list_clear();
}

static void do_reserve(void) {
  (void)done(hmap_reserve(m, (size_t)below(&chance, 4 * on->keys)));
}

static void do_step(void) {
  size_t remaining;
  (void)done(hmap_step(m, (size_t)below(&chance, 5), NULL, &remaining));
  hmap_read_step(m);
}

static void do_shrink(void) { (void)done(hmap_shrink(m)); }

static void do_rekey(void) { (void)done(hmap_rekey(m)); }

/* -- many keys at once -- */

#define MANY 40

/* Cells one behind the other, and their numbers. */
static size_t some_keys(char *cells, uint32_t numbers[MANY]) {
  size_t n = (size_t)below(&chance, MANY);
  for (size_t i = 0; i < n; i++) {
    numbers[i] = any_key();
    memcpy(cells + i * key_size, &key[numbers[i]].at, key_size);
  }
  return n;
}

static void do_put_many(void) {
  static cell made[MANY];
  static hmap_cell room[MANY * sizeof made[0].at / sizeof(hmap_cell)];
  static hmap_cell elems[MANY * sizeof made[0].at / sizeof(hmap_cell)];
  uint32_t numbers[MANY], first = fresh;
  size_t many, n = some_keys((char *)room, numbers);
  for (size_t i = 0; i < n; i++) {
    make_cell(&made[i], elem_kind, next_elem());
    memcpy((char *)elems + i * elem_size, &made[i].at, elem_size);
  }
  bool all = done(hmap_put_many(m, room, elem_size ? elems : NULL, n, &many));
  EXPECT(all ? many == n : many < n);
  fresh = first;
  for (size_t i = 0; i < many; i++)
    list_put(numbers[i], next_elem());
}

static void do_get_many(void) {
  static hmap_cell room[MANY * sizeof key->at / sizeof(hmap_cell)];
  const void *found[MANY];
  uint32_t numbers[MANY];
  size_t n = some_keys((char *)room, numbers);
  hmap_get_many(m, room, n, found);
  for (size_t i = 0; i < n; i++) {
    EXPECT((found[i] != NULL) == (born[numbers[i]] != 0));
    EXPECT(found[i] == NULL || is_elem(found[i], elem[numbers[i]]));
  }
}

static void do_delete_many(void) {
  static hmap_cell room[MANY * sizeof key->at / sizeof(hmap_cell)];
  uint32_t numbers[MANY];
  size_t n = some_keys((char *)room, numbers), before = count;
  for (size_t i = 0; i < n; i++)
    list_delete(numbers[i]);
  EXPECT(hmap_delete_many(m, room, n) == before - count);
}

/* -- iterators ------------------------------------------------------------ */

static uint64_t rekeys(void) {
  hmap_stats s;
  hmap_get_stats(m, &s);
  return s.growths[HMAP_GROW_REKEY];
}

static void begin(walk *w) {
  w->open = true;
  w->births = births;
  w->rekeyed = rekeys();
  memset(w->given, 0, on->keys * sizeof *w->given);
}

/* An entry that is there, as it is now, and for the first time. */
static void expect_due(walk *w) {
  uint32_t n = number_of(w->it.key);
  EXPECT(born[n] != 0);
  EXPECT(is_elem(w->it.elem, elem[n]));
  EXPECT(w->given[n] != born[n]);
  w->given[n] = born[n];
}

static void expect_all_given(const walk *w) {
  for (uint32_t n = 0; n < on->keys; n++)
    EXPECT(born[n] == 0 || born[n] > w->births || w->given[n] == born[n]);
}

/* It may give up only after more rekeys than it promises to outlive. */
static void give_up(walk *w) {
  EXPECT(rekeys() - w->rekeyed > HMAP_MAX_PAST);
  w->open = false;
}

static void do_walk(void) {
  walk *w = &walks[below(&chance, NWALKS)];
  if (!w->open) {
    begin(w);
    hmap_iter_init(&w->it, m);
  }
  for (uint64_t n = below(&chance, 12); n > 0 && w->open; n--) {
    hmap_status status = hmap_iter_next(&w->it);
    if (status == HMAP_ECURSOR) {
      give_up(w);
    } else if (!done(status)) {
      continue;
    } else if (w->it.key != NULL) {
      expect_due(w);
      continue;
    } else {
      expect_all_given(w);
      w->open = false;
    }
    hmap_iter_close(&w->it);
  }
}

static void do_abandon(void) {
  walk *w = &walks[below(&chance, NWALKS)];
  if (w->open)
    hmap_iter_close(&w->it);
  w->open = false;
}

/* Some classes from the cursor on. */
static void scan_some(walk *w) {
  bool more = true;
  for (uint64_t n = 1 + below(&chance, 6); n > 0; n--) {
    if (!done(hmap_scan_class(&w->it, &more)) || !more)
      return;
    do {
      EXPECT(hmap_scan_next(&w->it) == HMAP_OK);
      if (w->it.key != NULL)
        expect_due(w);
    } while (w->it.key != NULL);
  }
}

static void do_scan(void) {
  if (!scan.open) {
    begin(&scan);
    scan.cursor = (hmap_cursor){.map = 0};
  }
  hmap_status status = hmap_scan_open(&scan.it, m, &scan.cursor);
  if (status == HMAP_ECURSOR) {
    give_up(&scan);
    return;
  }
  if (!done(status))
    return;
  scan_some(&scan);
  hmap_scan_tell(&scan.it, &scan.cursor);
  hmap_iter_close(&scan.it);
  if (scan.cursor.n == 0) {
    expect_all_given(&scan);
    scan.open = false;
  }
}

/* -- a trial -------------------------------------------------------------- */

/* Commands by weight while the map fills and while it drains. */
static const struct {
  void (*run)(void);
  unsigned filling, draining;
} commands[] = {
    {do_put, 300, 60},      {do_delete, 60, 300}, {do_get, 40, 40},
    {do_get_or_put, 40, 5}, {do_assign, 40, 5},   {do_clear, 1, 1},
    {do_reserve, 2, 1},     {do_step, 20, 20},    {do_shrink, 2, 6},
    {do_rekey, 3, 3},       {do_put_many, 6, 1},  {do_get_many, 4, 4},
    {do_delete_many, 1, 6}, {do_walk, 60, 60},    {do_abandon, 2, 2},
    {do_scan, 30, 30},
};

#define NCOMMANDS (sizeof commands / sizeof commands[0])

static void run_command(bool filling) {
  uint64_t sum = 0, at;
  for (size_t i = 0; i < NCOMMANDS; i++)
    sum += filling ? commands[i].filling : commands[i].draining;
  at = below(&chance, sum);
  for (size_t i = 0; i < NCOMMANDS; i++) {
    unsigned weight = filling ? commands[i].filling : commands[i].draining;
    if (at < weight) {
      refused_before = memory.refused;
      commands[i].run();
      return;
    }
    at -= weight;
  }
}

static void expect_the_list(void) {
  for (uint32_t n = 0; n < on->keys; n++)
    expect_reads(n);
}

static void expect_bytes(void) {
  hmap_stats s;
  hmap_get_stats(m, &s);
  EXPECT_SAY(s.bytes == memory.bytes, "holds %zu bytes, says %zu", memory.bytes,
             s.bytes);
}

static void set_up_list(void) {
  key = calloc(on->keys, sizeof *key);
  elem = calloc(on->keys, sizeof *elem);
  born = calloc(on->keys, sizeof *born);
  scan = (walk){.given = calloc(on->keys, sizeof *born)};
  for (size_t i = 0; i < NWALKS; i++)
    walks[i] = (walk){.given = calloc(on->keys, sizeof *born)};
  for (uint32_t n = 0; n < on->keys; n++)
    make_cell(&key[n], key_kind, n);
  births = count = fresh = 0;
}

/* Refused memory, hmap_new leaves nothing behind. */
static void set_up_map(void) {
  hmap_pages pages;
  hmap_policy policy = hmap_policy_of(on->preset);
  hmap_options o = {.key = key_kind->spec,
                    .elem = elem_kind->spec,
                    .hint = on->keys / 8,
                    .hash = on->hash,
                    .map_min = on->map_min,
                    .max_bytes = on->max_bytes,
                    .policy = &policy,
                    .seeded = true,
                    .seed = chance};
  heap_serve(&memory, &o, &pages);
  refused_before = memory.refused;
  while (!done(hmap_new(&o, &m))) {
    EXPECT(m == NULL && memory.bytes == 0);
    refused_before = memory.refused;
  }
}

static void set_up(void) {
  key_kind = kind_named(on->key);
  elem_kind = kind_named(on->elem);
  key_size = cell_size(key_kind);
  elem_size = cell_size(elem_kind);
  set_up_list();
  set_up_map();
}

/* Iterators that are still open end with the map, whoever goes first. */
static void tear_down(void) {
  if (walks[0].open)
    hmap_iter_close(&walks[0].it);
  hmap_free(m);
  for (size_t i = 0; i < NWALKS; i++) {
    if (walks[i].open) {
      EXPECT(hmap_iter_next(&walks[i].it) == HMAP_OK);
      EXPECT(walks[i].it.key == NULL);
      hmap_iter_close(&walks[i].it);
    }
    walks[i].open = false;
    free(walks[i].given);
  }
  scan.open = false;
  free(scan.given);
  free(key);
  free(elem);
  free(born);
  EXPECT(memory.bytes == 0);
  EXPECT(!memory.wrong);
}

/* Runs the trial with memory as it is set. Small maps are walked after every
** command, others now and then and when memory was refused. */
static void run_trial(void) {
  bool filling = true;
  set_up();
  for (uint32_t step = 0; step < on->steps; step++) {
    if (below(&chance, on->keys) == 0)
      filling = !filling;
    run_command(filling);
    bool refused = memory.refused > refused_before;
    EXPECT(hmap_count(m) == count);
    expect_bytes();
    if (count < 100 || step % 8 == 0 || refused)
      expect_sound(m);
    if (step % 50 == 0 || refused)
      expect_the_list();
  }
  expect_the_list();
  tear_down();
}

#endif
