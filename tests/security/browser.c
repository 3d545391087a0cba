/* SPDX-License-Identifier: Apache-2.0
 *
 * What only a browser can decide, in Debian's Chromium: pages of listed and of other origins,
 * recordings in <video> and opened directly, uploaded documents that would run script, cookies, and
 * the dev mode before a foreign page. */
#include "tests/security/chromium.h"
#include "tests/security/pages.h"
#include "tests/security/token.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

static const char blank[] = "<!doctype html><title>page</title><p>page";
static const char control[] = "<!doctype html><script>fetch('/ran-control')</script>";

static struct page site[] = {
    {"/", "text/html", blank, sizeof blank - 1},
    {"/control.html", "text/html", control, sizeof control - 1},
    {"/video.webm", "video/webm", NULL, 0},
    {0},
};

static struct pages *pages;
static struct gateway *gw;
static struct chromium *browser;
static unsigned port; /* of the site */

static int start(void **state)
{
    (void)state;
    struct body video = body_file("chromium-video-5s.webm");
    site[2].length = video.length;
    site[2].bytes = memcpy(malloc(video.length), video.bytes, video.length);
    pages = pages_start(site);
    port = pages_port(pages);
    gw = gateway_new(keep_text("{\"cors\": {\"origins\": [\"http://localhost:%u\"]}, "
                               "\"media\": {\"mime_types\": [\"video/*\", \"audio/*\", "
                               "\"image/*\", \"text/html\", \"image/svg+xml\"]}, " TOKEN_CONFIG "}",
                               port));
    browser = chromium_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    chromium_stop(browser);
    pages_stop(pages);
    free((void *)(uintptr_t)site[2].bytes);
    return gateway_free(gw);
}

static void open_page(const char *host)
{
    chromium_open(browser, keep_text("http://%s:%u/", host, port));
    assert_true(chromium_wait(browser, "document.title === 'page'"));
}

static void answers(const char *expression, const char *expected)
{
    const char *got = chromium_ask(browser, expression);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s\nis %s, not %s\n%s", expression, got, expected, server_log(gw->server));
    }
}

/* TARGET of the gateway, by the name HOST. */
static char *at(const struct server *server, const char *host, const char *target)
{
    return keep_text("http://%s:%u%s", host, server->port, target);
}

static json_t *upload_video(void)
{
    return api_upload(gw->client, API_VIDEO, body_file("chromium-video-5s.webm"));
}

/* A script that uploads the site's video as a form, and is the status; "refused" where the browser
 * does not let it. */
static char *upload_script(const char *url, const char *options)
{
    return keep_text("fetch('/video.webm').then(r => r.blob()).then(blob => {"
                     "  const form = new FormData();"
                     "  form.append('mimeType', 'video/webm;codecs=vp9,opus');"
                     "  form.append('durationMs', '5000');"
                     "  form.append('blob', blob, 'recording.webm');"
                     "  return fetch('%s', {method: 'POST', body: form, %s});"
                     "}).then(async r => {"
                     "  if (r.status === 201) { window.grant = await r.json(); }"
                     "  return r.type + ' ' + r.status;"
                     "}, () => 'refused')",
                     url, options);
}

static char *fetch_script(const char *url, const char *options)
{
    return keep_text("fetch('%s', {%s}).then(r => r.type + ' ' + r.status, () => 'refused')", url,
                     options);
}

static void a_page_of_a_listed_origin_uploads_reads_and_deletes(void **state)
{
    (void)state;
    open_page("localhost");
    const char *who = keep_text("Authorization: 'Bearer %s'", gw->token);
    answers(upload_script(at(gw->server, "127.0.0.1", API_RECORDINGS),
                          keep_text("headers: {%s, 'Idempotency-Key': 'page-1'}", who)),
            "cors 201");
    assert_non_null(strstr(server_log(gw->server), "method=OPTIONS")); /* the preflight */
    answers("grant.row.status", "ready");
    answers("fetch(grant.signedUrl).then(r => r.arrayBuffer()).then(b => b.byteLength)",
            keep_text("%zu", site[2].length));
    answers("fetch(grant.signedUrl, {headers: {Range: 'bytes=5-9'}})"
            ".then(r => r.headers.get('Content-Range'))",
            keep_text("bytes 5-9/%zu", site[2].length));
    const char *row =
        keep_text("%s' + grant.row.id + '", at(gw->server, "127.0.0.1", "/api/media/"));
    answers(fetch_script(row, keep_text("method: 'DELETE', headers: {%s}", who)), "cors 200");
    answers("fetch(grant.signedUrl, {cache: 'no-store'}).then(r => r.json()).then(j => j.error)",
            "not_found");
}

/* A video element of the open page, or of the document that the browser made itself. */
#define VIDEO "document.querySelector('video')"

static void plays_and_seeks(void)
{
    assert_true(chromium_wait(browser, VIDEO ".readyState >= 2"));
    assert_true(chromium_wait(browser, VIDEO ".videoWidth > 0"));
    chromium_ask(browser, VIDEO ".muted = true");
    chromium_ask(browser, VIDEO ".play()");
    assert_true(chromium_wait(browser, VIDEO ".currentTime > 0.3"));
    /* The recording has no Duration; a browser finds it at the end. */
    chromium_ask(browser, VIDEO ".pause()");
    chromium_ask(browser, VIDEO ".currentTime = 1e9");
    assert_true(chromium_wait(browser, VIDEO ".duration > 4 && " VIDEO ".duration < 6"));
    assert_true(chromium_wait(browser, "!" VIDEO ".seeking"));
    chromium_ask(browser, VIDEO ".currentTime = 2.5");
    assert_true(chromium_wait(browser, "!" VIDEO ".seeking && Math.abs(" VIDEO
                                       ".currentTime - 2.5) < 0.1 && " VIDEO ".readyState >= 2"));
}

static void a_video_element_plays_and_seeks_a_signed_url(void **state)
{
    (void)state;
    json_t *answer = upload_video();
    open_page("localhost");
    chromium_ask(browser, keep_text("document.body.innerHTML = '<video src=\"%s\"></video>'",
                                    at(gw->server, "127.0.0.1", api_url(answer))));
    plays_and_seeks();
}

static void a_signed_url_opened_directly_plays_in_its_sandbox(void **state)
{
    (void)state;
    json_t *answer = upload_video();
    chromium_open(browser, at(gw->server, "127.0.0.1", api_url(answer)));
    assert_true(chromium_wait(browser, VIDEO " !== null"));
    plays_and_seeks();
    answers("(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
            " document.documentElement.append(s); return window.ran; })()",
            "undefined"); /* the sandbox runs no script */
    const char *picture = getenv("MEDIAGW_TEST_SCREENSHOT");
    if (picture) {
        chromium_screenshot(browser, picture);
    }
}

static void put_number(unsigned char *to, uint32_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (unsigned char)(number >> 8 * i);
    }
}

/* PCM, mono, 16 bits at 44,100 a second, SECONDS long: a format whose header tells its duration. */
static struct body wave(uint32_t seconds)
{
    const uint32_t rate = 44100, bytes = seconds * rate * 2;
    unsigned char *to = keep(calloc(1, bytes + 44));
    memcpy(to, "RIFF....WAVEfmt ", 16);
    put_number(to + 4, bytes + 36, 4);
    put_number(to + 16, 16, 4);
    put_number(to + 20, 1, 2);
    put_number(to + 22, 1, 2);
    put_number(to + 24, rate, 4);
    put_number(to + 28, rate * 2, 4);
    put_number(to + 32, 2, 2);
    put_number(to + 34, 16, 2);
    memcpy(to + 36, "data", 4);
    put_number(to + 40, bytes, 4);
    for (uint32_t i = 0; i < bytes; i += 2) {
        put_number(to + 44 + i, i / 2 % 100 * 50, 2); /* a tone */
    }
    return (struct body){to, bytes + 44};
}

static uint64_t log_number(const char *line, const char *name)
{
    const char *found = strstr(line, name);
    return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

static void a_long_recording_has_its_duration_at_once_and_is_sought_by_range(void **state)
{
    (void)state;
    enum { SECONDS = 600 };
    struct body sound = wave(SECONDS);
    json_t *answer = api_expect(api_post_raw(gw->client, "", "audio/wav", sound, NULL), 201);
    const char *url = api_url(answer);
    open_page("localhost");
    chromium_ask(browser, keep_text("document.body.innerHTML = '<video preload=\"metadata\" "
                                    "src=\"%s\"></video>'",
                                    at(gw->server, "127.0.0.1", url)));
    assert_true(chromium_wait(browser, keep_text(VIDEO ".duration === %d", SECONDS)));
    chromium_ask(browser, VIDEO ".currentTime = 550");
    assert_true(chromium_wait(browser, "!" VIDEO ".seeking && " VIDEO ".readyState >= 2"));
    answers("Math.round(" VIDEO ".currentTime)", "550");
    open_page("localhost"); /* which ends that page's requests, and so they are logged */
    chromium_ask(browser, "1");
    bool tail = false;
    char *log = server_log(gw->server);
    for (char *save = NULL, *line = strtok_r(log, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        uint64_t sent = log_number(line, " sent=");
        tail = tail || (strstr(line, keep_bytes(url, strcspn(url, "?"))) &&
                        log_number(line, " status=") == 206 && sent > 0 && sent < sound.length / 6);
    }
    assert_true(tail); /* a request from near the end on */
}

static const char *upload_document(const char *type, const char *text)
{
    struct body body = {text, strlen(text)};
    json_t *answer = api_expect(api_post_raw(gw->client, "", type, body, NULL), 201);
    return at(gw->server, "127.0.0.1", api_url(answer));
}

static bool control_ran(void *ctx)
{
    (void)ctx;
    return pages_hits(pages, "/ran-control") > 0;
}

static void uploaded_documents_run_no_script(void **state)
{
    (void)state;
    const char *html = keep_text("<!doctype html><script>fetch('http://localhost:%u/ran-html', "
                                 "{mode: 'no-cors'})</script><img src=x onerror=\"new "
                                 "Image().src='http://localhost:%u/ran-img'\">",
                                 port, port);
    const char *svg = keep_text("<svg xmlns='http://www.w3.org/2000/svg' onload=\"fetch('http://"
                                "localhost:%u/ran-svg', {mode: 'no-cors'})\"><script>fetch('http://"
                                "localhost:%u/ran-svg-script', {mode: 'no-cors'})</script></svg>",
                                port, port);
    const char *const urls[] = {
        upload_document("text/html", html), upload_document("image/svg+xml", svg),
        upload_document("video/webm", html), upload_document("image/png", html),
        upload_document("image/png", svg)};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        chromium_open(browser, urls[i]);
        open_page("localhost");
        chromium_ask(browser,
                     keep_text("document.body.innerHTML = '<iframe src=\"%s\"></iframe>"
                               "<object data=\"%s\"></object><embed src=\"%s\"><img src=\"%s\">'",
                               urls[i], urls[i], urls[i], urls[i]));
        chromium_ask(browser,
                     keep_text("new Promise(done => { const s = "
                               "document.createElement('script'); s.src = '%s'; s.onload = "
                               "s.onerror = done; document.head.append(s); })",
                               urls[i]));
    }
    /* The same script on a page of the site does run, after all the others. */
    chromium_ask(browser, "document.body.innerHTML = '<iframe src=\"/control.html\"></iframe>'");
    assert_true(wait_for(control_ran, NULL, 30000));
    wait_ms(500);
    assert_int_equal(pages_hits(pages, "/ran-"), pages_hits(pages, "/ran-control"));
}

static void a_page_of_another_origin_reads_nothing(void **state)
{
    (void)state;
    const char *content = at(gw->server, "127.0.0.1", api_url(upload_video()));
    const char *list = at(gw->server, "127.0.0.1", "/api/media");
    const char *who = keep_text("headers: {Authorization: 'Bearer %s'}", gw->token);
    static const char *const hosts[] = {"127.0.0.1", "evil.test"};
    size_t ready = rows_count(gw->rows, NULL, "ready");
    for (size_t i = 0; i < 2; i++) {
        open_page(hosts[i]);
        answers(fetch_script(list, who), "refused");
        answers(fetch_script(list, ""), "refused");
        answers(fetch_script(content, ""), "refused");
        answers(fetch_script(content, "mode: 'no-cors'"), "opaque 0");
        answers(upload_script(at(gw->server, "127.0.0.1", API_RECORDINGS), who), "refused");
    }
    assert_int_equal(rows_count(gw->rows, NULL, "ready"), ready);
}

/* Cookies know no ports: one of the gateway's host goes along from the site on the same host. */
static void a_cookie_counts_for_pages_of_listed_origins_alone(void **state)
{
    (void)state;
    const char *cookie =
        keep_text("document.cookie = 'session=%s; SameSite=Lax'", token_make("acct-a"));
    json_t *answer = upload_video();
    size_t ready = rows_count(gw->rows, NULL, "ready");

    open_page("127.0.0.1"); /* same site as the gateway's 127.0.0.1, another origin */
    chromium_ask(browser, cookie);
    const char *sly = "mode: 'no-cors', credentials: 'include'";
    answers(upload_script(at(gw->server, "127.0.0.1", API_RECORDINGS), sly), "opaque 0");
    answers(fetch_script(at(gw->server, "127.0.0.1", api_path(answer, "/signed-url")),
                         keep_text("method: 'POST', %s", sly)),
            "opaque 0");
    answers(fetch_script(at(gw->server, "127.0.0.1", api_path(answer, "")),
                         "method: 'DELETE', credentials: 'include'"),
            "refused");
    answers(fetch_script(at(gw->server, "127.0.0.1", "/api/media"), "credentials: 'include'"),
            "refused");
    assert_int_equal(rows_count(gw->rows, NULL, "ready"), ready);
    assert_non_null(
        strstr(server_log(gw->server), "method=POST path=" API_RECORDINGS " status=403"));

    open_page("localhost"); /* the listed origin, and the gateway as its own host */
    chromium_ask(browser, cookie);
    answers(fetch_script(at(gw->server, "localhost", "/api/media"), "credentials: 'include'"),
            "cors 200");
    answers(upload_script(at(gw->server, "localhost", API_RECORDINGS), "credentials: 'include'"),
            "cors 201");
    answers("grant.row.accountId", "acct-a");
}

static void the_dev_mode_serves_pages_of_this_machine_and_refuses_foreign_ones(void **state)
{
    (void)state;
    struct server *dev = server_new_dev();
    server_start(dev);
    open_page("localhost");
    answers(upload_script(at(dev, "localhost", API_RECORDINGS), "credentials: 'omit'"), "cors 201");
    answers("fetch(grant.signedUrl).then(r => r.status)", "200");

    open_page("evil.test");
    const char *upload = at(dev, "127.0.0.1", API_RECORDINGS);
    answers(fetch_script(at(dev, "127.0.0.1", "/api/media"), ""), "refused");
    answers(upload_script(upload, "credentials: 'omit'"), "refused");
    answers(upload_script(upload, "mode: 'no-cors'"), "opaque 0");
    chromium_ask(browser, keep_text("new Promise(done => { const i = new Image(); i.onload = "
                                    "i.onerror = done; i.src = '%s'; })",
                                    at(dev, "127.0.0.1", "/api/media?limit=7")));

    /* DNS rebinding: the foreign name itself leads here. */
    chromium_open(browser, at(dev, "evil.test", "/api/media"));
    assert_true(chromium_wait(browser, "document.body.innerText.includes('misdirected')"));

    struct http_client *client = http_new(dev, NULL);
    assert_int_equal(api_count(client, ""), 1); /* the one of this machine's page */
    http_free(client);
    const char *log = server_log(dev);
    assert_non_null(strstr(log, "method=POST path=" API_RECORDINGS " status=403"));
    assert_non_null(strstr(log, "method=GET path=/api/media status=403"));
    assert_non_null(strstr(log, "method=GET path=/api/media status=421"));
    assert_int_equal(server_free(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_of_a_listed_origin_uploads_reads_and_deletes),
        TEST(a_video_element_plays_and_seeks_a_signed_url),
        TEST(a_signed_url_opened_directly_plays_in_its_sandbox),
        TEST(a_long_recording_has_its_duration_at_once_and_is_sought_by_range),
        TEST(uploaded_documents_run_no_script),
        TEST(a_page_of_another_origin_reads_nothing),
        TEST(a_cookie_counts_for_pages_of_listed_origins_alone),
        TEST(the_dev_mode_serves_pages_of_this_machine_and_refuses_foreign_ones),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
