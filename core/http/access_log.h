/* SPDX-License-Identifier: Apache-2.0
 *
 * A line for each request. Never holds the query (signatures, cursors), nor any credential. */
#ifndef HTTP_ACCESS_LOG_H
#define HTTP_ACCESS_LOG_H

#include "core/http/exchange.h"

/* COMPLETE: the answer was sent whole. */
void access_log_write(const struct exchange *x, bool complete);

#endif
