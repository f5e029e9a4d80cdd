/* llive.c: keeps the roll of a Lua state's maps; the picture is in llive.h.
**
** A map passes here when it is made, weighed, cleared and closed. What needs
** memory is done before it is open (llive_prepare), or when it is named; the
** rest allocates nothing, so that it can stand in a finalizer.
*/
#include "llive.h"

#include "lmap.h"
#include "ltext.h"

static const char registry_key = 0;

/* push_table [-0, +1, m]: a table whose metatable says `mode`, or none. */
static void push_table(lua_State *L, const char *mode) {
  lua_newtable(L);
  if (mode == NULL)
    return;
  lua_createtable(L, 0, 1);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

/* push_new [-0, +1, m] */
static llive *push_new(lua_State *L) {
  llive *all = lua_newuserdatauv(L, sizeof *all, LLIVE_LIVES_AT);
  *all = (llive){.most_names = LLIVE_NAMES};
  for (int at = LLIVE_OPEN_AT; at <= LLIVE_LIVES_AT; at++) {
    push_table(L, at == LLIVE_OPEN_AT ? "v" : NULL);
    lua_setiuservalue(L, -2, at);
  }
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &registry_key);
  return all;
}

llive *llive_push(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key) == LUA_TUSERDATA)
    return lua_touserdata(L, -1);
  lua_pop(L, 1);
  return push_new(L);
}

/* -- tallies -------------------------------------------------------------- */

#define NTALLIES 3

/* Those that a map counts in; absent ones are NULL. */
static void tallies_of(const lborn *b, ltally *out[NTALLIES]) {
  out[0] = &b->all->maps;
  out[1] = b->name;
  out[2] = b->site;
}

/* What a map is like at one moment. */
typedef struct weighing {
  hmap_stats stats;
  uint64_t ops[HMAP_NOPS]; /* zero without a ledger */
  size_t bytes;
} weighing;

static weighing weigh(const lmap *h) {
  weighing w = {.bytes = 0};
  hmap_get_stats(h->m, &w.stats);
  hmap_totals totals;
  if (hmap_get_totals(h->m, &totals))
    memcpy(w.ops, totals.ops, sizeof w.ops);
  w.bytes = w.stats.bytes + lanchor_bytes(&h->anchors);
  return w;
}

static void tally_change(ltally *t, const lborn *before, const weighing *now) {
  t->bytes += now->bytes - before->bytes;
  if (t->bytes > t->peak)
    t->peak = t->bytes;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    t->growths[i] += now->stats.growths[i] - before->growths[i];
  for (int i = 0; i < HMAP_NOPS; i++) {
    uint64_t n = now->ops[i], old = before->ops[i];
    t->ops[i] += n >= old ? n - old : n; /* else the ledger began anew */
  }
}

/* All that a map has brought into a tally goes over to another. */
static void tally_move(const lborn *b, ltally *from, ltally *to) {
  weighing w = {.bytes = b->bytes};
  const lborn nothing = {.id = 0};
  memcpy(w.stats.growths, b->growths, sizeof b->growths);
  memcpy(w.ops, b->ops, sizeof b->ops);
  from->made--;
  from->bytes -= b->bytes;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    from->growths[i] -= b->growths[i];
  for (int i = 0; i < HMAP_NOPS; i++)
    from->ops[i] -= b->ops[i];
  to->made++;
  tally_change(to, &nothing, &w);
}

static bool is_of_none(const ltally *t) {
  return t->made == t->closed + t->collected;
}

/* What a tally of no open map has counted goes over to another. */
static void tally_join(const ltally *from, ltally *to) {
  to->made += from->made;
  to->closed += from->closed;
  to->collected += from->collected;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    to->growths[i] += from->growths[i];
  for (int i = 0; i < HMAP_NOPS; i++)
    to->ops[i] += from->ops[i];
}

/* join_names [-0, +0, -]: the table of names is on top. At the next time there
** are twice as many names, so that looking at all of them is paid for. */
static void join_names(lua_State *L, llive *all) {
  all->nnames = 0;
  for (lua_pushnil(L); lua_next(L, -2);) {
    const ltally *name = lua_touserdata(L, -1);
    lua_pop(L, 1);
    all->nnames++;
    if (!is_of_none(name))
      continue;
    tally_join(name, &all->unnamed);
    all->nnames--;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
  all->most_names = 2 * all->nnames + LLIVE_NAMES;
}

/* -- lives ---------------------------------------------------------------- */

static void life_event(llife *life, llife_kind kind, uint32_t n,
                       uint64_t buckets_before, const weighing *w) {
  uint64_t i = life->n++;
  if (i > 0) /* the first stays */
    i = 1 + (i - 1) % (LLIFE_EVENTS - 1);
  life->events[i] = (llife_event){
      .kind = kind,
      .n = n,
      .at = linspect_now(),
      .from = buckets_before,
      .to = w->stats.nbuckets,
      .count = w->stats.count,
      .bytes = w->bytes,
  };
}

static bool recording(const lborn *b) {
  return b->life != NULL && b->all != NULL && b->all->profiling;
}

/* What happened between two weighings happened somewhere between them. */
static void life_growths(const lborn *b, const weighing *w) {
  for (int i = 0; i < HMAP_NGROWTHS; i++) {
    uint64_t n = w->stats.growths[i] - b->growths[i];
    if (n > 0)
      life_event(b->life, (llife_kind)i, (uint32_t)n, b->buckets, w);
  }
}

/* new_life [-0, +0, m]: one in the table of lives of the llive on top. */
static llife *new_life(lua_State *L, const lborn *b) {
  lua_getiuservalue(L, -1, LLIVE_LIVES_AT);
  llife *life = lua_newuserdatauv(L, sizeof *life, 0);
  *life = (llife){.id = b->id, .site = b->site};
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_pop(L, 1);
  return life;
}

/* retire [-0, +0, -]: the life of the map at index 1 is over, its llive is on
** top; the oldest of those that are over may have to go. */
static void retire(lua_State *L, llive *all, llife *life) {
  if (lua_getiuservalue(L, 1, LMAP_NAME_AT) == LUA_TSTRING) {
    size_t n;
    const char *name = lua_tolstring(L, -1, &n);
    memcpy(life->name, name, ltext_fit(name, n, LLIFE_NAME - 1));
  }
  lua_pop(L, 1);
  uint64_t *slot = &all->over[all->nover++ % LLIVE_OVER];
  if (*slot != 0) {
    lua_getiuservalue(L, -1, LLIVE_LIVES_AT);
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)*slot);
    lua_pop(L, 1);
  }
  *slot = life->id;
}

/* -- sites ---------------------------------------------------------------- */

static const char *next_line(const char *text) {
  const char *end = strstr(text, "\n\t");
  return end != NULL ? end + 2 : "";
}

/* add_frame [-0, +0, m]: a line of a traceback. */
static void add_frame(lua_State *L, luaL_Buffer *b, const char *s, size_t n) {
  static const char skipped[] = "...\t"; /* "(skipping 9 levels)" */
  size_t head =
      strncmp(s, skipped, sizeof skipped - 1) == 0 ? sizeof skipped - 1 : 0;
  luaL_addstring(b, head > 0 ? "... " : "");
  ltext_push(L, s + head, n - head, LTEXT_SAFE, LTEXT_WHOLE);
  luaL_addvalue(b);
}

/* trim [-1, +1, m]: a traceback without its title, the function of ours that
** was called, tabs, and the host program at its end. A chunk's name may have
** any bytes, line ends too: here they become text. */
static void trim(lua_State *L) {
  static const char host[] = "[C]: in ?";
  int at = lua_gettop(L);
  const char *line = next_line(next_line(lua_tostring(L, at)));
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (*line != '\0' && strcmp(line, host) != 0) {
    const char *end = strstr(line, "\n\t");
    size_t n = end != NULL ? (size_t)(end - line) : strlen(line);
    if (luaL_bufflen(&b) > 0)
      luaL_addchar(&b, '\n');
    add_frame(L, &b, line, n);
    line = end != NULL ? end + 2 : "";
  }
  luaL_pushresult(&b);
  lua_replace(L, at);
}

/* find_tally [-1, +1, m]: that of the string on top in the table below it,
** which has one more now if there was none. */
static ltally *find_tally(lua_State *L) {
  int text = lua_gettop(L), table = text - 1;
  lua_pushvalue(L, text);
  if (lua_rawget(L, table) == LUA_TNIL) {
    ltally *fresh = lua_newuserdatauv(L, sizeof *fresh, 0);
    *fresh = (ltally){.made = 0};
    lua_pushvalue(L, text);
    if (lua_rawget(L, table) == LUA_TNIL) { /* no finalizer has made it */
      lua_pushvalue(L, text);
      lua_pushvalue(L, -3); /* stack: fresh nil text fresh */
      lua_rawset(L, table);
      lua_pop(L, 1);
    }
  }
  lua_replace(L, text);
  lua_settop(L, text);
  return lua_touserdata(L, text);
}

/* find_site [-0, +0, m]: that of the call of ours which runs now; the llive is
** on top. */
static ltally *find_site(lua_State *L) {
  lua_getiuservalue(L, -1, LLIVE_SITES_AT);
  luaL_traceback(L, L, NULL, 0);
  trim(L);
  lua_pushvalue(L, -1);
  lua_insert(L, -3); /* stack: traceback sites traceback */
  ltally *site = find_tally(L);
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -3, site);
  lua_pop(L, 3);
  return site;
}

/* -- a map's way ---------------------------------------------------------- */

llive *llive_prepare(lua_State *L, lmap *h) {
  int self = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  llive *all = llive_push(L);
  lborn *b = &h->born;
  b->id = ++all->last_id;
  b->name = &all->unnamed;
  if (all->profiling) {
    b->site = find_site(L);
    b->life = new_life(L, b);
  }
  lua_getiuservalue(L, self + 1, LLIVE_OPEN_AT);
  lua_pushvalue(L, self);
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_settop(L, self);
  return all;
}

void llive_begin(lmap *h, llive *all) {
  lborn *b = &h->born;
  ltally *tallies[NTALLIES];
  b->all = all;
  b->at = linspect_now();
  tallies_of(b, tallies);
  for (int i = 0; i < NTALLIES; i++)
    if (tallies[i] != NULL)
      tallies[i]->made++;
  if (recording(b)) {
    weighing w = weigh(h);
    life_event(b->life, LIFE_CREATED, 1, 0, &w);
  }
}

void llive_named(lua_State *L, int self) {
  lmap *h = lua_touserdata(L, self);
  lborn *b = &h->born;
  if (lua_getiuservalue(L, self, LMAP_NAME_AT) == LUA_TSTRING) {
    llive *all = llive_push(L);
    lua_getiuservalue(L, -1, LLIVE_NAMES_AT);
    if (all->nnames >= all->most_names)
      join_names(L, all);
    lua_pushvalue(L, -3);
    ltally *name = find_tally(L);
    lua_pop(L, 1);
    if (b->all != NULL) {
      all->nnames += name->made == 0;
      tally_move(b, b->name, name);
      b->name = name;
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

void llive_weighed(lmap *h) {
  lborn *b = &h->born;
  if (b->all == NULL)
    return;
  weighing w = weigh(h);
  ltally *tallies[NTALLIES];
  tallies_of(b, tallies);
  for (int i = 0; i < NTALLIES; i++)
    if (tallies[i] != NULL)
      tally_change(tallies[i], b, &w);
  if (recording(b))
    life_growths(b, &w);
  b->bytes = w.bytes;
  b->buckets = w.stats.nbuckets;
  memcpy(b->growths, w.stats.growths, sizeof b->growths);
  memcpy(b->ops, w.ops, sizeof b->ops);
}

void llive_cleared(lmap *h) {
  lborn *b = &h->born;
  llive_weighed(h);
  if (recording(b)) {
    weighing w = weigh(h);
    life_event(b->life, LIFE_CLEARED, 1, b->buckets, &w);
  }
}

/* The last event of a life says what the map held when it ended. */
static void life_ends(lua_State *L, lmap *h, bool collected) {
  lborn *b = &h->born;
  if (b->life == NULL)
    return;
  weighing w = weigh(h);
  life_event(b->life, collected ? LIFE_COLLECTED : LIFE_CLOSED, 1, b->buckets,
             &w);
  retire(L, b->all, b->life);
  b->life = NULL;
}

/* leave [-0, +0, -]: the llive is on top. A number that the collector has taken
** out already must not be entered anew: that might need memory. */
static void leave(lua_State *L, const lborn *b) {
  lua_getiuservalue(L, -1, LLIVE_OPEN_AT);
  if (lua_rawgeti(L, -1, (lua_Integer)b->id) != LUA_TNIL) {
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)b->id);
  }
  lua_pop(L, 2);
}

/* never_lived [-0, +0, -]: no memory was found for the core of the map. */
static void never_lived(lua_State *L, lborn *b) {
  if (b->life == NULL)
    return;
  b->life = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  lua_getiuservalue(L, -1, LLIVE_LIVES_AT);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_pop(L, 2);
}

void llive_end(lua_State *L, lmap *h, bool collected) {
  lborn *b = &h->born;
  ltally *tallies[NTALLIES];
  if (b->all == NULL) {
    never_lived(L, b);
    return;
  }
  llive_weighed(h);
  tallies_of(b, tallies);
  for (int i = 0; i < NTALLIES; i++) {
    if (tallies[i] == NULL)
      continue;
    tallies[i]->bytes -= b->bytes;
    *(collected ? &tallies[i]->collected : &tallies[i]->closed) += 1;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  leave(L, b);
  life_ends(L, h, collected);
  lua_pop(L, 1);
  b->all = NULL;
}

void llive_close_all(lua_State *L) {
  lua_settop(L, 0);
  lua_pushnil(L); /* stack: map llive open id map */
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key) == LUA_TUSERDATA) {
    lua_getiuservalue(L, 2, LLIVE_OPEN_AT);
    for (lua_pushnil(L); lua_next(L, 3); lua_settop(L, 4)) {
      lua_copy(L, 5, 1);
      lmap_end(L);
    }
  }
  lua_settop(L, 0);
}
