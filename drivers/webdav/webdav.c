/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin "webdav": blobs on a WebDAV server (RFC 4918). Below `url`, which init makes, lie
 * "store", the marker, and "kBUCKET/HH/KEY": HH is a hash of the key, so that no folder grows
 * large; keys are in hex. A resource is a header and then a blob's bytes: so one PUT publishes all
 * of it on any server, and one shorter than its header says (a PUT that broke off) is no blob. */
#include <libxml/xmlreader.h>
#include <mediagw/help/http.h>

enum { KEY_BYTES = 120, PATH_SIZE = 2 * KEY_BYTES + 80, HASHES = 256 };

/* A header: this, the version's id, the blob's length, each with a NUL; the properties. */
#define FORMAT "mediagw blob 1"
enum { HEADER = 8192, ID_AT = sizeof FORMAT, BYTES_AT = ID_AT + 33, PROPS_AT = BYTES_AT + 21 };

struct dav {
    struct mgw_http http;
    char *spool_dir, id[33];
};

/* A writer or a reader. */
struct handle {
    struct dav *dav;
    char path[PATH_SIZE], id[33]; /* of the version */
    struct mgw_put put;
    uint64_t bytes; /* of the blob, so far */
    FILE *spool;    /* header and bytes */
};

static enum mgw_status place(struct mgw_call *call, const struct mgw_blob *blob, char *path)
{
    enum mgw_status status = mgw_check_blob(call, blob, KEY_BYTES);
    char name[2 * KEY_BYTES + 1];
    if (status == MGW_OK) {
        mgw_hex(blob->key, strlen(blob->key), name);
        snprintf(path, PATH_SIZE, "/k%s/%02x/%s", blob->bucket, mgw_hash(blob->key) >> 24, name);
    }
    return status;
}

/* What HEADER tells of a resource of TOTAL bytes. */
static enum mgw_status tell(struct mgw_call *call, const char *header, uint64_t total,
                            struct mgw_stat *stat)
{
    stat->bytes = strtoull(header + BYTES_AT, NULL, 10);
    stat->etag = header + ID_AT;
    if (total < HEADER || total - HEADER != stat->bytes) {
        return mgw_fail(call, MGW_NOT_FOUND, "what lies there is not whole");
    }
    return memcmp(header, FORMAT, sizeof FORMAT) == 0
               ? mgw_props_read(call, header + PROPS_AT, HEADER - PROPS_AT, stat)
               : mgw_fail(call, MGW_INVALID, "what lies there is no \"" FORMAT "\"");
}

/* LENGTH bytes from FROM on of the resource that REQUEST names; MGW_RANGE where it has less. */
static enum mgw_status fetch(struct mgw_call *call, struct dav *dav,
                             struct mgw_http_request *request, uint64_t from, void *buffer,
                             size_t length)
{
    char range[64];
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, from, from + length - 1);
    request->method = "GET";
    request->range = range;
    request->into = buffer;
    request->room = length;
    enum mgw_status status = mgw_http_send(call, &dav->http, request);
    return status == MGW_OK && request->got < length ? MGW_RANGE : status;
}

/* The blob at PATH; MGW_NOT_FOUND also where it is not whole. Apache looks at a file before it
 * opens it: while a blob is replaced or removed it may answer another version's size, or 403. */
static enum mgw_status look(struct mgw_call *call, struct dav *dav, const char *path,
                            struct mgw_stat *stat)
{
    char *header = call->alloc(call, HEADER);
    for (int tries = header ? 5 : 0; tries > 0; tries--) {
        struct mgw_http_request request = {.path = path, .total = HEADER};
        enum mgw_status status = fetch(call, dav, &request, 0, header, HEADER);
        stat->modified_ms = request.modified_ms;
        if (status == MGW_OK || status == MGW_RANGE) {
            status = tell(call, header, status == MGW_OK ? request.total : 0, stat);
        }
        bool unsure = request.code == 403 || (status == MGW_NOT_FOUND && request.code != 404);
        if (!unsure || tries == 1) {
            return status;
        }
    }
    return mgw_no_memory(call);
}

/* ---- Writing ---- */

static void put_abort(struct mgw_call *call, void *writer)
{
    struct handle *handle = writer;
    (void)call;
    fclose(handle->spool);
    free(handle);
}

static enum mgw_status begin(struct mgw_call *call, struct dav *dav, const char *path,
                             const struct mgw_put *put, void **writer)
{
    char header[HEADER] = FORMAT;
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle || !(handle->spool = mgw_spool(dav->spool_dir))) {
        free(handle);
        return mgw_fail_errno(call, dav->spool_dir);
    }
    handle->dav = dav;
    handle->put = (struct mgw_put){.flags = put->flags, .length = put->length};
    mgw_new_id(dav->http.host, handle->id);
    memcpy(header + ID_AT, handle->id, sizeof handle->id);
    snprintf(handle->path, sizeof handle->path, "%s", path);
    if (!mgw_props_write(put, header + PROPS_AT, HEADER - PROPS_AT)) {
        put_abort(call, handle);
        return mgw_fail(call, MGW_INVALID, "metadata: too much, or a name is not [a-z0-9-]+");
    }
    fwrite(header, HEADER, 1, handle->spool); /* what became of it is asked later */
    *writer = handle;
    return MGW_OK;
}

static enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const struct mgw_put *put, void **writer)
{
    char path[PATH_SIZE];
    enum mgw_status status = place(call, blob, path);
    return status == MGW_OK ? begin(call, instance, path, put, writer) : status;
}

static enum mgw_status put_write(struct mgw_call *call, void *writer, const void *bytes,
                                 size_t length)
{
    struct handle *handle = writer;
    handle->bytes += length;
    return fwrite(bytes, 1, length, handle->spool) == length
               ? MGW_OK
               : mgw_fail_errno(call, handle->dav->spool_dir);
}

/* The PUT, and again where a folder is missing: that is 409 (RFC 4918, 9.7.1), of nginx 500. */
static enum mgw_status publish(struct mgw_call *call, struct handle *handle)
{
    struct mgw_http *http = &handle->dav->http;
    struct mgw_http_request put = {.method = "PUT", .path = handle->path, .file = handle->spool};
    enum mgw_status status = mgw_http_send(call, http, &put);
    if (status != MGW_NOT_FOUND && status != MGW_UNKNOWN_OUTCOME) {
        return status;
    }
    for (const char *end = handle->path; (end = strchr(end + 1, '/'));) {
        char folder[PATH_SIZE];
        snprintf(folder, sizeof folder, "%.*s/", (int)(end - handle->path), handle->path);
        mgw_http_send(call, http, &(struct mgw_http_request){.method = "MKCOL", .path = folder});
    }
    return mgw_http_send(call, http, &put);
}

static enum mgw_status put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct handle *handle = writer;
    struct mgw_stat seen = mgw_bare_stat();
    char *header = call->alloc(call, HEADER);
    enum mgw_status status = mgw_check_length(call, &handle->put, handle->bytes);
    if (status != MGW_OK) {
        return status;
    }
    fseeko(handle->spool, BYTES_AT, SEEK_SET);
    fprintf(handle->spool, "%020" PRIu64, handle->bytes);
    rewind(handle->spool);
    if (!header || ferror(handle->spool) || fread(header, HEADER, 1, handle->spool) != 1) {
        return mgw_fail_errno(call, handle->dav->spool_dir);
    }
    status = publish(call, handle);
    if (status != MGW_OK) {
        return status;
    }
    status = tell(call, header, HEADER + handle->bytes, stat);
    bool there = look(call, handle->dav, handle->path, &seen) == MGW_OK; /* perhaps another's */
    stat->modified_ms = there ? seen.modified_ms : handle->dav->http.host->wall_ms();
    put_abort(call, handle);
    return status;
}

/* ---- Reading ---- */

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
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct handle *handle = calloc(1, sizeof *handle);
    enum mgw_status status = handle ? blob_stat(call, instance, blob, stat) : mgw_no_memory(call);
    if (status == MGW_OK && if_etag && strcmp(if_etag, stat->etag) != 0) {
        status = mgw_fail(call, MGW_CONFLICT, "the blob is another version by now");
    }
    if (status != MGW_OK) {
        free(handle);
        return status;
    }
    handle->dav = instance;
    handle->bytes = stat->bytes;
    snprintf(handle->id, sizeof handle->id, "%s", stat->etag);
    *reader = handle;
    return place(call, blob, handle->path);
}

/* The look *behind* the GET tells which version it was of: an id never comes back, so what had it
 * before and after had it in between. */
static enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset,
                                  void *buffer, size_t length, size_t *got)
{
    struct handle *handle = reader;
    struct mgw_stat stat = mgw_bare_stat();
    struct mgw_http_request request = {.path = handle->path};
    uint64_t left = handle->bytes - offset;
    size_t now = left < length ? (size_t)left : length;
    *got = 0;
    if (offset > handle->bytes) {
        return mgw_fail(call, MGW_RANGE, "the blob has %" PRIu64 " bytes", handle->bytes);
    }
    if (now == 0) {
        return MGW_OK;
    }
    enum mgw_status status = fetch(call, handle->dav, &request, HEADER + offset, buffer, now);
    enum mgw_status seen = look(call, handle->dav, handle->path, &stat);
    if (seen == MGW_NOT_FOUND || (seen == MGW_OK && strcmp(stat.etag, handle->id) != 0)) {
        return mgw_fail(call, MGW_CONFLICT, "the blob was replaced or removed while it was read");
    }
    status = status == MGW_OK ? seen : status;
    *got = status == MGW_OK ? now : 0;
    return status;
}

/* ---- Lists ---- */

static void take_text(struct mgw_name *now, const char *field, const char *text)
{
    if (strcmp(field, "href") == 0) {
        size_t end = strlen(text);
        end -= end > 0 && text[end - 1] == '/';
        const char *slash = memrchr(text, '/', end), *name = slash ? slash + 1 : text;
        snprintf(now->text, sizeof now->text, "%.*s", (int)(text + end - name), name);
    } else if (strcmp(field, "getcontentlength") == 0) {
        now->bytes = strtoull(text, NULL, 10);
    } else if (strcmp(field, "getlastmodified") == 0) {
        now->modified_ms = curl_getdate(text, NULL) * INT64_C(1000);
    }
}

/* Without a tree: memory is bounded by PAGE. A DOCTYPE, which no server needs, ends it. */
static bool parse(FILE *answer, struct mgw_page *page, uint64_t least)
{
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING, more = -1;
    xmlTextReaderPtr xml = xmlReaderForFd(fileno(answer), NULL, NULL, options);
    struct mgw_name now = {.bytes = 0};
    const char *field = "";
    while (xml && (more = xmlTextReaderRead(xml)) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(xml);
        int type = xmlTextReaderNodeType(xml);
        if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
            break;
        } else if (type == XML_READER_TYPE_ELEMENT) {
            field = name;
        } else if (type == XML_READER_TYPE_TEXT) {
            take_text(&now, field, (const char *)xmlTextReaderConstValue(xml));
        } else if (type == XML_READER_TYPE_END_ELEMENT && strcmp(name, "response") == 0) {
            char key[sizeof now.text];
            if (now.bytes >= least && 2 * mgw_unhex(now.text, key) == strlen(now.text)) {
                mgw_page_add(page, &now);
            }
            now = (struct mgw_name){.bytes = 0};
        }
    }
    xmlFreeTextReader(xml);
    return more == 0;
}

/* Fills PAGE with what has a name in hex and LEAST bytes. */
static enum mgw_status read_folder(struct mgw_call *call, struct dav *dav, const char *path,
                                   struct mgw_page *page, uint64_t least)
{
    struct mgw_http_request request = {
        .method = "PROPFIND",
        .path = path,
        .header = "Depth: 1",
        .text = "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\"><prop><getcontentlength/>"
                "<getlastmodified/></prop></propfind>",
        .out = mgw_spool(dav->spool_dir)};
    if (!request.out) {
        return mgw_fail_errno(call, dav->spool_dir);
    }
    enum mgw_status status = mgw_http_send(call, &dav->http, &request);
    rewind(request.out);
    page->count = 0;
    if (status == MGW_OK && !parse(request.out, page, least)) {
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
        struct mgw_list_entry entry = {.size = sizeof entry,
                                       .key = key,
                                       .bytes = now->bytes - HEADER,
                                       .modified_ms = now->modified_ms,
                                       .cursor = cursor};
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
    char path[PATH_SIZE], hex[2 * KEY_BYTES + 1];
    const struct mgw_blob any = {sizeof any, bucket, "k"};
    enum mgw_status status = place(call, &any, path);
    bool ours = strlen(cursor) < 3 + sizeof hex && mgw_unhex(cursor, hex) == 1 &&
                cursor[2] == '/' && 2 * mgw_unhex(cursor + 3, hex) == strlen(cursor + 3);
    if (*cursor && !ours) {
        return mgw_fail(call, MGW_INVALID, "the cursor is none of this driver's");
    }
    if (status != MGW_OK || strlen(prefix) > KEY_BYTES) {
        return status;
    }
    struct mgw_name *names = calloc(HASHES + limit + 2, sizeof *names);
    struct mgw_page hashes = {.prefix = "", .after = "", .limit = HASHES, .names = names};
    struct mgw_page blobs = {.prefix = hex, .limit = limit, .names = names + HASHES + 1};
    mgw_hex(prefix, strlen(prefix), hex);
    snprintf(path, sizeof path, "/k%s/", bucket);
    status = names ? read_folder(call, instance, path, &hashes, 0) : mgw_no_memory(call);
    for (size_t i = 0; status == MGW_OK && i < hashes.count && blobs.limit > 0; i++) {
        int order = ours ? strncmp(names[i].text, cursor, 2) : 1;
        blobs.after = order == 0 ? cursor + 3 : "";
        snprintf(path, sizeof path, "/k%s/%.2s/", bucket, names[i].text);
        status = order >= 0 ? read_folder(call, instance, path, &blobs, HEADER) : MGW_OK;
        if (order >= 0 && status == MGW_OK) {
            bool more = emit_all(names[i].text, &blobs, emit, ctx);
            blobs.limit = more ? blobs.limit - blobs.count : 0;
        }
    }
    free(names);
    return status;
}

/* ---- The store ---- */

/* Of several who make the folder one succeeds, and writes the marker: its id is the store's. */
static enum mgw_status init(struct mgw_call *call, struct dav *dav)
{
    struct mgw_http_request folder = {.method = "MKCOL", .path = "/"};
    struct mgw_put put = {.size = offsetof(struct mgw_put, content_type)};
    struct mgw_stat stat = mgw_bare_stat();
    void *writer;
    enum mgw_status status = mgw_http_send(call, &dav->http, &folder);
    if (status == MGW_EXISTS) {
        return mgw_fail(call, MGW_INVALID, "%s has no marker, yet is there", dav->http.url);
    }
    status = status == MGW_OK ? begin(call, dav, "/store", &put, &writer) : status;
    if (status == MGW_OK && (status = put_commit(call, writer, &stat)) != MGW_OK) {
        put_abort(call, writer);
    }
    return status;
}

static void dav_destroy(void *instance)
{
    struct dav *dav = instance;
    mgw_http_close(&dav->http);
    free(dav->spool_dir);
    free(dav);
}

static enum mgw_status dav_create(struct mgw_call *call, const struct mgw_config *config,
                                  const struct mgw_host *host, void **instance)
{
    struct mgw_stat marker = mgw_bare_stat();
    struct dav *dav = calloc(1, sizeof *dav);
    enum mgw_status status =
        dav ? mgw_http_open(call, &dav->http, config, host) : mgw_no_memory(call);
    if (status != MGW_OK) {
        free(dav);
        return status;
    }
    xmlInitParser();
    dav->spool_dir = strdup(mgw_config_text(config, "spool_dir"));
    status = dav->spool_dir ? look(call, dav, "/store", &marker) : mgw_no_memory(call);
    if (status == MGW_NOT_FOUND && (config->flags & MGW_CREATE_INIT)) {
        status = init(call, dav);
        status = status == MGW_OK ? look(call, dav, "/store", &marker) : status;
    } else if (status == MGW_NOT_FOUND) {
        mgw_fail(call, status, "no store at %s; create it with: mediagw init --config FILE",
                 dav->http.url);
    }
    if (status != MGW_OK) {
        dav_destroy(dav);
        return status;
    }
    snprintf(dav->id, sizeof dav->id, "%s", marker.etag);
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

static enum mgw_status dav_health(struct mgw_call *call, void *instance)
{
    struct dav *dav = instance;
    struct mgw_stat marker = mgw_bare_stat();
    enum mgw_status status = look(call, dav, "/store", &marker);
    return status == MGW_NOT_FOUND || (status == MGW_OK && strcmp(marker.etag, dav->id) != 0)
               ? mgw_fail(call, MGW_UNAVAILABLE, "the store at %s is gone", dav->http.url)
               : status;
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

static const struct mgw_config_key keys[] = {
    MGW_HTTP_KEYS,
    {.size = sizeof keys[0],
     .key = "spool_dir",
     .type = MGW_CONFIG_PATH,
     .fallback = "/var/tmp",
     .help = "Where blobs lie while they come in, in files without a name."},
};

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
