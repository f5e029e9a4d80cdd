/* job.c: what saving and loading have in common. */
#include "binding/file/job.h"

#include "binding/value/text.h"

#define LJOB_META "hmap.job"

typedef struct ljob_ref {
  ljob *job; /* NULL: it has ended */
} ljob_ref;

/* -- arguments and errors ------------------------------------------------- */

const char *ljob_path(lua_State *L, int arg) {
  size_t n;
  if (lua_type(L, arg) != LUA_TSTRING)
    larg_error(L, arg, "path expected, got %s", luaL_typename(L, arg));
  const char *path = lua_tolstring(L, arg, &n);
  if (n == 0 || strlen(path) != n)
    larg_error(L, arg, "no path: '%s'", ltext_pushvalue(L, arg, LTEXT_EXACT));
  return path;
}

#define STEP 1000 /* entries, if not told */

size_t ljob_size(lua_State *L, int arg) {
  if (lua_isnoneornil(L, arg))
    return STEP;
  lua_Integer n = lcell_natural(L, arg, "size of a step");
  if (n == 0)
    larg_error(L, arg, "a step has at least one entry, got 0");
  return (size_t)n;
}

void ljob_raise(lua_State *L, const char *doing, int path, const char *why) {
  const char *shown = ltext_push(L, lua_tostring(L, path), lua_rawlen(L, path),
                                 LTEXT_EXACT, LTEXT_WHOLE);
  luaL_error(L, "cannot %s %s: %s", doing, shown, why);
  for (;;)
    lua_error(L);
}

/* -- a job ---------------------------------------------------------------- */

static void end(lowned *o) {
  ljob *j = (ljob *)o;
  lgc *gc = j->gc;
  hmap_saver_free(j->saver);
  hmap_loader_free(j->loader);
  ldisk_close(&j->disk);
  lgc_disown(gc, o);
  gc->alloc(gc->ud, j, sizeof *j, 0);
}

static ljob_ref *test_ref(lua_State *L, int idx) {
  return luaL_testudata(L, idx, LJOB_META);
}

ljob *ljob_at(lua_State *L, int idx) {
  ljob_ref *ref = test_ref(L, idx);
  if (ref == NULL)
    luaL_error(L, "file of a map expected, got %s", luaL_typename(L, idx));
  return ref->job;
}

void ljob_end(lua_State *L, int idx) {
  ljob_ref *ref = test_ref(L, idx);
  ljob *j = ref == NULL ? NULL : ref->job;
  if (j == NULL)
    return;
  ref->job = NULL;
  end(&j->owned);
}

static int job_close(lua_State *L) {
  ljob_end(L, 1);
  return 0;
}

ljob *ljob_push(lua_State *L, int subject, int path) {
  lgc *gc = lgc_get(L);
  ljob_ref *ref = lua_newuserdatauv(L, sizeof *ref, LJOB_VALUES);
  ref->job = NULL;
  luaL_setmetatable(L, LJOB_META);
  lua_pushvalue(L, subject);
  lua_setiuservalue(L, -2, LJOB_SUBJECT);
  lua_pushvalue(L, path);
  lua_setiuservalue(L, -2, LJOB_PATH);
  ljob *j = gc->alloc(gc->ud, NULL, 0, sizeof *j);
  if (j == NULL) {
    lgc_full(L, gc);
    j = gc->alloc(gc->ud, NULL, 0, sizeof *j);
  }
  if (j == NULL)
    lmap_raise(L, 0, HMAP_ENOMEM);
  memset(j, 0, sizeof *j);
  j->owned.end = end;
  j->gc = gc;
  ldisk_init(&j->disk);
  lgc_own(gc, &j->owned);
  ref->job = j;
  return j;
}

int ljob_iterate(lua_State *L, lua_CFunction next) {
  lua_pushcfunction(L, next);
  lua_insert(L, -2);
  lua_pushnil(L);
  lua_pushvalue(L, -2);
  return 4;
}

void ljob_open(lua_State *L) {
  static const luaL_Reg metamethods[] = {
      {"__gc", job_close}, {"__close", job_close}, {NULL, NULL}};
  luaL_newmetatable(L, LJOB_META);
  luaL_setfuncs(L, metamethods, 0);
  lua_pushboolean(L, 0); /* shared: no script may change it */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
