/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "readonly": what is there can be read, and nothing changes it. Each verb that writes
 * is MGW_DENIED, or not to be had at all; the sweep removes nothing. Any thread. */
#include "drivers/filters/common/layers.h"
#include "drivers/filters/common/pass.h"

#include <stdlib.h>

static enum mgw_status readonly_create(struct mgw_call *call, const struct mgw_config *config,
                                       const struct mgw_host *host, const struct mgw_storage *lower,
                                       void **instance)
{
    struct mgw_storage_limits limits;
    enum mgw_status status = layers_look(call, lower, &limits);
    (void)config, (void)host;
    if (status != MGW_OK) {
        return status;
    }
    if (limits.capabilities & MGW_STORAGE_READ_ONLY) {
        return mgw_fail(call, MGW_INVALID,
                        "what lies below (%s) is read-only already: leave one of the two out",
                        limits.layers);
    }
    struct pass *pass = calloc(1, sizeof *pass);
    if (!pass) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pass_init(pass, lower);
    *instance = pass;
    return MGW_OK;
}

static void readonly_destroy(void *instance)
{
    free(instance);
}

static enum mgw_status readonly_describe(struct mgw_call *call, void *instance,
                                         struct mgw_storage_limits *limits)
{
    static const uint64_t writes = MGW_STORAGE_IF_ABSENT | MGW_STORAGE_RESUMABLE |
                                   MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART |
                                   MGW_STORAGE_COPY;
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities = (limits->capabilities & ~writes) | MGW_STORAGE_READ_ONLY;
    return status;
}

static enum mgw_status deny(struct mgw_call *call, const struct mgw_blob *blob)
{
    return mgw_fail(call, MGW_DENIED, "%s/%s: this store is read-only (filter readonly)",
                    blob->bucket, blob->key);
}

static enum mgw_status readonly_put_begin(struct mgw_call *call, void *instance,
                                          const struct mgw_blob *blob, const struct mgw_put *put,
                                          void **writer)
{
    (void)instance, (void)put, (void)writer;
    return deny(call, blob);
}

/* The rest of a put has no writer to be called with; the table must have it all the same. */
static enum mgw_status readonly_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                          size_t length)
{
    (void)writer, (void)bytes, (void)length;
    return mgw_fail(call, MGW_DENIED, "this store is read-only (filter readonly)");
}

static enum mgw_status readonly_put_commit(struct mgw_call *call, void *writer,
                                           struct mgw_stat *stat)
{
    (void)writer, (void)stat;
    return mgw_fail(call, MGW_DENIED, "this store is read-only (filter readonly)");
}

static void readonly_put_abort(struct mgw_call *call, void *writer)
{
    (void)call, (void)writer;
}

static enum mgw_status readonly_remove(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob)
{
    (void)instance;
    return deny(call, blob);
}

static enum mgw_status readonly_presign(struct mgw_call *call, void *instance,
                                        const struct mgw_blob *blob,
                                        const struct mgw_presign *presign,
                                        struct mgw_presigned *presigned)
{
    return presign->op == MGW_PRESIGN_GET ? pass_presign(call, instance, blob, presign, presigned)
                                          : deny(call, blob);
}

static enum mgw_status readonly_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                      struct mgw_sweep_result *result)
{
    (void)call, (void)instance, (void)older_than_ms, (void)result;
    return MGW_OK; /* what crashed writers left stays, and is nobody's harm */
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = readonly_destroy,
    .describe = readonly_describe,
    .put_begin = readonly_put_begin,
    .put_write = readonly_put_write,
    .put_commit = readonly_put_commit,
    .put_abort = readonly_put_abort,
    .open = pass_open,
    .read = pass_read,
    .descriptor = pass_descriptor, /* opened read-only, by contract */
    .close = pass_close,
    .stat = pass_stat,
    .remove = readonly_remove,
    .list = pass_list,
    .presign = readonly_presign,
    .sweep = readonly_sweep,
    .health = pass_health,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = readonly_create, .storage = &storage};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "readonly",
    .version = "0.1.0",
    .description = "Lets everything be read and nothing be changed.",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &table,
};

MGW_REGISTER(&plugin);
