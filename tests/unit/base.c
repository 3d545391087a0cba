/* SPDX-License-Identifier: Apache-2.0
 *
 * The small things that everything else stands on: buffers, clock, ids, text, log lines. */
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/token.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

static void a_buffer_grows_and_stays_terminated(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(buf_printf(&buf, "%d,", i % 10));
        assert_int_equal(strlen(buf.data), buf.length);
    }
    assert_int_equal(buf.length, 2000);
    assert_true(buf_append(&buf, "a\0b", 3));
    assert_int_equal(buf.length, 2003);
    AUTO_FREE char *taken = buf_take(&buf);
    assert_memory_equal(taken + 2000, "a\0b", 4);
    assert_int_equal(buf.length, 0);
}

static void a_failed_append_leaves_the_buffer_and_sticks(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = {.max = 5};
    assert_true(buf_text(&buf, "12345"));
    assert_false(buf_text(&buf, "6"));
    assert_string_equal(buf.data, "12345");
    assert_true(buf.failed);
    buf_reset(&buf);
    assert_true(buf_text(&buf, "ok"));
    assert_false(buf_printf(&buf, "%s", "four"));
    assert_false(buf_text(&buf, ""));
    assert_null(buf_take(&buf));
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
    (void)state;
    struct buf buf = {0};
    AUTO_FREE char *text = buf_take(&buf);
    assert_string_equal(text, "");
}

static void percent_encoding_is_strict(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = {0};
    assert_true(buf_percent(&buf, "aZ9-._~ /+%\xc3\xa9", true));
    assert_true(buf_percent(&buf, "/", false));
    assert_string_equal(buf.data, "aZ9-._~%20/%2B%25%C3%A9%2F");
}

static void take_empties_its_variable(void **state)
{
    (void)state;
    AUTO_FREE char *from = strdup("x");
    AUTO_FREE char *to = TAKE(from);
    assert_null(from);
    assert_string_equal(to, "x");
}

static void times_agree_with_the_c_library_over_ten_thousand_years(void **state)
{
    (void)state;
    for (int64_t s = -62167219200; s < 253402300800; s += 86399 * 5 + 13) {
        time_t seconds = (time_t)s;
        struct tm tm;
        char iso[CLOCK_ISO_SIZE], http[CLOCK_HTTP_SIZE], right[64];
        gmtime_r(&seconds, &tm);
        clock_iso(s * 1000 + 7, iso);
        clock_http(s * 1000, http);
        /* strftime does not pad years below 1000 */
        strftime(right, sizeof right, "-%m-%dT%H:%M:%S.007Z", &tm);
        assert_string_equal(iso + 4, right);
        assert_int_equal(strtol(iso, NULL, 10), tm.tm_year + 1900);
        strftime(right, sizeof right, "%a, %d %b ", &tm);
        assert_memory_equal(http, right, strlen(right));
    }
}

static void times_are_written_in_utc(void **state)
{
    (void)state;
    char iso[CLOCK_ISO_SIZE], http[CLOCK_HTTP_SIZE];
    clock_iso(784111777123, iso);
    assert_string_equal(iso, "1994-11-06T08:49:37.123Z");
    clock_iso(-1, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59.999Z");
    clock_iso(INT64_MAX, iso);
    assert_string_equal(iso, "9999-12-31T23:59:59.999Z");
    clock_iso(INT64_MIN, iso);
    assert_string_equal(iso, "0000-01-01T00:00:00.000Z");
    clock_http(784111777999, http);
    assert_string_equal(http, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void http_dates_are_read_in_all_three_forms(void **state)
{
    (void)state;
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < COUNT(same); i++) {
        int64_t ms = 0;
        assert_true(clock_parse_http(same[i], &ms));
        assert_true(ms == 784111777000);
    }
    static const char *const bad[] = {"",
                                      "now",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nox 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "784111777"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ms;
        assert_false(clock_parse_http(bad[i], &ms));
    }
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t before = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_ms() > 1577836800000);
}

static void uuids_are_version_4_and_differ(void **state)
{
    (void)state;
    char a[ID_UUID_SIZE], b[ID_UUID_SIZE];
    id_uuid(a);
    id_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_string_not_equal(a, b);
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    unsigned char bytes[3];
    char text[7];
    assert_true(id_unhex("00fFa5", bytes, 3));
    id_hex(bytes, 3, text);
    assert_string_equal(text, "00ffa5");
    assert_false(id_unhex("00ff", bytes, 3));
    assert_false(id_unhex("00ffa5a", bytes, 3));
    assert_false(id_unhex("00fg00", bytes, 3));
    assert_false(id_unhex("", bytes, 3));
}

static void base64url_goes_both_ways_and_has_one_spelling(void **state)
{
    (void)state;
    unsigned char bytes[64], back[64];
    for (size_t length = 0; length <= sizeof bytes; length++) {
        id_random(bytes, length);
        char text[ID_BASE64URL_SIZE(64)];
        id_base64url(bytes, length, text);
        assert_int_equal(strlen(text) + 1, ID_BASE64URL_SIZE(length));
        size_t got = sizeof back;
        assert_true(id_unbase64url(text, back, &got));
        assert_int_equal(got, length);
        assert_memory_equal(back, bytes, length);
        if (length > 0) {
            got = length - 1;
            assert_false(id_unbase64url(text, back, &got));
        }
    }
    static const char *const bad[] = {"A",  "AAAAA", "AA==", "A+AA",    "A/AA",
                                      "AB", "AAB",   "A A",  "\xff\xff"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        size_t got = sizeof back;
        assert_false(id_unbase64url(bad[i], back, &got));
    }
}

static void utf8_is_judged_as_rfc_3629_has_it(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xe2\x82",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xc3",
                                      "\xc3(",
                                      "\xe2\x82\x28",
                                      "\xf0\x9f\x98\x28"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    }
    assert_false(text_is_utf8("\xe2\x82\xac", 2));
    assert_true(text_is_utf8("a\0b", 3));
}

static void words_have_a_length_and_an_alphabet(void **state)
{
    (void)state;
    assert_true(text_is_word("aZ9", 3, ""));
    assert_true(text_is_word("a-b", 3, "-_"));
    assert_false(text_is_word("a-b", 3, "_"));
    assert_false(text_is_word("", 3, "-"));
    assert_false(text_is_word("abcd", 3, ""));
    assert_false(text_is_word("\xc3\xa9", 3, "-"));
}

static void escapes_are_undone_once(void **state)
{
    (void)state;
    char text[] = "a%20b%2fc%252F%C3%A9+";
    assert_true(text_unpercent(text));
    assert_string_equal(text, "a b/c%2F\xc3\xa9+");
    static const char *const bad[] = {"%", "%4", "%zz", "%00", "a%", "%ff", "\xff", "%c3x"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        AUTO_FREE char *copy = strdup(bad[i]);
        assert_false(text_unpercent(copy));
    }
}

static void the_nearest_word_is_suggested_only_where_it_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"storage", "repository", "listen", NULL};
    assert_string_equal(text_nearest("storge", words), "storage");
    assert_string_equal(text_nearest("Listen", words), "listen");
    assert_string_equal(text_nearest("respository", words), "repository");
    assert_null(text_nearest("colour", words));
    const char *short_ones[] = {"key", "url", NULL};
    assert_string_equal(text_nearest("ulr", short_ones), "url");
    assert_string_equal(text_nearest("kye", short_ones), "key");
    assert_null(text_nearest("dev", short_ones));
    assert_null(text_nearest("", words));
}

static void files_are_read_whole_and_bounded(void **state)
{
    (void)state;
    char folder[] = "/tmp/mediagw-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO_BUF struct buf path = {0};
    buf_printf(&path, "%s/f", folder);
    {
        AUTO_CLOSE int fd = open(path.data, O_WRONLY | O_CREAT, 0600);
        for (int i = 0; i < 3000; i++) {
            assert_int_equal(write(fd, "abc", 3), 3);
        }
    }
    size_t length;
    AUTO_FREE char *text = text_read_file(path.data, 9000, &length);
    assert_int_equal(length, 9000);
    assert_int_equal(strlen(text), 9000);
    errno = 0;
    assert_null(text_read_file(path.data, 8999, &length));
    assert_int_equal(errno, EFBIG);
    unlink(path.data);
    assert_null(text_read_file(path.data, 9, &length));
    assert_int_equal(errno, ENOENT);
    assert_null(text_read_file(folder, 9, &length));
    rmdir(folder);
}

static char last_line[4096];
static int last_level;

static void keep_line(int level, const char *line)
{
    last_level = level;
    strncpy(last_line, line, sizeof last_line - 1);
}

/* The part of the last line behind its time. */
static const char *behind_time(void)
{
    const char *level = strstr(last_line, "level");
    assert_non_null(level);
    return level;
}

static void logfmt_lines_cannot_be_forged(void **state)
{
    (void)state;
    log_redirect(keep_line);
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO, STDERR_FILENO);
    log_event(LOG_LEVEL_WARN, "a \"b\"\nlevel=error", LOG_TEXT("plain", "x-1"),
              LOG_TEXT("blank", "x y=1"), LOG_TEXT("line", "x\r\nmsg=forged"),
              LOG_TEXT("none", NULL), LOG_TEXT("empty", ""), LOG_TEXT("raw", "\xff\x1b[2J"),
              LOG_TEXT("c1", "\xc2\x9b"), LOG_NUMBER("n", -5));
    assert_string_equal(
        behind_time(), "level=warn msg=\"a \\\"b\\\"\\u000alevel=error\" plain=x-1 blank=\"x y=1\" "
                       "line=\"x\\u000d\\u000amsg=forged\" empty=\"\" raw=\"\\u00ff\\u001b[2J\" "
                       "c1=\"\\u009b\" n=-5");
    assert_int_equal(last_level, LOG_LEVEL_WARN);
    log_redirect(NULL);
}

static void json_lines_are_json(void **state)
{
    (void)state;
    log_redirect(keep_line);
    log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO, STDERR_FILENO);
    log_event(LOG_LEVEL_INFO, "m", LOG_TEXT("a", "\"},\n{"), LOG_NUMBER("n", 1));
    assert_int_equal(last_line[0], '{');
    assert_string_equal(behind_time(),
                        "level\":\"info\",\"msg\":\"m\",\"a\":\"\\\"},\\u000a{\",\"n\":1}");
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO, STDERR_FILENO);
    log_redirect(NULL);
}

static void lines_below_the_least_level_are_not_written(void **state)
{
    (void)state;
    log_redirect(keep_line);
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_WARN, STDERR_FILENO);
    last_line[0] = '\0';
    log_event(LOG_LEVEL_INFO, "quiet");
    assert_string_equal(last_line, "");
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO, STDERR_FILENO);
    log_redirect(NULL);
}

static void a_line_goes_to_the_descriptor_with_its_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO, ends[1]);
    log_event(LOG_LEVEL_INFO, "hello");
    log_setup(LOG_FORMAT_LOGFMT, LOG_LEVEL_INFO, STDERR_FILENO);
    close(ends[1]);
    char line[256];
    ssize_t n = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    assert_true(n > 0);
    line[n] = '\0';
    assert_non_null(strstr(line, " level=info msg=\"hello\"\n"));
}

static void tokens_end_where_their_characters_do(void **state)
{
    (void)state;
    assert_int_equal(token_span("abc-1!;x"), 6);
    assert_int_equal(token_span(""), 0);
    assert_int_equal(token_span("\xc3\xa9"), 0);
    assert_false(token_char('\0'));
    assert_string_equal(token_skip(" \t x "), "x ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(a_failed_append_leaves_the_buffer_and_sticks),
        cmocka_unit_test(an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(percent_encoding_is_strict),
        cmocka_unit_test(take_empties_its_variable),
        cmocka_unit_test(times_agree_with_the_c_library_over_ten_thousand_years),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(http_dates_are_read_in_all_three_forms),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
        cmocka_unit_test(uuids_are_version_4_and_differ),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(base64url_goes_both_ways_and_has_one_spelling),
        cmocka_unit_test(utf8_is_judged_as_rfc_3629_has_it),
        cmocka_unit_test(words_have_a_length_and_an_alphabet),
        cmocka_unit_test(escapes_are_undone_once),
        cmocka_unit_test(the_nearest_word_is_suggested_only_where_it_is_near),
        cmocka_unit_test(files_are_read_whole_and_bounded),
        cmocka_unit_test(logfmt_lines_cannot_be_forged),
        cmocka_unit_test(json_lines_are_json),
        cmocka_unit_test(lines_below_the_least_level_are_not_written),
        cmocka_unit_test(a_line_goes_to_the_descriptor_with_its_end),
        cmocka_unit_test(tokens_end_where_their_characters_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
