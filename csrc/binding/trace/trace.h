/* trace.h: what a map tells while it works, and to whom.
**
** The rooms here: scope.c (methods begin and end), trace.c (operations, the
** queue, m:trace), record.c (m:record, m:events), watch.c (m:watch). The
** others call the few hooks below, which do nothing to a map that has never
** been listened to.
*/
#ifndef HMAP_BINDING_TRACE_H
#define HMAP_BINDING_TRACE_H

#include "binding/self/self.h"
#include "binding/value/ring.h"
#include "hmap_inspect.h"

/* -- operations ----------------------------------------------------------- */

/* What a map is asked to do, as far as its state can depend on it: a recording
** is the list of these, and replay asks the same again. X(call, name in Lua).
** SET, SWAP, GET_OR_SET, ADD, DELETE and POP take a key each. READ, NEXT and
** SCAN are lookups, steps of iterators and pages of scans that moved
** something; FAILED is one that raised when it had moved something. */
#define LTRACE_CALLS(X)                                                        \
  X(NONE, "none")                                                              \
  X(SET, "set")                                                                \
  X(SWAP, "swap")                                                              \
  X(GET_OR_SET, "get_or_set")                                                  \
  X(ADD, "add")                                                                \
  X(DELETE, "delete")                                                          \
  X(POP, "pop")                                                                \
  X(CLEAR, "clear")                                                            \
  X(RESERVE, "reserve")                                                        \
  X(STEP, "step")                                                              \
  X(SHRINK, "shrink")                                                          \
  X(REKEY, "rekey")                                                            \
  X(TUNE, "tune")                                                              \
  X(READ, "read")                                                              \
  X(PAIRS, "pairs")                                                            \
  X(NEXT, "next")                                                              \
  X(SCAN, "scan")                                                              \
  X(FAILED, "failed")

typedef enum ltrace_call {
#define LMAP_X(call, name) LTRACE_##call,
  LTRACE_CALLS(LMAP_X)
#undef LMAP_X
} ltrace_call;

typedef struct lcall {
  ltrace_call what;
  uint64_t n;         /* RESERVE: entries; STEP: buckets */
  hmap_policy policy; /* TUNE: all of it */
} lcall;

/* -- hooks ---------------------------------------------------------------- */

/* The map will be told of no more: it is about to go. */
void ltrace_mute(lmap *h);

/* Whether the map is listened to now. */
bool ltrace_has_observers(const lmap *h);

/* ltrace_keeps [-0, +0, -]: whether the object of a deleted key has still to
** be told: its number must not go back yet. */
bool ltrace_keeps(lmap *h, uint32_t number);

/* How many numbers that makes. */
uint64_t ltrace_kept(const lmap *h);

/* All numbers are void. */
void ltrace_void(lmap *h);

/* The operation that now begins, in a method that does many. */
void ltrace_begin(lmap *h, ltrace_call what, uint64_t n);
/* One that counts only if it causes anything. */
void ltrace_maybe(lmap *h, ltrace_call what);

static inline void ltrace_op(lmap *h, ltrace_call what, uint64_t n) {
  if (UNLIKELY(h->trace != NULL))
    ltrace_begin(h, what, n);
}
/* It turned out to be none: there was nothing to be done. */
void ltrace_undone(lmap *h);

/* It is done: what raises now is none of its affair. */
static inline void ltrace_done(lmap *h) { ltrace_maybe(h, LTRACE_NONE); }

/* -- within these rooms --------------------------------------------------- */

/* Calls that followed each other. */
typedef struct lrun {
  lcall call;
  uint64_t times;
} lrun;

/* A recorded event. */
typedef struct lnote {
  uint64_t op; /* the operation that caused it */
  hmap_event event;
} lnote;

typedef struct ltouch {
  int kind; /* hmap_touch_kind, or LTOUCH_CLEAR */
  hmap_which which;
  uint64_t bucket, from;
  void *key; /* of a bucket's watch: a copy of the cell, or NULL */
  size_t key_bytes;
} ltouch;

enum { LTOUCH_CLEAR = HMAP_TOUCH_MOVE + 1 };

/* Something to be told. */
typedef struct litem {
  uint64_t op;
  uint64_t lost;  /* items for which there was no memory, just before */
  uint64_t watch; /* whom: a watch, or 0: m:trace */
  union {
    hmap_event event;
    ltouch touch;
  } u;
} litem;

typedef struct lwatch {
  uint64_t id;
  void *key; /* cell of the key watched, or NULL: a bucket is */
  size_t key_bytes;
  uint64_t bucket;
  bool there; /* the key is in the map */
} lwatch;

/* What a map was when its recording began. */
typedef struct lstart {
  bool fresh; /* nothing had been done to it */
  uint64_t buckets;
  hmap_policy policy;
} lstart;

/* Made when a map is first listened to, freed with it. */
typedef struct ltrace {
  bool tracing, recording;
  bool armed;        /* a method is at work that will tell, */
  lua_State *thread; /* in this thread */
  bool telling;      /* what is queued is being told, */
  bool calling;      /* by a callback that is at work */

  uint64_t op;     /* operations so far */
  lcall call;      /* the one at work */
  bool counted;    /* it is in op */
  uint64_t caused; /* events and touches that it caused */

  lring queue;   /* of litem: to be told */
  lring numbers; /* of uint32_t: of objects whose key has been deleted */

  lring events;        /* of lnote: recorded */
  lring runs;          /* of lrun */
  uint64_t seen;       /* operations that m:events() has given */
  uint64_t recordings; /* begun so far */
  lstart start;

  lmap *owner;
  lwatch *watches;
  size_t nwatches, watch_room;
  uint64_t last_watch; /* the youngest's id */
} ltrace;

/* What is in the table of functions: under 0 that of m:trace, under the id of a
** watch its function, under -id its key, and here see scope.c. */
#define LTRACE_THREADS 1

/* ltrace_need [-0, +0, v]: the trace of the map at index 1, made if there is
** none yet, as is the table of its functions. */
ltrace *ltrace_need(lua_State *L, lmap *h);

/* ltrace_function [-0, +0, m]: puts the value at idx into that table. */
void ltrace_function(lua_State *L, lua_Integer at, int idx);

/* To be called when who listens has changed. */
void ltrace_apply(lmap *h);

/* Frees it, with what it has not told; drop: of a map that is no more. */
void ltrace_free(lmap *h);
void ltrace_drop(ltrace *t);

/* Whether there is room in the queue for what most methods cause. */
bool ltrace_ahead(ltrace *t);

/* The operation at work is over. */
void ltrace_end(lmap *h, bool failed);

/* ltrace_notify [-0, +0, v]: calls the callbacks for all that is queued. */
void ltrace_notify(lua_State *L, int self, lmap *h);

/* Room in the queue for one thing more to be told, NULL if there is none. */
litem *ltrace_queue(ltrace *t, uint64_t watch);

/* ltrace_pushevent [-0, +1, m]: an event as a view. */
void ltrace_pushevent(lua_State *L, uint64_t op, const hmap_event *event);

/* What the operation at work did has been seen. */
void ltrace_cause(ltrace *t);

const char *ltrace_callname(ltrace_call what);

/* -- for the module ------------------------------------------------------- */

/* A lookup is about to take a step of a growth. */
void ltrace_read_begins(lmap *h);

extern const luaL_Reg ltrace_methods[];

#endif
