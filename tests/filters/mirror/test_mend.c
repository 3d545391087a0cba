/* SPDX-License-Identifier: Apache-2.0
 *
 * Mending: what one store lacks or has older comes from the other, and nothing that was removed
 * comes back. */
#include "tests/filters/mirror/rig.h"

#include "tests/support/scratch.h"

#include "core/base/clock.h"

#include <stdio.h>

static void put_many(struct store *store, unsigned from, unsigned to)
{
    char key[16];
    for (unsigned i = from; i < to; i++) {
        snprintf(key, sizeof key, "k%03u", i);
        assert_ok(rig_put(store, key, key));
    }
}

static void sweep(void)
{
    struct mgw_sweep_result swept = {.size = sizeof swept};
    assert_ok(store_sweep(rig.mirror, rig.call, clock_wall_ms() - 3600000, &swept));
}

static bool has_all(void *ctx)
{
    static char mirror[8192];
    struct store *side = ctx;
    snprintf(mirror, sizeof mirror, "%s", rig_list(rig.mirror, 100));
    size_t all = strlen(mirror);
    return strlen(rig_list(side, 100)) == all;
}

static void assert_mended(void)
{
    assert_true(wait_for(has_all, rig.side[FIRST], 60000));
    assert_true(wait_for(has_all, rig.side[SECOND], 60000));
}

/* The mender works in the order of asking: once it has mended another blob, it is through with what
 * was asked for before. */
static void mender_is_through(void)
{
    static unsigned count;
    char key[32];
    snprintf(key, sizeof key, "probe%u", count++);
    assert_ok(rig_put(rig.side[SECOND], key, "probe"));
    assert_text(rig.mirror, key, "probe");
    assert_soon(rig.side[FIRST], key, "probe");
}

static void what_is_read_from_the_second_store_comes_into_the_first(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.mirror, "k", "text"));
    assert_ok(rig_remove(rig.side[FIRST], "k"));
    assert_text(rig.mirror, "k", "text");
    assert_soon(rig.side[FIRST], "k", "text");
}

static void a_sweep_mends_whatever_either_store_lacks(void **state)
{
    (void)state;
    rig_open("");
    put_many(rig.mirror, 0, 30);
    for (unsigned i = 0; i < 30; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%03u", i);
        if (i % 3) {
            assert_ok(rig_remove(rig.side[i % 3 - 1], key));
        }
    }
    sweep();
    assert_mended();
    for (unsigned i = 0; i < 30; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%03u", i);
        assert_text(rig.side[FIRST], key, key);
        assert_text(rig.side[SECOND], key, key);
    }
}

static bool is_noted(void *ctx)
{
    struct mgw_blob blob = {sizeof blob, "mediagw-mirror", "bucket/" BUCKET};
    struct mgw_stat stat = {.size = sizeof stat};
    return store_stat(ctx, rig.call, &blob, &stat) == MGW_OK;
}

static void an_emptied_store_is_filled_again(void **state)
{
    (void)state;
    char id[260];
    rig_open("");
    put_many(rig.mirror, 0, 40);
    snprintf(id, sizeof id, "%s", store_limits(rig.mirror)->store_id);
    for (int side = FIRST; side <= SECOND; side++) {
        assert_true(wait_for(is_noted, rig.side[!side], 60000));
        rig_close();
        rig_empty(side);
        assert_status(rig_try_open("", 0), MGW_NOT_FOUND);
        rig_open("");
        assert_string_equal(store_limits(rig.mirror)->store_id, id);
        assert_string_equal(rig_list(rig.side[side], 10), "");
        sweep(); /* nobody has named the bucket since */
        assert_true(wait_for(has_all, rig.side[side], 60000));
        assert_text(rig.side[side], "k039", "k039");
    }
}

static void both_copies_show_one_etag_and_one_time(void **state)
{
    (void)state;
    struct mgw_blob blob = rig_blob("k"), old = rig_blob("old");
    struct mgw_stat stats[4], before = {.size = sizeof before};
    rig_open("");
    assert_ok(rig_put(rig.mirror, "k", "text"));
    assert_ok(rig_put(rig.side[FIRST], "old", "older than the mirror"));
    assert_ok(store_stat(rig.mirror, rig.call, &old, &before));
    assert_ok(rig_remove(rig.side[FIRST], "k"));
    sweep();
    assert_mended();
    for (int i = 0; i < 4; i++) {
        stats[i] = (struct mgw_stat){.size = sizeof stats[i]};
        rig_switch(i % 2, "all 12\n");
        assert_ok(store_stat(rig.mirror, rig.call, i < 2 ? &blob : &old, &stats[i]));
        assert_string_equal(stats[i].content_type, "video/webm");
        assert_string_equal(stats[i].metadata[0], "id");
        assert_string_equal(stats[i].metadata[1], "7");
        assert_null(stats[i].metadata[2]);
        rig_switch(i % 2, NULL);
    }
    assert_string_equal(stats[0].etag, stats[1].etag);
    assert_int_equal(stats[0].modified_ms, stats[1].modified_ms);
    assert_string_equal(stats[2].etag, stats[3].etag);
    assert_int_equal(stats[2].modified_ms, stats[3].modified_ms);
    assert_string_equal(stats[2].etag, before.etag);
}

static void what_one_store_missed_while_it_was_down_comes_by_itself(void **state)
{
    (void)state;
    rig_open(", \"require\": \"one\"");
    rig_switch(SECOND, "all 12\n");
    put_many(rig.mirror, 0, 20);
    rig_switch(SECOND, NULL);
    assert_mended();
}

/* ---- Nothing comes back ---- */

static void what_is_removed_while_it_is_mended_stays_removed(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.side[SECOND], "k", "text"));
    rig_hold(FIRST, "put_prepare");
    assert_text(rig.mirror, "k", "text");
    rig_held(FIRST, "put_prepare");
    assert_ok(rig_remove(rig.mirror, "k"));
    rig_switch(FIRST, NULL);
    mender_is_through();
    assert_absent(rig.side[FIRST], "k");
    assert_absent(rig.side[SECOND], "k");
}

static void what_another_process_removes_in_the_midst_of_the_commit_stays_removed(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.side[SECOND], "k", "text"));
    rig_hold(FIRST, "put_commit");
    assert_text(rig.mirror, "k", "text");
    rig_held(FIRST, "put_commit");
    assert_ok(rig_remove(rig.side[FIRST], "k"));
    assert_ok(rig_remove(rig.side[SECOND], "k"));
    rig_switch(FIRST, NULL);
    mender_is_through();
    assert_absent(rig.side[FIRST], "k");
}

static void what_is_put_anew_while_it_is_mended_is_what_both_have(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.side[SECOND], "k", "old"));
    rig_hold(FIRST, "put_prepare");
    assert_text(rig.mirror, "k", "old");
    rig_held(FIRST, "put_prepare");
    rig_switch(FIRST, NULL); /* the mender goes on while this one puts */
    assert_ok(rig_remove(rig.mirror, "k"));
    assert_ok(rig_put(rig.mirror, "k", "new"));
    mender_is_through();
    assert_text(rig.side[FIRST], "k", "new");
    assert_text(rig.side[SECOND], "k", "new");
}

static void an_older_copy_is_replaced_by_the_newer(void **state)
{
    (void)state;
    rig_open("");
    assert_ok(rig_put(rig.side[FIRST], "k", "old"));
    assert_text(rig.side[FIRST], "k", "old");
    wait_ms(20); /* another millisecond */
    assert_ok(rig_put(rig.side[SECOND], "k", "newer"));
    assert_ok(rig_put(rig.mirror, "other", "x"));
    sweep();
    assert_soon(rig.side[FIRST], "k", "newer");
}

/* ---- Lists ---- */

static void a_list_shows_what_either_store_has_once(void **state)
{
    (void)state;
    static char whole[8192];
    rig_open("");
    put_many(rig.side[FIRST], 0, 15);
    put_many(rig.mirror, 15, 30);
    put_many(rig.side[SECOND], 30, 45);
    snprintf(whole, sizeof whole, "%s", rig_list(rig.mirror, 1000));
    assert_int_equal(strlen(whole), 45 * strlen("k000 "));
    for (unsigned i = 0; i < 45; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%03u ", i);
        char *at = strstr(whole, key);
        assert_non_null(at);
        assert_null(strstr(at + 1, key));
    }
    for (uint32_t limit = 1; limit < 50; limit += 6) {
        assert_string_equal(rig_list(rig.mirror, limit), whole);
    }
}

struct collected {
    char text[8192], cursor[2049];
    uint32_t count;
};

static bool collect(void *ctx, const struct mgw_list_entry *entry)
{
    struct collected *to = ctx;
    size_t used = strlen(to->text);
    snprintf(to->text + used, sizeof to->text - used, "%s ", entry->key);
    snprintf(to->cursor, sizeof to->cursor, "%s", entry->cursor);
    to->count++;
    return true;
}

static void a_walk_finds_each_blob_once_though_all_are_mended_meanwhile(void **state)
{
    (void)state;
    static struct collected got;
    rig_open("");
    put_many(rig.side[FIRST], 0, 20);
    put_many(rig.side[SECOND], 20, 60);
    memset(&got, 0, sizeof got);
    assert_ok(store_list(rig.mirror, rig.call, BUCKET, "", "", 7, collect, &got));
    sweep();
    for (unsigned i = 0; i < 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%03u", i);
        assert_soon(rig.side[FIRST], key, key);
        assert_soon(rig.side[SECOND], key, key);
    }
    do {
        char cursor[2049];
        memcpy(cursor, got.cursor, sizeof cursor);
        got.count = 0;
        assert_ok(store_list(rig.mirror, rig.call, BUCKET, "", cursor, 7, collect, &got));
    } while (got.count == 7);
    for (unsigned i = 0; i < 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%03u ", i);
        char *at = strstr(got.text, key);
        assert_non_null(at);
        assert_null(strstr(at + 1, key));
    }
}

static void the_notes_are_nobodys_blobs(void **state)
{
    (void)state;
    struct mgw_blob pair = {sizeof pair, "mediagw-mirror", "pair"};
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    struct collected none = {0};
    rig_open("");
    assert_status(store_put_begin(rig.mirror, rig.call, &pair, &put, &writer), MGW_INVALID);
    assert_status(store_stat(rig.mirror, rig.call, &pair, &stat), MGW_NOT_FOUND);
    assert_status(store_remove(rig.mirror, rig.call, &pair), MGW_INVALID);
    assert_ok(store_list(rig.mirror, rig.call, pair.bucket, "", "", 10, collect, &none));
    assert_int_equal(none.count, 0);
}

#define MEND(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEND(what_is_read_from_the_second_store_comes_into_the_first),
        MEND(a_sweep_mends_whatever_either_store_lacks),
        MEND(an_emptied_store_is_filled_again),
        MEND(both_copies_show_one_etag_and_one_time),
        MEND(what_one_store_missed_while_it_was_down_comes_by_itself),
        MEND(what_is_removed_while_it_is_mended_stays_removed),
        MEND(what_another_process_removes_in_the_midst_of_the_commit_stays_removed),
        MEND(what_is_put_anew_while_it_is_mended_is_what_both_have),
        MEND(an_older_copy_is_replaced_by_the_newer),
        MEND(a_list_shows_what_either_store_has_once),
        MEND(a_walk_finds_each_blob_once_though_all_are_mended_meanwhile),
        MEND(the_notes_are_nobodys_blobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
