/* SPDX-License-Identifier: Apache-2.0
 *
 * See locked.h. Instances are handed through as they are: one lock holds for all of them. */
#include "core/kit/repo/locked.h"

#include <pthread.h>

static struct mgw_repo_driver inner, outer;
static pthread_mutex_t one;

#define LOCKED(expression)                                                                         \
    __extension__({                                                                                \
        pthread_mutex_lock(&one);                                                                  \
        enum mgw_status status_ = (expression);                                                    \
        pthread_mutex_unlock(&one);                                                                \
        status_;                                                                                   \
    })

static void locked_destroy(void *instance)
{
    pthread_mutex_lock(&one);
    inner.destroy(instance);
    pthread_mutex_unlock(&one);
}

static enum mgw_status locked_describe(struct mgw_call *call, void *instance,
                                       struct mgw_repo_limits *limits)
{
    return LOCKED(inner.describe(call, instance, limits));
}

static enum mgw_status locked_get(struct mgw_call *call, void *instance, const char *id,
                                  mgw_row_emit *emit, void *ctx)
{
    return LOCKED(inner.get(call, instance, id, emit, ctx));
}

static enum mgw_status locked_get_by_blob(struct mgw_call *call, void *instance, const char *bucket,
                                          const char *key, mgw_row_emit *emit, void *ctx)
{
    return LOCKED(inner.get_by_blob(call, instance, bucket, key, emit, ctx));
}

static enum mgw_status locked_list(struct mgw_call *call, void *instance,
                                   const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx)
{
    return LOCKED(inner.list(call, instance, query, emit, ctx));
}

static enum mgw_status locked_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                       mgw_row_emit *emit, void *ctx)
{
    return LOCKED(inner.scan_due(call, instance, limit, emit, ctx));
}

static enum mgw_status locked_which_known(struct mgw_call *call, void *instance,
                                          struct mgw_known *known, size_t count, size_t stride)
{
    return LOCKED(inner.which_known(call, instance, known, count, stride));
}

static enum mgw_status locked_apply(struct mgw_call *call, void *instance,
                                    const struct mgw_change *changes, size_t change_stride,
                                    struct mgw_change_result *results, size_t result_stride,
                                    size_t count)
{
    return LOCKED(
        inner.apply(call, instance, changes, change_stride, results, result_stride, count));
}

static enum mgw_status locked_get_record(struct mgw_call *call, void *instance, const char *kind,
                                         const char *account, const char *id, mgw_record_emit *emit,
                                         void *ctx)
{
    return LOCKED(inner.get_record(call, instance, kind, account, id, emit, ctx));
}

static enum mgw_status locked_list_records(struct mgw_call *call, void *instance, const char *kind,
                                           const char *account, const char *after_account,
                                           const char *after_id, uint32_t limit,
                                           mgw_record_emit *emit, void *ctx)
{
    return LOCKED(inner.list_records(call, instance, kind, account, after_account, after_id, limit,
                                     emit, ctx));
}

static enum mgw_status locked_maintain(struct mgw_call *call, void *instance)
{
    return LOCKED(inner.maintain(call, instance));
}

static enum mgw_status locked_health(struct mgw_call *call, void *instance)
{
    return LOCKED(inner.health(call, instance));
}

static enum mgw_status locked_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    return LOCKED(inner.now(call, instance, now_ms));
}

static enum mgw_status locked_scan(struct mgw_call *call, void *instance, const char *after_id,
                                   uint32_t limit, mgw_row_emit *emit, void *ctx)
{
    return LOCKED(inner.scan(call, instance, after_id, limit, emit, ctx));
}

const struct mgw_repo_driver *locked_repo(const struct mgw_repo_driver *driver)
{
    pthread_mutexattr_t recursive;
    inner = *driver; /* host-sized already */
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&one, &recursive);
    pthread_mutexattr_destroy(&recursive);
    outer = (struct mgw_repo_driver){
        .size = sizeof outer,
        .destroy = locked_destroy,
        .describe = locked_describe,
        .get = locked_get,
        .get_by_blob = locked_get_by_blob,
        .list = locked_list,
        .scan_due = locked_scan_due,
        .which_known = locked_which_known,
        .apply = locked_apply,
        .get_record = locked_get_record,
        .list_records = locked_list_records,
        .maintain = inner.maintain ? locked_maintain : NULL,
        .health = locked_health,
        .now = locked_now,
        .scan = inner.scan ? locked_scan : NULL,
    };
    return &outer;
}
