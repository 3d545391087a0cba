/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver that lies about descriptors, uploads, presigned requests and sweeps: MGW_CORRUPT, and
 * nothing of it gets through. */
#include "tests/plugin/lies.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static void wild_sweeps_are_corrupt(void **state)
{
    struct mgw_sweep_result swept = {.size = sizeof swept};
    (void)state;
    fake.sweep = (struct mgw_sweep_result){.removed = UINT64_MAX};
    assert_corrupt(store_sweep(store, call, 0, &swept), "sweep()");
    fake.sweep = (struct mgw_sweep_result){.removed = 1, .removed_bytes = UINT64_MAX};
    assert_corrupt(store_sweep(store, call, 0, &swept), "sweep()");
    assert_int_equal(swept.removed, 0);
}

static int failing_descriptor(int fd, uint64_t offset)
{
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -7};
    fake.fd = fd;
    fake.fd_offset = offset;
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    enum mgw_status status = store_descriptor(reader, call, &file);
    store_close(reader);
    assert_int_equal(status, MGW_CORRUPT);
    return file.fd;
}

static void descriptors_that_are_no_plain_file_are_corrupt(void **state)
{
    char path[] = "/tmp/mediagw-test-XXXXXX";
    int pipes[2], file = mkstemp(path);
    (void)state;
    assert_true(file >= 0 && write(file, "ab", 2) == 2);
    assert_int_equal(failing_descriptor(-1, 0), -7);
    assert_corrupt(MGW_CORRUPT, "is not open");
    failing_descriptor(100000, 0);
    assert_corrupt(MGW_CORRUPT, "is not open");
    failing_descriptor(INT_MIN, 0);
    assert_corrupt(MGW_CORRUPT, "is not open");
    for (int fd = 0; fd <= 2; fd++) {
        failing_descriptor(fd, 0);
        assert_corrupt(MGW_CORRUPT, "is one of the process's own");
        assert_true(fcntl(fd, F_GETFD) >= 0);
    }
    failing_descriptor(open("/tmp", O_RDONLY | O_DIRECTORY), 0);
    assert_corrupt(MGW_CORRUPT, "is no regular file");
    failing_descriptor(open(path, O_PATH), 0);
    assert_corrupt(MGW_CORRUPT, "is not read-only");
    failing_descriptor(open(path, O_RDWR), 0);
    assert_corrupt(MGW_CORRUPT, "is not read-only");
    assert_int_equal(pipe(pipes), 0);
    failing_descriptor(pipes[0], 0);
    assert_corrupt(MGW_CORRUPT, "is no regular file");
    assert_int_equal(fcntl(pipes[0], F_GETFD), -1); /* it was the host's, which closed it */
    close(pipes[1]);
    failing_descriptor(file, 0);
    assert_corrupt(MGW_CORRUPT, "is not read-only");
    failing_descriptor(open(path, O_RDONLY), 0);
    assert_corrupt(MGW_CORRUPT, "is shorter than the blob");
    failing_descriptor(open(path, O_RDONLY), UINT64_MAX - 1);
    assert_corrupt(MGW_CORRUPT, "is shorter than the blob");
    unlink(path);
}

static void a_good_descriptor_gets_close_on_exec(void **state)
{
    char path[] = "/tmp/mediagw-test-XXXXXX";
    int made = mkstemp(path);
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    (void)state;
    assert_true(made >= 0 && write(made, "abcd", 4) == 4);
    close(made);
    fake.fd = open(path, O_RDONLY);
    fake.fd_offset = 1;
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_descriptor(reader, call, &file), MGW_OK);
    assert_int_equal(file.offset, 1);
    assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
    close(file.fd);
    store_close(reader);
    unlink(path);
}

static void opaque_bytes_beyond_their_room_are_corrupt(void **state)
{
    char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_put put = {.size = sizeof put};
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .capacity = sizeof bytes};
    (void)state;
    fake.opaque_length = sizeof bytes;
    assert_int_equal(store_upload_create(store, call, &blob, &put, &upload), MGW_OK);
    fake.opaque_length = sizeof bytes + 1;
    assert_corrupt(store_upload_create(store, call, &blob, &put, &upload), "longer than its room");
    assert_int_equal(upload.length, sizeof bytes);
    struct mgw_part part = {.size = sizeof part, .number = 1, .length = 1};
    struct mgw_source source = {.size = sizeof source, .length = 1};
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = bytes, .capacity = 256};
    fake.opaque_length = SIZE_MAX;
    assert_corrupt(store_upload_part(store, call, &upload, &part, &source, 1, &receipt),
                   "longer than its room");
    assert_int_equal(receipt.length, 0);
}

static void plans_that_no_parts_fit_are_corrupt(void **state)
{
    struct mgw_put put = {.size = sizeof put};
    struct mgw_upload_plan plan = {.size = sizeof plan};
    static const struct mgw_upload_plan lies[] = {
        {.part_max = 0, .part_align = 1, .max_parts = 1},
        {.part_min = 2, .part_max = 1, .part_align = 1, .max_parts = 1},
        {.part_max = 1, .part_align = 0, .max_parts = 1},
        {.part_max = 1, .part_align = 2, .max_parts = 1},
        {.part_max = 1, .part_align = 1, .max_parts = 0},
        {.part_max = UINT64_MAX, .part_align = 1, .max_parts = 1},
        {.part_max = 1, .part_align = 1, .max_parts = 1, .uniform = 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        fake.plan = lies[i];
        assert_corrupt(store_plan(store, call, &put, &plan), "plan()");
    }
}

static void presigned_urls_that_are_none_are_corrupt(void **state)
{
    static const char *const split[] = {"X-A", "b\r\nSet-Cookie: c", NULL};
    static const char *const bad_name[] = {"X A", "b", NULL};
    static const char *const split_name[] = {"X-A: b\r\nX-B", "b", NULL};
    static const char *const no_value[] = {"X-A", NULL};
    static const char *const no_name[] = {"", "b", NULL};
    static const struct mgw_presigned lies[] = {
        {.method = "DELETE", .url = "https://x/y", .expires_at_ms = 1},
        {.method = NULL, .url = "https://x/y", .expires_at_ms = 1},
        {.method = "GET", .url = NULL, .expires_at_ms = 1},
        {.method = "GET", .url = "javascript:x", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/ y", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .expires_at_ms = 0},
        {.method = "GET", .url = "https://x/y", .headers = split, .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .headers = bad_name, .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .headers = split_name, .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .headers = no_value, .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .headers = no_name, .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y\r\nSet-Cookie: c", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/\xc3\xa4", .expires_at_ms = 1},
        {.method = "GET\r\n", .url = "https://x/y", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .expires_at_ms = INT64_MAX},
        {.method = "GET", .url = "https://x/y", .expires_at_ms = -1},
    };
    struct mgw_presign how = {.size = sizeof how, .op = MGW_PRESIGN_GET, .ttl_sec = 10};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    (void)state;
    assert_int_equal(store_presign(store, call, &blob, &how, &presigned), MGW_OK);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        fake.presigned = lies[i];
        assert_corrupt(store_presign(store, call, &blob, &how, &presigned), "presign()");
    }
    how.ttl_sec = 101;
    assert_int_equal(store_presign(store, call, &blob, &how, &presigned), MGW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(wild_sweeps_are_corrupt),
        T(descriptors_that_are_no_plain_file_are_corrupt),
        T(a_good_descriptor_gets_close_on_exec),
        T(opaque_bytes_beyond_their_room_are_corrupt),
        T(plans_that_no_parts_fit_are_corrupt),
        T(presigned_urls_that_are_none_are_corrupt),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
