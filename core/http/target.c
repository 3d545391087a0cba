/* SPDX-License-Identifier: Apache-2.0
 *
 * See target.h. */
#include "core/http/target.h"

#include "core/base/text.h"

#include <string.h>

/* The texts that a target's pointers lead into. */
struct target_texts {
    struct target target;
    char *segments;
    char *blob;
    char *query;
};

static const char bad_path[] = "the path has a bad percent escape, a NUL or is not UTF-8";
static const char bad_query[] = "the query has a bad percent escape, a NUL or is not UTF-8";

void target_free(struct target *target)
{
    if (!target) {
        return;
    }
    struct target_texts *texts = (struct target_texts *)(void *)target;
    free(target->path);
    free(target->params);
    free(texts->segments);
    free(texts->blob);
    free(texts->query);
    free(texts);
}

/* What is wrong with the raw bytes; NULL: nothing. */
static const char *check_raw(const char *raw, size_t length)
{
    if (length == 0 || raw[0] != '/') {
        return "the request target is not a path";
    }
    if (length > TARGET_MAX) {
        return "the request target is longer than 16 KiB";
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)raw[i];
        if (c <= ' ' || c == 0x7f || c == '#') {
            return "the request target has a character that must be escaped";
        }
    }
    return NULL;
}

static bool read_segments(struct target *target, char *path)
{
    for (char *at = path; at;) {
        char *segment = at + 1;
        at = strchr(segment, '/');
        if (at) {
            *at = '\0';
        }
        if (!text_unpercent(segment)) {
            return false;
        }
        if (target->segment_count < TARGET_SEGMENTS_MAX) {
            target->segments[target->segment_count] = segment;
        }
        target->segment_count++;
    }
    return true;
}

static bool is_below_media(const char *raw, size_t length)
{
    return length >= 7 && memcmp(raw, "/media/", 7) == 0;
}

/* "/media/{bucket}/{key…}": only the first slash behind the bucket parts, the key keeps its own. */
static bool read_blob(struct target *target, char *path)
{
    char *bucket = path + 7, *slash = strchr(bucket, '/');
    if (!slash || slash == bucket || slash[1] == '\0') {
        return true;
    }
    *slash = '\0';
    target->bucket = bucket;
    target->key = slash + 1;
    return text_unpercent(bucket) && text_unpercent(slash + 1);
}

static bool decode_param(char *text, bool form)
{
    for (char *c = text; form && *c; c++) {
        *c = *c == '+' ? ' ' : *c;
    }
    return text_unpercent(text);
}

static const char *read_query(struct target *target, char *query, bool form)
{
    char *next;
    for (char *at = query; at; at = next) {
        next = strchr(at, '&');
        if (next) {
            *next++ = '\0';
        }
        if (*at == '\0') {
            continue;
        }
        if (target->param_count == TARGET_PARAMS_MAX) {
            return "the query has more than 64 parameters";
        }
        char *equals = strchr(at, '=');
        if (equals) {
            *equals = '\0';
        }
        char *value = equals ? equals + 1 : at + strlen(at);
        if (!decode_param(at, form) || (equals && !decode_param(value, form))) {
            return bad_query;
        }
        target->params[target->param_count++] =
            (struct target_param){.name = at, .value = equals ? value : ""};
    }
    for (size_t i = 0; i < target->param_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(target->params[i].name, target->params[j].name) == 0) {
                target->params[i].repeated = target->params[j].repeated = true;
            }
        }
    }
    return NULL;
}

/* Fills the target; false where it is malformed (*ERROR is set) or memory is short. */
static bool read_target(struct target_texts *texts, const char *raw, size_t length,
                        const char **error)
{
    struct target *target = &texts->target;
    const char *mark = memchr(raw, '?', length);
    size_t path = mark ? (size_t)(mark - raw) : length;
    target->path = strndup(raw, path);
    texts->segments = strndup(raw, path);
    texts->blob = strndup(raw, path);
    if (!target->path || !texts->segments || !texts->blob) {
        return false;
    }
    bool media = is_below_media(raw, length);
    if (!text_unpercent(target->path) || !read_segments(target, texts->segments) ||
        (media && !read_blob(target, texts->blob))) {
        *error = bad_path;
        return false;
    }
    if (!mark) {
        return true;
    }
    texts->query = strndup(mark + 1, length - path - 1);
    target->params = calloc(TARGET_PARAMS_MAX, sizeof *target->params);
    if (!texts->query || !target->params) {
        return false;
    }
    *error = read_query(target, texts->query, !media);
    return !*error;
}

struct target *target_parse(const char *raw, size_t length, const char **error)
{
    *error = check_raw(raw, length);
    struct target_texts *texts = *error ? NULL : calloc(1, sizeof *texts);
    if (texts && !read_target(texts, raw, length, error)) {
        target_free(&texts->target);
        return NULL;
    }
    return texts ? &texts->target : NULL;
}

const char *target_param(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->param_count; i++) {
        if (strcmp(target->params[i].name, name) == 0) {
            return target->params[i].value;
        }
    }
    return NULL;
}

const char *target_repeated(const struct target *target, const char *const *names)
{
    for (size_t i = 0; i < target->param_count; i++) {
        if (!target->params[i].repeated) {
            continue;
        }
        const char *const *name = names;
        while (name && *name && strcmp(*name, target->params[i].name) != 0) {
            name++;
        }
        if (!name || *name) {
            return target->params[i].name;
        }
    }
    return NULL;
}
