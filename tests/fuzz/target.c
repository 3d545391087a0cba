/* SPDX-License-Identifier: Apache-2.0
 *
 * A target that is taken is UTF-8 throughout, and its texts lie within it. */
#include "core/http/target.h"

#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

static void promise_text(const char *text, size_t most)
{
    size_t length = strlen(text);
    PROMISE(length <= most && text_is_utf8(text, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *raw = malloc(size ? size : 1);
    PROMISE(raw != NULL);
    memcpy(raw, data, size);
    const char *error;
    AUTO_TARGET struct target *target = target_parse(raw, size, &error);
    free(raw);
    PROMISE((target == NULL) == (error != NULL));
    if (!target) {
        return 0;
    }
    promise_text(target->path, size);
    PROMISE(target->segment_count > 0);
    for (size_t i = 0; i < target->segment_count && i < TARGET_SEGMENTS_MAX; i++) {
        promise_text(target->segments[i], size);
    }
    PROMISE((target->bucket == NULL) == (target->key == NULL));
    if (target->key) {
        promise_text(target->bucket, size);
        promise_text(target->key, size);
        PROMISE(*target->key);
    }
    for (size_t i = 0; i < target->param_count; i++) {
        promise_text(target->params[i].name, size);
        promise_text(target->params[i].value, size);
        PROMISE(target_param(target, target->params[i].name) != NULL);
    }
    return 0;
}
