/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes killed in the middle: what was committed is there, what was not is not, leftovers are
 * swept, and a living writer's are spared, of whatever process. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    const struct store *store;
    int ready[2], go[2];
    struct mgw_opaque *state;
};

static void open_pipes(struct child *child, const struct store *store)
{
    child->store = store;
    assert_int_equal(pipe(child->ready), 0);
    assert_int_equal(pipe(child->go), 0);
}

static void await(struct child *child)
{
    char byte;
    assert_int_equal(read(child->ready[0], &byte, 1), 1);
}

/* In the child: says that it is there, and waits until it may go on. */
static void pause_here(struct child *child)
{
    char byte = 0;
    if (write(child->ready[1], &byte, 1) != 1 || read(child->go[0], &byte, 1) != 1) {
        _exit(2);
    }
}

static void put_slowly(void *argument)
{
    struct child *child = argument;
    struct mgw_call *call = kit_call_new();
    const char *map[] = {"id", "1", NULL};
    struct mgw_put put = {.size = sizeof put, .metadata = map};
    struct mgw_blob blob = blob_of(kit_bucket(), "slow");
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    if (open_root(call, child->store->root, 0, &instance) != MGW_OK ||
        driver->put_begin(call, instance, &blob, &put, &writer) != MGW_OK ||
        driver->put_write(call, writer, "slow", 4) != MGW_OK ||
        driver->put_prepare(call, writer) != MGW_OK) {
        _exit(3);
    }
    pause_here(child);
    _exit(driver->put_commit(call, writer, &stat) == MGW_OK ? 0 : 4);
}

static uint64_t sweep_all(void)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_sweep_result result = {.size = sizeof result};
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() + 3600000, &result),
                  MGW_OK);
    return result.removed;
}

static void reopen(const struct store *store)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    driver->destroy(instance);
    assert_status(call, open_root(call, store->root, 0, &instance), MGW_OK);
}

/* LEFT: how many leftovers a killed writer has. */
static void kill_and_spare(struct store *store, uint64_t left)
{
    struct child dead, alive;
    reopen(store);
    put_text(kit_bucket(), "k", "committed");
    open_pipes(&dead, store);
    open_pipes(&alive, store);
    pid_t victim = spawn(put_slowly, &dead), writer = spawn(put_slowly, &alive);
    await(&dead);
    await(&alive);
    assert_int_equal(sweep_all(), 0);
    kill(victim, SIGKILL);
    assert_true(WIFSIGNALED(wait_for(victim)));
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_sweep_result result = {.size = sizeof result};
    assert_status(call, driver->sweep(call, instance, kit_host.wall_ms() - 3600000, &result),
                  MGW_OK);
    assert_int_equal(result.removed, 0); /* too young */
    assert_int_equal(sweep_all(), left);
    assert_int_equal(sweep_all(), 0);
    assert_absent(kit_bucket(), "slow");
    assert_int_equal(write(alive.go[1], "", 1), 1);
    assert_int_equal(wait_for(writer), 0);
    assert_text(kit_bucket(), "slow", "slow");
    struct mgw_blob blob = blob_of(kit_bucket(), "slow");
    struct mgw_stat stat = {.size = sizeof stat};
    assert_int_equal(sweep_all(), 0);
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_OK);
    assert_string_equal(map_get(stat.metadata, "id"), "1");
    assert_text(kit_bucket(), "k", "committed");
}

static void a_killed_put_leaves_nothing(void **state)
{
    kill_and_spare(*state, 0);
}

static void a_killed_puts_named_temporary_is_swept_a_living_ones_spared(void **state)
{
    use_tmpfile = false;
    kill_and_spare(*state, 1);
}

static void a_killed_puts_sidecar_is_swept_a_living_ones_spared(void **state)
{
    use_tmpfile = use_xattr = false;
    kill_and_spare(*state, 2);
}

static enum mgw_status paused_source(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    (void)offset;
    memset(buffer, 'o', length);
    pause_here(ctx);
    return MGW_OK;
}

static void send_slowly(void *argument)
{
    struct child *child = argument;
    struct mgw_call *call = kit_call_new();
    unsigned char bytes[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_part part = {.size = sizeof part, .number = 1, .length = 5};
    struct mgw_source source = {
        .size = sizeof source, .length = 5, .ctx = child, .read = paused_source};
    if (open_root(call, child->store->root, 0, &instance) != MGW_OK) {
        _exit(3);
    }
    _exit((int)driver->upload_part(call, instance, child->state, &part, &source, 1, &receipt));
}

static void an_upload_with_a_part_in_flight_is_spared_and_swept_once_its_writer_died(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    unsigned char bytes[MGW_UPLOAD_STATE_MAX];
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_put put = {.size = sizeof put};
    struct child child = {.state = &upload};
    open_pipes(&child, *state);
    assert_status(call, driver->upload_create(call, instance, &blob, &put, &upload), MGW_OK);
    pid_t sender = spawn(send_slowly, &child);
    await(&child);
    assert_int_equal(sweep_all(), 0);
    kill(sender, SIGKILL);
    wait_for(sender);
    assert_int_equal(sweep_all(), 1);
    assert_int_equal(sweep_all(), 0);
}

static enum mgw_status read_text(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const char *)ctx + offset, length);
    return MGW_OK;
}

static void a_stopped_process_in_mid_part_cannot_hurt_its_successor(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    unsigned char bytes[MGW_UPLOAD_STATE_MAX], kept[MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque upload = {.size = sizeof upload, .bytes = bytes, .capacity = sizeof bytes};
    struct mgw_opaque receipt = {.size = sizeof receipt, .bytes = kept, .capacity = sizeof kept};
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_put put = {.size = sizeof put};
    struct mgw_stat stat = {.size = sizeof stat};
    struct child child = {.state = &upload};
    char text[] = "newer";
    struct mgw_source source = {.size = sizeof source, .length = 5, .ctx = text, .read = read_text};
    struct mgw_part part = {.size = sizeof part, .number = 1, .length = 5};
    open_pipes(&child, *state);
    assert_status(call, driver->upload_create(call, instance, &blob, &put, &upload), MGW_OK);
    pid_t old = spawn(send_slowly, &child);
    await(&child);
    assert_status(call, driver->upload_part(call, instance, &upload, &part, &source, 2, &receipt),
                  MGW_OK);
    assert_int_equal(write(child.go[1], "", 1), 1);
    assert_int_equal(wait_for(old), MGW_STALE << 8);
    part.receipt = kept;
    part.receipt_length = (uint32_t)receipt.length;
    assert_status(call,
                  driver->upload_complete(call, instance, &upload, &part, 1, sizeof part, 2, &stat),
                  MGW_OK);
    assert_text(kit_bucket(), "k", "newer");
}

static void write_until_killed(void *argument)
{
    struct child *child = argument;
    struct mgw_call *call = kit_call_new();
    char key[32], text[32];
    if (open_root(call, child->store->root, 0, &instance) != MGW_OK) {
        _exit(3);
    }
    for (unsigned i = 0; i < 100000; i++) {
        struct mgw_stat stat = {.size = sizeof stat};
        snprintf(key, sizeof key, "n/%u", i % 50);
        snprintf(text, sizeof text, "%08u", i);
        if (try_put(call, kit_bucket(), key, NULL, text, 8, &stat) != MGW_OK ||
            write(child->ready[1], &i, sizeof i) != (ssize_t)sizeof i) {
            _exit(4);
        }
    }
}

static void what_was_acknowledged_before_a_kill_is_there(void **state)
{
    for (int round = 0; round < 6; round++) {
        struct child child;
        unsigned last[50], seen = 0, i;
        use_tmpfile = round % 2;
        use_xattr = round % 3;
        memset(last, 0, sizeof last);
        open_pipes(&child, *state);
        pid_t writer = spawn(write_until_killed, &child);
        close(child.ready[1]);
        while (seen < 100 && read(child.ready[0], &i, sizeof i) == (ssize_t)sizeof i) {
            last[i % 50] = i;
            seen++;
        }
        kill(writer, SIGKILL);
        assert_true(WIFSIGNALED(wait_for(writer)));
        while (read(child.ready[0], &i, sizeof i) == (ssize_t)sizeof i) {
            last[i % 50] = i;
        }
        reopen(*state);
        sweep_all();
        for (unsigned k = 0; k < 50; k++) {
            char key[32], text[9] = "";
            size_t length;
            snprintf(key, sizeof key, "n/%u", k);
            AUTO_FREE char *got = get_bytes(kit_bucket(), key, &length);
            assert_int_equal(length, 8);
            memcpy(text, got, 8);
            /* the acknowledged one, or the one whose answer the kill cut off */
            unsigned number = (unsigned)strtoul(text, NULL, 10);
            assert_true(number == last[k] || number == last[k] + 50);
        }
        close(child.ready[0]);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, store_setup, store_teardown)
const struct CMUnitTest crash_tests[] = {
    TEST(a_killed_put_leaves_nothing),
    TEST(a_killed_puts_named_temporary_is_swept_a_living_ones_spared),
    TEST(a_killed_puts_sidecar_is_swept_a_living_ones_spared),
    TEST(an_upload_with_a_part_in_flight_is_spared_and_swept_once_its_writer_died),
    TEST(a_stopped_process_in_mid_part_cannot_hurt_its_successor),
    TEST(what_was_acknowledged_before_a_kill_is_there),
};
const size_t crash_count = sizeof crash_tests / sizeof crash_tests[0];
