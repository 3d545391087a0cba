/* SPDX-License-Identifier: Apache-2.0
 *
 * Writers. After a failed write nothing but an abort may follow below, so that another attempt
 * begins the put anew with the bytes that were kept. A commit whose answer is lost is repeated on
 * the same writer; where even that is over, the put is made once more, and what is there already is
 * looked at before anybody is told that it was another's. */
#include "effort.h"
#include "kept.h"
#include "same.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 256 << 10 };

struct writer {
    const struct retry *retry;
    void *lower; /* NULL: none at the moment */
    struct same_put made;
    struct kept kept;
    bool stale;     /* LOWER is not to be committed: it has failed */
    bool ambiguous; /* a commit may have happened */
};

static void writer_free(struct writer *writer)
{
    same_release(&writer->made);
    kept_close(&writer->kept);
    free(writer);
}

static struct writer *writer_new(const struct retry *retry, const struct mgw_blob *blob,
                                 const struct mgw_put *put)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        return NULL;
    }
    writer->retry = retry;
    kept_open(&writer->kept, retry->spool_dir, retry->replay_bytes);
    if (!same_take(&writer->made, blob, put)) {
        writer_free(writer);
        return NULL;
    }
    return writer;
}

enum mgw_status retry_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                const struct mgw_put *put, void **out)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    struct writer *writer = writer_new(retry, blob, put);
    if (!writer) {
        return retry_no_memory(call);
    }
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        /* as it can be begun anew: without what this filter does not know of it */
        status = pass->lower.put_begin(effort_attempt(&effort), pass->instance, blob,
                                       &writer->made.put, &writer->lower);
    } while (effort_again(&effort, &status));
    if (status != MGW_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return MGW_OK;
}

static enum mgw_status over(struct mgw_call *call)
{
    return mgw_fail(call, MGW_IO, "this put has failed already");
}

/* The put from its beginning, as far as it had come. */
static enum mgw_status replay(struct effort *effort, struct writer *writer)
{
    const struct pass *pass = &writer->retry->pass;
    const struct mgw_blob blob = same_blob(&writer->made);
    if (!kept_whole(&writer->kept)) {
        return over(effort->call);
    }
    if (writer->lower) {
        pass->lower.put_abort(effort_renewed(effort), writer->lower);
        writer->lower = NULL;
    }
    writer->stale = true;
    char *buffer = malloc(STEP);
    if (!buffer) {
        return retry_no_memory(effort->call);
    }
    enum mgw_status status = pass->lower.put_begin(effort_renewed(effort), pass->instance, &blob,
                                                   &writer->made.put, &writer->lower);
    if (status != MGW_OK) {
        writer->lower = NULL;
    }
    for (uint64_t at = 0; status == MGW_OK && at < writer->kept.length;) {
        uint64_t left = writer->kept.length - at;
        size_t step = left < STEP ? (size_t)left : STEP;
        status = kept_read(&writer->kept, at, buffer, step)
                     ? pass->lower.put_write(effort_renewed(effort), writer->lower, buffer, step)
                     : mgw_fail(effort->call, MGW_IO, "the bytes kept in %s cannot be read",
                                writer->kept.folder);
        at += step;
    }
    free(buffer);
    writer->stale = status != MGW_OK;
    return status;
}

/* Whether to go on after STATUS with the writer begun anew. */
static bool replays(struct effort *effort, struct writer *writer, enum mgw_status *status)
{
    struct mgw_error *error = effort->call->error;
    writer->stale = writer->stale || *status != MGW_OK;
    if (effort_mends(*status) && !kept_whole(&writer->kept)) {
        size_t length = strnlen(error->text, sizeof error->text - 1);
        snprintf(error->text + length, sizeof error->text - length,
                 " (not tried again: the bytes before it are not kept, see replay_bytes)");
        *status = writer->ambiguous ? MGW_UNKNOWN_OUTCOME : *status;
        return false;
    }
    return effort_again(effort, status);
}

static void keep(struct writer *writer, const void *bytes, size_t length)
{
    bool before = kept_whole(&writer->kept);
    if (before && !kept_add(&writer->kept, bytes, length)) {
        const struct retry *retry = writer->retry;
        uint64_t most = retry->replay_bytes;
        retry->host->log("retry", MGW_LOG_DEBUG,
                         "%s/%s cannot be begun anew any more: it is longer than %llu bytes, or "
                         "%s has no room for it",
                         writer->made.bucket, writer->made.key, (unsigned long long)most,
                         retry->spool_dir);
    }
}

enum mgw_status retry_put_write(struct mgw_call *call, void *handle, const void *bytes,
                                size_t length)
{
    struct writer *writer = handle;
    const struct pass *pass = &writer->retry->pass;
    struct effort effort;
    enum mgw_status status;
    if (writer->stale) {
        return over(call);
    }
    keep(writer, bytes, length);
    effort_begin(&effort, writer->retry, call, EFFORT_READS);
    effort.unlimited = !kept_whole(&writer->kept);
    do {
        struct mgw_call *attempt = effort_attempt(&effort);
        status = effort.attempts > 1 ? replay(&effort, writer)
                                     : pass->lower.put_write(attempt, writer->lower, bytes, length);
    } while (replays(&effort, writer, &status));
    return status;
}

enum mgw_status retry_put_prepare(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    const struct pass *pass = &writer->retry->pass;
    struct effort effort;
    enum mgw_status status;
    if (writer->stale) {
        return over(call);
    }
    effort_begin(&effort, writer->retry, call, EFFORT_READS);
    effort.unlimited = !kept_whole(&writer->kept);
    do {
        effort_attempt(&effort);
        status = effort.attempts > 1 ? replay(&effort, writer) : MGW_OK;
        if (status == MGW_OK) {
            status = pass->lower.put_prepare(effort_renewed(&effort), writer->lower);
        }
    } while (replays(&effort, writer, &status));
    return status;
}

static enum mgw_status commit_once(struct effort *effort, struct writer *writer,
                                   struct mgw_stat *stat)
{
    const struct pass *pass = &writer->retry->pass;
    enum mgw_status status = writer->stale ? replay(effort, writer) : MGW_OK;
    if (status != MGW_OK) {
        return status;
    }
    status = pass->lower.put_commit(effort_renewed(effort), writer->lower, stat);
    if (status == MGW_OK) {
        writer->lower = NULL;
        return MGW_OK;
    }
    writer->stale = status != MGW_UNAVAILABLE && status != MGW_UNKNOWN_OUTCOME;
    writer->ambiguous = writer->ambiguous || status == MGW_UNKNOWN_OUTCOME || status == MGW_TIMEOUT;
    return status;
}

enum mgw_status retry_put_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct writer *writer = handle;
    const struct pass *pass = &writer->retry->pass;
    struct effort effort;
    enum mgw_status status;
    bool again;
    effort_begin(&effort, writer->retry, call, EFFORT_WRITES);
    effort.ambiguous = writer->ambiguous;
    effort.unlimited = !kept_whole(&writer->kept);
    do {
        effort_attempt(&effort);
        status = commit_once(&effort, writer, stat);
        if (status == MGW_EXISTS && writer->ambiguous && kept_whole(&writer->kept)) {
            status =
                same_is_there(effort_renewed(&effort), pass, &writer->made, &writer->kept, stat);
        }
        again = writer->stale ? replays(&effort, writer, &status) : effort_again(&effort, &status);
    } while (again);
    if (status != MGW_OK) {
        return status;
    }
    if (writer->lower) {
        pass->lower.put_abort(call, writer->lower); /* an earlier attempt had published it */
    }
    writer_free(writer);
    return MGW_OK;
}

void retry_put_abort(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    if (writer->lower) {
        writer->retry->pass.lower.put_abort(call, writer->lower);
    }
    writer_free(writer);
}
