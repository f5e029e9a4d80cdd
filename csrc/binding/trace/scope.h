/* scope.h: the call of a method on an observed map, from begin to end. */
#ifndef HMAP_BINDING_SCOPE_H
#define HMAP_BINDING_SCOPE_H

#include "binding/trace/trace.h"

/* ltrace_open_scope [-0, +0, v]: a method begins on the listened-to map at
** index 1; when it ends, what it caused will be told. */
void ltrace_open_scope(lua_State *L, lmap *h);

/* ltrace_open_scope_at [-0, +0, v]: the same for the map at self, in a function
** that may do this to it. */
void ltrace_open_scope_at(lua_State *L, int self, lmap *h, ltrace_call what);

/* ltrace_close_scope [-0, +0, v]: the __close of a map: whether a method ends,
** and not a scope. */
bool ltrace_close_scope(lua_State *L);

/* ltrace_closed [-0, +0, v]: the map is closed, or collected. */
void ltrace_closed(lua_State *L, int self, lmap *h, bool collected);

#endif
