/* SPDX-License-Identifier: Apache-2.0
 *
 * See url.h. */
#include "core/media/url.h"

#include "core/base/buf.h"
#include "core/base/clock.h"

#include <string.h>

enum { FIELDS = 5 };

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
    buf_room(&url, 512);
    buf_text(&url, media->public_url);
    buf_text(&url, "/media/");
    buf_percent(&url, bucket, false);
    buf_text(&url, "/");
    buf_percent(&url, key, true);
    buf_text(&url, "?expires=");
    buf_text(&url, expires.data);
    buf_text(&url, "&kid=");
    buf_text(&url, kid);
    if (file_name) {
        buf_text(&url, "&disposition=attachment&filename=");
        buf_percent(&url, file_name, false);
    }
    buf_text(&url, "&sig=");
    buf_text(&url, sig);
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

/* Seconds since the epoch in the one spelling that we write; -1 where it is none. */
static int64_t parse_expires(const char *text)
{
    size_t length = strlen(text);
    if (length < 1 || length > 12 || strspn(text, "0123456789") != length || text[0] == '0') {
        return -1;
    }
    return strtoll(text, NULL, 10);
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
    if (!good || expires < 0) {
        return mgw_fail(call, MGW_DENIED, "the URL's signature is wrong");
    }
    if (expires * 1000 <= clock_wall_ms()) {
        return mgw_fail(call, MGW_DENIED, "the URL has expired; ask for a new one");
    }
    *expires_at = expires * 1000;
    return MGW_OK;
}
