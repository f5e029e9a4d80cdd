/* entry.c: the data methods, for maps of any kinds: arguments to cells, cells
** to the core, what comes back to Lua. entry_typed.c has short cuts for some.
*/
#include "binding/self/self.h"

#include <stdio.h>

#include "binding/trace/trace.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

/* -- self ----------------------------------------------------------------- */

lmap *lmap_test(lua_State *L, int idx) {
  lmap *h = lua_touserdata(L, idx);
  if (h == NULL || lua_rawlen(L, idx) < sizeof *h)
    return NULL;
  uint64_t family = h->tag & LMAP_FAMILY & ~(LMAP_READS | LMAP_NOTIFIED);
  return family == LMAP_TAG || family == LMAP_CLOSED ? h : NULL;
}

_Noreturn static void bad_self(lua_State *L) {
  const char *name = lua_tostring(L, lua_upvalueindex(LNAME));
  lmap *h = lmap_test(L, 1);
  if (h == NULL)
    luaL_error(L, "'%s' wants a map before its arguments, got %s: m:%s(...)",
               name, luaL_typename(L, 1), name);
  lmap_open(L, h);
  luaL_error(L, "this '%s' is a method of a map of other types", name);
  for (;;)
    lua_error(L);
}

/* Taken before the lookup, so what that finds stays where it is. */
static void read_step(lmap *h) {
  ltrace_maybe(h, LTRACE_READ);
  hmap_read_step(h->m);
  lmap_written(h, 0);
}

lmap *lmap_self_slow(lua_State *L, uint64_t tag, uint64_t mask, bool read) {
  lmap *h = lmap_test(L, 1);
  const uint64_t fine = LMAP_READS | LMAP_NOTIFIED;
  if (h == NULL || h->m == NULL || ((h->tag ^ tag) & mask & ~fine) != 0)
    bad_self(L);
  if (h->tag & LMAP_NOTIFIED)
    ltrace_open_scope(L, h);
  if (read && (h->tag & LMAP_READS))
    read_step(h);
  return h;
}

void lmap_update_tag(lmap *h) {
  h->tag = lmap_tag(lmap_shape(&h->key, &h->value), (int)h->value.kind);
  if (h->conf.policy.step_on == HMAP_STEP_ON_READ_WRITE)
    h->tag |= LMAP_READS;
  if (ltrace_has_observers(h))
    h->tag |= LMAP_NOTIFIED;
}

/* -- errors and memory ---------------------------------------------------- */

void lmap_raise(lua_State *L, size_t max_bytes, hmap_status status) {
  if (status == HMAP_ELIMIT)
    luaL_error(L, "map would grow past its max_bytes of %I",
               (LUAI_UACINT)max_bytes);
  luaL_error(L, "%s", hmap_status_text(status));
  for (;;)
    lua_error(L);
}

bool lmap_failed(lua_State *L, lmap *h, hmap_status status, int tries) {
  if (LIKELY(status == HMAP_OK))
    return false;
  if (status != HMAP_ENOMEM || tries > 0)
    lmap_raise(L, h->conf.max_bytes, status);
  lgc_full(L, h->gc);
  lmap_open(L, h);
  return true;
}

static size_t core_bytes(const lmap *h) {
  hmap_stats stats;
  hmap_get_stats(h->m, &stats);
  return stats.bytes;
}

size_t lmap_bytes(const lmap *h) {
  return core_bytes(h) + lobjects_bytes(&h->objects);
}

/* While dropped maps hold memory, some of it is freed every 32 writes. */
#define FREE_AT_ONCE 2
#define FREE_EVERY   (32 * LMAP_WRITE_BYTES)

void lmap_count_bytes(lmap *h) {
  size_t bytes = h->m != NULL ? core_bytes(h) : 0;
  lgc_count(h->gc, h->bytes, bytes);
  h->bytes = bytes;
  h->spent = 0;
  if (UNLIKELY(!lgc_free(h->gc, FREE_AT_ONCE)))
    h->spent = LMAP_COUNT_EVERY - FREE_EVERY;
  lregistry_counted(h);
}

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
  hmap_cell *key = object_in(&h->key, e->key);
  hmap_cell *value = object_in(&h->value, e->value);
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
  e->value_at = 2 + (int)h->key.nfields;
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
  if (h->value.kind == HMAP_NONE) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (h->value.kind != HMAP_TUPLE) {
    lcell_pushfield(L, self, h->value.fields, value);
    return 1;
  }
  int top = lua_gettop(L);
  luaL_checkstack(L, (int)h->value.nfields + LUA_MINSTACK, NULL);
  uint32_t n = lcell_push(L, self, &h->value, value, &h->version);
  if (n == h->value.nfields)
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

static bool all_named(const ltype *type) {
  for (uint32_t i = 0; i < type->nfields; i++)
    if (type->fields[i].name[0] == '\0')
      return false;
  return true;
}

void lmap_fold(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE)
    return;
  int n = (int)type->nfields;
  bool named = all_named(type);
  lua_createtable(L, n, 0);
  lua_insert(L, -n - 1);
  for (int i = n; i > 0; i--) { /* stack: table, fields 1 to i */
    if (named)
      lua_setfield(L, -i - 1, type->fields[i - 1].name);
    else
      lua_rawseti(L, -i - 1, i);
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
  lmap_fold(L, type);
  return true;
}

/* -- entries, one by one -------------------------------------------------- */

/* The arguments of a method are key fields, then value fields, so that
** absent ones are nil and what is pushed later cannot be taken for them. */
static int value_arg(const lmap *h) { return 2 + (int)h->key.nfields; }

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
  set_args(L, value_arg(h) - 1);
  return h;
}

static lmap *entry_method(lua_State *L) {
  lmap *h = lmap_check(L);
  uint32_t n = h->value.nfields;
  set_args(L, value_arg(h) + (n > 0 ? (int)n : 1) - 1);
  luaL_checkstack(L, (int)n + LUA_MINSTACK, NULL);
  return h;
}

void lmap_checktrue(lua_State *L, int arg) {
  if (!lua_isnone(L, arg) && !(lua_isboolean(L, arg) && lua_toboolean(L, arg)))
    larg_error(L, arg, "true or nothing expected in a set, got %s",
               lua_isboolean(L, arg) ? "false" : luaL_typename(L, arg));
}

bool lmap_deletes(lua_State *L, const lmap *h) {
  int arg = value_arg(h);
  if (h->value.nfields == 0)
    return lua_isnil(L, arg);
  for (int i = 0; i < (int)h->value.nfields; i++)
    if (!lua_isnoneornil(L, arg + i))
      return false;
  return true;
}

/* read_entry [-0, +n, v] */
static lentry read_entry(lua_State *L, lmap *h, lroom *key, lroom *value) {
  int arg = value_arg(h);
  lentry e = {lmap_key(L, h, 2, key), NULL, 0, 0};
  if (h->value.nfields > 0)
    e.value = lcell_from(L, arg, &h->value, "value", value);
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
  uint32_t n = h->value.nfields;
  int arg = value_arg(h);
  if (n == 0)
    lua_pushboolean(L, 1);
  for (uint32_t i = 0; i < n; i++) {
    const lfield *f = &h->value.fields[i];
    if (lua_isboolean(L, arg + (int)i) || lcell_isint(f->kind) ||
        f->kind == HMAP_FLOAT32 || f->kind == HMAP_FLOAT64)
      lcell_pushfield(L, 1, f, value + f->offset);
    else
      lua_pushvalue(L, arg + (int)i);
  }
  return n == 0 ? 1 : (int)n;
}

bool lmap_isnokey(lua_State *L, const lmap *h, int idx) {
  return h->key.kind == HMAP_ANY && lcell_isnothing(L, idx);
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
  if (h->value.nfields == 0)
    lmap_checktrue(L, value_arg(h));
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
  if (h->value.nfields == 0)
    lmap_checktrue(L, value_arg(h));
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
  if (h->value.nfields == 0 && !lua_isnil(L, value_arg(h)))
    lmap_checktrue(L, value_arg(h));
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
  if (lcell_isint(h->value.kind))
    n.i = lcell_int(L, arg, &as_int, "amount");
  else
    n.f = lcell_float(L, arg, &as_float, "amount");
  return n;
}

void lmap_overflow(lua_State *L, const lmap *h, ladd_amount n) {
  lcell_pushtype(L, &h->value);
  larg_error(L, value_arg(h), "adding %I leaves the range of %s",
             (LUAI_UACINT)n.i, lua_tostring(L, -1));
}

/* An absent key must not be inserted before we know that 0 + n fits. */
static void check_first_add(lua_State *L, const lmap *h, const void *key,
                            ladd_amount n) {
  uint64_t zero = 0;
  if (!ladd_to(h->value.fields, &zero, n) && hmap_get(h->m, key) == NULL)
    lmap_overflow(L, h, n);
}

/* The value cell of key, 0 if it is new. An object as a key must be anchored,
** which hmap_assign knows nothing of. */
static void *assign(lua_State *L, lmap *h, void *key) {
  if (object_in(&h->key, key) != NULL) {
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
  int arg = value_arg(h);
  if (!ladd_isnumber(h->value.kind)) {
    lcell_pushtype(L, &h->value);
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
  if (!ladd_to(h->value.fields, cell, n))
    lmap_overflow(L, h, n);
  if (UNLIKELY(h->trace != NULL) && !hmap_let_go(h->m).inserted)
    lwatch_added(h, key);
  lcell_pushfield(L, 1, h->value.fields, cell);
  return 1;
}

/* -- the whole map -------------------------------------------------------- */

int lmap_count(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_pushinteger(L, (lua_Integer)hmap_count(h->m));
  return 1;
}

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

lua_Integer lmap_natural(lua_State *L, int arg, const char *what) {
  const lfield f = {.kind = HMAP_INT64};
  lua_Integer n = lcell_int(L, arg, &f, what);
  if (n < 0)
    larg_error(L, arg, "%s must not be negative, got %I", what, (LUAI_UACINT)n);
  return n;
}

static int map_reserve(lua_State *L) {
  lmap *h = lmap_check(L);
  lua_Integer n = lmap_natural(L, 2, "number of entries");
  hmap_status status;
  for (int tries = 0;; tries++) {
    status = hmap_reserve(h->m, (size_t)n);
    if (status == HMAP_ETOOBIG)
      larg_error(L, 2, "no map can hold %I entries", (LUAI_UACINT)n);
    if (!lmap_failed(L, h, status, tries))
      break;
  }
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

static int move(lua_State *L, hmap_status (*begin)(hmap *m)) {
  lmap *h = lmap_check(L);
  hmap_status status;
  for (int tries = 0;; tries++) {
    status = begin(h->m);
    if (status == HMAP_EINVAL)
      luaL_error(L,
                 "'%s': the map holds NaN keys, which have no hash to move "
                 "by; clear() lets them go",
                 lua_tostring(L, lua_upvalueindex(LNAME)));
    if (!lmap_failed(L, h, status, tries))
      break;
  }
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

static int map_shrink(lua_State *L) { return move(L, hmap_shrink); }
static int map_rekey(lua_State *L) { return move(L, hmap_rekey); }

void lmap_unhold(lmap *h) {
  lheld *held = h->held;
  if (held == NULL || held->m != NULL || held->trace != NULL)
    return;
  h->held = NULL;
  lgc_unhold(h->gc, held);
}

/* Idempotent, and fine on a map that never came to life. */
static int end(lua_State *L, bool collected) {
  lmap *h = lmap_test(L, 1);
  if (h == NULL)
    bad_self(L);
  lregistry_end(L, h, collected);
  ltrace_mute(h);
  bool open = h->m != NULL;
  h->tag = LMAP_CLOSED;
  h->m = NULL;
  h->version++;
  if (open) {
    lgc_drop(L, h->gc, h->held);
    liter_free(h->gc, h->held);
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

/* -- growth on request ---------------------------------------------------- */

/* step [-0, +0, v]: n old buckets; how many moved is added to *moved, how many
** are left is returned. */
static size_t step(lua_State *L, lmap *h, size_t n, size_t *moved) {
  size_t now = 0, remaining = 0;
  ltrace_op(h, LTRACE_STEP, n < INT64_MAX ? n : INT64_MAX);
  for (int tries = 0;
       lmap_failed(L, h, hmap_step(h->m, n, &now, &remaining), tries); tries++)
    *moved += now;
  *moved += now;
  h->version++;
  lgc_free(h->gc, n);
  return remaining;
}

static int push_progress(lua_State *L, lmap *h, size_t moved,
                         size_t remaining) {
  lua_pushinteger(L, (lua_Integer)moved);
  lua_pushinteger(L, (lua_Integer)remaining);
  lmap_written(h, 0);
  return 2;
}

static int map_step(lua_State *L) {
  lmap *h = lmap_check(L);
  size_t n =
      lua_isnone(L, 2) ? 1 : (size_t)lmap_natural(L, 2, "number of buckets");
  size_t moved = 0;
  size_t remaining = step(L, h, n, &moved);
  return push_progress(L, h, moved, remaining);
}

/* Buckets between two looks at the clock: some microseconds of work. */
#define STEP_BUCKETS 16

static int map_step_for(lua_State *L) {
  lmap *h = lmap_check(L);
  const lfield f = {.kind = HMAP_FLOAT64};
  double seconds = lcell_float(L, 2, &f, "number of seconds");
  if (!(seconds >= 0))
    larg_error(L, 2, "number of seconds must not be negative, got %f",
               (LUAI_UACNUMBER)seconds);
  double end = lclock_now() + seconds;
  size_t moved = 0, remaining;
  do
    remaining = step(L, h, STEP_BUCKETS, &moved);
  while ((remaining > 0 || h->gc->dying != NULL) && lclock_now() < end);
  return push_progress(L, h, moved, remaining);
}

/* A growth that was waiting for this one begins when it is done. */
static int map_finish(lua_State *L) {
  lmap *h = lmap_check(L);
  size_t moved = 0;
  while (step(L, h, SIZE_MAX, &moved) > 0)
    continue;
  lmap_written(h, LMAP_COUNT_EVERY);
  return 0;
}

/* -- one line ------------------------------------------------------------- */

/* A type's fields may have any names. */
static void add_type(lua_State *L, luaL_Buffer *b, const ltype *type) {
  size_t n;
  lcell_pushtype(L, type);
  const char *s = lua_tolstring(L, -1, &n);
  ltext_push(L, s, n, LTEXT_EXACT, LTEXT_WHOLE);
  lua_replace(L, -2);
  luaL_addvalue(b);
}

static void add_types(lua_State *L, luaL_Buffer *b, const lmap *h) {
  add_type(L, b, &h->key);
  luaL_addstring(b, " -> ");
  add_type(L, b, &h->value);
}

static void add_state(lua_State *L, luaL_Buffer *b, const lmap *h) {
  hmap_stats s;
  hmap_header header;
  char load[32];
  hmap_get_stats(h->m, &s);
  hmap_get_header(h->m, &header);
  snprintf(load, sizeof load, "%.2f", s.load);
  lua_pushfstring(L, ": %I %s, B=%d, load %s", (LUAI_UACINT)s.count,
                  s.count == 1 ? "entry" : "entries", (int)header.B, load);
  luaL_addvalue(b);
  if (!s.growing)
    return;
  lua_pushfstring(L, ", growing %I -> %I buckets, %I moved",
                  (LUAI_UACINT)s.noldbuckets, (LUAI_UACINT)s.nbuckets,
                  (LUAI_UACINT)s.evacuated);
  luaL_addvalue(b);
}

static int map_tostring(lua_State *L) {
  lmap *h = lmap_test(L, 1);
  if (h == NULL)
    bad_self(L);
  bool named = lua_getiuservalue(L, 1, LMAP_NAME_AT) == LUA_TSTRING;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "hmap ");
  if (named) {
    size_t n;
    const char *name = lua_tolstring(L, 2, &n);
    luaL_addchar(&b, '\'');
    ltext_push(L, name, n, LTEXT_EXACT, LTEXT_WHOLE);
    luaL_addvalue(&b);
    luaL_addstring(&b, "' ");
  }
  add_types(L, &b, h);
  if (h->m == NULL)
    luaL_addstring(&b, ", closed");
  else
    add_state(L, &b, h);
  luaL_pushresult(&b);
  return 1;
}

/* -- names ---------------------------------------------------------------- */

const luaL_Reg lmap_methods[] = {{"get", lmap_get},
                                 {"set", lmap_set},
                                 {"has", lmap_has},
                                 {"delete", lmap_delete},
                                 {"pop", lmap_pop},
                                 {"swap", lmap_swap},
                                 {"get_or_set", lmap_get_or_set},
                                 {"add", lmap_add},
                                 {"count", lmap_count},
                                 {"clear", map_clear},
                                 {"reserve", map_reserve},
                                 {"shrink", map_shrink},
                                 {"rekey", map_rekey},
                                 {"close", map_close},
                                 {"step", map_step},
                                 {"step_for", map_step_for},
                                 {"finish", map_finish},
                                 {NULL, NULL}};

const luaL_Reg lmap_metamethods[] = {{"__len", lmap_count},
                                     {"__tostring", map_tostring},
                                     {"__gc", lmap_end},
                                     {"__close", map_leave},
                                     {NULL, NULL}};
