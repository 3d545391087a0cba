/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository over another driver's (`module`, which has sqlite's keys): every required callback
 * passed on, for a test's plugin to put its own in the place of some. `folder` is the plugin's. One
 * instance a process. Any thread. */
#ifndef OVER_H
#define OVER_H

#include <mediagw/repo.h>

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static const struct mgw_repo_driver *other;
static char folder[4096];

static inline enum mgw_status over_create(struct mgw_call *call, const struct mgw_config *config,
                                          const struct mgw_host *host, void **instance)
{
    void *module = dlopen(mgw_config_get(config, "module")->text, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        return mgw_fail(call, MGW_INVALID, "%s", dlerror());
    }
    mgw_plugin_function *function;
    *(void **)&function = dlsym(module, MGW_PLUGIN_SYMBOL);
    other = function()->table;
    snprintf(folder, sizeof folder, "%s", mgw_config_get(config, "folder")->text);
    return other->create(call, config, host, instance);
}

static inline void over_destroy(void *instance)
{
    other->destroy(instance);
}

static inline enum mgw_status over_describe(struct mgw_call *call, void *instance,
                                            struct mgw_repo_limits *limits)
{
    return other->describe(call, instance, limits);
}

static inline enum mgw_status over_get(struct mgw_call *call, void *instance, const char *id,
                                       mgw_row_emit *emit, void *ctx)
{
    return other->get(call, instance, id, emit, ctx);
}

static inline enum mgw_status over_get_by_blob(struct mgw_call *call, void *instance,
                                               const char *bucket, const char *key,
                                               mgw_row_emit *emit, void *ctx)
{
    return other->get_by_blob(call, instance, bucket, key, emit, ctx);
}

static inline enum mgw_status over_list(struct mgw_call *call, void *instance,
                                        const struct mgw_row_query *query, mgw_row_emit *emit,
                                        void *ctx)
{
    return other->list(call, instance, query, emit, ctx);
}

static inline enum mgw_status over_scan_due(struct mgw_call *call, void *instance, uint32_t limit,
                                            mgw_row_emit *emit, void *ctx)
{
    return other->scan_due(call, instance, limit, emit, ctx);
}

static inline enum mgw_status over_which_known(struct mgw_call *call, void *instance,
                                               struct mgw_known *known, size_t count, size_t stride)
{
    return other->which_known(call, instance, known, count, stride);
}

static inline enum mgw_status over_apply(struct mgw_call *call, void *instance,
                                         const struct mgw_change *changes, size_t change_stride,
                                         struct mgw_change_result *results, size_t result_stride,
                                         size_t count)
{
    return other->apply(call, instance, changes, change_stride, results, result_stride, count);
}

static inline enum mgw_status over_get_record(struct mgw_call *call, void *instance,
                                              const char *kind, const char *account, const char *id,
                                              mgw_record_emit *emit, void *ctx)
{
    return other->get_record(call, instance, kind, account, id, emit, ctx);
}

static inline enum mgw_status over_list_records(struct mgw_call *call, void *instance,
                                                const char *kind, const char *account,
                                                const char *after_account, const char *after_id,
                                                uint32_t limit, mgw_record_emit *emit, void *ctx)
{
    return other->list_records(call, instance, kind, account, after_account, after_id, limit, emit,
                               ctx);
}

static inline enum mgw_status over_health(struct mgw_call *call, void *instance)
{
    return other->health(call, instance);
}

static inline enum mgw_status over_now(struct mgw_call *call, void *instance, int64_t *now_ms)
{
    return other->now(call, instance, now_ms);
}

static const struct mgw_config_key over_keys[] = {
    {.size = sizeof over_keys[0],
     .key = "folder",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "Files in it say what is to go wrong."},
    {.size = sizeof over_keys[0],
     .key = "module",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "The driver that does the work."},
    {.size = sizeof over_keys[0],
     .key = "path",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "As sqlite's."},
    {.size = sizeof over_keys[0],
     .key = "busy_timeout",
     .type = MGW_CONFIG_DURATION,
     .fallback = "10s",
     .help = "As sqlite's."},
    {.size = sizeof over_keys[0],
     .key = "migrate",
     .type = MGW_CONFIG_STRING,
     .fallback = "auto",
     .help = "As sqlite's."},
};

#endif
