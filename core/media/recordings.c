/* SPDX-License-Identifier: Apache-2.0
 *
 * Get, reissue, delete, list: always by account. Any thread. */
#include "core/base/disposition.h"
#include "core/base/log.h"
#include "core/media/checks.h"
#include "core/media/cursor.h"
#include "core/media/direct_record.h"
#include "core/media/internal.h"
#include "core/media/row.h"

#include <string.h>

enum { LIST_DEFAULT = 50, LIST_MAX = 200 };

enum mgw_status media_find_own(struct mgw_media *media, struct mgw_call *call, const char *id,
                               struct mgw_row **row)
{
    const char *wrong = checks_account(call->account);
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "%s", wrong);
    }
    if (checks_id(id)) {
        return mgw_fail(call, MGW_NOT_FOUND, "there is no such recording");
    }
    enum mgw_status status = media_outside(rows_get(media->rows, call, id, row_keep, row));
    if (status == MGW_OK && !*row) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    }
    if (status == MGW_NOT_FOUND) {
        return mgw_fail(call, MGW_NOT_FOUND, "there is no such recording");
    }
    if (status == MGW_OK && strcmp((*row)->account_id, call->account) != 0) {
        status = mgw_fail(call, MGW_DENIED, "the recording belongs to another account");
    }
    return status;
}

enum mgw_status mgw_media_get(struct mgw_media *media, struct mgw_call *call, const char *id,
                              int64_t ttl_sec, const char *file_name, struct mgw_grant **grant)
{
    call_clear(call);
    const char *wrong = file_name ? disposition_check_name(file_name) : NULL;
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "fileName: %s", wrong);
    }
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status status = media_find_own(media, call, id, &row);
    if (status == MGW_OK && row->status != MGW_ROW_READY) {
        status = mgw_fail(call, MGW_NOT_FOUND, "there is no such recording");
    }
    return status == MGW_OK ? grant_new(media, call, row, ttl_sec, file_name, false, grant)
                            : status;
}

enum mgw_status media_purge(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_row *row)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    enum mgw_status status = store_remove(media->store, call, &blob);
    if (status != MGW_OK) {
        log_event(LOG_LEVEL_WARN, "a blob could not be removed; the reaper comes back to it",
                  LOG_TEXT("id", row->id), LOG_TEXT("bucket", row->bucket),
                  LOG_TEXT("key", row->key), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", call_text(call)));
    }
    return status;
}

enum mgw_status media_apply(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_change *changes, struct mgw_change_result *results,
                            size_t count)
{
    enum mgw_status status = rows_apply(media->rows, call, changes, results, count);
    if (status == MGW_UNKNOWN_OUTCOME) {
        status = rows_apply(media->rows, call, changes, results, count);
    }
    return status;
}

/* What a direct upload has sent of itself so far, best effort. */
static void abort_parts(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row)
{
    struct direct direct;
    if (direct_read(media, call, row->account_id, row->id, &direct) == MGW_OK) {
        direct_abort(media, call, row, &direct);
    }
    direct_release(&direct);
}

enum mgw_status mgw_media_delete(struct mgw_media *media, struct mgw_call *call, const char *id)
{
    call_clear(call);
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status status = media_find_own(media, call, id, &row);
    if (status == MGW_NOT_FOUND || (status == MGW_OK && row->status == MGW_ROW_DELETED)) {
        return MGW_OK;
    }
    if (status != MGW_OK) {
        return status;
    }
    bool uploading = row->status == MGW_ROW_UPLOADING;
    int64_t purge_ms = direct_purge_after_ms(media, call, row);
    row->status = MGW_ROW_DELETED;
    row->owner = NULL;
    struct mgw_change change = {
        .size = sizeof change,
        .type = MGW_CHANGE_UPDATE_ROW,
        .set = MGW_FIELD_STATUS | MGW_FIELD_OWNER | MGW_FIELD_LEASE,
        .row = row,
        .expect_status = MGW_ROW_READY | MGW_ROW_UPLOADING | MGW_ROW_FAILED,
        .expect_fence = MGW_ABSENT,
        .lease_ms = purge_ms, /* then the reaper purges once more */
    };
    struct mgw_change_result result = {.size = sizeof result};
    status = media_apply(media, call, &change, &result, 1);
    cache_drop(media->cache, row->bucket, row->key);
    if (status == MGW_CONFLICT || status == MGW_NOT_FOUND) {
        return MGW_OK; /* deleted by somebody else meanwhile */
    }
    if (status == MGW_OK) {
        media_purge(media, call, row); /* best effort: the recording is gone either way */
        if (uploading) {
            abort_parts(media, call, row);
        }
        call_clear(call);
    }
    return media_outside(status);
}

/* ---- List ---- */

struct page {
    mgw_row_emit *emit;
    void *ctx;
    uint32_t limit, count;
    struct mgw_row *last;
    bool more, stopped, failed;
};

static bool page_row(void *ctx, const struct mgw_row *row)
{
    struct page *page = ctx;
    if (page->count == page->limit) {
        page->more = true;
        return false;
    }
    page->count++;
    if (page->count == page->limit) {
        page->last = row_copy(row);
        page->failed = !page->last;
    }
    page->stopped = !page->emit(page->ctx, row);
    return !page->stopped && !page->failed;
}

enum mgw_status mgw_media_list(struct mgw_media *media, struct mgw_call *call,
                               const struct mgw_list_query *query, mgw_row_emit *emit, void *ctx,
                               char **next_cursor)
{
    call_clear(call);
    *next_cursor = NULL;
    const char *wrong = checks_account(call->account);
    wrong = !wrong && query->kind ? checks_kind(query->kind) : wrong;
    wrong = !wrong && query->session_id ? checks_session_id(query->session_id) : wrong;
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "%s", wrong);
    }
    uint32_t limit = query->limit ? query->limit : LIST_DEFAULT;
    if (limit > LIST_MAX) {
        return mgw_fail(call, MGW_INVALID, "limit: must be 1 to %d", LIST_MAX);
    }
    struct mgw_row_query rows = {
        .size = sizeof rows,
        .account_id = call->account,
        .status = query->status ? query->status : MGW_ROW_READY,
        .limit = limit + 1, /* one more tells whether there is a next page */
        .kind = query->kind,
        .session_id = query->session_id,
        .after_created_at = MGW_ABSENT,
    };
    if (query->cursor && !cursor_read(media, call, query->cursor, &rows)) {
        return mgw_fail(call, MGW_INVALID,
                        "cursor: not one of this list; pass nextCursor with the same filters");
    }
    struct page page = {.emit = emit, .ctx = ctx, .limit = limit};
    enum mgw_status status = media_outside(rows_list(media->rows, call, &rows, page_row, &page));
    if (status == MGW_OK && page.more) {
        *next_cursor = page.last ? cursor_make(media, &rows, page.last) : NULL;
        page.failed = page.failed || !*next_cursor;
    }
    free(page.last);
    if (status == MGW_OK && page.failed) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    }
    return status;
}
