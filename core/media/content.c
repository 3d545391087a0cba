/* SPDX-License-Identifier: Apache-2.0
 *
 * What a signed URL opens. The row says type, digest and whether the recording is still there; the
 * store gives the bytes. */
#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/media/internal.h"
#include "core/media/mime.h"
#include "core/media/row.h"
#include "core/media/url.h"

#include <stddef.h>
#include <string.h>

struct mgw_content {
    struct mgw_media *media;
    struct store_reader *reader;
    struct mgw_row *row;
    char *etag, *file_name;
    struct mgw_content_info info;
};

static enum mgw_status find_row(struct mgw_media *media, struct mgw_call *call,
                                const struct mgw_content_request *request, struct mgw_row **row)
{
    uint64_t ticket;
    *row = cache_get(media->cache, request->bucket, request->key, &ticket);
    if (*row) {
        return MGW_OK;
    }
    enum mgw_status status = media_outside(
        rows_get_by_blob(media->rows, call, request->bucket, request->key, row_keep, row));
    if (status == MGW_OK && !*row) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    if (status == MGW_NOT_FOUND || (status == MGW_OK && (*row)->status != MGW_ROW_READY)) {
        return mgw_fail(call, MGW_NOT_FOUND, "the recording is not there any more");
    }
    if (status == MGW_OK) {
        cache_put(media->cache, *row, ticket);
    }
    return status;
}

static enum mgw_status open_blob(struct mgw_content *content, struct mgw_call *call,
                                 struct mgw_stat *stat)
{
    struct mgw_blob blob = {sizeof blob, content->row->bucket, content->row->key};
    enum mgw_status status =
        media_outside(store_open(content->media->store, call, &blob, NULL, &content->reader, stat));
    if (status == MGW_NOT_FOUND ||
        (status == MGW_OK && stat->bytes != (uint64_t)content->row->size_bytes)) {
        /* A delete on another node within the cache's time looks like this too. */
        cache_drop(content->media->cache, blob.bucket, blob.key);
        log_event(LOG_LEVEL_ERROR, "a ready recording lacks its bytes",
                  LOG_TEXT("id", content->row->id), LOG_TEXT("bucket", blob.bucket),
                  LOG_TEXT("key", blob.key));
        status = status == MGW_OK
                     ? mgw_fail(call, MGW_CORRUPT, "the blob has another size than its row")
                     : mgw_fail(call, MGW_NOT_FOUND, "the recording is not there any more");
    }
    return status;
}

static enum mgw_status fill_info(struct mgw_content *content, struct mgw_call *call,
                                 const struct mgw_content_request *request,
                                 const struct mgw_stat *stat, int64_t expires_at)
{
    const struct mgw_row *row = content->row;
    const char *digest =
        row->checksum && strncmp(row->checksum, "sha256:", 7) == 0 ? row->checksum + 7 : stat->etag;
    content->etag = strdup(digest);
    content->file_name = request->file_name ? strdup(request->file_name) : NULL;
    if (!content->etag || (request->file_name && !content->file_name)) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    content->info = (struct mgw_content_info){
        .size = sizeof content->info,
        .bytes = stat->bytes,
        .mime_type = row->mime_type ? row->mime_type : "application/octet-stream",
        .checksum = row->checksum,
        .etag = content->etag,
        .modified_at = row->updated_at != MGW_ABSENT ? row->updated_at : row->created_at,
        .expires_at = expires_at,
        .file_name = content->file_name,
    };
    content->info.attachment = request->disposition || !mime_is_inline(content->info.mime_type);
    return MGW_OK;
}

enum mgw_status mgw_content_open(struct mgw_media *media, struct mgw_call *call,
                                 const struct mgw_content_request *request,
                                 struct mgw_content **out)
{
    call_clear(call);
    int64_t expires_at = 0;
    enum mgw_status status = url_check(media, call, request, &expires_at);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_content *content = calloc(1, sizeof *content);
    if (!content) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    content->media = media;
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)}; /* the row's count */
    status = find_row(media, call, request, &content->row);
    if (status == MGW_OK) {
        status = open_blob(content, call, &stat);
    }
    if (status == MGW_OK) {
        status = fill_info(content, call, request, &stat, expires_at);
    }
    if (status != MGW_OK) {
        mgw_content_close(content);
        return status;
    }
    *out = content;
    return MGW_OK;
}

const struct mgw_content_info *mgw_content_info(const struct mgw_content *content)
{
    return &content->info;
}

enum mgw_status mgw_content_descriptor(struct mgw_content *content, struct mgw_call *call, int *fd,
                                       uint64_t *offset)
{
    call_clear(call);
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    enum mgw_status status = store_descriptor(content->reader, call, &file);
    if (status == MGW_OK) {
        *fd = file.fd;
        *offset = file.offset;
    }
    return status;
}

enum mgw_status mgw_content_read(struct mgw_content *content, struct mgw_call *call,
                                 uint64_t offset, void *buffer, size_t length, size_t *got)
{
    call_clear(call);
    return store_read(content->reader, call, offset, buffer, length, got);
}

void mgw_content_advise(struct mgw_content *content, struct mgw_call *call, uint64_t offset,
                        uint64_t length)
{
    call_clear(call);
    store_advise(content->reader, call, offset, length);
}

void mgw_content_close(struct mgw_content *content)
{
    if (!content) {
        return;
    }
    if (content->reader) {
        store_close(content->reader);
    }
    free(content->row);
    free(content->etag);
    free(content->file_name);
    free(content);
}
