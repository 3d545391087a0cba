/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of calls where no gateway is: the media service as a library (a recording, its delete,
 * an API key), and the fs driver's resumable upload. As test_order.c; the process is subject.c. */
#include "tests/durability/rig.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct tape *tape;
static struct server *server; /* its config and folders: never started */
static pid_t pid;
static FILE *commands, *answers;

static char *ask(const char *command)
{
    char line[1024] = "";
    if (command) {
        assert_true(fprintf(commands, "%s\n", command) > 0 && fflush(commands) == 0);
    }
    assert_non_null(fgets(line, sizeof line, answers));
    if (strncmp(line, "failed", 6) == 0) {
        fail_msg("%s: %s", command, line);
    }
    line[strcspn(line, "\n")] = '\0';
    return keep_text("%s", line);
}

static void start(void)
{
    int in[2], out[2];
    assert_int_equal(pipe2(in, 02000000), 0); /* O_CLOEXEC */
    assert_int_equal(pipe2(out, 02000000), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(600); /* never left behind */
        if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0) {
            _exit(126);
        }
        execl(DURABILITY_SUBJECT, DURABILITY_SUBJECT, server->config_path, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    commands = fdopen(in[1], "w");
    answers = fdopen(out[0], "r");
    assert_string_equal(ask(NULL), "ready");
}

typedef uint32_t judge(const struct order *order);

/* Asks COMMAND; how its stretch of tape, or that from FROM on, is judged. */
static uint32_t judged(judge *judge_, uint64_t from, const char *command, const char *id,
                       uint64_t bytes, char **text)
{
    uint64_t mark = from ? from : play_mark(tape);
    char *line = ask(command);
    struct play play = play_answered(tape, mark, line);
    /* the row's id is told by the answer */
    struct order order = {&play, line,
                          id                  ? id
                          : strchr(line, ' ') ? strchr(line, ' ') + 1
                                              : "",
                          bytes};
    uint32_t breaches = judge_(&order);
    if (getenv("DURABILITY_SHOW")) {
        play_show(&play);
    }
    play_release(&play);
    if (text) {
        *text = line;
    }
    return breaches;
}

/* Lays a rule that hides; 0 for FIRST: all. */
static void hide(uint32_t kinds, const char *pattern, int64_t only)
{
    struct tape_rule *rule = play_rule(tape, 0, RULE_HIDE, OP_ANY_SYNC, kinds, pattern);
    rule->armed = 0;
    rule->first = only ? only : 1;
    rule->last = only ? only : INT64_MAX;
    rule->armed = 1;
}

static void unhide(const char *what)
{
    play_disarm(tape);
    if (tape->rules[0].hit == 0) {
        fail_msg("there is no sync %s", what);
    }
}

/* ---- The library ---- */

static uint32_t create(char **id)
{
    uint32_t breaches = judged(order_create, 0, "create 5 70000", NULL, 70000, id);
    *id += strlen("created ");
    return breaches;
}

static void a_recording_by_the_library_is_synced_when_it_is_finished(void **state)
{
    (void)state;
    char *id;
    assert_breaches(create(&id), 0, "create");
    assert_breaches(judged(order_delete, 0, keep_text("delete %s", id), id, 0, NULL), 0, "delete");
}

static void the_checker_sees_what_the_library_would_leave_out(void **state)
{
    (void)state;
    static const struct {
        uint32_t kinds;
        const char *pattern;
        int64_t only;
        uint32_t expected;
    } classes[] = {
        {KIND_FILE, "*/buckets/*", 0, FILE_UNSYNCED},
        {KIND_FOLDER, "*/buckets/*", 0, FOLDER_UNSYNCED},
        {KIND_FILE, "*-wal", 1, UPLOADING_UNSYNCED},
        {KIND_FILE, "*-wal", 2, READY_UNSYNCED},
    };
    char *id;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        hide(classes[i].kinds, classes[i].pattern, classes[i].only);
        uint32_t breaches = create(&id);
        unhide(classes[i].pattern);
        assert_breaches(breaches, classes[i].expected, classes[i].pattern);
    }
    hide(KIND_FILE, "*-wal", 0);
    uint32_t breaches = judged(order_delete, 0, keep_text("delete %s", id), id, 0, NULL);
    unhide("of the WAL");
    assert_breaches(breaches, DELETED_UNSYNCED, "delete");
}

static void an_api_key_is_synced_before_it_is_told(void **state)
{
    (void)state;
    char *token, id[17] = "";
    uint64_t mark = play_mark(tape);
    token = ask("key acct-a");
    snprintf(id, sizeof id, "%s", token + strlen("key mgw_"));
    struct play play = play_answered(tape, mark, token);
    struct order order = {&play, token, id, 0};
    assert_breaches(order_record(&order), 0, "key");
    play_release(&play);
    assert_breaches(judged(order_record, 0, keep_text("revoke %s", id), id, 0, NULL), 0, "revoke");

    hide(KIND_FILE, "*-wal", 0);
    mark = play_mark(tape);
    token = ask("key acct-b");
    unhide("of the WAL");
    snprintf(id, sizeof id, "%s", token + strlen("key mgw_"));
    play = play_answered(tape, mark, token);
    order = (struct order){&play, token, id, 0};
    assert_breaches(order_record(&order), KEY_UNSYNCED, "key");
    play_release(&play);
}

/* ---- The fs driver's resumable upload ---- */

enum { STEP_BEGIN, STEP_PART, STEP_COMPLETE, STEPS };

/* A whole upload, of two parts, with syncs hidden in one step (STEPS: in none); that step's
 * breaches. Every other step must be clean. */
static uint32_t upload(int hidden_in, uint32_t kinds, const char *pattern)
{
    uint32_t seen = 0, breaches;
    uint64_t mark = play_mark(tape);
    for (int step = STEP_BEGIN; step < STEPS; step++) {
        if (step == hidden_in) {
            hide(kinds, pattern, 0);
        }
        if (step == STEP_BEGIN) {
            breaches = judged(order_storage, 0, "begin", "", 0, NULL);
        } else if (step == STEP_PART) {
            breaches = judged(order_storage, 0, "part 1 0 50000", "", 0, NULL);
        } else {
            ask("part 2 50000 1000");
            /* the bytes came with the parts: judged from the upload's begin */
            breaches = judged(order_complete, mark, "complete 2", "", 51000, NULL);
        }
        if (step == hidden_in) {
            unhide(pattern);
            seen = breaches;
            if (step != STEP_COMPLETE) {
                return seen; /* the rest of it stands on sand */
            }
        } else {
            assert_breaches(breaches, 0, keep_text("step %d", step));
        }
    }
    return seen;
}

static void each_step_of_an_upload_is_synced_when_it_answers(void **state)
{
    (void)state;
    assert_breaches(upload(STEPS, 0, NULL), 0, "upload");
}

static void the_checker_sees_what_an_upload_would_leave_out(void **state)
{
    (void)state;
    static const struct {
        int step;
        uint32_t kinds;
        const char *pattern;
        uint32_t expected;
    } classes[] = {
        {STEP_BEGIN, KIND_FILE, "*/blobs/tmp/*/put", LEFT_FILE_DIRTY},
        {STEP_BEGIN, KIND_FILE, "*/blobs/tmp/*/lock", LEFT_FILE_DIRTY},
        {STEP_BEGIN, KIND_FOLDER, "*/blobs/tmp/*", LEFT_FOLDER_DIRTY},
        {STEP_BEGIN, KIND_FOLDER, "*/uploads", LEFT_FOLDER_DIRTY},
        {STEP_PART, KIND_FILE, "*/uploads/*/data.0", LEFT_FILE_DIRTY},
        {STEP_PART, KIND_FILE, "*/uploads/*/parts", LEFT_FILE_DIRTY},
        {STEP_COMPLETE, KIND_FILE, "*/uploads/*/lock", LEFT_FILE_DIRTY},
        {STEP_COMPLETE, KIND_FILE, "*/uploads/*/data.0", FILE_UNSYNCED},
        {STEP_COMPLETE, KIND_FILE, "*/uploads/*/done.new", DONE_UNSYNCED},
        {STEP_COMPLETE, KIND_FOLDER, "*/uploads/*", DONE_UNSYNCED},
        {STEP_COMPLETE, KIND_FOLDER, "*/buckets/*", FOLDER_UNSYNCED},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        assert_breaches(
            upload(classes[i].step, classes[i].kinds, classes[i].pattern), classes[i].expected,
            keep_text("step %d without the sync of %s", classes[i].step, classes[i].pattern));
    }
}

static int setup(void **state)
{
    (void)state;
    tape = play_new(".");
    server = server_new(NULL);
    play_record_children(true);
    start();
    char *id;
    create(&id); /* the bucket */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    int status = 0;
    fclose(commands);
    waitpid(pid, &status, 0);
    fclose(answers);
    play_free(tape);
    int left = server_free(server);
    rig_failures += status != 0 || left != 0;
    return rig_failures;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_recording_by_the_library_is_synced_when_it_is_finished),
        TEST(the_checker_sees_what_the_library_would_leave_out),
        TEST(an_api_key_is_synced_before_it_is_told),
        TEST(each_step_of_an_upload_is_synced_when_it_answers),
        TEST(the_checker_sees_what_an_upload_would_leave_out),
    };
    int failed = cmocka_run_group_tests_name("library", tests, setup, teardown);
    return failed + rig_failures;
}
