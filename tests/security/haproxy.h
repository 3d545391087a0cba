/* SPDX-License-Identifier: Apache-2.0
 *
 * Debian's HAProxy before a gateway, as a child process on a port of loopback that the kernel
 * chose; its connections to the gateway are shared among all clients. */
#ifndef TESTS_SECURITY_HAPROXY_H
#define TESTS_SECURITY_HAPROXY_H

#include "tests/support/server.h"

struct haproxy;

struct haproxy *haproxy_start(const struct server *gateway);
/* For raw_open and http_new: its port is the proxy's. */
const struct server *haproxy_server(const struct haproxy *haproxy);
/* The proxy must still run. */
void haproxy_stop(struct haproxy *haproxy);

#endif
