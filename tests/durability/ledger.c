/* SPDX-License-Identifier: Apache-2.0
 *
 * See ledger.h. Doubts are settled by the first look after a restart: from then on it must stay as
 * it was found. */
#include "tests/durability/ledger.h"

#include <ftw.h>
#include <sys/wait.h>

enum entry_state { THERE, GONE, DOUBTFUL };

struct entry {
    char id[65];
    char checksum[SHA256_TEXT];
    enum entry_state state;
    bool seen; /* its bytes were read since the last change */
};

struct ledger {
    struct rig *rig;
    struct entry *entries;
    size_t count, room;
    char (*open)[SHA256_TEXT]; /* creates of unknown outcome */
    size_t open_count;
    /* a look at the database */
    const char *what;
    size_t ready;
    bool thorough;
};

struct ledger *ledger_new(struct rig *rig)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    assert_non_null(ledger);
    ledger->rig = rig;
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger) {
        free(ledger->entries);
        free(ledger->open);
        free(ledger);
    }
}

static struct entry *find(struct ledger *ledger, const char *id)
{
    for (size_t i = 0; i < ledger->count; i++) {
        if (strcmp(ledger->entries[i].id, id) == 0) {
            return &ledger->entries[i];
        }
    }
    return NULL;
}

static struct entry *add(struct ledger *ledger, const char *id, const char *checksum)
{
    if (ledger->count == ledger->room) {
        ledger->room = 2 * ledger->room + 64;
        ledger->entries = realloc(ledger->entries, ledger->room * sizeof *ledger->entries);
        assert_non_null(ledger->entries);
    }
    struct entry *entry = &ledger->entries[ledger->count++];
    *entry = (struct entry){.state = THERE};
    snprintf(entry->id, sizeof entry->id, "%s", id);
    snprintf(entry->checksum, sizeof entry->checksum, "%s", checksum);
    return entry;
}

void ledger_add(struct ledger *ledger, const char *id, struct body body)
{
    char checksum[SHA256_TEXT];
    body_checksum(body.bytes, body.length, checksum);
    assert_null(find(ledger, id));
    add(ledger, id, checksum);
}

const char *ledger_create(struct ledger *ledger, struct body body)
{
    struct rig_request made = rig_create(ledger->rig, RIG_RAW, body);
    const char *id = api_id(api_expect(made.answer, 201));
    ledger_add(ledger, id, body);
    return id;
}

void ledger_refused(struct ledger *ledger, bool unknown, struct body body)
{
    if (unknown) {
        ledger->open = realloc(ledger->open, (ledger->open_count + 1) * sizeof *ledger->open);
        assert_non_null(ledger->open);
        body_checksum(body.bytes, body.length, ledger->open[ledger->open_count++]);
    }
}

void ledger_remove(struct ledger *ledger, const char *id)
{
    find(ledger, id)->state = GONE;
}

void ledger_doubt(struct ledger *ledger, const char *id)
{
    find(ledger, id)->state = DOUBTFUL;
}

/* ---- Checks ---- */

void ledger_check_lives(struct ledger *ledger, const char *what)
{
    struct gateway *gateway = ledger->rig->gateway;
    int status = 0;
    if (waitpid(gateway->server->pid, &status, WNOHANG) != 0) {
        gateway->server->pid = 0;
        fail_msg("%s: the gateway ended with status %d: %s", what, status,
                 server_log(gateway->server));
    }
    struct http_answer *health = http_get(gateway->nobody, "/healthz", NULL);
    if (health->status != 200) {
        fail_msg("%s: healthz is %ld", what, health->status);
    }
    struct body body = body_random(77, 1000);
    struct rig_request made = rig_create(ledger->rig, RIG_RAW, body);
    if (made.answer->status != 201 && strstr(server_log(gateway->server), "no further changes")) {
        /* a checkpoint's sync failed: the database takes nothing more until a restart */
        assert_true(made.answer->status == 503 || made.answer->status == 507 ||
                    made.answer->status == 500);
        return;
    }
    if (made.answer->status != 201) {
        fail_msg("%s: the next create is %ld %s", what, made.answer->status, made.answer->body);
    }
    const char *id = api_id(api_json(made.answer));
    struct rig_request gone = rig_delete(ledger->rig, id);
    if (gone.answer->status != 200) {
        fail_msg("%s: the next delete is %ld %s", what, gone.answer->status, gone.answer->body);
    }
    ledger_add(ledger, id, body);
    ledger_remove(ledger, id);
}

void ledger_restart(struct ledger *ledger)
{
    enum { LEASE_AND_GRACE_MS = 120000 };
    server_kill(ledger->rig->gateway->server);
    ledger->rig->tape->later_ms += LEASE_AND_GRACE_MS;
    server_start(ledger->rig->gateway->server);
    gateway_follow(ledger->rig->gateway);
}

static void check_bytes(struct ledger *ledger, struct entry *entry)
{
    struct http_client *client = ledger->rig->gateway->client;
    char checksum[SHA256_TEXT];
    struct http_answer *row = http_get(client, keep_text("/api/media/%s", entry->id), NULL);
    if (row->status != 200) {
        fail_msg("%s: the row %s answers %ld %s", ledger->what, entry->id, row->status, row->body);
    }
    struct http_answer *content = http_get_checksum(client, api_url(api_json(row)), checksum);
    if (content->status != 200 || strcmp(checksum, entry->checksum) != 0) {
        fail_msg("%s: the bytes of %s: %ld, %s", ledger->what, entry->id, content->status,
                 checksum);
    }
    entry->seen = true;
}

/* A `ready` row that nobody acknowledged: only where a create's outcome was left open. */
static struct entry *settle_open(struct ledger *ledger, const char *id, const char *checksum)
{
    for (size_t i = 0; i < ledger->open_count; i++) {
        if (strcmp(ledger->open[i], checksum) == 0) {
            ledger->open[i][0] = '\0';
            return add(ledger, id, checksum);
        }
    }
    fail_msg("%s: the row %s is ready, and nobody was told so", ledger->what, id);
    return NULL;
}

static void look_at_ready(void *ctx, const char *id, const char *key, const char *checksum)
{
    struct ledger *ledger = ctx;
    (void)key;
    ledger->ready++;
    struct entry *entry = find(ledger, id);
    if (!entry) {
        entry = settle_open(ledger, id, checksum ? checksum : "");
    }
    if (entry->state == GONE) {
        fail_msg("%s: the row %s was deleted, and is ready", ledger->what, id);
    }
    entry->state = THERE;
    if (!entry->seen || ledger->thorough) {
        check_bytes(ledger, entry);
    }
}

static size_t blobs;

static int count_blob(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    blobs += type == FTW_F && !strstr(path, "/.meta/");
    return 0;
}

static bool has_no_other_blob(void *ctx)
{
    struct ledger *ledger = ctx;
    blobs = 0;
    nftw(rig_in_store(ledger->rig, "/buckets"), count_blob, 16, FTW_PHYS);
    return blobs == ledger->ready;
}

static void look(struct ledger *ledger, const char *what, bool thorough)
{
    struct gateway *gateway = ledger->rig->gateway;
    ledger->what = what;
    ledger->thorough = thorough;
    ledger->ready = 0;
    if (!rows_settle(gateway->rows, 10000 * slowness())) {
        fail_msg("%s: a row stays uploading", what);
    }
    rows_each(gateway->rows, "ready", look_at_ready, ledger);
    size_t there = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        struct entry *entry = &ledger->entries[i];
        if (entry->state == DOUBTFUL) { /* it is not ready, so it must be deleted */
            const char *status = rows_status(gateway->rows, entry->id);
            if (!status || strcmp(status, "deleted") != 0) {
                fail_msg("%s: after a refused delete %s is %s", what, entry->id, status);
            }
            entry->state = GONE;
        }
        there += entry->state == THERE;
    }
    if (there != ledger->ready) {
        fail_msg("%s: %zu recordings were acknowledged, %zu are ready", what, there, ledger->ready);
    }
    /* what never became ready will not do so later */
    ledger->open_count = 0;
    if (!wait_for(has_no_other_blob, ledger, 5000)) {
        fail_msg("%s: %zu blobs for %zu ready rows", what, blobs, ledger->ready);
    }
}

void ledger_check(struct ledger *ledger, const char *what)
{
    look(ledger, what, false);
}

void ledger_check_all(struct ledger *ledger, const char *what)
{
    look(ledger, what, true);
}
