/* options.c: hmap.new, and the options that it reads. */
#include "binding/data/options.h"

#include "binding/data/life.h"
#include "binding/registry/registry.h"
#include "binding/value/names.h"
#include "binding/value/policy.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

typedef loptions options;

/* Each reads the option's value, on top of the stack. */

static void option_integer(lua_State *L, const options *o, const char *name,
                           lua_Integer *out) {
  int ok;
  *out = lua_tointegerx(L, -1, &ok);
  if (!ok || lua_type(L, -1) != LUA_TNUMBER)
    larg_error(L, o->arg, "option '%s': integer expected, got %s", name,
               ltext_pushvalue(L, lua_gettop(L), LTEXT_QUOTED));
}

static const char *option_string(lua_State *L, const options *o,
                                 const char *name) {
  if (lua_type(L, -1) != LUA_TSTRING)
    larg_error(L, o->arg, "option '%s': string expected, got %s", name,
               luaL_typename(L, -1));
  return ltext_name(L, -1);
}

void loptions_key_type(lua_State *L, int arg, const ltype_room *type) {
  if (type->type.kind == HMAP_NONE)
    larg_error(L, arg, "key: 'none' is a type of values only");
}

/* read_type [-0, +0, v]: nil: of anything. */
static void read_type(lua_State *L, int idx, int arg, const char *what,
                      ltype_room *out) {
  if (!lua_isnoneornil(L, idx)) {
    lcell_type(L, idx, arg, what, out);
    return;
  }
  lua_pushliteral(L, "any");
  lcell_type(L, -1, arg, what, out);
  lua_pop(L, 1);
}

static void read_key(lua_State *L, options *o) {
  read_type(L, -1, o->arg, "option 'key'", &o->key);
  loptions_key_type(L, o->arg, &o->key);
}

static void read_value(lua_State *L, options *o) {
  read_type(L, -1, o->arg, "option 'value'", &o->value);
}

static void read_capacity(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, o, "capacity", &n);
  if (n < 0)
    larg_error(L, o->arg, "option 'capacity' must not be negative, got %I",
               (LUAI_UACINT)n);
  o->conf.capacity = n;
}

static void read_seed(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, o, "seed", &n);
  o->conf.seeded = true;
  o->conf.seed = (uint64_t)n;
}

static void read_max_bytes(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, o, "max_bytes", &n);
  if (n < 1)
    larg_error(L, o->arg, "option 'max_bytes' must be positive, got %I",
               (LUAI_UACINT)n);
  o->conf.max_bytes = (size_t)n;
}

hmap_hash loptions_hash(lua_State *L, int arg, const char *name,
                        const ltype *key) {
  for (int hash = 0; hash < HMAP_HASH_CUSTOM; hash++) {
    if (strcmp(name, lname_hash((hmap_hash)hash)) != 0)
      continue;
    if (hash == HMAP_HASH_IDENTITY && !lcell_isint(key->kind))
      larg_error(L, arg, "hash 'identity' is of integer keys only");
    return (hmap_hash)hash;
  }
  larg_error(L, arg,
             "unknown hash '%s'; hashes are xxh3, identity, constant, fnv1a, "
             "java31",
             ltext_push(L, name, strlen(name), LTEXT_EXACT, LTEXT_MOST));
}

static void read_hash(lua_State *L, options *o) {
  o->conf.hash =
      loptions_hash(L, o->arg, option_string(L, o, "hash"), &o->key.type);
}

static void read_policy(lua_State *L, options *o) {
  lpolicy_read(L, lua_gettop(L), o->arg, "option 'policy': ", &o->policy);
}

static void read_name(lua_State *L, options *o) { option_string(L, o, "name"); }

/* One way is built; the option is there so that others can follow. */
static void read_placement(lua_State *L, options *o) {
  if (strcmp(option_string(L, o, "placement"), "go") != 0)
    larg_error(L, o->arg, "option 'placement': unknown '%s'; it can be 'go'",
               ltext_pushvalue(L, lua_gettop(L), LTEXT_EXACT));
}

/* In the order in which they are read: hash wants to know the key. Those that
** every map has come first. */
static const struct {
  const char *name;
  void (*read)(lua_State *L, options *o);
} option_list[] = {
    {"key", read_key},   {"value", read_value},   {"capacity", read_capacity},
    {"seed", read_seed}, {"hash", read_hash},     {"max_bytes", read_max_bytes},
    {"name", read_name}, {"policy", read_policy}, {"placement", read_placement},
};

#define NOPTIONS (sizeof option_list / sizeof option_list[0])
#define NNEEDED  2

/* The number of the option of this name; NOPTIONS: there is none. */
static size_t option_at(lua_State *L, int idx) {
  const char *name = ltext_isname(L, idx) ? lua_tostring(L, idx) : "";
  size_t i = 0;
  while (i < NOPTIONS && strcmp(name, option_list[i].name) != 0)
    i++;
  return i;
}

/* unknown_option [-0, +0, v]: of the name on top. */
_Noreturn static void unknown_option(lua_State *L, const options *o) {
  const char *name = ltext_pushvalue(L, lua_gettop(L), LTEXT_EXACT);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < NOPTIONS; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, option_list[i].name);
  }
  luaL_pushresult(&b);
  larg_error(L, o->arg, "unknown option '%s'; options are %s", name,
             lua_tostring(L, -1));
}

/* find_options [-0, +0, v]: which ones the table has itself. */
static void find_options(lua_State *L, const options *o, bool given[NOPTIONS]) {
  for (lua_pushnil(L); lua_next(L, o->arg);) {
    lua_pop(L, 1);
    size_t i = option_at(L, -1);
    if (i == NOPTIONS)
      unknown_option(L, o);
    given[i] = true;
  }
}

void loptions_type(lua_State *L, int arg, const char *what, ltype_room *out) {
  read_type(L, arg, arg, what, out);
}

/* Go takes a capacity that no memory could hold for none; we say so. */
static void check_capacity(lua_State *L, const options *o) {
  hmap_field key[HMAP_MAX_FIELDS], value[HMAP_MAX_FIELDS];
  hmap_spec k = lcell_spec(&o->key.type, key);
  hmap_spec v = lcell_spec(&o->value.type, value);
  hmap_layout layout;
  if (hmap_get_layout(&k, &v, &layout) != HMAP_OK)
    lmap_raise(L, 0, HMAP_EINVAL);
  if ((uint64_t)o->conf.capacity > (UINT64_C(1) << 48) / layout.bucket_size)
    larg_error(L, o->arg, "option 'capacity': no map can hold %I entries",
               (LUAI_UACINT)o->conf.capacity);
}

/* Those that the table may have; one with a metatable may have more than can be
** found in it. */
static void find_given(lua_State *L, const options *o, bool given[NOPTIONS]) {
  if (lua_isnil(L, o->arg))
    return;
  if (!lua_istable(L, o->arg))
    larg_error(L, o->arg, "table of options expected, got %s",
               luaL_typename(L, o->arg));
  find_options(L, o, given);
  if (lua_getmetatable(L, o->arg))
    memset(given, true, NOPTIONS);
}

/* read_all [-0, +0, v]: types_known: what the table leaves out is there. */
static void read_all(lua_State *L, options *o, bool types_known) {
  bool given[NOPTIONS] = {false};
  int top = lua_gettop(L);
  find_given(L, o, given);
  for (size_t i = 0; i < NOPTIONS; i++) {
    if (!given[i] && (i >= NNEEDED || types_known))
      continue;
    lua_settop(L, top);
    if (given[i])
      lua_getfield(L, o->arg, option_list[i].name);
    else
      lua_pushnil(L);
    if ((i < NNEEDED && !types_known) || !lua_isnil(L, -1))
      option_list[i].read(L, o);
  }
  lua_settop(L, top);
  if (o->conf.capacity > 0)
    check_capacity(L, o);
}

void loptions_read(lua_State *L, options *o) { read_all(L, o, true); }

/* -- a new map ------------------------------------------------------------ */

int loptions_new(lua_State *L) {
  options o; /* its fields are many, and written when they are read */
  o.arg = 1;
  o.conf = (lconf){.key = &o.key.type, .value = &o.value.type};
  o.policy = hmap_policy_of(HMAP_POLICY_GO);
  lua_settop(L, 1);
  read_all(L, &o, false);
  lmap_new(L, &o.conf, &o.policy);
  lmap_setname(L, 2, 1);
  return 1;
}
