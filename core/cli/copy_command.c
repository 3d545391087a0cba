/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw copy`: all recordings of one config's drivers into another's. */
#include "core/base/cleanup.h"
#include "core/cli/cli.h"
#include "core/cli/course.h"
#include "core/media/move.h"

#include <jansson.h>

static const char help[] =
    "usage: mediagw copy --from CONFIG | --from-data DIR --to CONFIG\n"
    "                    [--init] [--jobs N] [--dry-run] [--json]\n\n"
    "Copies all recordings, bytes and rows, from the store and the repository of one config into\n"
    "those of another, whatever drivers they name, and API keys and what Idempotency-Keys "
    "remember\n"
    "with them. Every recording's bytes are there, of the right size and SHA-256, before its row\n"
    "is. The source is only read and may go on serving; rows keep their IDs and times.\n\n"
    "Interrupted, or run again later, it goes on: what is there is not copied again, what was\n"
    "deleted at the source is deleted at the target, and what was changed at the target itself\n"
    "stays. Uploads under way stay behind: stop the source's gateways before the last run.\n\n"
    "  --from CONFIG    the config to copy from\n"
    "  --from-data DIR  dev mode's folder to copy from\n"
    "  --to CONFIG      the config to copy to; set up by: mediagw init --config CONFIG\n"
    "  --init           set the target up where there is none yet\n"
    "  --jobs N         recordings in flight, 1 to 64; default 4\n"
    "  --dry-run        tell what would be done; write nothing\n"
    "  --json           the summary as JSON\n\n"
    "A recording that cannot be copied is named on standard error, and the others go on; only a\n"
    "full target ends it all. See also: mediagw verify\n\n"
    "Exit codes: 0 everything is there; 1 something failed; 2 the command line or a config is\n"
    "wrong.\n";

enum { JSON_ERRORS = 1000 };

struct copy {
    struct course course;
    json_t *errors; /* NULL without --json */
};

static void on_failure(void *ctx, const char *id, enum mgw_status status, const char *text)
{
    struct copy *copy = ctx;
    course_say(&copy->course, "%s: %s: %s", id, mgw_status_name(status), text);
    if (copy->errors && json_array_size(copy->errors) < JSON_ERRORS) {
        json_array_append_new(copy->errors, json_pack("{s:s, s:s, s:s}", "id", id, "status",
                                                      mgw_status_name(status), "error", text));
    }
}

static bool on_tick(void *ctx, const struct move_counts *counts)
{
    struct copy *copy = ctx;
    return course_at(&copy->course, counts->rows, counts->rows_total, counts->bytes_passed,
                     counts->bytes_total);
}

static void print_json(struct copy *copy, const struct move_counts *counts, bool dry_run,
                       enum mgw_status status, const struct mgw_error *error)
{
    json_t *json = json_pack(
        "{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "complete",
        status == MGW_OK && counts->failed == 0, "dryRun", dry_run, "rows",
        (json_int_t)counts->rows, "copied", (json_int_t)counts->copied, "bytes",
        (json_int_t)counts->bytes, "rowsOnly", (json_int_t)counts->rows_only, "changed",
        (json_int_t)counts->changed, "unchanged", (json_int_t)counts->unchanged, "kept",
        (json_int_t)counts->kept, "uploading", (json_int_t)counts->uploading, "records",
        (json_int_t)counts->records, "failed", (json_int_t)counts->failed, "errors", copy->errors);
    if (status != MGW_OK) {
        json_object_set_new(json, "error", json_string(error->text));
    }
    json_dumpf(json, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(json);
}

static void print_text(const struct move_counts *counts, bool dry_run)
{
    char size[PROGRESS_SIZE];
    const struct {
        uint64_t count;
        const char *what;
    } others[] = {
        {counts->rows_only, "rows without bytes (failed or deleted)"},
        {counts->changed, "changed since the last copy"},
        {counts->unchanged, "there already"},
        {counts->kept, "changed at the target itself: left as they are"},
        {counts->uploading, "still uploading: left behind"},
        {counts->records, "API keys and other records"},
        {counts->failed, "FAILED"},
    };
    progress_bytes(counts->bytes, size);
    printf("%s%llu recordings, %s\n", dry_run ? "would copy " : "copied ",
           (unsigned long long)counts->copied, size);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].count > 0) {
            printf("%s%llu %s\n", dry_run ? "would be: " : "", (unsigned long long)others[i].count,
                   others[i].what);
        }
    }
}

static int act(const struct cli_options *options, const struct config *from,
               const struct config *to, unsigned jobs)
{
    struct copy copy = {.errors = options->json ? json_array() : NULL};
    struct move_counts counts = {0};
    struct mgw_error error = {.size = sizeof error};
    struct move_options move = {
        .from = from,
        .to = to,
        .jobs = jobs,
        .dry_run = options->dry_run,
        .init = options->init,
        .failure = on_failure,
        .tick = on_tick,
        .ctx = &copy,
    };
    course_start(&copy.course, options->dry_run ? "looked at" : "copied");
    enum mgw_status status = move_run(&move, &counts, &error);
    on_tick(&copy, &counts); /* the last state stays on the terminal */
    course_end(&copy.course, status == MGW_OK);
    if (status != MGW_INVALID && options->json) {
        print_json(&copy, &counts, options->dry_run, status, &error);
    } else if (status != MGW_INVALID && counts.rows_total > 0) {
        print_text(&counts, options->dry_run);
    }
    json_decref(copy.errors);
    if (status == MGW_CANCELLED) {
        return cli_say(CLI_FAILED, "interrupted: run it again to go on");
    }
    return status != MGW_OK     ? cli_error(status, &error)
           : counts.failed == 0 ? CLI_DONE
                                : cli_say(CLI_FAILED, "%llu could not be copied; run it again",
                                          (unsigned long long)counts.failed);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *from = NULL, *to = NULL;
    unsigned jobs;
    int first;
    if (!cli_options(argc, argv, "fFtijnJ", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc || !options.from == !options.from_data || !options.to) {
        cli_say(CLI_WRONG, "copy needs --from CONFIG or --from-data DIR, and --to CONFIG");
        return cli_usage(command);
    }
    if (!course_jobs(options.jobs, 4, &jobs)) {
        return CLI_WRONG;
    }
    int exit =
        cli_load(&(struct cli_options){.config = options.from, .data = options.from_data}, &from);
    if (exit == CLI_DONE) {
        exit = cli_load(&(struct cli_options){.config = options.to}, &to);
    }
    if (exit == CLI_DONE) {
        exit = act(&options, from, to, jobs);
    }
    config_free(from);
    config_free(to);
    return exit;
}

const struct cli_command cli_copy = {.name = "copy",
                                     .summary = "Copy all recordings to another store and database",
                                     .help = help,
                                     .run = run};
