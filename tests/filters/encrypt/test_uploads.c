/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads through encrypt: the plan, every way in which an upload may end, and that a
 * part sent twice gives nothing away. */
#include "lab.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PARTS_MAX = 8 };

static const char *s3_storage; /* a "storage" object in a file */

struct upload {
    struct store *store;
    unsigned char state_bytes[MGW_UPLOAD_STATE_MAX];
    unsigned char receipts[PARTS_MAX][MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque state;
    struct mgw_part parts[PARTS_MAX];
    size_t count;
    uint64_t length;
};

static void begin(struct upload *upload, struct store *store, const struct mgw_put *put)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_put none = {.size = sizeof none};
    struct mgw_blob blob = lab_blob("k");
    memset(upload, 0, sizeof *upload);
    upload->store = store;
    upload->state = (struct mgw_opaque){.size = sizeof upload->state,
                                        .bytes = upload->state_bytes,
                                        .capacity = sizeof upload->state_bytes};
    if (store_upload_create(store, call, &blob, put ? put : &none, &upload->state) != MGW_OK) {
        fail_msg("%s", mgw_call_error(call)->text);
    }
}

static enum mgw_status read_bytes(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const unsigned char *)ctx + offset, length);
    return MGW_OK;
}

/* Sends the next part; RECORD: its receipt is kept, and it is one of the upload. */
static enum mgw_status send_part(struct upload *upload, const unsigned char *bytes, size_t length,
                                 bool record)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    size_t index = upload->count;
    struct mgw_source source = {.size = sizeof source,
                                .length = length,
                                .ctx = (void *)(uintptr_t)bytes,
                                .read = read_bytes};
    struct mgw_part part = {.size = sizeof part,
                            .number = (uint32_t)index + 1,
                            .offset = upload->length,
                            .length = length};
    struct mgw_opaque receipt = {.size = sizeof receipt,
                                 .bytes = upload->receipts[index],
                                 .capacity = MGW_UPLOAD_RECEIPT_MAX};
    enum mgw_status status =
        store_upload_part(upload->store, call, &upload->state, &part, &source, 1, &receipt);
    if (status == MGW_OK && record) {
        part.receipt = receipt.bytes;
        part.receipt_length = (uint32_t)receipt.length;
        upload->parts[upload->count++] = part;
        upload->length += length;
    }
    return status;
}

static enum mgw_status complete(struct upload *upload, struct mgw_stat *stat, struct mgw_call *call)
{
    *stat = (struct mgw_stat){.size = sizeof *stat};
    return store_upload_complete(upload->store, call, &upload->state, upload->parts, upload->count,
                                 sizeof upload->parts[0], 1, stat);
}

/* Sends BYTES as parts of PART each, the rest last, and completes twice. */
static void upload_all(struct store *store, const unsigned char *bytes, size_t length, size_t part)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_CALL struct mgw_call *later = call_new("", NULL, 0);
    struct upload upload;
    struct mgw_stat stat, again;
    begin(&upload, store, NULL);
    for (size_t at = 0; at < length; at += part) {
        size_t step = length - at < part ? length - at : part;
        assert_int_equal(send_part(&upload, bytes + at, step, true), MGW_OK);
    }
    if (complete(&upload, &stat, call) != MGW_OK) {
        fail_msg("%s", mgw_call_error(call)->text);
    }
    assert_int_equal(stat.bytes, length);
    lab_assert_blob(store, "k", bytes, length);
    assert_int_equal(complete(&upload, &again, later), MGW_OK);
    assert_int_equal(again.bytes, length);
    assert_string_equal(again.etag, stat.etag);
}

static void uploads_of_any_length_become_blobs(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,           1,           SEGMENT - 1,     SEGMENT,
                                     SEGMENT + 1, 4 * SEGMENT, 4 * SEGMENT + 9, 6 * SEGMENT - 1};
    AUTO_FREE unsigned char *bytes = lab_bytes(6 * SEGMENT, 3);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        upload_all(lab.sealed, bytes, lengths[i], SEGMENT);
        upload_all(lab.sealed, bytes, lengths[i], 2 * SEGMENT);
    }
}

static size_t least_part(struct store *store)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_put put = {.size = sizeof put};
    struct mgw_upload_plan plan = {.size = sizeof plan};
    assert_int_equal(store_plan(store, call, &put, &plan), MGW_OK);
    assert_true(!plan.uniform || plan.part_min == plan.part_max);
    return (size_t)plan.part_min;
}

static void uploads_over_memory_become_blobs(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *bytes = lab_bytes(4 * SEGMENT, 3);
    struct store *store = lab_over("{\"driver\": \"memstore\"}");
    upload_all(store, bytes, 4 * SEGMENT, least_part(store));
    upload_all(store, bytes, 3 * SEGMENT + 1, least_part(store));
    store_free(store);
}

/* A store of uniform parts, none smaller than 5 MiB but the last: with the trailer in the last
 * part, in one of its own, and alone. */
static void uploads_over_s3_become_blobs(void **state)
{
    (void)state;
    char text[1000] = "", storage[1100];
    FILE *file = fopen(s3_storage, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *mark = strstr(text, "{unique}");
    assert_non_null(mark);
    snprintf(storage, sizeof storage, "%.*sencrypt-%d-%lld%s", (int)(mark - text), text,
             (int)getpid(), (long long)time(NULL), mark + strlen("{unique}"));
    struct store *store = lab_over(storage);
    size_t part = least_part(store);
    AUTO_FREE unsigned char *bytes = lab_bytes(2 * part + 1, 3);
    upload_all(store, bytes, 2 * part, part);
    upload_all(store, bytes, 2 * part + 1, part);
    upload_all(store, bytes, part + SEGMENT, part);
    upload_all(store, bytes, part, part);
    upload_all(store, bytes, 1, part);
    upload_all(store, bytes, 0, part);
    store_free(store);
}

static void the_plan_is_in_plain_bytes_and_whole_segments(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_put put = {.size = sizeof put, .length = UINT64_C(1) << 40};
    struct mgw_upload_plan plan = {.size = sizeof plan}, below = {.size = sizeof below};
    assert_int_equal(store_plan(lab.below, call, &put, &below), MGW_OK);
    assert_int_equal(store_plan(lab.sealed, call, &put, &plan), MGW_OK);
    assert_int_equal(plan.part_align % SEGMENT, 0);
    assert_int_equal(plan.part_min % plan.part_align, 0);
    assert_int_equal(plan.part_max % plan.part_align, 0);
    assert_int_equal(plan.max_parts, below.max_parts - 1);
    assert_true(format_cipher_bytes(plan.part_max) <= below.part_max);
    assert_true(plan.part_min * plan.max_parts >= put.length);
}

/* The bytes of the upload under way, as they lie below: its data file. */
static unsigned char *bytes_below(size_t *length)
{
    char path[600];
    snprintf(path, sizeof path, "%s/blobs/uploads", bench.folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/blobs/uploads/%s/data.0", bench.folder, entry->d_name);
        }
    }
    closedir(dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    unsigned char *bytes = malloc(1 << 20);
    *length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void a_part_sent_again_shares_no_keystream(void **state)
{
    (void)state;
    struct upload upload;
    size_t first = 0, second = 0;
    AUTO_FREE unsigned char *one = lab_bytes(SEGMENT, 5), *two = lab_bytes(SEGMENT, 6);
    begin(&upload, lab.sealed, NULL);
    assert_int_equal(send_part(&upload, one, SEGMENT, false), MGW_OK);
    AUTO_FREE unsigned char *sealed_one = bytes_below(&first);
    assert_int_equal(send_part(&upload, two, SEGMENT, false), MGW_OK);
    AUTO_FREE unsigned char *sealed_two = bytes_below(&second);
    assert_int_equal(first, SEALED);
    assert_int_equal(second, SEALED);
    assert_memory_not_equal(sealed_one, sealed_two, FORMAT_PREFIX);
    size_t same = 0;
    for (size_t i = 0; i < SEGMENT; i++) {
        unsigned char below = sealed_one[FORMAT_PREFIX + i] ^ sealed_two[FORMAT_PREFIX + i];
        same += below == (one[i] ^ two[i]);
    }
    assert_in_range(same, 100, 450); /* 256 by chance: sixteen off is one sigma */
    /* the same bytes again: another ciphertext all the same */
    assert_int_equal(send_part(&upload, two, SEGMENT, true), MGW_OK);
    AUTO_FREE unsigned char *sealed_again = bytes_below(&second);
    assert_memory_not_equal(sealed_again + FORMAT_PREFIX, sealed_two + FORMAT_PREFIX, 64);
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *bytes = lab_bytes(4 * SEGMENT, 3);
    struct mgw_put known = {
        .size = sizeof known, .flags = MGW_PUT_LENGTH_KNOWN, .length = 2 * SEGMENT};
    struct upload upload;
    struct mgw_stat stat;
    begin(&upload, lab.sealed, NULL);
    assert_int_equal(send_part(&upload, bytes, 100, true), MGW_OK);
    assert_int_equal(send_part(&upload, bytes, SEGMENT, true),
                     MGW_INVALID); /* not behind 100 bytes */
    upload.length = SEGMENT;
    assert_int_equal(send_part(&upload, bytes, SEGMENT, true), MGW_OK);
    upload.parts[1].offset = 100; /* as if the short one were in the middle */
    assert_int_equal(complete(&upload, &stat, call), MGW_INVALID);
    begin(&upload, lab.sealed, &known);
    assert_int_equal(send_part(&upload, bytes, 2 * SEGMENT + 1, true), MGW_INVALID);
    assert_int_equal(send_part(&upload, bytes, SEGMENT, true), MGW_OK);
    assert_int_equal(complete(&upload, &stat, call), MGW_INVALID);
    assert_int_equal(send_part(&upload, bytes, SEGMENT, true), MGW_OK);
    assert_int_equal(complete(&upload, &stat, call), MGW_OK);
}

static void an_upload_goes_on_after_rotation_while_its_key_is_there(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    AUTO_FREE unsigned char *bytes = lab_bytes(2 * SEGMENT, 3);
    struct upload upload;
    struct mgw_stat stat;
    begin(&upload, lab.sealed, NULL);
    assert_int_equal(send_part(&upload, bytes, SEGMENT, true), MGW_OK);
    upload.store = lab_encrypt("b:" KEY_B);
    assert_int_equal(send_part(&upload, bytes + SEGMENT, SEGMENT, true), MGW_DENIED);
    store_free(upload.store);
    upload.store = lab_encrypt("b:" KEY_B ",a:" KEY_A);
    assert_int_equal(send_part(&upload, bytes + SEGMENT, SEGMENT, true), MGW_OK);
    assert_int_equal(complete(&upload, &stat, call), MGW_OK);
    store_free(upload.store);
    lab_assert_blob(lab.sealed, "k", bytes, 2 * SEGMENT);
}

static void the_state_holds_no_key(void **state)
{
    (void)state;
    static const unsigned char raw[] = {0x98, 0x9d, 0xc5, 0x9d, 0x9d, 0x1c, 0x57, 0x59};
    struct upload upload;
    begin(&upload, lab.sealed, NULL);
    assert_null(memmem(upload.state_bytes, upload.state.length, "mJ3F", 4));
    assert_null(memmem(upload.state_bytes, upload.state.length, raw, sizeof raw));
}

static void a_state_of_another_kind_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct upload upload, foreign;
    begin(&upload, lab.sealed, NULL);
    begin(&foreign, lab.below, NULL);
    foreign.store = lab.sealed;
    assert_int_equal(send_part(&foreign, (const unsigned char *)"x", 1, true), MGW_INVALID);
    for (size_t length = 0; length < upload.state.length; length += 13) {
        struct mgw_opaque cut = upload.state;
        cut.length = length;
        enum mgw_status status = store_upload_abort(lab.sealed, call, &cut, 1);
        assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND || status == MGW_OK);
        assert_true(length > 144 || status == MGW_INVALID);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(uploads_of_any_length_become_blobs),
        TEST(uploads_over_memory_become_blobs),
        TEST(the_plan_is_in_plain_bytes_and_whole_segments),
        TEST(a_part_sent_again_shares_no_keystream),
        TEST(parts_that_do_not_fit_are_refused),
        TEST(an_upload_goes_on_after_rotation_while_its_key_is_there),
        TEST(the_state_holds_no_key),
        TEST(a_state_of_another_kind_is_refused),
    };
    const struct CMUnitTest on_s3[] = {TEST(uploads_over_s3_become_blobs)};
    s3_storage = argc > 1 ? argv[1] : NULL;
    if (s3_storage) {
        return cmocka_run_group_tests(on_s3, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
