/* SPDX-License-Identifier: Apache-2.0
 *
 * What is uploaded: a file, or what comes from standard input, a pipe, a device. A regular file has
 * a length and a digest before it is sent, and can be sent again. */
#ifndef CLIENT_INPUT_H
#define CLIENT_INPUT_H

#include "core/client/sum.h"
#include "core/client/wire.h"

struct input {
    int fd;
    const char *name;
    bool regular;
    uint64_t start, length; /* of a regular file: from where on; WIRE_UNKNOWN otherwise */
    uint64_t at;            /* bytes read since the start */
    struct sum *sum;        /* of what is not regular: as it is read */
    struct progress *progress;
    char *error; /* why reading failed; NULL: it did not */
};

/* PATH "-": standard input. False: it has said why. */
bool input_open(struct input *input, const char *path);
void input_close(struct input *input);
#define AUTO_INPUT AUTO(input_close)
/* Reads a regular file through; false: it has said why. */
bool input_digest(struct input *input, uint8_t sha256[32]);
/* As a request's body, from its first byte on. */
struct wire_source input_source(struct input *input);

#endif
