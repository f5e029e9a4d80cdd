/* type.h: from the names of types to the bytes of cells and buckets.
**
** A type says how one key and one elem lie in memory, by Go's rules for a
** struct with these members; what their cells own; and by which of a few ways
** they are hashed and compared. It is made once for a map and never changes.
** Knows text, not maps.
*/
#ifndef HMAP_CORE_TYPE_H
#define HMAP_CORE_TYPE_H

#include "core/bytes.h"
#include "hmap_inspect.h"

/* One member of a tuple, or the whole of any other cell. */
typedef struct field {
  hmap_kind kind;
  uint32_t offset, size;
} field;

/* One side, key or elem. */
typedef struct cell_type {
  hmap_kind kind;
  uint32_t size;  /* bytes of a cell */
  uint32_t align; /* of a cell */
  uint32_t slot;  /* bytes in the bucket: size, or a pointer's 8 */
  bool indirect;  /* size > HMAP_MAX_INLINE: the slot holds a pointer */
  bool text;      /* cells may own text */
  bool floats;    /* equal cells may differ in bytes: an update writes the key
                  ** too (Go: needkeyupdate), and NaN is unequal to itself */
  bool plain;     /* equal iff the bytes are */
  uint32_t nfields;
  const field *fields; /* one of the whole cell unless it is a tuple */
} cell_type;

typedef struct hmap_type {
  cell_type key, elem;
  uint32_t keys_at, elems_at, overflow_at, bucket_size; /* bytes */
  bool bucket_pointers; /* Go's garbage collector would look into a bucket:
                        ** evacuate then clears what it leaves behind */
  size_t bytes;         /* of this struct and its fields; 0: it is shared */
  field fields[];       /* of key, then of elem; none if it is shared */
} hmap_type;

/* -- the commonest types as constants -------------------------------------- */

/* Code compiled with one of these asks nothing of the type. Of its elems it
** knows only that they are 8 bytes and own nothing. */
static const field word_field = {HMAP_INT64, 0, 8};
static const field text_field = {HMAP_STRING, 0, 16};
#define TO_WORD(key_kind, key_size, key_text, key_field)                       \
  {                                                                            \
    .key = {.kind = key_kind,                                                  \
            .size = key_size,                                                  \
            .align = 8,                                                        \
            .slot = key_size,                                                  \
            .text = key_text,                                                  \
            .plain = !key_text,                                                \
            .nfields = 1,                                                      \
            .fields = key_field},                                              \
    .elem = {.size = 8, .slot = 8}, .keys_at = HMAP_BUCKET_COUNT,              \
    .elems_at = HMAP_BUCKET_COUNT * (1 + key_size),                            \
    .overflow_at = HMAP_BUCKET_COUNT * (1 + key_size + 8),                     \
    .bucket_size = HMAP_BUCKET_COUNT * (1 + key_size + 8) + 8,                 \
    .bucket_pointers = key_text,                                               \
  }
static const hmap_type word_to_word =
    TO_WORD(HMAP_INT64, 8, false, &word_field);
static const hmap_type text_to_word =
    TO_WORD(HMAP_STRING, 16, true, &text_field);
#undef TO_WORD

/* What a map is of if nobody has said what. */
static const field any_field = {HMAP_ANY, 0, 16};
#define ANY_CELL                                                               \
  {                                                                            \
    .kind = HMAP_ANY, .size = 16, .align = 8, .slot = 16, .text = true,        \
    .floats = true, .nfields = 1, .fields = &any_field                         \
  }
static const hmap_type any_to_any = {
    .key = ANY_CELL,
    .elem = ANY_CELL,
    .keys_at = HMAP_BUCKET_COUNT,
    .elems_at = HMAP_BUCKET_COUNT * (1 + 16),
    .overflow_at = HMAP_BUCKET_COUNT * (1 + 16 + 16),
    .bucket_size = HMAP_BUCKET_COUNT * (1 + 16 + 16) + 8,
    .bucket_pointers = true,
};
#undef ANY_CELL

static inline bool is_any_to_any(const hmap_type *t) {
  return t->key.kind == HMAP_ANY && t->elem.kind == HMAP_ANY;
}

static inline bool is_to_word(const hmap_type *t) {
  return t->elem.slot == 8 && !t->elem.text && !t->elem.indirect;
}

/* ------------------------------------------------------------------------- */

/* Fields that a type of these specs needs room for; HMAP_EINVAL if they cannot
** be a map's. */
HIDDEN hmap_status hmapi_type_check(const hmap_spec *key, const hmap_spec *elem,
                                    size_t *nfields);
/* The type of these specs that all maps share, if there is one. */
HIDDEN const hmap_type *hmapi_common_type(const hmap_spec *key,
                                          const hmap_spec *elem);
/* Fills *t, which has room for the fields that hmapi_type_check counted. */
HIDDEN void hmapi_type_init(hmap_type *t, const hmap_spec *key,
                            const hmap_spec *elem);
HIDDEN void hmapi_type_layout(const hmap_type *t, hmap_layout *out);

#endif
