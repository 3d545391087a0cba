/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs of a storage driver or filter: put, open and read, stat, list, remove. */
#include "core/kit/gauge/gauge.h"

#include "core/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 256 * 1024, PAGE = 100 }; /* what the gateway hands over and asks for at once */

struct subject {
    const struct mgw_storage_driver *driver;
    void *instance;
    char bucket[48];
    uint64_t bytes;
    const unsigned char *chunk;
    unsigned char **buffers; /* one a thread */
    uint64_t *made;          /* blobs of each thread */
};

static const char *name_of(unsigned thread, uint64_t nth, char key[40])
{
    snprintf(key, 40, "%03u-%08llu", thread, (unsigned long long)nth);
    return key;
}

static enum mgw_status put_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    char key[40];
    struct mgw_blob blob = {sizeof blob, subject->bucket, name_of(thread, nth, key)};
    struct mgw_put put = {.size = sizeof put,
                          .flags = MGW_PUT_LENGTH_KNOWN,
                          .length = subject->bytes,
                          .content_type = "application/octet-stream"};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    enum mgw_status status =
        subject->driver->put_begin(call, subject->instance, &blob, &put, &writer);
    if (status != MGW_OK) {
        return status;
    }
    for (uint64_t left = subject->bytes; status == MGW_OK && left > 0;) {
        size_t piece = left < CHUNK ? (size_t)left : CHUNK;
        status = subject->driver->put_write(call, writer, subject->chunk, piece);
        left -= piece;
    }
    if (status == MGW_OK) {
        status = subject->driver->put_commit(call, writer, &stat);
    }
    if (status != MGW_OK) {
        subject->driver->put_abort(call, writer);
    }
    return status;
}

static enum mgw_status read_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    char key[40];
    struct mgw_blob blob = {sizeof blob, subject->bucket,
                            name_of(thread, nth % subject->made[thread], key)};
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    enum mgw_status status =
        subject->driver->open(call, subject->instance, &blob, NULL, &reader, &stat);
    if (status != MGW_OK) {
        return status;
    }
    uint64_t offset = 0;
    size_t got = 1;
    while (status == MGW_OK && got > 0 && offset < subject->bytes) {
        status = subject->driver->read(call, reader, offset, subject->buffers[thread], CHUNK, &got);
        offset += got;
    }
    subject->driver->close(reader);
    return status == MGW_OK && offset != subject->bytes
               ? mgw_fail(call, MGW_CORRUPT, "%s: %llu bytes came of %llu", blob.key,
                          (unsigned long long)offset, (unsigned long long)subject->bytes)
               : status;
}

static enum mgw_status stat_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    char key[40];
    struct mgw_blob blob = {sizeof blob, subject->bucket,
                            name_of(thread, nth % subject->made[thread], key)};
    struct mgw_stat stat = {.size = sizeof stat};
    return subject->driver->stat(call, subject->instance, &blob, &stat);
}

static bool go_on(void *ctx, const struct mgw_list_entry *entry)
{
    (void)ctx, (void)entry;
    return true;
}

static enum mgw_status list_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    (void)thread, (void)nth;
    return subject->driver->list(call, subject->instance, subject->bucket, "", "", PAGE, go_on,
                                 NULL);
}

static enum mgw_status remove_one(void *ctx, struct mgw_call *call, unsigned thread, uint64_t nth)
{
    const struct subject *subject = ctx;
    char key[40];
    struct mgw_blob blob = {sizeof blob, subject->bucket, name_of(thread, nth, key)};
    return subject->driver->remove(call, subject->instance, &blob);
}

/* Removes what the time did not suffice for: the store is left as it was. */
static void remove_rest(struct gauge *gauge, struct subject *subject, unsigned threads,
                        const uint64_t *removed)
{
    struct gauge quiet = *gauge;
    quiet.at = NULL;
    quiet.count = 0;
    quiet.told = NULL;
    quiet.seconds = 3600;
    uint64_t most = 0;
    for (unsigned i = 0; i < threads; i++) {
        uint64_t left = subject->made[i] - removed[i];
        most = left > most ? subject->made[i] : most;
    }
    if (most) {
        gauge_run(&quiet, "remove", 0, threads, most, remove_one, subject, NULL);
    }
    free(quiet.at);
}

static uint64_t fewest(const uint64_t *made, unsigned threads)
{
    uint64_t least = made[0];
    for (unsigned i = 1; i < threads; i++) {
        least = made[i] < least ? made[i] : least;
    }
    return least;
}

/* All verbs at one size and concurrency. */
static bool measure_one(struct gauge *gauge, struct subject *subject, unsigned threads)
{
    AUTO_FREE uint64_t *removed = calloc(threads, sizeof *removed);
    uint64_t most = gauge->budget / (subject->bytes ? subject->bytes : 1) / threads;
    if (!removed) {
        return false;
    }
    bool good = gauge_run(gauge, "put", subject->bytes, threads, most ? most : 1, put_one, subject,
                          subject->made);
    uint64_t each = good ? fewest(subject->made, threads) : 0;
    if (each > 0) {
        good = gauge_run(gauge, "read", subject->bytes, threads, 0, read_one, subject, NULL);
        if (good && gauge->sizes[0] == subject->bytes) {
            good = gauge_run(gauge, "stat", 0, threads, 0, stat_one, subject, NULL) &&
                   gauge_run(gauge, "list", 0, threads, 0, list_one, subject, NULL);
        }
        good = good && gauge_run(gauge, "remove", subject->bytes, threads, each, remove_one,
                                 subject, removed);
    }
    remove_rest(gauge, subject, threads, removed);
    return good;
}

static bool make_buffers(struct subject *subject, unsigned most)
{
    subject->made = calloc(most, sizeof *subject->made);
    subject->buffers = calloc(most, sizeof *subject->buffers);
    bool good = subject->made && subject->buffers;
    for (unsigned i = 0; good && i < most; i++) {
        subject->buffers[i] = malloc(CHUNK);
        good = subject->buffers[i] != NULL;
    }
    return good;
}

bool gauge_storage(struct gauge *gauge, const struct mgw_storage *storage)
{
    struct subject subject = {.driver = storage->driver, .instance = storage->instance};
    unsigned most = gauge->threads[gauge->thread_count - 1];
    unsigned char *chunk = malloc(CHUNK);
    snprintf(subject.bucket, sizeof subject.bucket, "bench-%s", gauge->unique);
    bool good = chunk && make_buffers(&subject, most);
    for (size_t i = 0; good && i < CHUNK; i++) {
        chunk[i] = (unsigned char)((i * 2654435761u) >> 13); /* nothing that a store could pack */
    }
    subject.chunk = chunk;
    for (size_t s = 0; good && s < gauge->size_count; s++) {
        for (size_t t = 0; good && t < gauge->thread_count; t++) {
            subject.bytes = gauge->sizes[s];
            good = measure_one(gauge, &subject, gauge->threads[t]);
        }
    }
    for (unsigned i = 0; subject.buffers && i < most; i++) {
        free(subject.buffers[i]);
    }
    free(subject.buffers);
    free(subject.made);
    free(chunk);
    return good;
}
