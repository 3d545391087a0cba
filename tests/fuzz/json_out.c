/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a driver or client wrote, an answer is JSON that parses. */
#include "core/http/json_out.h"

#include "tests/fuzz/fuzz.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    AUTO_BUF struct buf out = {0};
    PROMISE(json_out_error(&out, "x", text, text));
    json_t *json = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
    PROMISE(json_is_object(json));
    json_decref(json);
    return 0;
}
