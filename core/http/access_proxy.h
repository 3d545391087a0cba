/* SPDX-License-Identifier: Apache-2.0
 *
 * A proxy that names the account (auth.proxy). It is believed where its TCP address, or its unix
 * socket, is one of `from` and, where a secret is configured, shows it. Never blocks. */
#ifndef HTTP_ACCESS_PROXY_H
#define HTTP_ACCESS_PROXY_H

#include "core/http/exchange.h"

enum access_proxy {
    ACCESS_PROXY_SILENT, /* no account is named, or by somebody who is no proxy */
    ACCESS_PROXY_TWICE,  /* a header of its is given more than once */
    ACCESS_PROXY_UNPROVED,
    ACCESS_PROXY_SPOKE
};

enum access_proxy access_proxy(const struct exchange *x, const char **account);

#endif
