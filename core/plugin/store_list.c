/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h: list(), each entry checked before the caller sees it. */
#include "core/plugin/store_inside.h"

#include <string.h>

enum { CURSOR_MAX = 2048, LIMIT_MAX = 1000, SEEN_SLOTS = 2048 };

/* What was emitted, by its hash: of so few two are never alike by chance. */
struct seen {
    uint64_t hashes[SEEN_SLOTS];
};

struct listing {
    const char *prefix;
    mgw_list_emit *emit;
    void *ctx;
    uint32_t limit, emitted;
    bool stopped;
    const char *fault;         /* the first broken rule; nothing is emitted behind it */
    bool ordered;              /* by the bytes of the key */
    char key[MGW_KEY_MAX + 1]; /* the last one; "" before the first */
    struct seen keys, cursors;
};

/* FNV-1a. False: TEXT was there before. */
static bool seen_add(struct seen *seen, const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = text; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    hash += hash == 0; /* an empty slot's */
    size_t at = (size_t)hash % SEEN_SLOTS;
    while (seen->hashes[at] && seen->hashes[at] != hash) {
        at = (at + 1) % SEEN_SLOTS;
    }
    bool fresh = !seen->hashes[at];
    seen->hashes[at] = hash;
    return fresh;
}

static const char *entry_fault(struct listing *listing, const struct mgw_list_entry *entry)
{
    if (listing->stopped) {
        return "went on after it was told to stop";
    }
    if (listing->emitted >= listing->limit) {
        return "emitted more than the limit";
    }
    if (!check_utf8(entry->key, MGW_KEY_MAX) || !entry->key[0]) {
        return "emitted a key that is not 1 to 1,024 bytes of UTF-8";
    }
    if (strncmp(entry->key, listing->prefix, strlen(listing->prefix)) != 0) {
        return "emitted a key without the prefix";
    }
    if (entry->bytes > INT64_MAX) {
        return "emitted a wild size";
    }
    if (entry->etag && !check_etag(entry->etag)) {
        return "emitted an etag that is not 1 to 256 visible ASCII characters";
    }
    if (!check_utf8(entry->cursor, CURSOR_MAX) || !entry->cursor[0]) {
        return "emitted a cursor that is not 1 to 2,048 bytes of UTF-8";
    }
    if (!check_time(entry->modified_ms)) {
        return "emitted a time that is none";
    }
    if (listing->ordered && strcmp(entry->key, listing->key) <= 0) {
        return "emitted a key out of its order";
    }
    if (!seen_add(&listing->cursors, entry->cursor)) {
        return "emitted the same cursor again";
    }
    if (!seen_add(&listing->keys, entry->key)) {
        return "emitted the same key again";
    }
    return NULL;
}

static bool checked_emit(void *ctx, const struct mgw_list_entry *emitted)
{
    struct listing *listing = ctx;
    if (listing->fault) {
        return false;
    }
    struct mgw_list_entry entry;
    if (!emitted || !MGW_HAS(emitted, cursor)) {
        listing->fault = "emitted no entry";
        return false;
    }
    struct_take(&entry, emitted, sizeof entry);
    listing->fault = entry_fault(listing, &entry);
    if (listing->fault) {
        return false;
    }
    memcpy(listing->key, entry.key, strlen(entry.key) + 1);
    listing->emitted++;
    listing->stopped = !listing->emit(listing->ctx, &entry);
    return !listing->stopped;
}

enum mgw_status store_list(struct store *store, struct mgw_call *call, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx)
{
    prefix = prefix ? prefix : "";
    cursor = cursor ? cursor : "";
    struct mgw_blob probe = {.size = sizeof probe, .bucket = bucket, .key = "k"}, blob;
    enum mgw_status status = store_check_blob(store, call, &probe, &blob);
    if (status != MGW_OK) {
        return status;
    }
    if (!check_utf8(prefix, MGW_KEY_MAX) || !check_utf8(cursor, CURSOR_MAX)) {
        return mgw_fail(call, MGW_INVALID, "the list's prefix or cursor is no UTF-8 or too long");
    }
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    listing->prefix = prefix;
    listing->emit = emit;
    listing->ctx = ctx;
    listing->limit = limit == 0 || limit > LIMIT_MAX ? LIMIT_MAX : limit;
    listing->ordered = (store->limits.capabilities & MGW_STORAGE_ORDERED_LIST) != 0;
    if (*cursor) {
        seen_add(&listing->cursors, cursor);
    }
    status = GUARDED(store, call, list, store->instance, bucket, prefix, cursor, listing->limit,
                     checked_emit, listing);
    if (listing->fault) {
        status = guard_corrupt(&store->guard, call, "list() %s", listing->fault);
    }
    free(listing);
    return status;
}
