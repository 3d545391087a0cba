/* SPDX-License-Identifier: Apache-2.0
 *
 * See access_proxy.h. */
#include "core/http/access_proxy.h"

#include "core/base/log.h"
#include "core/http/settings.h"

#include <openssl/crypto.h>
#include <string.h>

static bool is_secret(const char *given, const char *secret)
{
    size_t length = strlen(secret);
    return given && strlen(given) == length && CRYPTO_memcmp(given, secret, length) == 0;
}

enum access_proxy access_proxy(const struct exchange *x, const char **account)
{
    const struct config *config = settings_config(x->settings);
    const char *name = config->auth.proxy.account_header;
    const char *proof = config->auth.proxy.secret_header;
    const struct config_addresses *from = &config->auth.proxy.from;
    *account = name ? exchange_header(x, name) : NULL;
    if (!*account) {
        return ACCESS_PROXY_SILENT;
    }
    if (exchange_header_count(x, name) > 1 || (proof && exchange_header_count(x, proof) > 1)) {
        return ACCESS_PROXY_TWICE;
    }
    if (!cidr_holds(from->at, from->count, conn_address(x->conn))) {
        return ACCESS_PROXY_SILENT;
    }
    if (proof && !is_secret(exchange_header(x, proof), config->auth.proxy.secret)) {
        log_event(LOG_LEVEL_WARN, "a proxy named an account without the right secret",
                  LOG_TEXT("request", x->request_id), LOG_TEXT("peer", conn_peer(x->conn)));
        return ACCESS_PROXY_UNPROVED;
    }
    return ACCESS_PROXY_SPOKE;
}
