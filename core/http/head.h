/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request's header alone decides: whether it is well-formed, which route it is for, and
 * whether it is refused before its body is read. Never blocks. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "core/http/exchange.h"

enum head_verdict {
    HEAD_FINE,    /* x->route is set */
    HEAD_REFUSED, /* the answer is left; the body's framing can be trusted */
    HEAD_HOSTILE  /* the answer is left; it cannot, the connection closes at once */
};

/* Fills in target, route, request id, account and what is said of the body. */
enum head_verdict head_check(struct exchange *x, const char *version);

#endif
