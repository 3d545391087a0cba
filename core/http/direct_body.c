/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON of direct_begin (direct.h): each field's type, no field twice, none that is not known.
 * Metadata is kept as the text that was sent. Pure. */
#include "core/base/json_skip.h"
#include "core/http/direct.h"

#include <jansson.h>
#include <string.h>

#define NUMBER_MAX 9007199254740992.0 /* 2^53: what JSON's numbers say exactly */

/* A whole number from 0 to 2^53, in any spelling. */
static bool whole(const json_t *value, int64_t *number)
{
    double real = json_is_real(value) ? json_real_value(value) : -1;
    if (!(real >= 0 && real <= NUMBER_MAX) || real != (double)(int64_t)real) {
        return false;
    }
    *number = (int64_t)real;
    return true;
}

/* The value of the member "metadata" of the object TEXT as it was sent; NULL where its name was
 * written with escapes, or memory is short. */
static char *raw_metadata(const char *text)
{
    static const char name[] = "\"metadata\"";
    const char *at = json_skip_space(json_skip_space(text) + 1);
    while (*at == '"') {
        const char *end = json_skip_string(at);
        bool found =
            (size_t)(end - at) == sizeof name - 1 && strncmp(at, name, sizeof name - 1) == 0;
        const char *value = json_skip_space(json_skip_space(end) + 1);
        at = json_skip_value(value);
        if (found) {
            return strndup(value, (size_t)(at - value));
        }
        at = json_skip_space(at);
        at = *at == ',' ? json_skip_space(at + 1) : at;
    }
    return NULL;
}

static const char *take_metadata(struct direct_body *body, const char *text, json_t *value)
{
    if (!json_is_object(value)) {
        return "metadata must be a JSON object";
    }
    body->metadata = raw_metadata(text);
    if (!body->metadata) {
        body->metadata = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17));
    }
    body->recording.metadata = body->metadata;
    return body->metadata ? NULL : "metadata could not be read";
}

static const char **text_field(struct direct_body *body, const char *name)
{
    const struct {
        const char *name;
        const char **field;
    } texts[] = {
        {"mimeType", &body->recording.mime_type},   {"kind", &body->recording.kind},
        {"sessionId", &body->recording.session_id}, {"ownerEmail", &body->recording.owner_email},
        {"checksum", &body->recording.checksum},    {"contentMd5", &body->options.content_md5},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].name, name) == 0) {
            return texts[i].field;
        }
    }
    return NULL;
}

static const char *take_field(struct direct_body *body, const char *text, const char *name,
                              json_t *value)
{
    const char **field = text_field(body, name);
    int64_t length = 0;
    if (field) {
        *field = json_string_value(value);
        return *field ? NULL
                      : "mimeType, kind, sessionId, ownerEmail, checksum and contentMd5 "
                        "must be text";
    }
    if (strcmp(name, "sizeBytes") == 0) {
        bool good = whole(value, &length);
        body->options.length = (uint64_t)length;
        return good ? NULL : "sizeBytes must be a whole number of bytes";
    }
    if (strcmp(name, "durationMs") == 0) {
        return whole(value, &body->recording.duration_ms)
                   ? NULL
                   : "durationMs must be a whole number of milliseconds";
    }
    if (strcmp(name, "takeIndex") == 0) {
        return whole(value, &body->recording.take_index) ? NULL
                                                         : "takeIndex must be a whole number";
    }
    if (strcmp(name, "metadata") == 0) {
        return take_metadata(body, text, value);
    }
    if (strcmp(name, "parts") == 0) {
        body->options.parts = json_is_true(value) ? MGW_DIRECT_PARTS_YES : MGW_DIRECT_PARTS_NO;
        return json_is_boolean(value) ? NULL : "parts must be true or false";
    }
    return "the body may hold mimeType, sizeBytes, durationMs, kind, sessionId, takeIndex, "
           "ownerEmail, metadata, checksum, contentMd5 and parts only";
}

const char *direct_body_read(const char *text, size_t length, struct direct_body *body)
{
    *body = (struct direct_body){
        .recording = {.size = sizeof body->recording,
                      .duration_ms = MGW_ABSENT,
                      .take_index = MGW_ABSENT},
        .options = {.size = sizeof body->options, .length = UINT64_MAX},
    };
    body->options.recording = &body->recording;
    json_error_t error;
    /* Metadata's numbers are never read, so they need not fit an integer. jansson steps over a NUL
     * behind a number; for everybody else it ends the text. */
    bool whole_text = text && !memchr(text, '\0', length);
    json_t *json = whole_text ? json_loadb(text, length,
                                           JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error)
                              : NULL;
    body->json = json;
    if (!json_is_object(json)) {
        return "the body must be one JSON object without duplicate keys";
    }
    const char *name, *wrong = NULL;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        wrong = take_field(body, text, name, value);
        if (wrong) {
            return wrong;
        }
    }
    if (!body->recording.mime_type || body->options.length == UINT64_MAX) {
        return "mimeType and sizeBytes are required";
    }
    return NULL;
}

void direct_body_release(struct direct_body *body)
{
    json_decref(body->json);
    free(body->metadata);
}
