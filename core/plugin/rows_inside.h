/* SPDX-License-Identifier: Apache-2.0
 *
 * What the registry needs of rows.c beyond its door. */
#ifndef PLUGIN_ROWS_INSIDE_H
#define PLUGIN_ROWS_INSIDE_H

#include <mediagw/repo.h>

/* The name of a required callback that the table lacks, or NULL. */
const char *rows_lacks(const struct mgw_repo_driver *table);

#endif
