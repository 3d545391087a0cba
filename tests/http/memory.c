/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies larger than the gateway may grow: `memory MEBIBYTES` sends and fetches one of that size,
 * as a raw body and as a form. The gateway may grow by 8 MiB over its idle size; under a sanitizer,
 * whose own memory cannot be told apart, only the transfer counts, and less is sent. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROWTH_KIB (8 * 1024)

static struct gateway *gw;
static uint64_t size = 64u << 20;
static long idle_kib;

static int start(void **state)
{
    (void)state;
    gw = gateway_new(NULL);
    assert_int_equal(http_get(gw->nobody, "/readyz", NULL)->status, 200);
    idle_kib = server_memory(gw->server, "VmRSS");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* The peak starts anew. */
static void forget_peak(void)
{
    char *path = keep_text("/proc/%d/clear_refs", (int)gw->server->pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "5", 1), 1);
    close(fd);
}

static void grew_little(const char *what)
{
    long peak = server_memory(gw->server, "VmHWM");
    print_message("%s of %llu MiB: idle %ld KiB, peak %ld KiB\n", what,
                  (unsigned long long)(size >> 20), idle_kib, peak);
    if (slowness() == 1) {
        assert_in_range(peak, 1, idle_kib + GROWTH_KIB);
    }
}

static void plays_and_goes(const json_t *answer, uint64_t seed)
{
    char expected[SHA256_TEXT];
    char got[SHA256_TEXT];
    body_stream_checksum(seed, size, expected);
    assert_string_equal(api_text(answer, "checksum"), expected);
    forget_peak();
    struct http_answer *content = http_get_checksum(gw->nobody, api_url(answer), got);
    assert_int_equal(content->status, 200);
    assert_int_equal(content->length, size);
    assert_string_equal(got, expected);
    grew_little("a download");
    char last[32];
    struct http_answer *tail = http_get(gw->nobody, api_url(answer), "Range: bytes=-8");
    assert_int_equal(tail->status, 206);
    snprintf(last, sizeof last, "%llu", (unsigned long long)size);
    assert_non_null(strstr(http_header(tail, "Content-Range"), last));
    api_expect(http_send(gw->client, "DELETE", api_path(answer, ""), NULL, NULL, 0), 200);
}

static void a_large_raw_body_needs_little_memory(void **state)
{
    (void)state;
    forget_peak();
    struct http_stream stream = {.seed = 1, .length = size};
    struct http_answer *got =
        http_send_stream(gw->client, "POST", API_RECORDINGS, "Content-Type: video/webm", &stream);
    json_t *answer = api_expect(got, 201);
    grew_little("a raw upload");
    plays_and_goes(answer, 1);
}

static void a_large_form_needs_little_memory(void **state)
{
    (void)state;
    forget_peak();
    struct http_stream stream = {
        .seed = 2,
        .length = size,
        .prefix = "--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; name=\"blob\"; "
                  "filename=\"r.webm\"\r\nContent-Type: video/webm\r\n\r\n",
        .suffix = "\r\n--" FORM_BOUNDARY "\r\nContent-Disposition: form-data; "
                  "name=\"durationMs\"\r\n\r\n5\r\n--" FORM_BOUNDARY "--\r\n",
        .chunked = true,
    };
    struct http_answer *got =
        http_send_stream(gw->client, "POST", API_RECORDINGS, "Content-Type: " FORM_TYPE, &stream);
    json_t *answer = api_expect(got, 201);
    grew_little("a form");
    plays_and_goes(answer, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_large_raw_body_needs_little_memory),
        TEST(a_large_form_needs_little_memory),
    };
    if (argc > 1 && slowness() == 1) {
        size = strtoull(argv[1], NULL, 10) << 20;
    }
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
