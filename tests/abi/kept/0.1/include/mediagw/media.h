/* SPDX-License-Identifier: Apache-2.0
 *
 * The media service as a C library: recordings over a storage and a repository driver. A service is
 * used from any number of threads; a create handle or an opened content by one at a time. Functions
 * block (disk, database, network); those that mgw_media_traits() names inline do not wait for
 * anything but a local disk.
 *
 * Every function takes a call (mgw_call_new), which carries account, request id, deadline and the
 * error slot: on anything but MGW_OK, mgw_call_error() has one line of text. It is cleared at the
 * start of every function. Link with `pkg-config --libs mediagw`. */
#ifndef MEDIAGW_MEDIA_H
#define MEDIAGW_MEDIA_H

#include <mediagw/repo.h>
#include <mediagw/storage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MGW_API MGW_EXPORT

/* The library's version, "1.2.3". */
MGW_API const char *mgw_version(void);
/* The status's name, "NOT_FOUND"; never NULL. */
MGW_API const char *mgw_status_name(enum mgw_status status);

/* ---- Calls
 * ------------------------------------------------------------------------------------------------------
 */

/* A call for ACCOUNT (NULL: ""; copied), with REQUEST_ID (NULL: made up), that may take TIMEOUT_MS
 * (0: for ever). NULL when memory is short. One thread at a time; may serve several functions one
 * after another. */
MGW_API struct mgw_call *mgw_call_new(const char *account, const char *request_id,
                                      int64_t timeout_ms);
MGW_API void mgw_call_free(struct mgw_call *call);
/* Asks the function under way to come back soon with MGW_CANCELLED; from any thread, while the call
 * lives. */
MGW_API void mgw_call_cancel(struct mgw_call *call);
/* The last function's error; its text is "" after MGW_OK. Valid until the next use of the call. */
MGW_API const struct mgw_error *mgw_call_error(const struct mgw_call *call);

/* ---- The service
 * ------------------------------------------------------------------------------------------------
 */

struct mgw_media;

/* One key of the signed URLs. Each use derives its own key from the secret (HKDF-SHA256). */
struct mgw_url_key {
    size_t size;
    const char *id; /* [A-Za-z0-9._-]{1,32}: `kid` in the URL */
    const void *secret;
    size_t secret_length; /* at least 32 */
    bool sign; /* new URLs are signed with it (exactly one key); the others are only honoured */
};

/* Where signed_url leads. */
enum mgw_delivery {
    MGW_DELIVERY_AUTO = 0,  /* to the store where it presigns (MGW_STORAGE_PRESIGN_GET) */
    MGW_DELIVERY_PROXY = 1, /* to the gateway always */
};

struct mgw_media_options {
    size_t size;
    const struct mgw_storage *storage; /* required; the caller's, must outlive the service */
    const struct mgw_repo *repo;       /* the same */
    const char *default_bucket;        /* NULL: "media-recordings" */
    int64_t signed_url_ttl_sec;        /* 0: 3,600 */
    int64_t max_signed_url_ttl_sec;    /* 0: 604,800 */
    /* Writes a new row's id, [A-Za-z0-9._-]{1,64}, NUL-terminated, into ID of CAPACITY bytes; NULL:
     * UUIDv4. Any thread. */
    enum mgw_status (*generate_id)(void *ctx, char *id, size_t capacity);
    void *generate_id_ctx;
    uint64_t max_upload_bytes;     /* 0: 5 GiB */
    const char *const *mime_types; /* allowed types ("video/mp4", "video/<star>"), NULL-terminated;
                                    * NULL: video, audio, image. A wildcard never matches svg, xml
                                    * or html types: they must be named */
    const char *public_url; /* base of signed URLs, "https://media.example.com"; NULL: URLs begin
                               with "/media/" */
    const struct mgw_url_key *url_keys; /* copied; NULL: one made up for this process */
    size_t url_key_count;
    int64_t lease_ms;           /* how long a silent owner keeps an upload; 0: 30,000 */
    int64_t reap_interval_ms;   /* 0: 60,000; MGW_ABSENT: no reaper thread (call mgw_media_reap) */
    int64_t idempotency_ttl_ms; /* 0: 24 hours */
    uint64_t min_free_bytes; /* creates are MGW_NO_SPACE when the store has less; 0: no reserve */
    const char *node_id;     /* This gateway's name among others on the same repository,
                              * [A-Za-z0-9._-]{1,64}: MGW_INVALID where a living one has it, and the
                              * reaper's rounds go by a lease. NULL: made up, and nobody is told */
    void (*log)(
        enum mgw_log_level level,
        const char *line); /* NULL: standard error; any thread. One a process: the last given */
    uint32_t delivery;     /* enum mgw_delivery */
    uint32_t reserved;
    int64_t direct_ttl_sec; /* how long a direct upload's URLs live; 0: 900 */
    /* Direct uploads of more bytes than this go in parts where the store presigns them, of a
     * quarter of it or more; 0: 64 MiB */
    uint64_t direct_part_from_bytes;
};

/* A service over the given instances; its reaper runs at once and every interval, in a thread of
 * its own. On failure the text is in ERROR (may be NULL; set error->size). */
MGW_API enum mgw_status mgw_media_new(const struct mgw_media_options *options,
                                      struct mgw_media **media, struct mgw_error *error);
#define MGW_MEDIA_INIT 1u /* flag: initialise a store or database that is not there yet */
/* A service with the drivers and options of a config file (see the README; the server's own keys
 * are checked and left alone), as a node of the config's node_id or a made-up one. CONFIG_PATH
 * NULL: the dev mode, under DATA_DIR. */
MGW_API enum mgw_status mgw_media_new_from_config(const char *config_path, const char *data_dir,
                                                  uint32_t flags, struct mgw_media **media,
                                                  struct mgw_error *error);
/* Other url_keys (as in the options) from now on: URLs and cursors of keys that are not among them
 * end. Any thread. On failure the old ones stay, and the text is in ERROR (may be NULL). */
MGW_API enum mgw_status mgw_media_set_url_keys(struct mgw_media *media,
                                               const struct mgw_url_key *keys, size_t count,
                                               struct mgw_error *error);
/* Ends the reaper and the service. No call and no handle may be left. NULL is nothing. */
MGW_API void mgw_media_free(struct mgw_media *media);

#define MGW_MEDIA_ROWS_INLINE 1u /* get and reissue do not wait for a network or a writer */
#define MGW_MEDIA_CONTENT_INLINE                                                                   \
    2u /* nor does mgw_content_open, and the content has a local file */
/* They change: for a minute after a driver was seen to wait where it should not, they are unset. */
MGW_API uint32_t mgw_media_traits(const struct mgw_media *media);

/* A row with its signed URL, as create, get and reissue answer. Freed by mgw_grant_free. */
struct mgw_grant {
    size_t size;
    const struct mgw_row *row;
    const char *
        signed_url; /* NULL where the row is not ready (a replayed create of a deleted recording) */
    int64_t signed_url_expires_at; /* ms since the epoch; a store's URL may end before the ttl */
    bool replayed; /* create: an earlier create with the same idempotency key made this row */
};
MGW_API void mgw_grant_free(struct mgw_grant *grant);

/* ---- Create
 * -----------------------------------------------------------------------------------------------------
 */

/* What is known of a recording. Fields may come before, while or after the bytes; those given to
 * mgw_create_finish count. Checked: take_index 0 to 2^31-1, duration_ms 0 to 2^53-1, session_id
 * [A-Za-z0-9_-]{1,128}, owner_email at most 320 bytes without control characters, mime_type RFC
 * 9110 section 8.3.1 and allowed, metadata a JSON object of at most 64 KiB, depth 32, no duplicate
 * key, no U+0000. kind is video, audio, image or file; by default from the mime type. */
struct mgw_recording {
    size_t size;
    const char *mime_type; /* NULL: sniffed from the first bytes */
    int64_t duration_ms;   /* MGW_ABSENT: 0 */
    const char *kind;      /* NULL: from the mime type */
    const char *session_id;
    int64_t take_index; /* MGW_ABSENT: none */
    const char *owner_email;
    const char *metadata;
    const char *checksum; /* "sha256:<hex>" that the bytes must have; NULL: any */
};

struct mgw_create_options {
    size_t size;
    const char *bucket;          /* NULL: the default bucket */
    const char *idempotency_key; /* 1 to 128 visible ASCII, per account; NULL: none */
    uint64_t length;             /* bytes to come where they are known, else UINT64_MAX */
    const char *mime_type;       /* where it is known before the bytes; NULL: not yet */
};

struct mgw_create; /* one recording on its way in */

/* Begins a recording of the call's account: its row (`uploading`) is written beside the bytes and
 * is durable before they are published. MGW_TOO_LARGE for a length over the limit, MGW_NO_SPACE
 * under the reserve, MGW_DENIED where the store is read-only. With an idempotency key that is
 * taken: MGW_BUSY with retry_after_ms while the first still runs; where it is finished, this create
 * reads its bytes only to compare them. The service renews the row's lease until mgw_create_finish
 * or mgw_create_abort, one of which must follow. */
MGW_API enum mgw_status mgw_create_begin(struct mgw_media *media, struct mgw_call *call,
                                         const struct mgw_create_options *options,
                                         struct mgw_create **create);
/* Appends bytes. After a failure only mgw_create_abort may follow. */
MGW_API enum mgw_status mgw_create_write(struct mgw_create *create, struct mgw_call *call,
                                         const void *bytes, size_t length);
/* Commits the blob, makes the row `ready` and answers both with a signed URL; then the recording is
 * durable. Ends the handle in every case. MGW_INVALID names what is wrong; MGW_UNSUPPORTED: the
 * type is not allowed; MGW_CONFLICT: the idempotency key was used for other content; MGW_CORRUPT:
 * the bytes do not have the given checksum; MGW_STALE: the lease was lost (a pause longer than it,
 * or a delete), start again; MGW_UNKNOWN_OUTCOME and MGW_TIMEOUT: it may be done, the row is
 * `ready` or stays `uploading` until the reaper; repeat with the same idempotency key. */
MGW_API enum mgw_status mgw_create_finish(struct mgw_create *create, struct mgw_call *call,
                                          const struct mgw_recording *recording,
                                          struct mgw_grant **grant);
/* Gives the recording up: its row becomes `failed`, nothing is left of the bytes. Ends the handle.
 * CALL may be over, or NULL. */
MGW_API void mgw_create_abort(struct mgw_create *create, struct mgw_call *call);

/* ---- Get, reissue, delete, list
 * --------------------------------------------------------------------------------- */

/* MGW_DENIED where the row is another account's, MGW_NOT_FOUND where it is not `ready`. TTL_SEC 0:
 * the default; outside 1..max_signed_url_ttl_sec: MGW_INVALID. FILE_NAME, unless NULL, makes the
 * URL answer an attachment of that name. Where the store presigns, the URL is the store's: it
 * answers the row's type, and an attachment where the gateway would; it lives as long as the store
 * grants, also after a delete, until the blob is purged. A store that cannot presign at the moment
 * is stood in for by the gateway. */
MGW_API enum mgw_status mgw_media_get(struct mgw_media *media, struct mgw_call *call,
                                      const char *id, int64_t ttl_sec, const char *file_name,
                                      struct mgw_grant **grant);
/* The row becomes `deleted`, then the blob goes, best effort; the reaper tries again. MGW_OK also
 * where the row is deleted already or was never there; MGW_DENIED for another account's. */
MGW_API enum mgw_status mgw_media_delete(struct mgw_media *media, struct mgw_call *call,
                                         const char *id);

struct mgw_list_query {
    size_t size;
    uint32_t status;  /* bits of enum mgw_row_status; 0: ready */
    uint32_t limit;   /* 0: 50; at most 200 */
    const char *kind; /* NULL: any */
    const char *session_id;
    const char *cursor; /* NULL: from the newest */
};
/* The call's account's rows, newest first. *NEXT_CURSOR is NULL at the end, else opaque text to be
 * freed with free(). A cursor that is not ours, or of another query: MGW_INVALID. */
MGW_API enum mgw_status mgw_media_list(struct mgw_media *media, struct mgw_call *call,
                                       const struct mgw_list_query *query, mgw_row_emit *emit,
                                       void *ctx, char **next_cursor);

/* ---- Content: what a signed URL opens
 * --------------------------------------------------------------------------- */

/* The parts of /media/{bucket}/{key}?expires=&kid=&disposition=&filename=&sig=, percent-decoded
 * once. Absent ones NULL. */
struct mgw_content_request {
    size_t size;
    const char *bucket;
    const char *key;
    const char *expires;
    const char *kid;
    const char *disposition; /* "attachment" */
    const char *file_name;
    const char *sig;
};

struct mgw_content; /* an opened blob */

struct mgw_content_info {
    size_t size;
    uint64_t bytes;
    const char *mime_type;
    const char *checksum; /* "sha256:<hex>", NULL: unknown */
    const char *etag;     /* strong, no quotes; the same as long as the bytes are */
    int64_t modified_at;
    int64_t expires_at;    /* when the URL ends */
    bool attachment;       /* to be served as an attachment (asked for, or a type that is not shown
                              inline) */
    const char *file_name; /* NULL: none */
};

/* Checks the signature and opens the blob. MGW_DENIED: bad or expired signature; MGW_NOT_FOUND: the
 * row is not `ready`. */
MGW_API enum mgw_status mgw_content_open(struct mgw_media *media, struct mgw_call *call,
                                         const struct mgw_content_request *request,
                                         struct mgw_content **content);
/* Valid until mgw_content_close. */
MGW_API const struct mgw_content_info *mgw_content_info(const struct mgw_content *content);
/* A descriptor of a local file with the blob from *OFFSET on, which the caller closes;
 * MGW_UNSUPPORTED: read. */
MGW_API enum mgw_status mgw_content_descriptor(struct mgw_content *content, struct mgw_call *call,
                                               int *fd, uint64_t *offset);
/* Up to LENGTH bytes from OFFSET; *GOT is 0 only at the end. */
MGW_API enum mgw_status mgw_content_read(struct mgw_content *content, struct mgw_call *call,
                                         uint64_t offset, void *buffer, size_t length, size_t *got);
/* These LENGTH bytes from OFFSET will be read next, in order and no others: the store may ask for
 * exactly them. Waits for nothing; of no effect where the store takes no advice. */
MGW_API void mgw_content_advise(struct mgw_content *content, struct mgw_call *call, uint64_t offset,
                                uint64_t length);
MGW_API void mgw_content_close(struct mgw_content *content);

/* ---- Direct upload: the bytes go to a URL, without a credential
 * ------------------------------------------------------------------------------------------------
 */

enum mgw_direct_parts {
    MGW_DIRECT_PARTS_AUTO = 0, /* parts where the store presigns them and the upload is large */
    MGW_DIRECT_PARTS_NO = 1,   /* one PUT */
    MGW_DIRECT_PARTS_YES = 2   /* parts wherever the store presigns them */
};

struct mgw_direct_options {
    size_t size;
    const char *bucket;          /* NULL: the default bucket */
    const char *idempotency_key; /* 1 to 128 visible ASCII, per account; NULL: none */
    uint64_t length;             /* the bytes to come, exactly */
    /* Checked as in mgw_create_finish; mime_type is required, and what the PUT's Content-Type must
     * be. With `checksum` the bytes are read back before the row is `ready`. */
    const struct mgw_recording *recording;
    const char *content_md5; /* base64 of the bytes' MD5, for one PUT; NULL: none */
    uint32_t parts;          /* enum mgw_direct_parts */
    uint32_t reserved;
};

/* One request that the uploader shall make. */
struct mgw_direct_request {
    size_t size;
    uint32_t number; /* of the part, from 1; 0: the request takes the whole recording */
    uint32_t reserved;
    uint64_t offset, length; /* the bytes that it takes */
    const char *method;      /* "PUT" */
    const char *url; /* the store's, or the gateway's own (which begins with "/" without public_url)
                      */
    const char *const *headers; /* name, value, …, NULL: to be sent as they are */
};

/* What mgw_direct_begin answers. Freed by mgw_direct_free. */
struct mgw_direct {
    size_t size;
    const struct mgw_row *row; /* `uploading` */
    const struct mgw_direct_request *requests;
    size_t count;  /* 0: nothing is to be sent, an earlier begin's recording is finished already */
    size_t stride; /* bytes from one request to the next */
    uint64_t part_bytes;           /* of every part but the last; 0: one request */
    int64_t expires_at;            /* when the first of the URLs ends; ms since the epoch */
    const struct mgw_grant *grant; /* of a recording that is finished already, else NULL */
    bool replayed;                 /* an earlier begin with the same idempotency key made the row */
};
MGW_API void mgw_direct_free(struct mgw_direct *direct);

/* Writes a row `uploading` and answers where its bytes shall go, for direct_ttl_sec at most: to the
 * store where it presigns, else to mgw_direct_put_begin. Nobody renews the row's lease; a row that
 * was not completed twice that time after its URLs were given becomes `failed`. With an idempotency
 * key the same begin again answers the same row with new URLs; other content is MGW_CONFLICT; a key
 * whose first request still runs MGW_BUSY. MGW_TOO_LARGE, MGW_NO_SPACE, MGW_DENIED,
 * MGW_INVALID and MGW_UNSUPPORTED as in create. */
MGW_API enum mgw_status mgw_direct_begin(struct mgw_media *media, struct mgw_call *call,
                                         const struct mgw_direct_options *options,
                                         struct mgw_direct **direct);
/* The bytes are there: puts parts together, looks at size and type, reads the bytes back where a
 * checksum was declared (or the gateway took them and their digest was lost), and makes the row
 * `ready`. Repeated: the same answer. MGW_CONFLICT: they are not there, or not as announced; the
 * text says what is missing and may be shown to the client. MGW_CORRUPT: they have another digest;
 * the row is `failed` and the blob gone. MGW_BUSY with retry_after_ms: they are still being read
 * back, which goes on; ask again. MGW_DENIED: another account's; MGW_NOT_FOUND: no such upload. */
MGW_API enum mgw_status mgw_direct_complete(struct mgw_media *media, struct mgw_call *call,
                                            const char *id, struct mgw_grant **grant);

/* The parts of /media/{bucket}/{key}?expires=&kid=&size=&type=&md5=&sha256=&sig=, percent-decoded
 * once, and what the request itself says. Absent ones NULL. */
struct mgw_direct_put_request {
    size_t size;
    const char *bucket;
    const char *key;
    const char *expires;
    const char *kid;
    const char *length;      /* `size` */
    const char *type;        /* the Content-Type that must be sent */
    const char *content_md5; /* `md5` */
    const char *sha256;
    const char *sig;
    uint64_t content_length;  /* of the request; UINT64_MAX: unknown */
    const char *content_type; /* the request's own */
    const char *content_md5_header;
};

struct mgw_direct_put; /* the bytes of a direct upload on their way through the gateway */

/* Checks the URL, which is the only credential, and begins the blob. MGW_DENIED: altered or over;
 * MGW_NOT_FOUND: the row is not `uploading` any more; MGW_EXISTS: the bytes are there already;
 * MGW_INVALID: the request is not the one that was signed for. The row's lease is kept while bytes
 * come. */
MGW_API enum mgw_status mgw_direct_put_begin(struct mgw_media *media, struct mgw_call *call,
                                             const struct mgw_direct_put_request *request,
                                             struct mgw_direct_put **put);
/* Whose recording it is; valid as long as PUT. */
MGW_API const char *mgw_direct_put_account(const struct mgw_direct_put *put);
/* Appends bytes. After a failure only mgw_direct_put_abort may follow. */
MGW_API enum mgw_status mgw_direct_put_write(struct mgw_direct_put *put, struct mgw_call *call,
                                             const void *bytes, size_t length);
/* Publishes the blob unless one is there (MGW_EXISTS) and remembers its SHA-256 in the row, which
 * stays `uploading`. MGW_CORRUPT: another digest than declared, nothing is published.
 * MGW_NOT_FOUND: the row was deleted or given up meanwhile, and the blob is gone again. Ends the
 * handle in every case. */
MGW_API enum mgw_status mgw_direct_put_finish(struct mgw_direct_put *put, struct mgw_call *call);
/* Leaves nothing of the bytes. Ends the handle. CALL may be over, or NULL. */
MGW_API void mgw_direct_put_abort(struct mgw_direct_put *put, struct mgw_call *call);

/* ---- API keys
 * ---------------------------------------------------------------------------------------------------
 */

#define MGW_SCOPE_READ 1u
#define MGW_SCOPE_WRITE 2u
#define MGW_SCOPE_ADMIN 4u

struct mgw_api_key {
    size_t size;
    const char *id; /* the public part */
    const char *account;
    uint32_t scopes;
    uint32_t reserved;
    int64_t created_at;
    int64_t expires_at; /* MGW_ABSENT: never */
    int64_t revoked_at; /* MGW_ABSENT: not */
};
typedef bool mgw_api_key_emit(void *ctx, const struct mgw_api_key *key);

/* Makes a key for ACCOUNT ([A-Za-z0-9._:@|-]{1,128}) and answers its token, `mgw_<id>_<secret>`,
 * once: only a hash of it is kept. *TOKEN is freed with free(). EXPIRES_AT in ms since the epoch or
 * MGW_ABSENT. */
MGW_API enum mgw_status mgw_key_create(struct mgw_media *media, struct mgw_call *call,
                                       const char *account, uint32_t scopes, int64_t expires_at,
                                       char **token);
/* All keys, or those of ACCOUNT. */
MGW_API enum mgw_status mgw_key_list(struct mgw_media *media, struct mgw_call *call,
                                     const char *account, mgw_api_key_emit *emit, void *ctx);
/* From now on (10 s at most on other nodes) the key opens nothing. MGW_NOT_FOUND: no such id. */
MGW_API enum mgw_status mgw_key_revoke(struct mgw_media *media, struct mgw_call *call,
                                       const char *id);
/* Emits the key that TOKEN is, compared in constant time. MGW_DENIED: unknown, revoked, expired or
 * malformed. */
MGW_API enum mgw_status mgw_key_check(struct mgw_media *media, struct mgw_call *call,
                                      const char *token, mgw_api_key_emit *emit, void *ctx);

/* ---- Care
 * -------------------------------------------------------------------------------------------------------
 */

/* One round of the reaper: uploads whose lease is over become `failed` and lose their blob, blobs
 * of deleted rows are purged again. *WORK (may be NULL) is the number of rows it changed. */
MGW_API enum mgw_status mgw_media_reap(struct mgw_media *media, struct mgw_call *call,
                                       uint64_t *work);
/* The drivers' health: the first that is not MGW_OK, and its name in the error text. */
MGW_API enum mgw_status mgw_media_health(struct mgw_media *media, struct mgw_call *call);

/* A call into a plugin that is still under way. */
struct mgw_stuck_call {
    size_t size;
    const char *plugin;
    const char *callback;   /* its name in storage.h or repo.h */
    const char *request_id; /* NULL: none */
    int64_t for_ms;         /* since it began */
    uint32_t lost; /* 1: its deadline has long passed. Where too many of a plugin's calls are
                      lost (16; one, where it takes one at a time) new ones are answered
                      MGW_UNAVAILABLE until they come back */
    uint32_t reserved;
};
typedef void mgw_stuck_emit(void *ctx, const struct mgw_stuck_call *call);
/* The calls of all services of this process that have been under way for LEAST_MS or more, whatever
 * thread they are in. EMIT must not call back into the library. Blocks on no plugin. */
MGW_API void mgw_media_stuck(const struct mgw_media *media, int64_t least_ms, mgw_stuck_emit *emit,
                             void *ctx);

#ifdef __cplusplus
}
#endif
#endif
