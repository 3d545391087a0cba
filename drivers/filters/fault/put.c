/* SPDX-License-Identifier: Apache-2.0
 *
 * Writers. A commit that was done and whose answer is withheld ends the writer below; this one
 * lives on and knows what a repeated commit must be answered. */
#include "inject.h"
#include "kept_stat.h"

#include <stdlib.h>

struct writer {
    const struct fault *fault;
    void *lower; /* NULL: committed */
    struct kept_stat kept;
};

enum mgw_status fault_put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                const struct mgw_put *put, void **out)
{
    const struct fault *fault = instance;
    const struct pass *pass = &fault->pass;
    struct injection injection;
    struct writer *writer = calloc(1, sizeof *writer);
    enum mgw_status status =
        writer ? inject_before(call, fault, FAULT_PUT_BEGIN, &injection) : fault_no_memory(call);
    if (status == MGW_OK) {
        status = pass->lower.put_begin(call, pass->instance, blob, put, &writer->lower);
    }
    if (status == MGW_OK && !injection.after && injection.lie != LIE_NULL) {
        writer->fault = fault;
        *out = writer;
        return MGW_OK;
    }
    if (status == MGW_OK) {
        pass->lower.put_abort(call, writer->lower);
        status = inject_after(call, &injection, status);
    }
    free(writer);
    return status;
}

enum mgw_status fault_put_write(struct mgw_call *call, void *handle, const void *bytes,
                                size_t length)
{
    const struct writer *writer = handle;
    struct injection injection;
    enum mgw_status status = inject_before(call, writer->fault, FAULT_PUT_WRITE, &injection);
    if (status == MGW_OK) {
        status = writer->fault->pass.lower.put_write(call, writer->lower, bytes, length);
        status = inject_after(call, &injection, status);
    }
    return status;
}

enum mgw_status fault_put_prepare(struct mgw_call *call, void *handle)
{
    const struct writer *writer = handle;
    struct injection injection;
    enum mgw_status status = inject_before(call, writer->fault, FAULT_PUT_PREPARE, &injection);
    if (status == MGW_OK) {
        status = writer->fault->pass.lower.put_prepare(call, writer->lower);
        status = inject_after(call, &injection, status);
    }
    return status;
}

static void writer_free(struct writer *writer)
{
    kept_stat_release(&writer->kept);
    free(writer);
}

static enum mgw_status commit(struct mgw_call *call, struct writer *writer, struct mgw_stat *stat)
{
    if (!writer->lower) {
        return kept_stat_give(&writer->kept, call, stat) ? MGW_OK : fault_no_memory(call);
    }
    enum mgw_status status = writer->fault->pass.lower.put_commit(call, writer->lower, stat);
    if (status == MGW_OK) {
        writer->lower = NULL;
    }
    return status;
}

enum mgw_status fault_put_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct writer *writer = handle;
    struct injection injection;
    enum mgw_status status = inject_before(call, writer->fault, FAULT_PUT_COMMIT, &injection);
    if (status == MGW_OK) {
        status = commit(call, writer, stat);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (injection.after && (writer->kept.block || kept_stat_take(&writer->kept, stat))) {
        return inject_fail(call, injection.after);
    }
    inject_stat(call, &injection, status, stat);
    writer_free(writer);
    return MGW_OK;
}

void fault_put_abort(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    if (writer->lower) {
        writer->fault->pass.lower.put_abort(call, writer->lower);
    }
    writer_free(writer);
}
