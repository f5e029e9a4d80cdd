/* policy.c: policies as Lua writes them.
**
**   policy = "adaptive"
**   policy = {load = 4, shrink = 1/8, step_on = "read_write"}
**
** A table changes what it names and leaves the rest: for a new map as Go has
** it, for m:tune as the map has it. The list of fields below is the only one:
** it reads, checks, raises and writes back.
*/
#include "binding/value/policy.h"

#include "binding/value/arg.h"
#include "binding/value/text.h"

/* -- the fields ----------------------------------------------------------- */

/* Where a field is being read, for its errors. */
typedef struct reader {
  lua_State *L;
  int arg;
  const char *what; /* "" or what comes before the name of the field */
} reader;

_Noreturn static void bad_field(const reader *r, const char *name,
                                const char *wanted) {
  const char *got = ltext_pushvalue(r->L, lua_gettop(r->L), LTEXT_QUOTED);
  larg_error(r->L, r->arg, "%s%s: %s expected, got %s", r->what, name, wanted,
             got);
}

static bool is_false(lua_State *L) {
  return lua_isboolean(L, -1) && !lua_toboolean(L, -1);
}

/* push_bound [-0, +1, m]: 1/8 as 0.125, 1024 as 1024. */
static const char *push_bound(lua_State *L, double bound) {
  if (bound == (double)(lua_Integer)bound)
    return lua_pushfstring(L, "%I", (LUAI_UACINT)bound);
  return lua_pushfstring(L, "%f", bound);
}

/* out_of_bounds [-0, +0, v]: what is wanted follows from the core's bounds. */
_Noreturn static void out_of_bounds(const reader *r, const hmap_bounds *b,
                                    const char *kind) {
  lua_State *L = r->L;
  int value = lua_gettop(L);
  const char *off = b->or_off ? "false or " : "";
  const char *least = push_bound(L, b->least);
  const char *wanted =
      b->most >= UINT32_MAX
          ? lua_pushfstring(L, "%s%s from %s on", off, kind, least)
          : lua_pushfstring(L, "%s%s from %s to %s", off, kind, least,
                            push_bound(L, b->most));
  lua_pushvalue(L, value);
  bad_field(r, b->field, wanted);
}

/* bounded [-0, +0, v]: the number on top, or 0 for a false that means off. */
static double bounded(const reader *r, const char *name, bool integer) {
  hmap_bounds b;
  lua_State *L = r->L;
  (void)hmap_policy_bounds(name, &b);
  if (b.or_off && is_false(L))
    return 0;
  double n = (double)lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(n >= b.least && n <= b.most) ||
      (integer && n != (double)lua_tointeger(L, -1)))
    out_of_bounds(r, &b, integer ? "integer" : "number");
  return n;
}

static void read_number(const reader *r, const char *name, void *to) {
  *(double *)to = bounded(r, name, false);
}

static void read_count(const reader *r, const char *name, void *to) {
  *(uint32_t *)to = (uint32_t)bounded(r, name, true);
}

static const char *const step_names[] = {"write", "read_write", "manual"};

static void read_step_on(const reader *r, const char *name, void *to) {
  const char *s = ltext_isname(r->L, -1) ? lua_tostring(r->L, -1) : "";
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
    {AT(load), read_number, push_float},
    {AT(moves), read_count, push_count},
    {AT(empty_visits), read_count, push_count},
    {AT(step_on), read_step_on, push_step_on},
    {AT(same_size), read_bool, push_bool},
    {AT(shrink), read_number, push_shrink},
    {AT(all_at_once), read_bool, push_bool},
    {AT(chain_alarm), read_count, push_alarm},
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
  name = ltext_push(r->L, name, strlen(name), LTEXT_EXACT, LTEXT_MOST);
  luaL_buffinit(r->L, &b);
  for (int i = 0; i < NPRESETS; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, preset_names[i]);
  }
  luaL_pushresult(&b);
  larg_error(r->L, r->arg, "%sunknown policy '%s'; policies are %s, or a table",
             r->what, name, lua_tostring(r->L, -1));
}

_Noreturn static void unknown_field(const reader *r) {
  const char *name = ltext_pushvalue(r->L, lua_gettop(r->L) - 1, LTEXT_EXACT);
  luaL_Buffer b;
  luaL_buffinit(r->L, &b);
  for (size_t i = 0; i < NFIELDS; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, fields[i].name);
  }
  luaL_pushresult(&b);
  larg_error(r->L, r->arg, "%sunknown field '%s'; fields are %s", r->what, name,
             lua_tostring(r->L, -1));
}

static bool is_field(const char *name) {
  for (size_t i = 0; i < NFIELDS; i++)
    if (strcmp(name, fields[i].name) == 0)
      return true;
  return false;
}

/* read_fields [-0, +0, v]: of the table at idx, also those it inherits. */
static void read_fields(const reader *r, int idx, hmap_policy *out) {
  lua_State *L = r->L;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
    if (!ltext_isname(L, -2) || !is_field(lua_tostring(L, -2)))
      unknown_field(r);
  for (size_t i = 0; i < NFIELDS; i++) {
    if (lua_getfield(L, idx, fields[i].name) != LUA_TNIL)
      fields[i].read(r, fields[i].name, (char *)out + fields[i].at);
    lua_pop(L, 1);
  }
}

void lpolicy_read(lua_State *L, int idx, int arg, const char *what,
                  hmap_policy *out) {
  reader r = {L, arg, what};
  hmap_policy policy = *out;
  if (lua_type(L, idx) == LUA_TSTRING)
    read_name(&r, ltext_name(L, idx), &policy);
  else if (!lua_istable(L, idx))
    larg_error(L, arg, "%spolicy's name or table expected, got %s", what,
               luaL_typename(L, idx));
  else
    read_fields(&r, lua_absindex(L, idx), &policy);
  *out = policy;
}

void lpolicy_push(lua_State *L, const hmap_policy *policy) {
  lua_createtable(L, 0, (int)NFIELDS);
  for (size_t i = 0; i < NFIELDS; i++) {
    fields[i].push(L, (const char *)policy + fields[i].at);
    lua_setfield(L, -2, fields[i].name);
  }
}
