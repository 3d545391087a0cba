/* SPDX-License-Identifier: Apache-2.0
 *
 * See sniff.h. */
#include "core/media/sniff.h"

#include "core/media/mime.h"

#include <magic.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static pthread_mutex_t sniff_lock = PTHREAD_MUTEX_INITIALIZER;
static magic_t sniff_cookie;
static bool sniff_tried; /* a database that is not there is not looked for at each upload */

/* The lock is held. What looks inside containers is left out: it parses more than a type needs. */
static magic_t sniff_open(void)
{
    if (!sniff_tried) {
        sniff_tried = true;
        sniff_cookie = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                                  MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_ELF);
        if (sniff_cookie && magic_load(sniff_cookie, NULL) != 0) {
            magic_close(sniff_cookie);
            sniff_cookie = NULL;
        }
    }
    return sniff_cookie;
}

char *sniff_mime(const void *bytes, size_t length)
{
    pthread_mutex_lock(&sniff_lock);
    magic_t cookie = length > 0 ? sniff_open() : NULL;
    const char *type =
        cookie ? magic_buffer(cookie, bytes, length < SNIFF_BYTES ? length : SNIFF_BYTES) : NULL;
    char *copy = strdup(type && !mime_check(type) ? type : "application/octet-stream");
    pthread_mutex_unlock(&sniff_lock);
    return copy;
}

void sniff_release(void)
{
    pthread_mutex_lock(&sniff_lock);
    if (sniff_cookie) {
        magic_close(sniff_cookie);
    }
    sniff_cookie = NULL;
    sniff_tried = false;
    pthread_mutex_unlock(&sniff_lock);
}
