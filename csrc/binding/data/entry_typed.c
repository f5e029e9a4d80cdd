/* entry_typed.c: the everyday methods for the commonest kinds of keys, and
** reads and writes of their views.
**
** The always-inline functions are templates over the shape of the keys: each is
** compiled once for every shape below and for every road that leads to a map,
** so that no branch on these is left. What the values are is asked at run time,
** the commonest first. A tuple of integers that fills a word goes as that word.
** Nothing here raises errors of its own: what is not on the fast path leaves
** the map alone and starts again in a more general method (entry.c, proxy.c).
*/
#include "binding/data/entry_typed.h"

#include "binding/data/bind.h"
#include "binding/data/entry.h"
#include "binding/data/proxy.h"

/* -- roads ---------------------------------------------------------------- */

/* How a map is come to: by m:get(k), by t[k], by get(k). */
typedef enum road { METHOD, VIEW, BOUND } road;

/* Where the key begins among the arguments. */
static ALWAYS_INLINE int key_at(road by) { return by == BOUND ? 1 : 2; }

/* Where the map is, if it is not behind a view. */
static ALWAYS_INLINE int map_at(road by) {
  return by == BOUND ? lua_upvalueindex(LBIND_MAP) : 1;
}

/* self [-0, +0, v]: the map; NULL: a more general method must look for it. */
static ALWAYS_INLINE lmap *self(lua_State *L, int key, bool read, road by) {
  if (by == METHOD)
    return lmap_self(L, key, read);
  if (by == BOUND)
    return lbind_self(L, key);
  const lproxy *v = lproxy_self(L);
  return LIKELY(v != NULL) && LIKELY((v->map->tag ^ lmap_tag(key, 0)) <= 0xff)
             ? v->map
             : NULL;
}

/* go_by [-n, +m, v]: the more general method that this road leads to. */
static ALWAYS_INLINE int go_by(lua_State *L, road by, lua_CFunction general) {
  return by == BOUND ? lbind_call(L, general) : general(L);
}

/* -- arguments ------------------------------------------------------------ */

/* A key, in the form in which the core's entry for its shape wants it. To the
** core a text is the same key in a map of strings and in one of anything. */
typedef struct typed_key {
  int64_t i;
  const char *s; /* NULL: of anything, but no text */
  size_t n;
  hmap_cell any;
} typed_key;

typedef union typed_value {
  lua_Integer i;
  double f;
  hmap_cell cell;
} typed_value;

/* read_key [-0, +0, -]: the key from index arg on. */
static ALWAYS_INLINE bool read_key(lua_State *L, const lmap *h, int shape,
                                   int arg, typed_key *k) {
  if (shape == HMAP_INT64) {
    lua_Integer i;
    bool ok = lcell_testint(L, arg, &i);
    k->i = i;
    return ok;
  }
  if (shape == LCELL_WORD) {
    uint64_t word;
    bool ok = lcell_testword(L, arg, h->conf.key, &word);
    k->i = (int64_t)word;
    return ok;
  }
  int type = shape == HMAP_STRING ? LUA_TSTRING : lua_type(L, arg);
  if (type == LUA_TSTRING)
    return lcell_testtext(L, arg, &k->s, &k->n);
  k->s = NULL;
  return lcell_testany_of(L, arg, type, "key", &k->any);
}

/* Where the value stands among the arguments. */
static ALWAYS_INLINE int value_at(const lmap *h, int shape, road by) {
  return key_at(by) + (shape == LCELL_WORD ? (int)h->conf.key->nfields : 1);
}

/* read_other [-0, +0, -]: a value of one of the rarer kinds. */
static NOINLINE bool read_other(lua_State *L, const lmap *h, int arg,
                                typed_value *v) {
  if (h->conf.value->kind == HMAP_NONE)
    return lua_isnone(L, arg) ||
           (lua_isboolean(L, arg) && lua_toboolean(L, arg));
  return h->conf.value->size <= sizeof *v &&
         lcell_test(L, arg, h->conf.value->fields, "value", v);
}

/* read_value [-0, +0, -]: false also if it is none for a short cut. */
static ALWAYS_INLINE bool read_value(lua_State *L, const lmap *h, int arg,
                                     int kind, typed_value *v) {
  if (LIKELY(kind == HMAP_INT64))
    return lcell_testint(L, arg, &v->i);
  if (kind == HMAP_ANY)
    return lcell_testany(L, arg, "value", &v->cell);
  return read_other(L, h, arg, v);
}

static ALWAYS_INLINE bool is_object(int shape, const hmap_cell *cell) {
  return shape == HMAP_ANY && cell->c.tag == HMAP_TAG_OBJECT;
}

static ALWAYS_INLINE bool is_text_key(int shape, const typed_key *k) {
  return shape == HMAP_STRING || (shape == HMAP_ANY && k->s != NULL);
}
static ALWAYS_INLINE bool is_object_key(int shape, const typed_key *k) {
  return !is_text_key(shape, k) && is_object(shape, &k->any);
}

/* Bytes of text that an entry brings with it. */
static ALWAYS_INLINE size_t text_of_key(int shape, const typed_key *k) {
  return is_text_key(shape, k) ? k->n : 0;
}
static ALWAYS_INLINE size_t text_of_value(int shape, const typed_value *v) {
  bool text =
      shape == HMAP_STRING || (shape == HMAP_ANY && hmap_is_text(&v->cell));
  return text ? hmap_text_len(&v->cell) : 0;
}

/* push_value [-0, +1, m]: a value cell. */
static ALWAYS_INLINE void push_value(lua_State *L, const lmap *h, int kind,
                                     const void *cell, road by) {
  if (LIKELY(kind == HMAP_INT64)) {
    lua_pushinteger(L, *(const int64_t *)cell);
  } else if (kind == HMAP_ANY) {
    if (by == VIEW && is_object(kind, cell))
      lproxy_unwrap(L);
    lcell_pushany(L, map_at(by), cell);
  } else if (kind == HMAP_NONE) {
    lua_pushboolean(L, 1);
  } else {
    lcell_pushfield(L, map_at(by), h->conf.value->fields, cell);
  }
}

/* -- the core ------------------------------------------------------------- */

static ALWAYS_INLINE const void *find(const lmap *h, int shape,
                                      const typed_key *k) {
  if (is_text_key(shape, k))
    return hmap_get_str(h->m, k->s, k->n);
  if (shape == HMAP_ANY)
    return hmap_get(h->m, &k->any);
  return hmap_get_i64(h->m, k->i);
}

static ALWAYS_INLINE hmap_status put(lmap *h, int shape, const typed_key *k,
                                     const typed_value *v) {
  if (is_text_key(shape, k))
    return hmap_put_str(h->m, k->s, k->n, v);
  if (shape == HMAP_ANY)
    return hmap_put(h->m, &k->any, v);
  return hmap_put_i64(h->m, k->i, v);
}

static ALWAYS_INLINE bool remove_key(lmap *h, int shape, const typed_key *k) {
  if (is_text_key(shape, k))
    return hmap_delete_str(h->m, k->s, k->n);
  if (shape == HMAP_ANY)
    return hmap_delete(h->m, &k->any);
  return hmap_delete_i64(h->m, k->i);
}

static ALWAYS_INLINE hmap_status get_or_put(lmap *h, int shape,
                                            const typed_key *k,
                                            const typed_value *v,
                                            const void **now, bool *existed) {
  if (is_text_key(shape, k))
    return hmap_get_or_put_str(h->m, k->s, k->n, v, now, existed);
  if (shape == HMAP_ANY)
    return hmap_get_or_put(h->m, &k->any, v, now, existed);
  return hmap_get_or_put_i64(h->m, k->i, v, now, existed);
}

static ALWAYS_INLINE hmap_status assign(lmap *h, int shape, const typed_key *k,
                                        void **cell, bool *existed) {
  if (is_text_key(shape, k))
    return hmap_assign_str(h->m, k->s, k->n, cell, existed);
  if (shape == HMAP_ANY)
    return hmap_assign(h->m, &k->any, cell, existed);
  return hmap_assign_i64(h->m, k->i, cell, existed);
}

/* release [-0, +0, -]: the objects that a write has made homeless. */
static ALWAYS_INLINE void release(lua_State *L, lmap *h, road by) {
  hmap_gone gone = hmap_let_go(h->m);
  if (LIKELY((gone.key_ref | gone.elem_ref) == 0))
    return;
  if (by == VIEW)
    lproxy_unwrap(L);
  lmap_release(L, map_at(by), h);
}

static ALWAYS_INLINE bool take_out(lua_State *L, lmap *h, int key,
                                   const typed_key *k, road by) {
  bool was_there = remove_key(h, key, k);
  if (was_there && lmap_may_hold_objects(h))
    release(L, h, by);
  lmap_written(h, 0);
  return was_there;
}

/* again [-0, +n, v]: a method whose write the map has refused, by a more
** general one if memory may be had now. */
static NOINLINE int again(lua_State *L, lmap *h, hmap_status status, road by,
                          lua_CFunction general) {
  lmap_failed(L, h, status, 0);
  return go_by(L, by, general);
}

/* write_in [-0, +0, -]: as lmap_put, objects apart. */
static ALWAYS_INLINE hmap_status write_in(lua_State *L, lmap *h, int key,
                                          const typed_key *k, int value,
                                          const typed_value *v, road by) {
  hmap_status status = put(h, key, k, v);
  if (UNLIKELY(status != HMAP_OK))
    return status;
  if (key == HMAP_ANY || value == HMAP_ANY)
    release(L, h, by);
  lmap_written(h, text_of_key(key, k) + text_of_value(value, v));
  return HMAP_OK;
}

/* -- methods -------------------------------------------------------------- */

static ALWAYS_INLINE int kind_of_value(const lmap *h) {
  return (int)(h->tag & 0xff);
}

static ALWAYS_INLINE int typed_get(lua_State *L, int key, road by,
                                   lua_CFunction general) {
  const lmap *h = self(L, key, true, by);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  const void *cell = find(h, key, &k);
  if (cell == NULL)
    lua_pushnil(L);
  else /* asked late, the kind needs no register that would have to be saved */
    push_value(L, h, kind_of_value(h), cell, by);
  return 1;
}

static ALWAYS_INLINE int typed_has(lua_State *L, int key, road by,
                                   lua_CFunction general) {
  const lmap *h = self(L, key, true, by);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  lua_pushboolean(L, find(h, key, &k) != NULL);
  return 1;
}

static ALWAYS_INLINE int typed_delete(lua_State *L, int key, road by,
                                      lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  lua_pushboolean(L, take_out(L, h, key, &k, by));
  return 1;
}

/* Whether the value says: delete. Asked after it was found to be none. */
static ALWAYS_INLINE bool deletes(lua_State *L, int arg, int value) {
  return value == HMAP_NONE ? lua_isnil(L, arg) : lua_isnoneornil(L, arg);
}

static ALWAYS_INLINE int set_of(lua_State *L, lmap *h, int key,
                                const typed_key *k, int value, road by,
                                lua_CFunction general) {
  typed_value v;
  int arg = value_at(h, key, by);
  if (UNLIKELY(!read_value(L, h, arg, value, &v))) {
    if (!deletes(L, arg, value))
      return go_by(L, by, general);
    take_out(L, h, key, k, by);
    return 0;
  }
  if (is_object_key(key, k) || is_object(value, &v.cell))
    return go_by(L, by, general);
  hmap_status status = write_in(L, h, key, k, value, &v, by);
  return LIKELY(status == HMAP_OK) ? 0 : again(L, h, status, by, general);
}

static ALWAYS_INLINE int typed_set(lua_State *L, int key, road by,
                                   lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  switch (kind_of_value(h)) { /* constants for the commonest */
  case HMAP_INT64:
    return set_of(L, h, key, &k, HMAP_INT64, by, general);
  case HMAP_ANY:
    return set_of(L, h, key, &k, HMAP_ANY, by, general);
  default:
    return set_of(L, h, key, &k, kind_of_value(h), by, general);
  }
}

/* push_found [-0, +1, v]: the value of key, or nil. Making a string may run
** finalizers, and they may close the map. */
static ALWAYS_INLINE void push_found(lua_State *L, lmap *h, int key,
                                     const typed_key *k, int value, road by) {
  const void *cell = find(h, key, k);
  if (cell == NULL)
    lua_pushnil(L);
  else
    push_value(L, h, value, cell, by);
  lmap_open(L, h);
}

static ALWAYS_INLINE int typed_pop(lua_State *L, int key, road by,
                                   lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  push_found(L, h, key, &k, kind_of_value(h), by);
  take_out(L, h, key, &k, by);
  return 1;
}

/* read_entry [-0, +0, -]: false also if it holds an object. */
static ALWAYS_INLINE bool read_entry(lua_State *L, const lmap *h, int key,
                                     road by, typed_key *k, typed_value *v) {
  int value = kind_of_value(h);
  return LIKELY(read_key(L, h, key, key_at(by), k) &&
                read_value(L, h, value_at(h, key, by), value, v)) &&
         !is_object_key(key, k) && !is_object(value, &v->cell);
}

static ALWAYS_INLINE int typed_swap(lua_State *L, int key, road by,
                                    lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  typed_value v;
  if (UNLIKELY(h == NULL) || !read_entry(L, h, key, by, &k, &v))
    return go_by(L, by, general);
  int value = kind_of_value(h);
  push_found(L, h, key, &k, value, by);
  hmap_status status = write_in(L, h, key, &k, value, &v, by);
  return LIKELY(status == HMAP_OK) ? 1 : again(L, h, status, by, general);
}

static ALWAYS_INLINE int typed_get_or_set(lua_State *L, int key, road by,
                                          lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  typed_value v;
  if (UNLIKELY(h == NULL) || !read_entry(L, h, key, by, &k, &v))
    return go_by(L, by, general);
  int arg = value_at(h, key, by), value = kind_of_value(h);
  const void *now;
  bool existed;
  hmap_status status = get_or_put(h, key, &k, &v, &now, &existed);
  if (UNLIKELY(status != HMAP_OK))
    return again(L, h, status, by, general);
  lmap_written(h,
               existed ? 0 : text_of_key(key, &k) + text_of_value(value, &v));
  if (!existed && lua_type(L, arg) == LUA_TSTRING)
    lua_pushvalue(L, arg); /* the map has changed: this must not raise */
  else
    push_value(L, h, value, now, by);
  lua_pushboolean(L, existed);
  return 2;
}

/* read_amount [-0, +0, -] */
static ALWAYS_INLINE bool read_amount(lua_State *L, int arg, int value,
                                      ladd_amount *n) {
  bool ok = value == HMAP_INT64 ? lcell_testint(L, arg, &n->i)
                                : lcell_testfloat(L, arg, HMAP_FLOAT64, &n->f);
  if (LIKELY(ok))
    return true;
  *n = (ladd_amount){1, 1};
  return lua_isnoneornil(L, arg);
}

static ALWAYS_INLINE bool add_to(int value, void *cell, ladd_amount n) {
  static const lfield as_int = {
      .kind = HMAP_INT64, .low = (uint64_t)INT64_MIN, .span = UINT64_MAX};
  static const lfield as_float = {.kind = HMAP_FLOAT64};
  return value == HMAP_INT64 ? ladd_to(&as_int, cell, n)
                             : ladd_to(&as_float, cell, n);
}

static ALWAYS_INLINE int add_of(lua_State *L, lmap *h, int key,
                                const typed_key *k, int value, road by,
                                lua_CFunction general) {
  ladd_amount n;
  if (UNLIKELY(!read_amount(L, value_at(h, key, by), value, &n)) ||
      is_object_key(key, k))
    return go_by(L, by, general);
  void *cell;
  bool existed;
  hmap_status status = assign(h, key, k, &cell, &existed);
  if (UNLIKELY(status != HMAP_OK))
    return again(L, h, status, by, general);
  lmap_written(h, text_of_key(key, k));
  if (UNLIKELY(!add_to(value, cell, n)))
    lmap_overflow(L, h, n);
  push_value(L, h, value, cell, by);
  return 1;
}

/* Counts and sums of full width: with what is narrower not every key can begin,
** so that is looked at before there is a cell. So is a key that is watched. */
static ALWAYS_INLINE int typed_add(lua_State *L, int key, road by,
                                   lua_CFunction general) {
  lmap *h = self(L, key, false, by);
  typed_key k;
  if (UNLIKELY(h == NULL || h->trace != NULL ||
               !read_key(L, h, key, key_at(by), &k)))
    return go_by(L, by, general);
  switch (kind_of_value(h)) {
  case HMAP_INT64:
    return add_of(L, h, key, &k, HMAP_INT64, by, general);
  case HMAP_FLOAT64:
    return add_of(L, h, key, &k, HMAP_FLOAT64, by, general);
  default:
    return go_by(L, by, general);
  }
}

/* -- by the shape of the keys --------------------------------------------- */

/* Keys of views: one value each. */
#define TYPED_SCALARS(X) X(i64, HMAP_INT64) X(str, HMAP_STRING) X(any, HMAP_ANY)
#define TYPED_KEYS(X)    TYPED_SCALARS(X) X(word, LCELL_WORD)

#define LMAP_EACH(X, k, K)                                                     \
  X(get, lmap_get_stepped, k, K)                                               \
  X(set, lmap_set, k, K)                                                       \
  X(has, lmap_has_stepped, k, K)                                               \
  X(delete, lmap_delete, k, K)                                                 \
  X(pop, lmap_pop, k, K)                                                       \
  X(swap, lmap_swap, k, K)                                                     \
  X(get_or_set, lmap_get_or_set, k, K)                                         \
  X(add, lmap_add, k, K)

/* What is off the fast path of a bound method is one of the method's: that may
** be a fast one, for a map whose reads step. */
#define LMAP_FUNCTIONS(name, general, k, K)                                    \
  static int name##_##k(lua_State *L) {                                        \
    return typed_##name(L, K, METHOD, general);                                \
  }                                                                            \
  static int bound_##name##_##k(lua_State *L) {                                \
    return typed_##name(L, K, BOUND, name##_##k);                              \
  }
#define LMAP_METHOD(name, general, k, K) {#name, name##_##k},
#define LMAP_BOUND(name, general, k, K)  {#name, bound_##name##_##k},
#define LMAP_X(k, K)                                                           \
  LMAP_EACH(LMAP_FUNCTIONS, k, K)                                              \
  static const luaL_Reg methods_##k[] = {                                      \
      LMAP_EACH(LMAP_METHOD, k, K){NULL, NULL}};                               \
  static const luaL_Reg bound_##k[] = {LMAP_EACH(LMAP_BOUND, k, K){NULL, NULL}};
TYPED_KEYS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K)                                                           \
  static int index_##k(lua_State *L) {                                         \
    return typed_get(L, K, VIEW, lproxy_index);                                \
  }                                                                            \
  static int newindex_##k(lua_State *L) {                                      \
    return typed_set(L, K, VIEW, lproxy_newindex);                             \
  }                                                                            \
  static const luaL_Reg view_##k[] = {                                         \
      {"__index", index_##k}, {"__newindex", newindex_##k}, {NULL, NULL}};
TYPED_SCALARS(LMAP_X)
#undef LMAP_X

const luaL_Reg *lmap_typed_methods(int key) {
  switch (key) {
#define LMAP_X(k, K)                                                           \
  case K:                                                                      \
    return methods_##k;
    TYPED_KEYS(LMAP_X)
#undef LMAP_X
  default:
    return NULL;
  }
}

const luaL_Reg *lmap_typed_bound(int key) {
  switch (key) {
#define LMAP_X(k, K)                                                           \
  case K:                                                                      \
    return bound_##k;
    TYPED_KEYS(LMAP_X)
#undef LMAP_X
  default:
    return NULL;
  }
}

const luaL_Reg *lproxy_typed_methods(int key) {
  switch (key) {
#define LMAP_X(k, K)                                                           \
  case K:                                                                      \
    return view_##k;
    TYPED_SCALARS(LMAP_X)
#undef LMAP_X
  default:
    return NULL;
  }
}
