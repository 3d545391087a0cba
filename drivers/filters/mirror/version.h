/* SPDX-License-Identifier: Apache-2.0
 *
 * A blob's version, kept in its metadata in both stores under VERSION_NAME, so that both show one
 * etag and one time: "MS.MENDED.ETAG". MS is when the put began, MENDED when the mender brought the
 * copy into a store that had none (0: it was put there). A blob without it is older than the
 * mirror: its version is its store's time and etag, which its mended copy then carries. */
#ifndef MIRROR_VERSION_H
#define MIRROR_VERSION_H

#include "mirror.h"

#define VERSION_NAME "mirror-version"
/* What it takes of the metadata's room. */
#define VERSION_ROOM (sizeof VERSION_NAME - 1 + 14 + 14 + 256)

struct version {
    int64_t time_ms, mended_ms;
    char etag[257];
    bool own; /* by the metadata; false: by the store */
};

void version_new(const struct mirror *mirror, struct version *version);
void version_of(const struct mgw_stat *stat, struct version *version);
/* Below, at or above zero: A is older than B, the same, newer. Two blobs that are both older than
 * the mirror are the same where they have the same size. */
int version_compare(const struct mgw_stat *a, const struct mgw_stat *b);
/* METADATA (may be NULL) with VERSION among it instead of any other; NULL: no memory. */
const char *const *version_add(struct mgw_call *call, const char *const *metadata,
                               const struct version *version);
bool version_is_among(const char *const *metadata);
/* A store's stat becomes the mirror's. */
enum mgw_status version_show(struct mgw_call *call, struct mgw_stat *stat);
/* The same where the version is known and the stat may lack its metadata. */
enum mgw_status version_show_as(struct mgw_call *call, const struct version *version,
                                struct mgw_stat *stat);

#endif
