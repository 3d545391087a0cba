/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that passes everything on and lies in the way that a file's name in its `folder` says.
 * It hides that the store has local files. Any thread. */
#include "drivers/filters/common/pass.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct filter {
    struct pass pass; /* first: what pass.h takes for its instance */
    char *folder;
};

static bool told_instance(const void *instance, const char *lie)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", ((const struct filter *)instance)->folder, lie);
    return access(path, F_OK) == 0;
}

static bool told(const void *handle, const char *lie)
{
    return told_instance(((const struct pass_handle *)handle)->pass, lie);
}

static enum mgw_status liar_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, const struct mgw_storage *lower,
                                   void **instance)
{
    struct filter *filter = calloc(1, sizeof *filter);
    (void)host;
    if (!filter || !(filter->folder = strdup(mgw_config_get(config, "folder")->text))) {
        free(filter);
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pass_init(&filter->pass, lower);
    *instance = filter;
    return MGW_OK;
}

static void liar_destroy(void *instance)
{
    struct filter *filter = instance;
    free(filter->folder);
    free(filter);
}

static enum mgw_status liar_describe(struct mgw_call *call, void *instance,
                                     struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities &=
        ~(uint64_t)(MGW_STORAGE_LOCAL_FD | MGW_STORAGE_INLINE_READ | MGW_STORAGE_ORDERED_LIST);
    return status;
}

static enum mgw_status liar_put_begin(struct mgw_call *call, void *instance,
                                      const struct mgw_blob *blob, const struct mgw_put *put,
                                      void **writer)
{
    if (told_instance(instance, "no_writer")) {
        *writer = NULL;
        return MGW_OK;
    }
    if (told_instance(instance, "error_text")) {
        memset(call->error->text, '\xff', sizeof call->error->text); /* and no NUL */
        call->error->retry_after_ms = INT64_MIN;
        return MGW_IO;
    }
    return pass_put_begin(call, instance, blob, put, writer);
}

static enum mgw_status liar_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                      size_t length)
{
    return told(writer, "unknown_status") ? (enum mgw_status)4711
                                          : pass_put_write(call, writer, bytes, length);
}

static enum mgw_status liar_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    bool bytes = told(writer, "commit_bytes"), etag = told(writer, "commit_etag");
    enum mgw_status status = pass_put_commit(call, writer, stat);
    stat->bytes += bytes;
    stat->etag = etag ? "e\r\nX-Injected: yes" : stat->etag;
    return status;
}

static enum mgw_status liar_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    if (told_instance(instance, "no_reader")) {
        *reader = NULL;
        return MGW_OK;
    }
    enum mgw_status status = pass_open(call, instance, blob, if_etag, reader, stat);
    if (told_instance(instance, "open_bytes")) {
        stat->bytes = UINT64_MAX;
    }
    return status;
}

static enum mgw_status liar_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                                 size_t length, size_t *got)
{
    enum mgw_status status = pass_read(call, reader, offset, buffer, length, got);
    if (told(reader, "read_more")) {
        *got = SIZE_MAX;
    }
    return status;
}

/* A circle of 1,500 blobs that nobody ever put, without an order. */
static enum mgw_status liar_list(struct mgw_call *call, void *instance, const char *bucket,
                                 const char *prefix, const char *cursor, uint32_t limit,
                                 mgw_list_emit *emit, void *ctx)
{
    enum { CIRCLE = 1500 };
    if (!told_instance(instance, "list_circle")) {
        return pass_list(call, instance, bucket, prefix, cursor, limit, emit, ctx);
    }
    unsigned long from = *cursor ? strtoul(cursor, NULL, 10) : 0;
    for (unsigned i = 1; i <= limit; i++) {
        char name[32];
        snprintf(name, sizeof name, "%lu", (from + i) % CIRCLE);
        const struct mgw_list_entry entry = {
            .size = sizeof entry, .key = name, .bytes = 1, .cursor = name};
        if (!emit(ctx, &entry)) {
            break;
        }
    }
    return MGW_OK;
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = liar_destroy,
    .describe = liar_describe,
    .put_begin = liar_put_begin,
    .put_write = liar_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = liar_put_commit,
    .put_abort = pass_put_abort,
    .open = liar_open,
    .read = liar_read,
    .descriptor = pass_descriptor,
    .close = pass_close,
    .stat = pass_stat,
    .remove = pass_remove,
    .list = liar_list,
    .copy = pass_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = pass_upload_create,
    .upload_part = pass_upload_part,
    .upload_complete = pass_upload_complete,
    .upload_abort = pass_upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = liar_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "folder",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "Files in it name the lies to be told."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "liar",
    .version = "1",
    .description = "Lies while it is told so, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
