/* SPDX-License-Identifier: Apache-2.0
 *
 * A multipart/form-data body around another: for fields that are too long for headers. */
#ifndef CLIENT_FORM_H
#define CLIENT_FORM_H

#include "core/client/wire.h"

struct form {
    struct buf before, behind; /* the blob */
    struct wire_source blob;
    uint64_t at;    /* within what is around the blob */
    bool blob_over; /* what is behind it has begun */
    char boundary[40];
};

void form_start(struct form *form);
void form_field(struct form *form, const char *name, const char *value);
/* The last part; HEADERS are whole lines, "" for none. */
void form_blob(struct form *form, const struct wire_source *blob, const char *headers);
/* False where memory is short. FORM is lent. */
bool form_source(struct form *form, struct wire_source *source);
void form_free(struct form *form);
#define AUTO_FORM AUTO(form_free)

#endif
