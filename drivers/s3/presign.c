/* SPDX-License-Identifier: Apache-2.0 */
#include "presign.h"

#include "loose.h"
#include "props.h"
#include "upload.h"

#include <mediagw/help/driver.h>

#include <string.h>

struct work {
    struct sign_pair query[8];
    size_t query_count;
    struct sign_pair headers[REQUEST_PAIRS];
    size_t header_count;
    char length[24], part[16], nonce[33];
};

static void query(struct work *work, const char *name, const char *value)
{
    work->query[work->query_count++] = (struct sign_pair){name, value};
}

static void header(struct work *work, const char *name, const char *value)
{
    work->headers[work->header_count++] = (struct sign_pair){name, value};
}

/* Amazon refuses what a client adds of x-amz-*. MinIO and Ceph do it: another object's bytes are
 * copied to where the URL points, grants are given. So these are signed with values that make a
 * copy fail and grant nothing, and that mean nothing to a PUT with a body. */
static void fill_guards(const struct s3 *s3, const struct mgw_presign *presign, struct work *work)
{
    if (s3->place.aws) {
        return;
    }
    header(work, "x-amz-copy-source-if-match", "none");
    header(work, "x-amz-copy-source-range", "none");
    if (presign->op == MGW_PRESIGN_PUT) {
        header(work, "x-amz-acl", "private");
    }
}

static enum mgw_status fill_put(struct mgw_call *call, struct s3 *s3,
                                const struct mgw_presign *presign, struct work *work)
{
    snprintf(work->length, sizeof work->length, "%" PRIu64, presign->length);
    header(work, "content-length", work->length);
    fill_guards(s3, presign, work);
    if (presign->content_md5) {
        header(work, "content-md5", presign->content_md5);
    }
    if (presign->op == MGW_PRESIGN_PART) {
        return MGW_OK;
    }
    header(work, "if-none-match", "*");
    if (presign->content_type) {
        header(work, "content-type", presign->content_type);
    }
    if (s3->storage_class) {
        header(work, "x-amz-storage-class", s3->storage_class);
    }
    if (s3->sse) {
        header(work, "x-amz-server-side-encryption", s3->sse);
    }
    if (s3->sse_key) {
        header(work, "x-amz-server-side-encryption-aws-kms-key-id", s3->sse_key);
    }
    mgw_new_id(s3->host, work->nonce);
    return props_pairs(call, MGW_HAS(presign, metadata) ? presign->metadata : NULL, work->nonce,
                       work->headers, &work->header_count, REQUEST_PAIRS - 8);
}

static enum mgw_status fill(struct mgw_call *call, struct s3 *s3, const struct mgw_presign *presign,
                            struct object *object, struct work *work)
{
    struct upload_state state;
    enum mgw_status status;
    if (s3->requester_pays) {
        query(work, "x-amz-request-payer", "requester");
    }
    switch (presign->op) {
    case MGW_PRESIGN_GET:
        if (presign->response_content_type) {
            query(work, "response-content-type", presign->response_content_type);
        }
        if (presign->response_disposition) {
            query(work, "response-content-disposition", presign->response_disposition);
        }
        return MGW_OK;
    case MGW_PRESIGN_PUT:
        return fill_put(call, s3, presign, work);
    case MGW_PRESIGN_PART:
        status = upload_read_state(call, presign->upload_state, &state);
        if (status != MGW_OK) {
            return status;
        }
        if (presign->part_number < 1 || presign->part_number > UPLOAD_PARTS_MAX) {
            return mgw_fail(call, MGW_INVALID, "the part's number is not 1 to %u",
                            UPLOAD_PARTS_MAX);
        }
        if (state.loose) {
            status = loose_object(call, s3, state.bucket, state.id,
                                  upload_number(presign->part_number, 0), object);
            return status == MGW_OK ? fill_put(call, s3, presign, work) : status;
        }
        snprintf(work->part, sizeof work->part, "%u", upload_number(presign->part_number, 0));
        query(work, "partNumber", work->part);
        query(work, "uploadId", state.upload_id);
        return fill_put(call, s3, presign, work);
    default:
        return mgw_fail(call, MGW_UNSUPPORTED, "no such presigned request");
    }
}

static const char *const *header_list(struct mgw_call *call, const struct work *work)
{
    const char **list = call->alloc(call, (2 * work->header_count + 1) * sizeof *list);
    for (size_t i = 0; list && i < work->header_count; i++) {
        list[2 * i] = s3_keep(call, work->headers[i].name);
        list[2 * i + 1] = s3_keep(call, work->headers[i].value);
        if (!list[2 * i] || !list[2 * i + 1]) {
            return NULL;
        }
    }
    return list;
}

static enum mgw_status answer(struct mgw_call *call, struct s3 *s3, const struct object *object,
                              const struct mgw_presign *presign, const struct work *work,
                              struct mgw_presigned *presigned)
{
    struct credential credential;
    enum mgw_status status = creds_get(call, s3->creds, &credential);
    if (status != MGW_OK) {
        return status;
    }
    int64_t now = s3->host->wall_ms() / 1000 * 1000, ttl_sec = presign->ttl_sec;
    if (credential.expires_at_ms && (credential.expires_at_ms - now) / 1000 < ttl_sec) {
        ttl_sec = (credential.expires_at_ms - now) / 1000;
    }
    if (ttl_sec < 1) {
        return mgw_fail(call, MGW_UNAVAILABLE, "the credentials are about to end");
    }
    char region[33];
    regions_get(&s3->regions, object->bucket, region);
    AUTO_TEXT struct text host = {0}, path = {0}, signed_query = {0}, url = {0};
    place_address(&s3->public_, region, object->bucket, object->name, &host, &path);
    bool get = presign->op == MGW_PRESIGN_GET;
    struct sign_request request = {
        .method = get ? "GET" : "PUT",
        .host = text_of(&host),
        .path = text_of(&path),
        .query = work->query,
        .query_count = work->query_count,
        .headers = work->headers,
        .header_count = work->header_count,
        .payload = SIGN_UNSIGNED,
        .region = region,
        .service = "s3",
        .now_ms = now,
    };
    bool good = !host.failed && !path.failed &&
                sign_query(s3->signer, &credential, &request, ttl_sec, &signed_query);
    text_printf(&url, "%s://%s%s?%s", s3->public_.scheme, text_of(&host), text_of(&path),
                text_of(&signed_query));
    presigned->method = get ? "GET" : "PUT";
    presigned->url = good && !url.failed ? s3_keep(call, text_of(&url)) : NULL;
    presigned->headers = work->header_count ? header_list(call, work) : NULL;
    presigned->expires_at_ms = now + ttl_sec * 1000;
    return presigned->url && (presigned->headers || !work->header_count) ? MGW_OK
                                                                         : s3_no_memory(call);
}

enum mgw_status presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                        const struct mgw_presign *presign, struct mgw_presigned *presigned)
{
    struct s3 *s3 = instance;
    struct object object;
    struct work work = {.query_count = 0};
    if (presign->ttl_sec < 1 || presign->ttl_sec > S3_PRESIGN_TTL_MAX) {
        return mgw_fail(call, MGW_INVALID, "a presigned URL lives 1 to %d s", S3_PRESIGN_TTL_MAX);
    }
    enum mgw_status status = place_object(call, s3, blob, &object);
    status = status == MGW_OK ? fill(call, s3, presign, &object, &work) : status;
    return status == MGW_OK ? answer(call, s3, &object, presign, &work, presigned) : status;
}
