/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter "fault": failures, delays, short reads and lies by seeded rules, for tests of what
 * stands above it. Without rules it only passes on. It says so in the log at start, and how often
 * each rule has hit at the end. Any thread. */
#include "fault.h"

#include <inttypes.h>
#include <stdlib.h>

enum mgw_status fault_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

static void fault_free(struct fault *fault)
{
    for (size_t i = 0; i < fault->count; i++) {
        rule_release(&fault->rules[i]);
    }
    free(fault->rules);
    free(fault);
}

static void fault_destroy(void *instance)
{
    struct fault *fault = instance;
    for (size_t i = 0; i < fault->count; i++) {
        const struct rule *rule = &fault->rules[i];
        fault->host->log("fault", MGW_LOG_INFO,
                         "the rule \"%s\" hit %" PRIu64 " of %" PRIu64 " calls", rule->text,
                         (uint64_t)rule->hits, (uint64_t)rule->calls);
    }
    fault_free(fault);
}

static enum mgw_status take_rules(struct mgw_call *call, const struct mgw_config_value *value,
                                  struct fault *fault)
{
    size_t count = value ? value->list_count : 0;
    fault->rules = calloc(count ? count : 1, sizeof *fault->rules);
    if (!fault->rules) {
        return fault_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        fault->count++;
        enum mgw_status status = rule_parse(call, value->list[i], &fault->rules[i]);
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}

static enum mgw_status fault_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, const struct mgw_storage *lower,
                                    void **instance)
{
    const struct mgw_config_value *seed = mgw_config_get(config, "seed");
    struct fault *fault = calloc(1, sizeof *fault);
    if (!fault) {
        return fault_no_memory(call);
    }
    pass_init(&fault->pass, lower);
    fault->host = host;
    if (seed) {
        fault->seed = (uint64_t)seed->number;
    } else {
        host->random(&fault->seed, sizeof fault->seed);
        fault->seed >>= 1; /* so that the config can say it */
    }
    enum mgw_status status = take_rules(call, mgw_config_get(config, "rules"), fault);
    if (status != MGW_OK) {
        fault_free(fault);
        return status;
    }
    if (fault->count > 0) {
        host->log("fault", MGW_LOG_WARN,
                  "faults are injected into this store, for tests only: %zu rule(s), seed %" PRIu64,
                  fault->count, fault->seed);
    }
    *instance = fault;
    return MGW_OK;
}

/* What is delayed is no longer free of waiting. */
static enum mgw_status fault_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    const struct fault *fault = instance;
    enum mgw_status status = pass_describe(call, instance, limits);
    for (size_t i = 0; i < fault->count; i++) {
        if (fault->rules[i].what == FAULT_DELAY || fault->rules[i].what == FAULT_DEAF) {
            limits->capabilities &= ~(uint64_t)MGW_STORAGE_INLINE_READ;
        }
    }
    return status;
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = fault_destroy,
    .describe = fault_describe,
    .put_begin = fault_put_begin,
    .put_write = fault_put_write,
    .put_prepare = fault_put_prepare,
    .put_commit = fault_put_commit,
    .put_abort = fault_put_abort,
    .open = fault_open,
    .read = fault_read,
    .descriptor = fault_descriptor,
    .close = pass_close,
    .stat = fault_stat,
    .remove = fault_remove,
    .list = fault_list,
    .copy = fault_copy,
    .presign = fault_presign,
    .plan = fault_plan,
    .upload_create = fault_upload_create,
    .upload_part = fault_upload_part,
    .upload_complete = fault_upload_complete,
    .upload_abort = fault_upload_abort,
    .sweep = fault_sweep,
    .health = fault_health,
    .free_bytes = fault_free_bytes,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = fault_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "rules",
     .type = MGW_CONFIG_LIST,
     .help = "What goes wrong: VERB:WHAT[:RATE][:before|after][:skip=N][:times=N][:retry_after=T]; "
             "WHAT is a status, status=N, delay=T, deaf=T, short or lie=KIND."},
    {.size = sizeof keys[0],
     .key = "seed",
     .type = MGW_CONFIG_INT,
     .max = INT64_MAX,
     .help = "The same seed hits the same calls; by chance where it is not given (the log says "
             "it)."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "fault",
    .version = "0.1.0",
    .description = "Injects failures, delays and lies, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
