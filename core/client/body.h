/* SPDX-License-Identifier: Apache-2.0
 *
 * A create's body and headers: the content itself and its fields as headers; or a form around it,
 * where a field is too long for that or holds what no header can. Never the query: it stands in
 * logs. */
#ifndef CLIENT_BODY_H
#define CLIENT_BODY_H

#include "core/client/form.h"
#include "core/client/options.h"

struct body {
    struct form form; /* lent to `source` */
    struct wire_source source;
    struct curl_slist *headers;
};

/* DIGEST is the content's digest field, NULL: not known. False where memory is short. BODY stays
 * where it is until body_free. */
bool body_make(struct body *body, const struct options *options, const struct wire_source *content,
               const char *digest);
void body_free(struct body *body);
#define AUTO_BODY AUTO(body_free)

#endif
