/* SPDX-License-Identifier: Apache-2.0
 *
 * GET and HEAD /media/{bucket}/{key}: what a signed URL opens. */
#ifndef HTTP_CONTENT_H
#define HTTP_CONTENT_H

#include "core/http/exchange.h"

void content_get(struct exchange *x);

#endif
