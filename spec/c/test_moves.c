/* test_moves.c: how a map changes its size and its hash key, and what those who
** walk over it meanwhile are given.
**
**   test_moves [operations [seed]]     default: a few seconds of them
**
** First sentences about policies, moves on request, attacks and cursors; then
** each command with each of its requests for memory refused in turn; then
** random lives (moves_life.h), as many operations as asked for. */
#define _DEFAULT_SOURCE 1
#include "moves_meter.h"

/* -- policies ------------------------------------------------------------- */

static void go_never_shrinks_nor_rekeys(void) {
  hmap_options o = usual(NULL);
  o.hash = HMAP_HASH_CONSTANT;
  make(&o);
  put_all(0, 500);
  drop_all(1, 500);
  settle();
  EXPECT(growths(HMAP_GROW_DOUBLE) > 0 && stats_now().nbuckets > 64);
  EXPECT(growths(HMAP_GROW_SHRINK) == 0 && growths(HMAP_GROW_REKEY) == 0);
  expect_keys(0, 1);
  over();
}

static void adaptive_shrinks_below_an_eighth(void) {
  make_preset(HMAP_POLICY_ADAPTIVE);
  fill_up(3000);
  int64_t full = (int64_t)hmap_count(m), eighth = full / 8;
  EXPECT(full == 3328); /* 6.5 * 2^9 */
  drop_all(eighth, full);
  EXPECT(growths(HMAP_GROW_SHRINK) == 0);
  drop_all(eighth - 1, eighth);
  EXPECT(growths(HMAP_GROW_SHRINK) == 1);
  EXPECT(stats_now().kind == HMAP_GROW_SHRINK && stats_now().nbuckets == 128);
  settle();
  expect_keys(0, eighth - 1);
  over();
}

/* The last deletes leave a map of one bucket. */
static void adaptive_shrinks_all_the_way(void) {
  for (int preset = HMAP_POLICY_ADAPTIVE; preset <= HMAP_POLICY_REDIS;
       preset++) {
    make_preset((hmap_preset)preset);
    put_all(0, 10000);
    drop_all(0, 10000);
    settle();
    EXPECT(stats_now().nbuckets == 1);
    put_all(0, 10);
    expect_keys(0, 10);
    over();
  }
}

/* Policies that shrink: presets, and others by number. */
static hmap_policy shrinking(uint64_t n) {
  if (n < 2)
    return hmap_policy_of(n == 0 ? HMAP_POLICY_ADAPTIVE : HMAP_POLICY_REDIS);
  hmap_policy p = hmap_policy_of(HMAP_POLICY_ADAPTIVE);
  p.load = 0.5 + (double)(n % 7) * 2;
  p.shrink = (double)(1 + n % 8) / 32;
  p.all_at_once = n % 2;
  return p;
}

static void expect_one_resize(int64_t full, int64_t n) {
  put_all(0, full);
  settle();
  uint64_t before = resizes();
  drop_all(full - n, full);
  put_all(full - n, full);
  EXPECT_SAY(resizes() <= before + 1, "%" PRId64 " of %" PRId64 ": %" PRIu64, n,
             full, resizes() - before);
  settle();
  EXPECT(resizes() <= before + 1);
}

static void deletes_and_inserts_cause_one_resize_at_most(void) {
  chance = 3;
  for (uint64_t i = 0; i < 200; i++) {
    hmap_policy p = shrinking(i % 20);
    int64_t full = 1 + (int64_t)upto(3000);
    make_by(&p);
    expect_one_resize(full, (int64_t)upto((uint64_t)full / 2));
    over();
  }
}

/* Puts and deletes key k, again and again. */
static void oscillate(int64_t k) {
  for (int i = 0; i < 50; i++) {
    put(k);
    EXPECT(drop(k));
    settle();
  }
}

static void oscillating_causes_one_resize_at_most(void) {
  for (uint64_t i = 0; i < 20; i++) {
    hmap_policy p = shrinking(i);
    make_by(&p);
    for (int64_t full = 1; full < 600; full++) {
      put(full);
      settle();
      uint64_t before = resizes();
      oscillate(0);
      EXPECT_SAY(resizes() <= before + 1,
                 "load %g: %" PRIu64 " at %" PRId64 " entries", p.load,
                 resizes() - before, full);
    }
    for (int64_t full = 599; full > 1; full--) {
      EXPECT(drop(full));
      settle();
      uint64_t before = resizes();
      oscillate(0);
      EXPECT(resizes() <= before + 1);
    }
    over();
  }
}

/* One bucket or few with Go's room for eight entries; no growth in vain. */
static void a_growth_makes_room(void) {
  for (uint64_t i = 0; i < 20; i++) {
    hmap_policy p = shrinking(i);
    p.step_on = HMAP_STEP_ON_WRITE;
    p.all_at_once = true;
    make_by(&p);
    for (int64_t k = 0; k < 600; k++) {
      put(k);
      EXPECT_SAY(hmap_count(m) <= stats_now().threshold,
                 "load %g: %" PRId64 " entries", p.load, k + 1);
    }
    over();
  }
}

static void redis_steps_on_reads(void) {
  make_preset(HMAP_POLICY_REDIS);
  put_all(0, 1025);
  EXPECT(stats_now().growing);
  uint64_t reads = 0;
  for (; stats_now().growing; reads++)
    hmap_read_step(m);
  EXPECT(reads >= 1024 / 10 && reads <= 1024);
  expect_keys(0, 1025);
  over();
}

static void others_do_not(void) {
  hmap_header was, is;
  make_preset(HMAP_POLICY_GO);
  put_all(0, 417); /* 416 = 6.5 * 64 */
  hmap_get_header(m, &was);
  for (int i = 0; i < 1000; i++)
    hmap_read_step(m);
  hmap_get_header(m, &is);
  EXPECT(was.oldbuckets != NULL && memcmp(&was, &is, sizeof is) == 0);
  over();
}

/* Mostly empty buckets: a map that was reserved and not filled. */
static void redis_visits_ten_empty_buckets(void) {
  make_preset(HMAP_POLICY_REDIS);
  EXPECT(hmap_reserve(m, 4096) == HMAP_OK);
  put_all(0, 500);
  EXPECT(hmap_shrink(m) == HMAP_OK);
  bool ten = false;
  while (stats_now().growing) {
    uint64_t buckets = meter.buckets, full = meter.full;
    hmap_read_step(m);
    uint64_t visits = meter.buckets - buckets;
    EXPECT(meter.full <= full + 1);
    EXPECT(visits <= 10 &&
           (visits == 10 || meter.full > full || !stats_now().growing));
    ten |= visits == 10;
  }
  EXPECT(ten);
  expect_keys(0, 500);
  over();
}

/* In the middle of a move from 64 to 128 buckets, where it stays. */
static void make_growing(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  p.step_on = HMAP_STEP_MANUAL;
  make_by(&p);
  put_all(0, 417);
  EXPECT(stats_now().growing && !stats_now().pending);
}

/* Tells the old bucket of a key through the identity hash. */
static void manual_moves_what_a_write_must(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  p.step_on = HMAP_STEP_MANUAL;
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_IDENTITY;
  make(&o);
  put_all(0, 417); /* begins 64 -> 128, and moves bucket 416 % 64 */
  EXPECT(meter.last == 32 && stats_now().evacuated == 1);
  meter_zero();
  for (int64_t k = 0; k < 417; k++)
    (void)hmap_get_i64(m, k);
  hmap_read_step(m);
  EXPECT(meter.buckets == 0);
  for (int64_t k = 1; k < 64; k++) {
    meter_zero();
    k % 2 ? put(k) : (void)drop(k + 6400);
    EXPECT(meter.buckets == (k != 32) &&
           (k == 32 || meter.last == (uint64_t)k));
    put(k);
    EXPECT(meter.buckets == (k != 32));
  }
  expect_keys(0, 417);
  over();
}

static void all_at_once_is_never_growing(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_ALL_AT_ONCE);
  p.shrink = 1.0 / 8;
  p.chain_alarm = 3;
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_IDENTITY;
  make(&o);
  chance = 5;
  for (int i = 0; i < 20000; i++) {
    int64_t k = (int64_t)upto(300) << 4 * (i / 5000);
    i / 1000 % 2 == 0 ? put(k) : (void)drop(k);
    if (one_in(500))
      EXPECT(hmap_rekey(m) == HMAP_OK);
    EXPECT(!stats_now().growing);
  }
  for (int g = 0; g < HMAP_NGROWTHS; g++)
    EXPECT(growths((hmap_growth)g) > 0 || g == HMAP_GROW_SAME_SIZE);
  expect_sound(m);
  over();
}

/* Its overflow buckets are more than a 16-bit counter can tell. */
static void long_chains_by_intent_are_no_alarm(void) {
  const int64_t n = 64 << 14;
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  p.load = 64;
  make_by(&p);
  EXPECT(hmap_reserve(m, (size_t)n) == HMAP_OK &&
         stats_now().nbuckets == 16384);
  put_all(0, n);
  EXPECT(growths(HMAP_GROW_SAME_SIZE) == 0 && growths(HMAP_GROW_DOUBLE) == 0);
  over();
}

/* What it needs, the bucket at the mark, or both; and never a standstill. */
static void a_write_moves_what_the_policy_says(void) {
  for (uint32_t moves = 1; moves <= 9; moves += 2) {
    hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
    p.moves = moves;
    make_by(&p);
    put_all(0, 3329); /* 3328 = 6.5 * 512 */
    for (int64_t k = 0; stats_now().growing; k++) {
      uint64_t remaining = stats_now().remaining;
      meter_zero();
      put(k % 3329);
      EXPECT(meter.buckets <= moves);
      EXPECT(meter.buckets >= (moves > 1 ? moves - 1 : 1) ||
             meter.buckets == remaining);
    }
    expect_keys(0, 3329);
    over();
  }
}

static void refuses_numbers_no_policy_can_have(void) {
  const hmap_policy go = hmap_policy_of(HMAP_POLICY_GO);
  hmap_policy bad[16], now;
  for (size_t i = 0; i < 16; i++)
    bad[i] = go;
  bad[0].load = 0;
  bad[1].load = -1;
  bad[2].load = 1e9;
  bad[3].load = strtod("nan", NULL);
  bad[4].load = strtod("inf", NULL);
  bad[5].moves = 0;
  bad[6].moves = UINT32_MAX;
  bad[7].empty_visits = 0;
  bad[8].empty_visits = UINT32_MAX;
  bad[9].step_on = (hmap_step_on)(HMAP_STEP_MANUAL + 1);
  bad[10].shrink = -1.0 / 8;
  bad[11].shrink = 0.26;
  bad[12].shrink = strtod("nan", NULL);
  bad[13].chain_alarm = 1;
  bad[14].load = 0.12;
  bad[15].load = 1024.5;
  make_by(&go);
  for (size_t i = 0; i < 16; i++) {
    hmap *made;
    hmap_options o = usual(&bad[i]);
    EXPECT_SAY(hmap_tune(m, &bad[i]) == HMAP_EINVAL, "number %zu", i);
    EXPECT(hmap_new(&o, &made) == HMAP_EINVAL && made == NULL);
  }
  hmap_get_policy(m, &now);
  EXPECT(now.load == go.load && now.moves == go.moves &&
         now.empty_visits == go.empty_visits && now.step_on == go.step_on &&
         now.shrink == 0 && now.chain_alarm == 0);
  over();
}

/* The next insert, and the next delete, go by the new numbers. */
static void tune_takes_effect_on_a_filled_map(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  make_by(&p);
  fill_up(400);
  EXPECT(hmap_count(m) == 416);
  p.load = 13;
  EXPECT(hmap_tune(m, &p) == HMAP_OK);
  uint64_t before = resizes();
  put_all(416, 832);
  EXPECT(resizes() == before && stats_now().threshold == 832);
  p.load = 1;
  p.shrink = 1.0 / 4;
  EXPECT(hmap_tune(m, &p) == HMAP_OK);
  put(832);
  EXPECT(resizes() == before + 1);
  settle();
  before = growths(HMAP_GROW_SHRINK);
  drop_all(1, 833);
  EXPECT(growths(HMAP_GROW_SHRINK) > before);
  expect_keys(0, 1);
  over();
}

/* -- moves on request ----------------------------------------------------- */

static void expect_room(int64_t from, int64_t to) {
  settle();
  uint64_t before = meter.begun;
  put_all(from, to);
  EXPECT_SAY(meter.begun == before, "%" PRIu64 " more growths",
             meter.begun - before);
  expect_keys(0, to);
}

static void reserve_makes_room(void) {
  for (int preset = HMAP_POLICY_GO; preset <= HMAP_POLICY_ALL_AT_ONCE;
       preset++) {
    for (int64_t full = 0; full < 2000; full = full * 3 + 1) {
      make_preset((hmap_preset)preset);
      put_all(0, full);
      settle();
      EXPECT(hmap_reserve(m, 5000) == HMAP_OK);
      EXPECT(full < 9 || meter.begun > 0);
      expect_room(full, 5000);
      EXPECT(hmap_reserve(m, 10) == HMAP_OK && !stats_now().growing);
      over();
    }
  }
}

static void reserve_waits_for_a_growth(void) {
  for (uint64_t buckets = 256; buckets <= 2048; buckets *= 2) {
    int64_t room = (int64_t)buckets * 13 / 2;
    make_growing();
    EXPECT(hmap_reserve(m, (size_t)room) == HMAP_OK);
    EXPECT(stats_now().pending && stats_now().next_kind == HMAP_GROW_DOUBLE);
    EXPECT(stats_now().nbuckets == 128);
    EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
    EXPECT(!stats_now().pending && stats_now().nbuckets == buckets);
    expect_room(417, room);
    over();
  }
}

static void shrink_and_rekey_wait_for_a_growth(void) {
  make_growing();
  EXPECT(hmap_shrink(m) == HMAP_OK);
  EXPECT(stats_now().pending && stats_now().next_kind == HMAP_GROW_SHRINK);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  EXPECT(stats_now().pending && stats_now().next_kind == HMAP_GROW_REKEY);
  EXPECT(stats_now().growing && stats_now().kind == HMAP_GROW_DOUBLE);
  expect_keys(0, 417);
  settle();
  EXPECT(growths(HMAP_GROW_REKEY) == 1 && growths(HMAP_GROW_SHRINK) == 0);
  drop(416); /* now half the buckets hold them */
  EXPECT(hmap_rekey(m) == HMAP_OK && hmap_shrink(m) == HMAP_OK);
  settle();
  EXPECT(growths(HMAP_GROW_REKEY) == 2 && growths(HMAP_GROW_SHRINK) == 1);
  EXPECT(stats_now().nbuckets == 64);
  expect_keys(0, 416);
  over();
}

/* The growth ends in a get_or_put, which leaves what waits to the next call. */
static void end_growth_if(bool so) {
  if (!so)
    return;
  const void *now;
  bool existed;
  for (int64_t k = 0; stats_now().growing; k++)
    EXPECT(hmap_get_or_put(m, &k, &k, &now, &existed) == HMAP_OK);
  EXPECT(stats_now().pending);
}

/* Of shrink and reserve, which contradict each other. */
static void the_later_request_counts(void) {
  for (int ended = 0; ended < 2; ended++) {
    for (size_t room = 800; room <= 8000; room *= 10) {
      make_growing();
      EXPECT(hmap_shrink(m) == HMAP_OK);
      end_growth_if(ended);
      EXPECT(hmap_reserve(m, room) == HMAP_OK);
      expect_room(417, (int64_t)room);
      over();
    }
    make_growing();
    EXPECT(hmap_reserve(m, 8000) == HMAP_OK);
    end_growth_if(ended);
    EXPECT(hmap_shrink(m) == HMAP_OK);
    settle();
    EXPECT(stats_now().threshold == 832);
    over();
  }
}

/* Moves that begin and end at once, one after the other. */
static void all_that_waits_is_done_in_turn(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_ALL_AT_ONCE);
  make_growing();
  EXPECT(hmap_rekey(m) == HMAP_OK && hmap_reserve(m, 8000) == HMAP_OK);
  EXPECT(hmap_tune(m, &p) == HMAP_OK);
  EXPECT(hmap_step(m, 1000, NULL, NULL) == HMAP_OK);
  EXPECT(!stats_now().growing && !stats_now().pending);
  EXPECT(growths(HMAP_GROW_REKEY) == 1 && stats_now().nbuckets == 2048);
  expect_keys(0, 417);
  over();
}

static void shrink_takes_the_fewest_buckets(void) {
  for (int64_t left = 0; left < 300; left = left * 2 + 1) {
    make_preset(HMAP_POLICY_GO);
    put_all(0, 5000);
    settle();
    drop_all(left, 5000);
    EXPECT(hmap_shrink(m) == HMAP_OK);
    settle();
    hmap_stats s = stats_now();
    EXPECT(s.threshold >= (uint64_t)left);
    EXPECT(s.nbuckets == 1 || s.nbuckets / 2 * 13 / 2 < (uint64_t)left);
    expect_keys(0, left);
    EXPECT(hmap_shrink(m) == HMAP_OK && !stats_now().growing);
    over();
  }
}

/* Every kind of hash but the caller's own gives way to XXH3. */
static void rekey_turns_to_xxh3(void) {
  static const hmap_hash hashes[] = {HMAP_HASH_XXH3, HMAP_HASH_IDENTITY,
                                     HMAP_HASH_CONSTANT, HMAP_HASH_FNV1A,
                                     HMAP_HASH_JAVA31};
  for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
    hmap_options o = usual(NULL);
    hmap_header was, is;
    int64_t k = 40;
    o.hash = hashes[i];
    make(&o);
    put_all(0, 1000);
    settle();
    hmap_get_header(m, &was);
    uint64_t hash = hmap_hash_of(m, &k);
    EXPECT(hmap_rekey(m) == HMAP_OK && stats_now().kind == HMAP_GROW_REKEY);
    hmap_get_header(m, &is);
    EXPECT(was.hash0 != is.hash0 && hash != hmap_hash_of(m, &k));
    expect_keys(0, 1000);
    settle();
    EXPECT_SAY(longest_chain() <= 3, "chain of %" PRIu64, longest_chain());
    expect_keys(0, 1000);
    over();
  }
}

static void rekey_keeps_the_callers_hash(void) {
  hmap_options o = usual(NULL);
  hmap_header h;
  int64_t k = 40;
  o.hash = HMAP_HASH_CUSTOM;
  make(&o);
  put_all(0, 1000);
  EXPECT(hmap_rekey(m) == HMAP_OK);
  settle();
  hmap_get_header(m, &h);
  EXPECT(hmap_hash_of(m, &k) == keyed_hash(&k, h.hash0, NULL));
  expect_keys(0, 1000);
  over();
}

static void nan_keys_forbid_shrink_and_rekey(void) {
  hmap_options o = usual(NULL);
  hmap_header was, is;
  hmap_stats before, after;
  o.key.kind = HMAP_FLOAT64;
  make(&o);
  double nan = strtod("nan", NULL);
  int64_t v = 1;
  for (double k = 0; k < 417; k++)
    EXPECT(hmap_put(m, &k, &v) == HMAP_OK);
  EXPECT(hmap_put(m, &nan, &v) == HMAP_OK);
  for (int growing = 1; growing >= 0; growing--) {
    EXPECT(stats_now().growing == growing);
    hmap_get_header(m, &was);
    before = stats_now();
    EXPECT(hmap_shrink(m) == HMAP_EINVAL && hmap_rekey(m) == HMAP_EINVAL);
    hmap_get_header(m, &is);
    after = stats_now();
    EXPECT(memcmp(&was, &is, sizeof is) == 0);
    EXPECT(!after.pending && after.bytes == before.bytes &&
           after.growing == before.growing);
    settle();
  }
  EXPECT(hmap_clear(m) == HMAP_OK);
  EXPECT(hmap_shrink(m) == HMAP_OK && stats_now().kind == HMAP_GROW_SHRINK);
  over();
}

/* A map of float64 in the middle of a move from 1 to 2 buckets. */
static void make_growing_floats(uint32_t alarm) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  hmap_options o = usual(&p);
  p.step_on = HMAP_STEP_MANUAL;
  p.chain_alarm = alarm;
  o.key.kind = HMAP_FLOAT64;
  o.hash = HMAP_HASH_CONSTANT;
  make(&o);
  EXPECT(hmap_reserve(m, 100) == HMAP_OK);
  for (double k = 0; k < 8; k++)
    EXPECT(hmap_put(m, &k, &k) == HMAP_OK);
  EXPECT(hmap_reserve(m, 200) == HMAP_OK && stats_now().growing);
}

static void a_nan_calls_off_what_waits(void) {
  double nan = strtod("nan", NULL);
  make_growing_floats(0);
  EXPECT(hmap_rekey(m) == HMAP_OK && hmap_shrink(m) == HMAP_OK);
  EXPECT(hmap_put(m, &nan, &nan) == HMAP_OK);
  settle();
  EXPECT(growths(HMAP_GROW_REKEY) == 0 && growths(HMAP_GROW_SHRINK) == 0);
  EXPECT(hmap_count(m) == 9);
  expect_sound(m);
  over();
}

static void a_nan_silences_the_alarm(void) {
  double nan = strtod("nan", NULL);
  make_growing_floats(2);
  EXPECT(hmap_put(m, &nan, &nan) == HMAP_OK);
  for (double k = 0; k < 100; k++)
    EXPECT(hmap_put(m, &k, &k) == HMAP_OK);
  EXPECT(stats_now().growing && !stats_now().pending);
  settle();
  EXPECT(growths(HMAP_GROW_REKEY) == 0);
  over();
}

/* Moves the buckets behind the mark first, 3000 of them, by a write each. */
static void step_counts_what_it_moves(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  size_t moved, remaining, sum = 0;
  p.step_on = HMAP_STEP_MANUAL;
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_IDENTITY;
  make(&o);
  EXPECT(hmap_reserve(m, 4096 * 6) == HMAP_OK);
  put_all(0, 4096);
  EXPECT(hmap_reserve(m, 4096 * 12) == HMAP_OK);
  put_all(1, 3001);
  EXPECT(stats_now().remaining == 1096);
  do {
    EXPECT(hmap_step(m, 5, &moved, &remaining) == HMAP_OK);
    sum += moved;
    EXPECT_SAY(sum + remaining == 1096, "%zu moved, %zu remain", sum,
               remaining);
  } while (stats_now().growing);
  EXPECT(hmap_step(m, 5, &moved, &remaining) == HMAP_OK);
  EXPECT(moved == 0 && remaining == 0);
  expect_keys(0, 4096);
  over();
}

static void one_long_step_gives_back_what_waits(void) {
  make_preset(HMAP_POLICY_GO);
  put_all(0, 100000);
  settle();
  EXPECT(hmap_clear(m) == HMAP_OK);
  put_all(0, 100);
  EXPECT(hmap_step(m, SIZE_MAX, NULL, NULL) == HMAP_OK);
  hmap_memory memory_now;
  hmap_get_memory(m, &memory_now);
  EXPECT(memory_now.old == 0);
  expect_keys(0, 100);
  over();
}

/* However many: prefetching must not cost a second hash. */
static void many_keys_hash_each_key_once(void) {
  static int64_t keys[1000];
  static const void *found[1000];
  size_t ndone;
  hmap_options o = usual(NULL);
  o.hash = HMAP_HASH_CUSTOM;
  o.hint = 1000;
  make(&o);
  for (int64_t k = 0; k < 1000; k++)
    keys[k] = k;
  EXPECT(hmap_put_many(m, keys, keys, 1000, &ndone) == HMAP_OK);
  EXPECT(meter.hashes == 1000 && ndone == 1000);
  expect_keys(0, 1000);
  meter_zero();
  hmap_get_many(m, keys, 1000, found);
  EXPECT(meter.hashes == 1000);
  for (size_t i = 0; i < 1000; i++)
    EXPECT(*(const int64_t *)found[i] == keys[i]);
  EXPECT(hmap_delete_many(m, keys, 1000) == 1000);
  EXPECT(meter.hashes == 2000);
  over();
}

/* -- attacks -------------------------------------------------------------- */

/* One bucket of any table up to 2^32, one tophash, if hash0 is right. */
static int64_t crafted(uint32_t hash0, uint64_t i) {
  uint64_t hash = UINT64_C(0x80) << 56 | i << 32 | 5;
  return (int64_t)(unmix(hash) ^ spread(hash0));
}

static void make_keyed(hmap_preset preset, int64_t hint) {
  hmap_policy p = hmap_policy_of(preset);
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_CUSTOM;
  o.hint = hint;
  make(&o);
}

/* 8 * alarm entries are a chain at the alarm; the next one passes it. */
static void a_chain_beyond_the_alarm_begins_a_rekey(void) {
  for (uint32_t alarm = 2; alarm <= 6; alarm++) {
    hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
    p.chain_alarm = alarm;
    make_keyed(HMAP_POLICY_GO, 1000);
    EXPECT(hmap_tune(m, &p) == HMAP_OK);
    hmap_header h;
    hmap_get_header(m, &h);
    for (uint64_t i = 0; i < 8 * alarm; i++)
      put(crafted(h.hash0, i));
    EXPECT(longest_chain() == alarm && meter.begun == 0);
    put(crafted(h.hash0, 8 * alarm));
    EXPECT(meter.begun == 1 && stats_now().kind == HMAP_GROW_REKEY);
    settle();
    EXPECT(longest_chain() < alarm);
    expect_sound(m);
    over();
  }
}

static uint64_t unkeyed_hash(const void *at, uint32_t hash0, void *ud) {
  (void)at, (void)hash0, (void)ud;
  return 5;
}

/* A hash that no key helps: rekeys at 41, and each time at twice the entries.
*/
static void rekeys_again_when_the_entries_have_doubled(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_ADAPTIVE);
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_CUSTOM;
  o.hash_fn = unkeyed_hash;
  make(&o);
  put_all(0, 41 * 32 + 8);
  settle();
  EXPECT_SAY(growths(HMAP_GROW_REKEY) >= 5 && growths(HMAP_GROW_REKEY) <= 6,
             "%" PRIu64 " rekeys", growths(HMAP_GROW_REKEY));
  expect_keys(0, 41 * 32 + 8);
  over();
}

/* A chain that grows long in the middle of a rekey waits for its end. */
static void no_alarm_in_a_rekey(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  hmap_options o = usual(&p);
  o.hash = HMAP_HASH_CUSTOM;
  o.hash_fn = unkeyed_hash;
  o.hint = 1000;
  make(&o);
  p.step_on = HMAP_STEP_MANUAL;
  p.chain_alarm = 2;
  put(0);
  EXPECT(hmap_rekey(m) == HMAP_OK && hmap_tune(m, &p) == HMAP_OK);
  put_all(1, 100);
  EXPECT(stats_now().growing && !stats_now().pending);
  expect_keys(0, 100);
  over();
}

/* The most work that one put of an attack did. */
typedef struct worst {
  uint64_t hashes, entries, buckets;
} worst;

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

static worst attack(uint64_t keys) {
  hmap_header h;
  worst w = {0, 0, 0};
  hmap_get_header(m, &h);
  for (uint64_t i = 0; i < keys; i++) {
    meter_zero();
    put(crafted(h.hash0, i));
    w.hashes = most(w.hashes, meter.hashes);
    w.entries = most(w.entries, meter.entries);
    w.buckets = most(w.buckets, meter.buckets);
  }
  for (uint64_t i = 0; i < keys; i++)
    EXPECT(hmap_get_i64(m, crafted(h.hash0, i)) != NULL);
  return w;
}

/* Old buckets that a write moves while a rekey waits. */
#define HURRY 16

/* A bucket of the attacked table holds at most its share, MATES. The chain in
** which the crafted keys end is at most ALARM buckets long when the rekey is
** asked for; while that waits for `waiting` old buckets to move, HURRY with
** each write, every write may add one key. A put then moves that chain at
** once, or HURRY ordinary ones; it hashes what it moves, and its own key under
** the old hash0 and the new. */
static void expect_bounds(worst w, uint64_t waiting) {
  const uint64_t alarm = 5, mates = 24;
  uint64_t chain = 8 * alarm + 1 + waiting / HURRY + mates;
  EXPECT_SAY(w.entries <= most(chain, HURRY * mates), "a put moved %" PRIu64,
             w.entries);
  EXPECT_SAY(w.hashes <= w.entries + 2, "a put hashed %" PRIu64, w.hashes);
  EXPECT(w.buckets <= HURRY + 1);
  EXPECT(growths(HMAP_GROW_REKEY) == 1);
  settle();
  EXPECT_SAY(longest_chain() <= 3, "a chain of %" PRIu64, longest_chain());
  expect_sound(m);
  over();
}

static void survives_an_attack_from_empty(void) {
  make_keyed(HMAP_POLICY_ADAPTIVE, 0);
  expect_bounds(attack(60000), 0);
}

static void survives_an_attack_at_rest(void) {
  make_keyed(HMAP_POLICY_ADAPTIVE, 0);
  put_all(0, 60000);
  settle();
  expect_bounds(attack(60000), 0);
}

static void survives_an_attack_in_a_doubling(void) {
  for (unsigned B = 5; B <= 14; B += 3) {
    make_keyed(HMAP_POLICY_ADAPTIVE, 0);
    fill_up((int64_t)6 << B);
    put(-1);
    EXPECT(stats_now().growing && stats_now().noldbuckets == UINT64_C(1) << B);
    expect_bounds(attack(60000), UINT64_C(1) << B);
  }
}

/* -- cursors and iterators ------------------------------------------------ */

#define MANY_KEYS 20000

static uint8_t times_given[MANY_KEYS];

/* At most n entries; false at the end. */
static bool take(hmap_iter *it, int n) {
  for (; n > 0; n--) {
    EXPECT(hmap_iter_next(it) == HMAP_OK);
    if (it->key == NULL)
      return false;
    times_given[*(const int64_t *)it->key]++;
  }
  return true;
}

static void expect_given_once(int64_t from, int64_t to) {
  for (int64_t k = from; k < to; k++)
    EXPECT_SAY(times_given[k] == 1, "key %" PRId64 " %d times", k,
               times_given[k]);
}

static void rekey_now(void) {
  EXPECT(hmap_rekey(m) == HMAP_OK);
  settle();
}

/* Each time the table is so small that classes are taken anew. */
static void shrink_thrice(hmap_iter *it) {
  static const int64_t left[] = {14000, 1000, 60}; /* B = 12, 8, 4 */
  for (int i = 0; i < 3; i++) {
    put_all(6, left[i]);
    EXPECT(hmap_shrink(m) == HMAP_OK);
    settle();
    EXPECT(take(it, 1));
    drop_all(6, left[i]);
  }
}

static void an_iterator_outlives_eight_rekeys(void) {
  hmap_iter it;
  make_preset(HMAP_POLICY_GO);
  memset(times_given, 0, sizeof times_given);
  EXPECT(hmap_reserve(m, 400000) == HMAP_OK); /* B = 16 */
  put_all(0, 6);
  hmap_iter_init(&it, m);
  EXPECT(take(&it, 1));
  shrink_thrice(&it);
  EXPECT(hmap_reserve(m, 400000) == HMAP_OK);
  settle();
  rekey_now();
  EXPECT(take(&it, 1));
  shrink_thrice(&it);
  put_all(1000, MANY_KEYS);
  for (int i = 1; i < HMAP_MAX_PAST; i++) {
    rekey_now();
    EXPECT(take(&it, 100));
  }
  while (take(&it, 100))
    continue;
  expect_given_once(0, 6);
  hmap_iter_close(&it);
  over();
}

static void an_iterator_says_when_it_is_lost(void) {
  hmap_iter it;
  make_preset(HMAP_POLICY_GO);
  put_all(0, 1000);
  hmap_iter_init(&it, m);
  EXPECT(take(&it, 10));
  for (int i = 0; i <= HMAP_MAX_PAST; i++)
    rekey_now();
  EXPECT(hmap_iter_next(&it) == HMAP_ECURSOR && it.key == NULL);
  EXPECT(hmap_iter_next(&it) == HMAP_ECURSOR);
  hmap_iter_close(&it);
  over();
}

/* Not once for each of the 2^16 classes that there were. */
static void an_iterator_takes_a_shrunken_map_as_it_is(void) {
  hmap_iter it;
  memset(times_given, 0, sizeof times_given);
  make_keyed(HMAP_POLICY_GO, 400000);
  put_all(0, 100);
  hmap_iter_init(&it, m);
  EXPECT(take(&it, 1));
  EXPECT(hmap_shrink(m) == HMAP_OK);
  settle();
  meter_zero();
  while (take(&it, 100))
    continue;
  EXPECT_SAY(meter.hashes < 1000, "%" PRIu64 " hashes", meter.hashes);
  expect_given_once(0, 100);
  hmap_iter_close(&it);
  over();
}

/* Goes on from a cursor, some classes at most. */
static hmap_status scan_on(hmap_cursor *c, int classes) {
  hmap_iter it;
  bool more = true;
  hmap_status status = hmap_scan_open(&it, m, c);
  if (status != HMAP_OK)
    return status;
  for (; more && classes > 0; classes--) {
    EXPECT(hmap_scan_class(&it, &more) == HMAP_OK);
    do {
      EXPECT(hmap_scan_next(&it) == HMAP_OK);
      if (it.key != NULL)
        times_given[*(const int64_t *)it.key]++;
    } while (it.key != NULL);
  }
  hmap_scan_tell(&it, c);
  hmap_iter_close(&it);
  return HMAP_OK;
}

static void a_cursor_outlives_eight_rekeys(void) {
  make_preset(HMAP_POLICY_GO);
  memset(times_given, 0, sizeof times_given);
  put_all(0, MANY_KEYS);
  hmap_cursor c = {.map = 0}, kept;
  EXPECT(scan_on(&c, 50) == HMAP_OK);
  kept = c;
  for (int i = 0; i < HMAP_MAX_PAST; i++) {
    rekey_now();
    if (i % 2)
      EXPECT(scan_on(&c, 50) == HMAP_OK);
  }
  hmap_cursor late = kept;
  while (c.n != 0)
    EXPECT(scan_on(&c, 50) == HMAP_OK);
  expect_given_once(0, MANY_KEYS);
  EXPECT(scan_on(&late, 1) == HMAP_OK);
  rekey_now();
  EXPECT(scan_on(&kept, 1) == HMAP_ECURSOR);
  EXPECT(scan_on(&late, 1) == HMAP_ECURSOR);
  over();
}

static void a_scan_of_a_shrunken_map_is_short(void) {
  make_preset(HMAP_POLICY_GO);
  memset(times_given, 0, sizeof times_given);
  EXPECT(hmap_reserve(m, 100000) == HMAP_OK);
  put_all(0, 100);
  hmap_cursor c = {.map = 0};
  EXPECT(scan_on(&c, 2) == HMAP_OK);
  EXPECT(hmap_shrink(m) == HMAP_OK);
  settle();
  EXPECT(stats_now().nbuckets == 16);
  EXPECT(scan_on(&c, 14 + 16) == HMAP_OK && c.n == 0);
  expect_given_once(0, 100);
  over();
}

/* Its class in hand is worth nothing after nine rekeys. */
static void an_open_scan_says_when_it_is_lost(void) {
  hmap_iter it;
  bool more;
  const hmap_cursor start = {.map = 0};
  make_preset(HMAP_POLICY_GO);
  put_all(0, 1000);
  EXPECT(hmap_scan_open(&it, m, &start) == HMAP_OK);
  EXPECT(hmap_scan_class(&it, &more) == HMAP_OK && more);
  for (int i = 0; i <= HMAP_MAX_PAST; i++)
    rekey_now();
  EXPECT(hmap_scan_class(&it, &more) == HMAP_ECURSOR && !more);
  EXPECT(hmap_scan_next(&it) == HMAP_ECURSOR && it.key == NULL);
  hmap_iter_close(&it);
  over();
}

/* Every scan comes to its end, if the map is let alone. */
static void a_scan_brings_a_rekey_to_its_end(void) {
  make_preset(HMAP_POLICY_GO);
  memset(times_given, 0, sizeof times_given);
  put_all(0, MANY_KEYS);
  settle();
  EXPECT(hmap_rekey(m) == HMAP_OK);
  hmap_cursor c = {.map = 0};
  int calls = 0;
  for (; stats_now().growing; calls++)
    EXPECT(scan_on(&c, 1) == HMAP_OK && c.n == 1);
  EXPECT(calls == 4096 / 64);
  EXPECT(scan_on(&c, 5000) == HMAP_OK && c.n == 0);
  expect_given_once(0, MANY_KEYS);
  over();
}

/* The end is no place to go on from, and nor is a place in another map. */
static void refuses_a_cursor_that_is_not_its_own(void) {
  hmap_policy p = hmap_policy_of(HMAP_POLICY_GO);
  hmap_options o = usual(&p);
  hmap_cursor c = {.map = 0}, ended;
  make_preset(HMAP_POLICY_GO);
  put_all(0, 1000);
  EXPECT(scan_on(&c, 5) == HMAP_OK && c.n == 1);
  ended = c;
  EXPECT(scan_on(&ended, 1000) == HMAP_OK && ended.n == 0);
  EXPECT(scan_on(&ended, 1) == HMAP_ECURSOR);
  over();
  for (int other = 0; other < 3; other++) {
    o.seeded = other > 0;
    o.seed = 7 + (uint64_t)other;
    make(&o);
    put_all(0, 1000);
    EXPECT(scan_on(&c, 5) == HMAP_ECURSOR);
    over();
  }
}

/* Whatever a byte of it becomes: refused, or it gives what is there. */
static void survives_a_cursor_with_a_wrong_byte(void) {
  hmap_cursor c = {.map = 0};
  make_preset(HMAP_POLICY_GO);
  put_all(0, 500);
  for (int i = 0; i < 3; i++) {
    EXPECT(scan_on(&c, 4) == HMAP_OK);
    rekey_now();
  }
  EXPECT(scan_on(&c, 4) == HMAP_OK && c.n == 4);
  for (size_t at = 0; at < sizeof c; at++)
    for (unsigned flip = 1; flip < 256; flip += flip < 8 ? 1 : 31) {
      hmap_cursor bad = c;
      ((uint8_t *)&bad)[at] ^= (uint8_t)flip;
      hmap_status status = scan_on(&bad, 300);
      EXPECT(status == HMAP_OK || status == HMAP_ECURSOR);
      EXPECT(at >= sizeof bad.map || status == HMAP_ECURSOR ||
             bad.map == c.map);
    }
  expect_keys(0, 500);
  over();
}

/* -- memory --------------------------------------------------------------- */

static hmap_status ask(int what) {
  return what == 0   ? hmap_shrink(m)
         : what == 1 ? hmap_rekey(m)
         : what == 2 ? hmap_reserve(m, 100000)
                     : hmap_put_i64(m, 416, &(int64_t){416});
}

/* Its requests are refused one by one, until one time none is. */
static void a_refused_move_has_not_begun(void) {
  for (int what = 0; what < 4; what++) {
    hmap_status status = HMAP_ENOMEM;
    for (size_t n = 1; status != HMAP_OK; n++) {
      hmap_options o = usual(NULL);
      hmap_header was, is;
      int64_t entries = what == 0 ? 100 : 416;
      memory = (heap){.bytes = 0};
      heap_serve(&memory, &o, &pages);
      o.hint = 400;
      make(&o);
      put_all(0, entries);
      hmap_get_header(m, &was);
      size_t bytes = memory.bytes;
      memory.refuse_at = memory.calls + n;
      status = ask(what);
      EXPECT((status == HMAP_ENOMEM) == (memory.refused > 0));
      hmap_get_header(m, &is);
      if (status == HMAP_OK) {
        EXPECT(stats_now().growing && n > 1);
      } else {
        EXPECT(memcmp(&was, &is, sizeof is) == 0 && memory.bytes == bytes);
        EXPECT(meter.begun == 0);
        expect_keys(0, entries);
      }
      over();
      EXPECT(memory.bytes == 0 && !memory.wrong);
    }
  }
}

/* At the limit a map reads and deletes as ever; a move that is stuck there for
** want of memory ends when there is nothing left to move. */
static void max_bytes_is_the_end_of_growth(void) {
  for (size_t limit = 4000; limit < 200000; limit = limit * 3 / 2) {
    hmap_options o = usual(NULL);
    o.max_bytes = limit;
    make(&o);
    int64_t k = 0;
    while (hmap_put_i64(m, k, &k) == HMAP_OK)
      k++;
    EXPECT(hmap_put_i64(m, k, &k) == HMAP_ELIMIT);
    EXPECT(stats_now().bytes <= limit && k > (int64_t)limit / 200);
    EXPECT(hmap_reserve(m, 1000000) == HMAP_ELIMIT || stats_now().growing);
    expect_keys(0, k);
    for (int64_t left = k; left > 0; left--) {
      hmap_status status = hmap_rekey(m);
      EXPECT(status == HMAP_OK || status == HMAP_ELIMIT);
      EXPECT(drop(left - 1) && stats_now().bytes <= limit);
    }
    settle();
    EXPECT(hmap_shrink(m) == HMAP_OK);
    settle();
    EXPECT(stats_now().nbuckets == 1);
    put_all(0, 8);
    expect_keys(0, 8);
    over();
  }
}

/* Whether a command, in the middle of a random life, was refused its nth
** request. */
static bool refuse_nth(const struct command *c, const char *keys, uint64_t seed,
                       size_t n) {
  draw_life(keys, seed);
  life.refusing = false;
  life.max_bytes = 0;
  be_born();
  live(100 + (uint32_t)(seed % 7) * 50);
  refused = memory.refused;
  memory.refuse_at = memory.calls + n;
  c->run();
  memory.refuse_at = 0;
  bool was_refused = memory.refused > refused;
  expect_the_list();
  expect_sound(m);
  at_rest = false;
  live(50);
  die();
  return was_refused;
}

/* -- all of it ------------------------------------------------------------ */

static const char *const key_names[] = {
    "int8",   "int16",    "int32",     "int64",   "uint8", "uint16",
    "uint32", "uint64",   "float32",   "float64", "bool",  "short text",
    "text",   "[16]byte", "[136]byte", "any",     "point", "record"};

#define NKEYS (sizeof key_names / sizeof key_names[0])

/* As it() does, but a failure says whose life it was. */
static void it_lives(const char *sentence, void (*body)(void)) {
  bool holds = setjmp(check_end) == 0;
  if (holds)
    body();
  verdict(holds, sentence, holds ? NULL : epitaph());
}

static const struct command *refused_command;

static void leaves_the_map_as_it_was(void) {
  for (uint64_t seed = 0; seed < 40; seed++) {
    const char *keys = key_names[seed % NKEYS];
    for (size_t n = 1; refuse_nth(refused_command, keys, seed, n); n++)
      EXPECT(n < 100000);
  }
}

static struct {
  const char *keys;
  uint64_t first, lives;
} course;

#define STEPS 3000

static void lives_like_a_list(void) {
  for (uint64_t i = 0; i < course.lives; i++) {
    draw_life(course.keys, course.first + i);
    be_born();
    live(STEPS);
    die();
  }
}

static void refuse_all(void) {
  char sentence[100];
  for (size_t i = 0; i < NCOMMANDS; i++) {
    refused_command = &commands[i];
    (void)snprintf(sentence, sizeof sentence,
                   "%s leaves the map as it was when memory is refused",
                   commands[i].name);
    it_lives(sentence, leaves_the_map_as_it_was);
  }
}

static void live_all(uint64_t operations, uint64_t seed) {
  char sentence[100];
  course.lives = operations / NKEYS / STEPS + 1;
  for (size_t i = 0; i < NKEYS; i++) {
    course.keys = key_names[i];
    course.first = (seed * NKEYS + i) << 32;
    (void)snprintf(sentence, sizeof sentence,
                   "%" PRIu64 " lives of maps by %s read as a list would",
                   course.lives, course.keys);
    it_lives(sentence, lives_like_a_list);
  }
}

static void all_sentences(void) {
  it("go never shrinks nor rekeys", go_never_shrinks_nor_rekeys);
  it("adaptive shrinks when a delete leaves less than an eighth",
     adaptive_shrinks_below_an_eighth);
  it("adaptive and redis shrink all the way to one bucket",
     adaptive_shrinks_all_the_way);
  it("n deletes and n inserts, n up to half the entries, resize at most once",
     deletes_and_inserts_cause_one_resize_at_most);
  it("oscillating at any number of entries resizes at most once",
     oscillating_causes_one_resize_at_most);
  it("a growth makes room at once, whatever the load", a_growth_makes_room);
  it("redis moves on reads", redis_steps_on_reads);
  it("go does not move on reads", others_do_not);
  it("redis visits one full or ten empty buckets a read",
     redis_visits_ten_empty_buckets);
  it("manual moves nothing but what a write must",
     manual_moves_what_a_write_must);
  it("all_at_once is never growing after an operation",
     all_at_once_is_never_growing);
  it("chains that are long by intent begin no growth to the same size",
     long_chains_by_intent_are_no_alarm);
  it("a write moves as many old buckets as the policy says",
     a_write_moves_what_the_policy_says);
  it("refuses numbers that no policy can have",
     refuses_numbers_no_policy_can_have);
  it("tune takes effect on a filled map", tune_takes_effect_on_a_filled_map);

  it("reserve makes room for n entries without a further growth",
     reserve_makes_room);
  it("reserve waits for a growth under way, and stats say so",
     reserve_waits_for_a_growth);
  it("shrink and rekey wait for a growth under way, and stats say so",
     shrink_and_rekey_wait_for_a_growth);
  it("of reserve and shrink that wait the later one counts",
     the_later_request_counts);
  it("all that waits is done in turn", all_that_waits_is_done_in_turn);
  it("shrink takes the fewest buckets that hold the entries",
     shrink_takes_the_fewest_buckets);
  it("rekey turns a hash without a key to XXH3", rekey_turns_to_xxh3);
  it("rekey keeps the caller's hash, with a fresh hash0",
     rekey_keeps_the_callers_hash);
  it("NaN keys forbid shrink and rekey, which then change nothing",
     nan_keys_forbid_shrink_and_rekey);
  it("a NaN calls off the shrink and the rekey that wait",
     a_nan_calls_off_what_waits);
  it("step counts what it moves, not what it visits",
     step_counts_what_it_moves);
  it("one long step gives back all the memory that waits",
     one_long_step_gives_back_what_waits);
  it("many keys in one call: each is hashed once",
     many_keys_hash_each_key_once);

  it("a chain of more buckets than the alarm begins a rekey",
     a_chain_beyond_the_alarm_begins_a_rekey);
  it("rekeys again no sooner than the entries have doubled",
     rekeys_again_when_the_entries_have_doubled);
  it("a rekey under way silences the alarm", no_alarm_in_a_rekey);
  it("NaN keys silence the alarm", a_nan_silences_the_alarm);
  it("60,000 colliding keys into an empty map: bounded work, short chains",
     survives_an_attack_from_empty);
  it("60,000 colliding keys into a map at rest: bounded work, short chains",
     survives_an_attack_at_rest);
  it("60,000 colliding keys while it doubles: work within the known bound",
     survives_an_attack_in_a_doubling);

  it("an iterator outlives eight rekeys, and shrinks before them",
     an_iterator_outlives_eight_rekeys);
  it("an iterator from before more rekeys says that it is lost",
     an_iterator_says_when_it_is_lost);
  it("an iterator takes a shrunken map as it is",
     an_iterator_takes_a_shrunken_map_as_it_is);
  it("a cursor outlives eight rekeys, not nine",
     a_cursor_outlives_eight_rekeys);
  it("an open scan says when it is lost", an_open_scan_says_when_it_is_lost);
  it("a scan goes through a shrunken map in few classes",
     a_scan_of_a_shrunken_map_is_short);
  it("a scan brings a rekey to its end, a part each time",
     a_scan_brings_a_rekey_to_its_end);
  it("refuses a cursor at its end or of another map",
     refuses_a_cursor_that_is_not_its_own);
  it("survives a cursor with any byte wrong",
     survives_a_cursor_with_a_wrong_byte);

  it("a move whose memory is refused has not begun",
     a_refused_move_has_not_begun);
  it("max_bytes is the end of growth, and of nothing else",
     max_bytes_is_the_end_of_growth);
}

int main(int argc, char **argv) {
  uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000000;
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  all_sentences();
  refuse_all();
  live_all(operations, seed);
  return summary();
}
