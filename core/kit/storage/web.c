/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kit/storage/web.h"

#include <curl/curl.h>
#include <stdio.h>
#include <strings.h>

struct text {
    char *bytes;
    size_t length;
};

struct sent {
    const char *bytes;
    size_t length, at;
};

static size_t gather(char *bytes, size_t one, size_t count, void *ctx)
{
    struct text *text = ctx;
    char *more = realloc(text->bytes, text->length + one * count + 1);
    if (!more) {
        return 0;
    }
    text->bytes = more;
    memcpy(text->bytes + text->length, bytes, one * count);
    text->length += one * count;
    text->bytes[text->length] = '\0';
    return one * count;
}

static size_t give(char *buffer, size_t one, size_t count, void *ctx)
{
    struct sent *sent = ctx;
    size_t left = sent->length - sent->at;
    size_t now = one * count < left ? one * count : left;
    memcpy(buffer, sent->bytes + sent->at, now);
    sent->at += now;
    return now;
}

void web_free(struct web_answer *answer)
{
    free(answer->head);
    free(answer->body);
}

/* A header without a value is "Name;" to curl. The length is that of the bytes that are sent. */
static struct curl_slist *lines_of(const char *const *headers)
{
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; headers && headers[i]; i += 2) {
        char *line = NULL;
        if (strcasecmp(headers[i], "Content-Length") == 0) {
            continue;
        }
        const char *form = *headers[i + 1] ? "%s: %s" : "%s;";
        if (asprintf(&line, form, headers[i], headers[i + 1]) > 0) {
            lines = curl_slist_append(lines, line);
            free(line);
        }
    }
    return lines;
}

struct web_answer web_send(const char *method, const char *url, const char *const *headers,
                           const void *body, size_t length)
{
    struct web_answer answer = {0};
    struct text head = {0}, text = {0};
    struct sent sent = {body, length, 0};
    struct curl_slist *lines = lines_of(headers);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer.error);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
        curl_easy_setopt(curl, CURLOPT_READDATA, &sent);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (code != CURLE_OK && !answer.error[0]) {
        snprintf(answer.error, sizeof answer.error, "%s", curl_easy_strerror(code));
    }
    curl_slist_free_all(lines);
    curl_easy_cleanup(curl);
    answer.head = head.bytes;
    answer.body = text.bytes ? text.bytes : strdup("");
    answer.length = text.length;
    return answer;
}

struct web_answer web_do(const struct mgw_presigned *presigned, const void *body, size_t length)
{
    return web_send(presigned->method, presigned->url, presigned->headers, body, length);
}

char *web_header(const struct web_answer *answer, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = answer->head; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1;
            line += strspn(line, " ");
            return strndup(line, strcspn(line, "\r\n"));
        }
    }
    return NULL;
}

static void show(const struct web_answer *answer)
{
    print_error("answered %ld %s\n%.1000s\n", answer->status, answer->error, answer->body);
}

void web_assert(const struct web_answer *answer, long expected, const char *file, int line)
{
    if (answer->status != expected) {
        show(answer);
        _fail(file, line);
    }
}

void web_assert_refused(const struct web_answer *answer, const char *file, int line)
{
    static const long refusals[] = {400, 403, 404, 409, 411, 412};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (answer->status == refusals[i]) {
            return;
        }
    }
    show(answer);
    _fail(file, line);
}
