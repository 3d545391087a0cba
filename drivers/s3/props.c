/* SPDX-License-Identifier: Apache-2.0 */
#include "props.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#define META "x-amz-meta-"
#define OWN "mgw-"
#define WORD "=?UTF-8?B?"

char *props_base64(const void *bytes, size_t length)
{
    char *text = malloc((length + 2) / 3 * 4 + 1);
    if (text) {
        EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    }
    return text;
}

static bool is_plain(const char *value)
{
    for (const char *c = value; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f) {
            return false;
        }
    }
    return *value && strncmp(value, "=?", 2) != 0;
}

static char *encode(struct mgw_call *call, const char *value)
{
    if (is_plain(value)) {
        return s3_keep(call, value);
    }
    AUTO_FREE char *base64 = props_base64(value, strlen(value));
    AUTO_TEXT struct text text = {0};
    text_printf(&text, WORD "%s?=", base64 ? base64 : "");
    return base64 && !text.failed ? s3_keep(call, text_of(&text)) : NULL;
}

/* In the call's memory; what is no such word stays as it is. */
static char *decode(struct mgw_call *call, const char *value, size_t length)
{
    size_t start = strlen(WORD);
    char *out = call->alloc(call, length + 1);
    if (!out) {
        return NULL;
    }
    memcpy(out, value, length);
    if (length < start + 2 || strncmp(value, WORD, start) != 0 ||
        strncmp(value + length - 2, "?=", 2) != 0) {
        return out;
    }
    size_t digits = length - start - 2;
    unsigned char *bytes = call->alloc(call, length + 4);
    int got =
        bytes ? EVP_DecodeBlock(bytes, (const unsigned char *)value + start, (int)digits) : -1;
    if (got < 0) {
        return bytes ? out : NULL;
    }
    for (size_t i = 1; i <= 2 && digits >= i && value[start + digits - i] == '='; i++) {
        bytes[--got] = '\0';
    }
    return (char *)bytes;
}

static bool is_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && !name[length] && strncmp(name, OWN, strlen(OWN)) != 0;
}

enum mgw_status props_pairs(struct mgw_call *call, const char *const *metadata, const char *nonce,
                            struct sign_pair *pairs, size_t *count, size_t most)
{
    size_t bytes = 0;
    for (; metadata && metadata[0]; metadata += 2) {
        bytes += strlen(metadata[0]) + strlen(metadata[1]);
        if (bytes > PROPS_METADATA_MAX || *count + 1 >= most || !is_name(metadata[0])) {
            return mgw_fail(call, MGW_INVALID,
                            "the metadata have more than %u bytes or too many entries, or a name "
                            "that is not [a-z0-9-]+ or begins with " OWN,
                            PROPS_METADATA_MAX);
        }
        AUTO_TEXT struct text name = {0};
        text_printf(&name, META "%s", metadata[0]);
        struct sign_pair pair = {s3_keep(call, text_of(&name)), encode(call, metadata[1])};
        if (!pair.name || !pair.value) {
            return s3_no_memory(call);
        }
        pairs[(*count)++] = pair;
    }
    if (nonce) {
        pairs[(*count)++] = (struct sign_pair){PROPS_NONCE, nonce};
    }
    return MGW_OK;
}

char **props_copy(const char *const *map)
{
    size_t count = 0;
    while (map[count]) {
        count += 2;
    }
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(map[i]);
        if (!copy[i]) {
            for (size_t j = 0; j < i; j++) {
                free(copy[j]);
            }
            free(copy);
            return NULL;
        }
    }
    return copy;
}

enum mgw_status props_add(struct mgw_call *call, const struct s3 *s3, struct request *request,
                          const char *content_type, const char *const *metadata, const char *nonce)
{
    if (content_type && *content_type) {
        for (const char *c = content_type; *c; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                return mgw_fail(call, MGW_INVALID, "the content type has a control character");
            }
        }
        request_header(request, "content-type", s3_keep(call, content_type));
        if (!request->headers[request->header_count - 1].value) {
            return s3_no_memory(call);
        }
    }
    if (s3->storage_class) {
        request_header(request, "x-amz-storage-class", s3->storage_class);
    }
    if (s3->sse) {
        request_header(request, "x-amz-server-side-encryption", s3->sse);
    }
    if (s3->sse_key) {
        request_header(request, "x-amz-server-side-encryption-aws-kms-key-id", s3->sse_key);
    }
    return props_pairs(call, metadata, nonce, request->headers, &request->header_count,
                       REQUEST_PAIRS - 8);
}

bool props_etag(const char *header, char out[257])
{
    if (strncmp(header, "W/", 2) == 0) {
        header += 2;
    }
    size_t quote = *header == '"', length = strlen(header + quote);
    if (quote && length > 0 && header[quote + length - 1] == '"') {
        length--;
    }
    bool good = length > 0 && length <= 256;
    for (size_t i = 0; good && i < length; i++) {
        char c = header[quote + i];
        good = c > 0x20 && c < 0x7f && c != '"';
    }
    snprintf(out, 257, "%.*s", good ? (int)length : 0, header + quote);
    return good;
}

int64_t props_time(const char *text)
{
    struct tm tm = {0};
    if (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm)) {
        return (int64_t)timegm(&tm) * 1000;
    }
    time_t at = curl_getdate(text, NULL);
    return at > 0 ? (int64_t)at * 1000 : 0;
}

static enum mgw_status read_metadata(struct mgw_call *call, const struct lane_exchange *exchange,
                                     struct mgw_stat *stat)
{
    size_t count = 0, at = 0, prefix = strlen(META);
    const char *lines = text_of(&exchange->headers);
    for (const char *line = lines; *line; line += strcspn(line, "\n") + 1) {
        count += strncmp(line, META, prefix) == 0 && strncmp(line + prefix, OWN, strlen(OWN)) != 0;
    }
    if (count == 0) {
        return MGW_OK;
    }
    const char **map = call->alloc(call, (2 * count + 1) * sizeof *map);
    for (const char *line = lines; map && *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n"), name = strcspn(line, ":\n");
        if (strncmp(line, META, prefix) != 0 || strncmp(line + prefix, OWN, strlen(OWN)) == 0 ||
            name <= prefix || name >= length) {
            continue;
        }
        const char *value = line + name + 1;
        value += strspn(value, " \t");
        char *key = call->alloc(call, name - prefix + 1);
        if (!key) {
            return s3_no_memory(call);
        }
        memcpy(key, line + prefix, name - prefix);
        map[at++] = key;
        map[at++] = decode(call, value, length - (size_t)(value - line));
        if (!map[at - 1]) {
            return s3_no_memory(call);
        }
    }
    stat->metadata = map;
    return map ? MGW_OK : s3_no_memory(call);
}

enum mgw_status props_stat(struct mgw_call *call, const struct lane_exchange *exchange,
                           struct mgw_stat *stat)
{
    char length[32], header[300], etag[257], modified[64], type[1100];
    lane_header(exchange, "content-length", length, sizeof length);
    lane_header(exchange, "etag", header, sizeof header);
    lane_header(exchange, "last-modified", modified, sizeof modified);
    lane_header(exchange, "content-type", type, sizeof type);
    if (!*length || length[strspn(length, "0123456789")] || strlen(length) > 18 ||
        !props_etag(header, etag)) {
        return mgw_fail(call, MGW_CORRUPT, "S3 told no length or no ETag of an object");
    }
    stat->bytes = strtoull(length, NULL, 10);
    stat->modified_ms = props_time(modified);
    stat->etag = s3_keep(call, etag);
    if (!stat->etag) {
        return s3_no_memory(call);
    }
    if (!MGW_HAS(stat, metadata)) {
        return MGW_OK;
    }
    if (*type && strcmp(type, "binary/octet-stream") != 0) { /* S3's word for none */
        stat->content_type = s3_keep(call, type);
        if (!stat->content_type) {
            return s3_no_memory(call);
        }
    }
    return read_metadata(call, exchange, stat);
}
