/* SPDX-License-Identifier: Apache-2.0
 *
 * The checker alone, on tapes that are made by hand: what can go wrong in the order of calls, but
 * cannot be brought about in a process by leaving syncs out. */
#include "tests/durability/order.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOB = 100, SHARD = 200, WAL = 300, SOCKET = 400, BLOB_FD = 9 };

static struct tape_record *written[64];
static size_t count;
static uint64_t tick;

static struct tape_record *add(uint32_t op, uint32_t kind, uint64_t inode, const char *path,
                               const char *data)
{
    size_t path_length = strlen(path), data_length = strlen(data);
    struct tape_record *record = keep(calloc(1, sizeof *record + path_length + data_length + 3));
    char *text = (char *)(record + 1);
    *record = (struct tape_record){.op = op,
                                   .kind = kind,
                                   .inode = inode,
                                   .fd = inode == BLOB ? BLOB_FD : 3,
                                   .path_length = (uint32_t)path_length,
                                   .data_length = (uint32_t)data_length,
                                   .length = data_length,
                                   .result = (int64_t)data_length};
    record->start = ++tick;
    record->end = ++tick;
    memcpy(text, path, path_length);
    memcpy(text + path_length + 2, data, data_length);
    written[count++] = record;
    return record;
}

#define BLOB_PATH "/s/blobs/buckets/b/aa/blob"
#define WAL_PATH "/s/media.db-wal"

static void bytes(void)
{
    add(OP_WRITE, KIND_FILE, BLOB, BLOB_PATH " (deleted)", "0123456789");
}
static void file_sync(void)
{
    add(OP_SYNC, KIND_FILE, BLOB, BLOB_PATH " (deleted)", "");
}
static void row(void)
{
    add(OP_WRITE, KIND_FILE, WAL, WAL_PATH, "…the-id…");
}
static void row_sync(void)
{
    add(OP_SYNC, KIND_FILE, WAL, WAL_PATH, "");
}
static void publish(void)
{
    add(OP_LINK, KIND_FILE, BLOB, BLOB_PATH, "")->folder = SHARD;
}
static void folder_sync(void)
{
    add(OP_SYNC, KIND_FOLDER, SHARD, "/s/blobs/buckets/b/aa", "");
}
static void answer(void)
{
    add(OP_SEND, KIND_STREAM, SOCKET, "socket:[1]", "HTTP/1.1 201 Created");
}
static void overlap(void) /* the last call began before the one before it had ended */
{
    written[count - 1]->start = written[count - 2]->start;
}
static void failed(void)
{
    written[count - 1]->error = EIO;
    written[count - 1]->result = -1;
}

typedef void event(void);

static uint32_t judge(event *const *events)
{
    count = 0;
    tick = 0;
    for (; *events; events++) {
        (*events)();
    }
    struct play play = {(const struct tape_record **)(uintptr_t)written, count};
    struct order order = {&play, "HTTP/1.1 201", "the-id", 10};
    return order_create(&order);
}

#define assert_order(expected, ...)                                                                \
    assert_string_equal(order_names(judge((event *const[]){__VA_ARGS__, NULL})),                   \
                        order_names(expected))

static void the_right_order_is_right(void **state)
{
    (void)state;
    assert_order(0, row, bytes, row_sync, file_sync, publish, folder_sync, row, row_sync, answer);
    assert_order(0, bytes, file_sync, row, row_sync, publish, folder_sync, row, row_sync, answer);
}

static void a_sync_that_comes_too_late_is_none(void **state)
{
    (void)state;
    assert_order(FILE_UNSYNCED, row, row_sync, bytes, publish, file_sync, folder_sync, row,
                 row_sync, answer);
    assert_order(UPLOADING_UNSYNCED, row, bytes, file_sync, publish, row_sync, folder_sync, row,
                 row_sync, answer);
    assert_order(FOLDER_LATE, row, row_sync, bytes, file_sync, publish, row, folder_sync, row_sync,
                 answer);
    assert_order(FOLDER_UNSYNCED, row, row_sync, bytes, file_sync, publish, row, row_sync, answer,
                 folder_sync);
    assert_order(READY_UNSYNCED, row, row_sync, bytes, file_sync, publish, folder_sync, row, answer,
                 row_sync);
}

static void a_sync_that_comes_too_early_is_none(void **state)
{
    (void)state;
    assert_order(FILE_UNSYNCED, row, row_sync, file_sync, bytes, publish, folder_sync, row,
                 row_sync, answer);
    assert_order(FOLDER_UNSYNCED, row, row_sync, bytes, file_sync, folder_sync, publish, row,
                 row_sync, answer);
    assert_order(UPLOADING_UNSYNCED, row_sync, row, bytes, file_sync, publish, folder_sync, row,
                 row_sync, answer);
}

static void a_sync_that_began_before_the_write_had_ended_is_none(void **state)
{
    (void)state;
    assert_order(FILE_UNSYNCED, row, row_sync, bytes, file_sync, overlap, publish, folder_sync, row,
                 row_sync, answer);
    assert_order(READY_UNSYNCED, row, row_sync, bytes, file_sync, publish, folder_sync, row,
                 row_sync, overlap, answer);
    assert_order(READY_UNSYNCED, row, row_sync, bytes, file_sync, publish, folder_sync, row,
                 row_sync, answer, overlap);
}

static void a_sync_that_failed_is_none(void **state)
{
    (void)state;
    assert_order(FILE_UNSYNCED, row, row_sync, bytes, file_sync, failed, publish, folder_sync, row,
                 row_sync, answer);
    assert_order(FOLDER_UNSYNCED, row, row_sync, bytes, file_sync, publish, folder_sync, failed,
                 row, row_sync, answer);
}

static void what_is_missing_is_missed(void **state)
{
    (void)state;
    assert_order(BYTES_MISSING, row, row_sync, file_sync, publish, folder_sync, row, row_sync,
                 answer);
    assert_order(NO_ROW, bytes, file_sync, publish, folder_sync, row, row_sync, answer);
    assert_order(NO_ROW, row, row_sync, bytes, file_sync, publish, folder_sync, answer);
    assert_order(NO_ANSWER, row, row_sync, bytes, file_sync, publish, folder_sync, row, row_sync);
    assert_order(NO_PUBLISH, row, row_sync, bytes, file_sync, row, row_sync, answer);
}

static const struct tape_record *retried(event *const *events)
{
    judge(events);
    struct play play = {(const struct tape_record **)(uintptr_t)written, count};
    return order_retried_sync(&play);
}

static void reopen(void)
{
    add(OP_OPEN, KIND_FILE, BLOB, BLOB_PATH, "");
}

static void a_failed_sync_that_is_tried_again_is_seen(void **state)
{
    (void)state;
    assert_null(retried((event *const[]){bytes, file_sync, publish, NULL}));
    assert_null(retried((event *const[]){bytes, file_sync, failed, publish, NULL}));
    assert_non_null(retried((event *const[]){bytes, file_sync, failed, file_sync, NULL}));
    assert_non_null(retried((event *const[]){bytes, file_sync, failed, bytes, file_sync, NULL}));
    assert_null(retried((event *const[]){bytes, file_sync, failed, reopen, file_sync, NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_right_order_is_right),
        TEST(a_sync_that_comes_too_late_is_none),
        TEST(a_sync_that_comes_too_early_is_none),
        TEST(a_sync_that_began_before_the_write_had_ended_is_none),
        TEST(a_sync_that_failed_is_none),
        TEST(what_is_missing_is_missed),
        TEST(a_failed_sync_that_is_tried_again_is_seen),
    };
    return cmocka_run_group_tests_name("checker", tests, NULL, NULL);
}
