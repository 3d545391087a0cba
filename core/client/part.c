/* SPDX-License-Identifier: Apache-2.0
 *
 * See part.h. */
#include "core/client/part.h"

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/client/client.h"
#include "core/client/say.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { NOTE_MAX = 64 * 1024, BLOCK = 256 * 1024, OPEN_ATTEMPTS = 10 };

static char *with_suffix(const char *path, const char *suffix)
{
    AUTO_BUF struct buf out = {0};
    buf_printf(&out, "%s%s", path, suffix);
    return buf_take(&out);
}

/* Whether the locked file is still the one at its path: another get may have finished it. */
static bool is_at_path(const struct part *part)
{
    struct stat own, there;
    return fstat(part->fd, &own) == 0 && lstat(part->path, &there) == 0 &&
           own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

static bool open_locked(struct part *part)
{
    for (int i = 0; i < OPEN_ATTEMPTS; i++) {
        part->fd = open(part->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (part->fd < 0) {
            say(CLIENT_FAILED, "get: %s: %s", part->path, strerror(errno));
            return false;
        }
        if (flock(part->fd, LOCK_EX | LOCK_NB) != 0) {
            say(CLIENT_FAILED, "get: %s: another get is writing it", part->path);
            return false;
        }
        if (is_at_path(part)) {
            return true;
        }
        close(part->fd);
        part->fd = -1;
    }
    say(CLIENT_FAILED, "get: %s: it is taken away again and again", part->path);
    return false;
}

/* The ETag where the note is about SUBJECT; to be freed. */
static char *read_note(const struct part *part, const struct part_subject *subject)
{
    AUTO_FREE char *text = text_read_file(part->note, NOTE_MAX, NULL);
    json_t *note = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *id = json_string_value(json_object_get(note, "id"));
    const char *etag = json_string_value(json_object_get(note, "etag"));
    const char *checksum = json_string_value(json_object_get(note, "checksum"));
    json_int_t size = json_integer_value(json_object_get(note, "size"));
    bool same = id && etag && checksum && subject->checksum && strcmp(id, subject->id) == 0 &&
                strcmp(checksum, subject->checksum) == 0 && (uint64_t)size == subject->size;
    char *copy = same ? strdup(etag) : NULL;
    json_decref(note);
    return copy;
}

bool part_open(struct part *part, const char *file, const struct part_subject *subject)
{
    struct stat info;
    *part = (struct part){.fd = -1};
    part->file = strdup(file);
    part->path = with_suffix(file, ".part");
    part->note = with_suffix(file, ".part.etag");
    if (!part->file || !part->path || !part->note) {
        say(CLIENT_FAILED, "out of memory");
        return false;
    }
    if (!open_locked(part)) {
        return false;
    }
    if (fstat(part->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        say(CLIENT_FAILED, "get: %s: not a regular file", part->path);
        return false;
    }
    part->length = (uint64_t)info.st_size;
    part->etag = part->length > 0 ? read_note(part, subject) : NULL;
    part->inherited = part->etag && part->length <= subject->size;
    if (!part->inherited && !part_restart(part)) {
        say(CLIENT_FAILED, "get: %s: %s", part->path, strerror(errno));
        return false;
    }
    return true;
}

void part_close(struct part *part)
{
    if (part->fd >= 0) {
        close(part->fd);
    }
    free(part->file);
    free(part->path);
    free(part->note);
    free(part->etag);
    *part = (struct part){.fd = -1};
}

bool part_digest(const struct part *part, struct sum *sum)
{
    AUTO_FREE char *block = malloc(BLOCK);
    for (uint64_t at = 0; block && at < part->length;) {
        ssize_t got = pread(part->fd, block, BLOCK, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return false;
        }
        sum_add(sum, block, (size_t)got);
        at += (uint64_t)got;
    }
    return block != NULL;
}

/* Written beside and renamed: never half a note. */
bool part_note(struct part *part, const char *etag, const struct part_subject *subject)
{
    if (part->etag && strcmp(part->etag, etag) == 0) {
        return true;
    }
    AUTO_FREE char *fresh = with_suffix(part->note, ".new");
    char *copy = strdup(etag);
    json_t *note = json_pack("{s:s, s:s, s:I, s:s*}", "id", subject->id, "etag", etag, "size",
                             (json_int_t)subject->size, "checksum", subject->checksum);
    bool good = fresh && copy && note;
    if (good) {
        unlink(fresh);
        AUTO_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        good =
            fd >= 0 && json_dumpfd(note, fd, JSON_COMPACT) == 0 && rename(fresh, part->note) == 0;
    }
    json_decref(note);
    free(part->etag);
    part->etag = copy;
    return good;
}

bool part_write(struct part *part, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = pwrite(part->fd, bytes, length, (off_t)part->length);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        put = put > 0 ? put : 0;
        part->length += (uint64_t)put;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

/* The bytes go first: a note without bytes says nothing wrong. */
bool part_restart(struct part *part)
{
    if (ftruncate(part->fd, 0) != 0) {
        return false;
    }
    unlink(part->note);
    free(part->etag);
    part->etag = NULL;
    part->length = 0;
    part->inherited = false;
    return true;
}

bool part_finish(struct part *part)
{
    if (fdatasync(part->fd) != 0 || rename(part->path, part->file) != 0) {
        return false;
    }
    unlink(part->note);
    return true;
}

void part_remove(struct part *part)
{
    unlink(part->path);
    unlink(part->note);
}
