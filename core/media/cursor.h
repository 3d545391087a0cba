/* SPDX-License-Identifier: Apache-2.0
 *
 * List cursors: the place in the list, signed together with the query that they belong to. */
#ifndef MEDIA_CURSOR_H
#define MEDIA_CURSOR_H

#include "core/media/internal.h"

/* Text to be freed; NULL when memory is short. QUERY is the one that the list was made with. */
char *cursor_make(struct mgw_media *media, const struct mgw_row_query *query,
                  const struct mgw_row *last);
/* Sets the place in QUERY (its text lives in CALL); false where the cursor is not ours or of
 * another query. */
bool cursor_read(struct mgw_media *media, struct mgw_call *call, const char *cursor,
                 struct mgw_row_query *query);

#endif
