// hmap as a Lua program has it: its methods, called by Lua's C functions, with
// the collector running. Needs LUA_PATH and LUA_CPATH.
#include "lua_state.hpp"

// What the chunk below leaves on the stack: the map, its methods, another map
// and how to set in that.
enum { MAP = 1, SET, DELETE, GET, CLEAR, CLOSE, SUM, SET_OTHER, OTHER };

static const char chunk[] = R"(
  local hmap = require "hmap"
  local function sum(m)
    local sum = 0
    for value in m:values() do sum = sum + value end
    return sum
  end
  local m = hmap.new {key = ..., value = "int64", seed = 1}
  local other = hmap.new {key = "int64", value = "int64", seed = 1}
  return m, m.set, m.delete, m.get, m.clear, m.close, sum, other.set, other
)";

static const char *type_of(int64_t) { return "int64"; }
static const char *type_of(const std::string &) { return "string"; }

template <class Key> struct Map : State {
  Map() {
    luaL_openlibs(L);
    bool loaded = luaL_loadstring(L, chunk) == LUA_OK;
    lua_pushstring(L, type_of(Key()));
    if (!loaded || lua_pcall(L, 1, OTHER, 0) != LUA_OK)
      bench::fail(lua_tostring(L, -1));
  }

  // [-0, +1, m]: what is called, and the map it is called for.
  void begin(int method) {
    lua_pushvalue(L, method);
    lua_pushvalue(L, MAP);
  }

  void put(const Key &key, int64_t value) {
    begin(SET);
    push(L, key);
    lua_pushinteger(L, value);
    lua_call(L, 3, 0);
  }

  int64_t get(const Key &key) {
    begin(GET);
    push(L, key);
    lua_call(L, 2, 1);
    int64_t value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
  }

  bool erase(const Key &key) {
    begin(DELETE);
    push(L, key);
    lua_call(L, 2, 1);
    bool there = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return there;
  }

  int64_t sum() {
    begin(SUM);
    lua_call(L, 1, 1);
    int64_t sum = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return sum;
  }

  void clear() {
    begin(CLEAR);
    lua_call(L, 1, 0);
  }

  // Closes it; then the program goes on with something else, and whatever is
  // left to do is done beside that.
  bool close(size_t step) {
    if (step == 0) {
      begin(CLOSE);
      lua_call(L, 1, 0);
      return true;
    }
    garbage();
    lua_pushvalue(L, SET_OTHER);
    lua_pushvalue(L, OTHER);
    push(L, bench::number_at(step % 1000));
    lua_pushinteger(L, 1);
    lua_call(L, 3, 0);
    return step < 100000;
  }
};

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv, "hmap, m:set and m:delete");
}
