/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http.h"

#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_client {
    CURL *curl;
    char *base;
    char *token;
    char *account;
    long connections;
};

struct http_client *http_new(const struct server *server, const char *token)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (!client || curl_global_init(CURL_GLOBAL_ALL) != 0) {
        abort();
    }
    client->token = token ? strdup(token) : NULL;
    http_server(client, server);
    return client;
}

void http_free(struct http_client *client)
{
    if (client) {
        curl_easy_cleanup(client->curl);
        free(client->base);
        free(client->token);
        free(client->account);
        free(client);
    }
}

void http_account(struct http_client *client, const char *account)
{
    free(client->account);
    client->account = account ? strdup(account) : NULL;
}

void http_server(struct http_client *client, const struct server *server)
{
    curl_easy_cleanup(client->curl);
    client->curl = curl_easy_init();
    free(client->base);
    if (!client->curl || asprintf(&client->base, "http://127.0.0.1:%u", server->port) < 0) {
        abort();
    }
}

static struct curl_slist *header_list(const struct http_client *client, const char *headers)
{
    struct curl_slist *list = NULL;
    if (client->token) {
        char *line = keep_text("Authorization: Bearer %s", client->token);
        list = curl_slist_append(list, line);
    }
    if (client->account) {
        char *line = keep_text("X-Account-Id: %s", client->account);
        list = curl_slist_append(list, line);
    }
    for (const char *at = headers; at && *at;) {
        size_t length = strcspn(at, "\n");
        list = curl_slist_append(list, keep_bytes(at, length));
        at += length + (at[length] == '\n');
    }
    return list;
}

/* What one transfer writes to. */
struct sink {
    FILE *head;
    FILE *body; /* NULL: only hashed */
    EVP_MD_CTX *hash;
    size_t length;
};

static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
    struct sink *sink = ctx;
    if (count >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        rewind(sink->head); /* behind an interim answer the final one begins anew */
    }
    return fwrite(bytes, size, count, sink->head) * size;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct sink *sink = ctx;
    sink->length += size * count;
    if (sink->body) {
        return fwrite(bytes, size, count, sink->body) * size;
    }
    EVP_DigestUpdate(sink->hash, bytes, size * count);
    return size * count;
}

static void prepare(struct http_client *client, const char *method, const char *target,
                    struct curl_slist *list)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    bool whole = strncmp(target, "http", 4) == 0;
    curl_easy_setopt(curl, CURLOPT_URL, keep_text("%s%s", whole ? "" : client->base, target));
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 300L * slowness());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
}

static struct http_answer *perform(struct http_client *client, struct sink *sink)
{
    struct http_answer *answer = keep(calloc(1, sizeof *answer));
    size_t head_length = 0;
    size_t body_length = 0;
    char *head = NULL;
    char *body = NULL;
    sink->head = open_memstream(&head, &head_length);
    sink->body = sink->hash ? NULL : open_memstream(&body, &body_length);
    if (!sink->head || (!sink->hash && !sink->body)) {
        abort();
    }
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, sink);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, sink);
    CURLcode code = curl_easy_perform(client->curl);
    fclose(sink->head);
    answer->head = keep(head);
    if (sink->body) {
        fclose(sink->body);
        answer->body = keep(body);
    }
    long connections = 0;
    curl_easy_getinfo(client->curl, CURLINFO_NUM_CONNECTS, &connections);
    client->connections += connections;
    answer->length = sink->length;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    /* An early answer to a request whose body could not be sent whole is an answer. */
    if (code != CURLE_OK && !(code == CURLE_SEND_ERROR && answer->status >= 400)) {
        answer->status = 0;
        answer->error = curl_easy_strerror(code);
    }
    return answer;
}

struct http_answer *http_send(struct http_client *client, const char *method, const char *target,
                              const char *headers, const void *body, size_t length)
{
    struct curl_slist *list = header_list(client, headers);
    if (body && !(headers && strcasestr(headers, "content-type:"))) {
        list = curl_slist_append(list, "Content-Type:"); /* libcurl adds one of its own otherwise */
    }
    prepare(client, method, target, list);
    if (body) {
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    struct sink sink = {0};
    struct http_answer *answer = perform(client, &sink);
    curl_slist_free_all(list);
    return answer;
}

struct http_answer *http_get(struct http_client *client, const char *target, const char *headers)
{
    return http_send(client, "GET", target, headers, NULL, 0);
}

struct source {
    const struct http_stream *stream;
    struct body_stream body;
    size_t prefix_at;
    size_t suffix_at;
};

static size_t give(const char *text, size_t *at, char *bytes, size_t capacity)
{
    size_t left = text ? strlen(text) - *at : 0;
    size_t length = left < capacity ? left : capacity;
    if (length > 0) {
        memcpy(bytes, text + *at, length);
        *at += length;
    }
    return length;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *ctx)
{
    struct source *source = ctx;
    size_t capacity = size * count;
    size_t length = give(source->stream->prefix, &source->prefix_at, bytes, capacity);
    if (length == 0) {
        length = body_stream_read(&source->body, bytes, capacity);
    }
    if (length == 0) {
        length = give(source->stream->suffix, &source->suffix_at, bytes, capacity);
    }
    return length;
}

struct http_answer *http_send_stream(struct http_client *client, const char *method,
                                     const char *target, const char *headers,
                                     const struct http_stream *stream)
{
    struct curl_slist *list = header_list(client, headers);
    if (stream->chunked) {
        list = curl_slist_append(list, "Transfer-Encoding: chunked");
    }
    prepare(client, method, target, list);
    struct source source = {.stream = stream};
    body_stream_start(&source.body, stream->seed, stream->length);
    uint64_t length = stream->length + (stream->prefix ? strlen(stream->prefix) : 0) +
                      (stream->suffix ? strlen(stream->suffix) : 0);
    curl_easy_setopt(client->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(client->curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(client->curl, CURLOPT_READDATA, &source);
    if (!stream->chunked) {
        curl_easy_setopt(client->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    }
    struct sink sink = {0};
    struct http_answer *answer = perform(client, &sink);
    curl_slist_free_all(list);
    return answer;
}

struct http_answer *http_get_checksum(struct http_client *client, const char *target,
                                      char checksum[SHA256_TEXT])
{
    struct sink sink = {.hash = EVP_MD_CTX_new()};
    if (!sink.hash || EVP_DigestInit_ex(sink.hash, EVP_sha256(), NULL) != 1) {
        abort();
    }
    struct curl_slist *list = header_list(client, NULL);
    prepare(client, "GET", target, list);
    struct http_answer *answer = perform(client, &sink);
    body_checksum_of(sink.hash, checksum);
    curl_slist_free_all(list);
    return answer;
}

/* The value of NAME's occurrence number NTH, and how many there are in *COUNT. */
static const char *find_header(const struct http_answer *answer, const char *name, size_t *count)
{
    const char *value = NULL;
    size_t length = 0;
    *count = 0;
    for (const char *line = strchr(answer->head, '\n'); line; line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            if ((*count)++ == 0) {
                value = line + strlen(name) + 1;
                value += strspn(value, " \t");
                length = strcspn(value, "\r\n");
            }
        }
    }
    return value ? keep_bytes(value, length) : NULL;
}

const char *http_header(const struct http_answer *answer, const char *name)
{
    size_t count = 0;
    return find_header(answer, name, &count);
}

size_t http_header_count(const struct http_answer *answer, const char *name)
{
    size_t count = 0;
    find_header(answer, name, &count);
    return count;
}

long http_connections(const struct http_client *client)
{
    return client->connections;
}
