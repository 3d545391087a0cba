/* SPDX-License-Identifier: Apache-2.0
 *
 * The S3 storage driver: what its rooms share.
 *
 * - s3.c, settings.c: the plugin, its table and configuration; marker.c: the store's marker
 * - place.c: endpoints, addressing, object names; creds*.c, fetch.c: credentials; sign*.c: SigV4
 * - lane*.c: libcurl, one HTTP exchange; request.c: one S3 request, signed, retried and judged by
 *   fault.c; answer.c: XML; props.c: properties as headers and back
 * - put.c: writers; spool.c: their bytes; whole.c: one PUT; multipart.c: the other requests;
 *   sender.c: parts in flight
 * - read.c, blob.c, list.c, presign.c, upload*.c, loose.c, note.c, sweep.c: the other callbacks
 *
 * With `bucket` set, everything lies in that one bucket:
 *   PREFIX BUCKET/KEY                a blob of the logical BUCKET
 *   PREFIX .mediagw/store            the marker: format and store id
 *   PREFIX .mediagw/uploads/ID       a multipart upload under way: note.h
 *   PREFIX .mediagw/parts/ID/NUMBER  a part of one, on Ceph: loose.h
 * Without it a blob is PREFIX KEY in the S3 bucket of its own name, notes lie beside it, and there
 * is no marker.
 *
 * An instance never changes after create() but for what has a lock of its own: every function may
 * be called from any thread. */
#ifndef S3_H
#define S3_H

#include "creds.h"
#include "place.h"
#include "sign.h"
#include "text.h"

#include <mediagw/storage.h>

#include <inttypes.h>
#include <stdatomic.h>

struct lanes;
struct senders;

struct s3 {
    const struct mgw_host *host;
    char *name;           /* of the instance, for logs */
    struct place place;   /* where requests go */
    struct place public_; /* where presigned URLs point */
    struct regions regions;
    char *bucket;                        /* NULL: the row's */
    char *prefix;                        /* "" or what every object's name begins with */
    char *storage_class, *sse, *sse_key; /* NULL: the bucket's default */
    char *spool_dir;
    bool create_bucket, requester_pays, content_md5;
    uint64_t part_bytes;
    int64_t retry_ms; /* how long new attempts begin */
    uint32_t retries;
    char id[33];             /* of the store; "": no marker */
    _Atomic int completes;   /* loose.c's: which parts Complete wants named */
    _Atomic bool bare_etags; /* a PUT's If-Match is wanted without quotes (Ceph) */
    struct creds *creds;
    struct signer *signer;
    struct lanes *lanes;
    struct senders *senders;
};

#define S3_RESERVED ".mediagw/"
#define S3_PART_MIN (5ull << 20) /* of every part but the last */
#define S3_PART_MAX (5ull << 30) /* also of a single PUT and a single copy */
#define S3_PARTS_MAX 10000u
#define S3_BLOB_MAX (5ull << 40)
#define S3_PRESIGN_TTL_MAX 604800

enum mgw_status s3_no_memory(struct mgw_call *call);
/* MGW_OK, or MGW_TIMEOUT, MGW_CANCELLED where nobody waits any more. */
enum mgw_status s3_over(struct mgw_call *call, const struct s3 *s3);
/* Text in the call's memory; NULL when memory is short, or of NULL. */
char *s3_keep(struct mgw_call *call, const char *text);

#endif
