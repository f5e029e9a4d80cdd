/* line.h: a map in one line. */
#ifndef HMAP_BINDING_LINE_H
#define HMAP_BINDING_LINE_H

#include <lauxlib.h>

extern const luaL_Reg lline_metamethods[];

#endif
