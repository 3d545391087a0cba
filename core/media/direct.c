/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads, their beginning: a row whose bytes come by a URL. The row and what any node needs
 * to finish it are written in one change, after the URLs are made, so that a failure before leaves
 * nothing. One thread a begin. */
#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/media/checks.h"
#include "core/media/details.h"
#include "core/media/direct_urls.h"
#include "core/media/fresh.h"
#include "core/media/insert.h"
#include "core/media/mime.h"
#include "core/media/row.h"

#include <openssl/evp.h>
#include <string.h>

struct begin {
    struct mgw_media *media;
    struct mgw_row row;
    char id[FRESH_ID_SIZE];
    char *key;
    struct details details;
    struct direct direct;
    struct mgw_direct *answer;
};

static void begin_release(struct begin *begin)
{
    details_release(&begin->details);
    direct_release(&begin->direct);
    mgw_direct_free(begin->answer);
    free(begin->key);
}

/* Base64 of exactly 16 bytes. */
static bool is_md5(const char *text)
{
    unsigned char bytes[18];
    return strlen(text) == 24 && strcmp(text + 22, "==") == 0 && text[21] != '=' &&
           EVP_DecodeBlock(bytes, (const unsigned char *)text, 24) == sizeof bytes;
}

static enum mgw_status check_begin(struct mgw_media *media, struct mgw_call *call,
                                   const struct mgw_direct_options *options)
{
    const char *wrong = checks_account(call->account);
    if (!wrong && options->bucket) {
        wrong = checks_bucket(options->bucket);
    }
    if (!wrong && options->idempotency_key) {
        wrong = checks_idempotency_key(options->idempotency_key);
    }
    if (!wrong && options->content_md5 && !is_md5(options->content_md5)) {
        wrong = "contentMd5: it must be 16 bytes as base64";
    }
    if (!wrong && options->parts > MGW_DIRECT_PARTS_YES) {
        wrong = "parts: an unknown wish";
    }
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "%s", wrong);
    }
    uint64_t most = store_limits(media->store)->max_blob_bytes;
    if (options->length == UINT64_MAX || (most > 0 && options->length > most)) {
        return mgw_fail(call, MGW_TOO_LARGE, "the store takes no more than %llu bytes",
                        (unsigned long long)most);
    }
    return fresh_check_room(media, call, options->length);
}

/* What the client says, and nothing of it left out, is what its Idempotency-Key stands for. */
static enum mgw_status declare(struct begin *begin, struct mgw_call *call,
                               const struct mgw_direct_options *options)
{
    const struct mgw_recording *recording = options->recording;
    AUTO_BUF struct buf content = {0};
    buf_printf(&content, "direct:%llu,%s,%s,%u", (unsigned long long)options->length,
               recording->checksum ? recording->checksum : "-",
               options->content_md5 ? options->content_md5 : "-", (unsigned)options->parts);
    if (content.failed) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    return details_declare(&begin->details, begin->media, call, recording, content.data,
                           &begin->row);
}

static enum mgw_status fill(struct begin *begin, struct mgw_call *call,
                            const struct mgw_direct_options *options)
{
    struct mgw_media *media = begin->media;
    const char *checksum = options->recording->checksum;
    begin->row = row_empty();
    begin->row.account_id = call->account;
    begin->row.bucket = options->bucket ? options->bucket : media->default_bucket;
    begin->row.key = begin->key = fresh_key();
    begin->row.id = begin->id;
    begin->row.size_bytes = (int64_t)options->length;
    begin->row.status = MGW_ROW_UPLOADING;
    begin->row.fence = 1;
    begin->direct.checksum = checksum ? strdup(checksum) : NULL;
    begin->direct.content_md5 = options->content_md5 ? strdup(options->content_md5) : NULL;
    if (!begin->key || (checksum && !begin->direct.checksum) ||
        (options->content_md5 && !begin->direct.content_md5)) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    enum mgw_status status = declare(begin, call, options);
    if (status == MGW_OK) {
        status = fresh_id(media, call, begin->id);
    }
    return status == MGW_OK
               ? direct_choose(media, call, &begin->row, options->parts, &begin->direct)
               : status;
}

static enum mgw_status create_parts(struct begin *begin, struct mgw_call *call)
{
    if (begin->direct.mode != DIRECT_PARTS) {
        return MGW_OK;
    }
    struct mgw_blob blob = {sizeof blob, begin->row.bucket, begin->row.key};
    const char *metadata[7];
    struct mgw_put put = direct_put(&begin->row, metadata);
    struct mgw_opaque state = direct_state(&begin->direct);
    enum mgw_status status =
        media_outside(store_upload_create(begin->media->store, call, &blob, &put, &state));
    begin->direct.state_length = status == MGW_OK ? state.length : 0;
    return status;
}

/* Sets when the URLs end, by the repository's clock, and gives the record's text. */
static enum mgw_status set_end(struct mgw_media *media, struct mgw_call *call,
                               struct direct *direct, int64_t urls_ms, char **text)
{
    int64_t now = 0;
    enum mgw_status status = media_outside(rows_now(media->rows, call, &now));
    if (status != MGW_OK) {
        return status;
    }
    direct->urls_end = now + urls_ms;
    *text = direct_text(direct);
    return *text ? MGW_OK : mgw_fail(call, MGW_IO, "out of memory");
}

/* MGW_EXISTS: the idempotency key's *FIRST stands, nothing of this begin is left. */
static enum mgw_status begin_new(struct begin *begin, struct mgw_call *call, const char *key,
                                 struct mgw_row **first)
{
    struct mgw_media *media = begin->media;
    int64_t urls_ms = 0;
    AUTO_FREE char *text = NULL;
    enum mgw_status status = create_parts(begin, call);
    if (status != MGW_OK) {
        return status;
    }
    status = direct_urls(media, call, &begin->row, &begin->direct, &begin->answer, &urls_ms);
    if (status == MGW_OK) {
        status = set_end(media, call, &begin->direct, urls_ms, &text);
    }
    if (status == MGW_OK) {
        struct mgw_record record = direct_record(&begin->row, text);
        struct insert insert;
        insert_init(&insert, media, &begin->row, key);
        insert.direct = &record;
        insert.lease_ms = direct_lease_ms(media, urls_ms);
        status = insert_direct(&insert, call, first);
        begin->row.created_at = insert.created_at;
        insert_release(&insert);
    }
    bool perhaps = status == MGW_UNKNOWN_OUTCOME || status == MGW_TIMEOUT; /* the reaper's then */
    if (status != MGW_OK && !perhaps && begin->direct.mode == DIRECT_PARTS) {
        struct mgw_error kept = *call->error;
        direct_abort(media, call, &begin->row, &begin->direct);
        *call->error = kept;
    }
    return status;
}

/* ---- The same key again ---- */

/* Row and record as they are, with URLs that begin to live now. */
static enum mgw_status renew(struct mgw_media *media, struct mgw_call *call,
                             const struct mgw_row *row, struct mgw_direct **out)
{
    struct direct direct;
    struct mgw_direct *answer = NULL;
    int64_t urls_ms = 0;
    AUTO_FREE char *text = NULL;
    enum mgw_status status = direct_read(media, call, row->account_id, row->id, &direct);
    if (status == MGW_OK) {
        status = direct_urls(media, call, row, &direct, &answer, &urls_ms);
    }
    if (status == MGW_OK) {
        status = set_end(media, call, &direct, urls_ms, &text);
    }
    if (status == MGW_OK) {
        struct mgw_record record = direct_record(row, text);
        struct mgw_change changes[2] = {
            {.size = sizeof changes[0],
             .type = MGW_CHANGE_UPDATE_ROW,
             .set = MGW_FIELD_LEASE,
             .row = row,
             .expect_status = MGW_ROW_UPLOADING,
             .expect_fence = row->fence,
             .lease_ms = direct_lease_ms(media, urls_ms)},
            {.size = sizeof changes[0],
             .type = MGW_CHANGE_PUT_RECORD,
             .record = &record,
             .expect_version = direct.version,
             .expire_ms = MGW_ABSENT},
        };
        struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                               {.size = sizeof results[0]}};
        status = rows_apply(media->rows, call, changes, results, 2);
    }
    direct_release(&direct);
    if (status == MGW_CONFLICT || status == MGW_STALE || status == MGW_NOT_FOUND) {
        call->error->retry_after_ms = 1000;
        status = mgw_fail(call, MGW_BUSY, "the upload was changed at this moment; ask again");
    }
    if (status != MGW_OK) {
        mgw_direct_free(answer);
        return status == MGW_BUSY ? status : media_outside(status);
    }
    answer->replayed = true;
    *out = answer;
    return MGW_OK;
}

static enum mgw_status replay(struct begin *begin, struct mgw_call *call,
                              const struct mgw_row *first, struct mgw_direct **out)
{
    if (!first->fingerprint || strcmp(first->fingerprint, begin->row.fingerprint) != 0) {
        return mgw_fail(call, MGW_CONFLICT,
                        "this Idempotency-Key was used for another recording; use a new key");
    }
    if (first->status == MGW_ROW_UPLOADING) {
        return renew(begin->media, call, first, out);
    }
    struct mgw_grant *grant = NULL;
    enum mgw_status status = grant_new(begin->media, call, first, 0, NULL, true, &grant);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_direct *answer = direct_answer(0);
    if (!answer || !direct_answer_row(answer, first)) {
        mgw_grant_free(grant);
        mgw_direct_free(answer);
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    answer->grant = grant;
    answer->replayed = true;
    *out = answer;
    return MGW_OK;
}

enum mgw_status mgw_direct_begin(struct mgw_media *media, struct mgw_call *call,
                                 const struct mgw_direct_options *options, struct mgw_direct **out)
{
    call_clear(call);
    enum mgw_status status = check_begin(media, call, options);
    if (status != MGW_OK) {
        return status;
    }
    struct begin begin = {.media = media};
    AUTO_FREE struct mgw_row *first = NULL;
    status = fill(&begin, call, options);
    if (status == MGW_OK) {
        status = begin_new(&begin, call, options->idempotency_key, &first);
    }
    if (status == MGW_EXISTS && first) {
        status = replay(&begin, call, first, out);
    } else if (status == MGW_EXISTS) {
        status = mgw_fail(call, MGW_EXISTS, "the id is taken");
    } else if (status == MGW_OK && !direct_answer_row(begin.answer, &begin.row)) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    } else if (status == MGW_OK) {
        *out = TAKE(begin.answer);
    }
    begin_release(&begin);
    return status;
}
