/* SPDX-License-Identifier: Apache-2.0
 *
 * See mirror.h. Not granted: presigned requests, since one would reach a single store: what it puts
 * the other would lack, and what it reads would fail with that store, which is what a mirror is to
 * prevent; and a list in the key's order (list.c). MGW_PUT_IF_ABSENT is granted where both must
 * have a put: under "one" two nodes that each see another store down could both take a key. */
#include "mirror.h"

#include "drivers/filters/common/layers.h"

#include "list.h"
#include "mender.h"
#include "pair.h"
#include "put.h"
#include "read.h"
#include "remove.h"
#include "upload.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

static void mirror_destroy(void *instance)
{
    struct mirror *mirror = instance;
    mender_free(mirror->mender);
    for (size_t i = 0; i < MIRROR_STRIPES; i++) {
        pthread_mutex_destroy(&mirror->stripes[i]);
    }
    free(mirror->notes);
    free(mirror->log_name);
    free(mirror);
}

/* What both can do, and what the filter makes of it. */
static uint64_t granted(const struct mirror *mirror)
{
    uint64_t first = mirror->side[FIRST].capabilities, second = mirror->side[SECOND].capabilities;
    uint64_t both = MGW_STORAGE_INLINE_READ | MGW_STORAGE_RESUMABLE | MGW_STORAGE_SHARED |
                    MGW_STORAGE_COPY | (mirror->one ? 0 : MGW_STORAGE_IF_ABSENT);
    return (first & second & both) | (first & MGW_STORAGE_LOCAL_FD) |
           ((first | second) & MGW_STORAGE_VOLATILE);
}

/* Learns what store WHICH can do; *ID is its own. */
static enum mgw_status look_at(struct mgw_call *call, struct mirror *mirror, int which,
                               const char **id)
{
    struct side *side = &mirror->side[which];
    struct mgw_storage_limits limits = {.size = sizeof limits};
    enum mgw_status status = side->pass.lower.describe(call, side->pass.instance, &limits);
    if (status != MGW_OK) {
        return status;
    }
    if (limits.capabilities & MGW_STORAGE_READ_ONLY) {
        return mgw_fail(call, MGW_INVALID,
                        "%s is read-only: a mirror writes both; put the filter readonly over the "
                        "mirror instead",
                        side->name);
    }
    if (layers_have(limits.layers, "mirror")) {
        return mgw_fail(call, MGW_INVALID,
                        "%s is a mirror itself: a mirror is of two stores, more of them need a "
                        "store that keeps copies by its own means",
                        side->name);
    }
    if (limits.max_metadata_bytes && limits.max_metadata_bytes <= VERSION_ROOM) {
        return mgw_fail(call, MGW_INVALID, "%s keeps %u bytes of metadata, the mirror needs %zu",
                        side->name, limits.max_metadata_bytes, VERSION_ROOM + 1);
    }
    side->capabilities = limits.capabilities;
    side->max_blob_bytes = limits.max_blob_bytes ? limits.max_blob_bytes : UINT64_MAX;
    side->max_key_bytes = limits.max_key_bytes ? limits.max_key_bytes : MGW_KEY_MAX;
    side->max_metadata_bytes =
        limits.max_metadata_bytes ? limits.max_metadata_bytes : MGW_METADATA_MAX;
    *id = limits.store_id ? limits.store_id : "";
    return MGW_OK;
}

static enum mgw_status look_at_both(struct mgw_call *call, struct mirror *mirror, bool init)
{
    const char *ids[STORES];
    for (int i = 0; i < STORES; i++) {
        enum mgw_status status = look_at(call, mirror, i, &ids[i]);
        if (status != MGW_OK) {
            return status;
        }
    }
    if (*ids[FIRST] && strcmp(ids[FIRST], ids[SECOND]) == 0) {
        return mgw_fail(
            call, MGW_INVALID,
            "both stores of the mirror are the same one, %s: \"second\" must be another",
            ids[FIRST]);
    }
    mirror->capabilities = granted(mirror);
    return pair_check(call, mirror, ids, init);
}

static int64_t number_of(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value ? value->number : 0;
}

static struct mirror *mirror_new(const struct mgw_config *config, const struct mgw_host *host)
{
    struct mirror *mirror = calloc(1, sizeof *mirror);
    if (!mirror) {
        return NULL;
    }
    mirror->host = host;
    mirror->side[FIRST].name = "the first store";
    mirror->side[SECOND].name = "the second store";
    mirror->one = strcmp(mgw_config_get(config, "require")->text, "one") == 0;
    mirror->retry_ms = number_of(config, "retry");
    mirror->walk_every_ms = number_of(config, "walk_every");
    mirror->notes = strdup(mgw_config_get(config, "notes_bucket")->text);
    mirror->log_name = strdup(config->instance);
    for (size_t i = 0; i < MIRROR_STRIPES; i++) {
        pthread_mutex_init(&mirror->stripes[i], NULL);
    }
    mirror->mender = mender_new(mirror);
    if (!mirror->notes || !mirror->log_name || !mirror->mender) {
        mirror_destroy(mirror);
        return NULL;
    }
    return mirror;
}

static enum mgw_status mirror_create(struct mgw_call *call, const struct mgw_config *config,
                                     const struct mgw_host *host, const struct mgw_storage *lower,
                                     void **instance)
{
    const struct mgw_config_value *second = mgw_config_get(config, "second");
    const struct mgw_config_value *buckets = mgw_config_get(config, "buckets");
    struct mirror *mirror = mirror_new(config, host);
    if (!mirror) {
        return mirror_no_memory(call);
    }
    pass_init(&mirror->side[FIRST].pass, lower);
    pass_init(&mirror->side[SECOND].pass, second->storage);
    enum mgw_status status = look_at_both(call, mirror, config->flags & MGW_CREATE_INIT);
    if (status != MGW_OK) {
        mirror_destroy(mirror);
        return status;
    }
    for (uint32_t i = 0; buckets && i < buckets->list_count; i++) {
        mender_learn(mirror->mender, buckets->list[i]);
    }
    *instance = mirror;
    return MGW_OK;
}

static enum mgw_status mirror_describe(struct mgw_call *call, void *instance,
                                       struct mgw_storage_limits *limits)
{
    struct mirror *mirror = instance;
    const struct side *a = &mirror->side[FIRST], *b = &mirror->side[SECOND];
    uint64_t most = a->max_blob_bytes < b->max_blob_bytes ? a->max_blob_bytes : b->max_blob_bytes;
    uint32_t key = a->max_key_bytes < b->max_key_bytes ? a->max_key_bytes : b->max_key_bytes;
    uint32_t metadata = a->max_metadata_bytes < b->max_metadata_bytes ? a->max_metadata_bytes
                                                                      : b->max_metadata_bytes;
    limits->capabilities = mirror->capabilities;
    limits->max_blob_bytes = most == UINT64_MAX ? 0 : most;
    limits->max_key_bytes = key < MIRROR_KEY_MAX ? key : MIRROR_KEY_MAX;
    if (MGW_HAS(limits, store_id)) {
        limits->store_id = mirror_keep(call, mirror->id);
    }
    if (MGW_HAS(limits, max_metadata_bytes)) {
        limits->max_metadata_bytes = metadata - (uint32_t)VERSION_ROOM;
    }
    return MGW_HAS(limits, store_id) && !limits->store_id ? mirror_no_memory(call) : MGW_OK;
}

/* ---- The house ---- */

static enum mgw_status mirror_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                    struct mgw_sweep_result *result)
{
    struct mirror *mirror = instance;
    enum mgw_status worst = MGW_OK;
    for (int i = 0; i < STORES; i++) {
        struct side_call said;
        struct pass *pass = &mirror->side[i].pass;
        struct mgw_sweep_result swept = {.size = sizeof swept};
        if (!pass->lower.sweep) {
            continue;
        }
        enum mgw_status status = pass->lower.sweep(side_call(&said, call, i == 0), pass->instance,
                                                   older_than_ms, &swept);
        result->removed += swept.removed;
        result->removed_bytes += swept.removed_bytes;
        if (status != MGW_OK) {
            side_tell(&said);
            worst = status;
        }
    }
    mender_walk_now(mirror->mender);
    return worst;
}

static enum mgw_status mirror_health(struct mgw_call *call, void *instance)
{
    struct mirror *mirror = instance;
    struct side_call said[STORES];
    int well = 0, ill = FIRST;
    enum mgw_status status[STORES];
    for (int i = 0; i < STORES; i++) {
        struct pass *pass = &mirror->side[i].pass;
        status[i] = pass->lower.health(side_call(&said[i], call, i == 0), pass->instance);
        side_saw(mirror, i, status[i], &said[i].call);
        well += status[i] == MGW_OK;
        ill = status[i] == MGW_OK ? ill : i;
    }
    if (well == STORES || (well && mirror->one)) {
        return MGW_OK;
    }
    side_tell(&said[ill]);
    return status[ill];
}

static enum mgw_status mirror_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct mirror *mirror = instance;
    struct side_call said[STORES];
    bool known = false;
    for (int i = 0; i < STORES; i++) {
        uint64_t here = 0;
        struct pass *pass = &mirror->side[i].pass;
        enum mgw_status status =
            pass->lower.free_bytes
                ? pass->lower.free_bytes(side_call(&said[i], call, false), pass->instance, &here)
                : MGW_UNSUPPORTED;
        if (status == MGW_OK) {
            *bytes = known && *bytes < here ? *bytes : here;
            known = true;
        } else if (status != MGW_UNSUPPORTED && !mirror->one) {
            side_tell(&said[i]);
            return status;
        }
    }
    return known ? MGW_OK : mgw_fail(call, MGW_UNSUPPORTED, "neither store tells its free space");
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = mirror_destroy,
    .describe = mirror_describe,
    .put_begin = put_begin,
    .put_write = put_write,
    .put_prepare = put_prepare,
    .put_commit = put_commit,
    .put_abort = put_abort,
    .open = read_open,
    .read = read_bytes,
    .descriptor = read_descriptor,
    .close = read_close,
    .stat = read_stat,
    .remove = remove_blob,
    .list = list_page,
    .copy = copy_blob,
    .plan = upload_plan,
    .upload_create = upload_create,
    .upload_part = upload_part,
    .upload_complete = upload_complete,
    .upload_abort = upload_abort,
    .sweep = mirror_sweep,
    .health = mirror_health,
    .free_bytes = mirror_free_bytes,
    .advise = read_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = mirror_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "second",
     .type = MGW_CONFIG_STORAGE,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "The other store, as in \"storage\"."},
    {.size = sizeof keys[0],
     .key = "require",
     .type = MGW_CONFIG_ENUM,
     .fallback = "both",
     .values = "both|one",
     .help = "How many stores must have a new recording before it is acknowledged."},
    {.size = sizeof keys[0],
     .key = "retry",
     .type = MGW_CONFIG_DURATION,
     .fallback = "30s",
     .min = 100,
     .max = 3600 * 1000,
     .help = "How long after a store's failure the mender looks again; doubled each time."},
    {.size = sizeof keys[0],
     .key = "walk_every",
     .type = MGW_CONFIG_DURATION,
     .fallback = "24h",
     .min = 1000,
     .max = INT64_C(366) * 24 * 3600 * 1000,
     .help = "How often both stores are compared whole, where nothing was found wanting."},
    {.size = sizeof keys[0],
     .key = "buckets",
     .type = MGW_CONFIG_LIST,
     .help = "Buckets to compare from the start; others are known once they were used."},
    {.size = sizeof keys[0],
     .key = "notes_bucket",
     .type = MGW_CONFIG_STRING,
     .fallback = "mediagw-mirror",
     .help = "The bucket in both stores that holds the mirror's own notes."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "mirror",
    .version = "0.1.0",
    .description = "Two stores that hold the same blobs: writes both, reads the first that has it, "
                   "mends the other.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
