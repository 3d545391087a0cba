/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed content URLs: /media/{bucket}/{key}?expires=&kid=[&disposition=attachment&filename=]&sig=.
 * Everything but the signature is signed. */
#ifndef MEDIA_URL_H
#define MEDIA_URL_H

#include "core/media/internal.h"

/* The URL, to be freed; FILE_NAME NULL: not an attachment. NULL when memory is short. */
char *url_sign(struct mgw_media *media, const char *bucket, const char *key, int64_t expires_sec,
               const char *file_name);
/* MGW_DENIED with a text for a URL that is not ours, was altered or is over; *EXPIRES_AT in ms. */
enum mgw_status url_check(struct mgw_media *media, struct mgw_call *call,
                          const struct mgw_content_request *request, int64_t *expires_at);

#endif
