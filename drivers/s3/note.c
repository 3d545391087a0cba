/* SPDX-License-Identifier: Apache-2.0 */
#include "note.h"

#include "blob.h"
#include "multipart.h"
#include "props.h"
#include "spool.h"

#include <mediagw/help/driver.h>

#include <jansson.h>
#include <string.h>

enum { FORMAT = 1, REFRESH_MS = 600000, NOTE_MAX = 16384 };

enum mgw_status note_new(struct mgw_call *call, const struct s3 *s3, const struct object *object,
                         struct note *note)
{
    *note = (struct note){0};
    mgw_new_id(s3->host, note->id);
    note->bucket = strdup(object->bucket);
    note->key = strdup(object->name);
    note->upload_id = strdup("");
    return note->bucket && note->key && note->upload_id ? MGW_OK : s3_no_memory(call);
}

void note_free(struct note *note)
{
    free(note->bucket);
    free(note->key);
    free(note->upload_id);
    *note = (struct note){0};
}

static enum mgw_status name_of(struct mgw_call *call, const struct s3 *s3, const char *bucket,
                               const char *id, struct object *object)
{
    AUTO_TEXT struct text name = {0};
    text_printf(&name, "%s" S3_RESERVED "uploads/%s", s3->prefix, id);
    object->bucket = s3_keep(call, bucket);
    object->name = s3_keep(call, text_of(&name));
    return !name.failed && object->bucket && object->name ? MGW_OK : s3_no_memory(call);
}

static char *encode(const struct note *note, int64_t now_ms)
{
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:I}", "format",
                  FORMAT, "bucket", note->bucket, "key", note->key, "upload_id", note->upload_id,
                  "fence", (json_int_t)note->fence, "generation", (json_int_t)note->generation,
                  "length", (json_int_t)note->length, "flags", (json_int_t)note->flags, "resumable",
                  note->resumable, "loose", note->loose, "done", note->done, "retried",
                  note->retried, "written", (json_int_t)now_ms);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* One PUT of a note's text. BARE: the etag without quotes. */
static enum mgw_status put_text(struct mgw_call *call, struct s3 *s3, struct note *note,
                                const struct object *object, const struct spool *spool, bool bare,
                                bool *doubtful)
{
    char match[260], etag[300];
    struct request request = {.method = "PUT", .bucket = object->bucket, .object = object->name};
    spool_attach(spool, &request);
    request_header(&request, "content-type", "application/json");
    if (note->etag[0]) {
        snprintf(match, sizeof match, bare ? "%s" : "\"%s\"", note->etag);
        request_header(&request, "if-match", match);
    }
    enum mgw_status status = request_send(call, s3, &request);
    if (status != MGW_OK && blob_made_bucket(call, s3, &request)) {
        status = request_send(call, s3, &request);
    }
    *doubtful = request.doubtful;
    if (status == MGW_OK) {
        lane_header(&request.exchange, "etag", etag, sizeof etag);
        props_etag(etag, note->etag);
    }
    request_end(s3, &request);
    return status;
}

/* If-Match failed, perhaps on what an earlier attempt had written. */
static enum mgw_status look_again(struct mgw_call *call, struct s3 *s3, struct note *note,
                                  int64_t written_ms)
{
    AUTO_NOTE struct note is = {0};
    enum mgw_status status = note_read(call, s3, note->bucket, note->id, &is);
    if (status != MGW_OK) {
        return status == MGW_NOT_FOUND ? MGW_CONFLICT : status;
    }
    if (is.written_ms != written_ms || is.fence != note->fence ||
        is.generation != note->generation || strcmp(is.upload_id, note->upload_id) != 0) {
        return mgw_fail(call, MGW_CONFLICT, "the note %s has changed", note->id);
    }
    memcpy(note->etag, is.etag, sizeof note->etag);
    return MGW_OK;
}

enum mgw_status note_write(struct mgw_call *call, struct s3 *s3, struct note *note)
{
    int64_t now = s3->host->wall_ms();
    AUTO_FREE char *text = encode(note, now);
    struct object object;
    struct spool spool = {.fd = -1};
    if (!text) {
        return mgw_fail(call, MGW_INVALID, "the key is no UTF-8");
    }
    bool held = note->etag[0], bare = atomic_load(&s3->bare_etags), doubtful = false;
    enum mgw_status status = name_of(call, s3, note->bucket, note->id, &object);
    status = status == MGW_OK ? spool_open(call, s3, &spool) : status;
    status = status == MGW_OK ? spool_write(call, &spool, text, strlen(text)) : status;
    status = status == MGW_OK ? spool_seal(call, &spool) : status;
    status = status == MGW_OK ? put_text(call, s3, note, &object, &spool, bare, &doubtful) : status;
    if (status == MGW_CONFLICT && held && doubtful) {
        status = look_again(call, s3, note, now);
    }
    if (status == MGW_CONFLICT && held && !bare) {
        /* Ceph compares a PUT's If-Match with its etag as it stands, quotes and all. */
        status = put_text(call, s3, note, &object, &spool, true, &doubtful);
        if (status == MGW_OK) {
            atomic_store(&s3->bare_etags, true);
        }
    }
    spool_close(&spool);
    note->written_ms = status == MGW_OK ? now : note->written_ms;
    /* If-Match on an object that is gone */
    return status == MGW_NOT_FOUND && held ? MGW_CONFLICT : status;
}

static enum mgw_status decode(struct mgw_call *call, const struct text *text, struct note *note)
{
    const char *bucket, *key, *upload_id;
    json_int_t format, fence, generation, length, flags, written;
    int resumable, loose, done, retried = 0;
    json_t *json = json_loadb(text_of(text), text->length, JSON_REJECT_DUPLICATES, NULL);
    bool good =
        json &&
        json_unpack(json, "{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s?b, s:I}",
                    "format", &format, "bucket", &bucket, "key", &key, "upload_id", &upload_id,
                    "fence", &fence, "generation", &generation, "length", &length, "flags", &flags,
                    "resumable", &resumable, "loose", &loose, "done", &done, "retried", &retried,
                    "written", &written) == 0;
    if (!good || format != FORMAT) {
        json_decref(json);
        return mgw_fail(call, MGW_CORRUPT, "the note %s of an upload is damaged or newer than this",
                        note->id);
    }
    note->bucket = strdup(bucket);
    note->key = strdup(key);
    note->upload_id = strdup(upload_id);
    note->fence = (uint64_t)fence;
    note->generation = (uint64_t)generation;
    note->length = (uint64_t)length;
    note->flags = (uint32_t)flags;
    note->resumable = resumable;
    note->loose = loose;
    note->done = done;
    note->retried = retried;
    note->written_ms = written;
    json_decref(json);
    return note->bucket && note->key && note->upload_id ? MGW_OK : s3_no_memory(call);
}

enum mgw_status note_read(struct mgw_call *call, struct s3 *s3, const char *bucket, const char *id,
                          struct note *note)
{
    struct object object;
    char etag[300];
    *note = (struct note){0};
    snprintf(note->id, sizeof note->id, "%s", id);
    enum mgw_status status = name_of(call, s3, bucket, id, &object);
    struct request request = {
        .method = "GET", .bucket = object.bucket, .object = object.name, .answer_max = NOTE_MAX};
    status = status == MGW_OK ? request_send(call, s3, &request) : status;
    if (status == MGW_OK) {
        lane_header(&request.exchange, "etag", etag, sizeof etag);
        status = props_etag(etag, note->etag)
                     ? decode(call, &request.exchange.answer, note)
                     : mgw_fail(call, MGW_CORRUPT, "S3 told no ETag of an object");
    }
    request_end(s3, &request);
    if (status == MGW_OK && strcmp(note->bucket, bucket) != 0) {
        status = mgw_fail(call, MGW_CORRUPT, "the note %s is about another bucket", id);
    }
    return status;
}

enum mgw_status note_begin(struct mgw_call *call, struct s3 *s3, struct note *note,
                           const char *content_type, const char *const *metadata)
{
    struct object object = {note->bucket, note->key};
    const char *upload_id = NULL;
    enum mgw_status status = note_write(call, s3, note);
    if (status == MGW_OK) {
        status = multipart_create(call, s3, &object, content_type, metadata, note->id, &upload_id,
                                  &note->retried);
    }
    if (status != MGW_OK) {
        return status;
    }
    free(note->upload_id);
    note->upload_id = strdup(upload_id);
    return note->upload_id ? note_write(call, s3, note) : s3_no_memory(call);
}

enum mgw_status note_end(struct mgw_call *call, struct s3 *s3, struct note *note)
{
    note->done = true;
    return note->retried ? note_write(call, s3, note) : note_remove(call, s3, note);
}

enum mgw_status note_remove(struct mgw_call *call, struct s3 *s3, const struct note *note)
{
    struct object object;
    enum mgw_status status = name_of(call, s3, note->bucket, note->id, &object);
    return status == MGW_OK ? blob_delete(call, s3, &object) : status;
}

enum mgw_status note_refresh(struct mgw_call *call, struct s3 *s3, struct note *note)
{
    bool old = s3->host->wall_ms() - note->written_ms > REFRESH_MS;
    return old ? note_write(call, s3, note) : MGW_OK;
}
