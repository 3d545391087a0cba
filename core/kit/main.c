/* SPDX-License-Identifier: Apache-2.0
 *
 * mediagw-kit: the conformance kit, `mediagw plugin test` (and `bench`, gauge/). This process lists
 * the cases, starts a child for each and judges how it ends; it never loads the module itself. */
#include "core/kit/crash.h"
#include "core/kit/gauge/command.h"
#include "core/kit/options.h"
#include "core/kit/report.h"
#include "core/kit/run.h"
#include "core/kit/suite.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { RESULT_FD = 3 };
static const size_t describer = SIZE_MAX; /* the tag of a child that runs no case */

struct plugin {
    uint32_t kind;
    uint64_t traits;
    char name[64], version[128];
};

/* Asks a child what the module is. False: said why. */
static bool describe(struct run *run, const struct kit_options *options, struct plugin *plugin)
{
    unsigned long long traits = 0;
    if (!run_start(run, describer, options->list ? "--kind" : "--describe", NULL, false)) {
        return false;
    }
    struct run_child *child = run_wait(run);
    AUTO_FREE char *fate = run_fate(child, run->timeout_ms);
    const char *said = child->result.data ? child->result.data : "";
    bool good = !fate && sscanf(said, "plugin\t%u\t%llx\t%63[^\t]\t%127[^\n]", &plugin->kind,
                                &traits, plugin->name, plugin->version) == 4;
    plugin->traits = traits;
    if (!good) {
        fwrite(child->output.data ? child->output.data : "", 1, child->output.length, stderr);
        bool told = WIFEXITED(child->status) && WEXITSTATUS(child->status) == KIT_WRONG;
        if (!told) {
            fprintf(stderr, "mediagw plugin test: %s: while it was loaded and opened it %s\n",
                    options->module, fate ? fate : "ended the process");
        }
    }
    run_free_child(child);
    return good;
}

/* ---- Cases ---- */

static size_t select_cases(const struct kit_suite *suite, const struct kit_options *options,
                           struct report *report)
{
    const struct kit_case *one;
    size_t all = 0;
    while (kit_case_at(suite, all)) {
        all++;
    }
    report->at = calloc(all + 1, sizeof *report->at);
    for (size_t i = 0; report->at && (one = kit_case_at(suite, i)); i++) {
        if (kit_selected(options, one->name)) {
            report->at[report->count++].one = one;
        }
    }
    return report->count;
}

static int list_cases_of(const struct kit_suite *suite, const struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct kit_case *one = report->at[i].one;
        uint64_t traits = 0;
        printf("%s [%s]", one->name, one->clause);
        for (uint64_t bit = 1; bit; bit <<= 1) {
            const char *why, *name = one->needs & bit ? kit_missing(suite, bit, 0, &why) : NULL;
            bool cannot = bit == KIT_WRITES || bit == KIT_PREPARES || bit == KIT_SURVIVES;
            if (name && bit != KIT_PREPARES) {
                printf("%s%s%s", traits++ ? ", " : " needs ", cannot ? "no " : "", name);
            }
        }
        printf("%s\n", one->slow ? " (slow)" : "");
    }
    return report->count ? KIT_ALL_PASSED : KIT_SOME_FAILED;
}

static void skip(struct outcome_of *of, const char *by, const char *why)
{
    of->outcome = OUTCOME_SKIPPED;
    of->by = strdup(by);
    of->reason = strdup(why);
}

/* True where the case need not run. */
static bool skipped(const struct kit_suite *suite, const struct kit_options *options,
                    const struct plugin *plugin, struct outcome_of *of)
{
    const char *why, *name = kit_missing(suite, of->one->needs, plugin->traits, &why);
    if (name) {
        skip(of, name, why);
    } else if (of->one->slow && !options->slow) {
        skip(of, "--slow", "is not given");
    }
    return of->outcome == OUTCOME_SKIPPED;
}

static void judge(const struct run *run, const struct run_child *child, struct outcome_of *of)
{
    const char *said = child->result.data ? child->result.data : "";
    char by[64], why[256];
    of->seconds = child->seconds;
    of->reason = run_fate(child, run->timeout_ms);
    if (!of->reason && strcmp(said, "passed\n") == 0) {
        of->outcome = OUTCOME_PASSED;
        return;
    }
    if (!of->reason && sscanf(said, "skipped\t%63[^\t]\t%255[^\n]", by, why) == 2) {
        skip(of, by, why);
        return;
    }
    of->outcome = OUTCOME_FAILED;
    of->text = report_text(child->output.data, child->output.length);
    if (strcmp(said, "failed\n") == 0 && !child->hung) {
        free(of->reason); /* the exit code is the kit's own */
        of->reason = NULL;
    } else if (!of->reason) {
        of->reason = strdup("ended the process before the case was over");
    } else if (strcmp(said, "passed\n") == 0) {
        char *more = NULL;
        if (asprintf(&more, "after the case had passed, it %s", of->reason) >= 0) {
            free(of->reason);
            of->reason = more;
        }
    }
}

/* Runs all that are selected, as many at once as is said. False: said why. */
static bool run_cases(struct run *run, const struct kit_suite *suite,
                      const struct kit_options *options, const struct plugin *plugin,
                      struct report *report)
{
    size_t next = 0;
    unsigned running = 0;
    while (next < report->count || running) {
        if (next < report->count && running < options->jobs) {
            struct outcome_of *of = &report->at[next];
            if (skipped(suite, options, plugin, of)) {
                report_line(of);
            } else if (run_start(run, next, "--case", of->one->name, of->one->counts)) {
                running++;
            } else {
                return false;
            }
            next++;
            continue;
        }
        struct run_child *child = run_wait(run);
        struct outcome_of *of = &report->at[child->tag];
        judge(run, child, of);
        report_line(of);
        run_free_child(child);
        running--;
    }
    return true;
}

static int parent(struct run *run, const struct kit_options *options)
{
    struct plugin plugin = {0};
    if (!describe(run, options, &plugin)) {
        return KIT_WRONG;
    }
    const struct kit_suite *suite = kit_suite_of(plugin.kind);
    struct report report = {.plugin = plugin.name, .version = plugin.version};
    select_cases(suite, options, &report);
    if (options->list) {
        int exit = list_cases_of(suite, &report);
        report_free(&report);
        return exit;
    }
    int64_t started = clock_mono_ms();
    int exit = KIT_WRONG;
    if (run_cases(run, suite, options, &plugin, &report)) {
        report.seconds = (double)(clock_mono_ms() - started) / 1000;
        exit = report_summary(&report);
        if (options->report && !report_junit(&report, options->report)) {
            exit = KIT_WRONG;
        }
    }
    report_free(&report);
    return exit;
}

int main(int argc, char **argv)
{
    struct kit_options options;
    static struct run run;
    int exit = KIT_WRONG;
    if (argc > 1 && strcmp(argv[1], "bench") == 0) {
        return gauge_command(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "test") == 0) {
        argv[1] = argv[0]; /* the children's words begin behind it */
        argc--, argv++;
    }
    if (!kit_options(argc, argv, &options)) {
        kit_options_free(&options);
        return KIT_WRONG;
    }
    if (options.help) {
        fputs(kit_help, stdout);
        exit = KIT_ALL_PASSED;
    } else if (options.describe || options.one) {
        crash_words(argc, argv);
        exit = kit_child(&options, RESULT_FD);
    } else if (run_begin(&run, argc, argv, options.timeout_sec)) {
        exit = parent(&run, &options);
        run_end(&run);
    }
    kit_options_free(&options);
    return exit;
}
