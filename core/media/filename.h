/* SPDX-License-Identifier: Apache-2.0
 *
 * File names that a client may ask an attachment to have. Pure. */
#ifndef MEDIA_FILENAME_H
#define MEDIA_FILENAME_H

/* NULL where NAME is 1 to 255 bytes of UTF-8 without control characters, '/' and '\'; else what is
 * wrong. */
const char *filename_check(const char *name);

#endif
