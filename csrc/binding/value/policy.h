/* policy.h: policies as Lua writes them. */
#ifndef HMAP_BINDING_POLICY_H
#define HMAP_BINDING_POLICY_H

#include <lua.h>

#include "hmap.h"

/* lpolicy_read [-0, +0, v]: the policy that Lua wrote at idx, a name or a
** table; numbers that it leaves out keep what *out has. what says in errors of
** argument arg whose policy it is. */
void lpolicy_read(lua_State *L, int idx, int arg, const char *what,
                  hmap_policy *out);

/* lpolicy_push [-0, +1, m]: a policy as a table. */
void lpolicy_push(lua_State *L, const hmap_policy *policy);

#endif
