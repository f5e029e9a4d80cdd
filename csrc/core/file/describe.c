/* describe.c: what a header says of its map: names, never numbers of enums. */
#include "core/file/describe.h"

static const char *const kind_names[] = {
#define HMAP_X(kind, name, bytes, align) name,
    HMAP_KINDS(HMAP_X)
#undef HMAP_X
};
static const char *const hash_names[] = {
#define HMAP_X(hash, name) name,
    HMAP_HASHES(HMAP_X)
#undef HMAP_X
};
#define COUNT(names) (sizeof(names) / sizeof(names)[0])

/* -- writing -------------------------------------------------------------- */

typedef struct pen {
  char *to; /* NULL: nothing is written */
  size_t n;
} pen;

static void put_bytes(pen *p, const void *bytes, size_t n) {
  if (p->to != NULL && n > 0)
    memcpy(p->to + p->n, bytes, n);
  p->n += n;
}

static void put_number(pen *p, uint64_t v, size_t n) {
  uint8_t bytes[8];
  store_le(bytes, v, n);
  put_bytes(p, bytes, n);
}

static void put_double(pen *p, double f) {
  uint64_t bits;
  memcpy(&bits, &f, sizeof bits);
  put_number(p, bits, 8);
}

static void put_name(pen *p, const char *name) {
  size_t n = strlen(name);
  put_number(p, n, 1);
  put_bytes(p, name, n);
}

static void put_kind(pen *p, hmap_kind kind, uint64_t n) {
  put_name(p, kind_names[kind]);
  put_number(p, n, 4);
}

static void put_field(pen *p, const field *f) {
  put_kind(p, f->kind, f->kind == HMAP_BYTES ? f->size : 0);
}

static void put_type(pen *p, const cell_type *c) {
  if (c->kind == HMAP_TUPLE)
    put_kind(p, c->kind, c->nfields);
  for (uint32_t i = 0; i < c->nfields; i++)
    put_field(p, &c->fields[i]);
}

static void put_policy(pen *p, const hmap_policy *policy) {
  put_double(p, policy->load);
  put_double(p, policy->shrink);
  put_number(p, policy->moves, 4);
  put_number(p, policy->empty_visits, 4);
  put_number(p, policy->chain_alarm, 4);
  put_number(p, (uint64_t)policy->step_on, 1);
  put_number(p, policy->same_size, 1);
  put_number(p, policy->all_at_once, 1);
}

size_t hmapi_describe(const hmap *m, const void *note, size_t n, void *to) {
  pen p = {to, 0};
  put_number(&p, m->count, 8);
  put_type(&p, &m->t->key);
  put_type(&p, &m->t->elem);
  put_name(&p, hash_names[m->k.hash]);
  put_number(&p, m->seeded, 1);
  put_number(&p, m->seeded ? m->seed : 0, 8);
  put_policy(&p, &m->policy);
  put_number(&p, n, 4);
  put_bytes(&p, note, n);
  return p.n;
}

/* -- reading -------------------------------------------------------------- */

/* What is left of it; once something was not there, nothing is. */
typedef struct text {
  const char *at;
  size_t left;
  bool ended;
} text;

static const void *get_bytes(text *t, size_t n) {
  if (n > t->left) {
    t->ended = true;
    t->left = 0;
    return NULL;
  }
  const char *at = t->at;
  t->at += n;
  t->left -= n;
  return at;
}

static uint64_t get_number(text *t, size_t n) {
  const void *at = get_bytes(t, n);
  return at == NULL ? 0 : load_le(at, n);
}

static double get_double(text *t) {
  uint64_t bits = get_number(t, 8);
  double f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/* The place of a name in a list; n: it is not there. */
static size_t get_name(text *t, const char *const *names, size_t n) {
  size_t length = (size_t)get_number(t, 1), i = 0;
  const char *name = get_bytes(t, length);
  while (i < n && (name == NULL || strlen(names[i]) != length ||
                   memcmp(names[i], name, length) != 0))
    i++;
  return i;
}

/* NONE, which no field can be, stands for a name that is none. */
static hmap_field get_field(text *t) {
  size_t kind = get_name(t, kind_names, COUNT(kind_names));
  uint32_t n = (uint32_t)get_number(t, 4);
  return (hmap_field){kind < COUNT(kind_names) ? (hmap_kind)kind : HMAP_NONE, n,
                      NULL};
}

static hmap_spec get_type(text *t, hmap_field *fields) {
  hmap_field f = get_field(t);
  if (f.kind == HMAP_TUPLE && f.n <= HMAP_MAX_FIELDS)
    for (uint32_t i = 0; i < f.n; i++)
      fields[i] = get_field(t);
  return (hmap_spec){f.kind, f.n, f.kind == HMAP_TUPLE ? fields : NULL};
}

static void get_policy(text *t, hmap_policy *out) {
  out->load = get_double(t);
  out->shrink = get_double(t);
  out->moves = (uint32_t)get_number(t, 4);
  out->empty_visits = (uint32_t)get_number(t, 4);
  out->chain_alarm = (uint32_t)get_number(t, 4);
  out->step_on = (hmap_step_on)get_number(t, 1);
  out->same_size = get_number(t, 1) != 0;
  out->all_at_once = get_number(t, 1) != 0;
}

const char *hmapi_read_description(const void *from, size_t n,
                                   hmap_field *fields, hmap_file *file) {
  text t = {from, n, false};
  size_t nfields;
  const char *which;
  file->count = get_number(&t, 8);
  file->key = get_type(&t, fields);
  file->elem = get_type(&t, fields + HMAP_MAX_FIELDS);
  size_t hash = get_name(&t, hash_names, COUNT(hash_names));
  file->hash = (hmap_hash)hash;
  file->seeded = get_number(&t, 1) != 0;
  file->seed = get_number(&t, 8);
  get_policy(&t, &file->policy);
  file->note_bytes = (size_t)get_number(&t, 4);
  file->note = get_bytes(&t, file->note_bytes);
  if (t.ended || t.left > 0)
    return "the description has another length";
  if (hmapi_type_check(&file->key, &file->elem, &nfields) != HMAP_OK)
    return "the types are none that a map can have";
  if (hash == COUNT(hash_names))
    return "the hash is none that is known";
  if (hmap_policy_check(&file->policy, &which) != HMAP_OK)
    return "the policy is none that a map can have";
  return NULL;
}
