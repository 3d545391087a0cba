/* SPDX-License-Identifier: Apache-2.0
 *
 * STS's answers: credentials (first byte even) or an error (odd). */
#include "drivers/s3/creds_sts.h"
#include "tests/fuzz/fuzz.h"

#include <mediagw/media.h>

static void read_keys(const char *text, size_t length)
{
    struct mgw_call *call = mgw_call_new("acme", "fuzz", 0);
    PROMISE(call != NULL);
    struct creds_found found = {0};
    enum mgw_status status = sts_read(call, text, length, &found);
    PROMISE(status == MGW_OK || status == MGW_UNAVAILABLE);
    if (status == MGW_OK) {
        PROMISE(*found.access_key && *found.secret_key && found.session_token);
        PROMISE(found.expires_at_ms > 0);
        PROMISE(!strpbrk(found.access_key, " \r\n") && !strpbrk(found.session_token, " \r\n"));
        PROMISE(!memmem(text, length, "<!DOCTYPE", strlen("<!DOCTYPE")) ||
                memmem(text, length, "<!--", 4) || memmem(text, length, "<![CDATA[", 9) ||
                memmem(text, length, "<?", 2));
    } else {
        PROMISE(!found.access_key && !found.secret_key && !found.session_token);
        PROMISE(strncmp(call->error->text, "STS: ", 5) == 0);
    }
    creds_found_free(&found);
    mgw_call_free(call);
}

static void read_error(const char *text, size_t length)
{
    struct sts_error error;
    sts_read_error(text, length, &error);
    PROMISE(strlen(error.code) < sizeof error.code);
    PROMISE(strlen(error.message) < sizeof error.message);
    for (const char *at = error.message; *at; at++) {
        PROMISE(*at >= ' ' && *at <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *text = fuzz_text(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        read_keys(text, size - 1);
    } else {
        read_error(text, size - 1);
    }
    free(text);
    return 0;
}
