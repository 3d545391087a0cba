/* SPDX-License-Identifier: Apache-2.0
 *
 * memstore's instance: the gate that counts, delays and fails calls, what a test reads and sets,
 * and the table. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* ---- the gate ---- */

static enum mgw_status over(struct mgw_call *call)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (call->deadline_ms && ms >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "memstore: the deadline passed");
    }
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "memstore: cancelled");
    }
    return MGW_OK;
}

enum mgw_status mem_gate_enter(struct mgw_call *call, struct memstore *store,
                               enum memstore_verb verb, enum mgw_status *lost)
{
    pthread_mutex_lock(&store->lock);
    uint64_t number = ++store->calls[verb];
    struct rule rule = store->rules[verb];
    pthread_mutex_unlock(&store->lock);
    bool hit = rule.status != MGW_OK && number >= rule.from && (!rule.to || number < rule.to);
    *lost = hit && rule.after ? rule.status : MGW_OK;
    enum mgw_status status = over(call);
    for (unsigned waited = 0; status == MGW_OK && waited < rule.delay_ms; waited++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        status = over(call);
    }
    if (status == MGW_OK && hit && !rule.after) {
        return mgw_fail(call, rule.status, "memstore: told to fail");
    }
    return status;
}

enum mgw_status mem_gate_leave(struct mgw_call *call, enum mgw_status status, enum mgw_status lost)
{
    return status == MGW_OK && lost != MGW_OK ? mgw_fail(call, lost, "memstore: the answer is lost")
                                              : status;
}

/* ---- what a test reads and sets ---- */

uint64_t memstore_calls(struct memstore *store, enum memstore_verb verb)
{
    pthread_mutex_lock(&store->lock);
    uint64_t calls = store->calls[verb];
    pthread_mutex_unlock(&store->lock);
    return calls;
}

static void set_rule(struct memstore *store, enum memstore_verb verb, unsigned nth, unsigned times,
                     enum mgw_status status, bool after)
{
    pthread_mutex_lock(&store->lock);
    struct rule *rule = &store->rules[verb];
    rule->from = store->calls[verb] + (nth ? nth : 1);
    rule->to = times ? rule->from + times : 0;
    rule->status = status;
    rule->after = after;
    pthread_mutex_unlock(&store->lock);
}

void memstore_fail(struct memstore *store, enum memstore_verb verb, unsigned nth, unsigned times,
                   enum mgw_status status)
{
    set_rule(store, verb, nth, times, status, false);
}

void memstore_lose_answer(struct memstore *store, enum memstore_verb verb, unsigned nth,
                          unsigned times, enum mgw_status status)
{
    set_rule(store, verb, nth, times, status, true);
}

void memstore_delay(struct memstore *store, enum memstore_verb verb, unsigned ms)
{
    pthread_mutex_lock(&store->lock);
    store->rules[verb].delay_ms = ms;
    pthread_mutex_unlock(&store->lock);
}

void memstore_heal(struct memstore *store)
{
    pthread_mutex_lock(&store->lock);
    memset(store->rules, 0, sizeof store->rules);
    pthread_mutex_unlock(&store->lock);
}

void memstore_capacity(struct memstore *store, uint64_t bytes)
{
    pthread_mutex_lock(&store->lock);
    store->limit = bytes;
    pthread_mutex_unlock(&store->lock);
}

static size_t locked_size(struct memstore *store, const size_t *field)
{
    pthread_mutex_lock(&store->lock);
    size_t value = *field;
    pthread_mutex_unlock(&store->lock);
    return value;
}

size_t memstore_blobs(struct memstore *store)
{
    return locked_size(store, &store->count);
}

size_t memstore_writers(struct memstore *store)
{
    return locked_size(store, &store->writers);
}

size_t memstore_readers(struct memstore *store)
{
    return locked_size(store, &store->readers);
}

size_t memstore_uploads(struct memstore *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = mem_upload_count(store);
    pthread_mutex_unlock(&store->lock);
    return count;
}

void *memstore_bytes(struct memstore *store, const char *bucket, const char *key, size_t *length)
{
    struct mgw_blob name = {sizeof name, bucket, key};
    pthread_mutex_lock(&store->lock);
    const struct blob *blob = mem_blob_find(store, &name);
    unsigned char *copy = blob ? malloc(blob->length ? blob->length : 1) : NULL;
    if (copy) {
        *length = blob->length;
        if (blob->length) {
            memcpy(copy, blob->bytes, blob->length);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return copy;
}

bool memstore_flip(struct memstore *store, const char *bucket, const char *key, size_t offset)
{
    struct mgw_blob name = {sizeof name, bucket, key};
    pthread_mutex_lock(&store->lock);
    struct blob *blob = mem_blob_find(store, &name);
    bool there = blob && offset < blob->length;
    if (there) {
        blob->bytes[offset] ^= 1;
    }
    pthread_mutex_unlock(&store->lock);
    return there;
}

/* ---- the instance ---- */

struct memstore *memstore_new(void)
{
    unsigned char id[16];
    struct memstore *store = calloc(1, sizeof *store);
    if (!store || getrandom(id, sizeof id, 0) != (ssize_t)sizeof id ||
        pthread_mutex_init(&store->lock, NULL) != 0) {
        free(store);
        return NULL;
    }
    for (size_t i = 0; i < sizeof id; i++) {
        snprintf(store->id + 2 * i, 3, "%02x", id[i]);
    }
    return store;
}

void memstore_free(struct memstore *store)
{
    if (store) {
        mem_upload_free_all(store);
        mem_presign_free_all(store);
        while (store->count) {
            mem_blob_unpublish(store, store->count - 1);
        }
        free(store->blobs);
        pthread_mutex_destroy(&store->lock);
        free(store);
    }
}

static enum mgw_status instance_create(struct mgw_call *call, const struct mgw_config *config,
                                       const struct mgw_host *host, void **instance)
{
    const struct mgw_config_value *capacity = mgw_config_get(config, "capacity");
    const struct mgw_config_value *delay = mgw_config_get(config, "delay");
    const struct mgw_config_value *read_delay = mgw_config_get(config, "read_delay");
    const struct mgw_config_value *marker = mgw_config_get(config, "marker");
    const struct mgw_config_value *presign = mgw_config_get(config, "presign");
    struct memstore *store = memstore_new();
    (void)host;
    if (!store) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    if (capacity) {
        memstore_capacity(store, (uint64_t)capacity->number);
    }
    for (int verb = 0; delay && verb < MEMSTORE_VERBS; verb++) {
        memstore_delay(store, (enum memstore_verb)verb, (unsigned)delay->number);
    }
    if (marker && !marker->number) {
        store->id[0] = '\0';
    }
    if (read_delay) {
        memstore_delay(store, MEMSTORE_READ, (unsigned)read_delay->number);
    }
    if (presign && presign->number) {
        memstore_presigns(
            store, MGW_STORAGE_PRESIGN_GET | MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART,
            604800);
    }
    *instance = store;
    return MGW_OK;
}

static void instance_destroy(void *instance)
{
    memstore_free(instance);
}

static enum mgw_status instance_describe(struct mgw_call *call, void *instance,
                                         struct mgw_storage_limits *limits)
{
    const struct memstore *store = instance;
    char *id = call->alloc(call, sizeof store->id);
    if (!id) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    limits->capabilities = MGW_STORAGE_INLINE_READ | MGW_STORAGE_IF_ABSENT | MGW_STORAGE_RESUMABLE |
                           MGW_STORAGE_ORDERED_LIST | MGW_STORAGE_VOLATILE | store->presigns;
    limits->max_presign_ttl_sec = store->max_ttl_sec;
    limits->store_id = memcpy(id, store->id, sizeof store->id);
    return MGW_OK;
}

static enum mgw_status instance_health(struct mgw_call *call, void *instance)
{
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, instance, MEMSTORE_HEALTH, &lost);
    return mem_gate_leave(call, status, lost);
}

static enum mgw_status instance_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_FREE_BYTES, &lost);
    pthread_mutex_lock(&store->lock);
    *bytes = !store->limit                 ? UINT64_MAX
             : store->held >= store->limit ? 0
                                           : store->limit - store->held;
    pthread_mutex_unlock(&store->lock);
    return mem_gate_leave(call, status, lost);
}

const struct mgw_storage_driver memstore_table = {
    .size = sizeof memstore_table,
    .create = instance_create,
    .destroy = instance_destroy,
    .describe = instance_describe,
    .put_begin = mem_put_begin,
    .put_write = mem_put_write,
    .put_prepare = mem_put_prepare,
    .put_commit = mem_put_commit,
    .put_abort = mem_put_abort,
    .open = mem_read_open,
    .read = mem_read_read,
    .close = mem_read_close,
    .stat = mem_read_stat,
    .remove = mem_read_remove,
    .list = mem_read_list,
    .plan = mem_upload_plan,
    .upload_create = mem_upload_create,
    .upload_part = mem_upload_part,
    .upload_complete = mem_upload_complete,
    .upload_abort = mem_upload_abort,
    .sweep = mem_upload_sweep,
    .health = instance_health,
    .free_bytes = instance_free_bytes,
    .presign = mem_presign,
    .advise = mem_read_advise,
};

struct mgw_storage memstore_storage(struct memstore *store)
{
    return (struct mgw_storage){sizeof(struct mgw_storage), &memstore_table, store};
}
