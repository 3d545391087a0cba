/* SPDX-License-Identifier: Apache-2.0
 *
 * The format by itself: its arithmetic, and that of keys and sources. What is pinned as known
 * answers (blobs made by another implementation) is in test_known.c. */
#include "tests/support/check.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "drivers/filters/encrypt/keys.h"
#include "drivers/filters/encrypt/source.h"

#include <mediagw/media.h>

#include <stdlib.h>
#include <string.h>

#define KEY_A "mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o="

static void sizes_follow_from_each_other(void **state)
{
    (void)state;
    static const uint64_t around[] = {0, FORMAT_SEGMENT, 2 * FORMAT_SEGMENT, UINT64_C(5) << 30,
                                      FORMAT_PLAIN_MAX - 40};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        for (uint64_t plain = around[i] > 40 ? around[i] - 40 : 0; plain < around[i] + 40;
             plain++) {
            uint64_t back = 0, cipher = format_cipher_bytes(plain);
            assert_true(format_plain_bytes(cipher, &back));
            assert_int_equal(back, plain);
            assert_int_equal(format_plain_room(cipher), plain);
        }
    }
}

static void impossible_sizes_are_known(void **state)
{
    (void)state;
    uint64_t plain;
    for (uint64_t cipher = 0; cipher < 3 * FORMAT_SEALED + 200; cipher++) {
        uint64_t rest = (cipher - FORMAT_TRAILER) % FORMAT_SEALED;
        bool possible = cipher >= FORMAT_TRAILER && (rest == 0 || rest > FORMAT_OVERHEAD);
        assert_int_equal(format_plain_bytes(cipher, &plain), possible);
        assert_true(cipher < FORMAT_TRAILER || format_cipher_bytes(plain) <= cipher);
    }
    assert_false(format_plain_bytes(format_cipher_bytes(FORMAT_PLAIN_MAX) + FORMAT_SEALED, &plain));
    assert_false(format_plain_bytes(UINT64_MAX, &plain));
}

/* The keys of a blob, with a fixed salt and name. */
static void start(struct algorithms *algorithms, struct seal *seal)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    static const unsigned char salt[FORMAT_SALT] = {1}, name[FORMAT_NAME] = {2};
    struct keys keys = {0};
    assert_true(algorithms_fetch(algorithms));
    assert_int_equal(keys_parse(call, "a:" KEY_A, &keys), MGW_OK);
    assert_int_equal(seal_start(call, algorithms, &keys.all[0], salt, name, seal), MGW_OK);
    memset(seal->prefix, 3, sizeof seal->prefix);
    keys_wipe(&keys);
}

static void end(struct algorithms *algorithms, struct seal *seal)
{
    seal_end(seal);
    algorithms_free(algorithms);
}

static enum mgw_status read_pattern(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    size_t *reads = ctx;
    for (size_t i = 0; i < length; i++) {
        ((unsigned char *)buffer)[i] = (unsigned char)((offset + i) * 31 >> 3);
    }
    ++*reads;
    return MGW_OK;
}

static void a_source_gives_the_same_bytes_from_any_offset(void **state)
{
    (void)state;
    enum { LENGTH = 2 * FORMAT_SEGMENT + 100, ALL = LENGTH + 3 * FORMAT_OVERHEAD + FORMAT_TRAILER };
    static const size_t steps[] = {1 << 20, FORMAT_SEALED, FORMAT_SEALED + 1, 4096, 777};
    AUTO_FREE unsigned char *once = malloc(ALL), *again = malloc(ALL);
    struct algorithms algorithms;
    struct seal seal;
    size_t reads = 0;
    start(&algorithms, &seal);
    struct mgw_source plain = {
        .size = sizeof plain, .length = LENGTH, .ctx = &reads, .read = read_pattern};
    struct source source = {.plain = &plain, .seal = &seal, .first = 7, .last = true};
    memset(source.trailer, 0x55, sizeof source.trailer);
    struct mgw_source below = source_below(&source);
    assert_int_equal(below.length, ALL);
    assert_int_equal(below.read(below.ctx, 0, once, ALL), MGW_OK);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        memset(again, 0, ALL);
        for (size_t at = 0; at < ALL; at += steps[i]) {
            size_t step = ALL - at < steps[i] ? ALL - at : steps[i];
            assert_int_equal(below.read(below.ctx, at, again + at, step), MGW_OK);
        }
        assert_memory_equal(again, once, ALL);
        for (size_t at = ALL; at > 0;) { /* and backwards */
            size_t step = at < steps[i] ? at : steps[i];
            at -= step;
            assert_int_equal(below.read(below.ctx, at, again, step), MGW_OK);
            assert_memory_equal(again, once + at, step);
        }
    }
    assert_int_equal(below.read(below.ctx, ALL - 1, again, 2), MGW_RANGE);
    AUTO_FREE unsigned char *text = malloc(FORMAT_SEGMENT), *expected = malloc(FORMAT_SEGMENT);
    read_pattern(&reads, FORMAT_SEGMENT, expected, FORMAT_SEGMENT);
    assert_true(seal_open(&seal, 8, once + FORMAT_SEALED, FORMAT_SEGMENT, text));
    assert_memory_equal(text, expected, FORMAT_SEGMENT);
    free(source.buffer);
    end(&algorithms, &seal);
}

static void a_segment_opens_at_its_own_place_only(void **state)
{
    (void)state;
    unsigned char sealed[100 + FORMAT_OVERHEAD], plain[100] = {9}, out[100];
    struct algorithms algorithms;
    struct seal seal;
    start(&algorithms, &seal);
    assert_true(seal_segment(&seal, 3, plain, sizeof plain, sealed));
    assert_true(seal_open(&seal, 3, sealed, sizeof plain, out));
    assert_memory_equal(out, plain, sizeof plain);
    assert_false(seal_open(&seal, 4, sealed, sizeof plain, out));
    assert_int_equal(out[0], 0);
    assert_false(seal_open(&seal, 3, sealed, sizeof plain - 1, out));
    end(&algorithms, &seal);
}

static void keys_are_wiped(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    static struct keys keys, zeros;
    struct algorithms algorithms;
    struct seal seal, nothing = {0};
    assert_int_equal(keys_parse(call, "a:" KEY_A, &keys), MGW_OK);
    assert_memory_not_equal(&keys, &zeros, sizeof keys);
    keys_wipe(&keys);
    assert_memory_equal(&keys, &zeros, sizeof keys);
    start(&algorithms, &seal);
    assert_memory_not_equal(&seal, &nothing, sizeof seal);
    end(&algorithms, &seal);
    assert_memory_equal(&seal, &nothing, sizeof seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_follow_from_each_other),
        cmocka_unit_test(impossible_sizes_are_known),
        cmocka_unit_test(a_source_gives_the_same_bytes_from_any_offset),
        cmocka_unit_test(a_segment_opens_at_its_own_place_only),
        cmocka_unit_test(keys_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
