/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS's shared files as text: sections in brackets, `name = value` lines, comments behind '#' or
 * ';'. A line that is indented deeper than the name before it belongs to that name (the nested
 * settings of ~/.aws/config) and is passed over. */
#ifndef S3_CREDS_INI_H
#define S3_CREDS_INI_H

#include <stddef.h>

/* SECTION as it stands in the brackets, with its white space made single and quotes taken off. */
typedef void creds_ini_visit(void *ctx, const char *section, const char *name, const char *value);

/* Cuts TEXT up in place. 0, or the number of the first line that is none of these. */
size_t creds_ini_walk(char *text, creds_ini_visit *visit, void *ctx);

#endif
