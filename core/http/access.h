/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asks, and whether they may: by API key, JSON Web Token (Authorization or cookie), a proxy
 * that proves itself, or, in the dev mode, by saying so. First a look at the headers, which cannot
 * block; then, where a key came, the key itself. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "core/http/exchange.h"

/* Reads the credentials of a request to a route that needs an account: x->access becomes GRANTED or
 * PENDING (access_check must follow). False: refused, the answer is left. Never blocks. */
bool access_look(struct exchange *x);
/* Checks the key of a PENDING exchange and the route's scope. False: refused, the answer is left.
 * Blocks as the repository does. */
bool access_check(struct exchange *x);

#endif
