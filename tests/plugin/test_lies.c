/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver that lies: the gateway answers MGW_CORRUPT, names the plugin, and lives. */
#include "tests/plugin/lies.h"

#include "core/base/text.h"

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

static void ok_without_a_handle_is_corrupt(void **state)
{
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    struct store_reader *reader = NULL;
    (void)state;
    fake.no_handle = true;
    assert_corrupt(store_put_begin(store, call, &blob, &put, &writer), "no writer");
    assert_corrupt(store_open(store, call, &blob, NULL, &reader, NULL), "no reader");
    assert_null(writer);
    assert_null(reader);
}

static void false_limits_are_corrupt(void **state)
{
    struct mgw_storage storage = {.size = sizeof storage, .driver = &fake_table};
    struct store *none = NULL;
    static char long_id[300];
    static const char *const ids[] = {long_id, "\xff", "a\nb"};
    (void)state;
    memset(long_id, 'i', sizeof long_id - 1);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        fake.store_id = ids[i];
        assert_corrupt(store_new(call, "fake", &storage, MGW_THREADS_PARALLEL, false, &none),
                       "store_id");
    }
    fake.store_id = NULL;
    fake.ttl_sec = -1;
    assert_corrupt(store_new(call, "fake", &storage, MGW_THREADS_PARALLEL, false, &none),
                   "a negative ttl");
    assert_null(none);
}

/* Each verb that answers a stat, with each false one: none gets through. */
static enum mgw_status verb_stat(struct mgw_stat *stat)
{
    return store_stat(store, call, &blob, stat);
}

static enum mgw_status verb_open(struct mgw_stat *stat)
{
    struct store_reader *reader = NULL;
    return store_open(store, call, &blob, NULL, &reader, stat);
}

static enum mgw_status verb_copy(struct mgw_stat *stat)
{
    return store_copy(store, call, &blob, &blob, stat);
}

static enum mgw_status verb_complete(struct mgw_stat *stat)
{
    char bytes[1] = "s";
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .length = 1, .capacity = 1};
    struct mgw_part part = {.size = sizeof part, .number = 1, .length = 3};
    return store_upload_complete(store, call, &upload, &part, 1, sizeof part, 1, stat);
}

static enum mgw_status verb_commit(struct mgw_stat *stat)
{
    struct mgw_put put = {.size = sizeof put};
    struct store_writer *writer = NULL;
    assert_int_equal(store_put_begin(store, call, &blob, &put, &writer), MGW_OK);
    assert_int_equal(store_put_write(writer, call, "abc", 3), MGW_OK);
    enum mgw_status status = store_put_commit(writer, call, stat);
    struct mgw_error kept = *call->error;
    store_put_abort(writer, call);
    *call->error = kept;
    return status;
}

static void no_verb_lets_a_false_stat_through(void **state)
{
    static enum mgw_status (*const verbs[])(struct mgw_stat *) = {verb_stat, verb_open, verb_copy,
                                                                  verb_complete, verb_commit};
    static const struct mgw_stat lies[] = {
        {.bytes = 3, .etag = NULL},
        {.bytes = 3, .etag = "a\r\nb"},
        {.bytes = 3, .etag = "\x80"},
        {.bytes = (uint64_t)INT64_MAX + 1, .etag = "e"},
        {.bytes = 3, .etag = "e", .modified_ms = -1},
        {.bytes = 3, .etag = "e", .modified_ms = INT64_MIN},
        {.bytes = 3, .etag = "e", .modified_ms = INT64_MAX},
        {.bytes = 3, .etag = "e", .content_type = "text/html\nSet-Cookie: a=b"},
    };
    (void)state;
    for (size_t verb = 0; verb < sizeof verbs / sizeof verbs[0]; verb++) {
        for (size_t lie = 0; lie < sizeof lies / sizeof lies[0]; lie++) {
            struct mgw_stat stat = {.size = sizeof stat};
            fake.stat = lies[lie];
            assert_corrupt(verbs[verb](&stat), "");
            assert_null(stat.etag);
        }
    }
}

static unsigned lines_of_fake;
static void count_line(int level, const char *line)
{
    (void)level;
    lines_of_fake += strstr(line, "plugin broke its contract") && strstr(line, "plugin=fake");
}

static void a_lie_is_logged_once_with_the_plugins_name(void **state)
{
    struct mgw_stat stat = {.size = sizeof stat};
    (void)state;
    fake.stat.etag = NULL;
    lines_of_fake = 0;
    log_redirect(count_line);
    enum mgw_status status = store_stat(store, call, &blob, &stat);
    log_redirect(silent);
    assert_int_equal(status, MGW_CORRUPT);
    assert_int_equal(lines_of_fake, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_false_stat_is_corrupt),
        T(a_reader_of_a_false_stat_is_closed),
        T(false_reads_are_corrupt),
        T(a_commit_of_another_size_is_corrupt_and_not_aborted),
        T(an_abort_keeps_the_reason),
        T(ok_without_a_handle_is_corrupt),
        T(false_limits_are_corrupt),
        T(no_verb_lets_a_false_stat_through),
        T(a_lie_is_logged_once_with_the_plugins_name),
        T(unknown_statuses_read_as_io),
        T(error_texts_become_one_line_of_utf8),
        T(the_hosts_own_arguments_are_checked_before_the_driver),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
