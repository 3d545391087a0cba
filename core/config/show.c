/* SPDX-License-Identifier: Apache-2.0
 *
 * A config as it is in effect, without its secrets. What names a plugin's own keys are is the
 * plugin's table's to say (config_show_plugin). */
#include "core/config/inside.h"
#include "core/config/schema.h"
#include "core/config/value.h"
#include "core/config/values.h"

#include <string.h>

static void show_section(const struct config *config, json_t *object, const char *section,
                         const char *pointer);

/* "scheme://user:password@host" without what stands before the '@'; NULL: there is none. */
static json_t *without_userinfo(const char *text)
{
    const char *host = strstr(text, "://");
    const char *at = host ? host + 3 + strcspn(host + 3, "/?#@") : NULL;
    AUTO_BUF struct buf out = {0};
    if (!at || *at != '@') {
        return NULL;
    }
    buf_append(&out, text, (size_t)(host + 3 - text));
    buf_printf(&out, "***%s", at);
    return out.failed ? NULL : json_string(out.data);
}

/* VALUE as it may be seen, a new reference. */
static json_t *shown(const struct config *config, json_t *value, const char *pointer, bool secret)
{
    const char *file = source_of(config, pointer);
    const char *text = json_string_value(value);
    if (secret && !json_is_null(value)) {
        return json_string("***");
    }
    if (file) {
        return json_pack("{s:s}", "file", file);
    }
    json_t *bare = text ? without_userinfo(text) : NULL;
    if (json_is_array(value)) {
        bare = json_array();
        for (size_t i = 0; i < json_array_size(value); i++) {
            AUTO_FREE char *at = pointer_index(pointer, i);
            json_array_append_new(
                bare, shown(config, json_array_get(value, i), at ? at : pointer, false));
        }
    }
    return bare ? bare : json_incref(value);
}

static void show_key(const struct config *config, json_t *object, const char *pointer,
                     const char *key, uint32_t type, const char *fallback, bool secret)
{
    AUTO_FREE char *at = pointer_member(pointer, key);
    json_t *value = json_object_get(object, key);
    if (value && at) {
        json_object_set_new(object, key, shown(config, value, at, secret));
    } else if (!value && fallback) {
        json_object_set_new(object, key,
                            secret ? json_string("***") : value_fallback(type, fallback));
    }
}

static void show_list(const struct config *config, json_t *list, const char *section,
                      const char *pointer)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO_FREE char *at = pointer_index(pointer, i);
        show_section(config, json_array_get(list, i), section, at ? at : pointer);
    }
}

static void show_section(const struct config *config, json_t *object, const char *section,
                         const char *pointer)
{
    for (size_t i = 0; i < schema_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        AUTO_FREE char *child = schema_new_child(section, i);
        bool own = !child && strcmp(key->section, section) == 0;
        const char *name = child ? child : key->key;
        AUTO_FREE char *inner = schema_join(section, name);
        AUTO_FREE char *at = pointer_member(pointer, name);
        if (!inner || !at || (!child && !own) || (own && key->type == SCHEMA_DRIVER)) {
            continue;
        }
        if (child) {
            json_t *part = json_object_get(object, child);
            bool optional = strcmp(inner, "auth.proxy") == 0; /* off where it is not given */
            if (!part && !optional) {
                part = json_object();
                json_object_set_new(object, child, part);
            }
            show_section(config, part, inner, at);
            if (part && json_object_size(part) == 0) {
                json_object_del(object, child);
            }
        } else if (key->type == SCHEMA_OBJECTS) {
            show_list(config, json_object_get(object, key->key),
                      schema_list_of(section, key->key)->section, at);
        } else {
            show_key(config, object, pointer, key->key, key->type, key->fallback,
                     key->type == MGW_CONFIG_SECRET || (key->flags & SCHEMA_REDACT));
        }
    }
}

json_t *config_show(const struct config *config)
{
    json_t *root = json_deep_copy(((const struct config_inside *)config)->root);
    if (root) {
        show_section(config, root, "", "");
    }
    /* Which key signs may be left unsaid. */
    json_t *keys = json_object_get(root, "url_keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        json_object_set_new(json_array_get(keys, i), "sign",
                            json_boolean(config->url_keys[i].sign));
    }
    return root;
}

void config_show_plugin(const struct config *config, json_t *object, const char *pointer,
                        const struct mgw_config_key *keys, size_t count, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        struct mgw_config_key key = values_key(keys, stride, i);
        if (key.type != MGW_CONFIG_STORAGE) {
            show_key(config, object, pointer, key.key, key.type, key.fallback,
                     key.type == MGW_CONFIG_SECRET);
        }
    }
}
