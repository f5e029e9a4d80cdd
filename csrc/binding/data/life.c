/* life.c: how a map comes to be, is emptied, and ends. */
#include "binding/data/life.h"

#include <assert.h>

#include "binding/registry/registry.h"
#include "binding/trace/scope.h"
#include "binding/trace/trace.h"

/* -- a new map ------------------------------------------------------------ */

hmap_options lmap_core_options(const lgc *gc, const lconf *conf,
                               const hmap_policy *policy, hmap_field *key,
                               hmap_field *value) {
  bool word = conf->key->shape == LCELL_WORD;
  hmap_options o = {
      .key =
          word ? (hmap_spec){.kind = HMAP_UINT64} : lcell_spec(conf->key, key),
      .elem = lcell_spec(conf->value, value),
      .hint = conf->capacity,
      .seeded = conf->seeded,
      .seed = conf->seed,
      .hash = conf->hash,
      .max_bytes = conf->max_bytes,
      .policy = policy,
      .alloc = gc->alloc,
      .alloc_ud = gc->ud,
      .pages = gc->pages.map != NULL ? &gc->pages : NULL,
  };
  return o;
}

hmap *lmap_make_core(lua_State *L, lgc *gc, const lconf *conf,
                     const hmap_policy *policy) {
  hmap_field key[HMAP_MAX_FIELDS], value[HMAP_MAX_FIELDS];
  hmap_options o = lmap_core_options(gc, conf, policy, key, value);
  hmap *m;
  hmap_status status = hmap_new(&o, &m);
  if (status == HMAP_ENOMEM) {
    lgc_full(L, gc);
    status = hmap_new(&o, &m);
  }
  if (status != HMAP_OK)
    lmap_raise(L, conf->max_bytes, status);
  return m;
}

/* hold [-0, +0, v]: an entry for what a map will hold, asked for in the same
** way. */
static lheld *hold(lua_State *L, lgc *gc) {
  lheld *held = lgc_hold(gc);
  if (held == NULL) {
    lgc_full(L, gc);
    held = lgc_hold(gc);
  }
  if (held == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  return held;
}

/* Words that a type takes which no other map shares. */
static size_t words_of(const ltype *type) {
  size_t bytes = sizeof *type + type->nfields * sizeof(lfield);
  return lcell_shared(type) != NULL ? 0 : bytes / sizeof(uint64_t);
}

static_assert(sizeof(ltype) % sizeof(uint64_t) == 0 &&
                  sizeof(lfield) % sizeof(uint64_t) == 0,
              "types and fields are whole words");

/* The shared type, or a copy in this room. */
static const ltype *keep_type(const ltype *type, uint64_t *room) {
  if (lcell_shared(type) != NULL)
    return lcell_shared(type);
  ltype *own = (ltype *)(void *)room;
  lfield *fields = (lfield *)(void *)(own + 1);
  memcpy(fields, type->fields, type->nfields * sizeof *fields);
  *own = *type;
  own->fields = fields;
  return own;
}

/* push_closed [-0, +1, m]: a map that has its types and nothing else yet. */
static lmap *push_closed(lua_State *L, const lconf *conf) {
  size_t nkey = words_of(conf->key), nvalue = words_of(conf->value);
  lmap *h = lua_newuserdatauv(L, sizeof *h + (nkey + nvalue) * sizeof(uint64_t),
                              LMAP_CALLBACKS_AT);
  *h = (lmap){.tag = LMAP_CLOSED, .conf = *conf};
  h->conf.key = keep_type(conf->key, h->types);
  h->conf.value = keep_type(conf->value, h->types + nkey);
  return h;
}

lmap *lmap_prepare(lua_State *L, const lconf *conf, lregistry **all) {
  lgc *gc = lgc_get(L);
  if (gc->over) /* no finalizer would free the map */
    luaL_error(L, "the Lua state is closing");
  lgc_step(L, gc);
  lmap *h = push_closed(L, conf);
  h->gc = gc;
  gc->above->push_meta(L, lmap_shape(h->conf.key, h->conf.value));
  lua_setmetatable(L, -2);
  *all = lregistry_prepare(L, h);
  h->held = hold(L, gc);
  return h;
}

void lmap_begin(lmap *h, lregistry *all, hmap *m) {
  h->m = h->held->m = m;
  lregistry_begin(h, all);
  lmap_update_tag(h);
  lmap_count_bytes(h);
}

lmap *lmap_new(lua_State *L, const lconf *conf, const hmap_policy *policy) {
  lregistry *all;
  lmap *h = lmap_prepare(L, conf, &all);
  lmap_begin(h, all, lmap_make_core(L, h->gc, conf, policy));
  return h;
}

void lmap_setname(lua_State *L, int self, int options) {
  if (!lua_istable(L, options))
    return;
  lua_getfield(L, options, "name");
  lua_setiuservalue(L, self, LMAP_NAME_AT);
  lregistry_named(L, self);
}

/* -- all entries ---------------------------------------------------------- */

static int map_clear(lua_State *L) {
  lmap *h = lmap_check(L);
  for (int tries = 0; lmap_failed(L, h, hmap_clear(h->m), tries); tries++)
    continue;
  lobjects_clear(L, 1, &h->objects);
  ltrace_void(h);
  lregistry_cleared(h);
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

/* -- its end -------------------------------------------------------------- */

/* Idempotent; the map may never have been open: its making may have failed. */
static int end(lua_State *L, bool collected) {
  lmap *h = lmap_test(L, 1);
  if (h == NULL)
    lmap_bad_self(L);
  lregistry_end(L, h, collected);
  ltrace_mute(h);
  bool open = h->m != NULL;
  h->tag = LMAP_CLOSED;
  h->m = NULL;
  h->version++;
  if (open) {
    lgc_drop(L, h->gc, h->held);
    lgc_free_cursors(h->gc, h->held);
    h->free_cursors = NULL;
  }
  lobjects_clear(L, 1, &h->objects);
  lmap_count_bytes(h);
  ltrace_closed(L, 1, h, collected);
  lmap_unhold(h);
  return 0;
}

static int map_close(lua_State *L) { return end(L, false); }

int lmap_end(lua_State *L) { return end(L, true); }

/* A scope ends, or a method of a map that is listened to. */
static int map_leave(lua_State *L) {
  return ltrace_close_scope(L) ? 0 : map_close(L);
}

void lmap_close_all(lua_State *L) {
  lua_settop(L, 0);
  lua_pushnil(L); /* stack: map open id map */
  if (lregistry_push_open(L))
    for (lua_pushnil(L); lua_next(L, 2); lua_settop(L, 3)) {
      lua_copy(L, 4, 1);
      lmap_end(L);
    }
  lua_settop(L, 0);
}

/* -- names ---------------------------------------------------------------- */

const luaL_Reg llife_methods[] = {
    {"clear", map_clear}, {"close", map_close}, {NULL, NULL}};

const luaL_Reg llife_metamethods[] = {
    {"__gc", lmap_end}, {"__close", map_leave}, {NULL, NULL}};
