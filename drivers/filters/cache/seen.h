/* SPDX-License-Identifier: Apache-2.0
 *
 * With `trust`: which etag the layer below named last for a blob, and when. A bounded table of this
 * process; what does not fit is forgotten, and asked again. Any thread. */
#ifndef CACHE_SEEN_H
#define CACHE_SEEN_H

#include "name.h"

/* NULL: out of memory. */
struct seen *seen_new(int64_t trust_ms);
void seen_free(struct seen *seen);

/* All of these do nothing, and answer no, where SEEN is NULL. */

/* Taken before the layer below is asked: seen_put() with it tells nothing that was overtaken by a
 * seen_forget() meanwhile. */
uint64_t seen_ticket(struct seen *seen, const struct name *name);
void seen_put(struct seen *seen, const struct name *name, const struct version *version,
              int64_t asked_ms, uint64_t ticket);
bool seen_trusts(struct seen *seen, const struct name *name, const struct version *version,
                 int64_t now_ms);
/* The blob was written or removed through this process. */
void seen_forget(struct seen *seen, const struct name *name);
void seen_forget_all(struct seen *seen);

#endif
