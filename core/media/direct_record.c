/* SPDX-License-Identifier: Apache-2.0
 *
 * See direct_record.h. */
#include "core/media/direct_record.h"

#include "core/base/buf.h"
#include "core/base/id.h"
#include "core/base/log.h"

#include <jansson.h>
#include <string.h>

#define RECORD_KIND "direct"

enum { LATE_TTLS = 4 };

static const char *const modes[] = {
    [DIRECT_GATEWAY] = "gateway", [DIRECT_PUT] = "put", [DIRECT_PARTS] = "parts"};
enum { MODES = sizeof modes / sizeof *modes };

void direct_release(struct direct *direct)
{
    free(direct->checksum);
    free(direct->content_md5);
    direct->checksum = direct->content_md5 = NULL;
}

static char *copy_text(const json_t *json)
{
    const char *text = json_string_value(json);
    return text ? strdup(text) : NULL;
}

/* False where TEXT is none of ours. */
static bool parse(const char *text, struct direct *direct)
{
    json_t *json = json_loads(text, 0, NULL);
    const char *mode = json_string_value(json_object_get(json, "mode"));
    const char *state = json_string_value(json_object_get(json, "state"));
    int i = 0;
    while (mode && i < MODES && strcmp(mode, modes[i]) != 0) {
        i++;
    }
    bool good = mode && i < MODES;
    direct->mode = (enum direct_mode)i;
    direct->mismatch = json_is_true(json_object_get(json, "mismatch"));
    direct->part_bytes = (uint64_t)json_integer_value(json_object_get(json, "partBytes"));
    direct->urls_end = json_integer_value(json_object_get(json, "urlsEnd"));
    direct->checksum = copy_text(json_object_get(json, "checksum"));
    direct->content_md5 = copy_text(json_object_get(json, "contentMd5"));
    direct->state_length = sizeof direct->state;
    if (good && direct->mode == DIRECT_PARTS) {
        good = state && direct->part_bytes > 0 &&
               id_unbase64url(state, direct->state, &direct->state_length);
    }
    json_decref(json);
    return good;
}

struct reading {
    struct direct *direct;
    bool good;
};

static bool keep_direct(void *ctx, const struct mgw_record *record)
{
    struct reading *reading = ctx;
    direct_release(reading->direct);
    reading->good = parse(record->text, reading->direct);
    reading->direct->version = record->version;
    return false;
}

enum mgw_status direct_read(struct mgw_media *media, struct mgw_call *call, const char *account,
                            const char *id, struct direct *direct)
{
    memset(direct, 0, sizeof *direct);
    struct reading reading = {.direct = direct};
    enum mgw_status status = media_outside(
        rows_get_record(media->rows, call, RECORD_KIND, account, id, keep_direct, &reading));
    if (status == MGW_OK && !reading.good) {
        status = mgw_fail(call, MGW_IO, "the record of a direct upload cannot be read");
    }
    return status;
}

char *direct_text(const struct direct *direct)
{
    char state[ID_BASE64URL_SIZE(MGW_UPLOAD_STATE_MAX)] = "";
    if (direct->mode == DIRECT_PARTS) {
        id_base64url(direct->state, direct->state_length, state);
    }
    json_t *json =
        json_pack("{s:s, s:I, s:s*, s:s*, s:s*, s:I, s:b}", "mode", modes[direct->mode], "urlsEnd",
                  (json_int_t)direct->urls_end, "checksum", direct->checksum, "contentMd5",
                  direct->content_md5, "state", direct->mode == DIRECT_PARTS ? state : NULL,
                  "partBytes", (json_int_t)direct->part_bytes, "mismatch", (int)direct->mismatch);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

struct mgw_record direct_record(const struct mgw_row *row, const char *text)
{
    return (struct mgw_record){.size = sizeof(struct mgw_record),
                               .kind = RECORD_KIND,
                               .account = row->account_id,
                               .id = row->id,
                               .text = text,
                               .expires_at = MGW_ABSENT};
}

int64_t direct_lease_ms(const struct mgw_media *media, int64_t urls_ms)
{
    int64_t late = media->direct_ttl_sec * 1000;
    return urls_ms + (late > media->lease_ms ? late : media->lease_ms);
}

int64_t direct_purge_after_ms(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row)
{
    struct direct direct;
    int64_t now = 0;
    enum mgw_status status = direct_read(media, call, row->account_id, row->id, &direct);
    int64_t urls_ms = 0, late = LATE_TTLS * media->direct_ttl_sec * 1000;
    if (status == MGW_OK) {
        status = rows_now(media->rows, call, &now);
        urls_ms = status == MGW_OK ? direct.urls_end - now : media->direct_ttl_sec * 1000;
    }
    direct_release(&direct);
    call_clear(call);
    int64_t grace = media_grace_ms(media);
    if (status == MGW_NOT_FOUND) {
        return grace;
    }
    /* A PUT that began in the URL's last moment takes its time. */
    return (urls_ms > 0 ? urls_ms : 0) + (late > grace ? late : grace);
}

enum mgw_status direct_abort(struct mgw_media *media, struct mgw_call *call,
                             const struct mgw_row *row, struct direct *direct)
{
    if (direct->mode != DIRECT_PARTS) {
        return MGW_OK;
    }
    struct mgw_opaque state = direct_state(direct);
    enum mgw_status status =
        store_upload_abort(media->store, call, &state, (uint64_t)row->fence + 1);
    if (status != MGW_OK) {
        log_event(LOG_LEVEL_WARN, "the parts of an upload could not be removed",
                  LOG_TEXT("id", row->id), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", call_text(call)));
    }
    return status;
}
