/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that passes everything on, and whose callbacks do not return while its `folder` has a
 * file of their name. It
 * hides that the store has local files. Any thread. */
#include "tests/plugins/stall/stall.h"
#include "drivers/filters/common/pass.h"

#include <stdlib.h>
#include <string.h>

#ifndef STALL_NAME
#define STALL_NAME "stall"
#define STALL_THREADS MGW_THREADS_PARALLEL
#endif

struct filter {
    struct pass pass; /* first: what pass.h takes for its instance */
    char *folder;
};

static const char *folder_of_instance(const void *instance)
{
    return ((const struct filter *)instance)->folder;
}

static const char *folder_of_handle(const void *handle)
{
    return folder_of_instance(((const struct pass_handle *)handle)->pass);
}

static enum mgw_status stall_create(struct mgw_call *call, const struct mgw_config *config,
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

static void stall_destroy(void *instance)
{
    struct filter *filter = instance;
    free(filter->folder);
    free(filter);
}

static enum mgw_status stall_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities &= ~(uint64_t)(MGW_STORAGE_LOCAL_FD | MGW_STORAGE_INLINE_READ);
    return status;
}

static enum mgw_status stall_put_begin(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const struct mgw_put *put,
                                       void **writer)
{
    stall(folder_of_instance(instance), "put_begin");
    return pass_put_begin(call, instance, blob, put, writer);
}

static enum mgw_status stall_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                       size_t length)
{
    stall(folder_of_handle(writer), "put_write");
    return pass_put_write(call, writer, bytes, length);
}

static enum mgw_status stall_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    stall(folder_of_handle(writer), "put_commit");
    return pass_put_commit(call, writer, stat);
}

static enum mgw_status stall_open(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, const char *if_etag, void **reader,
                                  struct mgw_stat *stat)
{
    stall(folder_of_instance(instance), "open");
    return pass_open(call, instance, blob, if_etag, reader, stat);
}

static enum mgw_status stall_read(struct mgw_call *call, void *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    stall(folder_of_handle(reader), "read");
    return pass_read(call, reader, offset, buffer, length, got);
}

static enum mgw_status stall_remove(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob)
{
    stall(folder_of_instance(instance), "remove");
    return pass_remove(call, instance, blob);
}

static enum mgw_status stall_health(struct mgw_call *call, void *instance)
{
    stall(folder_of_instance(instance), "health");
    return pass_health(call, instance);
}

static enum mgw_status stall_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                   struct mgw_sweep_result *result)
{
    stall(folder_of_instance(instance), "sweep");
    return pass_sweep(call, instance, older_than_ms, result);
}

static void stall_put_abort(struct mgw_call *call, void *writer)
{
    stall(folder_of_handle(writer), "put_abort");
    pass_put_abort(call, writer);
}

static void stall_close(void *reader)
{
    stall(folder_of_handle(reader), "close");
    pass_close(reader);
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = stall_destroy,
    .describe = stall_describe,
    .put_begin = stall_put_begin,
    .put_write = stall_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = stall_put_commit,
    .put_abort = stall_put_abort,
    .open = stall_open,
    .read = stall_read,
    .descriptor = pass_descriptor,
    .close = stall_close,
    .stat = pass_stat,
    .remove = stall_remove,
    .list = pass_list,
    .copy = pass_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = pass_upload_create,
    .upload_part = pass_upload_part,
    .upload_complete = pass_upload_complete,
    .upload_abort = pass_upload_abort,
    .sweep = stall_sweep,
    .health = stall_health,
    .free_bytes = pass_free_bytes,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = stall_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "folder",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "A callback does not return while this folder has a file of its name."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = STALL_NAME,
    .version = "1",
    .description = "Does not return while it is told so, for tests.",
    .thread_model = STALL_THREADS,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
