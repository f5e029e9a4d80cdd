/* note.c: types into notes, and back. */
#include "binding/file/note.h"

#define MAGIC "lua1"

/* -- writing -------------------------------------------------------------- */

static void add(lnote_text *to, const char *bytes, size_t n) {
  memcpy(to->bytes + to->n, bytes, n);
  to->n += n;
}

static void add_byte(lnote_text *to, size_t byte) {
  to->bytes[to->n++] = (char)byte;
}

/* add_name [-1, +0, -]: the kind on top, behind the name of its field. */
static void add_name(lua_State *L, lnote_text *to, const char *field) {
  size_t named = strlen(field), n = lua_rawlen(L, -1);
  add_byte(to, named + (named > 0) + n);
  add(to, field, named);
  add(to, ":", named > 0);
  add(to, lua_tostring(L, -1), n);
  lua_pop(L, 1);
}

static void add_type(lua_State *L, lnote_text *to, const ltype *type) {
  bool tuple = type->kind == HMAP_TUPLE;
  add_byte(to, tuple ? type->nfields : 0);
  if (!tuple) {
    lcell_pushtype(L, type);
    add_name(L, to, "");
  }
  for (uint32_t i = 0; tuple && i < type->nfields; i++) {
    lcell_pushkind(L, &type->fields[i]);
    add_name(L, to, type->fields[i].name);
  }
}

void lnote_write(lua_State *L, const lmap *h, lnote_text *out) {
  out->n = 0;
  add(out, MAGIC, sizeof MAGIC - 1);
  add_type(L, out, h->conf.key);
  add_type(L, out, h->conf.value);
}

/* -- reading -------------------------------------------------------------- */

/* What is left of a note; NULL: it is none. */
typedef struct reader {
  const char *at, *end;
} reader;

static const char *take(reader *r, size_t n) {
  if (r->at == NULL || (size_t)(r->end - r->at) < n) {
    r->at = NULL;
    return NULL;
  }
  const char *at = r->at;
  r->at += n;
  return at;
}

static size_t take_byte(reader *r) {
  const char *at = take(r, 1);
  return at == NULL ? 0 : *(const unsigned char *)at;
}

/* push_name [-0, +1, m] */
static void push_name(lua_State *L, reader *r) {
  size_t n = take_byte(r);
  const char *name = take(r, n);
  lua_pushlstring(L, name, name == NULL ? 0 : n);
}

/* push_type [-0, +1, m]: a type as hmap.new takes it. */
static void push_type(lua_State *L, reader *r) {
  size_t n = take_byte(r);
  if (n == 0) {
    push_name(L, r);
    return;
  }
  lua_newtable(L);
  for (size_t i = 1; i <= n && r->at != NULL; i++) {
    push_name(L, r);
    lua_rawseti(L, -2, (lua_Integer)i);
  }
}

/* push_spec [-0, +1, m]: the same of what the core knows. */
static void push_spec(lua_State *L, const hmap_spec *spec) {
  lfield f = {.kind = spec->kind, .n = spec->n};
  if (spec->kind != HMAP_TUPLE) {
    lcell_pushkind(L, &f);
    return;
  }
  lua_createtable(L, (int)spec->n, 0);
  for (uint32_t i = 0; i < spec->n; i++) {
    f.kind = spec->fields[i].kind;
    f.n = spec->fields[i].n;
    lcell_pushkind(L, &f);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static bool same_spec(const hmap_spec *a, const hmap_spec *b) {
  bool same =
      a->kind == b->kind &&
      (a->n == b->n || (a->kind != HMAP_BYTES && a->kind != HMAP_TUPLE));
  for (uint32_t i = 0; same && a->kind == HMAP_TUPLE && i < a->n; i++)
    same =
        a->fields[i].kind == b->fields[i].kind &&
        (a->fields[i].n == b->fields[i].n || a->fields[i].kind != HMAP_BYTES);
  return same;
}

/* Whether the core keeps cells of this type as the file has them. */
static bool is_kept_as(const ltype *type, bool key, const hmap_spec *spec) {
  hmap_field fields[HMAP_MAX_FIELDS];
  hmap_spec own = lcell_spec(type, fields);
  if (key && type->shape == LCELL_WORD)
    own = (hmap_spec){.kind = HMAP_UINT64};
  return same_spec(&own, spec);
}

/* read_type [-1, +0, v] */
static void read_type(lua_State *L, int arg, const char *what,
                      ltype_room *out) {
  lcell_type(L, -1, arg, what, out);
  lua_pop(L, 1);
}

void lnote_read(lua_State *L, const hmap_file *file, int arg, ltype_room *key,
                ltype_room *value) {
  reader r = {file->note, NULL};
  if (r.at != NULL)
    r.end = r.at + file->note_bytes;
  const char *magic = take(&r, sizeof MAGIC - 1);
  if (magic != NULL && memcmp(magic, MAGIC, sizeof MAGIC - 1) == 0) {
    push_type(L, &r);
    push_type(L, &r); /* stack: .. key value */
  }
  if (magic != NULL && r.at == r.end) {
    read_type(L, arg, "value in the file", value);
    read_type(L, arg, "key in the file", key);
    if (is_kept_as(&key->type, true, &file->key) &&
        is_kept_as(&value->type, false, &file->elem))
      return;
  }
  push_spec(L, &file->key);
  read_type(L, arg, "key in the file", key);
  push_spec(L, &file->elem);
  read_type(L, arg, "value in the file", value);
}
