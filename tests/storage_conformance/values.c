/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run is told from outside: values for the configuration, and the keys that the store behind
 * the driver refuses. */
#include "kit.h"

#include <jansson.h>
#include <stdio.h>

static json_t *values; /* an object of strings; NULL: none */

bool kit_values_load(const char *path)
{
    json_error_t error;
    json_t *more = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(more)) {
        fprintf(stderr, "%s: %s\n", path, more ? "no object" : error.text);
        json_decref(more);
        return false;
    }
    json_decref(values);
    values = more;
    return true;
}

void kit_values_free(void)
{
    json_decref(values);
    values = NULL;
}

const char *kit_unique(void)
{
    static char text[17];
    if (!*text) {
        unsigned char bytes[6];
        kit_host.random(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
            snprintf(text + 2 * i, 3, "%02x", bytes[i]);
        }
    }
    return text;
}

static const char *value_of(const char *name, size_t length, const char *folder)
{
    if (length == 3 && memcmp(name, "tmp", 3) == 0) {
        return folder;
    }
    if (length == 6 && memcmp(name, "unique", 6) == 0) {
        return kit_unique();
    }
    return json_string_value(json_object_getn(values, name, length));
}

char *kit_expand(const char *text, const char *folder)
{
    char *out = NULL;
    size_t length;
    FILE *to = open_memstream(&out, &length);
    if (!to) {
        return NULL;
    }
    bool known = true;
    while (known && *text) {
        size_t plain = strcspn(text, "{"), name = strcspn(text + plain, "}");
        fwrite(text, 1, plain, to);
        text += plain;
        if (*text && text[name]) {
            const char *value = value_of(text + 1, name - 1, folder);
            known = value;
            fputs(value ? value : "", to);
            text += name + 1;
        } else if (*text) {
            known = false;
        }
    }
    fclose(to);
    if (!known) {
        free(out);
        return NULL;
    }
    return out;
}

int64_t kit_number(uint32_t type, const char *text)
{
    static const struct {
        uint32_t type;
        const char *unit;
        int64_t factor;
    } units[] = {{MGW_CONFIG_SIZE, "", 1},           {MGW_CONFIG_SIZE, "KiB", 1 << 10},
                 {MGW_CONFIG_SIZE, "MiB", 1 << 20},  {MGW_CONFIG_SIZE, "GiB", 1 << 30},
                 {MGW_CONFIG_DURATION, "", 1000},    {MGW_CONFIG_DURATION, "ms", 1},
                 {MGW_CONFIG_DURATION, "s", 1000},   {MGW_CONFIG_DURATION, "m", 60000},
                 {MGW_CONFIG_DURATION, "h", 3600000}};
    char *unit = NULL;
    int64_t number = strtoll(text, &unit, 10);
    if (type == MGW_CONFIG_BOOL) {
        return strcmp(text, "true") == 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].type == type && strcmp(units[i].unit, unit) == 0) {
            return number * units[i].factor;
        }
    }
    return number;
}

/* ---- refused keys ---- */

enum form {
    DOT_COMPONENTS = 1,   /* a component "." or "..", also between backslashes */
    EMPTY_COMPONENTS = 2, /* "//", a leading slash */
    LONG_COMPONENTS = 4,  /* a component of more than 255 bytes */
    LEADING_SLASH = 8
};
static unsigned refused;

bool kit_refuse(const char *forms)
{
    static const char *const names[] = {"dot-components", "empty-components", "long-components",
                                        "leading-slash"};
    while (*forms) {
        size_t length = strcspn(forms, ",");
        unsigned form = 0;
        for (unsigned i = 0; i < 4; i++) {
            form |=
                strlen(names[i]) == length && memcmp(names[i], forms, length) == 0 ? 1u << i : 0;
        }
        if (!form) {
            return false;
        }
        refused |= form;
        forms += length + (forms[length] == ',');
    }
    return true;
}

static unsigned forms_of(const char *key)
{
    unsigned forms = *key == '/' ? LEADING_SLASH | EMPTY_COMPONENTS : 0;
    forms |= strstr(key, "//") ? EMPTY_COMPONENTS : 0;
    for (const char *at = key; *at; at += *at != '\0') {
        size_t length = strcspn(at, "/\\");
        bool dots = (length == 1 && *at == '.') || (length == 2 && at[0] == '.' && at[1] == '.');
        forms |= dots ? DOT_COMPONENTS : 0;
        at += length;
    }
    for (const char *at = key; *at; at += *at != '\0') {
        size_t length = strcspn(at, "/");
        forms |= length > 255 ? LONG_COMPONENTS : 0;
        at += length;
    }
    return forms;
}

bool kit_refuses(const char *key)
{
    return (refused & forms_of(key)) != 0;
}

static bool hides_nested;

bool kit_hide(const char *what)
{
    hides_nested = strcmp(what, "nested-keys") == 0;
    return hides_nested;
}

bool kit_hides(const char *const *all, size_t count, const char *key)
{
    for (size_t i = 0; hides_nested && i < count; i++) {
        size_t length = strlen(all[i]);
        if (strncmp(key, all[i], length) == 0 && key[length] == '/' && key[length + 1]) {
            return true;
        }
    }
    return false;
}

void assert_refused(const char *bucket, const char *key)
{
    AUTO_CALL struct mgw_call *call = call_new();
    AUTO_CALL struct mgw_call *looking = call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(bucket, key);
    assert_status(call, try_put(call, bucket, key, NULL, "x", 1, &stat), MGW_INVALID);
    assert_true(call->error->text[0] != '\0');
    assert_true(call->error->foreign_code[0] != '\0' || (forms_of(key) & LEADING_SLASH));
    enum mgw_status status = driver->stat(looking, instance, &blob, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
}

size_t kit_key_max(void)
{
    return limits.max_key_bytes ? limits.max_key_bytes : MGW_KEY_MAX;
}

size_t kit_metadata_max(void)
{
    return MGW_HAS(&limits, max_metadata_bytes) && limits.max_metadata_bytes
               ? limits.max_metadata_bytes
               : MGW_METADATA_MAX;
}

void kit_long_key(char *key, size_t length, char letter)
{
    memset(key, letter, length);
    key[length] = '\0';
    for (size_t at = 200; (refused & LONG_COMPONENTS) && at + 1 < length; at += 200) {
        key[at] = '/';
    }
}

bool kit_is_discreet(const char *text)
{
    for (size_t i = 0; i < kit_config.count; i++) {
        const struct mgw_config_value *value = &kit_config.values[i];
        if (value->type == MGW_CONFIG_SECRET && strcmp(value->key, "access_key") != 0 &&
            value->text && *value->text && strstr(text, value->text)) {
            return false;
        }
    }
    return true;
}
