/* SPDX-License-Identifier: Apache-2.0
 *
 * See input.h. */
#include "core/client/input.h"

#include "core/base/progress.h"
#include "core/client/client.h"
#include "core/client/say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 256 * 1024 };

bool input_open(struct input *input, const char *path)
{
    struct stat info;
    bool standard = strcmp(path, "-") == 0;
    *input = (struct input){.name = standard ? "standard input" : path, .length = WIRE_UNKNOWN};
    input->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (input->fd < 0 || fstat(input->fd, &info) != 0) {
        say(CLIENT_FAILED, "put %s: %s", input->name, strerror(errno));
        return false;
    }
    if (S_ISDIR(info.st_mode)) {
        say(CLIENT_FAILED, "put %s: it is a folder: name the files in it", input->name);
        return false;
    }
    off_t start = S_ISREG(info.st_mode) ? lseek(input->fd, 0, SEEK_CUR) : -1;
    if (start >= 0) {
        input->regular = true;
        input->start = (uint64_t)start;
        input->length = info.st_size > start ? (uint64_t)(info.st_size - start) : 0;
        return true;
    }
    input->sum = sum_new();
    return input->sum != NULL;
}

void input_close(struct input *input)
{
    if (input->fd >= 0) {
        close(input->fd);
    }
    sum_free(input->sum);
    free(input->error);
    *input = (struct input){.fd = -1};
}

static ssize_t fail(struct input *input, const char *why)
{
    free(input->error);
    input->error = strdup(why);
    return -1;
}

/* The next bytes; 0 at the end, -1 with `error` set. */
static ssize_t input_read(void *ctx, char *bytes, size_t room)
{
    struct input *input = ctx;
    uint64_t left = input->regular ? input->length - input->at : room;
    size_t want = left < room ? (size_t)left : room;
    ssize_t got = 0;
    do {
        got = !input->regular ? read(input->fd, bytes, want)
              : want == 0     ? 0
                              : pread(input->fd, bytes, want, (off_t)(input->start + input->at));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return fail(input, strerror(errno));
    }
    if (got == 0 && want > 0 && input->regular) {
        return fail(input, "it became shorter while it was read");
    }
    input->at += (uint64_t)got;
    if (input->sum) {
        sum_add(input->sum, bytes, (size_t)got);
    }
    if (input->progress) {
        progress_at(input->progress, input->at);
    }
    return got;
}

static bool input_rewind(void *ctx)
{
    struct input *input = ctx;
    if (!input->regular && input->at > 0) {
        return false;
    }
    input->at = 0;
    return true;
}

bool input_digest(struct input *input, uint8_t sha256[32])
{
    AUTO_SUM struct sum *sum = sum_new();
    AUTO_FREE char *block = malloc(BLOCK);
    ssize_t got = sum && block ? 1 : fail(input, "out of memory");
    while (got > 0) {
        got = input_read(input, block, BLOCK);
        if (got > 0) {
            sum_add(sum, block, (size_t)got);
        }
    }
    input->at = 0;
    if (got < 0) {
        say(CLIENT_FAILED, "put %s: %s", input->name, input->error ? input->error : "unreadable");
        return false;
    }
    sum_end(sum, sha256);
    return true;
}

struct wire_source input_source(struct input *input)
{
    return (struct wire_source){
        .length = input->length, .read = input_read, .rewind = input_rewind, .ctx = input};
}
