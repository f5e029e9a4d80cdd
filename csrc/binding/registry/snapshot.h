/* snapshot.h: all maps of a Lua state, as Lua sees them. */
#ifndef HMAP_BINDING_SNAPSHOT_H
#define HMAP_BINDING_SNAPSHOT_H

#include <lua.h>

/* lsnapshot_open [-0, +0, m]: adds what Lua sees of this to the module table on
** top. */
void lsnapshot_open(lua_State *L);

#endif
