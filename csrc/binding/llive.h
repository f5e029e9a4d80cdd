/* llive.h: which maps of a Lua state are open, and what became of the others.
**
**   registry -> llive | tally of all maps | of those without a name | ...
**      user values      open:   number -> map, weak
**                       names:  name -> tally
**                       sites:  traceback -> tally, and back
**                       lives:  number -> llife
**
** A map enters `open` when it is made and leaves it when it is closed or no
** longer referenced, so the collector keeps this list for us, and no write pays
** for it. Where a map is weighed (lmap_weigh: once in LMAP_WEIGH_EVERY bytes
** written) its tallies are told what has changed since: sums that outlive their
** maps and never fall. When there are many names, those that no open map has
** are summed under none, so that a program which calls each map otherwise does
** not pile them up.
**
** Sites and lives are of maps made while the profile is on.
*/
#ifndef HMAP_LLIVE_H
#define HMAP_LLIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "hmap_inspect.h"

struct lmap;

/* Of all maps, those of one name, or those made at one site. Each that was
** made is open, was closed, was collected, or waits for its finalizer. */
typedef struct ltally {
  uint64_t made, closed, collected;
  size_t bytes, peak; /* held now, and at most at once */
  uint64_t growths[HMAP_NGROWTHS];
  uint64_t ops[HMAP_NOPS]; /* while their ledgers were open */
} ltally;

/* X(event, name in Lua); those of a growth in the order of hmap_growth. */
#define LIFE_EVENTS(X)                                                         \
  X(DOUBLE, "double")                                                          \
  X(SAME_SIZE, "same_size")                                                    \
  X(SHRINK, "shrink")                                                          \
  X(REKEY, "rekey")                                                            \
  X(CREATED, "created")                                                        \
  X(CLEARED, "cleared")                                                        \
  X(CLOSED, "closed")                                                          \
  X(COLLECTED, "collected")

typedef enum llife_kind {
#define HMAP_X(event, name) LIFE_##event,
  LIFE_EVENTS(HMAP_X)
#undef HMAP_X
} llife_kind;

/* What the map was like after an event. */
typedef struct llife_event {
  llife_kind kind;
  uint32_t n; /* growths of this kind since the event before */
  double at;
  uint64_t from, to; /* buckets before and after */
  size_t count, bytes;
} llife_event;

/* Events of a life that are kept: the first, and the latest. */
#define LLIFE_EVENTS 40
#define LLIFE_NAME   48

typedef struct llife {
  uint64_t id;
  const ltally *site;
  char name[LLIFE_NAME]; /* once it is over; cut, and "" for none */
  uint64_t n;            /* events there have been */
  llife_event events[LLIFE_EVENTS];
} llife;

/* What a map knows of its place among the others. */
typedef struct lborn {
  uint64_t id;       /* maps of a Lua state are counted from 1 */
  double at;         /* when it was made */
  struct llive *all; /* NULL: not yet open, or no longer */
  ltally *name;
  ltally *site; /* NULL: made while the profile was off */
  llife *life;  /* NULL likewise */
  size_t bytes; /* as the tallies know them */
  uint64_t growths[HMAP_NGROWTHS];
  uint64_t ops[HMAP_NOPS];
  uint64_t buckets;
  bool looked; /* the growth that live() last saw: how far, and since when */
  uint64_t seen_growths, seen_evacuated;
  double seen_at;
} lborn;

/* User values of an llive. */
enum { LLIVE_OPEN_AT = 1, LLIVE_NAMES_AT, LLIVE_SITES_AT, LLIVE_LIVES_AT };

/* Lives that are over are kept so long as they are among the latest. */
#define LLIVE_OVER 256

/* Names that are kept in any case, whether open maps have them or not. */
#define LLIVE_NAMES 1024

typedef struct llive {
  ltally maps, unnamed;
  uint64_t last_id;
  size_t nnames, most_names; /* there are, and before those of none go */
  bool profiling;
  double since;   /* when the profile was first switched on, or 0 */
  uint64_t nover; /* lives that are over: */
  uint64_t over[LLIVE_OVER];
} llive;

/* llive_push [-0, +1, m]: that of this Lua state. */
llive *llive_push(lua_State *L);

/* llive_prepare [-0, +0, m]: enters the map on top, still closed. */
llive *llive_prepare(lua_State *L, struct lmap *h);

/* llive_begin [-0, +0, -]: it is open now. */
void llive_begin(struct lmap *h, llive *all);

/* llive_named [-0, +0, m]: the map at self has got its name. */
void llive_named(lua_State *L, int self);

/* llive_weighed [-0, +0, -]: tells its tallies what has changed. */
void llive_weighed(struct lmap *h);

/* llive_cleared [-0, +0, -]: notes that it was cleared. */
void llive_cleared(struct lmap *h);

/* llive_end [-0, +0, -]: the map at index 1 is about to be closed; idempotent.
** Allocates nothing: it is a finalizer's work. */
void llive_end(lua_State *L, struct lmap *h, bool collected);

/* llive_close_all [-n, +0, -]: closes all maps that are open; the stack is
** empty then. */
void llive_close_all(lua_State *L);

/* lsurvey_open [-0, +0, m]: adds what Lua sees of this to the module table on
** top. */
void lsurvey_open(lua_State *L);

#endif
