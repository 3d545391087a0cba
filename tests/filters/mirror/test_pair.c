/* SPDX-License-Identifier: Apache-2.0
 *
 * Which two stores make a mirror, and what the mirror grants. */
#include "tests/filters/mirror/rig.h"

#include "tests/support/scratch.h"

#include <unistd.h>

#define FS(name) "\"driver\": \"fs\", \"root\": \"{folder}/" name "\""
#define MIRROR(first, second)                                                                      \
    "{" first ", \"filters\": [{\"filter\": \"mirror\", \"second\": {" second "}}]}"

static struct store *open_pair(const char *storage)
{
    struct store *store = NULL;
    if (rig_try_storage(storage, MGW_CREATE_INIT, &store) != MGW_OK) {
        fail_msg("%s", rig.error.text);
    }
    return store;
}

static void assert_refused(const char *storage, uint32_t flags, enum mgw_status status,
                           const char *text)
{
    struct store *store = NULL;
    assert_int_equal(rig_try_storage(storage, flags, &store), status);
    if (!strstr(rig.error.text, text)) {
        fail_msg("\"%s\" is not in \"%s\"", text, rig.error.text);
    }
}

static void one_store_is_no_pair(void **state)
{
    (void)state;
    assert_refused(MIRROR(FS("a"), FS("a")), MGW_CREATE_INIT, MGW_INVALID, "the same one");
}

static void a_store_that_writes_nothing_is_refused(void **state)
{
    (void)state;
    assert_refused(MIRROR(FS("a"), FS("b") ", \"filters\": [{\"filter\": \"switchable\", "
                                           "\"file\": \"/dev/null\", \"read_only\": true}]"),
                   MGW_CREATE_INIT, MGW_INVALID, "read-only");
}

static void a_mirror_of_a_mirror_is_refused(void **state)
{
    (void)state;
    assert_refused("{" FS("a") ", \"filters\": [{\"filter\": \"mirror\", \"second\": {" FS(
                       "b") "}}, "
                            "{\"filter\": \"mirror\", \"second\": {" FS("c") "}}]}",
                   MGW_CREATE_INIT, MGW_INVALID, "is a mirror itself");
}

static void a_store_joins_by_init_alone(void **state)
{
    (void)state;
    open_pair("{" FS("a") "}");
    open_pair("{" FS("b") "}");
    assert_refused(MIRROR(FS("a"), FS("b")), 0, MGW_NOT_FOUND, "mediagw init");
    open_pair(MIRROR(FS("a"), FS("b")));
    struct store *again = NULL;
    assert_ok(rig_try_storage(MIRROR(FS("a"), FS("b")), 0, &again));
}

static void a_store_that_cannot_be_opened_is_said_by_its_own_words(void **state)
{
    (void)state;
    open_pair(MIRROR(FS("a"), FS("b")));
    rig_close();
    rig_empty(SECOND);
    assert_refused(MIRROR(FS("a"), FS("b")), 0, MGW_NOT_FOUND, "/b");
}

static void a_store_of_another_mirror_is_refused(void **state)
{
    (void)state;
    open_pair(MIRROR(FS("a"), FS("b")));
    open_pair(MIRROR(FS("c"), FS("d")));
    assert_refused(MIRROR(FS("a"), FS("d")), MGW_CREATE_INIT, MGW_INVALID, "two mirrors");
}

static bool is_noted(void *ctx)
{
    struct mgw_blob blob = {sizeof blob, "mediagw-mirror", "bucket/" BUCKET};
    struct mgw_stat stat = {.size = sizeof stat};
    return store_stat(ctx, rig.call, &blob, &stat) == MGW_OK;
}

static void a_store_with_blobs_of_its_own_does_not_join(void **state)
{
    (void)state;
    struct store *mirror = open_pair(MIRROR(FS("a"), FS("b"))), *alone = open_pair("{" FS("c") "}");
    assert_ok(rig_put(mirror, "k", "text"));
    assert_ok(rig_put(alone, "other", "text"));
    assert_true(wait_for(is_noted, open_pair("{" FS("a") "}"), 60000));
    assert_refused(MIRROR(FS("a"), FS("c")), MGW_CREATE_INIT, MGW_INVALID, "has blobs");
    assert_ok(rig_remove(alone, "other"));
    open_pair(MIRROR(FS("a"), FS("c")));
}

static void the_store_id_is_the_first_ones_and_stays(void **state)
{
    (void)state;
    char id[300];
    snprintf(id, sizeof id, "%s", store_limits(open_pair("{" FS("a") "}"))->store_id);
    assert_string_equal(store_limits(open_pair(MIRROR(FS("a"), FS("b"))))->store_id, id);
    assert_string_equal(store_limits(open_pair(MIRROR(FS("b"), FS("a"))))->store_id, id);
    rig_close();
    rig_empty(FIRST);
    assert_string_equal(store_limits(open_pair(MIRROR(FS("b"), FS("new"))))->store_id, id);
    assert_string_equal(store_limits(open_pair(MIRROR(FS("new"), FS("b"))))->store_id, id);
}

/* ---- What is granted ---- */

static uint64_t capabilities(const char *storage)
{
    return store_limits(open_pair(storage))->capabilities;
}

#define MEMORY(name) "\"driver\": \"memstore\""

static void what_both_can_do_is_granted(void **state)
{
    (void)state;
    uint64_t files = MGW_STORAGE_LOCAL_FD | MGW_STORAGE_INLINE_READ | MGW_STORAGE_IF_ABSENT |
                     MGW_STORAGE_RESUMABLE;
    assert_int_equal(capabilities(MIRROR(FS("a"), FS("b"))), files);
    assert_int_equal(capabilities(MIRROR(FS("c") ", \"shared\": true", FS("d") ", \"shared\": "
                                                                               "true")),
                     files | MGW_STORAGE_SHARED);
    assert_int_equal(capabilities(MIRROR(FS("e") ", \"shared\": true", FS("f"))), files);
    assert_int_equal(
        capabilities("{" FS("g") ", \"filters\": [{\"filter\": \"mirror\", \"require\": \"one\", "
                                 "\"second\": {" FS("h") "}}]}"),
        files & ~(uint64_t)MGW_STORAGE_IF_ABSENT);
}

static void what_one_store_alone_can_do_is_not_granted(void **state)
{
    (void)state;
    uint64_t caps = capabilities(MIRROR(FS("a"), MEMORY()));
    assert_true(caps & MGW_STORAGE_VOLATILE);
    assert_false(caps & MGW_STORAGE_COPY);
    assert_true(caps & MGW_STORAGE_LOCAL_FD);
    caps = capabilities(MIRROR(MEMORY(), FS("b")));
    assert_false(caps & (MGW_STORAGE_COPY | MGW_STORAGE_LOCAL_FD));
}

static void nothing_is_signed_past_the_mirror(void **state)
{
    (void)state;
    struct store *mirror = open_pair(MIRROR(FS("a"), FS("b")));
    struct mgw_blob blob = rig_blob("k");
    struct mgw_presigned signed_ = {.size = sizeof signed_};
    for (uint32_t op = MGW_PRESIGN_GET; op <= MGW_PRESIGN_PART; op++) {
        struct mgw_presign presign = {.size = sizeof presign, .op = op, .ttl_sec = 60};
        assert_status(store_presign(mirror, rig.call, &blob, &presign, &signed_), MGW_UNSUPPORTED);
    }
}

static void the_first_stores_file_is_handed_out_where_it_has_the_blob(void **state)
{
    (void)state;
    rig_open("");
    struct mgw_blob blob = rig_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct store_reader *reader = NULL;
    char bytes[4];
    assert_ok(rig_put(rig.mirror, "k", "text"));
    assert_ok(store_open(rig.mirror, rig.call, &blob, NULL, &reader, &stat));
    assert_ok(store_descriptor(reader, rig.call, &file));
    assert_int_equal(pread(file.fd, bytes, 4, (off_t)file.offset), 4);
    assert_memory_equal(bytes, "text", 4);
    close(file.fd);
    store_close(reader);
}

static void a_blob_that_only_memory_has_is_read_and_has_no_file(void **state)
{
    (void)state;
    struct store *mirror = open_pair(MIRROR(FS("a"), MEMORY()));
    struct mgw_blob blob = rig_blob("k");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    struct store_reader *reader = NULL;
    assert_ok(rig_put(mirror, "k", "text"));
    assert_ok(rig_remove(open_pair("{" FS("a") "}"), "k"));
    assert_ok(store_open(mirror, rig.call, &blob, NULL, &reader, &stat));
    assert_status(store_descriptor(reader, rig.call, &file), MGW_UNSUPPORTED);
    store_close(reader);
    assert_text(mirror, "k", "text");
}

static void no_copy_is_had_where_the_stores_have_none(void **state)
{
    (void)state;
    struct store *mirror = open_pair(MIRROR(FS("a"), FS("b")));
    struct mgw_blob from = rig_blob("from"), to = rig_blob("to");
    struct mgw_stat stat = {.size = sizeof stat};
    assert_ok(rig_put(mirror, "from", "text"));
    assert_status(store_copy(mirror, rig.call, &from, &to, &stat), MGW_UNSUPPORTED);
    assert_absent(mirror, "to");
}

static void a_name_that_the_mirror_needs_is_refused_in_metadata(void **state)
{
    (void)state;
    struct store *mirror = open_pair(MIRROR(FS("a"), FS("b")));
    static const char *const metadata[] = {"mirror-version", "1.0.x", NULL};
    struct mgw_blob blob = rig_blob("k");
    struct mgw_put put = {.size = sizeof put, .metadata = metadata};
    struct store_writer *writer = NULL;
    assert_status(store_put_begin(mirror, rig.call, &blob, &put, &writer), MGW_INVALID);
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(one_store_is_no_pair),
        PAIR(a_store_that_writes_nothing_is_refused),
        PAIR(a_mirror_of_a_mirror_is_refused),
        PAIR(a_store_joins_by_init_alone),
        PAIR(a_store_that_cannot_be_opened_is_said_by_its_own_words),
        PAIR(a_store_of_another_mirror_is_refused),
        PAIR(a_store_with_blobs_of_its_own_does_not_join),
        PAIR(the_store_id_is_the_first_ones_and_stays),
        PAIR(what_both_can_do_is_granted),
        PAIR(what_one_store_alone_can_do_is_not_granted),
        PAIR(nothing_is_signed_past_the_mirror),
        PAIR(the_first_stores_file_is_handed_out_where_it_has_the_blob),
        PAIR(a_blob_that_only_memory_has_is_read_and_has_no_file),
        PAIR(no_copy_is_had_where_the_stores_have_none),
        PAIR(a_name_that_the_mirror_needs_is_refused_in_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
