/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests by libcurl for a driver whose store speaks HTTP: connections are kept, the call's
 * deadline and cancellation are heeded, statuses are the ABI's. Not part of the ABI, as
 * help/driver.h is not; C only; the plugin links libcurl (7.85 or later) and pthreads.
 *
 * HTTP and HTTPS alone, certificates are verified, no redirect is followed, no proxy of the
 * environment is used; 10 s to connect, 60 s without a byte. */
#ifndef MEDIAGW_HELP_DRIVER_HTTP_H
#define MEDIAGW_HELP_DRIVER_HTTP_H

#include <mediagw/help/driver.h>

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>

#define MGW_HTTP_ANSWER_MAX (UINT64_C(64) << 20) /* bytes of an answer to a file or nowhere */

/* A server, or a folder of it; used by any number of threads. */
struct mgw_http {
    const struct mgw_host *host;
    char *url, *spool_dir;
    CURL *model; /* has the options that all requests share */
    pthread_mutex_t lock;
    CURL *idle[64]; /* copies of it, with their connections */
    size_t idle_count;
};

/* A request, and what came back; zeroed, then the first part is filled. */
struct mgw_http_request {
    const char *method, *path; /* from the url on, percent-encoded */
    const char *range;         /* "0-99" */
    const char *header;        /* one more: "Depth: 1" */
    const char *text;          /* the body: this, or all of FILE */
    FILE *file;
    char *into; /* where the body of a 2xx goes: at most ROOM bytes of memory, a file, or nowhere */
    size_t room;
    FILE *out;

    size_t got;          /* bytes of the body */
    long code;           /* 0: no answer */
    uint64_t total;      /* what Content-Range says of the whole; else as it was */
    int64_t modified_ms; /* Last-Modified; negative: none */

    CURL *curl; /* while it is under way */
    size_t skipped;
};

static inline size_t mgw_http_on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct mgw_http_request *request = (struct mgw_http_request *)ctx;
    size_t length = size * count;
    size_t max = (size_t)MGW_HTTP_ANSWER_MAX;
    curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &request->code);
    if (request->code / 100 != 2) {
        request->skipped += length; /* words for people */
        return request->skipped <= max ? length : 0;
    }
    max = request->into ? request->room : max;
    if (length > max - request->got ||
        (request->out && fwrite(bytes, 1, length, request->out) != length)) {
        return 0;
    }
    if (request->into) {
        memcpy(request->into + request->got, bytes, length);
    }
    request->got += length;
    return length;
}

static inline int mgw_http_on_progress(void *ctx, curl_off_t down, curl_off_t down_now,
                                       curl_off_t up, curl_off_t up_now)
{
    const struct mgw_call *call = (const struct mgw_call *)ctx;
    (void)down, (void)down_now, (void)up, (void)up_now;
    return call->cancelled(call);
}

static inline void mgw_http_close(struct mgw_http *http)
{
    while (http->idle_count > 0) {
        curl_easy_cleanup(http->idle[--http->idle_count]);
    }
    curl_easy_cleanup(http->model);
    pthread_mutex_destroy(&http->lock);
    free(http->url);
    free(http->spool_dir);
}

static inline void mgw_http_init_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The configuration that mgw_http_open() reads, to be listed among a plugin's keys. */
#define MGW_HTTP_KEYS                                                                              \
    {.size = sizeof(struct mgw_config_key),                                                        \
     .key = "url",                                                                                 \
     .type = MGW_CONFIG_STRING,                                                                    \
     .flags = MGW_CONFIG_REQUIRED,                                                                 \
     .help = "The store's place, as https://HOST[:PORT]/PATH."},                                   \
        {.size = sizeof(struct mgw_config_key),                                                    \
         .key = "user",                                                                            \
         .type = MGW_CONFIG_STRING,                                                                \
         .help = "Who it logs in as (Basic), over https or to loopback only."},                    \
        {.size = sizeof(struct mgw_config_key),                                                    \
         .key = "password",                                                                        \
         .type = MGW_CONFIG_SECRET,                                                                \
         .help = "The user's password."},                                                          \
        {.size = sizeof(struct mgw_config_key),                                                    \
         .key = "ca_file",                                                                         \
         .type = MGW_CONFIG_PATH,                                                                  \
         .help = "Certificates (PEM) to trust instead of the system's."},                          \
        MGW_SPOOL_KEY

/* Fills HTTP, which is zeroed, without a request. After a failure only mgw_http_close() may follow.
 */
static inline enum mgw_status mgw_http_open(struct mgw_call *call, struct mgw_http *http,
                                            const struct mgw_config *config,
                                            const struct mgw_host *host)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const char *url = mgw_config_text(config, "url"), *user = mgw_config_text(config, "user");
    const char *password = mgw_config_text(config, "password");
    const char *ca_file = mgw_config_text(config, "ca_file");
    const char *spool_dir = mgw_config_text(config, "spool_dir");
    size_t length = url ? strlen(url) : 0;
    if (length == 0) {
        return mgw_fail(call, MGW_INVALID, "url: give the store's place");
    }
    if (user && !mgw_url_is_private(url)) {
        return mgw_fail(call, MGW_INVALID, "user: a password goes over https or to loopback only");
    }
    pthread_once(&once, mgw_http_init_once);
    http->host = host;
    http->url = strndup(url, length - (url[length - 1] == '/'));
    http->spool_dir = strdup(spool_dir ? spool_dir : "/var/tmp");
    CURL *curl = http->model = curl_easy_init();
    pthread_mutex_init(&http->lock, NULL);
    if (!curl || !http->url || !http->spool_dir ||
        curl_easy_setopt(curl, CURLOPT_USERNAME, user) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_PASSWORD, password) != CURLE_OK ||
        (ca_file && curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) != CURLE_OK)) {
        return mgw_no_memory(call);
    }
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, mgw_http_on_progress);
    curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, mgw_http_on_body);
    return MGW_OK;
}

/* A file is sent by fread(), and again by fseek() where a kept connection turned out to be dead. */
static inline CURLcode mgw_http_perform(struct mgw_call *call, const struct mgw_http *http,
                                        struct mgw_http_request *request, CURL *curl)
{
    char expect[] = "Expect:", *url = NULL;
    struct curl_slist more = {(char *)(uintptr_t)request->header, NULL};
    struct curl_slist lines = {expect, request->header ? &more : NULL};
    int64_t left = call->deadline_ms ? call->deadline_ms - http->host->monotonic_ms() : 0;
    size_t size = strlen(http->url) + strlen(request->path) + 1;
    url = (char *)call->alloc(call, size);
    if (!url) {
        return CURLE_OUT_OF_MEMORY;
    }
    snprintf(url, size, "%s%s", http->url, request->path);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (request->text) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->text);
    } else if (request->file) {
        fseeko(request->file, 0, SEEK_END);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ftello(request->file));
        curl_easy_setopt(curl, CURLOPT_READDATA, request->file);
        rewind(request->file);
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

/* What a failure means. A write without a clear answer may have happened. */
static inline enum mgw_status mgw_http_judge(const struct mgw_http_request *request,
                                             CURLcode result, long sent)
{
    static const struct {
        long code;
        enum mgw_status status;
    } known[] = {{401, MGW_DENIED},  {403, MGW_DENIED},    {404, MGW_NOT_FOUND},
                 {405, MGW_EXISTS},  {409, MGW_NOT_FOUND}, {410, MGW_NOT_FOUND},
                 {412, MGW_EXISTS},  {413, MGW_TOO_LARGE}, {416, MGW_RANGE},
                 {423, MGW_BUSY},    {429, MGW_BUSY},      {503, MGW_UNAVAILABLE},
                 {507, MGW_NO_SPACE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].code == request->code && result == CURLE_OK) {
            return known[i].status;
        }
    }
    if (result == CURLE_PEER_FAILED_VERIFICATION) {
        return MGW_DENIED;
    }
    if (result == CURLE_WRITE_ERROR || (result == CURLE_OK && request->code < 500)) {
        return MGW_IO;
    }
    bool writes = request->file || strcmp(request->method, "DELETE") == 0;
    return writes && sent > 0 ? MGW_UNKNOWN_OUTCOME : MGW_UNAVAILABLE;
}

static inline CURL *mgw_http_take(struct mgw_http *http)
{
    pthread_mutex_lock(&http->lock);
    CURL *curl =
        http->idle_count > 0 ? http->idle[--http->idle_count] : curl_easy_duphandle(http->model);
    pthread_mutex_unlock(&http->lock);
    return curl;
}

static inline void mgw_http_give(struct mgw_http *http, CURL *curl)
{
    pthread_mutex_lock(&http->lock);
    bool kept = http->idle_count < sizeof http->idle / sizeof http->idle[0];
    if (kept) {
        http->idle[http->idle_count++] = curl;
    }
    pthread_mutex_unlock(&http->lock);
    if (!kept) {
        curl_easy_cleanup(curl);
    }
}

/* MGW_OK where the server answered 2xx, all of it. 405 and 412 are MGW_EXISTS, 409 is
 * MGW_NOT_FOUND (a folder above is missing), 503 and 5xx to reads are MGW_UNAVAILABLE, other 5xx
 * and lost answers to writes MGW_UNKNOWN_OUTCOME, an answer that does not fit is MGW_IO. */
static inline enum mgw_status mgw_http_send(struct mgw_call *call, struct mgw_http *http,
                                            struct mgw_http_request *request)
{
    struct curl_header *range;
    curl_off_t modified = -1;
    long sent = 0;
    enum mgw_status status = mgw_over(call, http->host);
    if (status != MGW_OK) {
        return status;
    }
    CURL *curl = mgw_http_take(http);
    if (!curl) {
        return mgw_no_memory(call);
    }
    request->got = request->skipped = 0;
    request->curl = curl;
    CURLcode result = mgw_http_perform(call, http, request, curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->code);
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(curl, CURLINFO_FILETIME_T, &modified);
    request->modified_ms = modified * 1000;
    if (curl_easy_header(curl, "Content-Range", 0, CURLH_HEADER, -1, &range) == CURLHE_OK) {
        sscanf(range->value, "bytes %*u-%*u/%" SCNu64, &request->total);
    }
    mgw_http_give(http, curl);
    status = result != CURLE_OK ? mgw_over(call, http->host) : MGW_OK;
    if (status != MGW_OK || (result == CURLE_OK && request->code / 100 == 2)) {
        return status;
    }
    if (call->error && request->code) {
        snprintf(call->error->foreign_code, sizeof call->error->foreign_code, "%ld", request->code);
    }
    status = mgw_http_judge(request, result, sent);
    return result == CURLE_OK ? mgw_fail(call, status, "%s %s%s: answered %ld", request->method,
                                         http->url, request->path, request->code)
                              : mgw_fail(call, status, "%s %s%s: %s", request->method, http->url,
                                         request->path, curl_easy_strerror(result));
}

/* A GET of LENGTH bytes from offset FROM on, into BUFFER; MGW_RANGE where there are less. `total`
 * is that of REQUEST where the server answers the whole. */
static inline enum mgw_status mgw_http_get(struct mgw_call *call, struct mgw_http *http,
                                           struct mgw_http_request *request, uint64_t from,
                                           void *buffer, size_t length)
{
    char range[64];
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, from, from + length - 1);
    request->method = "GET";
    request->range = range;
    request->into = (char *)buffer;
    request->room = length;
    enum mgw_status status = mgw_http_send(call, http, request);
    request->range = NULL;
    return status == MGW_OK && request->got < length ? MGW_RANGE : status;
}

/* Begins a blob that is to be sent: where spool_dir says. */
static inline enum mgw_status mgw_http_spool(struct mgw_call *call, const struct mgw_http *http,
                                             const struct mgw_put *put, struct mgw_spooled *spooled)
{
    return mgw_spooled_begin(call, spooled, http->host, http->spool_dir, put);
}

#endif
