// lua_state.hpp: a Lua state of one's own, for the peers that keep their map
// in it at index 1.
#pragma once

#include <lua.hpp>

#include "workload.hpp"

// [-0, +1, m]
inline void push(lua_State *L, int64_t key) { lua_pushinteger(L, key); }
inline void push(lua_State *L, const std::string &key) {
  lua_pushlstring(L, key.data(), key.size());
}

struct State {
  lua_State *L = luaL_newstate();

  State() {
    if (L == nullptr)
      bench::fail("not enough memory");
  }
  State(const State &) = delete;
  ~State() { lua_close(L); }

  size_t kibibytes() { return size_t(lua_gc(L, LUA_GCCOUNT)); }

  void collect() { lua_gc(L, LUA_GCCOLLECT); }

  // Some hundred bytes, dropped at once, as any program leaves behind. May run
  // a step of the collector, as any allocation.
  void garbage() {
    lua_newuserdatauv(L, 200, 0);
    lua_pop(L, 1);
  }
};
