/* SPDX-License-Identifier: Apache-2.0
 *
 * One value of a config by its type (enum mgw_config_type): text, number or list. Used for the
 * gateway's own keys and for those of plugins. Pure. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "core/base/buf.h"

#include <mediagw/plugin.h>

#include <jansson.h>

struct value_rule {
    uint32_t type;
    const char *values; /* of an ENUM, separated by '|' */
    int64_t min, max;   /* both 0: unlimited */
};

struct value {
    const char *text; /* STRING, SECRET, PATH, ENUM: the JSON's own */
    int64_t number;   /* INT, SIZE, DURATION (ms), BOOL */
};

/* False where JSON is not of the type or out of range: WHY gets "expected …, got …". A SECRET's
 * content never gets into WHY. */
bool value_read(const json_t *json, const struct value_rule *rule, struct value *value,
                struct buf *why);
/* A default's text in the form that its type takes; NULL where it is none. */
json_t *value_fallback(uint32_t type, const char *fallback);
/* "size", "duration", …; NULL for a type that is unknown. */
const char *value_type_name(uint32_t type);

#endif
