/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents in which IMDS (first byte even) and a container's endpoint (odd) hand out
 * credentials: what is taken can stand in a header, and the text repeats nothing of them. */
#include "drivers/s3/creds_json.h"
#include "tests/fuzz/fuzz.h"

#include <mediagw/media.h>

static void promise_graphic(const char *text)
{
    PROMISE(text && *text);
    for (; *text; text++) {
        PROMISE(*text > ' ' && *text <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct mgw_call *call = mgw_call_new("acme", "fuzz", 0);
    PROMISE(call != NULL);
    bool must_end = data[0] % 2 == 0;
    char *text = fuzz_text(data + 1, size - 1);
    struct creds_found found = {0};
    enum mgw_status status = creds_json_read(call, "it", text, size - 1, must_end, &found);
    PROMISE(status == MGW_OK || status == MGW_UNAVAILABLE);
    if (status == MGW_OK) {
        promise_graphic(found.access_key);
        PROMISE(found.secret_key && *found.secret_key);
        PROMISE(found.expires_at_ms > 0 || (!must_end && found.expires_at_ms == 0));
        if (found.session_token) {
            promise_graphic(found.session_token);
        }
    } else {
        PROMISE(!found.access_key && !found.secret_key && !found.session_token);
        PROMISE(strncmp(call->error->text, "it: ", 4) == 0);
    }
    creds_found_free(&found);
    free(text);
    mgw_call_free(call);
    return 0;
}
