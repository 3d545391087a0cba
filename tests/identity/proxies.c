/* SPDX-License-Identifier: Apache-2.0
 *
 * Proxies in front of the gateway: what a trusted one says of address and URL, and what one that
 * proves itself says of the account. The two are apart. */
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <string.h>

#define PROOF "a secret of the tests' proxy, 32 bytes and more"
#define PROXY(from)                                                                                \
    "{\"trusted_proxies\": [\"" from "\", \"10.1.0.0/16\"], \"limits\": "                          \
    "{\"connections_per_address\": 2}, \"auth\": {\"proxy\": {\"from\": [\"" from "\"],"           \
    "\"account_header\": \"X-Auth-Account\", \"secret_header\": \"X-Proof\", \"secret\": \"" PROOF \
    "\"}}}"

static struct gateway *gw;       /* 127.0.0.1 is its proxy */
static struct gateway *stranger; /* 127.0.0.1 is nobody */

static int start(void **state)
{
    (void)state;
    gw = gateway_new(PROXY("127.0.0.1"));
    stranger = gateway_new(PROXY("10.9.9.9"));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = gateway_free(stranger);
    return gateway_free(gw) || status;
}

static void a_proxy_must_prove_itself(void **state)
{
    (void)state;
    const struct {
        const char *headers;
        long status;
    } cases[] = {
        {"X-Auth-Account: acct-a\nX-Proof: " PROOF, 200},
        {"x-auth-account: acct-a\nx-proof: " PROOF, 200},
        {"X-Auth-Account: acct-a", 401},
        {"X-Auth-Account: acct-a\nX-Proof;", 401},
        {"X-Auth-Account: acct-a\nX-Proof: " PROOF "x", 401},
        {"X-Auth-Account: acct-a\nX-Proof: a secret of the tests' proxy, 32 bytes and morE", 401},
        {"X-Auth-Account: acct-a\nX-Proof: a", 401},
        {"X-Proof: " PROOF, 401},
        {"X-Auth-Account: a b\nX-Proof: " PROOF, 401},
        {"X-Auth-Account: a/b\nX-Proof: " PROOF, 401},
        {"X-Auth-Account;\nX-Proof: " PROOF, 401},
        {"X-Auth-Account: acct-a\nX-Auth-Account: acct-b\nX-Proof: " PROOF, 400},
        {"X-Auth-Account: acct-a\nX-Proof: x\nX-Proof: " PROOF, 400},
        {"X-Account-Id: acct-a\nX-Proof: " PROOF, 401},
        {keep_text("X-Auth-Account: acct-a\nX-Proof: " PROOF "\nX-Api-Key: %s", gw->token), 200},
        {keep_text("X-Auth-Account: acct-a\nX-Proof: " PROOF "\nX-Api-Key: %s", gw->other_token),
         401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer *answer = http_get(gw->nobody, "/api/media", cases[i].headers);
        if (answer->status != cases[i].status) {
            fail_msg("case %zu: %ld, not %ld: %s", i, answer->status, cases[i].status,
                     answer->body);
        }
    }
    json_t *row = api_expect(api_post_raw(gw->nobody, "", API_VIDEO, body_random(1, 100),
                                          "X-Auth-Account: acct-a\nX-Proof: " PROOF),
                             201);
    assert_string_equal(api_text(row, "accountId"), "acct-a");
}

static void a_strangers_account_header_is_no_credential(void **state)
{
    (void)state;
    static const char *const claims[] = {
        "X-Auth-Account: acct-b\nX-Proof: " PROOF,
        "X-Auth-Account: acct-b\nX-Proof: " PROOF "\nX-Forwarded-For: 10.9.9.9",
        "X-Auth-Account: acct-b\nX-Proof: " PROOF "\nForwarded: for=10.9.9.9;by=10.9.9.9",
    };
    for (size_t i = 0; i < 3; i++) {
        api_error(http_get(stranger->nobody, "/api/media", claims[i]), 401, "unauthorized");
        json_t *row = api_expect(
            api_post_raw(stranger->client, "", API_VIDEO, body_random(1, 100), claims[i]), 201);
        assert_string_equal(api_text(row, "accountId"), "acct-a");
    }
}

/* A trusted proxy that names an account with a client's address is still to prove itself. */
static void trust_in_addresses_is_no_trust_in_accounts(void **state)
{
    (void)state;
    api_error(
        http_get(gw->nobody, "/api/media", "X-Auth-Account: acct-a\nX-Forwarded-For: 127.0.0.1"),
        401, "unauthorized");
}

static const char *url_under(struct gateway *gateway, const char *headers)
{
    json_t *row = api_upload(gateway->client, API_VIDEO, body_random(1, 100));
    json_t *again = api_expect(http_get(gateway->client, api_path(row, ""), headers), 200);
    return json_string_value(json_object_get(again, "signedUrl"));
}

static void begins(const char *url, const char *start)
{
    if (strncmp(url, start, strlen(start)) != 0) {
        fail_msg("%s does not begin with %s", url, start);
    }
}

static void a_trusted_proxy_tells_the_url(void **state)
{
    (void)state;
    const char *plain = keep_text("http://127.0.0.1:%u/media/", gw->server->port);
    begins(url_under(gw, NULL), plain);
    begins(url_under(gw, "X-Forwarded-Proto: https\nX-Forwarded-Host: media.example.com"),
           "https://media.example.com/media/");
    begins(url_under(gw, "X-Forwarded-Host: media.example.com:8443"),
           "http://media.example.com:8443/media/");
    begins(url_under(gw, "Forwarded: for=192.0.2.1;proto=https;host=media.example.com"),
           "https://media.example.com/media/");
    begins(url_under(gw, "X-Forwarded-Host: evil\"><script>"), plain);
    const char *other = keep_text("http://127.0.0.1:%u/media/", stranger->server->port);
    begins(url_under(stranger, "X-Forwarded-Proto: https\nX-Forwarded-Host: evil.example"), other);
    begins(url_under(stranger, "Forwarded: proto=https;host=evil.example"), other);
}

/* The log's line of the request with this id. */
static const char *line_of(struct gateway *gateway, const char *id)
{
    char *log = server_log(gateway->server);
    const char *at = strstr(log, keep_text("request=%s ", id));
    return at ? keep_bytes(at, strcspn(at, "\n")) : "";
}

struct wanted {
    struct gateway *gateway;
    const char *id, *text;
};

static bool is_logged(void *ctx)
{
    const struct wanted *wanted = ctx;
    return strstr(line_of(wanted->gateway, wanted->id), wanted->text) != NULL;
}

static void logs(struct gateway *gateway, const char *id, const char *headers, const char *text)
{
    http_get(gateway->client, "/api/media", keep_text("X-Request-Id: %s\n%s", id, headers));
    struct wanted wanted = {gateway, id, text};
    if (!wait_for(is_logged, &wanted, 10000)) {
        fail_msg("not in the log: %s: %s", text, line_of(gateway, id));
    }
}

static void the_log_names_the_client_that_a_trusted_proxy_tells(void **state)
{
    (void)state;
    logs(gw, "r1", "X-Forwarded-For: 192.0.2.7", "client=192.0.2.7 proxy=127.0.0.1:");
    logs(gw, "r2", "X-Forwarded-For: 198.51.100.1, 192.0.2.7", "client=192.0.2.7 ");
    logs(gw, "r3", "X-Forwarded-For: 192.0.2.7, 10.1.2.3", "client=192.0.2.7 ");
    logs(gw, "r4", "Forwarded: for=\"[2001:db8::1]:4711\"", "client=2001:db8::1 ");
    logs(gw, "r5", "X-Forwarded-For: nonsense", "client=127.0.0.1:");
    logs(stranger, "r6", "X-Forwarded-For: 192.0.2.7", "client=127.0.0.1:");
}

static struct raw *slow_upload(struct gateway *gateway, const char *client)
{
    struct raw *raw = raw_open(gateway->server);
    raw_text(raw,
             "POST " API_RECORDINGS " HTTP/1.1\r\nHost: x\r\nContent-Type: video/webm\r\n"
             "Authorization: Bearer %s\r\nX-Forwarded-For: %s\r\nContent-Length: 2000\r\n\r\n1234",
             gateway->token, client);
    wait_ms(200);
    return raw;
}

static void the_limit_per_address_is_the_clients_behind_a_proxy(void **state)
{
    (void)state;
    struct raw *slow[] = {slow_upload(gw, "192.0.2.7"), slow_upload(gw, "192.0.2.7"),
                          slow_upload(gw, "192.0.2.8"), slow_upload(gw, "192.0.2.8")};
    struct http_answer *refused = http_get(gw->client, "/api/media", "X-Forwarded-For: 192.0.2.7");
    api_error(refused, 429, "too_many_requests");
    assert_non_null(http_header(refused, "Retry-After"));
    api_expect(http_get(gw->client, "/api/media", "X-Forwarded-For: 192.0.2.9"), 200);
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
    raw_close(slow[0]);
    raw_close(slow[1]);
    for (int i = 0; i < 100; i++) {
        if (http_get(gw->client, "/api/media", "X-Forwarded-For: 192.0.2.7")->status == 200) {
            break;
        }
        wait_ms(100);
    }
    api_expect(http_get(gw->client, "/api/media", "X-Forwarded-For: 192.0.2.7"), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proxy_must_prove_itself),
        TEST(a_strangers_account_header_is_no_credential),
        TEST(trust_in_addresses_is_no_trust_in_accounts),
        TEST(a_trusted_proxy_tells_the_url),
        TEST(the_log_names_the_client_that_a_trusted_proxy_tells),
        TEST(the_limit_per_address_is_the_clients_behind_a_proxy),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
