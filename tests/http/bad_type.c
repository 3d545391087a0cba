/* SPDX-License-Identifier: Apache-2.0
 *
 * Media types that may not come in: not allowed, dangerous, malformed. Refused with 415 or 400, and
 * nothing is left of them. */
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/leftover.h"

#include <stdlib.h>
#include <string.h>

static struct gateway *gw;

static int start(void **state)
{
    (void)state;
    gw = gateway_new("{\"media\": {\"max_upload_bytes\": 1048576}}");
    leftover_watch(gw);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw);
}

/* Behind each test. */
static int nothing_is_left(void **state)
{
    int result = leftover_is_nothing(gw) ? 0 : -1;
    keep_teardown(state);
    return result;
}

static struct body some(void)
{
    return body_file("chromium-video-short.webm");
}

static void refused(const struct http_answer *answer, long status, const char *what)
{
    if (answer->status != status) {
        print_error("of: %s\n", what);
    }
    api_error(answer, status, NULL);
}

/* TYPE as a field, as the blob's and as a raw body's own. */
static void refused_type(const char *type, long status)
{
    struct form *field = form_new();
    form_field(field, "mimeType", type);
    form_blob(field, NULL, some());
    form_end(field);
    refused(api_post(gw->client, field, NULL), status, type);
    if (strpbrk(type, "\r\n")) {
        return;
    }
    struct form *part = form_new();
    form_blob(part, type, some());
    form_end(part);
    refused(api_post(gw->client, part, NULL), status, type);
    refused(api_post_raw(gw->client, "", type, some(), NULL), status, type);
}

static void a_type_that_is_not_allowed_is_refused(void **state)
{
    (void)state;
    static const char *const types[] = {"text/html", "application/zip", "application/javascript",
                                        "text/plain", "application/xhtml+xml"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        refused_type(types[i], 415);
    }
}

static void a_wildcard_never_lets_svg_or_xml_in(void **state)
{
    (void)state;
    static const char *const types[] = {"image/svg+xml", "image/SVG+XML", "image/svg+xml;a=b",
                                        "video/xml",     "image/x+xml",   "audio/html"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        refused_type(types[i], 415);
    }
}

static void a_malformed_type_is_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "video",         "video/",  "/webm", "video/we bm",
        "video/webm/x",  "video/*", "*/*",   "video/webm\r\nX-Evil: 1",
        "video/webm\x01"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        refused_type(types[i], 400);
    }
}

static void a_sniffed_svg_is_refused(void **state)
{
    (void)state;
    static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    struct form *form = form_new();
    form_blob(form, NULL, (struct body){svg, sizeof svg - 1});
    form_end(form);
    struct http_answer *answer = api_post(gw->client, form, NULL);
    refused(answer, 415, svg);
}

static void a_form_in_another_format_is_refused(void **state)
{
    (void)state;
    static const char json[] = "{\"blob\":\"x\",\"durationMs\":5}";
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded",
                                        "multipart/mixed; boundary=x"};
    for (size_t i = 0; i < 3; i++) {
        struct http_answer *answer =
            api_post_raw(gw->client, "", types[i], (struct body){json, sizeof json - 1}, NULL);
        refused(answer, 415, types[i]);
    }
}

int main(void)
{
#define TEST_LEAVES_NOTHING(function) cmocka_unit_test_teardown(function, nothing_is_left)
    const struct CMUnitTest tests[] = {
        TEST_LEAVES_NOTHING(a_type_that_is_not_allowed_is_refused),
        TEST_LEAVES_NOTHING(a_wildcard_never_lets_svg_or_xml_in),
        TEST_LEAVES_NOTHING(a_malformed_type_is_refused),
        TEST_LEAVES_NOTHING(a_sniffed_svg_is_refused),
        TEST_LEAVES_NOTHING(a_form_in_another_format_is_refused),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
