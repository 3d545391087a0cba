/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes past a filter's own verbs to the layer below, for each filter and each such way: what
 * it does not grant is not to be had, and what it grants works. Over files, which give descriptors,
 * and over memory, which presigns. A new filter gets a row here. */
#include "tests/filters/stack.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum grant {
    NO,
    YES,
    OWN /* the filter's own: the capability is there, and a reader's answer is right or none */
};

struct row {
    const char *filter;
    const char *keys; /* over files; %s is the test's folder */
    const char *memory_keys;
    enum grant presign_get, presign_put, presign_part; /* over memory; over files nobody has them */
    enum grant descriptor, memory_descriptor;
    enum grant copy, resumable;
};

#define KEY "\"keys\": \"k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""
static const struct row rows[] = {
    {"passfilter", "", "", YES, YES, YES, YES, NO, YES, YES},
    {"readonly", "", "", YES, NO, NO, YES, NO, NO, NO},
    {"retry", "", "", YES, YES, YES, YES, NO, YES, YES},
    {"fault", "", "", YES, YES, YES, YES, NO, YES, YES},
    /* Where not both stores copy by themselves, the mirror does not. */
    {"mirror", "\"second\": {\"driver\": \"fs\", \"root\": \"%s/second\"}",
     "\"second\": {\"driver\": \"memstore\", \"presign\": true}", NO, NO, NO, YES, NO, NO, YES},
    {"encrypt", KEY, KEY, NO, NO, NO, NO, NO, NO, YES},
    {"cache", "\"path\": \"%s/cache\", \"allow_local\": true", "\"path\": \"%s/cache\"", YES, YES,
     YES, OWN, OWN, YES, YES},
};
enum { ROWS = sizeof rows / sizeof rows[0], BYTES = 5000 };

/* The blob "a" of stack_bytes(BYTES, 1), made below the filter where the filter takes no puts. */
static struct store *filled(const struct row *row, bool files)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(BYTES, 1);
    char keys[256], filter[320];
    snprintf(keys, sizeof keys, files ? row->keys : row->memory_keys, bench.folder);
    snprintf(filter, sizeof filter, "{\"filter\": \"%s\"%s%s}", row->filter, *keys ? ", " : "",
             keys);
    if (files && strcmp(row->filter, "readonly") == 0) {
        struct store *plain = stack_over_fs("");
        assert_int_equal(stack_put(plain, call, "a", bytes, BYTES), MGW_OK);
        store_free(plain);
    }
    struct store *store = files ? stack_over_fs(filter) : stack_over_memory(filter);
    if (!(store_limits(store)->capabilities & MGW_STORAGE_READ_ONLY)) {
        assert_int_equal(stack_put(store, call, "a", bytes, BYTES), MGW_OK);
    }
    return store;
}

/* The capability as the row has it, and the verb refused where it has it not. */
static void check(const struct store *store, const struct row *row, const char *way,
                  enum grant grant, uint64_t capability, enum mgw_status status)
{
    bool there = (store_limits(store)->capabilities & capability) != 0;
    if (capability && there != (grant != NO)) {
        fail_msg("%s, %s: the capability is %s", row->filter, way, there ? "there" : "not there");
    }
    bool refused = status == MGW_UNSUPPORTED || status == MGW_DENIED;
    bool right = grant == NO    ? refused
                 : grant == YES ? status == MGW_OK
                                : status == MGW_OK || status == MGW_UNSUPPORTED;
    if (!right) {
        fail_msg("%s, %s: %s", row->filter, way, status_name(status));
    }
}

static void check_presign(struct store *store, const struct row *row, uint32_t op, const char *way,
                          enum grant grant, uint64_t capability)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = stack_blob("b");
    uint64_t state = 1;
    struct mgw_opaque upload = {
        .size = sizeof upload, .bytes = &state, .length = sizeof state, .capacity = sizeof state};
    struct mgw_presign how = {.size = sizeof how,
                              .op = op,
                              .part_number = 1,
                              .ttl_sec = 10,
                              .length = 5,
                              .content_type = "video/webm",
                              .upload_state = &upload};
    struct mgw_presigned presigned = {.size = sizeof presigned};
    enum mgw_status status = store_presign(store, call, &blob, &how, &presigned);
    check(store, row, way, grant, capability, status);
    if (grant == YES) {
        assert_string_equal(presigned.method, op == MGW_PRESIGN_GET ? "GET" : "PUT");
        assert_int_equal(strncmp(presigned.url, "https://store.test/", 19), 0);
    }
}

static void check_presigned(struct store *store, const struct row *row, bool files)
{
    check_presign(store, row, MGW_PRESIGN_GET, "presigned GET", files ? NO : row->presign_get,
                  MGW_STORAGE_PRESIGN_GET);
    check_presign(store, row, MGW_PRESIGN_PUT, "presigned PUT", files ? NO : row->presign_put,
                  MGW_STORAGE_PRESIGN_PUT);
    check_presign(store, row, MGW_PRESIGN_PART, "presigned part", files ? NO : row->presign_part,
                  MGW_STORAGE_PRESIGN_PART);
}

static void check_descriptor(struct store *store, const struct row *row, bool files)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(BYTES, 1);
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct mgw_blob blob = stack_blob("a");
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    char read[BYTES];
    if (store_open(store, call, &blob, NULL, &reader, &stat) != MGW_OK) {
        assert_string_equal(row->filter, "readonly"); /* over memory: nothing is there */
        assert_false(files);
        return;
    }
    enum mgw_status status = store_descriptor(reader, call, &file);
    check(store, row, "descriptor", files ? row->descriptor : row->memory_descriptor,
          MGW_STORAGE_LOCAL_FD, status);
    if (status == MGW_OK) {
        assert_int_equal(fcntl(file.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        assert_int_equal(pread(file.fd, read, BYTES, (off_t)file.offset), BYTES);
        assert_memory_equal(read, bytes, BYTES);
        close(file.fd);
    } else {
        assert_int_equal(file.fd, -1);
    }
    store_close(reader);
}

static void check_copy(struct store *store, const struct row *row)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *bytes = stack_bytes(BYTES, 1);
    struct mgw_blob from = stack_blob("a"), to = stack_blob("copy");
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = store_copy(store, call, &from, &to, &stat);
    check(store, row, "copy", row->copy, 0, status);
    if (status != MGW_OK) {
        assert_int_equal(stack_stat(store, call, "copy"), MGW_NOT_FOUND);
        return;
    }
    assert_int_equal(stat.bytes, BYTES);
    assert_string_equal(stat.metadata[1], "a");
    struct store_reader *reader = NULL;
    char read[BYTES];
    size_t got = 0;
    assert_int_equal(store_open(store, call, &to, NULL, &reader, &stat), MGW_OK);
    assert_int_equal(store_read(reader, call, 0, read, BYTES, &got), MGW_OK);
    assert_memory_equal(read, bytes, got);
    store_close(reader);
}

static void check_resumable(struct store *store, const struct row *row)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE char *nothing = calloc(1, MGW_UPLOAD_STATE_MAX);
    size_t length = 0;
    enum mgw_status status = stack_upload(store, call, "up", &length);
    check(store, row, "resumable", row->resumable, MGW_STORAGE_RESUMABLE, status);
    if (status == MGW_OK) {
        AUTO_FREE char *bytes = stack_bytes(length, 7);
        stack_assert_blob(store, call, "up", bytes, length);
        return;
    }
    struct mgw_opaque state = {
        .size = sizeof state, .bytes = nothing, .capacity = MGW_UPLOAD_STATE_MAX};
    struct mgw_blob blob = stack_blob("up");
    struct mgw_put put = {.size = sizeof put, .length = 10};
    check(store, row, "upload_create", NO, 0,
          store_upload_create(store, call, &blob, &put, &state));
    check(store, row, "upload_abort", NO, 0, store_upload_abort(store, call, &state, 1));
    assert_int_equal(stack_stat(store, call, "up"), MGW_NOT_FOUND);
}

static void check_all(const struct row *row, bool files)
{
    struct store *store = filled(row, files);
    check_presigned(store, row, files);
    check_descriptor(store, row, files);
    check_copy(store, row);
    check_resumable(store, row);
    store_free(store);
}

static void over_files(void **state)
{
    check_all(*state, true);
}

static void over_memory(void **state)
{
    check_all(*state, false);
}

static bool is_built(const char *filter)
{
    char built[] = FILTERS;
    for (char *rest = built, *name; (name = strsep(&rest, " ")) != NULL;) {
        if (strcmp(name, filter) == 0) {
            return true;
        }
    }
    return false;
}

static void every_filter_of_this_build_has_a_row(void **state)
{
    char names[] = FILTERS;
    (void)state;
    for (char *rest = names, *name; (name = strsep(&rest, " ")) != NULL;) {
        size_t i = 0;
        while (*name && i < ROWS && strcmp(rows[i].filter, name) != 0) {
            i++;
        }
        if (i == ROWS) {
            fail_msg("the filter %s has no row in tests/filters/grants/grants.c", name);
        }
    }
}

int main(void)
{
    static char names[ROWS][2][48];
    struct CMUnitTest tests[2 * ROWS + 1];
    size_t count = 0;
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_filter_of_this_build_has_a_row);
    for (size_t i = 0; i < ROWS; i++) {
        if (!is_built(rows[i].filter)) {
            printf("not in this build: %s\n", rows[i].filter);
            continue;
        }
        for (size_t files = 0; files < 2; files++) {
            char *name = names[i][files];
            snprintf(name, sizeof names[i][files], "%s_over_%s", rows[i].filter,
                     files ? "files" : "memory");
            tests[count++] = (struct CMUnitTest){.name = name,
                                                 .test_func = files ? over_files : over_memory,
                                                 .setup_func = bench_setup,
                                                 .teardown_func = bench_teardown,
                                                 .initial_state = (void *)(uintptr_t)&rows[i]};
        }
    }
    return _cmocka_run_group_tests("grants", tests, count, NULL, NULL);
}
