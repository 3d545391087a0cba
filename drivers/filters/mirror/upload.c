/* SPDX-License-Identifier: Apache-2.0
 *
 * See upload.h. Parts are no blobs and nobody mends them: so every step needs both stores, whatever
 * `require` says. The state is "MM1", then four times a length (two bytes, the lower first) and its
 * bytes: each store's state, the blob as "BUCKET KEY", the version as in the metadata. A receipt is
 * the first store's length (one byte), then both. */
#include "upload.h"

#include "mender.h"
#include "read.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "MM1"
enum { FIELDS = 4, BLOB = 2, VERSION = 3 };

static struct pass *pass_of(struct mirror *mirror, int which)
{
    return &mirror->side[which].pass;
}

/* ---- Plan ---- */

static uint64_t common_multiple(uint64_t a, uint64_t b)
{
    uint64_t x = a, y = b;
    while (y) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x > UINT64_MAX / b ? 0 : a / x * b;
}

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan)
{
    struct mirror *mirror = instance;
    struct mgw_upload_plan of[STORES];
    if (!(mirror->capabilities & MGW_STORAGE_RESUMABLE)) {
        return mgw_fail(call, MGW_UNSUPPORTED, "not both stores take resumable uploads");
    }
    for (int i = 0; i < STORES; i++) {
        of[i] = (struct mgw_upload_plan){.size = sizeof of[i]};
        struct pass *pass = pass_of(mirror, i);
        enum mgw_status status = pass->lower.plan(call, pass->instance, put, &of[i]);
        if (status != MGW_OK) {
            return status;
        }
    }
    struct mgw_upload_plan *a = &of[FIRST], *b = &of[SECOND];
    plan->part_min = a->part_min > b->part_min ? a->part_min : b->part_min;
    plan->part_max = a->part_max < b->part_max ? a->part_max : b->part_max;
    plan->part_align = common_multiple(a->part_align, b->part_align);
    plan->max_parts = a->max_parts < b->max_parts ? a->max_parts : b->max_parts;
    plan->uniform = a->uniform | b->uniform;
    if (plan->part_min > plan->part_max || !plan->part_align || plan->part_align > plan->part_max) {
        return mgw_fail(call, MGW_UNSUPPORTED, "no parts fit both stores of the mirror");
    }
    return MGW_OK;
}

/* ---- State ---- */

struct fields {
    const unsigned char *bytes[FIELDS];
    size_t length[FIELDS];
};

static bool state_write(struct mgw_opaque *state, const struct fields *fields)
{
    size_t at = strlen(MAGIC);
    unsigned char *to = state->bytes;
    for (int i = 0; i < FIELDS; i++) {
        if (fields->length[i] > UINT16_MAX || state->capacity - at < 2 + fields->length[i]) {
            return false;
        }
        to[at] = (unsigned char)(fields->length[i] & 0xff);
        to[at + 1] = (unsigned char)(fields->length[i] >> 8);
        memcpy(to + at + 2, fields->bytes[i], fields->length[i]);
        at += 2 + fields->length[i];
    }
    memcpy(to, MAGIC, strlen(MAGIC));
    state->length = at;
    return true;
}

struct upload {
    struct mgw_opaque state[STORES];
    struct mgw_blob blob;
    struct version version;
};

static bool state_read(const struct mgw_opaque *state, struct fields *fields)
{
    const unsigned char *from = state->bytes;
    size_t at = strlen(MAGIC);
    if (state->length < at || memcmp(from, MAGIC, at) != 0) {
        return false;
    }
    for (int i = 0; i < FIELDS; i++) {
        if (state->length - at < 2) {
            return false;
        }
        fields->length[i] = (size_t)from[at] | (size_t)from[at + 1] << 8;
        fields->bytes[i] = from + at + 2;
        at += 2;
        if (state->length - at < fields->length[i]) {
            return false;
        }
        at += fields->length[i];
    }
    return at == state->length;
}

static char *field_text(struct mgw_call *call, const struct fields *fields, int which)
{
    char *text = call->alloc(call, fields->length[which] + 1);
    return text ? memcpy(text, fields->bytes[which], fields->length[which]) : NULL;
}

static enum mgw_status upload_read(struct mgw_call *call, const struct mgw_opaque *state,
                                   struct upload *upload)
{
    struct fields fields;
    if (!state_read(state, &fields)) {
        return mgw_fail(call, MGW_INVALID, "the upload's state is none of this mirror's");
    }
    char *blob = field_text(call, &fields, BLOB), *version = field_text(call, &fields, VERSION);
    if (!blob || !version) {
        return mirror_no_memory(call);
    }
    char *space = strchr(blob, ' ');
    const char *map[] = {VERSION_NAME, version, NULL};
    struct mgw_stat stat = {.size = sizeof stat, .etag = "-", .metadata = map};
    version_of(&stat, &upload->version);
    if (!space || !upload->version.own) {
        return mgw_fail(call, MGW_INVALID, "the upload's state is none of this mirror's");
    }
    *space = '\0';
    upload->blob = (struct mgw_blob){sizeof upload->blob, blob, space + 1};
    for (int i = 0; i < STORES; i++) {
        upload->state[i] = (struct mgw_opaque){.size = sizeof upload->state[i],
                                               .bytes = (void *)(uintptr_t)fields.bytes[i],
                                               .length = fields.length[i],
                                               .capacity = fields.length[i]};
    }
    return MGW_OK;
}

/* ---- Create ---- */

static enum mgw_status create_both(struct mgw_call *call, struct mirror *mirror,
                                   const struct mgw_blob *blob, const struct mgw_put *put,
                                   struct mgw_opaque made[STORES])
{
    for (int i = 0; i < STORES; i++) {
        struct pass *pass = pass_of(mirror, i);
        made[i] = (struct mgw_opaque){.size = sizeof made[i],
                                      .bytes = call->alloc(call, MGW_UPLOAD_STATE_MAX),
                                      .capacity = MGW_UPLOAD_STATE_MAX};
        enum mgw_status status =
            made[i].bytes ? pass->lower.upload_create(call, pass->instance, blob, put, &made[i])
                          : mirror_no_memory(call);
        side_saw(mirror, i, status, call);
        if (status != MGW_OK) {
            if (i == SECOND) {
                struct side_call said;
                pass_of(mirror, FIRST)
                    ->lower.upload_abort(side_call(&said, call, false),
                                         pass_of(mirror, FIRST)->instance, &made[FIRST], 0);
            }
            return status;
        }
    }
    return MGW_OK;
}

enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state)
{
    struct mirror *mirror = instance;
    struct version version;
    struct mgw_opaque made[STORES];
    struct mgw_put marked;
    mgw_take(&marked, put, sizeof marked);
    enum mgw_status status = mirror_check_bucket(call, mirror, blob->bucket);
    if (status == MGW_OK && version_is_among(marked.metadata)) {
        status =
            mgw_fail(call, MGW_INVALID, "the metadata's name %s is the mirror's own", VERSION_NAME);
    }
    size_t size = strlen(blob->bucket) + strlen(blob->key) + 2;
    char *name = call->alloc(call, size);
    version_new(mirror, &version);
    const char *const *alone = version_add(call, NULL, &version);
    marked.metadata = version_add(call, marked.metadata, &version);
    if (status == MGW_OK) {
        status = name && alone && marked.metadata ? create_both(call, mirror, blob, &marked, made)
                                                  : mirror_no_memory(call);
    }
    if (status != MGW_OK) {
        return status;
    }
    snprintf(name, size, "%s %s", blob->bucket, blob->key);
    struct fields fields = {
        .bytes = {made[FIRST].bytes, made[SECOND].bytes, (void *)name, (const void *)alone[1]},
        .length = {made[FIRST].length, made[SECOND].length, size - 1, strlen(alone[1])}};
    if (!state_write(state, &fields)) {
        for (int i = 0; i < STORES; i++) {
            struct pass *pass = pass_of(mirror, i);
            pass->lower.upload_abort(call, pass->instance, &made[i], 0);
        }
        return mgw_fail(call, MGW_UNSUPPORTED,
                        "the two stores' states of this upload are longer than one may be");
    }
    return MGW_OK;
}

/* ---- Parts ---- */

enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt)
{
    struct mirror *mirror = instance;
    struct upload upload;
    unsigned char bytes[STORES][MGW_UPLOAD_RECEIPT_MAX];
    struct mgw_opaque made[STORES];
    enum mgw_status status = upload_read(call, state, &upload);
    for (int i = 0; status == MGW_OK && i < STORES; i++) {
        struct pass *pass = pass_of(mirror, i);
        made[i] = (struct mgw_opaque){
            .size = sizeof made[i], .bytes = bytes[i], .capacity = sizeof bytes[i]};
        status = pass->lower.upload_part(call, pass->instance, &upload.state[i], part, source,
                                         fence, &made[i]);
        side_saw(mirror, i, status, call);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (1 + made[FIRST].length + made[SECOND].length > receipt->capacity ||
        made[FIRST].length > UINT8_MAX) {
        return mgw_fail(call, MGW_UNSUPPORTED,
                        "the two stores' receipts are longer than one may be");
    }
    unsigned char *to = receipt->bytes;
    to[0] = (unsigned char)made[FIRST].length;
    memcpy(to + 1, bytes[FIRST], made[FIRST].length);
    memcpy(to + 1 + made[FIRST].length, bytes[SECOND], made[SECOND].length);
    receipt->length = 1 + made[FIRST].length + made[SECOND].length;
    return MGW_OK;
}

/* The parts as store WHICH knows them; false where a receipt is none of ours. */
static bool split_parts(const struct mgw_part *parts, size_t count, size_t stride, int which,
                        struct mgw_part *to)
{
    for (size_t i = 0; i < count; i++) {
        const struct mgw_part *part =
            (const void *)((const char *)(const void *)parts + i * stride);
        const unsigned char *receipt = part->receipt;
        size_t first = part->receipt_length ? receipt[0] : 0;
        if (part->receipt_length && first + 1 > part->receipt_length) {
            return false;
        }
        to[i] = *part;
        to[i].size = sizeof to[i];
        if (part->receipt_length) {
            to[i].receipt = which == FIRST ? receipt + 1 : receipt + 1 + first;
            to[i].receipt_length =
                (uint32_t)(which == FIRST ? first : part->receipt_length - 1 - first);
        }
    }
    return true;
}

/* ---- Complete ---- */

struct completion {
    const struct mgw_part *parts;
    size_t count, stride;
    uint64_t fence;
};

static enum mgw_status complete_in(struct mgw_call *call, struct mirror *mirror, int which,
                                   const struct upload *upload, const struct completion *how,
                                   struct mgw_stat *stat)
{
    struct pass *pass = pass_of(mirror, which);
    struct mgw_part *parts = calloc(how->count + 1, sizeof *parts);
    enum mgw_status status = parts ? MGW_OK : mirror_no_memory(call);
    if (status == MGW_OK && !split_parts(how->parts, how->count, how->stride, which, parts)) {
        status = mgw_fail(call, MGW_INVALID, "a part's receipt is none of this mirror's");
    }
    if (status == MGW_OK) {
        *stat = (struct mgw_stat){.size = sizeof *stat};
        status = pass->lower.upload_complete(call, pass->instance, &upload->state[which], parts,
                                             how->count, sizeof *parts, how->fence, stat);
        side_saw(mirror, which, status, call);
    }
    free(parts);
    return status;
}

/* The first store is complete, the second answered STATUS. It may have the mender's copy by now;
 * where it lost the upload or a part's receipt the mender makes one, and the repeat finds it. */
static enum mgw_status second_refused(struct mgw_call *call, struct mirror *mirror,
                                      const struct upload *upload, enum mgw_status status,
                                      const char *why, struct mgw_stat *stat)
{
    struct side_call said;
    bool lost = status == MGW_NOT_FOUND || status == MGW_INVALID;
    enum mgw_status has = status;
    if (lost || status == MGW_EXISTS) {
        has = read_side_has(side_call(&said, call, false), mirror, SECOND, &upload->blob,
                            &upload->version, stat);
    }
    if (has == MGW_OK) {
        return MGW_OK;
    }
    if (lost || side_failed(has)) {
        mender_key(mirror->mender, &upload->blob);
        return mgw_fail(call, MGW_UNKNOWN_OUTCOME, "complete in one store alone: %.400s", why);
    }
    if (status == MGW_EXISTS && read_side_has(side_call(&said, call, false), mirror, FIRST,
                                              &upload->blob, &upload->version, stat) == MGW_OK) {
        struct pass *pass = pass_of(mirror, FIRST);
        pass->lower.remove(side_call(&said, call, false), pass->instance, &upload->blob);
    }
    return status;
}

/* As a put's commit: the first store decides, and loses again what the second has already. */
static enum mgw_status complete_both(struct mgw_call *call, struct mirror *mirror,
                                     const struct upload *upload, const struct completion *how,
                                     struct mgw_stat *stat)
{
    struct side_call said;
    enum mgw_status status = complete_in(call, mirror, FIRST, upload, how, stat);
    if (status != MGW_OK) {
        return status;
    }
    status = complete_in(side_call(&said, call, false), mirror, SECOND, upload, how, stat);
    side_tell(&said);
    return status == MGW_OK ? status
                            : second_refused(call, mirror, upload, status, said.error.text, stat);
}

enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    struct mirror *mirror = instance;
    struct completion how = {parts, count, stride, fence};
    struct upload upload;
    struct mgw_stat answered;
    pthread_mutex_t *lock;
    enum mgw_status status = upload_read(call, state, &upload);
    if (status == MGW_OK) {
        status = mirror_lock(call, mirror, &upload.blob, &lock);
    }
    if (status == MGW_OK) {
        status = complete_both(call, mirror, &upload, &how, &answered);
        mirror_unlock(lock);
    }
    if (status == MGW_OK) {
        mender_learn(mirror->mender, upload.blob.bucket);
        if (version_show_as(call, &upload.version, &answered) != MGW_OK) {
            return MGW_UNKNOWN_OUTCOME;
        }
        answered.size = stat->size;
        memcpy(stat, &answered, stat->size < sizeof answered ? stat->size : sizeof answered);
    }
    return status;
}

enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                             uint64_t fence)
{
    struct mirror *mirror = instance;
    struct upload upload;
    enum mgw_status worst = upload_read(call, state, &upload);
    if (worst != MGW_OK) {
        return worst;
    }
    for (int i = 0; i < STORES; i++) {
        struct side_call said;
        struct pass *pass = pass_of(mirror, i);
        enum mgw_status status = pass->lower.upload_abort(side_call(&said, call, false),
                                                          pass->instance, &upload.state[i], fence);
        if (status != MGW_OK) {
            side_tell(&said);
            worst = status;
        }
    }
    return worst;
}
