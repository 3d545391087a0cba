/* SPDX-License-Identifier: Apache-2.0
 *
 * See multipart_header.h. */
#include "core/http/multipart_header.h"

#include "core/base/text.h"
#include "core/base/token.h"

#include <strings.h>

struct param {
    char *name;
    char *value; /* unquoted, in place */
};

/* Ends the quoted string at TEXT (behind its first quote) and returns what follows it; NULL: it
 * does not end. A backslash escapes a quote or itself only, as clients write it: "C:\clip.webm" is
 * sent as it stands. */
static char *unquote(char *text)
{
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from == '"') {
            *to = '\0';
            return from + 1;
        }
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\')) {
            from++;
        }
        *to++ = *from;
    }
    return NULL;
}

/* Where reading stands among `; name=value` parameters. */
struct cursor {
    char *at;
    bool separated; /* the ';' before `at` was taken already */
    bool malformed;
};

static bool param_fail(struct cursor *cursor)
{
    cursor->malformed = true;
    return false;
}

/* Moves to the next parameter's name; false at the end. Parameters may be empty. */
static bool param_find(struct cursor *cursor)
{
    for (;;) {
        cursor->at += strspn(cursor->at, " \t");
        if (*cursor->at == '\0') {
            return false;
        }
        if (*cursor->at != ';') {
            return cursor->separated ? true : param_fail(cursor);
        }
        cursor->at++;
        cursor->separated = true;
    }
}

/* Takes the next parameter; false at the end, or where it is malformed. */
static bool param_next(struct cursor *cursor, struct param *param)
{
    if (!param_find(cursor)) {
        return false;
    }
    char *name = cursor->at, *equals = name + token_span(name);
    if (equals == name || *equals != '=') {
        return param_fail(cursor);
    }
    char *value = equals + 1, *end;
    if (*value == '"') {
        end = unquote(++value);
    } else {
        end = value + token_span(value);
        end = end == value ? NULL : end;
    }
    if (!end) {
        return param_fail(cursor);
    }
    char *rest = end + strspn(end, " \t");
    if (*rest != '\0' && *rest != ';') {
        return param_fail(cursor);
    }
    cursor->separated = *rest == ';';
    cursor->at = *rest ? rest + 1 : rest;
    *equals = '\0';
    *end = '\0'; /* harmless behind a quoted value, which ended before */
    *param = (struct param){.name = name, .value = value};
    return true;
}

static bool is_bchar(char c)
{
    return token_alnum(c) || (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

bool multipart_is_form(const char *content_type)
{
    static const char form[] = "multipart/form-data";
    size_t length = sizeof form - 1;
    return content_type && strncasecmp(content_type, form, length) == 0 &&
           !token_char(content_type[length]);
}

const char *multipart_header_boundary(const char *content_type,
                                      char boundary[MULTIPART_BOUNDARY_MAX + 1])
{
    if (!multipart_is_form(content_type)) {
        return "the Content-Type is not multipart/form-data";
    }
    AUTO_FREE char *copy = strdup(content_type);
    if (!copy) {
        return "";
    }
    struct cursor cursor = {.at = copy + strlen("multipart/form-data")};
    struct param param;
    size_t length = 0;
    while (param_next(&cursor, &param)) {
        if (strcasecmp(param.name, "boundary") != 0) {
            continue;
        }
        if (length > 0) {
            return "the multipart boundary is given twice";
        }
        length = strlen(param.value);
        size_t good = 0;
        while (is_bchar(param.value[good])) {
            good++;
        }
        if (length == 0 || length > MULTIPART_BOUNDARY_MAX || good != length ||
            param.value[length - 1] == ' ') {
            return "the multipart boundary is not 1 to 70 of the characters that RFC 2046 allows";
        }
        memcpy(boundary, param.value, length + 1);
    }
    if (cursor.malformed) {
        return "the multipart Content-Type is malformed";
    }
    return length > 0 ? NULL : "the multipart Content-Type has no boundary";
}

/* Browsers write a quote and line ends in a name as %22, %0D and %0A, and nothing else that way. */
static void decode_name(char *name)
{
    char *to = name;
    for (const char *from = name; *from; from++) {
        char c = *from;
        if (c == '%' && from[1]) {
            char decoded = strncmp(from, "%22", 3) == 0       ? '"'
                           : strncasecmp(from, "%0d", 3) == 0 ? '\r'
                           : strncasecmp(from, "%0a", 3) == 0 ? '\n'
                                                              : '\0';
            if (decoded) {
                c = decoded;
                from += 2;
            }
        }
        *to++ = c;
    }
    *to = '\0';
}

static const char *check_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > MULTIPART_NAME_MAX) {
        return "a multipart part's name is empty or longer than 256 bytes";
    }
    if (!text_is_utf8(name, length)) {
        return "a multipart part's name is not UTF-8";
    }
    for (; *name; name++) {
        if ((unsigned char)*name < 0x20 || *name == 0x7f) {
            return "a multipart part's name has a control character";
        }
    }
    return NULL;
}

/* `form-data; name="…"; filename="…"` */
static const char *read_disposition(char *value, struct multipart_part *part)
{
    static const char malformed[] = "a multipart part's Content-Disposition is malformed";
    size_t type = token_span(value);
    if (type != 9 || strncasecmp(value, "form-data", 9) != 0) {
        return "a multipart part's Content-Disposition is not form-data";
    }
    struct cursor cursor = {.at = value + type};
    struct param param;
    char *name = NULL;
    while (param_next(&cursor, &param)) {
        if (strcasecmp(param.name, "name") == 0) {
            if (name) {
                return malformed;
            }
            name = param.value;
        } else if (strcasecmp(param.name, "filename") == 0) {
            if (part->file_name && *part->file_name) {
                return malformed;
            }
            part->file_name = param.value;
        } else if (strcasecmp(param.name, "filename*") == 0) {
            part->file_name = part->file_name ? part->file_name : "";
        } else if (strcasecmp(param.name, "name*") == 0) {
            return "a multipart part's name is given as name*, which RFC 7578 does not allow";
        }
    }
    if (cursor.malformed) {
        return malformed;
    }
    if (!name) {
        return "a multipart part has no name";
    }
    decode_name(name);
    part->name = name;
    return check_name(name);
}

static const char *store_once(const char **slot, const char *value)
{
    if (*slot) {
        return "a multipart part has the same header twice";
    }
    *slot = value;
    return NULL;
}

/* One header line's name and value. */
static const char *read_header(const char *name, char *value, struct multipart_part *part)
{
    if (strcasecmp(name, "Content-Disposition") == 0) {
        return part->name ? "a multipart part has the same header twice"
                          : read_disposition(value, part);
    }
    if (strcasecmp(name, "Content-Type") == 0) {
        return strncasecmp(value, "multipart/", 10) == 0 ? "multipart within multipart is not taken"
                                                         : store_once(&part->content_type, value);
    }
    if (strcasecmp(name, "Content-Digest") == 0) {
        return store_once(&part->content_digest, value);
    }
    if (strcasecmp(name, "Repr-Digest") == 0) {
        return store_once(&part->repr_digest, value);
    }
    /* RFC 7578 section 4.7 deprecates it; taking the bytes as they are would store the encoding. */
    if (strcasecmp(name, "Content-Transfer-Encoding") == 0 && strcasecmp(value, "binary") != 0 &&
        strcasecmp(value, "8bit") != 0 && strcasecmp(value, "7bit") != 0) {
        return "a multipart part has a Content-Transfer-Encoding that is not taken";
    }
    return NULL;
}

const char *multipart_header_read(char *text, size_t length, struct multipart_part *part)
{
    *part = (struct multipart_part){0};
    if (memchr(text, '\0', length)) {
        return "a multipart part's header has a NUL";
    }
    while (*text) {
        char *end = strstr(text, "\r\n");
        size_t name = token_span(text);
        if (!end || name == 0 || text[name] != ':') {
            return "a multipart part has a malformed header line";
        }
        *end = '\0';
        text[name] = '\0';
        char *value = text + name + 1 + strspn(text + name + 1, " \t");
        for (char *last = end; last > value && (last[-1] == ' ' || last[-1] == '\t');) {
            *--last = '\0';
        }
        const char *wrong = read_header(text, value, part);
        if (wrong) {
            return wrong;
        }
        text = end + 2;
    }
    return part->name ? NULL : "a multipart part has no name";
}
