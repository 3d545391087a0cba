/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_inside.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 100, HEADERS_MAX = 65536 };

/* ---- What libcurl asks for ---- */

static size_t on_read(char *buffer, size_t size, size_t count, void *ctx)
{
    struct lane_exchange *exchange = ctx;
    uint64_t left = exchange->body.length - exchange->sent;
    size_t want = size * count;
    want = left < want ? (size_t)left : want;
    if (want == 0) {
        return 0;
    }
    if (exchange->body.bytes) {
        memcpy(buffer, (const char *)exchange->body.bytes + exchange->sent, want);
    } else {
        ssize_t got;
        do {
            got = pread(exchange->body.fd, buffer, want,
                        (off_t)(exchange->body.offset + exchange->sent));
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            return CURL_READFUNC_ABORT;
        }
        want = (size_t)got;
    }
    exchange->sent += want;
    return want;
}

/* libcurl sends from the start again where a kept connection turns out to be dead. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct lane_exchange *exchange = ctx;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->body.length) {
        return CURL_SEEKFUNC_FAIL;
    }
    exchange->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
    struct lane_exchange *exchange = ctx;
    size_t length = size * count;
    long status = 0;
    curl_easy_getinfo(exchange->lane->easy, CURLINFO_RESPONSE_CODE, &status);
    if (exchange->sink && status / 100 == 2) {
        exchange->refused = length > 0 && !exchange->sink(exchange->sink_ctx, bytes, length);
        exchange->sunk += exchange->refused ? 0 : length;
        return exchange->refused ? CURL_WRITEFUNC_PAUSE : length;
    }
    if (length > exchange->answer_max - exchange->answer.length) {
        return 0;
    }
    text_add(&exchange->answer, bytes, length);
    return exchange->answer.failed ? 0 : length;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct lane_exchange *exchange = ctx;
    size_t length = size * count, end = length;
    while (end > 0 && (bytes[end - 1] == '\r' || bytes[end - 1] == '\n')) {
        end--;
    }
    if (length >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
        text_free(&exchange->headers); /* an interim answer's headers do not count */
        return length;
    }
    const char *colon = memchr(bytes, ':', end);
    if (!colon) {
        return length;
    }
    if (exchange->headers.length + end + 1 > HEADERS_MAX) {
        return 0;
    }
    size_t name = exchange->headers.length;
    text_add(&exchange->headers, bytes, end);
    text_put(&exchange->headers, "\n");
    if (exchange->headers.failed) {
        return 0;
    }
    for (size_t i = name; i < name + (size_t)(colon - bytes); i++) {
        exchange->headers.data[i] = (char)tolower((unsigned char)exchange->headers.data[i]);
    }
    return length;
}

/* ---- Lanes ---- */

static void set_constant(const struct lanes *lanes, struct lane *lane)
{
    const struct lane_options *options = &lanes->options;
    CURL *easy = lane->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, lane->error);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, lanes->proxy);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a name that is still being resolved must not hold the caller beyond its deadline */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)((options->idle_ms + 999) / 1000));
    curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 4L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options->verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (lanes->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, lanes->ca_file);
    }
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
}

/* ---- An exchange ---- */

static bool set_lines(struct lane *lane, const char *lines)
{
    curl_slist_free_all(lane->lines);
    lane->lines = curl_slist_append(NULL, "Expect:");
    AUTO_FREE char *copy = strdup(lines ? lines : "");
    char *rest = copy, *line;
    while (copy && lane->lines && (line = strsep(&rest, "\n"))) {
        if (*line) {
            struct curl_slist *more = curl_slist_append(lane->lines, line);
            if (!more) {
                return false;
            }
            lane->lines = more;
        }
    }
    return copy && lane->lines;
}

static void set_exchange(struct lane_exchange *exchange)
{
    struct lane *lane = exchange->lane;
    CURL *easy = lane->easy;
    bool head = strcmp(exchange->method, "HEAD") == 0;
    bool sends = exchange->body_sent || exchange->body.length > 0;
    curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lane->lines);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    if (sends) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->body.length);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
                         exchange->body.length > 65536 ? 262144L : 65536L);
    } else if (head) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, exchange->sink ? 131072L : 16384L);
    if (!head) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
    }
}

bool lane_begin(struct lanes *lanes, struct lane_exchange *exchange)
{
    struct lane *lane = exchange->lane = lane_take(lanes);
    if (!lane) {
        return false;
    }
    curl_easy_reset(lane->easy); /* keeps connections and sessions */
    set_constant(lanes, lane);
    lane->error[0] = '\0';
    if (!set_lines(lane, exchange->lines)) {
        return false;
    }
    set_exchange(exchange);
    lane->added = curl_multi_add_handle(lane->multi, lane->easy) == CURLM_OK;
    return lane->added;
}

static bool is_over(const struct mgw_call *call, const struct mgw_host *host, int64_t *left)
{
    *left = STEP_MS;
    if (call->cancelled(call)) {
        return true;
    }
    if (call->deadline_ms) {
        int64_t until = call->deadline_ms - host->monotonic_ms();
        *left = until < *left ? until : *left;
        return until <= 0;
    }
    return false;
}

static enum lane_end finish(struct lane_exchange *exchange, CURLcode result)
{
    struct lane *lane = exchange->lane;
    long sent = 0;
    curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    curl_easy_getinfo(lane->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (result == CURLE_OK) {
        return LANE_DONE;
    }
    snprintf(exchange->error, sizeof exchange->error, "%s",
             lane->error[0] ? lane->error : curl_easy_strerror(result));
    exchange->error[strcspn(exchange->error, "\r\n")] = '\0';
    switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return LANE_UNTRUSTED;
    case CURLE_WRITE_ERROR:
        return LANE_TOO_LARGE;
    default: /* also a timeout: only what was sent tells one of connecting from a later one */
        return sent > 0 ? LANE_BROKEN : LANE_NOT_SENT;
    }
}

static enum lane_end run(struct mgw_call *call, const struct mgw_host *host,
                         struct lane_exchange *exchange)
{
    struct lane *lane = exchange->lane;
    for (;;) {
        int running = 0, left = 0;
        int64_t wait;
        CURLMcode code = curl_multi_perform(lane->multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(lane->multi, &left));) {
            if (message->msg == CURLMSG_DONE) {
                return finish(exchange, message->data.result);
            }
        }
        if (code != CURLM_OK) {
            return finish(exchange, CURLE_RECV_ERROR);
        }
        if (exchange->refused) {
            curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
            return LANE_PAUSED;
        }
        if (is_over(call, host, &wait)) {
            return LANE_OVER;
        }
        curl_multi_poll(lane->multi, NULL, 0, (int)wait, NULL);
    }
}

enum lane_end lane_run(struct mgw_call *call, const struct mgw_host *host,
                       struct lane_exchange *exchange)
{
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    if (exchange->refused) {
        exchange->refused = false;
        curl_easy_pause(exchange->lane->easy, CURLPAUSE_CONT);
    }
    enum lane_end end = run(call, host, exchange);
    if (!sigismember(&pending, SIGPIPE)) { /* what OpenSSL's writes may have raised */
        while (sigtimedwait(&pipe, NULL, &(struct timespec){0}) > 0) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return end;
}

void lane_end(struct lanes *lanes, struct lane_exchange *exchange)
{
    struct lane *lane = exchange->lane;
    if (lane) {
        if (lane->added) { /* one that has not ended loses its connection here */
            curl_multi_remove_handle(lane->multi, lane->easy);
            lane->added = false;
            lane_give(lanes, lane);
        } else {
            lane_free(lane);
        }
    }
    exchange->lane = NULL;
    text_free(&exchange->headers);
    text_free(&exchange->answer);
}

const char *lane_header(const struct lane_exchange *exchange, const char *name, char *out,
                        size_t size)
{
    size_t length = strlen(name);
    const char *line = text_of(&exchange->headers);
    *out = '\0';
    while (*line) {
        size_t end = strcspn(line, "\n");
        if (end > length && line[length] == ':' && strncmp(line, name, length) == 0) {
            const char *value = line + length + 1;
            size_t left = end - length - 1;
            while (left > 0 && (*value == ' ' || *value == '\t')) {
                value++, left--;
            }
            snprintf(out, size, "%.*s", (int)left, value);
            break;
        }
        line += end + (line[end] == '\n');
    }
    return out;
}
