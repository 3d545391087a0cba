/* SPDX-License-Identifier: Apache-2.0
 *
 * No file name leaves its header: visible ASCII, two quotes. */
#include "core/base/disposition.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *name = fuzz_text(data, size);
    AUTO_BUF struct buf out = {0};
    PROMISE(disposition_value(&out, true, name));
    size_t quotes = 0;
    for (const char *at = out.data; *at; at++) {
        PROMISE(*at >= ' ' && *at <= '~' && *at != '\\');
        quotes += *at == '"';
    }
    PROMISE(quotes == (*name ? 2 : 0));
    return 0;
}
