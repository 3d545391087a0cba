/* SPDX-License-Identifier: Apache-2.0
 *
 * What every mediagw plugin shares: its one exported symbol, the call context, errors, the host's
 * helper table and the typed configuration. storage.h and repo.h add the tables of callbacks.
 * Compiles alone as C11 and C++17; needs libc only.
 *
 * Growth. Structs only ever get new fields at their end. Every struct that crosses the border
 * begins with its size as its maker knew it, and arrays of structs carry their stride, so that host
 * and plugin may be of different ages in both directions: read a field only where `size` (or the
 * stride) covers it. MGW_HAS() says so. What would change the meaning of an existing field gets a
 * feature bit instead and is relied on only where host and plugin both set it.
 *
 * Memory. Nothing is freed across the border: a plugin frees what it allocated itself, the host
 * what it allocated. What a callback hands back as strings it takes from call->alloc(); what it
 * hands to emit() it lends for that one call.
 *
 * Text is NUL-terminated UTF-8 unless a length stands beside it. Wall-clock times are milliseconds
 * since the Unix epoch. */
#ifndef MEDIAGW_PLUGIN_H
#define MEDIAGW_PLUGIN_H

#include <mediagw/status.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MGW_ABI_MAJOR 1u

/* True where the struct at pointer P, whose maker knew `(P)->size` bytes of it, has FIELD. */
#define MGW_HAS(p, field)                                                                          \
    ((p)->size >= (size_t)((const char *)(&(p)->field + 1) - (const char *)(p)))

/* Copies a struct whose maker may have known fewer fields, or more, into one of BYTES bytes: what
 * its maker did not know is zero, and TO's own size is BYTES. Both begin with their size_t. */
static inline void mgw_take(void *to, const void *from, size_t bytes)
{
    size_t known = *(const size_t *)from;
    for (size_t i = 0; i < bytes; i++) {
        ((char *)to)[i] = (char)(i < known ? ((const char *)from)[i] : 0);
    }
    *(size_t *)to = bytes;
}

/* An optional number that is not there. */
#define MGW_ABSENT INT64_MIN

#if defined(__GNUC__)
#define MGW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MGW_EXPORT __attribute__((visibility("default")))
#else
#define MGW_PRINTF(fmt, args)
#define MGW_EXPORT
#endif

/* ---- Errors and the call context
 * ------------------------------------------------------------------------------- */

/* The error slot of a call. The host allocates it and clears it before every callback. */
struct mgw_error {
    size_t size;
    int64_t retry_after_ms; /* 0: no advice */
    char text[512]; /* one line, no newline: what failed, on what, why, and what to do about it */
    char foreign_code[64]; /* the store's or database's own code: "SlowDown", "40001", "ENOSPC" */
    char foreign_request_id[128]; /* its own id of the failed request */
};

/* One call from the host into a plugin. The host makes it; it is valid until the callback returns.
 * One call is used by one thread at a time. */
struct mgw_call {
    size_t size;
    /* CLOCK_MONOTONIC in milliseconds; 0: none. A callback that blocks must answer MGW_TIMEOUT soon
     * after it. */
    int64_t deadline_ms;
    const char *request_id; /* never NULL; for logs and for tracing into other systems */
    const char *account;    /* never NULL; "" where the host acts for itself */
    struct mgw_error *error;
    /* True once nobody waits for the answer any more: a callback that blocks must ask now and then,
     * and answer MGW_CANCELLED. Cheap; may be asked from the callback's thread only. */
    bool (*cancelled)(const struct mgw_call *call);
    /* Zeroed memory, aligned for any type, that belongs to the call: the host frees it when the
     * call is over. NULL when memory is short. A plugin never frees it and keeps no pointer into
     * it. */
    void *(*alloc)(struct mgw_call *call, size_t bytes);
};

/* Writes the error's one line and returns STATUS, so that a callback can say `return mgw_fail(call,
 * MGW_IO, "…");`. */
MGW_PRINTF(3, 4)
static inline enum mgw_status mgw_fail(struct mgw_call *call, enum mgw_status status,
                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (call && call->error) {
        vsnprintf(call->error->text, sizeof call->error->text, format, args);
    }
    va_end(args);
    return status;
}

/* ---- The host's helper table
 * ------------------------------------------------------------------------------------ */

enum mgw_log_level { MGW_LOG_DEBUG = 1, MGW_LOG_INFO = 2, MGW_LOG_WARN = 3, MGW_LOG_ERROR = 4 };

/* Lent to create(), valid until the process ends. Every function may be called from any thread at
 * any time. */
struct mgw_host {
    size_t size;
    uint32_t abi_major;
    uint32_t reserved;
    uint64_t features;   /* MGW_FEATURE_* bits that this host honours */
    const char *version; /* the host's own, for logs */
    /* One line to the gateway's log. INSTANCE_NAME may be NULL. Never log a secret. */
    void (*log)(const char *instance_name, enum mgw_log_level level, const char *format, ...)
        MGW_PRINTF(3, 4);
    void (*random)(void *bytes, size_t length); /* cryptographically strong; never fails */
    int64_t (*wall_ms)(void);                   /* ms since the epoch */
    int64_t (*monotonic_ms)(void);              /* CLOCK_MONOTONIC, the clock of deadline_ms */
};

/* ---- Configuration
 * ---------------------------------------------------------------------------------------------- */

/* The host parses, checks, redacts and documents a plugin's configuration by its table. `fallback`
 * is the default as text, in the form that the type takes in the config file. */
enum mgw_config_type {
    MGW_CONFIG_STRING = 1,
    MGW_CONFIG_SECRET = 2, /* text that is never shown or logged */
    MGW_CONFIG_PATH = 3, /* text; a relative path is made absolute, from the config file's folder */
    MGW_CONFIG_INT = 4,  /* number, within min..max */
    MGW_CONFIG_SIZE = 5, /* bytes: a number, or text such as "64KiB", "5GiB" (powers of 1,024) */
    MGW_CONFIG_DURATION =
        6, /* seconds as a number, or text such as "1500ms", "30s", "5m", "24h"; given in ms */
    MGW_CONFIG_BOOL = 7,
    MGW_CONFIG_ENUM = 8, /* one of `values`, which are separated by '|' */
    MGW_CONFIG_LIST = 9, /* array of strings */
    MGW_CONFIG_STORAGE =
        10 /* filters only: a storage instance of its own, as in the config's "storage" */
};

#define MGW_CONFIG_REQUIRED 1u /* flag: there is no default, and it must be given */

struct mgw_config_key {
    size_t size;
    const char *key; /* snake_case */
    uint32_t type;   /* enum mgw_config_type */
    uint32_t flags;
    const char *fallback; /* NULL: none (absent unless given) */
    const char *values;   /* MGW_CONFIG_ENUM only */
    int64_t min, max;     /* of INT, SIZE, DURATION (ms); both 0: unlimited */
    const char *help;     /* one sentence */
};

struct mgw_storage; /* storage.h */

/* One checked value. Text and list belong to the host and are valid during create() only: copy what
 * is kept. */
struct mgw_config_value {
    size_t size;
    const char *key;
    uint32_t type;
    uint32_t list_count;
    const char *text;                  /* STRING, SECRET, PATH, ENUM: the text */
    int64_t number;                    /* INT, SIZE, DURATION, BOOL (0/1) */
    const char *const *list;           /* LIST */
    const struct mgw_storage *storage; /* STORAGE: valid as long as the instance */
};

#define MGW_CREATE_INIT                                                                            \
    1u /* flag: set the store or database up where there is none yet (`mediagw init`, dev mode) */
#define MGW_CREATE_MIGRATE                                                                         \
    2u /* flag: bring the schema up to date also where the configuration leaves that to the        \
        * operator                                                                                 \
        * (`mediagw migrate`) */
#define MGW_CREATE_DRY_RUN                                                                         \
    4u /* flag: change nothing; where a change would be due, MGW_CONFLICT with a text that says    \
        * which                                                                                    \
        * (`mediagw migrate --dry-run`) */

/* All that create() gets. Every key of the table that was given or has a default is among the
 * values, once. */
struct mgw_config {
    size_t size;
    const char *instance; /* a name for logs: "storage", "repository" */
    uint32_t flags;
    uint32_t stride; /* bytes from one value to the next */
    size_t count;
    const struct mgw_config_value *values;
};

/* The value of KEY, or NULL where it is absent. Compare strings without <string.h>: the headers
 * stand alone. */
static inline const struct mgw_config_value *mgw_config_get(const struct mgw_config *config,
                                                            const char *key)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct mgw_config_value *value =
            (const struct mgw_config_value *)(const void *)((const char *)config->values +
                                                            i * config->stride);
        const char *a = value->key, *b = key;
        while (*a && *a == *b) {
            a++, b++;
        }
        if (*a == *b) {
            return value;
        }
    }
    return NULL;
}

/* ---- The one exported symbol
 * ------------------------------------------------------------------------------------ */

enum mgw_plugin_kind { MGW_KIND_STORAGE = 1, MGW_KIND_REPOSITORY = 2, MGW_KIND_FILTER = 3 };

/* How many threads may be inside the plugin at once; the host locks accordingly. */
enum mgw_thread_model {
    MGW_THREADS_PARALLEL = 0, /* any callback from any thread at any time, but one writer, reader or
                               * upload handle is used by one thread at a time */
    MGW_THREADS_SERIALIZE_INSTANCE = 1, /* one callback at a time for each instance */
    MGW_THREADS_SERIALIZE_PLUGIN = 2    /* one callback at a time, over all instances */
};

struct mgw_plugin {
    size_t size;
    uint32_t abi_major; /* MGW_ABI_MAJOR of the header it was built with */
    uint32_t kind;      /* enum mgw_plugin_kind */
    const char *name;   /* [a-z][a-z0-9_-]{0,31}: what config says in "driver" or "filter" */
    const char *version;
    const char *description;    /* one sentence */
    uint64_t features;          /* feature bits that it understands */
    uint64_t features_required; /* of these, the ones without which it cannot work: refused by a
                                   host without them */
    uint32_t thread_model;      /* enum mgw_thread_model */
    uint32_t config_stride;
    const struct mgw_config_key *config; /* may be NULL with config_count 0 */
    size_t config_count;
    const void
        *table; /* struct mgw_storage_driver, mgw_repo_driver or mgw_filter_driver, by kind */
};

/* A module exports this one function and nothing else. It may be called more than once and from any
 * thread, answers the same pointer each time, and does nothing else: no thread, no file, no
 * environment. The module is never unloaded. */
#define MGW_PLUGIN_SYMBOL "mediagw_plugin"
typedef const struct mgw_plugin *mgw_plugin_function(void);

/* Defines the exported function: MGW_REGISTER(&plugin). */
#ifdef __cplusplus
#define MGW_REGISTER(plugin_pointer)                                                               \
    extern "C" MGW_EXPORT const struct mgw_plugin *mediagw_plugin(void);                           \
    extern "C" MGW_EXPORT const struct mgw_plugin *mediagw_plugin(void)                            \
    {                                                                                              \
        return plugin_pointer;                                                                     \
    }                                                                                              \
    static_assert(sizeof(struct mgw_plugin) > 0, "a plugin is registered once")
#else
#define MGW_REGISTER(plugin_pointer)                                                               \
    MGW_EXPORT const struct mgw_plugin *mediagw_plugin(void);                                      \
    MGW_EXPORT const struct mgw_plugin *mediagw_plugin(void)                                       \
    {                                                                                              \
        return plugin_pointer;                                                                     \
    }                                                                                              \
    _Static_assert(sizeof(struct mgw_plugin) > 0, "a plugin is registered once")
#endif

#ifdef __cplusplus
}
#endif
#endif
