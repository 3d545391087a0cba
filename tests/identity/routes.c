/* SPDX-License-Identifier: Apache-2.0
 *
 * Every route of the gateway's own table against everybody who has no business there: without a
 * credential, with a key of too little scope, with another account's. A route that this file does
 * not know, or that is gone, fails it. */
#include "tests/identity/route_table.h"
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>

#define DIRECT_BODY "{\"mimeType\": \"video/webm\", \"sizeBytes\": 2}"
#define SECRET_WORD "only-acct-a-may-read-this"

/* What another account gets for a recording of ours. */
enum foreign { FOREIGN_403, FOREIGN_NOTHING, FOREIGN_PUBLIC };

static const struct expectation {
    const char *method, *pattern;
    uint32_t scope; /* 1 read, 2 write, 0 none */
    enum foreign foreign;
} expected[] = {
    {"GET", "healthz", 0, FOREIGN_PUBLIC},
    {"GET", "readyz", 0, FOREIGN_PUBLIC},
    {"POST", "api/media/recordings", 2, FOREIGN_NOTHING},
    {"POST", "api/media/recordings/direct", 2, FOREIGN_NOTHING},
    {"POST", "api/media/{id}/complete", 2, FOREIGN_403},
    {"GET", "api/media", 1, FOREIGN_NOTHING},
    {"GET", "api/media/{id}", 1, FOREIGN_403},
    {"DELETE", "api/media/{id}", 2, FOREIGN_403},
    {"POST", "api/media/{id}/signed-url", 1, FOREIGN_403},
    {"GET", "media/{blob}", 0, FOREIGN_403}, /* without its signature */
    {"PUT", "media/{blob}", 0, FOREIGN_403},
};
enum { EXPECTED = sizeof expected / sizeof *expected };

static struct gateway *gw;
static char *token;                /* of acct-b, a JSON Web Token */
static char *read_key, *write_key; /* of acct-a */

static char *key_of(const char *scopes)
{
    struct run made = run_mediagw("key", "create", "--account", "acct-a", "--scopes", scopes,
                                  "--config", gw->server->config_path, NULL);
    assert_int_equal(made.status, 0);
    return strndup(made.out, strcspn(made.out, "\n"));
}

static int start(void **state)
{
    (void)state;
    gw = gateway_new(keep_text("{\"auth\": {\"jwt\": [%s], \"cookie\": \"session\", \"proxy\": "
                               "{\"from\": [\"127.0.0.1\"], \"account_header\": \"X-Auth-Account\","
                               " \"secret_header\": \"X-Proof\", \"secret\": \"" TOKEN_SECRET
                               "\"}}}",
                               token_issuer(NULL)));
    token = strdup(token_for(NULL, "acct-b", 3000));
    read_key = key_of("read");
    write_key = key_of("write");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(token);
    free(read_key);
    free(write_key);
    return gateway_free(gw);
}

/* A recording of acct-a whose every text would be recognised. */
static json_t *ours(void)
{
    struct form *form = form_new();
    form_field(form, "metadata", "{\"note\": \"" SECRET_WORD "\"}");
    form_field(form, "sessionId", SECRET_WORD);
    form_field(form, "ownerEmail", SECRET_WORD "@example.com");
    form_blob(form, API_VIDEO, body_file("chromium-video-short.webm"));
    form_end(form);
    return api_expect(api_post(gw->client, form, NULL), 201);
}

/* The pattern's target for the recording ROW. */
static char *target_of(const char *pattern, json_t *row)
{
    const char *id = strstr(pattern, "{id}");
    if (id) {
        return keep_text("/%.*s%s%s", (int)(id - pattern), pattern, api_id(row), id + 4);
    }
    if (strstr(pattern, "{blob}")) {
        const char *url = api_url(row);
        return keep_bytes(url, strcspn(url, "?"));
    }
    return keep_text("/%s", pattern);
}

static struct http_answer *ask(const struct expectation *route, json_t *row, const char *headers)
{
    char *target = target_of(route->pattern, row);
    bool upload = strstr(route->pattern, "recordings") != NULL;
    const char *all = upload ? keep_text("Content-Type: video/webm\n%s", headers) : headers;
    bool sends = strcmp(route->method, "POST") == 0 || strcmp(route->method, "PUT") == 0;
    const char *body = !sends ? NULL : strstr(route->pattern, "/direct") ? DIRECT_BODY : "{}";
    return http_send(gw->nobody, route->method, target, all, body, body ? strlen(body) : 0);
}

static void shows_nothing(const struct expectation *route, const struct http_answer *answer)
{
    if (strstr(answer->head, SECRET_WORD) || (answer->body && strstr(answer->body, SECRET_WORD))) {
        fail_msg("%s %s shows another account's row: %s", route->method, route->pattern,
                 answer->body);
    }
    struct body video = body_file("chromium-video-short.webm");
    assert_true(answer->length < video.length ||
                memcmp(answer->body, video.bytes, video.length) != 0);
}

static void status_is(const struct expectation *route, const struct http_answer *answer,
                      long status, const char *who)
{
    if (answer->status != status) {
        fail_msg("%s %s, %s: %ld, not %ld: %s", route->method, route->pattern, who, answer->status,
                 status, answer->body);
    }
}

static void every_route_is_known_here(void **state)
{
    (void)state;
    unsigned count = 0;
    for (; route_table(count).method; count++) {
        struct route_entry route = route_table(count);
        bool known = false;
        for (size_t i = 0; i < EXPECTED; i++) {
            known = known || (strcmp(expected[i].method, route.method) == 0 &&
                              strcmp(expected[i].pattern, route.pattern) == 0 &&
                              expected[i].scope == route.scope);
        }
        if (!known) {
            fail_msg("%s %s (scope %u) is not in this test's table: say what others get from it",
                     route.method, route.pattern, route.scope);
        }
    }
    assert_int_equal(count, EXPECTED);
}

static void nobody_gets_in_without_a_credential(void **state)
{
    (void)state;
    json_t *row = ours();
    for (size_t i = 0; i < EXPECTED; i++) {
        const struct expectation *route = &expected[i];
        struct http_answer *answer = ask(route, row, "X-Account-Id: acct-a");
        bool is_public = route->scope == 0 && route->foreign == FOREIGN_PUBLIC;
        status_is(route, answer, is_public ? 200 : route->scope == 0 ? 403 : 401, "nobody");
        shows_nothing(route, answer);
    }
    api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
}

static void another_account_gets_nothing_of_ours(void **state)
{
    (void)state;
    json_t *row = ours();
    const char *as[] = {
        keep_text("Authorization: Bearer %s", gw->other_token),
        keep_text("X-Api-Key: %s", gw->other_token),
        keep_text("Authorization: Bearer %s", token),
        keep_text("Cookie: session=%s\nSec-Fetch-Site: same-origin", token),
        "X-Auth-Account: acct-b\nX-Proof: " TOKEN_SECRET,
    };
    for (size_t who = 0; who < sizeof as / sizeof *as; who++) {
        for (size_t i = 0; i < EXPECTED; i++) {
            const struct expectation *route = &expected[i];
            struct http_answer *answer = ask(route, row, as[who]);
            shows_nothing(route, answer);
            if (route->foreign == FOREIGN_403) {
                status_is(route, answer, 403, as[who]);
                api_error(answer, 403, "forbidden");
            } else {
                assert_in_range(answer->status, 200, 201);
            }
        }
    }
    json_t *still = api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
    assert_string_equal(api_text(still, "sessionId"), SECRET_WORD);
    assert_string_equal(api_text(still, "status"), "ready");
}

static void a_key_without_the_scope_is_403(void **state)
{
    (void)state;
    json_t *row = ours();
    const char *reads = keep_text("Authorization: Bearer %s", read_key);
    const char *writes = keep_text("Authorization: Bearer %s", write_key);
    for (size_t i = 0; i < EXPECTED; i++) {
        const struct expectation *route = &expected[i];
        if (route->scope == 2) {
            struct http_answer *answer = ask(route, row, reads);
            status_is(route, answer, 403, "a key that reads");
            api_error(answer, 403, "forbidden");
        } else if (route->scope == 1) {
            status_is(route, ask(route, row, writes), 403, "a key that writes");
            assert_in_range(ask(route, row, reads)->status, 200, 201);
        }
    }
    api_expect(http_get(gw->client, api_path(row, ""), NULL), 200);
}

/* Unknown ids, and ids of rows that are gone, tell another account no more than a stranger. */
static void a_deleted_row_is_still_not_anothers(void **state)
{
    (void)state;
    json_t *row = ours();
    api_expect(http_send(gw->client, "DELETE", api_path(row, ""), NULL, NULL, 0), 200);
    const char *as = keep_text("Authorization: Bearer %s", gw->other_token);
    for (size_t i = 0; i < EXPECTED; i++) {
        shows_nothing(&expected[i], ask(&expected[i], row, as));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_route_is_known_here),
        TEST(nobody_gets_in_without_a_credential),
        TEST(another_account_gets_nothing_of_ours),
        TEST(a_key_without_the_scope_is_403),
        TEST(a_deleted_row_is_still_not_anothers),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
