/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that only passes on: it proves the kind. Every callback is passed on by name; what
 * storage.h will get later is not, and so is not available through it.
 * Any thread. */
#include "drivers/filters/common/pass.h"

#include <stdlib.h>

static enum mgw_status pass_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, const struct mgw_storage *lower,
                                   void **instance)
{
    const struct mgw_config_value *refuse = mgw_config_get(config, "refuse");
    (void)host;
    if (refuse) {
        return mgw_fail(call, MGW_INVALID, "refused, as its config asks: %s", refuse->text);
    }
    struct pass *pass = calloc(1, sizeof *pass);
    if (!pass) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pass_init(pass, lower);
    *instance = pass;
    return MGW_OK;
}

static void pass_destroy(void *instance)
{
    free(instance);
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = pass_destroy,
    .describe = pass_describe,
    .put_begin = pass_put_begin,
    .put_write = pass_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = pass_put_commit,
    .put_abort = pass_put_abort,
    .open = pass_open,
    .read = pass_read,
    .descriptor = pass_descriptor,
    .close = pass_close,
    .stat = pass_stat,
    .remove = pass_remove,
    .list = pass_list,
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
    .size = sizeof table, .create = pass_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "refuse",
     .type = MGW_CONFIG_STRING,
     .help = "The filter refuses to be made, with this text."},
    {.size = sizeof keys[0],
     .key = "second",
     .type = MGW_CONFIG_STORAGE,
     .help = "Another storage, which it leaves alone."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "passfilter",
    .version = "1",
    .description = "Passes everything on, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
