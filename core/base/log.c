/* SPDX-License-Identifier: Apache-2.0
 *
 * See log.h. A line is built whole and written by one write(2), so that lines of several threads
 * never mix. */
#include "core/base/log.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic int log_least = LOG_LEVEL_INFO;
static _Atomic int log_form = LOG_FORMAT_LOGFMT;
static _Atomic(void (*)(int, const char *)) log_sink;

static const char *const level_names[] = {"", "debug", "info", "warn", "error"};

void log_setup(enum log_format format, enum log_level least, int fd)
{
    log_form = (int)format;
    log_least = (int)least;
    log_fd = fd;
}

void log_redirect(void (*to)(int level, const char *line))
{
    log_sink = to;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= log_least;
}

/* TEXT in double quotes, escaped as JSON does; bytes that are no UTF-8 and control characters as
 * \u00XX. */
static void put_quoted(struct buf *buf, const char *text)
{
    size_t length = strlen(text);
    bool utf8 = text_is_utf8(text, length);
    buf_append(buf, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            buf_append(buf, (const char[]){'\\', (char)c}, 2);
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
            buf_printf(buf, "\\u%04x", c);
        } else if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
            /* U+0080 to U+009F drive terminals too */
            buf_printf(buf, "\\u%04x", (unsigned char)text[++i]);
        } else {
            buf_append(buf, &text[i], 1);
        }
    }
    buf_append(buf, "\"", 1);
}

static bool is_plain(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return true;
}

static void put_field(struct buf *buf, bool json, const struct log_field *field)
{
    if (json) {
        buf_append(buf, ",", 1);
        put_quoted(buf, field->name);
        buf_append(buf, ":", 1);
    } else {
        buf_append(buf, " ", 1);
        buf_text(buf, field->name);
        buf_append(buf, "=", 1);
    }
    if (field->is_number) {
        buf_number(buf, field->number);
    } else if (!json && is_plain(field->text)) {
        buf_text(buf, field->text);
    } else {
        put_quoted(buf, field->text);
    }
}

static void write_line(const struct buf *line)
{
    const char *at = line->data;
    size_t left = line->length;
    while (left > 0) {
        ssize_t n = write(log_fd, at, left);
        if (n < 0 && errno != EINTR) {
            return; /* there is nowhere to say it */
        }
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        }
    }
}

void log_fields(enum log_level level, const char *message, const struct log_field *fields)
{
    if (!log_enabled(level)) {
        return;
    }
    char time[CLOCK_ISO_SIZE];
    clock_iso(clock_wall_ms(), time);
    bool json = log_form == LOG_FORMAT_JSON;
    AUTO_BUF struct buf line = {.max = 16384};
    buf_printf(&line,
               json ? "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":" : "time=%s level=%s msg=", time,
               level_names[level]);
    put_quoted(&line, message);
    for (; fields->name; fields++) {
        if (fields->text || fields->is_number) {
            put_field(&line, json, fields);
        }
    }
    buf_text(&line, json ? "}" : "");
    if (line.failed) {
        return;
    }
    void (*to)(int, const char *) = log_sink;
    if (to) {
        to((int)level, line.data);
        return;
    }
    buf_append(&line, "\n", 1);
    write_line(&line);
}
