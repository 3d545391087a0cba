/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a Range header says, the ranges lie within the content and apart from one another. The
 * first eight bytes are the content's size. */
#include "core/http/range.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t content;
    if (size < sizeof content) {
        return 0;
    }
    memcpy(&content, data, sizeof content);
    content >>= 1; /* no file is longer */
    AUTO_FREE char *header = fuzz_text(data + sizeof content, size - sizeof content);
    struct range_set set;
    enum range_answer answer = range_parse(header, content, &set);
    PROMISE((answer == RANGE_PARTIAL) == (set.count > 0));
    PROMISE(set.count <= RANGE_MAX);
    for (size_t i = 0; i < set.count; i++) {
        const struct range *a = &set.ranges[i];
        PROMISE(a->length > 0 && a->first < content && a->length <= content - a->first);
        for (size_t j = 0; j < i; j++) {
            const struct range *b = &set.ranges[j];
            PROMISE(a->first > b->first + b->length || b->first > a->first + a->length);
        }
    }
    uint64_t length;
    PROMISE(range_body_length("b", "video/webm", &set, content, &length));
    return 0;
}
