/* note.h: what the file of a map says to Lua.
**
**   "lua1" | key | value       each: | fields of a tuple, or 0: 1 | names |
**
** A name is a type as Lua writes it, "int64" or "x:int32", behind one byte that
** says its length. The core's types have no names for fields, and know a tuple
** of eight bytes as the word that it is kept as. */
#ifndef HMAP_BINDING_NOTE_H
#define HMAP_BINDING_NOTE_H

#include "binding/self/self.h"

#define LNOTE_NAME 64 /* bytes of a name, at most; with that of its length */

typedef struct lnote_text {
  size_t n;
  char bytes[4 + 2 * (1 + HMAP_MAX_FIELDS * LNOTE_NAME)];
} lnote_text;

/* lnote_write [-0, +0, m]: the note of maps of these types. */
void lnote_write(lua_State *L, const lmap *h, lnote_text *out);

/* lnote_read [-0, +0, v]: the types of a file, by its note, if that is one of
** ours and tells the truth; else by what the core knows. */
void lnote_read(lua_State *L, const hmap_file *file, int arg, ltype_room *key,
                ltype_room *value);

#endif
