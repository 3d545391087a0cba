/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw request target (MHD_OPTION_URI_LOG_CALLBACK has it): origin-form only, split at its raw
 * slashes, '&' and '=', then percent-decoded once. Bad escapes, %00, control characters, '#' and
 * whatever is no UTF-8 afterwards are refused. Dot segments are left alone: a path is a name here.
 * Pure. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "core/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

#define TARGET_MAX 16384     /* bytes of a raw target */
#define TARGET_PARAMS_MAX 64 /* query parameters */
#define TARGET_SEGMENTS_MAX 8

struct target_param {
    const char *name;
    const char *value; /* "" where there is no '=' */
    bool repeated;     /* there is another one of this name: the caller refuses what it knows */
};

struct target {
    char *path; /* decoded: for comparing with fixed routes and for logs; may hold slashes that were
                   %2F */
    /* The path between its raw slashes, each decoded: "/api/media/x" has 3. A trailing slash makes
     * an empty last one. */
    const char *segments[TARGET_SEGMENTS_MAX];
    size_t segment_count; /* may be more than are kept in `segments` */
    /* "/media/{bucket}/{key…}": both decoded, the key with its slashes (raw or %2F); NULL where the
     * path is not of that form or one of the two is empty. */
    const char *bucket;
    const char *key;
    struct target_param *params;
    size_t param_count;
};

/* Reads RAW. NULL where it is malformed (*ERROR has the text for the 400) or memory is short
 * (*ERROR is NULL). '+' in the query is a blank (as HTML forms write it) save below "/media/":
 * signed URLs are written by the gateway, which escapes a blank as %20, and '+' stays '+' there. */
struct target *target_parse(const char *raw, size_t length, const char **error);
void target_free(struct target *target);
static inline void target_cleanup(struct target **target)
{
    target_free(*target);
}
#define AUTO_TARGET AUTO(target_cleanup)

/* The value of the first parameter NAME; NULL: absent. */
const char *target_param(const struct target *target, const char *name);
/* The first of NAMES (ending with NULL; NULL: all parameters) that came more than once; NULL: none.
 */
const char *target_repeated(const struct target *target, const char *const *names);

#endif
