/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin test` itself, on modules that behave and on one that does not: what each comes to
 * is told, and the rest goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scratch.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOODY MODULES "/moody.so"
/* One case that calls stat(), and one that does not. */
#define TWO_CASES "--only", "commit_answers_what_stat_answers", "--only", "buckets_are_apart"

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("\"%s\" is not in:\n%s\n", part, text);
        fail();
    }
}

static void assert_exit(const struct run *run, int status)
{
    if (run->status != status) {
        print_error("exit code %d, expected %d:\n%s%s\n", run->status, status, run->out, run->err);
        fail();
    }
}

static void a_sound_module_passes(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, TWO_CASES);
    assert_exit(&run, 0);
    assert_has(run.out, "ok       commit_answers_what_stat_answers (");
    assert_has(run.out, "ok       buckets_are_apart (");
    assert_has(run.out, "moody 1: 2 cases in ");
    assert_has(run.out, ": 2 passed, 0 failed, 0 skipped\n");
}

static void each_way_to_misbehave_fails_its_case_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *mood, *told;
    } moods[] = {
        {"mood=crash", "crashed: signal 11"},
        {"mood=abort", "crashed: signal 6"},
        {"mood=exit", "ended the process before the case was over"},
        {"mood=wrong", "expected MGW_OK, got MGW_BUSY: not today"},
        {"mood=hang", "hung: it was not over after 3 s"},
    };
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        struct run run =
            run_mediagw("plugin", "test", MOODY, TWO_CASES, "--timeout", "3", moods[i].mood);
        assert_exit(&run, 1);
        assert_has(run.out, "FAILED   commit_answers_what_stat_answers (");
        assert_has(run.out, "clause: mgw_stat: bytes, modified_ms, etag always set");
        assert_has(run.out, "ok       buckets_are_apart (");
        assert_has(run.out, ": 1 passed, 1 failed, 0 skipped\n");
        if (SANITIZED && strcmp(moods[i].mood, "mood=crash") == 0) {
            continue; /* the sanitizer ends the process in its own way, and says more */
        }
        assert_has(run.out, moods[i].told);
    }
}

static void a_crash_in_destroy_fails_a_case_that_had_passed(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, TWO_CASES, "mood=late");
    assert_exit(&run, 1);
    assert_has(run.out, "FAILED   commit_answers_what_stat_answers (");
    assert_has(run.out, "ok       buckets_are_apart (");
}

static void a_module_that_cannot_be_opened_is_told_at_once(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, "mood=unborn");
    assert_exit(&run, 2);
    assert_has(run.err, "while it was loaded and opened it ");
    assert_string_equal(run.out, "");
}

/* Rounds of the same work must not make the process grow. */
static void what_stays_behind_after_each_round_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *mood, *told;
    } moods[] = {
        {"mood=leak", "expected no memory to be left, got "},
        {"mood=keep_open", "expected no descriptor to be left, got 15 more after 15 rounds"},
        {"mood=keep_on", "expected no thread to be left, got 15 more after 15 rounds"},
    };
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        struct run run = run_mediagw("plugin", "test", MOODY, "--only",
                                     "a_destroyed_instance_leaves_nothing", moods[i].mood);
        assert_exit(&run, 1);
        assert_has(run.out, moods[i].told);
    }
}

#if SANITIZED == 1 /* AddressSanitizer, which finds leaks */
static void a_leak_fails_its_case(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, TWO_CASES, "mood=leak");
    assert_exit(&run, 1);
    assert_has(run.out, "FAILED   commit_answers_what_stat_answers (");
    assert_has(run.out, "after the case had passed, it ended the process with exit code");
    assert_has(run.out, "LeakSanitizer: detected memory leaks");
}
#endif

static bool is_gone(void *ctx)
{
    return kill(*(int *)ctx, 0) < 0 && errno == ESRCH;
}

static void what_a_hung_case_left_behind_is_ended(void **state)
{
    (void)state;
    char *folder = scratch_new(), path[4200], pair[4300];
    size_t length;
    snprintf(path, sizeof path, "%s/stray", folder);
    snprintf(pair, sizeof pair, "stray=%s", path);
    struct run run =
        run_mediagw("plugin", "test", MOODY, "--only", "commit_answers_what_stat_answers",
                    "--timeout", "3", "mood=hang", pair);
    assert_exit(&run, 1);
    char *text = scratch_read(path, &length);
    assert_non_null(text);
    int stray = atoi(text);
    assert_true(stray > 1);
    assert_true(wait_for(is_gone, &stray, 30000));
    scratch_remove(folder);
    free(folder);
}

static void nothing_of_a_run_stays(void **state)
{
    (void)state;
    char *folder = scratch_new();
    setenv("TMPDIR", folder, 1);
    struct run run =
        run_mediagw("plugin", "test", "fs", "root={tmp}/a b/store", "--only", "put_is_*");
    unsetenv("TMPDIR");
    assert_exit(&run, 0);
    assert_int_equal(scratch_count_files(folder), 0);
    scratch_remove(folder);
    free(folder);
}

static void no_case_is_no_success(void **state)
{
    (void)state;
    struct run none = run_mediagw("plugin", "test", MOODY, "--only", "no_such_case");
    assert_exit(&none, 1);
    assert_has(none.out, "No case has run");
    struct run skipped = run_mediagw("plugin", "test", MOODY, "--only", "copy_takes_*");
    assert_exit(&skipped, 1);
    assert_has(skipped.out, "skipped  copy_takes_bytes_and_properties_along: COPY is not declared");
    assert_has(skipped.out, "0 passed, 0 failed, 1 skipped (by COPY: 1)");
}

static void wrong_usage_is_told_and_nothing_runs(void **state)
{
    (void)state;
    const char *const wrong[][4] = {
        {"/no/such/module.so", NULL, NULL, "/no/such/module.so: the module cannot be opened"},
        {"no_such_plugin", NULL, NULL, "there is no such plugin \"no_such_plugin\""},
        {MOODY, "mod=hang", NULL, "key \"storage.mod\": unknown key; did you mean \"mood\"?"},
        {MOODY, "mood=gay", NULL, "expected one of hang|crash|"},
        {MOODY, "stray={nowhere}", NULL, "{nowhere} is not tmp, unique, case or of --values"},
        {MOODY, "--timeout", "soon", "--timeout: expected seconds, got \"soon\""},
        {MOODY, "--bad", NULL, "Try \"mediagw plugin test --help\""},
        {MOODY, "word", NULL, "expected KEY=VALUE behind the module, got \"word\""},
        {MOODY, "--refuses", "nonsense", "no such form"},
        {MOODY, "--config", "/no/such/file", "/no/such/file"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *words[] = {mediagw_command(), "plugin",    "test", wrong[i][0],
                               wrong[i][1],       wrong[i][2], NULL};
        struct run run = run_command(words);
        assert_exit(&run, 2);
        assert_string_equal(run.out, "");
        assert_has(run.err, wrong[i][3]);
    }
}

static void a_list_names_clauses_and_needs(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, "--list", "mood=unborn");
    assert_exit(&run, 0); /* no instance is made */
    assert_has(run.out, "put_is_invisible_until_commit [put_begin: nothing is visible before");
    assert_has(run.out, "copy_takes_bytes_and_properties_along [copy] needs COPY, no READ_ONLY\n");
    assert_has(run.out, "a_blob_of_5_gib_round_trips [");
    assert_has(run.out, " (slow)\n");
    struct run repo = run_mediagw("plugin", "test", "sqlite", "--list", "--only", "*expired*");
    assert_exit(&repo, 0);
    assert_has(repo.out, "an_expired_record_reads_as_absent [mgw_record.expires_at: ");
    assert_null(strstr(repo.out, "reopening"));
}

static size_t count_children(const xmlNode *parent, const char *name)
{
    size_t count = 0;
    for (const xmlNode *at = parent->children; at; at = at->next) {
        count += at->type == XML_ELEMENT_NODE && strcmp((const char *)at->name, name) == 0;
    }
    return count;
}

static void assert_attribute(xmlNode *node, const char *name, const char *expected)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    assert_non_null(value);
    assert_string_equal((const char *)value, expected);
    xmlFree(value);
}

static void the_report_is_xml_with_the_same_counts(void **state)
{
    (void)state;
    char *folder = scratch_new(), path[4200];
    snprintf(path, sizeof path, "%s/junit.xml", folder);
    struct run run = run_mediagw("plugin", "test", MOODY, TWO_CASES, "--only", "copy_takes_*",
                                 "mood=wrong", "--report", path);
    assert_exit(&run, 1);
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    xmlNode *suite = xmlDocGetRootElement(doc);
    assert_string_equal((const char *)suite->name, "testsuite");
    assert_attribute(suite, "name", "moody");
    assert_attribute(suite, "tests", "3");
    assert_attribute(suite, "failures", "1");
    assert_attribute(suite, "skipped", "1");
    assert_int_equal(count_children(suite, "testcase"), 3);
    size_t failures = 0, skips = 0;
    for (xmlNode *at = suite->children; at; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            assert_attribute(at, "classname", "moody");
            failures += count_children(at, "failure");
            skips += count_children(at, "skipped");
        }
    }
    assert_int_equal(failures, 1);
    assert_int_equal(skips, 1);
    size_t length;
    assert_has(scratch_read(path, &length), "not today &lt;&amp;&gt; ? ");
    xmlFreeDoc(doc);
    struct run bad = run_mediagw("plugin", "test", MOODY, TWO_CASES, "--report", "/no/such/dir/x");
    assert_exit(&bad, 2);
    scratch_remove(folder);
    free(folder);
}

/* What wants the host to lock gets one thread at a time. */
static void serial_plugins_are_never_entered_twice(void **state)
{
    (void)state;
    struct run store = run_mediagw("plugin", "test", MODULES "/moody_serial.so", "--only",
                                   "many_threads_*", "--only", "a_crowd_*");
    assert_exit(&store, 0);
    struct run repo = run_mediagw("plugin", "test", MODULES "/serial_repo.so", "--only", "one_*",
                                  "--only", "a_crowd_*");
    assert_exit(&repo, 0);
}

static void cases_may_run_side_by_side(void **state)
{
    (void)state;
    struct run run = run_mediagw("plugin", "test", MOODY, "--jobs", "3", "--only", "*abort*");
    assert_exit(&run, 0);
    assert_has(run.out, "ok       abort_leaves_nothing (");
    assert_has(run.out, "ok       abort_is_idempotent_and_leaves_no_blob (");
}

/* A config's stack: a filter that is on top of it already is tested as it stands there. */
static void a_filter_is_tested_on_a_configs_storage(void **state)
{
    (void)state;
    char *folder = scratch_new(), path[4200];
    snprintf(path, sizeof path, "%s/config.json", folder);
    scratch_write(path, "{\"storage\": {\"driver\": \"fs\", \"root\": \"{tmp}/{which}\", "
                        "\"filters\": [{\"filter\": \"passfilter\"}]}}");
    char values[4200];
    snprintf(values, sizeof values, "%s/values.json", folder);
    scratch_write(values, "{\"which\": \"mine\"}");
    const char *module = MODULES "/passfilter.so";
    struct run run = run_mediagw("plugin", "test", module, "--config", path, "--values", values,
                                 "--only", "the_descriptor_*");
    assert_exit(&run, 0);
    struct run refused = run_mediagw("plugin", "test", module, "--config", path, "--values", values,
                                     "refuse=as told", "--only", "the_descriptor_*");
    assert_exit(&refused, 2);
    assert_has(refused.err, "filter plugin \"passfilter\": refused, as its config asks: as told");
    struct run other = run_mediagw("plugin", "test", MOODY, "--config", path, "--values", values);
    assert_exit(&other, 2);
    assert_has(other.err, "is the driver \"fs\", expected \"moody\"");
    scratch_remove(folder);
    free(folder);
}

static void the_help_tells_every_option(void **state)
{
    (void)state;
    static const char *const options[] = {"--config", "--only",   "--list",   "--slow",
                                          "--jobs",   "--report", "--values", "--refuses",
                                          "--hides",  "--timeout"};
    struct run run = run_mediagw("plugin", "test", "--help");
    assert_exit(&run, 0);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        assert_has(run.out, options[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_module_passes),
        cmocka_unit_test(each_way_to_misbehave_fails_its_case_and_no_other),
        cmocka_unit_test(a_crash_in_destroy_fails_a_case_that_had_passed),
        cmocka_unit_test(a_module_that_cannot_be_opened_is_told_at_once),
        cmocka_unit_test(what_stays_behind_after_each_round_is_found),
#if SANITIZED == 1
        cmocka_unit_test(a_leak_fails_its_case),
#endif
        cmocka_unit_test(what_a_hung_case_left_behind_is_ended),
        cmocka_unit_test(nothing_of_a_run_stays),
        cmocka_unit_test(no_case_is_no_success),
        cmocka_unit_test(wrong_usage_is_told_and_nothing_runs),
        cmocka_unit_test(a_list_names_clauses_and_needs),
        cmocka_unit_test(the_report_is_xml_with_the_same_counts),
        cmocka_unit_test(serial_plugins_are_never_entered_twice),
        cmocka_unit_test(cases_may_run_side_by_side),
        cmocka_unit_test(a_filter_is_tested_on_a_configs_storage),
        cmocka_unit_test(the_help_tells_every_option),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
