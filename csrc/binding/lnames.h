/* lnames.h: what the core's kinds of things are called in Lua. */
#ifndef HMAP_LNAMES_H
#define HMAP_LNAMES_H

#include "hmap_inspect.h"

static inline const char *lname_growth(hmap_growth growth) {
  static const char *const names[] = {
#define HMAP_X(growth, name) name,
      HMAP_GROWTHS(HMAP_X)
#undef HMAP_X
  };
  return names[growth];
}

static inline const char *lname_hash(hmap_hash hash) {
  static const char *const names[] = {
#define HMAP_X(hash, name) name,
      HMAP_HASHES(HMAP_X)
#undef HMAP_X
  };
  return names[hash];
}

static inline const char *lname_op(hmap_op_kind op) {
  static const char *const names[] = {
#define HMAP_X(op, name) name,
      HMAP_OPS(HMAP_X)
#undef HMAP_X
  };
  return names[op];
}

#endif
