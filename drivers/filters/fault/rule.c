/* SPDX-License-Identifier: Apache-2.0
 *
 * See rule.h. */
#include "rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const verb_names[FAULT_VERBS] = {
    "put_begin",    "put_write",     "put_prepare", "put_commit",
    "open",         "read",          "descriptor",  "stat",
    "remove",       "list",          "copy",        "presign",
    "plan",         "upload_create", "upload_part", "upload_complete",
    "upload_abort", "sweep",         "health",      "free_bytes",
};

static const char *const status_names[] = {
    "ok",      "not_found", "exists",      "conflict", "stale", "denied",      "invalid",
    "range",   "too_large", "no_space",    "quota",    "busy",  "unavailable", "unknown_outcome",
    "timeout", "cancelled", "unsupported", "corrupt",  "io",
};

#define BIT(verb) (1u << (verb))
#define STATS                                                                                      \
    (BIT(FAULT_STAT) | BIT(FAULT_OPEN) | BIT(FAULT_PUT_COMMIT) | BIT(FAULT_COPY) |                 \
     BIT(FAULT_UPLOAD_COMPLETE))
static const struct {
    const char *name;
    uint32_t verbs; /* where it can be told */
} lies[LIES] = {
    [LIE_NONE] = {"", 0},
    [LIE_SIZE] = {"size", STATS | BIT(FAULT_LIST)},
    [LIE_WILD] = {"wild", STATS | BIT(FAULT_LIST) | BIT(FAULT_READ) | BIT(FAULT_PLAN) |
                              BIT(FAULT_PRESIGN) | BIT(FAULT_UPLOAD_CREATE) |
                              BIT(FAULT_UPLOAD_PART)},
    [LIE_ETAG] = {"etag", STATS | BIT(FAULT_LIST)},
    [LIE_NO_ETAG] = {"no_etag", STATS},
    [LIE_FLIP] = {"flip", BIT(FAULT_READ)},
    [LIE_UTF8] = {"utf8", STATS | BIT(FAULT_LIST) | BIT(FAULT_PRESIGN)},
    [LIE_END] = {"end", BIT(FAULT_READ)},
    [LIE_ENDLESS] = {"endless", BIT(FAULT_LIST)},
    [LIE_REPEAT] = {"repeat", BIT(FAULT_LIST)},
    [LIE_NULL] = {"null",
                  BIT(FAULT_PUT_BEGIN) | BIT(FAULT_OPEN) | BIT(FAULT_LIST) | BIT(FAULT_PRESIGN)},
};

const char *fault_verb_name(enum fault_verb verb)
{
    return verb_names[verb];
}

static enum mgw_status refuse(struct mgw_call *call, const struct rule *rule, const char *why,
                              const char *word)
{
    return mgw_fail(call, MGW_INVALID,
                    "rules: \"%s\": %s%s%s; a rule is VERB:WHAT[:RATE][:before|after][:skip=N]"
                    "[:times=N][:retry_after=T], as in put_commit:unavailable:0.1",
                    rule->text, why, *word ? ": " : "", word);
}

static enum mgw_status parse_verb(struct mgw_call *call, struct rule *rule, const char *word)
{
    if (strcmp(word, "*") == 0) {
        rule->verbs = BIT(FAULT_VERBS) - 1;
        return MGW_OK;
    }
    for (unsigned i = 0; i < FAULT_VERBS; i++) {
        if (strcmp(word, verb_names[i]) == 0) {
            rule->verbs = BIT(i);
            return MGW_OK;
        }
    }
    return refuse(call, rule, "there is no such verb", word);
}

/* A number and what follows it. */
static bool parse_number(const char *word, int64_t *number, const char **rest)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(word, &end, 10);
    *number = value;
    *rest = end;
    return end != word && errno == 0 && value >= 0;
}

static bool parse_duration(const char *word, int64_t *ms)
{
    const char *unit;
    if (!word || !parse_number(word, ms, &unit) || *ms > 3600000) {
        return false;
    }
    if (strcmp(unit, "s") == 0) {
        *ms *= 1000;
        return true;
    }
    return strcmp(unit, "ms") == 0;
}

static enum mgw_status parse_lie(struct mgw_call *call, struct rule *rule, const char *word)
{
    rule->what = FAULT_LIE;
    for (unsigned i = 1; word && i < LIES; i++) {
        if (strcmp(word, lies[i].name) == 0) {
            rule->lie = (enum fault_lie)i;
            rule->verbs &= rule->verbs == BIT(FAULT_VERBS) - 1 ? lies[i].verbs : UINT32_MAX;
            return rule->verbs & ~lies[i].verbs
                       ? refuse(call, rule, "this verb cannot tell such a lie", word)
                       : MGW_OK;
        }
    }
    return refuse(
        call, rule,
        "lie= is one of size, wild, etag, no_etag, flip, utf8, end, endless, repeat, null",
        word ? word : "");
}

static enum mgw_status parse_status(struct mgw_call *call, struct rule *rule, const char *word,
                                    const char *value)
{
    const char *rest = "";
    rule->what = FAULT_STATUS;
    if (strcmp(word, "status") == 0) {
        return value && parse_number(value, &rule->number, &rest) && !*rest && rule->number > 0 &&
                       rule->number < INT32_MAX
                   ? MGW_OK
                   : refuse(call, rule, "status= takes a number above 0", value ? value : "");
    }
    for (unsigned i = 1; i < sizeof status_names / sizeof status_names[0]; i++) {
        if (!value && strcmp(word, status_names[i]) == 0) {
            rule->number = i;
            bool open = i == MGW_UNKNOWN_OUTCOME || i == MGW_TIMEOUT || i == MGW_CANCELLED;
            rule->when = open ? FAULT_EITHER : FAULT_BEFORE;
            return MGW_OK;
        }
    }
    return refuse(call, rule, "neither a status nor status=, delay=, deaf=, short or lie=", word);
}

static enum mgw_status parse_what(struct mgw_call *call, struct rule *rule, char *word)
{
    char *value = strchr(word, '=');
    if (value) {
        *value++ = '\0';
    }
    if (strcmp(word, "delay") == 0 || strcmp(word, "deaf") == 0) {
        rule->what = strcmp(word, "deaf") == 0 ? FAULT_DEAF : FAULT_DELAY;
        return parse_duration(value, &rule->number)
                   ? MGW_OK
                   : refuse(call, rule, "a delay is like 200ms or 2s, at most an hour",
                            value ? value : "");
    }
    if (strcmp(word, "short") == 0 && !value) {
        rule->what = FAULT_SHORT;
        rule->verbs &= BIT(FAULT_READ);
        return rule->verbs ? MGW_OK : refuse(call, rule, "only read can be", word);
    }
    return strcmp(word, "lie") == 0 ? parse_lie(call, rule, value)
                                    : parse_status(call, rule, word, value);
}

static enum mgw_status parse_option(struct mgw_call *call, struct rule *rule, const char *word)
{
    const char *rest = "";
    int64_t number = 0;
    char *end = NULL;
    if (strcmp(word, "before") == 0 || strcmp(word, "after") == 0) {
        rule->when = *word == 'a' ? FAULT_AFTER : FAULT_BEFORE;
        return rule->what == FAULT_STATUS
                   ? MGW_OK
                   : refuse(call, rule, "only a status comes before or after", word);
    }
    if (strncmp(word, "skip=", 5) == 0 && parse_number(word + 5, &number, &rest) && !*rest) {
        rule->skip = (uint64_t)number;
        return MGW_OK;
    }
    if (strncmp(word, "times=", 6) == 0 && parse_number(word + 6, &number, &rest) && !*rest) {
        rule->times = (uint64_t)number;
        return MGW_OK;
    }
    if (strncmp(word, "retry_after=", 12) == 0 && rule->what == FAULT_STATUS &&
        parse_duration(word + 12, &rule->retry_after_ms)) {
        return MGW_OK;
    }
    rule->rate = strtod(word, &end);
    return *word && !*end && rule->rate >= 0 && rule->rate <= 1
               ? MGW_OK
               : refuse(call, rule, "a rate is 0 to 1", word);
}

enum mgw_status rule_parse(struct mgw_call *call, const char *text, struct rule *rule)
{
    *rule = (struct rule){.text = strdup(text), .rate = 1};
    char *words = strdup(text), *rest = words;
    enum mgw_status status = MGW_OK;
    if (!rule->text || !words) {
        free(words);
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    for (unsigned at = 0; status == MGW_OK && rest; at++) {
        char *word = strsep(&rest, ":");
        status = at == 0   ? parse_verb(call, rule, word)
                 : at == 1 ? parse_what(call, rule, word)
                           : parse_option(call, rule, word);
        if (at == 0 && status == MGW_OK && !rest) {
            status = refuse(call, rule, "what is to happen is missing", "");
        }
    }
    free(words);
    return status;
}

void rule_release(struct rule *rule)
{
    free(rule->text);
}
