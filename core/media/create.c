/* SPDX-License-Identifier: Apache-2.0
 *
 * A recording on its way in: row `uploading` beside the bytes, SHA-256 as they pass, prepare,
 * commit, row `ready`. What may be published is left to the reaper rather than guessed about. One
 * thread a recording. */
#include "core/base/buf.h"
#include "core/media/checks.h"
#include "core/media/details.h"
#include "core/media/fresh.h"
#include "core/media/insert.h"
#include "core/media/internal.h"
#include "core/media/mime.h"
#include "core/media/row.h"
#include "core/media/sniff.h"

#include <openssl/evp.h>
#include <string.h>

enum published { PUBLISHED_NO, PUBLISHED_MAYBE, PUBLISHED_YES };

struct mgw_create {
    struct mgw_media *media;
    struct mgw_row row; /* points to the strings below */
    char id[FRESH_ID_SIZE];
    char *account, *bucket, *key, *idempotency_key, *mime_hint;
    struct insert insert;
    struct mgw_row *first; /* an earlier create's row: this one only compares */
    struct store_writer *writer;
    bool put_begun;
    enum published published;
    bool not_ours; /* the row was taken from us: the blob is ours to remove */
    EVP_MD_CTX *sha256;
    struct buf head; /* the first bytes, while the type is not known */
    uint64_t bytes, length;
};

static void create_free(struct mgw_create *create)
{
    if (create->insert.media) {
        insert_release(&create->insert);
    }
    EVP_MD_CTX_free(create->sha256);
    buf_free(&create->head);
    free(create->account);
    free(create->bucket);
    free(create->key);
    free(create->idempotency_key);
    free(create->mime_hint);
    free(create->first);
    free(create);
}

static enum mgw_status check_begin(struct mgw_media *media, struct mgw_call *call,
                                   const struct mgw_create_options *options)
{
    const char *wrong = checks_account(call->account);
    if (!wrong && options->bucket) {
        wrong = checks_bucket(options->bucket);
    }
    if (!wrong && options->idempotency_key) {
        wrong = checks_idempotency_key(options->idempotency_key);
    }
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "%s", wrong);
    }
    wrong =
        MGW_HAS(options, mime_type) && options->mime_type ? mime_check(options->mime_type) : NULL;
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "mimeType: %s", wrong);
    }
    return fresh_check_room(media, call, options->length);
}

static char *dup_or_null(const char *text)
{
    return text ? strdup(text) : NULL;
}

static enum mgw_status create_fill(struct mgw_create *create, struct mgw_call *call,
                                   const struct mgw_create_options *options)
{
    struct mgw_media *media = create->media;
    create->account = strdup(call->account);
    create->bucket = strdup(options->bucket ? options->bucket : media->default_bucket);
    create->key = fresh_key();
    create->idempotency_key = dup_or_null(options->idempotency_key);
    create->mime_hint = MGW_HAS(options, mime_type) ? dup_or_null(options->mime_type) : NULL;
    create->length = options->length;
    create->sha256 = EVP_MD_CTX_new();
    if (!create->account || !create->bucket || !create->key || !create->sha256 ||
        !EVP_DigestInit_ex(create->sha256, EVP_sha256(), NULL)) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    enum mgw_status status = fresh_id(media, call, create->id);
    create->row = row_empty();
    create->row.id = create->id;
    create->row.account_id = create->account;
    create->row.bucket = create->bucket;
    create->row.key = create->key;
    create->row.mime_type = create->mime_hint ? create->mime_hint : "application/octet-stream";
    create->row.kind = mime_kind(create->row.mime_type);
    create->row.status = MGW_ROW_UPLOADING;
    create->row.owner = media->node_id;
    create->row.fence = 1;
    insert_init(&create->insert, media, &create->row, create->idempotency_key);
    return status;
}

enum mgw_status mgw_create_begin(struct mgw_media *media, struct mgw_call *call,
                                 const struct mgw_create_options *options, struct mgw_create **out)
{
    call_clear(call);
    enum mgw_status status = check_begin(media, call, options);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_create *create = calloc(1, sizeof *create);
    if (!create) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    create->media = media;
    create->head.max = SNIFF_BYTES;
    status = create_fill(create, call, options);
    if (status == MGW_OK && !create->idempotency_key) {
        insert_start(&create->insert, call->request_id);
    } else if (status == MGW_OK) {
        status = insert_idempotent(&create->insert, call, &create->first);
        status = status == MGW_EXISTS ? MGW_OK : status;
    }
    if (status != MGW_OK) {
        create_free(create);
        return status;
    }
    *out = create;
    return MGW_OK;
}

/* ---- The bytes ---- */

static enum mgw_status begin_put(struct mgw_create *create, struct mgw_call *call)
{
    const char *type = create->row.mime_type;
    AUTO_FREE char *sniffed = NULL;
    if (details_type_is_vague(create->mime_hint)) {
        sniffed = sniff_mime(create->head.data ? create->head.data : "", create->head.length);
        type = sniffed ? sniffed : type;
    }
    const char *metadata[] = {"id",        create->id, "account", create->account,
                              "mime-type", type,       NULL};
    struct mgw_blob blob = {sizeof blob, create->bucket, create->key};
    bool known = create->length != UINT64_MAX;
    struct mgw_put put = {
        .size = sizeof put,
        .flags = MGW_PUT_IF_ABSENT | (known ? MGW_PUT_LENGTH_KNOWN : 0),
        .length = known ? create->length : create->media->max_upload_bytes,
        .content_type = type,
        .metadata = metadata,
    };
    if (!(store_limits(create->media->store)->capabilities & MGW_STORAGE_IF_ABSENT)) {
        put.flags &= ~MGW_PUT_IF_ABSENT; /* keys are 128 random bits: it is a second belt only */
    }
    create->put_begun = true;
    enum mgw_status status =
        store_put_begin(create->media->store, call, &blob, &put, &create->writer);
    if (status == MGW_OK && create->head.length > 0) {
        status = store_put_write(create->writer, call, create->head.data, create->head.length);
    }
    return media_outside(status);
}

static enum mgw_status put_bytes(struct mgw_create *create, struct mgw_call *call,
                                 const char *bytes, size_t length)
{
    enum mgw_status status = create->put_begun || create->first ? MGW_OK : begin_put(create, call);
    if (status == MGW_OK && !create->first && length > 0) {
        status = media_outside(store_put_write(create->writer, call, bytes, length));
    }
    return status;
}

enum mgw_status mgw_create_write(struct mgw_create *create, struct mgw_call *call,
                                 const void *bytes, size_t length)
{
    call_clear(call);
    if (length > create->media->max_upload_bytes - create->bytes) {
        return mgw_fail(call, MGW_TOO_LARGE, "the recording has more than the allowed %llu bytes",
                        (unsigned long long)create->media->max_upload_bytes);
    }
    enum mgw_status status = create->first ? MGW_OK : insert_check(&create->insert, call);
    if (status != MGW_OK) {
        return status;
    }
    if (!EVP_DigestUpdate(create->sha256, bytes, length)) {
        return mgw_fail(call, MGW_IO, "SHA-256 failed");
    }
    create->bytes += length;
    /* Where nobody told the type, the first bytes are kept until there are enough to tell it by. */
    size_t kept = 0;
    if (!create->put_begun && details_type_is_vague(create->mime_hint) &&
        create->head.length < SNIFF_BYTES) {
        kept = SNIFF_BYTES - create->head.length;
        kept = kept < length ? kept : length;
        if (!buf_append(&create->head, bytes, kept)) {
            return mgw_fail(call, MGW_IO, "out of memory");
        }
        if (create->head.length < SNIFF_BYTES) {
            return MGW_OK;
        }
    }
    return put_bytes(create, call, (const char *)bytes + kept, length - kept);
}

/* ---- The end ---- */

static enum mgw_status commit_blob(struct mgw_create *create, struct mgw_call *call,
                                   struct mgw_stat *stat)
{
    create->published = PUBLISHED_MAYBE;
    enum mgw_status status = store_put_commit(create->writer, call, stat);
    bool perhaps = status == MGW_UNKNOWN_OUTCOME; /* whatever the second try says of itself */
    if (status == MGW_UNAVAILABLE || perhaps) {
        status = store_put_commit(create->writer, call, stat);
    }
    if (status == MGW_OK) {
        create->writer = NULL;
        create->published = PUBLISHED_YES;
    } else if (perhaps) {
        status = MGW_UNKNOWN_OUTCOME;
    } else if (status != MGW_UNKNOWN_OUTCOME && status != MGW_TIMEOUT && status != MGW_CANCELLED &&
               status != MGW_CORRUPT) { /* that one: what it says of a done commit makes no sense */
        create->published = PUBLISHED_NO;
    }
    return media_outside(status);
}

/* The row is not `uploading` any more: ours, where the answer of a first try was lost; else the
 * reaper or a delete was there before us. Only a look that was answered may say so: a row that may
 * be ready keeps its blob. */
static enum mgw_status judge_conflict(struct mgw_create *create, struct mgw_call *call)
{
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status seen = rows_get(create->media->rows, call, create->id, row_keep, &row);
    if ((seen != MGW_OK && seen != MGW_NOT_FOUND) || (seen == MGW_OK && !row)) {
        return mgw_fail(call, MGW_UNKNOWN_OUTCOME, "whether the row became ready is not known");
    }
    if (row && row->status == MGW_ROW_READY && row->fence == create->row.fence) {
        create->row.updated_at = row->updated_at;
        return MGW_OK;
    }
    return mgw_fail(call, MGW_STALE, "the upload's lease was lost; start it again");
}

/* The compare-and-set to `ready`, on status and fence. */
static enum mgw_status make_ready(struct mgw_create *create, struct mgw_call *call)
{
    create->row.status = MGW_ROW_READY;
    create->row.owner = NULL;
    struct mgw_change change = {
        .size = sizeof change,
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = MGW_FIELD_OWNER_EMAIL | MGW_FIELD_MIME_TYPE | MGW_FIELD_SIZE_BYTES |
               MGW_FIELD_DURATION_MS | MGW_FIELD_KIND | MGW_FIELD_STATUS | MGW_FIELD_SESSION_ID |
               MGW_FIELD_TAKE_INDEX | MGW_FIELD_CHECKSUM | MGW_FIELD_METADATA | MGW_FIELD_OWNER |
               MGW_FIELD_LEASE | MGW_FIELD_FINGERPRINT,
        .row = &create->row,
        .expect_status = MGW_ROW_UPLOADING,
        .expect_fence = create->row.fence,
        .lease_ms = MGW_ABSENT,
    };
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = media_apply(create->media, call, &change, &result, 1);
    create->row.updated_at = result.updated_at;
    if (status == MGW_CONFLICT) {
        status = judge_conflict(create, call);
    }
    create->not_ours = status == MGW_STALE || status == MGW_NOT_FOUND;
    return status == MGW_NOT_FOUND ? MGW_STALE : media_outside(status);
}

static enum mgw_status finish_new(struct mgw_create *create, struct mgw_call *call,
                                  struct mgw_grant **grant)
{
    enum mgw_status status = create->put_begun ? MGW_OK : begin_put(create, call);
    if (status == MGW_OK) {
        status = media_outside(store_put_prepare(create->writer, call));
    }
    if (status == MGW_OK) {
        status = insert_wait(&create->insert, call);
        create->row.created_at = create->insert.created_at;
    }
    struct mgw_stat stat = {.size = sizeof stat};
    if (status == MGW_OK) {
        status = commit_blob(create, call, &stat);
    }
    if (status == MGW_OK) {
        status = make_ready(create, call);
    }
    return status == MGW_OK ? grant_new(create->media, call, &create->row, 0, NULL, false, grant)
                            : status;
}

static enum mgw_status finish_replay(struct mgw_create *create, struct mgw_call *call,
                                     struct mgw_grant **grant)
{
    const char *first = create->first->fingerprint;
    if (!first || strcmp(first, create->row.fingerprint) != 0) {
        return mgw_fail(call, MGW_CONFLICT,
                        "this Idempotency-Key was used for another recording; use a new key");
    }
    return grant_new(create->media, call, create->first, 0, NULL, true, grant);
}

/* The row is not ours any more, and our blob could not be removed: the reaper shall come back to
 * the row for it. */
static void leave_to_reaper(struct mgw_create *create, struct mgw_call *call)
{
    struct mgw_change change = {
        .size = sizeof change,
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = MGW_FIELD_LEASE,
        .row = &create->row,
        .expect_status = MGW_ROW_FAILED | MGW_ROW_DELETED,
        .expect_fence = MGW_ABSENT,
        .lease_ms = media_grace_ms(create->media),
    };
    struct mgw_change_result result = {.size = sizeof result};
    media_apply(create->media, call, &change, &result, 1);
}

/* Leaves nothing behind, or what the reaper finds. FALLBACK serves where memory is too short for a
 * call of its own: the caller's may be over already. */
static void create_undo(struct mgw_create *create, struct mgw_call *fallback)
{
    AUTO_CALL struct mgw_call *own = call_new(create->account, NULL, 10000);
    struct mgw_call *call = own ? own : fallback;
    if (create->writer && call) {
        store_put_abort(create->writer, call);
    }
    insert_wait(&create->insert, NULL); /* it works on what is freed next */
    if (create->first) {
        return;
    }
    if (create->published == PUBLISHED_NO) {
        insert_fail(&create->insert);
    } else if (create->not_ours && call &&
               media_purge(create->media, call, &create->row) != MGW_OK) {
        leave_to_reaper(create, call);
    }
}

enum mgw_status mgw_create_finish(struct mgw_create *create, struct mgw_call *call,
                                  const struct mgw_recording *recording, struct mgw_grant **grant)
{
    call_clear(call);
    struct details details = {0};
    enum mgw_status status =
        details_fill(&details, create->media, call, recording, create->mime_hint, &create->head,
                     create->sha256, &create->row);
    create->row.size_bytes = (int64_t)create->bytes;
    if (status == MGW_OK && create->length != UINT64_MAX && create->bytes != create->length) {
        status = mgw_fail(call, MGW_INVALID, "%llu bytes came where %llu were announced",
                          (unsigned long long)create->bytes, (unsigned long long)create->length);
    }
    if (status == MGW_OK) {
        status =
            create->first ? finish_replay(create, call, grant) : finish_new(create, call, grant);
    }
    if (status != MGW_OK) {
        create_undo(create, call);
    }
    details_release(&details);
    create_free(create);
    return status;
}

void mgw_create_abort(struct mgw_create *create, struct mgw_call *call)
{
    create_undo(create, call);
    create_free(create);
}
