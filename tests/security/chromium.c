/* SPDX-License-Identifier: Apache-2.0
 *
 * See chromium.h. The DevTools protocol's flat sessions; events are read over. */
#include "tests/security/chromium.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPLY_MS = 60000, TO_CHILD = 3, FROM_CHILD = 4 };

struct chromium {
    char *dir;
    pid_t pid;
    int to, from;
    char *bytes; /* received, not yet read */
    size_t length, capacity;
    int last_id;
    char *session; /* of the open tab; NULL: none */
};

static _Noreturn void exec_browser(const struct chromium *chromium, const int to[2],
                                   const int from[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    char profile[4200], log[4200];
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", chromium->dir);
    snprintf(log, sizeof log, "%s/chromium.log", chromium->dir);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int read_end = fcntl(to[0], F_DUPFD, 10), write_end = fcntl(from[1], F_DUPFD, 10);
    dup2(out, 1);
    dup2(out, 2);
    dup2(read_end, TO_CHILD);
    dup2(write_end, FROM_CHILD);
    setenv("HOME", chromium->dir, 1); /* nothing of it outside the scratch folder */
    execlp("chromium", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
           "--no-first-run", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio",
           "--autoplay-policy=no-user-gesture-required", "--no-proxy-server",
           "--host-resolver-rules=MAP evil.test 127.0.0.1, MAP other.test 127.0.0.1, "
           "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
           "--remote-debugging-pipe", profile, "about:blank", (char *)NULL);
    _exit(127);
}

struct chromium *chromium_start(void)
{
    struct chromium *chromium = calloc(1, sizeof *chromium);
    int to[2], from[2];
    assert_non_null(chromium);
    chromium->dir = scratch_new();
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    chromium->pid = fork();
    if (chromium->pid == 0) {
        exec_browser(chromium, to, from);
    }
    assert_true(chromium->pid > 0);
    setpgid(chromium->pid, chromium->pid);
    close(to[0]);
    close(from[1]);
    chromium->to = to[1];
    chromium->from = from[0];
    return chromium;
}

void chromium_stop(struct chromium *chromium)
{
    kill(-chromium->pid, SIGKILL); /* its own process group */
    waitpid(chromium->pid, NULL, 0);
    close(chromium->to);
    close(chromium->from);
    wait_ms(100);
    scratch_remove(chromium->dir);
    free(chromium->dir);
    free(chromium->bytes);
    free(chromium->session);
    free(chromium);
}

static void give_up(struct chromium *chromium, const char *why)
{
    const char *log = scratch_read(keep_text("%s/chromium.log", chromium->dir), NULL);
    fail_msg("chromium: %s\n%s", why, log ? log : "");
}

/* The next message; to be released. */
static json_t *receive(struct chromium *chromium, int64_t until)
{
    char *end;
    while (!(end = chromium->length ? memchr(chromium->bytes, '\0', chromium->length) : NULL)) {
        struct pollfd entry = {.fd = chromium->from, .events = POLLIN};
        int64_t left = until - wait_now_ms();
        if (left <= 0 || poll(&entry, 1, (int)left) <= 0) {
            give_up(chromium, "no reply");
        }
        if (chromium->capacity - chromium->length < 65536) {
            chromium->capacity = chromium->capacity * 2 + 131072;
            chromium->bytes = realloc(chromium->bytes, chromium->capacity);
            assert_non_null(chromium->bytes);
        }
        ssize_t got = read(chromium->from, chromium->bytes + chromium->length,
                           chromium->capacity - chromium->length);
        if (got <= 0) {
            give_up(chromium, "it has ended");
        }
        chromium->length += (size_t)got;
    }
    size_t used = (size_t)(end - chromium->bytes) + 1;
    json_t *message = json_loads(chromium->bytes, JSON_ALLOW_NUL, NULL);
    memmove(chromium->bytes, end + 1, chromium->length - used);
    chromium->length -= used;
    assert_non_null(message);
    return message;
}

/* The result of METHOD; PARAMS is taken. Kept. */
static json_t *command(struct chromium *chromium, const char *method, json_t *params)
{
    int id = ++chromium->last_id;
    json_t *message = json_pack("{s:i, s:s, s:o}", "id", id, "method", method, "params",
                                params ? params : json_object());
    assert_non_null(message);
    if (chromium->session) {
        json_object_set_new(message, "sessionId", json_string(chromium->session));
    }
    char *text = keep(json_dumps(message, JSON_COMPACT));
    json_decref(message);
    size_t length = strlen(text) + 1;
    for (size_t at = 0; at < length;) {
        ssize_t sent = write(chromium->to, text + at, length - at);
        if (sent <= 0) {
            give_up(chromium, strerror(errno));
        }
        at += (size_t)sent;
    }
    for (int64_t until = wait_now_ms() + REPLY_MS;;) {
        json_t *reply = keep_json(receive(chromium, until));
        if (json_integer_value(json_object_get(reply, "id")) != id) {
            continue;
        }
        json_t *result = json_object_get(reply, "result");
        if (!result) {
            give_up(chromium, keep(json_dumps(reply, 0)));
        }
        return result;
    }
}

void chromium_open(struct chromium *chromium, const char *url)
{
    free(chromium->session);
    chromium->session = NULL;
    json_t *made =
        command(chromium, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"));
    json_t *attached = command(
        chromium, "Target.attachToTarget",
        json_pack("{s:O, s:b}", "targetId", json_object_get(made, "targetId"), "flatten", 1));
    const char *session = json_string_value(json_object_get(attached, "sessionId"));
    assert_non_null(session);
    chromium->session = strdup(session);
    command(chromium, "Page.enable", NULL);
    command(chromium, "Page.navigate", json_pack("{s:s}", "url", url));
}

const char *chromium_ask(struct chromium *chromium, const char *expression)
{
    json_t *reply = command(chromium, "Runtime.evaluate",
                            json_pack("{s:s, s:b, s:b}", "expression",
                                      keep_text("(async () => String(await (%s)))()", expression),
                                      "awaitPromise", 1, "returnByValue", 1));
    json_t *thrown = json_object_get(reply, "exceptionDetails");
    if (thrown) {
        return keep_text("!%s", (char *)keep(json_dumps(thrown, JSON_COMPACT)));
    }
    const char *value =
        json_string_value(json_object_get(json_object_get(reply, "result"), "value"));
    return keep_text("%s", value ? value : "!");
}

bool chromium_wait(struct chromium *chromium, const char *expression)
{
    const char *last = "";
    for (int64_t until = wait_now_ms() + REPLY_MS; wait_now_ms() < until; wait_ms(50)) {
        last = chromium_ask(chromium, expression);
        if (strcmp(last, "true") == 0) {
            return true;
        }
    }
    print_error("%s is %s\n", expression, last);
    return false;
}

void chromium_screenshot(struct chromium *chromium, const char *path)
{
    json_t *shot = command(chromium, "Page.captureScreenshot", NULL);
    const char *data = json_string_value(json_object_get(shot, "data"));
    assert_non_null(data);
    size_t length = strlen(data);
    unsigned char *bytes = keep(malloc(length));
    int got = EVP_DecodeBlock(bytes, (const unsigned char *)data, (int)length);
    FILE *file = fopen(path, "wbe");
    assert_true(file && got > 0);
    fwrite(bytes, 1, (size_t)got, file);
    fclose(file);
}
