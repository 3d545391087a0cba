/* SPDX-License-Identifier: Apache-2.0
 *
 * What all requests of one running server share. Made before the first connection and constant
 * afterwards, but for what is atomic or has its own lock. */
#ifndef HTTP_GATEWAY_H
#define HTTP_GATEWAY_H

#include "core/base/pool.h"
#include "core/config/config.h"

#include <mediagw/media.h>

#include <stdatomic.h>

struct conns;
struct gather;
struct health;
struct settings_now;
struct tally;

struct gateway {
    const struct config *config;
    struct mgw_media *media;
    uint64_t max_upload_bytes;
    struct pool *pool;   /* whatever may block runs there */
    struct conns *conns; /* open connections, their deadlines */
    struct gather *gather;
    struct health *health;
    struct settings_now *settings; /* what SIGHUP reads again */
    struct tally *uploads;         /* running uploads by account */
    struct tally *addresses;       /* requests through trusted proxies, by client; NULL: no limit */
    _Atomic bool draining; /* SIGTERM came: readyz says 503, answers close their connection */
    _Atomic size_t active; /* requests whose exchange is not freed yet */
};

#endif
