/* SPDX-License-Identifier: Apache-2.0
 *
 * See entry.h: the head's text is the etag, whether there is a content type, that, and the names
 * and values of the metadata, each with its NUL. */
#include "head.h"

#include "tag.h"

#include <string.h>

#define HEAD_MAGIC "mgwcopy1"
enum { HEAD_ORDER = 0x01020304 };

/* Of this machine's making: a head from another kind of machine is none. */
struct fixed {
    char magic[8];
    uint32_t order;
    uint32_t block;
    uint64_t bytes;
    int64_t modified_ms;
    uint32_t length; /* of the text behind it */
    uint32_t reserved;
    struct tag tag; /* of the head with zeros here */
};
#define TEXT_MAX (ENTRY_HEAD - sizeof(struct fixed))

static struct fixed fixed_of(const struct head *head)
{
    struct fixed fixed;
    memcpy(&fixed, head->bytes, sizeof fixed);
    return fixed;
}

static const char *text_of(const struct head *head)
{
    return (const char *)head->bytes + sizeof(struct fixed);
}

/* The tag of a head stands under its name's key, so that it is no other blob's. */
static bool head_tag(const struct cache *cache, const struct name *name, const struct head *head,
                     struct tag *tag)
{
    static const struct tag none;
    struct version key;
    struct head copy = *head;
    memcpy(copy.bytes + offsetof(struct fixed, tag), &none, sizeof none);
    memcpy(key.key, name->hash, sizeof key.key);
    return tag_make(cache, &key, 0, copy.bytes, ENTRY_HEAD, tag);
}

static bool add(struct head *head, uint32_t *length, const char *text)
{
    size_t more = strlen(text) + 1;
    if (more > TEXT_MAX - *length) {
        return false;
    }
    memcpy(head->bytes + sizeof(struct fixed) + *length, text, more);
    *length += (uint32_t)more;
    return true;
}

bool head_make(const struct cache *cache, const struct name *name, const struct mgw_stat *stat,
               struct head *head)
{
    struct fixed fixed = {.order = HEAD_ORDER,
                          .block = CACHE_BLOCK,
                          .bytes = stat->bytes,
                          .modified_ms = stat->modified_ms};
    const char *type = stat->content_type;
    memset(head, 0, sizeof *head);
    memcpy(fixed.magic, HEAD_MAGIC, sizeof fixed.magic);
    bool fits = add(head, &fixed.length, stat->etag) && add(head, &fixed.length, type ? "+" : "") &&
                add(head, &fixed.length, type ? type : "");
    for (size_t i = 0; fits && stat->metadata && stat->metadata[i]; i++) {
        fits = add(head, &fixed.length, stat->metadata[i]);
    }
    memcpy(head->bytes, &fixed, sizeof fixed);
    fits = fits && head_tag(cache, name, head, &fixed.tag);
    memcpy(head->bytes, &fixed, sizeof fixed);
    return fits;
}

bool head_check(const struct cache *cache, const struct name *name, const struct head *head)
{
    struct fixed fixed = fixed_of(head);
    struct tag tag;
    return memcmp(fixed.magic, HEAD_MAGIC, sizeof fixed.magic) == 0 && fixed.order == HEAD_ORDER &&
           fixed.block == CACHE_BLOCK && fixed.length <= TEXT_MAX &&
           head_tag(cache, name, head, &tag) && memcmp(&tag, &fixed.tag, sizeof tag) == 0;
}

const char *head_etag(const struct head *head)
{
    return text_of(head);
}

uint64_t head_bytes(const struct head *head)
{
    return fixed_of(head).bytes;
}

/* The pairs behind the content type; pointers into TEXT, which ends at END. */
static const char **pairs(struct mgw_call *call, const char *text, const char *end)
{
    size_t count = 0;
    for (const char *at = text; at < end; at += strlen(at) + 1) {
        count++;
    }
    const char **list = call->alloc(call, (count + 1) * sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    return list;
}

enum mgw_status head_stat(struct mgw_call *call, const struct head *head, struct mgw_stat *stat)
{
    struct fixed fixed = fixed_of(head);
    char *text = call->alloc(call, fixed.length);
    if (!text) {
        return cache_no_memory(call);
    }
    memcpy(text, text_of(head), fixed.length);
    const char *has_type = text + strlen(text) + 1, *type = has_type + strlen(has_type) + 1;
    const char *first = type + strlen(type) + 1, *end = text + fixed.length;
    const char **metadata = first < end ? pairs(call, first, end) : NULL;
    if (first < end && !metadata) {
        return cache_no_memory(call);
    }
    stat->bytes = fixed.bytes;
    stat->modified_ms = fixed.modified_ms;
    stat->etag = text;
    if (MGW_HAS(stat, content_type)) {
        stat->content_type = *has_type ? type : NULL;
    }
    if (MGW_HAS(stat, metadata)) {
        stat->metadata = metadata;
    }
    return MGW_OK;
}
