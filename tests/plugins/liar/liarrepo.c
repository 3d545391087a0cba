/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository that lies in the way that a file's name in `folder` says. Any thread. */
#include "tests/plugins/stall/over.h"

/* What the row shall be, by the file that is there. */
struct liar {
    mgw_row_emit *emit;
    void *ctx;
};

static bool told(const char *lie)
{
    char path[sizeof folder + 64];
    snprintf(path, sizeof path, "%s/%s", folder, lie);
    return access(path, F_OK) == 0;
}

static bool lie_row(void *ctx, const struct mgw_row *row)
{
    const struct liar *liar = ctx;
    struct mgw_row lie = *row;
    if (told("metadata")) {
        lie.metadata = "{}},{\"row\":{\"id\":\"injected\"";
    }
    if (told("account")) {
        lie.account_id = "acct-b";
    }
    if (told("mime_type")) {
        lie.mime_type = "text/html\r\nX-Injected: yes";
    }
    if (told("size_bytes")) {
        lie.size_bytes = -1;
    }
    if (told("row_status")) {
        lie.status = MGW_ROW_READY | MGW_ROW_UPLOADING;
    }
    if (told("endless")) {
        for (int i = 0; i < 1000000; i++) {
            liar->emit(liar->ctx, &lie);
        }
    }
    return liar->emit(liar->ctx, &lie);
}

static enum mgw_status liar_get(struct mgw_call *call, void *instance, const char *id,
                                mgw_row_emit *emit, void *ctx)
{
    struct liar liar = {emit, ctx};
    return told("nothing") ? MGW_OK : over_get(call, instance, id, lie_row, &liar);
}

static enum mgw_status liar_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                        const char *key, mgw_row_emit *emit, void *ctx)
{
    struct liar liar = {emit, ctx};
    return over_get_by_blob(call, instance, bucket, key, lie_row, &liar);
}

static enum mgw_status liar_list(struct mgw_call *call, void *instance,
                                 const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    struct liar liar = {emit, ctx};
    return over_list(call, instance, query, lie_row, &liar);
}

static enum mgw_status liar_apply(struct mgw_call *call, void *instance,
                                  const struct mgw_change *changes, size_t change_stride,
                                  struct mgw_change_result *results, size_t result_stride,
                                  size_t count)
{
    enum mgw_status status =
        over_apply(call, instance, changes, change_stride, results, result_stride, count);
    if (told("results")) {
        results[0].created_at = results[0].updated_at = INT64_MAX;
        results[0].version = -1;
    }
    return told("unknown_status") ? (enum mgw_status)4711 : status;
}

static const struct mgw_repo_driver table = {
    .size = sizeof table,
    .create = over_create,
    .destroy = over_destroy,
    .describe = over_describe,
    .get = liar_get,
    .get_by_blob = liar_get_by_blob,
    .list = liar_list,
    .scan_due = over_scan_due,
    .which_known = over_which_known,
    .apply = liar_apply,
    .get_record = over_get_record,
    .list_records = over_list_records,
    .health = over_health,
    .now = over_now,
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "liarrepo",
    .version = "1",
    .description = "Lies while it is told so, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof over_keys[0],
    .config = over_keys,
    .config_count = sizeof over_keys / sizeof over_keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
