/* options.h: what hmap.new is told. */
#ifndef HMAP_BINDING_OPTIONS_H
#define HMAP_BINDING_OPTIONS_H

#include "binding/self/self.h"

/* What a map is to be. */
typedef struct loptions {
  int arg;    /* which argument the table of options is */
  lconf conf; /* key and value point to the two below */
  hmap_policy policy;
  ltype_room key, value;
} loptions;

/* loptions_read [-0, +0, v]: that table, over what is there already. */
void loptions_read(lua_State *L, loptions *o);

/* loptions_type [-0, +0, v]: the type at index arg, `any` if there is none. */
void loptions_type(lua_State *L, int arg, const char *what, ltype_room *out);

/* loptions_key_type [-0, +0, v]: raises if no key can be of this type. */
void loptions_key_type(lua_State *L, int arg, const ltype_room *type);

/* loptions_hash [-0, +0, v]: a hash by its name, if it suits the type of
** key. */
hmap_hash loptions_hash(lua_State *L, int arg, const char *name,
                        const ltype *key);

/* loptions_new: hmap.new(options?) */
int loptions_new(lua_State *L);

#endif
