/* job.h: a file that is being written or read, while Lua does other things.
**
**   for done, total in m:saving(path, n) do ... end
**   next | job | nil | job          the generic for closes the fourth value
**
** What a job holds is not on the Lua heap: its userdata has a pointer to it,
** and the lgc has it in its list, in case that no finalizer is called.
*/
#ifndef HMAP_BINDING_JOB_H
#define HMAP_BINDING_JOB_H

#include "binding/data/options.h"
#include "binding/file/disk.h"

typedef struct ljob {
  lowned owned;
  lgc *gc;
  ldisk disk;
  hmap_saver *saver;
  hmap_loader *loader;
  size_t n;         /* entries of a step */
  bool over;        /* all entries are there */
  uint64_t total;   /* entries, as the header of the file says */
  loptions options; /* of the map that is loaded */
} ljob;

enum { LJOB_SUBJECT = 1, LJOB_PATH, LJOB_VALUES = LJOB_PATH }; /* user values */

/* ljob_path [-0, +0, v]: the path at arg. */
const char *ljob_path(lua_State *L, int arg);

/* ljob_size [-0, +0, v]: how many entries a step has, at arg. */
size_t ljob_size(lua_State *L, int arg);

/* ljob_push [-0, +1, v]: a new job; its user values are what is at these
** indices. */
ljob *ljob_push(lua_State *L, int subject, int path);
/* ljob_at [-0, +0, -]: NULL: it has ended. */
ljob *ljob_at(lua_State *L, int idx);
/* Ends it; the disk is as before if it was not done. */
void ljob_end(lua_State *L, int idx);

/* ljob_iterate [-0, +3, m]: makes of next and the job on top the values of a
** generic for; how many they are. */
int ljob_iterate(lua_State *L, lua_CFunction next);

/* ljob_raise [-0, +0, v]: "cannot save to PATH: ..." */
_Noreturn void ljob_raise(lua_State *L, const char *doing, int path,
                          const char *why);

void ljob_open(lua_State *L);

#endif
