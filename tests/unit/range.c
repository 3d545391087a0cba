/* SPDX-License-Identifier: Apache-2.0
 *
 * Range headers against RFC 9110 section 14, and the framing of what answers them. */
#include "core/http/range.h"

#include "tests/unit/unit.h"

/* What HEADER asks of SIZE bytes, as text: "whole", "416" or "first+length first+length". */
static char *ask(const char *header, uint64_t size)
{
    struct range_set set;
    struct buf out = {0};
    switch (range_parse(header, size, &set)) {
    case RANGE_WHOLE:
        buf_text(&out, "whole");
        break;
    case RANGE_UNSATISFIABLE:
        buf_text(&out, "416");
        break;
    case RANGE_PARTIAL:
        for (size_t i = 0; i < set.count; i++) {
            buf_printf(&out, "%s%llu+%llu", i ? " " : "", (unsigned long long)set.ranges[i].first,
                       (unsigned long long)set.ranges[i].length);
        }
        break;
    }
    return buf_take(&out);
}
#define ASKS(header, size, expected)                                                               \
    do {                                                                                           \
        AUTO_FREE char *got = ask(header, size);                                                   \
        assert_string_equal(got, expected);                                                        \
    } while (0)

static void no_range_or_another_unit_is_the_whole(void **state)
{
    (void)state;
    ASKS(NULL, 10, "whole");
    ASKS("", 10, "whole");
    ASKS("items=0-1", 10, "whole");
    ASKS("bytes 0-1", 10, "whole");
}

static void one_range_is_clipped_to_the_content(void **state)
{
    (void)state;
    ASKS("bytes=0-0", 10, "0+1");
    ASKS("bytes=2-5", 10, "2+4");
    ASKS("bytes=2-", 10, "2+8");
    ASKS("bytes=9-99", 10, "9+1");
    ASKS("Bytes=0-99999999999999999999999999", 10, "0+10");
    ASKS("bytes=0-18446744073709551615", 10, "0+10");
}

static void a_suffix_is_the_last_bytes(void **state)
{
    (void)state;
    ASKS("bytes=-3", 10, "7+3");
    ASKS("bytes=-10", 10, "0+10");
    ASKS("bytes=-99", 10, "0+10");
    ASKS("bytes=-0", 10, "416");
}

static void what_lies_behind_the_end_is_unsatisfiable(void **state)
{
    (void)state;
    ASKS("bytes=10-", 10, "416");
    ASKS("bytes=10-20,30-", 10, "416");
    ASKS("bytes=99999999999999999999999999-", 10, "416");
    ASKS("bytes=10-20,3-4", 10, "3+2");
}

static void empty_content_has_no_ranges(void **state)
{
    (void)state;
    ASKS("bytes=0-", 0, "416");
    ASKS("bytes=0-0", 0, "416");
    ASKS("bytes=-0", 0, "416");
    ASKS("bytes=-5", 0, "whole");
}

static void a_malformed_range_is_ignored(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "bytes=",     "bytes=,",     "bytes=-",     "bytes=5-2",    "bytes=a-b",   "bytes=1",
        "bytes=1-2;", "bytes=1 - 2", "bytes=--1",   "bytes=1-2-3",  "bytes=0-1,x", "bytes=+1-2",
        "bytes =0-1", "bytes=1-2 3", "bytes=0x1-2", "bytes=0-1,5-2"};
    for (size_t i = 0; i < COUNT(headers); i++) {
        ASKS(headers[i], 10, "whole");
    }
}

static void several_ranges_keep_the_order_asked_for(void **state)
{
    (void)state;
    ASKS("bytes=8-8 , 0-1,, 4-5", 10, "8+1 0+2 4+2");
}

static void overlapping_and_adjacent_ranges_become_one(void **state)
{
    (void)state;
    ASKS("bytes=0-3,2-5", 10, "0+6");
    ASKS("bytes=0-3,4-5", 10, "0+6");
    ASKS("bytes=0-3,5-6", 10, "0+4 5+2");
    ASKS("bytes=9-9,0-1,4-5,2-3", 10, "9+1 0+6");
    ASKS("bytes=0-0,2-2,1-1", 10, "0+3");
    ASKS("bytes=3-3,0-9,5-5", 10, "0+10");
    ASKS("bytes=-2,0-", 18446744073709551615u, "0+18446744073709551615");
}

static void more_than_16_ranges_are_the_whole(void **state)
{
    (void)state;
    AUTO_BUF struct buf header = {0};
    buf_text(&header, "bytes=0-0");
    for (int i = 1; i < 16; i++) {
        buf_printf(&header, ",%d-%d", 2 * i, 2 * i);
    }
    struct range_set set;
    assert_int_equal(range_parse(header.data, 100, &set), RANGE_PARTIAL);
    assert_int_equal(set.count, 16);
    buf_text(&header, ",99-99");
    assert_int_equal(range_parse(header.data, 100, &set), RANGE_WHOLE);
}

static void content_range_is_written_as_the_rfc_has_it(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = {0};
    range_content(&out, &(struct range){.first = 2, .length = 4}, 10);
    buf_text(&out, "|");
    range_unsatisfied(&out, 10);
    assert_string_equal(out.data, "bytes 2-5/10|bytes */10");
}

static void a_byteranges_body_has_the_length_foretold(void **state)
{
    (void)state;
    const char *content = "0123456789";
    struct range_set set;
    assert_int_equal(range_parse("bytes=0-1,-3", 10, &set), RANGE_PARTIAL);
    AUTO_BUF struct buf body = {0};
    for (size_t i = 0; i < set.count; i++) {
        range_part_head(&body, "b0", i ? NULL : "video/webm", &set, i, 10);
        buf_append(&body, content + set.ranges[i].first, set.ranges[i].length);
    }
    range_part_tail(&body, "b0");
    assert_string_equal(body.data,
                        "--b0\r\nContent-Type: video/webm\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                        "\r\n--b0\r\nContent-Type: application/octet-stream\r\n"
                        "Content-Range: bytes 7-9/10\r\n\r\n789\r\n--b0--\r\n");
    uint64_t length;
    body.length = 0;
    for (size_t i = 0; i < set.count; i++) {
        range_part_head(&body, "b0", "video/webm", &set, i, 10);
        buf_append(&body, content + set.ranges[i].first, set.ranges[i].length);
    }
    range_part_tail(&body, "b0");
    assert_true(range_body_length("b0", "video/webm", &set, 10, &length));
    assert_int_equal(length, body.length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_range_or_another_unit_is_the_whole),
        cmocka_unit_test(one_range_is_clipped_to_the_content),
        cmocka_unit_test(a_suffix_is_the_last_bytes),
        cmocka_unit_test(what_lies_behind_the_end_is_unsatisfiable),
        cmocka_unit_test(empty_content_has_no_ranges),
        cmocka_unit_test(a_malformed_range_is_ignored),
        cmocka_unit_test(several_ranges_keep_the_order_asked_for),
        cmocka_unit_test(overlapping_and_adjacent_ranges_become_one),
        cmocka_unit_test(more_than_16_ranges_are_the_whole),
        cmocka_unit_test(content_range_is_written_as_the_rfc_has_it),
        cmocka_unit_test(a_byteranges_body_has_the_length_foretold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
