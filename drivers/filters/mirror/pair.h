/* SPDX-License-Identifier: Apache-2.0
 *
 * The notes that the filter keeps in both stores, in a bucket of its own: "pair", the id by which
 * two stores know that they belong together, and "bucket/NAME" for each bucket in use. */
#ifndef MIRROR_PAIR_H
#define MIRROR_PAIR_H

#include "mirror.h"

/* Learns the mirror's id from the notes. A store without one is MGW_NOT_FOUND, unless INIT: then it
 * becomes part of the pair, where it is empty or neither has one. A store of another pair is
 * MGW_INVALID. */
enum mgw_status pair_check(struct mgw_call *call, struct mirror *mirror,
                           const char *const store_ids[STORES], bool init);
/* Writes the note of a bucket into both stores. */
enum mgw_status pair_note_bucket(struct mgw_call *call, struct mirror *mirror, const char *bucket);

#endif
