/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads through the gateway, for stores that presign no PUT: the same URL, as good and as
 * narrow as a store's. SHA-256 as the bytes pass; the row keeps it from when the blob is published,
 * so that only the one who published says what it is. One thread a PUT. */
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/log.h"
#include "core/media/direct_record.h"
#include "core/media/direct_urls.h"
#include "core/media/readback.h"
#include "core/media/row.h"
#include "core/media/url.h"

#include <openssl/evp.h>
#include <string.h>

struct mgw_direct_put {
    struct mgw_media *media;
    struct mgw_row *row;
    struct store_writer *writer;
    EVP_MD_CTX *sha256, *md5;   /* `md5` NULL: none was declared */
    char *content_md5, *digest; /* as declared; `digest` in hex; NULL: none */
    uint64_t bytes;
    int64_t kept_at; /* when the lease was last renewed, monotonic ms */
};

static void put_free(struct mgw_direct_put *put)
{
    EVP_MD_CTX_free(put->sha256);
    EVP_MD_CTX_free(put->md5);
    free(put->row);
    free(put->content_md5);
    free(put->digest);
    free(put);
}

static enum mgw_status check_request(struct mgw_call *call, const struct url_put *asked,
                                     const struct mgw_direct_put_request *request)
{
    const char *type = request->content_type, *md5 = request->content_md5_header;
    if (request->content_length != asked->length) {
        return mgw_fail(call, MGW_INVALID, "Content-Length must be %llu, as the URL is signed for",
                        (unsigned long long)asked->length);
    }
    if (!type || strcmp(type, asked->type) != 0) {
        return mgw_fail(call, MGW_INVALID, "Content-Type must be %s, as the URL is signed for",
                        asked->type);
    }
    if (asked->content_md5 ? !md5 || strcmp(md5, asked->content_md5) != 0 : md5 != NULL) {
        return mgw_fail(call, MGW_INVALID,
                        "Content-MD5 must be what the upload declared, and is not");
    }
    return MGW_OK;
}

/* The row that the URL is for, as long as it waits for its bytes. */
static enum mgw_status find_row(struct mgw_media *media, struct mgw_call *call,
                                const struct url_put *asked, struct mgw_row **row)
{
    enum mgw_status status = media_outside(
        rows_get_by_blob(media->rows, call, asked->bucket, asked->key, row_keep, row));
    if (status == MGW_OK && !*row) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    if (status == MGW_NOT_FOUND || (status == MGW_OK && (*row)->status != MGW_ROW_UPLOADING)) {
        return mgw_fail(call, MGW_NOT_FOUND, "the upload is not waiting for bytes any more");
    }
    return status;
}

static enum mgw_status check_absent(struct mgw_media *media, struct mgw_call *call,
                                    const struct mgw_row *row)
{
    struct mgw_blob blob = {sizeof blob, row->bucket, row->key};
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = store_stat(media->store, call, &blob, &stat);
    if (status == MGW_OK) {
        return mgw_fail(call, MGW_EXISTS, "the bytes are there already");
    }
    call_clear(call);
    return status == MGW_NOT_FOUND ? MGW_OK : media_outside(status);
}

static char *dup_or_null(const char *text)
{
    return text ? strdup(text) : NULL;
}

static bool put_init(struct mgw_direct_put *put, const struct url_put *asked)
{
    put->sha256 = EVP_MD_CTX_new();
    put->md5 = asked->content_md5 ? EVP_MD_CTX_new() : NULL;
    put->content_md5 = dup_or_null(asked->content_md5);
    put->digest = dup_or_null(asked->sha256);
    put->kept_at = clock_mono_ms();
    return put->sha256 && EVP_DigestInit_ex(put->sha256, EVP_sha256(), NULL) &&
           (!asked->sha256 || put->digest) &&
           (!asked->content_md5 ||
            (put->content_md5 && put->md5 && EVP_DigestInit_ex(put->md5, EVP_md5(), NULL)));
}

static enum mgw_status begin_blob(struct mgw_direct_put *put, struct mgw_call *call)
{
    struct store *store = put->media->store;
    struct mgw_blob blob = {sizeof blob, put->row->bucket, put->row->key};
    const char *metadata[7];
    struct mgw_put how = direct_put(put->row, metadata);
    if (!(store_limits(store)->capabilities & MGW_STORAGE_IF_ABSENT)) {
        how.flags &= ~MGW_PUT_IF_ABSENT;
    }
    return media_outside(store_put_begin(store, call, &blob, &how, &put->writer));
}

enum mgw_status mgw_direct_put_begin(struct mgw_media *media, struct mgw_call *call,
                                     const struct mgw_direct_put_request *request,
                                     struct mgw_direct_put **out)
{
    call_clear(call);
    struct url_put asked;
    enum mgw_status status = url_check_put(media, call, request, &asked);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_direct_put *put = calloc(1, sizeof *put);
    if (!put) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    put->media = media;
    status = find_row(media, call, &asked, &put->row);
    if (status == MGW_OK) {
        status = check_request(call, &asked, request);
    }
    if (status == MGW_OK) {
        status = check_absent(media, call, put->row);
    }
    if (status == MGW_OK && !put_init(put, &asked)) {
        status = mgw_fail(call, MGW_IO, "out of memory");
    }
    if (status == MGW_OK) {
        status = begin_blob(put, call);
    }
    if (status != MGW_OK) {
        put_free(put);
        return status;
    }
    *out = put;
    return MGW_OK;
}

const char *mgw_direct_put_account(const struct mgw_direct_put *put)
{
    return put->row->account_id;
}

/* The row waits on while bytes come. */
static enum mgw_status keep_lease(struct mgw_direct_put *put, struct mgw_call *call)
{
    int64_t now = clock_mono_ms(), ttl_ms = put->media->direct_ttl_sec * 1000;
    if (now - put->kept_at < ttl_ms / 2) {
        return MGW_OK;
    }
    put->kept_at = now;
    enum mgw_status status =
        readback_keep(put->media, call, put->row, NULL, direct_lease_ms(put->media, ttl_ms));
    bool gone = status == MGW_CONFLICT || status == MGW_STALE || status == MGW_NOT_FOUND;
    if (gone) {
        return mgw_fail(call, MGW_NOT_FOUND, "the upload was given up in the meantime");
    }
    call_clear(call); /* whatever else it is, the bytes can go on */
    return MGW_OK;
}

enum mgw_status mgw_direct_put_write(struct mgw_direct_put *put, struct mgw_call *call,
                                     const void *bytes, size_t length)
{
    call_clear(call);
    if (length > (uint64_t)put->row->size_bytes - put->bytes) {
        return mgw_fail(call, MGW_INVALID, "more bytes came than the URL is signed for");
    }
    enum mgw_status status = keep_lease(put, call);
    if (status != MGW_OK) {
        return status;
    }
    if (!EVP_DigestUpdate(put->sha256, bytes, length) ||
        (put->md5 && !EVP_DigestUpdate(put->md5, bytes, length))) {
        return mgw_fail(call, MGW_IO, "a digest failed");
    }
    put->bytes += length;
    return media_outside(store_put_write(put->writer, call, bytes, length));
}

/* Whether the bytes are those that were declared; their own digest in CHECKSUM. */
static enum mgw_status check_digests(struct mgw_direct_put *put, struct mgw_call *call,
                                     char checksum[READBACK_CHECKSUM_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (put->bytes != (uint64_t)put->row->size_bytes) {
        return mgw_fail(call, MGW_INVALID, "fewer bytes came than the URL is signed for");
    }
    if (!EVP_DigestFinal_ex(put->sha256, digest, &length)) {
        return mgw_fail(call, MGW_IO, "SHA-256 failed");
    }
    memcpy(checksum, "sha256:", 7);
    id_hex(digest, length, checksum + 7);
    if (put->digest && strcmp(put->digest, checksum + 7) != 0) {
        return mgw_fail(call, MGW_CORRUPT, "the bytes have not the digest that was declared");
    }
    if (!put->md5) {
        return MGW_OK;
    }
    if (!EVP_DigestFinal_ex(put->md5, digest, &length)) {
        return mgw_fail(call, MGW_IO, "MD5 failed");
    }
    EVP_EncodeBlock(text, digest, (int)length);
    return strcmp((const char *)text, put->content_md5) == 0
               ? MGW_OK
               : mgw_fail(call, MGW_CORRUPT, "the bytes have not the declared Content-MD5");
}

static enum mgw_status publish(struct mgw_direct_put *put, struct mgw_call *call)
{
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = store_put_commit(put->writer, call, &stat);
    bool perhaps = status == MGW_UNKNOWN_OUTCOME;
    if (status == MGW_UNAVAILABLE || perhaps) {
        status = store_put_commit(put->writer, call, &stat);
    }
    if (status == MGW_OK) {
        put->writer = NULL;
        return MGW_OK;
    }
    if (perhaps) {
        return mgw_fail(call, MGW_UNKNOWN_OUTCOME, "whether the bytes are there is not known");
    }
    return status == MGW_EXISTS ? mgw_fail(call, MGW_EXISTS, "the bytes are there already")
                                : media_outside(status);
}

/* The blob is published: its digest goes into the row, or, where that is gone, the blob goes. */
static enum mgw_status settle(struct mgw_direct_put *put, struct mgw_call *call,
                              const char *checksum)
{
    struct mgw_media *media = put->media;
    int64_t lease_ms = direct_lease_ms(media, media->direct_ttl_sec * 1000);
    enum mgw_status status = readback_keep(media, call, put->row, checksum, lease_ms);
    if (status == MGW_OK) {
        return MGW_OK;
    }
    AUTO_FREE struct mgw_row *row = NULL;
    enum mgw_status seen = rows_get(media->rows, call, put->row->id, row_keep, &row);
    bool lives = row && (row->status == MGW_ROW_READY || row->status == MGW_ROW_UPLOADING);
    if (seen != MGW_OK && seen != MGW_NOT_FOUND) {
        return media_outside(seen); /* the row says what becomes of the blob */
    }
    if (lives) {
        call_clear(call); /* complete reads the blob back where the row lacks its digest */
        return MGW_OK;
    }
    media_purge(media, call, put->row);
    return mgw_fail(call, MGW_NOT_FOUND, "the upload was given up in the meantime");
}

enum mgw_status mgw_direct_put_finish(struct mgw_direct_put *put, struct mgw_call *call)
{
    call_clear(call);
    char checksum[READBACK_CHECKSUM_SIZE];
    enum mgw_status status = check_digests(put, call, checksum);
    if (status == MGW_OK) {
        status = media_outside(store_put_prepare(put->writer, call));
    }
    if (status == MGW_OK) {
        status = publish(put, call);
    }
    if (status == MGW_OK) {
        status = settle(put, call, checksum);
    }
    if (put->writer) {
        store_put_abort(put->writer, call);
    }
    put_free(put);
    return status;
}

void mgw_direct_put_abort(struct mgw_direct_put *put, struct mgw_call *call)
{
    AUTO_CALL struct mgw_call *own = call_new("", NULL, 10000);
    store_put_abort(put->writer, own ? own : call);
    put_free(put);
}
