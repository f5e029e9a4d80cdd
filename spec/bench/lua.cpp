// A Lua table, by Lua's C functions. Text is interned by each call, as a C
// program that keeps its entries in Lua has to.
#include "lua_state.hpp"

// Raw access with the table at index 1; a read leaves the value on the stack.
static void read(lua_State *L, int64_t key) { lua_rawgeti(L, 1, key); }
static void read(lua_State *L, const std::string &key) {
  push(L, key);
  lua_rawget(L, 1);
}

// [-1, +0, m]: takes the value from the stack.
static void write(lua_State *L, int64_t key) { lua_rawseti(L, 1, key); }
static void write(lua_State *L, const std::string &key) {
  push(L, key);
  lua_insert(L, -2);
  lua_rawset(L, 1);
}

// A table at index 1 of a state of its own: in a common state a second table
// would get its text for nothing.
template <class Key> struct Map : State {
  size_t full; // KiB, when it was closed

  Map() { lua_newtable(L); }

  void put(const Key &key, int64_t value) {
    lua_pushinteger(L, value);
    write(L, key);
  }

  int64_t get(const Key &key) {
    read(L, key);
    int64_t value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
  }

  void remove(const Key &key) {
    lua_pushnil(L);
    write(L, key);
  }

  bool erase(const Key &key) {
    bool there = get(key) != 0;
    remove(key);
    return there;
  }

  int64_t sum() {
    int64_t sum = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
      sum += lua_tointeger(L, -1);
    return sum;
  }

  void clear() {
    for (lua_pushnil(L); lua_next(L, 1);) {
      lua_pop(L, 1);
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, 1);
    }
  }

  // Lets go of the table; then the collector has to find that out.
  bool close(size_t step) {
    if (step == 0) {
      full = kibibytes();
      lua_pushnil(L);
      lua_replace(L, 1);
    } else {
      garbage();
    }
    return kibibytes() > full / 2;
  }
};

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv, LUA_RELEASE " table, by the C API");
}
