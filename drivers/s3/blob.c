/* SPDX-License-Identifier: Apache-2.0 */
#include "blob.h"

#include "encode.h"
#include "multipart.h"
#include "note.h"
#include "props.h"

#include <libxml/xmlwriter.h>
#include <string.h>

static void set_object(struct request *request, const struct object *object)
{
    request->bucket = object->bucket;
    request->object = object->name;
}

enum mgw_status blob_head(struct mgw_call *call, struct s3 *s3, const struct object *object,
                          const char *if_etag, struct mgw_stat *stat, char *nonce)
{
    struct request request = {.method = "HEAD"};
    AUTO_TEXT struct text quoted = {0};
    set_object(&request, object);
    if (if_etag) {
        text_printf(&quoted, "\"%s\"", if_etag);
        request_header(&request, "if-match", text_of(&quoted));
    }
    enum mgw_status status = quoted.failed ? s3_no_memory(call) : request_send(call, s3, &request);
    if (status == MGW_OK) {
        status = props_stat(call, &request.exchange, stat);
    }
    if (status == MGW_OK && nonce) {
        lane_header(&request.exchange, PROPS_NONCE, nonce, 33);
    }
    request_end(s3, &request);
    return status;
}

enum mgw_status blob_is_ours(struct mgw_call *call, struct s3 *s3, const struct object *object,
                             const char *nonce, struct mgw_stat *stat)
{
    char is[33] = "";
    enum mgw_status status = blob_head(call, s3, object, NULL, stat, is);
    if (status == MGW_OK && strcmp(is, nonce) != 0) {
        return mgw_fail(call, MGW_CONFLICT, "%s is another put's", object->name);
    }
    return status;
}

enum mgw_status blob_unknown(enum mgw_status seen)
{
    return seen == MGW_OK || seen == MGW_TIMEOUT || seen == MGW_CANCELLED ? seen
                                                                          : MGW_UNKNOWN_OUTCOME;
}

enum mgw_status blob_was_ours(struct mgw_call *call, const struct s3 *s3, enum mgw_status seen,
                              const char *etag, const char *nonce, uint64_t bytes,
                              struct mgw_stat *stat)
{
    char plain[257];
    bool told = props_etag(etag, plain);
    if (!told && seen != MGW_CONFLICT && seen != MGW_NOT_FOUND) {
        return blob_unknown(seen);
    }
    *stat = (struct mgw_stat){.size = stat->size,
                              .bytes = bytes,
                              .modified_ms = s3->host->wall_ms() / 1000 * 1000,
                              /* of a version that nobody can ask for any more: any name does */
                              .etag = s3_keep(call, told ? plain : nonce)};
    return stat->etag ? MGW_OK : MGW_UNKNOWN_OUTCOME;
}

enum mgw_status blob_delete(struct mgw_call *call, struct s3 *s3, const struct object *object)
{
    struct request request = {.method = "DELETE"};
    set_object(&request, object);
    enum mgw_status status = request_send(call, s3, &request);
    request_end(s3, &request);
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

/* ---- Buckets ---- */

/* Outside us-east-1 the region is said in the body (S3 API: CreateBucket). */
static bool location_body(const char *region, struct text *body)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    bool good =
        writer && xmlTextWriterStartElement(writer, BAD_CAST "CreateBucketConfiguration") >= 0 &&
        xmlTextWriterWriteElement(writer, BAD_CAST "LocationConstraint", BAD_CAST region) >= 0 &&
        xmlTextWriterEndDocument(writer) >= 0;
    xmlFreeTextWriter(writer);
    if (good) {
        text_put(body, (const char *)xmlBufferContent(buffer));
    }
    xmlBufferFree(buffer);
    return good && !body->failed;
}

static enum mgw_status ask_bucket(struct mgw_call *call, struct s3 *s3, const char *bucket)
{
    struct request request = {.method = "HEAD", .bucket = bucket};
    enum mgw_status status = request_send(call, s3, &request);
    request_end(s3, &request);
    return status;
}

enum mgw_status blob_create_bucket(struct mgw_call *call, struct s3 *s3, const char *bucket)
{
    struct request request = {.method = "PUT", .bucket = bucket, .body_sent = true};
    struct spool spool = {.fd = -1};
    AUTO_TEXT struct text body = {0};
    char region[33];
    regions_get(&s3->regions, bucket, region);
    enum mgw_status status = spool_open(call, s3, &spool);
    if (status == MGW_OK && s3->place.aws && strcmp(region, "us-east-1") != 0) {
        status = location_body(region, &body)
                     ? spool_write(call, &spool, text_of(&body), body.length)
                     : s3_no_memory(call);
    }
    status = status == MGW_OK ? spool_seal(call, &spool) : status;
    if (status == MGW_OK) {
        spool_attach(&spool, &request);
        status = request_send(call, s3, &request);
    }
    if (request_is(&request, "BucketAlreadyOwnedByYou")) {
        status = MGW_OK;
    }
    /* Ceph says so of one that another thread of ours is making */
    bool whose = request_is(&request, "BucketAlreadyExists");
    request_end(s3, &request);
    spool_close(&spool);
    return whose ? ask_bucket(call, s3, bucket) : status;
}

bool blob_made_bucket(struct mgw_call *call, struct s3 *s3, const struct request *request)
{
    if (!s3->create_bucket || !request->bucket || !request_is(request, "NoSuchBucket")) {
        return false;
    }
    bool made = blob_create_bucket(call, s3, request->bucket) == MGW_OK;
    if (made) {
        s3->host->log(s3->name, MGW_LOG_INFO, "made the bucket %s", request->bucket);
    }
    return made;
}

/* ---- Callbacks ---- */

enum mgw_status blob_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          struct mgw_stat *stat)
{
    struct object object;
    enum mgw_status status = place_object(call, instance, blob, &object);
    return status == MGW_OK ? blob_head(call, instance, &object, NULL, stat, NULL) : status;
}

enum mgw_status blob_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    struct object object;
    enum mgw_status status = place_object(call, instance, blob, &object);
    return status == MGW_OK ? blob_delete(call, instance, &object) : status;
}

static enum mgw_status copy_small(struct mgw_call *call, struct s3 *s3, const struct object *from,
                                  const struct object *to, const struct mgw_stat *stat)
{
    struct request request = {.method = "PUT", .body_sent = true, .result = "CopyObjectResult"};
    AUTO_TEXT struct text source = {0}, quoted = {0};
    set_object(&request, to);
    text_printf(&source, "/%s/", from->bucket);
    encode_uri(&source, from->name, true);
    text_printf(&quoted, "\"%s\"", stat->etag);
    request_header(&request, "x-amz-copy-source", text_of(&source));
    request_header(&request, "x-amz-copy-source-if-match", text_of(&quoted));
    request_header(&request, "x-amz-metadata-directive", "COPY");
    enum mgw_status status = source.failed || quoted.failed
                                 ? s3_no_memory(call)
                                 : props_add(call, s3, &request, NULL, NULL, NULL);
    status = status == MGW_OK ? request_send(call, s3, &request) : status;
    request_end(s3, &request);
    return status;
}

/* In even steps, so that 10,000 suffice for the largest object. */
static enum mgw_status copy_parts(struct mgw_call *call, struct s3 *s3, const struct object *from,
                                  const struct object *to, const struct mgw_stat *stat,
                                  const char *upload_id, struct mgw_stat *made, const char *nonce)
{
    enum { STEP = 1u << 30 };
    size_t count = (size_t)((stat->bytes + STEP - 1) / STEP);
    AUTO_FREE struct multipart_part *parts = calloc(count, sizeof *parts);
    if (!parts) {
        return s3_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t first = (uint64_t)i * STEP, left = stat->bytes - first;
        parts[i].number = (uint32_t)i + 1;
        parts[i].length = left < STEP ? left : STEP;
        enum mgw_status status =
            multipart_copy(call, s3, to, upload_id, from, stat->etag, first, &parts[i]);
        if (status != MGW_OK) {
            return status;
        }
    }
    return multipart_complete(call, s3, to, upload_id, parts, count, false, nonce, made);
}

static enum mgw_status copy_large(struct mgw_call *call, struct s3 *s3, const struct object *from,
                                  const struct object *to, const struct mgw_stat *stat,
                                  struct mgw_stat *made)
{
    AUTO_NOTE struct note note = {0};
    enum mgw_status status = note_new(call, s3, to, &note);
    status =
        status == MGW_OK ? note_begin(call, s3, &note, stat->content_type, stat->metadata) : status;
    if (status != MGW_OK) {
        return status;
    }
    status = copy_parts(call, s3, from, to, stat, note.upload_id, made, note.id);
    if (status == MGW_OK || multipart_abort(call, s3, to, note.upload_id) == MGW_OK) {
        note_end(call, s3, &note); /* else the sweep ends it */
    }
    return status;
}

enum mgw_status blob_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                          const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct s3 *s3 = instance;
    struct object source, target;
    struct mgw_stat is = {.size = sizeof is};
    enum mgw_status status = place_object(call, s3, from, &source);
    status = status == MGW_OK ? place_object(call, s3, to, &target) : status;
    status = status == MGW_OK ? blob_head(call, s3, &source, NULL, &is, NULL) : status;
    if (status != MGW_OK) {
        return status;
    }
    bool same = strcmp(source.bucket, target.bucket) == 0 && strcmp(source.name, target.name) == 0;
    if (!same && is.bytes > S3_PART_MAX) {
        return copy_large(call, s3, &source, &target, &is, stat);
    }
    status = same ? MGW_OK : copy_small(call, s3, &source, &target, &is);
    return status == MGW_OK ? blob_head(call, s3, &target, NULL, stat, NULL) : status;
}
