/* SPDX-License-Identifier: Apache-2.0
 *
 * Places in a config file, and refusals that name them. jansson keeps no positions, so the text is
 * walked once more along a JSON pointer, only when something is refused. */
#include "core/base/json_skip.h"
#include "core/base/text.h"
#include "core/config/inside.h"

#include <ctype.h>
#include <string.h>

char *pointer_member(const char *pointer, const char *key)
{
    AUTO_BUF struct buf out = {0};
    buf_text(&out, pointer);
    buf_text(&out, "/");
    for (; *key; key++) {
        buf_text(&out, *key == '~' ? "~0" : *key == '/' ? "~1" : (char[]){*key, '\0'});
    }
    return buf_take(&out);
}

char *pointer_index(const char *pointer, size_t index)
{
    AUTO_BUF struct buf out = {0};
    buf_printf(&out, "%s/%zu", pointer, index);
    return buf_take(&out);
}

/* ---- Walking the text: valid JSON, so every step finds what it looks for ---- */

/* True where the JSON string at AT is the text KEY. */
static bool string_is(const char *at, const char *key)
{
    size_t length = (size_t)(json_skip_string(at) - at);
    json_t *parsed = json_loadb(at, length, JSON_DECODE_ANY, NULL);
    bool same = parsed && strcmp(json_string_value(parsed), key) == 0;
    json_decref(parsed);
    return same;
}

/* The next reference token of *POINTER, unescaped; to be freed; NULL at the end. */
static char *next_token(const char **pointer)
{
    if (**pointer != '/') {
        return NULL;
    }
    const char *from = *pointer + 1;
    size_t length = strcspn(from, "/");
    *pointer = from + length;
    char *token = strndup(from, length), *to = token;
    for (const char *c = token; c && *c; c++) {
        *to++ = *c != '~' ? *c : *++c == '1' ? '/' : '~';
    }
    if (to) {
        *to = '\0';
    }
    return token;
}

/* Steps from the value at *AT into its part TOKEN; *MARK is what a message shall point at. */
static bool step_into(const char **at, const char *token, const char **mark)
{
    const char *here = json_skip_space(*at);
    bool object = *here == '{';
    size_t index = 0, wanted = (size_t)strtoul(token, NULL, 10);
    if (!object && *here != '[') {
        return false;
    }
    for (here = json_skip_space(here + 1); *here && *here != '}' && *here != ']'; index++) {
        const char *item = here;
        if (object) {
            here = json_skip_space(json_skip_string(here));
            here = json_skip_space(here + 1); /* the colon */
        }
        if (object ? string_is(item, token) : index == wanted) {
            *mark = item;
            *at = here;
            return true;
        }
        here = json_skip_space(json_skip_value(here));
        here = *here == ',' ? json_skip_space(here + 1) : here;
    }
    return false;
}

bool place_find(const char *text, const char *pointer, int *line, int *column)
{
    const char *at = text, *mark = json_skip_space(text);
    for (;;) {
        AUTO_FREE char *token = next_token(&pointer);
        if (!token) {
            break;
        }
        if (!step_into(&at, token, &mark)) {
            return false;
        }
    }
    *line = *column = 1;
    for (const char *c = text; c < mark; c++) {
        if (*c == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            ++*column; /* characters, not bytes */
        }
    }
    return true;
}

void config_locate(const struct config *config, const char *pointer, int *line, int *column)
{
    const char *text = config ? ((const struct config_inside *)config)->text : NULL;
    *line = *column = 0;
    AUTO_FREE char *part = strdup(pointer);
    while (text && part && !place_find(text, part, line, column)) {
        char *slash = strrchr(part, '/');
        if (!slash) {
            break;
        }
        *slash = '\0';
    }
}

/* ---- Refusing ---- */

enum mgw_status config_say(struct mgw_error *error, const char *text)
{
    if (!error) {
        return MGW_INVALID;
    }
    size_t length = strlen(text), most = sizeof error->text - 1;
    if (length > most) {
        for (length = most; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;) {
            length--;
        }
    }
    for (size_t i = 0, n; i < length; i += n) {
        for (n = 1; i + n < length && ((unsigned char)text[i + n] & 0xc0) == 0x80;) {
            n++;
        }
        /* jansson's words may end in the middle of a character */
        memcpy(error->text + i, text + i, n);
        if (!text_is_utf8(text + i, n)) {
            memset(error->text + i, '?', n);
        } else if (iscntrl((unsigned char)text[i])) {
            error->text[i] = ' ';
        }
    }
    error->text[length] = '\0';
    return MGW_INVALID;
}

/* "/url_keys/0/id" -> "url_keys[0].id" */
static void dotted(struct buf *out, const char *pointer)
{
    bool first = true;
    for (;;) {
        AUTO_FREE char *token = next_token(&pointer);
        if (!token) {
            return;
        }
        if (token[0] && strspn(token, "0123456789") == strlen(token)) {
            buf_printf(out, "[%s]", token);
        } else {
            buf_printf(out, "%s%s", first ? "" : ".", token);
        }
        first = false;
    }
}

enum mgw_status config_refuse(const struct config *config, struct mgw_error *error,
                              const char *pointer, const char *format, ...)
{
    AUTO_BUF struct buf out = {0};
    int line, column;
    config_locate(config, pointer, &line, &column);
    if (config && config->path) {
        buf_text(&out, config->path);
        if (line) {
            buf_printf(&out, ":%d:%d", line, column);
        }
        buf_text(&out, ": ");
    }
    if (pointer[0]) {
        buf_text(&out, "key \"");
        dotted(&out, pointer);
        buf_text(&out, "\": ");
    }
    va_list args;
    va_start(args, format);
    buf_vprintf(&out, format, args);
    va_end(args);
    return config_say(error, out.data && !out.failed ? out.data : "out of memory");
}

enum mgw_status config_refuse_unknown(const struct config *config, struct mgw_error *error,
                                      const char *pointer, const char *key,
                                      const char *const *known)
{
    AUTO_FREE char *at = pointer_member(pointer, key);
    const char *nearest = text_nearest(key, known);
    return nearest ? config_refuse(config, error, at ? at : "", "unknown key; did you mean \"%s\"?",
                                   nearest)
                   : config_refuse(config, error, at ? at : "", "unknown key");
}

enum mgw_status config_fault(const struct config *config, struct mgw_error *error,
                             const char *pointer, const char *why)
{
    return config_refuse(config, error, pointer, "%s", why);
}
