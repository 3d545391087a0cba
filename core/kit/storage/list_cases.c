/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: each blob once, whatever the page size and whatever changes. */
#include "core/kit/storage/kit.h"

#include <stdio.h>

#define BLOBS 57

static void key_of(char key[32], unsigned i)
{
    snprintf(key, 32, "%s/%03u", i % 3 ? "dir" : "Other", i);
}

static void put_many(unsigned count)
{
    char key[32];
    for (unsigned i = 0; i < count; i++) {
        key_of(key, i);
        put_text(kit_bucket(), key, key);
    }
}

static void every_page_size_lists_each_blob_once_in_one_order(void **state)
{
    (void)state;
    put_many(BLOBS);
    AUTO_KEYS struct keys first;
    list_all(kit_bucket(), "", 1000, &first);
    assert_int_equal(first.count, BLOBS);
    for (uint32_t limit = 1; limit <= BLOBS + 1; limit++) {
        AUTO_KEYS struct keys keys;
        list_all(kit_bucket(), "", limit, &keys);
        assert_int_equal(keys.count, BLOBS);
        for (size_t i = 0; i < keys.count; i++) {
            assert_string_equal(keys.keys[i], first.keys[i]);
        }
    }
    for (unsigned i = 0; i < BLOBS; i++) {
        char key[32];
        key_of(key, i);
        assert_int_equal(keys_count(&first, key), 1);
    }
}

static void an_ordered_list_goes_by_the_bytes_of_the_key(void **state)
{
    (void)state;
    put_many(BLOBS);
    put_text(kit_bucket(), "\xc3\xbc", "x");
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_int_equal(keys.count, BLOBS + 1);
    for (size_t i = 1; i < keys.count; i++) {
        assert_true(strcmp(keys.keys[i - 1], keys.keys[i]) < 0);
    }
}

static void a_prefix_selects(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"",    "a",    "a/", "a/b", "a/b/",  "A",     "%",
                                           "zzz", "a/bc", "a%", "a//", "a/b/c", "a/b/cd"};
    static const char *const keys[] = {"a", "a/b", "a/b/c", "a//x", "A", "%61"};
    for (size_t i = 0; i < 6; i++) {
        if (!kit_refuses(keys[i])) {
            put_text(kit_bucket(), keys[i], "x");
        }
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t length = strlen(prefixes[i]), least = 0, most = 0;
        if (kit_refuses(prefixes[i])) {
            continue;
        }
        for (size_t k = 0; k < 6; k++) {
            bool has = !kit_refuses(keys[k]) && strncmp(keys[k], prefixes[i], length) == 0;
            most += has; /* a longer prefix may bring a hidden one to light */
            least += has && !kit_hides(keys, 6, keys[k]);
        }
        for (uint32_t limit = 1; limit < 8; limit++) {
            AUTO_KEYS struct keys found;
            list_all(kit_bucket(), prefixes[i], limit, &found);
            assert_in_range(found.count, least, most);
            for (size_t k = 0; k < found.count; k++) {
                assert_true(strncmp(found.keys[k], prefixes[i], length) == 0);
            }
        }
    }
}

static void a_long_prefix_selects_among_long_keys(void **state)
{
    (void)state;
    char key[MGW_KEY_MAX + 1], prefix[MGW_KEY_MAX + 1];
    size_t length = kit_key_max() < 903 ? kit_key_max() - 3 : 900;
    kit_long_key(key, length, 'p');
    memcpy(prefix, key, length + 1);
    for (int i = 0; i < 12; i++) {
        snprintf(key + length, sizeof key - length, "/%d", i);
        put_text(kit_bucket(), key, "x");
    }
    key[0] = 'q';
    put_text(kit_bucket(), key, "x");
    for (uint32_t limit = 1; limit < 15; limit += 4) {
        AUTO_KEYS struct keys found;
        list_all(kit_bucket(), prefix, limit, &found);
        assert_int_equal(found.count, 12);
    }
}

static void an_unknown_bucket_is_an_empty_list(void **state)
{
    (void)state;
    AUTO_KEYS struct keys keys;
    list_all("never-used-bucket", "", 10, &keys);
    assert_int_equal(keys.count, 0);
}

struct seen {
    struct mgw_list_entry entry;
    char etag[257], cursor[2049];
    uint32_t count, stop_after;
};

static bool look(void *ctx, const struct mgw_list_entry *entry)
{
    struct seen *seen = ctx;
    mgw_take(&seen->entry, entry, sizeof *entry);
    snprintf(seen->etag, sizeof seen->etag, "%s", entry->etag ? entry->etag : "");
    snprintf(seen->cursor, sizeof seen->cursor, "%s", entry->cursor);
    return ++seen->count != seen->stop_after;
}

static void entries_tell_what_stat_tells(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct seen seen = {0};
    put_text(kit_bucket(), "k", "12345");
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_OK);
    assert_status(call, driver->list(call, instance, kit_bucket(), "", "", 10, look, &seen),
                  MGW_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.entry.bytes, stat.bytes);
    assert_int_equal(seen.entry.modified_ms, stat.modified_ms);
    assert_true(!seen.etag[0] || strcmp(seen.etag, stat.etag) == 0);
}

static void emit_may_stop_the_list(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct seen seen = {.stop_after = 3};
    put_many(BLOBS);
    assert_status(call, driver->list(call, instance, kit_bucket(), "", "", 10, look, &seen),
                  MGW_OK);
    assert_int_equal(seen.count, 3);
    /* and it goes on behind the entry that was seen last */
    AUTO_KEYS struct keys all;
    list_all(kit_bucket(), "", 1000, &all);
    struct seen next = {.stop_after = 1};
    assert_status(call, driver->list(call, instance, kit_bucket(), "", seen.cursor, 1, look, &next),
                  MGW_OK);
    assert_int_equal(next.count, 1);
    struct seen fourth = {.stop_after = 4};
    assert_status(call, driver->list(call, instance, kit_bucket(), "", "", 10, look, &fourth),
                  MGW_OK);
    assert_string_equal(next.cursor, fourth.cursor);
}

static void a_cursor_of_somebody_else_is_invalid(void **state)
{
    (void)state;
    static const char *const cursors[] = {
        "!", "not a cursor", "../../etc", "zz",      "\xff\xfe", "0", "0g",
        "%", "a/b",          "..",        "00/../x", " "};
    put_many(3);
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct seen seen = {0};
        assert_status(call,
                      driver->list(call, instance, kit_bucket(), "", cursors[i], 10, look, &seen),
                      MGW_INVALID);
        assert_int_equal(seen.count, 0);
    }
    char huge[4000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct seen seen = {0};
    assert_status(call, driver->list(call, instance, kit_bucket(), "", huge, 10, look, &seen),
                  MGW_INVALID);
}

static void a_walk_is_stable_under_insert_and_remove(void **state)
{
    (void)state;
    put_many(BLOBS);
    AUTO_KEYS struct keys order;
    list_all(kit_bucket(), "", 1000, &order);
    assert_int_equal(order.count, BLOBS);
    for (uint32_t limit = 1; limit <= 9; limit += 4) {
        AUTO_KEYS struct keys found = {0};
        char cursor[2049] = "", key[40];
        unsigned round = 0;
        while (list_step(kit_bucket(), "", cursor, limit, &found) == limit && round < 1000) {
            AUTO_CALL struct mgw_call *call = kit_call_new();
            struct mgw_blob blob = blob_of(kit_bucket(), key);
            snprintf(key, sizeof key, "new/%u-%u", limit, round);
            put_text(kit_bucket(), key, "x");
            if (round++) {
                snprintf(key, sizeof key, "new/%u-%u", limit, round - 2);
                assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
            }
        }
        assert_true(round < 1000);
        for (size_t i = 0; i < order.count; i++) {
            assert_int_equal(keys_count(&found, order.keys[i]), 1);
        }
        for (size_t i = 0; i < found.count; i++) {
            assert_int_equal(keys_count(&found, found.keys[i]), 1);
        }
    }
}

const struct kit_case list_cases[] = {
    READ_CASE(every_page_size_lists_each_blob_once_in_one_order,
              "list: each blob, once, fixed order", 0),
    READ_CASE(an_ordered_list_goes_by_the_bytes_of_the_key, "MGW_STORAGE_ORDERED_LIST",
              MGW_STORAGE_ORDERED_LIST),
    READ_CASE(a_prefix_selects, "list: whose key begins with PREFIX", 0),
    READ_CASE(a_long_prefix_selects_among_long_keys, "list: whose key begins with PREFIX", 0),
    READ_CASE(an_unknown_bucket_is_an_empty_list, "list: an unknown bucket is an empty one", 0),
    READ_CASE(entries_tell_what_stat_tells, "mgw_list_entry", 0),
    READ_CASE(emit_may_stop_the_list, "mgw_list_emit: false to stop; mgw_list_entry.cursor", 0),
    READ_CASE(a_cursor_of_somebody_else_is_invalid, "list: MGW_INVALID", 0),
    CASE(a_walk_is_stable_under_insert_and_remove, "list: exactly once, whatever is added", 0),
    {0},
};
