/* scan.h: going through a map page by page. */
#ifndef HMAP_BINDING_SCAN_H
#define HMAP_BINDING_SCAN_H

#include <lauxlib.h>

extern const luaL_Reg lscan_methods[];

#endif
