/* crash.c: a program is killed while it saves a map, at each call to the system
** that the saving makes, and before or after half of it; or the call fails.
** What is at the path is then the map of before or the new one, whole.
**
** A child does the saving, so that the parent can look at what it left. */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../c/check.h"
#include "state.h"

/* -- calls to the system -------------------------------------------------- */

/* Made by --wrap of the linker. */
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __real_openat(int folder, const char *path, int flags, mode_t mode);
int __wrap_openat(int folder, const char *path, int flags, mode_t mode);

typedef enum fate { DIES_BEFORE, DIES_AFTER, FAILS } fate;

static fault at;  /* the call whose turn has come */
static fate what; /* becomes of it */
enum { KILLED = 9, REFUSED = 8 };

/* Whether the call fails. */
static bool turn(void) {
  bool now = refuses(&at);
  if (now && what == DIES_BEFORE)
    _exit(KILLED);
  if (now && what == FAILS)
    errno = ENOSPC;
  return now && what == FAILS;
}
static void after(void) {
  if (at.armed && at.requests == at.refuse_at && what == DIES_AFTER)
    _exit(KILLED);
}

/* Half of it, if it is the last. */
ssize_t __wrap_write(int fd, const void *bytes, size_t n) {
  if (turn())
    return -1;
  bool dies = at.armed && at.requests == at.refuse_at;
  ssize_t done = __real_write(fd, bytes, dies ? n / 2 : n);
  after();
  return done;
}
int __wrap_fsync(int fd) {
  int done = turn() ? -1 : __real_fsync(fd);
  after();
  return done;
}
int __wrap_close(int fd) { /* closed, whatever it says */
  bool fails = turn();
  int done = __real_close(fd);
  after();
  return fails ? -1 : done;
}
int __wrap_renameat(int from, const char *a, int to, const char *b) {
  int done = turn() ? -1 : __real_renameat(from, a, to, b);
  after();
  return done;
}
int __wrap_openat(int folder, const char *path, int flags, mode_t mode) {
  int done = turn() ? -1 : __real_openat(folder, path, flags, mode);
  after();
  return done;
}

/* -- the saving ----------------------------------------------------------- */

static char folder[] = "/tmp/hmap-crash-XXXXXX";
static char path[64];

/* Of 3000 entries with texts: a file of two blocks. */
#define MAKE                                                                   \
  "local hmap = require 'hmap'\n"                                              \
  "local path, which = ...\n"                                                  \
  "local function value(which, i) return (which .. i):rep(20) end\n"

static const char save_once[] =
    MAKE "local m = hmap.new {key = 'int64', value = 'string'}\n"
         "for i = 1, 3000 do m:set(i, value(which, i)) end\n"
         "m:save(path)\n";

static const char save_in_steps[] =
    MAKE "local m = hmap.new {key = 'int64', value = 'string'}\n"
         "for i = 1, 3000 do m:set(i, value(which, i)) end\n"
         "for _ in m:saving(path, 700) do end\n";

/* Which of the two maps it is; raises if it is none of them. */
static const char which_is_there[] =
    MAKE "local m = hmap.load(path)\n"
         "local which = m:get(1):match '^%a+'\n"
         "assert(#m == 3000 and m:check())\n"
         "for i = 1, 3000 do assert(m:get(i) == value(which, i)) end\n"
         "return which\n";

/* Runs a script; its result, or NULL and why it raised. */
static const char *run(const char *script, const char *which, char out[200]) {
  budget b = {0};
  lua_State *L = state_new(&b);
  EXPECT(L != NULL);
  state_open(L);
  bool ok = luaL_loadstring(L, script) == LUA_OK;
  EXPECT_SAY(ok, "%s", lua_tostring(L, -1));
  lua_pushstring(L, path);
  lua_pushstring(L, which);
  at.armed = at.refuse_at > 0;
  ok = lua_pcall(L, 2, 1, 0) == LUA_OK;
  at.armed = false;
  const char *said = lua_tostring(L, -1);
  (void)snprintf(out, 200, "%s", said != NULL ? said : "");
  lua_close(L);
  return ok ? out : NULL;
}

/* Saves in a process of its own; how that ended. */
static int child(const char *script, size_t nth) {
  char why[200];
  pid_t pid = fork();
  EXPECT(pid >= 0);
  if (pid == 0) {
    at = (fault){.refuse_at = nth, .refusals = 1};
    const char *said = run(script, "new", why);
    if (said == NULL && strstr(why, "No space left on device") == NULL)
      _exit(1);
    _exit(said == NULL ? REFUSED : at.requests >= nth ? 2 : 0);
  }
  int status;
  EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static unsigned files_there(void) {
  unsigned n = 0;
  DIR *d = opendir(folder);
  EXPECT(d != NULL);
  for (struct dirent *e; (e = readdir(d)) != NULL;)
    n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
  (void)closedir(d);
  return n;
}

static void remove_leftovers(void) {
  DIR *d = opendir(folder);
  EXPECT(d != NULL);
  for (struct dirent *e; (e = readdir(d)) != NULL;)
    if (strncmp(e->d_name, ".hmap-", 6) == 0)
      (void)unlinkat(dirfd(d), e->d_name, 0);
  (void)closedir(d);
}

/* The old map is there; then the n-th call is the last. false: there is none.
*/
static bool old_or_new(const char *script, size_t nth, unsigned *olds) {
  char out[200];
  at = (fault){.refuse_at = 0};
  EXPECT_SAY(run(save_once, "old", out) != NULL, "%s", out);
  int end = child(script, nth);
  EXPECT_SAY(end == 0 || end == KILLED || end == REFUSED || end == 2,
             "call %zu: ends with %d", nth, end);
  const char *there = run(which_is_there, "", out);
  EXPECT_SAY(there != NULL, "call %zu: %s", nth, out);
  EXPECT(strcmp(there, "old") == 0 || strcmp(there, "new") == 0);
  bool is_old = strcmp(there, "old") == 0;
  EXPECT(end != 0 || !is_old);
  EXPECT_SAY(end == KILLED || files_there() == 1, "call %zu leaves a file",
             nth);
  remove_leftovers();
  *olds += is_old;
  return end != 0;
}

static void at_every_call(const char *script, fate how) {
  unsigned olds = 0;
  size_t n = 1;
  what = how;
  while (old_or_new(script, n, &olds))
    n++;
  EXPECT_SAY(n > 8 && olds >= 5 && olds < n, "%zu calls, %u old", n, olds);
}

static void killed_before(void) {
  at_every_call(save_once, DIES_BEFORE);
  at_every_call(save_in_steps, DIES_BEFORE);
}
static void killed_after(void) {
  at_every_call(save_once, DIES_AFTER);
  at_every_call(save_in_steps, DIES_AFTER);
}
static void failing(void) {
  at_every_call(save_once, FAILS);
  at_every_call(save_in_steps, FAILS);
}

int main(void) {
  if (mkdtemp(folder) == NULL)
    abort();
  (void)snprintf(path, sizeof path, "%s/map", folder);
  it("a map that is being saved is the old or the new one, whichever call it "
     "is "
     "killed before",
     killed_before);
  it("and whichever call it is killed after, half of it written", killed_after);
  it("whichever call fails, the old map stays or the new one is there, and "
     "nothing else",
     failing);
  (void)unlink(path);
  (void)rmdir(folder);
  return summary();
}
