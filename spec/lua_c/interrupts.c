/* interrupts.c: an error that comes from outside, at any moment. As the `lua`
** command does on ctrl-C, a signal handler sets a hook, which raises.
**
**   everything.lua, sweep.lua   every step, interrupted after its first
**                               instruction, its second, and so on
**   here                        and by real signals, whatever goes on
*/
#define _DEFAULT_SOURCE 1
#include <limits.h>
#include <signal.h>
#include <sys/time.h>

#include "../c/check.h"
#include "state.h"

static budget memory;
static lua_State *running;

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void on_signal(int number) {
  (void)number;
  lua_sethook(running, stop,
              LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static lua_State *open(void) {
  memory = (budget){.bytes = 0};
  lua_State *L = running = state_new(&memory);
  EXPECT(L != NULL);
  state_open(L);
  return L;
}

static void leaves_nothing(lua_State *L) {
  lua_close(L);
  EXPECT_SAY(memory.bytes == 0, "%zu bytes are left", memory.bytes);
}

static void run(lua_State *L, int nargs, int nresults) {
  EXPECT_SAY(lua_pcall(L, nargs, nresults, 0) == LUA_OK, "%s",
             lua_tostring(L, -1));
}

/* -- every step, after every instruction ---------------------------------- */

/* attempt(first, many, thread, act, world): act(world), interrupted after so
** many instructions. Whether it was done, its error, whether it was
** interrupted. A hook is a thread's own, so there is none but this. */
static int attempt(lua_State *L) {
  int first = (int)luaL_checkinteger(L, 1);
  lua_sethook(L, stop, LUA_MASKCOUNT, first);
  bool done = lua_pcall(L, 1, 0, 0) == LUA_OK;
  bool interrupted = lua_gethook(L) == NULL;
  lua_sethook(L, NULL, 0, 0);
  if (done)
    lua_pushnil(L);
  lua_pushboolean(L, done);
  lua_insert(L, -2); /* stack: .. done why */
  lua_pushboolean(L, interrupted);
  return 3;
}

static void push_file(lua_State *L, const char *path) {
  EXPECT_SAY(luaL_loadfile(L, path) == LUA_OK, "%s", lua_tostring(L, -1));
}

static void push_sweep(lua_State *L) {
  push_file(L, "spec/lua_c/sweep.lua");
  lua_pushcfunction(L, attempt);
  lua_pushliteral(L, "interrupted!");
  run(L, 2, 1);
}

static void push_steps(lua_State *L) {
  push_file(L, "spec/lua_c/everything.lua");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "hmap.core");
  run(L, 1, 1);
  lua_pushliteral(L, "methods");
  run(L, 2, 1);
}

/* Sanitized it takes several times as long. */
#if defined(__SANITIZE_ADDRESS__)
#  define STRIDE 41
#else
#  define STRIDE 11
#endif

/* What was done before the interrupt is done. */
static void steps_are_interrupted(void) {
  lua_State *L = open();
  push_sweep(L);
  push_steps(L); /* stack: sweep steps */
  lua_Integer n = (lua_Integer)lua_rawlen(L, 2);
  EXPECT(n > 100);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_pushvalue(L, 1);
    lua_rawgeti(L, 2, i);
    lua_pushliteral(L, "part");
    lua_setfield(L, -2, "may");
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 20);
    lua_pushinteger(L, STRIDE);
    run(L, 4, 0);
  }
  leaves_nothing(L);
}

/* -- real signals --------------------------------------------------------- */

#define SIGNALS 400

/* work(m) never ends by itself; check(m) says how it was left. */
static const char script[] =
    "local hmap = require 'hmap.core'\n"
    "local m = hmap.new {key = 'string', value = 'any', seed = 1,\n"
    "  policy = {step_on = 'manual', shrink = 0.25}}\n"
    "local heard = 0\n"
    "m:trace(function() heard = heard + 1 end)\n"
    "local function work()\n"
    "  for i = 1, math.huge do\n"
    "    m:set('a key that is long ' .. i % 700, {i})\n"
    "    m:delete('a key that is long ' .. i * 7 % 900)\n"
    "    if i % 50 == 0 then m:step_for(0.0002) end\n"
    "    if i % 500 == 0 then m:rekey() end\n"
    "    if i % 300 == 0 then for _ in m:pairs() do heard = heard + 1 end end\n"
    "    if i % 400 == 0 then m:clone():close() end\n"
    "  end\n"
    "end\n"
    "local function check()\n"
    "  assert(m:check())\n"
    "  assert(collectgarbage 'isrunning')\n"
    "  local n = 0\n"
    "  for _ in m:pairs() do n = n + 1 end\n"
    "  assert(n == #m)\n"
    "end\n"
    "return work, check\n";

static void wake_up_in(long microseconds) {
  struct itimerval timer = {.it_value = {.tv_usec = microseconds}};
  EXPECT(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void work_is_interrupted(void) {
  uint64_t chance = 1;
  lua_State *L = open();
  EXPECT(luaL_loadstring(L, script) == LUA_OK);
  run(L, 0, 2); /* stack: work check */
  EXPECT(signal(SIGALRM, on_signal) != SIG_ERR);
  for (int i = 0; i < SIGNALS; i++) {
    lua_pushvalue(L, 1);
    wake_up_in(50 + (long)below(&chance, 3000));
    EXPECT(lua_pcall(L, 0, 0, 0) == LUA_ERRRUN);
    EXPECT_SAY(strstr(lua_tostring(L, -1), "interrupted!") != NULL, "%s",
               lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    run(L, 0, 0);
  }
  leaves_nothing(L);
}

int main(void) {
  it("leaves maps sound when a step is interrupted after any instruction",
     steps_are_interrupted);
  it("leaves a map sound when a signal interrupts step_for, or what goes on",
     work_is_interrupted);
  return summary();
}
