/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever is changed in the layer below is found, and no plain byte of what was changed comes out.
 */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

enum { LAST = 1000, LENGTH = 2 * SEGMENT + LAST, SEGMENTS = 3 };
enum { BODY = LENGTH + SEGMENTS * FORMAT_OVERHEAD, ALL = BODY + TRAILER };

static unsigned char *plain, *stored;

static int setup(void **state)
{
    size_t length = 0;
    if (lab_setup(state) != 0) {
        return -1;
    }
    plain = lab_bytes(LENGTH, 1);
    lab_put(lab.sealed, "k", plain, LENGTH);
    stored = lab_get(lab.below, "k", &length);
    return length == ALL ? 0 : -1;
}

static int teardown(void **state)
{
    free(plain);
    free(stored);
    return lab_teardown(state);
}

static size_t whole(unsigned segment)
{
    return segment == SEGMENTS - 1 ? LAST : SEGMENT;
}

/* Reads LENGTH_ bytes from OFFSET of segment SEGMENT_: refused, and nothing of it is handed out. */
static void assert_shut(struct store_reader *reader, unsigned segment, size_t offset, size_t length)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *into = malloc(length);
    size_t got = 0;
    memset(into, 0xaa, length);
    assert_int_equal(
        store_read(reader, call, segment * (uint64_t)SEGMENT + offset, into, length, &got),
        MGW_CORRUPT);
    assert_int_equal(got, 0);
    for (size_t i = 0; i < length; i++) {
        assert_true(into[i] == 0 || into[i] == 0xaa);
    }
    char text[64];
    snprintf(text, sizeof text, "segment %u", segment);
    assert_non_null(strstr(mgw_call_error(call)->text, text));
}

/* The bytes below, one of segment BAD being changed: that one is shut, the others are as they were.
 */
static void assert_only_shut(const unsigned char *bytes, unsigned bad)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *into = malloc(LENGTH);
    struct mgw_blob blob = lab_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    lab_put(lab.below, "k", bytes, ALL);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_OK);
    assert_shut(reader, bad, 0, whole(bad));
    assert_shut(reader, bad, 0, 10);
    assert_shut(reader, bad, whole(bad) - 7, 7);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        size_t got = 0;
        if (i != bad) {
            assert_int_equal(store_read(reader, call, i * (uint64_t)SEGMENT, into, whole(i), &got),
                             MGW_OK);
            assert_int_equal(got, whole(i));
            assert_memory_equal(into, plain + i * SEGMENT, got);
        }
    }
    /* over the border: what comes before it, then the refusal */
    if (bad > 0) {
        size_t got = 0;
        assert_int_equal(store_read(reader, call, bad * (uint64_t)SEGMENT - 100, into, 200, &got),
                         MGW_OK);
        assert_int_equal(got, 100);
        assert_memory_equal(into, plain + bad * SEGMENT - 100, 100);
    }
    store_close(reader);
}

static void a_changed_byte_shuts_its_segment(void **state)
{
    (void)state;
    for (unsigned segment = 0; segment < SEGMENTS; segment++) {
        size_t length = whole(segment), first = segment * (size_t)SEALED;
        const size_t places[] = {0,
                                 FORMAT_PREFIX - 1,
                                 FORMAT_PREFIX,
                                 FORMAT_PREFIX + length / 2,
                                 FORMAT_PREFIX + length - 1,
                                 FORMAT_PREFIX + length,
                                 FORMAT_OVERHEAD + length - 1};
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            unsigned char *place = stored + first + places[i], bit = (unsigned char)(1u << i % 8);
            *place ^= bit;
            assert_only_shut(stored, segment);
            *place ^= bit;
        }
    }
}

static void a_changed_trailer_shuts_the_blob(void **state)
{
    (void)state;
    for (size_t i = BODY; i < ALL; i++) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
        struct mgw_blob blob = lab_blob("k");
        struct mgw_stat stat = {.size = sizeof stat};
        struct store_reader *reader = NULL;
        stored[i] ^= 0x10;
        lab_put(lab.below, "k", stored, ALL);
        stored[i] ^= 0x10;
        assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_CORRUPT);
        assert_null(reader);
        assert_non_null(strstr(mgw_call_error(call)->text, "bucket/k: the blob "));
    }
    lab_put(lab.below, "k", stored, ALL);
    lab_assert_blob(lab.sealed, "k", plain, LENGTH);
}

/* The blob as it lies below has LENGTH_ bytes from STORED on. */
static void assert_blob_shut(const unsigned char *bytes, size_t length)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = lab_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    lab_put(lab.below, "k", bytes, length);
    assert_int_equal(store_open(lab.sealed, call, &blob, NULL, &reader, &stat), MGW_CORRUPT);
    assert_null(reader);
}

static void a_cut_blob_does_not_open(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= TRAILER + 2; cut++) {
        assert_blob_shut(stored, ALL - cut);
    }
    for (size_t border = 0; border <= SEGMENTS; border++) {
        size_t at = border < SEGMENTS ? border * SEALED : BODY;
        for (int near = -2; near <= 2; near++) {
            if (near >= 0 || at > 0) {
                assert_blob_shut(stored, at + (size_t)(near + 2) - 2);
            }
        }
    }
}

static void a_blob_with_a_piece_out_of_its_middle_does_not_open(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = malloc(ALL);
    static const size_t pieces[] = {1, FORMAT_OVERHEAD, SEGMENT, SEALED};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        memcpy(bytes, stored, SEALED);
        memcpy(bytes + SEALED, stored + SEALED + pieces[i], ALL - SEALED - pieces[i]);
        assert_blob_shut(bytes, ALL - pieces[i]);
    }
}

static void a_longer_blob_does_not_open(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = calloc(1, ALL + SEALED);
    memcpy(bytes, stored, ALL);
    assert_blob_shut(bytes, ALL + 1);
    memcpy(bytes + ALL, stored + BODY, TRAILER);
    assert_blob_shut(bytes, ALL + TRAILER);
    memcpy(bytes + BODY, stored, SEALED); /* a segment twice */
    memcpy(bytes + BODY + SEALED, stored + BODY, TRAILER);
    assert_blob_shut(bytes, ALL + SEALED);
}

static void swapped_segments_are_shut(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = malloc(ALL);
    memcpy(bytes, stored + SEALED, SEALED);
    memcpy(bytes + SEALED, stored, SEALED);
    memcpy(bytes + 2 * (size_t)SEALED, stored + 2 * (size_t)SEALED, ALL - 2 * (size_t)SEALED);
    lab_put(lab.below, "k", bytes, ALL);
    assert_int_equal(lab_try(lab.sealed, "k"), MGW_CORRUPT);
    memcpy(bytes, stored, SEALED); /* the first one twice */
    assert_only_shut(bytes, 1);
}

static void a_segment_of_another_put_is_shut(void **state)
{
    (void)state;
    size_t length = 0;
    lab_put(lab.sealed, "k", plain, LENGTH);
    AUTO_FREE unsigned char *other = lab_get(lab.below, "k", &length);
    memcpy(stored + SEALED, other + SEALED, SEALED);
    assert_only_shut(stored, 1);
}

static void a_trailer_of_another_put_opens_nothing(void **state)
{
    (void)state;
    size_t length = 0;
    lab_put(lab.sealed, "k", plain, LENGTH);
    AUTO_FREE unsigned char *other = lab_get(lab.below, "k", &length);
    memcpy(stored + BODY, other + BODY, TRAILER);
    lab_put(lab.below, "k", stored, ALL);
    assert_int_equal(lab_try(lab.sealed, "k"), MGW_CORRUPT);
}

static void a_blob_under_another_name_does_not_open(void **state)
{
    (void)state;
    lab_put(lab.below, "k2", stored, ALL);
    assert_int_equal(lab_try(lab.sealed, "k2"), MGW_CORRUPT);
    assert_int_equal(lab_try(lab.sealed, "k"), MGW_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_byte_shuts_its_segment),
        TEST(a_changed_trailer_shuts_the_blob),
        TEST(a_cut_blob_does_not_open),
        TEST(a_blob_with_a_piece_out_of_its_middle_does_not_open),
        TEST(a_longer_blob_does_not_open),
        TEST(swapped_segments_are_shut),
        TEST(a_segment_of_another_put_is_shut),
        TEST(a_trailer_of_another_put_opens_nothing),
        TEST(a_blob_under_another_name_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
