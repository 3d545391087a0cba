/* SPDX-License-Identifier: Apache-2.0
 *
 * The power is cut at every tick of a tape of creates and deletes, and the disk keeps as little, or
 * as much, or as random a part of what was not synced as it may. Each time the service must open
 * what is left, have every recording that had been acknowledged by then, with its bytes, none that
 * had been deleted, and no `ready` row without its bytes. With one class of syncs taken out, some
 * of these must fail. */
#include "tests/durability/disk.h"
#include "tests/durability/rig.h"

#include <mediagw/media.h>

#include <errno.h>
#include <stdio.h>

enum { LENGTH = 20000, SEEDS = 5, STEPS_MOST = 256 };

/* What is left of a disk is looked at once and thrown away: this process syncs nothing. */
#define EXPORT __attribute__((visibility("default")))
int fsync(int fd);
int fdatasync(int fd);
int syncfs(int fd);
EXPORT int fsync(int fd)
{
    (void)fd;
    return 0;
}
EXPORT int fdatasync(int fd)
{
    (void)fd;
    return 0;
}
EXPORT int syncfs(int fd)
{
    (void)fd;
    return 0;
}

/* What was acknowledged: the tick at which the answer began to leave. */
struct step {
    uint64_t create, delete; /* 0: never */
    char id[65], checksum[SHA256_TEXT];
};

static struct rig *rig;
static struct step steps[STEPS_MOST];
static size_t step_count;
static uint64_t seed;

static uint64_t answered(const struct play *play, const char *text)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *record = play->records[i];
        if (record->op == OP_SEND && strncmp(tape_data(record), text, strlen(text)) == 0) {
            return record->start;
        }
    }
    fail_msg("no answer %s", text);
    return 0;
}

static void do_create(void)
{
    struct body body = body_random(++seed, LENGTH);
    struct rig_request made = rig_create(rig, (enum rig_body)(seed % 3), body);
    json_t *json = api_expect(made.answer, 201);
    assert_true(step_count < STEPS_MOST);
    struct step *step = &steps[step_count++];
    *step = (struct step){.create = answered(&made.play, "HTTP/1.1 201")};
    snprintf(step->id, sizeof step->id, "%s", api_id(json));
    body_checksum(body.bytes, body.length, step->checksum);
}

static void do_delete(size_t at)
{
    struct rig_request gone = rig_delete(rig, steps[at].id);
    api_expect(gone.answer, 200);
    steps[at].delete = answered(&gone.play, "HTTP/1.1 200");
}

/* ---- What is left ---- */

/* The content's digest by the service, "" where it cannot be read. */
static void content_checksum(struct mgw_media *media, struct mgw_call *call, const char *url,
                             char checksum[SHA256_TEXT])
{
    struct mgw_content_request request = {.size = sizeof request};
    struct mgw_content *content = NULL;
    checksum[0] = '\0';
    char *rest = keep_text("%s", url + strlen("/media/"));
    request.bucket = strsep(&rest, "/");
    request.key = strsep(&rest, "?"); /* made of characters that need no escape */
    for (char *pair; (pair = strsep(&rest, "&"));) {
        char *value = strchr(pair, '=') + 1;
        const char **field = strncmp(pair, "expires", 7) == 0 ? &request.expires
                             : strncmp(pair, "kid", 3) == 0   ? &request.kid
                                                              : &request.sig;
        *field = value;
    }
    if (mgw_content_open(media, call, &request, &content) != MGW_OK) {
        return;
    }
    static char bytes[LENGTH + 1];
    size_t got = 0, all = 0;
    while (mgw_content_read(content, call, all, bytes + all, sizeof bytes - all, &got) == MGW_OK &&
           got > 0) {
        all += got;
    }
    mgw_content_close(content);
    body_checksum(bytes, all, checksum);
}

/* NULL: all is well with STEP, else what is wrong. */
static const char *check_step(struct mgw_media *media, struct mgw_call *call,
                              const struct step *step, uint64_t tick)
{
    struct mgw_grant *grant = NULL;
    char checksum[SHA256_TEXT];
    enum mgw_status status = mgw_media_get(media, call, step->id, 0, NULL, &grant);
    if (status != MGW_OK && status != MGW_NOT_FOUND) {
        return keep_text("get: %s", mgw_call_error(call)->text);
    }
    const char *wrong = NULL;
    if (status == MGW_OK) {
        content_checksum(media, call, grant->signed_url, checksum);
        wrong = strcmp(checksum, step->checksum) != 0 ? "a ready row lacks its bytes"
                : step->delete &&step->delete < tick  ? "a deleted row is ready"
                                                      : NULL;
    } else if (step->create < tick && !step->delete) {
        wrong = "an acknowledged row is lost";
    }
    mgw_grant_free(grant);
    return wrong;
}

static const char *check_image(const char *folder, uint64_t tick)
{
    struct mgw_media *media = NULL;
    struct mgw_error error = {.size = sizeof error};
    char *path = keep_text("%s/config.json", folder);
    scratch_write(path,
                  keep_text("{\"storage\": {\"driver\": \"fs\", \"root\": \"%s/blobs\"},"
                            "\"repository\": {\"driver\": \"sqlite\", \"path\": \"%s/media.db\"},"
                            "\"url_keys\": [{\"id\": \"k\", \"sign\": true, \"secret\": "
                            "\"a secret of the tests, 32 bytes and more\"}]}",
                            folder, folder));
    if (mgw_media_new_from_config(path, NULL, 0, &media, &error) != MGW_OK) {
        return keep_text("it does not open: %s", error.text);
    }
    struct mgw_call *call = mgw_call_new("acct-a", "powercut", 0);
    const char *wrong = NULL;
    for (size_t i = 0; i < step_count && !wrong; i++) {
        wrong = check_step(media, call, &steps[i], tick);
    }
    mgw_call_free(call);
    mgw_media_free(media);
    return wrong;
}

static const char *cut_at(const struct disk *disk, uint64_t tick, uint64_t how)
{
    char *folder = scratch_new();
    disk_write(disk, tick, how, folder);
    const char *wrong = check_image(folder, tick);
    if (!wrong || !getenv("MEDIAGW_TEST_KEEP")) {
        scratch_remove(folder);
    }
    free(folder);
    return wrong;
}

/* Where to cut: behind FROM, up to TO, at every EVERY-th end of a call (0: of none) and at each
 * answer. */
struct where {
    uint64_t from, to;
    size_t every;
};

/* The first thing that is wrong; *CUTS, unless NULL, counts. */
static const char *cut_everywhere(const struct where *where, size_t *cuts)
{
    struct play play = play_since(rig->tape, 0);
    struct disk *disk = disk_new(&play, rig->gateway->server->dir);
    const char *wrong = NULL;
    size_t number = 0, unused;
    cuts = cuts ? cuts : &unused;
    for (size_t i = 0; i < play.count && !wrong; i++) {
        const struct tape_record *record = play.records[i];
        bool answer = record->op == OP_SEND;
        if (record->end <= where->from || record->end > where->to ||
            (record->op == OP_OPEN && !record->created) ||
            (!answer && (!where->every || number++ % where->every))) {
            continue;
        }
        for (uint64_t how = 0; how < SEEDS && !wrong; how++) {
            /* an answer has been given as soon as it is on its way */
            uint64_t tick = answer ? record->start + 1 : record->end;
            wrong = cut_at(disk, tick, how > DISK_EVERYTHING ? how + tick : how);
            wrong = wrong ? keep_text("%s (tick %d, seed %d)", wrong, (int)tick, (int)how) : NULL;
            ++*cuts;
        }
    }
    disk_free(disk);
    play_release(&play);
    return wrong;
}

static void begin(void)
{
    rig = rig_new(NULL);
    step_count = 0;
}

static uint64_t now(void)
{
    return play_mark(rig->tape);
}

/* ---- The cases ---- */

static void expect_nothing_wrong(const struct where *where, size_t at_least)
{
    size_t cuts = 0;
    const char *wrong = cut_everywhere(where, &cuts);
    print_message("%zu cuts\n", cuts);
    if (wrong) {
        fail_msg("%s", wrong);
    }
    assert_true(cuts >= at_least);
}

static void nothing_acknowledged_is_lost_wherever_the_power_is_cut(void **state)
{
    (void)state;
    begin();
    uint64_t from = now();
    do_create(); /* makes the bucket */
    do_create();
    do_delete(0);
    do_create();
    expect_nothing_wrong(&(struct where){from, UINT64_MAX, 2}, 500);
}

/* The WAL goes back into the database file, and begins anew. */
static void nothing_is_lost_around_a_checkpoint(void **state)
{
    (void)state;
    enum { CREATES_MOST = 200 };
    begin();
    struct tape_rule *rule =
        play_rule(rig->tape, 0, RULE_FAIL, OP_WRITE, KIND_FILE, rig_in_database(rig, ""));
    rule->first = rule->last = INT64_MAX; /* only counts */
    uint64_t from = now();
    for (int i = 0; i < CREATES_MOST && rule->seen == 0; i++) {
        from = now();
        do_create();
        wait_ms(10); /* it comes after the answer */
    }
    assert_true(rule->seen > 0);
    do_create();
    do_delete(1);
    do_create();
    expect_nothing_wrong(&(struct where){from, UINT64_MAX, 5}, 100);
}

/* The kernel drops what it could not write, and the next sync says that all is well. */
static void nothing_is_lost_when_the_wals_sync_has_failed_and_the_change_is_made_again(void **state)
{
    (void)state;
    begin();
    do_create();
    uint64_t from = now();
    for (int64_t n = 1; n <= 3; n++) {
        struct tape_rule *rule =
            play_rule(rig->tape, 0, RULE_FAIL, OP_SYNC, KIND_FILE, rig_in_database(rig, "-wal"));
        play_rule_once(rule, n, EIO);
        struct body body = body_random(++seed, LENGTH);
        struct rig_request made = rig_create(rig, RIG_RAW, body);
        play_disarm(rig->tape);
        if (made.answer->status == 201) {
            struct step *step = &steps[step_count++];
            *step = (struct step){.create = answered(&made.play, "HTTP/1.1 201")};
            snprintf(step->id, sizeof step->id, "%s", api_id(api_json(made.answer)));
            body_checksum(body.bytes, body.length, step->checksum);
        }
        do_create();
    }
    expect_nothing_wrong(&(struct where){from, UINT64_MAX, 3}, 100);
}

/* ---- And that it would be seen ---- */

static const struct {
    const char *name;
    uint32_t ops, kinds;
    const char *pattern;
    bool at_init; /* seen before anything else is synced */
} taken[] = {
    {"of blob files", OP_SYNC, KIND_FILE, "*/buckets/*", false},
    {"of shard folders", OP_SYNC, KIND_FOLDER, "*/buckets/*", false},
    {"of the WAL", OP_SYNC, KIND_FILE, "*-wal", false},
    {"of the folder of buckets", OP_SYNC, KIND_FOLDER, "*/buckets", false},
    {"of shards", OP_SYNC_FS, 0, "*", false},
    {"of the marker", OP_SYNC, KIND_FILE, "*/blobs/tmp/m*", true},
    {"of the root", OP_SYNC, KIND_FOLDER, "*/blobs", true},
    {"of the folder around", OP_SYNC, KIND_FOLDER, "*/scratch-??????", true},
};

static const char *cut_now(void)
{
    struct play play = play_since(rig->tape, 0);
    struct disk *disk = disk_new(&play, rig->gateway->server->dir);
    const char *wrong = cut_at(disk, now(), DISK_NOTHING_MORE);
    disk_free(disk);
    play_release(&play);
    return wrong;
}

static void an_initialised_store_is_there_after_a_power_cut(void **state)
{
    (void)state;
    begin();
    const char *wrong = cut_now();
    if (wrong) {
        fail_msg("%s", wrong);
    }
}

static void a_power_cut_tells_where_a_sync_was_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        step_count = 0;
        rig = rig_new_hiding(taken[i].ops, taken[i].kinds, taken[i].pattern);
        if (!taken[i].at_init) {
            do_create();
            do_create();
        }
        assert_true(rig->tape->rules[0].hit > 0);
        const char *wrong =
            taken[i].at_init ? cut_now() : cut_everywhere(&(struct where){0, UINT64_MAX, 0}, NULL);
        if (!wrong) {
            fail_msg("without the sync %s nothing was lost", taken[i].name);
        }
        print_message("without the sync %s: %s\n", taken[i].name, wrong);
        rig_free(rig);
        rig = NULL;
    }
}

static int teardown(void **state)
{
    (void)state;
    rig_free(rig);
    rig = NULL;
    return keep_teardown(state);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_teardown(function, teardown)
    const struct CMUnitTest tests[] = {
        CASE(nothing_acknowledged_is_lost_wherever_the_power_is_cut),
        CASE(nothing_is_lost_when_the_wals_sync_has_failed_and_the_change_is_made_again),
        CASE(nothing_is_lost_around_a_checkpoint),
        CASE(an_initialised_store_is_there_after_a_power_cut),
        CASE(a_power_cut_tells_where_a_sync_was_left_out),
    };
    int failed = cmocka_run_group_tests_name("powercut", tests, NULL, NULL);
    return failed + rig_failures;
}
