/* SPDX-License-Identifier: Apache-2.0
 *
 * See order.h. Tapes are short here (some hundred records), so that every question walks the whole
 * of it. */
#include "tests/durability/order.h"

#include "tests/support/keep.h"

#include <fnmatch.h>
#include <string.h>

#define EVER UINT64_MAX

static bool path_is(const struct tape_record *record, const char *pattern)
{
    return fnmatch(pattern, tape_path(record), 0) == 0;
}

static bool holds(const struct tape_record *record, const char *text)
{
    return memmem(tape_data(record), record->data_length, text, strlen(text)) != NULL;
}

static bool worked(const struct tape_record *record)
{
    return record->error == 0;
}

/* ---- Questions to a tape ---- */

#define EACH(record, play)                                                                         \
    const struct tape_record *const *at_ = (play)->records, *record;                               \
    at_ < (play)->records + (play)->count && (record = *at_, true);                                \
    at_++

/* A sync of INODE between two ticks. */
static bool synced(const struct play *play, uint64_t inode, uint64_t after, uint64_t before)
{
    for (EACH(r, play)) {
        if (((r->op == OP_SYNC && r->inode == inode) || r->op == OP_SYNC_FS) && worked(r) &&
            r->start > after && r->end < before) {
            return true;
        }
    }
    return false;
}

static bool changes_bytes(const struct tape_record *record)
{
    return record->kind == KIND_FILE && worked(record) &&
           (record->op & (OP_WRITE | OP_TRUNCATE | OP_XATTR | OP_COPY)) != 0;
}

static bool makes_name(const struct tape_record *record)
{
    return worked(record) && record->folder != 0 &&
           ((record->op & (OP_LINK | OP_RENAME | OP_MKDIR)) != 0 ||
            (record->op == OP_OPEN && record->created));
}

/* All bytes of INODE that were written before BEFORE are safe before SAFE. */
static bool bytes_safe(const struct play *play, uint64_t inode, uint64_t before, uint64_t safe)
{
    for (EACH(r, play)) {
        if (changes_bytes(r) && r->inode == inode && r->start < before &&
            (r->end > before || !synced(play, inode, r->end, safe))) {
            return false;
        }
    }
    return true;
}

/* The bytes [0, LENGTH) of INODE were written before BEFORE (in any order, none twice). */
static bool bytes_there(const struct play *play, uint64_t inode, uint64_t length, uint64_t before)
{
    uint64_t all = 0;
    for (EACH(r, play)) {
        if (r->op == OP_WRITE && r->inode == inode && worked(r) && r->end < before) {
            all += (uint64_t)r->result;
        }
    }
    return all == length;
}

static const struct tape_record *find_answer(const struct order *order)
{
    for (EACH(r, order->play)) {
        if (r->op == OP_SEND && holds(r, order->answer)) {
            return r;
        }
    }
    return NULL;
}

static bool in_sidecar(const struct tape_record *record)
{
    return path_is(record, "*/buckets/*/.meta/*");
}

/* The blob's own name, made (OPS: link, rename) or removed. */
static const struct tape_record *find_blob(const struct play *play, uint32_t ops)
{
    for (EACH(r, play)) {
        if ((r->op & ops) && worked(r) && r->kind == KIND_FILE && path_is(r, "*/buckets/*") &&
            !in_sidecar(r)) {
            return r;
        }
    }
    return NULL;
}

/* What was written into the WAL between two ticks speaks of the row. */
static const struct tape_record *find_row(const struct order *order, uint64_t after,
                                          uint64_t before)
{
    for (EACH(r, order->play)) {
        if (r->op == OP_WRITE && worked(r) && path_is(r, "*-wal") && r->start > after &&
            r->end < before && holds(r, order->id)) {
            return r;
        }
    }
    return NULL;
}

/* Of the WAL's writes between two ticks, all are safe before SAFE. */
static bool wal_safe(const struct play *play, uint64_t after, uint64_t before, uint64_t safe)
{
    for (EACH(r, play)) {
        if (r->op == OP_WRITE && worked(r) && path_is(r, "*-wal") && r->start > after &&
            r->start < before && !synced(play, r->inode, r->end, safe)) {
            return false;
        }
    }
    return true;
}

/* ---- Whatever the answer: nothing else is left behind ---- */

/* What needs no sync: SQLite's shared memory (made anew after a crash), logs, what is in the
 * making, and the database file itself, whose pages stay in the WAL until they are synced. */
static bool needs_none(const struct tape_record *record)
{
    return path_is(record, "*-shm") || path_is(record, "*.log") || path_is(record, "*/err") ||
           path_is(record, "*/blobs/tmp/*") || path_is(record, "*media.db") ||
           path_is(record, "*-wal");
}

static bool still_named(const struct play *play, const struct tape_record *made, uint64_t before)
{
    for (EACH(r, play)) {
        if ((r->op & (OP_UNLINK | OP_RENAME)) && worked(r) && r->inode == made->inode &&
            r->start > made->end && r->end < before) {
            return false; /* removed, or moved: then the new name counts */
        }
    }
    return true;
}

/* What was made in a folder, and in its files, before it got its place: safe by then. */
static uint32_t check_moved(const struct play *play, const struct tape_record *moved)
{
    uint32_t breaches = 0;
    for (EACH(r, play)) {
        if (!makes_name(r) || r->folder != moved->inode || r->end > moved->start ||
            !still_named(play, r, moved->start)) {
            continue;
        }
        if (!synced(play, r->folder, r->end, moved->start)) {
            breaches |= path_is(moved, "*/buckets/*") ? BUCKET_UNSYNCED : LEFT_FOLDER_DIRTY;
        }
        if (!bytes_safe(play, r->inode, moved->start, moved->start)) {
            breaches |= LEFT_FILE_DIRTY;
        }
    }
    return breaches;
}

static uint32_t leftovers(const struct play *play, uint64_t answer, uint64_t blob)
{
    uint32_t breaches = 0;
    for (EACH(r, play)) {
        if (r->start > answer || needs_none(r) || r->inode == blob) {
            continue;
        }
        bool done = path_is(r, "*/uploads/*/done"); /* order_complete looks at it */
        if ((r->op & OP_ANY_NAME) && worked(r) && r->kind == KIND_FILE && !done &&
            !bytes_safe(play, r->inode, r->start, r->start)) {
            breaches |= in_sidecar(r) ? SIDECAR_UNSYNCED : LEFT_FILE_DIRTY;
        }
        if (changes_bytes(r) && !path_is(r, "*/uploads/*/done.new") &&
            still_named(play, r, answer) && !path_is(r, "* (deleted)") &&
            !synced(play, r->inode, r->end, answer)) {
            breaches |= in_sidecar(r) ? SIDECAR_UNSYNCED : LEFT_FILE_DIRTY;
        }
        if (makes_name(r) && !done && still_named(play, r, answer) &&
            !synced(play, r->folder, r->end, answer)) {
            breaches |= path_is(r, "*/buckets/*/.meta*") ? SIDECAR_UNSYNCED
                        : path_is(r, "*/buckets/*")      ? BUCKET_UNSYNCED
                                                         : LEFT_FOLDER_DIRTY;
        }
        if (r->op == OP_RENAME && worked(r) && r->kind == KIND_FOLDER) {
            breaches |= check_moved(play, r);
        }
    }
    return breaches;
}

/* ---- The paths that acknowledge ---- */

static uint32_t check_publish(const struct order *order, const struct tape_record *publish,
                              uint64_t answer)
{
    const struct play *play = order->play;
    uint32_t breaches = 0;
    if (!bytes_there(play, publish->inode, order->bytes, publish->start)) {
        breaches |= BYTES_MISSING;
    }
    if (!bytes_safe(play, publish->inode, publish->start, publish->start)) {
        breaches |= FILE_UNSYNCED;
    }
    if (!synced(play, publish->folder, publish->end, answer)) {
        breaches |= FOLDER_UNSYNCED;
    }
    for (EACH(r, play)) {
        if ((r->op & OP_ANY_NAME) && worked(r) && in_sidecar(r) &&
            (!bytes_safe(play, r->inode, r->start, r->start) ||
             !synced(play, r->folder, r->end, publish->start))) {
            breaches |= SIDECAR_UNSYNCED;
        }
    }
    return breaches;
}

uint32_t order_create(const struct order *order)
{
    const struct play *play = order->play;
    const struct tape_record *answer = find_answer(order);
    const struct tape_record *publish = find_blob(play, OP_ANY_NAME);
    if (!answer || !publish) {
        return (answer ? 0 : NO_ANSWER) | (publish ? 0 : NO_PUBLISH);
    }
    uint32_t breaches = check_publish(order, publish, answer->start);
    const struct tape_record *uploading = find_row(order, 0, publish->start);
    const struct tape_record *ready = find_row(order, publish->end, answer->start);
    if (!uploading || !ready) {
        return breaches | NO_ROW;
    }
    if (!wal_safe(play, 0, publish->start, publish->start)) {
        breaches |= UPLOADING_UNSYNCED;
    }
    if (!(breaches & FOLDER_UNSYNCED) &&
        !synced(play, publish->folder, publish->end, ready->start)) {
        breaches |= FOLDER_LATE;
    }
    if (!wal_safe(play, publish->end, answer->start, answer->start)) {
        breaches |= READY_UNSYNCED;
    }
    return breaches | leftovers(play, answer->start, publish->inode);
}

uint32_t order_delete(const struct order *order)
{
    const struct play *play = order->play;
    const struct tape_record *answer = find_answer(order);
    const struct tape_record *removal = find_blob(play, OP_UNLINK);
    if (!answer || !removal) {
        return (answer ? 0 : NO_ANSWER) | (removal ? 0 : NO_PUBLISH);
    }
    if (!find_row(order, 0, removal->start)) {
        return NO_ROW;
    }
    uint32_t breaches = 0;
    if (!wal_safe(play, 0, removal->start, removal->start)) {
        breaches |= DELETED_UNSYNCED;
    }
    if (!synced(play, removal->folder, removal->end, answer->start)) {
        breaches |= REMOVAL_UNSYNCED;
    }
    return breaches | leftovers(play, answer->start, 0);
}

uint32_t order_record(const struct order *order)
{
    const struct tape_record *answer = find_answer(order);
    if (!answer) {
        return NO_ANSWER;
    }
    if (!find_row(order, 0, answer->start)) {
        return NO_ROW;
    }
    uint32_t breaches = wal_safe(order->play, 0, answer->start, answer->start) ? 0 : KEY_UNSYNCED;
    return breaches | leftovers(order->play, answer->start, 0);
}

uint32_t order_storage(const struct order *order)
{
    if (!order->answer) {
        return leftovers(order->play, EVER, 0);
    }
    const struct tape_record *answer = find_answer(order);
    return answer ? leftovers(order->play, answer->start, 0) : NO_ANSWER;
}

uint32_t order_complete(const struct order *order)
{
    const struct play *play = order->play;
    const struct tape_record *answer = find_answer(order);
    const struct tape_record *publish = find_blob(play, OP_ANY_NAME);
    if (!answer || !publish) {
        return (answer ? 0 : NO_ANSWER) | (publish ? 0 : NO_PUBLISH);
    }
    uint32_t breaches = check_publish(order, publish, answer->start);
    for (EACH(r, play)) {
        if (r->op == OP_RENAME && worked(r) && path_is(r, "*/uploads/*/done") &&
            (!bytes_safe(play, r->inode, r->start, r->start) ||
             !synced(play, r->folder, r->end, publish->start))) {
            breaches |= DONE_UNSYNCED;
        }
    }
    return breaches | leftovers(play, answer->start, publish->inode);
}

/* ---- After a failure ---- */

const struct tape_record *order_retried_sync(const struct play *play)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *failed = play->records[i];
        if (failed->op != OP_SYNC || worked(failed) || path_is(failed, "*media.db*")) {
            continue;
        }
        for (size_t j = i + 1; j < play->count; j++) {
            const struct tape_record *later = play->records[j];
            bool same = later->process == failed->process && later->fd == failed->fd;
            if (same && later->op == OP_OPEN && worked(later)) {
                break; /* another file by now */
            }
            if (same && later->op == OP_SYNC && later->inode == failed->inode) {
                return later;
            }
        }
    }
    return NULL;
}

const char *order_names(uint32_t breaches)
{
    static const char *const names[] = {
        "no answer",           "no publish",       "no row",
        "bytes missing",       "file unsynced",    "uploading unsynced",
        "folder unsynced",     "folder late",      "ready unsynced",
        "sidecar unsynced",    "deleted unsynced", "removal unsynced",
        "key unsynced",        "done unsynced",    "left a file dirty",
        "left a folder dirty", "bucket unsynced"};
    const char *text = breaches ? "" : "nothing";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (breaches & (1u << i)) {
            text = keep_text("%s%s%s", text, *text ? ", " : "", names[i]);
        }
    }
    return text;
}
