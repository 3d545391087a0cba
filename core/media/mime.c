/* SPDX-License-Identifier: Apache-2.0
 *
 * See mime.h. */
#include "core/media/mime.h"

#include "core/base/token.h"

#include <strings.h>

/* The length of a parameter's value at TEXT: a quoted string, or a token with commas in it; 0:
 * none.
 */
static size_t value_span(const char *text)
{
    if (*text != '"') {
        size_t length = 0;
        while (token_char(text[length]) || text[length] == ',') {
            length++;
        }
        return length;
    }
    for (size_t i = 1; text[i]; i++) {
        if (text[i] == '"') {
            return i + 1;
        }
        if (text[i] == '\\') {
            i++;
        }
        if (text[i] != '\t' && (text[i] < ' ' || text[i] > '~')) {
            return 0;
        }
    }
    return 0;
}

const char *mime_check(const char *type)
{
    if (strlen(type) > MIME_MAX) {
        return "the media type is longer than 255 bytes";
    }
    size_t main = token_span(type), sub = type[main] == '/' ? token_span(type + main + 1) : 0;
    if (main == 0 || sub == 0) {
        return "the media type is not of the form type/subtype";
    }
    if (memchr(type, '*', main + 1 + sub)) {
        return "the media type is a wildcard";
    }
    const char *at = type + main + 1 + sub;
    while (*at) {
        at = token_skip(at);
        if (*at != ';') {
            return "the media type has something other than parameters behind its subtype";
        }
        at = token_skip(at + 1);
        size_t name = token_span(at);
        if (name == 0) {
            continue; /* RFC 9110 section 5.6.6 lets a parameter be empty */
        }
        size_t value = at[name] == '=' ? value_span(at + name + 1) : 0;
        if (value == 0) {
            return "the media type has a malformed parameter";
        }
        at += name + 1 + value;
    }
    return NULL;
}

/* How many characters of TYPE are "type/subtype"; *SLASH is where the slash stands. 0: malformed.
 */
static size_t essence(const char *type, size_t *slash)
{
    *slash = token_span(type);
    size_t sub = type[*slash] == '/' ? token_span(type + *slash + 1) : 0;
    size_t end = *slash + 1 + sub;
    return *slash == 0 || sub == 0 || !memchr("; \t", type[end], 4) ? 0 : end;
}

/* True for the types that a browser runs as a document (svg, html and anything XML, which may carry
 * script): the words of the subtype tell, however they are joined. */
static bool is_document(const char *type)
{
    static const char *const words[] = {"svg",   "xml", "html", "htm",
                                        "xhtml", "xsl", "xslt", "mathml"};
    size_t slash, end = essence(type, &slash);
    for (size_t at = slash + 1; at < end;) {
        size_t length = strcspn(type + at, "+.-; \t");
        length = length < end - at ? length : end - at;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (strlen(words[i]) == length && strncasecmp(type + at, words[i], length) == 0) {
                return true;
            }
        }
        at += length + 1;
    }
    return false;
}

bool mime_allowed(const char *type, const char *const *allowed)
{
    size_t slash, length = essence(type, &slash);
    if (length == 0) {
        return false;
    }
    for (; *allowed; allowed++) {
        size_t rule = strlen(*allowed);
        if (rule == slash + 2 && (*allowed)[slash + 1] == '*') {
            if (strncasecmp(type, *allowed, slash + 1) == 0 && !is_document(type)) {
                return true;
            }
        } else if (rule == length && strncasecmp(type, *allowed, length) == 0) {
            return true;
        }
    }
    return false;
}

const char *mime_check_rule(const char *rule)
{
    size_t slash, length = essence(rule, &slash);
    if (length == 0 || length > MIME_MAX || rule[length] != '\0') {
        return "it is neither \"type/subtype\" nor \"type/*\"";
    }
    const char *star = strchr(rule, '*');
    if (star && (star != rule + slash + 1 || star[1] != '\0')) {
        return "a star stands for a whole subtype, as in \"video/*\"";
    }
    return NULL;
}

static bool has_main(const char *type, const char *main)
{
    return strncasecmp(type, main, strlen(main)) == 0;
}

const char *mime_kind(const char *type)
{
    return has_main(type, "video/")   ? "video"
           : has_main(type, "audio/") ? "audio"
           : has_main(type, "image/") ? "image"
                                      : "file";
}

bool mime_is_inline(const char *type)
{
    static const char *const images[] = {"image/png",  "image/jpeg", "image/gif",
                                         "image/webp", "image/avif", NULL};
    if (has_main(type, "video/") || has_main(type, "audio/")) {
        return !is_document(type); /* browsers take anything that ends in +xml for a document */
    }
    return mime_allowed(type, images);
}
