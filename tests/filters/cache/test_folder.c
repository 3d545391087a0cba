/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache's folder: which one is taken, over which layers, and how much it may hold. */
#include "tests/filters/cache/rig.h"

#include "core/base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- Which folder ---- */

static void assert_says(const char *text)
{
    if (!strstr(bench.error.text, text)) {
        fail_msg("expected \"%s\" in: %s", text, bench.error.text);
    }
}

static void a_folder_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_int_equal(rmdir(rig.cache), 0);
    assert_int_equal(rig_refused(CACHE("") ", " FAR), MGW_NOT_FOUND);
    assert_says("a folder for this cache alone; make it, with mode 0700");
    store_free(rig_open(CACHE("") ", " FAR)); /* as init does */
    struct stat made;
    assert_int_equal(stat(rig.cache, &made), 0);
    assert_int_equal(made.st_mode & 07777, 0700);
    store_free(rig_open(CACHE("") ", " FAR));
}

static void a_link_leads_to_the_folder(void **state)
{
    char other[160];
    (void)state;
    snprintf(other, sizeof other, "%s/other", bench.folder);
    assert_int_equal(rename(rig.cache, other), 0);
    assert_int_equal(symlink(other, rig.cache), 0);
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    assert_true(rig_is_local(store, "a", 1, MIB));
    store_free(store);
    assert_int_equal(chmod(other, 0777), 0);
    assert_int_equal(rig_refused(CACHE("") ", " FAR), MGW_INVALID);
}

static void a_folder_that_others_write_to_is_refused(void **state)
{
    (void)state;
    assert_int_equal(chmod(rig.cache, 0770), 0);
    assert_int_equal(rig_refused(CACHE("") ", " FAR), MGW_INVALID);
    assert_says("others may write to it");
    assert_int_equal(chmod(rig.cache, 0700), 0);
}

static void a_folder_of_something_else_is_refused_and_left_alone(void **state)
{
    (void)state;
    bench_write("cache/precious", "x", 0600);
    assert_int_equal(rig_refused(CACHE("") ", " FAR), MGW_INVALID);
    assert_says("not empty and no cache's folder");
    assert_int_equal(access(bench_write("cache/precious", "x", 0600), F_OK), 0);
    assert_int_equal(unlink(bench.path), 0);
    assert_int_equal(rmdir(rig.cache), 0); /* there is nothing else in it */
    assert_int_equal(mkdir(rig.cache, 0700), 0);
    bench_write("cache/ledger", "the books of another trade", 0600);
    assert_int_equal(rig_refused(CACHE("") ", " FAR), MGW_INVALID);
    assert_says("no ledger of this filter's");
}

static void a_store_with_local_files_is_refused(void **state)
{
    (void)state;
    assert_int_equal(rig_refused(CACHE("")), MGW_INVALID);
    assert_says("the layers below (fs) give local files themselves");
    assert_int_equal(rig_refused("{\"filter\": \"passfilter\"}, " CACHE("")), MGW_INVALID);
    struct store *store = rig_open(CACHE(", \"allow_local\": true"));
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    assert_true(rig_is_local(store, "a", 1, MIB));
    store_free(store);
}

#define ENCRYPT                                                                                    \
    "{\"filter\": \"encrypt\", \"keys\": \"k:KB3urxlSvHeGtNJ3IB0xWwS9zQhs+VYd6DJDF1WOkOM=\"}"

/* Whether a copy on the disk holds the blob's first bytes. */
static bool copies_hold_plain_bytes(unsigned seed)
{
    unsigned char plain[64];
    size_t length;
    rig_fill(seed, 0, plain, sizeof plain);
    AUTO_FCLOSE FILE *file = fopen(rig_files().path, "r");
    AUTO_FREE char *bytes = malloc(MIB);
    assert_non_null(file);
    length = fread(bytes, 1, MIB, file);
    assert_true(length > sizeof plain);
    return memmem(bytes, length, plain, sizeof plain) != NULL;
}

static void above_encrypt_it_must_be_let(void **state)
{
    (void)state;
    assert_int_equal(rig_refused(CACHE("") ", " ENCRYPT ", " FAR), MGW_INVALID);
    assert_says("above \"encrypt\" the cache's folder holds plain bytes");
    struct store *store = rig_open(CACHE(", \"allow_plain\": true") ", " ENCRYPT ", " FAR);
    rig_put(store, "a", 1, MIB / 2);
    rig_check(store, "a", 1, MIB / 2);
    assert_true(rig_is_local(store, "a", 1, MIB / 2));
    assert_true(copies_hold_plain_bytes(1));
    store_free(store);
}

static void below_encrypt_copies_are_encrypted(void **state)
{
    (void)state;
    struct store *store = rig_open(ENCRYPT ", " CACHE("") ", " FAR);
    assert_false(store_limits(store)->capabilities & MGW_STORAGE_LOCAL_FD);
    rig_put(store, "a", 1, MIB / 2);
    rig_check(store, "a", 1, MIB / 2);
    assert_false(copies_hold_plain_bytes(1));
    rig_forget_counts();
    rig_check(store, "a", 1, MIB / 2);
    assert_int_equal(rig.far->reads, 0);
    assert_false(rig_is_local(store, "a", 1, MIB / 2));
    store_free(store);
}

static void copies_are_the_owner_s_alone(void **state)
{
    struct stat stat_of;
    char shard[256];
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "../../a", 1, 1000);
    rig_check(store, "../../a", 1, 1000);
    struct rig_files files = rig_files();
    assert_int_equal(files.count, 1);
    assert_int_equal(stat(files.path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0600);
    snprintf(shard, sizeof shard, "%s", files.path);
    *strrchr(shard, '/') = '\0';
    assert_int_equal(stat(shard, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0700);
    store_free(store);
}

/* ---- Room ---- */

static void a_full_disk_is_no_error(void **state)
{
    struct rlimit before, limit;
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, 4 * MIB);
    rig_put(store, "b", 2, MIB);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 6 * MIB;
    signal(SIGXFSZ, SIG_IGN);
    rig_check(store, "b", 2, MIB);
    limit.rlim_cur = MIB / 2;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rig_check(store, "a", 1, 4 * MIB);
    rig_check(store, "a", 1, 4 * MIB);
    assert_true(rig_is_local(store, "b", 2, MIB));
    limit.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rig_check(store, "a", 1, 4 * MIB);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    rig_check(store, "a", 1, 4 * MIB);
    assert_true(rig_is_local(store, "a", 1, 4 * MIB));
    store_free(store);
}

static void the_bound_counts_disk_space(void **state)
{
    char key[8];
    (void)state;
    struct store *store = rig_open(CACHE(", \"max\": \"8MiB\"") ", " FAR);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "k%u", i);
        rig_put(store, key, i, i % 3 ? MIB : 3000);
        rig_check(store, key, i, i % 3 ? MIB : 3000);
        assert_true(rig_files().bytes <= 8 * MIB);
    }
    assert_true(rig_files().bytes >= 5 * MIB); /* and it is used */
    rig_forget_counts();
    rig_check(store, "k38", 38, MIB);
    assert_int_equal(rig.far->reads, 0);
    store_free(store);
}

static void what_was_used_least_lately_goes_first(void **state)
{
    struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_nsec = UTIME_OMIT}};
    char key[8];
    (void)state;
    struct store *store = rig_open(CACHE(", \"max\": \"8MiB\"") ", " FAR);
    for (unsigned i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "k%u", i);
        rig_put(store, key, i, MIB);
        rig_check(store, key, i, MIB);
        if (i == 0) {
            assert_int_equal(utimensat(AT_FDCWD, rig_files().path, old, 0), 0);
        }
    }
    rig_check(store, "k0", 0, MIB); /* it was the oldest, and is used again */
    rig_put(store, "big", 7, 2 * MIB);
    rig_check(store, "big", 7, 2 * MIB);
    rig_forget_counts();
    rig_check(store, "k0", 0, MIB);
    assert_int_equal(rig.far->reads, 0);
    store_free(store);
}

static void a_blob_larger_than_the_cache_passes(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE(", \"max\": \"4MiB\"") ", " FAR);
    rig_put(store, "small", 1, MIB);
    rig_check(store, "small", 1, MIB);
    rig_put(store, "big", 2, 5 * MIB);
    rig_check(store, "big", 2, 5 * MIB);
    assert_int_equal(rig_files().count, 1);
    assert_true(rig_is_local(store, "small", 1, MIB));
    store_free(store);
}

static void what_was_evicted_is_read_on(void **state)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    char key[8];
    (void)state;
    struct store *store = rig_open(CACHE(", \"max\": \"4MiB\"") ", " FAR);
    rig_put(store, "a", 77, 3 * MIB);
    struct store_reader *reader = rig_reader(store, call, "a");
    assert_int_equal(rig_read(reader, call, 77, 0, MIB, 70000), MGW_OK);
    struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_nsec = UTIME_OMIT}};
    assert_int_equal(utimensat(AT_FDCWD, rig_files().path, old, 0), 0);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "k%u", i);
        rig_put(store, key, i, MIB);
        rig_check(store, key, i, MIB);
    }
    assert_int_equal(rig_read(reader, call, 77, 0, 3 * MIB, 70000), MGW_OK);
    assert_true(rig_files().bytes <= 4 * MIB);
    store_close(reader);
    store_free(store);
}

static void a_folder_that_is_emptied_meanwhile_goes_on(void **state)
{
    char command[200];
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig_check(store, "a", 1, MIB);
    snprintf(command, sizeof command, "rm -rf %s/*", rig.cache);
    assert_int_equal(system(command), 0);
    rig_check(store, "a", 1, MIB);
    assert_true(rig_is_local(store, "a", 1, MIB));
    store_free(store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(a_folder_that_is_not_there_is_refused),
        T(a_link_leads_to_the_folder),
        T(a_folder_that_others_write_to_is_refused),
        T(a_folder_of_something_else_is_refused_and_left_alone),
        T(a_store_with_local_files_is_refused),
        T(above_encrypt_it_must_be_let),
        T(below_encrypt_copies_are_encrypted),
        T(copies_are_the_owner_s_alone),
        T(a_full_disk_is_no_error),
        T(the_bound_counts_disk_space),
        T(what_was_used_least_lately_goes_first),
        T(a_blob_larger_than_the_cache_passes),
        T(what_was_evicted_is_read_on),
        T(a_folder_that_is_emptied_meanwhile_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
