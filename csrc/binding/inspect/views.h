/* views.h: the core's views as Lua tables. */
#ifndef HMAP_BINDING_VIEWS_H
#define HMAP_BINDING_VIEWS_H

#include <lauxlib.h>

#include "binding/value/cell.h"
#include "hmap_inspect.h"

/* lviews_open [-0, +0, m]: adds the functions about views to the module
** table on top. */
void lviews_open(lua_State *L);

/* lviews_pushlayout [-0, +1, m] */
void lviews_pushlayout(lua_State *L, const hmap_layout *layout,
                       const ltype *key, const ltype *value);

/* lviews_pushdistribution [-0, +1, m]: the core's raw counts. */
void lviews_pushdistribution(lua_State *L, const hmap_distribution *d);

extern const luaL_Reg lviews_methods[];

#endif
