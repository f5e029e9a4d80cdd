/* views.c: the core's views as Lua tables.
**
** A view is a plain table, made anew by every call: nothing in it points into
** the map. Each kind of view has a metatable of its own, whose __tostring the
** Lua side sets; pairs over a view gives data only.
*/
#include "binding/inspect/views.h"

#include <stdio.h>

#include "binding/data/entry.h"
#include "binding/data/options.h"
#include "binding/trace/trace.h"
#include "binding/value/clock.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

static const char *const view_names[] = {
    "header", "stats",       "distribution", "bucket",   "slots",      "layout",
    "memory", "explanation", "keystats",     "live",     "profile",    "event",
    "events", "touch",       "plan",         "forecast", "load_table", "op",
    "ops",    "totals",      "policy",       NULL};

/* -- fields of views ------------------------------------------------------ */

/* An address as hex; NULL sets nothing. */
static void set_address(lua_State *L, const char *name, const void *p) {
  char text[2 + 16 + 1];
  if (p == NULL)
    return;
  snprintf(text, sizeof text, "0x%llx", (unsigned long long)(uintptr_t)p);
  set_text(L, name, text);
}

/* -- header, stats, memory, layout ---------------------------------------- */

static int map_header(lua_State *L) {
  hmap_header header;
  const lmap *h = lmap_check(L);
  bool addresses = !h->conf.sandboxed;
  hmap_get_header(h->m, &header);
  lua_createtable(L, 0, 8);
  set_int(L, "count", header.count);
  lua_createtable(L, 0, 4);
  set_bool(L, "iterator", header.flags & HMAP_ITERATOR);
  set_bool(L, "old_iterator", header.flags & HMAP_OLD_ITERATOR);
  set_bool(L, "writing", header.flags & HMAP_WRITING);
  set_bool(L, "same_size_grow", header.flags & HMAP_SAME_SIZE_GROW);
  lua_setfield(L, -2, "flags");
  set_int(L, "B", header.B);
  set_int(L, "noverflow", header.noverflow);
  set_int(L, "hash0", header.hash0);
  if (addresses) {
    set_address(L, "buckets", header.buckets);
    set_address(L, "oldbuckets", header.oldbuckets);
  }
  set_int(L, "nevacuate", header.nevacuate);
  set_view(L, "header");
  return 1;
}

static int map_stats(lua_State *L) {
  const lmap *h = lmap_check(L);
  size_t bytes = lmap_bytes(h); /* a table's making may close the map */
  hmap_stats s;
  hmap_get_stats(h->m, &s);
  lua_createtable(L, 0, 15);
  set_int(L, "count", s.count);
  set_int(L, "buckets", s.nbuckets);
  set_int(L, "old_buckets", s.noldbuckets);
  set_float(L, "load", s.load);
  set_int(L, "threshold", s.threshold);
  set_int(L, "next_growth_at", s.next_growth_at);
  set_bool(L, "growing", s.growing);
  if (s.growing)
    set_text(L, "kind", lname_growth(s.kind));
  if (s.pending)
    set_text(L, "pending", lname_growth(s.next_kind));
  set_int(L, "evacuated", s.evacuated);
  set_int(L, "remaining", s.remaining);
  set_int(L, "overflow_in_use", s.overflow_in_use);
  set_int(L, "noverflow", s.noverflow);
  set_int(L, "longest_chain", s.longest_chain);
  set_int(L, "bytes", bytes);
  lua_createtable(L, 0, HMAP_NGROWTHS);
  for (int kind = 0; kind < HMAP_NGROWTHS; kind++)
    set_int(L, lname_growth((hmap_growth)kind), s.growths[kind]);
  lua_setfield(L, -2, "growths");
  set_view(L, "stats");
  return 1;
}

static int map_memory(lua_State *L) {
  const lmap *h = lmap_check(L);
  size_t references = lobjects_bytes(&h->objects), count = hmap_count(h->m);
  hmap_memory m;
  hmap_get_memory(h->m, &m);
  lua_createtable(L, 0, 10);
  set_int(L, "header", m.header);
  set_int(L, "buckets", m.buckets);
  set_int(L, "preallocated", m.preallocated);
  set_int(L, "overflow", m.overflow);
  set_int(L, "old", m.old);
  set_int(L, "text", m.text);
  set_int(L, "indirect", m.indirect);
  set_int(L, "references", references);
  set_int(L, "total", m.total + references);
  if (count > 0)
    set_float(L, "per_entry", (double)(m.total + references) / (double)count);
  set_view(L, "memory");
  return 1;
}

/* set_fields [-0, +0, m]: where the fields of a tuple lie in its cell. */
static void set_fields(lua_State *L, const char *name, const ltype *type) {
  if (type->kind != HMAP_TUPLE)
    return;
  lua_createtable(L, (int)type->nfields, 0);
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    lua_createtable(L, 0, 4);
    if (f->name[0] != '\0')
      set_text(L, "name", f->name);
    lcell_pushkind(L, f);
    lua_setfield(L, -2, "type");
    set_int(L, "offset", f->offset);
    set_int(L, "size", f->size);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, name);
}

void lviews_pushlayout(lua_State *L, const hmap_layout *layout,
                       const ltype *key, const ltype *value) {
  lua_createtable(L, 0, 13);
  set_int(L, "slots", layout->slots);
  set_int(L, "key_size", layout->key_size);
  set_int(L, "value_size", layout->elem_size);
  set_int(L, "key_slot", layout->key_slot);
  set_int(L, "value_slot", layout->elem_slot);
  set_bool(L, "indirect_key", layout->indirect_key);
  set_bool(L, "indirect_value", layout->indirect_elem);
  lua_createtable(L, 0, 4);
  set_int(L, "tophash", layout->tophash_at);
  set_int(L, "keys", layout->keys_at);
  set_int(L, "values", layout->elems_at);
  set_int(L, "overflow", layout->overflow_at);
  lua_setfield(L, -2, "offsets");
  set_int(L, "padding", layout->padding);
  set_int(L, "bucket_size", layout->bucket_size);
  set_int(L, "cache_lines", layout->cache_lines);
  set_fields(L, "key_fields", key);
  set_fields(L, "value_fields", value);
  set_view(L, "layout");
}

static int map_layout(lua_State *L) {
  const lmap *h = lmap_check(L);
  hmap_layout layout;
  hmap_layout_of(h->m, &layout);
  lviews_pushlayout(L, &layout, h->conf.key, h->conf.value);
  return 1;
}

/* -- buckets -------------------------------------------------------------- */

static const char *const state_names[] = {
#define HMAP_X(state, name) name,
    HMAP_SLOT_STATES(HMAP_X)
#undef HMAP_X
};

/* set_entry [-0, +0, m]: key and value of a full slot, into the table on top;
** false: the map was written meanwhile. */
static bool set_entry(lua_State *L, lmap *h, const void *key,
                      const void *value) {
  uint64_t before = h->version;
  if (!lmap_pushfields(L, 1, h, h->conf.key, key))
    return false;
  lua_setfield(L, -2, "key");
  if (h->version != before || !lmap_pushfields(L, 1, h, h->conf.value, value))
    return false;
  lua_setfield(L, -2, "value");
  return h->version == before;
}

/* append_slots [-0, +(0|1), m]: appends the slots of one bucket to the list on
** top, which has n; false: the map was written meanwhile. */
static bool append_slots(lua_State *L, lmap *h, const hmap_bucket_view *view,
                         lua_Integer depth) {
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++) {
    uint64_t before = h->version;
    lua_createtable(L, 0, 5);
    set_int(L, "tophash", view->tophash[i]);
    set_text(L, "state", state_names[view->state[i]]);
    set_int(L, "depth", (uint64_t)depth);
    if (h->version != before)
      return false;
    if (view->state[i] == HMAP_SLOT_FULL &&
        !set_entry(L, h, view->key[i], view->elem[i]))
      return false;
    lua_rawseti(L, -2, depth * HMAP_BUCKET_COUNT + i + 1);
  }
  return true;
}

/* A chain being read. */
typedef struct chain {
  hmap_which which;
  uint64_t index;
  lua_Integer length;
  bool evacuated, unknown, empty;
} chain;

static bool has_entry(const hmap_bucket_view *view) {
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++)
    if (view->state[i] == HMAP_SLOT_FULL)
      return true;
  return false;
}

/* push_chain [-0, +(0|1), v]: the list of a chain's slots; false: the map was
** written meanwhile, the stack is in disorder. c->length 0: no such chain. */
static bool push_chain(lua_State *L, lmap *h, chain *c) {
  hmap_bucket_view view = {.more = true};
  c->length = 0;
  c->empty = true;
  lua_newtable(L);
  lmap_open(L, h);
  while (view.more) {
    if (!hmap_view_bucket(h->m, c->which, c->index, (size_t)c->length, &view))
      break;
    c->evacuated = view.evacuated;
    c->unknown = view.unknown;
    c->empty = c->empty && !has_entry(&view);
    if (!view.unknown && !append_slots(L, h, &view, c->length))
      return false;
    c->length++;
  }
  set_view(L, "slots");
  return true;
}

static void set_chain(lua_State *L, const chain *c) {
  set_int(L, "index", c->index);
  set_text(L, "which", c->which == HMAP_OLD ? "old" : "new");
  set_text(L, "state",
           c->evacuated ? "evacuated"
           : c->empty   ? "empty"
                        : "live");
  set_int(L, "chain", (uint64_t)c->length);
  if (c->unknown) /* its memory has gone back: there are no marks to show */
    set_bool(L, "unknown", true);
}

/* push_bucket [-0, +1, v]: a view of a chain, nil if there is none. */
static void push_bucket(lua_State *L, lmap *h, hmap_which which, uint64_t i) {
  chain c = {.which = which, .index = i};
  int top = lua_gettop(L);
  while (!push_chain(L, h, &c))
    lua_settop(L, top);
  if (c.length == 0) {
    lua_settop(L, top);
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 6);
  lua_insert(L, -2);
  lua_setfield(L, -2, "slots");
  set_chain(L, &c);
  set_view(L, "bucket");
}

/* check_which [-0, +0, v] */
static hmap_which check_which(lua_State *L, int arg) {
  if (lua_isnoneornil(L, arg))
    return HMAP_NEW;
  bool is_text = lua_type(L, arg) == LUA_TSTRING;
  const char *s = is_text ? ltext_name(L, arg) : luaL_typename(L, arg);
  if (strcmp(s, "old") != 0 && strcmp(s, "new") != 0)
    larg_error(L, arg, "'new' or 'old' expected, got %s",
               is_text ? ltext_pushvalue(L, arg, LTEXT_EXACT) : s);
  return s[0] == 'o' ? HMAP_OLD : HMAP_NEW;
}

static int map_bucket(lua_State *L) {
  lmap *h = lmap_check(L);
  const lfield f = {.kind = HMAP_INT64};
  lua_Integer i = lcell_int(L, 2, &f, "index");
  hmap_which which = check_which(L, 3);
  if (i < 0)
    larg_error(L, 2, "buckets are counted from 0, got %I", (LUAI_UACINT)i);
  lua_settop(L, 1);
  push_bucket(L, h, which, (uint64_t)i);
  return 1;
}

/* upvalues: map, which, index of the next bucket */
static int next_bucket(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lmap *h = lua_touserdata(L, 1);
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
  lmap_open(L, h);
  push_bucket(L, h, (hmap_which)lua_tointeger(L, lua_upvalueindex(2)),
              (uint64_t)i);
  lua_pushinteger(L, i + 1);
  lua_replace(L, lua_upvalueindex(3));
  return 1;
}

static int map_buckets(lua_State *L) {
  lmap_check(L);
  hmap_which which = check_which(L, 2);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, which);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_bucket, 3);
  return 1;
}

/* -- distribution --------------------------------------------------------- */

void lviews_pushdistribution(lua_State *L, const hmap_distribution *d) {
  lua_createtable(L, 0, 12);
  set_int(L, "nchains", d->nchains);
  set_int(L, "entries", d->entries);
  set_int(L, "max_entries", d->max_entries);
  set_int(L, "max_overflow", d->max_overflow);
  set_int(L, "hit_probes", d->hit_probes);
  set_int(L, "miss_probes", d->miss_probes);
  set_int(L, "hit_buckets", d->hit_buckets);
  set_int(L, "miss_buckets", d->miss_buckets);
  set_counts(L, "by_entries", d->by_entries, HMAP_HIST);
  set_counts(L, "by_overflow", d->by_overflow, HMAP_HIST);
  set_counts(L, "tophash", d->tophash, 256);
  lua_createtable(L, 0, HMAP_SLOT_FULL + 1);
  for (int state = 0; state <= HMAP_SLOT_FULL; state++)
    set_int(L, state_names[state], d->by_state[state]);
  lua_setfield(L, -2, "by_state");
}

/* Raw counts: what they mean is the Lua side's. */
static int map_distribution(lua_State *L) {
  hmap_distribution d;
  hmap_get_distribution(lmap_check(L)->m, &d);
  lviews_pushdistribution(L, &d);
  return 1;
}

/* -- check ---------------------------------------------------------------- */

/* Objects that the anchored cells of one bucket stand for; false: one of them
** is not what its number keeps. */
static bool count_anchored(lua_State *L, const ltype *type,
                           const void *const cells[], uint64_t *n) {
  for (int i = 0; type->kind == HMAP_ANY && i < HMAP_BUCKET_COUNT; i++) {
    const hmap_cell *cell = cells[i];
    if (cell == NULL || cell->c.tag != HMAP_TAG_OBJECT)
      continue;
    lobjects_push(L, 1, cell->c.len);
    bool same = (uint64_t)(uintptr_t)lua_topointer(L, -1) == cell->c.u.bits;
    lua_pop(L, 1);
    if (!same)
      return false;
    ++*n;
  }
  return true;
}

static bool count_chain(lua_State *L, const lmap *h, hmap_which which,
                        uint64_t i, uint64_t *n) {
  hmap_bucket_view view = {.more = true};
  for (size_t depth = 0; view.more; depth++) {
    if (!hmap_view_bucket(h->m, which, i, depth, &view))
      break;
    if (!count_anchored(L, h->conf.key, view.key, n) ||
        !count_anchored(L, h->conf.value, view.elem, n))
      return false;
  }
  return true;
}

/* Every object is anchored once under the number that its cell has. */
static const char *check_anchors(lua_State *L, const lmap *h) {
  hmap_stats s;
  uint64_t n = 0;
  bool same = true;
  hmap_get_stats(h->m, &s);
  for (uint64_t i = 0; same && i < s.nbuckets; i++)
    same = count_chain(L, h, HMAP_NEW, i, &n);
  for (uint64_t i = 0; same && i < s.noldbuckets; i++)
    same = count_chain(L, h, HMAP_OLD, i, &n);
  if (!same)
    return "an object is anchored under another's number";
  if (n + ltrace_kept(h) != h->objects.live)
    return "anchored objects and cells that hold one differ in number";
  return NULL;
}

static int map_check(lua_State *L) {
  lmap *h = lmap_check(L);
  char why[256];
  const char *broken = NULL;
  if (!hmap_check(h->m, why, sizeof why))
    broken = why;
  else if (h->conf.key->kind == HMAP_ANY || h->conf.value->kind == HMAP_ANY)
    broken = check_anchors(L, h);
  if (broken == NULL) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, broken);
  return 2;
}

static int map_fingerprint(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)hmap_fingerprint(lmap_check(L)->m));
  return 1;
}

/* -- the module's part ---------------------------------------------------- */

static int mod_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)lclock_now());
  return 1;
}

/* layout(key, value) */
static int mod_layout(lua_State *L) {
  ltype_room key, value;
  hmap_field key_fields[HMAP_MAX_FIELDS], value_fields[HMAP_MAX_FIELDS];
  hmap_layout layout;
  loptions_type(L, 1, "key", &key);
  loptions_type(L, 2, "value", &value);
  loptions_key_type(L, 1, &key);
  hmap_spec k = lcell_spec(&key.type, key_fields);
  hmap_spec v = lcell_spec(&value.type, value_fields);
  hmap_status status = hmap_get_layout(&k, &v, &layout);
  if (status != HMAP_OK)
    lmap_raise(L, 0, status);
  lviews_pushlayout(L, &layout, &key.type, &value.type);
  return 1;
}

/* types(m): of keys and of values. */
static int mod_types(lua_State *L) {
  const lmap *h = lmap_check(L);
  lua_settop(L, 1);
  lcell_pushnewtype(L, h->conf.key);
  lcell_pushnewtype(L, h->conf.value);
  return 2;
}

/* dropped(): bytes of closed maps that have not gone back yet, and of arrays
** that are kept for maps to come. */
static int mod_dropped(lua_State *L) {
  const lgc *gc = lgc_get(L);
  lua_pushinteger(L, (lua_Integer)hmap_dying_bytes(gc->dying));
  lua_pushinteger(L, (lua_Integer)gc->pool.bytes);
  return 2;
}

/* unknown_view [-0, +0, v]: raises. */
_Noreturn static void unknown_view(lua_State *L, const char *name) {
  luaL_Buffer b;
  name = ltext_push(L, name, strlen(name), LTEXT_EXACT, LTEXT_MOST);
  luaL_buffinit(L, &b);
  for (int i = 0; view_names[i] != NULL; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, view_names[i]);
  }
  luaL_pushresult(&b);
  larg_error(L, 1, "unknown view '%s'; views are %s", name,
             lua_tostring(L, -1));
}

/* view_arg [-0, +0, v]: the name of a view at index 1. */
static const char *view_arg(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  for (int i = 0; view_names[i] != NULL; i++)
    if (strcmp(name, view_names[i]) == 0)
      return view_names[i];
  unknown_view(L, name);
}

/* set_view_event(name, event, fn): a metamethod of all views of this name. */
static int mod_set_view_event(lua_State *L) {
  static const char *const events[] = {"__tostring", "__len", "__index", NULL};
  const char *name = view_arg(L);
  const char *event = events[luaL_checkoption(L, 2, NULL, events)];
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  lua_pushfstring(L, "hmap.%s", name);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_insert(L, 3);
  lua_setfield(L, 3, event);
  return 0;
}

/* view(name, t): makes a table of the Lua side a view; returns it. */
static int mod_view(lua_State *L) {
  const char *name = view_arg(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  set_view(L, name);
  return 1;
}

const luaL_Reg lviews_methods[] = {{"header", map_header},
                                   {"stats", map_stats},
                                   {"memory", map_memory},
                                   {"layout", map_layout},
                                   {"bucket", map_bucket},
                                   {"buckets", map_buckets},
                                   {"check", map_check},
                                   {"fingerprint", map_fingerprint},
                                   {"distribution", map_distribution},
                                   {NULL, NULL}};

void lviews_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", mod_now},
                                       {"dropped", mod_dropped},
                                       {"types", mod_types},
                                       {"layout", mod_layout},
                                       {"view", mod_view},
                                       {"set_view_event", mod_set_view_event},
                                       {"distribution", map_distribution},
                                       {NULL, NULL}};
  for (int i = 0; view_names[i] != NULL; i++) {
    lua_pushfstring(L, "hmap.%s", view_names[i]);
    luaL_newmetatable(L, lua_tostring(L, -1));
    lua_insert(L, -2);
    lua_setfield(L, -2, "__metatable"); /* shared: no script may change it */
    lua_pop(L, 1);
  }
  larg_setfuncs(L, functions, 0);
}
