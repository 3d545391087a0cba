/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of a config beyond its types: the grammar of addresses, URLs and buckets. */
#include "core/base/text.h"
#include "core/config/inside.h"
#include "core/config/override.h"

#include <string.h>
#include <sys/un.h>

static bool port_is_valid(const char *port)
{
    size_t length = strlen(port);
    return length >= 1 && length <= 5 && strspn(port, "0123456789") == length &&
           strtol(port, NULL, 10) <= 65535;
}

static bool listen_is_valid(const char *listen)
{
    if (strncmp(listen, "unix:", 5) == 0) {
        size_t path = strlen(listen + 5);
        return listen[5] == '/' && path > 1 && path < sizeof((struct sockaddr_un *)0)->sun_path;
    }
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
                             "\":8080\", or \"unix:/run/mediagw.sock\" (at most 107 bytes of "
                             "path), got \"%s\"",
                             config->listen);
    }
    if (config->public_url && !origin_is_valid(config->public_url, true)) {
        return config_refuse(config, error, "/public_url",
                             "expected a URL such as \"https://media.example.com\", without query, "
                             "user or fragment");
    }
    if (config->node_id && !text_is_word(config->node_id, 64, "._-")) {
        return config_refuse(config, error, "/node_id",
                             "expected 1 to 64 of A-Za-z0-9._-, got \"%s\"", config->node_id);
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
    status = status == MGW_OK ? check_types(config, error) : status;
    return status == MGW_OK ? check_auth(config, error) : status;
}

enum mgw_status config_override_listen(struct config *config, const char *listen,
                                       struct mgw_error *error)
{
    if (!listen_is_valid(listen)) {
        return config_say(error, "--listen: expected ADDRESS:PORT such as \"127.0.0.1:8080\", "
                                 "\"[::1]:8080\" or \":8080\", or \"unix:/run/mediagw.sock\"");
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
           strncmp(config->listen, "localhost:", 10) == 0 ||
           strncmp(config->listen, "unix:", 5) == 0;
}
