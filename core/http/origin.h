/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose page a request comes from: the origins that CORS allows, and the rules of the dev mode,
 * which believe nothing but the machine itself. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "core/http/exchange.h"

enum origin_verdict {
    ORIGIN_NONE,    /* the request names none */
    ORIGIN_FOREIGN, /* not on the list */
    ORIGIN_ANY,     /* the list is "*" */
    ORIGIN_LISTED
};

/* What the config's list (dev: localhost, 127.0.0.1 and [::1], any port) says of the request's
 * Origin; *ORIGIN is its text. */
enum origin_verdict origin_judge(const struct exchange *x, const char **origin);

/* Whether the request says that a page of ours made it: `Sec-Fetch-Site: same-origin`, or an Origin
 * that is public_url's or listed by name. */
bool origin_is_own(const struct exchange *x);
/* Whether it says that another page did; a request that says nothing is no browser's. */
bool origin_is_foreign(const struct exchange *x);

enum origin_dev {
    ORIGIN_DEV_FINE,
    ORIGIN_DEV_MISDIRECTED, /* the Host is not this machine's */
    ORIGIN_DEV_FOREIGN      /* the Origin is not */
};

/* What the dev mode thinks of a request. One across sites without an Origin is foreign, too, unless
 * it is for signed content. */
enum origin_dev origin_check_dev(const struct exchange *x, bool signed_content);

#endif
