/* SPDX-License-Identifier: Apache-2.0
 *
 * Key sets and tokens that libcjose must never see: it ends the process over some of them. */
#include "core/http/jwt_keys.h"
#include "core/http/jwt.h"

#include "tests/unit/unit.h"

static const char *read_set(const char *json)
{
    struct jwt_keys keys = {0};
    const char *wrong = jwt_keys_from_jwks(&keys, JWT_HS256, json);
    jwt_keys_release(&keys);
    return wrong;
}

static void base64url_has_one_spelling(void **state)
{
    (void)state;
    static const char *const good[] = {"AA", "AAA", "AAAA", "-_-_", "QUJD"};
    static const char *const bad[] = {"", "A", "AAAAA", "AB", "AAB", "AA==", "AA+A", "AA/A", "A A"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(jwt_is_base64url(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(jwt_is_base64url(bad[i], strlen(bad[i])));
    }
    assert_false(jwt_is_base64url("AA\0A", 4));
}

static void a_set_with_a_damaged_number_is_refused(void **state)
{
    (void)state;
    assert_null(
        read_set("{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}"));
    assert_non_null(
        read_set("{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4=WFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}"));
    assert_non_null(read_set("{\"kty\":\"oct\",\"k\":\"A=AAA\"}"));
    assert_non_null(read_set("{\"kty\":\"oct\",\"k\":\"\"}"));
    assert_non_null(read_set("{\"kty\":\"oct\",\"k\":5}"));
}

static void a_part_that_is_no_base64url_makes_no_token(void **state)
{
    (void)state;
    assert_true(jwt_is_token("e30.e30.AA"));
    static const char *const bad[] = {"e30.e=30.AA", "e30.e30A.A=AA",  "e30..AA", "e30.e30.",
                                      ".e30.AA",     "e30.e30\xfb.AA", "e30.e30"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(jwt_is_token(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test(a_set_with_a_damaged_number_is_refused),
        cmocka_unit_test(a_part_that_is_no_base64url_makes_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
