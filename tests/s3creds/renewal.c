/* SPDX-License-Identifier: Apache-2.0
 *
 * Temporary credentials over time: renewed before they end, kept while that fails, and asked for
 * by one thread only. */
#include "tests/s3creds/bench.h"

#include "core/plugin/call.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    int status = bench_setup(state);
    struct bench *bench = *state;
    bench_env("AWS_EC2_METADATA_DISABLED", NULL);
    bench_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", bench->endpoint->url);
    assert_status(bench, bench_open(bench, NULL), MGW_OK);
    return status;
}

/* What the endpoint hands out from now on ends so long after the start. */
static void set_end(struct bench *bench, int64_t minutes)
{
    ENDPOINT(bench->endpoint, bench->endpoint->expires_at_ms = START_MS + minutes * MINUTE_MS);
}

static void set_status(struct bench *bench, unsigned int status)
{
    ENDPOINT(bench->endpoint, bench->endpoint->status = status);
}

static void they_are_renewed_five_minutes_before_they_end(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    set_end(bench, 120);
    bench_pass(55 * MINUTE_MS - 1);
    assert_got(bench, "ASIA1");
    bench_pass(1);
    assert_got(bench, "ASIA2");
    assert_int_equal(bench->got.expires_at_ms, START_MS + 120 * MINUTE_MS);
    bench_pass(59 * MINUTE_MS);
    assert_got(bench, "ASIA2");
    assert_int_equal(SEEN(bench->endpoint, given), 2);
}

static void short_lives_are_renewed_in_their_middle(void **state)
{
    struct bench *bench = *state;
    set_end(bench, 4);
    assert_got(bench, "ASIA1");
    set_end(bench, 8);
    bench_pass(2 * MINUTE_MS - 1);
    assert_got(bench, "ASIA1");
    bench_pass(1);
    assert_got(bench, "ASIA2");
}

static void while_a_renewal_fails_the_old_ones_serve(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    set_status(bench, 503);
    bench_pass(56 * MINUTE_MS);
    assert_got(bench, "ASIA1");
    assert_string_equal(bench_text(bench), "");
    assert_int_equal(bench_logged("could not be renewed, the old ones serve on: credentials from "
                                  "instance metadata: HTTP 503"),
                     1);
    unsigned int requests = SEEN(bench->endpoint, requests);
    assert_got(bench, "ASIA1"); /* not at each call */
    assert_int_equal(SEEN(bench->endpoint, requests), requests);
    bench_pass(MINUTE_MS);
    assert_got(bench, "ASIA1");
    assert_true(SEEN(bench->endpoint, requests) > requests);
    set_status(bench, 0);
    set_end(bench, 120);
    bench_pass(MINUTE_MS);
    assert_got(bench, "ASIA2");
}

static void once_they_have_ended_the_source_is_named(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    set_status(bench, 503);
    bench_pass(60 * MINUTE_MS);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "credentials from instance metadata: HTTP 503");
    unsigned int requests = SEEN(bench->endpoint, requests);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "credentials from instance metadata: HTTP 503");
    assert_int_equal(SEEN(bench->endpoint, requests), requests);
    set_status(bench, 0);
    set_end(bench, 120);
    bench_pass(MINUTE_MS);
    assert_got(bench, "ASIA2");
}

static void once_their_source_has_gone_every_source_is_named(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    ENDPOINT(bench->endpoint, bench->endpoint->role = NULL);
    bench_pass(56 * MINUTE_MS);
    assert_got(bench, "ASIA1");
    bench_pass(4 * MINUTE_MS);
    assert_status(bench, bench_get(bench), MGW_UNAVAILABLE);
    assert_says(bench, "no credentials (config: no access_key; environment: no ");
    assert_says(bench, "container: no AWS_CONTAINER_CREDENTIALS_FULL_URI; ");
    assert_says(bench, "instance metadata: the instance has no role");
    bench_file(bench, ".aws/credentials",
               "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=" HUSH "\n");
    bench_pass(MINUTE_MS);
    assert_got(bench, "AKIAFILE");
}

static void the_source_stays_the_source(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    bench_file(bench, ".aws/credentials",
               "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=" HUSH "\n");
    set_end(bench, 120);
    bench_pass(56 * MINUTE_MS);
    assert_got(bench, "ASIA2");
}

static void what_the_server_refuses_is_asked_for_again(void **state)
{
    struct bench *bench = *state;
    assert_got(bench, "ASIA1");
    creds_renew(bench->creds, "ASIA1");
    assert_got(bench, "ASIA2");
    creds_renew(bench->creds, "ASIA1"); /* a late word about the old ones */
    assert_got(bench, "ASIA2");
    assert_int_equal(SEEN(bench->endpoint, given), 2);
}

static void a_source_that_insists_is_not_asked_without_a_pause(void **state)
{
    struct bench *bench = *state;
    ENDPOINT(bench->endpoint, bench->endpoint->same = true);
    assert_got(bench, "ASIA1");
    for (int i = 0; i < 100; i++) {
        creds_renew(bench->creds, "ASIA1");
        assert_got(bench, "ASIA1");
    }
    assert_int_equal(SEEN(bench->endpoint, roles), 2);
    bench_pass(56 * MINUTE_MS); /* due, but the source still has the same */
    for (int i = 0; i < 100; i++) {
        assert_got(bench, "ASIA1");
    }
    assert_int_equal(SEEN(bench->endpoint, roles), 3);
    bench_pass(MINUTE_MS);
    assert_got(bench, "ASIA1");
    assert_int_equal(SEEN(bench->endpoint, roles), 4);
}

static void keys_that_never_change_are_not_asked_for_again(void **state)
{
    struct bench *bench = *state;
    assert_status(bench, bench_open(bench, "access_key", "mine", "secret_key", HUSH, NULL), MGW_OK);
    assert_got(bench, "mine");
    creds_renew(bench->creds, "mine");
    assert_got(bench, "mine");
    assert_int_equal(bench_logged("credentials come from: config"), 1);
}

enum { THREADS = 32 };

struct one {
    struct bench *bench;
    int64_t timeout_ms; /* 0: none */
    enum mgw_status status;
    char access_key[32];
};

static void *get_one(void *ctx)
{
    struct one *one = ctx;
    struct credential got = {0};
    struct mgw_call *call = call_new("", "test", one->timeout_ms);
    one->status = creds_get(call, one->bench->creds, &got);
    snprintf(one->access_key, sizeof one->access_key, "%s", got.access_key ? got.access_key : "");
    call_free(call);
    return NULL;
}

static void get_at_once(struct bench *bench, struct one all[THREADS])
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        all[i] = (struct one){.bench = bench};
        assert_int_equal(pthread_create(&threads[i], NULL, get_one, &all[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void many_threads_make_one_request(void **state)
{
    struct bench *bench = *state;
    struct one all[THREADS];
    ENDPOINT(bench->endpoint, bench->endpoint->delay_ms = 100);
    get_at_once(bench, all);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].status, MGW_OK);
        assert_string_equal(all[i].access_key, "ASIA1");
    }
    assert_int_equal(SEEN(bench->endpoint, requests), 3);

    set_end(bench, 120); /* due: one renews, the others go on */
    bench_pass(56 * MINUTE_MS);
    get_at_once(bench, all);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].status, MGW_OK);
        assert_true(strcmp(all[i].access_key, "ASIA1") == 0 ||
                    strcmp(all[i].access_key, "ASIA2") == 0);
    }
    assert_got(bench, "ASIA2");
    assert_int_equal(SEEN(bench->endpoint, requests), 6);
}

static void many_threads_share_one_failure(void **state)
{
    struct bench *bench = *state;
    struct one all[THREADS];
    ENDPOINT(bench->endpoint, {
        bench->endpoint->delay_ms = 200;
        bench->endpoint->status = 403;
    });
    get_at_once(bench, all);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].status, MGW_DENIED);
    }
    assert_true(SEEN(bench->endpoint, requests) < THREADS / 2);
}

static void those_that_wait_do_not_share_anothers_end(void **state)
{
    struct bench *bench = *state;
    struct one all[THREADS], hasty = {.bench = bench, .timeout_ms = 200};
    pthread_t thread;
    bench_run_clock();
    ENDPOINT(bench->endpoint, bench->endpoint->delay_ms = 1000);
    assert_int_equal(pthread_create(&thread, NULL, get_one, &hasty), 0);
    while (SEEN(bench->endpoint, requests) == 0) {
        sched_yield();
    }
    ENDPOINT(bench->endpoint, bench->endpoint->delay_ms = 0);
    get_at_once(bench, all);
    pthread_join(thread, NULL);
    assert_int_equal(hasty.status, MGW_TIMEOUT);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].status, MGW_OK);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(they_are_renewed_five_minutes_before_they_end),
        CASE(short_lives_are_renewed_in_their_middle),
        CASE(while_a_renewal_fails_the_old_ones_serve),
        CASE(once_they_have_ended_the_source_is_named),
        CASE(once_their_source_has_gone_every_source_is_named),
        CASE(the_source_stays_the_source),
        CASE(what_the_server_refuses_is_asked_for_again),
        CASE(a_source_that_insists_is_not_asked_without_a_pause),
        CASE(keys_that_never_change_are_not_asked_for_again),
        CASE(many_threads_make_one_request),
        CASE(many_threads_share_one_failure),
        CASE(those_that_wait_do_not_share_anothers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
