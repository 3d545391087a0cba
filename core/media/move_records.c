/* SPDX-License-Identifier: Apache-2.0
 *
 * See move.h: the records that a gateway's clients would miss. */
#include "core/base/cleanup.h"
#include "core/media/keys.h"
#include "core/media/move_inside.h"
#include "core/plugin/call.h"

#include <string.h>

/* What else there is is a node's own (nodes, leases) or the store's. */
static const char *const kinds[] = {KEYS_RECORD, "idempotency"};

enum { PAGE = 16 };

struct record_page {
    const char *kind;
    struct mgw_record at[PAGE];
    size_t count;
    bool short_of_memory;
};

static void record_page_drop(struct record_page *page)
{
    while (page->count > 0) {
        free((char *)(uintptr_t)page->at[--page->count].account); /* one block, see below */
    }
}
#define AUTO_RECORD_PAGE AUTO(record_page_drop)

static bool record_page_add(void *ctx, const struct mgw_record *record)
{
    struct record_page *page = ctx;
    size_t account = strlen(record->account) + 1, id = strlen(record->id) + 1,
           text = strlen(record->text) + 1;
    char *block = malloc(account + id + text);
    page->short_of_memory = page->short_of_memory || !block;
    if (!block) {
        return false;
    }
    struct mgw_record *to = &page->at[page->count++];
    *to = *record;
    to->kind = page->kind;
    to->account = memcpy(block, record->account, account);
    to->id = memcpy(block + account, record->id, id);
    to->text = memcpy(block + account + id, record->text, text);
    return page->count < PAGE;
}

/* Whether RECORD is to be written; *VERSION is what the target has. */
static enum mgw_status is_news(struct move *move, struct mgw_call *call,
                               const struct mgw_record *record, bool *news, int64_t *version)
{
    AUTO_RECORD_PAGE struct record_page there = {.kind = record->kind};
    enum mgw_status status = rows_get_record(move->to.rows, call, record->kind, record->account,
                                             record->id, record_page_add, &there);
    *news = true;
    *version = MGW_VERSION_NONE;
    if (status == MGW_OK && there.count == 1) {
        bool same = strcmp(there.at[0].text, record->text) == 0 &&
                    there.at[0].expires_at == record->expires_at;
        /* A key that was revoked at the target stays so. */
        *news = !same && !(strcmp(record->kind, KEYS_RECORD) == 0 &&
                           keys_record_is_revoked(there.at[0].text));
        *version = there.at[0].version;
    }
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

static enum mgw_status move_page(struct move *move, struct mgw_call *call,
                                 const struct record_page *page)
{
    struct mgw_change changes[PAGE];
    struct mgw_change_result results[PAGE];
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        bool news;
        int64_t version;
        enum mgw_status status = is_news(move, call, &page->at[i], &news, &version);
        if (status != MGW_OK) {
            return status;
        }
        if (news) {
            changes[count++] = (struct mgw_change){.size = sizeof changes[0],
                                                   .type = MGW_CHANGE_PUT_RECORD,
                                                   .record = &page->at[i],
                                                   .expect_version = version,
                                                   .expire_ms = MGW_ABSENT};
        }
    }
    if (count == 0) {
        return MGW_OK;
    }
    enum mgw_status status =
        move->options->dry_run ? MGW_OK : rows_apply(move->to.rows, call, changes, results, count);
    if (status == MGW_OK) {
        pthread_mutex_lock(&move->lock);
        move->counts.records += count;
        pthread_mutex_unlock(&move->lock);
    }
    return status;
}

static enum mgw_status move_kind(struct move *move, struct mgw_call *call, const char *kind)
{
    AUTO_FREE char *account = NULL, *id = NULL;
    for (;;) {
        AUTO_RECORD_PAGE struct record_page page = {.kind = kind};
        enum mgw_status status = rows_list_records(move->from.rows, call, kind, NULL, account, id,
                                                   PAGE, record_page_add, &page);
        if (status == MGW_OK && page.short_of_memory) {
            status = mgw_fail(call, MGW_IO, "out of memory");
        }
        if (status != MGW_OK) {
            return move_side(call, "source", status);
        }
        status = move_page(move, call, &page);
        if (status == MGW_CONFLICT || status == MGW_UNKNOWN_OUTCOME) {
            status = move_page(move, call, &page); /* changed meanwhile, or done: look again */
        }
        if (status != MGW_OK || page.count < PAGE) {
            return move_side(call, "target", status);
        }
        free(account);
        free(id);
        account = strdup(page.at[PAGE - 1].account);
        id = strdup(page.at[PAGE - 1].id);
        if (!account || !id) {
            return mgw_fail(call, MGW_IO, "out of memory");
        }
    }
}

enum mgw_status move_records(struct move *move, struct mgw_call *call)
{
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && status == MGW_OK; i++) {
        status = move_kind(move, call, kinds[i]);
    }
    return status;
}
