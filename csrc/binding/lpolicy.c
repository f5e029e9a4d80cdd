/* lpolicy.c: policies as Lua writes them.
**
**   policy = "adaptive"
**   policy = {load = 4, shrink = 1/8, step_on = "read_write"}
**
** A table changes what it names and leaves the rest: for a new map as Go has
** it, for m:tune as the map has it. The list of fields below is the only one:
** it reads, checks, complains and writes back.
*/
#include "lmap.h"
#include "lset.h"

#include <limits.h>

/* -- the fields ----------------------------------------------------------- */

/* Where a field is being read, for its complaints. */
typedef struct reader {
  lua_State *L;
  int arg;
  const char *what; /* "" or what comes before the name of the field */
} reader;

_Noreturn static void bad_field(const reader *r, const char *name,
                                const char *wanted) {
  const char *got = lcell_pushquoted(r->L, lua_gettop(r->L));
  lcell_blame(r->L, r->arg, "%s%s: %s expected, got %s", r->what, name, wanted,
              got);
}

static bool is_number(lua_State *L, double low, double high) {
  return lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) >= low &&
         lua_tonumber(L, -1) <= high;
}

static bool is_integer(lua_State *L, lua_Integer low, lua_Integer high) {
  int ok;
  lua_Integer i = lua_tointegerx(L, -1, &ok);
  return ok && lua_type(L, -1) == LUA_TNUMBER && i >= low && i <= high;
}

static bool is_false(lua_State *L) {
  return lua_isboolean(L, -1) && !lua_toboolean(L, -1);
}

static void read_load(const reader *r, const char *name, void *to) {
  if (!is_number(r->L, 1.0 / 8, 1024))
    bad_field(r, name, "number from 0.125 to 1024");
  *(double *)to = (double)lua_tonumber(r->L, -1);
}

static void read_count(const reader *r, const char *name, void *to) {
  if (!is_integer(r->L, 1, 65536))
    bad_field(r, name, "integer from 1 to 65536");
  *(uint32_t *)to = (uint32_t)lua_tointeger(r->L, -1);
}

static const char *const step_names[] = {"write", "read_write", "manual"};

static void read_step_on(const reader *r, const char *name, void *to) {
  const char *s =
      lua_type(r->L, -1) == LUA_TSTRING ? lua_tostring(r->L, -1) : "";
  for (int i = 0; i <= HMAP_STEP_MANUAL; i++)
    if (strcmp(s, step_names[i]) == 0) {
      *(hmap_step_on *)to = (hmap_step_on)i;
      return;
    }
  bad_field(r, name, "'write', 'read_write' or 'manual'");
}

static void read_bool(const reader *r, const char *name, void *to) {
  if (!lua_isboolean(r->L, -1))
    bad_field(r, name, "boolean");
  *(bool *)to = lua_toboolean(r->L, -1);
}

static void read_shrink(const reader *r, const char *name, void *to) {
  if (!is_false(r->L) && !is_number(r->L, 0, 1.0 / 4))
    bad_field(r, name, "false or number up to 0.25");
  *(double *)to = (double)lua_tonumber(r->L, -1);
}

static void read_alarm(const reader *r, const char *name, void *to) {
  if (!is_false(r->L) && !is_integer(r->L, 2, UINT32_MAX))
    bad_field(r, name, "false or integer from 2 on");
  *(uint32_t *)to = (uint32_t)lua_tointeger(r->L, -1);
}

/* All [-0, +1, -]. */
static void push_float(lua_State *L, const void *from) {
  lua_pushnumber(L, *(const double *)from);
}
static void push_count(lua_State *L, const void *from) {
  lua_pushinteger(L, *(const uint32_t *)from);
}
static void push_step_on(lua_State *L, const void *from) {
  lua_pushstring(L, step_names[*(const hmap_step_on *)from]);
}
static void push_bool(lua_State *L, const void *from) {
  lua_pushboolean(L, *(const bool *)from);
}
static void push_shrink(lua_State *L, const void *from) {
  if (*(const double *)from > 0)
    push_float(L, from);
  else
    lua_pushboolean(L, 0);
}
static void push_alarm(lua_State *L, const void *from) {
  if (*(const uint32_t *)from > 0)
    push_count(L, from);
  else
    lua_pushboolean(L, 0);
}

static const struct {
  const char *name;
  size_t at; /* in hmap_policy */
  void (*read)(const reader *r, const char *name, void *to);
  void (*push)(lua_State *L, const void *from);
} fields[] = {
#define AT(name) #name, offsetof(hmap_policy, name)
    {AT(load), read_load, push_float},
    {AT(moves), read_count, push_count},
    {AT(empty_visits), read_count, push_count},
    {AT(step_on), read_step_on, push_step_on},
    {AT(same_size), read_bool, push_bool},
    {AT(shrink), read_shrink, push_shrink},
    {AT(all_at_once), read_bool, push_bool},
    {AT(chain_alarm), read_alarm, push_alarm},
#undef AT
};

#define NFIELDS (sizeof fields / sizeof fields[0])

/* -- a whole policy ------------------------------------------------------- */

static const char *const preset_names[] = {
#define HMAP_X(preset, name, ...) name,
    HMAP_POLICIES(HMAP_X)
#undef HMAP_X
};

#define NPRESETS ((int)(sizeof preset_names / sizeof preset_names[0]))

static void read_name(const reader *r, const char *name, hmap_policy *out) {
  for (int i = 0; i < NPRESETS; i++)
    if (strcmp(name, preset_names[i]) == 0) {
      *out = hmap_policy_of((hmap_preset)i);
      return;
    }
  luaL_Buffer b;
  luaL_buffinit(r->L, &b);
  for (int i = 0; i < NPRESETS; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, preset_names[i]);
  }
  luaL_pushresult(&b);
  lcell_blame(r->L, r->arg,
              "%sunknown policy '%s'; policies are %s, or a table", r->what,
              name, lua_tostring(r->L, -1));
}

_Noreturn static void unknown_field(const reader *r) {
  const char *name = luaL_tolstring(r->L, -2, NULL);
  luaL_Buffer b;
  luaL_buffinit(r->L, &b);
  for (size_t i = 0; i < NFIELDS; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, fields[i].name);
  }
  luaL_pushresult(&b);
  lcell_blame(r->L, r->arg, "%sunknown field '%s'; fields are %s", r->what,
              name, lua_tostring(r->L, -1));
}

/* read_field [-0, +0, v]: stack: name value */
static void read_field(const reader *r, hmap_policy *out) {
  const char *name =
      lua_type(r->L, -2) == LUA_TSTRING ? lua_tostring(r->L, -2) : "";
  for (size_t i = 0; i < NFIELDS; i++)
    if (strcmp(name, fields[i].name) == 0) {
      fields[i].read(r, name, (char *)out + fields[i].at);
      return;
    }
  unknown_field(r);
}

void lpolicy_read(lua_State *L, int idx, int arg, const char *what,
                  hmap_policy *out) {
  reader r = {L, arg, what};
  hmap_policy policy = *out;
  if (lua_type(L, idx) == LUA_TSTRING)
    read_name(&r, lua_tostring(L, idx), &policy);
  else if (!lua_istable(L, idx))
    lcell_blame(L, arg, "%spolicy's name or table expected, got %s", what,
                luaL_typename(L, idx));
  else
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
      read_field(&r, &policy);
  *out = policy;
}

void lpolicy_push(lua_State *L, const hmap_policy *policy) {
  lua_createtable(L, 0, (int)NFIELDS);
  for (size_t i = 0; i < NFIELDS; i++) {
    fields[i].push(L, (const char *)policy + fields[i].at);
    lua_setfield(L, -2, fields[i].name);
  }
}

/* tune(policy): the policy that the map then has; without one, that it has. */
static int map_tune(lua_State *L) {
  lmap *h = lmap_check(L);
  hmap_policy policy = h->conf.policy;
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    lpolicy_read(L, 2, 2, "", &policy);
  lpolicy_push(L, &policy);
  set_view(L, "policy");
  lmap_open(L, h);
  hmap_status status = hmap_tune(h->m, &policy);
  if (status != HMAP_OK)
    lmap_raise(L, 0, status);
  h->conf.policy = policy;
  lmap_resign(h);
  return 1;
}

const luaL_Reg lpolicy_methods[] = {{"tune", map_tune}, {NULL, NULL}};
