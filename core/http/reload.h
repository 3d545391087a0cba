/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGHUP: the config is read again. What may change in a running gateway (url_keys, auth, cors,
 * trusted_proxies, and the files that they name) is swapped as one; a config that is refused
 * changes nothing. What else has changed is named in the log: it needs a restart. */
#ifndef HTTP_RELOAD_H
#define HTTP_RELOAD_H

#include "core/http/gateway.h"

/* By the main thread. */
void reload(struct gateway *gateway);

#endif
