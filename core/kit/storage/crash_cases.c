/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 between any two calls, and within those that publish or remove: what was acknowledged is
 * there whole, what was not is absent or whole, and whoever comes after goes on. */
#include "core/kit/crash.h"
#include "core/kit/storage/upload_kit.h"
#include "core/kit/values.h"

#include <stdio.h>
#include <unistd.h>

enum { BLOB_BYTES = 100000, SEED_OLD = 1, SEED_NEW = 2 };

static const int delays_us[] = {0, 150, 800, 3000};
enum { DELAYS = sizeof delays_us / sizeof delays_us[0] };

static const char *named(const char *name)
{
    static char key[64];
    snprintf(key, sizeof key, "%u-%s", crash_round(), name);
    return key;
}

/* ---- Puts and removes ---- */

enum put_step {
    STEP_COMMIT_NEW = 4, /* begin, write, write, prepare before it */
    STEP_COMMIT_OLD = 9, /* the same over an older blob */
    STEP_REMOVE = 13,    /* begin, write, abort before it */
    PUT_STEPS = 15       /* and the end, with the instance open */
};

static void *begin_and_write(struct mgw_call *call, const char *key, const char *bytes,
                             bool second_half)
{
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    struct mgw_put put = {.size = sizeof put};
    void *writer = NULL;
    crash_step();
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    crash_step();
    assert_status(call, driver->put_write(call, writer, bytes, BLOB_BYTES / 2), MGW_OK);
    if (second_half) {
        crash_step();
        assert_status(call, driver->put_write(call, writer, bytes + BLOB_BYTES / 2, BLOB_BYTES / 2),
                      MGW_OK);
    }
    return writer;
}

static void put_in_steps(const char *key, const char *bytes)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = begin_and_write(call, key, bytes, true);
    crash_step();
    if (driver->put_prepare) {
        assert_status(call, driver->put_prepare(call, writer), MGW_OK);
    }
    crash_step();
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
}

static void put_script(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static char old[BLOB_BYTES], new[BLOB_BYTES];
    fill(old, sizeof old, SEED_OLD);
    fill(new, sizeof new, SEED_NEW);
    put_bytes(kit_bucket(), named("old"), old, sizeof old);
    put_bytes(kit_bucket(), named("gone"), old, sizeof old);
    put_in_steps(named("new"), new);
    put_in_steps(named("old"), new);
    void *writer = begin_and_write(call, named("lost"), new, false);
    crash_step();
    driver->put_abort(call, writer);
    struct mgw_blob gone = blob_of(kit_bucket(), named("gone"));
    crash_step();
    assert_status(call, driver->remove(call, instance, &gone), MGW_OK);
    crash_step();
}

/* Which blob is at KEY, whole: its seed; 0: there is none. */
static unsigned whole(const char *key)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static char expected[BLOB_BYTES];
    enum mgw_status status;
    size_t length = 0;
    AUTO_FREE char *got = try_get(call, kit_bucket(), key, &length, &status);
    if (!got) {
        assert_status(call, status, MGW_NOT_FOUND);
        return 0;
    }
    assert_int_equal(length, BLOB_BYTES);
    for (unsigned seed = SEED_OLD; seed <= SEED_NEW; seed++) {
        fill(expected, sizeof expected, seed);
        if (memcmp(got, expected, length) == 0) {
            return seed;
        }
    }
    print_error("%s holds neither the old bytes nor the new ones\n", key);
    fail();
    return 0;
}

/* After a kill at STEP: BEFORE up to the step TURNS, AFTER behind it, one of both within it. */
static bool check_one(unsigned round, const char *name, unsigned step, bool within, unsigned turns,
                      unsigned before, unsigned after)
{
    char key[64];
    snprintf(key, sizeof key, "%u-%s", round, name);
    unsigned seed = whole(key);
    bool right = step > turns              ? seed == after
                 : step == turns && within ? seed == before || seed == after
                                           : seed == before;
    if (!right) {
        print_error("killed %s step %u: %s is %u, expected %u before step %u and %u after it (0: "
                    "absent, 1: the old blob, 2: the new one)\n",
                    within ? "within" : "before", step, name, seed, before, turns, after);
        fail();
    }
    return seed;
}

static void check_puts(unsigned round, unsigned step, bool within)
{
    char prefix[32];
    size_t there = 0;
    there += check_one(round, "new", step, within, STEP_COMMIT_NEW, 0, SEED_NEW);
    there += check_one(round, "old", step, within, STEP_COMMIT_OLD, SEED_OLD, SEED_NEW);
    there += check_one(round, "gone", step, within, STEP_REMOVE, SEED_OLD, 0);
    there += check_one(round, "lost", step, within, PUT_STEPS, 0, 0);
    AUTO_KEYS struct keys keys;
    snprintf(prefix, sizeof prefix, "%u-", round);
    list_all(kit_bucket(), prefix, 10, &keys);
    assert_int_equal(keys.count, there);
}

static void sweep_all(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_sweep_result result = {.size = sizeof result};
    if (driver->sweep) {
        assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result),
                      MGW_OK);
    }
}

/* One kill, and what the next process finds, before and after a sweep. */
static void kill_puts_at(unsigned round, unsigned step, int delay_us)
{
    char key[64];
    kit_let_go();
    bool killed = crash_run(round, step, delay_us);
    kit_take_again();
    bool within = delay_us != CRASH_BETWEEN;
    check_puts(round, killed ? step : PUT_STEPS, within);
    sweep_all();
    check_puts(round, killed ? step : PUT_STEPS, within);
    snprintf(key, sizeof key, "%u-new", round);
    put_text(kit_bucket(), key, "again"); /* a dead writer stands in nobody's way */
    assert_text(kit_bucket(), key, "again");
}

static void puts_that_are_killed_between_calls_leave_nothing_half(void **state)
{
    (void)state;
    for (unsigned step = 0; step < PUT_STEPS; step++) {
        kill_puts_at(step, step, CRASH_BETWEEN);
    }
}

static void puts_that_are_killed_within_calls_leave_nothing_half(void **state)
{
    (void)state;
    static const unsigned steps[] = {STEP_COMMIT_NEW - 1, STEP_COMMIT_NEW, STEP_COMMIT_OLD,
                                     STEP_REMOVE};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (unsigned d = 0; d < DELAYS; d++) {
            /* past a step that ends in time the process is killed in a later one */
            kit_let_go();
            crash_run(i * DELAYS + d, steps[i], delays_us[d]);
            kit_take_again();
            char key[64];
            snprintf(key, sizeof key, "%u-new", i * DELAYS + d);
            unsigned seed = whole(key);
            assert_true(seed == SEED_NEW || (seed == 0 && steps[i] <= STEP_COMMIT_NEW));
            snprintf(key, sizeof key, "%u-old", i * DELAYS + d);
            seed = whole(key);
            assert_true(seed == SEED_NEW || (seed == SEED_OLD && steps[i] <= STEP_COMMIT_OLD));
            snprintf(key, sizeof key, "%u-gone", i * DELAYS + d);
            seed = whole(key);
            assert_true(seed == 0 || seed == SEED_OLD);
            sweep_all();
            assert_int_equal(whole(key), seed);
        }
    }
}

/* ---- Uploads ---- */

enum upload_step { STEP_CREATE, STEP_PART_1, STEP_PART_2, STEP_COMPLETE, UPLOAD_STEPS = 5 };
enum { LAST_PART = 77 };

/* What a repository would have kept of the upload. */
static void record_path(char path[4200], unsigned round)
{
    snprintf(path, 4200, "%s/upload-%u", kit_tmp(), round);
}

static void keep(const struct upload *upload)
{
    char path[4200];
    record_path(path, crash_round());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(upload, sizeof *upload, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static bool recall(unsigned round, struct upload *upload)
{
    char path[4200];
    record_path(path, round);
    FILE *file = fopen(path, "r");
    bool there = file && fread(upload, sizeof *upload, 1, file) == 1;
    if (file) {
        fclose(file);
    }
    upload->on = instance;
    upload->state.bytes = upload->state_bytes;
    for (size_t i = 0; there && i < MAX_PARTS; i++) {
        upload->parts[i].receipt = upload->parts[i].receipt ? upload->receipts[i] : NULL;
    }
    return there;
}

static void upload_script(void)
{
    struct upload upload;
    crash_step();
    upload_begin(&upload, named("upload"), NULL);
    keep(&upload);
    crash_step();
    upload_send_ok(&upload, 1, upload.part_bytes, 1, 1);
    keep(&upload);
    crash_step();
    upload_send_ok(&upload, 2, LAST_PART, 2, 1);
    keep(&upload);
    crash_step();
    upload_end_ok(&upload, 2, 1);
    crash_step();
}

static void send_all(struct upload *upload)
{
    upload_send_ok(upload, 1, upload->part_bytes, 1, 2);
    upload_send_ok(upload, 2, LAST_PART, 2, 2);
}

/* upload_complete, repeated while the answer allows it: a mirror whose other store was complete
 * says MGW_UNKNOWN_OUTCOME until it has brought the blob across. */
static enum mgw_status end_patiently(struct mgw_call *call, struct upload *upload)
{
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = upload_end(call, upload, 2, 2, &stat);
    for (int i = 0; i < 200 && (status == MGW_UNKNOWN_OUTCOME || status == MGW_UNAVAILABLE); i++) {
        usleep(50000);
        status = upload_end(call, upload, 2, 2, &stat);
    }
    return status;
}

/* Where the store has forgotten the parts, as it was declared to, it takes them again, or says that
 * this key's upload is lost, and takes them in a new one. STATUS: what upload_complete answered;
 * KEY: the blob's. */
static void send_again(unsigned round, struct upload *upload, char key[64], enum mgw_status status)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    if (status == MGW_INVALID) {
        send_all(upload);
        status = end_patiently(call, upload);
    }
    if (status == MGW_INVALID || status == MGW_NOT_FOUND || status == MGW_UNKNOWN_OUTCOME) {
        snprintf(key, 64, "%u-again", round);
        upload_begin(upload, key, NULL);
        send_all(upload);
        upload_end_ok(upload, 2, 2);
    } else {
        assert_status(call, status, MGW_OK);
    }
}

/* Another process takes the upload over where the killed one has left it. */
static void go_on(unsigned round, unsigned step, bool within)
{
    struct upload upload;
    char key[64];
    snprintf(key, sizeof key, "%u-upload", round);
    if (step < STEP_COMPLETE || (step == STEP_COMPLETE && !within)) {
        assert_absent(kit_bucket(), key);
    }
    if (!recall(round, &upload)) {
        return;
    }
    if (!upload.parts[0].receipt) {
        upload_send_ok(&upload, 1, upload.part_bytes, 1, 2);
    }
    if (!upload.parts[1].receipt) {
        upload_send_ok(&upload, 2, LAST_PART, 2, 2);
    }
    if (within && kit_hides_cut_completes()) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        send_again(round, &upload, key, end_patiently(call, &upload));
    } else {
        upload_end_ok(&upload, 2, 2);
    }
    assert_parts(&upload, key, (const uint64_t[]){1, 2}, 2, LAST_PART);
}

static void kill_upload_at(unsigned round, unsigned step, int delay_us)
{
    kit_let_go();
    bool killed = crash_run(round, step, delay_us);
    kit_take_again();
    bool between = killed && delay_us == CRASH_BETWEEN;
    go_on(round, between ? step : UPLOAD_STEPS, !between);
}

static void uploads_that_are_killed_between_calls_go_on(void **state)
{
    (void)state;
    for (unsigned step = 0; step < UPLOAD_STEPS; step++) {
        kill_upload_at(step, step, CRASH_BETWEEN);
    }
}

static void uploads_that_are_killed_within_calls_go_on(void **state)
{
    (void)state;
    for (unsigned step = STEP_PART_1; step <= STEP_COMPLETE; step++) {
        for (unsigned d = 0; d < DELAYS; d++) {
            kill_upload_at(step * DELAYS + d, step, delays_us[d]);
        }
    }
}

#define KILLED(function, clause_, needs_, script_)                                                 \
    {                                                                                              \
        .name = #function, .clause = clause_, .needs = (needs_) | KIT_WRITES | KIT_SURVIVES,       \
        .run = function, .script = script_                                                         \
    }
const struct kit_case crash_cases[] = {
    KILLED(puts_that_are_killed_between_calls_leave_nothing_half,
           "put_begin: nothing visible before put_commit; put_commit, remove: durable", 0,
           put_script),
    KILLED(puts_that_are_killed_within_calls_leave_nothing_half,
           "put_commit: in one step; never a mixture", 0, put_script),
    KILLED(uploads_that_are_killed_between_calls_go_on,
           "upload_create: any process may go on; upload_part: durably", MGW_STORAGE_RESUMABLE,
           upload_script),
    KILLED(uploads_that_are_killed_within_calls_go_on,
           "upload_part: bytes without a receipt may be sent again", MGW_STORAGE_RESUMABLE,
           upload_script),
    {0},
};
