/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may come in: tokens in all three algorithms, API keys, and what becomes of credentials that
 * do not hold or do not agree. */
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>
#include <time.h>

static struct gateway *gw;
static struct token_key *keys[TOKEN_ALGS]; /* HS256: NULL */

static int start(void **state)
{
    (void)state;
    keys[TOKEN_RS256] = token_key_new(TOKEN_RS256);
    keys[TOKEN_ES256] = token_key_new(TOKEN_ES256);
    gw = gateway_new(keep_text("{\"auth\": {\"jwt\": [%s, %s, %s], \"cookie\": \"session\"}}",
                               token_issuer(NULL), token_issuer(keys[TOKEN_RS256]),
                               token_issuer(keys[TOKEN_ES256])));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    token_key_free(keys[TOKEN_RS256]);
    token_key_free(keys[TOKEN_ES256]);
    return gateway_free(gw);
}

static char *bearer(const char *token)
{
    return keep_text("Authorization: Bearer %s", token);
}

static struct http_answer *list_as(const char *headers)
{
    return http_get(gw->nobody, "/api/media", headers);
}

static void a_token_of_each_algorithm_names_the_account(void **state)
{
    (void)state;
    for (int alg = 0; alg < TOKEN_ALGS; alg++) {
        const char *mine = bearer(token_for(keys[alg], "acct-a", 300));
        const char *foreign = bearer(token_for(keys[alg], "acct-b", 300));
        json_t *answer =
            api_expect(api_post_raw(gw->nobody, "", API_VIDEO, body_random(1, 1000), mine), 201);
        assert_string_equal(api_text(answer, "accountId"), "acct-a");
        api_expect(http_get(gw->client, api_path(answer, ""), NULL), 200);
        api_expect(http_get(gw->nobody, api_path(answer, ""), mine), 200);
        api_error(http_get(gw->nobody, api_path(answer, ""), foreign), 403, "forbidden");
        api_expect(http_send(gw->nobody, "DELETE", api_path(answer, ""), mine, NULL, 0), 200);
    }
}

static char *altered(const char *token, char part)
{
    char *copy = keep_text("%s", token);
    char *at = part == 'h' ? copy : strchr(copy, '.') + 1;
    at = part == 's' ? strchr(at, '.') + 1 : at;
    at[5] = at[5] == 'A' ? 'B' : 'A';
    return copy;
}

static void tokens_that_do_not_hold_are_401(void **state)
{
    (void)state;
    const struct token_key *rsa = keys[TOKEN_RS256];
    struct token_key *stranger = token_key_new(TOKEN_RS256);
    const char *good = token_claims("acct-a", 300, "");
    const char *tokens[] = {
        token_for(rsa, "acct-a", -61),
        token_of(rsa,
                 "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"mediagw\",\"account_id\":\"acct-a\"}"),
        token_of(rsa, token_claims("acct-a", 300, ",\"nbf\":99999999999")),
        token_of(rsa, keep_text("{\"iss\":\"https://evil\",\"aud\":\"mediagw\",\"account_id\":"
                                "\"acct-a\",\"exp\":%lld}",
                                (long long)time(NULL) + 300)),
        token_of(rsa, keep_text("{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"another\",\"account_id\":"
                                "\"acct-a\",\"exp\":%lld}",
                                (long long)time(NULL) + 300)),
        token_of(rsa, keep_text("{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"mediagw\",\"sub\":"
                                "\"acct-a\",\"exp\":%lld}",
                                (long long)time(NULL) + 300)),
        token_for(rsa, "acct a", 300),
        token_for(rsa, "", 300),
        token_for(stranger, "acct-a", 300),
        altered(token_for(rsa, "acct-a", 300), 'h'),
        altered(token_for(rsa, "acct-a", 300), 'c'),
        altered(token_for(rsa, "acct-a", 300), 's'),
        altered(token_for(keys[TOKEN_ES256], "acct-a", 300), 's'),
        altered(token_for(NULL, "acct-a", 300), 's'),
        token_raw("{\"alg\":\"none\"}", good, NULL),
        token_raw("{\"alg\":\"none\"}", good, TOKEN_SECRET),
        token_raw("{\"alg\":\"HS256\"}", good, token_jwks(rsa)),
        token_raw("{\"alg\":\"HS512\"}", good, TOKEN_SECRET),
        token_raw("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}", good, TOKEN_SECRET),
        token_raw("{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", good, "\1\2\3"),
        token_raw("{\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1:1/\"}", good, "another secret"),
        token_of(NULL, token_claims("acct-a", 300, keep_text(",\"x\":\"%08200d\"", 0))),
        "a.b.c",
        "..",
        "mgw_0000000000000000_0000000000000000000000000000000000000000000",
        "nonsense",
    };
    token_key_free(stranger);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct http_answer *answer = list_as(bearer(tokens[i]));
        if (answer->status != 401) {
            fail_msg("token %zu: %ld %s", i, answer->status, answer->body);
        }
        api_error(answer, 401, "unauthorized");
        assert_non_null(http_header(answer, "WWW-Authenticate"));
        struct http_answer *cookie = list_as(keep_text("Cookie: session=%s", tokens[i]));
        api_error(cookie, 401, "unauthorized");
    }
}

static void a_token_just_expired_has_a_minute(void **state)
{
    (void)state;
    api_expect(list_as(bearer(token_for(NULL, "acct-a", -30))), 200);
}

static void a_token_of_almost_8_kib_is_taken(void **state)
{
    (void)state;
    char *token = token_of(NULL, token_claims("acct-a", 300, keep_text(",\"x\":\"%05900d\"", 0)));
    assert_in_range(strlen(token), 8000, 8192);
    api_expect(list_as(bearer(token)), 200);
    api_expect(list_as(keep_text("Cookie: session=%s", token)), 200);
}

static void credentials_must_agree(void **state)
{
    (void)state;
    const char *a = token_for(keys[TOKEN_ES256], "acct-a", 300);
    const char *b = token_for(keys[TOKEN_ES256], "acct-b", 300);
    const char *old = token_for(keys[TOKEN_ES256], "acct-a", -300);
    const struct {
        const char *headers;
        long status;
    } cases[] = {
        {keep_text("X-Api-Key: %s\n%s", gw->token, bearer(a)), 200},
        {keep_text("X-Api-Key: %s\n%s", gw->token, bearer(b)), 401},
        {keep_text("X-Api-Key: %s\n%s", gw->token, bearer(gw->token)), 200},
        {keep_text("X-Api-Key: %s\n%s", gw->token, bearer(gw->other_token)), 401},
        {keep_text("X-Api-Key: %s\n%s", gw->token, bearer(old)), 401},
        {keep_text("Cookie: session=%s\n%s", a, bearer(a)), 200},
        {keep_text("Cookie: session=%s\n%s", a, bearer(b)), 401},
        {keep_text("Cookie: session=%s\n%s", a, bearer(gw->token)), 200},
        {keep_text("Cookie: session=%s\n%s", a, bearer(gw->other_token)), 401},
        {keep_text("Cookie: session=%s\n%s", old, bearer(b)), 200},
        {keep_text("Cookie: session=%s\nX-Api-Key: %s", old, gw->token), 200},
        {keep_text("Cookie: session=%s\n%s", a, bearer(old)), 401},
        {keep_text("Cookie: session=%s\nAuthorization: Basic YTpi", a), 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer *answer = list_as(cases[i].headers);
        if (answer->status != cases[i].status) {
            fail_msg("case %zu: %ld, not %ld: %s", i, answer->status, cases[i].status,
                     answer->body);
        }
    }
}

static void a_cookie_is_found_among_others(void **state)
{
    (void)state;
    const char *a = token_for(NULL, "acct-a", 300), *b = token_for(NULL, "acct-b", 300);
    const struct {
        const char *header;
        long status;
    } cases[] = {
        {keep_text("Cookie: session=%s", a), 200},
        {keep_text("Cookie: theme=dark; session=%s; lang=en", a), 200},
        {keep_text("Cookie: theme=dark;session=%s", a), 200},
        {keep_text("Cookie: session=\"%s\"", a), 200},
        {keep_text("Cookie: Session=%s", a), 401},
        {keep_text("Cookie: xsession=%s", a), 401},
        {keep_text("Cookie: x=session=%s", a), 401},
        {keep_text("Cookie: session=%s; session=%s", a, b), 401},
        {keep_text("Cookie: session=%s\nCookie: session=%s", a, b), 401},
        {"Cookie: session=", 401},
        {"Cookie: session", 401},
        {"Cookie: ;;;", 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer *answer = list_as(cases[i].header);
        if (answer->status != cases[i].status) {
            fail_msg("case %zu: %ld, not %ld: %s", i, answer->status, cases[i].status,
                     answer->body);
        }
    }
}

static void a_key_goes_as_far_as_its_scopes(void **state)
{
    (void)state;
    struct run made = run_mediagw("key", "create", "--account", "acct-a", "--scopes", "read",
                                  "--config", gw->server->config_path, NULL);
    assert_int_equal(made.status, 0);
    char *reader = keep_bytes(made.out, strcspn(made.out, "\n"));
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(2, 100));
    const char *as = bearer(reader);
    api_expect(http_get(gw->nobody, api_path(row, ""), as), 200);
    api_error(http_send(gw->nobody, "DELETE", api_path(row, ""), as, NULL, 0), 403, "forbidden");
    api_error(api_post_raw(gw->nobody, "", API_VIDEO, body_random(3, 100), as), 403, "forbidden");
    /* A token beside it, which may write, does not lend it more. */
    as = keep_text("X-Api-Key: %s\n%s", reader, bearer(token_for(NULL, "acct-a", 300)));
    api_error(http_send(gw->nobody, "DELETE", api_path(row, ""), as, NULL, 0), 403, "forbidden");
    api_expect(http_get(gw->nobody, api_path(row, ""), as), 200);
}

static bool is_over(void *headers)
{
    return list_as(headers)->status == 401;
}

static void a_key_ends_when_it_expires(void **state)
{
    (void)state;
    struct run made = run_mediagw("key", "create", "--account", "acct-a", "--expires", "3s",
                                  "--config", gw->server->config_path, NULL);
    if (made.status != 0) {
        fail_msg("%s", made.err);
    }
    char *as = bearer(keep_bytes(made.out, strcspn(made.out, "\n")));
    assert_int_equal(list_as(as)->status, 200);
    assert_true(wait_for(is_over, as, 15000));
}

static void no_credential_stands_in_the_log(void **state)
{
    (void)state;
    char *good = token_for(NULL, "acct-a", 300), *bad = token_for(NULL, "acct-a", -300);
    list_as(bearer(good));
    list_as(bearer(bad));
    list_as(keep_text("Cookie: session=%s", bad));
    list_as(bearer(gw->token));
    const char *log = server_log(gw->server);
    assert_non_null(strstr(log, "the token has expired"));
    assert_null(strstr(log, strrchr(good, '.')));
    assert_null(strstr(log, strrchr(bad, '.')));
    assert_null(strstr(log, server_token_secret(gw->token)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_of_each_algorithm_names_the_account),
        TEST(tokens_that_do_not_hold_are_401),
        TEST(a_token_just_expired_has_a_minute),
        TEST(a_token_of_almost_8_kib_is_taken),
        TEST(credentials_must_agree),
        TEST(a_cookie_is_found_among_others),
        TEST(a_key_goes_as_far_as_its_scopes),
        TEST(a_key_ends_when_it_expires),
        TEST(no_credential_stands_in_the_log),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
