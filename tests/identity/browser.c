/* SPDX-License-Identifier: Apache-2.0
 *
 * What a browser sends unasked is no proof that a page may do a thing: a cookie, or an account that
 * a proxy names, changes something only for a page of ours. */
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"

#include <string.h>

#define PROOF "a secret of the tests' proxy, 32 bytes and more"

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(keep_text(
        "{\"public_url\": \"https://media.example.com/base\", \"cors\": {\"origins\": "
        "[\"https://app.example.com\"]}, \"auth\": {\"jwt\": [%s], \"cookie\": \"session\","
        "\"proxy\": {\"from\": [\"127.0.0.1\"], \"account_header\": \"X-Auth-Account\","
        "\"secret_header\": \"X-Proof\", \"secret\": \"" PROOF "\"}}}",
        token_issuer(NULL)));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

#define OURS "Origin: https://media.example.com"
#define LISTED "Origin: https://app.example.com"
#define SITE "Sec-Fetch-Site: "

static const struct {
    const char *headers;
    bool cookie, proxy; /* whether it may change something, by which credential */
} pages[] = {
    {"X-Nothing: 1", false, true},
    {SITE "same-origin", true, true},
    {SITE "SAME-ORIGIN", true, true},
    {SITE "same-site", false, false},
    {SITE "cross-site", false, false},
    {SITE "none", false, true},
    {OURS, true, true},
    {LISTED, true, true},
    {LISTED "\n" SITE "cross-site", true, true},
    {OURS "\n" SITE "same-origin", true, true},
    {"Origin: null", false, false},
    {"Origin: null\n" SITE "same-site", false, false},
    {"Origin: *", false, false},
    {"Origin: https://evil.example", false, false},
    {"Origin: https://evil.example\n" SITE "cross-site", false, false},
    {OURS ".evil.example", false, false},
    {OURS ":8443", false, false},
    {OURS "/base", false, false},
    {"Origin: http://media.example.com", false, false},
    {"Origin: https://media.example", false, false},
    {LISTED ".evil.example", false, false},
    {"Referer: https://media.example.com/", false, true},
};

static void check_writes(size_t i, const char *credential, bool allowed)
{
    char *headers = keep_text("%s\n%s", credential, pages[i].headers);
    struct http_answer *created =
        api_post_raw(gw->nobody, "", API_VIDEO, body_random(i, 100), headers);
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(i, 100));
    struct http_answer *others[] = {
        http_send(gw->nobody, "POST", api_path(row, "/signed-url"), headers, "{}", 2),
        http_send(gw->nobody, "DELETE", api_path(row, ""), headers, NULL, 0),
    };
    long status = created->status;
    if (status != (allowed ? 201 : 403) || others[0]->status != (allowed ? 200 : 403) ||
        others[1]->status != others[0]->status) {
        fail_msg("%s: %ld %ld %ld", headers, status, others[0]->status, others[1]->status);
    }
    if (!allowed) {
        api_error(created, 403, "forbidden");
        api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
    }
    api_expect(http_get(gw->nobody, "/api/media", headers), 200);
    assert_int_equal(http_send(gw->nobody, "HEAD", "/api/media", headers, NULL, 0)->status, 200);
}

static void a_cookie_changes_something_only_for_a_page_of_ours(void **state)
{
    (void)state;
    char *cookie = keep_text("Cookie: session=%s", token_for(NULL, "acct-a", 300));
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        check_writes(i, cookie, pages[i].cookie);
    }
}

static void a_proxys_account_changes_nothing_for_a_foreign_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        check_writes(i, "X-Auth-Account: acct-a\nX-Proof: " PROOF, pages[i].proxy);
    }
}

static void what_a_page_sends_on_purpose_is_enough(void **state)
{
    (void)state;
    char *token = token_for(NULL, "acct-a", 300);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        check_writes(i, keep_text("Authorization: Bearer %s", token), true);
    }
    check_writes(0, keep_text("X-Api-Key: %s\nCookie: session=%s", gw->token, token), true);
    check_writes(0, keep_text("Authorization: Bearer %s\nCookie: session=%s", token, token), true);
}

static void credentials_are_allowed_to_listed_origins_only(void **state)
{
    (void)state;
    char *cookie = keep_text("Cookie: session=%s", token_for(NULL, "acct-a", 300));
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char *headers = keep_text("%s\n%s", cookie, pages[i].headers);
        struct http_answer *answer = http_get(gw->nobody, "/api/media", headers);
        bool listed = strncmp(pages[i].headers, LISTED "\n", strlen(LISTED) + 1) == 0 ||
                      strcmp(pages[i].headers, LISTED) == 0;
        const char *allowed = http_header(answer, "Access-Control-Allow-Credentials");
        assert_int_equal(allowed != NULL, listed);
        assert_int_equal(http_header(answer, "Access-Control-Allow-Origin") != NULL, listed);
        assert_non_null(strstr(http_header(answer, "Vary"), "Origin"));
        assert_non_null(strstr(http_header(answer, "Cache-Control"), "no-store"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cookie_changes_something_only_for_a_page_of_ours),
        TEST(a_proxys_account_changes_nothing_for_a_foreign_page),
        TEST(what_a_page_sends_on_purpose_is_enough),
        TEST(credentials_are_allowed_to_listed_origins_only),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
