/* SPDX-License-Identifier: Apache-2.0
 *
 * Repository drivers: the rows. Verbs of the domain, not SQL. Reads hand their rows over by emit();
 * every change goes through apply(), an atomic batch that is durable when it answers MGW_OK.
 *
 * Rules for every callback unless it says otherwise:
 * - it may be called from any thread, many at once, within the plugin's thread model;
 * - results are allocated and zeroed by the host, which sets their `size`; emitted structs are lent
 * for that one call;
 * - a verb that writes may be repeated with the same arguments after MGW_UNKNOWN_OUTCOME,
 * MGW_TIMEOUT or MGW_CANCELLED: a change that had been made then shows as MGW_EXISTS or
 * MGW_CONFLICT, and the caller reads to see whose it is;
 * - all times are the repository's own clock, in ms since the epoch; leases are given as a
 * duration;
 * - strings are compared byte by byte (COLLATE "C"), and come back byte for byte. */
#ifndef MEDIAGW_REPO_H
#define MEDIAGW_REPO_H

#include <mediagw/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits, so that a query can name several. `uploading` -> ready, failed, deleted; ready -> deleted;
 * failed -> deleted. */
enum mgw_row_status {
    MGW_ROW_UPLOADING = 1,
    MGW_ROW_READY = 2,
    MGW_ROW_DELETED = 4,
    MGW_ROW_FAILED = 8
};

/* One recording. Optional strings are NULL and optional numbers MGW_ABSENT where there is nothing.
 */
struct mgw_row {
    size_t size;
    const char *id;         /* required, unique */
    const char *account_id; /* required */
    const char *owner_email;
    const char *bucket; /* required; (bucket, key) is unique */
    const char *key;    /* required */
    const char *mime_type;
    int64_t size_bytes;
    int64_t duration_ms;
    const char *kind;
    uint32_t status; /* enum mgw_row_status, one bit */
    uint32_t reserved;
    const char *session_id;
    int64_t take_index;
    const char *checksum; /* "sha256:<64 hex digits>" */
    const char *metadata; /* a JSON object, kept and given back as the text received */
    int64_t created_at;  /* set by the repository at insert; never goes backwards from one insert to
                            the next */
    int64_t updated_at;  /* set by the repository at each change; MGW_ABSENT before the first */
    const char *owner;   /* who works on the row (node id); NULL: nobody */
    int64_t fence;       /* grows with each owner */
    int64_t lease_until; /* until when `owner` may; or when the reaper shall look again; MGW_ABSENT:
                            never */
    const char *fingerprint; /* what an Idempotency-Key compares; NULL: none */
};

/* Returns true to go on, false to stop; the verb then answers MGW_OK at once. */
typedef bool mgw_row_emit(void *ctx, const struct mgw_row *row);

/* Newest first: created_at descending, id descending. */
struct mgw_row_query {
    size_t size;
    const char *account_id;   /* required */
    uint32_t status;          /* bits of enum mgw_row_status; 0: all */
    uint32_t limit;           /* 1 to 1,000 */
    const char *kind;         /* NULL: any */
    const char *session_id;   /* NULL: any */
    int64_t after_created_at; /* keyset cursor: rows behind this one; MGW_ABSENT: from the newest */
    const char *after_id;     /* with it */
};

/* (bucket, key) and whether a row has it. */
struct mgw_known {
    size_t size;
    const char *bucket;
    const char *key;
    uint32_t status; /* answered: the row's status, 0: no row */
    uint32_t reserved;
};

/* A generic versioned record: API keys, settings, nodes, idempotency, the store's id. */
struct mgw_record {
    size_t size;
    const char *kind;    /* required, [a-z_]+ */
    const char *account; /* "" for the gateway's own */
    const char *id;      /* required */
    const char *text;    /* its content */
    int64_t version;     /* 1 at first, +1 with each change */
    int64_t expires_at;  /* MGW_ABSENT: never; behind it the record reads as absent, whether or not
                            it was swept */
};
typedef bool mgw_record_emit(void *ctx, const struct mgw_record *record);

enum mgw_change_type {
    MGW_CHANGE_INSERT_ROW = 1, /* `row`: MGW_EXISTS where the id or the (bucket, key) is taken */
    MGW_CHANGE_UPDATE_ROW = 2, /* compare-and-set, see below */
    MGW_CHANGE_PUT_RECORD =
        3, /* `record`, if the stored version equals expect_version, else MGW_CONFLICT */
    MGW_CHANGE_DELETE_RECORD = 4, /* the same condition; kind, account, id of `record` count */
    MGW_CHANGE_DELETE_ROW = 5,    /* compare as in UPDATE_ROW, then the row is gone for good */
    /* `row` as it stands, with its created_at, updated_at and lease_until (`mediagw copy`);
     * MGW_EXISTS as for INSERT_ROW. A row inserted afterwards is still no older than it. A driver
     * that does not know it answers MGW_UNSUPPORTED. */
    MGW_CHANGE_IMPORT_ROW = 6
};

/* Fields that MGW_CHANGE_UPDATE_ROW sets from `row`. id, account_id, bucket, key and created_at
 * never change. */
enum mgw_row_field {
    MGW_FIELD_OWNER_EMAIL = 1 << 0,
    MGW_FIELD_MIME_TYPE = 1 << 1,
    MGW_FIELD_SIZE_BYTES = 1 << 2,
    MGW_FIELD_DURATION_MS = 1 << 3,
    MGW_FIELD_KIND = 1 << 4,
    MGW_FIELD_STATUS = 1 << 5,
    MGW_FIELD_SESSION_ID = 1 << 6,
    MGW_FIELD_TAKE_INDEX = 1 << 7,
    MGW_FIELD_CHECKSUM = 1 << 8,
    MGW_FIELD_METADATA = 1 << 9,
    MGW_FIELD_OWNER = 1 << 10,
    MGW_FIELD_FENCE = 1 << 11,
    MGW_FIELD_LEASE = 1 << 12, /* from lease_ms: lease_until becomes now + lease_ms, or MGW_ABSENT
                                  where that is given */
    MGW_FIELD_FINGERPRINT = 1 << 13
};

/* expect_version of a record */
#define MGW_VERSION_NONE 0   /* it must not be there (or be expired) */
#define MGW_VERSION_ANY (-1) /* whatever is there */

struct mgw_change {
    size_t size;
    uint32_t type; /* enum mgw_change_type */
    uint32_t set;  /* UPDATE_ROW: enum mgw_row_field bits */
    /* INSERT_ROW: the row; created_at, updated_at and lease_until in it are ignored.
     * UPDATE_ROW, DELETE_ROW: row->id and row->account_id say which (another account's row is
     * MGW_NOT_FOUND). */
    const struct mgw_row *row;
    const struct mgw_record *record;
    /* UPDATE_ROW, DELETE_ROW: the row's status must be among these bits, else MGW_CONFLICT; 0: any.
     */
    uint32_t expect_status;
    uint32_t reserved;
    int64_t expect_fence; /* the row's fence must equal it, else MGW_STALE; MGW_ABSENT: any. Looked
                             at after status */
    int64_t lease_ms; /* INSERT_ROW, and UPDATE_ROW with MGW_FIELD_LEASE; MGW_ABSENT: no lease */
    int64_t expect_version; /* PUT_RECORD, DELETE_RECORD */
    int64_t expire_ms;      /* PUT_RECORD: expires_at becomes now + expire_ms; MGW_ABSENT:
                               record->expires_at holds */
    /* UPDATE_ROW, DELETE_ROW: 1: only where lease_until is set and over, else MGW_BUSY. Looked at
     * after the fence */
    uint32_t expect_lease_over;
    uint32_t reserved2;
};

struct mgw_change_result {
    size_t size;
    uint32_t
        status; /* enum mgw_status of this change; MGW_OK for those that would have been made */
    uint32_t reserved;
    int64_t created_at; /* of the row, after the change */
    int64_t updated_at;
    int64_t lease_until;
    int64_t fence;
    int64_t
        version; /* of the record, after the change; on MGW_CONFLICT the version that is there */
};

struct mgw_repo_limits {
    size_t size;
    uint64_t capabilities; /* enum mgw_repo_capability */
    uint32_t max_batch;    /* most changes in one apply; at least 16 */
    uint32_t max_known;    /* most entries in one which_known; at least 100 */
};

enum mgw_repo_capability {
    MGW_REPO_INLINE_READ =
        1 << 0, /* get, get_by_blob, get_record never wait for a network or for a writer */
    MGW_REPO_SHARED = 1 << 1,  /* several nodes may use it at once */
    MGW_REPO_VOLATILE = 1 << 2 /* rows die with the process or before: for tests */
};

struct mgw_repo_driver {
    size_t size;

    /* Required. Opens the repository and brings its schema up to date; a schema that is too new is
     * MGW_INVALID with a text that says so. Where there is none yet: MGW_NOT_FOUND, unless
     * MGW_CREATE_INIT is set. */
    enum mgw_status (*create)(struct mgw_call *call, const struct mgw_config *config,
                              const struct mgw_host *host, void **instance);
    /* Required. No call is under way. */
    void (*destroy)(void *instance);
    /* Required. Constant over the instance's life. */
    enum mgw_status (*describe)(struct mgw_call *call, void *instance,
                                struct mgw_repo_limits *limits);

    /* Required. MGW_NOT_FOUND, or the row of any account: the caller judges. Sees every change
     * acknowledged before it. */
    enum mgw_status (*get)(struct mgw_call *call, void *instance, const char *id,
                           mgw_row_emit *emit, void *ctx);
    /* Required. The same by (bucket, key). */
    enum mgw_status (*get_by_blob)(struct mgw_call *call, void *instance, const char *bucket,
                                   const char *key, mgw_row_emit *emit, void *ctx);
    /* Required. A row that is there during the whole walk is found exactly once. A page costs the
     * same at any depth. */
    enum mgw_status (*list)(struct mgw_call *call, void *instance,
                            const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx);
    /* Required. Rows of any account whose lease_until is set and over, oldest lease first, at most
     * LIMIT. */
    enum mgw_status (*scan_due)(struct mgw_call *call, void *instance, uint32_t limit,
                                mgw_row_emit *emit, void *ctx);
    /* Required. For COUNT entries STRIDE bytes apart: sets `status` in each. */
    enum mgw_status (*which_known)(struct mgw_call *call, void *instance, struct mgw_known *known,
                                   size_t count, size_t stride);
    /* Required. All COUNT changes (CHANGE_STRIDE bytes apart), in order, or none. RESULTS are
     * RESULT_STRIDE apart. Answers the first change's status that is not MGW_OK; nothing has been
     * changed then. A later change of the batch sees the earlier ones. */
    enum mgw_status (*apply)(struct mgw_call *call, void *instance,
                             const struct mgw_change *changes, size_t change_stride,
                             struct mgw_change_result *results, size_t result_stride, size_t count);

    /* Required. MGW_NOT_FOUND where there is none or it has expired. */
    enum mgw_status (*get_record)(struct mgw_call *call, void *instance, const char *kind,
                                  const char *account, const char *id, mgw_record_emit *emit,
                                  void *ctx);
    /* Required. Records of KIND, ordered by (account, id), behind (AFTER_ACCOUNT, AFTER_ID) (NULL:
     * from the start), at most LIMIT. ACCOUNT NULL: of all accounts. */
    enum mgw_status (*list_records)(struct mgw_call *call, void *instance, const char *kind,
                                    const char *account, const char *after_account,
                                    const char *after_id, uint32_t limit, mgw_record_emit *emit,
                                    void *ctx);
    /* Optional: nothing. Housekeeping, called once a minute or so: expired records go. */
    enum mgw_status (*maintain)(struct mgw_call *call, void *instance);
    /* Required. MGW_OK where reads and changes would work now, as far as a cheap look tells. Never
     * writes. */
    enum mgw_status (*health)(struct mgw_call *call, void *instance);
    /* Required. The repository's clock. */
    enum mgw_status (*now)(struct mgw_call *call, void *instance, int64_t *now_ms);
    /* Optional: MGW_UNSUPPORTED, and there is no `mediagw copy` or `verify`. Rows of any account
     * and status by id, ascending, behind AFTER_ID (NULL: from the start), at most LIMIT (1 to
     * 1,000). A page costs the same at any depth. */
    enum mgw_status (*scan)(struct mgw_call *call, void *instance, const char *after_id,
                            uint32_t limit, mgw_row_emit *emit, void *ctx);
};

/* A repository instance as the library takes it. */
struct mgw_repo {
    size_t size;
    const struct mgw_repo_driver *driver;
    void *instance;
};

#ifdef __cplusplus
}
#endif
#endif
