/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of rows: one block of memory each, released by free(). */
#ifndef MEDIA_ROW_H
#define MEDIA_ROW_H

#include <mediagw/repo.h>

/* NULL when memory is short. Fields that ROW's maker did not know are absent. */
struct mgw_row *row_copy(const struct mgw_row *row);
/* An mgw_row_emit whose ctx is a `struct mgw_row **`: keeps a copy of the row (NULL when memory is
 * short). */
bool row_keep(void *ctx, const struct mgw_row *row);
/* A row in which everything is absent. */
struct mgw_row row_empty(void);

#endif
