/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's marker, where one bucket holds everything: format and store id. */
#ifndef S3_MARKER_H
#define S3_MARKER_H

#include "s3.h"

/* Reads it into s3->id. MGW_NOT_FOUND, with the way to initialise, unless INIT: then an empty place
 * gets one, and with create_bucket its bucket too. */
enum mgw_status marker_open(struct mgw_call *call, struct s3 *s3, bool init);

#endif
