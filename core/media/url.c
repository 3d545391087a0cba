/* SPDX-License-Identifier: Apache-2.0
 *
 * See url.h. */
#include "core/media/url.h"

#include "core/base/buf.h"
#include "core/base/clock.h"

#include <string.h>

enum { FIELDS = 5, PUT_FIELDS = 7 };

/* Begins URL: all that stands before the parameters of its kind. */
static void put_head(const struct mgw_media *media, struct buf *url, const char *bucket,
                     const char *key, const char *expires, const char *kid)
{
    buf_room(url, 512);
    buf_text(url, media->public_url);
    buf_text(url, "/media/");
    buf_percent(url, bucket, false);
    buf_text(url, "/");
    buf_percent(url, key, true);
    buf_text(url, "?expires=");
    buf_text(url, expires);
    buf_text(url, "&kid=");
    buf_text(url, kid);
}

static void put_param(struct buf *url, const char *name, const char *value)
{
    if (value) {
        buf_text(url, "&");
        buf_text(url, name);
        buf_text(url, "=");
        buf_percent(url, value, false);
    }
}

/* The keys are held. */
static char *sign(const struct mgw_media *media, const char *bucket, const char *key,
                  int64_t expires_sec, const char *file_name)
{
    AUTO_BUF struct buf expires = {0};
    AUTO_BUF struct buf url = {0};
    buf_number(&expires, expires_sec);
    if (expires.failed) {
        return NULL;
    }
    const char *kid = sign_key_id(media->keys);
    const char *fields[FIELDS] = {bucket, key, expires.data, file_name ? "attachment" : NULL,
                                  file_name};
    char sig[SIGN_TEXT];
    if (!sign_make(media->keys, SIGN_GET, kid, fields, FIELDS, sig)) {
        return NULL;
    }
    put_head(media, &url, bucket, key, expires.data, kid);
    put_param(&url, "disposition", file_name ? "attachment" : NULL);
    put_param(&url, "filename", file_name);
    put_param(&url, "sig", sig);
    return buf_take(&url);
}

char *url_sign(struct mgw_media *media, const char *bucket, const char *key, int64_t expires_sec,
               const char *file_name)
{
    pthread_rwlock_rdlock(&media->keys_lock);
    char *url = sign(media, bucket, key, expires_sec, file_name);
    pthread_rwlock_unlock(&media->keys_lock);
    return url;
}

/* A number of at most MOST digits in the one spelling that we write; -1 where it is none. */
static int64_t parse_number(const char *text, size_t most)
{
    size_t length = strlen(text);
    if (length < 1 || length > most || strspn(text, "0123456789") != length ||
        (text[0] == '0' && length > 1)) {
        return -1;
    }
    return strtoll(text, NULL, 10);
}

/* Seconds since the epoch; -1 where it is none. */
static int64_t parse_expires(const char *text)
{
    int64_t seconds = parse_number(text, 12);
    return seconds == 0 ? -1 : seconds;
}

static enum mgw_status check_time(struct mgw_call *call, bool good, int64_t expires)
{
    if (!good || expires < 0) {
        return mgw_fail(call, MGW_DENIED, "the URL's signature is wrong");
    }
    if (expires * 1000 <= clock_wall_ms()) {
        return mgw_fail(call, MGW_DENIED, "the URL has expired; ask for a new one");
    }
    return MGW_OK;
}

enum mgw_status url_check(struct mgw_media *media, struct mgw_call *call,
                          const struct mgw_content_request *request, int64_t *expires_at)
{
    if (!request->expires || !request->kid || !request->sig) {
        return mgw_fail(call, MGW_DENIED, "the URL is not signed");
    }
    int64_t expires = parse_expires(request->expires);
    const char *fields[FIELDS] = {request->bucket, request->key, request->expires,
                                  request->disposition, request->file_name};
    pthread_rwlock_rdlock(&media->keys_lock);
    bool good = sign_check(media->keys, SIGN_GET, request->kid, fields, FIELDS, request->sig);
    pthread_rwlock_unlock(&media->keys_lock);
    *expires_at = expires * 1000;
    return check_time(call, good, expires);
}

static char *sign_put(const struct mgw_media *media, const struct url_put *put, int64_t expires_sec)
{
    AUTO_BUF struct buf expires = {0};
    AUTO_BUF struct buf length = {0};
    AUTO_BUF struct buf url = {0};
    buf_number(&expires, expires_sec);
    buf_number(&length, (int64_t)put->length);
    if (expires.failed || length.failed) {
        return NULL;
    }
    const char *kid = sign_key_id(media->keys);
    const char *fields[PUT_FIELDS] = {put->bucket, put->key,         expires.data, length.data,
                                      put->type,   put->content_md5, put->sha256};
    char sig[SIGN_TEXT];
    if (!sign_make(media->keys, SIGN_PUT, kid, fields, PUT_FIELDS, sig)) {
        return NULL;
    }
    put_head(media, &url, put->bucket, put->key, expires.data, kid);
    put_param(&url, "size", length.data);
    put_param(&url, "type", put->type);
    put_param(&url, "md5", put->content_md5);
    put_param(&url, "sha256", put->sha256);
    put_param(&url, "sig", sig);
    return buf_take(&url);
}

char *url_sign_put(struct mgw_media *media, const struct url_put *put, int64_t expires_sec)
{
    pthread_rwlock_rdlock(&media->keys_lock);
    char *url = sign_put(media, put, expires_sec);
    pthread_rwlock_unlock(&media->keys_lock);
    return url;
}

enum mgw_status url_check_put(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_direct_put_request *request, struct url_put *put)
{
    if (!request->expires || !request->kid || !request->length || !request->type || !request->sig) {
        return mgw_fail(call, MGW_DENIED, "the URL is not signed for a PUT");
    }
    int64_t length = parse_number(request->length, 18);
    const char *fields[PUT_FIELDS] = {request->bucket, request->key,  request->expires,
                                      request->length, request->type, request->content_md5,
                                      request->sha256};
    pthread_rwlock_rdlock(&media->keys_lock);
    bool good = sign_check(media->keys, SIGN_PUT, request->kid, fields, PUT_FIELDS, request->sig);
    pthread_rwlock_unlock(&media->keys_lock);
    *put = (struct url_put){
        .bucket = request->bucket,
        .key = request->key,
        .length = (uint64_t)length,
        .type = request->type,
        .content_md5 = request->content_md5,
        .sha256 = request->sha256,
    };
    return check_time(call, good && length >= 0, parse_expires(request->expires));
}
