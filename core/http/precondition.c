/* SPDX-License-Identifier: Apache-2.0
 *
 * See precondition.h. */
#include "core/http/precondition.h"

#include "core/base/clock.h"
#include "core/base/token.h"

/* One entity-tag; its opaque text (without quotes) is *TAG. NULL: malformed, else what follows. */
static const char *read_tag(const char *at, bool *weak, const char **tag, size_t *length)
{
    *weak = at[0] == 'W' && at[1] == '/';
    at += *weak ? 2 : 0;
    if (*at++ != '"') {
        return NULL;
    }
    *tag = at;
    while ((unsigned char)*at > ' ' && *at != '"' && *at != 0x7f) {
        at++;
    }
    *length = (size_t)(at - *tag);
    return *at == '"' ? at + 1 : NULL;
}

static bool is_etag(const char *etag, const char *tag, size_t length)
{
    return etag && strlen(etag) == length && memcmp(etag, tag, length) == 0;
}

/* Whether LIST ("*", or entity-tags between commas) names ETAG; STRONG: weak ones never do (section
 * 8.8.3.2). A list that is malformed anywhere names nothing. */
static bool list_names(const char *list, const char *etag, bool strong)
{
    const char *at = token_skip(list);
    if (*at == '*') {
        return *token_skip(at + 1) == '\0';
    }
    bool found = false;
    while (*at) {
        if (*at == ',') {
            at = token_skip(at + 1);
            continue;
        }
        bool weak;
        const char *tag;
        size_t length;
        at = read_tag(at, &weak, &tag, &length);
        if (!at) {
            return false;
        }
        found = found || (!(weak && strong) && is_etag(etag, tag, length));
        at = token_skip(at);
        if (*at != ',' && *at != '\0') {
            return false;
        }
    }
    return found;
}

/* Milliseconds to the second that an HTTP date can say. */
static int64_t to_second(int64_t ms)
{
    int64_t rest = ms % 1000;
    return ms - (rest < 0 ? rest + 1000 : rest);
}

static bool if_range_holds(const char *value, const struct precondition_content *content)
{
    value = token_skip(value);
    if (*value == '"' || (value[0] == 'W' && value[1] == '/')) {
        bool weak;
        const char *tag, *end;
        size_t length;
        end = read_tag(value, &weak, &tag, &length);
        return end && *token_skip(end) == '\0' && !weak && is_etag(content->etag, tag, length);
    }
    /* A key is never written twice, so its date is as strong a validator as its etag. */
    int64_t date;
    return clock_parse_http(value, &date) && date == to_second(content->modified_at);
}

enum precondition_answer precondition_check(const struct precondition *request,
                                            const struct precondition_content *content,
                                            bool *range_counts)
{
    int64_t modified = to_second(content->modified_at), date;
    *range_counts = false;
    if (request->if_match) {
        if (!list_names(request->if_match, content->etag, true)) {
            return PRECONDITION_FAILED;
        }
    } else if (request->if_unmodified_since &&
               clock_parse_http(request->if_unmodified_since, &date) && modified > date) {
        return PRECONDITION_FAILED;
    }
    if (request->if_none_match) {
        if (list_names(request->if_none_match, content->etag, false)) {
            return request->get_or_head ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
        }
    } else if (request->get_or_head && request->if_modified_since &&
               clock_parse_http(request->if_modified_since, &date) && modified <= date) {
        return PRECONDITION_NOT_MODIFIED;
    }
    *range_counts = !request->if_range || if_range_holds(request->if_range, content);
    return PRECONDITION_PROCEED;
}
