/* registry.c: keeps the list of a Lua state's maps; see registry.h.
**
** A map passes here when it is made, counted, cleared and closed. What needs
** memory is done before it is open (lregistry_prepare), or when it is named;
** the rest allocates nothing, so that it can stand in a finalizer.
*/
#include "binding/registry/registry.h"

#include "binding/value/clock.h"
#include "binding/value/text.h"

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
static lregistry *push_new(lua_State *L) {
  lregistry *all = lua_newuserdatauv(L, sizeof *all, LREGISTRY_LIVES_AT);
  *all = (lregistry){.most_names = LREGISTRY_NAMES};
  for (int at = LREGISTRY_OPEN_AT; at <= LREGISTRY_LIVES_AT; at++) {
    push_table(L, at == LREGISTRY_OPEN_AT ? "v" : NULL);
    lua_setiuservalue(L, -2, at);
  }
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &registry_key);
  return all;
}

lregistry *lregistry_push(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key) == LUA_TUSERDATA)
    return lua_touserdata(L, -1);
  lua_pop(L, 1);
  return push_new(L);
}

/* -- counters -------------------------------------------------------------- */

#define NCOUNTERS 3

/* Those that a map counts in; absent ones are NULL. */
static void counters_of(const lorigin *b, lcounters *out[NCOUNTERS]) {
  out[0] = &b->all->maps;
  out[1] = b->name;
  out[2] = b->life != NULL ? b->life->site : NULL;
}

/* What a map is like at one moment. */
typedef struct reading {
  hmap_stats stats;
  size_t bytes;
} reading;

static reading read_counts(const lmap *h) {
  reading w;
  hmap_get_stats(h->m, &w.stats);
  w.bytes = w.stats.bytes + lobjects_bytes(&h->objects);
  return w;
}

/* What a map has brought into its counters, or is to bring. */
typedef struct share {
  size_t bytes; /* modulo 2^N */
  uint64_t growths[HMAP_NGROWTHS];
  bool has_ops;
  uint64_t ops[HMAP_NOPS]; /* if has_ops */
} share;

static void counters_add(lcounters *t, const share *s) {
  t->bytes += s->bytes;
  if (t->bytes > t->peak)
    t->peak = t->bytes;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    t->growths[i] += s->growths[i];
  for (int i = 0; s->has_ops && i < HMAP_NOPS; i++)
    t->ops[i] += s->ops[i];
}

static void counters_subtract(lcounters *t, const share *s) {
  t->bytes -= s->bytes;
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    t->growths[i] -= s->growths[i];
  for (int i = 0; s->has_ops && i < HMAP_NOPS; i++)
    t->ops[i] -= s->ops[i];
}

/* Notes what the ledger has counted by now; how much of that is new. */
static void take_new_ops(const lmap *h, share *s) {
  hmap_totals totals;
  uint64_t *noted = h->held->noted->ops;
  s->has_ops = hmap_get_totals(h->m, &totals);
  for (int i = 0; i < HMAP_NOPS; i++) {
    uint64_t n = s->has_ops ? totals.ops[i] : 0;
    s->ops[i] = n >= noted[i] ? n - noted[i] : n; /* else it began anew */
    noted[i] = n;
  }
}

/* What has changed since the map was last counted, and counts it. */
static void take_changes(lmap *h, const reading *now, share *s) {
  lorigin *b = &h->origin;
  s->bytes = now->bytes - b->bytes;
  b->bytes = now->bytes;
  for (int i = 0; i < HMAP_NGROWTHS; i++) {
    s->growths[i] = (uint32_t)(now->stats.growths[i] - b->growths[i]);
    b->growths[i] = (uint32_t)now->stats.growths[i];
  }
  s->has_ops = false;
  if (h->held->noted != NULL)
    take_new_ops(h, s);
}

/* All that a map has brought into a set of counters goes over to another. */
static void counters_move(const lmap *h, lcounters *from, lcounters *to) {
  const reading now = read_counts(h);
  share all = {.bytes = h->origin.bytes, .has_ops = h->held->noted != NULL};
  for (int i = 0; i < HMAP_NGROWTHS; i++) {
    uint64_t n = now.stats.growths[i];
    all.growths[i] = n - (uint32_t)(n - h->origin.growths[i]);
  }
  if (all.has_ops)
    memcpy(all.ops, h->held->noted->ops, sizeof all.ops);
  counters_subtract(from, &all);
  counters_add(to, &all);
  from->made--;
  to->made++;
}

static bool is_of_none(const lcounters *t) {
  return t->made == t->closed + t->collected;
}

/* What the counters of no open map have counted goes over to others. */
static void counters_join(const lcounters *from, lcounters *to) {
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
static void join_names(lua_State *L, lregistry *all) {
  all->nnames = 0;
  for (lua_pushnil(L); lua_next(L, -2);) {
    const lcounters *name = lua_touserdata(L, -1);
    lua_pop(L, 1);
    all->nnames++;
    if (!is_of_none(name))
      continue;
    counters_join(name, &all->unnamed);
    all->nnames--;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
  all->most_names = 2 * all->nnames + LREGISTRY_NAMES;
}

/* -- lives ---------------------------------------------------------------- */

static void life_event(llife *life, llife_kind kind, uint32_t n,
                       uint64_t buckets_before, const reading *w) {
  uint64_t i = life->n++;
  if (i > 0) /* the first stays */
    i = 1 + (i - 1) % (LLIFE_EVENTS - 1);
  life->events[i] = (llife_event){
      .kind = kind,
      .n = n,
      .at = lclock_now(),
      .from = buckets_before,
      .to = w->stats.nbuckets,
      .count = w->stats.count,
      .bytes = w->bytes,
  };
}

static bool recording(const lorigin *b) {
  return b->life != NULL && b->all != NULL && b->all->profiling;
}

/* What happened between two readings happened somewhere between them. */
static void life_growths(llife *life, const share *new, const reading *now) {
  for (int i = 0; i < HMAP_NGROWTHS; i++)
    if (new->growths[i] > 0)
      life_event(life, (llife_kind)i, (uint32_t) new->growths[i], life->buckets,
                 now);
}

/* new_life [-0, +0, m]: one in the table of lives of the lregistry on top. */
static llife *new_life(lua_State *L, const lorigin *b, lcounters *site) {
  lua_getiuservalue(L, -1, LREGISTRY_LIVES_AT);
  llife *life = lua_newuserdatauv(L, sizeof *life, 0);
  *life = (llife){.id = b->id, .site = site};
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_pop(L, 1);
  return life;
}

/* retire [-0, +0, -]: the life of the map at index 1 is over, its lregistry is
** on top; the oldest of those that are over may have to go. */
static void retire(lua_State *L, lregistry *all, llife *life) {
  if (lua_getiuservalue(L, 1, LMAP_NAME_AT) == LUA_TSTRING) {
    size_t n;
    const char *name = lua_tolstring(L, -1, &n);
    memcpy(life->name, name, ltext_fit(name, n, LLIFE_NAME - 1));
  }
  lua_pop(L, 1);
  uint64_t *slot = &all->over[all->nover++ % LREGISTRY_OVER];
  if (*slot != 0) {
    lua_getiuservalue(L, -1, LREGISTRY_LIVES_AT);
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

/* find_counters [-1, +1, m]: that of the string on top in the table below it,
** which has one more now if there was none. */
static lcounters *find_counters(lua_State *L) {
  int text = lua_gettop(L), table = text - 1;
  lua_pushvalue(L, text);
  if (lua_rawget(L, table) == LUA_TNIL) {
    lcounters *fresh = lua_newuserdatauv(L, sizeof *fresh, 0);
    *fresh = (lcounters){.made = 0};
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

/* find_site [-0, +0, m]: that of the call of ours which runs now; the lregistry
** is on top. */
static lcounters *find_site(lua_State *L) {
  lua_getiuservalue(L, -1, LREGISTRY_SITES_AT);
  luaL_traceback(L, L, NULL, 0);
  trim(L);
  lua_pushvalue(L, -1);
  lua_insert(L, -3); /* stack: traceback sites traceback */
  lcounters *site = find_counters(L);
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -3, site);
  lua_pop(L, 3);
  return site;
}

/* -- a map's way ---------------------------------------------------------- */

lregistry *lregistry_prepare(lua_State *L, lmap *h) {
  int self = lua_gettop(L);
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  lregistry *all = lregistry_push(L);
  lorigin *b = &h->origin;
  b->id = ++all->last_id;
  b->name = &all->unnamed;
  if (all->profiling)
    b->life = new_life(L, b, find_site(L));
  lua_getiuservalue(L, self + 1, LREGISTRY_OPEN_AT);
  lua_pushvalue(L, self);
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_settop(L, self);
  return all;
}

void lregistry_begin(lmap *h, lregistry *all) {
  lorigin *b = &h->origin;
  lcounters *counters[NCOUNTERS];
  b->all = all;
  b->at = lclock_now();
  counters_of(b, counters);
  for (int i = 0; i < NCOUNTERS; i++)
    if (counters[i] != NULL)
      counters[i]->made++;
  if (recording(b)) {
    reading w = read_counts(h);
    life_event(b->life, LIFE_CREATED, 1, 0, &w);
  }
}

void lregistry_named(lua_State *L, int self) {
  lmap *h = lua_touserdata(L, self);
  lorigin *b = &h->origin;
  if (lua_getiuservalue(L, self, LMAP_NAME_AT) == LUA_TSTRING) {
    lregistry *all = lregistry_push(L);
    lua_getiuservalue(L, -1, LREGISTRY_NAMES_AT);
    if (all->nnames >= all->most_names)
      join_names(L, all);
    lua_pushvalue(L, -3);
    lcounters *name = find_counters(L);
    lua_pop(L, 1);
    if (b->all != NULL) {
      all->nnames += name->made == 0;
      counters_move(h, b->name, name);
      b->name = name;
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

void lregistry_counted(lmap *h) {
  lorigin *b = &h->origin;
  if (b->all == NULL)
    return;
  const reading now = read_counts(h);
  share new;
  lcounters *counters[NCOUNTERS];
  take_changes(h, &now, &new);
  counters_of(b, counters);
  for (int i = 0; i < NCOUNTERS; i++)
    if (counters[i] != NULL)
      counters_add(counters[i], &new);
  if (recording(b))
    life_growths(b->life, &new, &now);
  if (b->life != NULL)
    b->life->buckets = now.stats.nbuckets;
}

void lregistry_cleared(lmap *h) {
  lorigin *b = &h->origin;
  lregistry_counted(h);
  if (recording(b)) {
    reading w = read_counts(h);
    life_event(b->life, LIFE_CLEARED, 1, b->life->buckets, &w);
  }
}

/* The last event of a life says what the map held when it ended. */
static void life_ends(lua_State *L, lmap *h, bool collected) {
  lorigin *b = &h->origin;
  if (b->life == NULL)
    return;
  reading w = read_counts(h);
  life_event(b->life, collected ? LIFE_COLLECTED : LIFE_CLOSED, 1,
             b->life->buckets, &w);
  retire(L, b->all, b->life);
  b->life = NULL;
}

bool lregistry_push_open(lua_State *L) {
  bool any = lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key) == LUA_TUSERDATA;
  if (any)
    lua_getiuservalue(L, -1, LREGISTRY_OPEN_AT);
  else
    lua_pushnil(L);
  lua_remove(L, -2);
  return any;
}

/* leave [-0, +0, -]: the lregistry is on top. A number that the collector has
** taken out already must not be entered anew: that might need memory. */
static void leave(lua_State *L, const lorigin *b) {
  lua_getiuservalue(L, -1, LREGISTRY_OPEN_AT);
  if (lua_rawgeti(L, -1, (lua_Integer)b->id) != LUA_TNIL) {
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)b->id);
  }
  lua_pop(L, 2);
}

/* never_lived [-0, +0, -]: no memory was found for the core of the map. */
static void never_lived(lua_State *L, lorigin *b) {
  if (b->life == NULL)
    return;
  b->life = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  lua_getiuservalue(L, -1, LREGISTRY_LIVES_AT);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)b->id);
  lua_pop(L, 2);
}

void lregistry_end(lua_State *L, lmap *h, bool collected) {
  lorigin *b = &h->origin;
  lcounters *counters[NCOUNTERS];
  if (b->all == NULL) {
    never_lived(L, b);
    return;
  }
  lregistry_counted(h);
  counters_of(b, counters);
  for (int i = 0; i < NCOUNTERS; i++) {
    if (counters[i] == NULL)
      continue;
    counters[i]->bytes -= b->bytes;
    *(collected ? &counters[i]->collected : &counters[i]->closed) += 1;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &registry_key);
  leave(L, b);
  life_ends(L, h, collected);
  lua_pop(L, 1);
  b->all = NULL;
}
