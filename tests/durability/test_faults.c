/* SPDX-License-Identifier: Apache-2.0
 *
 * Every call of a create and of a delete is made to fail once: the first sync, the second, …, each
 * write, each open, each name made or removed, in the store and in the database, by each error that
 * a disk knows. After each: the process lives and goes on; the answer is a 5xx of the right kind;
 * what was acknowledged is there, before and after kill -9; nothing is `uploading` once the lease
 * is over; no `ready` row lacks its bytes; no failed sync was tried again. */
#include "tests/durability/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { LENGTH = 40000, CALLS_MOST = 400 };

static struct rig *rig;
static struct ledger *ledger;
static uint64_t seed;
static const char *overlay = "{}"; /* of the config */

struct class
{
    const char *name;
    uint32_t ops, kinds;
    const char *store, *database;           /* a pattern below the one or behind the other */
    enum { EITHER, CERTAIN, OPEN } outcome; /* OPEN: it may have happened, 503 */
};

static const struct class classes[] = {
    {"sync of a file in the store", OP_SYNC | OP_SYNC_FS, KIND_FILE, "/*", NULL, CERTAIN},
    {"sync of a folder in the store", OP_SYNC | OP_SYNC_FS, KIND_FOLDER, "/*", NULL, OPEN},
    {"write in the store", OP_WRITE, 0, "/*", NULL, CERTAIN},
    {"open in the store", OP_OPEN, 0, "/*", NULL, CERTAIN},
    {"publish", OP_ANY_NAME, 0, "/*", NULL, CERTAIN},
    {"attribute or length in the store", OP_XATTR | OP_TRUNCATE | OP_COPY, 0, "/*", NULL, CERTAIN},
    {"unlink in the store", OP_UNLINK, 0, "/*", NULL, EITHER},
    {"mkdir in the store", OP_MKDIR, 0, "/*", NULL, EITHER},
    {"sync of the database", OP_SYNC, 0, NULL, "*", EITHER},
    {"write of the database", OP_WRITE, 0, NULL, "*", EITHER},
    {"other call on the database", OP_OPEN | OP_UNLINK | OP_TRUNCATE, 0, NULL, "*", EITHER},
};

static const struct {
    int error;
    const char *name;
} errors[] = {{EIO, "EIO"}, {ENOSPC, "ENOSPC"}, {EDQUOT, "EDQUOT"}};

static struct tape_rule *lay(const struct class *class)
{
    struct tape_rule *rule = play_rule(rig->tape, 0, RULE_FAIL, class->ops, class->kinds,
                                       class->store ? rig_in_store(rig, class->store)
                                                    : rig_in_database(rig, class->database));
    rule->armed = 0;
    return rule;
}

/* A 5xx, and the one that tells the client what to do: 507 where room is missing, 503 where the
 * outcome is not known or it may work later, else 500. */
static void check_refusal(const struct class *class, const struct http_answer *answer, int error,
                          const char *what)
{
    bool room = error == ENOSPC || error == EDQUOT;
    bool right = (class->outcome != CERTAIN && answer->status == 503) ||
                 ((class->outcome != OPEN ||
                   strstr(overlay, "xattr")) && /* a sidecar's folder comes before */
                  answer->status == (room ? 507 : 500));
    if (!right) {
        fail_msg("%s: answered %ld %s", what, answer->status, answer->body ? answer->body : "");
    }
    api_error(answer, answer->status, NULL);
}

static void check_play(const struct play *play, const char *what)
{
    const struct tape_record *retried = order_retried_sync(play);
    if (retried) {
        fail_msg("%s: a failed sync was tried again: %s", what, tape_path(retried));
    }
}

/* kill -9, the leases end, and it starts again: what must be there is, and nothing else. */
static void restart_and_check(const char *what)
{
    ledger_restart(ledger);
    ledger_check(ledger, what);
}

static bool one_create(const struct class *class, int64_t number, int error, const char *what)
{
    struct tape_rule *rule = lay(class);
    struct body body = body_random(++seed, LENGTH);
    play_rule_once(rule, number, error);
    struct rig_request made = rig_create(rig, seed % 2 ? RIG_RAW : RIG_MULTIPART, body);
    bool hit = rule->hit > 0;
    play_disarm(rig->tape);
    check_play(&made.play, what);
    if (made.answer->status == 201) {
        ledger_add(ledger, api_id(api_json(made.answer)), body);
    } else {
        check_refusal(class, made.answer, error, what);
        ledger_refused(ledger, made.answer->status == 503, body);
    }
    if (getenv("DURABILITY_SHOW")) {
        print_message("%s: %ld\n", what, made.answer->status);
    }
    return hit;
}

static bool one_delete(const struct class *class, int64_t number, int error, const char *what)
{
    struct tape_rule *rule = lay(class);
    const char *id = ledger_create(ledger, body_random(++seed, LENGTH));
    play_rule_once(rule, number, error);
    struct rig_request gone = rig_delete(rig, id);
    bool hit = rule->hit > 0;
    play_disarm(rig->tape);
    check_play(&gone.play, what);
    if (gone.answer->status == 200) {
        ledger_remove(ledger, id);
    } else {
        check_refusal(class, gone.answer, error, what);
        ledger_doubt(ledger, id);
    }
    if (getenv("DURABILITY_SHOW")) {
        print_message("%s: %ld\n", what, gone.answer->status);
    }
    return hit;
}

typedef bool one(const struct class *class, int64_t number, int error, const char *what);

static size_t sweep(one *run, const char *verb)
{
    size_t faults = 0;
    for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++) {
        for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
            bool hit = true;
            for (int64_t n = 1; hit; n++) {
                assert_true(n < CALLS_MOST);
                char *what =
                    keep_text("%s: %s %d: %s", verb, classes[c].name, (int)n, errors[e].name);
                hit = run(&classes[c], n, errors[e].error, what);
                faults += hit;
                ledger_check_lives(ledger, what);
                if (hit) {
                    restart_and_check(what);
                }
            }
        }
    }
    ledger_check_all(ledger, verb);
    print_message("%s: %zu faults\n", verb, faults);
    return faults;
}

static void each_call_of_a_create_may_fail(void **state)
{
    (void)state;
    /* two rows' commits, the file, its name: far more calls than these */
    assert_true(sweep(one_create, "create") > 40);
}

static void each_call_of_a_delete_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(one_delete, "delete") > 20);
}

static int setup(void **state)
{
    (void)state;
    rig = rig_new(overlay);
    ledger = ledger_new(rig);
    ledger_create(ledger, body_random(++seed, LENGTH)); /* the bucket; and something to lose */
    ledger_create(ledger, body_random(++seed, LENGTH));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_free(ledger);
    return rig_free(rig);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(each_call_of_a_create_may_fail),
        TEST(each_call_of_a_delete_may_fail),
    };
    overlay = argc > 1 ? argv[1] : overlay;
    int failed = cmocka_run_group_tests_name("faults", tests, setup, teardown);
    return failed + rig_failures;
}
