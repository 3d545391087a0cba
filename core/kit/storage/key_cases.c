/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys: no byte has a meaning. */
#include "core/kit/storage/web.h"

static const char *const odd[] = {
    "a",
    "A",
    "a/b",
    "a/b/c",
    "a/",
    "a//b",
    "//",
    "/",
    "/a",
    "/etc/passwd",
    ".",
    "..",
    "../..",
    "../../../etc/passwd",
    "a/../b",
    "./a",
    "a/.",
    "a/..",
    ".hidden",
    "..a",
    "a..",
    "...",
    " ",
    " a",
    "a ",
    "a b",
    "  ",
    "a\tb",
    "a\nb",
    "a\rb",
    "\x01\x02",
    "\x7f",
    "%",
    "%%",
    "%2e%2e",
    "%2F",
    "a%00b",
    "100%",
    "a+b",
    "a&b=c;d",
    "a?b#c",
    "a:b",
    "a*b",
    "a|b",
    "a<b>c",
    "\"q\"",
    "'q'",
    "`x`",
    "$HOME",
    "$(x)",
    "~",
    "~root",
    "a\\b",
    "\\\\host\\x",
    "C:\\x",
    "con",
    "nul.txt",
    "-rf",
    "--",
    "ü",
    "u\xcc\x88",
    "Ü",
    "日本語/ビデオ.webm",
    "🎥🎬",
    "\xe2\x80\xae"
    "abc",
    "\xef\xbb\xbf"
    "bom",
    ".h",
    ".meta",
    ".meta/x",
    ".mediagw-store",
    "tmp",
    "buckets",
    "uploads",
    "data.0",
    ".h0000000000000000000000000000000000000000000000000000000000000000",
    "x.tmp",
    "!",
    "@",
    "^",
    "(",
    "[a]",
    "{b}",
    ",",
    "=",
    "a~1",
    "_",
    "-",
    "lock",
    ".nfs0001",
};
#define ODD (sizeof odd / sizeof odd[0])

static void odd_keys_round_trip_and_stay_apart(void **state)
{
    (void)state;
    const char *keys_taken[ODD];
    size_t taken = 0;
    for (size_t i = 0; i < ODD; i++) {
        if (!kit_refuses(odd[i])) {
            keys_taken[taken++] = odd[i];
            put_text(kit_bucket(), odd[i], odd[i]);
        }
    }
    assert_true(taken >= 64);
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 7, &keys);
    size_t listed = 0;
    for (size_t i = 0; i < taken; i++) {
        bool hidden = kit_hides(keys_taken, taken, keys_taken[i]);
        listed += !hidden;
        assert_text(kit_bucket(), keys_taken[i], keys_taken[i]);
        assert_int_equal(keys_count(&keys, keys_taken[i]), !hidden);
    }
    assert_int_equal(keys.count, listed);
    for (size_t i = 0; i < taken; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_blob blob = blob_of(kit_bucket(), keys_taken[i]);
        assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
        assert_absent(kit_bucket(), keys_taken[i]);
        if (i + 1 < taken) {
            assert_text(kit_bucket(), keys_taken[i + 1], keys_taken[i + 1]);
        }
    }
}

/* Put, signed, and fetched by plain curl. */
static void odd_keys_are_served_by_their_urls(void **state)
{
    (void)state;
    struct mgw_presign presign = {.size = sizeof presign, .op = MGW_PRESIGN_GET, .ttl_sec = 600};
    size_t served = 0;
    for (size_t i = 0; i < ODD; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_presigned presigned = {.size = sizeof presigned};
        struct mgw_blob blob = blob_of(kit_bucket(), odd[i]);
        if (kit_refuses(odd[i])) {
            continue;
        }
        put_text(kit_bucket(), odd[i], odd[i]);
        assert_status(call, driver->presign(call, instance, &blob, &presign, &presigned), MGW_OK);
        AUTO_ANSWER struct web_answer answer = web_do(&presigned, NULL, 0);
        assert_answer(&answer, 200);
        assert_string_equal(answer.body, odd[i]);
        served++;
    }
    assert_true(served >= 64);
}

static void odd_keys_are_put_by_their_urls(void **state)
{
    (void)state;
    size_t taken = 0;
    make_bucket();
    for (size_t i = 0; i < ODD; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_presigned presigned = {.size = sizeof presigned};
        struct mgw_blob blob = blob_of(kit_bucket(), odd[i]);
        struct mgw_presign presign = {.size = sizeof presign,
                                      .op = MGW_PRESIGN_PUT,
                                      .ttl_sec = 600,
                                      .length = strlen(odd[i]),
                                      .content_type = "video/webm"};
        if (kit_refuses(odd[i])) {
            continue;
        }
        assert_status(call, driver->presign(call, instance, &blob, &presign, &presigned), MGW_OK);
        AUTO_ANSWER struct web_answer answer = web_do(&presigned, odd[i], strlen(odd[i]));
        assert_answer(&answer, 200);
        taken++;
    }
    assert_true(taken >= 64);
    for (size_t i = 0; i < ODD; i++) {
        if (!kit_refuses(odd[i])) {
            assert_text(kit_bucket(), odd[i], odd[i]);
        }
    }
}

static void refused_keys_are_invalid_in_the_stores_words(void **state)
{
    (void)state;
    static const char *const more[] = {"a/./b", "a/../../b", "a\\..\\b", "x/a//", "a///b"};
    size_t refused = 0;
    char long_key[300];
    memset(long_key, 'x', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    for (size_t i = 0; i < ODD + 6; i++) {
        const char *key = i < ODD ? odd[i] : i < ODD + 5 ? more[i - ODD] : long_key;
        if (kit_refuses(key)) {
            assert_refused(kit_bucket(), key);
            refused++;
        }
    }
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_int_equal(keys.count, 0);
    if (!refused) {
        kit_skip("--refuses", "names no form: the store takes every key");
    }
}

static void a_stands_beside_a_slash_b(void **state)
{
    (void)state;
    put_text(kit_bucket(), "a", "1");
    put_text(kit_bucket(), "a/b", "2");
    put_text(kit_bucket(), "a/b/c", "3");
    put_text(kit_bucket(), "x/y", "4");
    put_text(kit_bucket(), "x", "5");
    assert_text(kit_bucket(), "a", "1");
    assert_text(kit_bucket(), "a/b", "2");
    assert_text(kit_bucket(), "a/b/c", "3");
    assert_text(kit_bucket(), "x", "5");
}

static void keys_of_every_length_round_trip(void **state)
{
    (void)state;
    static const size_t lengths[] = {1,   46,  47,  48,  49,  50,  100, 138, 139, 140, 141,  142,
                                     143, 144, 145, 200, 254, 255, 256, 257, 511, 900, 1023, 1024};
    static const char letters[] = {'x', '/', 'X', '\xc3'};
    char key[MGW_KEY_MAX + 1];
    AUTO_KEYS struct keys all = {0};
    size_t max = kit_key_max(), listed = 0;
    all.keys = calloc(sizeof letters * sizeof lengths / sizeof lengths[0], sizeof *all.keys);
    assert_non_null(all.keys);
    for (size_t l = 0; l < sizeof letters; l++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            if (lengths[i] > max || (letters[l] == '\xc3' && lengths[i] % 2)) {
                continue;
            }
            kit_long_key(key, lengths[i], letters[l]);
            for (size_t c = 1; letters[l] == '\xc3' && c < lengths[i]; c += 2) {
                key[c] = key[c - 1] == '/' ? '/' : '\xbc';
            }
            if (kit_refuses(key)) {
                assert_refused(kit_bucket(), key);
                continue;
            }
            put_text(kit_bucket(), key, key);
            assert_text(kit_bucket(), key, key);
            all.keys[all.count++] = strdup(key);
        }
    }
    for (size_t i = 0; i < all.count; i++) {
        listed += !kit_hides((const char *const *)all.keys, all.count, all.keys[i]);
    }
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_int_equal(keys.count, listed);
    for (size_t i = 0; i < keys.count; i++) {
        assert_text(kit_bucket(), keys.keys[i], keys.keys[i]);
    }
}

static void long_keys_that_differ_at_the_end_stay_apart(void **state)
{
    (void)state;
    char key[MGW_KEY_MAX + 1], other[MGW_KEY_MAX + 1];
    kit_long_key(key, kit_key_max(), 'k');
    memcpy(other, key, sizeof other);
    other[kit_key_max() - 1] = 'l';
    put_text(kit_bucket(), key, "1");
    put_text(kit_bucket(), other, "2");
    assert_text(kit_bucket(), key, "1");
    assert_text(kit_bucket(), other, "2");
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), key, 10, &keys);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.keys[0], key);
}

static void long_keys_keep_the_largest_metadata(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char key[MGW_KEY_MAX + 1], value[MGW_METADATA_MAX];
    kit_long_key(key, kit_key_max(), 'k');
    memset(value, 'v', kit_metadata_max() - 3);
    value[kit_metadata_max() - 3] = '\0';
    const char *map[] = {"big", value, NULL};
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm", .metadata = map};
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    assert_status(call, try_put(call, kit_bucket(), key, &put, "x", 1, &stat), MGW_OK);
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    assert_string_equal(map_get(seen.metadata, "big"), value);
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.keys[0], key);
    /* replaced without metadata: the old map must not come back */
    put_text(kit_bucket(), key, "y");
    struct mgw_stat bare = {.size = sizeof bare};
    assert_status(call, driver->stat(call, instance, &blob, &bare), MGW_OK);
    assert_null(map_get(bare.metadata, "big"));
    assert_null(bare.content_type);
}

static void keys_of_a_wrong_length_are_invalid(void **state)
{
    (void)state;
    char key[MGW_KEY_MAX + 2];
    kit_long_key(key, MGW_KEY_MAX + 1, 'k');
    const char *const wrong[] = {"", key};
    for (int i = 0; i < 2; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat = {.size = sizeof stat};
        assert_status(call, try_put(call, kit_bucket(), wrong[i], NULL, "x", 1, &stat),
                      MGW_INVALID);
    }
}

const struct kit_case key_cases[] = {
    CASE(odd_keys_round_trip_and_stay_apart, "no meaning attached to any other byte", 0),
    READ_CASE(odd_keys_are_served_by_their_urls, "presign: every key", MGW_STORAGE_PRESIGN_GET),
    CASE(odd_keys_are_put_by_their_urls, "presign: every key", MGW_STORAGE_PRESIGN_PUT),
    CASE(refused_keys_are_invalid_in_the_stores_words, "MGW_INVALID", 0),
    READ_CASE(a_stands_beside_a_slash_b, "\"a\" may stand beside \"a/b\"", 0),
    CASE(keys_of_every_length_round_trip, "a key is 1 to 1,024 bytes", 0),
    READ_CASE(long_keys_that_differ_at_the_end_stay_apart, "a key is 1 to 1,024 bytes", 0),
    CASE(long_keys_keep_the_largest_metadata, "MGW_KEY_MAX, MGW_METADATA_MAX", 0),
    CASE(keys_of_a_wrong_length_are_invalid, "MGW_KEY_MAX", 0),
    {0},
};
