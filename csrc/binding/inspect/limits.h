/* limits.h: the core's constants and rules. */
#ifndef HMAP_BINDING_LIMITS_H
#define HMAP_BINDING_LIMITS_H

#include <lua.h>

/* llimits_open [-0, +0, m]: adds the core's constants and rules to
** the module table on top. */
void llimits_open(lua_State *L);

#endif
