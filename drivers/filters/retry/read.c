/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers. A read that fails is tried again from where it was, on a reader that is opened anew and
 * for that one version: what comes out of a reader is never a mixture of two. */
#include "effort.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const struct retry *retry;
    void *lower;
    char *bucket, *key, *etag;
    uint64_t advised_end; /* what the last advice reaches to */
};

static void reader_free(struct reader *reader)
{
    free(reader->bucket);
    free(reader->key);
    free(reader->etag);
    free(reader);
}

static struct reader *reader_new(const struct retry *retry, const struct mgw_blob *blob)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return NULL;
    }
    reader->retry = retry;
    reader->bucket = strdup(blob->bucket);
    reader->key = strdup(blob->key);
    if (!reader->bucket || !reader->key) {
        reader_free(reader);
        return NULL;
    }
    return reader;
}

enum mgw_status retry_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           const char *if_etag, void **out, struct mgw_stat *stat)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    struct reader *reader = reader_new(retry, blob);
    if (!reader) {
        return retry_no_memory(call);
    }
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        status = pass->lower.open(effort_attempt(&effort), pass->instance, blob, if_etag,
                                  &reader->lower, stat);
    } while (effort_again(&effort, &status));
    if (status != MGW_OK) {
        reader_free(reader);
        return status;
    }
    reader->etag = strdup(stat->etag);
    if (!reader->etag) {
        retry_close(reader);
        return retry_no_memory(call);
    }
    *out = reader;
    return MGW_OK;
}

/* The old one stays where there is no new one: it may do better the next time. */
static enum mgw_status reopen(struct mgw_call *call, struct reader *reader, uint64_t offset)
{
    const struct pass *pass = &reader->retry->pass;
    const struct mgw_blob blob = {sizeof blob, reader->bucket, reader->key};
    struct mgw_stat stat = {.size = sizeof stat};
    void *fresh = NULL;
    enum mgw_status status =
        pass->lower.open(call, pass->instance, &blob, reader->etag, &fresh, &stat);
    if (status == MGW_NOT_FOUND || status == MGW_CONFLICT) {
        return mgw_fail(call, MGW_CONFLICT,
                        "%s/%s was replaced or removed while it was read, and the first reader "
                        "has failed",
                        reader->bucket, reader->key);
    }
    if (status != MGW_OK) {
        return status;
    }
    pass->lower.close(reader->lower);
    reader->lower = fresh;
    if (pass->lower.advise && offset < reader->advised_end) {
        pass->lower.advise(call, fresh, offset, reader->advised_end - offset);
    }
    return MGW_OK;
}

enum mgw_status retry_read(struct mgw_call *call, void *handle, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct reader *reader = handle;
    const struct pass *pass = &reader->retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, reader->retry, call, EFFORT_READS);
    do {
        struct mgw_call *attempt = effort_attempt(&effort);
        status = effort.attempts > 1 ? reopen(attempt, reader, offset) : MGW_OK;
        if (status == MGW_OK) {
            *got = 0;
            status = pass->lower.read(attempt, reader->lower, offset, buffer, length, got);
        }
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_descriptor(struct mgw_call *call, void *handle, struct mgw_local_file *file)
{
    struct reader *reader = handle;
    const struct pass *pass = &reader->retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, reader->retry, call, EFFORT_READS);
    do {
        status = pass->lower.descriptor(effort_attempt(&effort), reader->lower, file);
    } while (effort_again(&effort, &status));
    return status;
}

void retry_advise(struct mgw_call *call, void *handle, uint64_t offset, uint64_t length)
{
    struct reader *reader = handle;
    const struct pass *pass = &reader->retry->pass;
    reader->advised_end = offset + length;
    if (pass->lower.advise) {
        pass->lower.advise(call, reader->lower, offset, length);
    }
}

void retry_close(void *handle)
{
    struct reader *reader = handle;
    reader->retry->pass.lower.close(reader->lower);
    reader_free(reader);
}
