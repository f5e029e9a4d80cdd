/* rekey.c: the move to a fresh hash key, and the keys that were before.
**
** The map keeps its last HMAP_MAX_PAST hash keys: iterators and cursors that
** began under one of them ask it how far they had come.
*/
#include "core/map/rekey.h"

#include "core/map/policy.h"
#include "core/map/resize.h"

const hash_key *hmapi_hash_key_of(const hmap *m, uint32_t epoch) {
  if (epoch == m->epoch)
    return &m->k;
  const old_hash_key *p = m->past;
  for (uint32_t e = m->epoch - 1; p != NULL && e != epoch; e--)
    p = p->older;
  return p != NULL ? &p->k : NULL;
}

void hmapi_forget_hash_keys(hmap *m, unsigned copy_to_stack) {
  old_hash_key **p = &m->past;
  for (; *p != NULL && copy_to_stack > 0; copy_to_stack--)
    p = &(*p)->older;
  while (*p != NULL) {
    old_hash_key *gone = *p;
    *p = gone->older;
    if (gone->k.own_secret)
      hmapi_free(&m->heap, PART_HEADER, (void *)(uintptr_t)gone->k.secret,
                 SECRET_BYTES);
    hmapi_free(&m->heap, PART_HEADER, gone, sizeof *gone);
  }
}

static uint64_t rand64(hmap *m) {
  uint64_t high = hmapi_rand(&m->rng);
  return high << 32 | hmapi_rand(&m->rng);
}

/* A fresh secret and hash0. A hash without a key would put every entry where it
** was, so XXH3 takes its place. */
static void draw_hash_key(hmap *m, uint8_t *secret) {
  hmapi_seeded_secret(rand64(m), secret);
  set_secret(&m->k, secret, true);
  if (m->k.hash != HMAP_HASH_CUSTOM)
    m->k.hash = HMAP_HASH_XXH3;
  m->epoch++;
  draw_hash0(m);
}

hmap_status hmapi_begin_rekey(hmap *m) {
  assert(!growing(m));
  hmap_status why = HMAP_OK;
  old_hash_key *past = hmapi_alloc(&m->heap, PART_HEADER, sizeof *past, &why);
  uint8_t *secret =
      past == NULL ? NULL
                   : hmapi_alloc(&m->heap, PART_HEADER, SECRET_BYTES, &why);
  array *to = secret == NULL ? NULL : hmapi_array_new(m, m->B, &why);
  if (to == NULL) {
    if (secret != NULL)
      hmapi_free(&m->heap, PART_HEADER, secret, SECRET_BYTES);
    if (past != NULL)
      hmapi_free(&m->heap, PART_HEADER, past, sizeof *past);
    return why;
  }
  *past = (old_hash_key){m->k, m->past};
  m->past = past;
  hmapi_forget_hash_keys(m, HMAP_MAX_PAST);
  draw_hash_key(m, secret);
  hmapi_commit_resize(m, HMAP_GROW_REKEY, to, m->B);
  return HMAP_OK;
}
