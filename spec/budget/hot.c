/* hot.c: single operations on a map of 1000 entries, for callgrind to count
** the instructions of.
**
**   name   what ran between two looks at the counter
**   name-  the same loop with nothing in the operation's place
**
** The difference, divided by the number of operations, is what one costs. It
** repeats exactly: keys and seed are fixed, memory comes from an allocator of
** this file, and a whole round has run before the one that is counted. A loop
** whose operations do not answer as they must ends the program.
**
** Prints "name <tab> operations" for each loop, and first which compiler and
** libraries have made these instructions. Not a suite: see check.lua.
*/
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnu/libc-version.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <valgrind/callgrind.h>
#include <xxhash.h>

#include "hmap.h"

enum { BASE = 1000, EXTRA = 500, ABSENT = 1000 };

static bool counting; /* the second round */

_Noreturn static void fail(const char *what) {
  (void)fprintf(stderr, "hot: %s\n", what);
  exit(1);
}

/* -- memory --------------------------------------------------------------- */

/* Blocks of powers of two from one area, each size with a list of free ones:
** how many instructions the C library takes is no business of ours. */
enum { SIZES = 40, AREA = 64 << 20, PAGE = 4096 };

typedef struct block {
  struct block *next;
} block;

static char *area, *area_end;
static block *free_blocks[SIZES];

static unsigned size_class(size_t n) {
  return n <= 16 ? 4 : 64 - (unsigned)__builtin_clzll(n - 1);
}

static void *take_block(size_t n) {
  block **list = &free_blocks[size_class(n)], *b = *list;
  size_t bytes = (size_t)1 << size_class(n);
  if (b != NULL) {
    *list = b->next;
    return b;
  }
  if ((size_t)(area_end - area) < bytes)
    return NULL;
  area += bytes;
  return area - bytes;
}

static void give_block(void *p, size_t n) {
  block *b = p;
  b->next = free_blocks[size_class(n)];
  free_blocks[size_class(n)] = b;
}

/* lua_Alloc */
static void *alloc(void *ud, void *p, size_t osize, size_t nsize) {
  (void)ud;
  if (p != NULL && nsize > 0 && size_class(osize) == size_class(nsize))
    return p;
  void *fresh = nsize > 0 ? take_block(nsize) : NULL;
  if (p != NULL && fresh != NULL)
    memcpy(fresh, p, osize < nsize ? osize : nsize);
  if (p != NULL && (fresh != NULL || nsize == 0))
    give_block(p, osize);
  return fresh;
}

/* -- keys ----------------------------------------------------------------- */

typedef struct key {
  int64_t i;
  char s[24];
} key;

enum { TEXT = 20 };

/* At the start of a cache line: where text lies decides how it is compared. */
static _Alignas(64) key base[BASE];
static _Alignas(64) key extra[EXTRA];
static _Alignas(64) key absent[ABSENT];

static void make_keys(key *keys, size_t n, uint64_t from) {
  for (size_t i = 0; i < n; i++) {
    uint64_t word = (from + i) * UINT64_C(0x9e3779b97f4a7c15);
    keys[i].i = (int64_t)word;
    (void)snprintf(keys[i].s, sizeof keys[i].s, "key:%016" PRIx64, word);
  }
}

/* -- what is counted ------------------------------------------------------ */

static void begin(void) {
  if (counting)
    CALLGRIND_TOGGLE_COLLECT;
}

static void end(const char *name, const char *mark, size_t n) {
  char title[64];
  if (!counting)
    return;
  CALLGRIND_TOGGLE_COLLECT;
  (void)snprintf(title, sizeof title, "%s%s", name, mark);
  CALLGRIND_DUMP_STATS_AT(title);
  if (mark[0] == '\0')
    printf("%s\t%zu\n", name, n);
}

/* -- from C --------------------------------------------------------------- */

typedef uint64_t operation(hmap *m, const key *k);

static int64_t value = 7;

static uint64_t nothing(hmap *m, const key *k) {
  (void)m, (void)k;
  return 0;
}
static uint64_t get_i64(hmap *m, const key *k) {
  return (uintptr_t)hmap_get_i64(m, k->i);
}
static uint64_t get_str(hmap *m, const key *k) {
  return (uintptr_t)hmap_get_str(m, k->s, TEXT);
}
static uint64_t put_i64(hmap *m, const key *k) {
  return hmap_put_i64(m, k->i, &value);
}
static uint64_t put_str(hmap *m, const key *k) {
  return hmap_put_str(m, k->s, TEXT, &value);
}
static uint64_t delete_i64(hmap *m, const key *k) {
  return hmap_delete_i64(m, k->i);
}
static uint64_t delete_str(hmap *m, const key *k) {
  return hmap_delete_str(m, k->s, TEXT);
}

/* The compiler must not know which operation it is. */
static size_t loop(operation *which, hmap *m, const key *keys, size_t n) {
  operation *volatile hidden = which;
  operation *op = hidden;
  size_t yes = 0;
  for (size_t i = 0; i < n; i++)
    yes += op(m, &keys[i]) != 0;
  return yes;
}

/* Every operation must say yes (not zero), or none. */
static void in_c(const char *name, operation *op, hmap *m, const key *keys,
                 size_t n, bool yes) {
  begin();
  (void)loop(nothing, m, keys, n);
  end(name, "-", n);
  begin();
  size_t said = loop(op, m, keys, n);
  end(name, "", n);
  if (said != (yes ? n : 0))
    fail(name);
}

typedef struct subject {
  hmap_kind kind;
  const char *names[6];
  operation *get, *put, *delete;
} subject;

static hmap *new_map(hmap_kind kind, int64_t hint) {
  hmap *m;
  hmap_options o = {.key = {.kind = kind},
                    .elem = {.kind = HMAP_INT64},
                    .hint = hint,
                    .seeded = true,
                    .seed = 1,
                    .alloc = alloc};
  if (hmap_new(&o, &m) != HMAP_OK)
    fail("no map");
  return m;
}

static void count_c(const subject *s) {
  hmap *m = new_map(s->kind, BASE);
  (void)loop(s->put, m, base, BASE);
  in_c(s->names[0], s->get, m, base, BASE, true);
  in_c(s->names[1], s->get, m, absent, ABSENT, false);
  in_c(s->names[2], s->put, m, base, BASE, false);
  in_c(s->names[3], s->put, m, extra, EXTRA, false);
  in_c(s->names[4], s->delete, m, extra, EXTRA, true);
  hmap_free(m);
  m = new_map(s->kind, 0);
  in_c(s->names[5], s->put, m, base, BASE, false);
  hmap_free(m);
}

/* -- from Lua ------------------------------------------------------------- */

/* Stack: keys that are there, others, absent ones, the map, its view, what is
** called with one of the two or, bound to the map, with none. */
enum { NO_SELF, AT_BASE, AT_EXTRA, AT_ABSENT, AT_MAP, AT_VIEW, AT_CALL };

static int no_method(lua_State *L) {
  (void)L;
  return 0;
}

/* Calls of the function at AT_CALL with self, if it takes one, key and, if it
** sets, a value; how often it said yes. */
static size_t call_loop(lua_State *L, int self, int keys, size_t n, bool sets) {
  size_t yes = 0;
  int nargs = (self != NO_SELF) + 1 + sets;
  for (size_t i = 1; i <= n; i++) {
    lua_pushvalue(L, AT_CALL);
    if (self != NO_SELF)
      lua_pushvalue(L, self);
    lua_rawgeti(L, keys, (lua_Integer)i);
    if (sets)
      lua_pushinteger(L, value);
    lua_call(L, nargs, 1);
    yes += (size_t)lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  return yes;
}

static void push_bound(lua_State *L, const char *name) {
  lua_getfield(L, AT_MAP, "bind");
  lua_pushvalue(L, AT_MAP);
  lua_pushstring(L, name);
  lua_call(L, 2, 1);
  lua_replace(L, AT_CALL);
}

/* A method of the map or, since Lua's own search for it is no work of ours, a
** metamethod of the view. */
static void push_method(lua_State *L, int self, const char *name) {
  if (self == NO_SELF) {
    push_bound(L, name);
    return;
  }
  if (self == AT_VIEW)
    (void)lua_getmetatable(L, self);
  else
    lua_pushvalue(L, self);
  (void)lua_getfield(L, -1, name);
  lua_replace(L, AT_CALL);
  lua_settop(L, AT_CALL);
}

static bool takes_value(const char *name) {
  static const char *const those[] = {"set", "__newindex", "swap", "get_or_set",
                                      "add"};
  for (size_t i = 0; i < sizeof those / sizeof those[0]; i++)
    if (strcmp(name, those[i]) == 0)
      return true;
  return false;
}

/* what: the types of the map. */
static void in_lua(lua_State *L, const char *what, const char *title, int self,
                   const char *name, int keys, size_t n, bool yes) {
  char full[64];
  bool sets = takes_value(name);
  (void)snprintf(full, sizeof full, "%s, %s", title, what);
  lua_pushcfunction(L, no_method);
  lua_replace(L, AT_CALL);
  begin();
  (void)call_loop(L, self, keys, n, sets);
  end(full, "-", n);
  push_method(L, self, name);
  begin();
  size_t said = call_loop(L, self, keys, n, sets);
  end(full, "", n);
  if (said != (yes ? n : 0))
    fail(full);
}

static void push_keys(lua_State *L, bool text, const key *keys, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    if (text)
      lua_pushlstring(L, keys[i].s, TEXT);
    else
      lua_pushinteger(L, keys[i].i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* -0, +1 */
static void push_map(lua_State *L, const char *key_type,
                     const char *value_type) {
  luaL_requiref(L, "hmap.core", NULL, 0);
  lua_getfield(L, -1, "new");
  lua_createtable(L, 0, 4);
  lua_pushstring(L, key_type);
  lua_setfield(L, -2, "key");
  lua_pushstring(L, value_type);
  lua_setfield(L, -2, "value");
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "seed");
  lua_pushinteger(L, BASE);
  lua_setfield(L, -2, "capacity");
  lua_call(L, 1, 1);
  lua_replace(L, -2);
}

/* The map has the extra keys. */
static void count_adds(lua_State *L, const char *what) {
  in_lua(L, what, "m:add hit", AT_MAP, "add", AT_BASE, BASE, true);
  push_method(L, AT_MAP, "delete");
  (void)call_loop(L, AT_MAP, AT_EXTRA, EXTRA, false);
  in_lua(L, what, "m:add insert", AT_MAP, "add", AT_EXTRA, EXTRA, true);
}

/* The map has no extra keys. */
static void count_bound(lua_State *L, const char *what) {
  in_lua(L, what, "get(k) hit", NO_SELF, "get", AT_BASE, BASE, true);
  in_lua(L, what, "get(k) miss", NO_SELF, "get", AT_ABSENT, ABSENT, false);
  in_lua(L, what, "set(k, v) overwrite", NO_SELF, "set", AT_BASE, BASE, false);
  in_lua(L, what, "set(k, v) insert", NO_SELF, "set", AT_EXTRA, EXTRA, false);
  in_lua(L, what, "delete(k)", NO_SELF, "delete", AT_EXTRA, EXTRA, true);
}

/* what: the two types, as titles name them. */
static void count_lua(lua_State *L, const char *what, const char *key_type,
                      const char *value_type, bool text) {
  push_keys(L, text, base, BASE);
  push_keys(L, text, extra, EXTRA);
  push_keys(L, text, absent, ABSENT);
  push_map(L, key_type, value_type);
  lua_getfield(L, AT_MAP, "view");
  lua_pushvalue(L, AT_MAP);
  lua_call(L, 1, 1);
  lua_pushnil(L);
  push_method(L, AT_MAP, "set");
  (void)call_loop(L, AT_MAP, AT_BASE, BASE, true);
  in_lua(L, what, "m:get hit", AT_MAP, "get", AT_BASE, BASE, true);
  in_lua(L, what, "m:get miss", AT_MAP, "get", AT_ABSENT, ABSENT, false);
  in_lua(L, what, "m:has hit", AT_MAP, "has", AT_BASE, BASE, true);
  in_lua(L, what, "m:set overwrite", AT_MAP, "set", AT_BASE, BASE, false);
  in_lua(L, what, "m:set insert", AT_MAP, "set", AT_EXTRA, EXTRA, false);
  in_lua(L, what, "m:delete", AT_MAP, "delete", AT_EXTRA, EXTRA, true);
  in_lua(L, what, "t[k] hit", AT_VIEW, "__index", AT_BASE, BASE, true);
  in_lua(L, what, "t[k] = v", AT_VIEW, "__newindex", AT_BASE, BASE, false);
  in_lua(L, what, "m:swap overwrite", AT_MAP, "swap", AT_BASE, BASE, true);
  in_lua(L, what, "m:swap insert", AT_MAP, "swap", AT_EXTRA, EXTRA, false);
  in_lua(L, what, "m:pop", AT_MAP, "pop", AT_EXTRA, EXTRA, true);
  in_lua(L, what, "m:get_or_set hit", AT_MAP, "get_or_set", AT_BASE, BASE,
         true);
  in_lua(L, what, "m:get_or_set insert", AT_MAP, "get_or_set", AT_EXTRA, EXTRA,
         true);
  if (strcmp(value_type, "any") != 0)
    count_adds(L, what);
  push_method(L, AT_MAP, "delete");
  (void)call_loop(L, AT_MAP, AT_EXTRA, EXTRA, false);
  count_bound(L, what);
  lua_settop(L, 0);
}

static int all_lua(lua_State *L) {
  lua_gc(L, LUA_GCSTOP);
  count_lua(L, "int64 -> int64", "int64", "int64", false);
  count_lua(L, "string -> int64", "string", "int64", true);
  count_lua(L, "string -> any", "string", "any", true);
  count_lua(L, "any -> any", "any", "any", true);
  count_lua(L, "any -> any, integers", "any", "any", false);
  return 0;
}

static void run_lua(lua_State *L) {
  lua_pushcfunction(L, all_lua);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK)
    fail(lua_tostring(L, -1));
}

static lua_State *new_state(void) {
  lua_State *L = lua_newstate(alloc, NULL);
  if (L == NULL)
    fail("no Lua state");
  luaL_openlibs(L);
  if (luaL_dostring(L, "return require 'hmap.core'") != LUA_OK)
    fail(lua_tostring(L, -1));
  lua_settop(L, 0);
  return L;
}

/* -- all ------------------------------------------------------------------ */

static const subject subjects[] = {
    {HMAP_INT64,
     {"int64 hit", "int64 miss", "int64 overwrite", "int64 insert",
      "int64 delete", "int64 insert, growing"},
     get_i64,
     put_i64,
     delete_i64},
    {HMAP_STRING,
     {"string hit", "string miss", "string overwrite", "string insert",
      "string delete", "string insert, growing"},
     get_str,
     put_str,
     delete_str},
};

static const char *cpu(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") ? "x86-64 with AVX2" : "x86-64";
#elif defined(__aarch64__)
  return "ARM64";
#else
  return "another processor";
#endif
}

static void print_machine(void) {
#if defined(__clang__)
  const char *compiler = "clang " __clang_version__;
#else
  const char *compiler = "gcc " __VERSION__;
#endif
  printf("machine\t%s %s, " LUA_RELEASE ", xxHash %d.%d.%d, glibc %s, %s\n",
         compiler, HOT_CFLAGS, XXH_VERSION_MAJOR, XXH_VERSION_MINOR,
         XXH_VERSION_RELEASE, gnu_get_libc_version(), cpu());
}

int main(void) {
  area = aligned_alloc(PAGE, AREA);
  if (area == NULL)
    fail("not enough memory");
  area_end = area + AREA;
  make_keys(base, BASE, 1);
  make_keys(extra, EXTRA, 1 + BASE);
  make_keys(absent, ABSENT, 1 + BASE + EXTRA);
  print_machine();
  lua_State *L = new_state();
  for (int round = 0; round < 2; round++) {
    counting = round > 0;
    if (counting)
      CALLGRIND_START_INSTRUMENTATION;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
      count_c(&subjects[i]);
    run_lua(L);
  }
  lua_close(L);
  return 0;
}
