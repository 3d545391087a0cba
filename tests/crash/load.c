/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/load.h"

#include "tests/crash/ledger.h"
#include "tests/support/form.h"
#include "tests/support/http.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
    pthread_t thread;
    struct load *load;
    struct http_client *http[LOAD_ACCOUNTS];
    uint64_t random;
    unsigned number;
    bool gone; /* the gateway did not answer: it was killed */
    struct load_tally tally;
};

struct load {
    struct client clients[LOAD_CLIENTS];
    atomic_bool over;
    atomic_size_t wrong;
    atomic_llong served_ms; /* when a client was served last */
    atomic_llong worst_gap_ms;
    unsigned round;
    bool goes_on;
};

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 24;
}

static void wrong(struct load *load, const char *what, const struct http_answer *answer)
{
    atomic_fetch_add(&load->wrong, 1);
    fprintf(stderr, "%s: %ld %s%s\n", what, answer->status, answer->head ? answer->head : "",
            answer->body ? answer->body : "");
}

/* A killed gateway, a full queue and a database that is away are no wrong answers. */
static bool is_excused(long status)
{
    return status == 0 || status == 503 || status == 504;
}

static bool is_honest(const struct http_answer *answer)
{
    return (answer->status != 503 && answer->status != 409) ||
           http_header(answer, "Retry-After") != NULL;
}

static void note_gap(struct load *load)
{
    long long now = wait_now_ms(), gap = now - atomic_exchange(&load->served_ms, now);
    long long worst = atomic_load(&load->worst_gap_ms);
    while (gap > worst && !atomic_compare_exchange_weak(&load->worst_gap_ms, &worst, gap)) {
    }
}

/* After each request. */
static void note(struct client *client, long status)
{
    struct load_tally *tally = &client->tally;
    tally->requests++;
    tally->cut += status == 0;
    tally->unavailable += status == 503;
    tally->late += status == 504;
    if (status == 200 || status == 201) {
        tally->served++;
        note_gap(client->load);
    }
    client->gone = status == 0 && !client->load->goes_on;
    if (is_excused(status) && client->load->goes_on) {
        wait_ms(100);
    }
}

static void note_created(size_t number, unsigned round, const struct http_answer *answer)
{
    struct ledger_entry entry = ledger_get(number);
    json_t *json = json_loadb(answer->body, answer->length, 0, NULL);
    json_t *row = json_object_get(json, "row");
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *url = json_string_value(json_object_get(json, "signedUrl"));
    const char *path = url ? strstr(url, "/media/") : NULL;
    if (!id || !path) {
        fprintf(stderr, "a 201 without id or URL: %s\n", answer->body);
        abort();
    }
    snprintf(entry.id, sizeof entry.id, "%s", id);
    snprintf(entry.url, sizeof entry.url, "%s", path);
    entry.state = LEDGER_KEPT;
    entry.round = round;
    ledger_set(number, &entry);
    json_decref(json);
}

static struct http_answer *send_form(struct http_client *client, const struct ledger_entry *entry,
                                     struct body body)
{
    struct form *form = form_new();
    form_field(form, "durationMs", "5");
    if (entry->name[0]) {
        form_field(form, "sessionId", entry->name);
    }
    form_blob(form, "video/webm", body);
    form_end(form);
    const char *key = entry->name[0] ? keep_text("\nIdempotency-Key: %s", entry->name) : "";
    return http_send(client, "POST", "/api/media/recordings",
                     keep_text("Content-Type: %s%s", FORM_TYPE, key), form->bytes, form->length);
}

static struct http_answer *send_raw(struct http_client *client, const struct ledger_entry *entry,
                                    struct body body)
{
    const char *key = entry->name[0] ? keep_text("\nIdempotency-Key: %s", entry->name) : "";
    const char *query = entry->name[0] ? keep_text("&sessionId=%s", entry->name) : "";
    return http_send(client, "POST", keep_text("/api/media/recordings?durationMs=5%s", query),
                     keep_text("Content-Type: video/webm%s", key), body.bytes, body.length);
}

long load_create(struct http_client *client, size_t number, unsigned round)
{
    struct ledger_entry entry = ledger_get(number);
    struct body body = body_random(entry.seed, entry.length);
    struct http_answer *answer =
        entry.seed % 2 ? send_form(client, &entry, body) : send_raw(client, &entry, body);
    if (answer->status == 201) {
        note_created(number, round, answer);
    } else if (!is_honest(answer) || (!is_excused(answer->status) && answer->status != 409)) {
        fprintf(stderr, "create: %s%s\n", answer->head, answer->body);
        return -1;
    }
    return answer->status;
}

static size_t some_length(uint64_t random)
{
    switch (random % 8) {
    case 0:
        return random / 8 % 10;
    case 1:
    case 2:
        return 1000000 + random / 8 % 1000000;
    default:
        return 1000 + random / 8 % 200000;
    }
}

static void create_new(struct client *client)
{
    uint64_t random = next(&client->random);
    struct ledger_entry entry = {
        .state = LEDGER_SENT,
        .seed = random,
        .length = some_length(next(&client->random)),
        .account = (unsigned)(random / 4 % LOAD_ACCOUNTS),
        .round = client->load->round,
    };
    if (random % 3 == 0) {
        snprintf(entry.name, sizeof entry.name, "key-%u-%u-%llx", client->load->round,
                 client->number, (unsigned long long)random);
    }
    size_t number = ledger_add(&entry);
    long status = load_create(client->http[entry.account], number, client->load->round);
    note(client, status);
    /* Of a connection that was cut in between libcurl itself makes a new one and sends it again. */
    bool sent_again = status == 409 && entry.name[0] && client->load->goes_on;
    if (status != 201 && !sent_again && !is_excused(status)) {
        atomic_fetch_add(&client->load->wrong, 1);
    }
}

/* An unanswered create of an earlier round once more: 409 as long as its lease runs. */
static void create_again(struct client *client)
{
    unsigned round = client->load->round;
    size_t number = 0;
    if (!ledger_pick(LEDGER_SENT, LEDGER_TRYING, round, next(&client->random), &number)) {
        return;
    }
    struct ledger_entry entry = ledger_get(number);
    long status = 0;
    if (entry.name[0]) {
        status = load_create(client->http[entry.account], number, round);
    }
    if (entry.name[0]) {
        note(client, status);
    }
    if (status != 201) {
        entry.state = LEDGER_SENT;
        ledger_set(number, &entry);
    }
    if (status != 201 && status != 409 && !is_excused(status)) {
        atomic_fetch_add(&client->load->wrong, 1);
    }
}

static void delete_one(struct client *client)
{
    size_t number = 0;
    if (!ledger_pick(LEDGER_KEPT, LEDGER_DELETING, UINT_MAX, next(&client->random), &number)) {
        return;
    }
    struct ledger_entry entry = ledger_get(number);
    struct http_answer *answer = http_send(client->http[entry.account], "DELETE",
                                           keep_text("/api/media/%s", entry.id), NULL, NULL, 0);
    note(client, answer->status);
    if (answer->status == 200) {
        entry.state = LEDGER_DELETED;
        ledger_set(number, &entry);
    } else if (!is_excused(answer->status) || !is_honest(answer)) {
        wrong(client->load, "delete", answer);
    }
}

static void read_one(struct client *client)
{
    size_t number = 0;
    if (!ledger_pick(LEDGER_KEPT, LEDGER_KEPT, UINT_MAX, next(&client->random), &number)) {
        return;
    }
    struct ledger_entry entry = ledger_get(number);
    char expected[SHA256_TEXT];
    char got[SHA256_TEXT];
    struct http_answer *answer = http_get_checksum(client->http[entry.account], entry.url, got);
    note(client, answer->status);
    if (!is_honest(answer)) {
        wrong(client->load, "read", answer);
    }
    if (is_excused(answer->status) || ledger_get(number).state != LEDGER_KEPT) {
        return;
    }
    body_stream_checksum(entry.seed, entry.length, expected);
    if (answer->status != 200 || strcmp(expected, got) != 0) {
        wrong(client->load, "read", answer);
    }
}

static void list_some(struct client *client)
{
    struct http_client *http = client->http[next(&client->random) % LOAD_ACCOUNTS];
    struct http_answer *answer = http_get(http, "/api/media?limit=20", NULL);
    note(client, answer->status);
    if (!is_honest(answer) || (answer->status != 200 && !is_excused(answer->status))) {
        wrong(client->load, "list", answer);
    }
}

static void *work(void *ctx)
{
    struct client *client = ctx;
    while (!client->gone && !atomic_load(&client->load->over)) {
        uint64_t what = next(&client->random) % 10;
        if (what < 5) {
            create_new(client);
        } else if (what < 6) {
            list_some(client);
        } else if (what < 7) {
            create_again(client);
        } else if (what < 8) {
            delete_one(client);
        } else {
            read_one(client);
        }
    }
    return NULL;
}

struct load *load_start(const struct load_plan *plan)
{
    struct load *load = calloc(1, sizeof *load);
    if (!load) {
        abort();
    }
    load->round = plan->round;
    load->goes_on = plan->goes_on;
    atomic_store(&load->served_ms, wait_now_ms());
    for (unsigned i = 0; i < LOAD_CLIENTS; i++) {
        struct client *client = &load->clients[i];
        *client = (struct client){.load = load, .number = i};
        client->random = plan->seed * 1000003 + plan->round * 1009u + i;
        for (size_t account = 0; account < LOAD_ACCOUNTS; account++) {
            client->http[account] = http_new(plan->server, plan->tokens[account]);
        }
        if (pthread_create(&client->thread, NULL, work, client) != 0) {
            abort();
        }
    }
    return load;
}

static void add(struct load_tally *all, const struct load_tally *one)
{
    all->requests += one->requests;
    all->served += one->served;
    all->unavailable += one->unavailable;
    all->late += one->late;
    all->cut += one->cut;
}

size_t load_stop(struct load *load, struct load_tally *tally)
{
    struct load_tally unwanted = {0};
    tally = tally ? tally : &unwanted;
    atomic_store(&load->over, true);
    for (size_t i = 0; i < LOAD_CLIENTS; i++) {
        pthread_join(load->clients[i].thread, NULL);
        add(tally, &load->clients[i].tally);
        for (size_t account = 0; account < LOAD_ACCOUNTS; account++) {
            http_free(load->clients[i].http[account]);
        }
    }
    int64_t gap = atomic_load(&load->worst_gap_ms);
    tally->worst_gap_ms = gap > tally->worst_gap_ms ? gap : tally->worst_gap_ms;
    size_t count = atomic_load(&load->wrong);
    free(load);
    return count;
}
