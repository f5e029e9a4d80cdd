/* cell.c: types as Lua writes them, and values in and out of cells. */
#include "binding/value/cell.h"

#include <math.h>
#include <stdlib.h>

#include "binding/value/objects.h"
#include "binding/value/text.h"
#include "hmap_inspect.h"

static const char *const kind_names[] = {
#define HMAP_X(kind, name, bytes, align) name,
    HMAP_KINDS(HMAP_X)
#undef HMAP_X
};

/* -- errors --------------------------------------------------------------- */

/* push_kind [-0, +1, m] */
static const char *push_kind(lua_State *L, hmap_kind kind, uint32_t n) {
  if (kind == HMAP_BYTES)
    return lua_pushfstring(L, "[%I]byte", (LUAI_UACINT)n);
  return lua_pushstring(L, kind_names[kind]);
}

/* push_got [-0, +1, m]: a value as an error message shows it. */
static const char *push_got(lua_State *L, int arg, hmap_kind kind) {
  size_t n;
  if (lua_isinteger(L, arg))
    return lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, arg));
  if (lua_type(L, arg) == LUA_TNUMBER) {
    lua_Number f = lua_tonumber(L, arg);
    return f != f ? lua_pushliteral(L, "NaN") : lua_pushfstring(L, "%f", f);
  }
  if (lua_type(L, arg) == LUA_TSTRING &&
      (kind == HMAP_BYTES || kind == HMAP_STRING)) {
    lua_tolstring(L, arg, &n);
    return lua_pushfstring(L, "a string of %I bytes", (LUAI_UACINT)n);
  }
  return lua_pushstring(L, luaL_typename(L, arg));
}

/* push_name [-0, +1, m]: of a type or field, as a message shows it. */
static const char *push_name(lua_State *L, const char *s) {
  return ltext_push(L, s, strlen(s), LTEXT_EXACT, LTEXT_MOST);
}

static bool is_key(const char *role) { return strcmp(role, "key") == 0; }

void lcell_type_error_at(lua_State *L, int idx, const lfield *f,
                         const char *role, int arg, const char *where) {
  const char *but = "";
  if (f->kind == HMAP_ANY)
    but = is_key(role) ? " but nil and NaN" : " but nil";
  const char *got = push_got(L, idx, f->kind);
  const char *kind = push_kind(L, f->kind, f->n);
  if (f->name[0] != '\0')
    role = lua_pushfstring(L, "%s '%s'", role, push_name(L, f->name));
  larg_error(L, arg, "%s %s%s expected%s%s, got %s", kind, role, but,
             where == NULL ? "" : " at ", where == NULL ? "" : where, got);
}

void lcell_type_error(lua_State *L, int arg, const lfield *f,
                      const char *role) {
  lcell_type_error_at(L, arg, f, role, arg, NULL);
}

/* -- types ---------------------------------------------------------------- */

#define SCALARS                                                                \
  "int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, "        \
  "float64, bool, string, [N]byte"

/* Where a type is being read, for its errors. */
typedef struct type_reader {
  lua_State *L;
  int arg;
  const char *what;
} type_reader;

_Noreturn static void unknown_type(const type_reader *r, const char *name,
                                   bool field) {
  larg_error(r->L, r->arg, "%s: unknown type '%s'; types %s" SCALARS "%s",
             r->what, push_name(r->L, name), field ? "in a tuple are " : "are ",
             field ? "" : ", any, none, or a list of these");
}

/* "[N]byte" with 1 <= N <= HMAP_MAX_BYTES: N, else 0. */
static uint32_t byte_count(const char *name) {
  if (name[0] != '[' || name[1] < '1' || name[1] > '9')
    return 0;
  char *end;
  unsigned long n = strtoul(name + 1, &end, 10);
  return strcmp(end, "]byte") == 0 && n <= HMAP_MAX_BYTES ? (uint32_t)n : 0;
}

static bool read_kind(const char *name, lfield *out) {
  out->n = byte_count(name);
  if (out->n > 0) {
    out->kind = HMAP_BYTES;
    return true;
  }
  for (int kind = HMAP_NONE; kind < HMAP_TUPLE; kind++)
    if (kind != HMAP_BYTES && strcmp(name, kind_names[kind]) == 0) {
      out->kind = (hmap_kind)kind;
      return true;
    }
  return false;
}

/* "int32" or "x:int32" */
static void read_field(const type_reader *r, const char *text, lfield *out) {
  const char *colon = strchr(text, ':');
  const char *kind = colon == NULL ? text : colon + 1;
  size_t n = colon == NULL ? 0 : (size_t)(colon - text);
  if (n >= sizeof out->name)
    larg_error(r->L, r->arg, "%s: field name of more than %d bytes in '%s'",
               r->what, LFIELD_NAME - 1, push_name(r->L, text));
  memcpy(out->name, text, n);
  out->name[n] = '\0';
  if (!read_kind(kind, out) || out->kind == HMAP_NONE || out->kind == HMAP_ANY)
    unknown_type(r, kind, true);
}

/* Two fields of one name could not be told apart in a view. */
static void check_names(const type_reader *r, const ltype_room *out) {
  for (uint32_t i = 0; i < out->type.nfields; i++)
    for (uint32_t j = 0; j < i; j++)
      if (out->fields[i].name[0] != '\0' &&
          strcmp(out->fields[i].name, out->fields[j].name) == 0)
        larg_error(r->L, r->arg, "%s: two fields are named '%s'", r->what,
                   push_name(r->L, out->fields[i].name));
}

static void read_tuple(const type_reader *r, int idx, ltype_room *out) {
  lua_State *L = r->L;
  lua_Unsigned n = lua_rawlen(L, idx);
  if (n < 1 || n > HMAP_MAX_FIELDS)
    larg_error(L, r->arg, "%s: a tuple has 1 to %d fields, got %I", r->what,
               HMAP_MAX_FIELDS, (LUAI_UACINT)n);
  for (lua_Unsigned i = 0; i < n; i++) {
    if (lua_rawgeti(L, idx, (lua_Integer)i + 1) != LUA_TSTRING)
      larg_error(L, r->arg, "%s: field %I: type name expected, got %s", r->what,
                 (LUAI_UACINT)i + 1, luaL_typename(L, -1));
    read_field(r, ltext_name(L, -1), &out->fields[i]);
    lua_pop(L, 1);
  }
  out->type.kind = HMAP_TUPLE;
  out->type.nfields = (uint32_t)n;
  check_names(r, out);
}

/* The field of a scalar, the same for all maps. The integers of a kind: from
** the least, as many more as its bits say. */
#define BITS(bytes) ((bytes) == 0 || (bytes) > 8 ? 64 : 8 * (bytes))
#define SPAN(bytes) (UINT64_MAX >> (64 - BITS(bytes)))
#define IS_INT(k)   ((k) >= HMAP_INT8 && (k) <= HMAP_UINT64)
static const lfield scalars[] = {
#define HMAP_X(k, name_, bytes, align)                                         \
  {.kind = HMAP_##k,                                                           \
   .size = bytes,                                                              \
   .span = IS_INT(HMAP_##k) ? SPAN(bytes) : 0,                                 \
   .low =                                                                      \
       HMAP_##k <= HMAP_INT64 && IS_INT(HMAP_##k) ? ~(SPAN(bytes) >> 1) : 0},
    HMAP_KINDS(HMAP_X)
#undef HMAP_X
};

static void read_scalar(const type_reader *r, int idx, ltype_room *out) {
  const char *name = ltext_name(r->L, idx);
  lfield *f = &out->fields[0];
  f->name[0] = '\0';
  if (!read_kind(name, f))
    unknown_type(r, name, false);
  out->type.kind = f->kind;
  out->type.nfields = 1;
}

static const ltype scalar_types[] = {
#define HMAP_X(k, name_, bytes, align)                                         \
  {.kind = HMAP_##k,                                                           \
   .shape = HMAP_##k,                                                          \
   .nfields = HMAP_##k != HMAP_NONE,                                           \
   .size = bytes,                                                              \
   .fields = &scalars[HMAP_##k]},
    HMAP_KINDS(HMAP_X)
#undef HMAP_X
};

const ltype *lcell_shared(const ltype *type) {
  bool own = type->kind == HMAP_TUPLE || type->kind == HMAP_BYTES;
  return own ? NULL : &scalar_types[type->kind];
}

static void bound_field(lfield *f) {
  f->span = scalars[f->kind].span;
  f->low = scalars[f->kind].low;
}

/* How far up in a word of the memory's byte order the bytes of a field are. */
static unsigned shift_of(const lfield *f) {
  const uint16_t one = 1;
  bool little = *(const uint8_t *)&one == 1;
  return 8 * (unsigned)(little ? f->offset : 8 - f->offset - f->size);
}

static void shape_type(ltype_room *out) {
  bool word = out->type.kind == HMAP_TUPLE && out->type.size == 8;
  for (uint32_t i = 0; i < out->type.nfields; i++) {
    lfield *f = &out->fields[i];
    f->low = f->span = f->shift = 0;
    if (lcell_isint(f->kind))
      bound_field(f);
    else
      word = false;
    if (word)
      f->shift = shift_of(f);
  }
  out->type.shape = word ? LCELL_WORD : (int)out->type.kind;
}

/* Where each field lies in the cell, the core knows. */
static void place_fields(const type_reader *r, ltype_room *out) {
  hmap_field fields[HMAP_MAX_FIELDS];
  out->type.fields = out->fields;
  hmap_spec spec = lcell_spec(&out->type, fields);
  bool ok = hmap_cell_size(&spec, &out->type.size) == HMAP_OK;
  for (uint32_t i = 0; ok && i < out->type.nfields; i++)
    ok = hmap_field_at(&spec, i, &out->fields[i].offset,
                       &out->fields[i].size) == HMAP_OK;
  if (!ok)
    larg_error(r->L, r->arg, "%s: a type of more than %d bytes", r->what,
               (int)HMAP_MAX_BYTES);
}

void lcell_type(lua_State *L, int idx, int arg, const char *what,
                ltype_room *out) {
  type_reader r = {L, arg, what};
  idx = lua_absindex(L, idx);
  if (lua_type(L, idx) == LUA_TTABLE)
    read_tuple(&r, idx, out);
  else if (lua_type(L, idx) == LUA_TSTRING)
    read_scalar(&r, idx, out);
  else
    larg_error(L, arg, "%s: type name or list of them expected, got %s", what,
               luaL_typename(L, idx));
  if (lcell_shared(&out->type) != NULL) {
    out->type = *lcell_shared(&out->type);
    return;
  }
  place_fields(&r, out);
  shape_type(out);
}

hmap_spec lcell_spec(const ltype *type, hmap_field *fields) {
  hmap_spec spec = {type->kind, 0, NULL};
  if (type->kind == HMAP_BYTES)
    spec.n = type->fields[0].n;
  if (type->kind != HMAP_TUPLE)
    return spec;
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    fields[i] = (hmap_field){f->kind, f->n, f->name};
  }
  spec.n = type->nfields;
  spec.fields = fields;
  return spec;
}

void lcell_pushkind(lua_State *L, const lfield *f) {
  push_kind(L, f->kind, f->n);
}

void lcell_pushtype(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE) {
    push_kind(L, type->kind, type->nfields > 0 ? type->fields[0].n : 0);
    return;
  }
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    luaL_addstring(&b, i == 0 ? "{" : ",");
    luaL_addstring(&b, f->name);
    if (f->name[0] != '\0')
      luaL_addchar(&b, ':');
    push_kind(L, f->kind, f->n);
    luaL_addvalue(&b);
  }
  luaL_addchar(&b, '}');
  luaL_pushresult(&b);
}

void lcell_pushnewtype(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE) {
    lcell_pushtype(L, type);
    return;
  }
  lua_createtable(L, (int)type->nfields, 0);
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    lua_pushfstring(L, "%s%s", f->name, f->name[0] != '\0' ? ":" : "");
    lcell_pushkind(L, f);
    lua_concat(L, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

bool lcell_sametype(const ltype *a, const ltype *b) {
  if (a->kind != b->kind || a->nfields != b->nfields)
    return false;
  for (uint32_t i = 0; i < a->nfields; i++)
    if (a->fields[i].kind != b->fields[i].kind ||
        a->fields[i].n != b->fields[i].n)
      return false;
  return true;
}

/* -- Lua -> cell ---------------------------------------------------------- */

/* 2^63 itself is a float but no integer, so it is asked first. */
static bool exact(lua_Integer i) {
  double f = (double)i;
  return f < 0x1p63 && (lua_Integer)f == i;
}

bool lcell_testfloat(lua_State *L, int idx, hmap_kind kind, double *out) {
  if (lua_type(L, idx) != LUA_TNUMBER ||
      (kind == HMAP_FLOAT64 && lua_isinteger(L, idx) &&
       !exact(lua_tointeger(L, idx))))
    return false;
  *out = (double)lua_tonumber(L, idx);
  return true;
}

double lcell_float(lua_State *L, int arg, const lfield *f, const char *role) {
  double number;
  if (!lcell_testfloat(L, arg, f->kind, &number))
    lcell_type_error(L, arg, f, role);
  return number;
}

/* A float; as a key an integer if it is one. */
static bool test_fraction(lua_State *L, int idx, bool key, hmap_cell *out) {
  int integral = 0;
  lua_Integer i = key ? lua_tointegerx(L, idx, &integral) : 0;
  lua_Number number = lua_tonumber(L, idx);
  *out = integral ? hmap_any_int(i) : hmap_any_float((double)number);
  return !key || number == number;
}

static bool test_text(lua_State *L, int idx, hmap_cell *out) {
  const char *s;
  size_t n;
  if (!lcell_testtext(L, idx, &s, &n))
    return false;
  *out = hmap_text(s, n);
  return true;
}

bool lcell_testany_of(lua_State *L, int idx, int type, const char *role,
                      hmap_cell *out) {
  switch (type) {
  case LUA_TNIL:
  case LUA_TNONE:
    return false;
  case LUA_TBOOLEAN:
    *out = hmap_any_bool(lua_toboolean(L, idx));
    return true;
  case LUA_TNUMBER:
    if (!lua_isinteger(L, idx))
      return test_fraction(L, idx, is_key(role), out);
    *out = hmap_any_int(lua_tointeger(L, idx));
    return true;
  case LUA_TSTRING:
    return test_text(L, idx, out);
  case LUA_TLIGHTUSERDATA:
    *out = hmap_any_object(lua_touserdata(L, idx), 0);
    return true;
  default:
    *out = hmap_any_object(lua_topointer(L, idx), 1);
    return true;
  }
}

static bool test_bytes(lua_State *L, int idx, size_t wanted, void *to) {
  size_t n;
  if (lua_type(L, idx) != LUA_TSTRING)
    return false;
  const char *s = lua_tolstring(L, idx, &n);
  if (n == wanted)
    memcpy(to, s, n);
  return n == wanted;
}

static bool test_int(lua_State *L, int idx, const lfield *f, void *to) {
  lua_Integer i;
  if (!lcell_testint(L, idx, &i) || !lcell_fits(f, i))
    return false;
  lcell_storeint(f->kind, i, to);
  return true;
}

bool lcell_test(lua_State *L, int idx, const lfield *f, const char *role,
                void *to) {
  double number;
  switch (f->kind) {
  case HMAP_FLOAT32:
    if (!lcell_testfloat(L, idx, f->kind, &number))
      return false;
    memcpy(to, &(float){(float)number}, sizeof(float));
    return true;
  case HMAP_FLOAT64:
    if (!lcell_testfloat(L, idx, f->kind, &number))
      return false;
    memcpy(to, &number, sizeof number);
    return true;
  case HMAP_BOOL:
    *(uint8_t *)to = (uint8_t)lua_toboolean(L, idx);
    return lua_isboolean(L, idx);
  case HMAP_STRING:
    return test_text(L, idx, to);
  case HMAP_BYTES:
    return test_bytes(L, idx, f->n, to);
  case HMAP_ANY:
    return lcell_testany(L, idx, role, to);
  default:
    return test_int(L, idx, f, to);
  }
}

static const char *check_bytes(lua_State *L, int arg, const lfield *f,
                               const char *role) {
  size_t n = 0;
  const char *s = NULL;
  if (lua_type(L, arg) == LUA_TSTRING)
    s = lua_tolstring(L, arg, &n);
  if (s == NULL || n != f->n)
    lcell_type_error(L, arg, f, role);
  return s;
}

void *lcell_from(lua_State *L, int arg, const ltype *type, const char *role,
                 lroom *room) {
  if (type->kind == HMAP_BYTES)
    return (void *)(uintptr_t)check_bytes(L, arg, &type->fields[0], role);
  void *cell = room;
  if (type->size > sizeof *room)
    cell = lua_newuserdatauv(L, type->size, 0);
  memset(cell, 0, type->size);
  for (uint32_t i = 0; i < type->nfields; i++, arg++) {
    const lfield *f = &type->fields[i];
    if (UNLIKELY(!lcell_test(L, arg, f, role, (char *)cell + f->offset)))
      lcell_type_error(L, arg, f, role);
  }
  return cell;
}

lua_Integer lcell_natural(lua_State *L, int arg, const char *what) {
  const lfield f = {.kind = HMAP_INT64};
  lua_Integer n = lcell_int(L, arg, &f, what);
  if (n < 0)
    larg_error(L, arg, "%s must not be negative, got %I", what, (LUAI_UACINT)n);
  return n;
}

/* -- cell -> Lua ---------------------------------------------------------- */

static void push_text(lua_State *L, const hmap_cell *cell) {
  lua_pushlstring(L, hmap_text_ptr(cell), hmap_text_len(cell));
}

void lcell_pushany(lua_State *L, int self, const hmap_cell *cell) {
  switch (cell->c.tag) {
  case HMAP_TAG_INT:
    lua_pushinteger(L, cell->c.u.i);
    break;
  case HMAP_TAG_FLOAT:
    lua_pushnumber(L, cell->c.u.f);
    break;
  case HMAP_TAG_BOOL:
    lua_pushboolean(L, cell->c.u.i != 0);
    break;
  case HMAP_TAG_POINTER:
    lua_pushlightuserdata(L, (void *)(uintptr_t)cell->c.u.bits);
    break;
  case HMAP_TAG_OBJECT:
    lobjects_push(L, self, cell->c.len);
    break;
  default:
    push_text(L, cell);
  }
}

static void push_float32(lua_State *L, const void *from) {
  float number;
  memcpy(&number, from, sizeof number);
  lua_pushnumber(L, (lua_Number)number);
}

static void push_float64(lua_State *L, const void *from) {
  double number;
  memcpy(&number, from, sizeof number);
  lua_pushnumber(L, (lua_Number)number);
}

void lcell_pushfield(lua_State *L, int self, const lfield *f,
                     const void *from) {
  switch (f->kind) {
  case HMAP_FLOAT32:
    push_float32(L, from);
    break;
  case HMAP_FLOAT64:
    push_float64(L, from);
    break;
  case HMAP_BOOL:
    lua_pushboolean(L, *(const uint8_t *)from);
    break;
  case HMAP_STRING:
    push_text(L, from);
    break;
  case HMAP_BYTES:
    lua_pushlstring(L, from, f->n);
    break;
  case HMAP_ANY:
    lcell_pushany(L, self, from);
    break;
  default:
    lua_pushinteger(L, lcell_loadint(f->kind, from));
  }
}

uint32_t lcell_push(lua_State *L, int self, const ltype *type, const void *cell,
                    const uint64_t *version) {
  const uint64_t before = *version;
  for (uint32_t i = 0; i < type->nfields; i++) {
    const lfield *f = &type->fields[i];
    if (*version != before)
      return i;
    lcell_pushfield(L, self, f, (const char *)cell + f->offset);
  }
  return type->nfields;
}

static bool all_named(const ltype *type) {
  for (uint32_t i = 0; i < type->nfields; i++)
    if (type->fields[i].name[0] == '\0')
      return false;
  return true;
}

void lcell_fold(lua_State *L, const ltype *type) {
  if (type->kind != HMAP_TUPLE)
    return;
  int n = (int)type->nfields;
  bool named = all_named(type);
  lua_createtable(L, n, 0);
  lua_insert(L, -n - 1);
  for (int i = n; i > 0; i--) { /* stack: table, fields 1 to i */
    if (named)
      lua_setfield(L, -i - 1, type->fields[i - 1].name);
    else
      lua_rawseti(L, -i - 1, i);
  }
}
