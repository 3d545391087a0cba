/* SPDX-License-Identifier: Apache-2.0
 *
 * See values.h. */
#include "core/kit/values.h"

#include "core/base/buf.h"
#include "core/base/cleanup.h"

#include <string.h>

static const char *tmp_folder = "", *run = "";
static json_t *values; /* an object of texts; NULL: none */

bool kit_values_set(const char *tmp, const char *unique, const char *file)
{
    json_error_t error;
    tmp_folder = tmp ? tmp : "";
    run = unique ? unique : "";
    if (!file) {
        return true;
    }
    values = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(values)) {
        fprintf(stderr, "%s: %s\n", file, values ? "expected an object" : error.text);
        return false;
    }
    return true;
}

void kit_values_free(void)
{
    json_decref(values);
    values = NULL;
}

const char *kit_unique(void)
{
    return run;
}

const char *kit_tmp(void)
{
    return tmp_folder;
}

static const char *value_of(const char *name, size_t length)
{
    if (length == 3 && memcmp(name, "tmp", 3) == 0) {
        return tmp_folder;
    }
    if (length == 6 && memcmp(name, "unique", 6) == 0) {
        return run;
    }
    if (length == 4 && memcmp(name, "case", 4) == 0) { /* a case's folder is its number */
        const char *slash = strrchr(tmp_folder, '/');
        return slash ? slash + 1 : "";
    }
    return json_string_value(json_object_getn(values, name, length));
}

/* The length of the name in braces at TEXT; 0: there is none. */
static size_t name_at(const char *text)
{
    size_t length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return text[1 + length] == '}' ? length : 0;
}

static char *replace(const char *text, bool strict)
{
    AUTO_BUF struct buf out = {0};
    buf_text(&out, "");
    while (*text) {
        size_t plain = strcspn(text, "{");
        buf_append(&out, text, plain);
        text += plain;
        size_t length = *text ? name_at(text) : 0;
        const char *value = length ? value_of(text + 1, length) : NULL;
        if (value) {
            buf_text(&out, value);
            text += length + 2;
        } else if (length && strict) {
            fprintf(stderr, "mediagw plugin test: {%.*s} is not tmp, unique, case or of --values\n",
                    (int)length, text + 1);
            return NULL;
        } else if (*text) {
            buf_append(&out, text++, 1);
        }
    }
    return buf_take(&out);
}

char *kit_expand(const char *text)
{
    return replace(text, true);
}

bool kit_expand_json(json_t *json)
{
    const char *key;
    size_t i;
    void *next;
    json_t *member;
    if (json_is_string(json)) {
        AUTO_FREE char *text = replace(json_string_value(json), false);
        return text && json_string_set(json, text) == 0;
    }
    json_object_foreach_safe(json, next, key, member)
    {
        if (!kit_expand_json(member)) {
            return false;
        }
    }
    json_array_foreach(json, i, member)
    {
        if (!kit_expand_json(member)) {
            return false;
        }
    }
    return true;
}
