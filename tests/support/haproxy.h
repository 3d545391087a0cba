/* SPDX-License-Identifier: Apache-2.0
 *
 * Debian's HAProxy before gateways, as a child process on a port of loopback that the kernel
 * chose. */
#ifndef TESTS_SUPPORT_HAPROXY_H
#define TESTS_SUPPORT_HAPROXY_H

#include "tests/support/server.h"

struct haproxy;

/* CONFIG is its configuration; each COUNT of PLACES, which must be there, becomes the address of
 * the gateway of the same index, and "bind :80" the proxy's own. */
struct haproxy *haproxy_start(const char *config, const char *const places[],
                              struct server *const gateways[], size_t count);
/* For raw_open and http_new: its port is the proxy's. */
const struct server *haproxy_server(const struct haproxy *haproxy);
/* The proxy must still run. */
void haproxy_stop(struct haproxy *haproxy);

#endif
