/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a config's root object into struct config by the table of schema.h, and releases what that
 * made by the same table. */
#include "core/base/log.h"
#include "core/config/inside.h"
#include "core/config/schema.h"
#include "core/config/value.h"

#include <string.h>

/* Where a walk is: an object of the file and the struct that takes its values. */
struct place {
    struct config_inside *config;
    void *base; /* struct config, or an element of a list */
    const char *section;
    const char *pointer;
    json_t *object; /* NULL: absent */
    struct mgw_error *error;
};

static enum mgw_status apply_section(const struct place *at);

static enum mgw_status short_of_memory(const struct place *at)
{
    return config_refuse(&at->config->pub, at->error, at->pointer, "out of memory");
}

/* ---- Names ---- */

/* The keys and sections of SECTION as text_nearest wants them; freed by free_names. */
static char **names_of(const char *section)
{
    char **names = calloc(schema_count + 1, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; names && i < schema_count; i++) {
        char *child = schema_new_child(section, i);
        if (child) {
            names[n++] = child;
        } else if (strcmp(schema_keys[i].section, section) == 0) {
            names[n++] = strdup(schema_keys[i].key);
        }
    }
    return names;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

static enum mgw_status check_names(const struct place *at)
{
    const char *key;
    json_t *value;
    char **names = names_of(at->section);
    enum mgw_status status = names ? MGW_OK : short_of_memory(at);
    json_object_foreach(at->object, key, value)
    {
        size_t i = 0;
        while (names && names[i] && strcmp(names[i], key) != 0) {
            i++;
        }
        if (names && !names[i] && status == MGW_OK) {
            status = config_refuse_unknown(&at->config->pub, at->error, at->pointer, key,
                                           (const char *const *)names);
        }
    }
    free_list(names);
    return status;
}

/* ---- Values ---- */

static char **copy_list(const json_t *list)
{
    size_t count = json_array_size(list);
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(json_string_value(json_array_get(list, i)));
    }
    return copy;
}

static int level_of(const char *name)
{
    return name[0] == 'd'   ? LOG_LEVEL_DEBUG
           : name[0] == 'i' ? LOG_LEVEL_INFO
           : name[0] == 'w' ? LOG_LEVEL_WARN
                            : LOG_LEVEL_ERROR;
}

static bool put(void *field, enum schema_form form, json_t *json, const struct value *value)
{
    switch (form) {
    case SCHEMA_TEXT:
        return (*(char **)field = strdup(value->text)) != NULL;
    case SCHEMA_TEXTS:
        return (*(char ***)field = copy_list(json)) != NULL;
    case SCHEMA_I64:
        *(int64_t *)field = value->number;
        break;
    case SCHEMA_I64_S:
        *(int64_t *)field = value->number / 1000;
        break;
    case SCHEMA_U64:
        *(uint64_t *)field = (uint64_t)value->number;
        break;
    case SCHEMA_U32:
        *(uint32_t *)field = (uint32_t)value->number;
        break;
    case SCHEMA_LEVEL:
        *(int *)field = level_of(value->text);
        break;
    case SCHEMA_IS_JSON:
        *(bool *)field = strcmp(value->text, "json") == 0;
        break;
    case SCHEMA_BOOL:
        *(bool *)field = value->number != 0;
        break;
    case SCHEMA_JSON:
        *(json_t **)field = json_incref(json);
        break;
    case SCHEMA_SET:
    case SCHEMA_ARRAY:
        break;
    }
    return true;
}

static enum mgw_status apply_set(const struct place *at, struct config_addresses *set,
                                 const json_t *list)
{
    size_t count = json_array_size(list);
    set->at = calloc(count + 1, sizeof *set->at);
    for (size_t i = 0; set->at && i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        bool local = strcmp(text, "unix") == 0;
        AUTO_FREE char *pointer = pointer_index(at->pointer, i);
        if (!cidr_parse(local ? "::/128" : text, &set->at[i])) {
            return config_refuse(&at->config->pub, at->error, pointer ? pointer : "",
                                 "expected an address such as \"10.0.0.0/8\", \"::1\" or \"unix\", "
                                 "no bit set behind its prefix, got \"%s\"",
                                 text);
        }
        set->named_unix += local;
        set->count++;
    }
    return set->at ? MGW_OK : short_of_memory(at);
}

static enum mgw_status apply_array(const struct place *at, const struct schema_key *key,
                                   json_t *list)
{
    const struct schema_list *shape = schema_list_of(at->section, key->key);
    size_t wanted = json_array_size(list);
    if (!json_is_array(list)) {
        return config_refuse(&at->config->pub, at->error, at->pointer,
                             "expected a list of objects");
    }
    char *elements = shape ? calloc(wanted + 1, shape->element) : NULL;
    if (!elements) {
        return short_of_memory(at);
    }
    size_t *count = (size_t *)((char *)at->base + shape->count);
    memcpy((char *)at->base + key->offset, &elements, sizeof elements);
    enum mgw_status status = MGW_OK;
    for (size_t i = 0; i < wanted && status == MGW_OK; i++) {
        AUTO_FREE char *pointer = pointer_index(at->pointer, i);
        *count = i + 1;
        status = apply_section(&(struct place){at->config, elements + i * shape->element,
                                               shape->section, pointer ? pointer : "",
                                               json_array_get(list, i), at->error});
    }
    return status;
}

static enum mgw_status check_driver(const struct place *at, const json_t *json)
{
    if (!json_is_object(json)) {
        return config_refuse(&at->config->pub, at->error, at->pointer,
                             "expected an object such as {\"driver\": \"fs\", …}");
    }
    if (!json_is_string(json_object_get(json, "driver"))) {
        return config_refuse(&at->config->pub, at->error, at->pointer,
                             "\"driver\" is missing: it names the plugin, such as \"fs\"");
    }
    return MGW_OK;
}

/* AT's pointer is the key's own. */
static enum mgw_status apply_value(const struct place *at, const struct schema_key *key,
                                   json_t *json)
{
    void *field = (char *)at->base + key->offset;
    struct value value = {0};
    if (json_is_null(json) && (key->flags & SCHEMA_NULLABLE)) {
        return MGW_OK;
    }
    if (key->type == SCHEMA_OBJECTS) {
        return apply_array(at, key, json);
    }
    if (key->type == SCHEMA_DRIVER) {
        enum mgw_status status = check_driver(at, json);
        if (status != MGW_OK) {
            return status;
        }
    } else {
        AUTO_BUF struct buf why = {0};
        struct value_rule rule = {key->type, key->values, key->min, key->max};
        if (!value_read(json, &rule, &value, &why)) {
            return config_refuse(&at->config->pub, at->error, at->pointer, "%s",
                                 why.data ? why.data : "");
        }
        if (key->type == MGW_CONFIG_SECRET) {
            expand_warn_secret(&at->config->pub, at->pointer);
        }
    }
    if (key->form == SCHEMA_SET) {
        return apply_set(at, field, json);
    }
    return put(field, key->form, json, &value) ? MGW_OK : short_of_memory(at);
}

static enum mgw_status refuse_missing(const struct place *at, const struct schema_key *key)
{
    const char *how = "missing";
    if (strcmp(key->key, "url_keys") == 0) {
        how = "missing: signed URLs need a secret of 32 bytes or more that every node knows; add "
              "\"url_keys\": [{\"id\": \"1\", \"secret\": \"<from: openssl rand -hex 32>\", "
              "\"sign\": true}]";
    } else if (key->type == SCHEMA_DRIVER) {
        how = "missing: an object such as {\"driver\": \"fs\", …} is required";
    } else if (key->flags & SCHEMA_NULLABLE) {
        how = "missing: give a text, or null to accept any";
    }
    return config_refuse(&at->config->pub, at->error, at->pointer, "%s", how);
}

static enum mgw_status apply_key(const struct place *parent, const struct schema_key *key)
{
    AUTO_FREE char *pointer = pointer_member(parent->pointer, key->key);
    if (!pointer) {
        return short_of_memory(parent);
    }
    struct place at = *parent;
    at.pointer = pointer;
    json_t *given = json_object_get(parent->object, key->key);
    if (given) {
        return apply_value(&at, key, given);
    }
    if ((key->flags & SCHEMA_REQUIRED) && parent->object) {
        return refuse_missing(&at, key);
    }
    json_t *fallback = key->fallback ? value_fallback(key->type, key->fallback) : NULL;
    enum mgw_status status = fallback ? apply_value(&at, key, fallback) : MGW_OK;
    json_decref(fallback);
    return status;
}

static enum mgw_status apply_child(const struct place *parent, const char *name)
{
    AUTO_FREE char *section = schema_join(parent->section, name);
    AUTO_FREE char *pointer = pointer_member(parent->pointer, name);
    if (!section || !pointer) {
        return short_of_memory(parent);
    }
    struct place at = *parent;
    at.section = section;
    at.pointer = pointer;
    at.object = json_object_get(parent->object, name);
    return apply_section(&at);
}

static enum mgw_status apply_section(const struct place *at)
{
    if (at->object && !json_is_object(at->object)) {
        return config_refuse(&at->config->pub, at->error, at->pointer, "expected an object");
    }
    enum mgw_status status = at->object ? check_names(at) : MGW_OK;
    for (size_t i = 0; status == MGW_OK && i < schema_count; i++) {
        AUTO_FREE char *child = schema_new_child(at->section, i);
        if (child) {
            status = apply_child(at, child);
        } else if (strcmp(schema_keys[i].section, at->section) == 0) {
            status = apply_key(at, &schema_keys[i]);
        }
    }
    return status;
}

enum mgw_status apply_root(struct config_inside *config, struct mgw_error *error)
{
    return apply_section(&(struct place){config, &config->pub, "", "", config->root, error});
}

/* ---- The end ---- */

static void free_fields(void *base, const char *section);

static void free_array(void *base, const struct schema_key *key)
{
    const struct schema_list *shape = schema_list_of(key->section, key->key);
    char *elements;
    memcpy(&elements, (char *)base + key->offset, sizeof elements);
    for (size_t i = 0; elements && i < *(size_t *)((char *)base + shape->count); i++) {
        free_fields(elements + i * shape->element, shape->section);
    }
    free(elements);
}

static void free_field(void *base, const struct schema_key *key)
{
    void *field = (char *)base + key->offset;
    char *text = key->form == SCHEMA_TEXT ? *(char **)field : NULL;
    if (text && (key->type == MGW_CONFIG_SECRET || (key->flags & SCHEMA_REDACT))) {
        explicit_bzero(text, strlen(text));
    }
    free(text);
    if (key->form == SCHEMA_TEXTS) {
        free_list(*(char ***)field);
    } else if (key->form == SCHEMA_JSON) {
        json_decref(*(json_t **)field);
    } else if (key->form == SCHEMA_SET) {
        free(((struct config_addresses *)field)->at);
    } else if (key->form == SCHEMA_ARRAY) {
        free_array(base, key);
    }
}

/* SECTION's own keys; all of them but the lists' where it is "". */
static void free_fields(void *base, const char *section)
{
    for (size_t i = 0; i < schema_count; i++) {
        bool own = strcmp(schema_keys[i].section, section) == 0;
        if (own || (!section[0] && !strstr(schema_keys[i].section, "[]"))) {
            free_field(base, &schema_keys[i]);
        }
    }
}

void apply_free(struct config *config)
{
    free_fields(config, "");
}
