/* SPDX-License-Identifier: Apache-2.0
 *
 * What the command makes of a gateway that contradicts itself, and of files and streams that fail:
 * nothing wrong is ever called whole. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES "0123456789"
/* SHA-256 of BYTES and of nothing. */
#define CHECKSUM "sha256:84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
#define DIGEST "Repr-Digest: sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:\r\n"
#define OTHER_CHECKSUM "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER_DIGEST "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n"

static char *answer(const char *status, const char *headers, const char *body, size_t length)
{
    return keep_text("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                     length, headers, body);
}

static char *row_of(const char *checksum, const char *url)
{
    char *body = keep_text("{\"row\":{\"id\":\"x\",\"sizeBytes\":10,\"mimeType\":\"video/webm\","
                           "\"checksum\":\"%s\"},\"signedUrl\":\"%s\"}",
                           checksum, url);
    return answer("200 OK", "", body, strlen(body));
}

static char *row(void)
{
    return row_of(CHECKSUM, "/media/b/k?sig=s");
}

/* `get` by way of these answers, to a file and without more attempts than they give. */
static struct run get_by(const struct proxy_plan *plans, size_t count, char **path)
{
    kit_proxy(plans, count);
    *path = kit_path("a.webm");
    return run_mediagw("get", "x", "-o", *path, NULL);
}
#define GET_BY(path, ...)                                                                          \
    get_by((const struct proxy_plan[]){__VA_ARGS__},                                               \
           sizeof((const struct proxy_plan[]){__VA_ARGS__}) / sizeof(struct proxy_plan), path)

static void is_refused(const struct run *run, const char *path, const char *word)
{
    kit_exit(run, 1);
    kit_says(run, word);
    assert_false(kit_exists(path));
}

static void an_honest_one_is_believed(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", DIGEST, BYTES, 10)});
    kit_exit(&run, 0);
    kit_is(path, (struct body){BYTES, 10});
}

static void a_digest_that_is_not_the_rows_is_refused(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", OTHER_DIGEST, BYTES, 10)});
    is_refused(&run, path, "Repr-Digest");
}

static void bytes_that_are_not_the_rows_are_refused(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", DIGEST, "012345678X", 10)});
    is_refused(&run, path, "checksum");
    assert_false(kit_exists(keep_text("%s.part", path)));
}

static void more_bytes_than_the_row_has_are_refused(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", "", BYTES "more", 14)});
    is_refused(&run, path, "more bytes");
}

static void a_part_that_was_not_asked_for_is_refused(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()},
               {.answer = answer("206 Partial", "Content-Range: bytes 5-9/10\r\n", "56789", 5)});
    is_refused(&run, path, "another part");
}

static void a_row_without_a_url_is_refused(void **state)
{
    (void)state;
    char *path;
    struct run run = GET_BY(&path, {.answer = answer("200 OK", "", "{\"row\":{}}", 10)});
    is_refused(&run, path, "no answer of a media gateway");
}

static void urls_that_are_not_http_are_not_followed(void **state)
{
    (void)state;
    struct proxy *aim = KIT_PROXY({.answer = BYTES}, {.answer = "220 ftp\r\n"});
    const char *const urls[] = {keep_text("gopher%s/0", proxy_url(aim) + 4),
                                keep_text("ftp%s/a", proxy_url(aim) + 4), "file:///etc/passwd"};
    for (size_t i = 0; i < 3; i++) {
        char *path;
        struct run run = GET_BY(&path, {.answer = row_of(CHECKSUM, urls[i])});
        is_refused(&run, path, "get x");
        assert_int_equal(proxy_connections(aim), 0);
    }
}

static void content_by_a_redirect_is_refused(void **state)
{
    (void)state;
    char *path;
    struct run run = GET_BY(&path, {.answer = row()},
                            {.answer = answer("302 Found", "Location: /other\r\n", "", 0)});
    is_refused(&run, path, "redirect");
}

#define TAGGED "ETag: \"v1\"\r\n"

static void a_recording_that_is_replaced_meanwhile_is_refused(void **state)
{
    (void)state;
    char *path;
    struct run run =
        GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", TAGGED, "0123", 10)},
               {.answer = row_of(OTHER_CHECKSUM, "/media/b/k?sig=s")});
    is_refused(&run, path, "replaced");
}

static void a_url_that_expires_meanwhile_is_renewed(void **state)
{
    (void)state;
    char *path;
    struct run run = GET_BY(
        &path, {.answer = row()}, {.answer = answer("200 OK", TAGGED, "0123", 10)},
        {.answer = row()}, {.answer = answer("403 Forbidden", "", "{}", 2)}, {.answer = row()},
        {.answer = answer("206 Partial", TAGGED "Content-Range: bytes 4-9/10\r\n", "456789", 6)});
    kit_exit(&run, 0);
    kit_is(path, (struct body){BYTES, 10});
}

static void without_an_etag_a_file_begins_again(void **state)
{
    (void)state;
    char *path;
    struct run run = GET_BY(&path, {.answer = row()}, {.answer = answer("200 OK", "", "0123", 10)},
                            {.answer = row()}, {.answer = answer("200 OK", "", BYTES, 10)});
    kit_exit(&run, 0);
    kit_is(path, (struct body){BYTES, 10});
}

static void a_stream_cannot_begin_again(void **state)
{
    (void)state;
    KIT_PROXY({.answer = row()}, {.answer = answer("200 OK", TAGGED, "0123", 10)},
              {.answer = row()}, {.answer = answer("200 OK", TAGGED, BYTES, 10)});
    struct run run = run_mediagw("get", "x", NULL);
    kit_exit(&run, 1);
    kit_says(&run, "cannot be taken back");
    assert_string_equal(run.out, "0123");
}

static void an_id_that_makes_no_file_name_makes_no_file(void **state)
{
    (void)state;
    static const char *const ids[] = {"../escaped", ".hidden", "a/b"};
    char *folder = kit_path("folder");
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < 3; i++) {
        KIT_PROXY({.answer = row()});
        struct run run = run_mediagw("get", ids[i], "-o", folder, NULL);
        kit_exit(&run, 1);
        kit_says(&run, "--output");
        assert_false(kit_exists(keep_text("%s/../escaped.webm", folder)));
    }
}

static void a_full_disk_is_said(void **state)
{
    (void)state;
    char *id = kit_put(video);
    struct run run = kit_shell("\"$mediagw\" get %s >/dev/full", id);
    kit_exit(&run, 1);
    kit_says(&run, "No space left");
    run = run_mediagw("get", id, "-o", "/dev/full", NULL);
    kit_exit(&run, 1);
    kit_says(&run, "No space left");
    run = kit_shell("\"$mediagw\" ls >/dev/full");
    kit_exit(&run, 1);
    kit_says(&run, "No space left");
    run = kit_shell("\"$mediagw\" get --help >/dev/full");
    kit_exit(&run, 1);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    (void)state;
    char *path = keep_text("%s/a.webm", kit_path("missing"));
    struct run run = run_mediagw("get", kit_put(small), "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, path);
}

static void a_pipe_by_name_is_written_as_a_stream(void **state)
{
    (void)state;
    char *pipe = kit_path("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    struct run run = kit_shell("cat '%s' >'%s.read' & \"$mediagw\" get %s -o '%s' && wait", pipe,
                               pipe, kit_put(video), pipe);
    kit_exit(&run, 0);
    kit_is(keep_text("%s.read", pipe), video);
}

static void *put_in_background(void *path)
{
    static struct run run;
    run = run_mediagw("put", "--mime-type", API_VIDEO, path, NULL);
    return &run;
}

static bool saw_some(void *proxy)
{
    return proxy_seen(proxy) > 1 << 20;
}

static void a_file_cut_short_while_it_is_sent_is_not_stored(void **state)
{
    (void)state;
    char *path = kit_file("a.webm", body_random(13, 64 << 20));
    struct proxy *proxy = KIT_PROXY({.slow_up = true});
    size_t before = kit_ready();
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, put_in_background, path), 0);
    bool running = wait_for(saw_some, proxy, 30000);
    assert_int_equal(truncate(path, 1000), 0);
    pthread_join(thread, &result);
    assert_true(running);
    kit_exit(result, 1);
    kit_says(result, "shorter");
    assert_int_equal(kit_ready(), before);
    assert_true(rows_settle(gw->rows, 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(an_honest_one_is_believed),
        CLI_TEST(a_digest_that_is_not_the_rows_is_refused),
        CLI_TEST(bytes_that_are_not_the_rows_are_refused),
        CLI_TEST(more_bytes_than_the_row_has_are_refused),
        CLI_TEST(a_part_that_was_not_asked_for_is_refused),
        CLI_TEST(a_row_without_a_url_is_refused),
        CLI_TEST(urls_that_are_not_http_are_not_followed),
        CLI_TEST(content_by_a_redirect_is_refused),
        CLI_TEST(a_recording_that_is_replaced_meanwhile_is_refused),
        CLI_TEST(a_url_that_expires_meanwhile_is_renewed),
        CLI_TEST(without_an_etag_a_file_begins_again),
        CLI_TEST(a_stream_cannot_begin_again),
        CLI_TEST(an_id_that_makes_no_file_name_makes_no_file),
        CLI_TEST(a_full_disk_is_said),
        CLI_TEST(a_folder_that_is_not_there_is_said),
        CLI_TEST(a_pipe_by_name_is_written_as_a_stream),
        CLI_TEST(a_file_cut_short_while_it_is_sent_is_not_stored),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
