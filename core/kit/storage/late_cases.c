/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls that are over before they begin: cancelled, or past their deadline. Every verb answers
 * soon, with that or with what it has done; and every handle can still be ended. */
#include "core/kit/storage/upload_kit.h"

#include <stdio.h>

enum { SOON_MS = 10000 };

static bool past_deadline;

static struct mgw_call *call_over(void)
{
    struct mgw_call *call = kit_call_new();
    if (past_deadline) {
        call->deadline_ms = kit_host.monotonic_ms() - 1000;
    } else {
        ((struct kit_call *)(void *)call)->cancelled = true;
    }
    return call;
}

/* VERB answered STATUS on a call that was over since STARTED. */
static void judge(const char *verb, enum mgw_status status, int64_t started)
{
    int64_t took = kit_host.monotonic_ms() - started;
    enum mgw_status over = past_deadline ? MGW_TIMEOUT : MGW_CANCELLED;
    if ((status != MGW_OK && status != over) || took > SOON_MS) {
        print_error("%s\n  expected MGW_OK or %s soon, got %s after %lld ms\n", verb,
                    kit_status(over), kit_status(status), (long long)took);
        fail();
    }
}
#define OVER(verb, expression)                                                                     \
    do {                                                                                           \
        AUTO_CALL struct mgw_call *call = call_over();                                             \
        int64_t started_ = kit_host.monotonic_ms();                                                \
        judge(verb, (expression), started_);                                                       \
    } while (0)

static bool ignore(void *ctx, const struct mgw_list_entry *entry)
{
    (void)ctx;
    (void)entry;
    return true;
}

static void read_late(void)
{
    AUTO_CALL struct mgw_call *whole = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_storage_limits again = {.size = sizeof again};
    void *reader = NULL, *late = NULL;
    char bytes[16];
    size_t got;
    OVER("describe", driver->describe(call, instance, &again));
    OVER("stat", driver->stat(call, instance, &blob, &stat));
    OVER("health", driver->health(call, instance));
    OVER("list", driver->list(call, instance, kit_bucket(), "", "", 10, ignore, NULL));
    OVER("open", driver->open(call, instance, &blob, NULL, &late, &stat));
    if (late) {
        driver->close(late);
    }
    assert_status(whole, driver->open(whole, instance, &blob, NULL, &reader, &stat), MGW_OK);
    OVER("read", driver->read(call, reader, 0, bytes, sizeof bytes, &got));
    if (driver->advise) {
        AUTO_CALL struct mgw_call *call = call_over();
        driver->advise(call, reader, 0, 4);
    }
    driver->close(reader);
    assert_text(kit_bucket(), "k", "old bytes");
}

static void reads_whose_call_is_over_answer_soon(void **state)
{
    (void)state;
    put_text(kit_bucket(), "k", "old bytes");
    for (int i = 0; i < 2; i++) {
        past_deadline = i;
        read_late();
    }
}

static void write_late(const char *key)
{
    AUTO_CALL struct mgw_call *whole = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL, *late = NULL;
    OVER("put_begin", driver->put_begin(call, instance, &blob, &put, &late));
    if (late) {
        AUTO_CALL struct mgw_call *call = call_over();
        driver->put_abort(call, late);
    }
    assert_status(whole, driver->put_begin(whole, instance, &blob, &put, &writer), MGW_OK);
    OVER("put_write", driver->put_write(call, writer, "new", 3));
    {
        AUTO_CALL struct mgw_call *call = call_over();
        driver->put_abort(call, writer); /* may be called late */
    }
    assert_text(kit_bucket(), key, "old bytes");
    if (driver->sweep) {
        struct mgw_sweep_result result = {.size = sizeof result};
        OVER("sweep", driver->sweep(call, instance, 0, &result));
    }
    /* and repeated with time it is done */
    OVER("remove", driver->remove(call, instance, &blob));
    assert_status(whole, driver->remove(whole, instance, &blob), MGW_OK);
    assert_absent(kit_bucket(), key);
}

static void writes_whose_call_is_over_answer_soon(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        past_deadline = i;
        put_text(kit_bucket(), "k", "old bytes");
        write_late("k");
    }
}

static enum mgw_status send_late(struct mgw_call *call, struct upload *upload)
{
    return upload_send(call, upload, 1, 10, 1, 1);
}

static void uploads_whose_call_is_over_may_be_repeated(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct upload upload;
        struct mgw_stat stat = {.size = sizeof stat};
        char key[8];
        past_deadline = i;
        snprintf(key, sizeof key, "u%d", i);
        upload_begin(&upload, key, NULL);
        OVER("upload_part", send_late(call, &upload));
        upload_send_ok(&upload, 1, 10, 1, 1);
        OVER("upload_complete", upload_end(call, &upload, 1, 1, &stat));
        upload_end_ok(&upload, 1, 1);
        assert_parts(&upload, key, (const uint64_t[]){1}, 1, 10);
        OVER("upload_abort", driver->upload_abort(call, instance, &upload.state, 1));
        assert_parts(&upload, key, (const uint64_t[]){1}, 1, 10);
    }
}

const struct kit_case late_cases[] = {
    READ_CASE(reads_whose_call_is_over_answer_soon, "rules: MGW_TIMEOUT or MGW_CANCELLED soon", 0),
    CASE(writes_whose_call_is_over_answer_soon, "rules: soon; put_abort: may be called late", 0),
    CASE(uploads_whose_call_is_over_may_be_repeated, "rules: may be repeated; soon",
         MGW_STORAGE_RESUMABLE),
    {0},
};
