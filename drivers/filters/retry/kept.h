/* SPDX-License-Identifier: Apache-2.0
 *
 * A put's bytes, kept so that it can be begun anew: a few in memory, more in an unlinked file that
 * is gone with its descriptor, also after kill -9. What there is no room for, by the bound or on
 * the disk, makes it forget everything: the put goes on, without a net. One thread at a time. */
#ifndef RETRY_KEPT_H
#define RETRY_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kept {
    const char *folder;
    uint64_t most;   /* 0: keeps nothing */
    uint64_t length; /* bytes held */
    bool lost;       /* no longer all of them */
    unsigned char *memory;
    size_t capacity;
    int fd; /* -1: in memory */
};

/* FOLDER stays the caller's. */
void kept_open(struct kept *kept, const char *folder, uint64_t most);
void kept_close(struct kept *kept);
/* True: they are kept. False: everything has been forgotten; errno says why, 0 where the bound
 * does. */
bool kept_add(struct kept *kept, const void *bytes, size_t length);
/* Exactly LENGTH bytes from OFFSET on; false: the file cannot be read (errno). */
bool kept_read(const struct kept *kept, uint64_t offset, void *buffer, size_t length);
/* Whether all bytes so far are there. */
static inline bool kept_whole(const struct kept *kept)
{
    return !kept->lost;
}

#endif
