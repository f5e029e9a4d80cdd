/* line.c: tostring(m), a map in one line. */
#include "binding/inspect/line.h"

#include <stdio.h>

#include "binding/self/self.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

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
  add_type(L, b, h->conf.key);
  luaL_addstring(b, " -> ");
  add_type(L, b, h->conf.value);
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
    lmap_bad_self(L);
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

const luaL_Reg lline_metamethods[] = {{"__tostring", map_tostring},
                                      {NULL, NULL}};
