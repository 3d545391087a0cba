/* SPDX-License-Identifier: Apache-2.0
 *
 * See kept_stat.h. All of it is one block: the map, then the texts. */
#include "kept_stat.h"

#include <stdlib.h>
#include <string.h>

static size_t map_length(const char *const *map)
{
    size_t count = 0;
    while (map && map[count]) {
        count++;
    }
    return count;
}

static size_t bytes_of(const struct mgw_stat *stat)
{
    size_t count = map_length(stat->metadata), bytes = (count + 1) * sizeof(char *);
    bytes += strlen(stat->etag) + 1;
    bytes += stat->content_type ? strlen(stat->content_type) + 1 : 0;
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(stat->metadata[i]) + 1;
    }
    return bytes;
}

static const char *put_text(char **at, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *to = *at;
    if (text) {
        memcpy(to, text, size);
    }
    *at += size;
    return text ? to : NULL;
}

/* FROM with its strings copied into BLOCK, which is aligned and long enough. */
static struct mgw_stat packed(const struct mgw_stat *from, void *block)
{
    struct mgw_stat stat = *from;
    size_t count = map_length(from->metadata);
    const char **map = block;
    char *at = (char *)(map + count + 1);
    for (size_t i = 0; i < count; i++) {
        map[i] = put_text(&at, from->metadata[i]);
    }
    map[count] = NULL;
    stat.metadata = from->metadata ? map : NULL;
    stat.etag = put_text(&at, from->etag);
    stat.content_type = put_text(&at, from->content_type);
    return stat;
}

static void take_fields(struct mgw_stat *to, const struct mgw_stat *from, size_t size)
{
    size_t less = size < sizeof *from ? size : sizeof *from;
    memcpy((char *)to + sizeof to->size, (const char *)from + sizeof from->size,
           less - sizeof from->size);
}

bool kept_stat_take(struct kept_stat *kept, const struct mgw_stat *stat)
{
    struct mgw_stat whole = {.size = sizeof whole};
    take_fields(&whole, stat, stat->size);
    kept->block = malloc(bytes_of(&whole));
    if (kept->block) {
        kept->stat = packed(&whole, kept->block);
    }
    return kept->block != NULL;
}

bool kept_stat_give(const struct kept_stat *kept, struct mgw_call *call, struct mgw_stat *stat)
{
    void *block = call->alloc(call, bytes_of(&kept->stat));
    if (!block) {
        return false;
    }
    struct mgw_stat whole = packed(&kept->stat, block);
    take_fields(stat, &whole, stat->size);
    return true;
}

void kept_stat_release(struct kept_stat *kept)
{
    free(kept->block);
    kept->block = NULL;
}
