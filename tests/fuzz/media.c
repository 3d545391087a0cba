/* SPDX-License-Identifier: Apache-2.0
 *
 * Media types and the checks of names and metadata, on any text. */
#include "core/base/cleanup.h"
#include "core/media/checks.h"
#include "core/media/mime.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const rules[] = {"video/*", "image/*", NULL};
    AUTO_FREE char *text = fuzz_text(data, size);
    if (!mime_check(text)) {
        for (const char *at = text; *at; at++) {
            PROMISE(*at >= ' ' || *at == '\t');
        }
    }
    if (mime_allowed(text, rules)) {
        size_t essence = strcspn(text, "; \t");
        PROMISE(essence < 4 || strncasecmp(text + essence - 4, "+xml", 4) != 0);
        PROMISE(essence < 4 || strncasecmp(text + essence - 4, "/svg", 4) != 0);
    }
    mime_check_rule(text);
    mime_is_inline(text);
    PROMISE(mime_kind(text) != NULL);
    checks_id(text);
    checks_account(text);
    checks_session_id(text);
    checks_owner_email(text);
    checks_idempotency_key(text);
    checks_checksum(text);
    checks_bucket(text);
    checks_metadata(text);
    return 0;
}
