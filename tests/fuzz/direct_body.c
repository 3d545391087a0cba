/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON that begins a direct upload: what is taken says a type and a size, numbers are whole and
 * within their bounds, and metadata's text is the very value that was read. */
#include "core/http/direct.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

enum { HOW = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL };
#define NUMBER_MAX ((int64_t)1 << 53)

static bool is_number(int64_t number)
{
    return number == MGW_ABSENT || (number >= 0 && number <= NUMBER_MAX);
}

static void look(const struct direct_body *body)
{
    PROMISE(body->recording.mime_type != NULL);
    PROMISE(body->options.recording == &body->recording);
    PROMISE(body->options.length <= (uint64_t)NUMBER_MAX);
    PROMISE(is_number(body->recording.duration_ms) && is_number(body->recording.take_index));
    PROMISE(body->options.parts <= MGW_DIRECT_PARTS_YES);
    const json_t *value = json_object_get(body->json, "metadata");
    PROMISE((value != NULL) == (body->metadata != NULL));
    PROMISE(body->recording.metadata == body->metadata);
    if (body->metadata) {
        json_t *again = json_loads(body->metadata, HOW | JSON_ALLOW_NUL, NULL);
        PROMISE(again && json_equal(again, value));
        json_decref(again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct direct_body body;
    const char *wrong = direct_body_read(text, size, &body);
    if (!wrong) {
        look(&body);
    }
    direct_body_release(&body);
    free(text);
    return 0;
}
