/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and leases over a repository in memory whose clock goes as the test says; and stores that
 * do not fit a shared repository. */
#include "tests/media/bench.h"

#include "core/base/clock.h"
#include "core/media/claim.h"
#include "core/media/node.h"
#include "core/plugin/call.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct memrepo *repo;
static struct rows *rows;

static int start(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 10000);
    repo = memrepo_new();
    struct mgw_repo as = memrepo_repo(repo);
    return rows_new(call, "memrepo", &as, MGW_THREADS_PARALLEL, false, &rows) == MGW_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    rows_free(rows);
    memrepo_free(repo);
    return 0;
}

/* As a process of another machine would have it: its pid says nothing here. */
static struct claim elsewhere(const char *owner)
{
    struct claim claim;
    json_t *more = json_pack("{s:s}", "world", "another/machine");
    assert_true(claim_init(&claim, rows, "lease", "thing", claim_text(owner, more), 30000));
    return claim;
}

static enum mgw_status take(struct claim *claim)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 10000);
    return claim_take(claim, call, NULL, NULL);
}

static void release(struct claim *claim)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 10000);
    claim_release(claim, call);
}

static void a_claim_is_one_holders_until_it_runs_out(void **state)
{
    (void)state;
    struct claim one = elsewhere("one"), two = elsewhere("two");
    assert_int_equal(take(&one), MGW_OK);
    assert_int_equal(take(&two), MGW_BUSY);
    assert_true(claim_is_held(&one) && !claim_is_held(&two));
    memrepo_set_clock_offset(repo, 20000);
    assert_int_equal(take(&one), MGW_OK); /* renewed */
    memrepo_set_clock_offset(repo, 45000);
    assert_int_equal(take(&two), MGW_BUSY);
    memrepo_set_clock_offset(repo, 51000);
    assert_int_equal(take(&two), MGW_OK);
    assert_int_equal(take(&one), MGW_BUSY);
    assert_false(claim_is_held(&one));
    release(&one); /* not its own to give up */
    assert_int_equal(take(&one), MGW_BUSY);
    release(&two);
    assert_int_equal(take(&one), MGW_OK);
    claim_end(&one);
    claim_end(&two);
}

/* Versions begin anew with each holder: an equal one must not let the old one in. */
static void an_old_holder_does_not_come_back_by_an_equal_version(void **state)
{
    (void)state;
    struct claim one = elsewhere("one"), two = elsewhere("two");
    assert_int_equal(take(&one), MGW_OK);
    memrepo_set_clock_offset(repo, 31000);
    assert_int_equal(take(&two), MGW_OK); /* version 1 again */
    assert_int_equal(take(&one), MGW_BUSY);
    assert_true(claim_is_held(&two));
    claim_end(&one);
    claim_end(&two);
}

static void a_holder_of_this_machine_that_is_dead_is_replaced_at_once(void **state)
{
    (void)state;
    struct claim mine, theirs;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(claim_init(&theirs, rows, "lease", "thing",
                           claim_text("dead", json_pack("{s:i}", "pid", (int)pid)), 30000));
    assert_true(claim_init(&mine, rows, "lease", "thing", claim_text("mine", NULL), 30000));
    assert_int_equal(take(&theirs), MGW_OK);
    assert_int_equal(take(&mine), MGW_OK);
    assert_int_equal(take(&theirs), MGW_BUSY); /* whoever holds it now lives */
    claim_end(&mine);
    claim_end(&theirs);
}

static void a_claim_whose_outcome_was_lost_is_still_taken(void **state)
{
    (void)state;
    struct claim one = elsewhere("one");
    memrepo_inject(
        repo, MEMREPO_APPLY,
        &(struct memrepo_fault){.status = MGW_UNKNOWN_OUTCOME, .times = 1, .after = true});
    assert_int_equal(take(&one), MGW_OK);
    assert_true(claim_is_held(&one));
    claim_end(&one);
}

static void a_lost_lease_ends_what_is_done_under_it(void **state)
{
    (void)state;
    struct node *node = NULL;
    struct mgw_error error = {.size = sizeof error};
    assert_int_equal(node_new(rows, "north", NULL, &node, &error), MGW_OK);
    AUTO_CALL struct mgw_call *work = call_new("", NULL, 60000);
    assert_true(node_enter(node, NODE_REAPER, work));
    assert_true(node_holds(node, NODE_REAPER));
    /* Paused for long: another machine has taken it meanwhile. */
    memrepo_set_clock_offset(repo, 31000);
    struct claim other;
    json_t *more = json_pack("{s:s}", "world", "another/machine");
    assert_true(
        claim_init(&other, rows, NODE_LEASE_RECORD, "reaper", claim_text("other", more), 3600000));
    assert_int_equal(take(&other), MGW_OK);
    for (int i = 0; i < 6000 && call_check(work) == MGW_OK; i++) {
        usleep(10000);
    }
    assert_int_equal(call_check(work), MGW_CANCELLED);
    assert_false(node_holds(node, NODE_REAPER));
    node_leave(node, NODE_REAPER);
    assert_false(node_enter(node, NODE_REAPER, work));
    node_free(node);
    claim_end(&other);
}

/* ---- Shared rows, bytes of one's own ---- */

static uint64_t store_capabilities;

static enum mgw_status shared_rows(struct mgw_call *call, void *instance,
                                   struct mgw_repo_limits *limits)
{
    enum mgw_status status = memrepo_driver()->describe(call, instance, limits);
    limits->capabilities |= MGW_REPO_SHARED;
    return status;
}

static enum mgw_status some_store(struct mgw_call *call, void *instance,
                                  struct mgw_storage_limits *limits)
{
    enum mgw_status status = memstore_storage(instance).driver->describe(call, instance, limits);
    limits->capabilities &= ~(uint64_t)MGW_STORAGE_SHARED;
    limits->capabilities |= store_capabilities;
    return status;
}

static enum mgw_status open_service(uint64_t capabilities, struct mgw_error *error)
{
    struct mgw_repo_driver repo_driver = *memrepo_driver();
    struct memstore *store = memstore_new();
    struct mgw_storage_driver storage_driver = *memstore_storage(store).driver;
    repo_driver.describe = shared_rows;
    storage_driver.describe = some_store;
    store_capabilities = capabilities;
    struct mgw_repo as_repo = {sizeof as_repo, &repo_driver, repo};
    struct mgw_storage as_storage = {sizeof as_storage, &storage_driver, store};
    struct mgw_media_options options = {.size = sizeof options,
                                        .storage = &as_storage,
                                        .repo = &as_repo,
                                        .reap_interval_ms = MGW_ABSENT};
    struct mgw_media *media = NULL;
    enum mgw_status status = mgw_media_new(&options, &media, error);
    mgw_media_free(media);
    memstore_free(store);
    return status;
}

static void a_shared_repository_wants_a_shared_store(void **state)
{
    (void)state;
    struct mgw_error error = {.size = sizeof error};
    assert_int_equal(open_service(0, &error), MGW_INVALID);
    assert_non_null(strstr(error.text, "\"shared\": true"));
    assert_int_equal(open_service(MGW_STORAGE_SHARED, &error), MGW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_one_holders_until_it_runs_out, start, stop),
        cmocka_unit_test_setup_teardown(an_old_holder_does_not_come_back_by_an_equal_version, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_holder_of_this_machine_that_is_dead_is_replaced_at_once,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_claim_whose_outcome_was_lost_is_still_taken, start, stop),
        cmocka_unit_test_setup_teardown(a_lost_lease_ends_what_is_done_under_it, start, stop),
        cmocka_unit_test_setup_teardown(a_shared_repository_wants_a_shared_store, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
