/* SPDX-License-Identifier: Apache-2.0
 *
 * A hundred thousand altered URLs, API keys, tokens, cookies and cursors over kept connections:
 * none is let in, none is a 500, none is answered late. altered [COUNT [SEED]] */
#include "tests/security/change.h"
#include "tests/security/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500, KINDS = 6, LATE_MS = 1000 };

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define VISIBLE WORD "!$'()*+,./:<>?@[]^`{|}~=\\"
#define TARGET VISIBLE "%&%&#\xc3\xbc\x80\xff"

static size_t count = 100000;
static struct change change = {0x6d65646961677701ull};
static struct gateway *gw;

/* What is altered; [0] belongs to acct-a, [1] to acct-b. Live as long as the group. */
static char *urls[2], *keys[2], *tokens[2], *cursors[2];

static char *own(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    return copy;
}

static char *cursor_of(struct http_client *client)
{
    json_t *page = api_expect(http_get(client, "/api/media?limit=1", NULL), 200);
    return own(json_string_value(json_object_get(page, "nextCursor")));
}

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"log\": {\"access\": false}, " TOKEN_CONFIG "}");
    struct http_client *clients[2] = {gw->client, gw->other};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            json_t *answer =
                api_upload(clients[i], API_VIDEO, body_file("chromium-video-short.webm"));
            if (j == 0) {
                urls[i] = own(api_url(answer));
            }
        }
        cursors[i] = cursor_of(clients[i]);
        tokens[i] = own(token_make(i == 0 ? "acct-a" : "acct-b"));
    }
    keys[0] = gw->token;
    keys[1] = gw->other_token;
    keep_release();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        free(urls[i]);
        free(tokens[i]);
        free(cursors[i]);
    }
    return gateway_free(gw);
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* LENGTH bytes of TEXT, percent-decoded. */
static char *decoded(const char *text, size_t length)
{
    char *out = keep_bytes(text, length), *to = out;
    for (size_t i = 0; i < length; i++) {
        bool escape = text[i] == '%' && i + 2 < length && isxdigit((unsigned char)text[i + 1]) &&
                      isxdigit((unsigned char)text[i + 2]);
        *to++ = (char)(escape ? hex(text[i + 1]) * 16 + hex(text[i + 2]) : text[i]);
        i += escape ? 2 : 0;
    }
    *to = '\0';
    return out;
}

/* What a target says: its path and what is signed, in one order and spelling. Two targets that say
 * the same may both be honoured. */
static char *meaning(const char *target)
{
    static const char *const names[] = {"expires", "kid", "disposition", "filename", "sig"};
    size_t length = strcspn(target, "?");
    char *text = decoded(target, length);
    const char *query = target[length] ? target + length + 1 : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (const char *at = query; *at;) {
            size_t end = strcspn(at, "&"), name = strcspn(at, "=&");
            size_t value = name < end ? name + 1 : end;
            if (strcmp(decoded(at, name), names[i]) == 0) {
                text = keep_text("%s\n%s=%s", text, names[i], decoded(at + value, end - value));
            }
            at += end + (at[end] == '&');
        }
    }
    return text;
}

/* An altered request of KIND; NULL where it says the same as a good one. */
static char *altered_request(size_t kind)
{
    static const char head[] = " HTTP/1.1\r\nHost: localhost\r\n";
    size_t mine = change_number(&change, 2);
    char *const *from = kind == 0 ? urls : kind <= 2 ? keys : kind <= 4 ? tokens : cursors;
    const char *alphabet = kind == 0   ? TARGET
                           : kind == 4 ? WORD "."
                           : kind == 5 ? WORD "=.,"
                                       : VISIBLE;
    char *text = change_text(&change, from[mine], from[!mine], alphabet);
    if (strcmp(text, from[0]) == 0 || strcmp(text, from[1]) == 0) {
        return NULL;
    }
    switch (kind) {
    case 0:
        if (strcmp(meaning(text), meaning(urls[0])) == 0 ||
            strcmp(meaning(text), meaning(urls[1])) == 0) {
            return NULL;
        }
        return keep_text("GET %s%s\r\n", text, head);
    case 1:
    case 3:
        return keep_text("GET /api/media%sAuthorization: Bearer %s\r\n\r\n", head, text);
    case 2:
        return keep_text("GET /api/media%sX-Api-Key: %s\r\n\r\n", head, text);
    case 4:
        return keep_text("GET /api/media%sCookie: a=1; session=%s; b=2\r\n\r\n", head, text);
    default:
        return keep_text("GET /api/media?limit=1&cursor=%s%sAuthorization: Bearer %s\r\n\r\n", text,
                         head, keys[0]);
    }
}

struct tally {
    size_t asked, connections;
    size_t status[600];
    int64_t slowest_ms;
};

/* Sends and judges up to BATCH altered requests over as few connections as the gateway lets. */
static void ask_batch(struct tally *tally)
{
    struct raw *raw = NULL;
    for (size_t i = 0; i < BATCH && tally->asked < count; i++) {
        size_t kind = tally->asked % KINDS;
        char *request = altered_request(kind);
        if (!request) {
            continue;
        }
        if (!raw) {
            raw = raw_open(gw->server);
            tally->connections++;
        }
        int64_t begun = wait_now_ms();
        raw_send(raw, request, strlen(request));
        struct http_answer *answer = raw_read(raw);
        int64_t took = wait_now_ms() - begun;
        tally->slowest_ms = took > tally->slowest_ms ? took : tally->slowest_ms;
        tally->asked++;
        if (answer->status < 400 || answer->status >= 500 || took > LATE_MS * slowness()) {
            fail_msg("%ld after %lld ms to:\n%s\n%s", answer->status, (long long)took, request,
                     answer->body);
        }
        tally->status[answer->status]++;
        const char *connection = http_header(answer, "Connection");
        if (connection && strcasecmp(connection, "close") == 0) {
            raw_close(raw);
            raw = NULL;
        }
    }
    keep_release();
}

static void altered_urls_keys_tokens_cookies_and_cursors_open_nothing(void **state)
{
    (void)state;
    struct tally tally = {0};
    int64_t begun = wait_now_ms();
    while (tally.asked < count) {
        ask_batch(&tally);
    }
    print_message("%zu altered over %zu connections in %lld ms, the slowest %lld ms;", tally.asked,
                  tally.connections, (long long)(wait_now_ms() - begun),
                  (long long)tally.slowest_ms);
    for (size_t i = 0; i < 600; i++) {
        if (tally.status[i] > 0) {
            print_message(" %zu x %zu", i, tally.status[i]);
        }
    }
    print_message("\n");
    assert_true(tally.connections < tally.asked / 4);
}

static void the_unaltered_ones_still_hold(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(http_get(gw->nobody, urls[i], NULL)->status, 200);
        const char *bearer = keep_text("Authorization: Bearer %s", tokens[i]);
        api_expect(http_get(gw->nobody, "/api/media", bearer), 200);
        api_expect(http_get(gw->nobody, "/api/media", keep_text("X-Api-Key: %s", keys[i])), 200);
        api_expect(http_get(gw->nobody, "/api/media", keep_text("Cookie: session=%s", tokens[i])),
                   200);
        api_expect(http_get(i == 0 ? gw->client : gw->other,
                            keep_text("/api/media?limit=1&cursor=%s", cursors[i]), NULL),
                   200);
    }
}

int main(int argc, char **argv)
{
    count = argc > 1 ? strtoul(argv[1], NULL, 10) : count;
    change.state = argc > 2 ? strtoull(argv[2], NULL, 0) : change.state;
    const struct CMUnitTest tests[] = {
        TEST(altered_urls_keys_tokens_cookies_and_cursors_open_nothing),
        TEST(the_unaltered_ones_still_hold),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
