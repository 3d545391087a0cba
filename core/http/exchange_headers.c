/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange.h: the request's headers. Any thread that has the exchange. */
#include "core/http/exchange.h"

#include "core/http/forwarded.h"

#include <strings.h>

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

struct counted {
    const char *name;
    size_t count;
};

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind, (void)value;
    struct counted *counted = ctx;
    counted->count += strcasecmp(name, counted->name) == 0;
    return MHD_YES;
}

size_t exchange_header_count(const struct exchange *x, const char *name)
{
    struct counted counted = {.name = name};
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, count_header, &counted);
    return counted.count;
}

struct joined {
    const char *name;
    struct buf text;
    bool found;
};

static enum MHD_Result join_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct joined *joined = ctx;
    if (strcasecmp(name, joined->name) == 0) {
        buf_text(&joined->text, joined->found ? ", " : "");
        buf_text(&joined->text, value ? value : "");
        joined->found = true;
    }
    return MHD_YES;
}

char *exchange_header_list(const struct exchange *x, const char *name)
{
    struct joined joined = {.name = name};
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, join_header, &joined);
    return joined.found ? buf_take(&joined.text) : NULL;
}

void exchange_base_url(const struct exchange *x, struct buf *out)
{
    const char *host = exchange_header(x, "Host");
    bool told = x->forwarded && x->forwarded->host[0];
    if (x->gateway->config->public_url) {
        buf_text(out, x->gateway->config->public_url);
    } else if (told || (host && *host)) {
        buf_text(out, x->forwarded && x->forwarded->https ? "https://" : "http://");
        buf_text(out, told ? x->forwarded->host : host);
    }
}
