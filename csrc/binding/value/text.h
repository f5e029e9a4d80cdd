/* text.h: text of users as people may see it.
**
** A key, a name or a path may be any bytes. What is shown of it is valid UTF-8
** and moves no cursor, colours nothing, reorders nothing and hides nothing:
**
**   a printable character                    as it is
**   a control character, an invalid byte     \027 \255: always three digits
**   what is invisible or turns the text      \u{202E}
**
** The Lua side has the same by core.text.
*/
#ifndef HMAP_BINDING_TEXT_H
#define HMAP_BINDING_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

typedef enum ltext_form {
  LTEXT_EXACT,  /* a backslash doubled: different texts look different */
  LTEXT_QUOTED, /* the same between double quotes, those within escaped */
  LTEXT_SAFE,   /* a backslash as it is: for what has been text before */
} ltext_form;

enum { LTEXT_WHOLE = 0, LTEXT_MOST = 60 /* characters in a message */ };

/* ltext_push [-0, +1, m]: the n bytes at s; if that is more than `most`
** characters, as many as fit, and an ellipsis behind them. */
const char *ltext_push(lua_State *L, const char *s, size_t n, ltext_form form,
                       size_t most);

/* ltext_pushvalue [-0, +1, e]: the value at an absolute index for a message: a
** string in this form, of a table that it is one, else what tostring says. */
const char *ltext_pushvalue(lua_State *L, int idx, ltext_form form);

/* ltext_isname [-0, +0, -]: whether the value at idx is a string that C sees
** whole: without a zero, which no name has. */
bool ltext_isname(lua_State *L, int idx);

/* ltext_name [-0, +0, m]: the string at idx, to be compared with names; if it
** has a zero in it, the text that shows it, which takes its place. */
const char *ltext_name(lua_State *L, int idx);

/* How many of n bytes fit into `most` without half a character at the end. */
size_t ltext_fit(const char *s, size_t n, size_t most);

/* ltext_open [-0, +0, m]: adds the function to the module table on top. */
void ltext_open(lua_State *L);

#endif
