/* SPDX-License-Identifier: Apache-2.0
 *
 * A file on its way: FILE.part, and beside it FILE.part.etag, which says of what it is the
 * beginning. FILE itself appears whole, or not at all. Another get of the same FILE is refused
 * meanwhile. */
#ifndef CLIENT_PART_H
#define CLIENT_PART_H

#include "core/client/sum.h"

struct part {
    int fd; /* -1: none */
    char *file, *path, *note;
    char *etag;      /* of what lies in it; NULL: nothing is known */
    uint64_t length; /* what lies in it */
    bool inherited;  /* some of it came from an earlier get */
};

/* What is fetched: a note that names another is thrown away, with the bytes. */
struct part_subject {
    const char *id, *checksum; /* checksum may be NULL */
    uint64_t size;
};

/* False: it has said why. */
bool part_open(struct part *part, const char *file, const struct part_subject *subject);
void part_close(struct part *part);
/* Adds what lies in it to SUM; false: errno says why. */
bool part_digest(const struct part *part, struct sum *sum);
/* Bytes with ETAG are about to come; false: errno says why. */
bool part_note(struct part *part, const char *etag, const struct part_subject *subject);
bool part_write(struct part *part, const char *bytes, size_t length);
/* Back to nothing. */
bool part_restart(struct part *part);
/* It is whole: FILE. */
bool part_finish(struct part *part);
/* It is of no use. */
void part_remove(struct part *part);

#endif
