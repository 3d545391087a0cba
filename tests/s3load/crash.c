/* SPDX-License-Identifier: Apache-2.0
 *
 * `crash ROUNDS [SEED]`: the gateway is killed with -9 in the middle of multipart uploads to S3 and
 * started again, ROUNDS times. What was acknowledged is whole, by SHA-256; no row stays
 * `uploading`, no object is there that no row knows; and after a sweep no multipart upload, no note
 * of one, no file in the spool folder. */
#include "tests/s3load/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/objects.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIB ((size_t)1 << 20)
enum { CLIENTS = 4, RECORDINGS_MAX = 2000 };

struct recording {
    uint64_t seed;
    size_t length;
    char *url;
};

struct upload {
    struct raw *raw;
    uint64_t seed;
    struct body body;
    size_t sent;
    bool chunked;
};

static unsigned rounds = 4;
static uint64_t seed;
static struct kit *kit;
static struct recording kept[RECORDINGS_MAX];
static size_t kept_count;
static char *keys[RECORDINGS_MAX]; /* of uploads that were cut */
static size_t key_count;

static uint64_t next(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 24;
}

static int start(void **state)
{
    (void)state;
    kit = kit_new("{\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < kept_count; i++) {
        free(kept[i].url);
    }
    for (size_t i = 0; i < key_count; i++) {
        free(keys[i]);
    }
    return kit_free(kit);
}

/* ---- Uploads ---- */

static void open_upload(struct upload *upload, bool chunked)
{
    /* of unknown length: beyond the larger part that such a one has */
    size_t length = (chunked ? 22 : 20) * MIB + next() % (8 * MIB);
    *upload = (struct upload){.seed = next(), .chunked = chunked};
    upload->raw = raw_open(kit->gateway->server);
    upload->body = body_random(upload->seed, length);
    raw_text(upload->raw,
             "POST " API_RECORDINGS "?durationMs=5 HTTP/1.1\r\nHost: x\r\n"
             "Authorization: Bearer %s\r\nContent-Type: video/webm\r\n",
             kit->gateway->token);
    if (chunked) {
        raw_text(upload->raw, "Transfer-Encoding: chunked\r\n\r\n");
    } else {
        raw_text(upload->raw, "Content-Length: %zu\r\n\r\n", length);
    }
}

static void send_more(struct upload *upload, size_t until)
{
    until = until < upload->body.length ? until : upload->body.length;
    size_t length = until - upload->sent;
    if (length == 0) {
        return;
    }
    if (upload->chunked) {
        raw_text(upload->raw, "%zx\r\n", length);
    }
    raw_send(upload->raw, (const char *)upload->body.bytes + upload->sent, length);
    if (upload->chunked) {
        raw_text(upload->raw, until == upload->body.length ? "\r\n0\r\n\r\n" : "\r\n");
    }
    upload->sent = until;
}

static void keep_recording(const struct upload *upload, const struct http_answer *answer)
{
    assert_true(kept_count < RECORDINGS_MAX);
    kept[kept_count++] =
        (struct recording){upload->seed, upload->body.length, strdup(kit_url(answer))};
}

static void is_what_was_sent(const struct recording *recording)
{
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    struct http_answer *answer = http_get_checksum(kit->gateway->nobody, recording->url, got);
    body_stream_checksum(recording->seed, recording->length, expected);
    if (answer->status != 200 || strcmp(expected, got) != 0) {
        fail_msg("%s (%zu bytes) is lost: %ld, %s instead of %s", recording->url, recording->length,
                 answer->status, got, expected);
    }
}

/* ---- Rounds ---- */

static bool are_under_way(void *ctx)
{
    return kit_notes(kit) >= *(size_t *)ctx + CLIENTS;
}

static void keep_key(void *ctx, const char *id, const char *key, const char *checksum)
{
    (void)ctx;
    (void)id;
    (void)checksum;
    for (size_t i = 0; i < key_count; i++) {
        if (strcmp(keys[i], key) == 0) {
            return; /* of a round before, its lease still runs */
        }
    }
    assert_true(key_count < RECORDINGS_MAX);
    keys[key_count++] = strdup(key);
}

/* All uploads a mebibyte further, and so on; where not TO_THE_END, until some parts are sent and
 * one is half full. */
static void send_all(struct upload uploads[CLIENTS], bool to_the_end)
{
    size_t cut = (12 + next() % 7) * MIB;
    for (size_t at = MIB; at <= 30 * MIB; at += MIB) {
        for (size_t i = 0; i < CLIENTS; i++) {
            size_t most = to_the_end ? 30 * MIB : uploads[i].chunked ? 21 * MIB : cut;
            send_more(&uploads[i], at < most ? at : most);
        }
    }
}

/* Killed while several parts of each upload are under way; in every third round while the last
 * ones are, or the uploads are being completed. */
static void kill_round(unsigned round)
{
    struct upload uploads[CLIENTS];
    size_t before = kit_notes(kit);
    bool to_the_end = round % 3 == 2;
    for (size_t i = 0; i < CLIENTS; i++) {
        open_upload(&uploads[i], i == CLIENTS - 1);
    }
    send_all(uploads, to_the_end);
    if (to_the_end) {
        wait_ms((int64_t)(next() % 400) * slowness());
    } else {
        assert_true(wait_for(are_under_way, &before, 60000));
    }
    server_kill(kit->gateway->server);
    rows_each(kit->gateway->rows, "uploading", keep_key, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct http_answer *answer = raw_read(uploads[i].raw);
        if (answer->status != 0) {
            keep_recording(&uploads[i], answer);
        }
    }
}

/* One that nobody disturbs. */
static void upload_one(void)
{
    struct upload upload;
    open_upload(&upload, next() % 2);
    send_more(&upload, upload.body.length);
    keep_recording(&upload, raw_read(upload.raw));
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        upload_one();
        kill_round(round);
        server_start(kit->gateway->server);
        gateway_follow(kit->gateway);
        for (size_t i = kept_count < 5 ? 0 : kept_count - 5; i < kept_count; i++) {
            is_what_was_sent(&kept[i]);
        }
        keep_release();
    }
    for (size_t i = 0; i < kept_count; i++) {
        is_what_was_sent(&kept[i]);
    }
    print_message("%u rounds: %zu acknowledged, %zu cut\n", rounds, kept_count, key_count);
    assert_true(key_count >= CLIENTS);
}

static void no_row_stays_uploading_and_each_ready_one_is_whole(void **state)
{
    (void)state;
    assert_true(rows_settle(kit->gateway->rows, 60000));
    assert_true(kit_rows_are_whole(kit) >= kept_count);
}

static void no_object_is_left_that_no_row_knows(void **state)
{
    (void)state;
    assert_true(kit_has_no_orphans(kit));
}

static size_t count_uploads(void)
{
    size_t count = 0;
    for (size_t i = 0; i < key_count; i++) {
        count += objects_uploads_of(kit->storage, keep_text("media-recordings/%s", keys[i]));
    }
    return count;
}

static void a_sweep_leaves_no_multipart_upload(void **state)
{
    (void)state;
    assert_int_equal(server_stop(kit->gateway->server), 0);
    size_t notes = kit_notes(kit), uploads = count_uploads();
    print_message("left by the kills: %zu notes, %zu multipart uploads\n", notes, uploads);
    assert_true(notes >= CLIENTS && uploads >= CLIENTS);
    kit_sweep(kit);
    assert_int_equal(kit_notes(kit), 0);
    assert_int_equal(count_uploads(), 0);
    assert_int_equal(objects_uploads(kit->storage), 0);
    assert_true(kit_has_no_orphans(kit));
}

static void no_file_is_left_in_the_spool_folder(void **state)
{
    (void)state;
    assert_int_equal(scratch_count_files(kit->spool), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_acknowledged_is_lost),
        TEST(no_row_stays_uploading_and_each_ready_one_is_whole),
        TEST(no_object_is_left_that_no_row_knows),
        TEST(a_sweep_leaves_no_multipart_upload),
        TEST(no_file_is_left_in_the_spool_folder),
    };
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : rounds;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
