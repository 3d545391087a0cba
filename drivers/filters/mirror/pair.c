/* SPDX-License-Identifier: Apache-2.0
 *
 * See pair.h. The id is the first store's own when the mirror is made, so that a repository that
 * knows that store goes on with the mirror; it stays when either store is replaced. */
#include "pair.h"

#include "mender.h"
#include "read.h"

#include <mediagw/help/driver.h>

#include <stdlib.h>
#include <string.h>

#define PAIR_KEY "pair"
#define PAIR_HEAD "mediagw mirror 1 "
enum { PAIR_MAX = sizeof PAIR_HEAD + 256 };

static enum mgw_status note_put(struct mgw_call *call, struct mirror *mirror, int which,
                                const char *key, const char *text)
{
    struct pass *pass = &mirror->side[which].pass;
    struct mgw_blob blob = {sizeof blob, mirror->notes, key};
    struct mgw_put put = {
        .size = sizeof put, .flags = MGW_PUT_LENGTH_KNOWN, .length = strlen(text)};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    enum mgw_status status = pass->lower.put_begin(call, pass->instance, &blob, &put, &writer);
    if (status != MGW_OK) {
        return status;
    }
    status = pass->lower.put_write(call, writer, text, strlen(text));
    if (status == MGW_OK) {
        status = pass->lower.put_commit(call, writer, &stat);
    }
    if (status != MGW_OK) {
        pass->lower.put_abort(call, writer);
    }
    return status;
}

static enum mgw_status note_get(struct mgw_call *call, struct mirror *mirror, int which,
                                const char *key, char text[PAIR_MAX + 1])
{
    struct pass *pass = &mirror->side[which].pass;
    struct mgw_blob blob = {sizeof blob, mirror->notes, key};
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    size_t got = 0, length = 0;
    enum mgw_status status = pass->lower.open(call, pass->instance, &blob, NULL, &reader, &stat);
    if (status != MGW_OK) {
        return status;
    }
    while (status == MGW_OK && length < PAIR_MAX && length < stat.bytes) {
        status = pass->lower.read(call, reader, length, text + length, PAIR_MAX - length, &got);
        length += got;
    }
    text[length] = '\0';
    pass->lower.close(reader);
    return status;
}

/* The pair's id as store WHICH notes it; "": it has no note. */
static enum mgw_status pair_of(struct mgw_call *call, struct mirror *mirror, int which,
                               char id[257])
{
    char text[PAIR_MAX + 1];
    enum mgw_status status = note_get(call, mirror, which, PAIR_KEY, text);
    *id = '\0';
    if (status != MGW_OK) {
        return status == MGW_NOT_FOUND ? MGW_OK : status;
    }
    size_t length = strcspn(text, "\n");
    if (strncmp(text, PAIR_HEAD, strlen(PAIR_HEAD)) != 0 || length <= strlen(PAIR_HEAD) ||
        length - strlen(PAIR_HEAD) > 256) {
        return mgw_fail(call, MGW_INVALID, "%s: the note %s/%s is of another format",
                        mirror->side[which].name, mirror->notes, PAIR_KEY);
    }
    snprintf(id, 257, "%.*s", (int)(length - strlen(PAIR_HEAD)), text + strlen(PAIR_HEAD));
    return MGW_OK;
}

static enum mgw_status pair_note(struct mgw_call *call, struct mirror *mirror, int which)
{
    char text[PAIR_MAX + 1];
    snprintf(text, sizeof text, PAIR_HEAD "%s\n", mirror->id);
    return note_put(call, mirror, which, PAIR_KEY, text);
}

/* ---- A store that joins ---- */

struct look {
    struct mgw_call *call;
    struct mirror *mirror;
    int joins;
    enum mgw_status status;
    size_t left;
    char cursor[2049];
};

static bool any(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    *(bool *)ctx = true;
    return false;
}

static bool look_into(void *ctx, const struct mgw_list_entry *entry)
{
    struct look *look = ctx;
    bool found = false;
    struct side_call said;
    struct pass *pass = &look->mirror->side[look->joins].pass;
    const char *bucket = entry->key + strlen(MENDER_BUCKET_NOTE);
    look->left--;
    snprintf(look->cursor, sizeof look->cursor, "%s", entry->cursor);
    look->status = pass->lower.list(side_call(&said, look->call, false), pass->instance, bucket, "",
                                    "", 1, any, &found);
    if (look->status != MGW_OK) {
        side_tell(&said);
    } else if (found) {
        look->status = mgw_fail(look->call, MGW_INVALID,
                                "%s is no part of this mirror and has blobs in %s: give an empty "
                                "one, or take this one's blobs away",
                                look->mirror->side[look->joins].name, bucket);
    }
    return look->status == MGW_OK;
}

/* Store WHICH has no blob in any bucket that the other notes. */
static enum mgw_status is_empty(struct mgw_call *call, struct mirror *mirror, int which)
{
    enum { PAGE = 100 };
    struct pass *other = &mirror->side[!which].pass;
    struct look look = {.call = call, .mirror = mirror, .joins = which, .left = 0};
    while (look.left == 0) {
        char cursor[sizeof look.cursor];
        struct side_call said;
        look.left = PAGE;
        memcpy(cursor, look.cursor, sizeof cursor);
        enum mgw_status status =
            other->lower.list(side_call(&said, call, false), other->instance, mirror->notes,
                              MENDER_BUCKET_NOTE, cursor, PAGE, look_into, &look);
        if (status != MGW_OK) {
            side_tell(&said);
        }
        if (status != MGW_OK || look.status != MGW_OK) {
            return status != MGW_OK ? status : look.status;
        }
    }
    return MGW_OK;
}

static void new_id(struct mirror *mirror, const char *const store_ids[STORES])
{
    const char *own = store_ids[FIRST][0] ? store_ids[FIRST] : store_ids[SECOND];
    if (*own && strlen(own) <= 256) {
        snprintf(mirror->id, sizeof mirror->id, "%s", own);
    } else {
        mgw_new_id(mirror->host, mirror->id);
    }
}

static enum mgw_status join(struct mgw_call *call, struct mirror *mirror, int which, bool init)
{
    if (!init) {
        return mgw_fail(call, MGW_NOT_FOUND,
                        "%s is not part of this mirror yet (it has no note %s/%s): run `mediagw "
                        "init` with this configuration",
                        mirror->side[which].name, mirror->notes, PAIR_KEY);
    }
    enum mgw_status status = is_empty(call, mirror, which);
    return status == MGW_OK ? pair_note(call, mirror, which) : status;
}

enum mgw_status pair_check(struct mgw_call *call, struct mirror *mirror,
                           const char *const store_ids[STORES], bool init)
{
    char ids[STORES][257];
    enum mgw_status status = MGW_OK;
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        status = pair_of(call, mirror, i, ids[i]);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (ids[FIRST][0] && ids[SECOND][0] && strcmp(ids[FIRST], ids[SECOND]) != 0) {
        return mgw_fail(call, MGW_INVALID,
                        "the two stores belong to two mirrors, %s and %s: one of them is the wrong "
                        "one",
                        ids[FIRST], ids[SECOND]);
    }
    if (ids[FIRST][0] || ids[SECOND][0]) {
        snprintf(mirror->id, sizeof mirror->id, "%s", ids[FIRST][0] ? ids[FIRST] : ids[SECOND]);
    } else {
        new_id(mirror, store_ids);
    }
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        status = ids[i][0] ? MGW_OK : join(call, mirror, i, init);
    }
    return status;
}

enum mgw_status pair_note_bucket(struct mgw_call *call, struct mirror *mirror, const char *bucket)
{
    char key[sizeof MENDER_BUCKET_NOTE + 64];
    enum mgw_status status = MGW_OK;
    snprintf(key, sizeof key, MENDER_BUCKET_NOTE "%s", bucket);
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        struct mgw_blob blob = {sizeof blob, mirror->notes, key};
        struct mgw_stat stat;
        status = read_side_stat(call, mirror, i, &blob, &stat);
        if (status == MGW_NOT_FOUND) {
            status = note_put(call, mirror, i, key, "");
        }
    }
    return status;
}
