/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies inside the store. */
#include "core/kit/storage/kit.h"

static void copy_ok(struct mgw_call *call, const char *from, const char *to, struct mgw_stat *stat)
{
    struct mgw_blob source = blob_of(kit_bucket(), from), target = blob_of(kit_bucket(), to);
    assert_non_null(driver->copy);
    assert_status(call, driver->copy(call, instance, &source, &target, stat), MGW_OK);
}

static void copy_takes_bytes_and_properties_along(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", "name", "Grüße 🎥", NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "a/b", .metadata = map};
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    struct mgw_blob to = blob_of(kit_bucket(), "to");
    assert_status(call, try_put(call, kit_bucket(), "from", &put, "hello", 5, &stat), MGW_OK);
    copy_ok(call, "from", "to", &stat);
    assert_text(kit_bucket(), "to", "hello");
    assert_text(kit_bucket(), "from", "hello");
    assert_status(call, driver->stat(call, instance, &to, &seen), MGW_OK);
    assert_string_equal(seen.content_type, "a/b");
    assert_string_equal(map_get(seen.metadata, "id"), "1");
    assert_string_equal(map_get(seen.metadata, "name"), "Grüße 🎥");
    assert_int_equal(stat.bytes, 5);
    assert_string_equal(stat.etag, seen.etag);
    assert_int_equal(stat.modified_ms, seen.modified_ms);
}

static void a_copy_of_what_is_absent_changes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob none = blob_of(kit_bucket(), "none"), to = blob_of(kit_bucket(), "to");
    put_text(kit_bucket(), "to", "old");
    assert_status(call, driver->copy(call, instance, &none, &to, &stat), MGW_NOT_FOUND);
    assert_text(kit_bucket(), "to", "old");
}

static void a_copy_replaces_and_is_of_its_own(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob from = blob_of(kit_bucket(), "from");
    put_text(kit_bucket(), "from", "new");
    put_text(kit_bucket(), "to", "the older one");
    copy_ok(call, "from", "to", &stat);
    assert_text(kit_bucket(), "to", "new");
    assert_status(call, driver->remove(call, instance, &from), MGW_OK);
    assert_text(kit_bucket(), "to", "new");
}

static void a_copy_repeated_answers_the_same_bytes(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    put_text(kit_bucket(), "from", "x");
    copy_ok(call, "from", "to", &stat);
    copy_ok(call, "from", "to", &stat);
    assert_int_equal(stat.bytes, 1);
    assert_text(kit_bucket(), "to", "x");
}

static void a_blob_of_zero_bytes_is_copied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    put_text(kit_bucket(), "from", "");
    copy_ok(call, "from", "to", &stat);
    assert_int_equal(stat.bytes, 0);
    assert_text(kit_bucket(), "to", "");
}

static void a_copy_goes_to_another_bucket(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char other[64];
    snprintf(other, sizeof other, "%s-b", kit_bucket());
    struct mgw_blob from = blob_of(kit_bucket(), "k"), to = blob_of(other, "k");
    put_text(kit_bucket(), "k", "hello");
    put_text(other, "there", "x"); /* a bucket comes to be with its first blob */
    assert_status(call, driver->copy(call, instance, &from, &to, &stat), MGW_OK);
    assert_text(other, "k", "hello");
}

/* Beyond one part of a multipart store, and of an odd length. */
static void a_larger_blob_is_copied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    size_t length = (24u << 20) + 13;
    AUTO_FREE char *bytes = malloc(length);
    assert_non_null(bytes);
    fill(bytes, length, 24);
    put_bytes(kit_bucket(), "from", bytes, length);
    copy_ok(call, "from", "to", &stat);
    assert_blob(kit_bucket(), "to", bytes, length);
}

static void odd_keys_are_copied(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char *const keys[] = {"a b+c", "ü/日本語", "100%", "a?b#c", "a&b=c;d", "'q' (1)!*",
                                       "%2F",   "a:b,c",    "~",    "\"q\"", "a\tb",    "a/"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct mgw_stat stat = {.size = sizeof stat};
        char to[64];
        snprintf(to, sizeof to, "copy of %s", keys[i]);
        put_text(kit_bucket(), keys[i], keys[i]);
        copy_ok(call, keys[i], to, &stat);
        assert_text(kit_bucket(), to, keys[i]);
    }
}

const struct kit_case copy_cases[] = {
    CASE(copy_takes_bytes_and_properties_along, "copy", MGW_STORAGE_COPY),
    CASE(a_copy_of_what_is_absent_changes_nothing, "copy: as atomic as put", MGW_STORAGE_COPY),
    CASE(a_copy_replaces_and_is_of_its_own, "copy: as atomic as put", MGW_STORAGE_COPY),
    CASE(a_copy_repeated_answers_the_same_bytes, "rules: may be repeated", MGW_STORAGE_COPY),
    CASE(a_blob_of_zero_bytes_is_copied, "copy", MGW_STORAGE_COPY),
    CASE(a_copy_goes_to_another_bucket, "copy: from, to", MGW_STORAGE_COPY),
    CASE(a_larger_blob_is_copied, "copy", MGW_STORAGE_COPY),
    CASE(odd_keys_are_copied, "no meaning attached to any other byte", MGW_STORAGE_COPY),
    {0},
};
