/* SPDX-License-Identifier: Apache-2.0
 *
 * See transfer.h. */
#include "tests/bench/transfer.h"

#include "tests/bench/client.h"
#include "tests/bench/process.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 8192, BUFFER = 512 << 10 };

struct state {
    const struct transfer *transfer;
    uint64_t sent, received;
    char answer[ANSWER_MAX + 1];
};

static size_t give(char *bytes, size_t one, size_t count, void *ctx)
{
    struct state *state = ctx;
    const struct transfer *transfer = state->transfer;
    size_t at = (size_t)(state->sent % transfer->pattern_length);
    uint64_t length = transfer->pattern_length - at, left = transfer->bytes - state->sent;
    length = length < one * count ? length : one * count;
    length = length < left ? length : left;
    memcpy(bytes, transfer->pattern + at, (size_t)length);
    state->sent += length;
    return (size_t)length;
}

static size_t take(char *bytes, size_t one, size_t count, void *ctx)
{
    struct state *state = ctx;
    size_t length = one * count;
    if (state->received + length <= ANSWER_MAX) {
        memcpy(state->answer + state->received, bytes, length);
    }
    state->received += length;
    return length;
}

static struct curl_slist *header_list(const char *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (const char *at = headers; *at; at = strstr(at, "\r\n") + 2) {
        char *line = strndup(at, strcspn(at, "\r"));
        bool length = strncasecmp(line, "Content-Length:", 15) == 0; /* libcurl's own */
        list = length ? list : curl_slist_append(list, line);
        free(line);
    }
    return list;
}

static void prepare(CURL *curl, struct state *state, struct curl_slist *headers)
{
    const struct transfer *transfer = state->transfer;
    curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)BUFFER);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, state);
    if (strcmp(transfer->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, transfer->method);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->bytes);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
        curl_easy_setopt(curl, CURLOPT_READDATA, state);
    }
}

bool transfer_run(void *ctx, double seconds, struct result *result)
{
    (void)seconds;
    const struct transfer *transfer = ctx;
    struct state state = {.transfer = transfer};
    struct curl_slist *headers = header_list(transfer->headers);
    CURL *curl = curl_easy_init();
    long status = 0;
    prepare(curl, &state, headers);
    double cpu_us = transfer->pid ? process_cpu_us(transfer->pid) : 0;
    int64_t start = client_now_us();
    CURLcode code = curl_easy_perform(curl);
    double taken = (double)(client_now_us() - start) / 1e6;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    bool up = strcmp(transfer->method, "GET") != 0;
    if (code != CURLE_OK || status != transfer->status ||
        (up ? state.sent : state.received) != transfer->bytes) {
        fprintf(stderr, "bench: %s: %ld %s %.500s\n", transfer->url, status,
                curl_easy_strerror(code), state.answer);
        return false;
    }
    *result = (struct result){
        .rate = (double)(transfer->bytes >> 20) / taken,
        .p50_ms = taken * 1e3,
        .p99_ms = taken * 1e3,
        .cpu_us = transfer->pid ? process_cpu_us(transfer->pid) - cpu_us : 0,
    };
    if (transfer->done) {
        transfer->done(transfer->done_ctx, state.answer);
    }
    return true;
}
