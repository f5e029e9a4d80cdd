/* arg.h: the functions that Lua calls, and what they say of their arguments. */
#ifndef HMAP_BINDING_ARG_H
#define HMAP_BINDING_ARG_H

#include <lauxlib.h>
#include <lua.h>

/* The first two upvalues of every function here: its name, and how many
** arguments (self) come before the one that users call the first. */
enum { LNAME = 1, LHIDDEN = 2, LARG_UPVALUES = 2 };

/* larg_setfuncs [-0, +0, m]: registers functions in the table on top, each
** with its name and how many arguments before the first are hidden. */
void larg_setfuncs(lua_State *L, const luaL_Reg *functions, int hidden);

/* larg_pushnames [-0, +1, m]: the sorted names in the table at idx, as a list.
*/
void larg_pushnames(lua_State *L, int idx);

/* larg_error [-0, +0, v]: raises "bad argument #n to 'name' (...)". */
_Noreturn void larg_error(lua_State *L, int arg, const char *format, ...);

#endif
