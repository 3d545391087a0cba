/* SPDX-License-Identifier: Apache-2.0 */
#include "loose.h"

#include "blob.h"
#include "list.h"
#include "props.h"

#include <mediagw/help/driver.h>

#include <string.h>

enum { UNKNOWN, ANY_PARTS, ALL_PARTS };

enum mgw_status loose_object(struct mgw_call *call, const struct s3 *s3, const char *bucket,
                             const char *id, uint32_t number, struct object *object)
{
    AUTO_TEXT struct text name = {0};
    text_printf(&name, "%s" S3_RESERVED "parts/%s/%u", s3->prefix, id, number);
    object->bucket = s3_keep(call, bucket);
    object->name = s3_keep(call, text_of(&name));
    return !name.failed && object->bucket && object->name ? MGW_OK : s3_no_memory(call);
}

/* ---- The question ---- */

static enum mgw_status small_part(struct mgw_call *call, struct s3 *s3, const struct object *object,
                                  const char *upload_id, struct multipart_part *part)
{
    struct spool spool = {.fd = -1};
    enum mgw_status status = spool_open(call, s3, &spool);
    status = status == MGW_OK ? spool_write(call, &spool, "?", 1) : status;
    status = status == MGW_OK ? spool_seal(call, &spool) : status;
    if (status == MGW_OK) {
        status = multipart_send(call, s3, object, upload_id, &spool, part);
    }
    spool_close(&spool);
    return status;
}

/* An upload of two parts, of which one is named at its end. */
static enum mgw_status ask(struct mgw_call *call, struct s3 *s3, struct note *note,
                           const struct object *object, bool *all)
{
    struct mgw_stat stat = {.size = sizeof stat};
    struct multipart_part first = {.number = 1, .length = 1}, second = {.number = 2, .length = 1};
    enum mgw_status status = note_begin(call, s3, note, NULL, NULL);
    if (status != MGW_OK) {
        return status;
    }
    status = small_part(call, s3, object, note->upload_id, &first);
    status = status == MGW_OK ? small_part(call, s3, object, note->upload_id, &second) : status;
    if (status == MGW_OK) {
        status = multipart_complete(call, s3, object, note->upload_id, &first, 1, false, note->id,
                                    &stat);
        *all = status == MGW_INVALID;
        status = *all ? MGW_OK : status;
    }
    if (multipart_abort(call, s3, object, note->upload_id) == MGW_OK &&
        blob_delete(call, s3, object) == MGW_OK) {
        note_end(call, s3, note);
    }
    return status;
}

enum mgw_status loose_wanted(struct mgw_call *call, struct s3 *s3, const char *bucket, bool *wanted)
{
    int known = atomic_load(&s3->completes);
    *wanted = known == ALL_PARTS;
    if (known != UNKNOWN) {
        return MGW_OK;
    }
    char id[33];
    struct object object;
    AUTO_NOTE struct note note = {0};
    mgw_new_id(s3->host, id);
    enum mgw_status status = loose_object(call, s3, bucket, id, 0, &object);
    status = status == MGW_OK ? note_new(call, s3, &object, &note) : status;
    status = status == MGW_OK ? ask(call, s3, &note, &object, wanted) : status;
    if (status == MGW_OK) {
        atomic_store(&s3->completes, *wanted ? ALL_PARTS : ANY_PARTS);
    }
    return status;
}

/* ---- Parts ---- */

enum mgw_status loose_send(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                           const struct spool *spool, struct multipart_part *part)
{
    struct object object;
    char etag[300], plain[257];
    enum mgw_status status = loose_object(call, s3, bucket, id, part->number, &object);
    if (status != MGW_OK) {
        return status;
    }
    struct request request = {.method = "PUT", .bucket = object.bucket, .object = object.name};
    spool_attach(spool, &request);
    status = request_send(call, s3, &request);
    if (status == MGW_OK) {
        lane_header(&request.exchange, "etag", etag, sizeof etag);
        if (!props_etag(etag, plain) || strlen(plain) >= sizeof part->etag) {
            status = mgw_fail(call, MGW_CORRUPT, "S3 answered no usable ETag of a part");
        } else {
            memcpy(part->etag, plain, strlen(plain) + 1);
        }
    }
    request_end(s3, &request);
    return status;
}

enum mgw_status loose_look(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                           struct multipart_part *part)
{
    struct object object;
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = loose_object(call, s3, bucket, id, part->number, &object);
    status = status == MGW_OK ? blob_head(call, s3, &object, NULL, &stat, NULL) : status;
    if (status == MGW_OK && strlen(stat.etag) >= sizeof part->etag) {
        return mgw_fail(call, MGW_CORRUPT, "S3 answered no usable ETag of a part");
    }
    if (status == MGW_OK) {
        part->length = stat.bytes;
        memcpy(part->etag, stat.etag, strlen(stat.etag) + 1);
    }
    return status;
}

enum mgw_status loose_gather(struct mgw_call *call, struct s3 *s3, const struct object *object,
                             const char *upload_id, const char *id, struct multipart_part *parts,
                             size_t count)
{
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < count && status == MGW_OK; i++) {
        struct object from;
        struct multipart_part copied = {.number = (uint32_t)i + 1, .length = parts[i].length};
        status = loose_object(call, s3, object->bucket, id, parts[i].number, &from);
        status = status == MGW_OK
                     ? multipart_copy(call, s3, object, upload_id, &from, parts[i].etag, 0, &copied)
                     : status;
        if (status == MGW_CONFLICT || status == MGW_NOT_FOUND) { /* the part, or the upload? */
            struct multipart_part is = {.number = parts[i].number};
            bool there = loose_look(call, s3, object->bucket, id, &is) == MGW_OK &&
                         strcmp(is.etag, parts[i].etag) == 0;
            status = there ? status
                           : mgw_fail(call, MGW_INVALID, "part %zu is not there any more", i + 1);
        }
        parts[i] = copied;
    }
    return status;
}

/* ---- Their end ---- */

struct removal {
    struct mgw_call *call;
    struct s3 *s3;
    const char *bucket;
    enum mgw_status status;
};

static bool remove_one(void *ctx, const struct list_object *listed)
{
    struct removal *removal = ctx;
    struct object object = {removal->bucket, listed->name};
    removal->status = blob_delete(removal->call, removal->s3, &object);
    return removal->status == MGW_OK;
}

enum mgw_status loose_remove(struct mgw_call *call, struct s3 *s3, const char *bucket,
                             const char *id)
{
    struct removal removal = {call, s3, bucket, MGW_OK};
    AUTO_TEXT struct text prefix = {0};
    text_printf(&prefix, "%s" S3_RESERVED "parts/%s/", s3->prefix, id);
    if (prefix.failed) {
        return s3_no_memory(call);
    }
    enum mgw_status status =
        list_objects(call, s3, bucket, text_of(&prefix), "", 1000, remove_one, &removal);
    return status == MGW_OK ? removal.status : status;
}
