/* SPDX-License-Identifier: Apache-2.0
 *
 * See version.h. */
#include "version.h"

#include <mediagw/help/driver.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void version_new(const struct mirror *mirror, struct version *version)
{
    *version = (struct version){.time_ms = mirror->host->wall_ms(), .own = true};
    mgw_new_id(mirror->host, version->etag);
}

static const char *entry_of(const char *const *metadata)
{
    for (; metadata && metadata[0]; metadata += 2) {
        if (strcmp(metadata[0], VERSION_NAME) == 0) {
            return metadata[1];
        }
    }
    return NULL;
}

bool version_is_among(const char *const *metadata)
{
    return entry_of(metadata) != NULL;
}

static bool is_etag(const char *text)
{
    size_t length = strnlen(text, 257);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f || text[i] == '"') {
            return false;
        }
    }
    return length >= 1 && length <= 256;
}

static bool parse(const char *text, struct version *version)
{
    int at = 0;
    if (!text ||
        sscanf(text, "%13" SCNd64 ".%13" SCNd64 ".%n", &version->time_ms, &version->mended_ms,
               &at) != 2 ||
        at == 0 || version->time_ms < 0 || version->mended_ms < 0 || !is_etag(text + at)) {
        return false;
    }
    snprintf(version->etag, sizeof version->etag, "%s", text + at);
    version->own = true;
    return true;
}

void version_of(const struct mgw_stat *stat, struct version *version)
{
    if (!parse(entry_of(stat->metadata), version)) {
        *version = (struct version){.time_ms = stat->modified_ms};
        snprintf(version->etag, sizeof version->etag, "%s", stat->etag);
    }
}

int version_compare(const struct mgw_stat *a, const struct mgw_stat *b)
{
    struct version one, other;
    version_of(a, &one);
    version_of(b, &other);
    if (!one.own && !other.own && a->bytes == b->bytes) {
        return 0;
    }
    if (one.time_ms != other.time_ms) {
        return one.time_ms < other.time_ms ? -1 : 1;
    }
    return strcmp(one.etag, other.etag);
}

static size_t count_of(const char *const *metadata)
{
    size_t count = 0;
    while (metadata && metadata[count]) {
        count++;
    }
    return count;
}

/* Copies METADATA but for the version's entry, with room for MORE words behind; *END: where. */
static const char **without(struct mgw_call *call, const char *const *metadata, size_t more,
                            size_t *end)
{
    const char **map = call->alloc(call, (count_of(metadata) + more + 1) * sizeof *map);
    *end = 0;
    for (; map && metadata && metadata[0]; metadata += 2) {
        if (strcmp(metadata[0], VERSION_NAME) != 0) {
            map[(*end)++] = metadata[0];
            map[(*end)++] = metadata[1];
        }
    }
    return map;
}

const char *const *version_add(struct mgw_call *call, const char *const *metadata,
                               const struct version *version)
{
    size_t end;
    const char **map = without(call, metadata, 2, &end);
    char *value = call->alloc(call, VERSION_ROOM);
    if (!map || !value) {
        return NULL;
    }
    snprintf(value, VERSION_ROOM, "%" PRId64 ".%" PRId64 ".%s", version->time_ms,
             version->mended_ms, version->etag);
    map[end] = VERSION_NAME;
    map[end + 1] = value;
    map[end + 2] = NULL;
    return map;
}

enum mgw_status version_show_as(struct mgw_call *call, const struct version *version,
                                struct mgw_stat *stat)
{
    size_t end;
    stat->modified_ms = version->time_ms;
    stat->etag = mirror_keep(call, version->etag);
    if (!stat->etag) {
        return mirror_no_memory(call);
    }
    if (MGW_HAS(stat, metadata) && stat->metadata) {
        const char **map = without(call, stat->metadata, 0, &end);
        if (!map) {
            return mirror_no_memory(call);
        }
        map[end] = NULL;
        stat->metadata = end ? map : NULL;
    }
    return MGW_OK;
}

enum mgw_status version_show(struct mgw_call *call, struct mgw_stat *stat)
{
    struct version version;
    version_of(stat, &version);
    return version_show_as(call, &version, stat);
}
