/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that hands up what is not the layer's below: it is looked at as a driver's own. */
#include "tests/plugin/lies.h"

#include "core/plugin/store_inside.h"

#include <fcntl.h>
#include <unistd.h>

static void a_filter_adds_nothing_but_files_of_its_own(void **state)
{
    struct layers *layers = calloc(1, sizeof *layers + sizeof layers->at[0]);
    (void)state;
    fake.capabilities = MGW_STORAGE_RESUMABLE;
    layers->count = 1;
    layers->at[0].store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    fake.capabilities = ((uint64_t)MGW_STORAGE_ORDERED_LIST << 1) - 1;
    struct store *filter = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    assert_int_equal(store_stack(filter, call, layers), MGW_OK);
    assert_int_equal(store_limits(filter)->capabilities,
                     MGW_STORAGE_RESUMABLE | MGW_STORAGE_LOCAL_FD);
    store_free(filter);
    assert_int_equal(fake.destroys, 2);
    fake.destroys = 0; /* the third is the teardown's */
}

/* A filter over the fake, which hands up the fake's descriptor or, where there is one, its own. */
static struct mgw_storage lower;
static int own_fd;

static enum mgw_status swap_open(struct mgw_call *on, void *instance, const struct mgw_blob *name,
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    (void)instance;
    return lower.driver->open(on, lower.instance, name, if_etag, reader, stat);
}

static enum mgw_status swap_descriptor(struct mgw_call *on, void *reader,
                                       struct mgw_local_file *file)
{
    enum mgw_status status = lower.driver->descriptor(on, reader, file);
    if (status == MGW_OK && own_fd >= 0) {
        close(file->fd);
        file->fd = own_fd;
    }
    return status;
}

static void swap_close(void *reader)
{
    lower.driver->close(reader);
}

/* What the host gets where a sound descriptor of the fake's goes through the filter. */
static enum mgw_status through_a_filter(const char *path, int own)
{
    static int instance;
    struct store *below = NULL, *above = NULL;
    struct mgw_storage_driver table = fake_table;
    struct mgw_storage driver = {
        .size = sizeof driver, .driver = &fake_table, .instance = &instance};
    struct mgw_storage filter = {.size = sizeof filter, .driver = &table, .instance = &instance};
    struct store_reader *reader = NULL;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    table.create = NULL;
    table.open = swap_open;
    table.descriptor = swap_descriptor;
    table.close = swap_close;
    assert_int_equal(store_new(call, "fake", &driver, MGW_THREADS_PARALLEL, false, &below), MGW_OK);
    lower = store_as_storage(below);
    own_fd = own;
    fake.fd = open(path, O_RDONLY);
    fake.fd_offset = 0;
    assert_int_equal(store_new(call, "swapping", &filter, MGW_THREADS_PARALLEL, false, &above),
                     MGW_OK);
    assert_int_equal(store_open(above, call, &blob, NULL, &reader, &stat), MGW_OK);
    enum mgw_status status = store_descriptor(reader, call, &file);
    if (status == MGW_OK) {
        assert_int_equal(file.fd, fake.fd);
        assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
        close(file.fd);
    }
    store_close(reader);
    store_free(above);
    store_free(below);
    return status;
}

static void a_descriptor_that_a_filter_puts_in_is_looked_at(void **state)
{
    char path[] = "/tmp/mediagw-test-XXXXXX";
    int made = mkstemp(path);
    (void)state;
    assert_true(made >= 0 && write(made, "abcd", 4) == 4);
    assert_int_equal(through_a_filter(path, -1), MGW_OK);
    assert_int_equal(through_a_filter(path, made), MGW_CORRUPT);
    assert_non_null(strstr(mgw_call_error(call)->text, "\"swapping\" broke its contract"));
    assert_non_null(strstr(mgw_call_error(call)->text, "is not read-only"));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_filter_adds_nothing_but_files_of_its_own),
        T(a_descriptor_that_a_filter_puts_in_is_looked_at),
    };
    log_redirect(silent);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
