/* SPDX-License-Identifier: Apache-2.0
 *
 * See details.h. */
#include "core/media/details.h"

#include "core/base/id.h"
#include "core/media/checks.h"
#include "core/media/mime.h"
#include "core/media/sniff.h"

#include <string.h>
#include <strings.h>

#define VAGUE_TYPE "application/octet-stream"

bool details_type_is_vague(const char *type)
{
    return !type || *type == '\0' || strcasecmp(type, VAGUE_TYPE) == 0;
}

static enum mgw_status check_field(struct mgw_call *call, const char *name, const char *wrong)
{
    return wrong ? mgw_fail(call, MGW_INVALID, "%s: %s", name, wrong) : MGW_OK;
}

static enum mgw_status check_fields(struct mgw_call *call, const struct mgw_recording *recording)
{
    const struct {
        const char *name, *value;
        const char *(*check)(const char *);
    } texts[] = {
        {"mimeType", recording->mime_type, mime_check},
        {"kind", recording->kind, checks_kind},
        {"sessionId", recording->session_id, checks_session_id},
        {"ownerEmail", recording->owner_email, checks_owner_email},
        {"metadata", recording->metadata, checks_metadata},
        {"checksum", recording->checksum, checks_checksum},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].value) {
            enum mgw_status status =
                check_field(call, texts[i].name, texts[i].check(texts[i].value));
            if (status != MGW_OK) {
                return status;
            }
        }
    }
    enum mgw_status status = MGW_OK;
    if (recording->duration_ms != MGW_ABSENT) {
        status = check_field(call, "durationMs", checks_duration_ms(recording->duration_ms));
    }
    if (status == MGW_OK && recording->take_index != MGW_ABSENT) {
        status = check_field(call, "takeIndex", checks_take_index(recording->take_index));
    }
    return status;
}

/* The type that was told, unless it says nothing and is not asked for by name: then what the bytes
 * look like. */
static enum mgw_status settle_type(struct details *details, const struct mgw_media *media,
                                   struct mgw_call *call, const char *told, const char *hint,
                                   const struct buf *head)
{
    const char *const *allowed = (const char *const *)media->mime_types;
    const char *type = details_type_is_vague(told) && !details_type_is_vague(hint) ? hint : told;
    if (!type) {
        type = hint;
    }
    const char *wrong = type ? mime_check(type) : NULL;
    if (wrong) {
        return check_field(call, "mimeType", wrong);
    }
    bool by_name = type && mime_allowed(type, allowed);
    details->mime_type = details_type_is_vague(type) && !by_name
                             ? sniff_mime(head->data ? head->data : "", head->length)
                             : strdup(type);
    if (!details->mime_type) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    if (!mime_allowed(details->mime_type, allowed)) {
        return mgw_fail(call, MGW_UNSUPPORTED, "the type %s is not allowed here",
                        details->mime_type);
    }
    return MGW_OK;
}

static enum mgw_status settle_checksum(struct details *details, struct mgw_call *call,
                                       const char *announced, EVP_MD_CTX *sha256)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    if (!EVP_DigestFinal_ex(sha256, digest, &length)) {
        return mgw_fail(call, MGW_IO, "SHA-256 failed");
    }
    id_hex(digest, length, hex);
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "sha256:%s", hex);
    details->checksum = buf_take(&text);
    if (!details->checksum) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    if (announced && strcmp(announced, details->checksum) != 0) {
        return mgw_fail(call, MGW_CORRUPT,
                        "the bytes that came have the digest %s, announced was %s",
                        details->checksum, announced);
    }
    return MGW_OK;
}

/* One digest of all that a client said: what an Idempotency-Key stands for. */
static char *fingerprint(const struct mgw_row *row, const char *content)
{
    const char *const texts[] = {content,         row->mime_type,   row->kind,
                                 row->session_id, row->owner_email, row->metadata};
    AUTO_BUF struct buf all = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_printf(&all, "%zu:%s,", texts[i] ? strlen(texts[i]) : 0, texts[i] ? texts[i] : "-");
    }
    buf_printf(&all, "%lld,%lld", (long long)row->duration_ms, (long long)row->take_index);
    char hex[65];
    if (all.failed) {
        return NULL;
    }
    sign_sha256_hex(all.data, all.length, hex);
    return strdup(hex);
}

/* What RECORDING says goes into ROW; its type is in DETAILS. */
static enum mgw_status take(struct details *details, struct mgw_call *call,
                            const struct mgw_recording *recording, const char *content,
                            struct mgw_row *row)
{
    row->mime_type = details->mime_type;
    row->kind = recording->kind ? recording->kind : mime_kind(details->mime_type);
    row->duration_ms = recording->duration_ms == MGW_ABSENT ? 0 : recording->duration_ms;
    row->session_id = recording->session_id;
    row->take_index = recording->take_index;
    row->owner_email = recording->owner_email;
    row->metadata = recording->metadata;
    details->fingerprint = fingerprint(row, content);
    row->fingerprint = details->fingerprint;
    return row->fingerprint ? MGW_OK : mgw_fail(call, MGW_IO, "out of memory");
}

enum mgw_status details_fill(struct details *details, const struct mgw_media *media,
                             struct mgw_call *call, const struct mgw_recording *recording,
                             const char *hint, const struct buf *head, EVP_MD_CTX *sha256,
                             struct mgw_row *row)
{
    enum mgw_status status = check_fields(call, recording);
    if (status == MGW_OK) {
        status = settle_checksum(details, call, recording->checksum, sha256);
    }
    if (status == MGW_OK) {
        status = settle_type(details, media, call, recording->mime_type, hint, head);
    }
    if (status != MGW_OK) {
        return status;
    }
    row->checksum = details->checksum;
    return take(details, call, recording, details->checksum, row);
}

enum mgw_status details_declare(struct details *details, const struct mgw_media *media,
                                struct mgw_call *call, const struct mgw_recording *recording,
                                const char *extra, struct mgw_row *row)
{
    enum mgw_status status = check_fields(call, recording);
    if (status != MGW_OK) {
        return status;
    }
    if (!recording->mime_type) {
        return mgw_fail(call, MGW_INVALID, "mimeType: it must be given");
    }
    if (!mime_allowed(recording->mime_type, (const char *const *)media->mime_types)) {
        return mgw_fail(call, MGW_UNSUPPORTED, "the type %s is not allowed here",
                        recording->mime_type);
    }
    details->mime_type = strdup(recording->mime_type);
    return details->mime_type ? take(details, call, recording, extra, row)
                              : mgw_fail(call, MGW_IO, "out of memory");
}

void details_release(struct details *details)
{
    free(details->mime_type);
    free(details->checksum);
    free(details->fingerprint);
}
