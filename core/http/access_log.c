/* SPDX-License-Identifier: Apache-2.0
 *
 * See access_log.h. */
#include "core/http/access_log.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/forwarded.h"

#include <string.h>

void access_log_write(const struct exchange *x, bool complete)
{
    if (!x->gateway->config->log.access || !log_enabled(LOG_LEVEL_INFO)) {
        return;
    }
    AUTO_FREE char *path =
        x->raw_target ? strndup(x->raw_target, strcspn(x->raw_target, "?")) : NULL;
    char address[INET6_ADDRSTRLEN] = "";
    if (x->forwarded &&
        memcmp(&x->forwarded->client, conn_address(x->conn), sizeof(struct in6_addr)) != 0) {
        cidr_address_text(&x->forwarded->client, address);
    }
    const char *peer = x->conn ? conn_peer(x->conn) : NULL;
    log_event(
        LOG_LEVEL_INFO, "request", LOG_TEXT("request", x->request_id[0] ? x->request_id : NULL),
        LOG_TEXT("client", address[0] ? address : peer),
        LOG_TEXT("proxy", address[0] ? peer : NULL), LOG_TEXT("account", x->account),
        LOG_TEXT("method", x->method), LOG_TEXT("path", path), LOG_NUMBER("status", x->status),
        LOG_NUMBER("received", x->received), LOG_NUMBER("sent", x->answer_bytes),
        LOG_NUMBER("us", clock_mono_us() - x->started_us),
        LOG_TEXT("aborted", complete ? NULL : "true"));
}
