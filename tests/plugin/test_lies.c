/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver that lies: the gateway answers MGW_CORRUPT, names the plugin, and lives. */
#include "tests/plugin/fake.h"

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/plugin/store_inside.h"

#include <mediagw/media.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};
static struct mgw_call *call;
static struct store *store;

static int setup(void **state)
{
    fake_setup(state);
    call = call_new("", NULL, 0);
    store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_free(store);
    call_free(call);
    return fake.destroys == 1 ? 0 : -1;
}

static void assert_corrupt(enum mgw_status status, const char *what)
{
    assert_int_equal(status, MGW_CORRUPT);
    if (!strstr(mgw_call_error(call)->text, "plugin \"fake\" broke its contract: ") ||
        !strstr(mgw_call_error(call)->text, what)) {
        fail_msg("expected \"%s\" in: %s", what, mgw_call_error(call)->text);
    }
}

static void a_false_stat_is_corrupt(void **state)
{
    static const char *const bad_metadata[] = {"UPPER", "x", NULL};
    static const char *const odd_metadata[] = {"name", NULL};
    static char long_value[2100];
    static const char *const long_metadata[] = {"name", long_value, NULL};
    static char long_etag[300];
    struct mgw_stat stat = {.size = sizeof stat};
    (void)state;
    memset(long_value, 'v', sizeof long_value - 1);
    memset(long_etag, 'e', sizeof long_etag - 1);
    static const struct {
        struct mgw_stat stat;
        const char *what;
    } lies[] = {
        {{.bytes = 3, .etag = NULL}, "etag"},
        {{.bytes = 3, .etag = ""}, "etag"},
        {{.bytes = 3, .etag = "a\"b"}, "etag"},
        {{.bytes = 3, .etag = "a b"}, "etag"},
        {{.bytes = 3, .etag = "\xff"}, "etag"},
        {{.bytes = 3, .etag = long_etag}, "etag"},
        {{.bytes = UINT64_MAX, .etag = "e"}, "a stat of 18446744073709551615 bytes"},
        {{.bytes = 3, .etag = "e", .content_type = "a\r\nb"}, "content type"},
        {{.bytes = 3, .etag = "e", .content_type = "\xc3"}, "content type"},
        {{.bytes = 3, .etag = "e", .metadata = bad_metadata}, "metadata"},
        {{.bytes = 3, .etag = "e", .metadata = odd_metadata}, "metadata"},
        {{.bytes = 3, .etag = "e", .metadata = long_metadata}, "metadata"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        fake.stat = lies[i].stat;
        assert_corrupt(store_stat(store, call, &blob, &stat), lies[i].what);
    }
    assert_null(stat.etag);
}

static void a_reader_of_a_false_stat_is_closed(void **state)
{
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    (void)state;
    fake.stat.etag = "";
    assert_corrupt(store_open(store, call, &blob, NULL, &reader, &stat), "etag");
    assert_null(reader);
    assert_int_equal(fake.closes, 1);
}

static void false_reads_are_corrupt(void **state)
{
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    char buffer[8];
    size_t got = 99;
    (void)state;
    assert_int_equal(store_open(store, call, &blob, NULL, &reader, &stat), MGW_OK);
    fake.got = 9;
    assert_corrupt(store_read(reader, call, 0, buffer, 8, &got), "read() of 8 bytes answered 9");
    assert_int_equal(got, 0);
    fake.got = SIZE_MAX;
    assert_corrupt(store_read(reader, call, 0, buffer, 8, &got), "answered 18446744073709551615");
    fake.got = 4;
    assert_corrupt(store_read(reader, call, 0, buffer, 8, &got), "behind the end");
    fake.got = 0;
    assert_corrupt(store_read(reader, call, 1, buffer, 8, &got), "ended 2 bytes before");
    assert_int_equal(store_read(reader, call, 3, buffer, 8, &got), MGW_OK);
    assert_int_equal(got, 0);
    store_close(reader);
}

static void a_commit_of_another_size_is_corrupt_and_not_aborted(void **state)
{
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    (void)state;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "four", 4), MGW_OK);
    assert_corrupt(store_put_commit(writer, call, &stat), "put_commit() of 4 bytes answered 3");
    store_put_abort(writer, call);
    assert_int_equal(fake.aborts, 0); /* the driver had ended its writer */
}

static void an_abort_keeps_the_reason(void **state)
{
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    (void)state;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    fake.status = MGW_NO_SPACE;
    fake.text = "the disk is full";
    assert_int_equal(store_put_write(writer, call, "x", 1), MGW_NO_SPACE);
    store_put_abort(writer, call);
    assert_int_equal(fake.aborts, 1);
    assert_string_equal(mgw_call_error(call)->text, "the disk is full");
}

static bool swallow(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    ++*(int *)ctx;
    return true;
}

static bool stop_at_once(void *ctx, const struct mgw_list_entry *entry)
{
    swallow(ctx, entry);
    return false;
}

#define ENTRY(key_, cursor_, ...)                                                                  \
    {                                                                                              \
        .size = sizeof(struct mgw_list_entry), .key = (key_), .cursor = (cursor_), __VA_ARGS__     \
    }

static void false_lists_are_corrupt(void **state)
{
    static char long_cursor[2100];
    (void)state;
    memset(long_cursor, 'c', sizeof long_cursor - 1);
    static const struct {
        struct mgw_list_entry entry;
        const char *what;
    } lies[] = {
        {ENTRY(NULL, "c", .bytes = 1), "a key that is not"},
        {ENTRY("", "c", .bytes = 1), "a key that is not"},
        {ENTRY("p\xff", "c", .bytes = 1), "a key that is not"},
        {ENTRY("other", "c", .bytes = 1), "without the prefix"},
        {ENTRY("p", NULL, .bytes = 1), "a cursor that is not"},
        {ENTRY("p", "", .bytes = 1), "a cursor that is not"},
        {ENTRY("p", long_cursor, .bytes = 1), "a cursor that is not"},
        {ENTRY("p", "start", .bytes = 1), "the same cursor again"},
        {ENTRY("p", "c", .bytes = UINT64_MAX), "a wild size"},
        {ENTRY("p", "c", .etag = "a b"), "an etag"},
        {{.size = sizeof(size_t), .key = "p", .cursor = "c"}, "no entry"},
        {{.size = 0, .key = "p", .cursor = "c"}, "no entry"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        int count = 0;
        fake.entries = &lies[i].entry;
        fake.entry_count = 1;
        assert_corrupt(store_list(store, call, "bucket", "p", "start", 10, swallow, &count),
                       lies[i].what);
        assert_int_equal(count, 0);
    }
}

static void a_list_that_never_ends_is_cut_at_its_limit(void **state)
{
    static const struct mgw_list_entry two[] = {ENTRY("a", "1", .bytes = 1),
                                                ENTRY("b", "2", .bytes = 1)};
    int count = 0;
    (void)state;
    fake.entries = two;
    fake.entry_count = 2;
    fake.endless = true;
    assert_corrupt(store_list(store, call, "bucket", "", "", 5, swallow, &count),
                   "emitted more than the limit");
    assert_int_equal(count, 5);
    count = 0;
    assert_corrupt(store_list(store, call, "bucket", "", "", 5, stop_at_once, &count),
                   "went on after it was told to stop");
    assert_int_equal(count, 1);
}

static void unknown_statuses_read_as_io(void **state)
{
    (void)state;
    fake.status = (enum mgw_status)4711;
    assert_int_equal(store_health(store, call), MGW_IO);
    assert_non_null(strstr(mgw_call_error(call)->text, "plugin \"fake\" answered IO"));
    fake.status = (enum mgw_status) - 1;
    assert_int_equal(store_health(store, call), MGW_IO);
}

static void error_texts_become_one_line_of_utf8(void **state)
{
    char wild[512];
    (void)state;
    memset(wild, 'w', sizeof wild - 1);
    wild[sizeof wild - 1] = '\0';
    memcpy(wild, "a\nb\r\tc\xff\xc3(\xe2\x82\xac", 12);
    fake.status = MGW_IO;
    fake.text = wild;
    assert_int_equal(store_health(store, call), MGW_IO);
    const char *text = mgw_call_error(call)->text;
    assert_memory_equal(text, "a b  c?\?(\xe2\x82\xac", 12);
    assert_true(text_is_utf8(text, strlen(text)));
    fake.status = MGW_OK;
    assert_int_equal(store_health(store, call), MGW_OK);
    assert_string_equal(mgw_call_error(call)->text, "");
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

/* A filter over the fake, which hands up the fake's descriptor or, where there is one, its own. */
static struct mgw_storage lower;
static int own_fd;

static enum mgw_status swap_open(struct mgw_call *on, void *instance, const struct mgw_blob *name,
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    (void)instance;
    return lower.driver->open(on, lower.instance, name, if_etag, reader, stat);
}

static enum mgw_status swap_descriptor(struct mgw_call *on, void *reader,
                                       struct mgw_local_file *file)
{
    enum mgw_status status = lower.driver->descriptor(on, reader, file);
    if (status == MGW_OK && own_fd >= 0) {
        close(file->fd);
        file->fd = own_fd;
    }
    return status;
}

static void swap_close(void *reader)
{
    lower.driver->close(reader);
}

/* What the host gets where a sound descriptor of the fake's goes through the filter. */
static enum mgw_status through_a_filter(const char *path, int own)
{
    static int instance;
    struct store *below = NULL, *above = NULL;
    struct mgw_storage_driver table = fake_table;
    struct mgw_storage driver = {
        .size = sizeof driver, .driver = &fake_table, .instance = &instance};
    struct mgw_storage filter = {.size = sizeof filter, .driver = &table, .instance = &instance};
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    table.create = NULL;
    table.open = swap_open;
    table.descriptor = swap_descriptor;
    table.close = swap_close;
    assert_int_equal(store_new(call, "fake", &driver, MGW_THREADS_PARALLEL, false, &below), MGW_OK);
    lower = store_as_storage(below);
    own_fd = own;
    fake.fd = open(path, O_RDONLY);
    fake.fd_offset = 0;
    assert_int_equal(store_new(call, "swapping", &filter, MGW_THREADS_PARALLEL, false, &above),
                     MGW_OK);
    assert_int_equal(store_open(above, call, &blob, NULL, &reader, &stat), MGW_OK);
    enum mgw_status status = store_descriptor(reader, call, &file);
    if (status == MGW_OK) {
        assert_int_equal(file.fd, fake.fd);
        assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
        close(file.fd);
    }
    store_close(reader);
    store_free(above);
    store_free(below);
    return status;
}

static void a_descriptor_that_a_filter_puts_in_is_looked_at(void **state)
{
    char path[] = "/tmp/mediagw-test-XXXXXX";
    int made = mkstemp(path);
    (void)state;
    assert_true(made >= 0 && write(made, "abcd", 4) == 4);
    assert_int_equal(through_a_filter(path, -1), MGW_OK);
    assert_int_equal(through_a_filter(path, made), MGW_CORRUPT);
    assert_non_null(strstr(mgw_call_error(call)->text, "\"swapping\" broke its contract"));
    assert_non_null(strstr(mgw_call_error(call)->text, "is not read-only"));
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
    static const struct mgw_presigned lies[] = {
        {.method = "DELETE", .url = "https://x/y", .expires_at_ms = 1},
        {.method = NULL, .url = "https://x/y", .expires_at_ms = 1},
        {.method = "GET", .url = NULL, .expires_at_ms = 1},
        {.method = "GET", .url = "javascript:x", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/ y", .expires_at_ms = 1},
        {.method = "GET", .url = "https://x/y", .expires_at_ms = 0},
        {.method = "GET", .url = "https://x/y", .headers = split, .expires_at_ms = 1},
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

static void the_hosts_own_arguments_are_checked_before_the_driver(void **state)
{
    struct mgw_stat stat = {.size = sizeof stat};
    char long_key[1030] = "";
    (void)state;
    memset(long_key, 'k', sizeof long_key - 1);
    int calls = fake.calls;
    const struct mgw_blob wrong[] = {
        {.size = sizeof blob, .bucket = "bucket", .key = ""},
        {.size = sizeof blob, .bucket = "bucket", .key = "\xff"},
        {.size = sizeof blob, .bucket = "bucket", .key = long_key},
        {.size = sizeof blob, .bucket = "b", .key = "k"},
        {.size = sizeof blob, .bucket = "Bucket", .key = "k"},
        {.size = sizeof blob, .bucket = "../etc", .key = "k"},
        {.size = sizeof blob, .bucket = NULL, .key = "k"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(store_stat(store, call, &wrong[i], &stat), MGW_INVALID);
    }
    assert_int_equal(fake.calls, calls);
}

static void silent(int level, const char *line)
{
    (void)level, (void)line;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_filter_adds_nothing_but_files_of_its_own(void **state)
{
    struct layers *layers = calloc(1, sizeof *layers + sizeof layers->at[0]);
    (void)state;
    fake.capabilities = MGW_STORAGE_RESUMABLE;
    layers->count = 1;
    layers->at[0].store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    fake.capabilities = ((uint64_t)MGW_STORAGE_ORDERED_LIST << 1) - 1;
    struct store *filter = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    assert_int_equal(store_stack(filter, call, layers), MGW_OK);
    assert_int_equal(store_limits(filter)->capabilities,
                     MGW_STORAGE_RESUMABLE | MGW_STORAGE_LOCAL_FD);
    store_free(filter);
    assert_int_equal(fake.destroys, 2);
    fake.destroys = 0; /* the third is the teardown's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_false_stat_is_corrupt),
        T(a_reader_of_a_false_stat_is_closed),
        T(false_reads_are_corrupt),
        T(a_commit_of_another_size_is_corrupt_and_not_aborted),
        T(an_abort_keeps_the_reason),
        T(false_lists_are_corrupt),
        T(a_list_that_never_ends_is_cut_at_its_limit),
        T(unknown_statuses_read_as_io),
        T(error_texts_become_one_line_of_utf8),
        T(descriptors_that_are_no_plain_file_are_corrupt),
        T(a_good_descriptor_gets_close_on_exec),
        T(a_descriptor_that_a_filter_puts_in_is_looked_at),
        T(a_filter_adds_nothing_but_files_of_its_own),
        T(opaque_bytes_beyond_their_room_are_corrupt),
        T(plans_that_no_parts_fit_are_corrupt),
        T(presigned_urls_that_are_none_are_corrupt),
        T(the_hosts_own_arguments_are_checked_before_the_driver),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
