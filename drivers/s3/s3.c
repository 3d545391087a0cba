/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin "s3": blobs as objects of Amazon S3 and whatever speaks its API (MinIO, Ceph RGW, R2).
 * A commit is durable when S3 said so with its result element; nothing is visible before. */
#include "s3.h"

#include "answer.h"
#include "blob.h"
#include "list.h"
#include "marker.h"
#include "presign.h"
#include "props.h"
#include "put.h"
#include "read.h"
#include "settings.h"
#include "sweep.h"
#include "upload.h"

#include <string.h>

enum mgw_status s3_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

enum mgw_status s3_over(struct mgw_call *call, const struct s3 *s3)
{
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "cancelled");
    }
    if (call->deadline_ms && s3->host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "S3 at %s took longer than the request may",
                        s3->place.host);
    }
    return MGW_OK;
}

char *s3_keep(struct mgw_call *call, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    char *kept = text ? call->alloc(call, length + 1) : NULL;
    return kept ? memcpy(kept, text, length) : NULL;
}

static void s3_destroy(void *instance)
{
    struct s3 *s3 = instance;
    settings_release(s3);
    free(s3->name);
    free(s3);
}

static enum mgw_status s3_create(struct mgw_call *call, const struct mgw_config *config,
                                 const struct mgw_host *host, void **instance)
{
    answer_init();
    struct s3 *s3 = calloc(1, sizeof *s3);
    if (!s3) {
        return s3_no_memory(call);
    }
    s3->host = host;
    s3->name = strdup(config->instance);
    enum mgw_status status = s3->name ? settings_apply(call, config, s3) : s3_no_memory(call);
    if (status == MGW_OK && s3->bucket) {
        status = marker_open(call, s3, config->flags & MGW_CREATE_INIT);
    }
    if (status != MGW_OK) {
        s3_destroy(s3);
        return status;
    }
    *instance = s3;
    return MGW_OK;
}

static enum mgw_status s3_describe(struct mgw_call *call, void *instance,
                                   struct mgw_storage_limits *limits)
{
    const struct s3 *s3 = instance;
    size_t front = strlen(s3->prefix) + (s3->bucket ? 64 : 0); /* prefix, bucket, slash */
    limits->capabilities = MGW_STORAGE_IF_ABSENT | MGW_STORAGE_RESUMABLE | MGW_STORAGE_PRESIGN_GET |
                           MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART | MGW_STORAGE_SHARED |
                           MGW_STORAGE_ORDERED_LIST | MGW_STORAGE_COPY;
    limits->max_blob_bytes = S3_BLOB_MAX;
    limits->max_key_bytes = (uint32_t)(MGW_KEY_MAX - front);
    limits->max_presign_ttl_sec = S3_PRESIGN_TTL_MAX;
    if (MGW_HAS(limits, store_id)) {
        limits->store_id = s3_keep(call, s3->id);
        if (!limits->store_id) {
            return s3_no_memory(call);
        }
    }
    if (MGW_HAS(limits, max_metadata_bytes)) {
        limits->max_metadata_bytes = PROPS_METADATA_MAX;
    }
    return MGW_OK;
}

/* One small request, without a second attempt. */
static enum mgw_status s3_health(struct mgw_call *call, void *instance)
{
    struct s3 *s3 = instance;
    struct request request = {
        .method = s3->bucket ? "HEAD" : "GET", .bucket = s3->bucket, .once = true};
    enum mgw_status status = request_send(call, s3, &request);
    request_end(s3, &request);
    if (!s3->bucket) { /* the policy may forbid the list of buckets: it answers */
        return request_is(&request, "AccessDenied") ? MGW_OK : status;
    }
    return status == MGW_NOT_FOUND
               ? mgw_fail(call, MGW_UNAVAILABLE, "the bucket %s is gone", s3->bucket)
               : status;
}

static const struct mgw_storage_driver driver = {
    .size = sizeof driver,
    .create = s3_create,
    .destroy = s3_destroy,
    .describe = s3_describe,
    .put_begin = put_begin,
    .put_write = put_write,
    .put_prepare = put_prepare,
    .put_commit = put_commit,
    .put_abort = put_abort,
    .open = read_open,
    .read = read_bytes,
    .close = read_close,
    .stat = blob_stat,
    .remove = blob_remove,
    .list = list_page,
    .copy = blob_copy,
    .presign = presign,
    .plan = upload_plan,
    .upload_create = upload_create,
    .upload_part = upload_part,
    .upload_complete = upload_complete,
    .upload_abort = upload_abort,
    .sweep = sweep,
    .health = s3_health,
    .advise = read_advise,
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "s3",
    .version = "0.1.0",
    .description = "Blobs as objects of Amazon S3, MinIO, Ceph or whatever speaks their API.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof settings_keys[0],
    .config = settings_keys,
    .config_count = SETTINGS_KEYS,
    .table = &driver,
};

MGW_REGISTER(&plugin);
