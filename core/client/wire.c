/* SPDX-License-Identifier: Apache-2.0
 *
 * See wire.h. */
#include "core/client/wire.h"

#include "core/base/progress.h"
#include "core/client/settings.h"

#include <string.h>
#include <strings.h>

enum {
    CONNECT_SEC = 15,
    BLOCK_BYTES = 256 * 1024,
    BODY_MAX = 16 * 1024 * 1024 /* of what is kept in memory */
};

struct wire {
    CURL *curl;
    const struct settings *settings;
    const char *ca_file;
    long timeout_sec;
    bool reached; /* an answer came, at any time */
    char error[CURL_ERROR_SIZE];
};

/* One request under way. */
struct passage {
    const struct wire_request *request;
    struct wire_answer *answer;
    bool begun, given_up;
};

struct wire *wire_new(const struct settings *settings, const char *ca_file, long timeout_sec)
{
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(wire->curl = curl_easy_init())) {
        free(wire);
        return NULL;
    }
    wire->settings = settings;
    wire->ca_file = ca_file;
    wire->timeout_sec = timeout_sec;
    return wire;
}

void wire_free(struct wire *wire)
{
    if (wire) {
        curl_easy_cleanup(wire->curl);
        curl_global_cleanup();
        free(wire);
    }
}

const char *wire_error(const struct wire *wire)
{
    return wire->error;
}

void wire_answer_free(struct wire_answer *answer)
{
    buf_free(&answer->body);
    free(answer->etag);
    free(answer->repr_digest);
    free(answer->content_range);
    free(answer->location);
    *answer = (struct wire_answer){0};
}

bool wire_header(struct curl_slist **headers, const char *name, const char *value)
{
    AUTO_BUF struct buf line = {0};
    /* With a semicolon libcurl sends a header that has no value. */
    buf_printf(&line, value[0] ? "%s: %s" : "%s;", name, value);
    struct curl_slist *longer = line.failed ? NULL : curl_slist_append(*headers, line.data);
    if (line.data) {
        explicit_bzero(line.data, line.length);
    }
    *headers = longer ? longer : *headers;
    return longer != NULL;
}

/* ---- What libcurl asks and tells ---- */

static size_t on_read(char *bytes, size_t size, size_t count, void *ctx)
{
    struct passage *passage = ctx;
    const struct wire_source *source = passage->request->source;
    ssize_t got = source->read(source->ctx, bytes, size * count);
    if (got < 0) {
        passage->given_up = true;
        return CURL_READFUNC_ABORT;
    }
    return (size_t)got;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct passage *passage = ctx;
    const struct wire_source *source = passage->request->source;
    bool able = source->rewind && offset == 0 && origin == SEEK_SET && source->rewind(source->ctx);
    return able ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static void start_answer(struct wire_answer *answer)
{
    wire_answer_free(answer);
    answer->body.max = BODY_MAX;
    answer->length = WIRE_UNKNOWN;
    answer->retry_after_ms = -1;
}

/* The value where LINE is the header NAME, to be freed. */
static char *value_of(const char *line, size_t length, const char *name)
{
    size_t named = strlen(name);
    if (length <= named || strncasecmp(line, name, named) != 0 || line[named] != ':') {
        return NULL;
    }
    const char *value = line + named + 1, *end = line + length;
    while (value < end && strchr(" \t", *value)) {
        value++;
    }
    while (end > value && strchr(" \t\r\n", end[-1])) {
        end--;
    }
    return strndup(value, (size_t)(end - value));
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    struct passage *passage = ctx;
    struct wire_answer *answer = passage->answer;
    size_t length = size * count;
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        start_answer(answer); /* what came before was an interim answer */
    }
    const struct {
        const char *name;
        char **to;
    } kept[] = {{"ETag", &answer->etag},
                {"Repr-Digest", &answer->repr_digest},
                {"Content-Range", &answer->content_range},
                {"Location", &answer->location}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        char *value = *kept[i].to ? NULL : value_of(line, length, kept[i].name);
        *kept[i].to = value ? value : *kept[i].to;
    }
    AUTO_FREE char *retry = value_of(line, length, "Retry-After");
    if (retry && retry[0] >= '0' && retry[0] <= '9') {
        long long seconds = strtoll(retry, NULL, 10);
        answer->retry_after_ms = seconds > 3600 ? 3600000 : (int64_t)seconds * 1000;
    }
    return length;
}

static bool is_content(const struct passage *passage)
{
    return passage->request->sink &&
           (passage->answer->status == 200 || passage->answer->status == 206);
}

/* The head is complete. False: the sink gave up. */
static bool begin(struct wire *wire, struct passage *passage)
{
    if (passage->begun) {
        return !passage->given_up;
    }
    passage->begun = true;
    curl_off_t length = -1;
    curl_easy_getinfo(wire->curl, CURLINFO_RESPONSE_CODE, &passage->answer->status);
    curl_easy_getinfo(wire->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    passage->answer->length = length >= 0 ? (uint64_t)length : WIRE_UNKNOWN;
    const struct wire_sink *sink = passage->request->sink;
    passage->given_up = is_content(passage) && !sink->begin(sink->ctx, passage->answer);
    return !passage->given_up;
}

struct taking {
    struct wire *wire;
    struct passage *passage;
};

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
    struct taking *taking = ctx;
    struct passage *passage = taking->passage;
    const struct wire_sink *sink = passage->request->sink;
    size_t length = size * count;
    if (!begin(taking->wire, passage)) {
        return 0;
    }
    bool taken = is_content(passage) ? sink->take(sink->ctx, bytes, length)
                                     : buf_append(&passage->answer->body, bytes, length);
    passage->given_up = !taken;
    return taken ? length : 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    progress_tick(ctx);
    return 0;
}

/* ---- One request ---- */

#define SET(option, value) (void)curl_easy_setopt(wire->curl, option, value)

/* http_proxy in the environment is meant for what lies outside. */
static bool is_loopback(const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    bool loopback = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                    (strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
                     strcmp(host, "[::1]") == 0);
    curl_free(host);
    curl_url_cleanup(parts);
    return loopback;
}

static void set_policy(struct wire *wire, const char *url)
{
    SET(CURLOPT_URL, url);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SEC);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, wire->timeout_sec);
    SET(CURLOPT_BUFFERSIZE, (long)BLOCK_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)BLOCK_BYTES);
    SET(CURLOPT_USERAGENT, "mediagw/" MEDIAGW_VERSION);
    SET(CURLOPT_ERRORBUFFER, wire->error);
    if (wire->ca_file) {
        SET(CURLOPT_CAINFO, wire->ca_file);
    }
    if (is_loopback(url)) {
        SET(CURLOPT_NOPROXY, "*");
    }
}

static void set_request(struct wire *wire, struct passage *passage, struct taking *taking)
{
    const struct wire_request *request = passage->request;
    if (request->source) {
        uint64_t length = request->source->length;
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE,
            length == WIRE_UNKNOWN ? (curl_off_t)-1 : (curl_off_t)length);
        SET(CURLOPT_READFUNCTION, on_read);
        SET(CURLOPT_READDATA, passage);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, passage);
    } else if (strcmp(request->method, "GET") != 0) {
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, passage);
    SET(CURLOPT_WRITEFUNCTION, on_write);
    SET(CURLOPT_WRITEDATA, taking);
    if (request->progress) {
        SET(CURLOPT_NOPROGRESS, 0L);
        SET(CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(CURLOPT_XFERINFODATA, request->progress);
    }
}

/* The request's own headers and, for the gateway, those that say who asks. */
static bool make_headers(const struct wire *wire, const struct wire_request *request,
                         struct curl_slist **headers)
{
    bool good = true;
    const struct settings *settings = wire->settings;
    for (const struct curl_slist *own = request->headers; own && good; own = own->next) {
        struct curl_slist *longer = curl_slist_append(*headers, own->data);
        good = longer != NULL;
        *headers = longer ? longer : *headers;
    }
    if (good && request->as_caller && settings->key) {
        AUTO_BUF struct buf bearer = {0};
        buf_printf(&bearer, "Bearer %s", settings->key);
        good = !bearer.failed && wire_header(headers, "Authorization", bearer.data);
        if (bearer.data) {
            explicit_bzero(bearer.data, bearer.length);
        }
    }
    if (good && request->as_caller && settings->account) {
        good = wire_header(headers, "X-Account-Id", settings->account);
    }
    if (good && request->source && request->source->length == WIRE_UNKNOWN) {
        good = wire_header(headers, "Transfer-Encoding", "chunked");
    }
    return good;
}

static enum wire_result meaning(struct wire *wire, CURLcode code)
{
    curl_off_t connected = 0;
    if (!wire->error[0]) {
        snprintf(wire->error, sizeof wire->error, "%s", curl_easy_strerror(code));
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return wire->reached ? WIRE_CUT : WIRE_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(wire->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
        return connected > 0 || wire->reached ? WIRE_CUT : WIRE_UNREACHABLE;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_SSL_CONNECT_ERROR:
        return WIRE_CUT;
    default:
        return WIRE_GIVEN_UP;
    }
}

enum wire_result wire_send(struct wire *wire, const struct wire_request *request,
                           struct wire_answer *answer)
{
    struct passage passage = {.request = request, .answer = answer};
    struct taking taking = {wire, &passage};
    AUTO_HEADERS struct curl_slist *headers = NULL;
    start_answer(answer);
    wire->error[0] = '\0';
    if (!make_headers(wire, request, &headers)) {
        snprintf(wire->error, sizeof wire->error, "out of memory");
        return WIRE_GIVEN_UP;
    }
    curl_easy_reset(wire->curl);
    set_policy(wire, request->url);
    set_request(wire, &passage, &taking);
    SET(CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(wire->curl);
    SET(CURLOPT_ERRORBUFFER, NULL);
    wire->reached = wire->reached || answer->status > 0;
    if (code == CURLE_OK) {
        if (begin(wire, &passage)) {
            wire->reached = true;
            return WIRE_ANSWERED;
        }
        return WIRE_GIVEN_UP;
    }
    enum wire_result result = passage.given_up ? WIRE_GIVEN_UP : meaning(wire, code);
    wire->reached = wire->reached || result == WIRE_CUT;
    return result;
}
