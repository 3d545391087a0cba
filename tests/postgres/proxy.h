/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCP proxy between the driver and the server that cuts a connection at the moment it was told,
 * once, and then lets everything pass again. It reads PostgreSQL's words, so without TLS. */
#ifndef POSTGRES_PROXY_H
#define POSTGRES_PROXY_H

enum proxy_cut {
    PROXY_PASS,
    PROXY_CHANGES,        /* the changes do not reach the server */
    PROXY_CHANGES_ANSWER, /* they do, but their answer does not come back */
    PROXY_COMMIT,         /* the commit does not reach the server */
    PROXY_COMMIT_ANSWER,  /* it does, but its answer does not come back */
    PROXY_READ,           /* whatever comes next */
    PROXY_HOLD            /* nothing passes any more, and nothing is closed: a peer that vanished */
};

struct proxy;

struct proxy *proxy_new(int server_port);
void proxy_free(struct proxy *proxy);
int proxy_port(const struct proxy *proxy);
void proxy_set(struct proxy *proxy, enum proxy_cut cut);
/* Connections accepted so far. */
int proxy_connections(const struct proxy *proxy);

#endif
