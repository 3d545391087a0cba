/* SPDX-License-Identifier: Apache-2.0 */
#include "canonical.h"

#include "encode.h"

#include <string.h>

bool canonical_init(struct canonical *list, size_t capacity)
{
    *list = (struct canonical){.entries = calloc(capacity ? capacity : 1, sizeof *list->entries),
                               .capacity = capacity};
    return list->entries != NULL;
}

void canonical_free(struct canonical *list)
{
    text_free(&list->bytes);
    free(list->entries);
    list->entries = NULL;
}

static struct canonical_entry *add(struct canonical *list)
{
    if (list->count == list->capacity) {
        list->bytes.failed = true;
        return NULL;
    }
    struct canonical_entry *entry = &list->entries[list->count];
    entry->order = list->count++;
    entry->name = list->bytes.length;
    return entry;
}

static void end(struct canonical *list)
{
    text_add(&list->bytes, "", 1);
}

void canonical_add_query(struct canonical *query, const char *name, const char *value)
{
    struct canonical_entry *entry = add(query);
    if (entry) {
        encode_uri(&query->bytes, name, false);
        end(query);
        entry->value = query->bytes.length;
        encode_uri(&query->bytes, value ? value : "", false);
        end(query);
    }
}

static const char space[] = " \t\r\n\v\f";

void canonical_add_header(struct canonical *headers, const char *name, const char *value)
{
    struct canonical_entry *entry = add(headers);
    if (entry) {
        text_put(&headers->bytes, name);
        end(headers);
        entry->value = headers->bytes.length;
        const char *word = value + strspn(value, space);
        while (*word) {
            size_t length = strcspn(word, space);
            text_add(&headers->bytes, word, length);
            word += length;
            word += strspn(word, space);
            text_put(&headers->bytes, *word ? " " : "");
        }
        end(headers);
    }
}

static int by_order(const struct canonical_entry *one, const struct canonical_entry *other)
{
    return one->order < other->order ? -1 : one->order > other->order;
}

static int by_name(const void *one, const void *other, void *bytes)
{
    const struct canonical_entry *a = one, *b = other;
    int order = strcmp((char *)bytes + a->name, (char *)bytes + b->name);
    return order ? order : by_order(a, b);
}

static int by_name_and_value(const void *one, const void *other, void *bytes)
{
    const struct canonical_entry *a = one, *b = other;
    int order = strcmp((char *)bytes + a->name, (char *)bytes + b->name);
    order = order ? order : strcmp((char *)bytes + a->value, (char *)bytes + b->value);
    return order ? order : by_order(a, b);
}

static bool sort(struct canonical *list, int (*compare)(const void *, const void *, void *))
{
    if (list->bytes.failed) {
        return false;
    }
    qsort_r(list->entries, list->count, sizeof *list->entries, compare, list->bytes.data);
    return true;
}

bool canonical_put_query(struct text *to, struct canonical *query)
{
    if (!sort(query, by_name_and_value)) {
        return false;
    }
    for (size_t i = 0; i < query->count; i++) {
        text_put(to, i ? "&" : "");
        text_put(to, query->bytes.data + query->entries[i].name);
        text_put(to, "=");
        text_put(to, query->bytes.data + query->entries[i].value);
    }
    return !to->failed;
}

bool canonical_put_headers(struct text *to, struct text *signed_names, struct canonical *headers)
{
    if (!sort(headers, by_name)) {
        return false;
    }
    const char *last = NULL;
    for (size_t i = 0; i < headers->count; i++) {
        const char *name = headers->bytes.data + headers->entries[i].name;
        if (last && strcmp(last, name) == 0) {
            text_put(to, ",");
        } else {
            text_put(to, last ? "\n" : "");
            text_put(to, name);
            text_put(to, ":");
            text_put(signed_names, last ? ";" : "");
            text_put(signed_names, name);
            last = name;
        }
        text_put(to, headers->bytes.data + headers->entries[i].value);
    }
    text_put(to, last ? "\n" : "");
    return !to->failed && !signed_names->failed;
}
