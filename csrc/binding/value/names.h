/* names.h: what the core's kinds of things are called in Lua. */
#ifndef HMAP_BINDING_NAMES_H
#define HMAP_BINDING_NAMES_H

#include "hmap_inspect.h"

#define HMAP_X(kind, name) name,
#define LNAMES(function, kind, KINDS)                                          \
  static inline const char *function(kind which) {                             \
    static const char *const names[] = {KINDS(HMAP_X)};                        \
    return names[which];                                                       \
  }
LNAMES(lname_growth, hmap_growth, HMAP_GROWTHS)
LNAMES(lname_hash, hmap_hash, HMAP_HASHES)
LNAMES(lname_op, hmap_op_kind, HMAP_OPS)
#undef LNAMES
#undef HMAP_X

#endif
