/* cell.h: a Lua value on the stack <-> a cell of the core.
**
**   {"hp:int32", "name:string"}            a type, as Lua writes it
**   m:set(k, 100, "orc")                   its fields, each an argument
**   | hp: 4 | 0: 4 | name: 16 |            its cell, by Go's struct rules
**
** A scalar is a type of one field at offset 0, "none" one of no field. What
** does not fit raises and nothing has happened; conversions never lose a bit,
** but that float32 rounds. This room knows no map: of an object in an `any`
** cell it makes and reads the identity, and lobjects keeps it alive.
*/
#ifndef HMAP_BINDING_CELL_H
#define HMAP_BINDING_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "binding/value/arg.h"
#include "compiler.h"
#include "hmap.h"

/* -- types ---------------------------------------------------------------- */

#define LFIELD_NAME 32 /* bytes of a field's name, with its final zero */

typedef struct lfield {
  hmap_kind kind;
  uint32_t n; /* HMAP_BYTES: how many */
  size_t offset, size;
  uint64_t low, span;     /* integers: low .. low + span, modulo 2^64 */
  unsigned shift;         /* in a word: how far up its bits lie */
  char name[LFIELD_NAME]; /* "": none */
} lfield;

typedef struct ltype {
  hmap_kind kind;
  int shape;        /* its kind, or LCELL_WORD: what is compiled for it */
  uint32_t nfields; /* arguments and results that one takes */
  size_t size;      /* of the cell */
  const lfield *fields;
} ltype;

/* A tuple of integers, eight bytes in all: to the core one uint64, which is
** hashed, compared and laid out as they are. */
#define LCELL_WORD (HMAP_TUPLE + 1)

/* A type with room for as many fields as one can have. */
typedef struct ltype_room {
  ltype type;
  lfield fields[HMAP_MAX_FIELDS];
} ltype_room;

/* lcell_type [-0, +0, v]: reads the type that Lua wrote at idx: a name or a
** list of names. `what` says in errors whose type it is; arg is the argument
** to blame. */
void lcell_type(lua_State *L, int idx, int arg, const char *what,
                ltype_room *out);
/* The type with its fields, if it is one that all maps share; else NULL. */
const ltype *lcell_shared(const ltype *type);
/* The core's words for a type; fields has room for HMAP_MAX_FIELDS. */
hmap_spec lcell_spec(const ltype *type, hmap_field *fields);
/* lcell_pushkind [-0, +1, m]: the type of a field as Lua would write it. */
void lcell_pushkind(lua_State *L, const lfield *f);
/* lcell_pushtype [-0, +1, m]: the type as Lua would write it. */
void lcell_pushtype(lua_State *L, const ltype *type);
/* lcell_pushnewtype [-0, +1, m]: the type as hmap.new takes it: a string, of a
** tuple a list. */
void lcell_pushnewtype(lua_State *L, const ltype *type);
bool lcell_sametype(const ltype *a, const ltype *b);

/* -- errors --------------------------------------------------------------- */

/* lcell_type_error [-0, +0, v]: raises: what was wanted in role "key" or
** "value", what came. */
_Noreturn void lcell_type_error(lua_State *L, int arg, const lfield *f,
                                const char *role);
/* lcell_type_error_at [-0, +0, v]: the same of a value at idx that came with
** argument arg; `where` says at which place in it, or is NULL. */
_Noreturn void lcell_type_error_at(lua_State *L, int idx, const lfield *f,
                                   const char *role, int arg,
                                   const char *where);

/* -- integers in cells ---------------------------------------------------- */

/* lcell_isnothing [-0, +0, -]: nil or NaN, where tables hold nothing. */
static inline bool lcell_isnothing(lua_State *L, int idx) {
  return lua_isnoneornil(L, idx) ||
         (lua_type(L, idx) == LUA_TNUMBER &&
          lua_tonumber(L, idx) != lua_tonumber(L, idx));
}

static inline bool lcell_isint(hmap_kind kind) {
  return kind >= HMAP_INT8 && kind <= HMAP_UINT64;
}

/* Whether a Lua integer is one of this field; all 64 bits of uint64 are. */
static ALWAYS_INLINE bool lcell_fits(const lfield *f, lua_Integer i) {
  return (uint64_t)i - f->low <= f->span;
}

static ALWAYS_INLINE void lcell_storeint(hmap_kind kind, lua_Integer i,
                                         void *to) {
  switch (kind) {
  case HMAP_INT8:
  case HMAP_UINT8:
    memcpy(to, &(uint8_t){(uint8_t)i}, 1);
    break;
  case HMAP_INT16:
  case HMAP_UINT16:
    memcpy(to, &(uint16_t){(uint16_t)i}, 2);
    break;
  case HMAP_INT32:
  case HMAP_UINT32:
    memcpy(to, &(uint32_t){(uint32_t)i}, 4);
    break;
  default:
    memcpy(to, &(uint64_t){(uint64_t)i}, 8);
  }
}

static ALWAYS_INLINE lua_Integer lcell_loadint(hmap_kind kind,
                                               const void *from) {
  uint64_t u64;
  uint32_t u32;
  uint16_t u16;
  switch (kind) {
  case HMAP_INT8:
    return *(const int8_t *)from;
  case HMAP_UINT8:
    return *(const uint8_t *)from;
  case HMAP_INT16:
    memcpy(&u16, from, 2);
    return (int16_t)u16;
  case HMAP_UINT16:
    memcpy(&u16, from, 2);
    return u16;
  case HMAP_INT32:
    memcpy(&u32, from, 4);
    return (int32_t)u32;
  case HMAP_UINT32:
    memcpy(&u32, from, 4);
    return u32;
  default:
    memcpy(&u64, from, 8);
    return (lua_Integer)u64;
  }
}

/* -- Lua -> cell ---------------------------------------------------------- */

/* lcell_testint [-0, +0, -]: an integer, or a float that is one; no string. */
static ALWAYS_INLINE bool lcell_testint(lua_State *L, int idx,
                                        lua_Integer *out) {
  int ok;
  *out = lua_tointegerx(L, idx, &ok);
  return LIKELY(ok) && LIKELY(lua_type(L, idx) == LUA_TNUMBER);
}

/* lcell_int [-0, +0, v] */
static ALWAYS_INLINE lua_Integer lcell_int(lua_State *L, int arg,
                                           const lfield *f, const char *role) {
  lua_Integer i;
  if (UNLIKELY(!lcell_testint(L, arg, &i)))
    lcell_type_error(L, arg, f, role);
  return i;
}

/* lcell_natural [-0, +0, v]: the integer from 0 on at arg. */
lua_Integer lcell_natural(lua_State *L, int arg, const char *what);

/* lcell_testtext [-0, +0, -]: a string that a cell can hold; no number. */
static ALWAYS_INLINE bool lcell_testtext(lua_State *L, int idx, const char **s,
                                         size_t *n) {
  if (UNLIKELY(lua_type(L, idx) != LUA_TSTRING))
    return false;
  *s = lua_tolstring(L, idx, n);
  return LIKELY(*n <= HMAP_MAX_TEXT);
}

/* lcell_testword [-0, +0, -]: the fields of an LCELL_WORD, from arg on. */
static ALWAYS_INLINE bool lcell_testword(lua_State *L, int arg,
                                         const ltype *type, uint64_t *word) {
  const lfield *f = type->fields, *end = f + type->nfields;
  *word = 0;
  for (; f < end; f++, arg++) {
    lua_Integer i;
    if (UNLIKELY(!lcell_testint(L, arg, &i) || !lcell_fits(f, i)))
      return false;
    *word |= ((uint64_t)i & f->span) << f->shift;
  }
  return true;
}

/* lcell_testfloat [-0, +0, -]: a number that this kind of float holds exactly,
** or rounds to float32. */
bool lcell_testfloat(lua_State *L, int idx, hmap_kind kind, double *out);

/* lcell_float [-0, +0, v]: a number, exact or rounded to float32. */
double lcell_float(lua_State *L, int arg, const lfield *f, const char *role);

/* lcell_testany_of [-0, +0, -]: a value of this type in Lua, any but nil. As a
** key no NaN, and integral floats are integers. An object has HMAP_TAG_OBJECT
** and a number that is not its own yet: good for looking it up. */
bool lcell_testany_of(lua_State *L, int idx, int type, const char *role,
                      hmap_cell *out);
static inline bool lcell_testany(lua_State *L, int idx, const char *role,
                                 hmap_cell *out) {
  return lcell_testany_of(L, idx, lua_type(L, idx), role, out);
}

/* lcell_test [-0, +0, -]: the value at idx into the place of field f at `to`;
** false: it does not fit, see lcell_type_error_at. */
bool lcell_test(lua_State *L, int idx, const lfield *f, const char *role,
                void *to);

/* C-stack room for the cell of nearly every type. */
typedef union lroom {
  char bytes[256];
  hmap_cell align;
} lroom;

/* lcell_from [-0, +(0|1), v]: the cell of the fields from arg on: in room, in
** a Lua string, or in a block left on the stack. All arguments must be there
** (lua_settop). Borrows text. */
void *lcell_from(lua_State *L, int arg, const ltype *type, const char *role,
                 lroom *room);

/* -- cell -> Lua ---------------------------------------------------------- */

/* lcell_push [-0, +n, m]: the fields of a cell of the map at self. Making a
** string may run finalizers, which may write the map, upon which *version
** changes and the cell is no more: we stop there. Returns how many were
** pushed; type->nfields: all. "none" has none to push. */
uint32_t lcell_push(lua_State *L, int self, const ltype *type, const void *cell,
                    const uint64_t *version);

/* lcell_pushfield [-0, +1, m]: one field, that the cell has at `from`. Only
** strings need memory. */
void lcell_pushfield(lua_State *L, int self, const lfield *f, const void *from);

/* lcell_pushany [-0, +1, m]: what an `any` cell of the map at self holds. */
void lcell_pushany(lua_State *L, int self, const hmap_cell *cell);

/* lcell_fold [-n, +1, m]: the n fields of a type on top as one Lua value; those
** of a tuple by name if all have one, else as a list: never half of each. */
void lcell_fold(lua_State *L, const ltype *type);

#endif
