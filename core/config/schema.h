/* SPDX-License-Identifier: Apache-2.0
 *
 * Every key of the gateway's own configuration as data: what reads it, checks it and documents it
 * is driven by this table alone. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types beyond enum mgw_config_type: an object whose keys are a plugin's own, and a list of objects
 * whose keys stand in this table under "<name>[]". */
enum { SCHEMA_DRIVER = 100, SCHEMA_OBJECTS = 101 };

enum schema_flags {
    SCHEMA_REQUIRED = 1, /* wherever its section is given */
    SCHEMA_NULLABLE = 2, /* null says that there is none */
    SCHEMA_REDACT = 4    /* may hold a secret: never shown */
};

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
    SCHEMA_JSON,    /* json_t * */
    SCHEMA_SET,     /* struct config_addresses, of a LIST */
    SCHEMA_ARRAY    /* a pointer to the elements of OBJECTS; see struct schema_list */
};

struct schema_key {
    const char
        *section; /* "", the object's name ("auth.proxy"), or that of a list ("url_keys[]") */
    const char *key;
    uint32_t type; /* enum mgw_config_type or SCHEMA_* */
    enum schema_form form;
    size_t offset;        /* in struct config, or in the list's element */
    unsigned flags;       /* enum schema_flags */
    const char *fallback; /* as struct mgw_config_key has it; NULL: absent */
    const char *values;
    int64_t min, max;
    const char *help;
};

extern const struct schema_key schema_keys[];
extern const size_t schema_count;

/* A list of objects: the elements of SECTION ("url_keys[]"). */
struct schema_list {
    const char *section;
    size_t element; /* its size */
    size_t count;   /* where in struct config the number of elements lies */
};
extern const struct schema_list schema_lists[];
/* That of the list NAME in SECTION. */
const struct schema_list *schema_list_of(const char *section, const char *name);

/* The name of what SECTION directly holds on the way to the section INNER: "proxy" of "auth" for
 * "auth.proxy"; to be freed. NULL: it holds no such section. */
char *schema_child(const char *section, const char *inner);
/* "auth" + "proxy" -> "auth.proxy", "" + "auth" -> "auth"; to be freed. */
char *schema_join(const char *section, const char *name);
/* Whether the Ith key's section, seen from SECTION, is the first that leads to its child: for a
 * walk that meets each child once. The child's name to be freed, else NULL. */
char *schema_new_child(const char *section, size_t i);

#endif
