/* SPDX-License-Identifier: Apache-2.0
 *
 * The client behind a trusted proxy: its address, and how many requests it has under way. */
#ifndef HTTP_HEAD_CLIENT_H
#define HTTP_HEAD_CLIENT_H

#include "core/http/exchange.h"

/* Reads Forwarded or X-Forwarded-* into x->forwarded where the peer is a trusted proxy. False: the
 * client has too many requests under way, the answer is left. */
bool head_client_look(struct exchange *x);
/* Releases what head_client_look made. */
void head_client_leave(struct exchange *x);

#endif
