/* SPDX-License-Identifier: Apache-2.0 */
#include "multipart.h"

#include "answer.h"
#include "blob.h"
#include "encode.h"
#include "props.h"

#include <libxml/xmlwriter.h>
#include <string.h>

enum { AWAIT_MAX_MS = 800 }; /* the longest of the waits; 1.6 s in all */

uint64_t multipart_part_bytes(uint64_t least, uint64_t length, uint32_t parts)
{
    const uint64_t step = 1u << 20;
    uint64_t need = (length + parts - 1) / parts;
    need = (need + step - 1) / step * step;
    need = need > least ? need : least;
    return need < S3_PART_MAX ? need : S3_PART_MAX;
}

enum mgw_status multipart_create(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                 const char *content_type, const char *const *metadata,
                                 const char *nonce, const char **upload_id, bool *retried)
{
    char id[1100];
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {
        .method = "POST", .bucket = object->bucket, .object = object->name, .body_sent = true};
    request_query(&request, "uploads", NULL);
    enum mgw_status status = props_add(call, s3, &request, content_type, metadata, nonce);
    status = status == MGW_OK ? request_send(call, s3, &request) : status;
    if (status != MGW_OK && blob_made_bucket(call, s3, &request)) {
        status = request_send(call, s3, &request);
    }
    if (status == MGW_OK) {
        const void *root =
            answer_open(&answer, &request.exchange.answer, "InitiateMultipartUploadResult");
        if (!root || !*answer_value(root, "UploadId", id, sizeof id)) {
            status = request_judge_body(call, s3, &request);
        } else {
            *retried = request.doubtful;
            *upload_id = s3_keep(call, id);
            status = *upload_id ? MGW_OK : s3_no_memory(call);
        }
    }
    request_end(s3, &request);
    return status;
}

static void part_query(struct request *request, const char *upload_id,
                       const struct multipart_part *part, char number[16])
{
    snprintf(number, 16, "%u", part->number);
    request_query(request, "partNumber", number);
    request_query(request, "uploadId", upload_id);
}

static enum mgw_status take_etag(struct mgw_call *call, const char *header,
                                 struct multipart_part *part)
{
    char etag[257];
    if (!props_etag(header, etag) || strlen(etag) >= sizeof part->etag) {
        return mgw_fail(call, MGW_CORRUPT, "S3 answered no usable ETag of part %u", part->number);
    }
    memcpy(part->etag, etag, strlen(etag) + 1);
    return MGW_OK;
}

enum mgw_status multipart_send(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, const struct spool *spool,
                               struct multipart_part *part)
{
    char number[16], etag[300];
    struct request request = {.method = "PUT", .bucket = object->bucket, .object = object->name};
    part_query(&request, upload_id, part, number);
    spool_attach(spool, &request);
    enum mgw_status status = request_send(call, s3, &request);
    if (status == MGW_OK) {
        lane_header(&request.exchange, "etag", etag, sizeof etag);
        status = take_etag(call, etag, part);
    }
    request_end(s3, &request);
    return status;
}

enum mgw_status multipart_copy(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, const struct object *from, const char *etag,
                               uint64_t first, struct multipart_part *part)
{
    char number[16], made[300];
    AUTO_ANSWER struct answer answer = {0};
    AUTO_TEXT struct text source = {0}, quoted = {0}, range = {0};
    struct request request = {.method = "PUT",
                              .bucket = object->bucket,
                              .object = object->name,
                              .body_sent = true,
                              .result = "CopyPartResult"};
    part_query(&request, upload_id, part, number);
    text_printf(&source, "/%s/", from->bucket);
    encode_uri(&source, from->name, true);
    text_printf(&quoted, "\"%s\"", etag);
    text_printf(&range, "bytes=%" PRIu64 "-%" PRIu64, first, first + part->length - 1);
    request_header(&request, "x-amz-copy-source", text_of(&source));
    request_header(&request, "x-amz-copy-source-if-match", text_of(&quoted));
    request_header(&request, "x-amz-copy-source-range", text_of(&range));
    enum mgw_status status = source.failed || quoted.failed || range.failed
                                 ? s3_no_memory(call)
                                 : request_send(call, s3, &request);
    if (status == MGW_OK) {
        const void *root = answer_open(&answer, &request.exchange.answer, "CopyPartResult");
        status = root ? take_etag(call, answer_value(root, "ETag", made, sizeof made), part)
                      : request_judge_body(call, s3, &request);
    }
    request_end(s3, &request);
    return status;
}

/* ---- Complete ---- */

static bool complete_body(const struct multipart_part *parts, size_t count, struct text *body)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *writer = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    bool good =
        writer && xmlTextWriterStartElement(writer, BAD_CAST "CompleteMultipartUpload") >= 0;
    for (size_t i = 0; i < count && good; i++) {
        good = xmlTextWriterStartElement(writer, BAD_CAST "Part") >= 0 &&
               xmlTextWriterWriteFormatElement(writer, BAD_CAST "PartNumber", "%u",
                                               parts[i].number) >= 0 &&
               xmlTextWriterWriteFormatElement(writer, BAD_CAST "ETag", "\"%s\"", parts[i].etag) >=
                   0 &&
               xmlTextWriterEndElement(writer) >= 0;
    }
    good = good && xmlTextWriterEndDocument(writer) >= 0;
    xmlFreeTextWriter(writer);
    if (good) {
        text_put(body, (const char *)xmlBufferContent(buffer));
    }
    xmlBufferFree(buffer);
    return good && !body->failed;
}

/* What one CompleteMultipartUpload came to. */
struct completed {
    char code[64];  /* S3's, of a failure */
    char etag[300]; /* "": not told (Ceph) */
};

static enum mgw_status complete_once(struct mgw_call *call, struct s3 *s3,
                                     const struct object *object, const char *upload_id,
                                     const struct spool *body, bool if_absent,
                                     struct completed *completed)
{
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {.method = "POST",
                              .bucket = object->bucket,
                              .object = object->name,
                              .result = "CompleteMultipartUploadResult"};
    request_query(&request, "uploadId", upload_id);
    spool_attach(body, &request);
    request_header(&request, "content-type", "application/xml");
    if (if_absent) {
        request_header(&request, "if-none-match", "*"); /* Ceph 16 takes no notice of it */
    }
    enum mgw_status status = request_send(call, s3, &request);
    snprintf(completed->code, sizeof completed->code, "%s", request.code);
    completed->etag[0] = '\0';
    if (status == MGW_OK) {
        const void *root = answer_open(&answer, &request.exchange.answer, request.result);
        answer_value(root, "ETag", completed->etag, sizeof completed->etag);
    }
    request_end(s3, &request);
    return status;
}

static bool is_of_parts(const char *code)
{
    return strcmp(code, "InvalidPart") == 0 || strcmp(code, "InvalidPartOrder") == 0 ||
           strcmp(code, "EntityTooSmall") == 0;
}

/* MinIO takes the parts away first and shows the object a moment later: until then another owner's
 * Complete makes this one an InvalidPart or a NoSuchUpload. Where the other's connection was cut in
 * that moment the parts are gone for good, and must be sent again. */
static enum mgw_status await_ours(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                  const char *nonce, struct mgw_stat *stat)
{
    for (int64_t wait = 25;; wait *= 2) {
        enum mgw_status seen = blob_is_ours(call, s3, object, nonce, stat);
        if ((seen != MGW_CONFLICT && seen != MGW_NOT_FOUND) || wait > AWAIT_MAX_MS) {
            return seen;
        }
        enum mgw_status status = request_pause(call, s3, wait);
        if (status != MGW_OK) {
            return status;
        }
    }
}

/* A Complete that found no upload or no part, or whose answer is lost or doubtful, may have done
 * it: only the object itself tells. */
static enum mgw_status complete_truth(struct mgw_call *call, struct s3 *s3,
                                      const struct object *object, enum mgw_status status,
                                      const char *code, const char *nonce, struct mgw_stat *stat)
{
    bool invalid = strcmp(code, "InvalidPart") == 0;
    bool taken = invalid || strcmp(code, "NoSuchUpload") == 0;
    bool open = status == MGW_UNKNOWN_OUTCOME || status == MGW_NOT_FOUND || status == MGW_CONFLICT;
    if ((!open && !taken) || strcmp(code, "NoSuchBucket") == 0) {
        return is_of_parts(code) ? MGW_INVALID : status;
    }
    char why[512] = "";
    if (call->error) {
        snprintf(why, sizeof why, "%s", call->error->text);
    }
    enum mgw_status seen = taken ? await_ours(call, s3, object, nonce, stat)
                                 : blob_is_ours(call, s3, object, nonce, stat);
    if (seen != MGW_CONFLICT && seen != MGW_NOT_FOUND) {
        return blob_unknown(seen);
    }
    status = invalid ? MGW_INVALID : status == MGW_CONFLICT ? MGW_EXISTS : status;
    return mgw_fail(call, status, "%s", why);
}

/* MGW_EXISTS where another's object has the name. */
static enum mgw_status look_before(struct mgw_call *call, struct s3 *s3,
                                   const struct object *object, const char *nonce)
{
    struct mgw_stat old = {.size = offsetof(struct mgw_stat, content_type)};
    enum mgw_status status = blob_is_ours(call, s3, object, nonce, &old);
    if (status == MGW_CONFLICT) {
        return mgw_fail(call, MGW_EXISTS, "%s is there already", object->name);
    }
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

enum mgw_status multipart_complete(struct mgw_call *call, struct s3 *s3,
                                   const struct object *object, const char *upload_id,
                                   const struct multipart_part *parts, size_t count, bool if_absent,
                                   const char *nonce, struct mgw_stat *stat)
{
    AUTO_TEXT struct text xml = {0};
    struct spool body = {.fd = -1};
    struct completed completed;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += parts[i].length;
    }
    /* where the server takes no notice of If-None-Match, this is all the look there is */
    enum mgw_status status = if_absent ? look_before(call, s3, object, nonce) : MGW_OK;
    status = status == MGW_OK ? spool_open(call, s3, &body) : status;
    if (status == MGW_OK) {
        status = complete_body(parts, count, &xml)
                     ? spool_write(call, &body, text_of(&xml), xml.length)
                     : s3_no_memory(call);
    }
    status = status == MGW_OK ? spool_seal(call, &body) : status;
    if (status == MGW_OK) {
        status = complete_once(call, s3, object, upload_id, &body, if_absent, &completed);
        if (status == MGW_OK) {
            status = blob_is_ours(call, s3, object, nonce, stat);
            status = status == MGW_OK
                         ? status
                         : blob_was_ours(call, s3, status, completed.etag, nonce, bytes, stat);
        } else {
            status = complete_truth(call, s3, object, status, completed.code, nonce, stat);
        }
    }
    spool_close(&body);
    return status;
}

enum mgw_status multipart_abort(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                const char *upload_id)
{
    struct request request = {.method = "DELETE", .bucket = object->bucket, .object = object->name};
    request_query(&request, "uploadId", upload_id);
    enum mgw_status status = request_send(call, s3, &request);
    request_end(s3, &request);
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

/* ---- Lists ---- */

static enum mgw_status list_page(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                 const char *upload_id, char marker[16], bool *more,
                                 multipart_emit *emit, void *ctx)
{
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {.method = "GET", .bucket = object->bucket, .object = object->name};
    request_query(&request, "uploadId", upload_id);
    request_query(&request, "max-parts", "1000");
    request_query(&request, "part-number-marker", marker);
    enum mgw_status status = request_send(call, s3, &request);
    const void *root = NULL;
    if (status == MGW_OK) {
        root = answer_open(&answer, &request.exchange.answer, "ListPartsResult");
        status = root ? MGW_OK : request_judge_body(call, s3, &request);
    }
    char number[16], size[24], etag[300], truncated[8];
    for (const void *at = answer_child(root, "Part"); at && status == MGW_OK;
         at = answer_next(at)) {
        struct multipart_part part = {
            .number = (uint32_t)strtoul(answer_value(at, "PartNumber", number, 16), NULL, 10),
            .length = strtoull(answer_value(at, "Size", size, sizeof size), NULL, 10)};
        snprintf(marker, 16, "%u", part.number);
        status = take_etag(call, answer_value(at, "ETag", etag, sizeof etag), &part);
        if (status == MGW_OK && !emit(ctx, &part)) {
            request_end(s3, &request);
            *more = false;
            return MGW_OK;
        }
    }
    *more =
        root && strcmp(answer_value(root, "IsTruncated", truncated, sizeof truncated), "true") == 0;
    request_end(s3, &request);
    return status;
}

enum mgw_status multipart_list(struct mgw_call *call, struct s3 *s3, const struct object *object,
                               const char *upload_id, multipart_emit *emit, void *ctx)
{
    char marker[16] = "0", before[16];
    bool more = true;
    enum mgw_status status = MGW_OK;
    while (status == MGW_OK && more) {
        memcpy(before, marker, sizeof before);
        status = list_page(call, s3, object, upload_id, marker, &more, emit, ctx);
        more = more && strcmp(before, marker) != 0;
    }
    return status;
}

enum mgw_status multipart_abort_all(struct mgw_call *call, struct s3 *s3,
                                    const struct object *object, int64_t before_ms,
                                    multipart_spared *spared, void *ctx, uint64_t *aborted)
{
    AUTO_ANSWER struct answer answer = {0};
    struct request request = {.method = "GET", .bucket = object->bucket};
    request_query(&request, "uploads", NULL);
    request_query(&request, "prefix", object->name); /* the whole key: all that MinIO can list */
    request_query(&request, "encoding-type", "url");
    enum mgw_status status = request_send(call, s3, &request);
    const void *root = NULL;
    if (status == MGW_OK) {
        root = answer_open(&answer, &request.exchange.answer, "ListMultipartUploadsResult");
        status = root ? MGW_OK : request_judge_body(call, s3, &request);
    }
    char key[3200], id[1100], begun[64];
    for (const void *at = answer_child(root, "Upload"); at && status == MGW_OK;
         at = answer_next(at)) {
        if (!answer_key(at, "Key", key, sizeof key) || strcmp(key, object->name) != 0 ||
            props_time(answer_value(at, "Initiated", begun, sizeof begun)) >= before_ms ||
            !*answer_value(at, "UploadId", id, sizeof id)) {
            continue;
        }
        bool spare = false;
        status = spared(ctx, id, &spare);
        if (status == MGW_OK && !spare) {
            status = multipart_abort(call, s3, object, id);
            *aborted += status == MGW_OK;
        }
    }
    request_end(s3, &request);
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}
