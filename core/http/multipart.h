/* SPDX-License-Identifier: Apache-2.0
 *
 * A streaming multipart/form-data reader (RFC 7578, RFC 2046 section 5.1), strict. libmicrohttpd's
 * post processor is not used because it hides what a gateway must refuse or know: a missing end
 * boundary, nested multipart, a repeated or unnamed field, NUL in a name, the digest headers of a
 * part; and it cuts `filename="a\"b"`.
 *
 * It is pulled: the caller gives what arrived, in slices of any size, and takes one event after the
 * other, so that it may stop anywhere. It keeps one part header (16 KiB at most) and the names
 * seen, never a payload: data events point into the caller's slice but for the few bytes that
 * looked like a boundary. No I/O; one thread at a time. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "core/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

#define MULTIPART_PARTS_MAX 32
#define MULTIPART_HEADER_MAX 16384
#define MULTIPART_NAME_MAX 256 /* bytes of a field's name */

struct multipart;

enum multipart_event {
    MULTIPART_MORE,  /* the slice is used up: give the next, or ask multipart_finish */
    MULTIPART_BEGIN, /* a part begins: multipart_part() */
    MULTIPART_DATA,  /* bytes of the part: multipart_data() */
    MULTIPART_END,   /* the part is complete */
    MULTIPART_DONE,  /* the end boundary was seen; what follows is ignored */
    MULTIPART_BAD    /* malformed, for good: multipart_error() */
};

/* What the current part's header says. Valid until the part ends. */
struct multipart_part {
    const char *name;         /* never NULL, never empty; UTF-8, %22 %0D %0A decoded */
    const char *file_name;    /* NULL: there is no filename parameter; may be empty, or no UTF-8 */
    const char *content_type; /* as sent, so with `codecs=vp9,opus`; NULL: none */
    const char *content_digest; /* the header's value, for digest_parse; NULL: none */
    const char *repr_digest;
};

/* True where CONTENT_TYPE is multipart/form-data, whatever its parameters. NULL is none. */
bool multipart_is_form(const char *content_type);

/* A reader for a body with this Content-Type. NULL where the boundary is missing or bad (*ERROR has
 * the text for the 400) or memory is short (*ERROR is NULL). */
struct multipart *multipart_new(const char *content_type, const char **error);
void multipart_free(struct multipart *multipart);
static inline void multipart_cleanup(struct multipart **multipart)
{
    multipart_free(*multipart);
}
#define AUTO_MULTIPART AUTO(multipart_cleanup)

/* The next event out of the *LENGTH bytes at *BYTES, which are moved past what was used. Ask again
 * with the same two until MULTIPART_MORE (also after MULTIPART_DONE: it uses up the epilogue). */
enum multipart_event multipart_next(struct multipart *multipart, const char **bytes,
                                    size_t *length);
const struct multipart_part *multipart_part(const struct multipart *multipart);
/* After MULTIPART_DATA; valid until the next multipart_next. *LENGTH is never 0. */
const char *multipart_data(const struct multipart *multipart, size_t *length);
/* The body is over: true where its end boundary was seen, else the error is set. */
bool multipart_finish(struct multipart *multipart);
/* Why the body is malformed, one line that may be shown to the client; NULL: it is not so far,
 * or (after MULTIPART_BAD) memory is short. */
const char *multipart_error(const struct multipart *multipart);

#endif
