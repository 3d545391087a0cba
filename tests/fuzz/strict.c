/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers of any bytes: the input's lines, a name up to the first ':' each. What passes has no
 * second length and no NUL. */
#include "core/http/strict.h"

#include "core/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    struct strict_header headers[16];
    size_t count = 0, lengths = 0;
    const char *end = text + size;
    for (const char *at = text; at < end && count < 16; count++) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        line = line ? line : end;
        const char *colon = memchr(at, ':', (size_t)(line - at));
        colon = colon ? colon : line;
        const char *value = colon < line ? colon + 1 : NULL;
        headers[count] = (struct strict_header){at, (size_t)(colon - at), value,
                                                value ? (size_t)(line - value) : 0};
        lengths += colon - at == 14 && strncasecmp(at, "content-length", 14) == 0;
        lengths += colon - at == 17 && strncasecmp(at, "transfer-encoding", 17) == 0;
        at = line < end ? line + 1 : end;
    }
    struct strict_request request = {"GET", "HTTP/1.1", "/", headers, count};
    if (!strict_check(&request)) {
        PROMISE(lengths <= 1);
        for (size_t i = 0; i < count; i++) {
            PROMISE(!headers[i].value || !memchr(headers[i].value, '\0', headers[i].value_length));
        }
    }
    request.method = text;
    request.target = text;
    PROMISE(!strict_check(&request) ? text[0] == '/' : 1);
    return 0;
}
