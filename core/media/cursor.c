/* SPDX-License-Identifier: Apache-2.0
 *
 * See cursor.h. The text is base64url of "created_at.kid.sig.id". */
#include "core/media/cursor.h"

#include "core/base/buf.h"
#include "core/base/id.h"

#include <string.h>

enum { FIELDS = 6, CURSOR_MAX = 512 };

static bool sign(struct mgw_media *media, const char *kid, const struct mgw_row_query *query,
                 const char *created_at, const char *id, const char *check, char *out)
{
    char status[16];
    snprintf(status, sizeof status, "%u", query->status);
    const char *fields[FIELDS] = {query->account_id, status,     query->kind,
                                  query->session_id, created_at, id};
    return check ? sign_check(media->keys, SIGN_CURSOR, kid, fields, FIELDS, check)
                 : sign_make(media->keys, SIGN_CURSOR, kid, fields, FIELDS, out);
}

/* The keys are held. */
static char *make(struct mgw_media *media, const struct mgw_row_query *query,
                  const struct mgw_row *last)
{
    char created_at[24], sig[SIGN_TEXT];
    snprintf(created_at, sizeof created_at, "%lld", (long long)last->created_at);
    const char *kid = sign_key_id(media->keys);
    if (!sign(media, kid, query, created_at, last->id, NULL, sig)) {
        return NULL;
    }
    AUTO_BUF struct buf plain = {0};
    buf_printf(&plain, "%s %s %s %s", created_at, kid, sig, last->id);
    char *text = plain.failed ? NULL : malloc(ID_BASE64URL_SIZE(plain.length));
    if (text) {
        id_base64url(plain.data, plain.length, text);
    }
    return text;
}

char *cursor_make(struct mgw_media *media, const struct mgw_row_query *query,
                  const struct mgw_row *last)
{
    pthread_rwlock_rdlock(&media->keys_lock);
    char *cursor = make(media, query, last);
    pthread_rwlock_unlock(&media->keys_lock);
    return cursor;
}

bool cursor_read(struct mgw_media *media, struct mgw_call *call, const char *cursor,
                 struct mgw_row_query *query)
{
    char plain[CURSOR_MAX];
    size_t length = sizeof plain - 1;
    if (!id_unbase64url(cursor, plain, &length) || memchr(plain, '\0', length)) {
        return false;
    }
    plain[length] = '\0';
    char *rest = plain;
    const char *created_at = strsep(&rest, " ");
    const char *kid = rest ? strsep(&rest, " ") : NULL;
    const char *sig = rest ? strsep(&rest, " ") : NULL;
    const char *id = rest;
    pthread_rwlock_rdlock(&media->keys_lock);
    bool good =
        created_at && kid && sig && id && sign(media, kid, query, created_at, id, sig, NULL);
    pthread_rwlock_unlock(&media->keys_lock);
    if (!good) {
        return false;
    }
    query->after_created_at = strtoll(created_at, NULL, 10);
    query->after_id = call_strdup(call, id);
    return query->after_id != NULL;
}
