/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin "webdav": blobs on a WebDAV server (RFC 4918). Below `url`, which init makes, lie
 * "store", the marker, and "kBUCKET/HH/KEY": HH is a hash of the key, so that no folder grows
 * large; keys are in hex. A resource is a header and then a blob's bytes: so one PUT publishes all
 * of it on any server, and one shorter than its header says (a PUT that broke off) is no blob. */
#include <curl/curl.h>
#include <inttypes.h>
#include <libxml/xmlreader.h>
#include <mediagw/help.h>
#include <pthread.h>

enum { KEY_BYTES = 120, NAME_SIZE = 2 * KEY_BYTES + 1, PATH_SIZE = 80 + NAME_SIZE };
enum { ANSWER_MAX = 64 << 20, HASHES = 256 };

/* A header: this, the version's id, the blob's length, each with a NUL; the properties. */
#define FORMAT "mediagw blob 1"
enum { HEADER = 8192, ID_AT = sizeof FORMAT, BYTES_AT = ID_AT + 33, PROPS_AT = BYTES_AT + 21 };

#define QUESTION                                                                                   \
    "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\"><prop><getcontentlength/><getlastmodified/>"  \
    "</prop></propfind>"

struct dav {
    const struct mgw_host *host;
    char *url, *spool_dir, id[33];
    pthread_mutex_t lock;
    CURL *model, *idle[64]; /* what all requests share; copies of it, with their connections */
    size_t idle_count;
};

/* ---- Requests ---- */

struct request {
    const char *method, *path, *range;
    const char *text; /* its body: this, or all of IN */
    FILE *in, *out;   /* the answer's body goes to OUT or, at most ROOM bytes, INTO memory */
    char *into;
    size_t room, got;
    uint64_t total; /* answered: bytes of all that RANGE is a part of */
    int64_t modified_ms;
    long code;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct request *request = ctx;
    size_t length = size * count;
    if (request->out || !request->into) {
        return request->out ? fwrite(bytes, 1, length, request->out) : length;
    }
    if (length > request->room - request->got) {
        return 0;
    }
    memcpy(request->into + request->got, bytes, length);
    request->got += length;
    return length;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up)
{
    struct mgw_call *call = ctx;
    (void)total, (void)up_total, (void)up;
    return call->cancelled(call) || now > ANSWER_MAX;
}

static CURLcode perform(struct mgw_call *call, const struct dav *dav, struct request *request,
                        CURL *curl)
{
    struct curl_slist depth = {(char[]){"Depth: 1"}, NULL};
    struct curl_slist lines = {(char[]){"Expect:"}, request->text ? &depth : NULL};
    int64_t left = call->deadline_ms ? call->deadline_ms - dav->host->monotonic_ms() : 0;
    char url[4096];
    snprintf(url, sizeof url, "%s%s", dav->url, request->path);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (request->text) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->text);
    } else if (request->in) {
        fseeko(request->in, 0, SEEK_END);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ftello(request->in));
        curl_easy_setopt(curl, CURLOPT_READDATA, request->in);
        rewind(request->in);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_RANGE, request->range);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, &lines);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left < 0 ? 1 : left));
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
    return curl_easy_perform(curl);
}

/* A write without a clear answer may have happened. */
static enum mgw_status judge(const struct request *request, CURLcode result, long sent)
{
    static const long known[][2] = {
        {401, MGW_DENIED},    {403, MGW_DENIED},    {404, MGW_NOT_FOUND},   {405, MGW_EXISTS},
        {409, MGW_NOT_FOUND}, {410, MGW_NOT_FOUND}, {413, MGW_TOO_LARGE},   {416, MGW_RANGE},
        {423, MGW_BUSY},      {429, MGW_BUSY},      {503, MGW_UNAVAILABLE}, {507, MGW_NO_SPACE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i][0] == request->code && result == CURLE_HTTP_RETURNED_ERROR) {
            return (enum mgw_status)known[i][1];
        }
    }
    if (result == CURLE_OK || result == CURLE_WRITE_ERROR || request->code / 100 == 4) {
        return MGW_IO;
    }
    bool writes = request->in || strcmp(request->method, "DELETE") == 0;
    return writes && sent > 0 ? MGW_UNKNOWN_OUTCOME : MGW_UNAVAILABLE;
}

/* MGW_OK where the server answers 2xx. */
static enum mgw_status send_request(struct mgw_call *call, struct dav *dav, struct request *request)
{
    struct curl_header *range;
    curl_off_t modified = 0;
    long sent = 0;
    enum mgw_status status = mgw_over(call, dav->host);
    if (status != MGW_OK) {
        return status;
    }
    pthread_mutex_lock(&dav->lock);
    CURL *curl = dav->idle_count ? dav->idle[--dav->idle_count] : curl_easy_duphandle(dav->model);
    pthread_mutex_unlock(&dav->lock);
    if (!curl) {
        return mgw_no_memory(call);
    }
    CURLcode result = perform(call, dav, request, curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->code);
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(curl, CURLINFO_FILETIME_T, &modified);
    request->modified_ms = modified * 1000;
    if (!curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &range)) {
        sscanf(range->value, "bytes %*u-%*u/%" SCNu64, &request->total);
    }
    pthread_mutex_lock(&dav->lock);
    bool kept = dav->idle_count < sizeof dav->idle / sizeof dav->idle[0];
    if (kept) {
        dav->idle[dav->idle_count++] = curl;
    }
    pthread_mutex_unlock(&dav->lock);
    if (!kept) {
        curl_easy_cleanup(curl);
    }
    status = result != CURLE_OK ? mgw_over(call, dav->host) : MGW_OK;
    if (status != MGW_OK || (result == CURLE_OK && request->code / 100 == 2)) {
        return status;
    }
    return mgw_fail(call, judge(request, result, sent), "%s %s%s: %s (%ld)", request->method,
                    dav->url, request->path, curl_easy_strerror(result), request->code);
}

/* ---- Where things are, and what they are ---- */

static enum mgw_status place(struct mgw_call *call, const struct mgw_blob *blob, char *path)
{
    enum mgw_status status = mgw_check_blob(call, blob, KEY_BYTES);
    uint32_t hash = 2166136261u; /* FNV-1a */
    char name[NAME_SIZE];
    if (status == MGW_OK) {
        for (const char *at = blob->key; *at; at++) {
            hash = (hash ^ (unsigned char)*at) * 16777619u;
        }
        mgw_hex(blob->key, strlen(blob->key), name);
        snprintf(path, PATH_SIZE, "/k%s/%02x/%s", blob->bucket, hash >> 24, name);
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
static enum mgw_status fetch(struct mgw_call *call, struct dav *dav, struct request *request,
                             uint64_t from, void *buffer, size_t length)
{
    char range[64];
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, from, from + length - 1);
    request->method = "GET";
    request->range = range;
    request->into = buffer;
    request->room = length;
    enum mgw_status status = buffer ? send_request(call, dav, request) : mgw_no_memory(call);
    return status == MGW_OK && request->got < length ? MGW_RANGE : status;
}

/* The blob at PATH; MGW_NOT_FOUND also where it is not whole. Apache looks at a file before it
 * opens it: while a blob is replaced or removed it may answer another version's size, or 403. */
static enum mgw_status look(struct mgw_call *call, struct dav *dav, const char *path,
                            struct mgw_stat *stat)
{
    char *header = call->alloc(call, HEADER);
    for (int tries = 5;; tries--) {
        struct request request = {.path = path, .total = HEADER};
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
}

/* ---- Writing ---- */

/* A writer, or a reader. */
struct handle {
    struct dav *dav;
    char path[PATH_SIZE], id[33]; /* of the version */
    uint64_t bytes, announced;    /* UINT64_MAX: any number */
    FILE *spool;                  /* header and bytes */
};

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
    handle->announced = put->flags & MGW_PUT_LENGTH_KNOWN ? put->length : UINT64_MAX;
    mgw_new_id(dav->host, handle->id);
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

/* The PUT, and again where a folder is missing. That is 409 (RFC 4918, 9.7.1), of nginx 500. */
static enum mgw_status publish(struct mgw_call *call, struct handle *handle)
{
    struct request put = {.method = "PUT", .path = handle->path, .in = handle->spool};
    enum mgw_status status = send_request(call, handle->dav, &put);
    if (status != MGW_NOT_FOUND && status != MGW_UNKNOWN_OUTCOME) {
        return status;
    }
    for (const char *end = handle->path; (end = strchr(end + 1, '/'));) {
        char folder[PATH_SIZE];
        snprintf(folder, sizeof folder, "%.*s/", (int)(end - handle->path), handle->path);
        send_request(call, handle->dav, &(struct request){.method = "MKCOL", .path = folder});
    }
    return send_request(call, handle->dav, &put);
}

static enum mgw_status put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    struct handle *handle = writer;
    struct mgw_stat seen = {.size = offsetof(struct mgw_stat, content_type)};
    char *header = call->alloc(call, HEADER);
    if (handle->announced != UINT64_MAX && handle->announced != handle->bytes) {
        return mgw_fail(call, MGW_INVALID, "%" PRIu64 " bytes, not the %" PRIu64 " announced",
                        handle->bytes, handle->announced);
    }
    fseeko(handle->spool, BYTES_AT, SEEK_SET);
    fprintf(handle->spool, "%020" PRIu64, handle->bytes);
    rewind(handle->spool);
    if (!header || ferror(handle->spool) || fread(header, HEADER, 1, handle->spool) != 1) {
        return mgw_fail_errno(call, handle->dav->spool_dir);
    }
    enum mgw_status status = publish(call, handle);
    if (status != MGW_OK) {
        return status;
    }
    status = tell(call, header, HEADER + handle->bytes, stat);
    bool there = look(call, handle->dav, handle->path, &seen) == MGW_OK; /* perhaps another's */
    stat->modified_ms = there ? seen.modified_ms : handle->dav->host->wall_ms();
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
    struct request request = {.method = "DELETE", .path = path};
    enum mgw_status status = place(call, blob, path);
    status = status == MGW_OK ? send_request(call, instance, &request) : status;
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
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    struct request request = {.path = handle->path};
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

struct member {
    char name[NAME_SIZE];
    uint64_t bytes;
    int64_t modified_ms;
};

/* The LIMIT least names in hex, in order, of those that begin with PREFIX and come behind AFTER. */
struct folder {
    const char *prefix, *after;
    uint64_t least; /* bytes of a member */
    size_t limit, count;
    struct member *members; /* LIMIT + 1 */
};

static void add(struct folder *folder, const struct member *now)
{
    char key[NAME_SIZE];
    size_t at = folder->count;
    if (now->bytes < folder->least || strcmp(now->name, folder->after) <= 0 ||
        strncmp(now->name, folder->prefix, strlen(folder->prefix)) != 0 ||
        2 * mgw_unhex(now->name, key) != strlen(now->name)) {
        return;
    }
    while (at > 0 && strcmp(folder->members[at - 1].name, now->name) > 0) {
        at--;
    }
    if (at == 0 || strcmp(folder->members[at - 1].name, now->name) != 0) {
        memmove(folder->members + at + 1, folder->members + at, (folder->count - at) * sizeof *now);
        folder->members[at] = *now;
        folder->count += folder->count < folder->limit;
    }
}

static void take_text(struct member *now, const char *field, const char *text)
{
    if (strcmp(field, "href") == 0) {
        size_t end = strlen(text);
        end -= end > 0 && text[end - 1] == '/';
        const char *slash = memrchr(text, '/', end), *name = slash ? slash + 1 : text;
        snprintf(now->name, sizeof now->name, "%.*s", (int)(text + end - name), name);
    } else if (strcmp(field, "getcontentlength") == 0) {
        now->bytes = strtoull(text, NULL, 10);
    } else if (strcmp(field, "getlastmodified") == 0) {
        now->modified_ms = curl_getdate(text, NULL) * INT64_C(1000);
    }
}

/* The answer lies in a file and is parsed without a tree: memory is bounded by the folder's LIMIT.
 * A DOCTYPE, which no server needs, ends it. */
static bool parse(FILE *answer, struct folder *folder)
{
    xmlTextReaderPtr xml =
        xmlReaderForFd(fileno(answer), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    struct member now = {.bytes = 0};
    const char *field = "";
    int more = -1;
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
            add(folder, &now);
            now = (struct member){.bytes = 0};
        }
    }
    xmlFreeTextReader(xml);
    return more == 0;
}

static enum mgw_status read_folder(struct mgw_call *call, struct dav *dav, const char *path,
                                   struct folder *folder)
{
    struct request request = {.method = "PROPFIND", .path = path, .text = QUESTION};
    request.out = mgw_spool(dav->spool_dir);
    if (!request.out) {
        return mgw_fail_errno(call, dav->spool_dir);
    }
    enum mgw_status status = send_request(call, dav, &request);
    rewind(request.out);
    folder->count = 0;
    if (status == MGW_OK && !parse(request.out, folder)) {
        status = mgw_fail(call, MGW_IO, "%s%s: the answer is no whole list", dav->url, path);
    }
    fclose(request.out);
    return status == MGW_NOT_FOUND ? MGW_OK : status; /* then it is empty */
}

struct walk {
    struct dav *dav;
    const char *bucket;
    size_t left;
    mgw_list_emit *emit;
    void *ctx;
};

static enum mgw_status list_hash(struct mgw_call *call, struct walk *walk, const char *hash,
                                 struct folder *folder)
{
    char path[PATH_SIZE], key[NAME_SIZE], cursor[3 + NAME_SIZE];
    snprintf(path, sizeof path, "/k%s/%s/", walk->bucket, hash);
    enum mgw_status status = read_folder(call, walk->dav, path, folder);
    for (size_t i = 0; i < folder->count && walk->left > 0; i++) {
        const struct member *now = &folder->members[i];
        struct mgw_list_entry entry = {.size = sizeof entry,
                                       .key = key,
                                       .bytes = now->bytes - HEADER,
                                       .modified_ms = now->modified_ms,
                                       .cursor = cursor};
        mgw_unhex(now->name, key);
        snprintf(cursor, sizeof cursor, "%s/%s", hash, now->name);
        walk->left = walk->emit(walk->ctx, &entry) ? walk->left - 1 : 0;
    }
    return status;
}

static enum mgw_status list(struct mgw_call *call, void *instance, const char *bucket,
                            const char *prefix, const char *cursor, uint32_t limit,
                            mgw_list_emit *emit, void *ctx)
{
    struct walk walk = {instance, bucket, limit, emit, ctx};
    char path[PATH_SIZE], hex[NAME_SIZE], after[NAME_SIZE] = "";
    const struct mgw_blob any = {sizeof any, bucket, "k"};
    enum mgw_status status = place(call, &any, path);
    if (*cursor &&
        (strlen(cursor) >= 3 + NAME_SIZE || mgw_unhex(cursor, after) != 1 || cursor[2] != '/' ||
         2 * mgw_unhex(cursor + 3, after) != strlen(cursor + 3) || !*after)) {
        status = mgw_fail(call, MGW_INVALID, "the cursor is none of this driver's");
    }
    if (status != MGW_OK || strlen(prefix) > KEY_BYTES) {
        return status;
    }
    struct member *members = calloc(HASHES + 1 + limit + 1, sizeof *members);
    if (!members) {
        return mgw_no_memory(call);
    }
    mgw_hex(prefix, strlen(prefix), hex);
    struct folder hashes = {.prefix = "", .after = "", .limit = HASHES, .members = members};
    struct folder blobs = {
        .prefix = hex, .least = HEADER, .limit = limit, .members = members + HASHES + 1};
    snprintf(path, sizeof path, "/k%s/", bucket);
    status = read_folder(call, walk.dav, path, &hashes);
    for (size_t i = 0; status == MGW_OK && i < hashes.count && walk.left > 0; i++) {
        int order = strncmp(members[i].name, cursor, 2);
        blobs.after = order == 0 ? cursor + 3 : "";
        if (order >= 0 || !*cursor) {
            status = list_hash(call, &walk, members[i].name, &blobs);
        }
    }
    free(members);
    return status;
}

/* ---- The store ---- */

static enum mgw_status init(struct mgw_call *call, struct dav *dav)
{
    struct request folder = {.method = "MKCOL", .path = "/"};
    struct mgw_put put = {.size = offsetof(struct mgw_put, content_type)};
    struct mgw_stat stat = {.size = offsetof(struct mgw_stat, content_type)};
    void *writer;
    enum mgw_status status = send_request(call, dav, &folder);
    status = status == MGW_OK ? begin(call, dav, "/store", &put, &writer) : status;
    if (status == MGW_OK && (status = put_commit(call, writer, &stat)) != MGW_OK) {
        put_abort(call, writer);
    }
    return status == MGW_EXISTS
               ? mgw_fail(call, MGW_INVALID, "%s is there already, without a marker", dav->url)
               : status;
}

static void dav_destroy(void *instance)
{
    struct dav *dav = instance;
    while (dav->idle_count > 0) {
        curl_easy_cleanup(dav->idle[--dav->idle_count]);
    }
    curl_easy_cleanup(dav->model);
    pthread_mutex_destroy(&dav->lock);
    free(dav->url);
    free(dav->spool_dir);
    free(dav);
}

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    xmlInitParser();
}

static enum mgw_status dav_create(struct mgw_call *call, const struct mgw_config *config,
                                  const struct mgw_host *host, void **instance)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct dav *dav = calloc(1, sizeof *dav);
    const char *url = mgw_config_text(config, "url"), *user = mgw_config_text(config, "user");
    const char *ca_file = mgw_config_text(config, "ca_file");
    if (user && !mgw_url_is_private(url)) {
        return mgw_fail(call, MGW_INVALID, "user: a password goes over https or to loopback only");
    }
    pthread_once(&once, global_init);
    CURL *curl = dav->model = curl_easy_init();
    dav->host = host;
    dav->url = strdup(url);
    dav->spool_dir = strdup(mgw_config_text(config, "spool_dir"));
    pthread_mutex_init(&dav->lock, NULL);
    if (!curl || !dav->url || !dav->spool_dir) {
        dav_destroy(dav);
        return mgw_no_memory(call);
    }
    curl_easy_setopt(curl, CURLOPT_USERNAME, user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, mgw_config_text(config, "password"));
    if (ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    }
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    struct mgw_stat marker = {.size = offsetof(struct mgw_stat, content_type)};
    enum mgw_status status = look(call, dav, "/store", &marker);
    if (status == MGW_NOT_FOUND && (config->flags & MGW_CREATE_INIT)) {
        status = init(call, dav);
        status = status == MGW_OK ? look(call, dav, "/store", &marker) : status;
    }
    if (status != MGW_OK) {
        dav_destroy(dav);
        return status != MGW_NOT_FOUND
                   ? status
                   : mgw_fail(call, status,
                              "no store at %s; create it with: mediagw init --config FILE", url);
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
    struct mgw_stat marker = {.size = offsetof(struct mgw_stat, content_type)};
    enum mgw_status status = look(call, dav, "/store", &marker);
    return status == MGW_NOT_FOUND || (status == MGW_OK && strcmp(marker.etag, dav->id) != 0)
               ? mgw_fail(call, MGW_UNAVAILABLE, "the store at %s is gone", dav->url)
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

#define KEY(name, kind, ...)                                                                       \
    {                                                                                              \
        .size = sizeof(struct mgw_config_key), .key = name, .type = kind, __VA_ARGS__              \
    }
static const struct mgw_config_key keys[] = {
    KEY("url", MGW_CONFIG_STRING, .flags = MGW_CONFIG_REQUIRED,
        .help = "The store's folder, which `mediagw init` makes, as https://HOST[:PORT]/PATH."),
    KEY("user", MGW_CONFIG_STRING,
        .help = "Who it logs in as; Basic, over https or to loopback only."),
    KEY("password", MGW_CONFIG_SECRET,
        .help = "The user's password; with Nextcloud an app password."),
    KEY("ca_file", MGW_CONFIG_PATH, .help = "Certificates to trust instead of the system's, PEM."),
    KEY("spool_dir", MGW_CONFIG_PATH, .fallback = "/var/tmp",
        .help = "Where blobs lie while they come in, in files without a name."),
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
