/* SPDX-License-Identifier: Apache-2.0
 *
 * See kit.h. */
#include "tests/cli/kit.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct gateway *gw;
struct body video, small;
static unsigned files;

/* As tests/data/NAME, for all tests. */
static struct body copy_of(const char *name)
{
    struct body body = body_file(name);
    void *bytes = malloc(body.length);
    assert_non_null(bytes);
    memcpy(bytes, body.bytes, body.length);
    return (struct body){bytes, body.length};
}

static void drop(struct body *body)
{
    free((void *)(uintptr_t)body->bytes);
    *body = (struct body){0};
}

int kit_start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"mime_types\": [\"video/*\", \"audio/*\", \"image/*\"], "
                     "\"lease_sec\": 2}}");
    setenv("MEDIAGW_KEY", gw->token, 1);
    setenv("XDG_CONFIG_HOME", gw->server->dir, 1);
    setenv("mediagw", mediagw_command(), 1);
    video = copy_of("chromium-video-5s.webm");
    small = copy_of("chromium-video-short.webm");
    unsetenv("MEDIAGW_ACCOUNT");
    unsetenv("http_proxy");
    kit_direct();
    return 0;
}

int kit_stop(void **state)
{
    (void)state;
    drop(&video);
    drop(&small);
    return gateway_free(gw);
}

void kit_direct(void)
{
    setenv("MEDIAGW_URL", keep_text("http://127.0.0.1:%u", gw->server->port), 1);
}

int kit_end(void **state)
{
    setenv("MEDIAGW_KEY", gw->token, 1);
    kit_direct();
    return keep_teardown(state);
}

struct proxy *kit_proxy(const struct proxy_plan *plans, size_t count)
{
    const struct proxy_plan *copy =
        (const struct proxy_plan *)(const void *)keep_bytes(plans, count * sizeof *plans);
    struct proxy *proxy = proxy_new(gw->server->port, copy, count);
    setenv("MEDIAGW_URL", proxy_url(proxy), 1);
    return proxy;
}

char *kit_path(const char *name)
{
    char *folder = keep_text("%s/test-%u", gw->server->dir, files++);
    assert_int_equal(mkdir(folder, 0700), 0);
    return keep_text("%s/%s", folder, name);
}

char *kit_file(const char *name, struct body body)
{
    char *path = kit_path(name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(body.bytes, 1, body.length, file), body.length);
    assert_int_equal(fclose(file), 0);
    return path;
}

bool kit_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void kit_is(const char *path, struct body body)
{
    size_t length = 0;
    char *bytes = scratch_read(path, &length);
    assert_non_null(bytes);
    assert_int_equal(length, body.length);
    assert_memory_equal(bytes, body.bytes, length);
}

struct run kit_shell(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    assert_true(length >= 0);
    keep(text);
    return run_command((const char *const[]){"/bin/sh", "-c", text, NULL});
}

void kit_exit(const struct run *run, int exit)
{
    if (run->status != exit) {
        fail_msg("exit %d: %s%s", run->status, run->out, run->err);
    }
    if (exit != 0 && strncmp(run->err, "mediagw: ", 9) != 0) {
        fail_msg("says: %s", run->err);
    }
}

void kit_says(const struct run *run, const char *word)
{
    if (!strstr(run->err, word)) {
        fail_msg("no \"%s\" in: %s", word, run->err);
    }
}

char *kit_line(const struct run *run)
{
    size_t length = strcspn(run->out, "\n");
    if (run->out[length] != '\n' || run->out[length + 1] != '\0') {
        fail_msg("not one line: %s", run->out);
    }
    return keep_bytes(run->out, length);
}

char *kit_put(struct body body)
{
    struct run run =
        run_mediagw("put", "--mime-type", API_VIDEO, kit_file("clip.webm", body), NULL);
    kit_exit(&run, 0);
    return kit_line(&run);
}

size_t kit_ready(void)
{
    return rows_count(gw->rows, "acct-a", "ready");
}
