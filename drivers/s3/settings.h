/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver's configuration: its table, and an instance filled by it. */
#ifndef S3_SETTINGS_H
#define S3_SETTINGS_H

#include "s3.h"

enum { SETTINGS_KEYS = 26 };
extern const struct mgw_config_key settings_keys[];

/* Everything of S3 but its marker. On failure what was made is settings_release's too. */
enum mgw_status settings_apply(struct mgw_call *call, const struct mgw_config *config,
                               struct s3 *s3);
void settings_release(struct s3 *s3);

#endif
