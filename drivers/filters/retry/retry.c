/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "retry": what a store could not do for the moment is asked again, by the rules of
 * storage.h on what may be repeated. health, sweep and free space are asked once: others ask them
 * again anyway. Any thread. */
#include "retry.h"

#include "drivers/filters/common/layers.h"

#include <stdlib.h>
#include <string.h>

enum mgw_status retry_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

static void retry_destroy(void *instance)
{
    struct retry *retry = instance;
    free(retry->spool_dir);
    free(retry);
}

static int64_t number(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value ? value->number : 0;
}

static enum mgw_status check_stack(struct mgw_call *call, const struct mgw_storage *lower)
{
    struct mgw_storage_limits limits;
    enum mgw_status status = layers_look(call, lower, &limits);
    if (status == MGW_OK && layers_have(limits.layers, "retry")) {
        return mgw_fail(call, MGW_INVALID,
                        "there is a retry below already (%s): two of them multiply attempts and "
                        "time; keep the one nearest to the store",
                        limits.layers);
    }
    return status;
}

static enum mgw_status retry_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, const struct mgw_storage *lower,
                                    void **instance)
{
    const struct mgw_config_value *folder = mgw_config_get(config, "spool_dir");
    enum mgw_status status = check_stack(call, lower);
    if (status != MGW_OK) {
        return status;
    }
    struct retry *retry = calloc(1, sizeof *retry);
    if (!retry || !(retry->spool_dir = strdup(folder ? folder->text : "/var/tmp"))) {
        free(retry);
        return retry_no_memory(call);
    }
    pass_init(&retry->pass, lower);
    retry->host = host;
    retry->deadline_ms = number(config, "deadline_sec");
    retry->attempt_ms = number(config, "attempt_sec");
    retry->first_delay_ms = number(config, "first_delay");
    retry->max_delay_ms = number(config, "max_delay");
    retry->attempts = number(config, "attempts");
    retry->replay_bytes = (uint64_t)number(config, "replay_bytes");
    *instance = retry;
    return MGW_OK;
}

/* stat and open may wait for another attempt, and so are no longer free of waiting. */
static enum mgw_status retry_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities &= ~(uint64_t)MGW_STORAGE_INLINE_READ;
    return status;
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = retry_destroy,
    .describe = retry_describe,
    .put_begin = retry_put_begin,
    .put_write = retry_put_write,
    .put_prepare = retry_put_prepare,
    .put_commit = retry_put_commit,
    .put_abort = retry_put_abort,
    .open = retry_open,
    .read = retry_read,
    .descriptor = retry_descriptor,
    .close = retry_close,
    .stat = retry_stat,
    .remove = retry_remove,
    .list = retry_list,
    .copy = retry_copy,
    .presign = retry_presign,
    .plan = retry_plan,
    .upload_create = retry_upload_create,
    .upload_part = retry_upload_part,
    .upload_complete = retry_upload_complete,
    .upload_abort = retry_upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
    .advise = retry_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = retry_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "deadline_sec",
     .type = MGW_CONFIG_DURATION,
     .fallback = "30s",
     .min = 1,
     .max = 3600000,
     .help = "No attempt begins later than this after the first; a request's own deadline ends "
             "them earlier."},
    {.size = sizeof keys[0],
     .key = "attempt_sec",
     .type = MGW_CONFIG_DURATION,
     .fallback = "0",
     .max = 3600000,
     .help = "How long one attempt may take before it counts as failed; 0: as long as the "
             "request."},
    {.size = sizeof keys[0],
     .key = "first_delay",
     .type = MGW_CONFIG_DURATION,
     .fallback = "100ms",
     .min = 1,
     .max = 60000,
     .help = "The most that is waited before the second attempt; doubled for each further one."},
    {.size = sizeof keys[0],
     .key = "max_delay",
     .type = MGW_CONFIG_DURATION,
     .fallback = "5s",
     .min = 1,
     .max = 600000,
     .help = "The most that is waited before any attempt, unless the store asks for more."},
    {.size = sizeof keys[0],
     .key = "attempts",
     .type = MGW_CONFIG_INT,
     .fallback = "0",
     .max = 1000000,
     .help = "How many attempts there are at most; 0: as many as the deadline allows."},
    {.size = sizeof keys[0],
     .key = "replay_bytes",
     .type = MGW_CONFIG_SIZE,
     .fallback = "64MiB",
     .max = INT64_MAX,
     .help = "How much of a put is kept so that it can be begun anew after a failed write; 0: "
             "nothing."},
    {.size = sizeof keys[0],
     .key = "spool_dir",
     .type = MGW_CONFIG_PATH,
     .fallback = "/var/tmp",
     .help = "Where what is kept of a put lies above 64 KiB, in a file without a name."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "retry",
    .version = "0.1.0",
    .description = "Tries again what the store could not do for the moment.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
