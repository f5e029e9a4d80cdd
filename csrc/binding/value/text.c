/* text.c: text of users as people may see it; the rules are in text.h. */
#include "binding/value/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "binding/value/arg.h"

/* -- characters ----------------------------------------------------------- */

/* Code points that nobody sees, or that change how others are seen: controls,
** Unicode's default ignorable ones, line ends and what sets the direction. */
static const struct {
  uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},
    {0x034F, 0x034F},   {0x061C, 0x061C},   {0x115F, 0x1160},
    {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
    {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

static bool is_hidden(uint32_t c) {
  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
    if (c >= hidden[i].first && c <= hidden[i].last)
      return true;
  return (c & 0xFFFE) == 0xFFFE; /* no character in any plane */
}

/* Bytes of the character that begins at s, and its code point; 0: none does.
** Strict: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t decode(const char *s, size_t n, uint32_t *c) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char lead = (unsigned char)s[0];
  size_t length = lead < 0x80   ? 1
                  : lead < 0xC0 ? 0
                  : lead < 0xE0 ? 2
                  : lead < 0xF0 ? 3
                  : lead < 0xF8 ? 4
                                : 0;
  if (length == 0 || length > n)
    return 0;
  *c = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    unsigned char more = (unsigned char)s[i];
    if ((more & 0xC0) != 0x80)
      return 0;
    *c = *c << 6 | (more & 0x3F);
  }
  bool ok = *c >= least[length] && *c <= 0x10FFFF && *c >> 11 != 0xD800 >> 11;
  return ok ? length : 0;
}

size_t ltext_fit(const char *s, size_t n, size_t most) {
  uint32_t c;
  if (n <= most)
    return n;
  for (size_t start = most; start > 0 && most - start < 4; start--)
    if (start + decode(s + start - 1, n - start + 1, &c) > most + 1)
      return start - 1; /* that character ends behind the cut */
  return most;
}

/* -- one text ------------------------------------------------------------- */

/* What is shown of the character at s, in out; how many bytes of s that was. */
static size_t show(const char *s, size_t n, ltext_form form, char out[16]) {
  uint32_t c;
  size_t length = decode(s, n, &c);
  if (length == 0 || (c < 0x80 && is_hidden(c)))
    snprintf(out, 16, "\\%03u", (unsigned)(unsigned char)s[0]);
  else if (is_hidden(c))
    snprintf(out, 16, "\\u{%04X}", (unsigned)c);
  else if ((c == '\\' && form != LTEXT_SAFE) ||
           (c == '"' && form == LTEXT_QUOTED))
    snprintf(out, 16, "\\%c", (char)c);
  else
    snprintf(out, 16, "%.*s", (int)length, s);
  return length == 0 ? 1 : length;
}

static size_t characters(const char *utf8) {
  size_t n = 0;
  for (; *utf8 != '\0'; utf8++)
    n += (*utf8 & 0xC0) != 0x80;
  return n;
}

/* Adds what is shown of s; true: it was cut. */
static bool add_text(luaL_Buffer *b, const char *s, size_t n, ltext_form form,
                     size_t most) {
  size_t shown = 0, behind = 0; /* bytes behind the last place to cut at */
  for (size_t i = 0; i < n;) {
    char out[16];
    i += show(s + i, n - i, form, out);
    shown += characters(out);
    if (most > 0 && shown > most) {
      luaL_buffsub(b, behind);
      return true;
    }
    luaL_addstring(b, out);
    behind = shown < most ? 0 : behind + strlen(out);
  }
  return false;
}

const char *ltext_push(lua_State *L, const char *s, size_t n, ltext_form form,
                       size_t most) {
  const char *quote = form == LTEXT_QUOTED ? "\"" : "";
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, quote);
  bool cut = add_text(&b, s, n, form, most);
  luaL_addstring(&b, quote);
  if (cut)
    luaL_addstring(&b, "\xE2\x80\xA6");
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

const char *ltext_pushvalue(lua_State *L, int idx, ltext_form form) {
  size_t n;
  if (lua_istable(L, idx)) /* whose __tostring may raise */
    return lua_pushstring(L, luaL_typename(L, idx));
  const char *s = luaL_tolstring(L, idx, &n);
  bool is_string = lua_type(L, idx) == LUA_TSTRING;
  ltext_push(L, s, n, is_string ? form : LTEXT_SAFE, LTEXT_MOST);
  lua_replace(L, -2);
  return lua_tostring(L, -1);
}

bool ltext_isname(lua_State *L, int idx) {
  size_t n;
  if (lua_type(L, idx) != LUA_TSTRING)
    return false;
  const char *s = lua_tolstring(L, idx, &n);
  return strlen(s) == n;
}

const char *ltext_name(lua_State *L, int idx) {
  if (!ltext_isname(L, idx)) {
    idx = lua_absindex(L, idx);
    ltext_pushvalue(L, idx, LTEXT_EXACT);
    lua_replace(L, idx);
  }
  return lua_tostring(L, idx);
}

/* -- the module's part ---------------------------------------------------- */

/* text(s, form, most): form is "exact", "quoted" or "safe". */
static int mod_text(lua_State *L) {
  static const char *const forms[] = {"exact", "quoted", "safe", NULL};
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  int form = luaL_checkoption(L, 2, "exact", forms);
  lua_Integer most = luaL_optinteger(L, 3, LTEXT_WHOLE);
  luaL_argcheck(L, most >= 0, 3, "characters from 0 on expected");
  ltext_push(L, s, n, (ltext_form)form, (size_t)most);
  return 1;
}

void ltext_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"text", mod_text}, {NULL, NULL}};
  larg_setfuncs(L, functions, 0);
}
