/* entry.c: the data methods, for maps of any kinds: arguments to cells, cells
** to the core, what comes back to Lua. entry_typed.c has short cuts for some.
*/
#include "binding/data/entry.h"

#include "binding/trace/trace.h"
#include "binding/trace/watch.h"

/* -- entries in ----------------------------------------------------------- */

/* The cell whose object must be anchored, or NULL. */
static hmap_cell *object_in(const ltype *type, void *cell) {
  hmap_cell *any = cell;
  return type->kind == HMAP_ANY && any->c.tag == HMAP_TAG_OBJECT ? any : NULL;
}

void lmap_release(lua_State *L, int self, lmap *h) {
  hmap_gone gone = hmap_let_go(h->m);
  if (gone.key_ref != 0 && !ltrace_keeps(h, gone.key_ref))
    lobjects_drop(L, self, &h->objects, gone.key_ref);
  if (gone.elem_ref != 0)
    lobjects_drop(L, self, &h->objects, gone.elem_ref);
}

/* The object at idx stays under the number its cell took, if the map has
** taken the cell; else the number goes back. */
static void keep_or_free(lua_State *L, int self, lmap *h, const hmap_cell *cell,
                         int idx, bool taken) {
  if (cell == NULL)
    return;
  if (taken)
    lobjects_store(L, self, cell->c.len, idx);
  else
    lobjects_drop(L, self, &h->objects, cell->c.len);
}

static hmap_status core_put(lmap *h, const lentry *e, bool keep, lput *out) {
  h->version++;
  if (keep)
    return hmap_get_or_put(h->m, e->key, e->value, &out->now, &out->existed);
  return hmap_put(h->m, e->key, e->value);
}

/* put_over [-0, +0, -]: an object that takes the place of another takes its
** number too: nothing to reserve, nothing to give back. */
static hmap_status put_over(lua_State *L, int self, lmap *h, const lentry *e,
                            hmap_cell *value, uint32_t number) {
  value->c.len = number;
  hmap_status status = core_put(h, e, false, NULL);
  if (status == HMAP_OK)
    lobjects_store(L, self, number, e->value_at);
  return status;
}

/* put_new [-0, +0, v]: numbers first, which may raise and then has changed
** nothing; then the core; then the objects. */
static hmap_status put_new(lua_State *L, int self, lmap *h, const lentry *e,
                           hmap_cell *key, hmap_cell *value, bool keep,
                           lput *out) {
  lobjects *a = &h->objects;
  lobjects_room(L, self, a,
                (uint32_t)(key != NULL) + (uint32_t)(value != NULL));
  lmap_open(L, h);
  if (key != NULL)
    key->c.len = lobjects_take(L, self, a);
  if (value != NULL)
    value->c.len = lobjects_take(L, self, a);
  hmap_status status = core_put(h, e, keep, out);
  bool ok = status == HMAP_OK;
  bool inserted = ok && hmap_let_go(h->m).inserted;
  if (ok)
    lmap_release(L, self, h);
  keep_or_free(L, self, h, key, e->key_at, inserted);
  keep_or_free(L, self, h, value, e->value_at, inserted || (ok && !keep));
  return status;
}

hmap_status lmap_put(lua_State *L, int self, lmap *h, const lentry *e,
                     bool keep, lput *out) {
  lmap_open(L, h);
  if (!lmap_may_hold_objects(h))
    return core_put(h, e, keep, out);
  hmap_cell *key = object_in(h->conf.key, e->key);
  hmap_cell *value = object_in(h->conf.value, e->value);
  if (value != NULL && !keep) {
    const hmap_cell *old = hmap_get(h->m, e->key);
    if (old != NULL && old->c.tag == HMAP_TAG_OBJECT)
      return put_over(L, self, h, e, value, old->c.len);
  }
  return put_new(L, self, h, e, key, value, keep, out);
}

/* put_args [-0, +0, v]: lmap_put of the entry in the arguments of a method,
** trying twice. */
static void put_args(lua_State *L, lmap *h, lentry *e, bool keep, lput *out) {
  e->key_at = 2;
  e->value_at = 2 + (int)h->conf.key->nfields;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  for (int tries = 0; lmap_failed(L, h, lmap_put(L, 1, h, e, keep, out), tries);
       tries++)
    continue;
}

bool lmap_remove(lua_State *L, lmap *h, const void *key) {
  lmap_open(L, h);
  bool was_there = hmap_delete(h->m, key);
  if (was_there && lmap_may_hold_objects(h))
    lmap_release(L, 1, h);
  lmap_written(h, 0);
  return was_there;
}

/* -- values out ----------------------------------------------------------- */

int lmap_pushvalue(lua_State *L, int self, lmap *h, const void *value) {
  if (h->conf.value->kind == HMAP_NONE) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (h->conf.value->kind != HMAP_TUPLE) {
    lcell_pushfield(L, self, h->conf.value->fields, value);
    return 1;
  }
  int top = lua_gettop(L);
  luaL_checkstack(L, (int)h->conf.value->nfields + LUA_MINSTACK, NULL);
  uint32_t n = lcell_push(L, self, h->conf.value, value, &h->version);
  if (n == h->conf.value->nfields)
    return (int)n;
  lua_settop(L, top);
  return 0;
}

/* give [-0, +n, v]: the value of key as results: that in the cell `value`, or
** nil if there is none. */
static int give(lua_State *L, lmap *h, const void *key, const void *value) {
  for (;;) {
    if (value == NULL) {
      lua_pushnil(L);
      return 1;
    }
    int n = lmap_pushvalue(L, 1, h, value);
    if (n > 0)
      return n;
    lmap_open(L, h);
    value = hmap_get(h->m, key);
  }
}

bool lmap_pushfields(lua_State *L, int self, const lmap *h, const ltype *type,
                     const void *cell) {
  luaL_checkstack(L, (int)type->nfields + LUA_MINSTACK, NULL);
  int top = lua_gettop(L);
  if (lcell_push(L, self, type, cell, &h->version) < type->nfields) {
    lua_settop(L, top);
    return false;
  }
  if (type->kind == HMAP_NONE)
    lua_pushboolean(L, 1);
  lcell_fold(L, type);
  return true;
}

/* -- entries, one by one -------------------------------------------------- */

/* set_args [-(0|n), +(0|n), m]: n arguments, nil for those left out, and room
** beyond them. */
static void set_args(lua_State *L, int n) {
  int missing = n - lua_gettop(L);
  if (missing > 0)
    luaL_checkstack(L, missing + LUA_MINSTACK, NULL);
  lua_settop(L, n);
}

static lmap *key_method(lua_State *L, bool read) {
  lmap *h = lmap_self(L, LMAP_ANY_SHAPE, read);
  set_args(L, lmap_value_arg(h) - 1);
  return h;
}

static lmap *entry_method(lua_State *L) {
  lmap *h = lmap_check(L);
  uint32_t n = h->conf.value->nfields;
  set_args(L, lmap_value_arg(h) + (n > 0 ? (int)n : 1) - 1);
  luaL_checkstack(L, (int)n + LUA_MINSTACK, NULL);
  return h;
}

void lmap_checktrue(lua_State *L, int arg) {
  if (!lua_isnone(L, arg) && !(lua_isboolean(L, arg) && lua_toboolean(L, arg)))
    larg_error(L, arg, "true or nothing expected in a set, got %s",
               lua_isboolean(L, arg) ? "false" : luaL_typename(L, arg));
}

/* read_entry [-0, +n, v] */
static lentry read_entry(lua_State *L, lmap *h, lroom *key, lroom *value) {
  int arg = lmap_value_arg(h);
  lentry e = {lmap_key(L, h, 2, key), NULL, 0, 0};
  if (h->conf.value->nfields > 0)
    e.value = lcell_from(L, arg, h->conf.value, "value", value);
  return e;
}

static size_t text_bytes(lua_State *L) {
  size_t n = 0;
  for (int i = lua_gettop(L); i > 1; i--)
    if (lua_type(L, i) == LUA_TSTRING)
      n += lua_rawlen(L, i);
  return n;
}

/* give_back [-0, +n, -]: the value that a method was given, as the map now has
** it. Makes no string: the map has changed, so this must not raise. */
static int give_back(lua_State *L, const lmap *h, const char *value) {
  uint32_t n = h->conf.value->nfields;
  int arg = lmap_value_arg(h);
  if (n == 0)
    lua_pushboolean(L, 1);
  for (uint32_t i = 0; i < n; i++) {
    const lfield *f = &h->conf.value->fields[i];
    if (lua_isboolean(L, arg + (int)i) || lcell_isint(f->kind) ||
        f->kind == HMAP_FLOAT32 || f->kind == HMAP_FLOAT64)
      lcell_pushfield(L, 1, f, value + f->offset);
    else
      lua_pushvalue(L, arg + (int)i);
  }
  return n == 0 ? 1 : (int)n;
}

bool lmap_isnokey(lua_State *L, const lmap *h, int idx) {
  return h->conf.key->kind == HMAP_ANY && lcell_isnothing(L, idx);
}

/* sought_key [-0, +n, v]: the key of a method that looks for it; NULL: no map
** can hold it, which is all that there is to say. */
static const void *sought_key(lua_State *L, lmap *h, lroom *room) {
  const void *key = lmap_isnokey(L, h, 2) ? NULL : lmap_key(L, h, 2, room);
  lmap_open(L, h);
  if (key == NULL)
    ltrace_undone(h);
  return key;
}

static int get(lua_State *L, lmap *h) {
  lroom room;
  const void *key = sought_key(L, h, &room);
  return give(L, h, key, key != NULL ? hmap_get(h->m, key) : NULL);
}

static int has(lua_State *L, lmap *h) {
  lroom room;
  const void *key = sought_key(L, h, &room);
  lua_pushboolean(L, key != NULL && hmap_get(h->m, key) != NULL);
  return 1;
}

int lmap_get(lua_State *L) { return get(L, key_method(L, true)); }
int lmap_has(lua_State *L) { return has(L, key_method(L, true)); }
int lmap_get_stepped(lua_State *L) { return get(L, key_method(L, false)); }
int lmap_has_stepped(lua_State *L) { return has(L, key_method(L, false)); }

int lmap_delete(lua_State *L) {
  lmap *h = key_method(L, false);
  lroom room;
  const void *key = sought_key(L, h, &room);
  lua_pushboolean(L, key != NULL && lmap_remove(L, h, key));
  return 1;
}

int lmap_set(lua_State *L) {
  lmap *h = lmap_check(L);
  if (lmap_deletes(L, h)) {
    key_method(L, false);
    lroom room;
    lmap_remove(L, h, lmap_key(L, h, 2, &room));
    return 0;
  }
  if (h->conf.value->nfields == 0)
    lmap_checktrue(L, lmap_value_arg(h));
  entry_method(L);
  lroom key, value;
  lentry e = read_entry(L, h, &key, &value);
  put_args(L, h, &e, false, NULL);
  lmap_written(h, text_bytes(L));
  return 0;
}

/* take_key [-0, +n, v]: the value of key, which is then deleted. */
static int take_key(lua_State *L, lmap *h, const void *key) {
  lmap_open(L, h);
  int n = give(L, h, key, hmap_get(h->m, key));
  lmap_remove(L, h, key);
  return n;
}

int lmap_pop(lua_State *L) {
  lmap *h = key_method(L, false);
  lroom room;
  const void *key = sought_key(L, h, &room);
  return key != NULL ? take_key(L, h, key) : give(L, h, NULL, NULL);
}

int lmap_swap(lua_State *L) {
  lmap *h = lmap_check(L);
  if (lmap_deletes(L, h))
    return lmap_pop(L);
  if (h->conf.value->nfields == 0)
    lmap_checktrue(L, lmap_value_arg(h));
  entry_method(L);
  lroom key, value;
  lentry e = read_entry(L, h, &key, &value);
  lmap_open(L, h);
  int n = give(L, h, e.key, hmap_get(h->m, e.key));
  put_args(L, h, &e, false, NULL);
  lmap_written(h, text_bytes(L));
  return n;
}

int lmap_get_or_set(lua_State *L) {
  lmap *h = lmap_check(L);
  if (h->conf.value->nfields == 0 && !lua_isnil(L, lmap_value_arg(h)))
    lmap_checktrue(L, lmap_value_arg(h));
  entry_method(L);
  lroom key, value;
  lput put;
  lentry e = read_entry(L, h, &key, &value);
  put_args(L, h, &e, true, &put);
  int n = put.existed ? give(L, h, e.key, put.now) : give_back(L, h, e.value);
  lua_pushboolean(L, put.existed);
  lmap_written(h, put.existed ? 0 : text_bytes(L));
  return n + 1;
}

/* -- add ------------------------------------------------------------------ */

/* read_amount [-0, +0, v]: the n of m:add(k, n). */
static ladd_amount read_amount(lua_State *L, const lmap *h, int arg) {
  const lfield as_int = {.kind = HMAP_INT64}, as_float = {.kind = HMAP_FLOAT64};
  ladd_amount n = {1, 1};
  if (lua_isnil(L, arg))
    return n;
  if (lcell_isint(h->conf.value->kind))
    n.i = lcell_int(L, arg, &as_int, "amount");
  else
    n.f = lcell_float(L, arg, &as_float, "amount");
  return n;
}

void lmap_overflow(lua_State *L, const lmap *h, ladd_amount n) {
  lcell_pushtype(L, h->conf.value);
  larg_error(L, lmap_value_arg(h), "adding %I leaves the range of %s",
             (LUAI_UACINT)n.i, lua_tostring(L, -1));
}

/* An absent key must not be inserted before we know that 0 + n fits. */
static void check_first_add(lua_State *L, const lmap *h, const void *key,
                            ladd_amount n) {
  uint64_t zero = 0;
  if (!ladd_to(h->conf.value->fields, &zero, n) && hmap_get(h->m, key) == NULL)
    lmap_overflow(L, h, n);
}

/* The value cell of key, 0 if it is new. An object as a key must be anchored,
** which hmap_assign knows nothing of. */
static void *assign(lua_State *L, lmap *h, void *key) {
  if (object_in(h->conf.key, key) != NULL) {
    uint64_t zero = 0;
    lput put;
    lentry e = {key, &zero, 0, 0};
    put_args(L, h, &e, true, &put);
    return (void *)(uintptr_t)put.now;
  }
  void *cell = NULL;
  bool existed;
  for (int tries = 0;
       lmap_failed(L, h, hmap_assign(h->m, key, &cell, &existed), tries);
       tries++)
    continue;
  return cell;
}

int lmap_add(lua_State *L) {
  lmap *h = lmap_check(L);
  int arg = lmap_value_arg(h);
  if (!ladd_isnumber(h->conf.value->kind)) {
    lcell_pushtype(L, h->conf.value);
    luaL_error(L, "'add' wants a map of numbers, the values of this one are %s",
               lua_tostring(L, -1));
  }
  set_args(L, arg);
  lroom room;
  ladd_amount n = read_amount(L, h, arg);
  void *key = lmap_key(L, h, 2, &room);
  lmap_open(L, h);
  check_first_add(L, h, key, n);
  void *cell = assign(L, h, key);
  lmap_written(h, text_bytes(L)); /* also if it now raises: buckets may move */
  if (!ladd_to(h->conf.value->fields, cell, n))
    lmap_overflow(L, h, n);
  if (UNLIKELY(h->trace != NULL) && !hmap_let_go(h->m).inserted)
    lwatch_added(h, key);
  lcell_pushfield(L, 1, h->conf.value->fields, cell);
  return 1;
}

/* -- the whole map -------------------------------------------------------- */

int lmap_count(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_pushinteger(L, (lua_Integer)hmap_count(h->m));
  return 1;
}

/* -- names ---------------------------------------------------------------- */

const luaL_Reg lentry_methods[] = {{"get", lmap_get},
                                   {"set", lmap_set},
                                   {"has", lmap_has},
                                   {"delete", lmap_delete},
                                   {"pop", lmap_pop},
                                   {"swap", lmap_swap},
                                   {"get_or_set", lmap_get_or_set},
                                   {"add", lmap_add},
                                   {"count", lmap_count},
                                   {NULL, NULL}};

const luaL_Reg lentry_metamethods[] = {{"__len", lmap_count}, {NULL, NULL}};
