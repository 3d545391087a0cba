/* SPDX-License-Identifier: Apache-2.0
 *
 * Which pages' scripts may call the gateway: exact origins, on errors too. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"

#include <string.h>
#include <strings.h>

#define APP "https://app.example.com"

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"cors\": {\"origins\": [\"" APP "\", \"http://localhost:3000\"]}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

static void varies_by_origin(const struct http_answer *answer)
{
    const char *vary = http_header(answer, "Vary");
    if (!vary || !strcasestr(vary, "origin")) {
        fail_msg("no Vary: Origin\n%s", answer->head);
    }
}

static void allows(const struct http_answer *answer, const char *origin)
{
    const char *allowed = http_header(answer, "Access-Control-Allow-Origin");
    if (!allowed || strcmp(allowed, origin) != 0) {
        fail_msg("%s is not allowed\n%s", origin, answer->head);
    }
    assert_int_equal(http_header_count(answer, "Access-Control-Allow-Origin"), 1);
    varies_by_origin(answer);
}

static void allows_nobody(const struct http_answer *answer)
{
    if (http_header(answer, "Access-Control-Allow-Origin") ||
        http_header(answer, "Access-Control-Allow-Credentials")) {
        fail_msg("allowed\n%s", answer->head);
    }
    varies_by_origin(answer);
}

static struct http_answer *preflight(const char *target, const char *origin, const char *method)
{
    return http_send(gw->nobody, "OPTIONS", target,
                     keep_text("Origin: %s\nAccess-Control-Request-Method: %s\n"
                               "Access-Control-Request-Headers: authorization,content-type,"
                               "idempotency-key",
                               origin, method),
                     NULL, 0);
}

static void a_preflight_of_a_listed_origin_is_granted(void **state)
{
    (void)state;
    static const char *const routes[][2] = {{API_RECORDINGS, "POST"},
                                            {"/api/media", "GET"},
                                            {"/api/media/x", "DELETE"},
                                            {"/api/media/x/signed-url", "POST"}};
    for (size_t i = 0; i < 4; i++) {
        struct http_answer *answer = preflight(routes[i][0], APP, routes[i][1]);
        assert_true(answer->status == 204 || answer->status == 200);
        allows(answer, APP);
        const char *methods = http_header(answer, "Access-Control-Allow-Methods");
        assert_non_null(methods);
        assert_non_null(strstr(methods, routes[i][1]));
        const char *headers = http_header(answer, "Access-Control-Allow-Headers");
        assert_non_null(headers);
        assert_non_null(strcasestr(headers, "authorization"));
        assert_non_null(strcasestr(headers, "content-type"));
        assert_non_null(strcasestr(headers, "idempotency-key"));
        assert_non_null(http_header(answer, "Access-Control-Max-Age"));
    }
}

static void a_preflight_needs_no_credential(void **state)
{
    (void)state;
    struct http_answer *answer = preflight(API_RECORDINGS, APP, "POST");
    assert_in_range(answer->status, 200, 204);
}

static void only_an_exact_origin_is_granted(void **state)
{
    (void)state;
    static const char *const others[] = {"https://app.example.com.evil.com",
                                         "https://evil.com",
                                         "http://app.example.com",
                                         "https://app.example.com:8443",
                                         "https://xapp.example.com",
                                         "https://app.example.com/",
                                         "null",
                                         "*",
                                         "https://app.example",
                                         "http://localhost:30000"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        allows_nobody(preflight(API_RECORDINGS, others[i], "POST"));
        allows_nobody(http_get(gw->client, "/api/media", keep_text("Origin: %s", others[i])));
    }
}

static void every_listed_origin_is_granted_by_its_own_name(void **state)
{
    (void)state;
    allows(http_get(gw->client, "/api/media", "Origin: " APP), APP);
    allows(http_get(gw->client, "/api/media", "Origin: http://localhost:3000"),
           "http://localhost:3000");
}

static void answers_without_origin_vary_too(void **state)
{
    (void)state;
    allows_nobody(http_get(gw->client, "/api/media", NULL));
}

static void errors_carry_cors(void **state)
{
    (void)state;
    struct http_answer *answers[] = {
        http_get(gw->nobody, "/api/media", "Origin: " APP),
        http_get(gw->client, "/api/media/unknown", "Origin: " APP),
        http_get(gw->client, "/unknown", "Origin: " APP),
        http_get(gw->client, "/api/media?limit=0", "Origin: " APP),
        http_send(gw->client, "PUT", "/api/media", "Origin: " APP, NULL, 0),
        http_get(gw->client, "/api/media/%00", "Origin: " APP),
        http_get(gw->nobody, "/media/b/k?sig=x", "Origin: " APP),
        api_post_raw(gw->client, "", "text/html", body_random(1, 10), "Origin: " APP),
        api_post_raw(gw->client, "?durationMs=-1", API_VIDEO, body_random(1, 10), "Origin: " APP),
        http_get(gw->client, "/api/media", keep_text("Origin: " APP "\nX-Large: %025000d", 0)),
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        assert_in_range(answers[i]->status, 400, 499);
        api_error(answers[i], answers[i]->status, NULL);
        allows(answers[i], APP);
    }
}

static void uploads_and_content_carry_cors(void **state)
{
    (void)state;
    struct http_answer *created =
        api_post_raw(gw->client, "", API_VIDEO, body_random(1, 1000), "Origin: " APP);
    allows(created, APP);
    const char *url = api_url(api_expect(created, 201));
    allows(http_get(gw->nobody, url, "Origin: " APP), APP);
    allows(http_get(gw->nobody, url, "Origin: " APP "\nRange: bytes=0-1"), APP);
    allows(http_get(gw->nobody, url, "Origin: " APP "\nIf-None-Match: *"), APP);
    allows_nobody(http_get(gw->nobody, url, "Origin: https://evil.com"));
}

static void a_script_may_read_what_it_needs(void **state)
{
    (void)state;
    const char *exposed = http_header(http_get(gw->client, "/api/media", "Origin: " APP),
                                      "Access-Control-Expose-Headers");
    assert_non_null(exposed);
    assert_non_null(strcasestr(exposed, "x-request-id"));
}

static void json_is_not_stored_by_caches(void **state)
{
    (void)state;
    struct http_answer *answer = http_get(gw->client, "/api/media", NULL);
    const char *control = http_header(answer, "Cache-Control");
    assert_non_null(control);
    assert_non_null(strstr(control, "no-store"));
    struct http_answer *error = http_get(gw->client, "/api/media/unknown", NULL);
    control = http_header(error, "Cache-Control");
    assert_non_null(control);
    assert_non_null(strstr(control, "no-store"));
}

static void a_star_grants_everybody_but_without_credentials(void **state)
{
    (void)state;
    struct gateway *open = gateway_new("{\"cors\": {\"origins\": [\"*\"]}}");
    struct http_answer *answer = http_get(open->client, "/api/media", "Origin: https://any.com");
    const char *allowed = http_header(answer, "Access-Control-Allow-Origin");
    assert_non_null(allowed);
    assert_true(strcmp(allowed, "*") == 0 || strcmp(allowed, "https://any.com") == 0);
    assert_null(http_header(answer, "Access-Control-Allow-Credentials"));
    assert_int_equal(gateway_free(open), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_preflight_of_a_listed_origin_is_granted),
        TEST(a_preflight_needs_no_credential),
        TEST(only_an_exact_origin_is_granted),
        TEST(every_listed_origin_is_granted_by_its_own_name),
        TEST(answers_without_origin_vary_too),
        TEST(errors_carry_cors),
        TEST(uploads_and_content_carry_cors),
        TEST(a_script_may_read_what_it_needs),
        TEST(json_is_not_stored_by_caches),
        TEST(a_star_grants_everybody_but_without_credentials),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
