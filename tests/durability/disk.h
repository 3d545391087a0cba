/* SPDX-License-Identifier: Apache-2.0
 *
 * What a disk may hold after a power cut, out of a tape: the strictest reading of POSIX. Bytes, a
 * file's length and its attributes are safe once a sync of that file has worked that began after
 * them; a name, once a sync of its folder has; what a failed sync was asked for is lost until it is
 * written anew. Whatever is not safe may be there or not: a seed decides, page by page and folder
 * by folder, each at some moment of its past. */
#ifndef DURABILITY_DISK_H
#define DURABILITY_DISK_H

#include "tests/durability/play.h"

struct disk;

/* ROOT: a folder that was empty and durable when the tape began. */
struct disk *disk_new(const struct play *play, const char *root);
void disk_free(struct disk *disk);

enum { DISK_NOTHING_MORE = 0, DISK_EVERYTHING = 1 }; /* seeds: of what is not safe */
/* Writes what the power cut at TICK leaves of ROOT into the empty folder TO. */
void disk_write(const struct disk *disk, uint64_t tick, uint64_t seed, const char *to);

#endif
