/* SPDX-License-Identifier: Apache-2.0
 *
 * What most black-box tests start from: one running gateway under a config, two accounts with an
 * API key each, and a client without any. */
#ifndef TESTS_SUPPORT_GATEWAY_H
#define TESTS_SUPPORT_GATEWAY_H

#include "tests/support/api.h"
#include "tests/support/rows.h"

struct gateway {
    struct server *server;
    char *token; /* of account "acct-a" */
    char *other_token;
    struct http_client *client; /* account "acct-a" */
    struct http_client *other;  /* account "acct-b" */
    struct http_client *nobody; /* no credential */
    struct rows *rows;
};

/* OVERLAY as for server_new. */
struct gateway *gateway_new(const char *overlay);
/* kill -9 and a new start on the same data; the clients go to the new port. */
void gateway_kill_and_restart(struct gateway *gateway);
/* Points the clients at the server's port (it was started again). */
void gateway_follow(struct gateway *gateway);
/* A client of ACCOUNT, with an API key of its own; freed at the test's end. */
struct http_client *gateway_client(struct gateway *gateway, const char *account);
/* As a group teardown: not 0 where the gateway did not end well. */
int gateway_free(struct gateway *gateway);

#endif
