/* save.c: a map into a file. The bytes go from the core to the disk: no Lua
** value is made for an entry, and no finalizer comes between. */
#include "binding/file/save.h"

#include "binding/data/growth.h"
#include "binding/file/job.h"
#include "binding/file/note.h"
#include "binding/trace/scope.h"
#include "binding/value/text.h"

#define DOING "save to"

/* check [-0, +0, v]: self and the path at index 2. */
static lmap *check(lua_State *L) {
  lmap *h = lmap_check(L);
  (void)ljob_path(L, 2);
  if (h->conf.sandboxed)
    larg_error(L, 2, "no paths in a sandbox");
  return h;
}

/* -- errors --------------------------------------------------------------- */

/* push_key [-0, +1, v]: a key in words. */
static const char *push_key(lua_State *L, int self, lmap *h, const void *key) {
  int first = lua_gettop(L) + 1;
  int n = (int)lcell_push(L, self, h->conf.key, key, &h->version);
  lua_pushliteral(L, "");
  for (int i = 0; i < n; i++) {
    lua_pushstring(L, i == 0 ? "" : ", ");
    ltext_pushvalue(L, first + i, LTEXT_QUOTED);
    lua_concat(L, 3);
  }
  return lua_tostring(L, -1);
}

/* What an address in an `any` cell stands for. */
static const char *type_of(lua_State *L, int self, const hmap_cell *cell) {
  if (cell->c.tag == HMAP_TAG_OBJECT)
    lobjects_push(L, self, cell->c.len);
  else
    lua_pushlightuserdata(L, NULL);
  const char *name = luaL_typename(L, -1);
  lua_pop(L, 1);
  return name;
}

_Noreturn static void raise_object(lua_State *L, int self, int path,
                                   const void *key) {
  lmap *h = lua_touserdata(L, self);
  const hmap_cell *cell = key;
  bool value = h->conf.key->kind != HMAP_ANY || cell->c.tag < HMAP_TAG_POINTER;
  if (value)
    cell = hmap_get(h->m, key);
  const char *type = type_of(L, self, cell);
  const char *shown = push_key(L, self, h, key);
  lua_pushfstring(L, value ? "the value of key %s is a %s" : "key %s is a %s",
                  shown, type);
  ljob_raise(L, DOING, path, lua_tostring(L, -1));
}

_Noreturn static void raise(lua_State *L, int self, int path,
                            hmap_status status, const hmap_trouble *why,
                            const char *reason) {
  if (status == HMAP_EIO)
    ljob_raise(L, DOING, path, reason);
  if (status == HMAP_EOBJECT && why->key != NULL)
    raise_object(L, self, path, why->key);
  if (status == HMAP_ECURSOR)
    ljob_raise(L, DOING, path, "the map was rekeyed too often meanwhile");
  lmap_raise(L, 0, status);
}

/* -- what a rekey has begun ------------------------------------------------ */

/* move_rekey [-0, +0, v]: up to n old buckets of a move in which no order finds
** all entries. The core would move them itself, but of this a recording knows.
** Whether there are more. */
static bool move_rekey(lua_State *L, lmap *h, size_t n) {
  hmap_stats s;
  size_t moved = 0;
  hmap_get_stats(h->m, &s);
  bool in_order =
      !s.growing || s.kind == HMAP_GROW_DOUBLE || s.kind == HMAP_GROW_SAME_SIZE;
  return !in_order && lgrowth_step(L, h, n, &moved) > 0;
}

/* -- at once -------------------------------------------------------------- */

typedef struct target {
  ldisk disk;
  const char *path;
} target;

/* The file begins with its first bytes: a map that cannot be saved touches no
** disk. */
static bool write_begun(void *ud, const void *bytes, size_t n) {
  target *t = ud;
  if (t->disk.fd < 0 && !ldisk_create(&t->disk, t->path))
    return false;
  return ldisk_write(&t->disk, bytes, n);
}

static hmap_status save_all(lmap *h, const lnote_text *note, target *t,
                            hmap_trouble *why) {
  ldisk_init(&t->disk);
  hmap_status status =
      hmap_save(h->m, note->bytes, note->n, write_begun, t, why);
  if (status == HMAP_OK && !ldisk_commit(&t->disk))
    status = HMAP_EIO;
  ldisk_close(&t->disk);
  return status;
}

/* save(path) */
static int map_save(lua_State *L) {
  lmap *h = check(L);
  target t = {.path = lua_tostring(L, 2)};
  hmap_trouble why;
  lnote_text note;
  lua_settop(L, 2);
  lnote_write(L, h, &note);
  lmap_open(L, h);
  while (move_rekey(L, h, SIZE_MAX))
    continue;
  hmap_status status = save_all(h, &note, &t, &why);
  if (status == HMAP_ENOMEM) {
    lgc_full(L, h->gc);
    lmap_open(L, h);
    status = save_all(h, &note, &t, &why);
  }
  if (status != HMAP_OK)
    raise(L, 1, 2, status, &why, ldisk_reason(&t.disk));
  lua_pushinteger(L, (lua_Integer)hmap_count(h->m));
  return 1;
}

/* -- in steps ------------------------------------------------------------- */

static bool write_on(void *ud, const void *bytes, size_t n) {
  return ldisk_write(ud, bytes, n);
}

/* end_and_raise [-0, +0, v]: with an object, no memory is asked for before its
** key was read: a finalizer could write the map. */
_Noreturn static void end_and_raise(lua_State *L, int job, int self, int path,
                                    hmap_status status) {
  ljob *j = ljob_at(L, job);
  hmap_trouble why = {.key = NULL};
  if (j->saver != NULL)
    why = *hmap_saver_trouble(j->saver);
  lua_pushnil(L);
  if (status == HMAP_EIO) {
    lua_pushstring(L, ldisk_reason(&j->disk));
    lua_replace(L, -2);
  }
  ljob_end(L, job);
  raise(L, self, path, status, &why, lua_tostring(L, -1));
}

enum { JOB = 1, SELF, PATH }; /* stack of next_step */

#define MOVES 64 /* old buckets of a rekey that a step moves */

/* step [-0, +0, v] */
static hmap_status step(lua_State *L, ljob *j, const lmap *h) {
  bool more;
  hmap_status status = hmap_saver_step(j->saver, j->n, &more);
  if (status == HMAP_ENOMEM) {
    lgc_full(L, h->gc);
    j = ljob_at(L, JOB);
    if (j == NULL || h->m == NULL)
      return HMAP_ENOMEM;
    status = hmap_saver_step(j->saver, j->n, &more);
  }
  if (status == HMAP_OK)
    j->over = !more;
  return status;
}

/* Whether there was one more; entries are all there before the last call, which
** puts the file in place. */
static bool go_on(lua_State *L, ljob *j, lmap *h) {
  bool over = j->over;
  hmap_status status =
      over ? ldisk_commit(&j->disk) ? HMAP_OK : HMAP_EIO : step(L, j, h);
  if (ljob_at(L, JOB) == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  if (status != HMAP_OK)
    end_and_raise(L, JOB, SELF, PATH, status);
  return !over;
}

static int next_step(lua_State *L) {
  ljob *j = ljob_at(L, JOB);
  lua_settop(L, JOB);
  if (j == NULL)
    return 0;
  lua_getiuservalue(L, JOB, LJOB_SUBJECT);
  lua_getiuservalue(L, JOB, LJOB_PATH);
  lmap *h = lua_touserdata(L, SELF);
  if (h->m == NULL && !j->over)
    ljob_end(L, JOB);
  lmap_open(L, h);
  if (UNLIKELY(h->trace != NULL))
    ltrace_open_scope_at(L, SELF, h, LTRACE_NONE);
  if (!move_rekey(L, h, MOVES) && !go_on(L, j, h)) {
    ljob_end(L, JOB);
    lua_pushnil(L);
    return 1;
  }
  uint64_t done = hmap_saver_count(j->saver), count = hmap_count(h->m);
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)(done < count ? count : done));
  return 2;
}

/* saving(path, n = 1000) */
static int map_saving(lua_State *L) {
  lmap *h = check(L);
  lnote_text note;
  size_t n = ljob_size(L, 3);
  lua_settop(L, 2);
  lnote_write(L, h, &note);
  ljob *j = ljob_push(L, 1, 2); /* stack: map path job */
  lmap_open(L, h);
  j->n = n;
  hmap_status status = HMAP_EIO;
  if (ldisk_create(&j->disk, lua_tostring(L, 2)))
    status =
        hmap_saver_new(h->m, note.bytes, note.n, write_on, &j->disk, &j->saver);
  if (status != HMAP_OK)
    end_and_raise(L, 3, 1, 2, status);
  return ljob_iterate(L, next_step);
}

const luaL_Reg lsave_methods[] = {
    {"save", map_save}, {"saving", map_saving}, {NULL, NULL}};
