/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole media service over the fakes: the input is a list of steps, a byte for the verb and
 * three for its arguments, among them faults of store and repository, and time that passes. After
 * each step every row that is `ready` has its blob; what was acknowledged opens and has its bytes;
 * in the end, once nothing fails any more, the reaper leaves neither rows under way nor blobs that
 * no row has. One key of idempotency makes one recording. */
#include "core/base/buf.h"
#include "core/http/target.h"
#include "tests/fuzz/fuzz.h"
#include "tests/plugins/memrepo/memrepo.h"
#include "tests/plugins/memstore/memstore.h"

#include <mediagw/media.h>

enum { SLOTS = 3, MADE = 48, ACCOUNTS = 2, KEYS = 3, STEPS = 96 };
enum { BLOB_MAX = 9000, LEASE_MS = 30000, BEHIND_RETRY_MS = 400000 };

/* An upload under way. */
struct slot {
    struct mgw_create *create;
    int account, key; /* key 0: none */
    struct buf bytes;
};

/* What was acknowledged. */
struct made {
    char id[65];
    int account, key;
    bool deleted, perhaps_deleted;
    struct buf bytes;
};

static struct {
    struct memstore *store;
    struct memrepo *repo;
    struct mgw_storage storage;
    struct mgw_repo rows;
    struct mgw_media *media;
    struct mgw_call *calls[ACCOUNTS];
    struct slot slots[SLOTS];
    struct made made[MADE];
    size_t made_count;
    int64_t clock_offset;
    bool faulty; /* something may fail for no reason of the service's own */
    size_t late; /* published after the reaper was done with the row; the removal may have failed */
    uint16_t commit_faults;           /* of the next commits, four bits each */
    struct mgw_storage_driver driver; /* memstore's but for put_commit */
} rig;

/* memstore knows one fault a verb at a time; of commits one after the other must be able to go
 * wrong in different ways. */
static enum mgw_status commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    static const enum mgw_status lost[] = {MGW_UNKNOWN_OUTCOME, MGW_TIMEOUT, MGW_CANCELLED};
    static const enum mgw_status not_done[] = {MGW_IO, MGW_UNAVAILABLE, MGW_NO_SPACE, MGW_DENIED,
                                               MGW_UNKNOWN_OUTCOME};
    unsigned fault = rig.commit_faults & 15u;
    rig.commit_faults >>= 4;
    if (fault >= 1 && fault <= 3) {
        memstore_lose_answer(rig.store, MEMSTORE_PUT_COMMIT, 1, 1, lost[fault - 1]);
    } else if (fault >= 4 && fault <= 8) {
        memstore_fail(rig.store, MEMSTORE_PUT_COMMIT, 1, 1, not_done[fault - 4]);
    }
    return memstore_table.put_commit(call, writer, stat);
}

static void no_log(enum mgw_log_level level, const char *line)
{
    (void)level;
    (void)line;
}

static void setup(void)
{
    memset(&rig, 0, sizeof rig);
    rig.store = memstore_new();
    rig.repo = memrepo_new();
    rig.storage = memstore_storage(rig.store);
    rig.driver = *rig.storage.driver;
    rig.driver.put_commit = commit;
    rig.storage.driver = &rig.driver;
    rig.rows = memrepo_repo(rig.repo);
    struct mgw_media_options options = {.size = sizeof options,
                                        .storage = &rig.storage,
                                        .repo = &rig.rows,
                                        .lease_ms = LEASE_MS,
                                        .max_upload_bytes = BLOB_MAX,
                                        .reap_interval_ms = MGW_ABSENT,
                                        .log = no_log};
    struct mgw_error error = {.size = sizeof error};
    PROMISE(mgw_media_new(&options, &rig.media, &error) == MGW_OK);
    rig.calls[0] = mgw_call_new("acme", "fuzz", 0);
    rig.calls[1] = mgw_call_new("rival", "fuzz", 0);
}

static void teardown(void)
{
    mgw_media_free(rig.media);
    PROMISE(memstore_writers(rig.store) == 0 && memstore_readers(rig.store) == 0);
    PROMISE(memrepo_running(rig.repo) == 0);
    for (size_t i = 0; i < rig.made_count; i++) {
        buf_free(&rig.made[i].bytes);
    }
    for (int i = 0; i < ACCOUNTS; i++) {
        mgw_call_free(rig.calls[i]);
    }
    memstore_free(rig.store);
    memrepo_free(rig.repo);
}

/* ---- What must hold ---- */

/* The bytes at URL are those of MADE; false where it does not open. */
static bool opens(const struct made *made, const char *url)
{
    const char *error;
    AUTO_TARGET struct target *target = target_parse(url, strlen(url), &error);
    PROMISE(target && target->key);
    struct mgw_content_request request = {.size = sizeof request,
                                          .bucket = target->bucket,
                                          .key = target->key,
                                          .expires = target_param(target, "expires"),
                                          .kid = target_param(target, "kid"),
                                          .sig = target_param(target, "sig")};
    struct mgw_content *content;
    struct mgw_call *call = rig.calls[made->account];
    if (mgw_content_open(rig.media, call, &request, &content) != MGW_OK) {
        return false;
    }
    size_t got = 0, expected = made->bytes.length;
    AUTO_FREE char *bytes = malloc(BLOB_MAX + 1);
    PROMISE(bytes && mgw_content_info(content)->bytes == expected);
    enum mgw_status status = mgw_content_read(content, call, 0, bytes, BLOB_MAX + 1, &got);
    PROMISE(rig.faulty || status == MGW_OK);
    PROMISE(status != MGW_OK || got <= expected);
    PROMISE(status != MGW_OK || got == 0 || memcmp(bytes, made->bytes.data, got) == 0);
    mgw_content_close(content);
    return status == MGW_OK && got == expected;
}

/* What the service says of what it acknowledged. */
static void promise_kept(const struct made *made)
{
    struct mgw_grant *grant = NULL;
    enum mgw_status status =
        mgw_media_get(rig.media, rig.calls[made->account], made->id, 0, NULL, &grant);
    bool open = status == MGW_OK && opens(made, grant->signed_url);
    PROMISE(!made->deleted || status != MGW_OK);
    PROMISE(rig.faulty || made->deleted || made->perhaps_deleted || open);
    PROMISE(status != MGW_OK || grant->row->size_bytes == (int64_t)made->bytes.length);
    mgw_grant_free(grant);
    struct mgw_grant *stolen = NULL;
    status = mgw_media_get(rig.media, rig.calls[!made->account], made->id, 0, NULL, &stolen);
    PROMISE(status != MGW_OK);
}

static bool has_blob(void *ctx, const struct mgw_row *row)
{
    size_t length = 0, *count = ctx;
    AUTO_FREE void *bytes = memstore_bytes(rig.store, row->bucket, row->key, &length);
    PROMISE(bytes && (int64_t)length == row->size_bytes && row->checksum);
    ++*count;
    return true;
}

/* Read behind the service's back; the faults of lists are taken away for it. */
static void promise_ready_rows_have_blobs(void)
{
    size_t count = 0;
    memrepo_inject(rig.repo, MEMREPO_LIST, NULL);
    for (int i = 0; i < ACCOUNTS; i++) {
        struct mgw_row_query query = {.size = sizeof query,
                                      .account_id = i ? "rival" : "acme",
                                      .status = MGW_ROW_READY,
                                      .limit = 1000,
                                      .after_created_at = MGW_ABSENT};
        PROMISE(rig.rows.driver->list(rig.calls[i], rig.rows.instance, &query, has_blob, &count) ==
                MGW_OK);
    }
    PROMISE(count == memrepo_row_count(rig.repo, MGW_ROW_READY));
}

static void reap(int64_t later_ms)
{
    struct mgw_call *call = mgw_call_new(NULL, "fuzz", 0);
    rig.clock_offset += later_ms;
    memrepo_set_clock_offset(rig.repo, rig.clock_offset);
    enum mgw_status status = mgw_media_reap(rig.media, call, NULL);
    PROMISE(rig.faulty || status == MGW_OK);
    mgw_call_free(call);
}

/* ---- Steps ---- */

static void drop(struct slot *slot)
{
    if (slot->create) {
        mgw_create_abort(slot->create, rig.calls[slot->account]);
        slot->create = NULL;
    }
    buf_free(&slot->bytes);
}

static void begin(struct slot *slot, const uint8_t *arg)
{
    static const char *const keys[KEYS + 1] = {NULL, "k1", "k2", "k3"};
    drop(slot);
    slot->account = arg[1] & 1;
    slot->key = arg[1] / 2 % (KEYS + 1);
    struct mgw_create_options options = {.size = sizeof options,
                                         .idempotency_key = keys[slot->key],
                                         .length = arg[2] ? UINT64_MAX : 64,
                                         .mime_type = arg[2] & 2 ? "video/webm" : NULL};
    struct mgw_call *call = rig.calls[slot->account];
    enum mgw_status status = mgw_create_begin(rig.media, call, &options, &slot->create);
    PROMISE((status == MGW_OK) == (slot->create != NULL));
    PROMISE((status == MGW_OK) == (*mgw_call_error(call)->text == '\0'));
}

static void write_some(struct slot *slot, const uint8_t *arg)
{
    char bytes[BLOB_MAX];
    size_t length = (size_t)arg[2] * 64 % sizeof bytes;
    if (!slot->create) {
        return;
    }
    memset(bytes, arg[1], length);
    if (mgw_create_write(slot->create, rig.calls[slot->account], bytes, length) == MGW_OK) {
        PROMISE(buf_append(&slot->bytes, bytes, length) && slot->bytes.length <= BLOB_MAX);
    } else {
        drop(slot);
    }
}

static struct made *made_by_key(int account, int key)
{
    for (size_t i = 0; key && i < rig.made_count; i++) {
        if (rig.made[i].key == key && rig.made[i].account == account) {
            return &rig.made[i];
        }
    }
    return NULL;
}

/* A create that was acknowledged: a new recording, or the first of its key. */
static void acknowledge(struct slot *slot, const struct mgw_grant *grant)
{
    struct made *first = made_by_key(slot->account, slot->key);
    if (first) {
        PROMISE(grant->replayed && strcmp(grant->row->id, first->id) == 0);
        PROMISE(first->bytes.length == slot->bytes.length);
        PROMISE(slot->bytes.length == 0 ||
                memcmp(first->bytes.data, slot->bytes.data, slot->bytes.length) == 0);
        return;
    }
    struct made *made = &rig.made[rig.made_count++];
    snprintf(made->id, sizeof made->id, "%s", grant->row->id);
    made->account = slot->account;
    made->key = slot->key;
    /* the answer to the first create may have been lost, and the recording deleted since */
    made->perhaps_deleted = grant->replayed && grant->row->status != MGW_ROW_READY;
    made->bytes = slot->bytes;
    slot->bytes = (struct buf){0};
    PROMISE(grant->replayed || (grant->signed_url && opens(made, grant->signed_url)) || rig.faulty);
}

static void finish(struct slot *slot, const uint8_t *arg)
{
    static const char *const types[] = {"video/webm", "audio/webm;codecs=opus", "image/png"};
    struct mgw_grant *grant = NULL;
    if (!slot->create || rig.made_count == MADE) {
        return;
    }
    struct mgw_recording recording = {.size = sizeof recording,
                                      .mime_type = types[arg[1] % 3],
                                      .duration_ms = arg[2] & 1 ? 1000 : MGW_ABSENT,
                                      .take_index = MGW_ABSENT,
                                      .metadata = arg[2] & 2 ? "{\"a\":1}" : NULL};
    struct mgw_call *call = rig.calls[slot->account];
    enum mgw_status status = mgw_create_finish(slot->create, call, &recording, &grant);
    slot->create = NULL;
    PROMISE((status == MGW_OK) == (grant != NULL));
    PROMISE((status == MGW_OK) == (*mgw_call_error(call)->text == '\0'));
    if (grant) {
        acknowledge(slot, grant);
    }
    rig.late += status == MGW_STALE && rig.faulty;
    mgw_grant_free(grant);
    drop(slot);
}

static void erase(const uint8_t *arg)
{
    struct made *made = rig.made_count ? &rig.made[arg[0] % rig.made_count] : NULL;
    if (!made) {
        return;
    }
    int who = arg[1] & 1 ? made->account : !made->account;
    enum mgw_status status = mgw_media_delete(rig.media, rig.calls[who], made->id);
    if (who == made->account) {
        made->deleted = made->deleted || status == MGW_OK;
        made->perhaps_deleted = true;
    } else {
        PROMISE(status != MGW_OK);
    }
}

static bool count_row(void *ctx, const struct mgw_row *row)
{
    PROMISE(row->status == MGW_ROW_READY);
    ++*(size_t *)ctx;
    return true;
}

static void list(const uint8_t *arg)
{
    char *cursor = NULL, *next = NULL;
    size_t seen = 0;
    enum mgw_status status;
    do {
        struct mgw_list_query query = {
            .size = sizeof query, .limit = arg[1] % 4 + 1, .cursor = cursor};
        status = mgw_media_list(rig.media, rig.calls[arg[0] & 1], &query, count_row, &seen, &next);
        free(cursor);
        cursor = next;
    } while (status == MGW_OK && cursor);
    PROMISE(!next && seen <= MADE + STEPS);
    PROMISE(rig.faulty || status == MGW_OK);
}

static void fail_store(const uint8_t *arg)
{
    static const enum mgw_status not_done[] = {
        MGW_IO,      MGW_UNAVAILABLE, MGW_NO_SPACE,       MGW_DENIED,
        MGW_TIMEOUT, MGW_CANCELLED,   MGW_UNKNOWN_OUTCOME};
    enum memstore_verb verb = arg[0] % (MEMSTORE_REMOVE + 1);
    unsigned nth = arg[1] % 4 + 1, times = arg[1] / 4 % 4;
    rig.faulty = true;
    if (verb == MEMSTORE_PUT_COMMIT) {
        rig.commit_faults = (uint16_t)(arg[1] << 8 | arg[2]);
    } else if (arg[2] & 1 && verb == MEMSTORE_REMOVE) {
        memstore_lose_answer(rig.store, verb, nth, times, MGW_UNKNOWN_OUTCOME);
    } else {
        memstore_fail(rig.store, verb, nth, times, not_done[arg[2] / 2 % 7]);
    }
}

static void fail_repo(const uint8_t *arg)
{
    static const enum mgw_status lost[] = {MGW_UNKNOWN_OUTCOME, MGW_TIMEOUT, MGW_CANCELLED};
    static const enum mgw_status not_done[] = {MGW_UNAVAILABLE, MGW_IO, MGW_NO_SPACE,
                                               MGW_UNKNOWN_OUTCOME};
    enum memrepo_callback callback = arg[0] % MEMREPO_CALLBACKS;
    bool after = arg[2] & 1 && callback == MEMREPO_APPLY; /* reads have nothing to be done */
    struct memrepo_fault fault = {.at = arg[1] % 4 + 1,
                                  .times = arg[1] / 4 % 4,
                                  .after = after,
                                  .status = after ? lost[arg[2] / 2 % 3] : not_done[arg[2] / 2 % 4],
                                  .row_status = arg[2] / 16 % 16};
    rig.faulty = true;
    memrepo_inject(rig.repo, callback, &fault);
}

static void heal(void)
{
    memstore_heal(rig.store);
    rig.commit_faults = 0;
    memstore_capacity(rig.store, 0);
    for (int i = 0; i < MEMREPO_CALLBACKS; i++) {
        memrepo_inject(rig.repo, (enum memrepo_callback)i, NULL);
    }
    rig.faulty = false;
}

static void step(uint8_t verb, const uint8_t *arg)
{
    struct slot *slot = &rig.slots[arg[0] % SLOTS];
    switch (verb % 12) {
    case 0:
        begin(slot, arg);
        break;
    case 1:
        write_some(slot, arg);
        break;
    case 2:
        finish(slot, arg);
        break;
    case 3:
        drop(slot);
        break;
    case 4:
        erase(arg);
        break;
    case 5:
        list(arg);
        break;
    case 6:
        reap((int64_t)arg[0] * 1000);
        break;
    case 7:
        fail_store(arg);
        break;
    case 8:
        fail_repo(arg);
        break;
    case 9:
        heal();
        break;
    case 10:
        memstore_capacity(rig.store, arg[0] * 100u + 1);
        rig.faulty = true;
        break;
    default:
        if (rig.made_count) {
            promise_kept(&rig.made[arg[0] % rig.made_count]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setup();
    for (size_t i = 0; i < STEPS && size >= 4; i++, data += 4, size -= 4) {
        step(data[0], data + 1);
        promise_ready_rows_have_blobs();
    }
    heal();
    for (int i = 0; i < SLOTS; i++) {
        drop(&rig.slots[i]);
    }
    for (int i = 0; i < 4; i++) {
        reap(BEHIND_RETRY_MS);
    }
    promise_ready_rows_have_blobs();
    for (size_t i = 0; i < rig.made_count; i++) {
        promise_kept(&rig.made[i]);
    }
    PROMISE(memrepo_row_count(rig.repo, MGW_ROW_UPLOADING) == 0);
    size_t ready = memrepo_row_count(rig.repo, MGW_ROW_READY), blobs = memstore_blobs(rig.store);
    PROMISE(blobs >= ready && blobs <= ready + rig.late);
    teardown();
    return 0;
}
