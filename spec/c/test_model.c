/* test_model.c: maps of all kinds read as a plain list would (model.h). */
#define _DEFAULT_SOURCE 1
#include "model.h"

/* The constant hash makes one chain of everything; arrays are mapped from 128
** KiB on, or all of them. */
#define TRIAL(key, elem, hash, policy, keys, map_min)                          \
  { key, elem, HMAP_HASH_##hash, HMAP_POLICY_##policy, keys, 3000, map_min, 0 }

static const trial trials[] = {
    TRIAL("int64", "int64", XXH3, GO, 400, 0),
    TRIAL("int64", "int64", CONSTANT, GO, 60, 0),
    TRIAL("int64", "int64", IDENTITY, GO, 400, 1),
    TRIAL("int64", "none", JAVA31, GO, 300, 0),
    TRIAL("int8", "int16", IDENTITY, ADAPTIVE, 256, 0),
    TRIAL("int16", "text", FNV1A, GO, 300, 1),
    TRIAL("int32", "any", XXH3, REDIS, 300, 0),
    TRIAL("uint8", "[136]byte", XXH3, ALL_AT_ONCE, 256, 0),
    TRIAL("uint16", "bool", XXH3, GO, 300, 0),
    TRIAL("uint32", "float32", XXH3, ADAPTIVE, 300, 1),
    TRIAL("uint64", "record", IDENTITY, GO, 300, 0),
    TRIAL("float32", "uint64", FNV1A, GO, 300, 0),
    TRIAL("float64", "float64", XXH3, ADAPTIVE, 300, 0),
    TRIAL("bool", "bool", XXH3, GO, 2, 0),
    TRIAL("short text", "short text", XXH3, GO, 300, 0),
    TRIAL("text", "text", XXH3, GO, 300, 0),
    TRIAL("text", "int64", CONSTANT, ADAPTIVE, 60, 0),
    TRIAL("text", "none", JAVA31, REDIS, 300, 1),
    TRIAL("[1]byte", "int8", XXH3, GO, 256, 0),
    TRIAL("[16]byte", "point", XXH3, ADAPTIVE, 300, 0),
    TRIAL("[136]byte", "text", XXH3, GO, 300, 1),
    TRIAL("[136]byte", "[136]byte", FNV1A, ADAPTIVE, 200, 0),
    TRIAL("any", "any", XXH3, GO, 300, 0),
    TRIAL("any", "text", CONSTANT, ADAPTIVE, 60, 1),
    TRIAL("point", "any", XXH3, ALL_AT_ONCE, 300, 0),
    TRIAL("record", "record", XXH3, GO, 300, 1),
    TRIAL("record", "int64", FNV1A, ADAPTIVE, 300, 0),
};

#define NTRIALS (sizeof trials / sizeof trials[0])

static const char *const hash_names[] = {
#define X(hash, name) name,
    HMAP_HASHES(X)
#undef X
};
static const char *const policy_names[] = {
#define X(preset, name, ...) name,
    HMAP_POLICIES(X)
#undef X
};

static void reads_as_a_list_would(void) {
  memory = (heap){.bytes = 0};
  run_trial();
}

int main(int argc, char **argv) {
  char sentence[160];
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  for (size_t i = 0; i < NTRIALS; i++) {
    on = &trials[i];
    chance = seed * 1000 + i;
    (void)snprintf(sentence, sizeof sentence,
                   "%s -> %s by %s under policy %s reads as a list would",
                   on->key, on->elem, hash_names[on->hash],
                   policy_names[on->preset]);
    it(sentence, reads_as_a_list_would);
  }
  return summary();
}
