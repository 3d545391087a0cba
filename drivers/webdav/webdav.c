/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin "webdav": blobs on a WebDAV server (RFC 4918). Below `url`, which init makes, lie
 * "store", the marker, and "kBUCKET/HH/KEY": HH is a hash, so that no folder grows large; keys are
 * in hex. A resource is a header and then the bytes: one PUT publishes all of it on any server, and
 * what is shorter than its header says, after a PUT that broke off, is no blob. */
#include <libxml/xmlreader.h>
#include <mediagw/help/http.h>

enum { KEY_BYTES = 120, HEX_SIZE = 2 * KEY_BYTES + 1, PATH_SIZE = HEX_SIZE + 80, HASHES = 256 };

struct dav {
    struct mgw_http http;
    char id[33];
};

/* A writer or a reader; a reader's `spooled` tells the version's id and length alone. */
struct handle {
    struct dav *dav;
    char path[PATH_SIZE];
    struct mgw_spooled spooled;
};

static enum mgw_status place(struct mgw_call *call, const struct mgw_blob *blob, char *path)
{
    enum mgw_status status = mgw_check_blob(call, blob, KEY_BYTES);
    char name[HEX_SIZE];
    if (status == MGW_OK) {
        mgw_hex(blob->key, strlen(blob->key), name);
        snprintf(path, PATH_SIZE, "/k%s/%02x/%s", blob->bucket, mgw_hash(blob->key) >> 24, name);
    }
    return status;
}

/* The blob at PATH; MGW_NOT_FOUND also where it is not whole. Apache looks at a file before it
 * opens it: while a blob is replaced or removed it may answer another version's size, or 403. */
static enum mgw_status look(struct mgw_call *call, struct dav *dav, const char *path,
                            struct mgw_stat *stat)
{
    char header[MGW_HEADER];
    for (int tries = 1;; tries++) {
        struct mgw_http_request request = {.path = path, .total = MGW_HEADER};
        enum mgw_status status = mgw_http_get(call, &dav->http, &request, 0, header, sizeof header);
        stat->modified_ms = request.modified_ms;
        if (status == MGW_OK || status == MGW_RANGE) {
            status = mgw_header_read(call, header, status ? 0 : request.total, stat);
        }
        bool sure = request.code != 403 && (status != MGW_NOT_FOUND || request.code == 404);
        if (sure || tries == 5) {
            return status;
        }
    }
}

static void put_abort(struct mgw_call *call, void *handle)
{
    struct handle *writer = handle;
    (void)call;
    fclose(writer->spooled.file);
    free(writer);
}

static enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const struct mgw_put *put, void **handle)
{
    struct handle *writer = calloc(1, sizeof *writer);
    enum mgw_status status = writer ? place(call, blob, writer->path) : mgw_no_memory(call);
    if (status == MGW_OK) {
        status = mgw_http_spool(call, instance, put, &writer->spooled);
    }
    if (status != MGW_OK) {
        free(writer);
        return status;
    }
    writer->dav = instance;
    *handle = writer;
    return MGW_OK;
}

static enum mgw_status put_write(struct mgw_call *call, void *writer, const void *bytes,
                                 size_t length)
{
    return mgw_spooled_write(call, &((struct handle *)writer)->spooled, bytes, length);
}

/* The PUT, and again where a folder is missing: that is 409 (RFC 4918, 9.7.1), of nginx 500. */
static enum mgw_status publish(struct mgw_call *call, struct handle *writer)
{
    struct mgw_http *http = &writer->dav->http;
    struct mgw_http_request put = {
        .method = "PUT", .path = writer->path, .file = writer->spooled.file};
    enum mgw_status status = mgw_http_send(call, http, &put);
    if (status != MGW_NOT_FOUND && status != MGW_UNKNOWN_OUTCOME) {
        return status;
    }
    for (const char *end = writer->path; (end = strchr(end + 1, '/'));) {
        char folder[PATH_SIZE];
        snprintf(folder, sizeof folder, "%.*s/", (int)(end - writer->path), writer->path);
        mgw_http_send(call, http, &(struct mgw_http_request){.method = "MKCOL", .path = folder});
    }
    return mgw_http_send(call, http, &put);
}

static enum mgw_status put_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct handle *writer = handle;
    struct mgw_stat seen = mgw_bare_stat();
    enum mgw_status status = mgw_spooled_end(call, &writer->spooled, stat);
    status = status == MGW_OK ? publish(call, writer) : status;
    if (status == MGW_OK) {
        bool there = look(call, writer->dav, writer->path, &seen) == MGW_OK; /* perhaps another's */
        stat->modified_ms = there ? seen.modified_ms : writer->dav->http.host->wall_ms();
        put_abort(call, writer);
    }
    return status;
}

static enum mgw_status blob_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 struct mgw_stat *stat)
{
    char path[PATH_SIZE];
    enum mgw_status status = place(call, blob, path);
    return status == MGW_OK ? look(call, instance, path, stat) : status;
}

static enum mgw_status blob_remove(struct mgw_call *call, void *instance,
                                   const struct mgw_blob *blob)
{
    char path[PATH_SIZE];
    struct mgw_http_request request = {.method = "DELETE", .path = path};
    enum mgw_status status = place(call, blob, path);
    status = status == MGW_OK ? mgw_http_send(call, instance, &request) : status;
    return status == MGW_NOT_FOUND ? MGW_OK : status;
}

static enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const char *if_etag, void **handle, struct mgw_stat *stat)
{
    struct handle *reader = calloc(1, sizeof *reader);
    enum mgw_status status = reader ? place(call, blob, reader->path) : mgw_no_memory(call);
    status = status == MGW_OK ? look(call, instance, reader->path, stat) : status;
    if (status == MGW_OK && if_etag && strcmp(if_etag, stat->etag) != 0) {
        status = mgw_fail(call, MGW_CONFLICT, "the blob is another version by now");
    }
    if (status != MGW_OK) {
        free(reader);
        return status;
    }
    reader->dav = instance;
    reader->spooled.length = stat->bytes;
    memcpy(reader->spooled.id, stat->etag, sizeof reader->spooled.id);
    *handle = reader;
    return MGW_OK;
}

/* The look *behind* the GET tells which version it was of: an id never comes back, so what had it
 * before and after had it in between. */
static enum mgw_status read_bytes(struct mgw_call *call, void *handle, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    struct handle *reader = handle;
    struct mgw_stat now = mgw_bare_stat();
    struct mgw_http_request request = {.path = reader->path};
    uint64_t left = reader->spooled.length - offset;
    *got = left < length ? (size_t)left : length;
    if (offset > reader->spooled.length) {
        return mgw_fail(call, MGW_RANGE, "beyond the blob's end");
    }
    if (*got == 0) {
        return MGW_OK;
    }
    enum mgw_status status =
        mgw_http_get(call, &reader->dav->http, &request, MGW_HEADER + offset, buffer, *got);
    enum mgw_status seen = look(call, reader->dav, reader->path, &now);
    if (seen == MGW_NOT_FOUND || (seen == MGW_OK && strcmp(now.etag, reader->spooled.id) != 0)) {
        return mgw_fail(call, MGW_CONFLICT, "the blob was replaced or removed while it was read");
    }
    return status == MGW_OK ? seen : status;
}

/* ---- Lists ---- */

/* Without a tree: memory is bounded by PAGE. A DOCTYPE, which no server needs, ends it. */
static bool parse(FILE *answer, struct mgw_page *page)
{
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING, more = -1, type;
    xmlTextReaderPtr xml = xmlReaderForFd(fileno(answer), NULL, NULL, options);
    struct mgw_name now = {.bytes = 0};
    const char *field = "";
    while (xml && (more = xmlTextReaderRead(xml)) == 1 &&
           (type = xmlTextReaderNodeType(xml)) != XML_READER_TYPE_DOCUMENT_TYPE) {
        const char *name = (const char *)xmlTextReaderConstLocalName(xml);
        const char *text = (const char *)xmlTextReaderConstValue(xml);
        if (type == XML_READER_TYPE_ELEMENT) {
            field = name;
        } else if (type == XML_READER_TYPE_TEXT && strcmp(field, "href") == 0) {
            mgw_name_of_path(&now, text);
        } else if (type == XML_READER_TYPE_TEXT && strcmp(field, "getcontentlength") == 0) {
            now.bytes = strtoull(text, NULL, 10);
        } else if (type == XML_READER_TYPE_TEXT && strcmp(field, "getlastmodified") == 0) {
            now.modified_ms = curl_getdate(text, NULL) * INT64_C(1000);
        } else if (type == XML_READER_TYPE_END_ELEMENT && strcmp(name, "response") == 0) {
            if (mgw_is_hex(now.text)) {
                mgw_page_add(page, &now);
            }
            now = (struct mgw_name){.bytes = 0};
        }
    }
    xmlFreeTextReader(xml);
    return more == 0;
}

/* Fills PAGE with the members whose names are in hex. */
static enum mgw_status read_folder(struct mgw_call *call, struct dav *dav, const char *path,
                                   struct mgw_page *page)
{
    struct mgw_http_request request = {
        .method = "PROPFIND",
        .path = path,
        .header = "Depth: 1",
        .text = "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\"><prop><getcontentlength/>"
                "<getlastmodified/></prop></propfind>",
        .out = mgw_spool(dav->http.spool_dir)};
    if (!request.out) {
        return mgw_fail_errno(call, dav->http.spool_dir);
    }
    enum mgw_status status = mgw_http_send(call, &dav->http, &request);
    for (int i = 0; i < 5 && request.code == 500; i++) { /* nginx, where a member vanishes */
        status = mgw_http_send(call, &dav->http, &request);
    }
    rewind(request.out);
    page->count = 0;
    if (status == MGW_OK && (request.code != 207 || !parse(request.out, page))) {
        status = mgw_fail(call, MGW_IO, "%s%s: no list came", dav->http.url, path);
    }
    fclose(request.out);
    return status == MGW_NOT_FOUND ? MGW_OK : status; /* then it is empty */
}

static bool emit_all(const char *hash, const struct mgw_page *page, mgw_list_emit *emit, void *ctx)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct mgw_name *now = &page->names[i];
        char key[sizeof now->text], cursor[3 + sizeof now->text];
        const struct mgw_list_entry entry = {sizeof entry,     key,  now->bytes - MGW_HEADER,
                                             now->modified_ms, NULL, cursor};
        mgw_unhex(now->text, key);
        snprintf(cursor, sizeof cursor, "%s/%s", hash, now->text);
        if (!emit(ctx, &entry)) {
            return false;
        }
    }
    return true;
}

static enum mgw_status list(struct mgw_call *call, void *instance, const char *bucket,
                            const char *prefix, const char *cursor, uint32_t limit,
                            mgw_list_emit *emit, void *ctx)
{
    char path[PATH_SIZE], hex[HEX_SIZE];
    const struct mgw_blob any = {sizeof any, bucket, "k"};
    enum mgw_status status = place(call, &any, path);
    bool ours = strlen(cursor) > 3 && strlen(cursor) < 3 + sizeof hex && cursor[2] == '/' &&
                mgw_unhex(cursor, hex) == 1 && mgw_is_hex(cursor + 3);
    if (*cursor && !ours) {
        return mgw_fail(call, MGW_INVALID, "the cursor is none of this driver's");
    }
    if (status != MGW_OK || strlen(prefix) > KEY_BYTES) {
        return status;
    }
    struct mgw_name *names = calloc(HASHES + limit + 2, sizeof *names);
    struct mgw_page hashes = {.limit = HASHES, .names = names};
    struct mgw_page blobs = {
        .prefix = hex, .least = MGW_HEADER, .limit = limit, .names = names + HASHES + 1};
    mgw_hex(prefix, strlen(prefix), hex);
    snprintf(path, sizeof path, "/k%s/", bucket);
    status = names ? read_folder(call, instance, path, &hashes) : mgw_no_memory(call);
    for (size_t i = 0; status == MGW_OK && i < hashes.count && blobs.limit > 0; i++) {
        const char *hash = blobs.without = names[i].text;
        int order = strncmp(hash, cursor, 2);
        if (order >= 0) {
            blobs.after = order == 0 ? cursor + 3 : NULL;
            snprintf(path, sizeof path, "/k%s/%.2s/", bucket, hash);
            status = read_folder(call, instance, path, &blobs);
            bool more = !status && emit_all(hash, &blobs, emit, ctx);
            blobs.limit = more ? blobs.limit - blobs.count : 0;
        }
    }
    free(names);
    return status;
}

/* ---- The store ---- */

static enum mgw_status dav_health(struct mgw_call *call, void *instance)
{
    struct dav *dav = instance;
    struct mgw_stat marker = mgw_bare_stat();
    enum mgw_status status = look(call, dav, "/store", &marker);
    if (status == MGW_OK && !*dav->id) { /* when it is opened */
        memcpy(dav->id, marker.etag, sizeof dav->id);
    }
    return status == MGW_OK && strcmp(marker.etag, dav->id) != 0
               ? mgw_fail(call, MGW_UNAVAILABLE, "%s is another store by now", dav->http.url)
               : status;
}

/* Of several who make the folder one succeeds, and writes the marker: its id is the store's. */
static enum mgw_status init(struct mgw_call *call, struct dav *dav)
{
    struct handle writer = {.dav = dav, .path = "/store"};
    struct mgw_http_request folder = {.method = "MKCOL", .path = "/"};
    struct mgw_put put = {.size = offsetof(struct mgw_put, content_type)};
    struct mgw_stat stat = mgw_bare_stat();
    enum mgw_status status = mgw_http_send(call, &dav->http, &folder);
    status = status == MGW_OK ? mgw_http_spool(call, &dav->http, &put, &writer.spooled) : status;
    if (status == MGW_OK) {
        status = mgw_spooled_end(call, &writer.spooled, &stat);
        status = status == MGW_OK ? publish(call, &writer) : status;
        fclose(writer.spooled.file);
    }
    return status == MGW_OK || status == MGW_EXISTS ? dav_health(call, dav) : status;
}

static void dav_destroy(void *instance)
{
    mgw_http_close(instance); /* its first member */
    free(instance);
}

static enum mgw_status dav_create(struct mgw_call *call, const struct mgw_config *config,
                                  const struct mgw_host *host, void **instance)
{
    struct dav *dav = calloc(1, sizeof *dav);
    if (!dav) {
        return mgw_no_memory(call);
    }
    xmlInitParser();
    enum mgw_status status = mgw_http_open(call, &dav->http, config, host);
    status = status == MGW_OK ? dav_health(call, dav) : status;
    if (status == MGW_NOT_FOUND && (config->flags & MGW_CREATE_INIT)) {
        status = init(call, dav);
    }
    if (status == MGW_NOT_FOUND) {
        mgw_fail(call, status, "no store at %s; `mediagw init` makes one", dav->http.url);
    }
    if (status != MGW_OK) {
        dav_destroy(dav);
        return status;
    }
    *instance = dav;
    return MGW_OK;
}

static enum mgw_status dav_describe(struct mgw_call *call, void *instance,
                                    struct mgw_storage_limits *limits)
{
    limits->capabilities = MGW_STORAGE_SHARED;
    limits->max_key_bytes = KEY_BYTES;
    if (MGW_HAS(limits, store_id)) {
        limits->store_id = mgw_keep(call, ((struct dav *)instance)->id);
    }
    return MGW_OK;
}

static const struct mgw_storage_driver driver = {
    .size = sizeof driver,
    .create = dav_create,
    .destroy = dav_destroy,
    .describe = dav_describe,
    .put_begin = put_begin,
    .put_write = put_write,
    .put_commit = put_commit,
    .put_abort = put_abort,
    .open = read_open,
    .read = read_bytes,
    .close = free,
    .stat = blob_stat,
    .remove = blob_remove,
    .list = list,
    .health = dav_health,
};

static const struct mgw_config_key keys[] = {MGW_HTTP_KEYS};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "webdav",
    .version = "0.1.0",
    .description = "Blobs on a WebDAV server: Nextcloud, Apache, nginx.",
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &driver,
};

MGW_REGISTER(&plugin);
