/* SPDX-License-Identifier: Apache-2.0
 *
 * See checks.h. */
#include "core/media/checks.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"

#include <jansson.h>
#include <string.h>

const char *checks_id(const char *id)
{
    if (!text_is_word(id, 64, "._-") || strcmp(id, ".") == 0 || strcmp(id, "..") == 0) {
        return "an id is 1 to 64 of A-Z a-z 0-9 . _ -";
    }
    return NULL;
}

const char *checks_account(const char *account)
{
    return text_is_word(account, 128, "._:@|-")
               ? NULL
               : "an account is 1 to 128 of A-Z a-z 0-9 . _ : @ | -";
}

const char *checks_session_id(const char *session_id)
{
    return text_is_word(session_id, 128, "_-") ? NULL
                                               : "sessionId must be 1 to 128 of A-Z a-z 0-9 _ -";
}

const char *checks_owner_email(const char *email)
{
    size_t length = strlen(email);
    if (length == 0 || length > 320) {
        return "ownerEmail must be 1 to 320 bytes";
    }
    if (!text_is_utf8(email, length)) {
        return "ownerEmail is not UTF-8";
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)email[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)email[i + 1] < 0xa0)) {
            return "ownerEmail has a control character";
        }
    }
    return NULL;
}

const char *checks_idempotency_key(const char *key)
{
    size_t length = strlen(key);
    bool visible = length >= 1 && length <= 128;
    for (size_t i = 0; visible && i < length; i++) {
        visible = key[i] > ' ' && key[i] <= '~';
    }
    return visible ? NULL : "Idempotency-Key must be 1 to 128 visible ASCII characters";
}

const char *checks_kind(const char *kind)
{
    bool known = strcmp(kind, "video") == 0 || strcmp(kind, "audio") == 0 ||
                 strcmp(kind, "image") == 0 || strcmp(kind, "file") == 0;
    return known ? NULL : "kind must be video, audio, image or file";
}

const char *checks_checksum(const char *checksum)
{
    static const char prefix[] = "sha256:";
    size_t skip = sizeof prefix - 1;
    if (strncmp(checksum, prefix, skip) != 0 || strlen(checksum) != skip + 64 ||
        strspn(checksum + skip, "0123456789abcdef") != 64) {
        return "checksum must be sha256: and 64 lower-case hex digits";
    }
    return NULL;
}

const char *checks_bucket(const char *bucket)
{
    size_t length = strlen(bucket);
    if (length < 2 || length > 63 || bucket[0] == '.' || bucket[0] == '-' ||
        strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") != length) {
        return "a bucket is 2 to 63 of a-z 0-9 . - and begins with a letter or digit";
    }
    return NULL;
}

const char *checks_duration_ms(int64_t duration_ms)
{
    return duration_ms >= 0 && duration_ms < INT64_C(1) << 53
               ? NULL
               : "durationMs must be 0 to 9007199254740991";
}

const char *checks_take_index(int64_t take_index)
{
    return take_index >= 0 && take_index <= INT32_MAX ? NULL : "takeIndex must be 0 to 2147483647";
}

/* How deep the brackets of TEXT nest. Looked at before parsing: the parser recurses. */
static size_t nesting(const char *text)
{
    size_t depth = 0, most = 0;
    bool quoted = false;
    for (; *text; text++) {
        if (quoted) {
            if (*text == '\\' && text[1]) {
                text++;
            } else if (*text == '"') {
                quoted = false;
            }
        } else if (*text == '"') {
            quoted = true;
        } else if (*text == '{' || *text == '[') {
            depth++;
            most = depth > most ? depth : most;
        } else if ((*text == '}' || *text == ']') && depth > 0) {
            depth--;
        }
    }
    return most;
}

const char *checks_metadata(const char *metadata)
{
    size_t length = strlen(metadata);
    if (length > CHECKS_METADATA_MAX) {
        return "metadata is larger than 64 KiB";
    }
    if (nesting(metadata) > CHECKS_METADATA_DEPTH) {
        return "metadata nests deeper than 32";
    }
    json_error_t error;
    /* Numbers are never read back from here, so they need not fit an integer. */
    json_t *json =
        json_loadb(metadata, length,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    if (json) {
        const char *wrong = json_is_object(json) ? NULL : "metadata is not a JSON object";
        json_decref(json);
        return wrong;
    }
    switch (json_error_code(&error)) {
    case json_error_duplicate_key:
        return "metadata has a key twice in one object";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "metadata has U+0000 in a string";
    case json_error_numeric_overflow:
        return "metadata has a number too large for a double";
    case json_error_out_of_memory:
        return "metadata could not be checked: out of memory";
    default:
        return "metadata is not well-formed JSON";
    }
}
