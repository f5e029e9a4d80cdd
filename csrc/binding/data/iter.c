/* iter.c: iteration, and what is made of it: clone, totable, merge.
**
** The generic for gets four values:
**
**   next | iterator | nil | iterator     the last is closed by break and error
**
** The iterator is a userdata that holds the core's hmap_iter, which the map
** knows of, and its map as a user value. Whichever of the two is finalized
** first, the other finds a clean end: hmap_free closes open iterators.
**
** The function pairs of Lua 5.4 hands on three of the four values: a loop over
** pairs(m) that breaks leaves its iterator to the collector, one over m:pairs()
** closes it at once.
*/
#include "binding/data/iter.h"

#include "binding/data/batch.h"
#include "binding/data/entry.h"
#include "binding/data/life.h"
#include "binding/registry/registry.h"
#include "binding/trace/scope.h"
#include "binding/trace/trace.h"

#define LITER_TAG  (UINT64_C(0x94f0a86be17c) << 16)
#define LITER_META "hmap.iterator"
#define LITER_MAP  1 /* user value */

/* -- the iterator --------------------------------------------------------- */

static liter *test_iter(lua_State *L) {
  liter *i = lua_touserdata(L, 1);
  bool is = i != NULL && lua_rawlen(L, 1) >= sizeof *i && i->tag == LITER_TAG;
  return is ? i : NULL;
}

/* new_cursor [-0, +0, v]: one that no iterator has. */
static lcursor *new_cursor(lua_State *L, lmap *h) {
  lcursor *c = h->free_cursors;
  if (c != NULL) {
    h->free_cursors = c->next_free;
    return c;
  }
  c = h->gc->alloc(h->gc->ud, NULL, 0, sizeof *c);
  if (c == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  c->next = h->held->cursors;
  h->held->cursors = c;
  return c;
}

void liter_close(liter *i) {
  lmap *h = i->owner;
  lcursor *c = i->cursor;
  i->cursor = NULL;
  if (c == NULL || h->m == NULL) /* the map has closed it, and freed it */
    return;
  hmap_iter_close(&c->it);
  h->version++; /* what it had saved for later is gone */
  c->next_free = h->free_cursors;
  h->free_cursors = c;
}

liter *liter_make(lua_State *L, int self, lgive give) {
  lmap *h = lua_touserdata(L, self);
  liter *i = lua_newuserdatauv(L, sizeof *i, 1);
  *i = (liter){.tag = LITER_TAG,
               .owner = h,
               .give = give,
               .scalars = h->conf.key->kind != HMAP_TUPLE &&
                          h->conf.value->kind != HMAP_TUPLE};
  luaL_setmetatable(L, LITER_META);
  lua_pushvalue(L, self);
  lua_setiuservalue(L, -2, LITER_MAP);
  lmap_open(L, h);
  i->cursor = new_cursor(L, h);
  i->cursor->it = (hmap_iter){.m = NULL};
  return i;
}

/* new_iter [-0, +1, v] */
static liter *new_iter(lua_State *L, int self, lgive give) {
  liter *i = liter_make(L, self, give);
  if (hmap_count(i->owner->m) > 0) /* draws a random start */
    ltrace_op(i->owner, LTRACE_PAIRS, 0);
  hmap_iter_init(&i->cursor->it, i->owner->m);
  ltrace_maybe(i->owner, LTRACE_NEXT);
  return i;
}

static int iter_close(lua_State *L) {
  liter *i = test_iter(L);
  if (i != NULL)
    liter_close(i);
  return 0;
}

/* -- one entry ------------------------------------------------------------ */

/* A string of the key was just made and a finalizer wrote the map. All of a
** key is on the stack from `at` on: its value is looked up again. */
static const void *find_again(lua_State *L, const lmap *h, int at) {
  lroom room;
  int top = lua_gettop(L);
  const void *value = hmap_get(h->m, lmap_key(L, h, at, &room));
  lua_settop(L, top);
  return value;
}

_Noreturn static void raise_concurrent_write(lua_State *L) {
  luaL_error(L, "a finalizer wrote the map while one of its entries was read");
  for (;;)
    lua_error(L);
}

/* push_value [-0, +(0|n), v]: the value at hand, or if that is stale the one
** that the key from stack index `at` on has now; 0: it is gone. */
static int push_value(lua_State *L, int self, lmap *h, const void *value,
                      int at, bool stale) {
  for (;; stale = true) {
    lmap_open(L, h);
    if (stale) {
      if (at == 0)
        raise_concurrent_write(L);
      value = find_again(L, h, at);
    }
    if (value == NULL)
      return 0;
    int n = lmap_pushvalue(L, self, h, value);
    if (n > 0)
      return n;
  }
}

/* A finalizer may close the iterator when the key was pushed: the cursor is
** read at once. */
int liter_push(lua_State *L, int self, const liter *i) {
  lmap *h = i->owner;
  const void *key = i->cursor->it.key, *value = i->cursor->it.elem;
  const uint64_t before = h->version;
  int at = 0, n = 0;
  luaL_checkstack(L, 2 * HMAP_MAX_FIELDS + LUA_MINSTACK, NULL);
  if (i->give & LGIVE_KEYS) {
    at = lua_gettop(L) + 1;
    n = (int)lcell_push(L, self, h->conf.key, key, &h->version);
    if (n < (int)h->conf.key->nfields)
      raise_concurrent_write(L);
  }
  if (!(i->give & LGIVE_VALUES))
    return n;
  int values = push_value(L, self, h, value, at, h->version != before);
  if (values == 0)
    lua_pop(L, n);
  return values == 0 ? 0 : n + values;
}

/* next_entry [-0, +n, v]: goes to the next entry and pushes it; how many were
** pushed, 0 at the end. self is the index of the iterator's map. */
static int next_entry(lua_State *L, int self, liter *i) {
  lmap *h = i->owner;
  for (;;) {
    lmap_open(L, h);
    if (i->cursor == NULL)
      return 0;
    hmap_iter *it = &i->cursor->it;
    for (int tries = 0; lmap_failed(L, h, hmap_iter_next(it), tries); tries++)
      if (i->cursor == NULL) /* a finalizer ended it */
        return 0;
    h->version++; /* a step may have moved what others were reading */
    if (it->key == NULL) {
      liter_close(i);
      return 0;
    }
    int n = liter_push(L, self, i);
    if (n > 0)
      return n;
  }
}

static ALWAYS_INLINE void push_scalar(lua_State *L, int self, const lfield *f,
                                      const void *cell) {
  if (LIKELY(f->kind == HMAP_INT64))
    lua_pushinteger(L, *(const int64_t *)cell);
  else
    lcell_pushfield(L, self, f, cell);
}

/* push_scalars [-0, +(0|n), v]: as liter_push, where neither key nor value is a
** tuple. Only objects are looked for in their map. */
static ALWAYS_INLINE int push_scalars(lua_State *L, const liter *i) {
  lmap *h = i->owner;
  const void *key = i->cursor->it.key, *value = i->cursor->it.elem;
  const uint64_t before = h->version;
  int n = 0, self = 1, values = 1;
  if (lmap_may_hold_objects(h)) {
    lua_getiuservalue(L, 1, LITER_MAP);
    self = lua_gettop(L);
  }
  if (i->give & LGIVE_KEYS) {
    push_scalar(L, self, h->conf.key->fields, key);
    n = 1;
  }
  if (!(i->give & LGIVE_VALUES))
    return n;
  if (UNLIKELY(h->version != before))
    values = push_value(L, self, h, value, lua_gettop(L), true);
  else if (h->conf.value->kind == HMAP_NONE)
    lua_pushboolean(L, 1);
  else
    push_scalar(L, self, h->conf.value->fields, value);
  return values == 0 ? 0 : n + values;
}

/* next_scalars [-0, +(0|n), v]: the short cut of iter_next; 0: it has to be
** done the long way. */
static ALWAYS_INLINE int next_scalars(lua_State *L, liter *i) {
  lmap *h = i->owner;
  if (UNLIKELY(h->trace != NULL || h->m == NULL || i->cursor == NULL))
    return 0;
  hmap_iter *it = &i->cursor->it;
  if (UNLIKELY(hmap_iter_next(it) != HMAP_OK))
    return 0;
  h->version++;
  if (LIKELY(it->key != NULL))
    return push_scalars(L, i);
  liter_close(i);
  lua_pushnil(L);
  return 1;
}

/* next_slowly [-0, +n, v] */
static NOINLINE int next_slowly(lua_State *L, liter *i) {
  if (i == NULL)
    luaL_error(L, "iterator of a map expected, got %s", luaL_typename(L, 1));
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, LITER_MAP);
  if (UNLIKELY(i->owner->trace != NULL))
    ltrace_open_scope_at(L, 2, i->owner, LTRACE_NEXT);
  int n = next_entry(L, 2, i);
  if (n == 0)
    lua_pushnil(L);
  return n == 0 ? 1 : n;
}

static int iter_next(lua_State *L) {
  liter *i = test_iter(L);
  int n = LIKELY(i != NULL) && LIKELY(i->scalars) ? next_scalars(L, i) : 0;
  return LIKELY(n > 0) ? n : next_slowly(L, i);
}

static int begin(lua_State *L, lgive give) {
  lmap_check(L);
  lua_pushcfunction(L, iter_next);
  new_iter(L, 1, give);
  lua_pushnil(L);
  lua_pushvalue(L, -2);
  return 4;
}

int liter_pairs(lua_State *L) { return begin(L, LGIVE_BOTH); }
static int map_keys(lua_State *L) { return begin(L, LGIVE_KEYS); }
static int map_values(lua_State *L) { return begin(L, LGIVE_VALUES); }

/* -- a whole map ---------------------------------------------------------- */

/* A scalar key: t[k] = v. A tuple cannot be a key of a table: then the result
** is a list of {key =, value =}. A tuple value is a table of its fields. */
static int map_totable(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_settop(L, 1);
  bool list = h->conf.key->kind == HMAP_TUPLE;
  size_t count = hmap_count(h->m);
  int room = count < INT32_MAX ? (int)count : INT32_MAX;
  lua_createtable(L, list ? room : 0, list ? 0 : room);
  liter *i = new_iter(L, 1, LGIVE_BOTH); /* stack: map table iterator */
  for (lua_Integer at = 1; next_entry(L, 1, i) > 0; at++) {
    lcell_fold(L, h->conf.value);
    if (list) {
      lua_insert(L, 4);
      lcell_fold(L, h->conf.key); /* stack: ... value key */
      lua_createtable(L, 0, 2);
      lua_insert(L, 4);
      lua_setfield(L, 4, "key");
      lua_setfield(L, 4, "value");
      lua_rawseti(L, 2, at);
    } else {
      lua_rawset(L, 2);
    }
  }
  lua_settop(L, 2);
  return 1;
}

/* A copy of an `any` cell, with the object that it stands for, on the stack:
** its number in the other map is another. */
static void *borrow(lua_State *L, int from, const ltype *type, const void *cell,
                    hmap_cell *copy) {
  if (type->kind != HMAP_ANY) {
    lua_pushnil(L);
    return (void *)(uintptr_t)cell;
  }
  *copy = *(const hmap_cell *)cell;
  if (copy->c.tag == HMAP_TAG_OBJECT)
    lobjects_push(L, from, copy->c.len);
  else
    lua_pushnil(L);
  return copy;
}

/* copy_entries [-0, +0, v]: from one map into another. The cells go straight
** from core to core: between the iterator's step and the put nothing is made
** on the Lua heap, so that no finalizer can come between. */
static void copy_entries(lua_State *L, int from, int to) {
  lmap *source = lua_touserdata(L, from), *h = lua_touserdata(L, to);
  int top = lua_gettop(L);
  liter *i = new_iter(L, from, LGIVE_BOTH);
  for (;;) {
    hmap_cell key, value;
    lobjects_room(L, to, &h->objects, 2);
    lmap_open(L, source);
    lmap_open(L, h);
    hmap_iter *it = &i->cursor->it;
    hmap_status status = hmap_iter_next(it);
    if (status != HMAP_OK)
      lmap_raise(L, 0, status);
    if (it->key == NULL)
      break;
    lentry e = {borrow(L, from, source->conf.key, it->key, &key),
                borrow(L, from, source->conf.value, it->elem, &value),
                lua_gettop(L) - 1, lua_gettop(L)};
    ltrace_op(h, LTRACE_SET, 0);
    status = lmap_put(L, to, h, &e, false, NULL);
    if (status != HMAP_OK)
      lmap_raise(L, h->conf.max_bytes, status);
    ltrace_done(h);
    lua_pop(L, 2);
    lmap_written(h, 0);
  }
  liter_close(i);
  lua_settop(L, top);
}

static int map_clone(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_settop(L, 1);
  lconf conf = h->conf;
  hmap_policy policy;
  hmap_get_policy(h->m, &policy);
  conf.capacity = (int64_t)hmap_count(h->m);
  lmap_new(L, &conf, &policy);
  lua_getiuservalue(L, 1, LMAP_NAME_AT);
  lua_setiuservalue(L, 2, LMAP_NAME_AT);
  lregistry_named(L, 2);
  copy_entries(L, 1, 2);
  return 1;
}

/* After an error (memory, max_bytes) the entries merged so far stay. */
static int map_merge(lua_State *L) {
  lmap *other = lmap_test(L, 2), *h = lmap_test(L, 1);
  bool pairs = other == NULL && luaL_getmetafield(L, 2, "__pairs") != LUA_TNIL;
  if (h != NULL && h->m != NULL && (lua_istable(L, 2) || pairs)) {
    lbatch_merge(L, h);
    return 0;
  }
  h = lmap_check(L);
  if (other == NULL)
    larg_error(L, 2, "map or table expected, got %s", luaL_typename(L, 2));
  lmap_open(L, other);
  if (!lcell_sametype(h->conf.key, other->conf.key) ||
      !lcell_sametype(h->conf.value, other->conf.value))
    larg_error(L, 2, "map of other types");
  lua_settop(L, 2);
  if (other == h)
    return 0;
  if (other->trace != NULL)
    ltrace_open_scope_at(L, 2, other, LTRACE_NONE);
  copy_entries(L, 2, 1);
  return 0;
}

/* -- names ---------------------------------------------------------------- */

const luaL_Reg liter_methods[] = {{"pairs", liter_pairs},
                                  {"keys", map_keys},
                                  {"values", map_values},
                                  {"totable", map_totable},
                                  {"clone", map_clone},
                                  {"merge", map_merge},
                                  {NULL, NULL}};

void liter_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {
      {"__gc", iter_close}, {"__close", iter_close}, {NULL, NULL}};
  luaL_newmetatable(L, LITER_META);
  luaL_setfuncs(L, metamethods, 0);
  lua_pushboolean(L, 0); /* shared: no script may change it */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
