/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw get`: whole or not at all, checked, and on where it broke off. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char id[128];

static int start(void **state)
{
    kit_start(state);
    snprintf(id, sizeof id, "%s", kit_put(video));
    return 0;
}

/* Neither FILE.part nor its note. */
static void nothing_beside(const char *path)
{
    assert_false(kit_exists(keep_text("%s.part", path)));
    assert_false(kit_exists(keep_text("%s.part.etag", path)));
}

static void get_writes_the_whole_file_and_nothing_beside(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    assert_string_equal(run.out, "");
    assert_string_equal(run.err, "");
    kit_is(path, video);
    nothing_beside(path);
}

static void get_goes_to_standard_output_where_that_is_no_terminal(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    struct run run = kit_shell("\"$mediagw\" get %s | cat >'%s'", id, path);
    kit_exit(&run, 0);
    kit_is(path, video);
    run = kit_shell("\"$mediagw\" get -o - %s >'%s'", id, path);
    kit_exit(&run, 0);
    kit_is(path, video);
}

static void get_into_a_folder_names_the_file_by_id_and_type(void **state)
{
    (void)state;
    char *folder = kit_path("folder");
    assert_int_equal(mkdir(folder, 0700), 0);
    struct run run = run_mediagw("get", id, "-o", folder, NULL);
    kit_exit(&run, 0);
    char *path = keep_text("%s/%s.webm", folder, id);
    assert_string_equal(kit_line(&run), path);
    kit_is(path, video);
}

static void an_empty_recording_is_an_empty_file(void **state)
{
    (void)state;
    struct body nothing = {"", 0};
    struct run run =
        run_mediagw("put", "--mime-type", API_VIDEO, kit_file("empty.webm", nothing), NULL);
    kit_exit(&run, 0);
    char *path = kit_path("a.webm");
    char *empty = kit_line(&run);
    run = run_mediagw("get", empty, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, nothing);
    nothing_beside(path);
}

static void json_names_the_file_and_gives_the_row(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    struct run run = run_mediagw("get", "--json", "-o", path, id, NULL);
    kit_exit(&run, 0);
    json_t *answer = keep_json(json_loads(kit_line(&run), 0, NULL));
    assert_string_equal(json_string_value(json_object_get(answer, "file")), path);
    assert_string_equal(api_id(answer), id);
}

static void the_key_goes_to_the_gateway_and_never_with_a_signed_url(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", id, "-o", kit_path("a.webm"), NULL);
    kit_exit(&run, 0);
    assert_non_null(strstr(proxy_request(proxy, "GET /api/media/"), "Authorization: Bearer mgw_"));
    assert_null(strstr(proxy_request(proxy, "GET /media/"), "mgw_"));
    assert_int_equal(proxy_saw(proxy, "Authorization"), 1);
}

static void a_get_that_is_cut_goes_on_where_it_was(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.cut_down = 100000}, {.cut_down = 100000});
    char *path = kit_path("a.webm");
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    nothing_beside(path);
    assert_int_equal(proxy_saw(proxy, "Range: bytes=0-"), 0);
    assert_int_equal(proxy_saw(proxy, "\r\nRange: bytes="), 2);
    assert_int_equal(proxy_saw(proxy, "\r\nIf-Range: \""), 2);
}

static void standard_output_goes_on_where_it_was_too(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({.cut_down = 100000}, {.cut_down = 100000});
    char *path = kit_path("a.webm");
    struct run run = kit_shell("\"$mediagw\" get %s >'%s'", id, path);
    kit_exit(&run, 0);
    kit_is(path, video);
    assert_int_equal(proxy_saw(proxy, "\r\nRange: bytes="), 2);
}

/* A get that is cut and gives up: PATH.part and its note are there. */
static char *interrupted(void)
{
    char *path = kit_path("a.webm");
    KIT_PROXY({.cut_down = 100000});
    struct run run = run_mediagw("get", "--retries", "0", id, "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "goes on where this one ended");
    assert_false(kit_exists(path));
    assert_true(kit_exists(keep_text("%s.part.etag", path)));
    return path;
}

static size_t part_length(const char *path)
{
    struct stat info;
    assert_int_equal(stat(keep_text("%s.part", path), &info), 0);
    return (size_t)info.st_size;
}

static void the_next_get_goes_on_where_one_was_interrupted(void **state)
{
    (void)state;
    char *path = interrupted();
    size_t had = part_length(path);
    assert_in_range(had, 50000, 100000);
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    nothing_beside(path);
    assert_int_equal(proxy_saw(proxy, keep_text("\r\nRange: bytes=%zu-\r\n", had)), 1);
}

static void a_part_of_another_recording_is_not_gone_on_with(void **state)
{
    (void)state;
    struct body other_body = body_random(3, 300000);
    char *other = kit_put(other_body);
    char *path = interrupted();
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", other, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, other_body);
    assert_int_equal(proxy_saw(proxy, "\r\nRange:"), 0);
}

static void a_part_without_its_note_is_not_gone_on_with(void **state)
{
    (void)state;
    char *path = interrupted();
    assert_int_equal(unlink(keep_text("%s.part.etag", path)), 0);
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
}

static void a_part_that_was_changed_is_fetched_again(void **state)
{
    (void)state;
    char *path = interrupted();
    int fd = open(keep_text("%s.part", path), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "damage", 6, 5000), 6);
    close(fd);
    kit_direct();
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    nothing_beside(path);
}

static void a_part_with_another_etag_is_fetched_again(void **state)
{
    (void)state;
    char *path = interrupted();
    char *note = keep_text("%s.part.etag", path);
    json_t *json = keep_json(json_load_file(note, 0, NULL));
    json_object_set_new(json, "etag", json_string("\"another\""));
    json_dump_file(json, note, 0);
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    assert_int_equal(proxy_saw(proxy, "If-Range: \"another\""), 1);
}

static void a_part_of_other_bytes_is_not_gone_on_with(void **state)
{
    (void)state;
    char *path = interrupted();
    char *note = keep_text("%s.part.etag", path);
    json_t *json = keep_json(json_load_file(note, 0, NULL));
    json_object_set_new(json, "checksum", json_string("sha256:00"));
    json_dump_file(json, note, 0);
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    assert_int_equal(proxy_saw(proxy, "\r\nRange:"), 0);
}

static void a_complete_part_needs_no_bytes(void **state)
{
    (void)state;
    char *path = interrupted();
    int fd = open(keep_text("%s.part", path), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, video.bytes, video.length, 0), video.length);
    close(fd);
    struct proxy *proxy = KIT_PROXY({0});
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
    assert_int_equal(proxy_saw(proxy, "GET /media/"), 0);
}

static void bytes_damaged_on_the_way_make_no_file(void **state)
{
    (void)state;
    KIT_PROXY({.flip_down = 200000}, {.flip_down = 200000});
    char *path = kit_path("a.webm");
    scratch_write(path, "what was there before");
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "checksum");
    assert_string_equal(scratch_read(path, NULL), "what was there before");
    nothing_beside(path);
    run = kit_shell("\"$mediagw\" get %s >'%s'", id, kit_path("b.webm"));
    kit_exit(&run, 1);
}

static void a_second_get_of_the_same_file_is_refused_meanwhile(void **state)
{
    (void)state;
    char *path = interrupted();
    kit_direct();
    int fd = open(keep_text("%s.part", path), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    size_t had = part_length(path);
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "another get");
    assert_int_equal(part_length(path), had);
    close(fd);
    run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
}

static void a_part_that_is_a_symlink_is_not_written_through(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    char *aim = kit_file("precious", (struct body){"precious", 8});
    assert_int_equal(symlink(aim, keep_text("%s.part", path)), 0);
    struct run run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 1);
    kit_is(aim, (struct body){"precious", 8});
    path = kit_path("b.webm");
    aim = kit_path("nothing");
    assert_int_equal(symlink(aim, keep_text("%s.part", path)), 0);
    run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 1);
    assert_false(kit_exists(aim));
}

static void what_is_not_there_or_not_ours_is_refused(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    struct run run = run_mediagw("get", "no-such-id", "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "HTTP 404");
    run = run_mediagw("get", "../../media", "-o", path, NULL);
    kit_exit(&run, 1);
    setenv("MEDIAGW_KEY", gw->other_token, 1);
    run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 1);
    kit_says(&run, "HTTP 403");
    assert_false(kit_exists(path));
    nothing_beside(path);
}

static void the_file_has_the_users_umask(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    struct stat info;
    struct run run = kit_shell("umask 022; \"$mediagw\" get %s -o '%s'", id, path);
    kit_exit(&run, 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
}

static void a_reader_that_leaves_ends_it_silently(void **state)
{
    (void)state;
    struct run run = kit_shell("{ \"$mediagw\" get %s; echo $? >&2; } | head -c 10 >/dev/null", id);
    assert_string_equal(run.err, "141\n");
}

static void wrong_words_are_exit_2(void **state)
{
    (void)state;
    const char *const words[][3] = {{NULL}, {"a", "b"}, {""}, {"--json", "a"}, {"-x", "a"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct run run = run_mediagw("get", words[i][0], words[i][1], words[i][2], NULL);
        kit_exit(&run, 2);
    }
}

static void a_gateway_killed_while_it_sends_loses_nothing(void **state)
{
    (void)state;
    char *path = kit_path("a.webm");
    KIT_PROXY({.cut_down = 150000});
    struct run run = run_mediagw("get", "--retries", "0", id, "-o", path, NULL);
    kit_exit(&run, 1);
    gateway_kill_and_restart(gw);
    kit_direct();
    run = run_mediagw("get", id, "-o", path, NULL);
    kit_exit(&run, 0);
    kit_is(path, video);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(get_writes_the_whole_file_and_nothing_beside),
        CLI_TEST(get_goes_to_standard_output_where_that_is_no_terminal),
        CLI_TEST(get_into_a_folder_names_the_file_by_id_and_type),
        CLI_TEST(an_empty_recording_is_an_empty_file),
        CLI_TEST(json_names_the_file_and_gives_the_row),
        CLI_TEST(the_key_goes_to_the_gateway_and_never_with_a_signed_url),
        CLI_TEST(a_get_that_is_cut_goes_on_where_it_was),
        CLI_TEST(standard_output_goes_on_where_it_was_too),
        CLI_TEST(the_next_get_goes_on_where_one_was_interrupted),
        CLI_TEST(a_part_of_another_recording_is_not_gone_on_with),
        CLI_TEST(a_part_without_its_note_is_not_gone_on_with),
        CLI_TEST(a_part_that_was_changed_is_fetched_again),
        CLI_TEST(a_part_with_another_etag_is_fetched_again),
        CLI_TEST(a_part_of_other_bytes_is_not_gone_on_with),
        CLI_TEST(a_complete_part_needs_no_bytes),
        CLI_TEST(bytes_damaged_on_the_way_make_no_file),
        CLI_TEST(a_second_get_of_the_same_file_is_refused_meanwhile),
        CLI_TEST(a_part_that_is_a_symlink_is_not_written_through),
        CLI_TEST(what_is_not_there_or_not_ours_is_refused),
        CLI_TEST(the_file_has_the_users_umask),
        CLI_TEST(a_reader_that_leaves_ends_it_silently),
        CLI_TEST(wrong_words_are_exit_2),
        CLI_TEST(a_gateway_killed_while_it_sends_loses_nothing),
    };
    return cmocka_run_group_tests(tests, start, kit_stop);
}
