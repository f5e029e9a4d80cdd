/* self.h: the userdata that Lua holds, and what its rooms share.
**
**   lmap | tag | map of the core | objects | types | fields of both types |
**          user values: pages of anchored objects (objects.h), name
**
** Check, act, push. All that can raise comes before the core is entered or
** after it was left, so an error finds the map as it was. Whatever allocates
** on the Lua heap may run finalizers, and those may use, write or close this
** very map: so a function makes what it needs, then looks whether the map is
** still open (lmap_open), then enters the core.
**
** tag is the self check of every method: 48 bits that no other userdata
** begins with, then the shape of the map (what its methods are compiled for)
** and the kind of its values. A closed map has another tag, and so has one
** whose policy makes lookups move old buckets: what is rare costs the others
** nothing, since it is found out where the check fails: lookups that move
** something, and maps that are listened to.
*/
#ifndef HMAP_BINDING_SELF_H
#define HMAP_BINDING_SELF_H

#include "binding/registry/registry.h"
#include "binding/self/gc.h"
#include "binding/value/add.h"
#include "binding/value/cell.h"
#include "binding/value/objects.h"
#include "hmap.h"

#define LMAP_TAG      (UINT64_C(0xb2a7d3c1f08c) << 16)
#define LMAP_CLOSED   (UINT64_C(0x6c1e95d4a378) << 16)
#define LMAP_FAMILY   (~UINT64_C(0xffff)) /* all but shape and kind */
#define LMAP_READS    (UINT64_C(1) << 16) /* in a tag: reads step */
#define LMAP_NOTIFIED (UINT64_C(2) << 16) /* in a tag: see scope.c */

/* User values of an lmap: LOBJECTS_AT, its name or nil, and the functions that
** listen (trace.h). */
#define LMAP_NAME_AT      2
#define LMAP_CALLBACKS_AT 3
#define LMAP_UPVALUES     2 /* see LNAME, LHIDDEN in cell.h */
#define LMAP_ANY_SHAPE    (-1)
#define LMAP_KINDS_KEY    "hmap.kinds" /* registry: shape -> metatable */

/* What a map is made of. */
typedef struct lconf {
  const ltype *key, *value;
  int64_t capacity;
  bool seeded;
  uint64_t seed;
  hmap_hash hash;
  size_t max_bytes;
  hmap_policy policy;
} lconf;

typedef struct lmap {
  uint64_t tag;
  hmap *m;          /* NULL: closed */
  uint64_t version; /* changes whenever pointers into the map may dangle */
  size_t bytes;     /* of the core's map, as last counted for the collector */
  size_t spent;     /* bytes that writes may have taken since then */
  lgc *gc;
  lheld *held; /* what is not on the Lua heap; NULL: nothing */
  lobjects objects;
  struct lcursor *free_cursors; /* of those that it holds */
  struct ltrace *trace;         /* NULL: nobody has ever listened */
  lorigin origin;               /* its place among the maps of the Lua state */
  lconf conf;                   /* key and value point to the two below */
  ltype key, value;
  lfield fields[]; /* those of key, then those of value */
} lmap;

/* -- self ----------------------------------------------------------------- */

static ALWAYS_INLINE uint64_t lmap_tag(int shape, int value) {
  return LMAP_TAG | (uint64_t)(shape & 0xff) << 8 | (uint64_t)(value & 0xff);
}

/* The shape of maps of these types: that of the key, if the value is one. */
static inline int lmap_shape(const ltype *key, const ltype *value) {
  return value->kind == HMAP_TUPLE ? HMAP_TUPLE : key->shape;
}

/* lmap_self_slow [-0, +0, v]: the map at index 1 if its reads step and its tag
** is else the wanted one; with read it then takes that step. Raises and says
** what self is instead. */
lmap *lmap_self_slow(lua_State *L, uint64_t tag, uint64_t mask, bool read);

/* lmap_self [-0, +0, v]: the open map at index 1, of this shape or, with
** LMAP_ANY_SHAPE, of any; `read`: the method is a lookup. */
static ALWAYS_INLINE lmap *lmap_self(lua_State *L, int shape, bool read) {
  uint64_t mask = LMAP_FAMILY, tag = lmap_tag(shape, 0);
  if (shape != LMAP_ANY_SHAPE)
    mask |= 0xff00;
  lmap *h = lua_touserdata(L, 1);
  if (UNLIKELY(h == NULL || lua_rawlen(L, 1) < sizeof *h ||
               ((h->tag ^ tag) & mask) != 0))
    return lmap_self_slow(L, tag, mask, read);
  return h;
}

static inline lmap *lmap_check(lua_State *L) {
  return lmap_self(L, LMAP_ANY_SHAPE, false);
}

/* lmap_test [-0, +0, -]: the map at idx, open or closed; NULL if it is none. */
lmap *lmap_test(lua_State *L, int idx);

/* lmap_open [-0, +0, v]: raises if the map is closed. */
static inline void lmap_open(lua_State *L, const lmap *h) {
  if (UNLIKELY(h->m == NULL))
    luaL_error(L, "map is closed");
}

/* -- life ----------------------------------------------------------------- */

/* lmap_new [-0, +1, v]: a new map. */
lmap *lmap_new(lua_State *L, const lconf *conf);

/* lmap_end [-0, +0, -]: closes the map at index 1 as its finalizer does. */
int lmap_end(lua_State *L);

/* After it was closed: nothing may be held any more. */
void lmap_unhold(lmap *h);

/* lmap_update_tag [-0, +0, -]: gives a map the tag of its types and policy. */
void lmap_update_tag(lmap *h);

/* lmap_pushmeta [-0, +1, m]: the metatable for this shape, of those that the
** registry has under name: where there is none yet push makes it. */
void lmap_pushmeta(lua_State *L, const char *name, int shape,
                   void (*push)(lua_State *L, int shape));

/* lmap_setfuncs [-0, +0, m]: registers functions in the table on top, each
** with its name and how many arguments before the first are hidden. */
void lmap_setfuncs(lua_State *L, const luaL_Reg *functions, int hidden);

/* The methods of each room; lmap_typed_methods: the functions compiled for this
** shape, or NULL. */
extern const luaL_Reg lmap_methods[], lmap_metamethods[];
extern const luaL_Reg lbatch_methods[], lviews_methods[], liter_methods[];
extern const luaL_Reg lpolicy_methods[], lscan_methods[], lproxy_methods[];
extern const luaL_Reg lexplain_methods[];
extern const luaL_Reg ltrace_methods[], lrecord_methods[], lwatch_methods[];
const luaL_Reg *lmap_typed_methods(int shape);

/* -- policies ------------------------------------------------------------- */

/* lpolicy_read [-0, +0, v]: the policy that Lua wrote at idx, a name or a
** table; numbers that it leaves out keep what *out has. what says in errors of
** argument arg whose policy it is. */
void lpolicy_read(lua_State *L, int idx, int arg, const char *what,
                  hmap_policy *out);

/* lpolicy_push [-0, +1, m]: a policy as a table. */
void lpolicy_push(lua_State *L, const hmap_policy *policy);

/* -- errors and memory ---------------------------------------------------- */

/* lmap_failed [-0, +0, v]: false if status is HMAP_OK. The first time that
** memory is refused it collects all garbage and says true: try again. Else it
** raises.
**
**   for (int tries = 0; lmap_failed(L, h, hmap_clear(h->m), tries); tries++)
*/
bool lmap_failed(lua_State *L, lmap *h, hmap_status status, int tries);

/* lmap_raise [-0, +0, v]: a status as an error. */
_Noreturn void lmap_raise(lua_State *L, size_t max_bytes, hmap_status status);

/* Counts what the map holds now; O(1). */
void lmap_count_bytes(lmap *h);

#define LMAP_WRITE_BYTES 32   /* what a write may take, text apart */
#define LMAP_COUNT_EVERY 8192 /* bytes */

/* Ends every method that writes entries; text says how many bytes of text it
** brought. */
static ALWAYS_INLINE void lmap_written(lmap *h, size_t text) {
  h->version++;
  h->spent += LMAP_WRITE_BYTES + text;
  if (UNLIKELY(h->spent > LMAP_COUNT_EVERY))
    lmap_count_bytes(h);
}

/* Bytes that the map holds, pages of objects included. */
size_t lmap_bytes(const lmap *h);

/* -- entries -------------------------------------------------------------- */

/* An entry on its way into a map: cells, and where on the stack the objects
** are that `any` cells stand for. */
typedef struct lentry {
  void *key, *value;
  int key_at, value_at;
} lentry;

/* What became of it. */
typedef struct lput {
  const void *now; /* with keep: the value cell that is there */
  bool existed;
} lput;

/* lmap_put [-0, +0, v]: puts it; with keep only if the key is absent. Does not
** try twice. self is the map's index. */
hmap_status lmap_put(lua_State *L, int self, lmap *h, const lentry *e,
                     bool keep, lput *out);

/* lmap_key [-0, +(0|1), v]: the key cell of the arguments from arg on. */
static inline void *lmap_key(lua_State *L, const lmap *h, int arg,
                             lroom *room) {
  return lcell_from(L, arg, &h->key, "key", room);
}

/* lmap_pushvalue [-0, +n, m]: a value cell as results, a set's as true; how
** many. 0: the map was written meanwhile, nothing is pushed. */
int lmap_pushvalue(lua_State *L, int self, lmap *h, const void *value);

/* lmap_pushfields [-0, +1, m]: a cell as one Lua value: tuples as a table.
** false: the map was written meanwhile. */
bool lmap_pushfields(lua_State *L, int self, const lmap *h, const ltype *type,
                     const void *cell);

/* lmap_fold [-n, +1, m]: the n fields of a type on top as one Lua value; those
** of a tuple by name if all have one, else as a list: never half of each. */
void lmap_fold(lua_State *L, const ltype *type);

/* lmap_remove [-0, +0, v]: deletes a key; whether it was there. */
bool lmap_remove(lua_State *L, lmap *h, const void *key);

/* lmap_may_hold_objects: whether cells of this map may stand for Lua objects.
*/
static inline bool lmap_may_hold_objects(const lmap *h) {
  return h->key.kind == HMAP_ANY || h->value.kind == HMAP_ANY;
}

/* lmap_natural [-0, +0, v]: the integer from 0 on at arg. */
lua_Integer lmap_natural(lua_State *L, int arg, const char *what);

/* lmap_release [-0, +0, -]: lets the objects go that the last write of the map
** at self removed or overwrote. */
void lmap_release(lua_State *L, int self, lmap *h);

/* lmap_checktrue [-0, +0, v]: the value of a set is true, or left out. */
void lmap_checktrue(lua_State *L, int arg);

/* lmap_deletes [-0, +0, -]: no value at all in the arguments: nil instead of
** each of its fields. */
bool lmap_deletes(lua_State *L, const lmap *h);

/* Methods that other rooms call with a map at index 1, as Lua would. */
int lmap_get(lua_State *L);
int lmap_set(lua_State *L);
int lmap_has(lua_State *L);
int lmap_delete(lua_State *L);
int lmap_pop(lua_State *L);
int lmap_swap(lua_State *L);
int lmap_get_or_set(lua_State *L);
int lmap_add(lua_State *L);

/* Lookups by somebody who was given self as one who reads, and has so taken the
** step that a lookup may owe. */
int lmap_get_stepped(lua_State *L);
int lmap_has_stepped(lua_State *L);

/* lmap_overflow [-0, +0, v]: raises: m:add leaves the range of the values. */
_Noreturn void lmap_overflow(lua_State *L, const lmap *h, ladd_amount n);

/* Whether a table would hold nothing under this: nil or NaN in a map of any
** keys. Those that look for it find nothing; only writes raise. */
bool lmap_isnokey(lua_State *L, const lmap *h, int idx);
int lmap_count(lua_State *L);
int liter_pairs(lua_State *L);

/* lbatch_merge [-0, +0, v]: sets the keys of the table at index 2 to its
** values. */
void lbatch_merge(lua_State *L, const lmap *h);

/* -- iteration ------------------------------------------------------------ */

typedef enum lgive { LGIVE_KEYS = 1, LGIVE_VALUES = 2, LGIVE_BOTH = 3 } lgive;

/* The core keeps a list of open iterators, so their memory must not vanish
** unseen, as that of a userdata does whose __gc found no memory to run: the
** map owns it, to be used again and to be freed with the map. */
typedef struct lcursor {
  hmap_iter it;
  struct lcursor *next;      /* of the map's */
  struct lcursor *next_free; /* of those that no iterator has */
} lcursor;

/* Frees the cursors of a map that is closed. */
void liter_free(lgc *w, lheld *held);

typedef struct liter {
  uint64_t tag;
  lmap *owner;     /* kept alive by the user value */
  lcursor *cursor; /* NULL: at the end; dangling once the map is closed */
  lgive give;
} liter;

/* liter_make [-0, +1, v]: an iterator over the map at self; where from, its
** cursor has still to be told: hmap_iter_init or hmap_scan_open. */
liter *liter_make(lua_State *L, int self, lgive give);

/* liter_close [-0, +0, -]: idempotent. */
void liter_close(liter *i);

/* liter_push [-0, +(0|n), v]: the entry that the core's iterator is at; 0: it
** was deleted while its key was pushed. */
int liter_push(lua_State *L, int self, const liter *i);

/* liter_open [-0, +0, m]: makes the metatable of iterators. */
void liter_open(lua_State *L);

/* lproxy_of [-1, +1, v]: the map of the view at index 1. */
int lproxy_of(lua_State *L);

/* -- views ---------------------------------------------------------------- */

/* lviews_open [-0, +0, m]: adds the functions about views to the module
** table on top. */
void lviews_open(lua_State *L);

/* llimits_open [-0, +0, m]: the same for the core's constants and rules. */
void llimits_open(lua_State *L);

/* lviews_pushlayout [-0, +1, m] */
struct hmap_layout;
void lviews_pushlayout(lua_State *L, const struct hmap_layout *layout,
                       const ltype *key, const ltype *value);

/* lviews_pushdistribution [-0, +1, m]: the core's raw counts. */
struct hmap_distribution;
void lviews_pushdistribution(lua_State *L, const struct hmap_distribution *d);

/* lexplain_open [-0, +0, m]: adds the functions about hashes to the module
** table on top. */
void lexplain_open(lua_State *L);

/* lopstats_open [-0, +0, m]: adds the functions about the ledger to the module
** table on top. */
void lopstats_open(lua_State *L);

/* lclock_now: seconds of a clock that only goes forward. */
double lclock_now(void);

#endif
