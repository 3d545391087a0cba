/* SPDX-License-Identifier: Apache-2.0
 *
 * Every key of the gateway's own configuration as data: what reads it, checks it and documents it
 * is driven by this table alone. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types beyond enum mgw_config_type. */
enum { SCHEMA_DRIVER = 100, SCHEMA_URL_KEYS = 101 };

/* How the value lies in struct config. */
enum schema_form {
    SCHEMA_TEXT,    /* char * */
    SCHEMA_TEXTS,   /* char **, NULL-terminated */
    SCHEMA_I64,     /* int64_t: DURATION in ms */
    SCHEMA_I64_S,   /* int64_t: DURATION in seconds */
    SCHEMA_U64,     /* uint64_t */
    SCHEMA_U32,     /* uint32_t */
    SCHEMA_LEVEL,   /* int: enum log_level, from its name */
    SCHEMA_IS_JSON, /* bool: the ENUM is "json" */
    SCHEMA_BOOL,    /* bool */
    SCHEMA_JSON     /* json_t *, or a form of its own */
};

struct schema_key {
    const char *section; /* "" or the object's name */
    const char *key;
    uint32_t type; /* enum mgw_config_type or SCHEMA_* */
    enum schema_form form;
    size_t offset; /* in struct config */
    bool required;
    const char *fallback; /* as struct mgw_config_key has it; NULL: absent */
    const char *values;
    int64_t min, max;
    const char *help;
};

extern const struct schema_key schema_keys[];
extern const size_t schema_count;

#endif
