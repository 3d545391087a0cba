/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditional headers of any text; the lines of the input are the headers. */
#include "core/http/precondition.h"

#include "core/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    char *lines[5] = {0}, *at = text;
    for (size_t i = 0; i < 5 && at; i++) {
        char *line = strsep(&at, "\n");
        lines[i] = *line ? line : NULL;
    }
    const struct precondition_content content = {.etag = "abc", .modified_at = 784111777900};
    for (int get = 0; get <= 1; get++) {
        const struct precondition request = {.get_or_head = get,
                                             .if_match = lines[0],
                                             .if_none_match = lines[1],
                                             .if_modified_since = lines[2],
                                             .if_unmodified_since = lines[3],
                                             .if_range = lines[4]};
        bool ranged;
        enum precondition_answer answer = precondition_check(&request, &content, &ranged);
        PROMISE(get || answer != PRECONDITION_NOT_MODIFIED);
        PROMISE(answer == PRECONDITION_PROCEED || !ranged);
    }
    return 0;
}
