/* SPDX-License-Identifier: Apache-2.0
 *
 * Digest fields (RFC 9530) and their way to and from a row's checksum. */
#include "core/http/digest.h"

#include "tests/unit/unit.h"

/* SHA-256 of {"hello": "world"}, as RFC 9530 section 3 prints it for its own example. */
#define SHA256 "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
#define HEX "sha256:5f8f04f6a3a892aaabbddb6cf273894493773960d4a325b105fee46eef4304f1"
#define SHA512                                                                                     \
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJ" \
    "wew==:"

static void sha_256_is_read(void **state)
{
    (void)state;
    struct digest digest;
    char checksum[DIGEST_CHECKSUM_SIZE];
    assert_true(digest_parse(SHA256, &digest));
    assert_true(digest.has_sha256 && !digest.has_sha512);
    digest_checksum(digest.sha256, checksum);
    assert_string_equal(checksum, HEX);
}

static void other_algorithms_and_parameters_are_skipped(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "md5=:AAAAAAAAAAAAAAAAAAAAAA==:, " SHA256,
        SHA256 " ,\tunixsum=:AAA=:",
        SHA256 ";q=1.5;w=?0;x=\"a\\\"b\";y=:AA==:;z;t=tok/en",
        SHA512 "," SHA256,
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct digest digest;
        assert_true(digest_parse(headers[i], &digest));
        assert_true(digest.has_sha256);
    }
    struct digest digest;
    assert_true(digest_parse("md5=:AAAA:", &digest));
    assert_false(digest.has_sha256);
    assert_true(digest_parse(SHA512, &digest));
    assert_true(digest.has_sha512);
}

static void malformed_digests_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        " ",
        ",",
        SHA256 ",",
        "sha-256",
        "sha-256=",
        "sha-256=abc",
        "sha-256=:abc",
        "sha-256=:AAAA:" /* too short */,
        "sha-256=::",
        SHA256 " x",
        SHA256 ";",
        SHA256 ";q=",
        SHA256 ", " SHA256,
        "Sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:" /* no padding */,
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPF=:" /* bits behind the end */,
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBP-=:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBA==:",
        "md5=:A:",
        "md5=:A===:",
        "=:AAAA:",
        SHA256 ";q=\"a",
        SHA256 ";q=?2",
        SHA256 ";q=:A",
        "sha-512=:AAAA:"};
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct digest digest;
        if (digest_parse(headers[i], &digest)) {
            fail_msg("taken: %s", headers[i]);
        }
    }
}

static void a_checksum_goes_to_a_field_and_back(void **state)
{
    (void)state;
    char field[DIGEST_FIELD_SIZE];
    assert_true(digest_field_of_checksum(HEX, field));
    assert_string_equal(field, SHA256);
    uint8_t bytes[32];
    for (unsigned i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(255 - i * 3); /* has + and / in its base64 */
    }
    digest_field(bytes, field);
    assert_non_null(strpbrk(field, "+/"));
    struct digest digest;
    assert_true(digest_parse(field, &digest));
    assert_memory_equal(digest.sha256, bytes, 32);
}

static void what_is_no_checksum_is_none(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_false(digest_from_checksum(NULL, bytes));
    assert_false(digest_from_checksum("", bytes));
    assert_false(digest_from_checksum("sha256:", bytes));
    assert_false(digest_from_checksum("sha256:00", bytes));
    assert_false(digest_from_checksum(HEX "0", bytes));
    assert_false(digest_from_checksum(
        "md5:5f8f04f6a3a892aaabbddb6cf273894493773960d4a325b105fee46eef4304f1", bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha_256_is_read),
        cmocka_unit_test(other_algorithms_and_parameters_are_skipped),
        cmocka_unit_test(malformed_digests_are_refused),
        cmocka_unit_test(a_checksum_goes_to_a_field_and_back),
        cmocka_unit_test(what_is_no_checksum_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
