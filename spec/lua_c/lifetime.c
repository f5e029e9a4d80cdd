/* lifetime.c: a Lua state with maps in it goes, and leaves nothing behind. */
#include "../c/check.h"
#include "state.h"

/* Runs a script in a state of its own; what is out after lua_close. */
static size_t left_by(const char *script) {
  budget b = {0};
  lua_State *L = state_new(&b);
  EXPECT(L != NULL);
  state_open(L);
  int status = luaL_dostring(L, script);
  EXPECT_SAY(status == LUA_OK, "%s", lua_tostring(L, -1));
  EXPECT(b.bytes > 0);
  lua_close(L);
  return b.bytes;
}

static void leaves_nothing_of_open_maps(void) {
  EXPECT(left_by("local hmap = require 'hmap'\n"
                 "words = hmap.new {key = 'string', value = 'any'}\n"
                 "for i = 1, 1000 do words:set(('x'):rep(i), {words}) end\n"
                 "numbers = hmap.new {key = 'int64', value = 'int64'}\n"
                 "for i = 1, 100000 do numbers:set(i, i) end\n"
                 "assert(#words == 1000 and numbers:get(7) == 7)\n"
                 "assert(words:check() and numbers:check())") == 0);
}

static void leaves_nothing_of_closed_maps(void) {
  EXPECT(left_by("local m = require 'hmap'.new()\n"
                 "for i = 1, 1000 do m:set(i, 'value ' .. i) end\n"
                 "walk = m:pairs()\n"
                 "m:close()\n"
                 "assert(not pcall(m.get, m, 1))") == 0);
}

static void leaves_nothing_of_the_module(void) {
  EXPECT(left_by("assert(require 'hmap'._VERSION)") == 0);
}

int main(void) {
  it("leaves nothing of open maps", leaves_nothing_of_open_maps);
  it("leaves nothing of closed maps", leaves_nothing_of_closed_maps);
  it("leaves nothing of the module alone", leaves_nothing_of_the_module);
  return summary();
}
