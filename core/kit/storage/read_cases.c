/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers, ranges, stat, remove, properties, advice. */
#include "core/kit/storage/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void *open_blob(struct mgw_call *call, const char *key, const char *etag,
                       struct mgw_stat *stat)
{
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    void *reader = NULL;
    assert_status(call, driver->open(call, instance, &blob, etag, &reader, stat), MGW_OK);
    assert_non_null(reader);
    return reader;
}

static size_t read_at(struct mgw_call *call, void *reader, uint64_t offset, char *buffer,
                      size_t length)
{
    size_t have = 0, got = 1;
    while (have < length && got) {
        assert_status(call,
                      driver->read(call, reader, offset + have, buffer + have, length - have, &got),
                      MGW_OK);
        assert_true(got <= length - have);
        have += got;
    }
    return have;
}

static void what_is_absent_is_not_found(void **state)
{
    (void)state;
    assert_absent(kit_bucket(), "never");
    assert_absent("no-such-bucket", "never");
    put_text(kit_bucket(), "here", "x");
    assert_absent(kit_bucket(), "never");
    assert_absent(kit_bucket(), "her");
    assert_absent(kit_bucket(), "here/");
}

static void buckets_are_apart(void **state)
{
    (void)state;
    char other[64];
    snprintf(other, sizeof other, "%s-b", kit_bucket());
    put_text(kit_bucket(), "k", "one");
    put_text(other, "k", "two");
    assert_text(kit_bucket(), "k", "one");
    assert_text(other, "k", "two");
}

static void bad_bucket_names_are_invalid(void **state)
{
    (void)state;
    char long_name[65] = "";
    memset(long_name, 'a', 64);
    const char *const names[] = {"", "a", "..", ".a", "-a", "A-b", "a/b", "../x", "a_b", long_name};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat = {.size = sizeof stat};
        assert_status(call, try_put(call, names[i], "k", NULL, "x", 1, &stat), MGW_INVALID);
        assert_true(call->error->text[0] != '\0');
    }
}

static void ranges_give_exactly_their_bytes(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char bytes[100000], seen[100000];
    static const struct {
        uint64_t offset;
        size_t length, expected;
    } ranges[] = {{0, 1, 1},       {0, 100000, 100000}, {1, 99999, 99999},     {99999, 1, 1},
                  {99999, 50, 1},  {50000, 10, 10},     {4095, 2, 2},          {0, 0, 0},
                  {100000, 10, 0}, {65535, 2, 2},       {12345, 54321, 54321}, {99990, 1000, 10}};
    fill(bytes, sizeof bytes, 3);
    put_bytes(kit_bucket(), "k", bytes, sizeof bytes);
    void *reader = open_blob(call, "k", NULL, &stat);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        size_t got = read_at(call, reader, ranges[i].offset, seen, ranges[i].length);
        assert_int_equal(got, ranges[i].expected);
        assert_true(memcmp(seen, bytes + ranges[i].offset, got) == 0);
    }
    driver->close(reader);
}

static void an_offset_beyond_the_end_is_range(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char buffer[4];
    size_t got = 7;
    put_text(kit_bucket(), "k", "hello");
    void *reader = open_blob(call, "k", NULL, &stat);
    assert_status(call, driver->read(call, reader, 5, buffer, 4, &got), MGW_OK);
    assert_int_equal(got, 0);
    assert_status(call, driver->read(call, reader, 6, buffer, 4, &got), MGW_RANGE);
    assert_status(call, driver->read(call, reader, UINT64_MAX, buffer, 4, &got), MGW_RANGE);
    assert_status(call, driver->read(call, reader, 1, buffer, 4, &got), MGW_OK);
    driver->close(reader);
}

static void a_reader_survives_replace_and_remove(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    char seen[16];
    size_t got;
    put_text(kit_bucket(), "k", "first version");
    void *reader = open_blob(call, "k", NULL, &stat);
    put_text(kit_bucket(), "k", "2");
    enum mgw_status status = driver->read(call, reader, 0, seen, 13, &got);
    assert_true(status == MGW_CONFLICT ||
                (status == MGW_OK && memcmp(seen, "first version", got) == 0));
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    status = driver->read(call, reader, 6, seen, 7, &got);
    assert_true(status == MGW_CONFLICT || (status == MGW_OK && memcmp(seen, "version", got) == 0));
    driver->close(reader);
    assert_absent(kit_bucket(), "k");
}

static void open_with_another_etag_is_a_conflict(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat old = {.size = sizeof old}, stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    void *reader = NULL;
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "1", 1, &old), MGW_OK);
    driver->close(open_blob(call, "k", old.etag, &stat));
    put_text(kit_bucket(), "k", "2");
    assert_status(call, driver->open(call, instance, &blob, old.etag, &reader, &stat),
                  MGW_CONFLICT);
    assert_status(call, driver->open(call, instance, &blob, "nonsense", &reader, &stat),
                  MGW_CONFLICT);
}

static void two_readers_do_not_disturb_each_other(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char a[6] = "", b[6] = "";
    put_text(kit_bucket(), "k", "hello");
    void *one = open_blob(call, "k", NULL, &stat), *two = open_blob(call, "k", NULL, &stat);
    read_at(call, one, 0, a, 2);
    read_at(call, two, 0, b, 5);
    read_at(call, one, 2, a + 2, 3);
    driver->close(one);
    driver->close(two);
    assert_string_equal(a, "hello");
    assert_string_equal(b, "hello");
}

static void the_descriptor_is_the_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    char seen[6] = "";
    put_text(kit_bucket(), "k", "hello");
    void *reader = open_blob(call, "k", NULL, &stat);
    assert_non_null(driver->descriptor);
    assert_status(call, driver->descriptor(call, reader, &file), MGW_OK);
    assert_true(file.fd >= 0);
    assert_true(fcntl(file.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fcntl(file.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    driver->close(reader); /* the descriptor is the host's */
    put_text(kit_bucket(), "k", "other");
    assert_int_equal(pread(file.fd, seen, 5, (off_t)file.offset), 5);
    assert_string_equal(seen, "hello");
    close(file.fd);
}

static void remove_is_idempotent(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k"), other = blob_of("no-such-bucket", "k");
    put_text(kit_bucket(), "k", "x");
    put_text(kit_bucket(), "k2", "y");
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    assert_absent(kit_bucket(), "k");
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    assert_status(call, driver->remove(call, instance, &other), MGW_OK);
    assert_text(kit_bucket(), "k2", "y");
    put_text(kit_bucket(), "k", "again");
    assert_text(kit_bucket(), "k", "again");
}

/* ---- properties ---- */

static void check_properties(const struct mgw_put *put)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat committed = {.size = sizeof committed}, seen = {.size = sizeof seen},
                    opened = {.size = sizeof opened};
    assert_status(call, try_put(call, kit_bucket(), "k", put, "x", 1, &committed), MGW_OK);
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    driver->close(open_blob(call, "k", NULL, &opened));
    const struct mgw_stat *const stats[] = {&committed, &seen, &opened};
    for (size_t s = 0; s < 3; s++) {
        size_t count = 0, expected = 0;
        if (put->content_type) {
            assert_non_null(stats[s]->content_type);
            assert_string_equal(stats[s]->content_type, put->content_type);
        } else {
            assert_null(stats[s]->content_type);
        }
        while (stats[s]->metadata && stats[s]->metadata[count]) {
            count++;
        }
        for (; put->metadata && put->metadata[expected]; expected += 2) {
            const char *value = map_get(stats[s]->metadata, put->metadata[expected]);
            assert_non_null(value);
            assert_string_equal(value, put->metadata[expected + 1]);
        }
        assert_int_equal(count, expected);
    }
}

static void properties_come_back_from_stat_and_open(void **state)
{
    (void)state;
    const char *map[] = {"id", "0192-abc", "account", "acme", "mime-type", "video/webm", NULL};
    struct mgw_put put = {
        .size = sizeof put, .content_type = "video/webm;codecs=\"vp9,opus\"", .metadata = map};
    check_properties(&put);
}

static void no_properties_come_back_as_none(void **state)
{
    (void)state;
    struct mgw_put put = {.size = sizeof put};
    check_properties(&put);
}

static void properties_go_with_the_blob_that_is_replaced(void **state)
{
    (void)state;
    const char *first[] = {"v", "1", "only-first", "x", NULL}, *second[] = {"v", "2", NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "a/b", .metadata = first};
    check_properties(&put);
    put.content_type = NULL;
    put.metadata = second;
    check_properties(&put);
    put.metadata = NULL;
    check_properties(&put);
}

static void metadata_values_may_be_any_text(void **state)
{
    (void)state;
    const char *map[] = {
        "utf8",   "Grüße, 世界 🎥",    "empty",    "",  "odd", "a=b;c\"d'e\\f%20:1:",
        "spaces", "  in  between  x", "digits-0", "0", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    check_properties(&put);
}

static void metadata_of_the_largest_size_round_trips(void **state)
{
    (void)state;
    char value[MGW_METADATA_MAX];
    memset(value, 'v', sizeof value);
    value[kit_metadata_max() - 3] = '\0'; /* behind a name of 3 */
    const char *map[] = {"big", value, NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    check_properties(&put);
    /* where the store sets a limit of its own, it counts entries too: 32 at least */
    char names[512][4];
    const char *many[1025] = {NULL};
    unsigned count = kit_metadata_max() < MGW_METADATA_MAX ? 32 : 512;
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "%03u", i % 1000);
        many[2 * i] = names[i];
        many[2 * i + 1] = "x";
    }
    put.metadata = many;
    check_properties(&put);
}

static void too_much_metadata_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char value[MGW_METADATA_MAX + 1];
    memset(value, 'v', sizeof value);
    value[MGW_METADATA_MAX] = '\0';
    const char *map[] = {"big", value, NULL}, *bad[] = {"Bad Name", "x", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_INVALID);
    put.metadata = bad;
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
}

/* ---- advice ---- */

static void advice_changes_no_byte(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    static char bytes[300000], seen[300000];
    static const struct {
        uint64_t told_offset, told_length, offset;
        size_t length;
    } reads[] = {{0, 300000, 0, 300000}, {1000, 5000, 1000, 5000},
                 {0, 10, 0, 100000},     {200000, 10, 7, 3},
                 {299999, 1, 299999, 1}, {0, 300000, 250000, 50000},
                 {5, 0, 5, 10},          {299990, 1000, 299990, 10},
                 {100, 200000, 100, 20}, {0, UINT64_MAX, 60000, 4}};
    fill(bytes, sizeof bytes, 11);
    put_bytes(kit_bucket(), "k", bytes, sizeof bytes);
    for (int apart = 0; apart < 2; apart++) {
        void *reader = open_blob(call, "k", NULL, &stat);
        for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
            driver->advise(call, reader, reads[i].told_offset, reads[i].told_length);
            size_t got = read_at(call, reader, reads[i].offset, seen, reads[i].length);
            assert_int_equal(got, reads[i].length);
            assert_memory_equal(seen, bytes + reads[i].offset, got);
            if (apart) {
                driver->close(reader);
                reader = open_blob(call, "k", NULL, &stat);
            }
        }
        driver->advise(call, reader, 0, sizeof bytes); /* and then nothing is read */
        driver->close(reader);
    }
}

static void advised_bytes_belong_to_the_version_that_was_opened(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    char seen[16];
    size_t got = 0;
    put_text(kit_bucket(), "k", "first version");
    void *reader = open_blob(call, "k", NULL, &stat);
    put_text(kit_bucket(), "k", "other version");
    driver->advise(call, reader, 0, 13);
    enum mgw_status status = driver->read(call, reader, 0, seen, 13, &got);
    assert_true(status == MGW_CONFLICT ||
                (status == MGW_OK && memcmp(seen, "first version", got) == 0));
    driver->close(reader);
}

const struct kit_case read_cases[] = {
    READ_CASE(what_is_absent_is_not_found, "open, stat: MGW_NOT_FOUND", 0),
    READ_CASE(buckets_are_apart, "a blob is the bytes at (bucket, key)", 0),
    CASE(bad_bucket_names_are_invalid, "bucket [a-z0-9][a-z0-9.-]{1,62}", 0),
    READ_CASE(ranges_give_exactly_their_bytes, "read: up to LENGTH bytes from OFFSET", 0),
    READ_CASE(an_offset_beyond_the_end_is_range, "read: MGW_RANGE", 0),
    CASE(a_reader_survives_replace_and_remove, "open: one version, or MGW_CONFLICT", 0),
    CASE(open_with_another_etag_is_a_conflict, "open: IF_ETAG", 0),
    READ_CASE(two_readers_do_not_disturb_each_other, "open, read", 0),
    READ_CASE(the_descriptor_is_the_blob, "mgw_local_file", MGW_STORAGE_LOCAL_FD),
    CASE(remove_is_idempotent, "remove: MGW_OK also where there is none", 0),
    CASE(properties_come_back_from_stat_and_open, "mgw_stat.content_type, metadata", 0),
    CASE(no_properties_come_back_as_none, "mgw_stat: NULL: none", 0),
    CASE(properties_go_with_the_blob_that_is_replaced, "put_commit: in one step", 0),
    CASE(metadata_values_may_be_any_text, "mgw_put.metadata", 0),
    CASE(metadata_of_the_largest_size_round_trips, "MGW_METADATA_MAX", 0),
    CASE(too_much_metadata_is_invalid, "MGW_METADATA_MAX, names [a-z0-9-]+", 0),
    READ_CASE(advice_changes_no_byte, "advise: no others", KIT_ADVISE),
    READ_CASE(advised_bytes_belong_to_the_version_that_was_opened, "advise, open: one version",
              KIT_ADVISE),
    {0},
};
