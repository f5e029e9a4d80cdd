/* self.h: the userdata that Lua holds, and what its rooms share.
**
**   lmap | tag | map of the core | objects | its types, if they are its own |
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

#include "binding/self/gc.h"
#include "binding/value/cell.h"
#include "binding/value/objects.h"
#include "hmap.h"
#include "hmap_inspect.h"

#define LMAP_TAG      (UINT64_C(0xb2a7d3c1f08c) << 16)
#define LMAP_CLOSED   (UINT64_C(0x6c1e95d4a378) << 16)
#define LMAP_FAMILY   (~UINT64_C(0xffff)) /* all but shape and kind */
#define LMAP_READS    (UINT64_C(1) << 16) /* in a tag: reads step */
#define LMAP_NOTIFIED (UINT64_C(2) << 16) /* in a tag: see scope.c */

/* User values of an lmap: LOBJECTS_AT, its name or nil, and the functions that
** listen (trace.h). */
#define LMAP_NAME_AT      2
#define LMAP_CALLBACKS_AT 3
#define LMAP_ANY_SHAPE    (-1)
#define LMAP_KINDS_KEY    "hmap.kinds" /* registry: shape -> metatable */

/* What a map is made of. */
typedef struct lconf {
  const ltype *key, *value;
  int64_t capacity;
  uint64_t seed; /* if seeded */
  size_t max_bytes;
  hmap_hash hash;
  bool seeded;
  bool sandboxed; /* tells no address, touches no file; clones are, too */
} lconf;

/* What a map knows of its place among the others. */
typedef struct lorigin {
  uint64_t id;           /* maps of a Lua state are counted from 1 */
  double at;             /* when it was made */
  struct lregistry *all; /* NULL: not yet open, or no longer */
  struct lcounters *name;
  struct llife *life;              /* NULL: made while the profile was off */
  size_t bytes;                    /* as the counters know them */
  uint32_t growths[HMAP_NGROWTHS]; /* likewise, modulo 2^32 */
} lorigin;

typedef struct lmap {
  uint64_t tag;
  hmap *m;          /* NULL: closed */
  uint64_t version; /* changes whenever pointers into the map may dangle */
  size_t bytes;     /* of the core's map, as last counted for the collector */
  size_t spent;     /* bytes that writes may have taken since then */
  lgc *gc;
  lheld *held; /* what is not on the Lua heap; NULL: nothing */
  lobjects objects;
  bool observed;                /* somebody listens now */
  struct lcursor *free_cursors; /* of those that it holds */
  struct ltrace *trace;         /* NULL: nobody has ever listened */
  lorigin origin;               /* its place among the maps of the Lua state */
  lconf conf;
  uint64_t types[]; /* those of key and value that no other map shares */
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

/* lmap_bad_self [-0, +0, v]: raises: what is at index 1 is no map, or not the
** one that was wanted. */
_Noreturn void lmap_bad_self(lua_State *L);

/* lmap_may_hold_objects: whether cells of this map may stand for Lua objects.
*/
static inline bool lmap_may_hold_objects(const lmap *h) {
  return h->conf.key->kind == HMAP_ANY || h->conf.value->kind == HMAP_ANY;
}

/* -- arguments ------------------------------------------------------------ */

/* The arguments of a method are key fields, then value fields: where the value
** begins. */
static inline int lmap_value_arg(const lmap *h) {
  return 2 + (int)h->conf.key->nfields;
}

/* lmap_key [-0, +(0|1), v]: the key cell of the arguments from arg on. */
static inline void *lmap_key(lua_State *L, const lmap *h, int arg,
                             lroom *room) {
  return lcell_from(L, arg, h->conf.key, "key", room);
}

/* lmap_deletes [-0, +0, -]: no value at all in the arguments: nil instead of
** each of its fields. */
bool lmap_deletes(lua_State *L, const lmap *h);

/* -- life ----------------------------------------------------------------- */

/* After it was closed: nothing may be held any more. */
void lmap_unhold(lmap *h);

/* lmap_update_tag [-0, +0, -]: gives a map the tag of its types and policy. */
void lmap_update_tag(lmap *h);

/* lmap_pushmeta [-0, +1, m]: the metatable for this shape, of those that the
** registry has under name: where there is none yet push makes it. */
void lmap_pushmeta(lua_State *L, const char *name, int shape,
                   void (*push)(lua_State *L, int shape));

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

#endif
