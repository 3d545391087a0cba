/* SPDX-License-Identifier: Apache-2.0
 *
 * See head_client.h. */
#include "core/http/head_client.h"

#include "core/http/answer.h"
#include "core/http/forwarded.h"
#include "core/http/settings.h"
#include "core/http/tally.h"

#include <string.h>

static bool client_enter(struct exchange *x)
{
    char text[INET6_ADDRSTRLEN];
    bool named = memcmp(&x->forwarded->client, conn_address(x->conn), sizeof(struct in6_addr)) != 0;
    if (!x->gateway->addresses || !named) {
        return true;
    }
    struct in6_addr client = cidr_client(&x->forwarded->client);
    cidr_address_text(&client, text);
    x->counted = tally_enter(x->gateway->addresses, text);
    if (!x->counted) {
        answer_error(x, 429, "too_many_requests", "too many requests of one address at once");
        answer_header(x, "Retry-After", "1");
    }
    return x->counted;
}

bool head_client_look(struct exchange *x)
{
    const struct config_addresses *trusted = &settings_config(x->settings)->trusted_proxies;
    if (!cidr_holds(trusted->at, trusted->count, conn_address(x->conn))) {
        return true;
    }
    x->forwarded = calloc(1, sizeof *x->forwarded);
    if (!x->forwarded) {
        answer_bad(x, NULL);
        return false;
    }
    AUTO_FREE char *forwarded = exchange_header_list(x, "Forwarded");
    AUTO_FREE char *client = exchange_header_list(x, "X-Forwarded-For");
    AUTO_FREE char *proto = exchange_header_list(x, "X-Forwarded-Proto");
    AUTO_FREE char *host = exchange_header_list(x, "X-Forwarded-Host");
    forwarded_read(conn_address(x->conn), trusted->at, trusted->count, forwarded, client, proto,
                   host, x->forwarded);
    return client_enter(x);
}

void head_client_leave(struct exchange *x)
{
    if (x->counted) {
        char text[INET6_ADDRSTRLEN];
        struct in6_addr client = cidr_client(&x->forwarded->client);
        cidr_address_text(&client, text);
        tally_leave(x->gateway->addresses, text);
    }
    free(x->forwarded);
}
