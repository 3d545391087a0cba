/* SPDX-License-Identifier: Apache-2.0
 *
 * See exchange.h: the request's headers. Any thread that has the exchange. */
#include "core/http/exchange.h"

#include <strings.h>

const char *exchange_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
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
    if (x->gateway->config->public_url) {
        buf_text(out, x->gateway->config->public_url);
    } else if (host && *host) {
        buf_text(out, "http://");
        buf_text(out, host);
    }
}
