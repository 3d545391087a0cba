/* SPDX-License-Identifier: Apache-2.0
 *
 * The border itself: deadlines, cancellation, hosts of other ages, many threads, describe, health.
 */
#include "core/kit/storage/kit.h"

#include <stdio.h>

static void describe_is_constant_and_sane(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_storage_limits again = {.size = sizeof again};
    assert_status(call, driver->describe(call, instance, &again), MGW_OK);
    assert_int_equal(again.capabilities, limits.capabilities);
    assert_true(again.store_id && limits.store_id && strcmp(again.store_id, limits.store_id) == 0);
    assert_true(!kit_has(MGW_STORAGE_LOCAL_FD) || driver->descriptor);
    assert_true(!kit_has(MGW_STORAGE_COPY) || driver->copy);
    bool resumable = driver->plan && driver->upload_create && driver->upload_part &&
                     driver->upload_complete && driver->upload_abort;
    assert_int_equal(resumable, kit_has(MGW_STORAGE_RESUMABLE));
}

static void health_is_ok_and_free_bytes_are_told(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    uint64_t bytes = 0;
    assert_status(call, driver->health(call, instance), MGW_OK);
    if (driver->free_bytes) {
        enum mgw_status status = driver->free_bytes(call, instance, &bytes);
        assert_true(status == MGW_UNSUPPORTED || (status == MGW_OK && bytes > 0));
    }
}

static void a_cancelled_call_writes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    ((struct kit_call *)(void *)call)->cancelled = true;
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "x", 1, &stat), MGW_CANCELLED);
    assert_absent(kit_bucket(), "k");
}

static void a_call_beyond_its_deadline_times_out(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    call->deadline_ms = kit_host.monotonic_ms() - 1;
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "x", 1, &stat), MGW_TIMEOUT);
    assert_absent(kit_bucket(), "k");
    call->deadline_ms = kit_host.monotonic_ms() + 60000;
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "x", 1, &stat), MGW_OK);
}

static void a_put_cancelled_in_the_middle_leaves_the_old_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    put_text(kit_bucket(), "k", "old");
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    assert_status(call, driver->put_write(call, writer, "new", 3), MGW_OK);
    ((struct kit_call *)(void *)call)->cancelled = true;
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_CANCELLED);
    driver->put_abort(call, writer);
    assert_text(kit_bucket(), "k", "old");
}

/* A host of an older header: its structs end early, and what lies behind must not be touched. */
static void structs_of_an_older_host_are_respected(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", NULL};
    struct mgw_put put = {
        .size = offsetof(struct mgw_put, content_type), .content_type = "x/y", .metadata = map};
    struct mgw_stat small, whole = {.size = sizeof whole};
    memset(&small, 0x5a, sizeof small);
    small.size = offsetof(struct mgw_stat, content_type);
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &small), MGW_OK);
    assert_int_equal(small.bytes, 1);
    unsigned char untouched[sizeof small.content_type + sizeof small.metadata];
    memset(untouched, 0x5a, sizeof untouched);
    assert_memory_equal(&small.content_type, untouched, sizeof untouched);
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    assert_status(call, driver->stat(call, instance, &blob, &whole), MGW_OK);
    assert_null(whole.content_type); /* the older host has not said it */
    assert_null(whole.metadata);
}

/* A host of a newer header: bigger structs, whose new fields the plugin does not know. */
static void structs_of_a_newer_host_are_respected(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct {
        struct mgw_stat stat;
        unsigned char later[64];
    } big;
    struct {
        struct mgw_put put;
        unsigned char later[64];
    } put;
    unsigned char untouched[64];
    memset(&big, 0, sizeof big);
    memset(big.later, 0x5a, sizeof big.later);
    memset(&put, 0, sizeof put);
    memset(put.later, 0x5a, sizeof put.later);
    memset(untouched, 0x5a, sizeof untouched);
    big.stat.size = sizeof big;
    put.put.size = sizeof put;
    put.put.content_type = "x/y";
    assert_status(call, try_put(call, kit_bucket(), "k", &put.put, "x", 1, &big.stat), MGW_OK);
    assert_int_equal(big.stat.size, sizeof big);
    assert_string_equal(big.stat.content_type, "x/y");
    assert_memory_equal(big.later, untouched, sizeof untouched);
}

struct worker {
    const char *bucket;
    int number;
    enum mgw_status status;
    const char *step;
};

static enum mgw_status one_life(struct worker *worker, const char *key, const char *text)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(worker->bucket, key);
    enum mgw_status status;
    size_t length = 0;
    worker->step = "put";
    status = try_put(call, worker->bucket, key, NULL, text, strlen(text), &stat);
    if (status != MGW_OK) {
        return status;
    }
    worker->step = "get";
    AUTO_FREE char *got = try_get(call, worker->bucket, key, &length, &status);
    if (status == MGW_OK && (length != strlen(text) || memcmp(got, text, length) != 0)) {
        status = MGW_CORRUPT;
    }
    if (status == MGW_OK && worker->number % 2) {
        worker->step = "remove";
        status = driver->remove(call, instance, &blob);
    }
    return status;
}

static void *live(void *argument)
{
    struct worker *worker = argument;
    char key[64], text[128];
    for (int i = 0; i < 25 && worker->status == MGW_OK; i++) {
        snprintf(key, sizeof key, "thread-%d/%d", worker->number, i);
        snprintf(text, sizeof text, "%s of %d", key, i * 7);
        worker->status = one_life(worker, key, text);
    }
    return NULL;
}

static void many_threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct worker workers[16] = {0};
    for (int i = 0; i < 16; i++) {
        workers[i] = (struct worker){.bucket = kit_bucket(), .number = i};
    }
    run_threads(16, live, workers, sizeof workers[0]);
    for (int i = 0; i < 16; i++) {
        if (workers[i].status != MGW_OK) {
            print_error("thread %d: %s answered %d\n", i, workers[i].step, workers[i].status);
        }
        assert_int_equal(workers[i].status, MGW_OK);
    }
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 100, &keys);
    assert_int_equal(keys.count, 8 * 25);
}

static void another_instance_sees_the_same_blobs(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    void *second = kit_open_again();
    put_text(kit_bucket(), "k", "x");
    assert_status(call, driver->stat(call, second, &blob, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 1);
    kit_close_again(second);
    assert_text(kit_bucket(), "k", "x"); /* and destroying it took nothing along */
}

const struct kit_case border_cases[] = {
    READ_CASE(describe_is_constant_and_sane, "describe: constant over the instance's life", 0),
    READ_CASE(health_is_ok_and_free_bytes_are_told, "health, free_bytes", 0),
    CASE(a_cancelled_call_writes_nothing, "rules: MGW_CANCELLED", 0),
    CASE(a_call_beyond_its_deadline_times_out, "rules: MGW_TIMEOUT", 0),
    CASE(a_put_cancelled_in_the_middle_leaves_the_old_blob, "put_commit: the old blob", 0),
    CASE(structs_of_an_older_host_are_respected, "plugin.h: Growth", 0),
    CASE(structs_of_a_newer_host_are_respected, "plugin.h: Growth", 0),
    CASE(many_threads_do_not_disturb_each_other, "MGW_THREADS_PARALLEL", 0),
    CASE(another_instance_sees_the_same_blobs,
         "limits.store_id: every instance that sees the same blobs", KIT_SURVIVES),
    {0},
};
