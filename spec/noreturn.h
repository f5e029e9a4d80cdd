/* noreturn.h: what Lua's headers do not say, for programs that read code: these
** do not return. Included before all else by spec/portable.sh. */
#include <lauxlib.h>

#define NORETURN __attribute__((noreturn))

NORETURN int luaL_error(lua_State *L, const char *fmt, ...);
NORETURN int luaL_argerror(lua_State *L, int arg, const char *extramsg);
NORETURN int luaL_typeerror(lua_State *L, int arg, const char *tname);
NORETURN int lua_error(lua_State *L);
