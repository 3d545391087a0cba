/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/direct.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <string.h>
#include <strings.h>

struct http_answer *direct_ask(struct http_client *client, const char *json, const char *headers)
{
    const char *all = keep_text("Content-Type: application/json%s%s", headers ? "\n" : "",
                                headers ? headers : "");
    return http_send(client, "POST", DIRECT_TARGET, all, json, strlen(json));
}

json_t *direct_begin(struct http_client *client, const char *type, struct body body,
                     const char *more)
{
    const char *json =
        keep_text("{\"mimeType\": \"%s\", \"sizeBytes\": %zu%s}", type, body.length, more);
    return api_expect(direct_ask(client, json, NULL), 201);
}

const char *direct_target(const char *url)
{
    const char *own = strstr(url, "&kid=") ? strstr(url, "/media/") : NULL;
    return own ? own : url;
}

static const char *headers_of(json_t *request, const char *type)
{
    const char *name, *all = "";
    json_t *value;
    json_object_foreach(json_object_get(request, "headers"), name, value)
    {
        if (strcasecmp(name, "Content-Length") == 0) {
            continue; /* the client sends that of the bytes it has, right or wrong */
        }
        bool other = type && strcasecmp(name, "Content-Type") == 0;
        all = keep_text("%s%s%s: %s", all, *all ? "\n" : "", name,
                        other ? type : json_string_value(value));
    }
    return *all ? all : NULL;
}

static struct http_answer *send_one(struct http_client *nobody, json_t *request, const char *type,
                                    struct body body)
{
    const char *url = json_string_value(json_object_get(request, "url"));
    const char *method = json_string_value(json_object_get(request, "method"));
    assert_non_null(url);
    assert_non_null(method);
    return http_send(nobody, method, direct_target(url), headers_of(request, type),
                     body.length ? body.bytes : "", body.length);
}

struct http_answer *direct_send(struct http_client *nobody, json_t *begun, const char *type,
                                struct body body)
{
    json_t *upload = json_object_get(begun, "upload");
    json_t *parts = json_object_get(upload, "parts"), *part;
    struct http_answer *answer = NULL;
    size_t i;
    assert_non_null(upload);
    if (!parts) {
        return send_one(nobody, upload, type, body);
    }
    json_array_foreach(parts, i, part)
    {
        size_t offset = (size_t)json_integer_value(json_object_get(part, "offset"));
        size_t length = (size_t)json_integer_value(json_object_get(part, "length"));
        assert_true(offset <= body.length);
        length = length < body.length - offset ? length : body.length - offset;
        struct body piece = {(const char *)body.bytes + offset, length};
        answer = send_one(nobody, part, type, piece);
        if (!direct_taken(answer)) {
            break;
        }
    }
    assert_non_null(answer);
    return answer;
}

bool direct_taken(const struct http_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

struct http_answer *direct_complete(struct http_client *client, json_t *begun)
{
    const char *path = json_string_value(json_object_get(begun, "completePath"));
    assert_non_null(path);
    return http_send(client, "POST", path, "Content-Type: application/json", "{}", 2);
}

struct http_answer *direct_fetch(struct http_client *nobody, json_t *answer)
{
    const char *url = json_string_value(json_object_get(answer, "signedUrl"));
    assert_non_null(url);
    return http_get(nobody, direct_target(url), NULL);
}

const char *direct_url(json_t *begun)
{
    const char *url = json_string_value(json_object_get(json_object_get(begun, "upload"), "url"));
    assert_non_null(url);
    return direct_target(url);
}
