/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a recording's bytes go: a file by way of its .part, or a stream (standard output, a device,
 * a pipe) that takes nothing back. */
#ifndef CLIENT_PLACE_H
#define CLIENT_PLACE_H

#include "core/client/part.h"

struct place {
    bool is_file;
    bool named_by_id; /* nobody said what it is called */
    char *name;
    struct part part; /* of a file */
    int fd;           /* of a stream */
    char *etag;       /* of the bytes that it has; NULL: none yet */
};

#define PLACE_NONE ((struct place){.part = {.fd = -1}, .fd = -1})

/* Whether OUTPUT (NULL: not said) means standard output. */
bool place_is_stdout(const char *output);
/* TYPE gives a file that nobody named its extension. False: it has said why. */
bool place_open(struct place *place, const char *output, const char *type,
                const struct part_subject *subject);
void place_close(struct place *place);
/* False: errno says why. */
bool place_write(struct place *place, const char *bytes, size_t length);
/* The bytes have this ETag (NULL: none). */
bool place_etag(struct place *place, const char *etag);

#endif
