/* SPDX-License-Identifier: Apache-2.0
 *
 * See fresh.h. */
#include "core/media/fresh.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/media/checks.h"

char *fresh_key(void)
{
    unsigned char random[16];
    char text[ID_BASE64URL_SIZE(sizeof random)], iso[CLOCK_ISO_SIZE];
    id_random(random, sizeof random);
    id_base64url(random, sizeof random, text);
    clock_iso(clock_wall_ms(), iso);
    AUTO_BUF struct buf key = {0};
    buf_printf(&key, "%.4s/%.2s/%.2s/%s", iso, iso + 5, iso + 8, text);
    return buf_take(&key);
}

enum mgw_status fresh_id(struct mgw_media *media, struct mgw_call *call, char id[FRESH_ID_SIZE])
{
    if (!media->generate_id) {
        id_uuid(id);
        return MGW_OK;
    }
    enum mgw_status status = media->generate_id(media->generate_id_ctx, id, FRESH_ID_SIZE);
    id[FRESH_ID_SIZE - 1] = '\0';
    const char *wrong = status == MGW_OK ? checks_id(id) : "it failed";
    return wrong ? mgw_fail(call, MGW_IO, "generate_id: %s", wrong) : MGW_OK;
}

enum mgw_status fresh_check_room(struct mgw_media *media, struct mgw_call *call, uint64_t length)
{
    if (store_limits(media->store)->capabilities & MGW_STORAGE_READ_ONLY) {
        return mgw_fail(call, MGW_DENIED, "the store is read-only: it takes no recordings");
    }
    if (length != UINT64_MAX && length > media->max_upload_bytes) {
        return mgw_fail(call, MGW_TOO_LARGE,
                        "the recording has %llu bytes; at most %llu are allowed",
                        (unsigned long long)length, (unsigned long long)media->max_upload_bytes);
    }
    if (media->min_free_bytes == 0) {
        return MGW_OK;
    }
    uint64_t unused = 0;
    if (store_free_bytes(media->store, call, &unused) == MGW_OK && unused < media->min_free_bytes) {
        return mgw_fail(call, MGW_NO_SPACE, "the store is below its reserve of free space");
    }
    call_clear(call);
    return MGW_OK;
}
