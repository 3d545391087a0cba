/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include "answer.h"
#include "props.h"
#include "request.h"

#include <openssl/evp.h>
#include <string.h>

#define CURSOR "s3:"
enum { PAGE = 1000, KEY_ROOM = 3 * MGW_KEY_MAX + 1 };

static bool emit_contents(const void *at, list_emit *emit, void *ctx, char *last, bool *bad)
{
    char name[KEY_ROOM], size[24], time[64], quoted[300], etag[257];
    if (!answer_key(at, "Key", name, sizeof name) || strlen(name) > MGW_KEY_MAX) {
        *bad = true;
        return false;
    }
    struct list_object object = {
        .name = name,
        .bytes = strtoull(answer_value(at, "Size", size, sizeof size), NULL, 10),
        /* to the second, as HEAD tells it */
        .modified_ms = props_time(answer_value(at, "LastModified", time, sizeof time)),
    };
    if (props_etag(answer_value(at, "ETag", quoted, sizeof quoted), etag)) {
        object.etag = etag;
    }
    memcpy(last, name, strlen(name) + 1); /* it fits: looked at above */
    return emit(ctx, &object);
}

/* One answer. *MORE: it was cut; LAST its last name. */
static enum mgw_status one_page(struct mgw_call *call, struct s3 *s3, const char *bucket,
                                const char *prefix, uint32_t limit, char last[MGW_KEY_MAX + 1],
                                bool *more, list_emit *emit, void *ctx)
{
    char keys[16], truncated[8];
    bool bad = false, stopped = false;
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {.method = "GET", .bucket = bucket};
    snprintf(keys, sizeof keys, "%u", limit < PAGE ? limit : PAGE);
    request_query(&request, "list-type", "2");
    request_query(&request, "encoding-type", "url");
    request_query(&request, "prefix", prefix);
    request_query(&request, "max-keys", keys);
    if (*last) {
        request_query(&request, "start-after", last);
    }
    *more = false;
    enum mgw_status status = request_send(call, s3, &request);
    if (status == MGW_NOT_FOUND) { /* a 404 of who knows whom does not make a store empty */
        request_end(s3, &request);
        return request_is(&request, "NoSuchBucket") ? MGW_OK : MGW_UNAVAILABLE;
    }
    if (status == MGW_OK) {
        const void *root = answer_open(&answer, &request.exchange.answer, "ListBucketResult");
        status = root ? MGW_OK : request_judge_body(call, s3, &request);
        for (const void *at = answer_child(root, "Contents"); at && !stopped;
             at = answer_next(at)) {
            stopped = !emit_contents(at, emit, ctx, last, &bad);
        }
        answer_value(root, "IsTruncated", truncated, sizeof truncated);
        *more = !stopped && strcmp(truncated, "true") == 0;
    }
    request_end(s3, &request);
    return bad ? mgw_fail(call, MGW_CORRUPT, "S3 listed a key of more than %u bytes", MGW_KEY_MAX)
               : status;
}

enum mgw_status list_objects(struct mgw_call *call, struct s3 *s3, const char *bucket,
                             const char *prefix, const char *after, uint32_t limit, list_emit *emit,
                             void *ctx)
{
    char last[MGW_KEY_MAX + 1], before[MGW_KEY_MAX + 1];
    bool more = true;
    enum mgw_status status = MGW_OK;
    snprintf(last, sizeof last, "%s", after);
    while (status == MGW_OK && more) {
        memcpy(before, last, sizeof before);
        status = one_page(call, s3, bucket, prefix, limit, last, &more, emit, ctx);
        more = more && strcmp(before, last) != 0;
    }
    return status;
}

enum mgw_status list_buckets(struct mgw_call *call, struct s3 *s3, list_bucket_emit *emit,
                             void *ctx)
{
    char name[256];
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {.method = "GET"};
    enum mgw_status status = request_send(call, s3, &request);
    if (status == MGW_OK) {
        const void *root = answer_open(&answer, &request.exchange.answer, "ListAllMyBucketsResult");
        status = root ? MGW_OK : request_judge_body(call, s3, &request);
        const void *at = answer_child(answer_child(root, "Buckets"), "Bucket");
        while (at && emit(ctx, answer_value(at, "Name", name, sizeof name))) {
            at = answer_next(at);
        }
    }
    request_end(s3, &request);
    return status;
}

/* ---- The callback ---- */

struct page {
    const struct s3 *s3;
    size_t skip; /* bytes of a name in front of the key */
    uint32_t left;
    mgw_list_emit *emit;
    void *ctx;
    bool failed;
};

static char *make_cursor(const char *key)
{
    AUTO_FREE char *base64 = props_base64(key, strlen(key));
    AUTO_TEXT struct text cursor = {0};
    text_printf(&cursor, CURSOR "%s", base64 ? base64 : "");
    return base64 ? text_take(&cursor) : NULL;
}

static bool emit_blob(void *ctx, const struct list_object *object)
{
    struct page *page = ctx;
    const char *key = object->name + page->skip;
    if (!page->s3->bucket && strncmp(key, S3_RESERVED, strlen(S3_RESERVED)) == 0) {
        return true;
    }
    if (!*key) { /* somebody's folder mark */
        return true;
    }
    AUTO_FREE char *cursor = make_cursor(key);
    page->failed = !cursor;
    if (!cursor) {
        return false;
    }
    struct mgw_list_entry entry = {
        .size = sizeof entry,
        .key = key,
        .bytes = object->bytes,
        .modified_ms = object->modified_ms,
        .etag = object->etag,
        .cursor = cursor,
    };
    page->left--;
    return page->emit(page->ctx, &entry) && page->left > 0;
}

/* The key in CURSOR, behind whatever NAME holds already. */
static bool read_cursor(const char *cursor, struct text *name)
{
    size_t prefix = strlen(CURSOR), digits;
    if (strncmp(cursor, CURSOR, prefix) != 0) {
        return false;
    }
    cursor += prefix;
    digits = strlen(cursor);
    if (digits == 0 || digits % 4 || digits > 1368) {
        return false;
    }
    unsigned char key[1368];
    int got = EVP_DecodeBlock(key, (const unsigned char *)cursor, (int)digits);
    for (size_t i = 1; i <= 2 && got > 0 && cursor[digits - i] == '='; i++) {
        got--;
    }
    if (got <= 0 || got > (int)MGW_KEY_MAX || memchr(key, 0, (size_t)got)) {
        return false;
    }
    text_add(name, key, (size_t)got);
    AUTO_FREE char *again = name->failed ? NULL : make_cursor(name->data + name->length - got);
    return again && strcmp(again + prefix, cursor) == 0;
}

enum mgw_status list_page(struct mgw_call *call, void *instance, const char *bucket,
                          const char *prefix, const char *cursor, uint32_t limit,
                          mgw_list_emit *emit, void *ctx)
{
    struct s3 *s3 = instance;
    AUTO_TEXT struct text name = {0}, after = {0};
    enum mgw_status status = s3_over(call, s3);
    if (status != MGW_OK) {
        return status;
    }
    text_put(&name, s3->prefix);
    if (s3->bucket) {
        text_printf(&name, "%s/", bucket);
    }
    struct page page = {.s3 = s3, .skip = name.length, .left = limit, .emit = emit, .ctx = ctx};
    text_put(&after, text_of(&name));
    text_put(&name, prefix);
    if (*cursor && !read_cursor(cursor, &after)) {
        return mgw_fail(call, MGW_INVALID, "the cursor is not one of this list");
    }
    if (name.failed || after.failed) {
        return s3_no_memory(call);
    }
    if (name.length > MGW_KEY_MAX || after.length > MGW_KEY_MAX) {
        return MGW_OK; /* no such key can be */
    }
    status = list_objects(call, s3, s3->bucket ? s3->bucket : bucket, text_of(&name),
                          *cursor ? text_of(&after) : "", limit, emit_blob, &page);
    return page.failed ? s3_no_memory(call) : status;
}
