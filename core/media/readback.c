/* SPDX-License-Identifier: Apache-2.0
 *
 * See readback.h. A reading is freed by whoever leaves it last: its job, or one who waits for it.
 */
#include "core/media/readback.h"

#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/log.h"
#include "core/media/direct_record.h"
#include "core/media/row.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    THREADS = 4,
    QUEUE = 64,
    BLOCK_BYTES = 1024 * 1024,
    BLOCK_MS = 60000, /* for one block, from a store that is slow */
    WAIT_MS = 5000,   /* a request waits no longer: it holds a worker */
    WAITING_MAX = 16, /* and so few do */
    TICK_MS = 50,
    RETRY_MS = 2000
};

struct reading {
    struct pool_job job;
    struct readbacks *owner;
    struct reading *next;
    struct mgw_row *row;
    unsigned users; /* the job too; guarded by the owner's lock */
    bool done;
    enum mgw_status status;
    struct mgw_error error;
    char checksum[READBACK_CHECKSUM_SIZE];
};

struct readbacks {
    struct mgw_media *media;
    struct pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct reading *first;
    unsigned waiting; /* requests */
    _Atomic bool stopping;
};

struct readbacks *readbacks_new(struct mgw_media *media)
{
    struct readbacks *readbacks = calloc(1, sizeof *readbacks);
    if (!readbacks) {
        return NULL;
    }
    readbacks->media = media;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&readbacks->lock, NULL);
    pthread_cond_init(&readbacks->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    readbacks->pool = pool_new("mgw-readback", THREADS, QUEUE);
    if (!readbacks->pool) {
        readbacks_free(readbacks);
        return NULL;
    }
    return readbacks;
}

void readbacks_free(struct readbacks *readbacks)
{
    if (!readbacks) {
        return;
    }
    readbacks->stopping = true;
    pool_free(readbacks->pool);
    pthread_mutex_destroy(&readbacks->lock);
    pthread_cond_destroy(&readbacks->ended);
    free(readbacks);
}

/* The lock is held. */
static void reading_leave(struct reading *reading)
{
    if (--reading->users > 0) {
        return;
    }
    struct reading **at = &reading->owner->first;
    while (*at && *at != reading) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = reading->next;
    }
    free(reading->row);
    free(reading);
}

enum mgw_status readback_keep(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row, const char *checksum, int64_t lease_ms)
{
    struct mgw_row after = *row;
    after.checksum = checksum;
    struct mgw_change change = {
        .size = sizeof change,
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = MGW_FIELD_LEASE | (checksum ? MGW_FIELD_CHECKSUM : 0),
        .row = &after,
        .expect_status = MGW_ROW_UPLOADING,
        .expect_fence = row->fence,
        .lease_ms = lease_ms,
    };
    struct mgw_change_result result = {.size = sizeof result};
    return media_apply(media, call, &change, &result, 1);
}

/* ---- The job ---- */

struct hashing {
    struct store_reader *reader;
    EVP_MD_CTX *sha256;
    char *block;
    uint64_t at, bytes;
    int64_t kept_at; /* when the lease was last renewed */
};

/* One block; a call of its own, since nobody can say how long all of them take. */
static enum mgw_status hash_block(struct reading *reading, struct hashing *hashing)
{
    struct mgw_media *media = reading->owner->media;
    AUTO_CALL struct mgw_call *call = call_new("", NULL, BLOCK_MS);
    if (!call) {
        return MGW_IO;
    }
    int64_t now = clock_mono_ms(), ttl_ms = media->direct_ttl_sec * 1000;
    enum mgw_status status = MGW_OK;
    if (hashing->kept_at == 0 || now - hashing->kept_at > ttl_ms / 2) {
        hashing->kept_at = now;
        status = readback_keep(media, call, reading->row, NULL, direct_lease_ms(media, ttl_ms));
    }
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    struct mgw_blob blob = {sizeof blob, reading->row->bucket, reading->row->key};
    if (status == MGW_OK && !hashing->reader) {
        status = store_open(media->store, call, &blob, NULL, &hashing->reader, &stat);
        hashing->bytes = stat.bytes;
        if (status == MGW_OK) {
            store_advise(hashing->reader, call, 0, hashing->bytes);
        }
    }
    size_t got = 0;
    if (status == MGW_OK && hashing->at < hashing->bytes) {
        status = store_read(hashing->reader, call, hashing->at, hashing->block, BLOCK_BYTES, &got);
    }
    if (status == MGW_OK && !EVP_DigestUpdate(hashing->sha256, hashing->block, got)) {
        status = mgw_fail(call, MGW_IO, "SHA-256 failed");
    }
    hashing->at += got;
    reading->error = *call->error;
    return status;
}

static enum mgw_status hash_all(struct reading *reading, struct hashing *hashing)
{
    enum mgw_status status = MGW_OK;
    do {
        status = reading->owner->stopping ? MGW_CANCELLED : hash_block(reading, hashing);
    } while (status == MGW_OK && hashing->at < hashing->bytes);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (status == MGW_OK && !EVP_DigestFinal_ex(hashing->sha256, digest, &length)) {
        status = MGW_IO;
    }
    if (status == MGW_OK) {
        memcpy(reading->checksum, "sha256:", 7);
        id_hex(digest, length, reading->checksum + 7);
    }
    return status;
}

static void reading_run(struct pool_job *job)
{
    struct reading *reading = (struct reading *)job; /* `job` is its first field */
    struct readbacks *owner = reading->owner;
    struct hashing hashing = {.sha256 = EVP_MD_CTX_new(), .block = malloc(BLOCK_BYTES)};
    enum mgw_status status = MGW_IO;
    if (hashing.sha256 && hashing.block && EVP_DigestInit_ex(hashing.sha256, EVP_sha256(), NULL)) {
        status = hash_all(reading, &hashing);
    }
    store_close(hashing.reader);
    EVP_MD_CTX_free(hashing.sha256);
    free(hashing.block);
    AUTO_CALL struct mgw_call *call = call_new("", NULL, BLOCK_MS);
    if (status == MGW_OK && call) {
        int64_t ttl_ms = owner->media->direct_ttl_sec * 1000;
        status = readback_keep(owner->media, call, reading->row, reading->checksum,
                               direct_lease_ms(owner->media, ttl_ms));
        reading->error = *call->error;
    }
    pthread_mutex_lock(&owner->lock);
    reading->status = call ? status : MGW_IO;
    reading->done = true;
    pthread_cond_broadcast(&owner->ended);
    reading_leave(reading);
    pthread_mutex_unlock(&owner->lock);
}

/* ---- Those who wait ---- */

/* The reading of ROW that is under way, or a new one; it gains a user. NULL: there is no room. The
 * lock is held. */
static struct reading *reading_of(struct readbacks *readbacks, const struct mgw_row *row)
{
    for (struct reading *at = readbacks->first; at; at = at->next) {
        if (!at->done && strcmp(at->row->id, row->id) == 0) {
            at->users++;
            return at;
        }
    }
    struct reading *reading = calloc(1, sizeof *reading);
    if (!reading) {
        return NULL;
    }
    *reading = (struct reading){.job.run = reading_run,
                                .owner = readbacks,
                                .row = row_copy(row),
                                .users = 2,
                                .error = {.size = sizeof reading->error}};
    if (!reading->row || !pool_submit(readbacks->pool, &reading->job)) {
        free(reading->row);
        free(reading);
        return NULL;
    }
    reading->next = readbacks->first;
    readbacks->first = reading;
    return reading;
}

/* The lock is held. MGW_OK: it is done. */
static enum mgw_status reading_wait(struct reading *reading, struct mgw_call *call)
{
    struct readbacks *owner = reading->owner;
    int64_t until = clock_mono_ms() + (owner->waiting < WAITING_MAX ? WAIT_MS : 0);
    if (call->deadline_ms != 0 && call->deadline_ms - RETRY_MS < until) {
        until = call->deadline_ms - RETRY_MS;
    }
    owner->waiting++;
    while (!reading->done && !call->cancelled(call) && clock_mono_ms() < until) {
        int64_t tick = clock_mono_ms() + TICK_MS;
        struct timespec wake = {.tv_sec = tick / 1000, .tv_nsec = tick % 1000 * 1000000};
        pthread_cond_timedwait(&owner->ended, &owner->lock, &wake);
    }
    owner->waiting--;
    if (reading->done) {
        return MGW_OK;
    }
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "nobody waits for the answer any more");
    }
    call->error->retry_after_ms = RETRY_MS;
    return mgw_fail(call, MGW_BUSY, "the bytes are still being read back; ask again");
}

enum mgw_status readback(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row,
                         char checksum[READBACK_CHECKSUM_SIZE])
{
    struct readbacks *readbacks = media->readbacks;
    pthread_mutex_lock(&readbacks->lock);
    struct reading *reading = reading_of(readbacks, row);
    enum mgw_status status = MGW_OK;
    if (!reading) {
        call->error->retry_after_ms = RETRY_MS;
        status = mgw_fail(call, MGW_BUSY, "too many uploads are being read back; ask again");
    } else {
        status = reading_wait(reading, call);
        if (status == MGW_OK) {
            status = reading->status;
            *call->error = reading->error;
            memcpy(checksum, reading->checksum, READBACK_CHECKSUM_SIZE);
            status = status == MGW_CONFLICT || status == MGW_STALE ? status : media_outside(status);
        }
        reading_leave(reading);
    }
    pthread_mutex_unlock(&readbacks->lock);
    return status;
}
