/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts: visibility, atomicity, lengths, if-absent. */
#include "core/kit/storage/kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static void *begin(struct mgw_call *call, const char *key, const struct mgw_put *put)
{
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    struct mgw_put none = {.size = sizeof none};
    void *writer = NULL;
    assert_status(call, driver->put_begin(call, instance, &blob, put ? put : &none, &writer),
                  MGW_OK);
    assert_non_null(writer);
    return writer;
}

static void put_is_invisible_until_commit(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = begin(call, "k", NULL);
    assert_absent(kit_bucket(), "k");
    assert_status(call, driver->put_write(call, writer, "hello", 5), MGW_OK);
    if (driver->put_prepare) {
        assert_status(call, driver->put_prepare(call, writer), MGW_OK);
    }
    assert_absent(kit_bucket(), "k");
    AUTO_KEYS struct keys keys;
    list_all(kit_bucket(), "", 10, &keys);
    assert_int_equal(keys.count, 0);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_text(kit_bucket(), "k", "hello");
}

static void commit_answers_what_stat_answers(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat put = {.size = sizeof put}, seen = {.size = sizeof seen};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    int64_t before = kit_host.wall_ms();
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "hello", 5, &put), MGW_OK);
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    assert_int_equal(seen.bytes, 5);
    assert_int_equal(put.bytes, 5);
    assert_string_equal(seen.etag, put.etag);
    assert_int_equal(seen.modified_ms, put.modified_ms);
    assert_in_range(seen.modified_ms, before - 60000, kit_host.wall_ms() + 60000);
    assert_in_range(strlen(seen.etag), 1, 256);
    for (const char *c = seen.etag; *c; c++) {
        assert_true(*c > ' ' && *c < 127 && *c != '"');
    }
}

static void abort_leaves_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    void *writer = begin(call, "k", NULL);
    assert_status(call, driver->put_write(call, writer, "hello", 5), MGW_OK);
    driver->put_abort(call, writer);
    assert_absent(kit_bucket(), "k");
}

static void abort_leaves_the_old_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    put_text(kit_bucket(), "k", "old");
    void *writer = begin(call, "k", NULL);
    assert_status(call, driver->put_write(call, writer, "new bytes", 9), MGW_OK);
    if (driver->put_prepare) {
        assert_status(call, driver->put_prepare(call, writer), MGW_OK);
    }
    driver->put_abort(call, writer);
    assert_text(kit_bucket(), "k", "old");
}

static void zero_bytes_are_legal(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN};
    struct mgw_stat stat = {.size = sizeof stat};
    put_bytes(kit_bucket(), "unknown", "", 0);
    assert_blob(kit_bucket(), "unknown", "", 0);
    assert_status(call, try_put(call, kit_bucket(), "known", &put, "", 0, &stat), MGW_OK);
    assert_blob(kit_bucket(), "known", "", 0);
}

static void writes_of_zero_bytes_add_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = begin(call, "k", NULL);
    assert_status(call, driver->put_write(call, writer, "a", 1), MGW_OK);
    assert_status(call, driver->put_write(call, writer, "", 0), MGW_OK);
    assert_status(call, driver->put_write(call, writer, "b", 1), MGW_OK);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_text(kit_bucket(), "k", "ab");
}

static void sizes_around_blocks_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,     2,     4095,  4096,   4097,    65535,
                                   65536, 65537, 99999, 131072, 1048576, 1048577};
    char key[32];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        AUTO_FREE char *bytes = malloc(sizes[i]);
        assert_non_null(bytes);
        fill(bytes, sizes[i], sizes[i]);
        snprintf(key, sizeof key, "size-%zu", sizes[i]);
        put_bytes(kit_bucket(), key, bytes, sizes[i]);
        assert_blob(kit_bucket(), key, bytes, sizes[i]);
    }
}

static void many_small_writes_make_one_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    unsigned char bytes[30000];
    fill(bytes, sizeof bytes, 7);
    void *writer = begin(call, "k", NULL);
    for (size_t at = 0, step = 1; at < sizeof bytes; at += step, step = step % 97 + 1) {
        step = step < sizeof bytes - at ? step : sizeof bytes - at;
        assert_status(call, driver->put_write(call, writer, bytes + at, step), MGW_OK);
    }
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_blob(kit_bucket(), "k", bytes, sizeof bytes);
}

static void a_blob_of_64_mib_round_trips(void **state)
{
    (void)state;
    size_t length = 64u << 20;
    AUTO_FREE char *bytes = malloc(length);
    assert_non_null(bytes);
    fill(bytes, length, 64);
    put_bytes(kit_bucket(), "big", bytes, length);
    assert_blob(kit_bucket(), "big", bytes, length);
}

static void a_blob_of_5_gib_round_trips(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "huge");
    size_t step = 4u << 20, got;
    uint64_t total = (UINT64_C(5) << 30) + 1;
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = total};
    AUTO_FREE char *bytes = malloc(step), *seen = malloc(step);
    void *reader = NULL, *writer = begin(call, "huge", &put);
    for (uint64_t at = 0; at < total; at += step) {
        size_t now = total - at < step ? (size_t)(total - at) : step;
        fill(bytes, now, at);
        assert_status(call, driver->put_write(call, writer, bytes, now), MGW_OK);
    }
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
    assert_int_equal(stat.bytes, total);
    assert_status(call, driver->open(call, instance, &blob, NULL, &reader, &stat), MGW_OK);
    for (uint64_t at = total - 1; at > step; at -= at < 64 * step ? at : 64 * step) {
        uint64_t start = at - at % step;
        size_t now = total - start < step ? (size_t)(total - start) : step, have = 0;
        fill(bytes, now, start);
        while (have < now) {
            assert_status(call,
                          driver->read(call, reader, start + have, seen + have, now - have, &got),
                          MGW_OK);
            assert_true(got > 0);
            have += got;
        }
        assert_memory_equal(bytes, seen, now);
    }
    driver->close(reader);
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
}

static void fewer_bytes_than_announced_are_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = 6};
    struct mgw_stat stat = {.size = sizeof stat};
    put_text(kit_bucket(), "k", "old");
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "12345", 5, &stat), MGW_INVALID);
    assert_text(kit_bucket(), "k", "old");
}

static void more_bytes_than_announced_are_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = 4};
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "12345", 5, &stat), MGW_INVALID);
    put.length = 0;
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "1", 1, &stat), MGW_INVALID);
    assert_absent(kit_bucket(), "k");
}

static void the_announced_length_is_taken(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = 5};
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "12345", 5, &stat), MGW_OK);
    put.flags = 0;
    put.length = 100; /* the most there may be */
    assert_status(call, try_put(call, kit_bucket(), "most", &put, "12345", 5, &stat), MGW_OK);
    assert_text(kit_bucket(), "k", "12345");
    assert_text(kit_bucket(), "most", "12345");
}

static void overwriting_changes_bytes_and_etag(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char etags[40][257], text[8];
    for (int i = 0; i < 40; i++) {
        struct mgw_stat stat = {.size = sizeof stat};
        snprintf(text, sizeof text, "v%02d", i);
        assert_status(call, try_put(call, kit_bucket(), "k", NULL, text, 3, &stat), MGW_OK);
        snprintf(etags[i], sizeof etags[i], "%s", stat.etag);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(etags[i], etags[j]);
        }
    }
    assert_text(kit_bucket(), "k", "v39");
}

static void the_last_commit_of_two_writers_wins(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    void *first = begin(call, "k", NULL), *second = begin(call, "k", NULL);
    assert_status(call, driver->put_write(call, first, "first", 5), MGW_OK);
    assert_status(call, driver->put_write(call, second, "second", 6), MGW_OK);
    assert_status(call, driver->put_commit(call, second, &stat), MGW_OK);
    assert_text(kit_bucket(), "k", "second");
    assert_status(call, driver->put_commit(call, first, &stat), MGW_OK);
    assert_text(kit_bucket(), "k", "first");
}

/* ---- atomicity under readers ---- */

struct mixer {
    atomic_int *stop;
    const char *bucket;
    bool writes;
    char letter;
    unsigned done, torn, failed;
};

static void *mix(void *argument)
{
    struct mixer *mixer = argument;
    char bytes[50000];
    while (!*mixer->stop) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        if (mixer->writes) {
            struct mgw_stat stat = {.size = sizeof stat};
            const char *map[] = {"letter", (char[]){mixer->letter, '\0'}, NULL};
            struct mgw_put put = {.size = sizeof put, .metadata = map};
            size_t length = 10000u + (unsigned)(mixer->letter - 'a') * 1000u;
            memset(bytes, mixer->letter, sizeof bytes);
            mixer->failed +=
                try_put(call, mixer->bucket, "k", &put, bytes, length, &stat) != MGW_OK;
        } else {
            struct mgw_blob blob = blob_of(mixer->bucket, "k");
            struct mgw_stat stat = {.size = sizeof stat};
            void *reader = NULL;
            size_t have = 0, got = 1;
            if (driver->open(call, instance, &blob, NULL, &reader, &stat) != MGW_OK) {
                mixer->failed++;
                break;
            }
            enum mgw_status status = MGW_OK;
            while (status == MGW_OK && got && have < sizeof bytes) {
                status = driver->read(call, reader, have, bytes + have, 3000, &got);
                have += status == MGW_OK ? got : 0;
            }
            driver->close(reader);
            const char *letter = map_get(stat.metadata, "letter");
            bool whole = status == MGW_OK && have == stat.bytes && letter &&
                         have == 10000u + (unsigned)(*letter - 'a') * 1000u;
            for (size_t i = 0; whole && i < have; i++) {
                whole = bytes[i] == *letter;
            }
            mixer->torn += status == MGW_CONFLICT ? 0 : !whole;
            mixer->failed += status != MGW_OK && status != MGW_CONFLICT;
        }
        mixer->done++;
    }
    return NULL;
}

static void *stop_soon(void *argument)
{
    usleep(700000);
    *((struct mixer *)argument)->stop = 1;
    return NULL;
}

static void *mix_or_stop(void *argument)
{
    struct mixer *mixer = argument;
    return mixer->letter ? mix(argument) : stop_soon(argument);
}

static void readers_see_old_or_new_never_a_mixture(void **state)
{
    (void)state;
    atomic_int stop = 0;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    const char *map[] = {"letter", "a", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    char bytes[10000];
    memset(bytes, 'a', sizeof bytes);
    assert_status(call, try_put(call, kit_bucket(), "k", &put, bytes, sizeof bytes, &stat), MGW_OK);
    struct mixer mixers[7] = {{.letter = 'a', .writes = true},
                              {.letter = 'b', .writes = true},
                              {.letter = 'c', .writes = true},
                              {.letter = 'r'},
                              {.letter = 'r'},
                              {.letter = 'r'}};
    for (int i = 0; i < 7; i++) {
        mixers[i].stop = &stop;
        mixers[i].bucket = kit_bucket();
    }
    run_threads(7, mix_or_stop, mixers, sizeof mixers[0]);
    for (int i = 0; i < 6; i++) {
        assert_true(mixers[i].done > 0);
        assert_int_equal(mixers[i].torn, 0);
        assert_int_equal(mixers[i].failed, 0);
    }
}

/* ---- if-absent ---- */

static void if_absent_refuses_an_existing_blob(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "1", 1, &stat), MGW_OK);
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "2", 1, &stat), MGW_EXISTS);
    assert_text(kit_bucket(), "k", "1");
}

static void if_absent_is_decided_at_commit(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "gone");
    void *late = begin(call, "k", &put);
    put_text(kit_bucket(), "k", "first");
    assert_status(call, driver->put_commit(call, late, &stat), MGW_EXISTS);
    driver->put_abort(call, late);
    assert_text(kit_bucket(), "k", "first");
    put_text(kit_bucket(), "gone", "x");
    void *writer = begin(call, "gone", &put);
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_OK);
}

struct racer {
    const char *bucket;
    char text[8];
    pthread_barrier_t *start;
    enum mgw_status status;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    pthread_barrier_wait(racer->start);
    racer->status = try_put(call, racer->bucket, "k", &put, racer->text, 3, &stat);
    return NULL;
}

static void of_many_if_absent_puts_one_wins(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        struct racer racers[32] = {0};
        pthread_barrier_t start;
        int winners = 0, winner = -1;
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_blob blob = blob_of(kit_bucket(), "k");
        pthread_barrier_init(&start, NULL, 32);
        for (int i = 0; i < 32; i++) {
            racers[i] = (struct racer){.bucket = kit_bucket(), .start = &start};
            snprintf(racers[i].text, sizeof racers[i].text, "%03d", i);
        }
        run_threads(32, race, racers, sizeof racers[0]);
        pthread_barrier_destroy(&start);
        for (int i = 0; i < 32; i++) {
            assert_true(racers[i].status == MGW_OK || racers[i].status == MGW_EXISTS);
            winners += racers[i].status == MGW_OK;
            winner = racers[i].status == MGW_OK ? i : winner;
        }
        assert_int_equal(winners, 1);
        assert_text(kit_bucket(), "k", racers[winner].text);
        assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    }
}

const struct kit_case put_cases[] = {
    CASE(put_is_invisible_until_commit, "put_begin: nothing is visible before put_commit", 0),
    CASE(commit_answers_what_stat_answers, "mgw_stat: bytes, modified_ms, etag always set", 0),
    CASE(abort_leaves_nothing, "put_abort: leaves nothing of it", 0),
    CASE(abort_leaves_the_old_blob, "put_abort: the old blob stays", 0),
    CASE(zero_bytes_are_legal, "put_commit", 0),
    CASE(writes_of_zero_bytes_add_nothing, "put_write: appends LENGTH bytes", 0),
    CASE(sizes_around_blocks_round_trip, "put_write, read", 0),
    CASE(many_small_writes_make_one_blob, "put_write: appends", 0),
    CASE(a_blob_of_64_mib_round_trips, "put_write, read", 0),
    SLOW_CASE(a_blob_of_5_gib_round_trips, "limits.max_blob_bytes 0: unlimited",
              MGW_STORAGE_LOCAL_FD),
    CASE(fewer_bytes_than_announced_are_refused, "MGW_PUT_LENGTH_KNOWN", 0),
    CASE(more_bytes_than_announced_are_refused, "MGW_PUT_LENGTH_KNOWN", 0),
    CASE(the_announced_length_is_taken, "mgw_put.length", 0),
    CASE(overwriting_changes_bytes_and_etag, "mgw_stat.etag: changes whenever replaced", 0),
    CASE(the_last_commit_of_two_writers_wins, "put_commit: publishes in one step", 0),
    CASE(readers_see_old_or_new_never_a_mixture, "put_commit: never a mixture", 0),
    CASE(if_absent_refuses_an_existing_blob, "MGW_PUT_IF_ABSENT", MGW_STORAGE_IF_ABSENT),
    CASE(if_absent_is_decided_at_commit, "MGW_PUT_IF_ABSENT: decided at commit",
         MGW_STORAGE_IF_ABSENT),
    CASE(of_many_if_absent_puts_one_wins, "MGW_STORAGE_IF_ABSENT: atomic against others",
         MGW_STORAGE_IF_ABSENT),
    {0},
};
