/* batch.c: many keys in one call.
**
**   list of keys   -> | key | key | key | ...    cells on the C stack, some
**   list of values -> | val | val | val | ...    hundred, for hmap_*_many
**
** The core asks memory for many keys at once where one by one would wait for
** each. What comes out is what single calls in the same order would give.
**
** Lists are read raw, those that have metamethods after they were copied; and
** those that do not fit in the cells twice: all that can be wrong with them is
** found before anything is written. Text cells borrow from the strings in the
** lists: between reading a chunk and handing it to the core nothing is made on
** the Lua heap, so that nothing can be collected. Where memory is refused and
** the collector runs, the chunk is read anew.
**
** Objects in `any` maps need a number each (objects.h): they go one by one.
*/
#include "binding/data/batch.h"

#include "binding/data/entry.h"
#include "binding/trace/trace.h"
#include "binding/value/text.h"

#define ROOM  8192 /* bytes of cells on the C stack */
#define FOUND 64   /* values that are asked for at a time */

enum { FIRST = 2, SECOND = 3 }; /* arguments, and their stack indices */

/* Cells of one type, side by side; a cell larger than all this has a block of
** its own. */
typedef struct cells {
  char *at;
  size_t size, most;
  union {
    hmap_cell align;
    char bytes[ROOM];
  } room;
} cells;

/* cells_init [-0, +1, m]: pushes what the cells may need, or nil. */
static void cells_init(lua_State *L, cells *c, const ltype *type) {
  c->size = type->size;
  c->most = c->size > 0 ? ROOM / c->size : ROOM;
  c->at = c->room.bytes;
  if (c->most > 0) {
    lua_pushnil(L);
    return;
  }
  c->at = lua_newuserdatauv(L, c->size, 0);
  c->most = 1;
}

/* -- lists with metamethods ----------------------------------------------- */

/* What `#`, t[i] and pairs would read is copied into plain lists before the map
** is looked at: what metamethods do, to this map or any, is then done. */

/* has_meta [-0, +0, m] */
static bool has_meta(lua_State *L, int idx, const char *event) {
  if (luaL_getmetafield(L, idx, event) == LUA_TNIL)
    return false;
  lua_pop(L, 1);
  return true;
}

/* Elements of tuple types are tables, and may be read through __index, too. */
static bool is_proxy_element(lua_State *L, const ltype *type, int idx) {
  return type->kind == HMAP_TUPLE && lua_istable(L, idx) &&
         has_meta(L, idx, "__index");
}

/* copy_element [-1, +1, v]: the element on top, or a plain copy of it. */
static void copy_element(lua_State *L, const ltype *type) {
  if (!is_proxy_element(L, type, -1))
    return;
  lua_createtable(L, (int)type->nfields, 0);
  for (uint32_t i = 0; i < type->nfields; i++) {
    const char *name = type->fields[i].name;
    if (name[0] == '\0')
      lua_pushnil(L);
    else
      lua_getfield(L, -2, name);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      lua_geti(L, -2, (lua_Integer)i + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_remove(L, -2);
}

static lua_Integer list_length(lua_State *L, int idx) {
  lua_Integer n = luaL_len(L, idx);
  return n > 0 ? n : 0;
}

static bool is_proxy_list(lua_State *L, const ltype *type, int idx) {
  bool is = has_meta(L, idx, "__index") || has_meta(L, idx, "__len");
  lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
  for (lua_Integer i = 1; !is && type->kind == HMAP_TUPLE && i <= n; i++) {
    lua_rawgeti(L, idx, i);
    is = is_proxy_element(L, type, -1);
    lua_pop(L, 1);
  }
  return is;
}

/* plain_list [-0, +0, v]: puts a plain copy of its first n elements in the
** place of a list that has metamethods. */
static void plain_list(lua_State *L, const ltype *type, int idx,
                       lua_Integer n) {
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  if (!is_proxy_list(L, type, idx))
    return;
  lua_createtable(L, n < INT16_MAX ? (int)n : INT16_MAX, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, idx, i);
    copy_element(L, type);
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, idx);
}

static bool is_nil_at(lua_State *L, int idx, lua_Integer i) {
  bool is = lua_geti(L, idx, i) == LUA_TNIL;
  lua_pop(L, 1);
  return is;
}

/* is_length [-0, +0, v]: whether a list of n values is meant. One that ends in
** nil, which deletes, has other borders, or says its length in field n. */
static bool is_length(lua_State *L, int idx, lua_Integer n) {
  if (list_length(L, idx) == n ||
      (n > 0 && !is_nil_at(L, idx, n) && is_nil_at(L, idx, n + 1)))
    return true;
  bool is = lua_getfield(L, idx, "n") == LUA_TNUMBER && lua_isinteger(L, -1) &&
            lua_tointeger(L, -1) == n;
  lua_pop(L, 1);
  return is;
}

/* plain_lists [-0, +0, v]: the same of keys at FIRST and values at SECOND, if
** there are any; how long both are. */
static lua_Integer plain_lists(lua_State *L, const lmap *h) {
  lua_Integer n = list_length(L, FIRST);
  if (!lua_isnil(L, SECOND) && !is_length(L, SECOND, n))
    larg_error(L, SECOND,
               "a value for each key expected, got %I for %I; a list that "
               "ends in nil has its length in field n",
               (LUAI_UACINT)list_length(L, SECOND), (LUAI_UACINT)n);
  plain_list(L, h->conf.key, FIRST, n);
  if (!lua_isnil(L, SECOND))
    plain_list(L, h->conf.value, SECOND, n);
  return n;
}

static int raw_next(lua_State *L) {
  lua_settop(L, 2);
  if (lua_next(L, 1))
    return 2;
  lua_pushnil(L);
  return 1;
}

/* push_pairs [-0, +4, v]: what pairs(t) gives: function, state, control, and a
** value to be closed. */
static void push_pairs(lua_State *L, int idx) {
  if (luaL_getmetafield(L, idx, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, idx);
    lua_call(L, 1, 4);
    return;
  }
  lua_pushcfunction(L, raw_next);
  lua_pushvalue(L, idx);
  lua_pushnil(L);
  lua_pushnil(L);
}

static bool is_proxy_table(lua_State *L, const lmap *h, int idx) {
  bool is = !lua_istable(L, idx) || has_meta(L, idx, "__pairs");
  if (is ||
      (h->conf.key->kind != HMAP_TUPLE && h->conf.value->kind != HMAP_TUPLE))
    return is;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
    is |= is_proxy_element(L, h->conf.value, -1) ||
          is_proxy_element(L, h->conf.key, -2);
  return is;
}

/* split_table [-0, +0, v]: puts lists of the keys and values that pairs gives
** at FIRST and SECOND in the place of such a table; how long they are, or -1:
** it is a plain one. */
static lua_Integer split_table(lua_State *L, const lmap *h) {
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  if (!is_proxy_table(L, h, FIRST))
    return -1;
  int keys = lua_gettop(L) + 1, values = keys + 1, pairs = values + 1;
  lua_Integer n = 0;
  lua_newtable(L);
  lua_newtable(L);
  push_pairs(L, FIRST);
  lua_toclose(L, -1);
  for (;; n++) {
    for (int i = 0; i < 3; i++)
      lua_pushvalue(L, pairs + i);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2))
      break;
    copy_element(L, h->conf.value);
    lua_rawseti(L, values, n + 1);
    lua_pushvalue(L, -1);
    lua_replace(L, pairs + 2);
    copy_element(L, h->conf.key);
    lua_rawseti(L, keys, n + 1);
  }
  lua_settop(L, values); /* closes what pairs wanted closed */
  lua_replace(L, SECOND);
  lua_replace(L, FIRST);
  return n;
}

/* -- elements of lists ---------------------------------------------------- */

/* What the elements of one list are, and where their names are on the stack: an
** element of a tuple type is a table of fields, by number or by name. */
typedef struct element {
  const ltype *type;
  const char *role;
  int arg;     /* the argument to blame */
  bool sought; /* a key that is looked for: see lmap_isnokey */
  int names;   /* stack index of the first field's name */
} element;

/* element_init [-0, +n, m]: pushes the names now, so that reading an element
** later makes no string. */
static element element_init(lua_State *L, const ltype *type, const char *role,
                            int arg) {
  element e = {
      .type = type, .role = role, .arg = arg, .names = lua_gettop(L) + 1};
  luaL_checkstack(L, (int)type->nfields + LUA_MINSTACK, NULL);
  for (uint32_t i = 0; type->kind == HMAP_TUPLE && i < type->nfields; i++)
    lua_pushstring(L, type->fields[i].name);
  return e;
}

/* push_field [-0, +1, -]: field i of the table at idx. */
static void push_field(lua_State *L, const element *e, int idx, uint32_t i) {
  if (e->type->fields[i].name[0] != '\0') {
    lua_pushvalue(L, e->names + (int)i);
    if (lua_rawget(L, idx) != LUA_TNIL)
      return;
    lua_pop(L, 1);
  }
  lua_rawgeti(L, idx, (lua_Integer)i + 1);
}

/* A cell that is equal to no key: Lua has no such boolean. */
static hmap_cell no_key(void) { return hmap_cell_of(2, 0, HMAP_TAG_BOOL); }

/* test_element [-0, +0, -]: the element at idx as a cell, which must be zeroed
** if it has padding. False: it does not fit. */
static bool test_element(lua_State *L, const element *e, int idx, char *cell) {
  const lfield *f = e->type->fields;
  if (e->type->kind == HMAP_NONE)
    return lua_isboolean(L, idx) && lua_toboolean(L, idx);
  if (e->type->kind != HMAP_TUPLE)
    return lcell_test(L, idx, f, e->role, cell);
  bool ok = lua_istable(L, idx);
  for (uint32_t i = 0; ok && i < e->type->nfields; i++) {
    push_field(L, e, idx, i);
    ok = lcell_test(L, -1, &f[i], e->role, cell + f[i].offset);
    lua_pop(L, 1);
  }
  return ok;
}

/* element_error [-0, +0, v]: raises: the element at idx did not fit. */
_Noreturn static void element_error(lua_State *L, const element *e, int idx,
                                    const char *where) {
  const ltype *type = e->type;
  if (type->kind == HMAP_NONE)
    larg_error(L, e->arg, "true expected at %s, got %s", where,
               lua_isboolean(L, idx) ? "false" : luaL_typename(L, idx));
  if (type->kind != HMAP_TUPLE)
    lcell_type_error_at(L, idx, type->fields, e->role, e->arg, where);
  if (!lua_istable(L, idx))
    larg_error(L, e->arg, "table of the %s's %d fields expected at %s, got %s",
               e->role, (int)type->nfields, where, luaL_typename(L, idx));
  for (uint32_t i = 0;; i++) {
    const lfield *f = &type->fields[i];
    void *to = lua_newuserdatauv(L, f->size, 0);
    push_field(L, e, idx, i);
    if (!lcell_test(L, -1, f, e->role, to))
      lcell_type_error_at(L, lua_gettop(L), f, e->role, e->arg, where);
    lua_pop(L, 2);
  }
}

/* -- one call ------------------------------------------------------------- */

/* Two lists, one list of keys, or a table of keys and values; cells for a chunk
** of them. */
typedef struct batch {
  lua_State *L;
  lmap *h;
  element key, value;
  cells keys, values;
  size_t most;        /* entries that fit in the cells */
  lua_Integer length; /* of the lists */
  bool has_values;    /* there is a second list */
} batch;

/* batch_init [-0, +n, v] */
static void batch_init(lua_State *L, batch *b, lmap *h, bool table,
                       lua_Integer length) {
  b->L = L;
  b->h = h;
  b->length = length;
  b->has_values = !table && lua_istable(L, SECOND);
  b->key = element_init(L, h->conf.key, "key", FIRST);
  b->value = element_init(L, h->conf.value, "value", table ? FIRST : SECOND);
  cells_init(L, &b->keys, h->conf.key);
  cells_init(L, &b->values, h->conf.value);
  b->most = b->keys.most < b->values.most ? b->keys.most : b->values.most;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
}

/* How many entries of the lists a chunk behind the first `at` has. */
static size_t chunk_length(const batch *b, lua_Integer at) {
  lua_Integer left = b->length - at;
  return left < (lua_Integer)b->most ? (size_t)left : b->most;
}

/* element_error_at [-0, +0, v]: the same of the element on top, with its
** index. */
_Noreturn static void element_error_at(lua_State *L, const element *e,
                                       lua_Integer index) {
  int idx = lua_gettop(L);
  element_error(L, e, idx, lua_pushfstring(L, "index %I", (LUAI_UACINT)index));
}

/* Elements that are left on the stack before all are popped at once. */
#define PILE 8

/* As many integers as stand at the beginning of the n elements of the list
** behind the first `at`, into cells; how many. */
static size_t read_ints(lua_State *L, lua_Integer *out, int list,
                        lua_Integer at, size_t n) {
  int top = lua_gettop(L), is = 1;
  size_t i = 0;
  for (; i < n; i++) {
    if (i % PILE == 0)
      lua_settop(L, top);
    if (lua_rawgeti(L, list, at + (lua_Integer)i + 1) != LUA_TNUMBER)
      break;
    out[i] = lua_tointegerx(L, -1, &is);
    if (!is)
      break;
  }
  lua_settop(L, top);
  return i;
}

/* Reads n elements of the list at `list`, those behind the first `at`, into
** cells. Where a nil stands for a deletion it stops there; how many it read. */
static size_t read_column(lua_State *L, const element *e, cells *c, int list,
                          lua_Integer at, size_t n, bool stop_at_nil) {
  const ltype *type = e->type;
  size_t i = 0;
  if (type->kind == HMAP_INT64)
    i = read_ints(L, (lua_Integer *)(void *)c->at, list, at, n);
  if (type->kind == HMAP_TUPLE)
    memset(c->at, 0, n * c->size);
  for (; i < n; i++) {
    char *cell = c->at + i * c->size;
    int got = lua_rawgeti(L, list, at + (lua_Integer)i + 1);
    if (got == LUA_TNIL && stop_at_nil) {
      lua_pop(L, 1);
      return i;
    }
    if (UNLIKELY(!test_element(L, e, lua_gettop(L), cell))) {
      if (!e->sought || !lcell_isnothing(L, -1))
        element_error_at(L, e, at + (lua_Integer)i + 1);
      *(hmap_cell *)(void *)cell = no_key();
    }
    lua_pop(L, 1);
  }
  return n;
}

/* Both raise if an element does not fit. */
static size_t read_keys(batch *b, lua_Integer at, size_t n) {
  return read_column(b->L, &b->key, &b->keys, FIRST, at, n, false);
}
static size_t read_values(batch *b, lua_Integer at, size_t n) {
  return read_column(b->L, &b->value, &b->values, SECOND, at, n, true);
}

/* Reads the lists for nothing but their faults. */
static void check_lists(batch *b) {
  size_t n;
  for (lua_Integer at = 0; (n = chunk_length(b, at)) > 0;
       at += (lua_Integer)n) {
    read_keys(b, at, n);
    for (size_t i = 0; b->has_values && i < n; i++) /* nils are passed */
      i += read_values(b, at + (lua_Integer)i, n - i);
  }
}

/* -- get_many ------------------------------------------------------------- */

static void read_steps(lmap *h, size_t n) {
  if ((h->tag & LMAP_READS) == 0)
    return;
  for (; n > 0; n--) {
    ltrace_maybe(h, LTRACE_READ);
    hmap_read_step(h->m);
  }
  lmap_written(h, 0);
}

/* push_found [-0, +(0|1), m] */
static bool push_found(lua_State *L, lmap *h, const void *cell) {
  const ltype *type = h->conf.value;
  if (cell != NULL && (type->kind == HMAP_TUPLE || type->kind == HMAP_NONE))
    return lmap_pushfields(L, 1, h, type, cell);
  if (cell != NULL)
    lcell_pushfield(L, 1, type->fields, cell);
  else
    lua_pushnil(L);
  return true;
}

/* store_ints [-0, +0, m]: see store_found; of integers, which make nothing. */
static void store_ints(lua_State *L, int out, lua_Integer i,
                       const void *const *found, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (found[k] != NULL)
      lua_pushinteger(L, *(const int64_t *)found[k]);
    else
      lua_pushnil(L);
    lua_rawseti(L, out, i + (lua_Integer)k + 1);
  }
}

/* store_found [-0, +0, m]: the values of n keys as elements of the list at
** `out`, the first behind index i; how many. Making a string may run a
** finalizer, and if that wrote the map the rest of the cells are no more. */
static size_t store_found(lua_State *L, lmap *h, int out, lua_Integer i,
                          const void *const *found, size_t n) {
  const uint64_t before = h->version;
  if (h->conf.value->kind == HMAP_INT64) {
    store_ints(L, out, i, found, n);
    return n;
  }
  for (size_t k = 0; k < n; k++) {
    if (h->version != before || !push_found(L, h, found[k]))
      return k;
    lua_rawseti(L, out, i + (lua_Integer)k + 1);
  }
  return n;
}

/* Elements of an earlier, longer result. */
static void clear_rest(lua_State *L, int out, lua_Integer n) {
  lua_pushliteral(L, "n");
  lua_Integer was =
      lua_rawget(L, out) == LUA_TNUMBER ? lua_tointeger(L, -1) : 0;
  lua_Integer length = (lua_Integer)lua_rawlen(L, out);
  lua_pop(L, 1);
  for (lua_Integer i = length > was ? length : was; i > n; i--) {
    lua_pushnil(L);
    lua_rawseti(L, out, i);
  }
}

/* hand_over [-0, +0, v]: the n results at `out` to the list at SECOND, which
** has metamethods. */
static void hand_over(lua_State *L, int out, lua_Integer n) {
  lua_Integer was = list_length(L, SECOND);
  for (lua_Integer i = 1; i <= n || i <= was; i++) {
    lua_rawgeti(L, out, i);
    lua_seti(L, SECOND, i);
  }
}

static void check_list(lua_State *L, int arg, const char *what) {
  if (!lua_istable(L, arg))
    larg_error(L, arg, "%s expected, got %s", what, luaL_typename(L, arg));
}

/* The map whose types say how lists are read. It is not at work yet. */
static const lmap *map_at_rest(lua_State *L) {
  const lmap *h = lmap_test(L, 1);
  return h != NULL && h->m != NULL ? h : lmap_check(L); /* raises */
}

static void get_all(batch *b, int out) {
  const void *found[FOUND];
  lmap *h = b->h;
  if (b->most > FOUND)
    b->most = FOUND;
  for (lua_Integer at = 0; at < b->length;) {
    size_t n = read_keys(b, at, chunk_length(b, at));
    lmap_open(b->L, h);
    read_steps(h, n);
    hmap_get_many(h->m, b->keys.at, n, found);
    at += (lua_Integer)store_found(b->L, h, out, at, found, n);
  }
}

/* get_many(keys, out = {}) */
static int map_get_many(lua_State *L) {
  batch b;
  const ltype *type = map_at_rest(L)->conf.key;
  lua_settop(L, SECOND);
  check_list(L, FIRST, "list of keys");
  bool given = !lua_isnil(L, SECOND);
  if (given)
    check_list(L, SECOND, "list to fill");
  lua_Integer n = list_length(L, FIRST);
  plain_list(L, type, FIRST, n);
  bool aside = !given || has_meta(L, SECOND, "__newindex");
  if (aside)
    lua_createtable(L, n < INT32_MAX ? (int)n : 0, 1);
  int out = lua_gettop(L);
  batch_init(L, &b, lmap_check(L), false, n);
  b.has_values = false;
  b.key.sought = type->kind == HMAP_ANY;
  if (lua_rawequal(L, FIRST, out)) /* else what is wrong is found too late */
    check_lists(&b);
  get_all(&b, out);
  if (given && aside)
    hand_over(L, out, n);
  else if (given)
    clear_rest(L, out, n);
  lua_pushvalue(L, given ? SECOND : out);
  lua_pushinteger(L, n);
  lua_setfield(L, -2, "n");
  return 1;
}

/* -- set_many ------------------------------------------------------------- */

/* put_cells [-0, +0, v]: n entries that lie in the cells; false: memory was
** refused and the collector has run since they were read. */
static bool put_cells(batch *b, size_t n, int tries) {
  size_t done;
  lmap *h = b->h;
  lmap_open(b->L, h);
  hmap_status status = hmap_put_many(h->m, b->keys.at, b->values.at, n, &done);
  lmap_written(h, LMAP_COUNT_EVERY);
  return !lmap_failed(b->L, h, status, tries);
}

/* The entries of the lists behind the first `at`, up to the end of a chunk or
** to a value that is nil; how many. 0: read them anew. */
static size_t put_chunk(batch *b, lua_Integer at, int tries) {
  size_t n = read_keys(b, at, chunk_length(b, at));
  if (b->has_values)
    n = read_values(b, at, n);
  if (n > 0)
    return put_cells(b, n, tries) ? n : 0;
  lmap_remove(b->L, b->h, b->keys.at);
  return 1;
}

/* What was refused and is tried again may have been put in part: it is put
** again. */
static void put_lists(batch *b) {
  int tries = 0;
  for (lua_Integer at = 0; at < b->length;) {
    size_t n = put_chunk(b, at, tries);
    tries = n > 0 ? 0 : tries + 1;
    at += (lua_Integer)n;
  }
}

/* All entries of lists that fit in the cells, unless they are none or some are
** to be deleted: then what is read to be checked need not be read again. */
static bool put_at_once(batch *b) {
  size_t n = chunk_length(b, 0);
  if (n == 0 || (lua_Integer)n < b->length)
    return false;
  read_keys(b, 0, n);
  if (b->has_values && read_values(b, 0, n) < n)
    return false;
  return put_cells(b, n, 0);
}

/* push_where [-0, +1, m]: which entry of the lists, or (index 0) of a table
** whose key is at `key`. */
static const char *push_where(lua_State *L, int key, lua_Integer index) {
  if (index > 0)
    return lua_pushfstring(L, "index %I", (LUAI_UACINT)index);
  return lua_pushfstring(L, "[%s]", ltext_pushvalue(L, key, LTEXT_QUOTED));
}

/* read_entry [-0, +0, v]: the key and value on top of the stack into cells i;
** false: they are an entry to be deleted. index: see push_where. */
static bool read_entry(batch *b, size_t i, lua_Integer index) {
  lua_State *L = b->L;
  int key = lua_gettop(L) - 1, value = key + 1;
  char *k = b->keys.at + i * b->keys.size;
  char *v = b->values.at + i * b->values.size;
  memset(k, 0, b->keys.size);
  memset(v, 0, b->values.size);
  if (UNLIKELY(!test_element(L, &b->key, key, k)))
    element_error(L, &b->key, key, push_where(L, key, index));
  if (lua_isnil(L, value))
    return !b->has_values;
  if (UNLIKELY(!test_element(L, &b->value, value, v)))
    element_error(L, &b->value, value, push_where(L, key, index));
  return true;
}

static void check_table(batch *b) {
  lua_State *L = b->L;
  for (lua_pushnil(L); lua_next(L, FIRST); lua_pop(L, 1))
    read_entry(b, 0, 0);
}

/* The next chunk of the table at FIRST; stack: the key before it -> its last
** key. */
static size_t read_chunk(batch *b) {
  lua_State *L = b->L;
  size_t n = 0;
  for (; n < b->most && lua_next(L, FIRST); n++) {
    read_entry(b, n, 0);
    lua_pop(L, 1);
  }
  if (n < b->most) /* lua_next has popped the last key */
    lua_pushnil(L);
  return n;
}

static void put_table(batch *b) {
  lua_State *L = b->L;
  size_t n;
  int tries = 0;
  lua_pushnil(L);
  do {
    lua_pushvalue(L, -1);
    n = read_chunk(b); /* stack: key before, last key */
    bool put = put_cells(b, n, tries);
    tries = put ? 0 : tries + 1;
    if (put)
      lua_replace(L, -2);
    else
      lua_pop(L, 1);
  } while (n == b->most || tries > 0);
  lua_pop(L, 1);
}

/* put_object [-0, +0, v]: the key and value on top of the stack. */
static void put_object(batch *b, lua_Integer index) {
  lua_State *L = b->L;
  lmap *h = b->h;
  lentry e = {b->keys.at, b->values.at, lua_gettop(L) - 1, lua_gettop(L)};
  ltrace_done(h);
  if (!read_entry(b, 0, index)) {
    ltrace_op(h, LTRACE_DELETE, 0);
    lmap_remove(L, h, e.key);
    return;
  }
  ltrace_op(h, LTRACE_SET, 0);
  for (int tries = 0;
       lmap_failed(L, h, lmap_put(L, 1, h, &e, false, NULL), tries); tries++)
    read_entry(b, 0, index);
  lmap_written(h, 0);
}

static void put_objects(batch *b, bool table) {
  lua_State *L = b->L;
  if (table) {
    for (lua_pushnil(L); lua_next(L, FIRST); lua_pop(L, 1))
      put_object(b, 0);
    return;
  }
  for (lua_Integer i = 1; i <= b->length; i++, lua_pop(L, 2)) {
    lua_rawgeti(L, FIRST, i);
    if (b->has_values)
      lua_rawgeti(L, SECOND, i);
    else
      lua_pushnil(L);
    put_object(b, i);
  }
}

/* put_all [-0, +n, v]: lists of this length, or (-1) the table at FIRST. */
static void put_all(lua_State *L, lmap *h, lua_Integer length) {
  batch b;
  bool table = length < 0;
  bool singly = lmap_may_hold_objects(h) || ltrace_has_observers(h);
  batch_init(L, &b, h, table, length);
  if (singly || table || !put_at_once(&b)) {
    if (table)
      check_table(&b);
    else
      check_lists(&b);
    if (singly)
      put_objects(&b, table);
    else if (table)
      put_table(&b);
    else
      put_lists(&b);
  }
  lmap_count_bytes(h);
}

/* set_many(keys, values), set_many(table); of a set: set_many(keys) */
static int map_set_many(lua_State *L) {
  const lmap *h = map_at_rest(L);
  lua_settop(L, SECOND);
  bool set = h->conf.value->kind == HMAP_NONE;
  bool table = lua_isnil(L, SECOND) && !set;
  if (!(table && has_meta(L, FIRST, "__pairs"))) /* as a view has, for one */
    check_list(L, FIRST, table ? "table" : "list of keys");
  if (!lua_isnil(L, SECOND))
    check_list(L, SECOND, "list of values");
  lua_Integer length = table ? split_table(L, h) : plain_lists(L, h);
  put_all(L, lmap_check(L), length);
  return 0;
}

void lbatch_merge(lua_State *L, const lmap *h) {
  lua_settop(L, FIRST);
  lua_pushnil(L);
  lua_Integer length = split_table(L, h);
  put_all(L, lmap_check(L), length);
}

/* -- delete_many ---------------------------------------------------------- */

static size_t delete_chunk(batch *b, size_t n) {
  size_t deleted = 0;
  if (!lmap_may_hold_objects(b->h) && !ltrace_has_observers(b->h))
    return hmap_delete_many(b->h->m, b->keys.at, n);
  for (size_t i = 0; i < n; i++) {
    ltrace_op(b->h, LTRACE_DELETE, 0);
    deleted += lmap_remove(b->L, b->h, b->keys.at + i * b->keys.size);
  }
  ltrace_done(b->h);
  return deleted;
}

/* delete_many(keys) */
static int map_delete_many(lua_State *L) {
  batch b;
  const ltype *type = map_at_rest(L)->conf.key;
  lua_settop(L, FIRST);
  check_list(L, FIRST, "list of keys");
  lua_Integer length = list_length(L, FIRST);
  plain_list(L, type, FIRST, length);
  lua_pushnil(L);
  lmap *h = lmap_check(L);
  batch_init(L, &b, h, false, length);
  b.key.sought = type->kind == HMAP_ANY;
  check_lists(&b);
  lmap_open(L, h);
  lua_Integer deleted = 0;
  size_t n;
  for (lua_Integer at = 0; (n = chunk_length(&b, at)) > 0;
       at += (lua_Integer)n) {
    read_keys(&b, at, n);
    deleted += (lua_Integer)delete_chunk(&b, n);
    lmap_written(h, LMAP_COUNT_EVERY);
  }
  lua_pushinteger(L, deleted);
  return 1;
}

const luaL_Reg lbatch_methods[] = {{"get_many", map_get_many},
                                   {"set_many", map_set_many},
                                   {"delete_many", map_delete_many},
                                   {NULL, NULL}};
