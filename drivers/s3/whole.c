/* SPDX-License-Identifier: Apache-2.0 */
#include "whole.h"

#include "blob.h"
#include "props.h"

/* The name is taken: by another's put, or by an attempt of ours whose answer was lost. */
static enum mgw_status taken(struct mgw_call *call, struct s3 *s3, const struct object *object,
                             const char *nonce, struct mgw_stat *stat)
{
    enum mgw_status status = blob_is_ours(call, s3, object, nonce, stat);
    if (status == MGW_CONFLICT || status == MGW_NOT_FOUND) {
        return mgw_fail(call, MGW_EXISTS, "%s is there already", object->name);
    }
    return blob_unknown(status);
}

enum mgw_status put_whole(struct mgw_call *call, struct s3 *s3, const struct object *object,
                          const struct spool *spool, const char *content_type,
                          const char *const *metadata, const char *nonce, bool if_absent,
                          struct mgw_stat *stat)
{
    char etag[300];
    struct request request = {.method = "PUT", .bucket = object->bucket, .object = object->name};
    enum mgw_status status = props_add(call, s3, &request, content_type, metadata, nonce);
    if (status != MGW_OK) {
        return status;
    }
    spool_attach(spool, &request);
    if (if_absent) {
        request_header(&request, "if-none-match", "*");
    }
    status = request_send(call, s3, &request);
    if (status != MGW_OK && blob_made_bucket(call, s3, &request)) {
        status = request_send(call, s3, &request);
    }
    bool missing = request_is(&request, "NoSuchBucket");
    lane_header(&request.exchange, "etag", etag, sizeof etag);
    request_end(s3, &request);
    if (status == MGW_OK) {
        status = blob_is_ours(call, s3, object, nonce, stat);
        return status == MGW_OK ? status
                                : blob_was_ours(call, s3, status, etag, nonce, spool->length, stat);
    }
    if (status == MGW_CONFLICT && if_absent) {
        return taken(call, s3, object, nonce, stat);
    }
    return missing ? MGW_UNAVAILABLE : status;
}
