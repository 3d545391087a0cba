/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository whose callbacks do not return while `folder` has a file of their name. Any thread.
 */
#include "tests/plugins/stall/over.h"
#include "tests/plugins/stall/stall.h"

static enum mgw_status stall_get(struct mgw_call *call, void *instance, const char *id,
                                 mgw_row_emit *emit, void *ctx)
{
    stall(folder, "get");
    return over_get(call, instance, id, emit, ctx);
}

static enum mgw_status stall_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                         const char *key, mgw_row_emit *emit, void *ctx)
{
    stall(folder, "get_by_blob");
    return over_get_by_blob(call, instance, bucket, key, emit, ctx);
}

static enum mgw_status stall_list(struct mgw_call *call, void *instance,
                                  const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    stall(folder, "list");
    return over_list(call, instance, query, emit, ctx);
}

static enum mgw_status stall_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                      mgw_row_emit *emit, void *ctx)
{
    stall(folder, "scan_due");
    return over_scan_due(call, instance, limit, emit, ctx);
}

static enum mgw_status stall_apply(struct mgw_call *call, void *instance,
                                   const struct mgw_change *changes, size_t change_stride,
                                   struct mgw_change_result *results, size_t result_stride,
                                   size_t count)
{
    stall(folder, "apply");
    return over_apply(call, instance, changes, change_stride, results, result_stride, count);
}

static enum mgw_status stall_health(struct mgw_call *call, void *instance)
{
    stall(folder, "health");
    return over_health(call, instance);
}

static const struct mgw_repo_driver table = {
    .size = sizeof table,
    .create = over_create,
    .destroy = over_destroy,
    .describe = over_describe,
    .get = stall_get,
    .get_by_blob = stall_get_by_blob,
    .list = stall_list,
    .scan_due = stall_scan_due,
    .which_known = over_which_known,
    .apply = stall_apply,
    .get_record = over_get_record,
    .list_records = over_list_records,
    .health = stall_health,
    .now = over_now,
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "stallrepo",
    .version = "1",
    .description = "Does not return while it is told so, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof over_keys[0],
    .config = over_keys,
    .config_count = sizeof over_keys / sizeof over_keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
