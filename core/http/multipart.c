/* SPDX-License-Identifier: Apache-2.0
 *
 * See multipart.h. The delimiter is CR LF "--" boundary. CR is no boundary character, so it occurs
 * in the delimiter only at its start: a match that fails can begin again at a CR alone, and bytes
 * that were held back as a possible delimiter are the delimiter's own first bytes, never a copy. */
#include "core/http/multipart.h"

#include "core/base/buf.h"
#include "core/http/multipart_header.h"

#include <string.h>

enum state { AT_START, AT_DELIMITER, AT_HEADER, AT_BODY, AT_PART_END, AT_EPILOGUE, AT_ERROR };

struct multipart {
    enum state state;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1];
    size_t delimiter_length;
    size_t matched;      /* bytes of the delimiter matched so far */
    size_t borrowed;     /* of these, the ones that belong to the part's header */
    char behind;         /* the byte behind the delimiter: '-', '\r' or, before any, '\0' */
    struct buf header;   /* the current part's header */
    size_t header_bytes; /* with the padding behind the delimiter */
    char *names[MULTIPART_PARTS_MAX];
    size_t parts;
    struct multipart_part part;
    const char *data;
    size_t data_length;
    const char *error;
};

struct multipart *multipart_new(const char *content_type, const char **error)
{
    *error = NULL;
    struct multipart *m = calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    memcpy(m->delimiter, "\r\n--", 4);
    const char *wrong =
        multipart_header_boundary(content_type ? content_type : "", m->delimiter + 4);
    if (wrong) {
        *error = *wrong ? wrong : NULL;
        multipart_free(m);
        return NULL;
    }
    m->delimiter_length = strlen(m->delimiter);
    m->header.max = MULTIPART_HEADER_MAX;
    return m;
}

void multipart_free(struct multipart *m)
{
    if (!m) {
        return;
    }
    for (size_t i = 0; i < m->parts; i++) {
        free(m->names[i]);
    }
    buf_free(&m->header);
    free(m);
}

static enum multipart_event bad(struct multipart *m, const char *error)
{
    m->state = AT_ERROR;
    m->error = error;
    return MULTIPART_BAD;
}

static void take(const char **bytes, size_t *length, size_t count)
{
    *bytes += count;
    *length -= count;
}

/* The body begins with the delimiter, whose CRLF may be missing there. */
static enum multipart_event at_start(struct multipart *m, const char **bytes, size_t *length)
{
    while (*length > 0) {
        if (m->matched == 0 && **bytes == '-') {
            m->matched = 2;
        }
        if (**bytes != m->delimiter[m->matched]) {
            return bad(m, "the multipart body does not begin with its boundary");
        }
        take(bytes, length, 1);
        if (++m->matched == m->delimiter_length) {
            m->state = AT_DELIMITER;
            m->behind = '\0';
            m->header_bytes = 0;
            break;
        }
    }
    return MULTIPART_MORE;
}

/* Behind a delimiter: "--" ends the body; blanks and CRLF begin a part. */
static enum multipart_event at_delimiter(struct multipart *m, const char **bytes, size_t *length)
{
    while (*length > 0) {
        char c = **bytes;
        take(bytes, length, 1);
        if (m->behind == '-' && c == '-') {
            m->state = AT_EPILOGUE;
            return MULTIPART_DONE;
        }
        if (m->behind == '\r' && c == '\n') {
            if (m->parts == MULTIPART_PARTS_MAX) {
                return bad(m, "the multipart body has more than 32 parts");
            }
            m->state = AT_HEADER;
            buf_reset(&m->header);
            return MULTIPART_MORE;
        }
        bool padding = m->behind == '\0' && (c == ' ' || c == '\t');
        if (padding && ++m->header_bytes <= MULTIPART_HEADER_MAX) {
            continue;
        }
        if (m->behind != '\0' || (c != '\r' && (c != '-' || m->header_bytes > 0))) {
            return bad(m, "a multipart boundary is not followed by a line end");
        }
        m->behind = c;
    }
    return MULTIPART_MORE;
}

/* The header is there whole: what it says, and whether it may say so. */
static enum multipart_event begin_part(struct multipart *m)
{
    size_t length = m->header.length - 2;
    m->header.data[length] = '\0';
    const char *wrong = multipart_header_read(m->header.data, length, &m->part);
    if (wrong) {
        return bad(m, wrong);
    }
    for (size_t i = 0; i < m->parts; i++) {
        if (strcmp(m->names[i], m->part.name) == 0) {
            return bad(m, "a multipart field is repeated");
        }
    }
    char *name = strdup(m->part.name);
    if (!name) {
        return bad(m, NULL);
    }
    m->names[m->parts++] = name;
    m->state = AT_BODY;
    /* A part without a body has its delimiter right behind its header, whose last CRLF then counts
     * for both (RFC 2046 section 5.1.1); that CRLF is no payload. */
    m->matched = 2;
    m->borrowed = 2;
    return MULTIPART_BEGIN;
}

static enum multipart_event at_header(struct multipart *m, const char **bytes, size_t *length)
{
    while (*length > 0) {
        const char *lf = memchr(*bytes, '\n', *length);
        size_t count = lf ? (size_t)(lf - *bytes) + 1 : *length;
        if (count + m->header_bytes > MULTIPART_HEADER_MAX - m->header.length) {
            return bad(m, "a multipart part's header is larger than 16 KiB");
        }
        size_t before = m->header.length;
        if (!buf_append(&m->header, *bytes, count)) {
            return bad(m, NULL);
        }
        take(bytes, length, count);
        const char *text = m->header.data;
        size_t end = m->header.length;
        /* Every CR has its LF and every LF its CR. */
        const char *cr =
            memchr(text + (before > 0 ? before - 1 : 0), '\r', end - (before > 0 ? before - 1 : 0));
        if ((cr && (size_t)(cr - text) + 1 < end && cr[1] != '\n') ||
            (lf && (end < 2 || text[end - 2] != '\r'))) {
            return bad(m, "a multipart part's header has a line end that is not CRLF");
        }
        if (lf && (end == 2 || (end >= 4 && memcmp(text + end - 4, "\r\n\r\n", 4) == 0))) {
            return begin_part(m);
        }
    }
    return MULTIPART_MORE;
}

static enum multipart_event give(struct multipart *m, const char *data, size_t length)
{
    m->data = data;
    m->data_length = length;
    return MULTIPART_DATA;
}

/* Goes on with a delimiter of which the first bytes came in an earlier slice. */
static enum multipart_event at_held(struct multipart *m, const char **bytes, size_t *length)
{
    size_t want = m->delimiter_length - m->matched;
    size_t n = want < *length ? want : *length;
    size_t same = 0;
    while (same < n && (*bytes)[same] == m->delimiter[m->matched + same]) {
        same++;
    }
    if (same == want) {
        take(bytes, length, same);
        m->matched = m->borrowed = 0;
        m->state = AT_PART_END;
        return MULTIPART_MORE;
    }
    if (same == *length) {
        take(bytes, length, same);
        m->matched += same;
        return MULTIPART_MORE;
    }
    /* What was held is payload; what matched of this slice is looked at again, as payload. */
    size_t held = m->matched - m->borrowed;
    const char *data = m->delimiter + m->borrowed;
    m->matched = m->borrowed = 0;
    return held > 0 ? give(m, data, held) : MULTIPART_MORE;
}

static enum multipart_event at_body(struct multipart *m, const char **bytes, size_t *length)
{
    if (m->matched > 0) {
        return at_held(m, bytes, length);
    }
    const char *from = *bytes;
    const char *found = memmem(from, *length, m->delimiter, m->delimiter_length);
    size_t payload, used;
    if (found) {
        payload = (size_t)(found - from);
        used = payload + m->delimiter_length;
        if (payload == 0) {
            m->state = AT_PART_END;
        } else {
            used = payload; /* the delimiter is found again at once */
        }
    } else {
        /* The slice may end within a delimiter, which then begins at its last CR. */
        size_t tail = *length < m->delimiter_length - 1 ? *length : m->delimiter_length - 1;
        const char *cr = memrchr(from + *length - tail, '\r', tail);
        size_t held = cr ? (size_t)(from + *length - cr) : 0;
        m->matched = held > 0 && memcmp(cr, m->delimiter, held) == 0 ? held : 0;
        used = *length;
        payload = *length - m->matched;
    }
    take(bytes, length, used);
    return payload > 0 ? give(m, from, payload) : MULTIPART_MORE;
}

enum multipart_event multipart_next(struct multipart *m, const char **bytes, size_t *length)
{
    enum multipart_event event = MULTIPART_MORE;
    while (event == MULTIPART_MORE && (*length > 0 || m->state == AT_PART_END)) {
        switch (m->state) {
        case AT_START:
            event = at_start(m, bytes, length);
            break;
        case AT_DELIMITER:
            event = at_delimiter(m, bytes, length);
            break;
        case AT_HEADER:
            event = at_header(m, bytes, length);
            break;
        case AT_BODY:
            event = at_body(m, bytes, length);
            break;
        case AT_PART_END:
            m->state = AT_DELIMITER;
            m->behind = '\0';
            m->header_bytes = 0;
            event = MULTIPART_END;
            break;
        case AT_EPILOGUE:
            take(bytes, length, *length);
            break;
        case AT_ERROR:
            return MULTIPART_BAD;
        }
    }
    return m->state == AT_ERROR ? MULTIPART_BAD : event;
}

const struct multipart_part *multipart_part(const struct multipart *m)
{
    return &m->part;
}

const char *multipart_data(const struct multipart *m, size_t *length)
{
    *length = m->data_length;
    return m->data;
}

bool multipart_finish(struct multipart *m)
{
    if (m->state != AT_EPILOGUE && m->state != AT_ERROR) {
        bad(m, "the multipart body ends without its end boundary");
    }
    return m->state == AT_EPILOGUE;
}

const char *multipart_error(const struct multipart *m)
{
    return m->error;
}
