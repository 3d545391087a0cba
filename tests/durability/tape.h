/* SPDX-License-Identifier: Apache-2.0
 *
 * The tape: a file that a recorded process (through recorder.c, preloaded) and a test map together.
 * The recorder appends one record for each call that matters to durability; the test reads them,
 * and lays down rules by which calls are made to fail, or are left out and kept off the tape. It
 * outlives kill -9, and several processes may write to it at once.
 *
 * `start` and `end` are ticks of one clock, taken before and after the call: A happened before B
 * exactly where A.end < B.start. */
#ifndef DURABILITY_TAPE_H
#define DURABILITY_TAPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPE_ENVIRONMENT "DURABILITY_TAPE" /* the file's path, for the recorder */
#define TAPE_BYTES (UINT64_C(1) << 30)     /* a sparse file */
#define TAPE_SOCKET_BYTES 4096u            /* of what goes to sockets and pipes, kept */

enum tape_op {
    OP_OPEN = 1 << 0,  /* `created`: the name was made; O_TRUNC in `flags` */
    OP_WRITE = 1 << 1, /* offset, length, the bytes */
    OP_SYNC = 1 << 2,  /* fsync, fdatasync */
    OP_SYNC_FS = 1 << 3,
    OP_SYNC_RANGE = 1 << 4, /* sync_file_range: promises nothing */
    OP_LINK = 1 << 5,       /* path: the new name */
    OP_RENAME = 1 << 6,     /* path: the new name, from: the old one */
    OP_UNLINK = 1 << 7,     /* also rmdir */
    OP_MKDIR = 1 << 8,
    OP_TRUNCATE = 1 << 9, /* offset: the new length */
    OP_XATTR = 1 << 10,   /* from: the name, the bytes */
    OP_COPY = 1 << 11,    /* copy_file_range: from_inode, from_offset */
    OP_SEND = 1 << 12     /* what leaves by a socket or pipe; offset is nothing */
};
#define OP_ANY_SYNC (OP_SYNC | OP_SYNC_FS)
#define OP_ANY_NAME (OP_LINK | OP_RENAME)

enum tape_kind { KIND_FILE = 1, KIND_FOLDER = 2, KIND_STREAM = 4, KIND_OTHER = 8 };

struct tape_record {
    uint32_t size; /* of the record with its texts; a multiple of 8 */
    _Atomic uint32_t whole;
    uint64_t start, end;
    int32_t process, thread, fd, error; /* error: errno, 0 where the call worked */
    uint32_t op, kind, flags;
    uint32_t created, ruled; /* ruled: a rule made it fail */
    int64_t result;
    uint64_t inode;  /* of the file that is written, synced, linked, … */
    uint64_t folder; /* of the name `path`, where the call makes or removes one */
    uint64_t from_inode, from_folder;
    uint64_t offset, from_offset, length;
    uint32_t path_length, from_length, data_length; /* each text has a NUL behind it */
    uint32_t reserved;
    /* behind it: path, from, data */
};

static inline const char *tape_path(const struct tape_record *record)
{
    return (const char *)(record + 1);
}
static inline const char *tape_from(const struct tape_record *record)
{
    return tape_path(record) + record->path_length + 1;
}
static inline const char *tape_data(const struct tape_record *record)
{
    return tape_from(record) + record->from_length + 1;
}

enum tape_action {
    RULE_FAIL = 1, /* the call is not made; errno is `error` */
    RULE_HIDE = 2, /* the call is not made, answers 0, and is not recorded */
    RULE_CUT = 3,  /* a write takes half of its bytes and says so */
    RULE_SLOW = 4  /* the call takes 30 ms more */
};

/* Calls that match are numbered from 1; those from `first` to `last` are hit, or every `every`-th
 * of them where that is not 0. */
struct tape_rule {
    _Atomic uint32_t armed;
    uint32_t action, ops, kinds;
    int32_t error;
    uint32_t reserved;
    int64_t first, last, every;
    _Atomic int64_t seen, hit;
    char path[512];  /* fnmatch pattern, `*` matches slashes */
    char avoid[256]; /* the same, what it matches is spared; "": nothing */
};

enum { TAPE_RULES = 4 };

struct tape {
    _Atomic uint64_t clock, used;
    _Atomic uint32_t full;
    uint32_t reserved;
    uint64_t device;          /* the only one whose files are recorded */
    _Atomic int64_t later_ms; /* what CLOCK_REALTIME goes ahead by */
    struct tape_rule rules[TAPE_RULES];
};

static inline char *tape_records(struct tape *tape)
{
    return (char *)(tape + 1);
}

#endif
