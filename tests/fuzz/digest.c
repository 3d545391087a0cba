/* SPDX-License-Identifier: Apache-2.0
 *
 * A digest that is read is written as the header had it. */
#include "core/http/digest.h"

#include "core/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *header = fuzz_text(data, size);
    struct digest digest;
    if (digest_parse(header, &digest) && digest.has_sha256) {
        char field[DIGEST_FIELD_SIZE], checksum[DIGEST_CHECKSUM_SIZE];
        uint8_t again[32];
        digest_field(digest.sha256, field);
        PROMISE(strstr(header, field) != NULL);
        digest_checksum(digest.sha256, checksum);
        PROMISE(digest_from_checksum(checksum, again) && memcmp(again, digest.sha256, 32) == 0);
    }
    uint8_t bytes[32];
    digest_from_checksum(header, bytes);
    return 0;
}
