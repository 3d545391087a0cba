/* SPDX-License-Identifier: Apache-2.0
 *
 * See fields.h. */
#include "core/http/fields.h"

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/base/token.h"

#include <string.h>
#include <strings.h>

enum field {
    MIME_TYPE,
    DURATION_MS,
    SESSION_ID,
    TAKE_INDEX,
    OWNER_EMAIL,
    METADATA,
    KIND,
    CHECKSUM
};

static const struct {
    const char *name;
    const char *header; /* NULL: no header says it */
} known[] = {
    [MIME_TYPE] = {"mimeType", NULL},
    [DURATION_MS] = {"durationMs", "X-Duration-Ms"},
    [SESSION_ID] = {"sessionId", "X-Session-Id"},
    [TAKE_INDEX] = {"takeIndex", "X-Take-Index"},
    [OWNER_EMAIL] = {"ownerEmail", "X-Owner-Email"},
    [METADATA] = {"metadata", "X-Media-Metadata"},
    [KIND] = {"kind", "X-Kind"},
    [CHECKSUM] = {"checksum", NULL},
};
#define KNOWN (sizeof known / sizeof *known)

struct fields {
    char *values[KNOWN];
    size_t current; /* the field under way; KNOWN: one that is not known */
    struct buf value;
    char error[96]; /* names known fields only */
};

struct fields *fields_new(void)
{
    struct fields *fields = calloc(1, sizeof *fields);
    if (fields) {
        fields->value.max = FIELDS_VALUE_MAX;
    }
    return fields;
}

void fields_free(struct fields *fields)
{
    if (!fields) {
        return;
    }
    for (size_t i = 0; i < KNOWN; i++) {
        free(fields->values[i]);
    }
    buf_free(&fields->value);
    free(fields);
}

static size_t find(const char *name)
{
    size_t i = 0;
    while (i < KNOWN && strcmp(known[i].name, name) != 0) {
        i++;
    }
    return i;
}

bool fields_is_known(const char *name)
{
    return find(name) < KNOWN;
}

const char *fields_name_of_header(const char *header)
{
    for (size_t i = 0; i < KNOWN; i++) {
        if (known[i].header && strcasecmp(known[i].header, header) == 0) {
            return known[i].name;
        }
    }
    return NULL;
}

static bool wrong(struct fields *fields, size_t field, const char *what)
{
    snprintf(fields->error, sizeof fields->error, "%s %s",
             field < KNOWN ? known[field].name : "a form field", what);
    return false;
}

bool fields_begin(struct fields *fields, const char *name)
{
    fields->current = find(name);
    buf_reset(&fields->value);
    if (fields->current < KNOWN && fields->values[fields->current]) {
        return wrong(fields, fields->current, "is given twice");
    }
    return true;
}

bool fields_data(struct fields *fields, const char *bytes, size_t length)
{
    if (length > FIELDS_VALUE_MAX - fields->value.length) {
        return wrong(fields, fields->current, "is larger than 64 KiB");
    }
    if (length > 0 && memchr(bytes, '\0', length)) {
        return wrong(fields, fields->current, "has a NUL");
    }
    return buf_append(&fields->value, bytes, length);
}

bool fields_end(struct fields *fields)
{
    if (!buf_append(&fields->value, "", 0)) {
        return false;
    }
    if (!text_is_utf8(fields->value.data, fields->value.length)) {
        return wrong(fields, fields->current, "is not UTF-8");
    }
    if (fields->current == KNOWN) {
        return true;
    }
    fields->values[fields->current] = buf_take(&fields->value);
    return fields->values[fields->current] != NULL;
}

bool fields_set(struct fields *fields, const char *name, const char *value, size_t length)
{
    return fields_begin(fields, name) && fields_data(fields, value, length) && fields_end(fields);
}

const char *fields_get(const struct fields *fields, const char *name)
{
    size_t i = find(name);
    return i < KNOWN ? fields->values[i] : NULL;
}

bool fields_integer(const char *text, int64_t max, int64_t *number)
{
    int64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text; text++) {
        int digit = *text - '0';
        if (!token_digit(*text) || digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

static bool number(struct fields *fields, enum field field, int64_t max, int64_t *value)
{
    const char *text = fields->values[field];
    *value = MGW_ABSENT;
    if (!text || fields_integer(text, max, value)) {
        return true;
    }
    char what[64];
    snprintf(what, sizeof what, "must be a decimal integer from 0 to %lld", (long long)max);
    return wrong(fields, field, what);
}

bool fields_recording(struct fields *fields, struct mgw_recording *recording)
{
    *recording = (struct mgw_recording){
        .size = sizeof *recording,
        .mime_type = fields->values[MIME_TYPE],
        .kind = fields->values[KIND],
        .session_id = fields->values[SESSION_ID],
        .owner_email = fields->values[OWNER_EMAIL],
        .metadata = fields->values[METADATA],
        .checksum = fields->values[CHECKSUM],
    };
    return number(fields, DURATION_MS, (INT64_C(1) << 53) - 1, &recording->duration_ms) &&
           number(fields, TAKE_INDEX, INT32_MAX, &recording->take_index);
}

const char *fields_error(const struct fields *fields)
{
    return *fields->error ? fields->error : NULL;
}
