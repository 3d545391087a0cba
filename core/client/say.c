/* SPDX-License-Identifier: Apache-2.0
 *
 * See say.h. */
#include "core/client/say.h"

#include "core/base/text.h"
#include "core/client/client.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>

static void say_line(const char *text)
{
    AUTO_BUF struct buf line = {0};
    buf_text(&line, "mediagw: ");
    text_clean(&line, text);
    buf_text(&line, "\n");
    fputs(line.failed ? "mediagw: out of memory\n" : line.data, stderr);
}

int say(int exit, const char *format, ...)
{
    AUTO_BUF struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    say_line(text.failed ? "out of memory" : text.data);
    return exit;
}

static const struct {
    long status;
    const char *error; /* NULL: any */
    const char *advice;
} advices[] = {
    {400, "digest_mismatch",
     "it changed while it was sent, or was damaged on the way: send it again"},
    {401, NULL, "give a key by --key-file, MEDIAGW_KEY or client.json"},
    {403, NULL, "use a key of the account that it belongs to, with the scope that it needs"},
    {404, NULL, "`mediagw ls` shows what is there"},
    {409, NULL, "try again later"},
    {413, NULL, "the gateway's max_upload_bytes sets the limit"},
    {415, NULL, "name its type by --mime-type, or allow it in the gateway's media.mime_types"},
    {421, NULL, "reach a gateway without a config as localhost or 127.0.0.1"},
    {422, "idempotency_mismatch", "take another --idempotency-key for other content"},
    {429, NULL, "try again later"},
    {431, NULL, "the values given are too long for headers"},
    {502, NULL, "try again later"},
    {503, NULL, "try again later"},
    {504, NULL, "try again later"},
    {507, NULL, "remove something, or give the gateway's store more room"},
};

static const char *advice_for(long status, const char *error)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        const char *only = advices[i].error;
        if (advices[i].status == status && (!only || (error && strcmp(only, error) == 0))) {
            return advices[i].advice;
        }
    }
    return NULL;
}

int say_refused(const char *what, const struct wire_answer *answer)
{
    json_t *json =
        json_loadb(answer->body.data ? answer->body.data : "", answer->body.length, 0, NULL);
    const char *error = json_string_value(json_object_get(json, "error"));
    const char *message = json_string_value(json_object_get(json, "message"));
    const char *request = json_string_value(json_object_get(json, "requestId"));
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "%s: ", what);
    if (answer->status >= 300 && answer->status < 400) {
        buf_printf(&text,
                   "a redirect to %s, which is not followed (HTTP %ld): give the right --url",
                   answer->location ? answer->location : "nowhere", answer->status);
    } else {
        const char *advice = advice_for(answer->status, error);
        buf_printf(&text, "%s (HTTP %ld", message ? message : "no answer of a media gateway",
                   answer->status);
        buf_printf(&text, error ? " %s" : "%s", error ? error : "");
        buf_printf(&text, request ? ", request %s)" : ")%s", request ? request : "");
        buf_printf(&text, advice ? ": %s" : "%s", advice ? advice : "");
    }
    say_line(text.failed ? "out of memory" : text.data);
    json_decref(json);
    return CLIENT_FAILED;
}

int say_cut(const char *what, const char *why)
{
    return say(CLIENT_FAILED, "%s: %s: see that the gateway runs and --url is right", what, why);
}

int say_unwritable(void)
{
    if (errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return say(CLIENT_FAILED, "cannot write to standard output: %s", strerror(errno));
}

int say_flush(int exit)
{
    errno = 0;
    return fflush(stdout) == 0 && !ferror(stdout) ? exit : say_unwritable();
}
