/* SPDX-License-Identifier: Apache-2.0
 *
 * What every new recording needs before its bytes: an id, a key, room in the store. Any thread. */
#ifndef MEDIA_FRESH_H
#define MEDIA_FRESH_H

#include "core/media/internal.h"

#define FRESH_ID_SIZE 65

/* "2026/11/23/<128 random bits>", to be freed: never used again, nothing in it is the client's.
 * NULL when memory is short. */
char *fresh_key(void);
/* An id as the service's options make them. */
enum mgw_status fresh_id(struct mgw_media *media, struct mgw_call *call, char id[FRESH_ID_SIZE]);
/* MGW_DENIED where the store is read-only, MGW_TOO_LARGE for LENGTH bytes (UINT64_MAX: unknown)
 * over the limit, MGW_NO_SPACE under the store's reserve. */
enum mgw_status fresh_check_room(struct mgw_media *media, struct mgw_call *call, uint64_t length);

#endif
