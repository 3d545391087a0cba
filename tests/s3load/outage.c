/* SPDX-License-Identifier: Apache-2.0
 *
 * `outage SCRIPT DIR [SECONDS]`: S3 is stopped and started again, twice, while clients upload and
 * read; SCRIPT DIR is the server's (tests/s3). No acknowledged recording is lost, by SHA-256;
 * meanwhile clients see 503 with Retry-After, 504 or a cut connection, nothing else; afterwards the
 * gateway is ready and no row stays `uploading`. SECONDS: of load between two changes. */
#include "tests/s3load/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/objects.h"
#include "tests/support/scratch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)
enum { CLIENTS = 6, RECORDINGS_MAX = 20000, OUTAGES = 2, PATIENCE_MS = 60000 };

struct recording {
    uint64_t seed;
    size_t length;
    char *url;
};

struct client {
    pthread_t thread;
    struct http_client *http;
    uint64_t random;
};

static const char *script, *folder;
static int64_t load_ms = 2000;
static struct kit *kit;
static struct client clients[CLIENTS];
static atomic_bool over;
static atomic_size_t wrong, excused, reads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct recording kept[RECORDINGS_MAX]; /* under lock: kept_count */
static size_t kept_count;

static int start(void **state)
{
    (void)state;
    /* short patience: that both a retry's success and its end are seen */
    kit = kit_new("{\"storage\": {\"retry_deadline\": \"1s\"}}");
    return 0;
}

static void server_script(const char *action)
{
    struct run run = run_command((const char *const[]){script, action, folder, NULL});
    if (run.status != 0) {
        fail_msg("%s %s %s: exit %d: %s%s", script, action, folder, run.status, run.out, run.err);
    }
}

static int stop(void **state)
{
    (void)state;
    server_script("--start"); /* where a test has failed in between */
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i].url);
    }
    return kit_free(kit);
}

/* ---- The load ---- */

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 24;
}

static void judge(const char *what, const struct http_answer *answer)
{
    bool again = answer->status == 503 && http_header(answer, "Retry-After");
    if (answer->status == 0 || again || answer->status == 504) {
        atomic_fetch_add(&excused, 1);
        wait_ms(20);
        return;
    }
    atomic_fetch_add(&wrong, 1);
    fprintf(stderr, "%s: %ld %s%s\n", what, answer->status, answer->head,
            answer->body ? answer->body : "");
}

static size_t some_length(uint64_t random)
{
    switch (random % 10) {
    case 0:
        return 11 * MIB + random / 10 % (4 * MIB);
    case 1:
    case 2:
        return MIB + random / 10 % MIB;
    default:
        return 1000 + random / 10 % 200000;
    }
}

static void create(struct client *client)
{
    struct http_stream stream = {.seed = next(&client->random)};
    stream.length = some_length(next(&client->random));
    stream.chunked = stream.seed % 4 == 0;
    struct http_answer *answer =
        http_send_stream(client->http, "POST", API_RECORDINGS "?durationMs=5",
                         "Content-Type: video/webm\nExpect:", &stream);
    if (answer->status != 201) {
        judge("create", answer);
        return;
    }
    json_t *json = json_loadb(answer->body, answer->length, 0, NULL);
    const char *url = json_string_value(json_object_get(json, "signedUrl"));
    const char *path = url ? strstr(url, "/media/") : NULL;
    if (!path) {
        judge("create", answer);
    }
    pthread_mutex_lock(&lock);
    if (path && kept_count < RECORDINGS_MAX) {
        kept[kept_count++] = (struct recording){stream.seed, (size_t)stream.length, strdup(path)};
    }
    pthread_mutex_unlock(&lock);
    json_decref(json);
}

static void read_one(struct client *client)
{
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    pthread_mutex_lock(&lock);
    size_t count = kept_count;
    struct recording recording = count ? kept[next(&client->random) % count] : kept[0];
    pthread_mutex_unlock(&lock);
    if (count == 0) {
        return;
    }
    struct http_answer *answer = http_get_checksum(client->http, recording.url, got);
    body_stream_checksum(recording.seed, recording.length, expected);
    if (answer->status != 200) {
        judge("read", answer);
    } else if (strcmp(expected, got) != 0) {
        judge("read, other bytes", answer);
    } else {
        atomic_fetch_add(&reads, 1);
    }
}

static void *work(void *ctx)
{
    struct client *client = ctx;
    while (!atomic_load(&over)) {
        if (next(&client->random) % 3) {
            create(client);
        } else {
            read_one(client);
        }
    }
    return NULL;
}

static void load_start(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].random = 1000003 * (i + 1);
        clients[i].http = http_new(kit->gateway->server, kit->gateway->token);
        assert_int_equal(pthread_create(&clients[i].thread, NULL, work, &clients[i]), 0);
    }
}

static void load_stop(void)
{
    atomic_store(&over, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        http_free(clients[i].http);
    }
}

/* ---- The outages ---- */

static bool is_ready(void *ctx)
{
    (void)ctx;
    return http_get(kit->gateway->nobody, "/readyz", NULL)->status == 200;
}

static bool is_not_ready(void *ctx)
{
    (void)ctx;
    return http_get(kit->gateway->nobody, "/readyz", NULL)->status == 503;
}

static size_t acknowledged(void)
{
    pthread_mutex_lock(&lock);
    size_t count = kept_count;
    pthread_mutex_unlock(&lock);
    return count;
}

static bool more_were_acknowledged(void *ctx)
{
    return acknowledged() > *(size_t *)ctx + CLIENTS;
}

static struct http_answer *upload(void)
{
    return api_post_raw(kit->gateway->client, "", API_VIDEO, body_random(7, 1000), NULL);
}

static void outage(void)
{
    size_t before = acknowledged();
    wait_ms(load_ms);
    assert_true(wait_for(more_were_acknowledged, &before, PATIENCE_MS));
    server_script("--stop");
    assert_true(wait_for(is_not_ready, NULL, PATIENCE_MS));
    struct http_answer *refused = upload();
    api_error(refused, 503, NULL);
    assert_non_null(http_header(refused, "Retry-After"));
    wait_ms(load_ms);
    server_script("--start");
    assert_true(wait_for(is_ready, NULL, PATIENCE_MS));
    before = acknowledged();
    assert_true(wait_for(more_were_acknowledged, &before, PATIENCE_MS));
}

static void clients_see_503_and_then_all_is_well(void **state)
{
    (void)state;
    load_start();
    for (int i = 0; i < OUTAGES; i++) {
        outage();
    }
    load_stop();
    print_message("%zu acknowledged, %zu reads, %zu refused or cut, %zu wrong\n", kept_count,
                  atomic_load(&reads), atomic_load(&excused), atomic_load(&wrong));
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(atomic_load(&excused) > 0);
    api_expect(upload(), 201);
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    assert_true(kept_count > 0);
    for (size_t i = 0; i < kept_count; i++) {
        char expected[SHA256_TEXT], got[SHA256_TEXT];
        struct http_answer *answer = http_get_checksum(kit->gateway->nobody, kept[i].url, got);
        body_stream_checksum(kept[i].seed, kept[i].length, expected);
        if (answer->status != 200 || strcmp(expected, got) != 0) {
            fail_msg("%s (%zu bytes) is lost: %ld, %s instead of %s", kept[i].url, kept[i].length,
                     answer->status, got, expected);
        }
    }
}

static void no_row_stays_uploading_and_each_ready_one_is_whole(void **state)
{
    (void)state;
    assert_true(rows_settle(kit->gateway->rows, 90000));
    assert_true(kit_rows_are_whole(kit) >= kept_count);
}

static void a_sweep_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(server_stop(kit->gateway->server), 0);
    kit_sweep(kit);
    assert_int_equal(kit_notes(kit), 0);
    assert_int_equal(objects_uploads(kit->storage), 0);
    assert_int_equal(scratch_count_files(kit->spool), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_see_503_and_then_all_is_well),
        TEST(nothing_acknowledged_is_lost),
        TEST(no_row_stays_uploading_and_each_ready_one_is_whole),
        TEST(a_sweep_leaves_nothing),
    };
    if (argc < 3) {
        fprintf(stderr, "usage: outage SCRIPT DIR [SECONDS]\n");
        return 2;
    }
    script = argv[1];
    folder = argv[2];
    load_ms = argc > 3 ? 1000 * strtol(argv[3], NULL, 10) : load_ms;
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
