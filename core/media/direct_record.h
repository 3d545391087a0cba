/* SPDX-License-Identifier: Apache-2.0
 *
 * What a direct upload needs to be finished, or given up, by any node: a record of the repository
 * beside its row, written with it. It stays until nothing that its URLs let in can come any more.
 * Any thread. */
#ifndef MEDIA_DIRECT_RECORD_H
#define MEDIA_DIRECT_RECORD_H

#include "core/media/internal.h"

enum direct_mode {
    DIRECT_GATEWAY, /* the bytes come through the gateway */
    DIRECT_PUT,     /* one presigned PUT */
    DIRECT_PARTS    /* presigned parts */
};

struct direct {
    enum direct_mode mode;
    bool mismatch; /* the bytes had another digest than declared: the row is failed for it */
    char *checksum, *content_md5; /* as declared; NULL: none */
    uint64_t part_bytes;          /* DIRECT_PARTS */
    unsigned char state[MGW_UPLOAD_STATE_MAX];
    size_t state_length;
    int64_t urls_end; /* when the last of the URLs ends, by the repository's clock */
    int64_t version;  /* of the record as it was read */
};

/* MGW_NOT_FOUND where the row ID of ACCOUNT is no direct upload, or was one long ago. Ended by
 * direct_release in every case. */
enum mgw_status direct_read(struct mgw_media *media, struct mgw_call *call, const char *account,
                            const char *id, struct direct *direct);
void direct_release(struct direct *direct);
/* The record's text, to be freed; NULL when memory is short. */
char *direct_text(const struct direct *direct);
/* The record of ROW with TEXT. */
struct mgw_record direct_record(const struct mgw_row *row, const char *text);

static inline struct mgw_opaque direct_state(struct direct *direct)
{
    return (struct mgw_opaque){.size = sizeof(struct mgw_opaque),
                               .bytes = direct->state,
                               .length = direct->state_length,
                               .capacity = sizeof direct->state};
}

/* How long the row's lease is from now on, once its URLs end in URLS_MS: what began in time has as
 * long again to be finished. */
int64_t direct_lease_ms(const struct mgw_media *media, int64_t urls_ms);
/* When a blob of ROW, which has just left `uploading` or `ready`, must be purged once more: a
 * paused owner may publish late, and so may a URL that is still alive. */
int64_t direct_purge_after_ms(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row);
/* Removes the parts of a direct upload's row, best effort. */
enum mgw_status direct_abort(struct mgw_media *media, struct mgw_call *call,
                             const struct mgw_row *row, struct direct *direct);

#endif
