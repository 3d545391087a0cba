/* SPDX-License-Identifier: Apache-2.0
 *
 * See forwarded.h. */
#include "core/http/forwarded.h"

#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_MAX = 320 };

/* The last element of the list LIST[0..*LENGTH), trimmed, copied to OUT; *LENGTH becomes what is
 * left before it. Commas in double quotes separate nothing. False at the end. An element that does
 * not fit reads as "". */
static bool last_element(const char *list, size_t *length, char separator, char out[VALUE_MAX])
{
    if (*length == 0) {
        return false;
    }
    size_t start = *length;
    bool quoted = false;
    while (start > 0 && (quoted || list[start - 1] != separator)) {
        start--;
        quoted ^= list[start] == '"';
    }
    size_t from = start, to = *length;
    while (from < to && (list[from] == ' ' || list[from] == '\t')) {
        from++;
    }
    while (to > from && (list[to - 1] == ' ' || list[to - 1] == '\t')) {
        to--;
    }
    size_t size = to - from < VALUE_MAX ? to - from : 0;
    memcpy(out, list + from, size);
    out[size] = '\0';
    *length = start > 0 ? start - 1 : 0;
    return true;
}

/* The value of PAIR where its name is NAME, unquoted in place. */
static const char *pair_value(char *pair, const char *name)
{
    size_t length = strlen(name);
    if (strncasecmp(pair, name, length) != 0 || pair[length] != '=') {
        return NULL;
    }
    char *value = pair + length + 1;
    if (*value != '"') {
        return value;
    }
    char *to = ++value;
    for (const char *from = value; *from && *from != '"'; from++) {
        from += *from == '\\' && from[1];
        *to++ = *from;
    }
    *to = '\0';
    return value;
}

static void take_host(struct forwarded *out, const char *host)
{
    /* host[:port] or [v6]:port: what a URL may hold, nothing else */
    if (text_is_word(host, FORWARDED_HOST_SIZE - 1, ".-:[]")) {
        memcpy(out->host, host, strlen(host) + 1);
    }
}

static void take_proto(struct forwarded *out, const char *proto)
{
    out->https = strcasecmp(proto, "https") == 0;
}

/* One element of Forwarded; false where it names no address to go on with. */
static bool take_element(struct forwarded *out, const char *element)
{
    char pair[VALUE_MAX];
    size_t length = strlen(element);
    bool any = false;
    while (last_element(element, &length, ';', pair)) {
        const char *value;
        if ((value = pair_value(pair, "for"))) {
            any = cidr_parse_address(value, &out->client);
        } else if ((value = pair_value(pair, "proto"))) {
            take_proto(out, value);
        } else if ((value = pair_value(pair, "host"))) {
            take_host(out, value);
        }
    }
    return any;
}

static void read_x(const struct cidr *trusted, size_t count, const char *x_for, const char *x_proto,
                   const char *x_host, struct forwarded *out)
{
    char value[VALUE_MAX];
    size_t length = x_for ? strlen(x_for) : 0;
    struct in6_addr address;
    while (cidr_holds(trusted, count, &out->client) && last_element(x_for, &length, ',', value) &&
           cidr_parse_address(value, &address)) {
        out->client = address;
    }
    length = x_proto ? strlen(x_proto) : 0;
    if (last_element(x_proto, &length, ',', value)) {
        take_proto(out, value);
    }
    length = x_host ? strlen(x_host) : 0;
    if (last_element(x_host, &length, ',', value)) {
        take_host(out, value);
    }
}

void forwarded_read(const struct in6_addr *peer, const struct cidr *trusted, size_t count,
                    const char *forwarded, const char *x_for, const char *x_proto,
                    const char *x_host, struct forwarded *out)
{
    *out = (struct forwarded){.client = *peer};
    if (!cidr_holds(trusted, count, peer)) {
        return;
    }
    if (!forwarded) {
        read_x(trusted, count, x_for, x_proto, x_host, out);
        return;
    }
    char element[VALUE_MAX];
    size_t length = strlen(forwarded);
    while (cidr_holds(trusted, count, &out->client) &&
           last_element(forwarded, &length, ',', element) && take_element(out, element)) {
    }
}
