/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw verify`: every row against its blob, and every blob against its row. */
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/cli/cli.h"
#include "core/cli/course.h"
#include "core/cli/when.h"
#include "core/media/audit.h"

#include <jansson.h>
#include <string.h>

static const char help[] =
    "usage: mediagw verify --config FILE | --data DIR [--deep] [--grace SPAN] [--jobs N] [--json]\n"
    "\n"
    "Checks that every recording has its bytes, of the right size, and with --deep of the right\n"
    "SHA-256; that nothing stays uploading past its lease; and that no bytes lie about without a\n"
    "recording. Only reads; gateways may go on serving. One line a finding on standard output:\n\n"
    "  missing          a ready recording without its bytes\n"
    "  wrong_size       its bytes are fewer or more than its row says\n"
    "  damaged          its bytes have another SHA-256 than its row says (--deep)\n"
    "  unreadable       the store did not say\n"
    "  stuck_uploading  an upload whose lease is over, and no reaper has come\n"
    "  orphan           bytes without a row, older than --grace\n"
    "  left_behind      the bytes of a deleted or failed recording that nobody comes back to\n\n"
    "  --deep           read every byte\n"
    "  --grace SPAN     how old bytes without a row must be to be told: 1h, 30m; default 1h\n"
    "  --jobs N         recordings in flight, 1 to 64; default 4\n"
    "  --json           one JSON object instead\n\n"
    "Exit codes: 0 all is well; 1 something is wrong, or could not be told; 2 the command line or\n"
    "the config is wrong.\n";

enum { JSON_FOUND = 10000, GRACE_MS = 3600000 };

struct verify {
    struct course course;
    json_t *found; /* NULL without --json */
};

static void print_found(const struct audit_found *found)
{
    cli_pair("problem", audit_problem_name(found->problem), " ");
    if (found->id) {
        cli_pair("id", found->id, " ");
    }
    cli_pair("bucket", found->bucket, " ");
    cli_pair("key", found->key, " ");
    cli_pair("text", found->text, "\n");
    fflush(stdout);
}

static void on_found(void *ctx, const struct audit_found *found)
{
    struct verify *verify = ctx;
    if (!verify->found) {
        course_clear(&verify->course);
        print_found(found);
    } else if (json_array_size(verify->found) < JSON_FOUND) {
        json_array_append_new(verify->found, json_pack("{s:s, s:s*, s:s, s:s, s:s}", "problem",
                                                       audit_problem_name(found->problem), "id",
                                                       found->id, "bucket", found->bucket, "key",
                                                       found->key, "text", found->text));
    }
}

static bool on_tick(void *ctx, const struct audit_counts *counts)
{
    struct verify *verify = ctx;
    return course_at(&verify->course, counts->rows, PROGRESS_UNKNOWN, counts->bytes_passed,
                     PROGRESS_UNKNOWN);
}

static void print_json(struct verify *verify, const struct audit_counts *counts,
                       enum mgw_status status, const struct mgw_error *error)
{
    json_t *problems = json_object();
    for (int i = 0; i < AUDIT_PROBLEMS; i++) {
        json_object_set_new(problems, audit_problem_name((enum audit_problem)i),
                            json_integer((json_int_t)counts->problems[i]));
    }
    json_t *json = json_pack(
        "{s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:O}", "complete", status == MGW_OK, "good",
        status == MGW_OK && audit_problems(counts) == 0, "rows", (json_int_t)counts->rows, "ready",
        (json_int_t)counts->ready, "blobs", (json_int_t)counts->blobs, "withoutDigest",
        (json_int_t)counts->no_digest, "problems", problems, "found", verify->found);
    if (status != MGW_OK) {
        json_object_set_new(json, "error", json_string(error->text));
    }
    json_dumpf(json, stdout, JSON_INDENT(2));
    fputc('\n', stdout);
    json_decref(json);
}

static void print_text(const struct audit_counts *counts, bool deep)
{
    printf("%llu rows, %llu of them ready; %llu blobs\n", (unsigned long long)counts->rows,
           (unsigned long long)counts->ready, (unsigned long long)counts->blobs);
    if (deep && counts->no_digest > 0) {
        printf("%llu rows have no SHA-256: only their size was checked\n",
               (unsigned long long)counts->no_digest);
    }
    for (int i = 0; i < AUDIT_PROBLEMS; i++) {
        if (counts->problems[i] > 0) {
            printf("%llu %s\n", (unsigned long long)counts->problems[i],
                   audit_problem_name((enum audit_problem)i));
        }
    }
    if (audit_problems(counts) == 0) {
        printf("all is well\n");
    }
}

static int act(const struct cli_options *options, const struct config *config, unsigned jobs,
               int64_t grace_ms)
{
    struct verify verify = {.found = options->json ? json_array() : NULL};
    struct audit_counts counts = {0};
    struct mgw_error error = {.size = sizeof error};
    struct audit_options audit = {
        .config = config,
        .jobs = jobs,
        .deep = options->deep,
        .grace_ms = grace_ms,
        .found = on_found,
        .tick = on_tick,
        .ctx = &verify,
    };
    course_start(&verify.course, "checked");
    enum mgw_status status = audit_run(&audit, &counts, &error);
    on_tick(&verify, &counts); /* the last state stays on the terminal */
    course_end(&verify.course, status == MGW_OK);
    if (status != MGW_INVALID && options->json) {
        print_json(&verify, &counts, status, &error);
    } else if (status == MGW_OK) {
        print_text(&counts, options->deep);
    }
    json_decref(verify.found);
    if (status == MGW_CANCELLED) {
        return cli_say(CLI_FAILED, "interrupted");
    }
    if (status != MGW_OK) {
        return cli_error(status, &error);
    }
    return audit_problems(&counts) == 0 ? CLI_DONE : CLI_FAILED;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct config *config = NULL;
    int64_t grace_ms = GRACE_MS;
    unsigned jobs;
    int first;
    if (!cli_options(argc, argv, "cdDgjJ", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    if (first < argc || (!options.config && !options.data)) {
        cli_say(CLI_WRONG, "verify needs --config FILE or --data DIR");
        return cli_usage(command);
    }
    if (!course_jobs(options.jobs, 4, &jobs)) {
        return CLI_WRONG;
    }
    if (options.grace && !when_span(options.grace, &grace_ms)) {
        return cli_say(CLI_WRONG, "--grace %s: expected a span such as 1h, 30m or 0s",
                       options.grace);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        exit = act(&options, config, jobs, grace_ms);
    }
    config_free(config);
    return exit;
}

const struct cli_command cli_verify = {.name = "verify",
                                       .summary = "Check every recording against its bytes",
                                       .help = help,
                                       .run = run};
