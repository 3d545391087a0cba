/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/api.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

json_t *api_json(const struct http_answer *answer)
{
    const char *type = http_header(answer, "Content-Type");
    if (!type || strncasecmp(type, "application/json", 16) != 0) {
        fail_msg("no JSON but %s: %s%s", type ? type : "no type", answer->head, answer->body);
    }
    json_error_t error;
    json_t *json = json_loadb(answer->body, answer->length, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        fail_msg("JSON: %s: %s", error.text, answer->body);
    }
    return keep_json(json);
}

json_t *api_expect(const struct http_answer *answer, long status)
{
    if (answer->status != status) {
        fail_msg("expected %ld, got %ld (%s)\n%s%s", status, answer->status,
                 answer->error ? answer->error : "", answer->head ? answer->head : "",
                 answer->body ? answer->body : "");
    }
    return api_json(answer);
}

void api_error(const struct http_answer *answer, long status, const char *error)
{
    json_t *json = api_expect(answer, status);
    const char *got = json_string_value(json_object_get(json, "error"));
    const char *message = json_string_value(json_object_get(json, "message"));
    const char *request_id = json_string_value(json_object_get(json, "requestId"));
    const char *header = http_header(answer, "X-Request-Id");
    if (!got || !*got || !message || !*message || !request_id || !*request_id || !header) {
        fail_msg("an error needs error, message, requestId and X-Request-Id: %s%s", answer->head,
                 answer->body);
    }
    assert_string_equal(request_id, header);
    if (error) {
        assert_string_equal(got, error);
    }
}

struct http_answer *api_post(struct http_client *client, const struct form *form,
                             const char *headers)
{
    const char *all =
        keep_text("Content-Type: %s%s%s", FORM_TYPE, headers ? "\n" : "", headers ? headers : "");
    return http_send(client, "POST", API_RECORDINGS, all, form->bytes, form->length);
}

struct http_answer *api_post_raw(struct http_client *client, const char *query, const char *type,
                                 struct body body, const char *headers)
{
    const char *target = keep_text("%s%s", API_RECORDINGS, query);
    const char *all = keep_text("%s%s%s%s", type ? "Content-Type: " : "", type ? type : "",
                                type && headers ? "\n" : "", headers ? headers : "");
    return http_send(client, "POST", target, *all ? all : NULL, body.bytes, body.length);
}

json_t *api_upload(struct http_client *client, const char *type, struct body body)
{
    struct form *form = form_new();
    form_field(form, "mimeType", type);
    form_field(form, "durationMs", "5000");
    form_blob(form, type, body);
    form_end(form);
    return api_expect(api_post(client, form, NULL), 201);
}

json_t *api_upload_session(struct http_client *client, const char *type, struct body body,
                           const char *session_id)
{
    struct form *form = form_new();
    form_blob(form, type, body);
    form_field(form, "mimeType", type);
    form_field(form, "durationMs", "5000");
    form_field(form, "sessionId", session_id);
    form_end(form);
    return api_expect(api_post(client, form, NULL), 201);
}

const char *api_text(const json_t *answer, const char *field)
{
    return json_string_value(json_object_get(json_object_get(answer, "row"), field));
}

const char *api_id(const json_t *answer)
{
    const char *id = api_text(answer, "id");
    assert_non_null(id);
    return id;
}

const char *api_url(const json_t *answer)
{
    const char *url = json_string_value(json_object_get(answer, "signedUrl"));
    assert_non_null(url);
    const char *authority = strstr(url, "://");
    if (authority) {
        url = strchr(authority + 3, '/');
        assert_non_null(url);
    }
    assert_int_equal(strncmp(url, "/media/", 7), 0);
    return url;
}

const char *api_path(const json_t *answer, const char *suffix)
{
    return keep_text("/api/media/%s%s", api_id(answer), suffix);
}

bool api_is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (!text || strlen(text) != strlen(form)) {
        return false;
    }
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i]) {
            return false;
        }
    }
    return true;
}

size_t api_count(struct http_client *client, const char *query)
{
    struct http_answer *answer = http_get(client, keep_text("/api/media%s", query), NULL);
    return json_array_size(json_object_get(api_expect(answer, 200), "items"));
}
