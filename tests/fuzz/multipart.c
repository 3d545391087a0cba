/* SPDX-License-Identifier: Apache-2.0
 *
 * The multipart reader sees the same whether a body comes whole or in slices whose sizes the first
 * two bytes of the input choose. */
#include "core/http/multipart.h"

#include "core/base/buf.h"
#include "tests/fuzz/fuzz.h"

static bool read_body(const char *body, size_t length, size_t first, size_t step, struct buf *seen)
{
    const char *error;
    AUTO_MULTIPART struct multipart *m = multipart_new("multipart/form-data; boundary=b-b", &error);
    PROMISE(m != NULL);
    for (size_t at = 0, slice = first; at < length; at += slice, slice = step) {
        size_t left = slice < length - at ? slice : length - at;
        char *copy = fuzz_text((const uint8_t *)body + at, left);
        const char *bytes = copy;
        enum multipart_event event = MULTIPART_BEGIN;
        while (event != MULTIPART_MORE && event != MULTIPART_BAD) {
            event = multipart_next(m, &bytes, &left);
            const struct multipart_part *part = multipart_part(m);
            if (event == MULTIPART_BEGIN) {
                PROMISE(part->name && *part->name);
                buf_printf(seen, "[%s|%s|%s|%s|%s]", part->name,
                           part->file_name ? part->file_name : "-",
                           part->content_type ? part->content_type : "-",
                           part->content_digest ? part->content_digest : "-",
                           part->repr_digest ? part->repr_digest : "-");
            } else if (event == MULTIPART_DATA) {
                size_t n;
                const char *data = multipart_data(m, &n);
                PROMISE(n > 0);
                buf_append(seen, data, n);
            } else if (event == MULTIPART_END || event == MULTIPART_DONE) {
                buf_text(seen, event == MULTIPART_END ? "." : "!");
            }
        }
        free(copy);
        if (event == MULTIPART_BAD) {
            PROMISE(multipart_error(m) != NULL);
            break;
        }
        PROMISE(left == 0);
    }
    bool whole = multipart_finish(m);
    PROMISE(whole == (multipart_error(m) == NULL));
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *body = (const char *)data + 2;
    AUTO_BUF struct buf one = {0}, many = {0};
    bool whole = read_body(body, size - 2, size, size, &one);
    PROMISE(read_body(body, size - 2, data[0] + 1u, data[1] % 32u + 1u, &many) == whole);
    PROMISE(!whole || (one.length == many.length &&
                       (one.length == 0 || memcmp(one.data, many.data, one.length) == 0)));

    AUTO_FREE char *type = fuzz_text(data, size);
    const char *error;
    AUTO_MULTIPART struct multipart *m = multipart_new(type, &error);
    PROMISE(m != NULL || error != NULL);
    return 0;
}
