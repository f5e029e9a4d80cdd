/* gc.h: what the collector is told of the maps' memory.
**
** A map's entries are not on the Lua heap: to the collector it is as light as
** its handle, and dropped maps would pile up. So we keep count of what all maps
** of a Lua state hold, and press the collector where more is to come: before a
** new map. Writes only count; no write ever runs the collector.
**
**   bytes   ____/~~~~\____/~~~~~~~~~~\        a step for each new map, as for
**           new  new  new  ...         |      that much garbage of Lua's own;
**   limit   - - - - - - - - - - - - - -+-     beyond the limit a full cycle
**
** In generational mode steps look at young objects only, and a map is old when
** it is full: there the limit does it. It lies so that cycles cost less than
** filling the maps did.
**
** What a closed or collected map held goes back bit by bit: a little at once,
** the rest while other maps are written, made or stepped, and, where nobody
** uses any, a larger bit in each cycle of the collector.
*/
#ifndef HMAP_BINDING_GC_H
#define HMAP_BINDING_GC_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "hmap.h"
#include "hmap_inspect.h"

/* The core keeps a list of open iterators, so their memory must not vanish
** unseen, as that of a userdata does whose __gc found no memory to run: the
** map owns it, to be used again and to be freed with the map. */
typedef struct lcursor {
  hmap_iter it;
  struct lcursor *next;      /* of the map's */
  struct lcursor *next_free; /* of those that no iterator has */
} lcursor;

/* What was noted of a map: few are looked at so closely. */
typedef struct lnoted {
  uint64_t ops[HMAP_NOPS]; /* of its ledger, when the map was last counted */
  uint64_t seen;           /* the growth that live() last saw, and how far */
  double at;               /* since when it is there; 0: it saw none */
} lnoted;

/* What a map holds outside of the Lua heap. Its finalizer frees it; but Lua
** calls none where it finds no memory for the call, nor of what is made while
** the state is closing. So the lgc, which is finalized last, has a list. */
typedef struct lheld {
  hmap *m;
  struct ltrace *trace;
  lcursor *cursors;
  lnoted *noted; /* NULL: nothing */
  struct lheld *prev, *next;
} lheld;

/* Something else that must not vanish unseen, for the same reasons: it begins
** with this. end [-0, +0, -] frees it all. */
typedef struct lowned {
  struct lowned *prev, *next;
  void (*end)(struct lowned *o);
} lowned;

struct lmap;
struct ltrace;

/* What the rooms above this one do when something befalls a map here. */
typedef struct labove {
  /* [-0, +0, v]: a method of the observed map at index 1 begins. */
  void (*method_begins)(lua_State *L, struct lmap *h);
  /* A lookup is about to take a step of a growth. */
  void (*read_begins)(struct lmap *h);
  /* The map's bytes were counted. */
  void (*counted)(struct lmap *h);
  /* [-0, +1, m]: the metatable of maps of this shape. */
  void (*push_meta)(lua_State *L, int shape);
  /* [-n, +0, -]: the state is closing: closes all maps that are open. */
  void (*close_all)(lua_State *L);
  void (*free_trace)(struct ltrace *t);
} labove;

typedef struct lgc {
  const labove *above;
  size_t bytes; /* of all open maps of the Lua state, as last counted */
  size_t fresh; /* by how much they grew since the collector was last told */
  size_t limit; /* bytes beyond which there must be garbage among them */
  hmap *dying;  /* closed maps that still hold memory */
  lheld *held;  /* of all maps */
  lowned *owned;
  hmap_pool pool;   /* of pages, for the maps' arrays */
  hmap_pages pages; /* from it; map is NULL: there are none */
  bool awake;       /* the sentinel is set */
  bool at_once;     /* what is closed is freed at once */
  bool over;        /* the Lua state is closing */
  lua_Alloc alloc;
  void *ud;
} lgc;

/* lgc_open [-0, +0, m]: makes the one of this Lua state; before any map,
** so that it outlives them all. */
void lgc_open(lua_State *L, const labove *above);

/* lgc_get [-0, +0, -] */
lgc *lgc_get(lua_State *L);

/* lgc_step [-0, +0, -]: before a new map. May run finalizers. */
void lgc_step(lua_State *L, lgc *w);

/* lgc_full [-0, +0, -]: gives back all that can be, whatever it takes.
** Runs finalizers. */
void lgc_full(lua_State *L, lgc *w);

/* A new entry of the list; NULL: memory is refused. */
lheld *lgc_hold(lgc *w);

/* Makes room for notes, if there is none; false: memory is refused. */
bool lgc_note(lgc *w, lheld *held);

/* lgc_drop [-0, +0, -]: takes the core over, to free it bit by bit. */
void lgc_drop(lua_State *L, lgc *w, lheld *held);

/* Ends an entry that holds nothing any more. */
void lgc_unhold(lgc *w, lheld *held);

/* Into the list and out of it. */
void lgc_own(lgc *w, lowned *o);
void lgc_disown(lgc *w, lowned *o);

/* Frees the cursors of a map that is closed. */
void lgc_free_cursors(lgc *w, lheld *held);

/* Frees up to n small parts of dropped maps; whether nothing is left. */
static inline bool lgc_free(lgc *w, size_t n) {
  return hmap_free_some(&w->dying, n);
}

/* Counts a map that held `before` bytes and now holds `now`. */
static inline void lgc_count(lgc *w, size_t before, size_t now) {
  w->bytes += now - before;
  if (now > before)
    w->fresh += now - before;
}

#endif
