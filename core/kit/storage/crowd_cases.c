/* SPDX-License-Identifier: Apache-2.0
 *
 * Many threads, all verbs, few keys. Every blob says what it is (its letter, as often as the letter
 * stands in the alphabet times a thousand), so that no mixture goes unseen. */
#include "core/kit/storage/upload_kit.h"

#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 12, KEYS = 4, RUN_MS = 1500, STEP = 1000 };

struct member {
    const char *bucket;
    unsigned number;
    int64_t until_ms;
    unsigned done;
    char wrong[256]; /* what was; empty: nothing */
};

/* The statuses that VERB may answer among such company. */
static bool allow(struct member *member, const char *verb, const struct mgw_call *call,
                  enum mgw_status status, enum mgw_status also)
{
    if (status != MGW_OK && status != also && !member->wrong[0]) {
        snprintf(member->wrong, sizeof member->wrong, "%s answered %s: %.150s", verb,
                 kit_status(status), call->error->text);
    }
    return status == MGW_OK;
}

static void put_some(struct member *member, const char *key, unsigned turn)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char letter = (char)('a' + (member->number + turn) % 26);
    size_t length = (size_t)(letter - 'a' + 1) * STEP;
    char bytes[26 * STEP];
    struct mgw_stat stat = {.size = sizeof stat};
    memset(bytes, letter, length);
    enum mgw_status status = try_put(call, member->bucket, key, NULL, bytes, length, &stat);
    allow(member, "put", call, status, MGW_OK);
}

static void abort_some(struct member *member, const char *key)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(member->bucket, key);
    struct mgw_put put = {.size = sizeof put};
    void *writer = NULL;
    if (allow(member, "put_begin", call, driver->put_begin(call, instance, &blob, &put, &writer),
              MGW_OK)) {
        allow(member, "put_write", call, driver->put_write(call, writer, "0123", 4), MGW_OK);
        driver->put_abort(call, writer);
    }
}

static void read_some(struct member *member, const char *key)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    enum mgw_status status;
    size_t length = 0;
    AUTO_FREE char *bytes = try_get(call, member->bucket, key, &length, &status);
    if (status == MGW_NOT_FOUND || status == MGW_CONFLICT) {
        return;
    }
    if (!allow(member, "open or read", call, status, MGW_OK)) {
        return;
    }
    bool whole = length >= STEP && length == (size_t)(bytes[0] - 'a' + 1) * STEP;
    for (size_t i = 0; whole && i < length; i++) {
        whole = bytes[i] == bytes[0];
    }
    if (!whole && !member->wrong[0]) {
        snprintf(member->wrong, sizeof member->wrong, "read a mixture of %zu bytes", length);
    }
}

struct listed {
    unsigned seen[KEYS];
    unsigned strange;
};

static bool note(void *ctx, const struct mgw_list_entry *entry)
{
    struct listed *listed = ctx;
    unsigned key;
    if (sscanf(entry->key, "key-%u", &key) == 1 && key < KEYS) {
        listed->seen[key]++;
    } else {
        listed->strange++;
    }
    return true;
}

static void list_some(struct member *member)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct listed listed = {0};
    allow(member, "list", call,
          driver->list(call, instance, member->bucket, "", "", 100, note, &listed), MGW_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        if ((listed.seen[i] > 1 || listed.strange) && !member->wrong[0]) {
            snprintf(member->wrong, sizeof member->wrong,
                     "list: key-%u stands %u times, %u strange ones", i, listed.seen[i],
                     listed.strange);
        }
    }
}

static void other_verbs(struct member *member, const char *key, unsigned turn)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(member->bucket, key), to = blob_of(member->bucket, "key-0");
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_sweep_result swept = {.size = sizeof swept};
    switch (turn % 5) {
    case 0:
        allow(member, "remove", call, driver->remove(call, instance, &blob), MGW_OK);
        break;
    case 1:
        allow(member, "stat", call, driver->stat(call, instance, &blob, &stat), MGW_NOT_FOUND);
        break;
    case 2:
        allow(member, "health", call, driver->health(call, instance), MGW_OK);
        break;
    case 3:
        if (driver->sweep) {
            int64_t long_ago = kit_host.wall_ms() - 3600000;
            allow(member, "sweep", call, driver->sweep(call, instance, long_ago, &swept), MGW_OK);
        }
        break;
    default:
        if (kit_has(MGW_STORAGE_COPY)) {
            enum mgw_status status = driver->copy(call, instance, &blob, &to, &stat);
            /* a source that is replaced meanwhile */
            allow(member, "copy", call, status == MGW_CONFLICT ? MGW_OK : status, MGW_NOT_FOUND);
        }
    }
}

static void *live(void *argument)
{
    struct member *member = argument;
    char key[16];
    for (unsigned turn = 0; kit_host.monotonic_ms() < member->until_ms || turn < 12; turn++) {
        snprintf(key, sizeof key, "key-%u", (member->number * 7 + turn * 3) % KEYS);
        switch ((member->number + turn) % 6) {
        case 0:
        case 1:
            put_some(member, key, turn);
            break;
        case 2:
            abort_some(member, key);
            break;
        case 3:
            read_some(member, key);
            break;
        case 4:
            list_some(member);
            break;
        default:
            other_verbs(member, key, turn / 6 + member->number);
        }
        member->done++;
    }
    return NULL;
}

static void a_crowd_over_all_verbs_sees_whole_blobs(void **state)
{
    (void)state;
    struct member members[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){
            .bucket = kit_bucket(), .number = i, .until_ms = kit_host.monotonic_ms() + RUN_MS};
    }
    run_threads(THREADS, live, members, sizeof members[0]);
    for (unsigned i = 0; i < THREADS; i++) {
        if (members[i].wrong[0]) {
            print_error("thread %u: %s\n", i, members[i].wrong);
            fail();
        }
        assert_true(members[i].done > 0);
    }
}

/* Each thread its own upload of the one key: the blob is one of them, whole. */
struct uploader {
    struct upload upload;
    unsigned number;
    enum mgw_status status;
    char text[512];
};

static void *complete_one(void *argument)
{
    struct uploader *uploader = argument;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    uploader->status = upload_send(call, &uploader->upload, 1, 1000, uploader->number, 1);
    if (uploader->status == MGW_OK) {
        uploader->status = upload_end(call, &uploader->upload, 1, 1, &stat);
    }
    snprintf(uploader->text, sizeof uploader->text, "%s", call->error->text);
    return NULL;
}

static void uploads_of_a_crowd_make_one_whole_blob(void **state)
{
    (void)state;
    static struct uploader uploaders[THREADS];
    char bytes[1000];
    size_t length = 0;
    bool known = false;
    for (unsigned i = 0; i < THREADS; i++) {
        uploaders[i].number = i + 1;
        upload_begin(&uploaders[i].upload, "k", NULL);
    }
    run_threads(THREADS, complete_one, uploaders, sizeof uploaders[0]);
    for (unsigned i = 0; i < THREADS; i++) {
        if (uploaders[i].status != MGW_OK) {
            print_error("thread %u\n  expected MGW_OK, got %s: %s\n", i,
                        kit_status(uploaders[i].status), uploaders[i].text);
            fail();
        }
    }
    AUTO_FREE char *got = get_bytes(kit_bucket(), "k", &length);
    assert_int_equal(length, sizeof bytes);
    for (unsigned i = 0; i < THREADS; i++) {
        fill(bytes, sizeof bytes, i + 1);
        known = known || memcmp(bytes, got, length) == 0;
    }
    assert_true(known);
}

const struct kit_case crowd_cases[] = {
    CASE(a_crowd_over_all_verbs_sees_whole_blobs, "rules: many at once; never a mixture", 0),
    CASE(uploads_of_a_crowd_make_one_whole_blob, "upload_complete: as put_commit does",
         MGW_STORAGE_RESUMABLE),
    {0},
};
