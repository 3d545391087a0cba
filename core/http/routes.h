/* SPDX-License-Identifier: Apache-2.0
 *
 * The one table of routes: what may be asked, by whom, with what body, and where its handler runs.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "core/http/exchange.h"

enum route_body {
    ROUTE_BODY_NONE,  /* a body is read and ignored, up to EXCHANGE_JSON_MAX bytes */
    ROUTE_BODY_JSON,  /* gathered in x->body, up to EXCHANGE_JSON_MAX bytes */
    ROUTE_BODY_STREAM /* given to the sink as it comes */
};

enum route_place {
    ROUTE_INLINE,  /* never blocks */
    ROUTE_ROWS,    /* blocks unless the repository's reads are inline */
    ROUTE_CONTENT, /* blocks unless the storage has local files */
    ROUTE_WORKER   /* may block */
};

struct route {
    const char *method; /* GET is HEAD too */
    /* Segments between slashes; "{id}" is any one that is no fixed segment of another pattern,
     * "{blob}" as the last one stands for bucket and key. */
    const char *pattern;
    uint32_t scope; /* MGW_SCOPE_*; 0: no account is needed */
    enum route_body body;
    enum route_place place;
    void (*run)(struct exchange *x); /* NULL with a sink */
    const struct sink *sink;
};

/* The routes, ending with one without a method: for tests. */
extern const struct route routes[];

/* The route of METHOD on the target. NULL: there is none, and ALLOW has the methods that the path
 * takes ("GET, HEAD, OPTIONS"), or is empty where the path is unknown. */
const struct route *routes_find(const char *method, const struct target *target, struct buf *allow);

#endif
