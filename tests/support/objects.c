/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/objects.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

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

/* QUERY sorted, each name with "=": that is as far as libcurl 7.88 signs. Kept until the test's
 * end. */
static const char *get(const json_t *storage, const char *query)
{
    struct text text = {0};
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "x-amz-content-sha256: " EMPTY_SHA256);
    curl_easy_setopt(
        curl, CURLOPT_URL,
        keep_text("%s/%s?%s", value(storage, "endpoint"), value(storage, "bucket"), query));
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
    curl_easy_setopt(curl, CURLOPT_USERNAME, value(storage, "access_key"));
    curl_easy_setopt(curl, CURLOPT_PASSWORD, value(storage, "secret_key"));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    const char *body = keep(text.bytes ? text.bytes : strdup(""));
    if (code != CURLE_OK || status != 200) {
        fail_msg("%s: %ld %s %s", query, status, curl_easy_strerror(code), body);
    }
    return body;
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
