/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening files of the store: no path leaves the folder it starts from, and no symbolic link is
 * followed, wherever in the path somebody planted it. Any thread. */
#ifndef FS_BENEATH_H
#define FS_BENEATH_H

#include "fs.h"

/* Whether this kernel (and its seccomp filter) has openat2. */
bool beneath_has_openat2(int dir);
/* As openat(DIR, PATH, FLAGS | O_CLOEXEC, 0600); PATH is relative and holds no "..". -1 and errno:
 * ELOOP, EXDEV or ENOTDIR where a link stands in the way. */
int beneath_open(const struct fs *fs, int dir, const char *path, int flags);
/* Creates the folder NAME of DIR unless it is there, and opens it. */
int beneath_make_dir(const struct fs *fs, int dir, const char *name);
/* The whole of a small file, to be freed, NUL behind it; NULL and errno. */
char *beneath_slurp(const struct fs *fs, int dir, const char *path, size_t limit, size_t *length);
/* All of BYTES, at OFFSET; false and errno. */
bool beneath_write(int fd, const void *bytes, size_t length, off_t offset);

#endif
