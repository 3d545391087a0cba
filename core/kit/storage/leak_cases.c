/* SPDX-License-Identifier: Apache-2.0
 *
 * What instances, writers, readers and uploads leave behind when they have ended: nothing. */
#include "core/kit/growth.h"
#include "core/kit/storage/upload_kit.h"

enum { INSTANCE_ROUNDS = 5, HANDLE_ROUNDS = 40 };

static void put_read_remove(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    if (kit_has(MGW_STORAGE_READ_ONLY)) {
        assert_text(kit_bucket(), "k", "some bytes");
        return;
    }
    put_text(kit_bucket(), "k", "some bytes");
    assert_text(kit_bucket(), "k", "some bytes");
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_OK);
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
}

static void live_once(void *unused)
{
    (void)unused;
    kit_take_again();
    put_read_remove();
    kit_let_go();
}

static void a_destroyed_instance_leaves_nothing(void **state)
{
    (void)state;
    put_text(kit_bucket(), "k", "some bytes");
    kit_let_go();
    growth_check(live_once, NULL, INSTANCE_ROUNDS);
    kit_take_again();
}

/* All ways in which a writer ends. */
static void end_writers(void *unused)
{
    (void)unused;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "w");
    struct mgw_put put = {.size = sizeof put},
                   three = {.size = sizeof three, .flags = MGW_PUT_LENGTH_KNOWN, .length = 3};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    driver->put_abort(call, writer);
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    assert_status(call, driver->put_write(call, writer, "12345", 5), MGW_OK);
    driver->put_abort(call, writer);
    assert_status(call, try_put(call, kit_bucket(), "w", &three, "12345", 5, &stat), MGW_INVALID);
    assert_status(call, try_put(call, kit_bucket(), "w", &put, "12345", 5, &stat), MGW_OK);
}

static void writers_that_ended_hold_nothing(void **state)
{
    (void)state;
    growth_check(end_writers, NULL, HANDLE_ROUNDS);
}

static void end_readers(void *unused)
{
    (void)unused;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k"), none = blob_of(kit_bucket(), "none");
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    char bytes[4];
    size_t got;
    assert_status(call, driver->open(call, instance, &blob, NULL, &reader, &stat), MGW_OK);
    driver->close(reader);
    assert_status(call, driver->open(call, instance, &blob, stat.etag, &reader, &stat), MGW_OK);
    assert_status(call, driver->read(call, reader, 1, bytes, sizeof bytes, &got), MGW_OK);
    driver->close(reader);
    assert_status(call, driver->open(call, instance, &blob, "other", &reader, &stat), MGW_CONFLICT);
    assert_status(call, driver->open(call, instance, &none, NULL, &reader, &stat), MGW_NOT_FOUND);
}

static void readers_that_ended_hold_nothing(void **state)
{
    (void)state;
    put_text(kit_bucket(), "k", "some bytes");
    growth_check(end_readers, NULL, HANDLE_ROUNDS);
}

static void end_uploads(void *unused)
{
    (void)unused;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct upload upload;
    upload_begin(&upload, "u", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    upload_end_ok(&upload, 1, 1);
    upload_begin(&upload, "u", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    assert_status(call, driver->upload_abort(call, instance, &upload.state, 1), MGW_OK);
}

static void uploads_that_ended_hold_nothing(void **state)
{
    (void)state;
    growth_check(end_uploads, NULL, HANDLE_ROUNDS / 8);
}

#define COUNTED(function, clause_, needs_)                                                         \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = needs_, .counts = true, .run = function     \
    }
const struct kit_case leak_cases[] = {
    COUNTED(a_destroyed_instance_leaves_nothing, "destroy: memory, descriptors, threads",
            KIT_PREPARES),
    COUNTED(writers_that_ended_hold_nothing,
            "put_commit ends the writer; put_abort: leaves nothing", KIT_WRITES),
    COUNTED(readers_that_ended_hold_nothing, "close: ends the reader", KIT_PREPARES),
    /* a store in memory may remember what was completed */
    COUNTED(uploads_that_ended_hold_nothing, "upload_complete, upload_abort",
            MGW_STORAGE_RESUMABLE | KIT_WRITES | KIT_SURVIVES),
    {0},
};
