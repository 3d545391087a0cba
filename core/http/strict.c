/* SPDX-License-Identifier: Apache-2.0
 *
 * See strict.h. */
#include "core/http/strict.h"

#include "core/base/token.h"

#include <strings.h>

/* Headers that may come once. The first few are looked at further. */
enum { CONTENT_LENGTH, TRANSFER_ENCODING, HOST, ONCE = 9 };
static const char *const once[ONCE] = {
    [CONTENT_LENGTH] = "Content-Length",
    [TRANSFER_ENCODING] = "Transfer-Encoding",
    [HOST] = "Host",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Range",
    "X-Account-Id",
    "X-Api-Key",
};
static const char *const twice[ONCE] = {
    "Content-Length is given twice", "Transfer-Encoding is given twice",
    "Host is given twice",           "Authorization is given twice",
    "Content-Type is given twice",   "Idempotency-Key is given twice",
    "Range is given twice",          "X-Account-Id is given twice",
    "X-Api-Key is given twice",
};

static bool is_token(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && token_char(text[i])) {
        i++;
    }
    return length > 0 && i == length;
}

static const char *check_header(const struct strict_header *header)
{
    if (!is_token(header->name, header->name_length)) {
        return "a header's name is not a token";
    }
    for (size_t i = 0; header->value && i < header->value_length; i++) {
        char c = header->value[i];
        if (c == '\0' || c == '\r' || c == '\n') {
            return "a header's value has a NUL or a line end";
        }
    }
    return NULL;
}

static const char *check_length(const struct strict_header *length)
{
    size_t i = 0;
    while (i < length->value_length && token_digit(length->value[i])) {
        i++;
    }
    return i > 0 && i == length->value_length && i <= 19 ? NULL : "Content-Length is not a number";
}

/* Whether TEXT is a port, or nothing. */
static bool is_port(const char *text, size_t length)
{
    unsigned port = 0;
    for (size_t i = 0; i < length; i++) {
        if (!token_digit(text[i]) || port > 6553) {
            return false;
        }
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= 65535;
}

/* uri-host [ ":" port ] (RFC 9110 section 7.2): a bracketed address, or a name of RFC 3986's
 * reg-name characters without escapes. */
static bool is_host(const char *text, size_t length)
{
    size_t end = 0;
    if (length > 0 && text[0] == '[') {
        for (end = 1; end < length && text[end] != ']'; end++) {
            if (!token_alnum(text[end]) && !strchr(":.%", text[end])) {
                return false;
            }
        }
        if (end == length || end == 1) {
            return false;
        }
        end++;
    } else {
        while (end < length &&
               (token_alnum(text[end]) || (text[end] && strchr("-._~!$&'()*+,;=", text[end])))) {
            end++;
        }
        if (end == 0) {
            return false;
        }
    }
    return end == length || (text[end] == ':' && is_port(text + end + 1, length - end - 1));
}

static bool is_old(const struct strict_request *request)
{
    return strcmp(request->version, "HTTP/1.0") == 0;
}

static const char *check_framing(const struct strict_request *request,
                                 const struct strict_header *const found[ONCE])
{
    const struct strict_header *length = found[CONTENT_LENGTH], *coding = found[TRANSFER_ENCODING];
    if (length && coding) {
        return "Content-Length beside Transfer-Encoding";
    }
    if (coding && (is_old(request) || coding->value_length != 7 ||
                   strncasecmp(coding->value, "chunked", 7) != 0)) {
        return "the Transfer-Encoding is not chunked";
    }
    if (length) {
        return check_length(length);
    }
    return NULL;
}

const char *strict_check(const struct strict_request *request)
{
    if (!is_token(request->method, strlen(request->method))) {
        return "the method is not a token";
    }
    if (request->target && request->target[0] != '/') {
        return "the request target is not a path";
    }
    const struct strict_header *found[ONCE] = {0};
    for (size_t i = 0; i < request->count; i++) {
        const struct strict_header *header = &request->headers[i];
        const char *wrong = check_header(header);
        if (wrong) {
            return wrong;
        }
        for (size_t j = 0; j < ONCE; j++) {
            if (strlen(once[j]) != header->name_length ||
                strncasecmp(once[j], header->name, header->name_length) != 0) {
                continue;
            }
            if (found[j]) {
                return twice[j];
            }
            found[j] = header;
        }
    }
    const struct strict_header *host = found[HOST];
    if (!host && !is_old(request)) {
        return "there is no Host";
    }
    if (host && !is_host(host->value ? host->value : "", host->value_length)) {
        return "the Host is malformed";
    }
    return check_framing(request, found);
}
