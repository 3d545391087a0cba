/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of durability: each verb with either store failing, under both settings. */
#include "tests/filters/mirror/rig.h"

#include "tests/support/scratch.h"

#define ONE ", \"require\": \"one\""
#define DOWN "all 12\n"

static void both_stores_have_what_was_put(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.mirror, "k", "text"));
    assert_text(rig.side[FIRST], "k", "text");
    assert_text(rig.side[SECOND], "k", "text");
}

static void a_put_needs_both_stores(void **state)
{
    (void)state;
    static const char *const failing[] = {"put_begin 12\n",
                                          "put_write 12\n",
                                          "put_prepare 12\n",
                                          "put_commit 12\n",
                                          DOWN,
                                          "put_commit 18\n",
                                          "put_commit 13\n",
                                          "put_write 18\n",
                                          "put_prepare 9\n",
                                          "put_begin 5\n"};
    rig_open("");
    for (int side = FIRST; side <= SECOND; side++) {
        for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
            char key[16];
            snprintf(key, sizeof key, "%d-%zu", side, i);
            rig_switch(side, failing[i]);
            assert_true(rig_put(rig.mirror, key, "text") != MGW_OK);
            rig_switch(side, NULL);
            assert_absent(rig.mirror, key);
            assert_ok(rig_put(rig.mirror, key, "again"));
            assert_text(rig.side[FIRST], key, "again");
            assert_text(rig.side[SECOND], key, "again");
        }
    }
}

static void one_store_suffices_for_a_new_key(void **state)
{
    (void)state;
    static const char *const failing[] = {"put_begin 12\n",
                                          "put_write 12\n",
                                          "put_prepare 12\n",
                                          "put_commit 12\n",
                                          DOWN,
                                          "put_write 18\n",
                                          "put_commit 18\n",
                                          "put_commit 13\n",
                                          "put_begin 5\n",
                                          "put_write 9\n"};
    rig_open(ONE);
    for (int side = FIRST; side <= SECOND; side++) {
        for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
            char key[16];
            snprintf(key, sizeof key, "%d-%zu", side, i);
            rig_switch(side, failing[i]);
            assert_ok(rig_put(rig.mirror, key, "text"));
            assert_text(rig.side[!side], key, "text");
            rig_switch(side, NULL);
            assert_text(rig.mirror, key, "text");
            assert_soon(rig.side[side], key, "text");
        }
    }
}

static void what_was_asked_wrongly_is_no_stores_failure(void **state)
{
    (void)state;
    rig_open(ONE);
    rig_switch(SECOND, "put_begin 6\n");
    assert_status(rig_put(rig.mirror, "k", "text"), MGW_INVALID);
    rig_switch(SECOND, "put_write 8\n");
    assert_status(rig_put(rig.mirror, "k", "text"), MGW_TOO_LARGE);
    rig_switch(SECOND, NULL);
    assert_absent(rig.mirror, "k");
}

static enum mgw_status replace(const char *text)
{
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = rig_put_open(rig.mirror, "k", text, 0, &writer);
    status = status == MGW_OK ? store_put_commit(writer, rig.call, &stat) : status;
    if (status != MGW_OK && writer) {
        store_put_abort(writer, rig.call);
    }
    return status;
}

static void replacing_a_blob_needs_both_stores_always(void **state)
{
    (void)state;
    rig_open(ONE);
    assert_ok(replace("old"));
    for (int side = FIRST; side <= SECOND; side++) {
        rig_switch(side, DOWN);
        assert_true(replace("new") != MGW_OK);
        rig_switch(side, NULL);
        assert_text(rig.side[side], "k", "old");
    }
    rig_switch(FIRST, "put_commit 12\n");
    assert_true(replace("new") != MGW_OK);
    rig_switch(FIRST, NULL);
    assert_text(rig.mirror, "k", "old");
    assert_ok(replace("newest"));
    assert_text(rig.side[FIRST], "k", "newest");
    assert_text(rig.side[SECOND], "k", "newest");
}

static void what_only_the_other_store_has_is_replaced_in_both_or_not(void **state)
{
    (void)state;
    rig_open(ONE);
    assert_ok(rig_put(rig.side[SECOND], "k", "old"));
    rig_switch(SECOND, "put_write 12\n");
    assert_status(replace("new"), MGW_UNAVAILABLE);
    rig_switch(SECOND, NULL);
    assert_text(rig.mirror, "k", "old");
}

static void removing_needs_both_stores_always(void **state)
{
    (void)state;
    static const char *const settings[] = {"", ONE};
    for (size_t i = 0; i < 2; i++) {
        rig_open(settings[i]);
        for (int side = FIRST; side <= SECOND; side++) {
            assert_ok(rig_put(rig.mirror, "k", "text"));
            rig_switch(side, DOWN);
            assert_status(rig_remove(rig.mirror, "k"), MGW_UNKNOWN_OUTCOME);
            rig_switch(side, NULL);
            assert_ok(rig_remove(rig.mirror, "k"));
            assert_absent(rig.side[FIRST], "k");
            assert_absent(rig.side[SECOND], "k");
            assert_absent(rig.mirror, "k");
        }
        rig_close();
    }
}

static void the_other_store_answers_for_one_that_is_down(void **state)
{
    (void)state;
    static const char *const failing[] = {DOWN,        "all 18\n",  "all 5\n",
                                          "read 18\n", "stat 12\n", "open 17\n"};
    rig_open("");
    assert_ok(rig_put(rig.mirror, "k", "text"));
    for (int side = FIRST; side <= SECOND; side++) {
        for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
            struct mgw_blob blob = rig_blob("k");
            struct mgw_stat stat = {.size = sizeof stat};
            rig_switch(side, failing[i]);
            assert_text(rig.mirror, "k", "text");
            assert_ok(store_stat(rig.mirror, rig.call, &blob, &stat));
            assert_int_equal(stat.bytes, 4);
        }
        rig_switch(side, NULL);
    }
}

static void a_store_that_hangs_leaves_time_for_the_other(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.mirror, "k", "text"));
    rig_switch(FIRST, "open wait\n");
    rig_deadline(4000);
    assert_text(rig.mirror, "k", "text");
    rig_deadline(0);
}

static void nothing_is_called_absent_while_a_store_is_down(void **state)
{
    (void)state;
    rig_open("");
    for (int side = FIRST; side <= SECOND; side++) {
        enum mgw_status status;
        rig_switch(side, DOWN);
        rig_get(rig.mirror, "nowhere", &status);
        assert_status(status, MGW_UNAVAILABLE);
        rig_switch(side, NULL);
        assert_absent(rig.mirror, "nowhere");
    }
}

static bool ignore(void *ctx, const struct mgw_list_entry *entry)
{
    (void)ctx, (void)entry;
    return true;
}

static void a_list_needs_both_stores(void **state)
{
    (void)state;
    rig_open(ONE);
    assert_ok(rig_put(rig.mirror, "k", "text"));
    for (int side = FIRST; side <= SECOND; side++) {
        rig_switch(side, DOWN);
        assert_status(store_list(rig.mirror, rig.call, BUCKET, "", "", 10, ignore, NULL),
                      MGW_UNAVAILABLE);
        rig_switch(side, NULL);
    }
    assert_string_equal(rig_list(rig.mirror, 10), "k ");
}

static void health_is_by_require(void **state)
{
    (void)state;
    static const char *const settings[] = {"", ONE};
    for (size_t i = 0; i < 2; i++) {
        rig_open(settings[i]);
        assert_ok(store_health(rig.mirror, rig.call));
        for (int side = FIRST; side <= SECOND; side++) {
            rig_switch(side, "health 12\n");
            assert_status(store_health(rig.mirror, rig.call), i ? MGW_OK : MGW_UNAVAILABLE);
            rig_switch(side, NULL);
        }
        rig_switch(FIRST, "health 12\n");
        rig_switch(SECOND, "health 12\n");
        assert_status(store_health(rig.mirror, rig.call), MGW_UNAVAILABLE);
        rig_switch(FIRST, NULL);
        rig_switch(SECOND, NULL);
        rig_close();
    }
}

/* ---- A commit that came half through ---- */

static void a_commit_that_reached_one_store_is_unknown_and_a_repeat_reaches_the_other(void **state)
{
    (void)state;
    static const char *const failing[] = {"put_commit 12\n", "put_commit 13\n", "put_commit 18\n",
                                          "put_commit 14\n", "put_commit 13 after\n"};
    rig_open("");
    for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        char key[16];
        struct store_writer *writer;
        struct mgw_stat stat = {.size = sizeof stat}, first = {.size = sizeof first};
        snprintf(key, sizeof key, "k%zu", i);
        struct mgw_blob blob = rig_blob(key);
        rig_switch(SECOND, failing[i]);
        assert_ok(rig_put_open(rig.mirror, key, "text", MGW_PUT_IF_ABSENT, &writer));
        assert_status(store_put_commit(writer, rig.call, &stat), MGW_UNKNOWN_OUTCOME);
        assert_text(rig.mirror, key, "text");
        rig_switch(SECOND, NULL);
        assert_ok(store_put_commit(writer, rig.call, &stat));
        assert_int_equal(stat.bytes, 4);
        assert_text(rig.side[FIRST], key, "text");
        assert_text(rig.side[SECOND], key, "text");
        assert_ok(store_stat(rig.mirror, rig.call, &blob, &first));
        assert_string_equal(first.etag, stat.etag);
        assert_int_equal(first.modified_ms, stat.modified_ms);
    }
}

static void a_repeat_that_the_mender_forestalled_is_well(void **state)
{
    (void)state;
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("");
    rig_switch(SECOND, "put_commit 12\n");
    assert_ok(rig_put_open(rig.mirror, "k", "text", MGW_PUT_IF_ABSENT, &writer));
    assert_status(store_put_commit(writer, rig.call, &stat), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    assert_soon(rig.side[SECOND], "k", "text");
    assert_ok(store_put_commit(writer, rig.call, &stat));
    assert_int_equal(stat.bytes, 4);
    assert_string_equal(stat.content_type, "video/webm");
    assert_text(rig.side[FIRST], "k", "text");
    assert_text(rig.side[SECOND], "k", "text");
}

static void an_abort_takes_the_menders_copy_too(void **state)
{
    (void)state;
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("");
    rig_switch(SECOND, "put_commit 12\n");
    assert_ok(rig_put_open(rig.mirror, "k", "text", MGW_PUT_IF_ABSENT, &writer));
    assert_status(store_put_commit(writer, rig.call, &stat), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    assert_soon(rig.side[SECOND], "k", "text");
    store_put_abort(writer, rig.call);
    assert_absent(rig.side[FIRST], "k");
    assert_absent(rig.side[SECOND], "k");
}

static void an_abort_leaves_what_was_put_since(void **state)
{
    (void)state;
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("");
    rig_switch(SECOND, "put_commit 18\n");
    assert_ok(rig_put_open(rig.mirror, "k", "text", MGW_PUT_IF_ABSENT, &writer));
    assert_status(store_put_commit(writer, rig.call, &stat), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    assert_ok(replace("since"));
    store_put_abort(writer, rig.call);
    assert_text(rig.side[FIRST], "k", "since");
    assert_text(rig.side[SECOND], "k", "since");
}

static void an_abort_takes_a_new_blob_out_of_the_first_store_again(void **state)
{
    (void)state;
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    rig_open("");
    rig_switch(SECOND, "put_commit 18\n");
    assert_ok(rig_put_open(rig.mirror, "k", "text", MGW_PUT_IF_ABSENT, &writer));
    assert_status(store_put_commit(writer, rig.call, &stat), MGW_UNKNOWN_OUTCOME);
    store_put_abort(writer, rig.call);
    rig_switch(SECOND, NULL);
    assert_absent(rig.mirror, "k");
    assert_absent(rig.side[FIRST], "k");
}

static void a_replacement_that_came_half_through_is_mended_to_the_newer_one(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(replace("old"));
    rig_switch(SECOND, "put_commit 18\n");
    assert_status(replace("new"), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    assert_text(rig.mirror, "k", "new");
    assert_soon(rig.side[SECOND], "k", "new");
}

static void a_key_that_only_the_second_store_has_is_there_already(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.side[SECOND], "k", "old"));
    assert_status(rig_put(rig.mirror, "k", "new"), MGW_EXISTS);
    assert_text(rig.mirror, "k", "old");
}

/* ---- Uploads ---- */

static enum mgw_status read_x(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    (void)ctx, (void)offset;
    memset(buffer, 'x', length);
    return MGW_OK;
}

struct upload {
    unsigned char state_bytes[MGW_UPLOAD_STATE_MAX], receipt_bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque state, receipt;
    struct mgw_part part;
};

static enum mgw_status upload_begin(struct upload *upload, const char *key, uint32_t flags)
{
    struct mgw_blob blob = rig_blob(key);
    struct mgw_put put = {.size = sizeof put, .flags = flags | MGW_PUT_LENGTH_KNOWN, .length = 3};
    *upload = (struct upload){0};
    upload->state = (struct mgw_opaque){.size = sizeof upload->state,
                                        .bytes = upload->state_bytes,
                                        .capacity = sizeof upload->state_bytes};
    upload->receipt = (struct mgw_opaque){.size = sizeof upload->receipt,
                                          .bytes = upload->receipt_bytes,
                                          .capacity = sizeof upload->receipt_bytes};
    upload->part = (struct mgw_part){.size = sizeof upload->part, .number = 1, .length = 3};
    return store_upload_create(rig.mirror, rig.call, &blob, &put, &upload->state);
}

static enum mgw_status upload_send(struct upload *upload)
{
    struct mgw_source source = {.size = sizeof source, .length = 3, .read = read_x};
    enum mgw_status status = store_upload_part(rig.mirror, rig.call, &upload->state, &upload->part,
                                               &source, 1, &upload->receipt);
    upload->part.receipt = upload->receipt_bytes;
    upload->part.receipt_length = (uint32_t)upload->receipt.length;
    return status;
}

static enum mgw_status upload_end(struct upload *upload)
{
    struct mgw_stat stat = {.size = sizeof stat};
    return store_upload_complete(rig.mirror, rig.call, &upload->state, &upload->part, 1,
                                 sizeof upload->part, 1, &stat);
}

static void an_upload_needs_both_stores_always(void **state)
{
    (void)state;
    struct upload upload;
    rig_open(ONE);
    for (int side = FIRST; side <= SECOND; side++) {
        const char *key = side ? "b" : "a";
        rig_switch(side, "upload_create 12\n");
        assert_status(upload_begin(&upload, key, 0), MGW_UNAVAILABLE);
        rig_switch(side, "upload_part 12\n");
        assert_ok(upload_begin(&upload, key, 0));
        assert_status(upload_send(&upload), MGW_UNAVAILABLE);
        rig_switch(side, "upload_complete 12\n");
        assert_ok(upload_send(&upload));
        assert_status(upload_end(&upload), side ? MGW_UNKNOWN_OUTCOME : MGW_UNAVAILABLE);
        rig_switch(side, NULL);
        assert_ok(upload_end(&upload));
        assert_ok(upload_end(&upload));
        assert_text(rig.side[FIRST], key, "xxx");
        assert_text(rig.side[SECOND], key, "xxx");
    }
}

static void a_completion_that_the_mender_forestalled_is_well(void **state)
{
    (void)state;
    struct upload upload;
    rig_open("");
    rig_switch(SECOND, "upload_complete 12\n");
    assert_ok(upload_begin(&upload, "k", MGW_PUT_IF_ABSENT));
    assert_ok(upload_send(&upload));
    assert_status(upload_end(&upload), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    assert_soon(rig.side[SECOND], "k", "xxx");
    assert_ok(upload_end(&upload));
    assert_ok(upload_end(&upload));
    assert_text(rig.side[FIRST], "k", "xxx");
    assert_text(rig.side[SECOND], "k", "xxx");
}

/* As encrypt does it: what was complete in the first store took its last part no more, and so has
 * no receipt of it for the second one either. */
static void a_completion_whose_last_receipt_is_lost_comes_to_an_end(void **state)
{
    (void)state;
    struct upload upload;
    enum mgw_status status;
    rig_open("");
    rig_switch(SECOND, "upload_complete 12\n");
    assert_ok(upload_begin(&upload, "k", 0));
    assert_ok(upload_send(&upload));
    assert_status(upload_end(&upload), MGW_UNKNOWN_OUTCOME);
    rig_switch(SECOND, NULL);
    upload.part.receipt_length = 0;
    int64_t until = wait_now_ms() + 60000;
    while ((status = upload_end(&upload)) == MGW_UNKNOWN_OUTCOME && wait_now_ms() < until) {
        wait_ms(10);
    }
    assert_ok(status);
    assert_text(rig.side[FIRST], "k", "xxx");
    assert_text(rig.side[SECOND], "k", "xxx");
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(both_stores_have_what_was_put),
        RULE(a_put_needs_both_stores),
        RULE(one_store_suffices_for_a_new_key),
        RULE(what_was_asked_wrongly_is_no_stores_failure),
        RULE(replacing_a_blob_needs_both_stores_always),
        RULE(what_only_the_other_store_has_is_replaced_in_both_or_not),
        RULE(removing_needs_both_stores_always),
        RULE(the_other_store_answers_for_one_that_is_down),
        RULE(a_store_that_hangs_leaves_time_for_the_other),
        RULE(nothing_is_called_absent_while_a_store_is_down),
        RULE(a_list_needs_both_stores),
        RULE(health_is_by_require),
        RULE(a_commit_that_reached_one_store_is_unknown_and_a_repeat_reaches_the_other),
        RULE(a_repeat_that_the_mender_forestalled_is_well),
        RULE(an_abort_takes_the_menders_copy_too),
        RULE(an_abort_leaves_what_was_put_since),
        RULE(an_abort_takes_a_new_blob_out_of_the_first_store_again),
        RULE(a_replacement_that_came_half_through_is_mended_to_the_newer_one),
        RULE(a_key_that_only_the_second_store_has_is_there_already),
        RULE(an_upload_needs_both_stores_always),
        RULE(a_completion_that_the_mender_forestalled_is_well),
        RULE(a_completion_whose_last_receipt_is_lost_comes_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
