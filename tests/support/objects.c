/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/objects.h"

#include "tests/support/body.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t length;
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

static const char *value(const json_t *storage, const char *key)
{
    const char *text = json_string_value(json_object_get(storage, key));
    return text ? text : "";
}

/* What is asked for, and what it is answered. */
struct ask {
    const char *method;
    const char *target; /* behind the bucket */
    const void *bytes;  /* NULL: none */
    size_t length;
    struct text text;
    long status;
};

static struct curl_slist *headers_of(const struct ask *ask)
{
    char checksum[SHA256_TEXT];
    body_checksum(ask->bytes ? ask->bytes : "", ask->length, checksum);
    const char *line = keep_text("x-amz-content-sha256: %s", strchr(checksum, ':') + 1);
    struct curl_slist *headers = curl_slist_append(NULL, line);
    return curl_slist_append(headers, "Content-Type: video/webm");
}

static CURLcode transfer(const json_t *storage, struct ask *ask)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = headers_of(ask);
    curl_easy_setopt(
        curl, CURLOPT_URL,
        keep_text("%s/%s%s", value(storage, "endpoint"), value(storage, "bucket"), ask->target));
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
    curl_easy_setopt(curl, CURLOPT_USERNAME, value(storage, "access_key"));
    curl_easy_setopt(curl, CURLOPT_PASSWORD, value(storage, "secret_key"));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ask->text);
    if (ask->bytes) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->bytes);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->length);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask->method);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ask->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code;
}

static void run(const json_t *storage, struct ask *ask)
{
    CURLcode code = transfer(storage, ask);
    ask->text.bytes = keep(ask->text.bytes ? ask->text.bytes : strdup(""));
    if (code != CURLE_OK || ask->status / 100 != 2) {
        fail_msg("%s %s: %ld %s %s", ask->method, ask->target, ask->status,
                 curl_easy_strerror(code), ask->text.bytes);
    }
}

/* QUERY sorted, each name with "=": that is as far as libcurl 7.88 signs. Kept until the test's
 * end. */
static const char *get(const json_t *storage, const char *query)
{
    struct ask ask = {.method = "GET", .target = keep_text("?%s", query)};
    run(storage, &ask);
    return ask.text.bytes;
}

static struct ask ask_for(const json_t *storage, const char *method, const char *name)
{
    return (struct ask){.method = method,
                        .target = keep_text("/%s%s", value(storage, "prefix"), name)};
}

char *objects_read(const json_t *storage, const char *name, size_t *length)
{
    struct ask ask = ask_for(storage, "GET", name);
    run(storage, &ask);
    *length = ask.text.length;
    return ask.text.bytes;
}

void objects_write(const json_t *storage, const char *name, const void *bytes, size_t length)
{
    struct ask ask = ask_for(storage, "PUT", name);
    ask.bytes = bytes;
    ask.length = length;
    run(storage, &ask);
}

void objects_remove(const json_t *storage, const char *name)
{
    struct ask ask = ask_for(storage, "DELETE", name);
    run(storage, &ask);
}

/* The names <TAG>…</TAG> in BODY; LAST gets the last one. */
static size_t names(const char *body, const char *tag, size_t skip, char last[1025],
                    void (*each)(void *ctx, const char *name), void *ctx)
{
    const char *open = keep_text("<%s>", tag);
    size_t count = 0;
    for (const char *at = strstr(body, open); at; at = strstr(at, open)) {
        at += strlen(open);
        snprintf(last, 1025, "%.*s", (int)strcspn(at, "<"), at);
        if (each && strlen(last) >= skip) {
            each(ctx, last + skip);
        }
        count++;
    }
    return count;
}

size_t objects_count(const json_t *storage, const char *rest,
                     void (*each)(void *ctx, const char *name), void *ctx)
{
    size_t count = 0, skip = strlen(value(storage, "prefix"));
    char last[1025] = "";
    char *prefix = curl_easy_escape(NULL, keep_text("%s%s", value(storage, "prefix"), rest), 0);
    const char *body;
    do {
        char *after = curl_easy_escape(NULL, last, 0);
        body = get(storage, keep_text("list-type=2&max-keys=1000&prefix=%s&start-after=%s", prefix,
                                      *last ? after : ""));
        curl_free(after);
        count += names(body, "Key", skip, last, each, ctx);
    } while (strstr(body, "<IsTruncated>true<"));
    curl_free(prefix);
    return count;
}

size_t objects_uploads_of(const json_t *storage, const char *name)
{
    char last[1025] = "";
    char *prefix = curl_easy_escape(NULL, keep_text("%s%s", value(storage, "prefix"), name), 0);
    const char *body = get(storage, keep_text("prefix=%s&uploads=", prefix));
    curl_free(prefix);
    return names(body, "UploadId", 0, last, NULL, NULL);
}

size_t objects_uploads(const json_t *storage)
{
    return objects_uploads_of(storage, "");
}
