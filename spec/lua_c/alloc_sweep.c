/* alloc_sweep.c: everything again and again, with one request for memory
** refused, then the next one, until none is left to refuse.
**
**   everything.lua   steps: what is called, on which maps
**   sweep.lua        a step: once for each request; what maps read then
**   here             which requests are refused, and what a state leaves
**
** Lua and the binding ask again when all garbage is gone. So there are three
** ways to refuse: one request, which collects garbage at that point; two in a
** row, which fail it; and all from there on.
**
** The steps of a room are taken in one Lua state, which must leave nothing when
** it closes; the beginnings, in which the module makes what it has one of, in a
** fresh state each time.
*/
#define _DEFAULT_SOURCE 1
#include <limits.h>
#include <sys/mman.h>

#include "../c/check.h"
#include "state.h"

#define EVER ((size_t)INT_MAX)

/* -- the system's pages --------------------------------------------------- */

static fault page_fault, advice_fault;
static size_t mapped;   /* bytes out now */
static size_t unheeded; /* pieces of advice, refused */

/* Made by --wrap of the linker. */
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_munmap(void *at, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __wrap_munmap(void *at, size_t n);
int __real_madvise(void *at, size_t n, int advice);
int __wrap_madvise(void *at, size_t n, int advice);

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off) {
  if (refuses(&page_fault))
    return MAP_FAILED;
  mapped += n;
  return __real_mmap(at, n, prot, flags, fd, off);
}

int __wrap_munmap(void *at, size_t n) {
  mapped -= n;
  return __real_munmap(at, n);
}

int __wrap_madvise(void *at, size_t n, int advice) {
  bool refused = refuses(&advice_fault);
  unheeded += refused;
  return refused ? -1 : __real_madvise(at, n, advice);
}

/* -- states --------------------------------------------------------------- */

static budget memory; /* of the one state that there is */
static fault *swept;  /* memory.fault or one of the system's */

static void refuse(size_t first, size_t many) {
  *swept = (fault){.armed = true, .refuse_at = first, .refusals = many};
}

/* Grants all again; whether anything was refused. */
static bool grant(void) {
  swept->armed = false;
  return swept->requests >= swept->refuse_at;
}

static lua_State *open(fault *which) {
  memory = (budget){.bytes = 0};
  page_fault = advice_fault = (fault){.armed = false};
  swept = which;
  lua_State *L = state_new(&memory);
  EXPECT(L != NULL);
  state_open(L);
  return L;
}

static void leaves_nothing(lua_State *L, size_t first) {
  lua_close(L);
  EXPECT_SAY(memory.bytes == 0, "request %zu: %zu bytes are left", first,
             memory.bytes);
  EXPECT_SAY(mapped == 0, "request %zu: %zu bytes are left mapped", first,
             mapped);
}

static void run(lua_State *L, int nargs, int nresults) {
  EXPECT_SAY(lua_pcall(L, nargs, nresults, 0) == LUA_OK, "%s",
             lua_tostring(L, -1));
}

/* -- rooms ---------------------------------------------------------------- */

/* Which requests are refused: `many` in a row, from each of the first `all` on,
** and from one in `stride` of the others. */
typedef struct plan {
  size_t many;
  int all, stride;
} plan;

/* Sanitized, all takes several times as long: fewer of the others. */
#if defined(__SANITIZE_ADDRESS__)
#  define COARSER 5
#else
#  define COARSER 1
#endif

/* attempt(first, many, fn, ...): whether fn(...) was done, its error, whether
** anything was refused. */
static int attempt(lua_State *L) {
  size_t first = (size_t)luaL_checkinteger(L, 1);
  size_t many = (size_t)luaL_checkinteger(L, 2);
  refuse(first, many);
  bool done = lua_pcall(L, lua_gettop(L) - 3, 0, 0) == LUA_OK;
  bool refused = grant();
  if (!done && swept == &advice_fault)
    return luaL_error(L, "needs advice: %s", lua_tostring(L, -1));
  if (done)
    lua_pushnil(L);
  lua_pushboolean(L, done);
  lua_insert(L, -2); /* stack: .. done why */
  lua_pushboolean(L, refused);
  return 3;
}

/* [-0, +1]: what a file of this room gives for the argument on top. */
static void run_file(lua_State *L, const char *path, int nargs) {
  EXPECT_SAY(luaL_loadfile(L, path) == LUA_OK, "%s", lua_tostring(L, -1));
  lua_insert(L, -nargs - 1);
  run(L, nargs, 1);
}

/* push_room [-0, +2]: the function that sweeps, and the list of steps. */
static void push_room(lua_State *L, const char *module, const char *room) {
  lua_pushcfunction(L, attempt);
  run_file(L, "spec/lua_c/sweep.lua", 1);
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  run(L, 1, 1);
  lua_pushstring(L, room);
  run_file(L, "spec/lua_c/everything.lua", 2);
}

static void sweep_room(fault *which, const char *module, const char *room,
                       plan p) {
  lua_State *L = open(which);
  push_room(L, module, room); /* stack: sweep steps */
  lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  EXPECT(n > 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_pushvalue(L, 1);
    lua_rawgeti(L, 2, i);
    lua_pushinteger(L, (lua_Integer)p.many);
    lua_pushinteger(L, p.all);
    lua_pushinteger(L, (lua_Integer)p.stride * COARSER);
    run(L, 4, 0);
  }
  leaves_nothing(L, 0);
}

static void methods_one(void) {
  sweep_room(&memory.fault, "hmap.core", "methods", (plan){1, 5, 7});
}
static void methods_two(void) {
  sweep_room(&memory.fault, "hmap.core", "methods", (plan){2, 25, 4});
}
static void methods_ever(void) {
  sweep_room(&memory.fault, "hmap.core", "methods", (plan){EVER, 15, 5});
}
static void face_two(void) {
  sweep_room(&memory.fault, "hmap", "face", (plan){2, 10, 61});
}
static void face_ever(void) {
  sweep_room(&memory.fault, "hmap", "face", (plan){EVER, 20, 37});
}
static void pages_one(void) {
  sweep_room(&page_fault, "hmap.core", "pages", (plan){1, INT_MAX, 1});
}
static void pages_two(void) {
  sweep_room(&page_fault, "hmap.core", "pages", (plan){2, INT_MAX, 1});
}
static void pages_ever(void) {
  sweep_room(&page_fault, "hmap.core", "pages", (plan){EVER, INT_MAX, 1});
}

static void advice_one(void) {
  unheeded = 0;
  sweep_room(&advice_fault, "hmap.core", "pages", (plan){1, INT_MAX, 1});
  EXPECT(unheeded > 0);
}
static void advice_ever(void) {
  sweep_room(&advice_fault, "hmap.core", "pages", (plan){EVER, INT_MAX, 1});
}

/* -- beginnings ----------------------------------------------------------- */

/* What the module has one of is made: for a state, for a kind of map. */
static const char first_maps[] =
    "local hmap = require 'hmap.core'\n"
    "local m = hmap.new {name = 'first'}\n"
    "m:set({}, m)\n"
    "for _ in m:pairs() do break end\n"
    "m:trace(print)\n"
    "hmap.profiling(true)\n"
    "kept = hmap.new {key = 'string', value = 'int64', name = 'kept'}\n"
    "kept:view().key = 1\n"
    "hmap.counters()\n"
    "m:close()";

/* The registry is a table that others fill, too: at which entry of ours it must
** grow is not for us to say. */
#define STRANGERS 8

static void add_strangers(lua_State *L, int n) {
  static const char keys[STRANGERS];
  for (int i = 0; i < n; i++) {
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &keys[i]);
  }
}

static const char first_map[] = "require 'hmap.core'.new():close()";
static const char first_require[] = "assert(require 'hmap'.new():check())";

/* Lua says of a stack that cannot grow that it overflows, whatever the reason.
*/
static bool wants_memory(const char *why) {
  return strstr(why, "memory") != NULL || strstr(why, "stack overflow") != NULL;
}

/* Tried again with all memory, it is done as if nothing had happened. If memory
** is out for ever, the state closes without. */
static void begin(const char *script, int strangers, size_t first, size_t many,
                  bool *refused) {
  lua_State *L = open(&memory.fault);
  add_strangers(L, strangers);
  EXPECT(luaL_loadstring(L, script) == LUA_OK);
  lua_pushvalue(L, 1);
  refuse(first, many);
  bool done = lua_pcall(L, 0, 0, 0) == LUA_OK;
  bool stays_out = many == EVER && first % 2 == 0;
  if (!stays_out)
    *refused = grant();
  EXPECT_SAY(done || wants_memory(lua_tostring(L, -1)), "request %zu: %s",
             first, lua_tostring(L, -1));
  if (!done && !stays_out) {
    lua_settop(L, 1);
    run(L, 0, 0);
  }
  leaves_nothing(L, first);
  if (stays_out)
    *refused = !done;
}

static void sweep_beginning(const char *script, int strangers, plan p) {
  bool refused = true;
  for (size_t first = 1; refused;
       first += first < (size_t)p.all ? 1 : (size_t)p.stride * COARSER)
    begin(script, strangers, first, p.many, &refused);
}

static void begins(void) {
  sweep_beginning(first_maps, 0, (plan){1, 20, 7});
  sweep_beginning(first_maps, 0, (plan){2, INT_MAX, 1});
  sweep_beginning(first_maps, 0, (plan){EVER, INT_MAX, 1});
  for (int n = 1; n <= STRANGERS; n++) {
    sweep_beginning(first_map, n, (plan){2, INT_MAX, 1});
    sweep_beginning(first_map, n, (plan){EVER, INT_MAX, 1});
  }
}

static void is_required(void) {
  sweep_beginning(first_require, 0, (plan){2, 10, 401});
  sweep_beginning(first_require, 0, (plan){EVER, 10, 307});
}

int main(void) {
  it("begins anew after any request that was refused", begins);
  it("is required anew after any request that was refused", is_required);
  it("leaves maps as they were when any one request is refused", methods_one);
  it("leaves maps as they were when any two requests are refused", methods_two);
  it("leaves maps as they were when memory is out from any request on",
     methods_ever);
  it("draws and reports when any two requests are refused, or says why not",
     face_two);
  it("draws and reports when memory is out, or says why not", face_ever);
  it("leaves maps as they were when any one mapping is refused", pages_one);
  it("leaves maps as they were when any two mappings are refused", pages_two);
  it("leaves maps as they were when no more is mapped", pages_ever);
  it("does its work when any one piece of advice is refused", advice_one);
  it("does its work when no more advice is taken", advice_ever);
  return summary();
}
