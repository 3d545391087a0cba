/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/gateway.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <stdlib.h>
#include <string.h>

struct gateway *gateway_new(const char *overlay)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    assert_non_null(gateway);
    gateway->server = server_new(overlay);
    gateway->token = strdup(server_token(gateway->server, "acct-a"));
    gateway->other_token = strdup(server_token(gateway->server, "acct-b"));
    server_start(gateway->server);
    gateway->client = http_new(gateway->server, gateway->token);
    gateway->other = http_new(gateway->server, gateway->other_token);
    gateway->nobody = http_new(gateway->server, NULL);
    gateway->rows = rows_open(gateway->server->database);
    return gateway;
}

void gateway_follow(struct gateway *gateway)
{
    http_server(gateway->client, gateway->server);
    http_server(gateway->other, gateway->server);
    http_server(gateway->nobody, gateway->server);
}

void gateway_kill_and_restart(struct gateway *gateway)
{
    server_kill(gateway->server);
    server_start(gateway->server);
    gateway_follow(gateway);
}

static void free_client(void *client)
{
    http_free(client);
}

struct http_client *gateway_client(struct gateway *gateway, const char *account)
{
    char *token = server_token(gateway->server, account);
    return keep_with(http_new(gateway->server, token), free_client);
}

int gateway_free(struct gateway *gateway)
{
    if (!gateway) {
        return 0;
    }
    http_free(gateway->client);
    http_free(gateway->other);
    http_free(gateway->nobody);
    rows_close(gateway->rows);
    int status = server_free(gateway->server);
    free(gateway->token);
    free(gateway->other_token);
    free(gateway);
    return status;
}
