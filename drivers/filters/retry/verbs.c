/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs without a handle. Each may be repeated as it stands (storage.h: a verb that writes may
 * be repeated with the same arguments); a list goes on behind the last entry that was emitted. */
#include "effort.h"

#include <stdlib.h>
#include <string.h>

enum mgw_status retry_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           struct mgw_stat *stat)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        status = pass->lower.stat(effort_attempt(&effort), pass->instance, blob, stat);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        status = pass->lower.remove(effort_attempt(&effort), pass->instance, blob);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        status = pass->lower.copy(effort_attempt(&effort), pass->instance, from, to, stat);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_presign *presign, struct mgw_presigned *presigned)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        status =
            pass->lower.presign(effort_attempt(&effort), pass->instance, blob, presign, presigned);
    } while (effort_again(&effort, &status));
    return status;
}

/* ---- Lists ---- */

enum { CURSOR_MAX = 2048 };

struct listing {
    mgw_list_emit *emit;
    void *ctx;
    uint32_t emitted;
    bool stopped;
    bool overlong; /* a cursor that cannot be gone on behind */
    char cursor[CURSOR_MAX + 1];
};

static bool noting_emit(void *ctx, const struct mgw_list_entry *entry)
{
    struct listing *listing = ctx;
    size_t length = strlen(entry->cursor);
    listing->overlong = length > CURSOR_MAX;
    if (!listing->overlong) {
        memcpy(listing->cursor, entry->cursor, length + 1);
    }
    listing->emitted++;
    listing->stopped = !listing->emit(listing->ctx, entry);
    return !listing->stopped;
}

/* The rest of a list, until LISTING has all that it may have. */
static enum mgw_status list_on(struct mgw_call *call, const struct pass *pass, const char *bucket,
                               const char *prefix, uint32_t limit, struct listing *listing)
{
    if (listing->stopped || listing->emitted >= limit) {
        return MGW_OK; /* it failed after it had told everything */
    }
    if (listing->overlong) {
        return mgw_fail(call, MGW_CORRUPT, "a list's cursor is longer than %d bytes", CURSOR_MAX);
    }
    return pass->lower.list(call, pass->instance, bucket, prefix, listing->cursor,
                            limit - listing->emitted, noting_emit, listing);
}

enum mgw_status retry_list(struct mgw_call *call, void *instance, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx)
{
    const struct retry *retry = instance;
    struct effort effort;
    enum mgw_status status;
    size_t length = strlen(cursor);
    if (length > CURSOR_MAX) {
        return mgw_fail(call, MGW_INVALID, "the list's cursor is longer than %d bytes", CURSOR_MAX);
    }
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        return retry_no_memory(call);
    }
    listing->emit = emit;
    listing->ctx = ctx;
    memcpy(listing->cursor, cursor, length + 1);
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        status = list_on(effort_attempt(&effort), &retry->pass, bucket, prefix, limit, listing);
    } while (effort_again(&effort, &status));
    free(listing);
    return status;
}

/* ---- Resumable uploads ---- */

enum mgw_status retry_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                           struct mgw_upload_plan *plan)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_READS);
    do {
        status = pass->lower.plan(effort_attempt(&effort), pass->instance, put, plan);
    } while (effort_again(&effort, &status));
    return status;
}

/* One that was begun and not told of is a stray, for the sweep. */
enum mgw_status retry_upload_create(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_put *put,
                                    struct mgw_opaque *state)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        state->length = 0;
        status =
            pass->lower.upload_create(effort_attempt(&effort), pass->instance, blob, put, state);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_upload_part(struct mgw_call *call, void *instance,
                                  const struct mgw_opaque *state, const struct mgw_part *part,
                                  const struct mgw_source *source, uint64_t fence,
                                  struct mgw_opaque *receipt)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        receipt->length = 0;
        status = pass->lower.upload_part(effort_attempt(&effort), pass->instance, state, part,
                                         source, fence, receipt);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_upload_complete(struct mgw_call *call, void *instance,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        status = pass->lower.upload_complete(effort_attempt(&effort), pass->instance, state, parts,
                                             count, stride, fence, stat);
    } while (effort_again(&effort, &status));
    return status;
}

enum mgw_status retry_upload_abort(struct mgw_call *call, void *instance,
                                   const struct mgw_opaque *state, uint64_t fence)
{
    const struct retry *retry = instance;
    const struct pass *pass = &retry->pass;
    struct effort effort;
    enum mgw_status status;
    effort_begin(&effort, retry, call, EFFORT_WRITES);
    do {
        status = pass->lower.upload_abort(effort_attempt(&effort), pass->instance, state, fence);
    } while (effort_again(&effort, &status));
    return status;
}
