/* SPDX-License-Identifier: Apache-2.0
 *
 * Files and folders in the making, in ROOT/tmp. Each is locked (flock) by its maker, so that a
 * sweep, of whatever process, tells a living writer's from what a crash left. Any thread. */
#ifndef FS_TEMP_H
#define FS_TEMP_H

#include "fs.h"

#define TEMP_NAME_SIZE 34u

/* A new locked file, its name in NAME; -1 and errno. */
int temp_file(const struct fs *fs, char name[TEMP_NAME_SIZE]);
/* The same, a folder. */
int temp_dir(const struct fs *fs, char name[TEMP_NAME_SIZE]);
/* A free name for temp files, nothing made. */
void temp_name(const struct fs *fs, char name[TEMP_NAME_SIZE]);
void temp_unlink(const struct fs *fs, const char *name);
/* Removes NAME of DIR and, where it is a folder, what is in it; true where something went. BYTES
 * grows by what was removed. DEPTH bounds it. */
bool temp_remove_tree(const struct fs *fs, int dir, const char *name, int depth, uint64_t *bytes);

#endif
