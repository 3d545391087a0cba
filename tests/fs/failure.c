/* SPDX-License-Identifier: Apache-2.0
 *
 * Durability's order, and what happens when the disk fails: the old blob stays, the status tells
 * what it was, the text says on which file and what to do. */
#include "fixture.h"
#include "record.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- order ---- */

static void put_is_written_described_synced_published_synced(void **state)
{
    (void)state;
    put_text(kit_bucket(), "warm", "the bucket is made");
    record_start();
    put_text(kit_bucket(), "k", "bytes");
    record_stop();
    assert_string_equal(record_text(), "pwrite\nfsetxattr\nfsync file\nlinkat\nfsync folder\n");
}

static void a_replacing_put_is_renamed_into_place(void **state)
{
    (void)state;
    put_text(kit_bucket(), "k", "old");
    record_start();
    put_text(kit_bucket(), "k", "new");
    record_stop();
    assert_string_equal(record_text(), "pwrite\nfsetxattr\nfsync file\nlinkat\nlinkat\nrenameat\n"
                                       "fsync folder\n");
}

static void a_named_temporary_is_synced_before_it_is_renamed(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    driver->destroy(instance);
    use_tmpfile = false;
    assert_status(call, open_root(call, ((struct store *)*state)->root, 0, &instance), MGW_OK);
    put_text(kit_bucket(), "k", "old");
    record_start();
    put_text(kit_bucket(), "k", "new");
    record_stop();
    assert_string_equal(record_text(), "pwrite\nfsetxattr\nfsync file\nrenameat\nfsync folder\n");
}

static void a_sidecar_is_synced_before_the_blob_is_published(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    struct mgw_stat stat = {.size = sizeof stat};
    driver->destroy(instance);
    use_xattr = false;
    assert_status(call, open_root(call, ((struct store *)*state)->root, 0, &instance), MGW_OK);
    put_text(kit_bucket(), "warm", "the bucket is made");
    record_start();
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_OK);
    record_stop();
    assert_string_equal(record_text(), "pwrite\nfsync folder\npwrite\nfsync file\nlinkat\n"
                                       "unlinkat\nfsync folder\nfsync file\nlinkat\n"
                                       "fsync folder\n");
}

static void remove_syncs_the_folder_also_when_repeated(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    put_text(kit_bucket(), "k", "x");
    for (int i = 0; i < 2; i++) {
        record_start();
        assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
        record_stop();
        assert_string_equal(record_text(), "unlinkat\nfsync folder\n");
    }
}

/* ---- one call fails ---- */

static void each_failing_call_leaves_the_old_blob_and_its_status(void **state)
{
    (void)state;
    static const struct {
        const char *function;
        int error;
        enum mgw_status expected;
        const char *code;
    } faults[] = {
        {"pwrite", ENOSPC, MGW_NO_SPACE, "ENOSPC"},
        {"pwrite", EDQUOT, MGW_QUOTA, "EDQUOT"},
        {"pwrite", EIO, MGW_IO, "EIO"},
        {"pwrite", EFBIG, MGW_TOO_LARGE, "EFBIG"},
        {"fsetxattr", EIO, MGW_IO, "EIO"},
        {"fsync", EIO, MGW_IO, "EIO"},
        {"fsync", ENOSPC, MGW_NO_SPACE, "ENOSPC"},
        {"fsync", EDQUOT, MGW_QUOTA, "EDQUOT"},
        {"linkat", ENOSPC, MGW_NO_SPACE, "ENOSPC"},
        {"linkat", EROFS, MGW_DENIED, "EROFS"},
        {"renameat", ENOSPC, MGW_NO_SPACE, "ENOSPC"},
        {"renameat", EIO, MGW_IO, "EIO"},
        {"linkat", EACCES, MGW_DENIED, "EACCES"},
        {"linkat", ESTALE, MGW_UNAVAILABLE, "ESTALE"},
    };
    put_text(kit_bucket(), "k", "old");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_stat stat = {.size = sizeof stat};
        record_start();
        record_fail(faults[i].function, 1, faults[i].error);
        enum mgw_status status = try_put(call, kit_bucket(), "k", NULL, "new", 3, &stat);
        record_stop();
        assert_status(call, status, faults[i].expected);
        assert_string_equal(call->error->foreign_code, faults[i].code);
        assert_non_null(strstr(call->error->text, faults[i].code));
        assert_text(kit_bucket(), "k", "old");
    }
}

static void a_failed_sync_is_never_tried_again(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    put_text(kit_bucket(), "warm", "x");
    record_start();
    record_fail("fsync", 1, EIO);
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    assert_status(call, driver->put_write(call, writer, "x", 1), MGW_OK);
    assert_status(call, driver->put_prepare(call, writer), MGW_IO);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_IO);
    driver->put_abort(call, writer);
    record_stop();
    assert_string_equal(record_text(), "pwrite\nfsetxattr\nfsync file\n");
    assert_absent(kit_bucket(), "k");
}

static void a_failed_sync_of_the_folder_is_an_unknown_outcome_and_stays_one(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    put_text(kit_bucket(), "warm", "x");
    assert_status(call, driver->put_begin(call, instance, &blob, &put, &writer), MGW_OK);
    record_start();
    record_fail("fsync", 2, EIO);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_UNKNOWN_OUTCOME);
    assert_status(call, driver->put_commit(call, writer, &stat), MGW_UNKNOWN_OUTCOME);
    record_stop();
    assert_string_equal(record_text(), "fsetxattr\nfsync file\nlinkat\nfsync folder\n");
    driver->put_abort(call, writer);
}

static void a_file_system_without_attributes_gets_sidecars(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_stat stat = {.size = sizeof stat}, seen = {.size = sizeof seen};
    record_start();
    record_fail("fsetxattr", 1, ENOTSUP);
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_OK);
    record_stop();
    assert_status(call, driver->stat(call, instance, &blob, &seen), MGW_OK);
    assert_string_equal(map_get(seen.metadata, "id"), "1");
}

static void a_file_system_without_noreplace_still_has_one_winner(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_put put = {.size = sizeof put, .flags = MGW_PUT_IF_ABSENT};
    struct mgw_stat stat = {.size = sizeof stat};
    driver->destroy(instance);
    use_tmpfile = false;
    assert_status(call, open_root(call, ((struct store *)*state)->root, 0, &instance), MGW_OK);
    for (int i = 0; i < 2; i++) {
        record_start();
        record_fail("renameat2", 1, EINVAL);
        assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat),
                      i ? MGW_EXISTS : MGW_OK);
        record_stop();
    }
}

/* ---- real disks ---- */

static void beyond_the_file_size_limit_is_too_large(void *argument)
{
    (void)argument;
    struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct rlimit limit = {100000, 100000};
    static char bytes[200000];
    signal(SIGXFSZ, SIG_IGN); /* as the gateway does */
    setrlimit(RLIMIT_FSIZE, &limit);
    enum mgw_status status = try_put(call, kit_bucket(), "k", NULL, bytes, sizeof bytes, &stat);
    bool right = status == MGW_TOO_LARGE && strcmp(call->error->foreign_code, "EFBIG") == 0;
    right = right && try_put(call, kit_bucket(), "k2", NULL, bytes, 99999, &stat) == MGW_OK;
    _exit(right ? 0 : 1);
}

static void a_file_size_limit_leaves_the_old_blob(void **state)
{
    (void)state;
    put_text(kit_bucket(), "k", "old");
    assert_int_equal(wait_for(spawn(beyond_the_file_size_limit_is_too_large, NULL)), 0);
    assert_text(kit_bucket(), "k", "old");
}

#define NOT_PERMITTED 77

static void private_mounts(void)
{
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        _exit(NOT_PERMITTED);
    }
}

static void fill_a_small_disk(void *argument)
{
    struct store *store = argument;
    struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    static char bytes[1500000];
    private_mounts();
    mkdir(store->root, 0700);
    if (mount("none", store->root, "tmpfs", 0, "size=2m,mode=700") != 0) {
        _exit(NOT_PERMITTED);
    }
    assert_status(call, open_root(call, store->root, MGW_CREATE_INIT, &instance), MGW_OK);
    put_bytes(kit_bucket(), "k", "old", 3);
    put_bytes(kit_bucket(), "big", bytes, sizeof bytes);
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, bytes, sizeof bytes, &stat),
                  MGW_NO_SPACE);
    assert_non_null(strstr(call->error->text, "make room"));
    assert_text(kit_bucket(), "k", "old");
    struct mgw_blob big = blob_of(kit_bucket(), "big");
    assert_status(call, driver->remove(call, instance, &big), MGW_OK);
    put_bytes(kit_bucket(), "k", bytes, sizeof bytes); /* nothing of the failed one was left */
}

static void a_full_disk_leaves_the_old_blob(void **state)
{
    int status = wait_for(spawn(fill_a_small_disk, *state));
    if (status == NOT_PERMITTED << 8) {
        skip(); /* no mounts here; each_failing_call… has made ENOSPC of every call */
    }
    assert_int_equal(status, 0);
}

static void use_a_read_only_mount(void *argument)
{
    struct store *store = argument;
    struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    private_mounts();
    if (mount(store->root, store->root, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, store->root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        _exit(NOT_PERMITTED);
    }
    assert_status(call, open_root(call, store->root, 0, &instance), MGW_OK);
    assert_status(call, try_put(call, kit_bucket(), "k", NULL, "new", 3, &stat), MGW_DENIED);
    assert_string_equal(call->error->foreign_code, "EROFS");
    assert_status(call, driver->health(call, instance), MGW_DENIED);
    assert_text(kit_bucket(), "k", "old");
}

static void a_read_only_root_is_denied_and_still_read(void **state)
{
    put_text(kit_bucket(), "k", "old");
    int status = wait_for(spawn(use_a_read_only_mount, *state));
    if (status == NOT_PERMITTED << 8) {
        skip();
    }
    assert_int_equal(status, 0);
}

static void a_vanished_root_is_unavailable_everywhere(void **state)
{
    struct store *store = *state;
    char aside[PATH_MAX];
    snprintf(aside, sizeof aside, "%.4000s/aside", store->folder);
    put_text(kit_bucket(), "k", "old");
    for (int way = 0; way < 2; way++) {
        AUTO_CALL struct mgw_call *call = kit_call_new();
        struct mgw_blob blob = blob_of("other", "k");
        struct mgw_stat stat = {.size = sizeof stat};
        struct mgw_sweep_result result = {.size = sizeof result};
        assert_int_equal(rename(store->root, aside), 0);
        if (way) {
            mkdir(store->root, 0700); /* the empty mount point of a disk that is gone */
        }
        assert_status(call, driver->health(call, instance), MGW_UNAVAILABLE);
        assert_non_null(strstr(call->error->text, "vanished"));
        assert_status(call, try_put(call, kit_bucket(), "k", NULL, "x", 1, &stat), MGW_UNAVAILABLE);
        assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_UNAVAILABLE);
        assert_status(call, driver->remove(call, instance, &blob), MGW_UNAVAILABLE);
        assert_status(call, driver->list(call, instance, "other", "", "", 1, NULL, NULL),
                      MGW_UNAVAILABLE);
        assert_status(call, driver->sweep(call, instance, 0, &result), MGW_UNAVAILABLE);
        rmdir(store->root);
        assert_int_equal(rename(aside, store->root), 0);
        assert_status(call, driver->health(call, instance), MGW_OK);
        assert_text(kit_bucket(), "k", "old");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, store_setup, store_teardown)
#define BARE(function) cmocka_unit_test_setup_teardown(function, folder_setup, folder_teardown)
const struct CMUnitTest failure_tests[] = {
    TEST(put_is_written_described_synced_published_synced),
    TEST(a_replacing_put_is_renamed_into_place),
    TEST(a_named_temporary_is_synced_before_it_is_renamed),
    TEST(a_sidecar_is_synced_before_the_blob_is_published),
    TEST(remove_syncs_the_folder_also_when_repeated),
    TEST(each_failing_call_leaves_the_old_blob_and_its_status),
    TEST(a_failed_sync_is_never_tried_again),
    TEST(a_failed_sync_of_the_folder_is_an_unknown_outcome_and_stays_one),
    TEST(a_file_system_without_attributes_gets_sidecars),
    TEST(a_file_system_without_noreplace_still_has_one_winner),
    TEST(a_file_size_limit_leaves_the_old_blob),
    BARE(a_full_disk_leaves_the_old_blob),
    TEST(a_read_only_root_is_denied_and_still_read),
    TEST(a_vanished_root_is_unavailable_everywhere),
};
const size_t failure_count = sizeof failure_tests / sizeof failure_tests[0];
