/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypt over a store that fails, loses answers and counts its calls: what may be repeated can be,
 * nothing is left behind, and no more is read than is needed. */
#include "tests/support/check.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "core/plugin/registry_inside.h"
#include "core/plugin/store.h"
#include "drivers/filters/encrypt/format.h"
#include "tests/plugins/memstore/memstore.h"

#include <mediagw/media.h>

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 3 * FORMAT_SEGMENT + 10 };

static struct memstore *memory;
static struct store *below, *sealed;
static unsigned char plain[LENGTH];
static const struct mgw_blob blob = {sizeof blob, "bucket", "key"};

extern mgw_plugin_function mediagw_plugin; /* the filter's, which is linked in */

static int setup(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_config_value value = {.size = sizeof value,
                                     .key = "keys",
                                     .type = MGW_CONFIG_SECRET,
                                     .text = "a:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o="};
    struct mgw_config config = {.size = sizeof config,
                                .instance = "storage",
                                .stride = sizeof value,
                                .count = 1,
                                .values = &value};
    const struct mgw_filter_driver *filter = mediagw_plugin()->table;
    struct mgw_storage storage = {.size = sizeof storage, .driver = filter->storage};
    memory = memstore_new();
    struct mgw_storage lowest = memstore_storage(memory);
    for (size_t i = 0; i < LENGTH; i++) {
        plain[i] = (unsigned char)(i * 2654435761u >> 11);
    }
    if (store_new(call, "memstore", &lowest, MGW_THREADS_PARALLEL, false, &below) != MGW_OK) {
        return -1;
    }
    struct mgw_storage face = store_as_storage(below);
    return filter->create(call, &config, &host_table, &face, &storage.instance) == MGW_OK &&
                   store_new(call, "encrypt", &storage, MGW_THREADS_PARALLEL, true, &sealed) ==
                       MGW_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    store_free(sealed);
    store_free(below);
    memstore_free(memory);
    return 0;
}

static struct store_writer *begin(void)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(sealed, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, plain, LENGTH), MGW_OK);
    return writer;
}

static enum mgw_status commit(struct store_writer *writer, struct mgw_stat *stat)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    *stat = (struct mgw_stat){.size = sizeof *stat};
    return store_put_commit(writer, call, stat);
}

static void put(void)
{
    struct mgw_stat stat;
    assert_int_equal(commit(begin(), &stat), MGW_OK);
}

static void assert_whole(void)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *bytes = malloc(LENGTH);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    size_t got = 0;
    assert_int_equal(store_open(sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(stat.bytes, LENGTH);
    assert_int_equal(store_read(reader, call, 0, bytes, LENGTH, &got), MGW_OK);
    assert_int_equal(got, LENGTH);
    assert_memory_equal(bytes, plain, LENGTH);
    store_close(reader);
}

static void a_commit_whose_answer_was_lost_is_repeated(void **state)
{
    (void)state;
    struct mgw_stat stat;
    struct store_writer *writer = begin();
    memstore_lose_answer(memory, MEMSTORE_PUT_COMMIT, 1, 1, MGW_UNKNOWN_OUTCOME);
    assert_int_equal(commit(writer, &stat), MGW_UNKNOWN_OUTCOME);
    assert_int_equal(commit(writer, &stat), MGW_OK);
    assert_int_equal(stat.bytes, LENGTH);
    assert_whole();
}

static void a_commit_that_did_not_happen_is_repeated(void **state)
{
    (void)state;
    struct mgw_stat stat;
    struct store_writer *writer = begin();
    memstore_fail(memory, MEMSTORE_PUT_COMMIT, 1, 1, MGW_UNAVAILABLE);
    assert_int_equal(commit(writer, &stat), MGW_UNAVAILABLE);
    assert_int_equal(commit(writer, &stat), MGW_OK);
    assert_whole();
}

/* The last segment and the trailer go below at commit: where that fails nothing was published. */
static void a_trailer_that_is_not_taken_fails_the_commit(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    static const enum mgw_status faults[][2] = {{MGW_NO_SPACE, MGW_NO_SPACE},
                                                {MGW_UNKNOWN_OUTCOME, MGW_UNAVAILABLE}};
    for (unsigned nth = 1; nth <= 2; nth++) {
        for (size_t i = 0; i < 2; i++) {
            struct mgw_stat stat = {.size = sizeof stat};
            struct store_writer *writer = begin();
            memstore_fail(memory, MEMSTORE_PUT_WRITE, nth, 1, faults[i][0]);
            assert_int_equal(commit(writer, &stat), faults[i][1]);
            assert_int_equal(commit(writer, &stat), faults[i][1]); /* not half a second time */
            store_put_abort(writer, call);
            assert_int_equal(memstore_blobs(memory), 0);
            assert_int_equal(memstore_writers(memory), 0);
        }
    }
}

static void a_blob_replaced_while_it_is_opened_is_opened_again(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    put();
    memstore_fail(memory, MEMSTORE_READ, 1, 3, MGW_CONFLICT);
    assert_whole();
    assert_int_equal(store_stat(sealed, call, &blob, &stat), MGW_OK);
    char *etag = strdup(stat.etag);
    memstore_fail(memory, MEMSTORE_READ, 1, 1, MGW_CONFLICT);
    assert_int_equal(store_open(sealed, call, &blob, etag, &reader, &stat), MGW_CONFLICT);
    assert_int_equal(memstore_readers(memory), 0);
    free(etag);
}

static void a_read_that_fails_may_be_repeated(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *bytes = malloc(LENGTH);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    size_t got = 0;
    put();
    assert_int_equal(store_open(sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    memstore_fail(memory, MEMSTORE_READ, 2, 1, MGW_UNAVAILABLE);
    assert_int_equal(store_read(reader, call, 0, bytes, LENGTH, &got), MGW_OK);
    assert_int_equal(got, FORMAT_SEGMENT); /* what came before is handed out */
    memstore_fail(memory, MEMSTORE_READ, 1, 1, MGW_UNAVAILABLE);
    assert_int_equal(store_read(reader, call, got, bytes + got, LENGTH - got, &got),
                     MGW_UNAVAILABLE);
    assert_int_equal(got, 0);
    assert_int_equal(store_read(reader, call, FORMAT_SEGMENT, bytes + FORMAT_SEGMENT,
                                LENGTH - FORMAT_SEGMENT, &got),
                     MGW_OK);
    assert_int_equal(got, LENGTH - FORMAT_SEGMENT);
    assert_memory_equal(bytes, plain, LENGTH);
    store_close(reader);
}

static void only_the_segments_of_a_range_are_read(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    unsigned char bytes[200];
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    uint64_t offset = 0, length = 0;
    size_t got = 0;
    put();
    assert_int_equal(store_open(sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    uint64_t before = memstore_calls(memory, MEMSTORE_READ);
    store_advise(reader, call, FORMAT_SEGMENT - 100, 200);
    memstore_last_advice(memory, &offset, &length);
    assert_int_equal(offset, 0);
    assert_int_equal(length, 2 * FORMAT_SEALED);
    assert_int_equal(store_read(reader, call, FORMAT_SEGMENT - 100, bytes, 200, &got), MGW_OK);
    assert_int_equal(got, 200);
    assert_memory_equal(bytes, plain + FORMAT_SEGMENT - 100, 200);
    assert_int_equal(memstore_calls(memory, MEMSTORE_READ) - before, 2);
    /* what goes on in the same segment costs nothing below */
    assert_int_equal(store_read(reader, call, FORMAT_SEGMENT + 100, bytes, 200, &got), MGW_OK);
    assert_int_equal(memstore_calls(memory, MEMSTORE_READ) - before, 2);
    store_close(reader);
}

/* Of what nobody announced: from where it begins to the last segment, not into the trailer. */
static void a_read_without_advice_advises_by_itself(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    unsigned char bytes[10];
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    uint64_t offset = 0, length = 0;
    size_t got = 0;
    put();
    assert_int_equal(store_open(sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_read(reader, call, FORMAT_SEGMENT + 5, bytes, 10, &got), MGW_OK);
    memstore_last_advice(memory, &offset, &length);
    assert_int_equal(offset, FORMAT_SEALED);
    assert_int_equal(offset + length, format_segments_bytes(LENGTH));
    store_close(reader);
}

static void a_blob_of_one_segment_costs_one_read(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_put how = {.size = sizeof how};
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_writer *writer = NULL;
    struct store_reader *reader = NULL;
    unsigned char bytes[1000];
    size_t got = 0;
    assert_int_equal(store_put_begin(sealed, call, &blob, &how, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, plain, sizeof bytes), MGW_OK);
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
    uint64_t before = memstore_calls(memory, MEMSTORE_READ);
    assert_int_equal(store_open(sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_read(reader, call, 0, bytes, sizeof bytes, &got), MGW_OK);
    assert_memory_equal(bytes, plain, sizeof bytes);
    assert_int_equal(memstore_calls(memory, MEMSTORE_READ) - before, 1);
    store_close(reader);
}

/* ---- Uploads ---- */

static enum mgw_status read_plain(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    (void)ctx;
    memcpy(buffer, plain + offset, length);
    return MGW_OK;
}

/* One part of exactly two segments, so that the trailer is a part of its own. */
static void an_upload_completes_whatever_answer_is_lost(void **state)
{
    (void)state;
    static const enum memstore_verb verbs[] = {MEMSTORE_UPLOAD_PART, MEMSTORE_UPLOAD_COMPLETE};
    for (size_t i = 0; i < 2; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        unsigned char room[MGW_UPLOAD_STATE_MAX], receipt_room[MGW_UPLOAD_RECEIPT_MAX];
        struct mgw_put how = {.size = sizeof how};
        struct mgw_stat stat = {.size = sizeof stat};
        struct mgw_opaque upload = {.size = sizeof upload, .bytes = room, .capacity = sizeof room};
        struct mgw_opaque receipt = {
            .size = sizeof receipt, .bytes = receipt_room, .capacity = sizeof receipt_room};
        uint64_t length = 2 * FORMAT_SEGMENT;
        struct mgw_part part = {.size = sizeof part, .number = 1, .length = length};
        struct mgw_source source = {.size = sizeof source, .length = length, .read = read_plain};
        assert_int_equal(store_upload_create(sealed, call, &blob, &how, &upload), MGW_OK);
        assert_int_equal(store_upload_part(sealed, call, &upload, &part, &source, 1, &receipt),
                         MGW_OK);
        part.receipt = receipt.bytes;
        part.receipt_length = (uint32_t)receipt.length;
        memstore_lose_answer(memory, verbs[i], 1, 1, MGW_UNKNOWN_OUTCOME);
        assert_int_equal(
            store_upload_complete(sealed, call, &upload, &part, 1, sizeof part, 1, &stat),
            MGW_UNKNOWN_OUTCOME);
        assert_int_equal(
            store_upload_complete(sealed, call, &upload, &part, 1, sizeof part, 1, &stat), MGW_OK);
        assert_int_equal(stat.bytes, length);
        assert_int_equal(memstore_uploads(memory), 0);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_whose_answer_was_lost_is_repeated),
        TEST(a_commit_that_did_not_happen_is_repeated),
        TEST(a_trailer_that_is_not_taken_fails_the_commit),
        TEST(a_blob_replaced_while_it_is_opened_is_opened_again),
        TEST(a_read_that_fails_may_be_repeated),
        TEST(only_the_segments_of_a_range_are_read),
        TEST(a_read_without_advice_advises_by_itself),
        TEST(a_blob_of_one_segment_costs_one_read),
        TEST(an_upload_completes_whatever_answer_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
