/* SPDX-License-Identifier: Apache-2.0
 *
 * See origin.h. The dev mode's checks are what keeps a foreign page, also one behind a rebound DNS
 * name, from using a gateway on the developer's machine. */
#include "core/http/origin.h"

#include "core/http/settings.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* "localhost", "127.0.0.1" or "[::1]", with or without a port. */
static bool is_local_host(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);
        if (strncasecmp(host, names[i], length) != 0) {
            continue;
        }
        const char *rest = host + length;
        if (*rest == '\0') {
            return true;
        }
        return *rest == ':' && rest[1] != '\0' &&
               strspn(rest + 1, "0123456789") == strlen(rest + 1);
    }
    return false;
}

static bool is_local_origin(const char *origin)
{
    if (strncasecmp(origin, "http://", 7) == 0) {
        return is_local_host(origin + 7);
    }
    return strncasecmp(origin, "https://", 8) == 0 && is_local_host(origin + 8);
}

enum origin_verdict origin_judge(const struct exchange *x, const char **origin)
{
    *origin = exchange_header(x, "Origin");
    if (!*origin) {
        return ORIGIN_NONE;
    }
    if (x->gateway->config->dev) {
        return is_local_origin(*origin) ? ORIGIN_LISTED : ORIGIN_FOREIGN;
    }
    char *const *listed = settings_config(x->settings)->cors.origins;
    for (; listed && *listed; listed++) {
        if (strcmp(*listed, "*") == 0) {
            return ORIGIN_ANY;
        }
        if (strcmp(*listed, *origin) == 0) {
            return ORIGIN_LISTED;
        }
    }
    return ORIGIN_FOREIGN;
}

/* Whether ORIGIN is the scheme and authority of URL. */
static bool is_origin_of(const char *origin, const char *url)
{
    const char *host = strstr(url, "://");
    size_t length = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : strlen(url);
    return strlen(origin) == length && strncasecmp(origin, url, length) == 0;
}

bool origin_is_own(const struct exchange *x)
{
    const char *origin, *site = exchange_header(x, "Sec-Fetch-Site");
    const char *own = x->gateway->config->public_url;
    enum origin_verdict verdict = origin_judge(x, &origin);
    return (site && strcasecmp(site, "same-origin") == 0) || verdict == ORIGIN_LISTED ||
           (origin && own && is_origin_of(origin, own));
}

bool origin_is_foreign(const struct exchange *x)
{
    const char *site = exchange_header(x, "Sec-Fetch-Site");
    bool tells = exchange_header(x, "Origin") || (site && strcasecmp(site, "none") != 0);
    return tells && !origin_is_own(x);
}

enum origin_dev origin_check_dev(const struct exchange *x, bool signed_content)
{
    const char *host = exchange_header(x, "Host");
    if (host && !is_local_host(host)) {
        return ORIGIN_DEV_MISDIRECTED;
    }
    const char *origin;
    enum origin_verdict verdict = origin_judge(x, &origin);
    const char *site = exchange_header(x, "Sec-Fetch-Site");
    bool cross_site = site && strcasecmp(site, "cross-site") == 0;
    bool foreign =
        verdict == ORIGIN_FOREIGN || (cross_site && verdict == ORIGIN_NONE && !signed_content);
    return foreign ? ORIGIN_DEV_FOREIGN : ORIGIN_DEV_FINE;
}
