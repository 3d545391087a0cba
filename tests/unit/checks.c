/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules for names and metadata, at their edges. */
#include "core/media/checks.h"

#include "core/base/buf.h"
#include "tests/unit/unit.h"

typedef const char *check_function(const char *text);

static void assert_judged(check_function *check, const char *const *good, const char *const *bad)
{
    for (; *good; good++) {
        if (check(*good)) {
            fail_msg("refused: %s: %s", *good, check(*good));
        }
    }
    for (; *bad; bad++) {
        if (!check(*bad)) {
            fail_msg("taken: %s", *bad);
        }
    }
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* N times 'a', for the edges; overwritten by the next. */
static const char *letters(size_t n)
{
    static char text[512];
    memset(text, 'a', n);
    text[n] = '\0';
    return text;
}

static void assert_longest(check_function *check, size_t longest)
{
    assert_null(check(letters(longest)));
    assert_non_null(check(letters(longest + 1)));
    assert_non_null(check(""));
}

static void ids_and_names_keep_to_their_letters(void **state)
{
    (void)state;
    assert_longest(checks_id, 64);
    assert_judged(checks_id, LIST("a", "A-1._z", "..."),
                  LIST(".", "..", "a/b", "a b", "\xc3\xa9", "a:b"));
    assert_longest(checks_account, 128);
    assert_judged(checks_account, LIST("auth0|x", "a@b:c-d_e."), LIST("a/b", "a b", "a\nb", "a,b"));
    assert_longest(checks_session_id, 128);
    assert_judged(checks_session_id, LIST("a-b_C9"), LIST("a.b", "a:b", "a b", "../x"));
    assert_judged(checks_kind, LIST("video", "audio", "image", "file"), LIST("", "Video", "text"));
    assert_judged(checks_bucket, LIST("ab", "media-recordings", "a.b-1"),
                  LIST("", "a", "A1", "a_b", "-ab", ".ab", "a/b", "a b"));
    assert_null(checks_bucket(letters(63)));
    assert_non_null(checks_bucket(letters(64)));
}

static void emails_are_text_without_control_characters(void **state)
{
    (void)state;
    assert_longest(checks_owner_email, 320);
    assert_judged(checks_owner_email, LIST("a@b.example", "caf\xc3\xa9@b", "not an address"),
                  LIST("a\nb", "a\x7f", "a\xc2\x85", "a\xff", "\t"));
}

static void idempotency_keys_are_visible_ascii(void **state)
{
    (void)state;
    assert_longest(checks_idempotency_key, 128);
    assert_judged(checks_idempotency_key, LIST("!~", "\"8e03978e\""),
                  LIST("a b", "a\t", "\xc3\xa9", "a\x7f"));
}

static void checksums_are_sha256_in_lower_case(void **state)
{
    (void)state;
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"
    assert_judged(checks_checksum, LIST("sha256:" ZEROS "af"),
                  LIST("", "sha256:", "sha256:" ZEROS "a", "sha256:" ZEROS "aff",
                       "sha256:" ZEROS "AF", "sha512:" ZEROS "af", ZEROS "af",
                       "sha256:" ZEROS "ag"));
}

static void numbers_have_their_bounds(void **state)
{
    (void)state;
    assert_null(checks_duration_ms(0));
    assert_null(checks_duration_ms(9007199254740991));
    assert_non_null(checks_duration_ms(9007199254740992));
    assert_non_null(checks_duration_ms(-1));
    assert_null(checks_take_index(2147483647));
    assert_non_null(checks_take_index(2147483648));
    assert_non_null(checks_take_index(-1));
}

static void metadata_is_a_json_object(void **state)
{
    (void)state;
    assert_judged(checks_metadata,
                  LIST("{}", " { \"a\" : [1, 0.1, 1e2, null, true, \"\\u00e9\"] } ",
                       "{\"a\":{\"b\":1},\"b\":{\"b\":2}}",
                       "{\"n\":123456789012345678901234567890}", "{\"[[[\":\"\\\"{{{\"}"),
                  LIST("", "[]", "1", "null", "\"x\"", "{", "{}x", "{\"a\":1,}", "{'a':1}",
                       "{\"a\":01}", "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}", "{\"a\":1e999}",
                       "{\"a\":NaN}", "{\"a\":\"\\ud800\"}"));
    assert_string_equal(checks_metadata("[]"), "metadata is not a JSON object");
    assert_string_equal(checks_metadata("{"), "metadata is not well-formed JSON");
}

static void metadata_with_a_key_twice_is_refused(void **state)
{
    (void)state;
    static const char text[] = "metadata has a key twice in one object";
    assert_string_equal(checks_metadata("{\"a\":1,\"a\":1}"), text);
    assert_string_equal(checks_metadata("{\"x\":[{\"a\":1,\"\\u0061\":2}]}"), text);
}

static void metadata_with_a_nul_character_is_refused(void **state)
{
    (void)state;
    assert_string_equal(checks_metadata("{\"a\":\"x\\u0000\"}"), "metadata has U+0000 in a string");
    assert_string_equal(checks_metadata("{\"a\\u0000b\":1}"), "metadata has U+0000 in a string");
}

static void metadata_nests_32_deep_and_no_deeper(void **state)
{
    (void)state;
    for (int depth = 32; depth <= 33; depth++) {
        AUTO_BUF struct buf text = {0};
        for (int i = 1; i < depth; i++) {
            buf_text(&text, i % 2 ? "{\"k\":" : "[");
        }
        buf_text(&text, "{}");
        for (int i = depth - 1; i > 0; i--) {
            buf_text(&text, i % 2 ? "}" : "]");
        }
        const char *wrong = checks_metadata(text.data);
        if (depth == 32) {
            assert_null(wrong);
        } else {
            assert_string_equal(wrong, "metadata nests deeper than 32");
        }
    }
    AUTO_BUF struct buf deep = {0};
    for (int i = 0; i < 60000; i++) {
        buf_text(&deep, "[");
    }
    assert_string_equal(checks_metadata(deep.data), "metadata nests deeper than 32");
}

static void metadata_is_64_KiB_and_no_larger(void **state)
{
    (void)state;
    for (int more = 0; more <= 1; more++) {
        AUTO_BUF struct buf text = {0};
        buf_printf(&text, "{\"k\":\"%0*d\"}", CHECKS_METADATA_MAX - 8 + more, 0);
        assert_int_equal(text.length, CHECKS_METADATA_MAX + more);
        assert_int_equal(checks_metadata(text.data) != NULL, more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_and_names_keep_to_their_letters),
        cmocka_unit_test(emails_are_text_without_control_characters),
        cmocka_unit_test(idempotency_keys_are_visible_ascii),
        cmocka_unit_test(checksums_are_sha256_in_lower_case),
        cmocka_unit_test(numbers_have_their_bounds),
        cmocka_unit_test(metadata_is_a_json_object),
        cmocka_unit_test(metadata_with_a_key_twice_is_refused),
        cmocka_unit_test(metadata_with_a_nul_character_is_refused),
        cmocka_unit_test(metadata_nests_32_deep_and_no_deeper),
        cmocka_unit_test(metadata_is_64_KiB_and_no_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
