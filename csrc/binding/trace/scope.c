/* scope.c: how it is found out that a method of a listened-to map has ended.
**
**   method of a listened-to map   lmap_self -> ltrace_open_scope
**     the core at work
**   its end, by return or error   ltrace_close_scope -> ltrace_notify
**
** A listened-to map has another tag, so its methods fail the check of self
** with which each begins, and come to
** lmap_self_slow: all others pay nothing, and no
** method knows of it, by whatever name it was called. ltrace_open_scope marks
** the stack slot of self as to be closed (lua_toclose): Lua closes it when the
** method is done and its results made, or when an error passes.
**
** A map has a __close for `local m <close>` already. A method's is told apart
** by the thread: while a method is at work in one, `threads` (a table with weak
** keys) says true for it. A scope of a finalizer that runs meanwhile is one of
** Lua code. An error that kills a coroutine closes nothing, until somebody
** closes the coroutine: then `armed` is of a dead thread, and not believed.
*/
#include "binding/trace/scope.h"

/* -- operations by name --------------------------------------------------- */

/* The methods whose one operation follows from their name. */
static const struct {
  const char *name;
  ltrace_call what, deleting; /* what it is when its value is nil */
  bool maybe;
} methods[] = {
    {"set", LTRACE_SET, LTRACE_DELETE, false},
    {"__newindex", LTRACE_SET, LTRACE_DELETE, false},
    {"swap", LTRACE_SWAP, LTRACE_POP, false},
    {"get_or_set", LTRACE_GET_OR_SET, LTRACE_NONE, false},
    {"add", LTRACE_ADD, LTRACE_NONE, false},
    {"delete", LTRACE_DELETE, LTRACE_NONE, false},
    {"pop", LTRACE_POP, LTRACE_NONE, false},
    {"clear", LTRACE_CLEAR, LTRACE_NONE, false},
    {"reserve", LTRACE_RESERVE, LTRACE_NONE, false},
    {"shrink", LTRACE_SHRINK, LTRACE_NONE, false},
    {"rekey", LTRACE_REKEY, LTRACE_NONE, false},
    {"tune", LTRACE_TUNE, LTRACE_NONE, true},
    {"scan", LTRACE_SCAN, LTRACE_NONE, true},
};

static void begin_method(lua_State *L, lmap *h) {
  const char *name = lua_tostring(L, lua_upvalueindex(LNAME));
  ltrace_maybe(h, LTRACE_NONE);
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (strcmp(name, methods[i].name) != 0)
      continue;
    ltrace_call what = methods[i].what;
    if (methods[i].deleting != LTRACE_NONE && lmap_deletes(L, h))
      what = methods[i].deleting;
    if (methods[i].maybe)
      ltrace_maybe(h, what);
    else
      ltrace_begin(h, what,
                   what == LTRACE_RESERVE ? (uint64_t)lua_tointeger(L, 2) : 0);
    return;
  }
}

/* -- threads -------------------------------------------------------------- */

/* push_threads [-0, +1, m] */
static void push_threads(lua_State *L, int self) {
  lua_getiuservalue(L, self, LMAP_CALLBACKS_AT);
  if (lua_rawgeti(L, -1, LTRACE_THREADS) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, LTRACE_THREADS);
  }
  lua_remove(L, -2);
}

/* set_working [-0, +0, m]: whether a method is at work in this thread. Needs
** memory only when that is said of it for the first time. */
static void set_working(lua_State *L, int self, bool working) {
  push_threads(L, self);
  lua_pushthread(L);
  lua_pushboolean(L, working);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

static bool is_working(lua_State *L, int self) {
  push_threads(L, self);
  lua_pushthread(L);
  lua_rawget(L, -2);
  bool working = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return working;
}

/* Whether the map is armed in a thread that is no more, or died of an error:
** then nothing is at work there. */
static bool is_stale(lua_State *L, int self, const ltrace *t) {
  bool alive = false;
  push_threads(L, self);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    lua_State *thread = lua_tothread(L, -2);
    if (thread == t->thread && lua_toboolean(L, -1))
      alive = lua_status(thread) == LUA_OK || lua_status(thread) == LUA_YIELD;
  }
  lua_pop(L, 1);
  return !alive;
}

/* -- methods begin and end ------------------------------------------------ */

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* make_way [-0, +0, v]: what Lua will need to call __close when the work is
** done: room on the stack, and the frame of a call, which it keeps. */
static void make_way(lua_State *L) {
  luaL_checkstack(L, 4 * LUA_MINSTACK, NULL);
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
}

/* arm [-0, +0, v]: false: it was armed before. If it raises, nothing has been
** done yet. */
static bool arm(lua_State *L, int self, lmap *h) {
  ltrace *t = h->trace;
  make_way(L);
  if (t->armed && !is_stale(L, self, t))
    return false;
  if (t->armed)
    ltrace_end(h, true);
  t->armed = false;
  for (int tries = 0;
       lmap_failed(L, h, ltrace_ahead(t) ? HMAP_OK : HMAP_ENOMEM, tries);
       tries++)
    continue;
  set_working(L, self, true);
  lmap_open(L, h);
  t->armed = true;
  t->thread = L;
  lua_toclose(L, self);
  return true;
}

void ltrace_open_scope(lua_State *L, lmap *h) {
  if (arm(L, 1, h))
    begin_method(L, h);
}

void ltrace_open_scope_at(lua_State *L, int self, lmap *h, ltrace_call what) {
  if (h->m != NULL && ltrace_has_observers(h) && arm(L, self, h))
    ltrace_maybe(h, what);
}

/* Whether it is a variable of a Lua function that is being closed. */
static bool is_scope(lua_State *L) {
  lua_Debug caller;
  return lua_getstack(L, 1, &caller) && lua_getinfo(L, "S", &caller) &&
         caller.what[0] != 'C';
}

bool ltrace_close_scope(lua_State *L) {
  lmap *h = lmap_test(L, 1);
  if (h == NULL || h->trace == NULL || is_scope(L) || !is_working(L, 1))
    return false;
  set_working(L, 1, false);
  if (!h->trace->armed || h->trace->thread != L)
    return true;
  h->trace->armed = false;
  ltrace_end(h, !lua_isnoneornil(L, 2));
  ltrace_notify(L, 1, h);
  return true;
}

/* Whether the collector has called this finalizer, and not Lua code, which
** finds it in the metatable of maps. */
static bool is_collector(lua_State *L) {
  lua_Debug self;
  return lua_getstack(L, 0, &self) && lua_getinfo(L, "n", &self) &&
         strcmp(self.namewhat, "metamethod") == 0 &&
         strcmp(self.name, "__gc") == 0;
}

/* While a method or a callback is under way, that will see to it; when the map
** is collected none is. */
void ltrace_closed(lua_State *L, int self, lmap *h, bool collected) {
  if (h->trace == NULL)
    return;
  ltrace_void(h);
  if (collected && is_collector(L))
    ltrace_free(h);
  else if (!h->trace->armed)
    ltrace_notify(L, self, h);
}
