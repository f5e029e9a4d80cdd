/* lifetime.c: a Lua state with maps in it goes, and leaves nothing behind. */
#include "../c/check.h"
#include "state.h"

static unsigned calls;
static char went_wrong[200];

/* called(why): a finalizer was; why: what went wrong in it, or "" */
static int called(lua_State *L) {
  calls++;
  const char *why = lua_tostring(L, 1);
  if (why[0] != '\0')
    (void)snprintf(went_wrong, sizeof went_wrong, "%s", why);
  return 0;
}

/* bytes(): of the state, its maps included */
static int bytes(lua_State *L) {
  const budget *b = lua_touserdata(L, lua_upvalueindex(1));
  lua_pushinteger(L, (lua_Integer)b->bytes);
  return 1;
}

/* Runs a script in a state of its own; what is out after lua_close. */
static size_t left_by(const char *script) {
  budget b = {0};
  lua_State *L = state_new(&b);
  EXPECT(L != NULL);
  state_open(L);
  lua_register(L, "called", called);
  lua_pushlightuserdata(L, &b);
  lua_pushcclosure(L, bytes, 1);
  lua_setglobal(L, "bytes");
  calls = 0;
  went_wrong[0] = '\0';
  int status = luaL_dostring(L, script);
  EXPECT_SAY(status == LUA_OK, "%s", lua_tostring(L, -1));
  EXPECT(b.bytes > 0);
  lua_close(L);
  EXPECT_SAY(went_wrong[0] == '\0', "%s", went_wrong);
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

/* The least of many: now and then a table of Lua's grows. */
static void takes_little_for_a_small_map(void) {
  EXPECT(left_by("local hmap = require 'hmap'\n"
                 "local ints = {key = 'int64', value = 'int64'}\n"
                 "local least, kept = math.huge, {}\n"
                 "for i = 1, 100 do\n"
                 "  collectgarbage('stop')\n"
                 "  local before = bytes()\n"
                 "  kept[i] = hmap.new(ints)\n"
                 "  least = math.min(least, bytes() - before)\n"
                 "end\n"
                 "assert(least <= 900, least .. ' bytes')") == 0);
}

/* -- while the state closes ----------------------------------------------- */

/* fill(hmap): a map with all that a map can hold. */
#define FILL                                                                   \
  "function fill(hmap)\n"                                                      \
  "  local m = hmap.new {key = 'string', value = 'any', name = 'late'}\n"      \
  "  m:trace(function() end)\n"                                                \
  "  m:watch('1', function() end)\n"                                           \
  "  m:record(10)\n"                                                           \
  "  for i = 1, 100 do m:set(tostring(i):rep(i), {i}) end\n"                   \
  "  local next, walk = m:pairs()\n"                                           \
  "  next(walk)\n"                                                             \
  "  return m\n"                                                               \
  "end\n"                                                                      \
  "function at_end(fn) return setmetatable({}, {__gc = function()\n"           \
  "  local ok, why = pcall(fn)\n"                                              \
  "  called(ok and '' or why)\n"                                               \
  "end}) end\n"

static void leaves_nothing_of_maps_made_then(void) {
  EXPECT(left_by(FILL "local hmap = require 'hmap'\n"
                      "old = fill(hmap)\n"
                      "end1 = at_end(function() new = fill(hmap) end)\n"
                      "end2 = at_end(function() fill(hmap) end)") == 0);
  EXPECT(calls == 2);
  EXPECT(left_by(FILL "local hmap = require 'hmap'\n"
                      "end1 = at_end(function() new = fill(hmap) end)") == 0);
}

static void leaves_nothing_of_maps_closed_then(void) {
  EXPECT(left_by(FILL "local hmap = require 'hmap'\n"
                      "local old = fill(hmap)\n"
                      "end1 = at_end(function() fill(hmap):close() end)\n"
                      "end2 = at_end(function() old:close() end)") == 0);
  EXPECT(calls == 2);
  EXPECT(left_by(FILL "local hmap = require 'hmap'\n"
                      "end1 = at_end(function() fill(hmap):close() end)") == 0);
}

/* What had a finalizer before the module was loaded is finalized after it. */
static void closes_all_before_older_finalizers(void) {
  EXPECT(left_by(FILL "local hmap\n"
                      "end1 = at_end(function()\n"
                      "  assert(tostring(made):find 'closed')\n"
                      "  assert(tostring(old):find 'closed')\n"
                      "  local ok, why = pcall(hmap.new)\n"
                      "  assert(not ok and why:find 'is closing', why)\n"
                      "  ok, why = pcall(old.get, old, '1')\n"
                      "  assert(not ok and why == 'map is closed', why)\n"
                      "  assert(not pcall(walk, iterator))\n"
                      "  old:close()\n"
                      "end)\n"
                      "hmap = require 'hmap'\n"
                      "old = fill(hmap)\n"
                      "walk, iterator = old:pairs()\n"
                      "end2 = at_end(function() made = fill(hmap) end)") == 0);
  EXPECT(calls == 2);
}

static void frees_what_is_closed_where_it_began_then(void) {
  EXPECT(left_by(FILL "end1 = at_end(function()\n"
                      "  fill(require 'hmap'):close()\n"
                      "end)") == 0);
  EXPECT(calls == 1);
}

int main(void) {
  it("leaves nothing of open maps", leaves_nothing_of_open_maps);
  it("leaves nothing of closed maps", leaves_nothing_of_closed_maps);
  it("leaves nothing of the module alone", leaves_nothing_of_the_module);
  it("takes at most 900 bytes for an empty map of common types",
     takes_little_for_a_small_map);
  it("leaves nothing of maps made while the state closes",
     leaves_nothing_of_maps_made_then);
  it("leaves nothing of maps made and closed while the state closes",
     leaves_nothing_of_maps_closed_then);
  it("closes all maps before what is older than the module is finalized",
     closes_all_before_older_finalizers);
  it("frees at once what is closed, where the module is loaded only then",
     frees_what_is_closed_where_it_began_then);
  return summary();
}
