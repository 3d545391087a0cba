/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed content URLs: /media/{bucket}/{key}?expires=&kid=[&disposition=attachment&filename=]&sig=,
 * and, for a PUT, ?expires=&kid=&size=&type=[&md5=][&sha256=]&sig=. Everything but the signature is
 * signed. */
#ifndef MEDIA_URL_H
#define MEDIA_URL_H

#include "core/media/internal.h"

/* The URL, to be freed; FILE_NAME NULL: not an attachment. NULL when memory is short. */
char *url_sign(struct mgw_media *media, const char *bucket, const char *key, int64_t expires_sec,
               const char *file_name);
/* MGW_DENIED with a text for a URL that is not ours, was altered or is over; *EXPIRES_AT in ms. */
enum mgw_status url_check(struct mgw_media *media, struct mgw_call *call,
                          const struct mgw_content_request *request, int64_t *expires_at);

/* What the URL of a gateway's own direct upload lets do: PUT exactly this. Absent digests are NULL.
 */
struct url_put {
    const char *bucket, *key;
    uint64_t length;
    const char *type;
    const char *content_md5; /* base64 */
    const char *sha256;      /* hex */
};
/* The URL, to be freed. NULL when memory is short. */
char *url_sign_put(struct mgw_media *media, const struct url_put *put, int64_t expires_sec);
/* As url_check; fills PUT with what was signed, borrowed from REQUEST. */
enum mgw_status url_check_put(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_direct_put_request *request, struct url_put *put);

#endif
