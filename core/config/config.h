/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's configuration: one JSON file, checked by tables (schema.c), given as one typed
 * struct. `${NAME}` and
 * {"file": …} are replaced while reading. What it refuses, it names: file, line, column, key,
 * expected, got, nearest key. Read at start by one thread; constant afterwards. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "core/base/cidr.h"

#include <mediagw/plugin.h>

#include <jansson.h>

struct config_url_key {
    char *id;
    char *secret; /* at least 32 bytes, may hold any byte but NUL */
    bool sign;
};

/* Whose JSON Web Tokens are believed. Exactly one of jwks, pem and secret is there. */
struct config_jwt {
    char *alg; /* "HS256", "RS256", "ES256" */
    char *jwks, *pem, *secret;
    char *issuer, *audience; /* NULL: any */
    char *account_claim;
};

/* A set of peers. The peer of a unix socket has no address: it is "::" here, which no TCP peer has.
 */
struct config_addresses {
    struct cidr *at;
    size_t count;
    size_t named_unix; /* how many of them are "unix" */
};

struct config {
    char *path;      /* of the file, NULL in dev mode */
    char *directory; /* that relative paths start from */
    bool dev; /* no config file: loopback, DATA, the account from X-Account-Id or else "dev" */
    char *data_dir; /* dev mode's DATA, NULL otherwise */

    char *listen;     /* "127.0.0.1:8080", "[::1]:8080", ":8080", "unix:/run/mediagw.sock" */
    char *node_id;    /* [A-Za-z0-9._-]{1,64}; NULL: made up at start */
    char *public_url; /* no trailing slash; NULL: from the request */

    json_t *storage;    /* the object as written (checked by the driver's own table later) */
    json_t *repository; /* the same */

    struct {
        char *default_bucket; /* NULL: the service's default; so for all 0 and NULL here */
        int64_t signed_url_ttl_sec;
        int64_t max_signed_url_ttl_sec;
        uint64_t max_upload_bytes;
        char **mime_types; /* NULL-terminated */
        int64_t lease_ms;
        int64_t reap_interval_ms;
        int64_t idempotency_ttl_ms;
        uint64_t min_free_bytes;
        char *delivery; /* "auto", "proxy" */
        int64_t direct_ttl_sec;
    } media;

    struct config_url_key *url_keys;
    size_t url_key_count;

    struct {
        struct config_jwt *jwt;
        size_t jwt_count;
        char *cookie; /* whose value is a token; NULL: none */
        struct {
            struct config_addresses from; /* none: no proxy may name an account */
            char *account_header;
            char *secret_header, *secret; /* both or none */
        } proxy;
    } auth;
    /* Who may say with Forwarded or X-Forwarded-* what address and URL a request had. */
    struct config_addresses trusted_proxies;

    struct {
        char **origins; /* NULL-terminated; "*" allowed alone */
    } cors;

    struct {
        uint32_t connections;             /* 4,096 */
        uint32_t connections_per_address; /* 0: no limit */
        uint32_t workers;                 /* 64 */
        uint32_t queue;                   /* 1,024: requests waiting for a worker before 503 */
        int64_t header_deadline_ms;       /* 15,000 */
        int64_t idle_ms;                  /* 60,000 */
        uint64_t min_rate;                /* bytes a second over 60 s, 1,024 */
        int64_t request_deadline_ms;      /* 60,000: of work in drivers, not of transfer */
        int64_t shutdown_deadline_ms;     /* 30,000 */
        int64_t drain_delay_ms;           /* 0 */
    } limits;

    struct {
        bool json;   /* "format": "logfmt" | "json" */
        int level;   /* enum log_level */
        bool access; /* true: a line for each request */
    } log;

    struct {
        char **path; /* folders of descriptors, NULL-terminated; NULL: the default */
    } plugins;
};

/* Reads and checks PATH. MGW_INVALID with one line in ERROR. */
enum mgw_status config_load(const char *path, struct config **config, struct mgw_error *error);
/* Dev mode: defaults under DATA_DIR (made with mode 0700, url key made and kept there). */
enum mgw_status config_dev(const char *data_dir, struct config **config, struct mgw_error *error);
/* A config of nothing but these two objects (NULL: {}), from no file, for who opens plugins without
 * a gateway; relative paths start from DIRECTORY. NULL when memory is short. */
struct config *config_of_plugins(json_t *storage, json_t *repository, const char *directory);
void config_free(struct config *config);

/* Refuses what a later check found at POINTER: file, line, column, key and WHY into ERROR;
 * MGW_INVALID. */
enum mgw_status config_fault(const struct config *config, struct mgw_error *error,
                             const char *pointer, const char *why);

/* The config as it is in effect: variables replaced, defaults filled in, secrets "***", what came
 * from a file as {"file": path}. Plugins' own keys are left as they are, for
 * config_show_plugin. NULL when memory is short. */
json_t *config_show(const struct config *config);
/* The same for a plugin's OBJECT in it, which stands at POINTER, by its table. */
void config_show_plugin(const struct config *config, json_t *object, const char *pointer,
                        const struct mgw_config_key *keys, size_t count, size_t stride);

/* A JSON Schema (draft 2020-12) of a config file; plugins' own keys are open. */
json_t *config_schema(void);

/* The first key at the top whose value differs between two configs, save for those that a running
 * gateway reads again (url_keys, auth, cors, trusted_proxies); NULL: none. */
const char *config_differs(const struct config *one, const struct config *other);

/* Where a JSON pointer ("/storage/root") stands in the config's file, for messages of later checks.
 * 0, 0: unknown. */
void config_locate(const struct config *config, const char *pointer, int *line, int *column);

/* Checks OBJECT (without the keys in IGNORE, NULL-terminated) by a plugin's table and gives its
 * values. Used for "storage", "repository" and filters. POINTER is the object's place in the file.
 * Freed by config_values_free. */
struct config_values;
enum mgw_status config_values_new(const struct config *config, const json_t *object,
                                  const char *pointer, const char *const *ignore,
                                  const struct mgw_config_key *keys, size_t count, size_t stride,
                                  struct config_values **values, struct mgw_error *error);
/* The form that create() takes; valid as long as VALUES. INSTANCE and FLAGS go in as they are. */
const struct mgw_config *config_values_table(struct config_values *values, const char *instance,
                                             uint32_t flags);
/* Sets the STORAGE value KEY. */
void config_values_set_storage(struct config_values *values, const char *key,
                               const struct mgw_storage *storage);
void config_values_free(struct config_values *values);

#endif
