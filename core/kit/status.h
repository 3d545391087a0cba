/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KIT_STATUS_H
#define KIT_STATUS_H

#include <mediagw/status.h>

/* "MGW_NOT_FOUND". */
static inline const char *kit_status(enum mgw_status status)
{
    static const char *const names[] = {
        "MGW_OK",          "MGW_NOT_FOUND",       "MGW_EXISTS",  "MGW_CONFLICT",
        "MGW_STALE",       "MGW_DENIED",          "MGW_INVALID", "MGW_RANGE",
        "MGW_TOO_LARGE",   "MGW_NO_SPACE",        "MGW_QUOTA",   "MGW_BUSY",
        "MGW_UNAVAILABLE", "MGW_UNKNOWN_OUTCOME", "MGW_TIMEOUT", "MGW_CANCELLED",
        "MGW_UNSUPPORTED", "MGW_CORRUPT",         "MGW_IO"};
    unsigned at = (unsigned)status;
    return at < sizeof names / sizeof names[0] ? names[at] : "a status that is unknown";
}

#endif
