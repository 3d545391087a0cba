/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep.h"

#include "blob.h"
#include "list.h"
#include "loose.h"
#include "multipart.h"
#include "note.h"

#include <string.h>

enum { ROUND = 200, BUCKETS = 1000 };

struct round {
    size_t skip; /* bytes of a note's name in front of its id */
    int64_t older_than_ms;
    char ids[ROUND][33];
    size_t count;
    char last[MGW_KEY_MAX + 1];
    bool more;
};

static bool gather(void *ctx, const struct list_object *object)
{
    struct round *round = ctx;
    if (round->count == ROUND) {
        round->more = true;
        return false;
    }
    snprintf(round->last, sizeof round->last, "%s", object->name);
    if (object->modified_ms < round->older_than_ms && strlen(object->name + round->skip) == 32) {
        snprintf(round->ids[round->count++], 33, "%s", object->name + round->skip);
    }
    return true;
}

/* ---- Uploads whose id no note holds: its writer died before it could write it down ---- */

struct search {
    struct mgw_call *call;
    struct s3 *s3;
    const char *bucket, *upload_id;
    size_t skip;
    bool found;
    enum mgw_status status;
};

static bool look_into(void *ctx, const struct list_object *object)
{
    struct search *search = ctx;
    AUTO_NOTE struct note note = {0};
    if (strlen(object->name + search->skip) != 32) {
        return true;
    }
    enum mgw_status status =
        note_read(search->call, search->s3, search->bucket, object->name + search->skip, &note);
    search->found = status == MGW_CORRUPT || /* may be its, for all that is known */
                    (status == MGW_OK && strcmp(note.upload_id, search->upload_id) == 0);
    search->status = status == MGW_NOT_FOUND || status == MGW_CORRUPT ? MGW_OK : status;
    return !search->found && search->status == MGW_OK;
}

/* Another upload of the same object may have begun as long ago, and live: its note says so. */
static enum mgw_status is_noted(void *ctx, const char *upload_id, bool *noted)
{
    struct search *search = ctx;
    AUTO_TEXT struct text prefix = {0};
    text_printf(&prefix, "%s" S3_RESERVED "uploads/", search->s3->prefix);
    if (prefix.failed) {
        return s3_no_memory(search->call);
    }
    search->upload_id = upload_id;
    search->skip = prefix.length;
    search->found = false;
    search->status = MGW_OK;
    enum mgw_status status = list_objects(search->call, search->s3, search->bucket,
                                          text_of(&prefix), "", 1000, look_into, search);
    *noted = search->found;
    return status == MGW_OK ? search->status : status;
}

/* ---- Notes ---- */

/* Once nobody has refreshed the note since it was read: from now on nobody can. */
static enum mgw_status end_upload(struct mgw_call *call, struct s3 *s3, struct note *note,
                                  int64_t older_than_ms, uint64_t *removed)
{
    struct object object = {note->bucket, note->key};
    struct search search = {.call = call, .s3 = s3, .bucket = note->bucket};
    uint64_t aborted = 0;
    enum mgw_status status = note->done ? MGW_OK : note_write(call, s3, note);
    if (status == MGW_CONFLICT) {
        return MGW_OK;
    }
    if (status == MGW_OK && !note->done && note->upload_id[0]) {
        status = multipart_abort(call, s3, &object, note->upload_id);
        aborted = 1;
    }
    if (status == MGW_OK && (note->retried || (!note->done && !note->upload_id[0]))) {
        status = multipart_abort_all(call, s3, &object, older_than_ms, is_noted, &search, &aborted);
    }
    if (status == MGW_OK && note->loose) {
        status = loose_remove(call, s3, note->bucket, note->id);
    }
    if (status == MGW_OK) {
        status = note_remove(call, s3, note);
        *removed += status == MGW_OK ? aborted : 0;
    }
    return status;
}

static enum mgw_status sweep_note(struct mgw_call *call, struct s3 *s3, const char *bucket,
                                  const char *id, int64_t older_than_ms, uint64_t *removed)
{
    AUTO_NOTE struct note note = {0};
    enum mgw_status status = note_read(call, s3, bucket, id, &note);
    if (status == MGW_NOT_FOUND || (status == MGW_OK && note.written_ms >= older_than_ms)) {
        return MGW_OK; /* ended, or refreshed, meanwhile */
    }
    if (status == MGW_CORRUPT) {
        s3->host->log(s3->name, MGW_LOG_WARN, "the note %s in %s is damaged or newer; left alone",
                      id, bucket);
        return MGW_OK;
    }
    return status == MGW_OK ? end_upload(call, s3, &note, older_than_ms, removed) : status;
}

/* ---- Parts that are objects and came late: after their upload's end, by a URL or an owner that
 * was paused ---- */

struct strays {
    struct mgw_call *call;
    struct s3 *s3;
    const char *bucket;
    size_t skip;
    int64_t older_than_ms;
    char id[33]; /* looked at last */
    bool noted;
    uint64_t *removed;
    enum mgw_status status;
};

static bool remove_stray(void *ctx, const struct list_object *listed)
{
    struct strays *strays = ctx;
    const char *id = listed->name + strays->skip;
    if (listed->modified_ms >= strays->older_than_ms || strcspn(id, "/") != 32) {
        return true;
    }
    if (strncmp(strays->id, id, 32) != 0) {
        AUTO_NOTE struct note note = {0};
        snprintf(strays->id, sizeof strays->id, "%.32s", id);
        enum mgw_status status =
            note_read(strays->call, strays->s3, strays->bucket, strays->id, &note);
        strays->noted = status != MGW_NOT_FOUND;
    }
    if (!strays->noted) {
        struct object object = {strays->bucket, listed->name};
        strays->status = blob_delete(strays->call, strays->s3, &object);
        *strays->removed += strays->status == MGW_OK;
    }
    return strays->status == MGW_OK;
}

static enum mgw_status sweep_strays(struct mgw_call *call, struct s3 *s3, const char *bucket,
                                    int64_t older_than_ms, uint64_t *removed)
{
    struct strays strays = {.call = call,
                            .s3 = s3,
                            .bucket = bucket,
                            .older_than_ms = older_than_ms,
                            .removed = removed};
    AUTO_TEXT struct text prefix = {0};
    text_printf(&prefix, "%s" S3_RESERVED "parts/", s3->prefix);
    if (prefix.failed) {
        return s3_no_memory(call);
    }
    strays.skip = prefix.length;
    enum mgw_status status =
        list_objects(call, s3, bucket, text_of(&prefix), "", 1000, remove_stray, &strays);
    return status == MGW_OK ? strays.status : status;
}

/* ---- Buckets ---- */

static enum mgw_status sweep_bucket(struct mgw_call *call, struct s3 *s3, const char *bucket,
                                    int64_t older_than_ms, uint64_t *removed)
{
    AUTO_TEXT struct text prefix = {0};
    AUTO_FREE struct round *round = calloc(1, sizeof *round);
    text_printf(&prefix, "%s" S3_RESERVED "uploads/", s3->prefix);
    if (!round || prefix.failed) {
        return s3_no_memory(call);
    }
    enum mgw_status status;
    round->skip = prefix.length;
    round->older_than_ms = older_than_ms;
    do {
        round->count = 0;
        round->more = false;
        status = list_objects(call, s3, bucket, text_of(&prefix), round->last, 1000, gather, round);
        for (size_t i = 0; i < round->count && status == MGW_OK; i++) {
            status = sweep_note(call, s3, bucket, round->ids[i], older_than_ms, removed);
        }
    } while (status == MGW_OK && round->more);
    return status == MGW_OK ? sweep_strays(call, s3, bucket, older_than_ms, removed) : status;
}

struct buckets {
    struct mgw_call *call;
    char (*names)[64];
    size_t count;
};

static bool keep_bucket(void *ctx, const char *bucket)
{
    struct buckets *buckets = ctx;
    if (strlen(bucket) < 64 && buckets->count < BUCKETS) {
        snprintf(buckets->names[buckets->count++], 64, "%s", bucket);
    }
    return true;
}

/* Every bucket may hold notes, where each row's bucket is one of S3's. */
static enum mgw_status sweep_all(struct mgw_call *call, struct s3 *s3, int64_t older_than_ms,
                                 uint64_t *removed)
{
    AUTO_FREE char(*names)[64] = calloc(BUCKETS, sizeof *names);
    struct buckets buckets = {call, names, 0};
    if (!names) {
        return s3_no_memory(call);
    }
    enum mgw_status status = list_buckets(call, s3, keep_bucket, &buckets);
    for (size_t i = 0; i < buckets.count && status == MGW_OK; i++) {
        status = sweep_bucket(call, s3, names[i], older_than_ms, removed);
        if (status == MGW_DENIED) { /* somebody else's */
            status = MGW_OK;
        }
    }
    return status;
}

enum mgw_status sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                      struct mgw_sweep_result *result)
{
    struct s3 *s3 = instance;
    enum mgw_status status = s3_over(call, s3);
    if (status != MGW_OK) {
        return status;
    }
    return s3->bucket ? sweep_bucket(call, s3, s3->bucket, older_than_ms, &result->removed)
                      : sweep_all(call, s3, older_than_ms, &result->removed);
}
