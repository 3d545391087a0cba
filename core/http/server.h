/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's HTTP server: libmicrohttpd's epoll pool in front of the media service. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "core/config/config.h"

#include <mediagw/media.h>

/* Listens, logs `listening` with address and URL, and serves MEDIA until SIGTERM or SIGINT; then
 * finishes what is in flight and returns 0, also where the shutdown deadline or a second signal cut
 * requests off; 1 where it could not start. Called once, by the main thread: it blocks those
 * signals, SIGHUP and SIGPIPE for the threads it starts. No call into MEDIA is left when it
 * returns. */
int http_serve(const struct config *config, struct mgw_media *media);

#endif
