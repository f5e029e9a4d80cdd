/* lhot.c: get, set, has and delete of the commonest shapes of maps.
**
** The always-inline functions are templates: each is compiled once for every
** pair of shapes below, with the shapes as constants, so that no branch on them
** is left. A tuple of integers that fills a word goes as that word. Nothing here raises or frees in a way of its own: what is not plain
** sailing starts again in lmap.c.
*/
#include "lmap.h"

typedef union hot_cell {
  int64_t i;
  double f;
  hmap_cell cell;
} hot_cell;

/* hot_key [-0, +0, v]: the key from index 2 on. */
static ALWAYS_INLINE hot_cell hot_key(lua_State *L, const lmap *h, int shape) {
  const lfield *f = h->key.fields;
  if (shape == HMAP_INT64)
    return (hot_cell){.i = lcell_int(L, 2, f, "key")};
  if (shape == LCELL_WORD)
    return (hot_cell){.i = (int64_t)lcell_word(L, 2, &h->key, "key")};
  size_t n;
  const char *s = lcell_text(L, 2, f, "key", &n);
  return (hot_cell){.cell = hmap_text(s, n)};
}

/* Where the value stands among the arguments. */
static ALWAYS_INLINE int hot_arg(const lmap *h, int shape) {
  return shape == LCELL_WORD ? 2 + (int)h->key.nfields : 3;
}

/* hot_value [-0, +0, v] */
static ALWAYS_INLINE hot_cell hot_value(lua_State *L, int arg, const lmap *h,
                                        int shape) {
  const lfield *f = h->value.fields;
  size_t n;
  switch (shape) {
  case HMAP_INT64:
    return (hot_cell){.i = lcell_int(L, arg, f, "value")};
  case HMAP_FLOAT64:
    return (hot_cell){.f = lcell_float(L, arg, f, "value")};
  case HMAP_STRING: {
    const char *s = lcell_text(L, arg, f, "value", &n);
    return (hot_cell){.cell = hmap_text(s, n)};
  }
  case HMAP_ANY:
    return (hot_cell){.cell = lcell_any(L, arg, f, "value")};
  default: /* set */
    lmap_checktrue(L, arg);
    return (hot_cell){.i = 0};
  }
}

static ALWAYS_INLINE const void *hot_find(lua_State *L, const lmap *h,
                                          int shape) {
  if (shape != HMAP_STRING)
    return hmap_get_i64(h->m, hot_key(L, h, shape).i);
  size_t n;
  const char *s = lcell_text(L, 2, h->key.fields, "key", &n);
  return hmap_get_str(h->m, s, n);
}

static ALWAYS_INLINE hmap_status hot_put(lmap *h, int shape,
                                         const hot_cell *key,
                                         const hot_cell *value) {
  if (shape != HMAP_STRING)
    return hmap_put_i64(h->m, key->i, value);
  return hmap_put_str(h->m, hmap_text_ptr(&key->cell),
                      hmap_text_len(&key->cell), value);
}

static ALWAYS_INLINE size_t hot_text(int shape, const hot_cell *c) {
  bool text =
      shape == HMAP_STRING || (shape == HMAP_ANY && hmap_is_text(&c->cell));
  return text ? hmap_text_len(&c->cell) : 0;
}

static ALWAYS_INLINE int hot_get(lua_State *L, int key, int value) {
  const lmap *h = lmap_self(L, key, value, true);
  const void *cell = hot_find(L, h, key);
  if (cell == NULL)
    lua_pushnil(L);
  else if (value == HMAP_INT64)
    lua_pushinteger(L, *(const int64_t *)cell);
  else if (value == HMAP_FLOAT64)
    lua_pushnumber(L, *(const double *)cell);
  else if (value == HMAP_STRING)
    lua_pushlstring(L, hmap_text_ptr(cell), hmap_text_len(cell));
  else if (value == HMAP_ANY)
    lcell_pushany(L, 1, cell);
  else
    lua_pushboolean(L, 1);
  return 1;
}

static ALWAYS_INLINE int hot_has(lua_State *L, int key) {
  const lmap *h = lmap_self(L, key, LMAP_ANY_SHAPE, true);
  lua_pushboolean(L, hot_find(L, h, key) != NULL);
  return 1;
}

static ALWAYS_INLINE int hot_delete(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, LMAP_ANY_SHAPE, false);
  hot_cell k = hot_key(L, h, key);
  lua_pushboolean(L, lmap_remove(L, h, &k));
  return 1;
}

/* What is not plain sailing starts again on the general road: a refused put
** has left the map as it was. */
static ALWAYS_INLINE int hot_set(lua_State *L, int key, int value) {
  lmap *h = lmap_self(L, key, value, false);
  hot_cell k = hot_key(L, h, key);
  int arg = hot_arg(h, key);
  if (UNLIKELY(lua_isnoneornil(L, arg) &&
               (value != HMAP_NONE || lua_isnil(L, arg)))) {
    lmap_remove(L, h, &k);
    return 0;
  }
  hot_cell v = hot_value(L, arg, h, value);
  if (value == HMAP_ANY && v.cell.c.tag == HMAP_TAG_OBJECT)
    return lmap_set(L);
  if (UNLIKELY(hot_put(h, key, &k, &v) != HMAP_OK))
    return lmap_set(L);
  if (value == HMAP_ANY)
    lmap_release(L, 1, h);
  lmap_written(h, hot_text(key, &k) + hot_text(value, &v));
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
#define HOT_KEYS(X) X(i64, HMAP_INT64) X(str, HMAP_STRING) X(word, LCELL_WORD)
#define HOT_PAIRS(X)                                                           \
  HOT_VALUES(X, i64, HMAP_INT64)                                               \
  HOT_VALUES(X, str, HMAP_STRING)                                              \
  HOT_VALUES(X, word, LCELL_WORD)

#define LMAP_X(k, K)                                                           \
  static int has_##k(lua_State *L) { return hot_has(L, K); }                   \
  static int delete_##k(lua_State *L) { return hot_delete(L, K); }
HOT_KEYS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K, v, V)                                                     \
  static int get_##k##_##v(lua_State *L) { return hot_get(L, K, V); }          \
  static int set_##k##_##v(lua_State *L) { return hot_set(L, K, V); }
HOT_PAIRS(LMAP_X)
#undef LMAP_X

static const struct {
  int key, value;
  luaL_Reg methods[5];
} hot[] = {
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

const luaL_Reg *lmap_hot(int key, int value) {
  for (size_t i = 0; i < sizeof hot / sizeof hot[0]; i++)
    if (hot[i].key == key && hot[i].value == value)
      return hot[i].methods;
  return NULL;
}
