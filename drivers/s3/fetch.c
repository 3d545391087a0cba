/* SPDX-License-Identifier: Apache-2.0
 *
 * A handle a request: this happens once an hour. The answer goes to a buffer that never moves, so
 * that it can be cleansed. */
#include "fetch.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024, HEAD_MAX = 64 * 1024, STEP_MS = 100 };

struct passage {
    const struct fetch_request *request;
    struct fetch_answer *answer;
    size_t head;
    bool too_long;
    char error[CURL_ERROR_SIZE];
};

bool fetch_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == 0;
}

void fetch_free(struct fetch_answer *answer)
{
    if (answer->body) {
        OPENSSL_cleanse(answer->body, ANSWER_MAX);
    }
    free(answer->body);
    *answer = (struct fetch_answer){0};
}

enum mgw_status fetch_over(struct mgw_call *call, const struct mgw_host *host)
{
    if (call->cancelled && call->cancelled(call)) {
        return mgw_fail(call, MGW_CANCELLED, "cancelled while waiting for credentials");
    }
    if (call->deadline_ms && host->monotonic_ms() >= call->deadline_ms) {
        return mgw_fail(call, MGW_TIMEOUT, "the deadline passed while waiting for credentials");
    }
    return MGW_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct passage *passage = ctx;
    struct fetch_answer *answer = passage->answer;
    size_t length = size * count;
    if (length > ANSWER_MAX - answer->length) {
        passage->too_long = true;
        return 0;
    }
    memcpy(answer->body + answer->length, bytes, length);
    answer->length += length;
    answer->body[answer->length] = '\0';
    return length;
}

static size_t take_head(char *bytes, size_t size, size_t count, void *ctx)
{
    struct passage *passage = ctx;
    (void)bytes;
    passage->head += size * count;
    passage->too_long = passage->too_long || passage->head > HEAD_MAX;
    return passage->too_long ? 0 : size * count;
}

/* Scheme, host and port: a URL's path and query may be secret. */
static void server_of(const char *url, char *server, size_t size)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    snprintf(server, size, "the endpoint");
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        bool own = curl_url_get(parts, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        snprintf(server, size, "%s://%s%s%s", scheme, host, own ? ":" : "", own ? port : "");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
}

static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at; at = at->next) {
        OPENSSL_cleanse(at->data, strlen(at->data));
    }
    curl_slist_free_all(headers);
}

static struct curl_slist *make_headers(const struct fetch_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; headers && request->headers && request->headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[i]);
        if (!longer) {
            free_headers(headers);
            return NULL;
        }
        headers = longer;
    }
    return headers;
}

static bool set_rules(CURL *curl)
{
    bool ok =
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "mediagw") == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a name that is still being resolved must not hold the caller beyond its deadline */
    ok = ok && curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return ok;
}

static bool set_request(CURL *curl, const struct fetch_request *request, struct passage *passage,
                        struct curl_slist *headers)
{
    const char *body = request->body ? request->body : "";
    bool sends = request->body || strcmp(request->method, "PUT") == 0;
    return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, request->connect_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->total_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, passage->error) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, passage) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, passage) == CURLE_OK &&
           (!sends ||
            (curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK)) &&
           (!request->ca_file ||
            curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file) == CURLE_OK);
}

/* Drives the transfer to its end, which goes to CODE; not MGW_OK: the call is over. */
static enum mgw_status drive(struct mgw_call *call, const struct mgw_host *host, CURLM *multi,
                             CURLcode *code)
{
    for (int running = 1; running;) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) {
            *code = CURLE_FAILED_INIT;
            return MGW_OK;
        }
        enum mgw_status status = running ? fetch_over(call, host) : MGW_OK;
        if (status != MGW_OK) {
            return status;
        }
        if (running) {
            curl_multi_poll(multi, NULL, 0, STEP_MS, NULL);
        }
    }
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    *code = message ? message->data.result : CURLE_FAILED_INIT;
    return MGW_OK;
}

static enum mgw_status attempt(struct mgw_call *call, const struct mgw_host *host, CURL *curl,
                               CURLM *multi, struct passage *passage)
{
    struct fetch_answer *answer = passage->answer;
    CURLcode code = CURLE_FAILED_INIT;
    answer->length = 0;
    answer->body[0] = '\0';
    passage->head = 0;
    passage->error[0] = '\0';
    if (curl_multi_add_handle(multi, curl) != CURLM_OK) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    enum mgw_status status = drive(call, host, multi, &code);
    curl_multi_remove_handle(multi, curl);
    if (status == MGW_OK && code != CURLE_OK) {
        char server[256];
        server_of(passage->request->url, server, sizeof server);
        return mgw_fail(call, MGW_UNAVAILABLE, "%s: %s", server,
                        passage->too_long   ? "the answer is too long"
                        : passage->error[0] ? passage->error
                                            : curl_easy_strerror(code));
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    return status;
}

enum mgw_status fetch(struct mgw_call *call, const struct mgw_host *host,
                      const struct fetch_request *request, struct fetch_answer *answer)
{
    struct passage passage = {.request = request, .answer = answer};
    *answer = (struct fetch_answer){.body = calloc(1, ANSWER_MAX + 1)};
    struct curl_slist *headers = make_headers(request);
    CURL *curl = curl_easy_init();
    CURLM *multi = curl_multi_init();
    enum mgw_status status = fetch_over(call, host);
    if (status == MGW_OK && (!answer->body || !headers || !curl || !multi || !set_rules(curl) ||
                             !set_request(curl, request, &passage, headers))) {
        status = mgw_fail(call, MGW_UNAVAILABLE, "memory is short, or libcurl lacks an option");
    } else if (status == MGW_OK) {
        int left = request->attempts;
        do {
            status = attempt(call, host, curl, multi, &passage);
        } while (--left > 0 && !passage.too_long &&
                 (status == MGW_UNAVAILABLE || (status == MGW_OK && answer->status >= 500)));
    }
    curl_easy_cleanup(curl);
    curl_multi_cleanup(multi);
    free_headers(headers);
    if (status != MGW_OK) {
        fetch_free(answer);
    }
    return status;
}
