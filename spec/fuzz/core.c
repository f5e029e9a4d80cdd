/* core.c: bytes as the life of a map in C (moves_life.h): the first ones say
** which map, each other one a command or what it is told. Everything after a
** command is held against the list, and every law of the structure, too. */
#define _DEFAULT_SOURCE 1
#include "../c/moves_life.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Never "none", which is first. */
static const char *draw_key(void) {
  return kinds[1 + upto(sizeof kinds / sizeof kinds[0] - 2)].name;
}

static void live_by_script(void) {
  while (script_left > 0) {
    run_command(&commands[upto(NCOMMANDS - 1)]);
    life.step++;
  }
  expect_sound(m);
  expect_the_list();
  expect_told();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  script = bytes;
  script_left = size;
  if (setjmp(check_end) != 0) {
    (void)fprintf(stderr, "%s\n", epitaph());
    abort();
  }
  const char *key_name = draw_key();
  draw_life(key_name, upto(UINT8_MAX));
  be_born();
  live_by_script();
  die();
  return 0;
}
