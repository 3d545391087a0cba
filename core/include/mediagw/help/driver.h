/* SPDX-License-Identifier: Apache-2.0
 *
 * What most storage drivers would otherwise write for themselves: checks of what the host hands
 * over, a blob's properties as bytes, a spool file. Nothing here is part of the ABI: it is compiled
 * into the plugin that includes it, and another plugin does without. POSIX; compiles alone as C11
 * and C++17. */
#ifndef MEDIAGW_HELP_DRIVER_H
#define MEDIAGW_HELP_DRIVER_H

#include <mediagw/storage.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* MGW_CANCELLED or MGW_TIMEOUT where CALL is over; else MGW_OK. */
static inline enum mgw_status mgw_over(struct mgw_call *call, const struct mgw_host *host)
{
    if (call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "cancelled");
    }
    if (call->deadline_ms && host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "the call's deadline has passed");
    }
    return MGW_OK;
}

static inline enum mgw_status mgw_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

/* What `errno` says of WHAT (a path): MGW_NO_SPACE, MGW_QUOTA or MGW_IO. */
static inline enum mgw_status mgw_fail_errno(struct mgw_call *call, const char *what)
{
    enum mgw_status status = errno == ENOSPC ? MGW_NO_SPACE : errno == EDQUOT ? MGW_QUOTA : MGW_IO;
    return mgw_fail(call, status, "%s: %s", what, strerror(errno));
}

/* TEXT in memory that belongs to the call; NULL where TEXT is NULL or memory is short. */
static inline char *mgw_keep(struct mgw_call *call, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *kept = text ? (char *)call->alloc(call, size) : NULL;
    return kept ? (char *)memcpy(kept, text, size) : NULL;
}

/* The text of KEY, NULL where it is not set; the host's, during create(). */
static inline const char *mgw_config_text(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value ? value->text : NULL;
}

/* True where a password may go to URL: over https, or to this very machine. */
static inline bool mgw_url_is_private(const char *url)
{
    static const char *const starts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    bool is_private = strncmp(url, "https://", 8) == 0;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t length = strlen(starts[i]);
        is_private |=
            strncmp(url, starts[i], length) == 0 && strchr(":/", url[length]) && !strchr(url, '@');
    }
    return is_private;
}

/* LENGTH bytes as 2 * LENGTH hex digits and a NUL. */
static inline void mgw_hex(const void *bytes, size_t length, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = ((const unsigned char *)bytes)[i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    text[2 * length] = '\0';
}

/* FNV-1a: spreads names over folders. */
static inline uint32_t mgw_hash(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash;
}

/* The way back: as many bytes as TEXT has pairs of lower-case digits, up to anything else, and a
 * NUL. Returns how many. */
static inline size_t mgw_unhex(const char *text, char *bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;
    for (; text[0] && text[1]; text += 2) {
        const char *high = strchr(digits, text[0]), *low = strchr(digits, text[1]);
        if (!high || !low) {
            break;
        }
        bytes[length++] = (char)((high - digits) * 16 + (low - digits));
    }
    bytes[length] = '\0';
    return length;
}

/* True where TEXT is what mgw_hex() makes of at least one byte. */
static inline bool mgw_is_hex(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length % 2 == 0 && strspn(text, "0123456789abcdef") == length;
}

/* 32 hex digits that nobody has had before: an id, an etag. */
static inline void mgw_new_id(const struct mgw_host *host, char id[33])
{
    unsigned char bytes[16];
    host->random(bytes, sizeof bytes);
    mgw_hex(bytes, sizeof bytes, id);
}

/* MGW_INVALID where bucket or key are not what storage.h says, or the key is longer than KEY_MAX.
 */
static inline enum mgw_status mgw_check_blob(struct mgw_call *call, const struct mgw_blob *blob,
                                             size_t key_max)
{
    size_t bucket = strspn(blob->bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    size_t key = strlen(blob->key);
    if (bucket < 2 || bucket > 63 || blob->bucket[bucket] || strchr(".-", *blob->bucket)) {
        return mgw_fail(call, MGW_INVALID, "bucket: not [a-z0-9][a-z0-9.-]{1,62}");
    }
    return key >= 1 && key <= key_max
               ? MGW_OK
               : mgw_fail(call, MGW_INVALID, "key: %zu bytes, not 1 to %zu", key, key_max);
}

/* MGW_INVALID where LENGTH bytes were not what PUT announced. */
static inline enum mgw_status mgw_check_length(struct mgw_call *call, const struct mgw_put *put,
                                               uint64_t length)
{
    if (!(put->flags & MGW_PUT_LENGTH_KNOWN) || put->length == length) {
        return MGW_OK;
    }
    return mgw_fail(call, MGW_INVALID, "%llu bytes where %llu were announced",
                    (unsigned long long)length, (unsigned long long)put->length);
}

/* A stat that asks for bytes, modified_ms and etag alone. */
static inline struct mgw_stat mgw_bare_stat(void)
{
    struct mgw_stat stat;
    memset(&stat, 0, sizeof stat);
    stat.size = offsetof(struct mgw_stat, content_type);
    return stat;
}

/* ---- A header before a blob's bytes, for stores that keep bytes only ----
 *
 * The version's id, how many bytes follow, content type and metadata, in MGW_HEADER bytes: so one
 * write publishes all of them together, and what is shorter than its header says is no blob. */

#define MGW_HEADER 8192u
#define MGW_HEADER_MAGIC "mediagw blob 1" /* with its NUL; then NUL-terminated texts: */
#define MGW_HEADER_ID 15u                 /* 32 hex digits, the blob's etag */
#define MGW_HEADER_LENGTH 48u             /* 20 decimal digits */
/* "=" and the content type, or nothing; name, value, name, value, …, an empty one */
#define MGW_HEADER_PROPS 69u

/* Fills HEADER, but for the length. MGW_INVALID where PUT's metadata are not what storage.h says,
 * or do not fit. */
static inline enum mgw_status mgw_header_write(struct mgw_call *call, const struct mgw_put *put,
                                               const char id[33], char header[MGW_HEADER])
{
    const char *type = MGW_HAS(put, content_type) ? put->content_type : NULL;
    const char *const *map = MGW_HAS(put, metadata) ? put->metadata : NULL;
    size_t at = MGW_HEADER_PROPS, total = 0, room = MGW_HEADER - at;
    memset(header, 0, MGW_HEADER);
    memcpy(header, MGW_HEADER_MAGIC, sizeof MGW_HEADER_MAGIC);
    memcpy(header + MGW_HEADER_ID, id, 33);
    at += (size_t)snprintf(header + at, room, "%s%s", type ? "=" : "", type ? type : "") + 1;
    for (; map && map[0] && at < MGW_HEADER; map += 2) {
        size_t name = strlen(map[0]), value = strlen(map[1]);
        total += name + value;
        if (!name || strspn(map[0], "abcdefghijklmnopqrstuvwxyz0123456789-") != name) {
            return mgw_fail(call, MGW_INVALID, "metadata: a name is not [a-z0-9-]+");
        }
        if (total <= MGW_METADATA_MAX && at + name + value + 2 < MGW_HEADER) {
            memcpy(header + at, map[0], name);
            memcpy(header + at + name + 1, map[1], value);
        }
        at += name + value + 2;
    }
    return total <= MGW_METADATA_MAX && at < MGW_HEADER
               ? MGW_OK
               : mgw_fail(call, MGW_INVALID, "content type and metadata are too long");
}

static inline void mgw_header_set_length(char header[MGW_HEADER], uint64_t length)
{
    snprintf(header + MGW_HEADER_LENGTH, 21, "%020llu", (unsigned long long)length);
}

/* What HEADER says, and TOTAL bytes with it, into STAT, but for `modified_ms`. MGW_NOT_FOUND where
 * the blob is not whole, MGW_INVALID where this is no header. */
static inline enum mgw_status mgw_header_read(struct mgw_call *call, const char header[MGW_HEADER],
                                              uint64_t total, struct mgw_stat *stat)
{
    char *text = (char *)call->alloc(call, MGW_HEADER + 3); /* empty texts follow */
    if (!text) {
        return mgw_no_memory(call);
    }
    memcpy(text, header, total < MGW_HEADER ? 0 : MGW_HEADER);
    stat->bytes = strtoull(text + MGW_HEADER_LENGTH, NULL, 10);
    stat->etag = text + MGW_HEADER_ID;
    if (total < MGW_HEADER || total - MGW_HEADER != stat->bytes) {
        return mgw_fail(call, MGW_NOT_FOUND, "what lies there is not whole");
    }
    if (memcmp(text, MGW_HEADER_MAGIC, sizeof MGW_HEADER_MAGIC) != 0 ||
        strlen(stat->etag) != MGW_HEADER_LENGTH - MGW_HEADER_ID - 1) {
        return mgw_fail(call, MGW_INVALID, "what lies there is no \"" MGW_HEADER_MAGIC "\"");
    }
    if (!MGW_HAS(stat, metadata)) {
        return MGW_OK;
    }
    const char *type = text + MGW_HEADER_PROPS, *first = type + strlen(type) + 1;
    size_t count = 0;
    for (const char *at = first; *at; at += strlen(at) + 1) {
        at += strlen(at) + 1;
        count += 2;
    }
    const char **map = (const char **)call->alloc(call, (count + 1) * sizeof *map);
    if (!map) {
        return mgw_no_memory(call);
    }
    for (size_t i = 0; i < count; i++, first += strlen(first) + 1) {
        map[i] = first;
    }
    stat->content_type = *type ? type + 1 : NULL;
    stat->metadata = count > 0 ? map : NULL;
    return MGW_OK;
}

/* ---- A page of a list, where the store tells its names in no order ---- */

struct mgw_name {
    char text[256];
    uint64_t bytes;
    int64_t modified_ms;
};

/* The last component of PATH (a URL will do), without a slash behind it. */
static inline void mgw_name_of_path(struct mgw_name *name, const char *path)
{
    size_t end = strlen(path), start;
    end -= end > 0 && path[end - 1] == '/';
    for (start = end; start > 0 && path[start - 1] != '/';) {
        start--;
    }
    snprintf(name->text, sizeof name->text, "%.*s", (int)(end - start), path + start);
}

/* The `limit` least of the names that are added, in order, each once, of those that begin with
 * `prefix`, come behind `after` and have `least` bytes; never `without`, a folder's own name (all
 * three: NULL for none). `names` has room for one more than `limit`. */
struct mgw_page {
    const char *prefix, *after, *without;
    uint64_t least;
    size_t limit, count;
    struct mgw_name *names;
};

static inline void mgw_page_add(struct mgw_page *page, const struct mgw_name *name)
{
    size_t at = page->count;
    if ((page->prefix && strncmp(name->text, page->prefix, strlen(page->prefix)) != 0) ||
        (page->after && strcmp(name->text, page->after) <= 0) ||
        (page->without && strcmp(name->text, page->without) == 0) || name->bytes < page->least) {
        return;
    }
    while (at > 0 && strcmp(page->names[at - 1].text, name->text) > 0) {
        at--;
    }
    if (at == 0 || strcmp(page->names[at - 1].text, name->text) != 0) {
        memmove(page->names + at + 1, page->names + at, (page->count - at) * sizeof *name);
        page->names[at] = *name;
        page->count += page->count < page->limit;
    }
}

/* ---- Bytes that have to be gathered before they can be sent ---- */

#if defined(_POSIX_C_SOURCE) && _POSIX_C_SOURCE >= 200809L
/* The configuration that says where: to be listed among a plugin's keys. */
#define MGW_SPOOL_KEY                                                                              \
    {                                                                                              \
        .size = sizeof(struct mgw_config_key), .key = "spool_dir", .type = MGW_CONFIG_PATH,        \
        .fallback = "/var/tmp",                                                                    \
        .help = "Where blobs lie while they come in, in files without a name."                     \
    }

/* A file in FOLDER without a name, gone with its descriptor, also after kill -9; NULL: errno. */
static inline FILE *mgw_spool(const char *folder)
{
    static const char name[] = "/mediagw-spool-XXXXXX";
    size_t length = strlen(folder);
    char *path = (char *)malloc(length + sizeof name);
    if (!path) {
        return NULL;
    }
    memcpy(path, folder, length);
    memcpy(path + length, name, sizeof name);
    int fd = mkstemp(path);
    FILE *file = fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fdopen(fd, "w+") : NULL;
    if (fd >= 0) {
        unlink(path);
    }
    if (fd >= 0 && !file) {
        close(fd);
    }
    free(path);
    return file;
}

/* A blob on its way in: a header and its bytes in a spool file, for a store that wants to know the
 * length first, or the bytes again. */
struct mgw_spooled {
    FILE *file;
    char id[33]; /* the version's, its etag to be */
    uint64_t length;
    struct mgw_put put; /* flags and length */
    char header[MGW_HEADER];
};

/* Anything but MGW_OK leaves nothing. */
static inline enum mgw_status mgw_spooled_begin(struct mgw_call *call, struct mgw_spooled *spooled,
                                                const struct mgw_host *host, const char *folder,
                                                const struct mgw_put *put)
{
    mgw_new_id(host, spooled->id);
    enum mgw_status status = mgw_header_write(call, put, spooled->id, spooled->header);
    if (status != MGW_OK) {
        return status;
    }
    spooled->length = 0;
    spooled->put.flags = put->flags;
    spooled->put.length = put->length;
    spooled->file = mgw_spool(folder);
    if (!spooled->file) {
        return mgw_fail_errno(call, folder);
    }
    fseeko(spooled->file, MGW_HEADER, SEEK_SET); /* moves no byte yet */
    return MGW_OK;
}

static inline enum mgw_status mgw_spooled_write(struct mgw_call *call, struct mgw_spooled *spooled,
                                                const void *bytes, size_t length)
{
    spooled->length += length;
    return fwrite(bytes, 1, length, spooled->file) == length
               ? MGW_OK
               : mgw_fail_errno(call, "spooling a blob");
}

/* All bytes are written: the file is made whole, and STAT filled, but for `modified_ms`.
 * MGW_INVALID where they are not as many as announced. May be repeated. */
static inline enum mgw_status mgw_spooled_end(struct mgw_call *call, struct mgw_spooled *spooled,
                                              struct mgw_stat *stat)
{
    enum mgw_status status = mgw_check_length(call, &spooled->put, spooled->length);
    if (status != MGW_OK) {
        return status;
    }
    mgw_header_set_length(spooled->header, spooled->length);
    if (fseeko(spooled->file, 0, SEEK_SET) != 0 ||
        fwrite(spooled->header, MGW_HEADER, 1, spooled->file) != 1 || fflush(spooled->file) != 0) {
        return mgw_fail_errno(call, "spooling a blob");
    }
    return mgw_header_read(call, spooled->header, MGW_HEADER + spooled->length, stat);
}
#endif

#ifdef __cplusplus
}
#endif
#endif
