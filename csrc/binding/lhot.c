/* lhot.c: get, set, has and delete of the commonest kinds of maps.
**
** The always-inline functions are templates: each is compiled once for every
** pair of kinds below, with the kinds as constants, so that no branch on them is
** left. Nothing here raises or frees in a way of its own: what is not plain
** sailing starts again in lmap.c.
*/
#include "lmap.h"

typedef union hot_cell {
  int64_t i;
  double f;
  hmap_cell cell;
} hot_cell;

/* hot_key [-0, +0, v]: the key at index 2. */
static ALWAYS_INLINE hot_cell hot_key(lua_State *L, const lmap *h, int kind) {
  const lfield *f = h->key.fields;
  if (kind == HMAP_INT64)
    return (hot_cell){.i = lcell_int(L, 2, f, "key")};
  size_t n;
  const char *s = lcell_text(L, 2, f, "key", &n);
  return (hot_cell){.cell = hmap_text(s, n)};
}

/* hot_value [-0, +0, v]: the value at index 3. */
static ALWAYS_INLINE hot_cell hot_value(lua_State *L, const lmap *h, int kind) {
  const lfield *f = h->value.fields;
  size_t n;
  switch (kind) {
  case HMAP_INT64:
    return (hot_cell){.i = lcell_int(L, 3, f, "value")};
  case HMAP_FLOAT64:
    return (hot_cell){.f = lcell_float(L, 3, f, "value")};
  case HMAP_STRING: {
    const char *s = lcell_text(L, 3, f, "value", &n);
    return (hot_cell){.cell = hmap_text(s, n)};
  }
  case HMAP_ANY:
    return (hot_cell){.cell = lcell_any(L, 3, f, "value")};
  default: /* set */
    lmap_checktrue(L, 3);
    return (hot_cell){.i = 0};
  }
}

static ALWAYS_INLINE const void *hot_find(lua_State *L, const lmap *h,
                                          int kind) {
  if (kind == HMAP_INT64)
    return hmap_get_i64(h->m, lcell_int(L, 2, h->key.fields, "key"));
  size_t n;
  const char *s = lcell_text(L, 2, h->key.fields, "key", &n);
  return hmap_get_str(h->m, s, n);
}

static ALWAYS_INLINE hmap_status hot_put(lmap *h, int kind, const hot_cell *key,
                                         const hot_cell *value) {
  if (kind == HMAP_INT64)
    return hmap_put_i64(h->m, key->i, value);
  return hmap_put_str(h->m, hmap_text_ptr(&key->cell),
                      hmap_text_len(&key->cell), value);
}

static ALWAYS_INLINE size_t hot_text(int kind, const hot_cell *c) {
  bool text =
      kind == HMAP_STRING || (kind == HMAP_ANY && hmap_is_text(&c->cell));
  return text ? hmap_text_len(&c->cell) : 0;
}

static ALWAYS_INLINE int hot_get(lua_State *L, int key, int value) {
  const lmap *h = lmap_self(L, key, value);
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
  const lmap *h = lmap_self(L, key, LMAP_ANY_KIND);
  lua_pushboolean(L, hot_find(L, h, key) != NULL);
  return 1;
}

static ALWAYS_INLINE int hot_delete(lua_State *L, int key) {
  lmap *h = lmap_self(L, key, LMAP_ANY_KIND);
  hot_cell k = hot_key(L, h, key);
  lua_pushboolean(L, lmap_remove(L, h, &k));
  return 1;
}

/* What is not plain sailing starts again on the general road: a refused put
** has left the map as it was. */
static ALWAYS_INLINE int hot_set(lua_State *L, int key, int value) {
  lmap *h = lmap_self(L, key, value);
  hot_cell k = hot_key(L, h, key);
  if (UNLIKELY(value == HMAP_NONE ? lua_isnil(L, 3) : lua_isnoneornil(L, 3))) {
    lmap_remove(L, h, &k);
    return 0;
  }
  hot_cell v = hot_value(L, h, value);
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

/* X(name, key kind, name, value kind) */
#define HOT_VALUES(X, k, K)                                                    \
  X(k, K, i64, INT64)                                                          \
  X(k, K, f64, FLOAT64)                                                        \
  X(k, K, str, STRING)                                                         \
  X(k, K, any, ANY)                                                            \
  X(k, K, none, NONE)
#define HOT_KEYS(X) X(i64, INT64) X(str, STRING)
#define HOT_PAIRS(X)                                                           \
  HOT_VALUES(X, i64, INT64)                                                    \
  HOT_VALUES(X, str, STRING)

#define LMAP_X(k, K)                                                           \
  static int has_##k(lua_State *L) { return hot_has(L, HMAP_##K); }            \
  static int delete_##k(lua_State *L) { return hot_delete(L, HMAP_##K); }
HOT_KEYS(LMAP_X)
#undef LMAP_X

#define LMAP_X(k, K, v, V)                                                     \
  static int get_##k##_##v(lua_State *L) {                                     \
    return hot_get(L, HMAP_##K, HMAP_##V);                                     \
  }                                                                            \
  static int set_##k##_##v(lua_State *L) {                                     \
    return hot_set(L, HMAP_##K, HMAP_##V);                                     \
  }
HOT_PAIRS(LMAP_X)
#undef LMAP_X

static const struct {
  hmap_kind key, value;
  luaL_Reg methods[5];
} hot[] = {
#define LMAP_X(k, K, v, V)                                                     \
  {HMAP_##K,                                                                   \
   HMAP_##V,                                                                   \
   {{"get", get_##k##_##v},                                                    \
    {"set", set_##k##_##v},                                                    \
    {"has", has_##k},                                                          \
    {"delete", delete_##k},                                                    \
    {NULL, NULL}}},
    HOT_PAIRS(LMAP_X)
#undef LMAP_X
};

const luaL_Reg *lmap_hot(hmap_kind key, hmap_kind value) {
  for (size_t i = 0; i < sizeof hot / sizeof hot[0]; i++)
    if (hot[i].key == key && hot[i].value == value)
      return hot[i].methods;
  return NULL;
}
