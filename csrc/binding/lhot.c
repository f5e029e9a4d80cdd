/* lhot.c: get, set, has and delete of the commonest shapes of maps, and reads
** and writes of their views.
**
** The always-inline functions are templates: each is compiled once for every
** pair of shapes below, for maps and for views, with the shapes as constants,
** so that no branch on them is left. A tuple of integers that fills a word goes
** as that word. Nothing here raises in a way of its own: what is not plain
** sailing leaves the map alone and starts again on the general road (lmap.c,
** lview.c).
*/
#include "lmap.h"
#include "lview.h"

/* -- arguments ------------------------------------------------------------ */

/* A key, in the form in which the core's entry for its shape wants it. To the
** core a text is the same key in a map of strings and in one of anything. */
typedef struct hot_key {
  int64_t i;
  const char *s; /* NULL: of anything, but no text */
  size_t n;
  hmap_cell any;
} hot_key;

typedef union hot_value {
  lua_Integer i;
  double f;
  hmap_cell cell;
} hot_value;

/* read_key [-0, +0, -]: the key from index 2 on. */
static ALWAYS_INLINE bool read_key(lua_State *L, const lmap *h, int shape,
                                   hot_key *k) {
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

/* read_value [-0, +0, -] */
static ALWAYS_INLINE bool read_value(lua_State *L, int arg, int shape,
                                     hot_value *v) {
  const char *s;
  size_t n;
  switch (shape) {
  case HMAP_INT64:
    return lcell_testint(L, arg, &v->i);
  case HMAP_FLOAT64:
    return lcell_testfloat(L, arg, HMAP_FLOAT64, &v->f);
  case HMAP_STRING:
    if (!lcell_testtext(L, arg, &s, &n))
      return false;
    v->cell = hmap_text(s, n);
    return true;
  case HMAP_ANY:
    return lcell_testany(L, arg, "value", &v->cell);
  default: /* set */
    return lua_isnone(L, arg) ||
           (lua_isboolean(L, arg) && lua_toboolean(L, arg));
  }
}

static ALWAYS_INLINE bool is_object(int shape, const hmap_cell *cell) {
  return shape == HMAP_ANY && cell->c.tag == HMAP_TAG_OBJECT;
}

static ALWAYS_INLINE bool is_text_key(int shape, const hot_key *k) {
  return shape == HMAP_STRING || (shape == HMAP_ANY && k->s != NULL);
}
static ALWAYS_INLINE bool is_object_key(int shape, const hot_key *k) {
  return !is_text_key(shape, k) && is_object(shape, &k->any);
}

/* -- the core ------------------------------------------------------------- */

static ALWAYS_INLINE const void *find(const lmap *h, int shape,
                                      const hot_key *k) {
  if (is_text_key(shape, k))
    return hmap_get_str(h->m, k->s, k->n);
  if (shape == HMAP_ANY)
    return hmap_get(h->m, &k->any);
  return hmap_get_i64(h->m, k->i);
}

static ALWAYS_INLINE hmap_status put(lmap *h, int shape, const hot_key *k,
                                     const hot_value *v) {
  if (is_text_key(shape, k))
    return hmap_put_str(h->m, k->s, k->n, v);
  if (shape == HMAP_ANY)
    return hmap_put(h->m, &k->any, v);
  return hmap_put_i64(h->m, k->i, v);
}

static ALWAYS_INLINE bool remove_key(lmap *h, int shape, const hot_key *k) {
  if (is_text_key(shape, k))
    return hmap_delete_str(h->m, k->s, k->n);
  if (shape == HMAP_ANY)
    return hmap_delete(h->m, &k->any);
  return hmap_delete_i64(h->m, k->i);
}

/* release [-0, +0, -]: the objects that a write has made homeless. */
static ALWAYS_INLINE void release(lua_State *L, lmap *h, bool view) {
  hmap_gone gone = hmap_let_go(h->m);
  if (LIKELY((gone.key_ref | gone.elem_ref) == 0))
    return;
  if (view)
    lview_unveil(L);
  lmap_release(L, 1, h);
}

/* -- methods -------------------------------------------------------------- */

/* self [-0, +0, v]: the map, or that of the view; NULL: it is not plain. */
static ALWAYS_INLINE lmap *self(lua_State *L, int key, int value, bool read,
                                bool view) {
  if (!view)
    return lmap_self(L, key, value, read);
  const lview *v = lview_self(L);
  return LIKELY(v != NULL) && LIKELY(v->map->sign == lmap_sign(key, value))
             ? v->map
             : NULL;
}

static ALWAYS_INLINE int hot_get(lua_State *L, int key, int value, bool view) {
  const lmap *h = self(L, key, value, true, view);
  hot_key k;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, &k)))
    return view ? lview_index(L) : lmap_get(L);
  const void *cell = find(h, key, &k);
  if (cell == NULL)
    lua_pushnil(L);
  else if (value == HMAP_INT64)
    lua_pushinteger(L, *(const int64_t *)cell);
  else if (value == HMAP_FLOAT64)
    lua_pushnumber(L, *(const double *)cell);
  else if (value == HMAP_STRING)
    lua_pushlstring(L, hmap_text_ptr(cell), hmap_text_len(cell));
  else if (value == HMAP_NONE)
    lua_pushboolean(L, 1);
  else {
    if (view && is_object(value, cell))
      lview_unveil(L);
    lcell_pushany(L, 1, cell);
  }
  return 1;
}

static ALWAYS_INLINE int hot_has(lua_State *L, int key) {
  const lmap *h = lmap_self(L, key, LMAP_ANY_SHAPE, true);
  hot_key k;
  if (UNLIKELY(!read_key(L, h, key, &k)))
    return lmap_has(L);
  lua_pushboolean(L, find(h, key, &k) != NULL);
  return 1;
}

static ALWAYS_INLINE bool take_out(lua_State *L, lmap *h, int key,
                                   const hot_key *k, bool view) {
  bool was_there = remove_key(h, key, k);
  if (was_there && lmap_anchors(h))
    release(L, h, view);
  lmap_written(h, 0);
  return was_there;
}

static ALWAYS_INLINE int hot_delete(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, LMAP_ANY_SHAPE, false);
  hot_key k;
  if (UNLIKELY(!read_key(L, h, key, &k)))
    return lmap_delete(L);
  lua_pushboolean(L, take_out(L, h, key, &k, false));
  return 1;
}

static ALWAYS_INLINE size_t text_in(int shape, const hmap_cell *cell) {
  bool text = shape == HMAP_STRING || (shape == HMAP_ANY && hmap_is_text(cell));
  return text ? hmap_text_len(cell) : 0;
}

/* Whether the value says: delete. Asked after it was found to be none. */
static ALWAYS_INLINE bool deletes(lua_State *L, int arg, int value) {
  return value == HMAP_NONE ? lua_isnil(L, arg) : lua_isnoneornil(L, arg);
}

/* A refused put has left the map as it was. */
static ALWAYS_INLINE int hot_set(lua_State *L, int key, int value, bool view) {
  lmap *h = self(L, key, value, false, view);
  hot_key k;
  hot_value v;
  if (UNLIKELY(h == NULL || !read_key(L, h, key, &k)))
    return view ? lview_newindex(L) : lmap_set(L);
  int arg = value_at(h, key);
  if (UNLIKELY(!read_value(L, arg, value, &v))) {
    if (!deletes(L, arg, value))
      return view ? lview_newindex(L) : lmap_set(L);
    take_out(L, h, key, &k, view);
    return 0;
  }
  if (is_object_key(key, &k) || is_object(value, &v.cell) ||
      UNLIKELY(put(h, key, &k, &v) != HMAP_OK))
    return view ? lview_newindex(L) : lmap_set(L);
  if (key == HMAP_ANY || value == HMAP_ANY)
    release(L, h, view);
  size_t text = is_text_key(key, &k) ? k.n : 0;
  lmap_written(h, text + text_in(value, &v.cell));
  return 0;
}

/* -- the pairs ------------------------------------------------------------ */

/* X(name, key shape, name, value shape) */
#define HOT_VALUES(X, k, K)                                                    \
  X(k, K, i64, HMAP_INT64)                                                     \
  X(k, K, f64, HMAP_FLOAT64)                                                   \
  X(k, K, str, HMAP_STRING)                                                    \
  X(k, K, any, HMAP_ANY)                                                       \
  X(k, K, none, HMAP_NONE)
/* Keys of views: one value each. */
#define HOT_SCALARS(X) X(i64, HMAP_INT64) X(str, HMAP_STRING) X(any, HMAP_ANY)
#define HOT_KEYS(X)    HOT_SCALARS(X) X(word, LCELL_WORD)
#define HOT_VIEWS(X)                                                           \
  HOT_VALUES(X, i64, HMAP_INT64)                                               \
  HOT_VALUES(X, str, HMAP_STRING)                                              \
  HOT_VALUES(X, any, HMAP_ANY)
#define HOT_PAIRS(X) HOT_VIEWS(X) HOT_VALUES(X, word, LCELL_WORD)

#define LMAP_X(k, K)                                                           \
  static int has_##k(lua_State *L) { return hot_has(L, K); }                   \
  static int delete_##k(lua_State *L) { return hot_delete(L, K); }
HOT_KEYS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K, v, V)                                                     \
  static int get_##k##_##v(lua_State *L) { return hot_get(L, K, V, false); }   \
  static int set_##k##_##v(lua_State *L) { return hot_set(L, K, V, false); }
HOT_PAIRS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K, v, V)                                                     \
  static int index_##k##_##v(lua_State *L) { return hot_get(L, K, V, true); }  \
  static int newindex_##k##_##v(lua_State *L) { return hot_set(L, K, V, true); }
HOT_VIEWS(LMAP_X)
#undef LMAP_X

typedef struct hot_pair {
  int key, value;
  luaL_Reg functions[5];
} hot_pair;

static const hot_pair hot[] = {
#define LMAP_X(k, K, v, V)                                                     \
  {K,                                                                          \
   V,                                                                          \
   {{"get", get_##k##_##v},                                                    \
    {"set", set_##k##_##v},                                                    \
    {"has", has_##k},                                                          \
    {"delete", delete_##k},                                                    \
    {NULL, NULL}}},
    HOT_PAIRS(LMAP_X)
#undef LMAP_X
};

static const hot_pair hot_views[] = {
#define LMAP_X(k, K, v, V)                                                     \
  {K,                                                                          \
   V,                                                                          \
   {{"__index", index_##k##_##v},                                              \
    {"__newindex", newindex_##k##_##v},                                        \
    {NULL, NULL}}},
    HOT_VIEWS(LMAP_X)
#undef LMAP_X
};

static const luaL_Reg *functions_of(const hot_pair *pairs, size_t n, int key,
                                    int value) {
  for (size_t i = 0; i < n; i++)
    if (pairs[i].key == key && pairs[i].value == value)
      return pairs[i].functions;
  return NULL;
}

const luaL_Reg *lmap_hot(int key, int value) {
  return functions_of(hot, sizeof hot / sizeof hot[0], key, value);
}

const luaL_Reg *lmap_hotview(int key, int value) {
  return functions_of(hot_views, sizeof hot_views / sizeof hot_views[0], key,
                      value);
}
