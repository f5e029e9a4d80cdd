/* threads.c: Lua states in threads of their own, with all that a process has
** one of asked for by all of them at once.
**
** Most telling under ThreadSanitizer, which `make test` builds this with. */
#include <pthread.h>

#include "../c/check.h"
#include "state.h"

#define THREADS 4

static const char life_of_maps[] =
    "local hmap = require 'hmap'\n"
    "local thread = ...\n"
    "local N <const> = 3000\n"
    "for round = 1, 2 do\n"
    "  local m = hmap.new {key = 'string', value = 'int64', name = thread}\n"
    "  for i = 1, N do m:set('key ' .. i, i) end\n"
    "  local copy <close> = m:clone()\n"
    "  for i = 1, N do\n"
    "    assert(m:get('key ' .. i) == i and copy:get('key ' .. i) == i)\n"
    "  end\n"
    "  local big <close> = hmap.new {key = 'int64', value = 'any',\n"
    "    capacity = 50000}\n"
    "  for i = 1, N do big:set(i, {i}) end\n"
    "  for i = 1, N - 9 do big:delete(i) end\n"
    "  big:shrink()\n"
    "  big:finish()\n"
    "  assert(#big == 9 and big:check() and m:check() and copy:check())\n"
    "  m:rekey()\n"
    "  m:finish()\n"
    "  assert(m:get 'key 7' == 7)\n"
    "  local row = hmap.live()[1]\n"
    "  assert(row.name == thread and #hmap.live() == 3, row.name)\n"
    "  assert(hmap.metrics():find('{map=\"' .. thread .. '\"}', 1, true))\n"
    "  m:close()\n"
    "end\n";

/* One Lua state from its beginning to its end. */
typedef struct life {
  pthread_t thread;
  char name[32], why[200];
  budget memory;
} life;

static void *live(void *ud) {
  life *l = ud;
  lua_State *L = state_new(&l->memory);
  state_open(L);
  int status = luaL_loadstring(L, life_of_maps);
  if (status == LUA_OK) {
    lua_pushstring(L, l->name);
    status = lua_pcall(L, 1, 0, 0);
  }
  if (status != LUA_OK)
    (void)snprintf(l->why, sizeof l->why, "%s", lua_tostring(L, -1));
  lua_close(L);
  return NULL;
}

static void runs_a_state_in_each_thread(void) {
  static life lives[THREADS];
  for (int i = 0; i < THREADS; i++) {
    (void)snprintf(lives[i].name, sizeof lives[i].name, "thread %d", i);
    EXPECT(pthread_create(&lives[i].thread, NULL, live, &lives[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++)
    EXPECT(pthread_join(lives[i].thread, NULL) == 0);
  for (int i = 0; i < THREADS; i++) {
    EXPECT_SAY(lives[i].why[0] == '\0', "%s", lives[i].why);
    EXPECT(lives[i].memory.bytes == 0);
  }
}

int main(void) {
  it("runs a Lua state with its maps in each of four threads",
     runs_a_state_in_each_thread);
  return summary();
}
