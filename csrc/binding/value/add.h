/* add.h: what m:add adds to the numbers in value cells.
**
** add_to is a template: entry.c compiles it for any field, entry_typed.c for
** the commonest.
*/
#ifndef HMAP_BINDING_ADD_H
#define HMAP_BINDING_ADD_H

#include "binding/value/cell.h"

/* The n of m:add(k, n): of integers i counts, of floats f. */
typedef struct ladd_amount {
  lua_Integer i;
  double f;
} ladd_amount;

static ALWAYS_INLINE bool ladd_isnumber(hmap_kind kind) {
  return lcell_isint(kind) || kind == HMAP_FLOAT32 || kind == HMAP_FLOAT64;
}

/* a + b as a number of an integer kind; false: out of its range. A uint64 is
** read as what it stands for, the amount as a signed number. */
static ALWAYS_INLINE bool ladd_ints(const lfield *f, lua_Integer a,
                                    lua_Integer b, lua_Integer *sum) {
  *sum = (lua_Integer)((lua_Unsigned)a + (lua_Unsigned)b);
  if (f->kind == HMAP_UINT64)
    return b >= 0 ? (lua_Unsigned)*sum >= (lua_Unsigned)a
                  : (lua_Unsigned)*sum < (lua_Unsigned)a;
  bool overflow = ((a ^ *sum) & (b ^ *sum)) < 0;
  return !overflow && lcell_fits(f, *sum);
}

/* Adds to the number in a value cell; false: overflow, nothing is changed. */
static ALWAYS_INLINE bool ladd_to(const lfield *value, void *cell,
                                  ladd_amount n) {
  hmap_kind kind = value->kind;
  if (lcell_isint(kind)) {
    lua_Integer sum;
    if (!ladd_ints(value, lcell_loadint(kind, cell), n.i, &sum))
      return false;
    lcell_storeint(kind, sum, cell);
  } else if (kind == HMAP_FLOAT32) {
    float f;
    memcpy(&f, cell, sizeof f);
    f = (float)(f + n.f);
    memcpy(cell, &f, sizeof f);
  } else {
    double f;
    memcpy(&f, cell, sizeof f);
    f += n.f;
    memcpy(cell, &f, sizeof f);
  }
  return true;
}

#endif
