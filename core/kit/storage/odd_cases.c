/* SPDX-License-Identifier: Apache-2.0
 *
 * Input that nobody sane sends: numbers at their ends, texts of any bytes, cursors and states that
 * were altered on their way. What is answered is a refusal or the right thing, never a crash. */
#include "core/kit/storage/upload_kit.h"

#include <stdio.h>

/* What could be an etag is only compared; what could be none may be refused too. */
static void an_etag_of_any_text_is_only_compared(void **state)
{
    (void)state;
    char long_etag[4001];
    memset(long_etag, 'e', sizeof long_etag - 1);
    long_etag[sizeof long_etag - 1] = '\0';
    static const char *const could_be[] = {"*", "x", "W/x", "%", "%22", "a,b", "-", "0"};
    const char *const none[] = {"", "\"x\"", " ", "a\r\nb:c", "ü", "\xff\xfe", long_etag};
    size_t legal = sizeof could_be / sizeof could_be[0], all = legal + sizeof none / sizeof none[0];
    put_text(kit_bucket(), "k", "x");
    for (size_t i = 0; i < all; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_blob blob = blob_of(kit_bucket(), "k");
        struct mgw_stat stat = {.size = sizeof stat};
        void *reader = NULL;
        const char *etag = i < legal ? could_be[i] : none[i - legal];
        assert_either(call, driver->open(call, instance, &blob, etag, &reader, &stat), MGW_CONFLICT,
                      i < legal ? MGW_CONFLICT : MGW_INVALID);
    }
    assert_text(kit_bucket(), "k", "x");
}

static void reads_at_the_ends_of_numbers_are_judged(void **state)
{
    (void)state;
    static const uint64_t beyond[] = {11, 1000, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    char bytes[64];
    size_t got = 99;
    put_text(kit_bucket(), "k", "ten bytes.");
    assert_status(call, driver->open(call, instance, &blob, NULL, &reader, &stat), MGW_OK);
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        assert_status(call, driver->read(call, reader, beyond[i], bytes, sizeof bytes, &got),
                      MGW_RANGE);
    }
    assert_status(call, driver->read(call, reader, 10, bytes, sizeof bytes, &got), MGW_OK);
    assert_int_equal(got, 0);
    assert_status(call, driver->read(call, reader, 9, bytes, sizeof bytes, &got), MGW_OK);
    assert_int_equal(got, 1);
    assert_int_equal(bytes[0], '.');
    driver->close(reader);
}

struct counted {
    size_t count, wrong;
    const char *prefix;
    char cursor[2049];
};

static bool count_one(void *ctx, const struct mgw_list_entry *entry)
{
    struct counted *counted = ctx;
    counted->count++;
    counted->wrong += strncmp(entry->key, counted->prefix, strlen(counted->prefix)) != 0;
    snprintf(counted->cursor, sizeof counted->cursor, "%s", entry->cursor);
    return true;
}

/* No byte of a prefix is a wildcard, or the end of it. One that is no text finds nothing, or is
 * refused as the store sees fit. */
static void a_prefix_is_compared_byte_by_byte(void **state)
{
    (void)state;
    char longest[MGW_KEY_MAX + 1];
    memset(longest, 'z', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const texts[] = {"*", "?",  "[a]", "a*",  "%",  "_",  "a_",      "\\",
                                 "'", "\"", "b ",  "a\n", "${", "{a", "a\\x00b", longest};
    static const char *const none[] = {"\xc3", "\xff\xfe", "\xed\xa0\x80"};
    size_t legal = sizeof texts / sizeof texts[0], all = legal + sizeof none / sizeof none[0];
    put_text(kit_bucket(), "a1", "x");
    put_text(kit_bucket(), "b", "x");
    for (size_t i = 0; i < all; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct counted counted = {.prefix = i < legal ? texts[i] : none[i - legal]};
        enum mgw_status status = driver->list(call, instance, kit_bucket(), counted.prefix, "", 100,
                                              count_one, &counted);
        assert_either(call, status, MGW_OK, i < legal ? MGW_OK : status);
        assert_int_equal(counted.count, 0);
    }
}

/* Cut, lengthened, or with another byte: refused, or a place in the same list. */
static void an_altered_cursor_does_no_harm(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct counted first = {.prefix = ""};
    char key[32], other[64];
    snprintf(other, sizeof other, "%s-b", kit_bucket());
    put_text(other, "of-another-bucket", "x");
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "same/%d", i);
        put_text(kit_bucket(), key, "x");
    }
    assert_status(call,
                  driver->list(call, instance, kit_bucket(), "same/", "", 2, count_one, &first),
                  MGW_OK);
    size_t length = strlen(first.cursor);
    assert_in_range(length, 1, 2048);
    size_t step = length > 64 ? length / 16 : 1;
    for (size_t i = 0; i < 3 * length; i += step) {
        AUTO_CALL struct mgw_call *again = kit_call_new();
        struct counted counted = {.prefix = "same/"};
        char cursor[2 * sizeof first.cursor];
        size_t at = i % length;
        snprintf(cursor, sizeof cursor, "%s", first.cursor);
        if (i < length) {
            cursor[at] = at ? '\0' : '\xff';
        } else if (i < 2 * length) {
            cursor[at] = cursor[at] == '0' ? '1' : '0';
        } else {
            snprintf(cursor + length, sizeof cursor - length, "\xc3%.*s", (int)at, first.cursor);
        }
        (void)driver->list(again, instance, kit_bucket(), "same/", cursor, 10, count_one, &counted);
        assert_int_equal(counted.wrong, 0);
        assert_true(counted.count <= 5);
    }
}

static void a_content_type_comes_back_whatever_it_says(void **state)
{
    (void)state;
    static const char *const types[] = {"x", "video/webm;codecs=\"vp9,opus\"; charset=utf-8",
                                        "application/octet-stream", "not a type",
                                        "a/b;c=d;e=\"f\\\"g\""};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_put put = {.size = sizeof put, .content_type = types[i]};
        struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
        struct mgw_blob blob = blob_of(kit_bucket(), "k");
        assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_OK);
        assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
        assert_non_null(seen.content_type);
        assert_string_equal(seen.content_type, types[i]);
    }
}

/* A state that was cut is not an upload that can be completed; the real one lives on. */
static void an_altered_state_is_refused(void **state)
{
    (void)state;
    struct upload upload, altered;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    size_t length = upload.state.length, step = length > 64 ? length / 16 : 1;
    for (size_t cut = 0; cut < length; cut += step) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat = {.size = sizeof stat};
        altered = upload;
        altered.state.bytes = altered.state_bytes;
        altered.state.length = cut;
        assert_either(call, upload_end(call, &altered, 1, 1, &stat), MGW_INVALID, MGW_NOT_FOUND);
    }
    assert_absent(kit_bucket(), "k");
    upload_end_ok(&upload, 1, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
}

static void receipts_that_are_none_are_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct upload upload;
    upload_begin(&upload, "k", NULL);
    upload_send_ok(&upload, 1, 10, 1, 1);
    struct upload forged = upload;
    memset(forged.receipts[0], 0xff, sizeof forged.receipts[0]);
    forged.parts[0].receipt = forged.receipts[0];
    assert_status(call, upload_end(call, &forged, 1, 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
    upload_end_ok(&upload, 1, 1);
    assert_parts(&upload, "k", (const uint64_t[]){1}, 1, 10);
}

const struct kit_case odd_cases[] = {
    READ_CASE(an_etag_of_any_text_is_only_compared, "open: IF_ETAG, MGW_CONFLICT where it differs",
              0),
    READ_CASE(reads_at_the_ends_of_numbers_are_judged, "read: OFFSET beyond the end: MGW_RANGE", 0),
    READ_CASE(a_prefix_is_compared_byte_by_byte, "list: whose key begins with PREFIX", 0),
    READ_CASE(an_altered_cursor_does_no_harm, "list: a cursor that is not the driver's own", 0),
    CASE(a_content_type_comes_back_whatever_it_says, "mgw_stat.content_type: as it was put", 0),
    CASE(an_altered_state_is_refused, "upload_create: STATE", MGW_STORAGE_RESUMABLE),
    CASE(receipts_that_are_none_are_refused, "upload_complete: parts that do not fit: MGW_INVALID",
         MGW_STORAGE_RESUMABLE),
    {0},
};
