/* SPDX-License-Identifier: Apache-2.0
 *
 * See read.h. A block out of the copy is checked when a reader comes to it, and again by each other
 * reader, until the copy is sealed. */
#include "read.h"

#include "flight.h"
#include "reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum {
    SKIPS = 8,                 /* blocks without room in the cache before it is given up */
    SKIP = 1024 * 1024,        /* read and thrown away, where that spares a new request below */
    AT_ONCE = 16 * 1024 * 1024 /* checked before a descriptor is handed out */
};

static uint64_t block_of(uint64_t offset)
{
    return offset / CACHE_BLOCK;
}

/* ---- From the layer below ---- */

static enum mgw_status lower_open(struct mgw_call *call, struct reader *reader)
{
    struct pass *pass = &reader->cache->pass;
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    if (reader->lower) {
        return MGW_OK;
    }
    enum mgw_status status =
        pass->lower.open(call, pass->instance, &reader->blob, reader->etag, &reader->lower, &stat);
    return status == MGW_NOT_FOUND || status == MGW_CONFLICT
               ? mgw_fail(call, MGW_CONFLICT, "the blob was replaced or removed while it was read")
               : status;
}

/* How far a request from OFFSET on should go: as far as is read, and not in the copy yet. */
static uint64_t run_end(const struct reader *reader, uint64_t offset)
{
    bool advised = offset < reader->advised_until && offset + CACHE_BLOCK > reader->advised_from;
    uint64_t end = advised ? reader->advised_until : reader->bytes;
    if (reader->entry.fd >= 0) {
        uint64_t last = block_of(end + CACHE_BLOCK - 1);
        end = entry_next(&reader->entry, block_of(offset) + 1, last, false) * CACHE_BLOCK;
    } else if (reader->keeps) {
        end = block_of(end + CACHE_BLOCK - 1) * CACHE_BLOCK;
    }
    return end < reader->bytes ? end : reader->bytes;
}

static enum mgw_status read_on(struct mgw_call *call, struct reader *reader, void *buffer,
                               size_t length)
{
    struct pass *pass = &reader->cache->pass;
    for (size_t done = 0; done < length;) {
        size_t got = 0;
        enum mgw_status status = pass->lower.read(call, reader->lower, reader->lower_at,
                                                  (char *)buffer + done, length - done, &got);
        if (status == MGW_OK && got == 0) {
            status = mgw_fail(call, MGW_CORRUPT, "the layer below ended before the blob does");
        }
        if (status != MGW_OK) {
            reader->lower_until = 0;
            return status;
        }
        done += got;
        reader->lower_at += got;
    }
    return MGW_OK;
}

/* What others fetched meanwhile comes once more from below, if it is little: BUFFER has LENGTH
 * bytes of room for it. */
static enum mgw_status skip_to(struct mgw_call *call, struct reader *reader, uint64_t offset,
                               void *buffer, size_t length)
{
    enum mgw_status status = MGW_OK;
    while (status == MGW_OK && reader->lower_at < offset) {
        uint64_t left = offset - reader->lower_at;
        status = read_on(call, reader, buffer, left < length ? (size_t)left : length);
    }
    return status;
}

enum mgw_status reader_below(struct mgw_call *call, struct reader *reader, uint64_t offset,
                             void *buffer, size_t length)
{
    struct pass *pass = &reader->cache->pass;
    enum mgw_status status = lower_open(call, reader);
    if (status != MGW_OK) {
        return status;
    }
    bool streams = reader->lower_until > offset && reader->lower_at <= offset &&
                   offset - reader->lower_at <= SKIP;
    if (!streams) {
        reader->lower_at = offset;
        reader->lower_until = run_end(reader, offset);
        if (pass->lower.advise) {
            pass->lower.advise(call, reader->lower, offset, reader->lower_until - offset);
        }
    }
    status = skip_to(call, reader, offset, buffer, length);
    return status == MGW_OK ? read_on(call, reader, buffer, length) : status;
}

/* ---- A block into the copy ---- */

static void was_right(struct reader *reader, uint64_t block)
{
    reader->checked = block;
    if (block == reader->prefix) {
        reader->prefix++;
    }
    if (reader->prefix == reader->entry.blocks && !reader->entry.sealed) {
        entry_seal(reader->cache, &reader->name, &reader->entry);
    }
}

/* Whether it is there now. A copy that takes no more of it is still read from. */
static bool keep(struct reader *reader, uint64_t block, const void *bytes)
{
    enum entry_end end = reader->keeps ? ENTRY_KEPT : ENTRY_BROKEN;
    if (reader->keeps && reader->head) {
        end = entry_create(reader->cache, &reader->name, reader->head, &reader->entry);
    }
    if (reader->head && end != ENTRY_SKIPPED) {
        free(reader->head);
        reader->head = NULL;
    }
    if (end == ENTRY_KEPT) {
        end = entry_write_block(reader->cache, &reader->name, &reader->entry, block, bytes);
    }
    reader->skipped = end == ENTRY_SKIPPED ? reader->skipped + 1 : 0;
    reader->keeps = reader->keeps && end != ENTRY_BROKEN && reader->skipped < SKIPS;
    if (end == ENTRY_KEPT) {
        was_right(reader, block);
    } else {
        reader->passing = block;
    }
    return end == ENTRY_KEPT;
}

/* The copy that another reader made since this one was opened. */
static void find_copy(struct reader *reader)
{
    struct head head;
    struct entry entry;
    if (entry_open(reader->cache, &reader->name, &head, &entry) &&
        memcmp(&entry.version, &reader->version, sizeof entry.version) == 0 &&
        entry.bytes == reader->bytes) {
        reader->entry = entry;
        free(reader->head);
        reader->head = NULL;
        return;
    }
    entry_close(&entry);
}

static bool from_copy(struct reader *reader, uint64_t block, void *buffer)
{
    if (reader->entry.fd < 0 || !entry_read_block(reader->cache, &reader->entry, block, buffer)) {
        return false;
    }
    was_right(reader, block);
    return true;
}

/* The whole block into BUFFER, from wherever it is to be had. */
static enum mgw_status get_block(struct mgw_call *call, struct reader *reader, uint64_t block,
                                 void *buffer)
{
    struct flight *flight = NULL;
    bool kept = false;
    if (from_copy(reader, block, buffer)) {
        return MGW_OK;
    }
    enum mgw_status status =
        flight_begin(reader->cache, call, &reader->version, block, &flight, &kept);
    if (status != MGW_OK) {
        return status;
    }
    if (reader->entry.fd < 0) {
        find_copy(reader);
    }
    /* who led a flight may have come just after another's */
    if (from_copy(reader, block, buffer)) {
        flight_end(reader->cache, flight, true);
        return MGW_OK;
    }
    uint64_t offset = block * CACHE_BLOCK, left = reader->bytes - offset;
    status =
        reader_below(call, reader, offset, buffer, left < CACHE_BLOCK ? (size_t)left : CACHE_BLOCK);
    kept = status == MGW_OK && keep(reader, block, buffer);
    flight_end(reader->cache, flight, kept);
    return status;
}

/* ---- The callbacks ---- */

/* Up to the end of its block. */
static enum mgw_status read_block(struct mgw_call *call, struct reader *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    uint64_t block = block_of(offset), first = block * CACHE_BLOCK, left = reader->bytes - first;
    size_t whole = left < CACHE_BLOCK ? (size_t)left : CACHE_BLOCK;
    size_t into = (size_t)(offset - first), most = whole - into;
    size_t count = length < most ? length : most;
    if (block == reader->checked && reader->entry.fd >= 0 &&
        entry_read(&reader->entry, offset, buffer, count, got)) {
        return MGW_OK;
    }
    if (count == whole) {
        enum mgw_status status = get_block(call, reader, block, buffer);
        *got = status == MGW_OK ? whole : 0;
        return status;
    }
    AUTO_FREE char *room = malloc(whole);
    if (!room) {
        return cache_no_memory(call);
    }
    enum mgw_status status = get_block(call, reader, block, room);
    if (status == MGW_OK) {
        memcpy(buffer, room + into, count);
        *got = count;
    }
    return status;
}

/* A sealed copy that cannot be read is none. */
static void drop(struct reader *reader)
{
    entry_remove(reader->cache, &reader->name);
    entry_close(&reader->entry);
    reader->keeps = false;
}

enum mgw_status read_bytes(struct mgw_call *call, void *handle, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct reader *reader = handle;
    *got = 0;
    if (offset > reader->bytes) {
        return mgw_fail(call, MGW_RANGE, "offset %" PRIu64 " of %" PRIu64 " bytes", offset,
                        reader->bytes);
    }
    enum mgw_status status = cache_over(call, reader->cache);
    uint64_t left = reader->bytes - offset;
    size_t want = length < left ? length : (size_t)left;
    if (status != MGW_OK || want == 0) {
        return status;
    }
    if (reader->entry.sealed) {
        if (entry_read(&reader->entry, offset, buffer, want, got)) {
            return MGW_OK;
        }
        drop(reader);
    }
    uint64_t block = block_of(offset);
    bool copy = reader->entry.fd >= 0;
    if (block != reader->passing && (reader->keeps || (copy && entry_has(&reader->entry, block)))) {
        return read_block(call, reader, offset, buffer, want, got);
    }
    if (copy || reader->keeps) { /* the next block may be there */
        uint64_t most = (block + 1) * CACHE_BLOCK - offset;
        want = want < most ? want : (size_t)most;
    }
    status = reader_below(call, reader, offset, buffer, want);
    *got = status == MGW_OK ? want : 0;
    return status;
}

/* Seals the copy if that takes no more than a look at few bytes, or one block from below. */
static enum mgw_status try_seal(struct mgw_call *call, struct reader *reader)
{
    uint64_t blocks = block_of(reader->bytes + CACHE_BLOCK - 1);
    bool has = reader->entry.fd >= 0 && entry_next(&reader->entry, 0, blocks, true) == blocks;
    if (!reader->keeps || blocks == 0 || (blocks > 1 && (!has || reader->bytes > AT_ONCE))) {
        return MGW_OK;
    }
    AUTO_FREE char *room = malloc(CACHE_BLOCK);
    enum mgw_status status = room ? MGW_OK : cache_no_memory(call);
    for (uint64_t block = reader->prefix; block < blocks && status == MGW_OK; block++) {
        status = get_block(call, reader, block, room);
    }
    return status;
}

enum mgw_status read_descriptor(struct mgw_call *call, void *handle, struct mgw_local_file *file)
{
    struct reader *reader = handle;
    enum mgw_status status = cache_over(call, reader->cache);
    if (status == MGW_OK && !entry_intact(&reader->entry)) {
        status = try_seal(call, reader);
    }
    if (status != MGW_OK) {
        return status;
    }
    int fd = reader->entry.sealed ? fcntl(reader->entry.fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd < 0) {
        return mgw_fail(call, MGW_UNSUPPORTED, "the cache has not all of the blob");
    }
    file->fd = fd;
    file->offset = reader->entry.data;
    return MGW_OK;
}

void read_advise(struct mgw_call *call, void *handle, uint64_t offset, uint64_t length)
{
    struct reader *reader = handle;
    (void)call;
    reader->advised_from = offset;
    reader->advised_until = offset + length;
}

void read_close(void *handle)
{
    reader_free(handle);
}
