/* SPDX-License-Identifier: Apache-2.0
 *
 * See range.h. */
#include "core/http/range.h"

#include "core/base/token.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* Reads decimal digits, up to the largest number there is; false where there are none. */
static bool read_number(const char **at, uint64_t *number)
{
    const char *text = *at;
    *number = 0;
    for (; token_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    bool any = text > *at;
    *at = text;
    return any;
}

/* One range-spec; false where it is malformed. RANGE->length 0: well-formed, but it names no byte.
 * *EMPTY: it asks for the end of nothing, which is all of it. */
static bool read_spec(const char **at, uint64_t size, struct range *range, bool *empty)
{
    uint64_t first, last;
    *range = (struct range){0};
    if (**at == '-') {
        ++*at;
        if (!read_number(at, &last)) {
            return false;
        }
        *empty = *empty || (last > 0 && size == 0);
        range->length = last < size ? last : size;
        range->first = size - range->length;
        return true;
    }
    if (!read_number(at, &first) || **at != '-') {
        return false;
    }
    ++*at;
    if (!read_number(at, &last)) {
        last = UINT64_MAX;
    } else if (last < first) {
        return false;
    }
    if (first < size) {
        range->first = first;
        range->length = (last < size ? last + 1 : size) - first;
    }
    return true;
}

/* Lets ranges that overlap or touch become one, at the place of the earlier one (RFC 9110 section
 * 15.3.7.2). */
static void merge(struct range_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t j = i + 1; j < set->count; j++) {
            struct range *a = &set->ranges[i], *b = &set->ranges[j];
            uint64_t a_end = a->first + a->length, b_end = b->first + b->length;
            if (a->first > b_end || b->first > a_end) {
                continue;
            }
            a->first = a->first < b->first ? a->first : b->first;
            a->length = (a_end > b_end ? a_end : b_end) - a->first;
            memmove(b, b + 1, (set->count - j - 1) * sizeof *b);
            set->count--;
            j = i; /* it has grown: look at all others again */
        }
    }
}

enum range_answer range_parse(const char *header, uint64_t size, struct range_set *set)
{
    static const char unit[] = "bytes=";
    set->count = 0;
    if (!header || strncasecmp(header, unit, sizeof unit - 1) != 0) {
        return RANGE_WHOLE;
    }
    const char *at = header + sizeof unit - 1;
    size_t specs = 0;
    bool empty = false;
    for (;;) {
        at = token_skip(at);
        if (*at == ',') {
            at++;
            continue;
        }
        if (*at == '\0') {
            break;
        }
        struct range range;
        if (++specs > RANGE_MAX || !read_spec(&at, size, &range, &empty)) {
            set->count = 0;
            return RANGE_WHOLE;
        }
        if (range.length > 0) {
            set->ranges[set->count++] = range;
        }
        at = token_skip(at);
        if (*at != ',' && *at != '\0') {
            set->count = 0;
            return RANGE_WHOLE;
        }
    }
    if (specs == 0 || empty) {
        return RANGE_WHOLE;
    }
    merge(set);
    return set->count > 0 ? RANGE_PARTIAL : RANGE_UNSATISFIABLE;
}

bool range_content(struct buf *out, const struct range *range, uint64_t size)
{
    return buf_printf(out, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
                      range->first + range->length - 1, size);
}

bool range_unsatisfied(struct buf *out, uint64_t size)
{
    return buf_printf(out, "bytes */%" PRIu64, size);
}

bool range_part_head(struct buf *out, const char *boundary, const char *mime_type,
                     const struct range_set *set, size_t index, uint64_t size)
{
    buf_printf(out, "%s--%s\r\nContent-Type: %s\r\nContent-Range: ", index > 0 ? "\r\n" : "",
               boundary, mime_type ? mime_type : "application/octet-stream");
    range_content(out, &set->ranges[index], size);
    return buf_text(out, "\r\n\r\n");
}

bool range_part_tail(struct buf *out, const char *boundary)
{
    return buf_printf(out, "\r\n--%s--\r\n", boundary);
}

bool range_body_length(const char *boundary, const char *mime_type, const struct range_set *set,
                       uint64_t size, uint64_t *length)
{
    AUTO_BUF struct buf frame = {0};
    *length = 0;
    for (size_t i = 0; i < set->count; i++) {
        range_part_head(&frame, boundary, mime_type, set, i, size);
        *length += set->ranges[i].length;
    }
    range_part_tail(&frame, boundary);
    *length += frame.length;
    return !frame.failed;
}
