/* script.h: bytes to a script in Lua, with hmap and every byte counted.
**
** The script, named by SCRIPT, gives a function that is called with the bytes;
** an error of it is a crash. A state lives through some hundred inputs, so that
** what one leaves behind meets the next, and leaves nothing when it closes.
**
** Which lines of hmap's Lua run is told to the fuzzer as what runs in C is. */
#ifndef HMAP_SPEC_SCRIPT_H
#define HMAP_SPEC_SCRIPT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../lua_c/state.h"

#define INPUTS 300 /* to a state */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static budget memory;
static lua_State *L;
static unsigned inputs;

/* -- lines that run ------------------------------------------------------- */

#define NLINES 16384

__attribute__((
    section("__libfuzzer_extra_counters"))) static uint8_t lines[NLINES];

static void on_line(lua_State *l, lua_Debug *ar) {
  unsigned at = (unsigned)ar->currentline;
  lua_getinfo(l, "S", ar);
  if (strncmp(ar->source, "@lua/hmap/", 10) != 0)
    return;
  for (const char *s = ar->source; *s != '\0'; s++)
    at = at * 31 + (uint8_t)*s;
  lines[at % NLINES]++;
}

/* -- memory that is refused ----------------------------------------------- */

/* refuse(first, many): so many requests, counted from this call on. */
static int refuse(lua_State *l) {
  memory.fault = (fault){.refuse_at = (size_t)luaL_checkinteger(l, 1),
                         .refusals = (size_t)luaL_checkinteger(l, 2)};
  memory.fault.armed = true;
  return 0;
}

/* grant(): no more; whether any was. */
static int grant(lua_State *l) {
  fault *f = &memory.fault;
  f->armed = false;
  lua_pushboolean(l, f->refuse_at != 0 && f->requests >= f->refuse_at);
  return 1;
}

/* -- a state -------------------------------------------------------------- */

static void die(const char *why) {
  fprintf(stderr, "%s: %s\n", SCRIPT, why);
  abort();
}

/* With where it was raised, if it is text. */
static int traced(lua_State *l) {
  memory.fault.armed = false;
  if (lua_isstring(l, 1))
    luaL_traceback(l, l, lua_tostring(l, 1), 1);
  else
    luaL_tolstring(l, 1, NULL);
  return 1;
}

static void call(int nargs, int nresults) {
  int at = lua_gettop(L) - nargs;
  lua_pushcfunction(L, traced);
  lua_insert(L, at);
  if (lua_pcall(L, nargs, nresults, at) != LUA_OK)
    die(lua_tostring(L, -1));
  lua_remove(L, at);
}

static void end(void) {
  if (L == NULL)
    return;
  memory.fault.armed = false;
  lua_close(L);
  L = NULL;
  if (memory.bytes != 0)
    die("a closed state leaves memory");
}

/* The script's function is at the bottom of the stack. */
static void begin(void) {
  static bool ends;
  if (!ends)
    ends = atexit(end) == 0;
  memory = (budget){.bytes = 0};
  inputs = 0;
  L = state_new(&memory);
  state_open(L);
  lua_sethook(L, on_line, LUA_MASKLINE, 0);
  if (luaL_loadfile(L, SCRIPT) != LUA_OK)
    die(lua_tostring(L, -1));
  lua_pushcfunction(L, refuse);
  lua_pushcfunction(L, grant);
  call(2, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (L == NULL)
    begin();
  lua_pushvalue(L, 1);
  lua_pushlstring(L, (const char *)bytes, size);
  call(1, 0);
  if (++inputs == INPUTS)
    end();
  return 0;
}

#endif
