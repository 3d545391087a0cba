/* SPDX-License-Identifier: Apache-2.0
 *
 * See same.h. */
#include "same.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 64 << 10 };

static bool take_metadata(struct same_put *made, const char *const *metadata)
{
    size_t count = 0;
    while (metadata[count]) {
        count++;
    }
    made->metadata = calloc(count + 1, sizeof *made->metadata);
    for (size_t i = 0; made->metadata && i < count; i++) {
        made->metadata[i] = strdup(metadata[i]);
        if (!made->metadata[i]) {
            return false;
        }
    }
    return made->metadata != NULL;
}

bool same_take(struct same_put *made, const struct mgw_blob *blob, const struct mgw_put *given)
{
    struct mgw_put put = {.size = 0};
    memcpy(&put, given, given->size < sizeof put ? given->size : sizeof put);
    made->bucket = strdup(blob->bucket);
    made->key = strdup(blob->key);
    made->content_type = put.content_type ? strdup(put.content_type) : NULL;
    if (!made->bucket || !made->key || (put.content_type && !made->content_type) ||
        (put.metadata && !take_metadata(made, put.metadata))) {
        return false;
    }
    made->put = put;
    made->put.size = sizeof made->put;
    made->put.content_type = made->content_type;
    made->put.metadata = (const char *const *)made->metadata;
    return true;
}

void same_release(struct same_put *made)
{
    for (size_t i = 0; made->metadata && made->metadata[i]; i++) {
        free(made->metadata[i]);
    }
    free(made->metadata);
    free(made->content_type);
    free(made->key);
    free(made->bucket);
}

struct mgw_blob same_blob(const struct same_put *made)
{
    return (struct mgw_blob){sizeof(struct mgw_blob), made->bucket, made->key};
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : (!a || !*a) && (!b || !*b);
}

/* Each name of A has its value in B; a store may keep another order. */
static bool within(const char *const *a, const char *const *b)
{
    for (; a && a[0]; a += 2) {
        const char *const *other = b;
        while (other && other[0] && strcmp(other[0], a[0]) != 0) {
            other += 2;
        }
        if (!other || !other[0] || strcmp(other[1], a[1]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_bytes(struct mgw_call *call, const struct pass *pass, void *reader,
                       const struct kept *kept, enum mgw_status *status)
{
    unsigned char *there = malloc(STEP), *ours = malloc(STEP);
    bool same = there && ours;
    *status = MGW_OK;
    for (uint64_t at = 0; same && *status == MGW_OK && at < kept->length;) {
        uint64_t left = kept->length - at;
        size_t got = 0;
        *status =
            pass->lower.read(call, reader, at, there, left < STEP ? (size_t)left : STEP, &got);
        if (*status == MGW_OK) {
            same = got > 0 && kept_read(kept, at, ours, got) && memcmp(there, ours, got) == 0;
            at += got;
        }
    }
    free(there);
    free(ours);
    return same;
}

enum mgw_status same_is_there(struct mgw_call *call, const struct pass *pass,
                              const struct same_put *made, const struct kept *kept,
                              struct mgw_stat *stat)
{
    const struct mgw_blob blob = same_blob(made);
    struct mgw_stat there = {.size = sizeof there};
    void *reader = NULL;
    enum mgw_status status = pass->lower.open(call, pass->instance, &blob, NULL, &reader, &there);
    if (status != MGW_OK) {
        return mgw_fail(call, MGW_UNKNOWN_OUTCOME,
                        "%s/%s may have been published by an attempt whose answer was lost, and "
                        "cannot be looked at",
                        made->bucket, made->key);
    }
    const char *const *metadata = (const char *const *)made->metadata;
    bool same = there.bytes == kept->length && same_text(there.content_type, made->content_type) &&
                within(metadata, there.metadata) && within(there.metadata, metadata) &&
                same_bytes(call, pass, reader, kept, &status);
    pass->lower.close(reader);
    if (status != MGW_OK) {
        return MGW_UNKNOWN_OUTCOME;
    }
    if (!same) {
        return mgw_fail(call, MGW_EXISTS, "%s/%s is there already", made->bucket, made->key);
    }
    size_t size = stat->size < sizeof there ? stat->size : sizeof there;
    memcpy((char *)stat + sizeof stat->size, (char *)&there + sizeof there.size,
           size - sizeof there.size);
    return MGW_OK;
}
