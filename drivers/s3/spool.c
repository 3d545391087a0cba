/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include <mediagw/help/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

enum mgw_status spool_open(struct mgw_call *call, const struct s3 *s3, struct spool *spool)
{
    *spool = (struct spool){.s3 = s3, .fd = -1};
    spool->sha256 = EVP_MD_CTX_new();
    spool->md5 = s3->content_md5 ? EVP_MD_CTX_new() : NULL;
    if (!spool->sha256 || !EVP_DigestInit_ex(spool->sha256, EVP_sha256(), NULL) ||
        (s3->content_md5 && (!spool->md5 || !EVP_DigestInit_ex(spool->md5, EVP_md5(), NULL)))) {
        spool_close(spool);
        return s3_no_memory(call);
    }
    return MGW_OK;
}

static bool write_all(int fd, const void *bytes, size_t length, uint64_t offset)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t done = pwrite(fd, from, length, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        from += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return true;
}

static enum mgw_status fail(struct mgw_call *call, const struct spool *spool)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return mgw_fail(call, full ? MGW_NO_SPACE : MGW_IO, "spooling to spool_dir %s: %s",
                    spool->s3->spool_dir, strerror(errno));
}

/* A file that is gone with its descriptor, also after kill -9. */
static int open_file(const struct s3 *s3)
{
    int fd = open(s3->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) {
        return fd;
    }
    AUTO_TEXT struct text path = {0};
    text_printf(&path, "%s/mediagw-spool-XXXXXX", s3->spool_dir);
    fd = path.failed ? -1 : mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path.data);
    }
    return fd;
}

static enum mgw_status spill(struct mgw_call *call, struct spool *spool)
{
    spool->fd = open_file(spool->s3);
    if (spool->fd < 0 || !write_all(spool->fd, spool->memory, (size_t)spool->length, 0)) {
        return fail(call, spool);
    }
    free(spool->memory);
    spool->memory = NULL;
    spool->capacity = 0;
    return MGW_OK;
}

static enum mgw_status keep(struct mgw_call *call, struct spool *spool, const void *bytes,
                            size_t length)
{
    size_t need = (size_t)spool->length + length;
    if (need > spool->capacity) {
        size_t capacity = spool->capacity ? spool->capacity : 4096;
        while (capacity < need) {
            capacity *= 2;
        }
        unsigned char *memory = realloc(spool->memory, capacity);
        if (!memory) {
            return s3_no_memory(call);
        }
        spool->memory = memory;
        spool->capacity = capacity;
    }
    memcpy(spool->memory + spool->length, bytes, length);
    return MGW_OK;
}

enum mgw_status spool_write(struct mgw_call *call, struct spool *spool, const void *bytes,
                            size_t length)
{
    if (length == 0) {
        return MGW_OK;
    }
    enum mgw_status status = MGW_OK;
    if (spool->fd < 0 && spool->length + length > SPOOL_MEMORY) {
        status = spill(call, spool);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (spool->fd < 0) {
        status = keep(call, spool, bytes, length);
    } else if (!write_all(spool->fd, bytes, length, spool->length)) {
        status = fail(call, spool);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (!EVP_DigestUpdate(spool->sha256, bytes, length) ||
        (spool->md5 && !EVP_DigestUpdate(spool->md5, bytes, length))) {
        return mgw_fail(call, MGW_IO, "a digest failed");
    }
    spool->length += length;
    return MGW_OK;
}

enum mgw_status spool_seal(struct mgw_call *call, struct spool *spool)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (spool->sealed) {
        return MGW_OK;
    }
    if (!EVP_DigestFinal_ex(spool->sha256, digest, NULL)) {
        return mgw_fail(call, MGW_IO, "a digest failed");
    }
    mgw_hex(digest, 32, spool->sha256_hex);
    if (spool->md5) {
        if (!EVP_DigestFinal_ex(spool->md5, digest, NULL)) {
            return mgw_fail(call, MGW_IO, "a digest failed");
        }
        EVP_EncodeBlock((unsigned char *)spool->md5_base64, digest, 16);
    }
    spool->sealed = true;
    return MGW_OK;
}

void spool_attach(const struct spool *spool, struct request *request)
{
    request->body = (struct lane_body){
        .bytes = spool->fd < 0 ? (spool->memory ? (const void *)spool->memory : "") : NULL,
        .fd = spool->fd,
        .length = spool->length,
    };
    request->body_sent = true;
    request->sha256 = spool->sha256_hex;
    if (spool->md5) {
        request_header(request, "content-md5", spool->md5_base64);
    }
}

void spool_close(struct spool *spool)
{
    EVP_MD_CTX_free(spool->md5);
    EVP_MD_CTX_free(spool->sha256);
    free(spool->memory);
    if (spool->fd >= 0) {
        close(spool->fd);
    }
    *spool = (struct spool){.fd = -1};
}
