/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that loads the module: it runs one case, or tells what the module is. See suite.h.
 * cmocka is the assertions' library; what the case comes to goes to the parent by a pipe, so that
 * neither a crash nor a module that ends the process can be taken for success. */
#include "core/kit/suite.h"

#include "core/kit/crash.h"
#include "core/kit/subject.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *skipped_by, *skipped_why;
static bool passed;

/* cmocka catches these to go on with its next test. Here the process ends by them, with all that a
 * sanitizer or a core file has to say. */
static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};
enum { SIGNALS = sizeof signals / sizeof signals[0] };
static struct sigaction before[SIGNALS];

void kit_skipped(const char *what, const char *why)
{
    skipped_by = what;
    skipped_why = why;
}

static bool scripted; /* this process is to be killed, see crash.h */

static void run_case(void **state)
{
    const struct kit_case *one = *state;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &before[i], NULL);
    }
    if (scripted) {
        one->script();
    } else {
        one->run(state);
    }
    passed = true;
}

static void say(int result, const char *line)
{
    size_t length = strlen(line);
    if (write(result, line, length) != (ssize_t)length) {
        _exit(KIT_WRONG);
    }
}

static const struct kit_case *find(const struct kit_suite *suite, const char *name,
                                   unsigned *number)
{
    const struct kit_case *one = kit_case_at(suite, *number = 0);
    while (one && strcmp(one->name, name) != 0) {
        one = kit_case_at(suite, ++*number);
    }
    return one;
}

/* After a failure nothing is tidied up: the case has left in its middle, and what it held may be
 * in any state. */
static int judge(const struct kit_suite *suite, int result)
{
    char line[512];
    fflush(NULL);
    if (!passed && !skipped_by) {
        say(result, "failed\n");
        _exit(KIT_SOME_FAILED);
    }
    suite->close();
    subject_free();
    snprintf(line, sizeof line, "skipped\t%s\t%s\n", skipped_by ? skipped_by : "",
             skipped_by ? skipped_why : "");
    say(result, passed ? "passed\n" : line);
    return KIT_ALL_PASSED;
}

static int run(const struct kit_options *options, const struct kit_suite *suite, int result)
{
    unsigned number;
    const struct kit_case *one = find(suite, options->one, &number);
    if (!one || (options->crash && (!one->script || !crash_told(options->crash)))) {
        fprintf(stderr, "mediagw plugin test: there is no case %s\n", options->one);
        return KIT_WRONG;
    }
    scripted = options->crash;
    if (!suite->open(options, number)) {
        fputs("the instance could not be opened\n", stderr);
        fflush(NULL);
        if (!scripted) {
            say(result, "failed\n");
        }
        _exit(KIT_SOME_FAILED);
    }
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
    }
    const struct CMUnitTest test = {
        .name = one->name, .test_func = run_case, .initial_state = (void *)(uintptr_t)one};
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    _cmocka_run_group_tests(one->name, &test, 1, NULL, NULL);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &before[i], NULL);
    }
    if (scripted) {
        fflush(NULL);
        _exit(passed ? KIT_ALL_PASSED : KIT_SOME_FAILED);
    }
    return judge(suite, result);
}

/* "plugin KIND TRAITS NAME VERSION". */
static int describe(const struct kit_options *options, const struct kit_suite *suite, int result)
{
    char line[512];
    const struct mgw_plugin *plugin = subject_plugin();
    uint64_t traits = 0;
    if (!options->kind_only) {
        if (!suite->open(options, 0)) {
            return KIT_WRONG;
        }
        traits = suite->traits();
        suite->close();
    }
    snprintf(line, sizeof line, "plugin\t%u\t%llx\t%s\t%s\n", plugin->kind,
             (unsigned long long)traits, plugin->name, plugin->version);
    subject_free();
    say(result, line);
    return KIT_ALL_PASSED;
}

int kit_child(const struct kit_options *options, int result)
{
    if (!subject_load(options)) {
        return KIT_WRONG;
    }
    const struct kit_suite *suite = kit_suite_of(subject_plugin()->kind);
    return options->describe ? describe(options, suite, result) : run(options, suite, result);
}
