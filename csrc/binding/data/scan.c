/* scan.c: m:scan(cursor, n), page by page through a map that lives on.
**
**   "h1:9e3779b97f4a7c15:3:5:0"
**    |  |                | | epoch: how many rekeys the map had seen
**    |  the map's id     | class of hashes that comes next, hexadecimal
**    version             level: how many bits of a hash make the class
**
** A cursor says where to go on by the hashes of keys, not by a place in an
** array, so it outlives growth and shrinking; after a rekey it has one more
** position behind it, what was reached under the hash key before. A page ends
** where a class does. Nothing is kept in the map between two calls.
*/
#include "binding/data/scan.h"

#include "binding/data/iter.h"
#include "binding/value/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* -- cursors as text ------------------------------------------------------ */

#define VERSION "h1"

/* push_cursor [-0, +1, m]: nil at the end. */
static void push_cursor(lua_State *L, const hmap_cursor *c) {
  char text[64];
  if (c->n == 0) {
    lua_pushnil(L);
    return;
  }
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  snprintf(text, sizeof text, VERSION ":%llx", (unsigned long long)c->map);
  luaL_addstring(&b, text);
  for (uint32_t i = 0; i < c->n; i++) {
    snprintf(text, sizeof text, ":%x:%llx:%lx", (unsigned)c->at[i].level,
             (unsigned long long)c->at[i].cls, (unsigned long)c->at[i].epoch);
    luaL_addstring(&b, text);
  }
  luaL_pushresult(&b);
}

/* ":" and a number in hexadecimal, no larger than most. */
static bool read_hex(const char **s, uint64_t most, uint64_t *out) {
  if (**s != ':' || !isxdigit((unsigned char)(*s)[1]))
    return false;
  char *end;
  *out = strtoull(*s + 1, &end, 16);
  bool ok = end - *s <= 1 + 16 && *out <= most;
  *s = end;
  return ok;
}

static bool read_position(const char **s, hmap_cursor *out) {
  uint64_t level, cls, epoch;
  if (out->n > HMAP_MAX_PAST || !read_hex(s, UINT8_MAX, &level) ||
      !read_hex(s, UINT64_MAX, &cls) || !read_hex(s, UINT32_MAX, &epoch))
    return false;
  out->at[out->n].level = (uint8_t)level;
  out->at[out->n].cls = cls;
  out->at[out->n].epoch = (uint32_t)epoch;
  out->n++;
  return true;
}

static bool read_cursor(const char *s, hmap_cursor *out) {
  if (strncmp(s, VERSION, sizeof VERSION - 1) != 0)
    return false;
  s += sizeof VERSION - 1;
  bool ok = read_hex(&s, UINT64_MAX, &out->map) && out->map != 0;
  while (ok && *s != '\0')
    ok = read_position(&s, out);
  return ok && out->n > 0;
}

/* check_cursor [-0, +0, v]: that at arg; nil: the beginning. */
static hmap_cursor check_cursor(lua_State *L, int arg) {
  hmap_cursor c = {.map = 0};
  if (lua_isnil(L, arg))
    return c;
  if (lua_type(L, arg) != LUA_TSTRING)
    larg_error(L, arg, "cursor or nil expected, got %s", luaL_typename(L, arg));
  size_t n;
  const char *s = lua_tolstring(L, arg, &n);
  if (strlen(s) != n || !read_cursor(s, &c))
    larg_error(L, arg, "not a cursor: '%s'",
               ltext_pushvalue(L, arg, LTEXT_EXACT));
  return c;
}

/* refuse [-0, +0, v]: says why a cursor is none of this map. */
_Noreturn static void refuse(lua_State *L, lmap *h, const hmap_cursor *c) {
  const hmap_cursor beginning = {.map = 0};
  hmap_cursor own = {.map = 0};
  hmap_iter it;
  if (hmap_scan_open(&it, h->m, &beginning) == HMAP_OK)
    hmap_scan_tell(&it, &own);
  hmap_iter_close(&it);
  if (c->map != own.map)
    larg_error(L, 2, "a cursor of another map");
  larg_error(L, 2,
             "this cursor is damaged, or from before the last %d rekeys of "
             "the map",
             HMAP_MAX_PAST);
}

/* -- a page --------------------------------------------------------------- */

#define PAGE 100 /* entries, if not told */

/* Classes that a call looks at, though all be empty. */
static lua_Integer most_classes(lua_Integer n) {
  const lua_Integer most = INT32_MAX;
  return n < most ? 8 * n + 64 : 8 * most;
}

enum { SELF = 1, KEYS = 4, VALUES, ITERATOR }; /* stack */

static void check_status(lua_State *L, hmap_status status) {
  if (status != HMAP_OK)
    lmap_raise(L, 0, status);
}

/* append_entry [-0, +0, v]: the entry in hand, as number at of the lists;
** whether there still is one. */
static bool append_entry(lua_State *L, const liter *i, lua_Integer at) {
  const lmap *h = i->owner;
  if (liter_push(L, SELF, i) == 0)
    return false;
  lcell_fold(L, h->conf.value);
  lua_rawseti(L, VALUES, at);
  lcell_fold(L, h->conf.key);
  lua_rawseti(L, KEYS, at);
  return true;
}

/* append_class [-0, +0, v]: the entries of the class in hand; how many there
** are now. */
static lua_Integer append_class(lua_State *L, const liter *i, lua_Integer at) {
  for (;;) {
    lmap_open(L, i->owner);
    hmap_iter *it = &i->cursor->it;
    check_status(L, hmap_scan_next(it));
    if (it->key == NULL)
      return at;
    at += append_entry(L, i, at + 1);
  }
}

/* next_class [-0, +0, v] */
static void next_class(lua_State *L, const liter *i, bool *more) {
  lmap *h = i->owner;
  for (int tries = 0;
       lmap_failed(L, h, hmap_scan_class(&i->cursor->it, more), tries); tries++)
    continue;
  h->version++; /* it may have moved buckets */
}

static void append_page(lua_State *L, const liter *i, lua_Integer n) {
  lua_Integer at = 0;
  bool more = true;
  for (lua_Integer left = most_classes(n); at < n && left > 0; left--) {
    next_class(L, i, &more);
    if (!more)
      return;
    at = append_class(L, i, at);
  }
}

/* scan(cursor, n = 100) */
static int map_scan(lua_State *L) {
  lmap *h = lmap_check(L);
  hmap_cursor c;
  lua_settop(L, 3);
  lua_Integer n = lua_isnil(L, 3) ? PAGE : lcell_natural(L, 3, "page size");
  if (n == 0)
    larg_error(L, 3, "a page has at least one entry, got 0");
  c = check_cursor(L, 2);
  lua_newtable(L);
  lua_newtable(L);
  liter *i = liter_make(L, SELF, LGIVE_BOTH);
  hmap_status status = hmap_scan_open(&i->cursor->it, h->m, &c);
  if (status == HMAP_ECURSOR)
    refuse(L, h, &c);
  check_status(L, status);
  append_page(L, i, n);
  lmap_open(L, h);
  hmap_scan_tell(&i->cursor->it, &c);
  liter_close(i);
  push_cursor(L, &c);
  lua_insert(L, KEYS);
  lua_settop(L, ITERATOR); /* stack: map cursor n next keys values */
  return 3;
}

const luaL_Reg lscan_methods[] = {{"scan", map_scan}, {NULL, NULL}};
