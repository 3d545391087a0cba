/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of schema.h as a JSON Schema. Any text may be {"file": path} or hold ${NAME}, and so
 * may what is read from text. */
#include "core/config/inside.h"
#include "core/config/schema.h"
#include "core/config/value.h"

#include <string.h>

static json_t *schema_section(const char *section);

static json_t *reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/$defs/", name);
}

static json_t *schema_enum(const char *values)
{
    json_t *words = json_array();
    for (const char *at = values; *at; at += strcspn(at, "|"), at += *at == '|') {
        json_array_append_new(words, json_stringn(at, strcspn(at, "|")));
    }
    return json_pack("{s:[{s:o}, {s:s}]}", "anyOf", "enum", words, "$ref", "#/$defs/replaced");
}

static json_t *schema_int(const struct schema_key *key)
{
    json_t *type = json_pack("{s:s}", "type", "integer");
    if (key->min || key->max) {
        json_object_set_new(type, "minimum", json_integer(key->min));
        json_object_set_new(type, "maximum", json_integer(key->max));
    }
    return type;
}

static json_t *schema_objects(const struct schema_key *key)
{
    const struct schema_list *list = schema_list_of(key->section, key->key);
    return json_pack("{s:s, s:o}", "type", "array", "items", schema_section(list->section));
}

static json_t *schema_type(const struct schema_key *key)
{
    switch (key->type) {
    case MGW_CONFIG_INT:
        return schema_int(key);
    case MGW_CONFIG_SIZE:
        return reference("size");
    case MGW_CONFIG_DURATION:
        return reference("duration");
    case MGW_CONFIG_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case MGW_CONFIG_ENUM:
        return schema_enum(key->values);
    case MGW_CONFIG_LIST:
        return json_pack("{s:s, s:o}", "type", "array", "items", reference("text"));
    case SCHEMA_DRIVER:
        return reference("plugin");
    case SCHEMA_OBJECTS:
        return schema_objects(key);
    default:
        return reference("text");
    }
}

static json_t *schema_key_of(const struct schema_key *key)
{
    json_t *type = schema_type(key);
    if (key->flags & SCHEMA_NULLABLE) {
        type = json_pack("{s:[o, {s:s}]}", "anyOf", type, "type", "null");
    }
    json_object_set_new(type, "description", json_string(key->help));
    if (key->fallback) {
        json_object_set_new(type, "default", value_fallback(key->type, key->fallback));
    }
    if (key->type == MGW_CONFIG_SECRET) {
        json_object_set_new(type, "writeOnly", json_true());
    }
    return type;
}

static json_t *schema_section(const char *section)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < schema_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        AUTO_FREE char *child = schema_new_child(section, i);
        if (child) {
            AUTO_FREE char *inner = schema_join(section, child);
            json_object_set_new(properties, child, schema_section(inner ? inner : ""));
        } else if (strcmp(key->section, section) == 0) {
            json_object_set_new(properties, key->key, schema_key_of(key));
            if (key->flags & SCHEMA_REQUIRED) {
                json_array_append_new(required, json_string(key->key));
            }
        }
    }
    json_t *object = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                               "additionalProperties", 0);
    if (json_array_size(required) > 0) {
        json_object_set(object, "required", required);
    }
    json_decref(required);
    return object;
}

static const char definitions[] =
    "{\"file\": {\"type\": \"object\", \"properties\": {\"file\": {\"type\": \"string\"}},"
    "  \"required\": [\"file\"], \"additionalProperties\": false,"
    "  \"description\": \"A file's content; relative paths start from the config's folder.\"},"
    " \"replaced\": {\"anyOf\": [{\"type\": \"string\", \"pattern\": \"\\\\$\\\\{\"},"
    "  {\"$ref\": \"#/$defs/file\"}]},"
    " \"text\": {\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/file\"}]},"
    " \"size\": {\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0},"
    "  {\"type\": \"string\", \"pattern\": \"^[0-9]+(B|KiB|MiB|GiB|TiB)$\"},"
    "  {\"$ref\": \"#/$defs/replaced\"}],"
    "  \"description\": \"Bytes, or a text such as 64KiB.\"},"
    " \"duration\": {\"anyOf\": [{\"type\": \"number\", \"minimum\": 0},"
    "  {\"type\": \"string\", \"pattern\": \"^[0-9]+(ms|s|m|h|d)$\"},"
    "  {\"$ref\": \"#/$defs/replaced\"}],"
    "  \"description\": \"Seconds, or a text such as 1500ms or 5m.\"},"
    " \"plugin\": {\"type\": \"object\", \"required\": [\"driver\"], \"properties\": {"
    "  \"driver\": {\"$ref\": \"#/$defs/text\"},"
    "  \"filters\": {\"type\": \"array\", \"items\": {\"type\": \"object\","
    "   \"required\": [\"filter\"], \"properties\": {\"filter\": {\"$ref\": "
    "\"#/$defs/text\"}}}}}}}";

json_t *config_schema(void)
{
    json_t *root = schema_section("");
    json_t *defs = json_loads(definitions, 0, NULL);
    json_object_set_new(root, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(root, "title", json_string("mediagw's config"));
    json_object_set_new(root, "$defs", defs);
    return root;
}
