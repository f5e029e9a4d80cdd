/* registry.h: which maps of a Lua state are open, and what became of others.
**
**   registry -> lregistry | counters of all maps | of the unnamed | ...
**      user values      open:   number -> map, weak
**                       names:  name -> counters
**                       sites:  traceback -> counters, and back
**                       lives:  number -> llife
**
** A map enters `open` when it is made and leaves it when it is closed or no
** longer referenced, so the collector keeps this list for us, and no write pays
** for it. Where a map is counted (lmap_count_bytes: once in LMAP_COUNT_EVERY
** bytes written) its counters are told what has changed since: sums that
** outlive their maps and never fall. When there are many names, those that no
** open map has are summed under none, so that a program which calls each map
** otherwise does not pile them up.
**
** Sites and lives are of maps made while the profile is on.
*/
#ifndef HMAP_BINDING_REGISTRY_H
#define HMAP_BINDING_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "binding/self/self.h"

/* Of all maps, those of one name, or those made at one site. Each that was
** made is open, was closed, was collected, or waits for its finalizer. */
typedef struct lcounters {
  uint64_t made, closed, collected;
  size_t bytes, peak; /* held now, and at most at once */
  uint64_t growths[HMAP_NGROWTHS];
  uint64_t ops[HMAP_NOPS]; /* while their ledgers were open */
} lcounters;

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
  lcounters *site;
  char name[LLIFE_NAME]; /* once it is over; cut, and "" for none */
  uint64_t n;            /* events there have been */
  uint64_t buckets;      /* when the map was last counted */
  llife_event events[LLIFE_EVENTS];
} llife;

/* User values of an lregistry. */
enum {
  LREGISTRY_OPEN_AT = 1,
  LREGISTRY_NAMES_AT,
  LREGISTRY_SITES_AT,
  LREGISTRY_LIVES_AT
};

/* Lives that are over are kept so long as they are among the latest. */
#define LREGISTRY_OVER 256

/* Names that are kept in any case, whether open maps have them or not. */
#define LREGISTRY_NAMES 1024

typedef struct lregistry {
  lcounters maps, unnamed;
  uint64_t last_id;
  size_t nnames, most_names; /* there are, and before those of none go */
  bool profiling;
  double since;   /* when the profile was first switched on, or 0 */
  uint64_t nover; /* lives that are over: */
  uint64_t over[LREGISTRY_OVER];
} lregistry;

/* lregistry_push [-0, +1, m]: that of this Lua state. */
lregistry *lregistry_push(lua_State *L);

/* lregistry_prepare [-0, +0, m]: enters the map on top, still closed. */
lregistry *lregistry_prepare(lua_State *L, lmap *h);

/* lregistry_begin [-0, +0, -]: it is open now. */
void lregistry_begin(lmap *h, lregistry *all);

/* lregistry_named [-0, +0, m]: the map at self has got its name. */
void lregistry_named(lua_State *L, int self);

/* lregistry_counted [-0, +0, -]: tells its counters what has changed. */
void lregistry_counted(lmap *h);

/* lregistry_cleared [-0, +0, -]: notes that it was cleared. */
void lregistry_cleared(lmap *h);

/* lregistry_end [-0, +0, -]: the map at index 1 is about to be closed;
** idempotent. Allocates nothing: it is a finalizer's work. */
void lregistry_end(lua_State *L, lmap *h, bool collected);

/* lregistry_push_open [-0, +1, -]: the table of open maps by number; false and
** nil: there has been no map. */
bool lregistry_push_open(lua_State *L);

#endif
