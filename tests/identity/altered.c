/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed URLs, tokens, cookies and cursors, altered by a seeded generator: none opens anything,
 * none is an error of the gateway's own, none keeps it busy for a second. The first argument is how
 * many of each. */
#include "tests/identity/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

static struct gateway *gw;
static struct token_key *rsa, *ec;
static long rounds = 25000;
static uint64_t seed = 20261123;

static uint64_t next(uint64_t below)
{
    seed ^= seed << 13; /* xorshift64 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static int start(void **state)
{
    (void)state;
    rsa = token_key_new(TOKEN_RS256);
    ec = token_key_new(TOKEN_ES256);
    gw = gateway_new(keep_text("{\"log\": {\"access\": false}, \"auth\": "
                               "{\"jwt\": [%s, %s, %s], \"cookie\": \"session\"}}",
                               token_issuer(NULL), token_issuer(rsa), token_issuer(ec)));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    token_key_free(rsa);
    token_key_free(ec);
    return gateway_free(gw);
}

/* TEXT with one to three changes from its FIRST character on, none of which leaves it as it was; to
 * be freed. The characters are those of base64url and what stands between them, so that all of it
 * arrives. */
static char *alter(const char *text, size_t first)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=&";
    char *copy = malloc(strlen(text) + 8);
    assert_non_null(copy);
    do {
        strcpy(copy, text);
        for (uint64_t changes = 1 + next(3); changes > 0; changes--) {
            size_t length = strlen(copy);
            if (length <= first + 1) {
                break;
            }
            size_t at = first + (size_t)next(length - first);
            switch (next(8)) {
            case 0: /* one less */
                memmove(copy + at, copy + at + 1, length - at);
                break;
            case 1: /* one twice */
                memmove(copy + at + 1, copy + at, length - at + 1);
                break;
            case 2: /* cut off */
                copy[at] = '\0';
                break;
            case 3: /* two change places */
            {
                size_t other = first + (size_t)next(length - first);
                char kept = copy[at];
                copy[at] = copy[other];
                copy[other] = kept;
                break;
            }
            case 4: /* the last one */
                copy[length - 1] = letters[next(sizeof letters - 1)];
                break;
            default:
                copy[at] = letters[next(sizeof letters - 1)];
            }
        }
        /* An empty parameter more is the same query. */
    } while (!copy[0] || strcmp(copy, text) == 0 || strstr(copy, "&&") || strstr(copy, "?&") ||
             copy[strlen(copy) - 1] == '&');
    return copy;
}

/* What every altered thing gets. */
static void is_refused(const struct http_answer *answer, int64_t began, const char *what)
{
    if (answer->status < 400 || answer->status > 499) {
        fail_msg("%s: %ld %.200s", what, answer->status, answer->body ? answer->body : "");
    }
    if (wait_now_ms() - began > 1000 * slowness()) {
        fail_msg("%s: took %lld ms", what, (long long)(wait_now_ms() - began));
    }
}

/* Asks for each alteration of TEXT; as a header of NAME, or as the target where that is NULL. */
static void refuses_all(const char *text, size_t first, const char *name, const char *target,
                        long count)
{
    char *original = strdup(text);
    for (long i = 0; i < count; i++) {
        char *altered = alter(original, first);
        int64_t began = wait_now_ms();
        const char *headers = name ? keep_text("%s%s", name, altered) : NULL;
        const char *to = name ? target : keep_text("%s%s", target, altered);
        struct http_client *as = strstr(target, "cursor=") ? gw->client : gw->nobody;
        is_refused(http_get(as, to, headers), began, altered);
        free(altered);
        keep_release();
    }
    free(original);
}

static void altered_urls_open_nothing(void **state)
{
    (void)state;
    json_t *row = api_upload(gw->client, API_VIDEO, body_random(1, 1000));
    char *url = keep_text("%s", api_url(row));
    assert_int_equal(http_get(gw->nobody, url, NULL)->status, 200);
    refuses_all(url, 1, NULL, "", rounds);
}

static void altered_tokens_open_nothing(void **state)
{
    (void)state;
    const struct token_key *keys[] = {NULL, rsa, ec};
    for (size_t i = 0; i < 3; i++) {
        char *token = token_for(keys[i], "acct-a", 3600);
        assert_int_equal(
            http_get(gw->nobody, "/api/media", keep_text("Authorization: Bearer %s", token))
                ->status,
            200);
        refuses_all(token, 0, "Authorization: Bearer ", "/api/media", rounds / 3);
    }
}

static void altered_cookies_open_nothing(void **state)
{
    (void)state;
    const struct token_key *keys[] = {NULL, rsa, ec};
    for (size_t i = 0; i < 3; i++) {
        char *token = token_for(keys[i], "acct-a", 3600);
        assert_int_equal(
            http_get(gw->nobody, "/api/media", keep_text("Cookie: session=%s", token))->status,
            200);
        refuses_all(token, 0, "Cookie: session=", "/api/media", rounds / 3);
    }
}

static void altered_cursors_open_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        api_upload(gw->client, API_VIDEO, body_random((uint64_t)i, 100));
    }
    json_t *page = api_expect(http_get(gw->client, "/api/media?limit=1", NULL), 200);
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    assert_non_null(cursor);
    api_expect(http_get(gw->client, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL), 200);
    refuses_all(cursor, 0, NULL, "/api/media?limit=1&cursor=", rounds);
}

static void altered_keys_open_nothing(void **state)
{
    (void)state;
    refuses_all(gw->token, 0, "Authorization: Bearer ", "/api/media", rounds / 10);
    refuses_all(gw->token, 0, "X-Api-Key: ", "/api/media", rounds / 10);
    api_expect(http_get(gw->client, "/api/media", NULL), 200);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(altered_urls_open_nothing),    TEST(altered_tokens_open_nothing),
        TEST(altered_cookies_open_nothing), TEST(altered_cursors_open_nothing),
        TEST(altered_keys_open_nothing),
    };
    if (argc > 1) {
        rounds = strtol(argv[1], NULL, 10);
    }
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
