/* lweight.c: pressing the collector; the reasons are in lweight.h. */
#include "lweight.h"

#define KIB ((size_t)1024)

#define STEP_MOST (256 * KIB)       /* told at once: bounds a step's work */
#define SLACK     (16 * 1024 * KIB) /* not worth a full cycle */

lweight *lweight_get(lua_State *L) {
  static const char key = 0;
  lweight *w;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TNIL) {
    w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (lweight){.limit = SLACK};
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  } else {
    w = lua_touserdata(L, -1);
  }
  lua_pop(L, 1);
  return w;
}

/* Where the maps weigh twice what they and the Lua heap weighed after the last
** full cycle, they have paid for another. */
static void full_cycle(lua_State *L, lweight *w) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT, 0) * KIB;
  w->limit = 2 * (w->bytes + heap) + SLACK;
  w->fresh = 0;
}

void lweight_press(lua_State *L, lweight *w) {
  if (!lua_gc(L, LUA_GCISRUNNING)) /* stopped: not for us to wake it */
    return;
  if (w->bytes > w->limit) {
    full_cycle(L, w);
    return;
  }
  size_t step = w->fresh < STEP_MOST ? w->fresh : STEP_MOST;
  if (step < KIB)
    return;
  w->fresh -= step;
  lua_gc(L, LUA_GCSTEP, (int)(step / KIB));
}
