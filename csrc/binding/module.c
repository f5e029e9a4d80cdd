/* module.c: the module "hmap.core", and how a map comes to be.
**
**   registry  "hmap.kinds"      shape -> metatable
**             "hmap.extensions" name -> method written in Lua
**
** Each shape (lmap_shape) has a metatable and a method table of its own, made
** with its first map: which function serves a call is decided once, not per
** call.
*/
#include <lualib.h>

#include "binding/self/self.h"
#include "binding/value/names.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

#define EXTENSIONS "hmap.extensions"

#define PUBLIC __attribute__((visibility("default")))

/* -- tables of methods ---------------------------------------------------- */

void lmap_setfuncs(lua_State *L, const luaL_Reg *functions, int hidden) {
  for (; functions->name != NULL; functions++) {
    lua_pushstring(L, functions->name);
    lua_pushinteger(L, hidden);
    lua_pushcclosure(L, functions->func, LMAP_UPVALUES);
    lua_setfield(L, -2, functions->name);
  }
}

/* The __index of every method table: reached for names that are none. */
static int no_method(lua_State *L) {
  const char *key = ltext_pushvalue(L, 2, LTEXT_QUOTED);
  return luaL_error(L, "no method %s on an hmap; to read a key use m:get(%s)",
                    key, key);
}

static int no_field(lua_State *L) {
  const char *key = ltext_pushvalue(L, 2, LTEXT_QUOTED);
  return luaL_error(L, "an hmap has no fields; to write a key use m:set(%s, v)",
                    key);
}

/* What `for k, v in m do` comes to, where pairs(m) was meant. */
static int no_call(lua_State *L) {
  return luaL_error(L, "an hmap is no function; to go through its entries use "
                       "for k, v in pairs(m) do, to read a key m:get(k)");
}

/* push_methods [-0, +1, m] */
static void push_methods(lua_State *L, int shape) {
  const luaL_Reg *hot = lmap_typed_methods(shape);
  lua_newtable(L);
  lmap_setfuncs(L, lmap_methods, 1);
  lmap_setfuncs(L, lbatch_methods, 1);
  lmap_setfuncs(L, liter_methods, 1);
  lmap_setfuncs(L, lviews_methods, 1);
  lmap_setfuncs(L, lexplain_methods, 1);
  lmap_setfuncs(L, ltrace_methods, 1);
  lmap_setfuncs(L, lrecord_methods, 1);
  lmap_setfuncs(L, lwatch_methods, 1);
  lmap_setfuncs(L, lpolicy_methods, 1);
  lmap_setfuncs(L, lscan_methods, 1);
  lmap_setfuncs(L, lproxy_methods, 1);
  if (hot != NULL)
    lmap_setfuncs(L, hot, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, EXTENSIONS);
  for (lua_pushnil(L); lua_next(L, -2);) { /* stack: methods ext name fn */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, no_method);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* push_newmeta [-0, +1, m] */
static void push_newmeta(lua_State *L, int shape) {
  static const luaL_Reg pairs[] = {{"__pairs", liter_pairs}, {NULL, NULL}};
  lua_newtable(L);
  lmap_setfuncs(L, lmap_metamethods, 1);
  lmap_setfuncs(L, pairs, 1);
  lua_pushcfunction(L, no_field);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, no_call);
  lua_setfield(L, -2, "__call");
  lua_pushliteral(L, "hmap");
  lua_setfield(L, -2, "__name");
  push_methods(L, shape);
  lua_setfield(L, -2, "__index");
}

void lmap_pushmeta(lua_State *L, const char *name, int shape,
                   void (*push)(lua_State *L, int shape)) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, name);
  if (lua_rawgeti(L, -1, shape) == LUA_TNIL) {
    lua_pop(L, 1);
    push(L, shape);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, shape);
  }
  lua_remove(L, -2);
}

/* push_meta [-0, +1, m]: the metatable of maps of this shape. */
static void push_meta(lua_State *L, int shape) {
  lmap_pushmeta(L, LMAP_KINDS_KEY, shape, push_newmeta);
}

/* extend(name, fn): a method written in Lua for all maps, also those that are
** there already. */
static int mod_extend(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, EXTENSIONS);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_rawset(L, -3);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LMAP_KINDS_KEY);
  for (lua_pushnil(L); lua_next(L, 4); lua_pop(L, 2)) {
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
  }
  return 0;
}

/* methods(): the sorted names of all methods. */
static int mod_methods(lua_State *L) {
  lua_settop(L, 0);
  push_meta(L, HMAP_ANY);
  lua_getfield(L, 1, "__index");
  lua_newtable(L); /* stack: metatable methods names */
  lua_pushnil(L);
  for (lua_Integer n = 1; lua_next(L, 2); n++) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 3, n);
  }
  luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
  lua_getfield(L, -1, "sort");
  lua_pushvalue(L, 3);
  lua_call(L, 1, 0);
  lua_settop(L, 3);
  return 1;
}

/* -- options -------------------------------------------------------------- */

/* Options being read: argument 1 of new. */
typedef struct options {
  lconf conf;
  ltype_room key, value;
} options;

/* Each reads the option's value, on top of the stack. */

static void option_integer(lua_State *L, const char *name, lua_Integer *out) {
  int ok;
  *out = lua_tointegerx(L, -1, &ok);
  if (!ok || lua_type(L, -1) != LUA_TNUMBER)
    larg_error(L, 1, "option '%s': integer expected, got %s", name,
               ltext_pushvalue(L, lua_gettop(L), LTEXT_QUOTED));
}

static const char *option_string(lua_State *L, const char *name) {
  if (lua_type(L, -1) != LUA_TSTRING)
    larg_error(L, 1, "option '%s': string expected, got %s", name,
               luaL_typename(L, -1));
  return lua_tostring(L, -1);
}

static void check_key_type(lua_State *L, int arg, const ltype_room *type) {
  if (type->type.kind == HMAP_NONE)
    larg_error(L, arg, "key: 'none' is a type of values only");
}

static void read_key(lua_State *L, options *o) {
  lcell_type(L, -1, 1, "option 'key'", &o->key);
  check_key_type(L, 1, &o->key);
}

static void read_value(lua_State *L, options *o) {
  lcell_type(L, -1, 1, "option 'value'", &o->value);
}

static void read_capacity(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, "capacity", &n);
  if (n < 0)
    larg_error(L, 1, "option 'capacity' must not be negative, got %I",
               (LUAI_UACINT)n);
  o->conf.capacity = n;
}

static void read_seed(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, "seed", &n);
  o->conf.seeded = true;
  o->conf.seed = (uint64_t)n;
}

static void read_max_bytes(lua_State *L, options *o) {
  lua_Integer n;
  option_integer(L, "max_bytes", &n);
  if (n < 1)
    larg_error(L, 1, "option 'max_bytes' must be positive, got %I",
               (LUAI_UACINT)n);
  o->conf.max_bytes = (size_t)n;
}

/* check_hash [-0, +0, v]: a hash by its name, if it suits the type of key. */
static hmap_hash check_hash(lua_State *L, int arg, const char *name,
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
  o->conf.hash = check_hash(L, 1, option_string(L, "hash"), &o->key.type);
}

static void read_policy(lua_State *L, options *o) {
  lpolicy_read(L, lua_gettop(L), 1, "option 'policy': ", &o->conf.policy);
}

static void read_name(lua_State *L, options *o) {
  (void)o;
  option_string(L, "name");
}

/* One way is built; the option is there so that others can follow. */
static void read_placement(lua_State *L, options *o) {
  (void)o;
  if (strcmp(option_string(L, "placement"), "go") != 0)
    larg_error(L, 1, "option 'placement': unknown '%s'; it can be 'go'",
               ltext_pushvalue(L, lua_gettop(L), LTEXT_EXACT));
}

/* In the order in which they are read: hash wants to know the key. */
static const struct {
  const char *name;
  void (*read)(lua_State *L, options *o);
} option_list[] = {
    {"key", read_key},   {"value", read_value},   {"capacity", read_capacity},
    {"seed", read_seed}, {"hash", read_hash},     {"max_bytes", read_max_bytes},
    {"name", read_name}, {"policy", read_policy}, {"placement", read_placement},
};

#define NOPTIONS (sizeof option_list / sizeof option_list[0])

static bool is_option(lua_State *L, int idx) {
  const char *name =
      lua_type(L, idx) == LUA_TSTRING ? lua_tostring(L, idx) : "";
  for (size_t i = 0; i < NOPTIONS; i++)
    if (strcmp(name, option_list[i].name) == 0)
      return true;
  return false;
}

static void check_names(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (is_option(L, -2))
      continue;
    const char *name = ltext_pushvalue(L, lua_gettop(L) - 1, LTEXT_EXACT);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < NOPTIONS; i++) {
      luaL_addstring(&b, i == 0 ? "" : ", ");
      luaL_addstring(&b, option_list[i].name);
    }
    luaL_pushresult(&b);
    larg_error(L, 1, "unknown option '%s'; options are %s", name,
               lua_tostring(L, -1));
  }
}

/* check_type [-0, +0, v]: the type at index arg, `any` if there is none. */
static void check_type(lua_State *L, int arg, const char *what,
                       ltype_room *out) {
  if (lua_isnoneornil(L, arg)) {
    lua_pushliteral(L, "any");
    lcell_type(L, -1, arg, what, out);
    lua_pop(L, 1);
  } else {
    lcell_type(L, arg, arg, what, out);
  }
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
    larg_error(L, 1, "option 'capacity': no map can hold %I entries",
               (LUAI_UACINT)o->conf.capacity);
}

static void read_options(lua_State *L, options *o) {
  if (!lua_istable(L, 1))
    larg_error(L, 1, "table of options expected, got %s", luaL_typename(L, 1));
  check_names(L);
  for (size_t i = 0; i < NOPTIONS; i++) {
    if (lua_getfield(L, 1, option_list[i].name) != LUA_TNIL)
      option_list[i].read(L, o);
    lua_settop(L, 1);
  }
  check_capacity(L, o);
}

/* -- a new map ------------------------------------------------------------ */

/* The core's options of a map; key and value have room for their fields. */
static hmap_options core_options(lua_State *L, const lconf *conf,
                                 hmap_field *key, hmap_field *value) {
  bool word = conf->key->shape == LCELL_WORD;
  hmap_options o = {
      .key =
          word ? (hmap_spec){.kind = HMAP_UINT64} : lcell_spec(conf->key, key),
      .elem = lcell_spec(conf->value, value),
      .hint = conf->capacity,
      .seeded = conf->seeded,
      .seed = conf->seed,
      .hash = conf->hash,
      .max_bytes = conf->max_bytes,
      .policy = &conf->policy,
  };
  o.alloc = lua_getallocf(L, &o.alloc_ud);
  return o;
}

/* make_core [-0, +0, v]: a map of the core. Refused memory is asked for again
** after all garbage is gone. */
static hmap *make_core(lua_State *L, lgc *gc, const lconf *conf) {
  hmap_field key[HMAP_MAX_FIELDS], value[HMAP_MAX_FIELDS];
  hmap_options o = core_options(L, conf, key, value);
  hmap *m;
  hmap_status status = hmap_new(&o, &m);
  if (status == HMAP_ENOMEM) {
    lgc_full(L, gc);
    status = hmap_new(&o, &m);
  }
  if (status != HMAP_OK)
    lmap_raise(L, conf->max_bytes, status);
  return m;
}

/* hold [-0, +0, v]: an entry for what a map will hold, asked for in the same
** way. */
static lheld *hold(lua_State *L, lgc *gc) {
  lheld *held = lgc_hold(gc);
  if (held == NULL) {
    lgc_full(L, gc);
    held = lgc_hold(gc);
  }
  if (held == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  return held;
}

/* push_closed [-0, +1, m]: a map that owns its types and nothing else yet. */
static lmap *push_closed(lua_State *L, const lconf *conf) {
  uint32_t nkey = conf->key->nfields, nvalue = conf->value->nfields;
  lmap *h = lua_newuserdatauv(L, sizeof *h + (nkey + nvalue) * sizeof(lfield),
                              LMAP_CALLBACKS_AT);
  *h = (lmap){.tag = LMAP_CLOSED,
              .conf = *conf,
              .key = *conf->key,
              .value = *conf->value};
  if (nkey > 0)
    memcpy(h->fields, conf->key->fields, nkey * sizeof(lfield));
  if (nvalue > 0)
    memcpy(h->fields + nkey, conf->value->fields, nvalue * sizeof(lfield));
  h->key.fields = h->fields;
  h->value.fields = h->fields + nkey;
  h->conf.key = &h->key;
  h->conf.value = &h->value;
  return h;
}

lmap *lmap_new(lua_State *L, const lconf *conf) {
  lgc *gc = lgc_get(L);
  if (gc->over) /* no finalizer would free the map */
    luaL_error(L, "the Lua state is closing");
  lgc_step(L, gc);
  lmap *h = push_closed(L, conf);
  h->gc = gc;
  push_meta(L, lmap_shape(&h->key, &h->value));
  lua_setmetatable(L, -2);
  lregistry *all = lregistry_prepare(L, h);
  h->held = hold(L, gc);
  h->m = h->held->m = make_core(L, gc, conf);
  lregistry_begin(h, all);
  lmap_update_tag(h);
  lmap_count_bytes(h);
  return h;
}

static int mod_new(lua_State *L) {
  options o = {.conf = {.key = &o.key.type,
                        .value = &o.value.type,
                        .policy = hmap_policy_of(HMAP_POLICY_GO)}};
  lua_settop(L, 1);
  check_type(L, 2, "key", &o.key);
  check_type(L, 2, "value", &o.value);
  if (!lua_isnil(L, 1))
    read_options(L, &o);
  lmap_new(L, &o.conf);
  if (lua_istable(L, 1)) {
    lua_getfield(L, 1, "name");
    lua_setiuservalue(L, 2, LMAP_NAME_AT);
    lregistry_named(L, 2);
  }
  return 1;
}

/* -- questions without a map ---------------------------------------------- */

/* layout(key, value) */
static int mod_layout(lua_State *L) {
  ltype_room key, value;
  hmap_field key_fields[HMAP_MAX_FIELDS], value_fields[HMAP_MAX_FIELDS];
  hmap_layout layout;
  check_type(L, 1, "key", &key);
  check_type(L, 2, "value", &value);
  check_key_type(L, 1, &key);
  hmap_spec k = lcell_spec(&key.type, key_fields);
  hmap_spec v = lcell_spec(&value.type, value_fields);
  hmap_status status = hmap_get_layout(&k, &v, &layout);
  if (status != HMAP_OK)
    lmap_raise(L, 0, status);
  lviews_pushlayout(L, &layout, &key.type, &value.type);
  return 1;
}

/* Puts the fields of a tuple in the place of the list at index 2. */
static void spread_key(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE)
    return;
  if (!lua_istable(L, 2))
    larg_error(L, 2, "list of %d fields expected, got %s", (int)type->nfields,
               luaL_typename(L, 2));
  luaL_checkstack(L, (int)type->nfields + LUA_MINSTACK, NULL);
  for (uint32_t i = 1; i <= type->nfields; i++)
    lua_rawgeti(L, 2, i);
  lua_remove(L, 2);
}

/* hash(key_type, key, seed = 0, hash = "xxh3"): what a new map of that seed
** and hash makes of the key. */
static int mod_hash(lua_State *L) {
  static const lfield seed_field = {.kind = HMAP_INT64};
  ltype_room key;
  ltype none = {.kind = HMAP_NONE};
  lconf conf = {.key = &key.type,
                .value = &none,
                .seeded = true,
                .policy = hmap_policy_of(HMAP_POLICY_GO)};
  lua_settop(L, 4);
  check_type(L, 1, "key", &key);
  check_key_type(L, 1, &key);
  if (!lua_isnil(L, 3))
    conf.seed = (uint64_t)lcell_int(L, 3, &seed_field, "seed");
  if (!lua_isnil(L, 4)) {
    if (lua_type(L, 4) != LUA_TSTRING)
      larg_error(L, 4, "string expected, got %s", luaL_typename(L, 4));
    conf.hash = check_hash(L, 4, lua_tostring(L, 4), &key.type);
  }
  lua_settop(L, 2);
  spread_key(L, &key.type);
  lroom room;
  const void *cell = lcell_from(L, 2, &key.type, "key", &room);
  hmap *m = make_core(L, lgc_get(L), &conf);
  uint64_t hash = hmap_hash_of(m, cell);
  hmap_free(m);
  lua_pushinteger(L, (lua_Integer)hash);
  return 1;
}

/* -- the module ----------------------------------------------------------- */

PUBLIC int luaopen_hmap_core(lua_State *L);

int luaopen_hmap_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", mod_new},  {"layout", mod_layout}, {"hash", mod_hash},
      {"of", lproxy_of}, {"extend", mod_extend}, {"methods", mod_methods},
      {NULL, NULL}};
  luaL_checkversion(L);
  lgc_open(L);
  liter_open(L);
  lua_newtable(L);
  lmap_setfuncs(L, functions, 0);
  lviews_open(L);
  llimits_open(L);
  lsnapshot_open(L);
  lexplain_open(L);
  ltext_open(L);
  lopstats_open(L);
  lua_pushliteral(L, HMAP_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
