/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies that are not as they were written: nothing of it is served. */
#include "tests/filters/cache/rig.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 4096, SEAL = 64 };

static uint64_t data_of(uint64_t bytes)
{
    uint64_t tags = HEAD + SEAL + (bytes + BLOCK - 1) / BLOCK * 16;
    return (tags + 4095) / 4096 * 4096;
}

static void flip(const char *path, uint64_t offset)
{
    unsigned char byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

static void a_flipped_byte_is_not_served(void **state)
{
    const uint64_t bytes = 2 * MIB + 77, data = data_of(bytes);
    const uint64_t places[] = {0,
                               50,
                               110,
                               HEAD,
                               4100,
                               HEAD + 16,
                               HEAD + SEAL,
                               HEAD + SEAL + 20,
                               data,
                               data + MIB,
                               data + bytes - 1};
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, bytes);
    rig_check(store, "a", 1, bytes);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_true(rig_is_local(store, "a", 1, bytes));
        flip(rig_files().path, places[i]);
        if (i % 2) {
            rig_is_local(store, "a", 1, bytes); /* not local, or right */
        }
        rig_check(store, "a", 1, bytes);
    }
    store_free(store);
}

static void a_damaged_block_alone_is_fetched_again(void **state)
{
    const uint64_t bytes = 20 * MIB;
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, bytes);
    rig_check(store, "a", 1, bytes);
    flip(rig_files().path, data_of(bytes) + 7 * MIB);
    rig_forget_counts();
    rig_check(store, "a", 1, bytes);
    assert_int_equal(rig.far->bytes, BLOCK);
    assert_true(rig_is_local(store, "a", 1, bytes));
    store_free(store);
}

/* What a power cut leaves: sizes, times and tags as they were, and other bytes. */
static void what_an_earlier_start_of_the_machine_left_is_checked(void **state)
{
    const uint64_t bytes = 4 * MIB;
    struct stat before;
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, bytes);
    rig_check(store, "a", 1, bytes);
    assert_true(rig_is_local(store, "a", 1, bytes));
    const char *path = rig_files().path;
    assert_int_equal(stat(path, &before), 0);
    struct timespec times[2] = {before.st_atim, before.st_mtim};
    flip(path, HEAD); /* the start that the seal names */
    flip(path, data_of(bytes) + MIB);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    rig_forget_counts();
    assert_true(rig_is_local(store, "a", 1, bytes));
    assert_int_equal(rig.far->bytes, BLOCK);
    store_free(store);
}

static void a_copy_cut_short_is_not_served(void **state)
{
    const uint64_t bytes = 2 * MIB, data = data_of(bytes);
    const uint64_t lengths[] = {0, 100, HEAD, HEAD + 10, HEAD + SEAL + 5, data, data + MIB};
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        rig_check(store, "a", 1, bytes);
        assert_true(rig_is_local(store, "a", 1, bytes));
        assert_int_equal(truncate(rig_files().path, (off_t)lengths[i]), 0);
        rig_check(store, "a", 1, bytes);
    }
    store_free(store);
}

static void a_copy_under_another_name_is_not_served(void **state)
{
    (void)state;
    struct store *store = rig_open(CACHE("") ", " FAR);
    rig_put(store, "a", 1, MIB);
    rig_put(store, "b", 2, MIB);
    rig_check(store, "a", 1, MIB);
    struct rig_files one = rig_files();
    rig_check(store, "b", 2, MIB);
    struct rig_files two = rig_files();
    if (strcmp(one.path, two.path) != 0) {
        assert_int_equal(rename(two.path, one.path), 0);
    } else { /* the walk met the first one last */
        assert_int_equal(truncate(one.path, 0), 0);
    }
    rig_check(store, "a", 1, MIB);
    store_free(store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(a_flipped_byte_is_not_served),
        T(a_damaged_block_alone_is_fetched_again),
        T(what_an_earlier_start_of_the_machine_left_is_checked),
        T(a_copy_cut_short_is_not_served),
        T(a_copy_under_another_name_is_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
