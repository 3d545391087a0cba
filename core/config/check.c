/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of a config beyond its types: the grammar of addresses, URLs, buckets and keys. */
#include "core/base/text.h"
#include "core/config/inside.h"
#include "core/config/override.h"
#include "core/config/value.h"

#include <string.h>

static bool url_key_member(const char *key)
{
    return strcmp(key, "id") == 0 || strcmp(key, "secret") == 0 || strcmp(key, "sign") == 0;
}

static enum mgw_status url_key_apply(struct config_inside *config, json_t *entry, size_t index,
                                     const char *pointer, struct mgw_error *error)
{
    static const char *const known[] = {"id", "secret", "sign", NULL};
    struct config_url_key *key = &config->pub.url_keys[index];
    const struct config *pub = &config->pub;
    const char *name;
    json_t *member;
    if (!json_is_object(entry)) {
        return config_refuse(pub, error, pointer, "expected an object with id, secret and sign");
    }
    json_object_foreach(entry, name, member)
    {
        if (!url_key_member(name)) {
            return config_refuse_unknown(pub, error, pointer, name, known);
        }
    }
    const char *id = json_string_value(json_object_get(entry, "id"));
    if (!id || !text_is_word(id, 32, "._-")) {
        return config_refuse(pub, error, pointer, "\"id\" must be 1 to 32 of A-Za-z0-9._-");
    }
    const json_t *secret = json_object_get(entry, "secret"), *sign = json_object_get(entry, "sign");
    if (!json_is_string(secret) || json_string_length(secret) < 32) {
        return config_refuse(pub, error, pointer,
                             "\"secret\" must be text of 32 bytes or more (openssl rand -hex 32)");
    }
    if (sign && !json_is_boolean(sign)) {
        return config_refuse(pub, error, pointer, "\"sign\" must be true or false");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(pub->url_keys[i].id, id) == 0) {
            return config_refuse(pub, error, pointer, "the id \"%s\" is taken by url_keys[%zu]", id,
                                 i);
        }
    }
    AUTO_FREE char *at = pointer_member(pointer, "secret");
    expand_warn_secret(pub, at ? at : "");
    config->pub.url_key_count = index + 1;
    key->id = strdup(id);
    key->secret = strdup(json_string_value(secret));
    key->sign = json_is_true(sign);
    return key->id && key->secret ? MGW_OK : config_refuse(pub, error, pointer, "out of memory");
}

enum mgw_status url_keys_apply(struct config_inside *config, const json_t *list,
                               struct mgw_error *error)
{
    struct config *pub = &config->pub;
    size_t count = json_array_size(list), signs = 0;
    if (!json_is_array(list) || count == 0) {
        return config_refuse(pub, error, "/url_keys", "expected a list of at least one key");
    }
    pub->url_keys = calloc(count, sizeof *pub->url_keys);
    for (size_t i = 0; pub->url_keys && i < count; i++) {
        AUTO_FREE char *pointer = pointer_index("/url_keys", i);
        enum mgw_status status =
            url_key_apply(config, json_array_get(list, i), i, pointer ? pointer : "", error);
        if (status != MGW_OK) {
            return status;
        }
        signs += pub->url_keys[i].sign;
    }
    if (count == 1 && pub->url_keys && !json_object_get(json_array_get(list, 0), "sign")) {
        pub->url_keys[0].sign = true; /* the only one there is */
        signs = 1;
    }
    return signs == 1 ? MGW_OK
                      : config_refuse(pub, error, "/url_keys",
                                      "exactly one key must have \"sign\": true, not %zu", signs);
}

static bool port_is_valid(const char *port)
{
    size_t length = strlen(port);
    return length >= 1 && length <= 5 && strspn(port, "0123456789") == length &&
           strtol(port, NULL, 10) <= 65535;
}

static bool listen_is_valid(const char *listen)
{
    const char *colon = strrchr(listen, ':');
    if (!colon || !port_is_valid(colon + 1)) {
        return false;
    }
    size_t length = (size_t)(colon - listen);
    if (length > 2 && listen[0] == '[' && listen[length - 1] == ']') {
        return strspn(listen + 1, "0123456789abcdefABCDEF:.%") >= length - 2;
    }
    AUTO_FREE char *host = strndup(listen, length);
    return host && (length == 0 || text_is_word(host, 253, ".-"));
}

/* scheme://host[:port] without anything behind; PATH: a path may follow. */
static bool origin_is_valid(const char *url, bool path)
{
    const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
                       : strncmp(url, "http://", 7) == 0 ? url + 7
                                                         : NULL;
    if (!host || !*host) {
        return false;
    }
    const char *end = host + strcspn(host, "/");
    for (const char *c = host; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7f || strchr("?#@\"<>\\", *c)) {
            return false;
        }
    }
    return end > host && (path || !*end);
}

static bool bucket_is_valid(const char *bucket)
{
    size_t length = strlen(bucket);
    return length >= 2 && length <= 63 &&
           strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length && bucket[0] != '.' &&
           bucket[0] != '-';
}

static enum mgw_status check_origins(const struct config *config, struct mgw_error *error)
{
    char **origins = config->cors.origins;
    for (size_t i = 0; origins && origins[i]; i++) {
        bool any = strcmp(origins[i], "*") == 0;
        AUTO_FREE char *pointer = pointer_index("/cors/origins", i);
        if (any && (i > 0 || origins[1])) {
            return config_refuse(config, error, pointer ? pointer : "", "\"*\" must stand alone");
        }
        if (!any && !origin_is_valid(origins[i], false)) {
            return config_refuse(config, error, pointer ? pointer : "",
                                 "expected an origin such as \"https://app.example.com\", without "
                                 "a path, got \"%s\"",
                                 origins[i]);
        }
    }
    return MGW_OK;
}

static enum mgw_status check_types(const struct config *config, struct mgw_error *error)
{
    char **types = config->media.mime_types;
    for (size_t i = 0; types && types[i]; i++) {
        const char *slash = strchr(types[i], '/');
        AUTO_FREE char *major = slash ? strndup(types[i], (size_t)(slash - types[i])) : NULL;
        bool good = major && text_is_word(major, 127, "!#$&^_.+-") &&
                    (strcmp(slash, "/*") == 0 || text_is_word(slash + 1, 127, "!#$&^_.+-"));
        if (!good) {
            AUTO_FREE char *pointer = pointer_index("/media/mime_types", i);
            return config_refuse(config, error, pointer ? pointer : "",
                                 "expected a type such as \"video/mp4\" or \"video/*\", got \"%s\"",
                                 types[i]);
        }
    }
    return MGW_OK;
}

enum mgw_status check_config(const struct config *config, struct mgw_error *error)
{
    if (!listen_is_valid(config->listen)) {
        return config_refuse(config, error, "/listen",
                             "expected ADDRESS:PORT such as \"127.0.0.1:8080\", \"[::1]:8080\" or "
                             "\":8080\", got \"%s\"",
                             config->listen);
    }
    if (config->public_url && !origin_is_valid(config->public_url, true)) {
        return config_refuse(config, error, "/public_url",
                             "expected a URL such as \"https://media.example.com\", without query, "
                             "user or fragment");
    }
    if (!bucket_is_valid(config->media.default_bucket)) {
        return config_refuse(config, error, "/media/default_bucket",
                             "expected [a-z0-9][a-z0-9.-]{1,62}, got \"%s\"",
                             config->media.default_bucket);
    }
    if (config->media.signed_url_ttl_sec > config->media.max_signed_url_ttl_sec) {
        return config_refuse(config, error, "/media/signed_url_ttl_sec",
                             "%lld s are more than max_signed_url_ttl_sec, %lld s",
                             (long long)config->media.signed_url_ttl_sec,
                             (long long)config->media.max_signed_url_ttl_sec);
    }
    enum mgw_status status = check_origins(config, error);
    return status == MGW_OK ? check_types(config, error) : status;
}

enum mgw_status config_override_listen(struct config *config, const char *listen,
                                       struct mgw_error *error)
{
    if (!listen_is_valid(listen)) {
        return config_say(error, "--listen: expected ADDRESS:PORT such as \"127.0.0.1:8080\", "
                                 "\"[::1]:8080\" or \":8080\"");
    }
    char *copy = strdup(listen);
    if (!copy) {
        return config_say(error, "out of memory");
    }
    free(config->listen);
    config->listen = copy;
    return MGW_OK;
}

bool config_listens_on_loopback(const struct config *config)
{
    return strncmp(config->listen, "127.", 4) == 0 || strncmp(config->listen, "[::1]:", 6) == 0 ||
           strncmp(config->listen, "localhost:", 10) == 0;
}
