/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker pool: bounds, shedding, and an end that loses nothing. */
#include "core/base/pool.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* Jobs wait at the gate until the test opens it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_gate;
static unsigned inside, most_inside, done;

static int reset(void **state)
{
    (void)state;
    open_gate = false;
    inside = most_inside = done = 0;
    return 0;
}

static void wait_at_gate(struct pool_job *job)
{
    (void)job;
    pthread_mutex_lock(&lock);
    inside++;
    most_inside = inside > most_inside ? inside : most_inside;
    pthread_cond_broadcast(&changed);
    while (!open_gate) {
        pthread_cond_wait(&changed, &lock);
    }
    inside--;
    done++;
    pthread_mutex_unlock(&lock);
}

static void wait_for_inside(unsigned count)
{
    pthread_mutex_lock(&lock);
    while (inside < count) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void open_the_gate(void)
{
    pthread_mutex_lock(&lock);
    open_gate = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void a_full_queue_refuses_but_lets_continued_work_in(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 2, 3);
    struct pool_job jobs[7];
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct pool_job){.run = wait_at_gate};
    }
    assert_true(pool_submit(pool, &jobs[0]));
    assert_true(pool_submit(pool, &jobs[1]));
    wait_for_inside(2);
    for (size_t i = 2; i < 5; i++) {
        assert_true(pool_submit(pool, &jobs[i]));
    }
    assert_int_equal(pool_depth(pool), 3);
    assert_false(pool_submit(pool, &jobs[5]));
    assert_true(pool_continue(pool, &jobs[6]));
    assert_int_equal(pool_depth(pool), 4);
    open_the_gate();
    pool_free(pool);
    assert_int_equal(done, 6);
    assert_int_equal(most_inside, 2);
}

static void all_threads_are_used_while_all_are_busy(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 8, 100);
    struct pool_job jobs[20];
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct pool_job){.run = wait_at_gate};
        assert_true(pool_submit(pool, &jobs[i]));
    }
    wait_for_inside(8);
    open_the_gate();
    pool_free(pool);
    assert_int_equal(done, 20);
    assert_int_equal(most_inside, 8);
}

static struct pool *shared;
static atomic_uint ran;

struct chain {
    struct pool_job job; /* first: the job is the chain */
    unsigned left;
};

/* Submits itself again until it is used up, then frees itself. */
static void run_chain(struct pool_job *job)
{
    struct chain *chain = (struct chain *)(void *)job;
    ran++;
    if (chain->left-- == 0 || !pool_continue(shared, job)) {
        free(chain);
    }
}

static void a_job_may_be_submitted_again_or_freed_inside(void **state)
{
    (void)state;
    shared = pool_new("test", 4, 64);
    ran = 0;
    for (int i = 0; i < 32; i++) {
        struct chain *chain = calloc(1, sizeof *chain);
        chain->job.run = run_chain;
        chain->left = 99;
        assert_true(pool_submit(shared, &chain->job));
    }
    for (int i = 0; i < 10000 && ran < 3200; i++) {
        usleep(1000);
    }
    pool_free(shared);
    assert_int_equal(ran, 3200);
}

static void *submit_many(void *failed)
{
    for (int i = 0; i < 500; i++) {
        struct chain *chain = calloc(1, sizeof *chain);
        chain->job.run = run_chain;
        if (!pool_submit(shared, &chain->job)) {
            free(chain);
            ++*(unsigned *)failed;
        }
    }
    return NULL;
}

static void what_was_taken_from_many_threads_is_run_before_the_end(void **state)
{
    (void)state;
    shared = pool_new("test", 4, 16);
    ran = 0;
    pthread_t threads[4];
    unsigned refused[4] = {0}, sum = 0;
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &refused[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        sum += refused[i];
    }
    pool_free(shared);
    assert_int_equal(ran + sum, 2000);
}

struct note {
    struct pool_job job; /* first: the job is the note */
    pthread_t by;
};

static void note_thread(struct pool_job *job)
{
    struct note *note = (struct note *)(void *)job;
    note->by = pthread_self();
    wait_at_gate(job);
}

static void wait_for_done(unsigned count)
{
    for (unsigned seen = 0; seen < count; usleep(1000)) {
        pthread_mutex_lock(&lock);
        seen = done;
        pthread_mutex_unlock(&lock);
    }
    usleep(20000); /* the thread goes from there to its place among the idle */
}

static void a_job_goes_to_the_thread_that_became_idle_last(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 4, 100);
    struct pool_job jobs[4];
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct pool_job){.run = wait_at_gate};
        assert_true(pool_submit(pool, &jobs[i]));
    }
    wait_for_inside(4);
    open_the_gate();
    wait_for_done(4);
    struct note first = {.job.run = note_thread}, again = {.job.run = note_thread};
    assert_true(pool_submit(pool, &first.job));
    wait_for_done(5);
    assert_true(pool_submit(pool, &again.job));
    wait_for_done(6);
    pool_free(pool);
    assert_true(pthread_equal(first.by, again.by));
}

static struct pool_worker *whose;

static void tell_and_wait_at_gate(struct pool_job *job)
{
    pthread_mutex_lock(&lock);
    whose = pool_worker_here();
    pthread_mutex_unlock(&lock);
    wait_at_gate(job);
}

static unsigned lost_of(struct pool *pool, unsigned expected)
{
    unsigned lost = pool_lost(pool);
    for (int i = 0; i < 10000 && lost != expected; i++) {
        usleep(1000);
        lost = pool_lost(pool);
    }
    return lost;
}

static void a_lost_worker_is_made_up_for_until_it_is_back(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 1, 8);
    struct pool_job jobs[3] = {
        {.run = tell_and_wait_at_gate}, {.run = wait_at_gate}, {.run = wait_at_gate}};
    assert_null(pool_worker_here());
    assert_true(pool_submit(pool, &jobs[0]));
    wait_for_inside(1);
    assert_true(pool_submit(pool, &jobs[1]));
    assert_int_equal(pool_depth(pool), 1);
    pool_worker_lost(whose);
    pool_worker_lost(whose); /* no more than once */
    wait_for_inside(2);
    assert_int_equal(pool_lost(pool), 1);
    assert_true(pool_submit(pool, &jobs[2]));
    assert_int_equal(pool_depth(pool), 1);
    open_the_gate();
    assert_int_equal(lost_of(pool, 0), 0);
    pool_free(pool);
    assert_int_equal(done, 3);
    assert_int_equal(most_inside, 2);
}

static void a_pool_whose_workers_are_all_lost_refuses_but_forgets_nothing(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 1, 8);
    struct pool_job jobs[6] = {{0}};
    for (unsigned i = 0; i < 4; i++) { /* four times as many as it has */
        jobs[i].run = tell_and_wait_at_gate;
        assert_true(pool_submit(pool, &jobs[i]));
        wait_for_inside(i + 1);
        pool_worker_lost(whose);
        assert_int_equal(pool_lost(pool), i + 1);
    }
    jobs[4].run = tell_and_wait_at_gate;
    assert_true(pool_submit(pool, &jobs[4]));
    wait_for_inside(5);
    pool_worker_lost(whose); /* one more than is made up for */
    assert_int_equal(pool_lost(pool), 4);
    jobs[5].run = wait_at_gate;
    assert_true(pool_continue(pool, &jobs[5]));
    open_the_gate();
    assert_int_equal(lost_of(pool, 0), 0);
    pool_free(pool);
    assert_int_equal(done, 6);
}

static pthread_key_t key;
static atomic_uint destroyed;

static void destroy_slowly(void *value)
{
    (void)value;
    usleep(50000);
    destroyed++;
}

static void keep_a_value(struct pool_job *job)
{
    assert_int_equal(pthread_setspecific(key, job), 0);
    wait_at_gate(job);
}

/* A library's destructor must not meet the end of the process, nor a module that is unloaded. */
static void threads_are_gone_with_what_they_kept(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&key, destroy_slowly), 0);
    destroyed = 0;
    struct pool *pool = pool_new("test", 4, 8);
    struct pool_job jobs[4];
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i] = (struct pool_job){.run = keep_a_value};
        assert_true(pool_submit(pool, &jobs[i]));
    }
    wait_for_inside(4);
    open_the_gate();
    pool_free(pool);
    assert_int_equal(destroyed, 4);
    assert_int_equal(pthread_key_delete(key), 0);
}

static void an_unused_pool_ends_at_once(void **state)
{
    (void)state;
    struct pool *pool = pool_new("test", 4, 4);
    assert_int_equal(pool_depth(pool), 0);
    pool_free(pool);
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_full_queue_refuses_but_lets_continued_work_in, reset),
        cmocka_unit_test_setup(all_threads_are_used_while_all_are_busy, reset),
        cmocka_unit_test(a_job_may_be_submitted_again_or_freed_inside),
        cmocka_unit_test(what_was_taken_from_many_threads_is_run_before_the_end),
        cmocka_unit_test_setup(a_job_goes_to_the_thread_that_became_idle_last, reset),
        cmocka_unit_test_setup(a_lost_worker_is_made_up_for_until_it_is_back, reset),
        cmocka_unit_test_setup(a_pool_whose_workers_are_all_lost_refuses_but_forgets_nothing,
                               reset),
        cmocka_unit_test_setup(threads_are_gone_with_what_they_kept, reset),
        cmocka_unit_test(an_unused_pool_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
