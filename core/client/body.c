/* SPDX-License-Identifier: Apache-2.0
 *
 * See body.h. */
#include "core/client/body.h"

#include <string.h>

/* Of all fields together; gateways and proxies take headers of 16 KiB. */
enum { HEADERS_MAX = 6 * 1024 };

struct field {
    const char *value, *header, *name;
};
enum { FIELDS = 7 };

static void fields_of(const struct options *options, struct field fields[FIELDS])
{
    const struct field all[FIELDS] = {
        {options->mime_type, "Content-Type", "mimeType"},
        {options->duration_ms, "X-Duration-Ms", "durationMs"},
        {options->session_id, "X-Session-Id", "sessionId"},
        {options->take_index, "X-Take-Index", "takeIndex"},
        {options->owner_email, "X-Owner-Email", "ownerEmail"},
        {options->kind, "X-Kind", "kind"},
        {options->metadata, "X-Media-Metadata", "metadata"},
    };
    memcpy(fields, all, sizeof all);
}

/* Headers carry anything but control characters and outer blanks. */
static bool fits_header(const char *value)
{
    size_t length = strlen(value);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return length > 0 && value[0] != ' ' && value[length - 1] != ' ';
}

static bool fit_headers(const struct field fields[FIELDS])
{
    size_t length = 0;
    bool fit = true;
    for (size_t i = 0; i < FIELDS; i++) {
        fit = fit && (!fields[i].value || fits_header(fields[i].value));
        length += fields[i].value ? strlen(fields[i].value) : 0;
    }
    return fit && length <= HEADERS_MAX;
}

static bool make_raw(struct body *body, const struct field fields[FIELDS],
                     const struct wire_source *content, const char *digest)
{
    bool good = true;
    body->source = *content;
    if (!fields[0].value) { /* else libcurl says it is a form; the gateway looks at the content */
        good = wire_header(&body->headers, "Content-Type", "application/octet-stream");
    }
    for (size_t i = 0; i < FIELDS && good; i++) {
        good = !fields[i].value || wire_header(&body->headers, fields[i].header, fields[i].value);
    }
    return good && (!digest || wire_header(&body->headers, "Content-Digest", digest));
}

static bool make_form(struct body *body, const struct field fields[FIELDS],
                      const struct wire_source *content, const char *digest)
{
    AUTO_BUF struct buf type = {0};
    AUTO_BUF struct buf headers = {0};
    form_start(&body->form);
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].value) {
            form_field(&body->form, fields[i].name, fields[i].value);
        }
    }
    buf_text(&headers, "Content-Type: application/octet-stream\r\n");
    if (digest) {
        buf_printf(&headers, "Content-Digest: %s\r\n", digest);
    }
    buf_printf(&type, "multipart/form-data; boundary=%s", body->form.boundary);
    if (type.failed || headers.failed) {
        return false;
    }
    form_blob(&body->form, content, headers.data);
    return form_source(&body->form, &body->source) &&
           wire_header(&body->headers, "Content-Type", type.data);
}

bool body_make(struct body *body, const struct options *options, const struct wire_source *content,
               const char *digest)
{
    struct field fields[FIELDS];
    fields_of(options, fields);
    return fit_headers(fields) ? make_raw(body, fields, content, digest)
                               : make_form(body, fields, content, digest);
}

void body_free(struct body *body)
{
    form_free(&body->form);
    curl_slist_free_all(body->headers);
    body->headers = NULL;
}
