/* SPDX-License-Identifier: Apache-2.0
 *
 * Form fields of any bytes: the first byte chooses the name, the rest is the value. */
#include "core/http/fields.h"

#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"durationMs", "takeIndex", "metadata", "other"};
    if (size == 0) {
        return 0;
    }
    const char *name = names[data[0] % 4];
    AUTO_FIELDS struct fields *fields = fields_new();
    PROMISE(fields != NULL);
    bool taken = fields_set(fields, name, (const char *)data + 1, size - 1);
    PROMISE(taken == (fields_error(fields) == NULL));
    const char *value = fields_get(fields, name);
    PROMISE(!value || (strlen(value) == size - 1 && text_is_utf8(value, size - 1)));
    struct mgw_recording recording;
    if (taken && fields_recording(fields, &recording)) {
        PROMISE(recording.duration_ms == MGW_ABSENT || recording.duration_ms >= 0);
        PROMISE(recording.take_index == MGW_ABSENT || recording.take_index >= 0);
    }
    return 0;
}
