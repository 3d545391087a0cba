/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata: what checks_metadata takes and refuses, beside a second reading of RFC 8259 that is
 * written here; and what was taken fits into an answer as it is. */
#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/http/json_out.h"
#include "core/media/checks.h"
#include "core/media/row.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>

/* ---- The second reading: at the character behind what was read, or NULL ---- */

struct keys {
    struct buf at[64]; /* decoded, of one object */
    size_t count;
};

static const char *read_value(const char *at, int depth);

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *read_hex(const char *at, unsigned *unit)
{
    char digits[5] = {0};
    for (int i = 0; i < 4; i++) {
        digits[i] = at[i];
        if (!at[i] || !strchr("0123456789abcdefABCDEF", at[i])) {
            return NULL;
        }
    }
    *unit = (unsigned)strtoul(digits, NULL, 16);
    return at + 4;
}

static void put_utf8(struct buf *out, unsigned c)
{
    unsigned char bytes[4] = {
        (unsigned char)(0xf0 | c >> 18), (unsigned char)(0x80 | (c >> 12 & 63)),
        (unsigned char)(0x80 | (c >> 6 & 63)), (unsigned char)(0x80 | (c & 63))};
    if (c < 0x80) {
        buf_append(out, &(char){(char)c}, 1);
        return;
    }
    size_t from = c < 0x800 ? 2 : c < 0x10000 ? 1 : 0;
    bytes[from] = (unsigned char)(from == 2   ? 0xc0 | c >> 6
                                  : from == 1 ? 0xe0 | c >> 12
                                              : bytes[0]);
    buf_append(out, bytes + from, 4 - from);
}

/* Behind "\u". */
static const char *read_unicode(const char *at, struct buf *out)
{
    unsigned unit, low;
    if (!(at = read_hex(at, &unit)) || unit == 0 || (unit >= 0xdc00 && unit < 0xe000)) {
        return NULL;
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
        if (at[0] != '\\' || at[1] != 'u' || !(at = read_hex(at + 2, &low)) || low < 0xdc00 ||
            low >= 0xe000) {
            return NULL;
        }
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(out, unit);
    return at;
}

static const char *read_string(const char *at, struct buf *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (*at++ != '"') {
        return NULL;
    }
    while (at && *at != '"') {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at != '\\') {
            buf_append(out, at++, 1);
            continue;
        }
        const char *letter = at[1] ? strchr(letters, at[1]) : NULL;
        if (letter) {
            buf_append(out, &meant[letter - letters], 1);
            at += 2;
        } else {
            at = at[1] == 'u' ? read_unicode(at + 2, out) : NULL;
        }
    }
    return at ? at + 1 : NULL;
}

static const char *read_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");
    return count ? at + count : NULL;
}

static const char *read_number(const char *from)
{
    const char *at = from + (*from == '-');
    at = *at == '0' ? at + 1 : read_digits(at);
    if (at && *at == '.') {
        at = read_digits(at + 1);
    }
    if (at && (*at == 'e' || *at == 'E')) {
        at += 1 + (at[1] == '+' || at[1] == '-');
        at = read_digits(at);
    }
    return at && isfinite(strtod(from, NULL)) ? at : NULL;
}

static bool is_new(struct keys *keys, const struct buf *key)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct buf *other = &keys->at[i];
        if (other->length == key->length &&
            (key->length == 0 || memcmp(other->data, key->data, key->length) == 0)) {
            return false;
        }
    }
    return true;
}

static const char *read_member(const char *at, struct keys *keys, int depth)
{
    struct buf *key = &keys->at[keys->count];
    if (keys->count == 64 || !(at = read_string(at, key))) {
        return NULL;
    }
    bool fresh = is_new(keys, key);
    keys->count++;
    at = skip_space(at);
    return fresh && *at == ':' ? read_value(at + 1, depth) : NULL;
}

static const char *read_list(const char *at, char end, int depth)
{
    struct keys keys = {0};
    at = skip_space(at);
    if (depth > CHECKS_METADATA_DEPTH || *at == end) {
        return depth > CHECKS_METADATA_DEPTH ? NULL : at + 1;
    }
    while ((at = end == '}' ? read_member(skip_space(at), &keys, depth) : read_value(at, depth))) {
        at = skip_space(at);
        if (*at++ != ',') {
            break;
        }
    }
    for (size_t i = 0; i < 64; i++) {
        buf_free(&keys.at[i]);
    }
    return at && at[-1] == end ? at : NULL;
}

static const char *read_value(const char *at, int depth)
{
    at = skip_space(at);
    if (*at == '{' || *at == '[') {
        return read_list(at + 1, *at == '{' ? '}' : ']', depth + 1);
    }
    if (*at == '"') {
        AUTO_BUF struct buf text = {0};
        return read_string(at, &text);
    }
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0) {
            return at + strlen(words[i]);
        }
    }
    return read_number(at);
}

static bool is_metadata(const char *text)
{
    const char *at = skip_space(text);
    at = *at == '{' ? read_value(at, 0) : NULL;
    return at && *skip_space(at) == '\0' && text_is_utf8(text, strlen(text)) &&
           strlen(text) <= CHECKS_METADATA_MAX;
}

static bool has_many_members(const char *text)
{
    size_t colons = 0;
    for (; *text; text++) {
        colons += *text == ':';
    }
    return colons >= 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    const char *wrong = checks_metadata(text);
    PROMISE(has_many_members(text) || (wrong == NULL) == is_metadata(text));
    if (wrong) {
        return 0;
    }
    struct mgw_row row = row_empty();
    row.id = row.account_id = row.bucket = row.key = "x";
    row.mime_type = "video/webm";
    row.kind = "video";
    row.status = MGW_ROW_READY;
    row.metadata = text;
    AUTO_BUF struct buf out = {0};
    PROMISE(json_out_row(&out, &row) && strstr(out.data, text));
    json_t *json =
        json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    PROMISE(json_is_object(json_object_get(json, "metadata")));
    json_decref(json);
    return 0;
}
