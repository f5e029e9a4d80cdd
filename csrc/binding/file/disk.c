/* disk.c: files by POSIX. */
#if defined(__linux__)
#  define _GNU_SOURCE 1
#  if defined(__SIZEOF_LONG__) && __SIZEOF_LONG__ == 4
#    define _FILE_OFFSET_BITS 64
#  endif
#else
#  define _DARWIN_C_SOURCE 1
#endif
#include "binding/file/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#  include <sys/random.h>
#endif

void ldisk_init(ldisk *d) {
  memset(d, 0, sizeof *d);
  d->fd = d->folder = -1;
}

static bool fail(ldisk *d, const char *why) {
  d->error = errno;
  d->why = why;
  return false;
}

const char *ldisk_reason(const ldisk *d) {
  return d->why != NULL ? d->why : strerror(d->error);
}

void ldisk_close(ldisk *d) {
  if (d->fd >= 0)
    (void)close(d->fd);
  if (d->temporary[0] != '\0')
    (void)unlinkat(d->folder, d->temporary, 0);
  if (d->folder >= 0)
    (void)close(d->folder);
  d->temporary[0] = '\0';
  d->fd = d->folder = -1;
}

/* -- writing -------------------------------------------------------------- */

/* Where path leads: a link is followed, so that it stays and what it names
** changes. */
static bool resolve(ldisk *d, const char *path, char out[PATH_MAX]) {
  struct stat s;
  size_t n = strlen(path);
  if (lstat(path, &s) == 0 && S_ISLNK(s.st_mode))
    return realpath(path, out) != NULL || fail(d, NULL);
  if (n >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return fail(d, NULL);
  }
  memcpy(out, path, n + 1);
  return true;
}

/* Opens the folder and keeps the name in it. */
static bool open_folder(ldisk *d, char *path) {
  char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  const char *folder = slash == NULL ? "." : slash == path ? "/" : path;
  errno = name[0] == '\0' ? ENOENT : ENAMETOOLONG;
  if (name[0] == '\0' || strlen(name) >= sizeof d->name)
    return fail(d, NULL);
  memcpy(d->name, name, strlen(name) + 1);
  if (slash != NULL)
    *slash = '\0';
  d->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return d->folder >= 0 || fail(d, NULL);
}

/* A name that nobody can guess; where the system has no random numbers, one
** that nobody else has. */
static void draw_name(ldisk *d) {
  uint64_t word;
  if (getentropy(&word, sizeof word) != 0)
    word = (uint64_t)time(NULL) << 32 ^ (uint64_t)clock() << 20 ^
           (uint64_t)getpid() ^ (uint64_t)(uintptr_t)d;
  (void)snprintf(d->temporary, sizeof d->temporary, ".hmap-%016llx",
                 (unsigned long long)word);
}

static bool open_temporary(ldisk *d) {
  for (int tries = 0; d->fd < 0 && tries < 8; tries++) {
    draw_name(d);
    d->fd = openat(d->folder, d->temporary,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (d->fd < 0 && errno != EEXIST)
      break;
  }
  if (d->fd < 0) {
    d->temporary[0] = '\0'; /* not ours */
    return fail(d, NULL);
  }
  return true;
}

/* What is there is a file, whose owner and rights the new one takes over as far
** as it may. */
static bool take_after(ldisk *d) {
  struct stat s;
  if (fstatat(d->folder, d->name, &s, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || fail(d, NULL);
  if (S_ISDIR(s.st_mode)) {
    errno = EISDIR;
    return fail(d, NULL);
  }
  if (!S_ISREG(s.st_mode))
    return fail(d, "what is there is not a file");
  if (fchown(d->fd, s.st_uid, s.st_gid) == 0 || errno == EPERM)
    (void)fchmod(d->fd, s.st_mode & 0777);
  return true;
}

bool ldisk_create(ldisk *d, const char *path) {
  char there[PATH_MAX];
  bool ok = resolve(d, path, there) && open_folder(d, there) &&
            open_temporary(d) && take_after(d);
  if (!ok)
    ldisk_close(d);
  return ok;
}

/* So many bytes are on their way at most when a sync is asked for: else it
** would wait for all of them. */
#define PUSH_BYTES ((uint64_t)1 << 20)

static void push_on(ldisk *d) {
#if defined(__linux__)
  if (d->bytes - d->pushed < PUSH_BYTES)
    return;
  (void)sync_file_range(d->fd, (off_t)d->pushed, (off_t)(d->bytes - d->pushed),
                        SYNC_FILE_RANGE_WRITE);
#endif
  d->pushed = d->bytes;
}

bool ldisk_write(ldisk *d, const void *bytes, size_t n) {
  for (const char *from = bytes; n > 0;) {
    ssize_t done = write(d->fd, from, n);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return fail(d, NULL);
    from += done;
    n -= (size_t)done;
    d->bytes += (uint64_t)done;
  }
  push_on(d);
  return true;
}

/* Some file systems have no folders to sync. */
static bool sync_folder(ldisk *d) {
  return fsync(d->folder) == 0 || errno == EINVAL || errno == ENOTSUP ||
         fail(d, NULL);
}

static bool close_file(ldisk *d) {
  int fd = d->fd;
  d->fd = -1;
  return close(fd) == 0 || errno == EINTR || fail(d, NULL);
}

static bool put_in_place(ldisk *d) {
  if (renameat(d->folder, d->temporary, d->folder, d->name) != 0)
    return fail(d, NULL);
  d->temporary[0] = '\0';
  return true;
}

bool ldisk_commit(ldisk *d) {
  bool ok = (fsync(d->fd) == 0 || fail(d, NULL)) && close_file(d) &&
            put_in_place(d) && sync_folder(d);
  ldisk_close(d);
  return ok;
}

/* -- reading -------------------------------------------------------------- */

bool ldisk_open(ldisk *d, const char *path, uint64_t *bytes) {
  struct stat s;
  d->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (d->fd < 0)
    return fail(d, NULL);
  bool known = fstat(d->fd, &s) == 0 && S_ISREG(s.st_mode);
  *bytes = known ? (uint64_t)s.st_size : 0;
  return true;
}

ptrdiff_t ldisk_read(ldisk *d, void *bytes, size_t n) {
  ssize_t got;
  do
    got = read(d->fd, bytes, n);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    (void)fail(d, NULL);
  return got;
}
