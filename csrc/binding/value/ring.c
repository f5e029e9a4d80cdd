/* ring.c: see ring.h. */
#include "binding/value/ring.h"

#include <string.h>

#define FIRST_ROOM 32 /* items */

void lring_init(lring *r, lua_State *L, size_t size, size_t most) {
  *r = (lring){.size = size, .most = most};
  r->alloc = lua_getallocf(L, &r->ud);
}

void lring_free(lring *r) {
  if (r->at != NULL)
    r->alloc(r->ud, r->at, r->room * r->size, 0);
  r->at = NULL;
  r->room = r->first = r->n = 0;
}

static char *place(const lring *r, size_t i) {
  size_t left = r->room - r->first;
  return r->at + (i < left ? r->first + i : i - left) * r->size;
}

/* The items go to the front of the new block, in their order. */
static bool resize(lring *r, size_t room) {
  char *to = r->alloc(r->ud, NULL, 0, room * r->size);
  if (to == NULL)
    return false;
  for (size_t i = 0; i < r->n; i++)
    memcpy(to + i * r->size, place(r, i), r->size);
  if (r->at != NULL)
    r->alloc(r->ud, r->at, r->room * r->size, 0);
  r->at = to;
  r->room = room;
  r->first = 0;
  return true;
}

bool lring_reserve(lring *r, size_t n) {
  size_t room = r->room > 0 ? r->room : FIRST_ROOM;
  size_t most = SIZE_MAX / 2 / r->size;
  if (r->most < most)
    most = r->most;
  if (n <= r->room - r->n)
    return true;
  if (n > most - r->n)
    return false;
  while (room < r->n + n)
    room *= 2;
  return resize(r, room < most ? room : most);
}

void *lring_push(lring *r, bool over) {
  if (!lring_reserve(r, 1)) {
    r->lost++;
    if (!over || r->n == 0)
      return NULL;
    lring_drop_first(r);
  }
  return place(r, r->n++);
}

void *lring_item(const lring *r, size_t i) {
  return i < r->n ? place(r, i) : NULL;
}

void lring_drop_first(lring *r) {
  r->first = r->first + 1 < r->room ? r->first + 1 : 0;
  r->gone++;
  r->n--;
}

void lring_drop_last(lring *r) { r->n--; }
