/* SPDX-License-Identifier: Apache-2.0
 *
 * What proxies say of a request: Forwarded (RFC 7239) or X-Forwarded-For, -Proto, -Host. Believed
 * only from right to left and only as far as each speaker is trusted. It tells address and URL,
 * never who somebody is. Pure. */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "core/base/cidr.h"

#define FORWARDED_HOST_SIZE 262

struct forwarded {
    struct in6_addr client;         /* the nearest address that is not a trusted proxy's */
    bool https;                     /* the scheme that the client used, where it is told */
    char host[FORWARDED_HOST_SIZE]; /* "" where it is not told */
};

/* PEER is the TCP peer; nothing is believed, and the answer is the peer itself, unless TRUSTED
 * holds it. The headers are the joined values, NULL: absent. Where Forwarded is there, the others
 * are not looked at. */
void forwarded_read(const struct in6_addr *peer, const struct cidr *trusted, size_t count,
                    const char *forwarded, const char *x_for, const char *x_proto,
                    const char *x_host, struct forwarded *out);

#endif
