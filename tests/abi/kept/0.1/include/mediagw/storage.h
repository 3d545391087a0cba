/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage drivers: the bytes. A blob is the bytes at (bucket, key) with a content type and a small
 * metadata map. A bucket is a logical name `[a-z0-9][a-z0-9.-]{1,62}`; a key is 1 to 1,024 bytes of
 * UTF-8 without NUL, with no meaning attached to any other byte: "..", "//", a leading slash and
 * spaces are characters, and "a" may stand beside "a/b".
 *
 * Rules for every callback unless it says otherwise:
 * - it may be called from any thread, many at once, within the plugin's thread model; a writer or
 * reader by one at a time;
 * - a result struct is allocated and zeroed by the host, which sets its `size`; strings in it come
 * from call->alloc();
 * - a verb that writes may be repeated with the same arguments and then answers what the first one
 * would have answered;
 * - it answers MGW_TIMEOUT or MGW_CANCELLED soon after the call's deadline or cancellation;
 * - a callback that is not marked required may be NULL, with the fallback stated there. In a filter
 * NULL means "not available", whatever the layer below can do. */
#ifndef MEDIAGW_STORAGE_H
#define MEDIAGW_STORAGE_H

#include <mediagw/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MGW_KEY_MAX 1024u /* bytes of a key, without the NUL */
#define MGW_METADATA_MAX                                                                           \
    2048u /* bytes of all names and values of a blob's metadata map together                       \
           */
#define MGW_UPLOAD_STATE_MAX 4096u  /* bytes of a resumable upload's state */
#define MGW_UPLOAD_RECEIPT_MAX 256u /* bytes of a part's receipt */

/* What an instance can do; describe() sets them. They select which conformance cases run. */
enum mgw_storage_capability {
    MGW_STORAGE_LOCAL_FD = 1 << 0, /* descriptor() gives a file for sendfile */
    MGW_STORAGE_INLINE_READ =
        1 << 1, /* stat, open and descriptor never wait for a network: a local disk */
    MGW_STORAGE_IF_ABSENT = 1 << 2,    /* MGW_PUT_IF_ABSENT is atomic against others */
    MGW_STORAGE_RESUMABLE = 1 << 3,    /* plan and the upload_* callbacks */
    MGW_STORAGE_PRESIGN_GET = 1 << 4,  /* presign(MGW_PRESIGN_GET) */
    MGW_STORAGE_PRESIGN_PUT = 1 << 5,  /* presign(MGW_PRESIGN_PUT) */
    MGW_STORAGE_PRESIGN_PART = 1 << 6, /* presign(MGW_PRESIGN_PART) */
    MGW_STORAGE_SHARED = 1 << 7,       /* every node of the gateway sees the same blobs */
    MGW_STORAGE_ORDERED_LIST = 1 << 8, /* list() goes by the bytes of the key, ascending */
    MGW_STORAGE_COPY = 1 << 9,         /* copy() without the bytes passing through the host */
    /* Two that say what an instance cannot do: a stack has them where any of its layers has. */
    MGW_STORAGE_READ_ONLY = 1 << 10, /* every verb that writes is MGW_DENIED */
    MGW_STORAGE_VOLATILE = 1 << 11   /* blobs die with the process or before: for tests */
};

struct mgw_storage_limits {
    size_t size;
    uint64_t capabilities;   /* enum mgw_storage_capability */
    uint64_t max_blob_bytes; /* 0: unlimited */
    uint32_t max_key_bytes;  /* 0: MGW_KEY_MAX */
    uint32_t reserved;
    int64_t max_presign_ttl_sec; /* 0: none */
    /* The id that the store's marker carries: the same for every instance that sees the same blobs,
     * another for every other store. A repository remembers it, and a gateway refuses to pair it
     * with another store. "" where the store has no marker. From call->alloc(). */
    const char *store_id;
    uint32_t max_metadata_bytes; /* 0: MGW_METADATA_MAX */
    uint32_t reserved2;
    /* Set by the host in what a lower instance answers: the names of its layers, outermost first,
     * separated by spaces ("retry s3"), so that a filter can refuse a stack that makes no sense. A
     * driver leaves it NULL. */
    const char *layers;
};

struct mgw_blob {
    size_t size;
    const char *bucket;
    const char *key;
};

#define MGW_PUT_IF_ABSENT                                                                          \
    1u /* flag: MGW_EXISTS where the blob is there already, decided at commit */
#define MGW_PUT_LENGTH_KNOWN                                                                       \
    2u /* flag: `length` holds; a commit of any other number of bytes is MGW_INVALID */

struct mgw_put {
    size_t size;
    uint32_t flags;
    uint32_t reserved;
    uint64_t length; /* bytes, with MGW_PUT_LENGTH_KNOWN; else the most there may be, 0: unknown */
    const char *content_type; /* NULL: none; kept and given back as it is */
    const char *const
        *metadata; /* name, value, name, value, …, NULL; NULL: none. Names [a-z0-9-]+ */
};

/* A blob's properties. bytes, modified_ms and etag are always set. */
struct mgw_stat {
    size_t size;
    uint64_t bytes;
    int64_t modified_ms;
    const char *etag; /* 1 to 256 visible ASCII, no quotes; changes whenever the blob is replaced */
    const char *content_type;    /* as it was put; NULL: none */
    const char *const *metadata; /* as struct mgw_put; NULL: none */
};

/* Bytes that can be read again from any offset, so that a request can be replayed. */
struct mgw_source {
    size_t size;
    uint64_t length;
    void *ctx;
    /* Fills BUFFER with exactly LENGTH bytes from OFFSET on; any thread, one at a time. */
    enum mgw_status (*read)(void *ctx, uint64_t offset, void *buffer, size_t length);
};

/* What the parts of a resumable upload must be like. */
struct mgw_upload_plan {
    size_t size;
    uint64_t part_min;   /* bytes of every part but the last */
    uint64_t part_max;   /* bytes of any part */
    uint64_t part_align; /* every part but the last is a multiple of it; 1: any */
    uint32_t max_parts;
    uint32_t uniform; /* 1: all parts but the last have the same length */
};

/* Bytes of a plugin's own, opaque to the host: an upload's state, a part's receipt. `bytes` points
 * to `capacity` bytes of the host's; the plugin fills them and sets `length`. */
struct mgw_opaque {
    size_t size;
    void *bytes;
    size_t length;
    size_t capacity;
};

struct mgw_part {
    size_t size;
    uint32_t number; /* from 1, contiguous */
    uint32_t receipt_length;
    uint64_t offset; /* of its first byte in the blob */
    uint64_t length;
    const void *receipt;
};

/* One entry of a list. Lent for the duration of emit(). */
struct mgw_list_entry {
    size_t size;
    const char *key;
    uint64_t bytes;
    int64_t modified_ms;
    const char *etag;   /* may be NULL where a list does not tell it */
    const char *cursor; /* opaque text, at most 2,048 bytes: the list goes on behind this entry */
};
/* Returns true to go on, false to stop: list() then answers MGW_OK at once. */
typedef bool mgw_list_emit(void *ctx, const struct mgw_list_entry *entry);

enum mgw_presign_op { MGW_PRESIGN_GET = 1, MGW_PRESIGN_PUT = 2, MGW_PRESIGN_PART = 3 };

struct mgw_presign {
    size_t size;
    uint32_t op; /* enum mgw_presign_op */
    uint32_t part_number;
    int64_t ttl_sec;                       /* 1 to limits.max_presign_ttl_sec */
    const char *response_content_type;     /* GET: override, NULL: none */
    const char *response_disposition;      /* GET: Content-Disposition, NULL: none */
    uint64_t length;                       /* PUT, PART: the exact bytes that may be sent */
    const char *content_type;              /* PUT: the exact type that must be sent */
    const char *content_md5;               /* PUT, PART: base64, NULL: none */
    const struct mgw_opaque *upload_state; /* PART */
    /* PUT: kept with the blob as in struct mgw_put; NULL: none. What must be sent for it is among
     * the headers answered. */
    const char *const *metadata;
};

struct mgw_presigned {
    size_t size;
    const char *method;
    const char *url;
    const char *const *headers; /* name, value, …, NULL: to be sent as they are; NULL: none */
    int64_t expires_at_ms;      /* what was really granted: credentials may end before the ttl */
};

struct mgw_sweep_result {
    size_t size;
    uint64_t removed;       /* abandoned uploads and temporary files removed */
    uint64_t removed_bytes; /* as far as known */
};

/* What the reader of a blob hands out for sendfile. */
struct mgw_local_file {
    size_t size;
    int fd; /* opened read-only with O_CLOEXEC; the host's, which closes it */
    uint32_t reserved;
    uint64_t offset; /* of the blob's first byte in the file */
};

struct mgw_storage_driver {
    size_t size;

    /* Required (NULL in a filter's table, which is made by mgw_filter_driver.create). Opens the
     * store. A store without its marker is MGW_NOT_FOUND with a text that says how to initialise
     * it, unless MGW_CREATE_INIT is set: then an *empty* place gets a marker. A marker of another
     * format is MGW_INVALID. *INSTANCE is set on MGW_OK only. */
    enum mgw_status (*create)(struct mgw_call *call, const struct mgw_config *config,
                              const struct mgw_host *host, void **instance);
    /* Required. No call is under way; every writer and reader has been ended. */
    void (*destroy)(void *instance);
    /* Required. Capabilities and limits; constant over the instance's life. */
    enum mgw_status (*describe)(struct mgw_call *call, void *instance,
                                struct mgw_storage_limits *limits);

    /* Required. Begins a blob. Nothing is visible before put_commit. The writer lives until
     * put_commit answers MGW_OK or put_abort is called, one of which must follow. */
    enum mgw_status (*put_begin)(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const struct mgw_put *put, void **writer);
    /* Required. Appends LENGTH bytes; all of them or a failure, after which only put_abort may
     * follow. */
    enum mgw_status (*put_write)(struct mgw_call *call, void *writer, const void *bytes,
                                 size_t length);
    /* Optional: nothing. All bytes are written: may make them durable, still invisible, so that the
     * host can do something else meanwhile. At most once, before put_commit; a failure as in
     * put_write. */
    enum mgw_status (*put_prepare)(struct mgw_call *call, void *writer);
    /* Required. Publishes the blob in one step and durably: on MGW_OK it survives a power cut, and
     * readers see the old blob or the new one, never a mixture. MGW_OK ends the writer. After
     * MGW_UNAVAILABLE and MGW_UNKNOWN_OUTCOME it may be repeated; any other failure leaves the old
     * blob, and only put_abort may follow. */
    enum mgw_status (*put_commit)(struct mgw_call *call, void *writer, struct mgw_stat *stat);
    /* Required. Ends the writer and leaves nothing of it; the old blob stays. Never fails, may be
     * called late. */
    void (*put_abort)(struct mgw_call *call, void *writer);

    /* Required. Opens one version of a blob: what is read belongs to the stat answered here, even
     * when the blob is replaced or deleted meanwhile, or read() answers MGW_CONFLICT. IF_ETAG,
     * unless NULL: MGW_CONFLICT where the etag differs. Bytes put by others before this call began
     * are seen. */
    enum mgw_status (*open)(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const char *if_etag, void **reader, struct mgw_stat *stat);
    /* Required. Reads up to LENGTH bytes from OFFSET; *GOT is 0 only at the end. OFFSET beyond the
     * end: MGW_RANGE. */
    enum mgw_status (*read)(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                            size_t length, size_t *got);
    /* Optional: the host reads, as it does where this one reader's answer is MGW_UNSUPPORTED. With
     * MGW_STORAGE_LOCAL_FD. */
    enum mgw_status (*descriptor)(struct mgw_call *call, void *reader, struct mgw_local_file *file);
    /* Required. Ends the reader. */
    void (*close)(void *reader);

    /* Required. MGW_NOT_FOUND where there is none. */
    enum mgw_status (*stat)(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            struct mgw_stat *stat);
    /* Required. MGW_OK also where there is none. Durable on MGW_OK. */
    enum mgw_status (*remove)(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
    /* Required. Each blob of BUCKET whose key begins with PREFIX ("": all), once, at most LIMIT (1
     * to 1,000) of them, from behind CURSOR ("": from the start), in the driver's own fixed order:
     * a blob that is there during the whole walk is found exactly once, whatever is added or
     * removed meanwhile. No more than LIMIT entries: more may follow exactly where LIMIT were
     * emitted. A cursor that is not the driver's own: MGW_INVALID. An unknown bucket is an empty
     * one. Memory is bounded by LIMIT, not by the number of blobs. */
    enum mgw_status (*list)(struct mgw_call *call, void *instance, const char *bucket,
                            const char *prefix, const char *cursor, uint32_t limit,
                            mgw_list_emit *emit, void *ctx);

    /* Optional: the host reads and puts. Content type and metadata go along; as atomic as put. */
    enum mgw_status (*copy)(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                            const struct mgw_blob *to, struct mgw_stat *stat);
    /* Optional: MGW_UNSUPPORTED. With MGW_STORAGE_PRESIGN_*. A presigned PUT never replaces a blob,
     * and takes exactly the length, type and digest that were asked for. */
    enum mgw_status (*presign)(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                               const struct mgw_presign *presign, struct mgw_presigned *presigned);

    /* Optional, all of plan and upload_* or none: MGW_STORAGE_RESUMABLE. PUT's length is the
     * upload's length with MGW_PUT_LENGTH_KNOWN, else the most that it may become. */
    enum mgw_status (*plan)(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan);
    /* Begins an upload that any process with this store may go on with. STATE has room for
     * MGW_UPLOAD_STATE_MAX bytes and never changes afterwards. */
    enum mgw_status (*upload_create)(struct mgw_call *call, void *instance,
                                     const struct mgw_blob *blob, const struct mgw_put *put,
                                     struct mgw_opaque *state);
    /* Stores a part durably and answers its receipt (room for MGW_UPLOAD_RECEIPT_MAX bytes). PART
     * says number, offset, length; the bytes come from SOURCE. The caller records the receipt:
     * bytes with a recorded receipt are never sent again, bytes without one may be, and then
     * replace the earlier ones. FENCE grows with each new owner of the upload: a lower one than has
     * been seen is MGW_STALE and changes nothing, so that a paused owner does no harm. */
    enum mgw_status (*upload_part)(struct mgw_call *call, void *instance,
                                   const struct mgw_opaque *state, const struct mgw_part *part,
                                   const struct mgw_source *source, uint64_t fence,
                                   struct mgw_opaque *receipt);
    /* Publishes the blob out of COUNT parts in order (numbers 1..COUNT, STRIDE bytes apart), as
     * put_commit does. Repeated: MGW_OK with the same stat. Parts that are missing or do not fit:
     * MGW_INVALID. A part that went in through a presigned URL has no receipt (receipt_length 0):
     * the driver looks for it by its number and length. */
    enum mgw_status (*upload_complete)(struct mgw_call *call, void *instance,
                                       const struct mgw_opaque *state, const struct mgw_part *parts,
                                       size_t count, size_t stride, uint64_t fence,
                                       struct mgw_stat *stat);
    /* Removes the upload; MGW_OK also where it is gone or complete. A completed blob stays. */
    enum mgw_status (*upload_abort)(struct mgw_call *call, void *instance,
                                    const struct mgw_opaque *state, uint64_t fence);

    /* Optional: nothing to sweep. Removes what crashed writers left (temporary files, uploads
     * without an owner) once it is older than OLDER_THAN_MS (a wall-clock time), and never anything
     * of a living writer, of any process. */
    enum mgw_status (*sweep)(struct mgw_call *call, void *instance, int64_t older_than_ms,
                             struct mgw_sweep_result *result);
    /* Required. MGW_OK where puts and reads would work now, as far as a cheap look tells (well
     * under a second). Never writes. */
    enum mgw_status (*health)(struct mgw_call *call, void *instance);
    /* Optional: MGW_UNSUPPORTED. Bytes that can still be put, for the gateway's reserve. */
    enum mgw_status (*free_bytes)(struct mgw_call *call, void *instance, uint64_t *bytes);
    /* Optional: nothing. The host is about to read these LENGTH bytes from OFFSET, in order and no
     * others, so that a driver may ask its store for exactly them. Waits for nothing. */
    void (*advise)(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
};

/* A storage instance as the host hands it to a filter and as the library takes it: its table and
 * itself. */
struct mgw_storage {
    size_t size;
    const struct mgw_storage_driver *driver;
    void *instance;
};

/* A filter is a layer over one or more storage instances, and shows the storage table itself. */
struct mgw_filter_driver {
    size_t size;
    /* Required. LOWER is the instance below, valid until destroy(); more of them come as
     * MGW_CONFIG_STORAGE values. They may be called from any thread; their call context is the one
     * that the filter was called with. */
    enum mgw_status (*create)(struct mgw_call *call, const struct mgw_config *config,
                              const struct mgw_host *host, const struct mgw_storage *lower,
                              void **instance);
    /* The rest of the table; `create` is NULL in it. What a filter leaves NULL, or its header did
     * not know yet, is not available through it. */
    const struct mgw_storage_driver *storage;
};

#ifdef __cplusplus
}
#endif
#endif
