/* entry_typed.c: the everyday methods for the commonest kinds of keys, and
** reads and writes of their views.
**
** The always-inline functions are templates over the shape of the keys: each is
** compiled once for every shape below, for maps and for views, so that no
** branch on it is left. What the values are is asked at run time, the commonest
** first. A tuple of integers that fills a word goes as that word. Nothing here
** raises errors of its own: what is not on the fast path leaves the map alone
** and starts again in the general method (entry.c, proxy.c).
*/
#include "binding/data/entry_typed.h"

#include "binding/data/entry.h"
#include "binding/data/proxy.h"

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

/* read_key [-0, +0, -]: the key from index 2 on. */
static ALWAYS_INLINE bool read_key(lua_State *L, const lmap *h, int shape,
                                   typed_key *k) {
  if (shape == HMAP_INT64) {
    lua_Integer i;
    bool ok = lcell_testint(L, 2, &i);
    k->i = i;
    return ok;
  }
  if (shape == LCELL_WORD) {
    uint64_t word;
    bool ok = lcell_testword(L, 2, &h->key, &word);
    k->i = (int64_t)word;
    return ok;
  }
  if (shape == HMAP_STRING || lua_type(L, 2) == LUA_TSTRING)
    return lcell_testtext(L, 2, &k->s, &k->n);
  k->s = NULL;
  return lcell_testany(L, 2, "key", &k->any);
}

/* Where the value stands among the arguments. */
static ALWAYS_INLINE int value_at(const lmap *h, int shape) {
  return shape == LCELL_WORD ? 2 + (int)h->key.nfields : 3;
}

/* read_other [-0, +0, -]: a value of one of the rarer kinds. */
static NOINLINE bool read_other(lua_State *L, const lmap *h, int arg,
                                typed_value *v) {
  if (h->value.kind == HMAP_NONE)
    return lua_isnone(L, arg) ||
           (lua_isboolean(L, arg) && lua_toboolean(L, arg));
  return h->value.size <= sizeof *v &&
         lcell_test(L, arg, h->value.fields, "value", v);
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

/* push_value [-0, +1, m]: a value cell of the map at index 1, or of that behind
** the view there. */
static ALWAYS_INLINE void push_value(lua_State *L, const lmap *h, int kind,
                                     const void *cell, bool view) {
  if (LIKELY(kind == HMAP_INT64)) {
    lua_pushinteger(L, *(const int64_t *)cell);
  } else if (kind == HMAP_ANY) {
    if (view && is_object(kind, cell))
      lproxy_unwrap(L);
    lcell_pushany(L, 1, cell);
  } else if (kind == HMAP_NONE) {
    lua_pushboolean(L, 1);
  } else {
    lcell_pushfield(L, 1, h->value.fields, cell);
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
static ALWAYS_INLINE void release(lua_State *L, lmap *h, bool view) {
  hmap_gone gone = hmap_let_go(h->m);
  if (LIKELY((gone.key_ref | gone.elem_ref) == 0))
    return;
  if (view)
    lproxy_unwrap(L);
  lmap_release(L, 1, h);
}

static ALWAYS_INLINE bool take_out(lua_State *L, lmap *h, int key,
                                   const typed_key *k, bool view) {
  bool was_there = remove_key(h, key, k);
  if (was_there && lmap_may_hold_objects(h))
    release(L, h, view);
  lmap_written(h, 0);
  return was_there;
}

/* again [-0, +n, v]: a method whose write the map has refused, by the general
** method if memory may be had now. */
static NOINLINE int again(lua_State *L, lmap *h, hmap_status status,
                          lua_CFunction general) {
  lmap_failed(L, h, status, 0);
  return general(L);
}

/* write_in [-0, +0, -]: as lmap_put, objects apart. */
static ALWAYS_INLINE hmap_status write_in(lua_State *L, lmap *h, int key,
                                          const typed_key *k, int value,
                                          const typed_value *v, bool view) {
  hmap_status status = put(h, key, k, v);
  if (UNLIKELY(status != HMAP_OK))
    return status;
  if (key == HMAP_ANY || value == HMAP_ANY)
    release(L, h, view);
  lmap_written(h, text_of_key(key, k) + text_of_value(value, v));
  return HMAP_OK;
}

/* -- methods -------------------------------------------------------------- */

static ALWAYS_INLINE int kind_of_value(const lmap *h) {
  return (int)(h->tag & 0xff);
}

/* self [-0, +0, v]: the map, or that of the view; NULL: it is not plain. */
static ALWAYS_INLINE lmap *self(lua_State *L, int key, bool read, bool view) {
  if (!view)
    return lmap_self(L, key, read);
  const lproxy *v = lproxy_self(L);
  return LIKELY(v != NULL) && LIKELY((v->map->tag ^ lmap_tag(key, 0)) <= 0xff)
             ? v->map
             : NULL;
}

static ALWAYS_INLINE int typed_get(lua_State *L, int key, bool view) {
  const lmap *h = self(L, key, true, view);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, &k)))
    return view ? lproxy_index(L) : lmap_get_stepped(L);
  const void *cell = find(h, key, &k);
  if (cell == NULL)
    lua_pushnil(L);
  else /* asked late, the kind needs no register that would have to be saved */
    push_value(L, h, kind_of_value(h), cell, view);
  return 1;
}

static ALWAYS_INLINE int typed_has(lua_State *L, int key) {
  const lmap *h = lmap_self(L, key, true);
  typed_key k;
  if (UNLIKELY(!read_key(L, h, key, &k)))
    return lmap_has_stepped(L);
  lua_pushboolean(L, find(h, key, &k) != NULL);
  return 1;
}

static ALWAYS_INLINE int typed_delete(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, false);
  typed_key k;
  if (UNLIKELY(!read_key(L, h, key, &k)))
    return lmap_delete(L);
  lua_pushboolean(L, take_out(L, h, key, &k, false));
  return 1;
}

/* Whether the value says: delete. Asked after it was found to be none. */
static ALWAYS_INLINE bool deletes(lua_State *L, int arg, int value) {
  return value == HMAP_NONE ? lua_isnil(L, arg) : lua_isnoneornil(L, arg);
}

static ALWAYS_INLINE int set_of(lua_State *L, lmap *h, int key,
                                const typed_key *k, int value, bool view) {
  typed_value v;
  int arg = value_at(h, key);
  if (UNLIKELY(!read_value(L, h, arg, value, &v))) {
    if (!deletes(L, arg, value))
      return view ? lproxy_newindex(L) : lmap_set(L);
    take_out(L, h, key, k, view);
    return 0;
  }
  if (is_object_key(key, k) || is_object(value, &v.cell))
    return view ? lproxy_newindex(L) : lmap_set(L);
  hmap_status status = write_in(L, h, key, k, value, &v, view);
  return LIKELY(status == HMAP_OK)
             ? 0
             : again(L, h, status, view ? lproxy_newindex : lmap_set);
}

static ALWAYS_INLINE int typed_set(lua_State *L, int key, bool view) {
  lmap *h = self(L, key, false, view);
  typed_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, &k)))
    return view ? lproxy_newindex(L) : lmap_set(L);
  switch (kind_of_value(h)) { /* constants for the commonest */
  case HMAP_INT64:
    return set_of(L, h, key, &k, HMAP_INT64, view);
  case HMAP_ANY:
    return set_of(L, h, key, &k, HMAP_ANY, view);
  default:
    return set_of(L, h, key, &k, kind_of_value(h), view);
  }
}

/* push_found [-0, +1, v]: the value of key, or nil. Making a string may run
** finalizers, and they may close the map. */
static ALWAYS_INLINE void push_found(lua_State *L, lmap *h, int key,
                                     const typed_key *k, int value) {
  const void *cell = find(h, key, k);
  if (cell == NULL)
    lua_pushnil(L);
  else
    push_value(L, h, value, cell, false);
  lmap_open(L, h);
}

static ALWAYS_INLINE int typed_pop(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, false);
  typed_key k;
  if (UNLIKELY(!read_key(L, h, key, &k)))
    return lmap_pop(L);
  push_found(L, h, key, &k, kind_of_value(h));
  take_out(L, h, key, &k, false);
  return 1;
}

static ALWAYS_INLINE int typed_swap(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, false);
  int value = kind_of_value(h);
  typed_key k;
  typed_value v;
  if (UNLIKELY(!read_key(L, h, key, &k) ||
               !read_value(L, h, value_at(h, key), value, &v)) ||
      is_object_key(key, &k) || is_object(value, &v.cell))
    return lmap_swap(L);
  push_found(L, h, key, &k, value);
  hmap_status status = write_in(L, h, key, &k, value, &v, false);
  return LIKELY(status == HMAP_OK) ? 1 : again(L, h, status, lmap_swap);
}

static ALWAYS_INLINE int typed_get_or_set(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, false);
  int arg = value_at(h, key), value = kind_of_value(h);
  typed_key k;
  typed_value v;
  if (UNLIKELY(!read_key(L, h, key, &k) || !read_value(L, h, arg, value, &v)) ||
      is_object_key(key, &k) || is_object(value, &v.cell))
    return lmap_get_or_set(L);
  const void *now;
  bool existed;
  hmap_status status = get_or_put(h, key, &k, &v, &now, &existed);
  if (UNLIKELY(status != HMAP_OK))
    return again(L, h, status, lmap_get_or_set);
  lmap_written(h,
               existed ? 0 : text_of_key(key, &k) + text_of_value(value, &v));
  if (!existed && lua_type(L, arg) == LUA_TSTRING)
    lua_pushvalue(L, arg); /* the map has changed: this must not raise */
  else
    push_value(L, h, value, now, false);
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
                                const typed_key *k, int value) {
  ladd_amount n;
  if (UNLIKELY(!read_amount(L, value_at(h, key), value, &n)) ||
      is_object_key(key, k))
    return lmap_add(L);
  void *cell;
  bool existed;
  hmap_status status = assign(h, key, k, &cell, &existed);
  if (UNLIKELY(status != HMAP_OK))
    return again(L, h, status, lmap_add);
  lmap_written(h, text_of_key(key, k));
  if (UNLIKELY(!add_to(value, cell, n)))
    lmap_overflow(L, h, n);
  push_value(L, h, value, cell, false);
  return 1;
}

/* Counts and sums of full width: with what is narrower not every key can begin,
** so that is looked at before there is a cell. So is a key that is watched. */
static ALWAYS_INLINE int typed_add(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, false);
  typed_key k;
  if (UNLIKELY(h->trace != NULL || !read_key(L, h, key, &k)))
    return lmap_add(L);
  switch (kind_of_value(h)) {
  case HMAP_INT64:
    return add_of(L, h, key, &k, HMAP_INT64);
  case HMAP_FLOAT64:
    return add_of(L, h, key, &k, HMAP_FLOAT64);
  default:
    return lmap_add(L);
  }
}

/* -- by the shape of the keys --------------------------------------------- */

/* Keys of views: one value each. */
#define TYPED_SCALARS(X) X(i64, HMAP_INT64) X(str, HMAP_STRING) X(any, HMAP_ANY)
#define TYPED_KEYS(X)    TYPED_SCALARS(X) X(word, LCELL_WORD)

#define LMAP_X(k, K)                                                           \
  static int get_##k(lua_State *L) { return typed_get(L, K, false); }          \
  static int set_##k(lua_State *L) { return typed_set(L, K, false); }          \
  static int has_##k(lua_State *L) { return typed_has(L, K); }                 \
  static int delete_##k(lua_State *L) { return typed_delete(L, K); }           \
  static int pop_##k(lua_State *L) { return typed_pop(L, K); }                 \
  static int swap_##k(lua_State *L) { return typed_swap(L, K); }               \
  static int get_or_set_##k(lua_State *L) { return typed_get_or_set(L, K); }   \
  static int add_##k(lua_State *L) { return typed_add(L, K); }                 \
  static const luaL_Reg methods_##k[] = {{"get", get_##k},                     \
                                         {"set", set_##k},                     \
                                         {"has", has_##k},                     \
                                         {"delete", delete_##k},               \
                                         {"pop", pop_##k},                     \
                                         {"swap", swap_##k},                   \
                                         {"get_or_set", get_or_set_##k},       \
                                         {"add", add_##k},                     \
                                         {NULL, NULL}};
TYPED_KEYS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K)                                                           \
  static int index_##k(lua_State *L) { return typed_get(L, K, true); }         \
  static int newindex_##k(lua_State *L) { return typed_set(L, K, true); }      \
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
