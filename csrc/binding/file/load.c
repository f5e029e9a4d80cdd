/* load.c: a map out of a file. Nobody has it before all of it is there. */
#include "binding/file/load.h"

#include "binding/data/life.h"
#include "binding/file/job.h"
#include "binding/file/note.h"
#include "binding/value/fields.h"
#include "binding/value/names.h"
#include "binding/value/policy.h"

#define DOING "load"

enum { PATH = 1 }; /* stack, as long as there are arguments */

/* -- errors --------------------------------------------------------------- */

/* push_damage [-0, +1, m]: what is wrong with the file, and where. */
static void push_damage(lua_State *L, const hmap_trouble *why) {
  lua_Integer at = (lua_Integer)why->at;
  if (why->block < 0)
    lua_pushfstring(L, "%s (byte %I, in the header)", why->what,
                    (LUAI_UACINT)at);
  else
    lua_pushfstring(L, "%s (byte %I, in block %I)", why->what, (LUAI_UACINT)at,
                    (LUAI_UACINT)why->block);
}

/* end_and_raise [-0, +0, v]: the path is at this index. */
_Noreturn static void end_and_raise(lua_State *L, int job, int path,
                                    hmap_status status) {
  ljob *j = ljob_at(L, job);
  size_t max_bytes = j->options.conf.max_bytes;
  if (status == HMAP_EFILE)
    push_damage(L, hmap_loader_trouble(j->loader));
  else if (status == HMAP_EINVAL)
    lua_pushliteral(L, "its hash is not one of this module");
  else
    lua_pushstring(L, ldisk_reason(&j->disk));
  ljob_end(L, job);
  if (status == HMAP_EFILE || status == HMAP_EIO || status == HMAP_EINVAL)
    ljob_raise(L, DOING, path, lua_tostring(L, -1));
  lmap_raise(L, max_bytes, status);
}

/* -- its beginning -------------------------------------------------------- */

static ptrdiff_t read_on(void *ud, void *bytes, size_t n) {
  return ldisk_read(ud, bytes, n);
}

/* try_again [-0, +0, v]: once, when all garbage is gone. */
static bool try_again(lua_State *L, int job, hmap_status status, int tries) {
  if (status != HMAP_ENOMEM || tries > 0)
    return false;
  lgc_full(L, lgc_get(L));
  if (ljob_at(L, job) == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  return true;
}

static hmap_status open_file(lua_State *L, ljob *j, uint64_t *bytes,
                             const hmap_file **file) {
  hmap_options memory = {.hint = 0};
  memory.alloc = lua_getallocf(L, &memory.alloc_ud);
  if (j->loader == NULL) {
    if (j->disk.fd < 0 && !ldisk_open(&j->disk, lua_tostring(L, PATH), bytes))
      return HMAP_EIO;
    hmap_status status =
        hmap_loader_new(&memory, read_on, &j->disk, &j->loader);
    if (status != HMAP_OK)
      return status;
  }
  return hmap_loader_open(j->loader, file);
}

/* read_options [-0, +0, v]: those of the file, and over them those at opts. */
static void read_options(lua_State *L, const hmap_file *file, int opts,
                         loptions *o) {
  ltype_room key, value;
  lnote_read(L, file, PATH, &key, &value);
  lnote_read(L, file, PATH, &o->key, &o->value);
  o->arg = opts;
  o->conf = (lconf){.key = &o->key.type,
                    .value = &o->value.type,
                    .seeded = file->seeded,
                    .seed = file->seed,
                    .hash = file->hash};
  o->policy = file->policy;
  if (lua_isnoneornil(L, opts))
    return;
  loptions_read(L, o);
  bool same = lcell_sametype(&key.type, &o->key.type);
  if (same && lcell_sametype(&value.type, &o->value.type))
    return;
  lcell_pushtype(L, same ? &value.type : &key.type);
  larg_error(L, opts, "option '%s': the file has %s", same ? "value" : "key",
             lua_tostring(L, -1));
}

/* open_job [-0, +1, v]: a job that has read the header of the file at index
** PATH. */
static const hmap_file *open_job(lua_State *L, int opts, uint64_t *bytes) {
  (void)ljob_path(L, PATH);
  ljob *j = ljob_push(L, opts, PATH);
  int job = lua_gettop(L);
  const hmap_file *file = NULL;
  hmap_status status = HMAP_OK;
  for (int tries = 0; tries == 0 || try_again(L, job, status, tries - 1);
       tries++)
    status = open_file(L, j, bytes, &file);
  if (status != HMAP_OK)
    end_and_raise(L, job, PATH, status);
  return file;
}

static hmap_status make_map(ljob *j, uint64_t bytes) {
  hmap_field key[HMAP_MAX_FIELDS], value[HMAP_MAX_FIELDS];
  hmap_options o = lmap_core_options(j->gc, &j->options.conf,
                                     &j->options.policy, key, value);
  return hmap_loader_begin(j->loader, &o, bytes);
}

/* begin [-0, +1, v]: a job that has read the header of the file at index PATH
** and made a map; opts is where the options are. */
static ljob *begin(lua_State *L, int opts) {
  uint64_t bytes = 0;
  const hmap_file *file = open_job(L, opts, &bytes);
  int job = lua_gettop(L);
  ljob *j = ljob_at(L, job);
  hmap_status status = HMAP_OK;
  j->total = file->count;
  read_options(L, file, opts, &j->options);
  for (int tries = 0; tries == 0 || try_again(L, job, status, tries - 1);
       tries++)
    status = make_map(j, bytes);
  if (status != HMAP_OK)
    end_and_raise(L, job, PATH, status);
  return j;
}

/* -- its steps ------------------------------------------------------------ */

/* step [-0, +0, v]: n entries more of the job; whether there are others. */
static bool step(lua_State *L, ljob *j, int job, int path, size_t n) {
  bool more = true;
  hmap_status status = HMAP_OK;
  for (int tries = 0; tries == 0 || try_again(L, job, status, tries - 1);
       tries++)
    status = hmap_loader_step(j->loader, n, &more);
  if (status != HMAP_OK)
    end_and_raise(L, job, path, status);
  return more;
}

/* finish [-0, +1, v]: the map, once it is whole. */
static void finish(lua_State *L, int job, int opts) {
  struct lregistry *all;
  ljob *j = ljob_at(L, job);
  lmap *h = lmap_prepare(L, &j->options.conf, &all);
  j = ljob_at(L, job);
  if (j == NULL) /* a finalizer ended it */
    lmap_raise(L, 0, HMAP_ENOMEM);
  lmap_begin(h, all, hmap_loader_take(j->loader));
  h->conf.capacity = (int64_t)hmap_count(h->m);
  lmap_written(h, 0);
  ljob_end(L, job);
  lmap_setname(L, lua_gettop(L), opts);
}

/* load(path, options?) */
int lload_load(lua_State *L) {
  lua_settop(L, 2);
  ljob *j = begin(L, 2); /* stack: path options job */
  while (step(L, j, 3, PATH, SIZE_MAX))
    continue;
  finish(L, 3, 2);
  return 1;
}

/* The turn that brings the map is the last one. */
static int next_step(lua_State *L) {
  ljob *j = ljob_at(L, 1);
  lua_settop(L, 1);
  if (j == NULL)
    return 0;
  lua_getiuservalue(L, 1, LJOB_SUBJECT);
  lua_getiuservalue(L, 1, LJOB_PATH); /* stack: job options path */
  j->over = !step(L, j, 1, 3, j->n);
  uint64_t done = hmap_loader_count(j->loader);
  uint64_t total = j->over || j->total < done ? done : j->total;
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)total);
  if (!j->over)
    return 2;
  finish(L, 1, 2);
  return 3;
}

/* loading(path, n = 1000, options?) */
int lload_loading(lua_State *L) {
  lua_settop(L, 3);
  size_t n = ljob_size(L, 2);
  ljob *j = begin(L, 3);
  j->n = n;
  return ljob_iterate(L, next_step);
}

/* file(path): what a file says of its map, {key =, value =, entries =, bytes =,
** hash =, seed =, policy =}, without reading on. */
int lload_file(lua_State *L) {
  uint64_t bytes = 0;
  ltype_room key, value;
  lua_settop(L, 1);
  lua_pushnil(L);
  const hmap_file *file = open_job(L, 2, &bytes); /* stack: path nil job */
  lnote_read(L, file, PATH, &key, &value);
  lua_createtable(L, 0, 7);
  lcell_pushnewtype(L, &key.type);
  lua_setfield(L, -2, "key");
  lcell_pushnewtype(L, &value.type);
  lua_setfield(L, -2, "value");
  set_int(L, "entries", file->count);
  set_int(L, "bytes", bytes);
  set_text(L, "hash", lname_hash(file->hash));
  if (file->seeded)
    set_int(L, "seed", file->seed);
  lpolicy_push(L, &file->policy);
  lua_setfield(L, -2, "policy");
  ljob_end(L, 3);
  return 1;
}
