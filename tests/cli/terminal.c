/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands on a terminal: a progress line, a table, a file instead of bytes on the screen. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `mediagw WORDS` on a terminal of COLUMNS in FOLDER; its output is all it showed. */
static struct run on_terminal(const char *folder, unsigned short columns, const char *words)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    struct run run = {0};
    int terminal = -1, status = 0;
    char *command = keep_text("exec \"$mediagw\" %s", words);
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        if (chdir(folder) != 0) {
            _exit(126);
        }
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    size_t length = 0;
    FILE *out = open_memstream(&run.out, &length);
    char bytes[4096];
    for (ssize_t got; (got = read(terminal, bytes, sizeof bytes)) > 0;) {
        fwrite(bytes, 1, (size_t)got, out);
    }
    fclose(out);
    keep(run.out);
    close(terminal);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run.err = run.out;
    return run;
}

static void shows(const struct run *run, const char *text)
{
    if (!strstr(run->out, text)) {
        fail_msg("no \"%s\" in: %s", text, run->out);
    }
}

static char *folder(void)
{
    char *path = kit_path("here");
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static void put_shows_name_share_and_size(void **state)
{
    (void)state;
    char *here = folder();
    struct run run = on_terminal(here, 100, keep_text("put '%s'", kit_file("a clip.webm", video)));
    kit_exit(&run, 0);
    shows(&run, "a clip.webm  100%");
    shows(&run, "362.9 KiB / 362.9 KiB");
    shows(&run, "[##############################]");
}

/* The longest line that stood on the screen at any time, in columns. */
static size_t widest(const char *text)
{
    size_t most = 0, column = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\r' || *c == '\n') {
            column = 0;
        } else if (*c == '\x1b') {
            c += strcspn(c, "Kmh");
        } else if (((unsigned char)*c & 0xc0) != 0x80) {
            column++;
        }
        most = column > most ? column : most;
    }
    return most;
}

static void a_narrow_terminal_is_not_overrun(void **state)
{
    (void)state;
    char *path = kit_file("a-name-that-is-much-longer-than-a-narrow-terminal-is-wide.webm", video);
    static const unsigned short columns[] = {80, 60, 50};
    for (size_t i = 0; i < 3; i++) {
        struct run run =
            on_terminal(folder(), columns[i], keep_text("put --quiet '%s' >/dev/null", path));
        kit_exit(&run, 0);
        assert_string_equal(run.out, "");
        run = on_terminal(folder(), columns[i], keep_text("put '%s' >/dev/null", path));
        kit_exit(&run, 0);
        shows(&run, "terminal-is-wide.webm  100%");
        assert_in_range(widest(run.out), 20, columns[i] - 1U);
    }
}

static void quiet_shows_no_progress(void **state)
{
    (void)state;
    struct run run =
        on_terminal(folder(), 100, keep_text("put --quiet '%s'", kit_file("a.webm", small)));
    kit_exit(&run, 0);
    assert_null(strchr(run.out, '%'));
    assert_null(strchr(run.out, '\x1b'));
}

static void a_put_that_waits_shows_how_far_it_is(void **state)
{
    (void)state;
    KIT_PROXY({.cut_up = 8 << 20}, {.cut_up = 8 << 20});
    char *path = kit_file("a.webm", body_random(5, 64 << 20));
    struct run run = on_terminal(folder(), 100, keep_text("put --mime-type video/webm '%s'", path));
    kit_exit(&run, 0);
    const char *end = strstr(run.out, "100%");
    assert_non_null(end);
    bool between = false;
    for (const char *c = run.out; c < end; c++) {
        between = between || (*c == '%' && c[-1] != '0');
    }
    assert_true(between);
}

static void get_on_a_terminal_makes_a_file_named_by_id_and_type(void **state)
{
    (void)state;
    char *here = folder();
    char *id = kit_put(video);
    struct run run = on_terminal(here, 100, keep_text("get %s", id));
    kit_exit(&run, 0);
    kit_is(keep_text("%s/%s.webm", here, id), video);
    shows(&run, keep_text("%s.webm\r\n", id));
    shows(&run, "100%");
}

static void ls_on_a_terminal_is_a_table(void **state)
{
    (void)state;
    struct run put = run_mediagw("put", "--duration-ms", "65000", "--session-id", "table",
                                 kit_file("a.webm", video), NULL);
    kit_exit(&put, 0);
    struct run run = on_terminal(folder(), 100, "ls --session-id table");
    kit_exit(&run, 0);
    shows(&run, "ID          ");
    shows(&run, "SESSION");
    shows(&run, kit_line(&put));
    shows(&run, "  362.9 KiB      1:05  video ");
    assert_null(strchr(run.out, '\t'));
}

static void a_failure_stands_on_a_line_of_its_own(void **state)
{
    (void)state;
    KIT_PROXY({.cut_up = 200000});
    struct run run =
        on_terminal(folder(), 100, keep_text("put --retries 0 '%s'", kit_file("a.webm", video)));
    assert_int_equal(run.status, 1);
    const char *message = strstr(run.out, "mediagw: put ");
    assert_non_null(message);
    assert_true(message == run.out || message[-1] == 'K' || message[-1] == '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(put_shows_name_share_and_size),
        CLI_TEST(a_narrow_terminal_is_not_overrun),
        CLI_TEST(quiet_shows_no_progress),
        CLI_TEST(a_put_that_waits_shows_how_far_it_is),
        CLI_TEST(get_on_a_terminal_makes_a_file_named_by_id_and_type),
        CLI_TEST(ls_on_a_terminal_is_a_table),
        CLI_TEST(a_failure_stands_on_a_line_of_its_own),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
