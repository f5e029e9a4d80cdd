/* load.h: hmap.load and hmap.loading. */
#ifndef HMAP_BINDING_LOAD_H
#define HMAP_BINDING_LOAD_H

#include <lua.h>

/* lload_load: hmap.load(path, options?) */
int lload_load(lua_State *L);
/* lload_loading: hmap.loading(path, n?, options?) */
int lload_loading(lua_State *L);
/* lload_file: hmap.core.file(path) */
int lload_file(lua_State *L);

#endif
