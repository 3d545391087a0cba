/* SPDX-License-Identifier: Apache-2.0
 *
 * What every fuzz target shares. A broken promise of the code under test ends the process, which
 * libFuzzer reports with the input. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The input as a NUL-terminated text of its own size, so that ASan sees a read behind it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    PROMISE(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    return text;
}

/* What is left of an input that is read as lines. */
struct fuzz_rest {
    const uint8_t *data;
    size_t size;
};

/* The next line without its end, to be freed; "" where nothing is left. */
static inline char *fuzz_line(struct fuzz_rest *rest)
{
    const uint8_t *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    size_t length = end ? (size_t)(end - rest->data) : rest->size;
    char *line = fuzz_text(rest->data, length);
    size_t used = end ? length + 1 : length;
    rest->data += used;
    rest->size -= used;
    return line;
}

/* A copy of TEXT with changes at places that REST chooses, four bytes each (what, two of where,
 * with which byte): one is replaced, put in, taken out or has a bit flipped, or the text ends
 * there. Nothing in REST: no change. To be freed. */
static inline char *fuzz_alter(const char *text, struct fuzz_rest *rest)
{
    size_t length = strlen(text), room = length + rest->size / 4 + 1;
    char *out = calloc(1, room);
    PROMISE(out != NULL);
    memcpy(out, text, length);
    for (; rest->size >= 4; rest->data += 4, rest->size -= 4) {
        size_t at = (size_t)(rest->data[1] << 8 | rest->data[2]) % (length + 1);
        char byte = (char)(rest->data[3] ? rest->data[3] : 'A');
        char *here = out + at;
        if (rest->data[0] % 5 == 0) {
            memmove(here + 1, here, length++ - at);
            *here = byte;
        } else if (at < length && rest->data[0] % 5 == 1) {
            memmove(here, here + 1, length-- - at);
        } else if (at < length && rest->data[0] % 5 == 2) {
            *here = byte;
        } else if (at < length && rest->data[0] % 5 == 3) {
            char flipped = (char)(*here ^ 1 << (byte & 7));
            *here = flipped ? flipped : *here;
        } else if (rest->data[0] % 5 == 4) {
            memset(here, 0, length - at);
            length = at;
        }
    }
    return out;
}

#endif
