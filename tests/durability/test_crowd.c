/* SPDX-License-Identifier: Apache-2.0
 *
 * Many creates at once share a commit; the disk fails in the middle of it. Rows are made large, so
 * that SQLite writes pages before the commit, and a failure (SQLITE_FULL, SQLITE_IOERR) comes
 * between two requests of one batch. Also short writes, and failures while a bucket is made. */
#include "tests/durability/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 32, CREATES = 4, METADATA = 60000, LENGTH = 3000 };

static struct rig *rig;
static struct ledger *ledger;
static uint64_t seed;

struct client {
    pthread_t thread;
    struct http_client *http;
    uint64_t seed;
    char *metadata;
    struct {
        long status;
        struct body body;
        char *id; /* NULL: refused */
    } made[CREATES];
};

static void *creates(void *ctx)
{
    struct client *client = ctx;
    for (int i = 0; i < CREATES; i++) {
        struct form *form = form_new();
        struct body body = body_random(client->seed + (uint64_t)i, LENGTH);
        form_field(form, "durationMs", "1000");
        form_field(form, "metadata", client->metadata);
        form_blob(form, "video/webm", body);
        form_end(form);
        struct http_answer *answer =
            http_send(client->http, "POST", API_RECORDINGS, "Content-Type: " FORM_TYPE, form->bytes,
                      form->length);
        client->made[i].status = answer->status;
        client->made[i].body = body;
        json_t *json = answer->status == 201 ? json_loads(answer->body, 0, NULL) : NULL;
        const char *id = json_string_value(json_object_get(json_object_get(json, "row"), "id"));
        client->made[i].id = id ? keep_text("%s", id) : NULL;
        json_decref(json);
    }
    return NULL;
}

static struct client clients[THREADS];

static void crowd(size_t *good, size_t *bad)
{
    static char metadata[METADATA + 16];
    int length = snprintf(metadata, sizeof metadata, "{\"a\":\"");
    memset(metadata + length, 'x', METADATA);
    snprintf(metadata + length + METADATA, 8, "\"}");
    *good = *bad = 0;
    for (size_t i = 0; i < THREADS; i++) {
        seed += CREATES;
        clients[i] = (struct client){.http = http_new(rig->gateway->server, rig->gateway->token),
                                     .seed = seed,
                                     .metadata = metadata};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, creates, &clients[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(clients[i].thread, NULL);
        http_free(clients[i].http);
    }
}

static void enter(const char *what, size_t *good, size_t *bad)
{
    for (size_t i = 0; i < THREADS; i++) {
        for (int k = 0; k < CREATES; k++) {
            long status = clients[i].made[k].status;
            if (status == 201) {
                assert_non_null(clients[i].made[k].id);
                ledger_add(ledger, clients[i].made[k].id, clients[i].made[k].body);
                ++*good;
            } else {
                if (status != 503 && status != 507 && status != 500) {
                    fail_msg("%s: answered %ld", what, status);
                }
                ledger_refused(ledger, status == 503, clients[i].made[k].body);
                ++*bad;
            }
        }
    }
}

/* Frames of the largest transaction on the tape. A frame's header is written by itself; its second
 * word is not 0 in the last one of a transaction (sqlite.org/fileformat2.html, section 4.1). */
static size_t largest_transaction(void)
{
    size_t largest = 0, frames = 0;
    struct play play = play_since(rig->tape, 0);
    for (size_t i = 0; i < play.count; i++) {
        const struct tape_record *record = play.records[i];
        if (record->op != OP_WRITE || record->data_length != 24 ||
            !strstr(tape_path(record), "-wal")) {
            continue;
        }
        frames++;
        if (memcmp(tape_data(record) + 4, "\0\0\0", 4) != 0) {
            largest = frames > largest ? frames : largest;
            frames = 0;
        }
    }
    play_release(&play);
    return largest;
}

static void a_batch_that_fails_in_its_middle_acknowledges_nothing_that_is_lost(void **state)
{
    (void)state;
    static const struct {
        uint32_t ops;
        int error;
        const char *name;
    } faults[] = {
        {OP_WRITE, ENOSPC, "SQLITE_FULL"},
        {OP_WRITE, EIO, "SQLITE_IOERR"},
        {OP_SYNC, EIO, "a failed sync"},
    };
    static const int64_t every[] = {2, 13, 61, 250, 901};
    size_t good_ones = 0, bad_ones = 0;
    for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++) {
        for (size_t e = 0; e < sizeof every / sizeof every[0]; e++) {
            size_t good, bad;
            char *what = keep_text("%s at every %d. call", faults[f].name, (int)every[e]);
            if (faults[f].ops == OP_SYNC && every[e] > 20) {
                continue; /* there are not so many */
            }
            struct tape_rule *rule = play_rule(rig->tape, 0, RULE_FAIL, faults[f].ops, KIND_FILE,
                                               rig_in_database(rig, "-wal"));
            /* who comes meanwhile gathers for the next batch */
            play_rule(rig->tape, 1, RULE_SLOW, OP_SYNC, KIND_FILE, rig_in_database(rig, "-wal"));
            rule->armed = 0;
            rule->error = faults[f].error;
            rule->every = every[e];
            rule->armed = 1;
            crowd(&good, &bad);
            int64_t hit = rule->hit;
            play_disarm(rig->tape);
            enter(what, &good, &bad);
            print_message("%s: %d hit, %zu acknowledged, %zu refused\n", what, (int)hit, good, bad);
            assert_true(hit > 0);
            ledger_check_lives(ledger, what);
            ledger_restart(ledger);
            ledger_check(ledger, what);
            good_ones += good;
            bad_ones += bad;
        }
    }
    ledger_check_all(ledger, "at the end");
    /* more than the writer's cache holds: pages were written before the commit */
    print_message("%zu frames in one transaction\n", largest_transaction());
    assert_true(largest_transaction() > 256);
    assert_true(good_ones > 0 && bad_ones > 0);
}

static void short_writes_are_gone_on_with(void **state)
{
    (void)state;
    struct tape_rule *rule =
        play_rule(rig->tape, 0, RULE_CUT, OP_WRITE, KIND_FILE, rig_in_store(rig, "/*"));
    play_rule(rig->tape, 1, RULE_CUT, OP_WRITE, KIND_FILE, rig_in_database(rig, "-wal"))->every = 2;
    for (int i = 0; i < 4; i++) {
        ledger_create(ledger, body_random(++seed, 100000));
    }
    assert_true(rule->hit > 20);
    play_disarm(rig->tape);
    ledger_restart(ledger);
    ledger_check_all(ledger, "short writes");
}

/* Every call with which the first create makes its bucket; of the 256 shards a few. */
static void a_bucket_that_cannot_be_made_is_made_by_the_next_create(void **state)
{
    (void)state;
    static const struct {
        uint32_t ops;
        int64_t number;
    } faults[] = {
        {OP_MKDIR, 1},  {OP_MKDIR, 2}, {OP_MKDIR, 129}, {OP_MKDIR, 257}, {OP_SYNC_FS, 1},
        {OP_RENAME, 1}, {OP_SYNC, 1},  {OP_SYNC, 2},    {OP_SYNC, 3},    {OP_OPEN, 1},
        {OP_OPEN, 2},   {OP_OPEN, 3},  {OP_OPEN, 4},    {OP_OPEN, 5},    {OP_UNLINK, 1},
    };
    static const int errors[] = {EIO, ENOSPC};
    size_t hits = 0;
    for (size_t i = 0; i < 2 * sizeof faults / sizeof faults[0]; i++) {
        int error = errors[i % 2];
        char *what = keep_text("bucket, fault %zu, %s", i / 2, strerror(error));
        struct rig *kept_rig = rig;
        struct ledger *kept_ledger = ledger;
        rig = rig_new(NULL);
        ledger = ledger_new(rig);
        struct tape_rule *rule =
            play_rule(rig->tape, 0, RULE_FAIL, faults[i / 2].ops, 0, rig_in_store(rig, "/*"));
        play_rule_once(rule, faults[i / 2].number, error);
        struct body body = body_random(++seed, LENGTH);
        struct rig_request made = rig_create(rig, RIG_RAW, body);
        hits += rule->hit > 0;
        play_disarm(rig->tape);
        if (made.answer->status == 201) {
            ledger_add(ledger, api_id(api_json(made.answer)), body);
        } else if (made.answer->status < 500) {
            fail_msg("%s: %ld", what, made.answer->status);
        } else {
            ledger_refused(ledger, made.answer->status == 503, body);
        }
        ledger_check_lives(ledger, what);
        ledger_restart(ledger);
        ledger_check_all(ledger, what);
        ledger_free(ledger);
        assert_int_equal(rig_free(rig), 0);
        rig = kept_rig;
        ledger = kept_ledger;
    }
    assert_true(hits > 20);
}

static int setup(void **state)
{
    (void)state;
    rig = rig_new(NULL);
    ledger = ledger_new(rig);
    ledger_create(ledger, body_random(++seed, LENGTH));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_free(ledger);
    return rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_that_fails_in_its_middle_acknowledges_nothing_that_is_lost),
        TEST(short_writes_are_gone_on_with),
        TEST(a_bucket_that_cannot_be_made_is_made_by_the_next_create),
    };
    int failed = cmocka_run_group_tests_name("crowd", tests, setup, teardown);
    return failed + rig_failures;
}
