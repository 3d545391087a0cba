/* SPDX-License-Identifier: Apache-2.0
 *
 * Mending one key: what one store has and the other has not, or has older, is copied. Any thread.
 */
#ifndef MIRROR_MEND_H
#define MIRROR_MEND_H

#include "mirror.h"

/* MGW_OK: both are alike, or both have no such blob. The call's deadline is pushed on while bytes
 * come, where PATIENT. *COPIED (may be NULL): a copy was made. */
enum mgw_status mend_key(struct mgw_call *call, struct mirror *mirror, const struct mgw_blob *blob,
                         bool patient, bool *copied);

#endif
