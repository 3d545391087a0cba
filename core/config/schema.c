/* SPDX-License-Identifier: Apache-2.0
 *
 * See schema.h: the table, and what reads a file's root object by it. */
#include "core/config/schema.h"

#include "core/base/log.h"
#include "core/config/inside.h"
#include "core/config/value.h"

#include <string.h>

#define AT(field) offsetof(struct config, field)
#define TEN_YEARS_MS ((int64_t)3650 * 86400 * 1000)
#define WEEK_MS ((int64_t)604800 * 1000)

const struct schema_key schema_keys[] = {
    {"", "listen", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(listen), false, "127.0.0.1:8080", NULL, 0, 0,
     "Address and port to listen on: \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" for every "
     "address; port 0 takes a free one."},
    {"", "public_url", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(public_url), false, NULL, NULL, 0, 0,
     "Base of the URLs given to clients, \"https://media.example.com\"; absent: taken from the "
     "request."},
    {"", "storage", SCHEMA_DRIVER, SCHEMA_JSON, AT(storage), true, NULL, NULL, 0, 0,
     "The storage driver (\"driver\"), its own keys and its filters; see mediagw plugin show."},
    {"", "repository", SCHEMA_DRIVER, SCHEMA_JSON, AT(repository), true, NULL, NULL, 0, 0,
     "The repository driver (\"driver\") and its own keys; see mediagw plugin show."},
    {"", "url_keys", SCHEMA_URL_KEYS, SCHEMA_JSON, AT(url_keys), true, NULL, NULL, 0, 0,
     "Keys of signed URLs: a list of {\"id\", \"secret\" (32 bytes or more), \"sign\"}; one signs, "
     "all are honoured."},
    {"media", "default_bucket", MGW_CONFIG_STRING, SCHEMA_TEXT, AT(media.default_bucket), false,
     "media-recordings", NULL, 0, 0, "The logical bucket of new recordings."},
    {"media", "signed_url_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64_S, AT(media.signed_url_ttl_sec),
     false, "3600", NULL, 1000, TEN_YEARS_MS, "How long a signed URL lasts by default."},
    {"media", "max_signed_url_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64_S,
     AT(media.max_signed_url_ttl_sec), false, "604800", NULL, 1000, TEN_YEARS_MS,
     "The longest that a client may ask for."},
    {"media", "max_upload_bytes", MGW_CONFIG_SIZE, SCHEMA_U64, AT(media.max_upload_bytes), false,
     "5GiB", NULL, 1, INT64_MAX, "The largest recording."},
    {"media", "mime_types", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(media.mime_types), false,
     "[\"video/*\", \"audio/*\", \"image/*\"]", NULL, 0, 0,
     "Types that may be uploaded; a wildcard never matches svg, xml or html types."},
    {"media", "lease_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.lease_ms), false, "30", NULL,
     1000, 3600000, "How long an upload whose gateway fell silent is still its own."},
    {"media", "reap_interval_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.reap_interval_ms),
     false, "60", NULL, 1000, 86400000, "How often abandoned uploads are looked for."},
    {"media", "idempotency_ttl_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(media.idempotency_ttl_ms),
     false, "24h", NULL, 1000, WEEK_MS, "How long an Idempotency-Key is remembered."},
    {"media", "min_free_bytes", MGW_CONFIG_SIZE, SCHEMA_U64, AT(media.min_free_bytes), false, "0",
     NULL, 0, 0, "New recordings are refused when the store has less room than this."},
    {"cors", "origins", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(cors.origins), false, NULL, NULL, 0, 0,
     "Origins whose pages may call the gateway, or \"*\" alone."},
    {"limits", "connections", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.connections), false, "4096",
     NULL, 1, 1000000, "Connections in all."},
    {"limits", "connections_per_address", MGW_CONFIG_INT, SCHEMA_U32,
     AT(limits.connections_per_address), false, "0", NULL, 0, 1000000,
     "Connections from one address; 0: no limit."},
    {"limits", "workers", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.workers), false, "64", NULL, 1,
     4096, "Threads for work that waits for a disk, a database or a network."},
    {"limits", "queue", MGW_CONFIG_INT, SCHEMA_U32, AT(limits.queue), false, "1024", NULL, 1,
     1000000, "Requests that wait for a worker before more are refused with 503."},
    {"limits", "header_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.header_deadline_ms), false, "15", NULL, 100, 3600000,
     "Within it a request's header must be there."},
    {"limits", "idle_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(limits.idle_ms), false, "60", NULL,
     100, 3600000, "A connection on which nothing moves is closed after it."},
    {"limits", "min_rate", MGW_CONFIG_SIZE, SCHEMA_U64, AT(limits.min_rate), false, "1KiB", NULL, 0,
     (int64_t)1 << 40, "Bytes a second, over a minute, below which a transfer is cut off."},
    {"limits", "request_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.request_deadline_ms), false, "60", NULL, 100, 3600000,
     "How long a request may take in drivers; transfer does not count."},
    {"limits", "shutdown_deadline_sec", MGW_CONFIG_DURATION, SCHEMA_I64,
     AT(limits.shutdown_deadline_ms), false, "30", NULL, 0, 3600000,
     "How long SIGTERM waits for what is in flight."},
    {"limits", "drain_delay_sec", MGW_CONFIG_DURATION, SCHEMA_I64, AT(limits.drain_delay_ms), false,
     "0", NULL, 0, 3600000,
     "How long /readyz says 503 before the gateway stops accepting, so that a load balancer sees "
     "it."},
    {"log", "format", MGW_CONFIG_ENUM, SCHEMA_IS_JSON, AT(log.json), false, "logfmt", "logfmt|json",
     0, 0, "The form of log lines."},
    {"log", "level", MGW_CONFIG_ENUM, SCHEMA_LEVEL, AT(log.level), false, "info",
     "debug|info|warn|error", 0, 0, "The least that is logged."},
    {"log", "access", MGW_CONFIG_BOOL, SCHEMA_BOOL, AT(log.access), false, "true", NULL, 0, 0,
     "A line for each request."},
    {"plugins", "path", MGW_CONFIG_LIST, SCHEMA_TEXTS, AT(plugins.path), false, NULL, NULL, 0, 0,
     "Folders of plugin descriptors, searched in order; absent: $MEDIAGW_PLUGIN_PATH, or those "
     "installed with the gateway."},
};
const size_t schema_count = sizeof schema_keys / sizeof schema_keys[0];

/* "media", "cors", …: the sections, or the keys of SECTION, as text_nearest wants them. */
static void names_of(const char *section, const char **names)
{
    size_t n = 0;
    for (size_t i = 0; i < schema_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        if (strcmp(key->section, section) == 0) {
            names[n++] = key->key;
        } else if (!section[0] && (i == 0 || strcmp(key->section, schema_keys[i - 1].section))) {
            names[n++] = key->section;
        }
    }
    names[n] = NULL;
}

static enum mgw_status check_names(const struct config *config, json_t *object, const char *section,
                                   struct mgw_error *error)
{
    AUTO_FREE const char **names = calloc(schema_count + 1, sizeof *names);
    if (!names) {
        return config_refuse(config, error, "", "out of memory");
    }
    names_of(section, names);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0) {
            i++;
        }
        if (!names[i]) {
            AUTO_FREE char *at = section[0] ? pointer_member("", section) : strdup("");
            return config_refuse_unknown(config, error, at ? at : "", key, names);
        }
    }
    return MGW_OK;
}

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

static bool put(struct config *config, const struct schema_key *key, json_t *json,
                const struct value *value)
{
    void *field = (char *)config + key->offset;
    switch (key->form) {
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
    }
    return true;
}

static enum mgw_status check_driver(const struct config *config, json_t *json, const char *pointer,
                                    struct mgw_error *error)
{
    if (!json_is_object(json)) {
        return config_refuse(config, error, pointer,
                             "expected an object such as {\"driver\": \"fs\", …}");
    }
    if (!json_is_string(json_object_get(json, "driver"))) {
        return config_refuse(config, error, pointer,
                             "\"driver\" is missing: it names the plugin, such as \"fs\"");
    }
    return MGW_OK;
}

static enum mgw_status apply_key(struct config_inside *config, const struct schema_key *key,
                                 json_t *json, const char *pointer, struct mgw_error *error)
{
    struct value value = {0};
    AUTO_BUF struct buf why = {0};
    if (key->type == SCHEMA_URL_KEYS) {
        return url_keys_apply(config, json, error);
    }
    if (key->type == SCHEMA_DRIVER) {
        enum mgw_status status = check_driver(&config->pub, json, pointer, error);
        if (status != MGW_OK) {
            return status;
        }
    } else {
        struct value_rule rule = {key->type, key->values, key->min, key->max};
        if (!value_read(json, &rule, &value, &why)) {
            return config_refuse(&config->pub, error, pointer, "%s", why.data ? why.data : "");
        }
    }
    return put(&config->pub, key, json, &value)
               ? MGW_OK
               : config_refuse(&config->pub, error, pointer, "out of memory");
}

static enum mgw_status apply_one(struct config_inside *config, const struct schema_key *key,
                                 json_t *object, struct mgw_error *error)
{
    AUTO_FREE char *section = key->section[0] ? pointer_member("", key->section) : strdup("");
    AUTO_FREE char *pointer = section ? pointer_member(section, key->key) : NULL;
    if (!pointer) {
        return config_refuse(&config->pub, error, "", "out of memory");
    }
    json_t *given = json_object_get(object, key->key);
    if (given) {
        return apply_key(config, key, given, pointer, error);
    }
    if (key->required) {
        const char *how = key->type == SCHEMA_URL_KEYS
                              ? "missing: signed URLs need a secret of 32 bytes or more that every "
                                "node knows; add \"url_keys\": [{\"id\": \"1\", \"secret\": "
                                "\"<from: openssl rand -hex 32>\", \"sign\": true}]"
                              : "missing: an object such as {\"driver\": \"fs\", …} is required";
        return config_refuse(&config->pub, error, pointer, "%s", how);
    }
    json_t *fallback = key->fallback ? value_fallback(key->type, key->fallback) : NULL;
    enum mgw_status status = fallback ? apply_key(config, key, fallback, pointer, error) : MGW_OK;
    json_decref(fallback);
    return status;
}

enum mgw_status schema_apply(struct config_inside *config, json_t *root, struct mgw_error *error)
{
    enum mgw_status status = check_names(&config->pub, root, "", error);
    const char *checked = "";
    for (size_t i = 0; status == MGW_OK && i < schema_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        json_t *object = key->section[0] ? json_object_get(root, key->section) : root;
        if (object && strcmp(checked, key->section) != 0) {
            checked = key->section;
            AUTO_FREE char *pointer = pointer_member("", key->section);
            status = json_is_object(object)
                         ? check_names(&config->pub, object, key->section, error)
                         : config_refuse(&config->pub, error, pointer ? pointer : "",
                                         "expected an object");
        }
        if (status == MGW_OK) {
            status = apply_one(config, key, object, error);
        }
    }
    return status;
}
