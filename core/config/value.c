/* SPDX-License-Identifier: Apache-2.0
 *
 * See value.h. */
#include "core/config/value.h"

#include "core/base/text.h"

#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};
static const struct unit size_units[] = {
    {"B", 1},
    {"KiB", 1024},
    {"MiB", 1024 * 1024},
    {"GiB", 1024 * 1024 * 1024},
    {"TiB", (int64_t)1024 * 1024 * 1024 * 1024},
    {NULL, 0},
};
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct {
    const char *name;
    const char *expected;
} types[] = {
    [MGW_CONFIG_STRING] = {"string", "text"},
    [MGW_CONFIG_SECRET] = {"secret", "text"},
    [MGW_CONFIG_PATH] = {"path", "a path"},
    [MGW_CONFIG_INT] = {"int", "a whole number"},
    [MGW_CONFIG_SIZE] = {"size", "a size such as 65536 or \"64KiB\""},
    [MGW_CONFIG_DURATION] = {"duration", "a duration such as 30 (seconds), \"1500ms\" or \"5m\""},
    [MGW_CONFIG_BOOL] = {"bool", "true or false"},
    [MGW_CONFIG_ENUM] = {"enum", "one word"},
    [MGW_CONFIG_LIST] = {"list", "a list of texts"},
    [MGW_CONFIG_STORAGE] = {"storage", "an object with a driver, as \"storage\""},
};

const char *value_type_name(uint32_t type)
{
    return type < sizeof types / sizeof types[0] ? types[type].name : NULL;
}

/* What a message shows of a wrong value. */
static void describe(struct buf *out, const json_t *json, bool secret)
{
    const char *kinds[] = {"an object", "a list", "text",  "a number",
                           "a number",  "true",   "false", "null"};
    bool shown = !secret && (json_is_string(json) || json_is_number(json));
    char *text = shown ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    if (text && strlen(text) <= 80) {
        buf_text(out, text);
    } else {
        buf_text(out, kinds[json_typeof(json)]);
    }
    free(text);
}

static bool wrong(struct buf *why, const json_t *json, const struct value_rule *rule)
{
    if (rule->type == MGW_CONFIG_ENUM && rule->values) {
        buf_printf(why, "expected one of %s, got ", rule->values);
    } else {
        buf_printf(why, "expected %s, got ", types[rule->type].expected);
    }
    describe(why, json, rule->type == MGW_CONFIG_SECRET);
    return false;
}

/* Decimal digits and a unit, nothing else. */
static bool read_units(const char *text, const struct unit *units, int64_t *number)
{
    uint64_t digits = 0;
    size_t length = strspn(text, "0123456789");
    for (size_t i = 0; i < length; i++) {
        if (digits > (uint64_t)INT64_MAX / 10 - 1) {
            return false;
        }
        digits = digits * 10 + (uint64_t)(text[i] - '0');
    }
    for (; length > 0 && units->name; units++) {
        if (strcmp(text + length, units->name) == 0) {
            bool fits = digits <= (uint64_t)(INT64_MAX / units->factor);
            *number = fits ? (int64_t)digits * units->factor : 0;
            return fits;
        }
    }
    return false;
}

static bool read_number(const json_t *json, uint32_t type, int64_t *number)
{
    if (type == MGW_CONFIG_INT) {
        *number = json_integer_value(json);
        return json_is_integer(json);
    }
    if (json_is_string(json)) {
        return read_units(json_string_value(json),
                          type == MGW_CONFIG_SIZE ? size_units : duration_units, number);
    }
    int64_t factor = type == MGW_CONFIG_DURATION ? 1000 : 1;
    if (json_is_integer(json)) {
        int64_t given = json_integer_value(json);
        *number = given * (given <= INT64_MAX / factor ? factor : 0);
        return given >= 0 && given <= INT64_MAX / factor;
    }
    if (type == MGW_CONFIG_DURATION && json_is_real(json)) {
        double given = json_real_value(json) * 1000;
        *number = given >= 0 && given < 9e15 ? (int64_t)given : -1;
        return *number >= 0;
    }
    return false;
}

static bool one_of(const char *word, const char *values)
{
    size_t length = strlen(word);
    while (length > 0 && values) {
        if (strcspn(values, "|") == length && strncmp(values, word, length) == 0) {
            return true;
        }
        values = strchr(values, '|');
        values = values ? values + 1 : NULL;
    }
    return false;
}

static bool read_list(const json_t *json)
{
    size_t i;
    json_t *element;
    json_array_foreach(json, i, element)
    {
        if (!json_is_string(element)) {
            return false;
        }
    }
    return json_is_array(json);
}

bool value_read(const json_t *json, const struct value_rule *rule, struct value *value,
                struct buf *why)
{
    *value = (struct value){0};
    switch (rule->type) {
    case MGW_CONFIG_STRING:
    case MGW_CONFIG_SECRET:
    case MGW_CONFIG_PATH:
    case MGW_CONFIG_ENUM:
        value->text = json_string_value(json);
        if (!value->text || (rule->type == MGW_CONFIG_PATH && !value->text[0]) ||
            (rule->type == MGW_CONFIG_ENUM && !one_of(value->text, rule->values))) {
            return wrong(why, json, rule);
        }
        return true;
    case MGW_CONFIG_BOOL:
        value->number = json_is_true(json);
        return json_is_boolean(json) || wrong(why, json, rule);
    case MGW_CONFIG_LIST:
        return read_list(json) || wrong(why, json, rule);
    case MGW_CONFIG_STORAGE:
        return json_is_object(json) || wrong(why, json, rule);
    default:
        break;
    }
    if (!read_number(json, rule->type, &value->number)) {
        return wrong(why, json, rule);
    }
    if ((rule->min || rule->max) && (value->number < rule->min || value->number > rule->max)) {
        const char *unit = rule->type == MGW_CONFIG_DURATION ? " ms"
                           : rule->type == MGW_CONFIG_SIZE   ? " bytes"
                                                             : "";
        buf_printf(why, "expected %lld to %lld%s, got ", (long long)rule->min, (long long)rule->max,
                   unit);
        describe(why, json, false);
        return false;
    }
    return true;
}

json_t *value_fallback(uint32_t type, const char *fallback)
{
    if (type == MGW_CONFIG_INT || type == MGW_CONFIG_BOOL || type == MGW_CONFIG_LIST) {
        return json_loads(fallback, JSON_DECODE_ANY, NULL);
    }
    if (type == MGW_CONFIG_SIZE || type == MGW_CONFIG_DURATION) {
        json_t *number = json_loads(fallback, JSON_DECODE_ANY, NULL);
        if (json_is_number(number)) {
            return number;
        }
        json_decref(number);
    }
    return json_string(fallback);
}
