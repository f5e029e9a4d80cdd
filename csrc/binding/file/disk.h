/* disk.h: files of the system: one that is read, and one that takes the place
** of another when it is whole.
**
**   .hmap-4be1f0a2c99d7e15   written, synced, then renamed to
**   map.hmap                 which is the old file or the new one, never a part
**
** All names are looked up in one open folder: that the program goes elsewhere
** meanwhile, or that the folder moves, changes nothing. This room knows neither
** maps nor Lua.
*/
#ifndef HMAP_BINDING_DISK_H
#define HMAP_BINDING_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISK_NAME 256 /* bytes of a file's name in its folder, with the zero */

typedef struct ldisk {
  int fd, folder;         /* -1: none */
  int error;              /* errno of what failed; 0: nothing has */
  const char *why;        /* instead of error; static storage */
  uint64_t bytes, pushed; /* written, and of these on their way to the disk */
  char name[LDISK_NAME], temporary[32];
} ldisk;

/* No file. */
void ldisk_init(ldisk *d);

/* All: false says that d->why or d->error has the reason. */

/* Begins a file that will be at path: until ldisk_commit nothing is there that
** was not before. */
bool ldisk_create(ldisk *d, const char *path);
bool ldisk_write(ldisk *d, const void *bytes, size_t n);
/* The file is whole: now it is at path, and on the disk. */
bool ldisk_commit(ldisk *d);

/* Opens a file to be read; *bytes: how many it has, 0: nobody knows. */
bool ldisk_open(ldisk *d, const char *path, uint64_t *bytes);
/* Up to n bytes: how many, 0 at the end, negative if that failed. */
ptrdiff_t ldisk_read(ldisk *d, void *bytes, size_t n);

/* Closes what is open; a file that was not committed goes. Idempotent, keeps
** the reason. */
void ldisk_close(ldisk *d);

/* Why something failed, in words. */
const char *ldisk_reason(const ldisk *d);

#endif
