/* SPDX-License-Identifier: Apache-2.0
 *
 * Properties as bytes: "mgw1", then items of a letter, a decimal length, ':' and that many bytes: k
 * the key, t the content type, n and v a name and its value; 'e' ends it. */
#include "meta.h"

#include <string.h>

static const char magic[] = "mgw1";

static void put_item(char **at, char letter, const char *text)
{
    size_t length = strlen(text);
    *at += sprintf(*at, "%c%zu:", letter, length); /* room was counted by item_size */
    memcpy(*at, text, length);
    *at += length;
}

static size_t item_size(const char *text)
{
    return strlen(text) + 24;
}

static bool is_name(const char *name)
{
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

enum mgw_status meta_encode(struct mgw_call *call, const struct name *name,
                            const struct mgw_put *put, char **bytes, size_t *length)
{
    const char *type = MGW_HAS(put, content_type) ? put->content_type : NULL;
    const char *const *map = MGW_HAS(put, metadata) ? put->metadata : NULL;
    size_t room = sizeof magic + 1 + item_size(name->key) + (type ? item_size(type) : 0), sum = 0;
    for (size_t i = 0; map && map[i]; i += 2) {
        if (!is_name(map[i]) || !map[i + 1]) {
            return mgw_fail(call, MGW_INVALID, "metadata: a name is not [a-z0-9-]+");
        }
        sum += strlen(map[i]) + strlen(map[i + 1]);
        room += item_size(map[i]) + item_size(map[i + 1]);
    }
    if (sum > MGW_METADATA_MAX) {
        return mgw_fail(call, MGW_INVALID, "metadata: %zu bytes, at most %u are allowed", sum,
                        MGW_METADATA_MAX);
    }
    char *at = *bytes = malloc(room);
    if (!at) {
        return fs_no_memory(call);
    }
    memcpy(at, magic, 4);
    at += 4;
    if (name->hashed) {
        put_item(&at, 'k', name->key);
    }
    if (type) {
        put_item(&at, 't', type);
    }
    for (size_t i = 0; map && map[i]; i += 2) {
        put_item(&at, 'n', map[i]);
        put_item(&at, 'v', map[i + 1]);
    }
    *at++ = 'e';
    *length = (size_t)(at - *bytes);
    return MGW_OK;
}

char *meta_with_key(const char *key, const char *bytes, size_t length, size_t *with)
{
    char *copy = malloc(length + item_size(key));
    if (copy) {
        char *at = copy + length - 1;
        memcpy(copy, bytes, length - 1);
        put_item(&at, 'k', key);
        *at++ = 'e';
        *with = (size_t)(at - copy);
    }
    return copy;
}

struct item {
    char letter;
    const char *text;
    size_t length;
};

/* The next item; false where there is none that makes sense. The last one is 'e'. */
static bool next_item(const char **at, const char *end, struct item *item)
{
    const char *from = *at;
    *item = (struct item){0};
    if (from == end) {
        return false;
    }
    item->letter = *from++;
    if (item->letter == 'e') {
        return from == end;
    }
    while (from < end && *from >= '0' && *from <= '9' && item->length < 1u << 24) {
        item->length = item->length * 10 + (size_t)(*from++ - '0');
    }
    if (from == end || *from++ != ':' || (size_t)(end - from) < item->length) {
        return false;
    }
    item->text = from;
    *at = from + item->length;
    return true;
}

/* Whether BYTES make sense from one end to the other; *PAIRS: entries of the map. */
static bool check(const char *bytes, size_t length, size_t *pairs)
{
    const char *at = bytes + 4;
    struct item item;
    bool value = false; /* a name came, its value must follow */
    *pairs = 0;
    if (length < 5 || memcmp(bytes, magic, 4) != 0) {
        return false;
    }
    while (next_item(&at, bytes + length, &item) && item.letter != 'e') {
        if (item.letter == '\0' || !strchr(value ? "v" : "ktn", item.letter)) {
            return false;
        }
        value = item.letter == 'n';
        *pairs += value;
    }
    return item.letter == 'e' && !value;
}

static char *text_of(struct mgw_call *call, const struct item *item)
{
    char *text = call->alloc(call, item->length + 1);
    return text ? memcpy(text, item->text, item->length) : NULL;
}

enum mgw_status meta_decode(struct mgw_call *call, const char *bytes, size_t length,
                            struct mgw_stat *stat, char *key)
{
    const char *at = bytes + 4, **map = NULL;
    size_t pairs, count = 0;
    struct item item;
    if (!check(bytes, length, &pairs)) {
        return MGW_CORRUPT;
    }
    bool with_map = stat && MGW_HAS(stat, metadata) && pairs;
    if (with_map && !(map = call->alloc(call, (2 * pairs + 1) * sizeof *map))) {
        return fs_no_memory(call);
    }
    while (next_item(&at, bytes + length, &item) && item.letter != 'e') {
        char *text = NULL;
        bool type = item.letter == 't' && stat && MGW_HAS(stat, content_type);
        bool entry = with_map && strchr("nv", item.letter);
        if ((type || entry) && !(text = text_of(call, &item))) {
            return fs_no_memory(call);
        }
        if (type) {
            stat->content_type = text;
        } else if (entry) {
            map[count++] = text;
        } else if (item.letter == 'k' && key && item.length <= MGW_KEY_MAX) {
            memcpy(key, item.text, item.length);
            key[item.length] = '\0';
        }
    }
    if (stat && MGW_HAS(stat, metadata)) {
        stat->metadata = map;
    }
    return MGW_OK;
}
