/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: a failure "after" comes behind a few entries, and there are lies of their own. */
#include "inject.h"

#include <string.h>

enum { FEW = 16, DEAF_TO = 1000, MOST = 1000000 };

struct listing {
    const struct injection *injection;
    mgw_list_emit *emit;
    void *ctx;
    uint64_t emitted, stop_at; /* stop_at: UINT64_MAX: never */
    const char *bad_key;       /* LIE_UTF8 */
};

static bool bent_emit(void *ctx, const struct mgw_list_entry *from)
{
    struct listing *listing = ctx;
    if (listing->emitted >= listing->stop_at) {
        return false;
    }
    struct mgw_list_entry entry = {.size = 0};
    memcpy(&entry, from, from->size < sizeof entry ? from->size : sizeof entry);
    entry.size = sizeof entry;
    const struct mgw_list_entry *told = &entry;
    switch (listing->injection->lie) {
    case LIE_SIZE:
        entry.bytes++;
        break;
    case LIE_WILD:
        entry.bytes = UINT64_MAX;
        break;
    case LIE_ETAG:
        entry.etag = "lie";
        break;
    case LIE_UTF8:
        entry.key = listing->bad_key;
        break;
    case LIE_NULL:
        told = NULL;
        break;
    case LIE_REPEAT:
        listing->emit(listing->ctx, told);
        break;
    default:
        break;
    }
    listing->emitted++;
    return listing->emit(listing->ctx, told);
}

/* Goes on whatever it is told; but a test must end. */
static void emit_endlessly(struct mgw_call *call, const struct listing *listing, const char *prefix)
{
    char key[MGW_KEY_MAX + 1], cursor[32];
    unsigned refused = 0;
    for (unsigned i = 0; i < MOST && refused < DEAF_TO && !call->cancelled(call); i++) {
        int length = snprintf(key, sizeof key, "%sendless-%u", prefix, i);
        if (length < 0 || (size_t)length >= sizeof key) {
            return;
        }
        snprintf(cursor, sizeof cursor, "endless-%u", i);
        struct mgw_list_entry entry = {
            .size = sizeof entry, .key = key, .bytes = 1, .modified_ms = 1, .cursor = cursor};
        refused += !listing->emit(listing->ctx, &entry);
    }
}

enum mgw_status fault_list(struct mgw_call *call, void *instance, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx)
{
    struct injection injection;
    char bad_key[MGW_KEY_MAX + 8];
    struct listing listing = {.injection = &injection,
                              .emit = emit,
                              .ctx = ctx,
                              .stop_at = UINT64_MAX,
                              .bad_key = bad_key};
    enum mgw_status status = inject_before(call, instance, FAULT_LIST, &injection);
    if (status != MGW_OK) {
        return status;
    }
    if (injection.after) {
        listing.stop_at = injection.random % (limit < FEW ? limit : FEW);
    }
    snprintf(bad_key, sizeof bad_key, "%.1024s\xff\xc0", prefix);
    status = pass_list(call, instance, bucket, prefix, cursor, limit, bent_emit, &listing);
    if (status == MGW_OK && injection.lie == LIE_ENDLESS) {
        emit_endlessly(call, &listing, prefix);
    }
    return inject_after(call, &injection, status);
}
