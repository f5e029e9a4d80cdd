/* objects.c: numbers for Lua objects; the picture is in objects.h.
**
** A page is a sequence without holes, so all of it lies in the array part of
** its table, where lua_rawseti finds memory for whatever comes:
**
**   | 1 .. 256: object, or next free slot | FREE | LIVE | PREV | NEXT |
*/
#include "binding/value/objects.h"

#include <assert.h>
#include <stddef.h>

#include <lauxlib.h>

enum {
  SLOTS = 256,
  FREE = SLOTS + 1, /* first free slot, or 0 */
  LIVE,             /* objects in this page */
  PREV,             /* neighbours in the list of pages with room, or 0 */
  NEXT,
  PAGE_LENGTH = NEXT,
  DIRECTORY = 4096 /* pages in a directory, directories in the root */
};

#define MAX_PAGES ((uint32_t)DIRECTORY * DIRECTORY - 1)

/* Numbers, pages and slots all count from 1; 0 is none. */
static uint32_t page_of(uint32_t number) { return (number - 1) / SLOTS + 1; }
static int slot_of(uint32_t number) { return (int)((number - 1) % SLOTS) + 1; }
static int directory_of(uint32_t p) { return (int)((p - 1) / DIRECTORY) + 1; }
static int place_of(uint32_t p) { return (int)((p - 1) % DIRECTORY) + 1; }

/* -- one page ------------------------------------------------------------- */

/* push_directory [-0, +1, -] */
static void push_directory(lua_State *L, int self, uint32_t p) {
  lua_getiuservalue(L, self, LOBJECTS_AT);
  lua_rawgeti(L, -1, directory_of(p));
  lua_remove(L, -2);
}

/* push_page [-0, +1, -] */
static void push_page(lua_State *L, int self, uint32_t p) {
  push_directory(L, self, p);
  lua_rawgeti(L, -1, place_of(p));
  lua_replace(L, -2);
}

/* Words of the page on top of the stack. */
static uint32_t get_word(lua_State *L, int at) {
  lua_rawgeti(L, -1, at);
  uint32_t word = (uint32_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return word;
}
static void set_word(lua_State *L, int at, uint32_t word) {
  lua_pushinteger(L, (lua_Integer)word);
  lua_rawseti(L, -2, at);
}

/* -- the list of pages with room ------------------------------------------ */

static void set_neighbour(lua_State *L, int self, uint32_t p, int side,
                          uint32_t other) {
  if (p == 0)
    return;
  push_page(L, self, p);
  set_word(L, side, other);
  lua_pop(L, 1);
}

/* Both take page p on top of the stack and leave it there. */
static void link_page(lua_State *L, int self, lobjects *a, uint32_t p) {
  set_word(L, PREV, 0);
  set_word(L, NEXT, a->room);
  set_neighbour(L, self, a->room, PREV, p);
  a->room = p;
}
static void unlink_page(lua_State *L, int self, lobjects *a) {
  uint32_t prev = get_word(L, PREV), next = get_word(L, NEXT);
  set_neighbour(L, self, prev, NEXT, next);
  set_neighbour(L, self, next, PREV, prev);
  if (prev == 0)
    a->room = next;
}

/* -- pages come and go ---------------------------------------------------- */

/* new_page [-0, +1, m]: all of its slots are free. */
static void new_page(lua_State *L) {
  lua_createtable(L, PAGE_LENGTH, 0);
  for (int slot = 1; slot <= SLOTS; slot++)
    set_word(L, slot, slot < SLOTS ? (uint32_t)slot + 1 : 0);
  set_word(L, FREE, 1);
  set_word(L, LIVE, 0);
  set_word(L, PREV, 0);
  set_word(L, NEXT, 0);
}

/* enter_page [-3, +1, m]: stack: page spare spare -> page. Puts the page under
** number p; a spare table becomes root or directory where there is none. */
static void enter_page(lua_State *L, int self, uint32_t p) {
  if (lua_getiuservalue(L, self, LOBJECTS_AT) == LUA_TNIL) {
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, self, LOBJECTS_AT);
    lua_pop(L, 1);
    lua_getiuservalue(L, self, LOBJECTS_AT);
  }
  if (lua_rawgeti(L, -1, directory_of(p)) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushvalue(L, -3); /* stack: page spare spare root spare */
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, directory_of(p));
  }
  lua_pushvalue(L, -5); /* stack: page spare spare root directory page */
  lua_rawseti(L, -2, place_of(p));
  lua_pop(L, 4);
}

/* The number that hole p is followed by. */
static uint32_t next_hole(lua_State *L, int self, uint32_t p) {
  push_directory(L, self, p);
  uint32_t next = get_word(L, place_of(p));
  lua_pop(L, 1);
  return next;
}

/* Every table that may be needed is made first: making one may run finalizers
** that use this very map. */
static void add_page(lua_State *L, int self, lobjects *a) {
  luaL_checkstack(L, 10, NULL);
  new_page(L);
  lua_newtable(L);
  lua_newtable(L);
  uint32_t p = a->hole != 0 ? a->hole : a->pages + 1;
  if (p > MAX_PAGES)
    luaL_error(L, "too many objects in one map");
  uint32_t hole = a->hole != 0 ? next_hole(L, self, p) : 0;
  enter_page(L, self, p);
  if (p > a->pages)
    a->pages = p;
  a->hole = hole;
  a->held++;
  link_page(L, self, a, p);
  lua_pop(L, 1);
}

/* Takes page p, wholly free and out of the list, away. */
static void remove_page(lua_State *L, int self, lobjects *a, uint32_t p) {
  push_directory(L, self, p);
  set_word(L, place_of(p), a->hole);
  lua_pop(L, 1);
  a->hole = p;
  a->held--;
}

/* -- numbers -------------------------------------------------------------- */

static uint64_t free_slots(const lobjects *a) {
  return (uint64_t)a->held * SLOTS - a->live;
}

void lobjects_room(lua_State *L, int self, lobjects *a, uint32_t n) {
  while (free_slots(a) < n)
    add_page(L, self, a);
}

uint32_t lobjects_take(lua_State *L, int self, lobjects *a) {
  uint32_t p = a->room;
  assert(p != 0);
  push_page(L, self, p);
  uint32_t slot = get_word(L, FREE), next = get_word(L, (int)slot);
  set_word(L, FREE, next);
  set_word(L, LIVE, get_word(L, LIVE) + 1);
  if (next == 0) /* page is full */
    unlink_page(L, self, a);
  lua_pop(L, 1);
  a->live++;
  return (p - 1) * SLOTS + slot;
}

void lobjects_store(lua_State *L, int self, uint32_t number, int idx) {
  idx = lua_absindex(L, idx);
  push_page(L, self, page_of(number));
  lua_pushvalue(L, idx);
  lua_rawseti(L, -2, slot_of(number));
  lua_pop(L, 1);
}

void lobjects_push(lua_State *L, int self, uint32_t number) {
  push_page(L, self, page_of(number));
  lua_rawgeti(L, -1, slot_of(number));
  lua_replace(L, -2);
}

void lobjects_drop(lua_State *L, int self, lobjects *a, uint32_t number) {
  uint32_t p = page_of(number), live;
  int slot = slot_of(number);
  push_page(L, self, p);
  uint32_t next = get_word(L, FREE);
  set_word(L, slot, next);
  set_word(L, FREE, (uint32_t)slot);
  set_word(L, LIVE, live = get_word(L, LIVE) - 1);
  a->live--;
  if (next == 0) /* page was full */
    link_page(L, self, a, p);
  if (live == 0 && (get_word(L, PREV) != 0 || get_word(L, NEXT) != 0)) {
    unlink_page(L, self, a);
    remove_page(L, self, a, p);
  }
  lua_pop(L, 1);
}

void lobjects_clear(lua_State *L, int self, lobjects *a) {
  *a = (lobjects){0};
  lua_pushnil(L);
  lua_setiuservalue(L, self, LOBJECTS_AT);
}

/* What Lua 5.4 takes for a table and for a slot of its array. */
size_t lobjects_bytes(const lobjects *a) {
  return (size_t)a->held * (56 + PAGE_LENGTH * 16);
}
