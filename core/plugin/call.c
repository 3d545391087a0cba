/* SPDX-License-Identifier: Apache-2.0
 *
 * See call.h. The arena is a list of blocks; small requests share one. */
#include "core/plugin/call.h"

#include "core/base/clock.h"
#include "core/base/id.h"

#include <mediagw/media.h>

#include <stdatomic.h>
#include <string.h>

enum { BLOCK_BYTES = 1024, ALIGNMENT = _Alignof(max_align_t) };

struct block {
    struct block *next;
    size_t used, capacity;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct call {
    struct mgw_call pub; /* first: the public pointer is this struct's */
    struct mgw_error error;
    struct block *blocks;
    _Atomic bool cancelled;
};

static bool call_cancelled(const struct mgw_call *call)
{
    return ((const struct call *)call)->cancelled;
}

static void *call_alloc(struct mgw_call *pub, size_t bytes)
{
    struct call *call = (struct call *)pub;
    if (bytes > SIZE_MAX / 2) {
        return NULL;
    }
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *block = call->blocks;
    if (!block || block->capacity - block->used < bytes) {
        size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = calloc(1, sizeof *block + capacity);
        if (!block) {
            return NULL;
        }
        block->capacity = capacity;
        block->next = call->blocks;
        call->blocks = block;
    }
    void *at = block->bytes + block->used;
    block->used += bytes;
    return at;
}

struct mgw_call *call_new(const char *account, const char *request_id, int64_t timeout_ms)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        return NULL;
    }
    call->error.size = sizeof call->error;
    call->pub = (struct mgw_call){
        .size = sizeof call->pub,
        .deadline_ms = timeout_ms > 0 ? clock_mono_ms() + timeout_ms : 0,
        .error = &call->error,
        .cancelled = call_cancelled,
        .alloc = call_alloc,
    };
    char made[ID_UUID_SIZE] = "";
    if (!request_id) {
        id_uuid(made);
        request_id = made;
    }
    call->pub.request_id = call_strdup(&call->pub, request_id);
    call->pub.account = call_strdup(&call->pub, account ? account : "");
    if (!call->pub.request_id || !call->pub.account) {
        call_free(&call->pub);
        return NULL;
    }
    return &call->pub;
}

void call_free(struct mgw_call *pub)
{
    struct call *call = (struct call *)pub;
    if (!call) {
        return;
    }
    for (struct block *block = call->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(call);
}

void call_cancel(struct mgw_call *call)
{
    ((struct call *)call)->cancelled = true;
}

void call_clear(struct mgw_call *call)
{
    struct mgw_error *error = call->error;
    error->retry_after_ms = 0;
    error->text[0] = error->foreign_code[0] = error->foreign_request_id[0] = '\0';
}

char *call_strdup(struct mgw_call *call, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = call->alloc(call, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

char *call_printf(struct mgw_call *call, const char *format, ...)
{
    va_list args, measure;
    va_start(args, format);
    va_copy(measure, args);
    int length = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    char *text = length < 0 ? NULL : call->alloc(call, (size_t)length + 1);
    if (text) {
        vsnprintf(text, (size_t)length + 1, format, args);
    }
    va_end(args);
    return text;
}

enum mgw_status call_check(struct mgw_call *call)
{
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "cancelled: nobody waits for the answer any more");
    }
    if (call->deadline_ms && clock_mono_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "the deadline of this request has passed");
    }
    return MGW_OK;
}

const char *call_text(const struct mgw_call *call)
{
    return call->error->text[0] ? call->error->text : "no reason given";
}

static const char *const status_names[] = {
    "OK",      "NOT_FOUND", "EXISTS",      "CONFLICT", "STALE", "DENIED",      "INVALID",
    "RANGE",   "TOO_LARGE", "NO_SPACE",    "QUOTA",    "BUSY",  "UNAVAILABLE", "UNKNOWN_OUTCOME",
    "TIMEOUT", "CANCELLED", "UNSUPPORTED", "CORRUPT",  "IO",
};

enum mgw_status status_known(enum mgw_status status)
{
    return (unsigned)status <= MGW_IO ? status : MGW_IO;
}

const char *status_name(enum mgw_status status)
{
    return status_names[status_known(status)];
}

/* The public faces (media.h). */
struct mgw_call *mgw_call_new(const char *account, const char *request_id, int64_t timeout_ms)
{
    return call_new(account, request_id, timeout_ms);
}
void mgw_call_free(struct mgw_call *call)
{
    call_free(call);
}
void mgw_call_cancel(struct mgw_call *call)
{
    call_cancel(call);
}
const struct mgw_error *mgw_call_error(const struct mgw_call *call)
{
    return call->error;
}
const char *mgw_status_name(enum mgw_status status)
{
    return status_name(status);
}
const char *mgw_version(void)
{
    return MEDIAGW_VERSION;
}
