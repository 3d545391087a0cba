/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's object of the config, checked by the plugin's own table (see config.h and values.h).
 * The host distrusts the table as well: sizes, strings and defaults are looked at before use. */
#include "core/config/values.h"

#include "core/base/text.h"
#include "core/config/inside.h"
#include "core/config/value.h"

#include <string.h>

enum { KEYS_MAX = 1000, NAME_MAX_BYTES = 64 };

struct config_values {
    struct mgw_config table;
    struct mgw_config_value *values;
    size_t count, room;
    json_t *held; /* the JSON that texts and lists point into */
    char **texts; /* absolute paths, one slot a value */
    char *instance;
};

struct mgw_config_key values_key(const struct mgw_config_key *keys, size_t stride, size_t i)
{
    struct mgw_config_key key = {0};
    const void *at = (const char *)keys + i * stride;
    size_t size = *(const size_t *)at;
    size = size < stride ? size : stride;
    memcpy(&key, at, size < sizeof key ? size : sizeof key);
    key.size = sizeof key;
    return key;
}

/* ---- Is the table sound? ---- */

static const char *key_fault(const struct mgw_config_key *key)
{
    if (!value_type_name(key->type)) {
        return "has an unknown type";
    }
    if (!key->help || !key->help[0] || !text_is_utf8(key->help, strlen(key->help))) {
        return "has no help";
    }
    if (key->type == MGW_CONFIG_ENUM && (!key->values || !key->values[0])) {
        return "is an enum without values";
    }
    if (key->min > key->max) {
        return "has a minimum above its maximum";
    }
    if (key->fallback && (key->flags & MGW_CONFIG_REQUIRED)) {
        return "is required and has a default";
    }
    if (!key->fallback) {
        return NULL;
    }
    struct value value;
    AUTO_BUF struct buf why = {0};
    struct value_rule rule = {key->type, key->values, key->min, key->max};
    json_t *json = value_fallback(key->type, key->fallback);
    bool good = json && key->type != MGW_CONFIG_STORAGE && value_read(json, &rule, &value, &why);
    json_decref(json);
    return good ? NULL : "has a default that is not of its type";
}

static bool key_name(const char *name)
{
    return name && text_is_word(name, NAME_MAX_BYTES, "_") &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

char *values_table_fault(const struct mgw_config_key *keys, size_t count, size_t stride)
{
    AUTO_BUF struct buf out = {0};
    if (count > KEYS_MAX || (count > 0 && !keys) ||
        (count > 0 && stride < offsetof(struct mgw_config_key, help) + sizeof(char *))) {
        buf_printf(&out, "its config table has %zu keys of %zu bytes", count, stride);
        return buf_take(&out);
    }
    for (size_t i = 0; i < count; i++) {
        struct mgw_config_key key = values_key(keys, stride, i);
        if (!key_name(key.key) || strcmp(key.key, "driver") == 0 ||
            strcmp(key.key, "filters") == 0 || strcmp(key.key, "filter") == 0) {
            buf_printf(&out, "key %zu of its config table has no name of [a-z0-9_]+", i + 1);
            return buf_take(&out);
        }
        const char *fault = key_fault(&key);
        for (size_t j = 0; !fault && j < i; j++) {
            fault = strcmp(values_key(keys, stride, j).key, key.key) == 0 ? "stands twice" : NULL;
        }
        if (fault) {
            buf_printf(&out, "the key \"%s\" of its config table %s", key.key, fault);
            return buf_take(&out);
        }
    }
    return NULL;
}

/* ---- Values ---- */

static bool ignored(const char *name, const char *const *ignore)
{
    for (; ignore && *ignore; ignore++) {
        if (strcmp(name, *ignore) == 0) {
            return true;
        }
    }
    return false;
}

static enum mgw_status check_unknown(const struct config *config, const json_t *object,
                                     const char *pointer, const char *const *ignore,
                                     const struct mgw_config_key *keys, size_t count, size_t stride,
                                     struct mgw_error *error)
{
    AUTO_FREE const char **names = calloc(count + 1, sizeof *names);
    const char *name;
    json_t *member;
    if (!names) {
        return config_say(error, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = values_key(keys, stride, i).key;
    }
    json_object_foreach((json_t *)object, name, member)
    {
        if (!ignored(name, names) && !ignored(name, ignore)) {
            return config_refuse_unknown(config, error, pointer, name, names);
        }
    }
    return MGW_OK;
}

static bool keep_list(struct mgw_config_value *value, json_t *list)
{
    size_t count = json_array_size(list);
    const char **texts = calloc(count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++) {
        texts[i] = json_string_value(json_array_get(list, i));
    }
    value->list = texts;
    value->list_count = (uint32_t)count;
    return texts;
}

static bool keep_path(struct config_values *values, const struct config *config,
                      struct mgw_config_value *value)
{
    AUTO_BUF struct buf path = {0};
    if (value->text[0] != '/' && config && config->directory) {
        buf_printf(&path, "%s/", config->directory);
    }
    buf_text(&path, value->text);
    char *text = buf_take(&path);
    values->texts[values->count] = text;
    value->text = text;
    return text;
}

static enum mgw_status add(struct config_values *values, const struct config *config,
                           const struct mgw_config_key *key, json_t *json, const char *pointer,
                           struct mgw_error *error)
{
    struct value read;
    AUTO_BUF struct buf why = {0};
    struct value_rule rule = {key->type, key->values, key->min, key->max};
    if (!value_read(json, &rule, &read, &why)) {
        return config_refuse(config, error, pointer, "%s", why.data ? why.data : "");
    }
    struct mgw_config_value *value = &values->values[values->count];
    *value = (struct mgw_config_value){.size = sizeof *value,
                                       .key = key->key,
                                       .type = key->type,
                                       .text = read.text,
                                       .number = read.number};
    json_array_append(values->held, json);
    if ((key->type == MGW_CONFIG_LIST && !keep_list(value, json)) ||
        (key->type == MGW_CONFIG_PATH && !keep_path(values, config, value))) {
        return config_say(error, "out of memory");
    }
    if (key->type == MGW_CONFIG_SECRET) {
        expand_warn_secret(config, pointer);
    }
    values->count++;
    return MGW_OK;
}

static enum mgw_status add_key(struct config_values *values, const struct config *config,
                               const struct mgw_config_key *key, const json_t *object,
                               const char *pointer, struct mgw_error *error)
{
    AUTO_FREE char *at = pointer_member(pointer, key->key);
    json_t *given = json_object_get(object, key->key);
    if (!at) {
        return config_say(error, "out of memory");
    }
    if (given) {
        return add(values, config, key, given, at, error);
    }
    if (key->flags & MGW_CONFIG_REQUIRED) {
        return config_refuse(config, error, at, "missing: it is required (%s)", key->help);
    }
    json_t *fallback = key->fallback ? value_fallback(key->type, key->fallback) : NULL;
    enum mgw_status status = fallback ? add(values, config, key, fallback, at, error) : MGW_OK;
    json_decref(fallback);
    return status;
}

enum mgw_status config_values_new(const struct config *config, const json_t *object,
                                  const char *pointer, const char *const *ignore,
                                  const struct mgw_config_key *keys, size_t count, size_t stride,
                                  struct config_values **made, struct mgw_error *error)
{
    AUTO_FREE char *fault = values_table_fault(keys, count, stride);
    if (fault) {
        return config_refuse(config, error, pointer, "%s", fault);
    }
    enum mgw_status status =
        check_unknown(config, object, pointer, ignore, keys, count, stride, error);
    if (status != MGW_OK) {
        return status;
    }
    struct config_values *values = calloc(1, sizeof *values);
    if (!values) {
        return config_say(error, "out of memory");
    }
    values->room = count;
    values->values = calloc(count + 1, sizeof *values->values);
    values->texts = calloc(count + 1, sizeof *values->texts);
    values->held = json_array();
    if (!values->values || !values->texts || !values->held) {
        status = config_say(error, "out of memory");
    }
    for (size_t i = 0; status == MGW_OK && i < count; i++) {
        struct mgw_config_key key = values_key(keys, stride, i);
        status = add_key(values, config, &key, object, pointer, error);
    }
    if (status != MGW_OK) {
        config_values_free(values);
        return status;
    }
    *made = values;
    return MGW_OK;
}

const struct mgw_config *config_values_table(struct config_values *values, const char *instance,
                                             uint32_t flags)
{
    free(values->instance);
    values->instance = strdup(instance);
    values->table = (struct mgw_config){.size = sizeof values->table,
                                        .instance = values->instance ? values->instance : "",
                                        .flags = flags,
                                        .stride = sizeof *values->values,
                                        .count = values->count,
                                        .values = values->values};
    return &values->table;
}

void config_values_set_storage(struct config_values *values, const char *key,
                               const struct mgw_storage *storage)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->values[i].key, key) == 0) {
            values->values[i].storage = storage;
        }
    }
}

void config_values_free(struct config_values *values)
{
    if (!values) {
        return;
    }
    for (size_t i = 0; values->values && values->texts && i < values->room; i++) {
        free((void *)values->values[i].list);
        free(values->texts[i]);
    }
    free(values->values);
    free(values->texts);
    free(values->instance);
    json_decref(values->held);
    free(values);
}
