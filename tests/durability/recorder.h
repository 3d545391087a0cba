/* SPDX-License-Identifier: Apache-2.0
 *
 * The preloaded recorder's inside: calls.c and names.c wrap libc's functions, recorder.c knows the
 * tape and the kernel. Nothing here allocates; any thread, also before main. */
#ifndef DURABILITY_RECORDER_H
#define DURABILITY_RECORDER_H

#include "tests/durability/tape.h"

#include <sys/types.h>

#define EXPORT __attribute__((visibility("default")))

/* The kernel itself: nothing that is asked by it is recorded. -1 and errno. */
long kernel(long number, ...);
#define KERNEL(name, ...) kernel(SYS_##name, __VA_ARGS__)
/* fstatat by the kernel: a sanitizer must not take the recorder's looks for the program's. On
 * 64-bit machines libc's struct stat is the kernel's. */
struct stat;
bool look_at(int dir, const char *name, struct stat *stat, int flags);

/* One call on its way. */
struct take {
    bool on; /* recorded at all */
    struct tape_record record;
    char path[4096], from[4096];
    const void *data;
    size_t data_length;
};

/* What is behind FD: kind, inode, path. False where nothing is recorded (no tape, a device). */
bool take_fd(struct take *take, uint32_t op, int fd);
/* A name: path, the folder's inode, the inode that it stands for now (0: none). */
bool take_name(struct take *take, uint32_t op, int dir, const char *name);
/* A second name, the one that the call takes from. */
void take_from(struct take *take, int dir, const char *name);

/* Starts the clock and looks at the rules. True: the call is not to be made, *RESULT and errno
 * say what it answers (and it is on the tape, unless it is hidden). */
bool take_ruled(struct take *take, long *result);
/* The call is made: puts it on the tape. Keeps errno. Answers RESULT. */
long take_done(struct take *take, long result);

/* Bytes of a write that a rule cuts in two; LENGTH unless one does. */
size_t take_cut(const struct take *take, size_t length);
int64_t tape_later_ms(void);
uint64_t inode_at(int dir, const char *name, int flags);

#endif
