/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions about a media type as a client sent it. Pure. */
#ifndef MEDIA_MIME_H
#define MEDIA_MIME_H

#include <stdbool.h>

#define MIME_MAX 255 /* bytes */

/* NULL where TYPE follows RFC 9110 section 8.3.1 (read leniently: parameter values may hold
 * unquoted commas, as browsers' `video/webm;codecs=vp9,opus`), else what is wrong. */
const char *mime_check(const char *type);
/* Whether ALLOWED (ending with NULL) names TYPE, exactly or by "video/" and a star; parameters and
 * case do not count. A wildcard never matches an svg, xml or html type. */
bool mime_allowed(const char *type, const char *const *allowed);
/* NULL where RULE may stand in such a list: "type/subtype", or "type/" and a star. */
const char *mime_check_rule(const char *rule);
/* "video", "audio", "image" or "file". */
const char *mime_kind(const char *type);
/* Whether a browser may be shown it in place: audio, video, image/{png,jpeg,gif,webp,avif}. */
bool mime_is_inline(const char *type);

#endif
