/* fields.h: the fields of the tables that rooms here give to Lua. */
#ifndef HMAP_BINDING_FIELDS_H
#define HMAP_BINDING_FIELDS_H

#include <stdint.h>
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>

/* All [-0, +0, m]: set one field of the table on top. */
static inline void set_int(lua_State *L, const char *name, uint64_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, name);
}
static inline void set_bool(lua_State *L, const char *name, int b) {
  lua_pushboolean(L, b);
  lua_setfield(L, -2, name);
}
static inline void set_float(lua_State *L, const char *name, double f) {
  lua_pushnumber(L, (lua_Number)f);
  lua_setfield(L, -2, name);
}
static inline void set_text(lua_State *L, const char *name, const char *s) {
  lua_pushstring(L, s);
  lua_setfield(L, -2, name);
}
/* A number as hex of 16 digits; what is more than 53 bits JSON would round. */
static inline void set_hex(lua_State *L, const char *name, uint64_t n) {
  char text[2 + 16 + 1];
  snprintf(text, sizeof text, "0x%016llx", (unsigned long long)n);
  set_text(L, name, text);
}

/* Counts with indices from 0, as the core has them. */
static inline void set_counts(lua_State *L, const char *name,
                              const uint64_t *counts, int n) {
  lua_createtable(L, n, 1);
  for (int i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)counts[i]);
    lua_rawseti(L, -2, i);
  }
  lua_setfield(L, -2, name);
}

/* set_view [-0, +0, m]: makes the table on top a view of this name. */
static inline void set_view(lua_State *L, const char *name) {
  char key[32];
  snprintf(key, sizeof key, "hmap.%s", name);
  luaL_setmetatable(L, key);
}

#endif
