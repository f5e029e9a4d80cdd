/* objects.h: Lua objects kept alive for a map, each under a number.
**
**   map's user value -> root -> directory -> page | object | object | 7 | ...
**                       4096    4096         256
**
** A cell holds the number (hmap_any_object), a page the object. Pages hang on
** the map alone, so a cycle through the map stays collectable; and they are
** small, so that neither growth nor the collector ever has a long table in
** hand. A free slot holds the next free slot of its page; the pages with room
** are a list, and one that is wholly free is dropped unless it is the last.
**
** Two steps: lobjects_room may raise and may run finalizers; after it the other
** functions neither raise nor allocate, so they can stand next to a call of
** the core without coming between check and act.
*/
#ifndef HMAP_BINDING_OBJECTS_H
#define HMAP_BINDING_OBJECTS_H

#include <stdint.h>

#include <lua.h>

/* The user value of a map in which its pages are. */
#define LOBJECTS_AT 1

typedef struct lobjects {
  uint32_t room;  /* first page with a free slot, or 0 */
  uint32_t pages; /* page numbers in use or in the list of holes */
  uint32_t hole;  /* first page number whose page was dropped, or 0 */
  uint32_t held;  /* pages there are */
  uint32_t live;  /* objects */
} lobjects;

/* lobjects_room [-0, +0, m]: makes sure that the next n numbers can be taken.
** self is the map's index here and below. */
void lobjects_room(lua_State *L, int self, lobjects *a, uint32_t n);

/* lobjects_take [-0, +0, -]: a number that lobjects_room made sure of. */
uint32_t lobjects_take(lua_State *L, int self, lobjects *a);

/* lobjects_store [-0, +0, -]: keeps the object at idx under this number. */
void lobjects_store(lua_State *L, int self, uint32_t number, int idx);

/* lobjects_push [-0, +1, -]: the object of this number. */
void lobjects_push(lua_State *L, int self, uint32_t number);

/* lobjects_drop [-0, +0, -]: gives a number back and lets its object go. */
void lobjects_drop(lua_State *L, int self, lobjects *a, uint32_t number);

/* lobjects_clear [-0, +0, -]: gives all back. O(1): the collector does it. */
void lobjects_clear(lua_State *L, int self, lobjects *a);

/* Bytes of the Lua heap that the pages take. */
size_t lobjects_bytes(const lobjects *a);

#endif
