/* SPDX-License-Identifier: Apache-2.0
 *
 * See kept.h. */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MAX = 64 << 10 };

void kept_open(struct kept *kept, const char *folder, uint64_t most)
{
    *kept = (struct kept){.folder = folder, .most = most, .lost = most == 0, .fd = -1};
}

void kept_close(struct kept *kept)
{
    free(kept->memory);
    if (kept->fd >= 0) {
        close(kept->fd);
    }
    kept->memory = NULL;
    kept->fd = -1;
    kept->length = kept->capacity = 0;
    kept->lost = true;
}

static bool write_all(int fd, const void *bytes, size_t length, uint64_t offset)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t done = pwrite(fd, from, length, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        from += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return true;
}

static int open_file(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) {
        return fd;
    }
    char *path = NULL;
    if (asprintf(&path, "%s/mediagw-retry-XXXXXX", folder) < 0) {
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    free(path);
    return fd;
}

static bool add_to_memory(struct kept *kept, const void *bytes, size_t length)
{
    size_t need = (size_t)kept->length + length;
    if (need > kept->capacity) {
        size_t capacity = kept->capacity ? kept->capacity : 4096;
        while (capacity < need) {
            capacity *= 2;
        }
        unsigned char *memory = realloc(kept->memory, capacity);
        if (!memory) {
            return false;
        }
        kept->memory = memory;
        kept->capacity = capacity;
    }
    memcpy(kept->memory + kept->length, bytes, length);
    return true;
}

static bool spill(struct kept *kept)
{
    kept->fd = open_file(kept->folder);
    if (kept->fd < 0 || !write_all(kept->fd, kept->memory, (size_t)kept->length, 0)) {
        return false;
    }
    free(kept->memory);
    kept->memory = NULL;
    kept->capacity = 0;
    return true;
}

bool kept_add(struct kept *kept, const void *bytes, size_t length)
{
    if (kept->lost || length == 0) {
        return !kept->lost;
    }
    errno = 0;
    bool fits = length <= kept->most && kept->length <= kept->most - length;
    if (fits && kept->fd < 0 && length > MEMORY_MAX - kept->length) {
        fits = spill(kept);
    }
    if (fits) {
        fits = kept->fd < 0 ? add_to_memory(kept, bytes, length)
                            : write_all(kept->fd, bytes, length, kept->length);
    }
    if (!fits) {
        int why = errno;
        kept_close(kept);
        errno = why;
        return false;
    }
    kept->length += length;
    return true;
}

bool kept_read(const struct kept *kept, uint64_t offset, void *buffer, size_t length)
{
    if (kept->fd < 0) {
        if (length) {
            memcpy(buffer, kept->memory + offset, length);
        }
        return true;
    }
    char *to = buffer;
    while (length > 0) {
        ssize_t done = pread(kept->fd, to, length, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        to += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return true;
}
