/* SPDX-License-Identifier: Apache-2.0
 *
 * See rows_check.h. */
#include "core/plugin/rows_check.h"

#include "core/plugin/guard.h"

#include <jansson.h>
#include <string.h>

static bool time_or_none(int64_t ms)
{
    return ms == MGW_ABSENT || check_time(ms);
}

static bool count_or_none(int64_t number)
{
    return number == MGW_ABSENT || number >= 0;
}

static bool optional(const char *text)
{
    return !text || check_utf8(text, ROWS_TEXT_MAX);
}

/* What goes into a header. */
static bool optional_line(const char *text)
{
    return !text || check_line(text, ROWS_TEXT_MAX);
}

static bool present(const char *text)
{
    return check_utf8(text, ROWS_TEXT_MAX) && text[0];
}

static bool same(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

/* It goes into answers as it stands, so it must be what it is said to be. */
static bool metadata_is_object(const char *text)
{
    if (!check_utf8(text, ROWS_METADATA_MAX)) {
        return false;
    }
    json_t *json = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    bool object = json_is_object(json);
    json_decref(json);
    return object;
}

bool rows_check_status(uint32_t status)
{
    return status == MGW_ROW_UPLOADING || status == MGW_ROW_READY || status == MGW_ROW_DELETED ||
           status == MGW_ROW_FAILED;
}

static const char *row_fault(const struct mgw_row *row)
{
    if (!present(row->id) || !present(row->account_id)) {
        return "a row without an id or an account";
    }
    if (!present(row->bucket) || !present(row->key)) {
        return "a row without a bucket or a key";
    }
    if (!rows_check_status(row->status)) {
        return "a row of an unknown status";
    }
    if (!optional(row->owner_email) || !optional_line(row->mime_type) || !optional(row->kind) ||
        !optional(row->session_id) || !optional_line(row->checksum) || !optional(row->owner) ||
        !optional(row->fingerprint)) {
        return "a row with text that is no UTF-8 or too long";
    }
    if (row->metadata && !metadata_is_object(row->metadata)) {
        return "a row whose metadata are no JSON object";
    }
    if (!count_or_none(row->size_bytes) || !count_or_none(row->duration_ms) ||
        !count_or_none(row->take_index)) {
        return "a row with a negative size, duration or take";
    }
    return check_time(row->created_at) && time_or_none(row->updated_at) &&
                   time_or_none(row->lease_until)
               ? NULL
               : "a row with a time that is none";
}

static bool in_order(const struct mgw_row *row, const struct rows_wanted *wanted)
{
    const struct rows_last *last = wanted->last;
    if (wanted->order == ROWS_ORDER_LEASE && row->lease_until == MGW_ABSENT) {
        return false;
    }
    if (wanted->order == ROWS_ORDER_NONE || !last->begun) {
        return true;
    }
    switch (wanted->order) {
    case ROWS_ORDER_NEWEST:
        return row->created_at < last->at ||
               (row->created_at == last->at && strcmp(row->id, last->id) < 0);
    case ROWS_ORDER_LEASE:
        return row->lease_until >= last->at && strcmp(row->id, last->id) != 0;
    default:
        return strcmp(row->id, last->id) > 0;
    }
}

const char *rows_check_row(const struct mgw_row *row, const struct rows_wanted *wanted)
{
    const char *fault = row_fault(row);
    if (fault) {
        return fault;
    }
    if (!same(wanted->id, row->id) || !same(wanted->account, row->account_id) ||
        !same(wanted->bucket, row->bucket) || !same(wanted->key, row->key) ||
        !same(wanted->kind, row->kind) || !same(wanted->session_id, row->session_id) ||
        (wanted->status && !(wanted->status & row->status))) {
        return "a row that was not asked for";
    }
    if (!in_order(row, wanted)) {
        return "a row out of its order";
    }
    if (wanted->order != ROWS_ORDER_NONE) {
        rows_last_set(wanted->last,
                      wanted->order == ROWS_ORDER_LEASE ? row->lease_until : row->created_at, "",
                      row->id);
    }
    return NULL;
}

const char *rows_check_record(const struct mgw_record *record, const struct rows_wanted *wanted)
{
    if (!present(record->kind) || !check_utf8(record->account, ROWS_TEXT_MAX) ||
        !present(record->id) || !check_utf8(record->text, ROWS_RECORD_MAX) || record->version < 1) {
        return "a record without kind, account, id, text or version";
    }
    if (!time_or_none(record->expires_at)) {
        return "a record with a time that is none";
    }
    if (!same(wanted->kind, record->kind) || !same(wanted->account, record->account) ||
        !same(wanted->id, record->id)) {
        return "a record that was not asked for";
    }
    if (wanted->order == ROWS_ORDER_NONE) {
        return NULL;
    }
    struct rows_last *last = wanted->last;
    if (last->begun) {
        int account = strcmp(record->account, last->account);
        if (account < 0 || (account == 0 && strcmp(record->id, last->id) <= 0)) {
            return "a record out of its order";
        }
    }
    rows_last_set(last, 0, record->account, record->id);
    return NULL;
}

const char *rows_check_result(const struct mgw_change *change,
                              const struct mgw_change_result *result)
{
    switch (change->type) {
    case MGW_CHANGE_INSERT_ROW:
        return check_time(result->created_at) ? NULL : "a created_at that is no time";
    case MGW_CHANGE_UPDATE_ROW:
        return check_time(result->updated_at) ? NULL : "an updated_at that is no time";
    case MGW_CHANGE_PUT_RECORD:
        return result->version > 0 ? NULL : "a version less than 1";
    default:
        return NULL;
    }
}

/* Longer texts than there may be are cut: what is emitted behind them is longer still, and refused.
 */
static void keep(char to[ROWS_TEXT_MAX + 1], const char *text)
{
    size_t length = text ? strnlen(text, ROWS_TEXT_MAX) : 0;
    memcpy(to, text ? text : "", length);
    to[length] = '\0';
}

void rows_last_set(struct rows_last *last, int64_t at, const char *account, const char *id)
{
    last->begun = true;
    last->at = at;
    keep(last->account, account);
    keep(last->id, id);
}
