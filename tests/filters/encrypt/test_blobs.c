/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypt from above: plain bytes and plain sizes, whole and by ranges; from below: none of them.
 */
#include "lab.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#define FILTER "{\"filter\": \"encrypt\", \"keys\": \"a:" KEY_A "\"}"

static const size_t sizes[] = {
    0, 1, 16, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 2 * SEGMENT + 1, 5 * SEGMENT, 999983};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void blobs_of_any_size_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        AUTO_FREE unsigned char *bytes = lab_bytes(sizes[i], i);
        lab_put(lab.sealed, "k", bytes, sizes[i]);
        lab_assert_blob(lab.sealed, "k", bytes, sizes[i]);
    }
}

struct entry {
    char key[64];
    uint64_t bytes;
    size_t count;
};

static bool find(void *ctx, const struct mgw_list_entry *entry)
{
    struct entry *wanted = ctx;
    if (strcmp(entry->key, wanted->key) == 0) {
        wanted->bytes = entry->bytes;
        wanted->count++;
    }
    return true;
}

static void stat_and_list_tell_plain_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        AUTO_FREE unsigned char *bytes = lab_bytes(sizes[i], i);
        struct mgw_stat stat = {.size = sizeof stat}, below = {.size = sizeof below};
        struct entry entry = {.key = "k"};
        struct mgw_blob blob = lab_blob("k");
        lab_put(lab.sealed, "k", bytes, sizes[i]);
        assert_int_equal(store_stat(lab.sealed, call, &blob, &stat), MGW_OK);
        assert_int_equal(stat.bytes, sizes[i]);
        assert_string_equal(stat.content_type, "video/webm");
        assert_int_equal(store_list(lab.sealed, call, "bucket", "", "", 10, find, &entry), MGW_OK);
        assert_int_equal(entry.count, 1);
        assert_int_equal(entry.bytes, sizes[i]);
        char *etag = strdup(stat.etag);
        assert_int_equal(store_stat(lab.below, call, &blob, &below), MGW_OK);
        assert_int_equal(below.bytes, format_cipher_bytes(sizes[i]));
        assert_string_equal(below.etag, etag);
        free(etag);
    }
}

static void ranges_are_those_of_the_plain_bytes(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    static const size_t edges[] = {0,           1,      SEGMENT - 1, SEGMENT,         SEGMENT + 1,
                                   2 * SEGMENT, 190000, 3 * SEGMENT, 3 * SEGMENT + 76};
    enum { EDGES = sizeof edges / sizeof edges[0], LENGTH = 3 * SEGMENT + 77 };
    AUTO_FREE unsigned char *bytes = lab_bytes(LENGTH, 7), *into = malloc(LENGTH + 1);
    struct mgw_blob blob = lab_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    lab_put(lab.sealed, "k", bytes, LENGTH);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    for (size_t from = 0; from < EDGES; from++) {
        for (size_t to = from; to < EDGES; to++) {
            size_t length = edges[to] - edges[from] + 1, got = 0;
            if (to % 2 == 0) {
                store_advise(reader, call, edges[from], length);
            }
            memset(into, 0xaa, LENGTH + 1);
            for (size_t at = 0; at < length; at += got) {
                assert_int_equal(
                    store_read(reader, call, edges[from] + at, into + at, length - at, &got),
                    MGW_OK);
                assert_true(got > 0);
            }
            assert_memory_equal(into, bytes + edges[from], length);
            assert_int_equal(into[length], 0xaa);
        }
    }
    size_t got = 1;
    assert_int_equal(store_read(reader, call, LENGTH, into, 10, &got), MGW_OK);
    assert_int_equal(got, 0);
    assert_int_equal(store_read(reader, call, LENGTH + 1, into, 10, &got), MGW_RANGE);
    store_close(reader);
}

static void small_reads_in_order_give_the_whole(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    enum { LENGTH = 2 * SEGMENT + 9000, STEP = 4093 };
    AUTO_FREE unsigned char *bytes = lab_bytes(LENGTH, 8), *into = malloc(LENGTH);
    struct mgw_blob blob = lab_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    lab_put(lab.sealed, "k", bytes, LENGTH);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    for (size_t at = 0, got = 0; at < LENGTH; at += got) {
        size_t step = LENGTH - at < STEP ? LENGTH - at : STEP;
        assert_int_equal(store_read(reader, call, at, into + at, step, &got), MGW_OK);
        assert_true(got > 0);
    }
    assert_memory_equal(into, bytes, LENGTH);
    store_close(reader);
}

static const char marker[] = "a recording that nobody else may hear";
static size_t files_seen;

static int search(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)at;
    if (type != FTW_F) {
        return 0;
    }
    AUTO_FREE char *bytes = malloc((size_t)st->st_size + 1);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(bytes, 1, (size_t)st->st_size, file);
    fclose(file);
    files_seen += length > SEGMENT;
    return memmem(bytes, length, marker, sizeof marker - 1) ? 1 : 0;
}

static void no_plain_byte_lies_on_the_disk(void **state)
{
    (void)state;
    char root[128];
    AUTO_FREE unsigned char *bytes = lab_bytes(3 * SEGMENT, 9);
    for (size_t at = 0; at + sizeof marker < 3 * SEGMENT; at += 1000) {
        memcpy(bytes + at, marker, sizeof marker - 1);
    }
    lab_put(lab.sealed, "k", bytes, 3 * SEGMENT);
    snprintf(root, sizeof root, "%s/blobs", bench.folder);
    assert_int_equal(nftw(root, search, 16, FTW_PHYS), 0);
    assert_int_equal(files_seen, 1);
    lab_put(lab.below, "k2", bytes, 3 * SEGMENT); /* and it would have been found */
    assert_int_equal(nftw(root, search, 16, FTW_PHYS), 1);
}

static void the_same_bytes_never_look_the_same(void **state)
{
    (void)state;
    size_t first = 0, second = 0;
    AUTO_FREE unsigned char *bytes = lab_bytes(1000, 10);
    lab_put(lab.sealed, "k", bytes, 1000);
    AUTO_FREE unsigned char *one = lab_get(lab.below, "k", &first);
    lab_put(lab.sealed, "k", bytes, 1000);
    AUTO_FREE unsigned char *other = lab_get(lab.below, "k", &second);
    assert_int_equal(first, second);
    size_t same = 0;
    for (size_t i = FORMAT_PREFIX; i < 1000 + FORMAT_OVERHEAD; i++) {
        same += one[i] == other[i];
    }
    assert_in_range(same, 0, 30); /* four in 1,024 by chance */
}

static void an_announced_length_is_held_to(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *bytes = lab_bytes(SEGMENT, 11);
    struct mgw_blob blob = lab_blob("k");
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = SEGMENT};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(lab.sealed, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, bytes, SEGMENT - 1), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_INVALID);
    store_put_abort(writer, call);
    assert_int_equal(store_put_begin(lab.sealed, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, bytes, SEGMENT), MGW_OK);
    assert_int_equal(store_put_write(writer, call, bytes, 1), MGW_INVALID);
    store_put_abort(writer, call);
    put.flags = 0; /* now it is the most that there may be */
    assert_int_equal(store_put_begin(lab.sealed, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, bytes, 1), MGW_OK);
    assert_int_equal(store_put_write(writer, call, bytes, SEGMENT), MGW_TOO_LARGE);
    store_put_abort(writer, call);
    assert_int_equal(store_stat(lab.sealed, call, &blob, &stat), MGW_NOT_FOUND);
}

static void what_is_not_ours_is_corrupt_and_listed(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob("short");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    struct entry entry = {.key = "short"};
    lab_put(lab.below, "short", "plain", 5);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_CORRUPT);
    assert_non_null(strstr(mgw_call_error(call)->text, "not written by encrypt"));
    assert_int_equal(store_stat(lab.sealed, call, &blob, &stat), MGW_CORRUPT);
    assert_int_equal(store_list(lab.sealed, call, "bucket", "", "", 10, find, &entry), MGW_OK);
    assert_int_equal(entry.bytes, 5);
    AUTO_FREE unsigned char *bytes = lab_bytes(5000, 12);
    lab_put(lab.below, "long", bytes, 5000);
    blob.key = "long";
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_CORRUPT);
    assert_non_null(strstr(mgw_call_error(call)->text, "not written by encrypt"));
    assert_int_equal(store_remove(lab.sealed, call, &blob), MGW_OK);
}

static void what_it_does_not_grant_is_not_to_be_had(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob("k"), other = lab_blob("k2");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    struct store_reader *reader = NULL;
    uint64_t hidden = MGW_STORAGE_LOCAL_FD | MGW_STORAGE_COPY | MGW_STORAGE_PRESIGN_GET |
                      MGW_STORAGE_PRESIGN_PUT | MGW_STORAGE_PRESIGN_PART;
    lab_put(lab.sealed, "k", "abc", 3);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_descriptor(reader, call, &file), MGW_UNSUPPORTED);
    store_close(reader);
    assert_int_equal(store_limits(lab.sealed)->capabilities & hidden, 0);
    bench_open("{\"driver\": \"memstore\", \"filters\": [" FILTER "]}");
    struct store *memory = NULL;
    assert_int_equal(
        registry_open_storage(bench.registry, bench.config, MGW_CREATE_INIT, &memory, &bench.error),
        MGW_OK);
    lab_put(memory, "k", "abc", 3);
    assert_int_equal(store_limits(memory)->capabilities & hidden, 0);
    assert_int_equal(store_copy(memory, call, &blob, &other, &stat), MGW_UNSUPPORTED);
    for (uint32_t op = MGW_PRESIGN_GET; op <= MGW_PRESIGN_PART; op++) {
        struct mgw_presign presign = {.size = sizeof presign, .op = op, .ttl_sec = 10};
        assert_int_equal(store_presign(memory, call, &blob, &presign, &presigned), MGW_UNSUPPORTED);
    }
    store_free(memory);
}

static void a_store_is_another_one_with_encrypt(void **state)
{
    (void)state;
    char expected[300];
    snprintf(expected, sizeof expected, "%s+encrypt", store_limits(lab.below)->store_id);
    assert_string_equal(store_limits(lab.sealed)->store_id, expected);
}

static void two_of_them_are_refused(void **state)
{
    (void)state;
    const char *text = lab_refused(FILTER ", {\"filter\": \"passfilter\"}, " FILTER);
    assert_non_null(strstr(text, "below already (passfilter encrypt fs)"));
    assert_non_null(strstr(text, "put all keys into its \"keys\""));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blobs_of_any_size_come_back),
        TEST(stat_and_list_tell_plain_sizes),
        TEST(ranges_are_those_of_the_plain_bytes),
        TEST(small_reads_in_order_give_the_whole),
        TEST(no_plain_byte_lies_on_the_disk),
        TEST(the_same_bytes_never_look_the_same),
        TEST(an_announced_length_is_held_to),
        TEST(what_is_not_ours_is_corrupt_and_listed),
        TEST(what_it_does_not_grant_is_not_to_be_had),
        TEST(a_store_is_another_one_with_encrypt),
        TEST(two_of_them_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
