/* SPDX-License-Identifier: Apache-2.0 */
#include "marker.h"

#include "blob.h"
#include "list.h"
#include "whole.h"

#include <mediagw/help/driver.h>

#include <jansson.h>
#include <string.h>

enum { FORMAT = 1, MARKER_MAX = 4096 };

static enum mgw_status name_of(struct mgw_call *call, const struct s3 *s3, struct object *object)
{
    AUTO_TEXT struct text name = {0};
    text_printf(&name, "%s" S3_RESERVED "store", s3->prefix);
    object->bucket = s3->bucket;
    object->name = s3_keep(call, text_of(&name));
    return name.failed || !object->name ? s3_no_memory(call) : MGW_OK;
}

static enum mgw_status decode(struct mgw_call *call, struct s3 *s3, const struct text *text)
{
    json_error_t error;
    json_t *json = json_loadb(text_of(text), text->length, JSON_REJECT_DUPLICATES, &error);
    json_int_t format = 0;
    const char *id = "";
    bool good = json && json_unpack(json, "{s:I, s:s}", "format", &format, "store_id", &id) == 0;
    size_t length = strspn(id, "0123456789abcdef");
    enum mgw_status status = MGW_OK;
    if (!good) {
        status = mgw_fail(call, MGW_INVALID, "the marker %s" S3_RESERVED "store in %s is damaged",
                          s3->prefix, s3->bucket);
    } else if (format != FORMAT) {
        status = mgw_fail(call, MGW_INVALID,
                          "the store in %s has format %lld; this release knows %d: use a newer one",
                          s3->bucket, (long long)format, FORMAT);
    } else if (length != 32 || id[length]) {
        status = mgw_fail(call, MGW_INVALID, "the marker in %s holds no store id", s3->bucket);
    } else {
        snprintf(s3->id, sizeof s3->id, "%s", id);
    }
    json_decref(json);
    return status;
}

/* *NO_BUCKET: there is not even that. */
static enum mgw_status read_marker(struct mgw_call *call, struct s3 *s3, bool *no_bucket)
{
    struct object object;
    enum mgw_status status = name_of(call, s3, &object);
    struct request request = {
        .method = "GET", .bucket = object.bucket, .object = object.name, .answer_max = MARKER_MAX};
    status = status == MGW_OK ? request_send(call, s3, &request) : status;
    *no_bucket = request_is(&request, "NoSuchBucket");
    if (status == MGW_OK) {
        status = decode(call, s3, &request.exchange.answer);
    }
    request_end(s3, &request);
    return status;
}

static bool stray(void *ctx, const struct list_object *object)
{
    snprintf(ctx, 200, "%s", object->name);
    return false;
}

static enum mgw_status write_marker(struct mgw_call *call, struct s3 *s3)
{
    char id[33], text[128], found[200] = "";
    struct spool spool = {.fd = -1};
    struct object object;
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = list_objects(call, s3, s3->bucket, s3->prefix, "", 1, stray, found);
    if (status == MGW_OK && found[0]) {
        return mgw_fail(call, MGW_INVALID,
                        "bucket %s holds objects under prefix \"%s\" (%s) but no marker of a "
                        "store: choose an empty prefix",
                        s3->bucket, s3->prefix, found);
    }
    mgw_new_id(s3->host, id);
    snprintf(text, sizeof text, "{\"format\": %d, \"store_id\": \"%s\"}\n", FORMAT, id);
    status = status == MGW_OK ? name_of(call, s3, &object) : status;
    status = status == MGW_OK ? spool_open(call, s3, &spool) : status;
    status = status == MGW_OK ? spool_write(call, &spool, text, strlen(text)) : status;
    status = status == MGW_OK ? spool_seal(call, &spool) : status;
    if (status == MGW_OK) {
        status = put_whole(call, s3, &object, &spool, "application/json", NULL, id, true, &stat);
    }
    spool_close(&spool);
    return status == MGW_EXISTS ? MGW_OK : status; /* another's init was faster */
}

enum mgw_status marker_open(struct mgw_call *call, struct s3 *s3, bool init)
{
    bool no_bucket = false;
    enum mgw_status status = read_marker(call, s3, &no_bucket);
    if (status != MGW_NOT_FOUND) {
        return status;
    }
    if (init) {
        status = no_bucket && s3->create_bucket ? blob_create_bucket(call, s3, s3->bucket) : MGW_OK;
        if (no_bucket && !s3->create_bucket) {
            return MGW_UNAVAILABLE; /* the text says what to do */
        }
        status = status == MGW_OK ? write_marker(call, s3) : status;
        return status == MGW_OK ? read_marker(call, s3, &no_bucket) : status;
    }
    return mgw_fail(call, MGW_NOT_FOUND,
                    "no store in bucket %s under prefix \"%s\"; create it with: mediagw init "
                    "--config FILE",
                    s3->bucket, s3->prefix);
}
