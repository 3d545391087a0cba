/* SPDX-License-Identifier: Apache-2.0
 *
 * See options.h. */
#include "core/kit/options.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char kit_help[] =
    "usage: mediagw plugin test MODULE [options] [KEY=VALUE...]\n\n"
    "Runs the conformance cases of MODULE's kind on it, each in a process of its own: a plugin\n"
    "that hangs or crashes fails its case, and the rest goes on. A line for each case; for one\n"
    "that failed, the clause of the header, and what was expected and got.\n\n"
    "  MODULE             a module's file (with a slash, or ending in .so), or the name of a\n"
    "                     plugin in the search path\n"
    "  KEY=VALUE          the plugin's own config keys, as in the config file; a list or an\n"
    "                     object in JSON\n"
    "  --config FILE      a gateway's config: its \"storage\" or \"repository\" is opened. A "
    "filter\n"
    "                     is tested as the outermost layer: of FILE's storage as it stands where\n"
    "                     that is so already, else put upon it, with KEY=VALUE. Without FILE a\n"
    "                     filter stands on fs at {tmp}/store\n"
    "  --only PATTERN     only cases whose names match, as the shell does; may be repeated\n"
    "  --list             print the cases, their clauses and needs, and run none\n"
    "  --slow             also those that take minutes or gigabytes\n"
    "  --timeout SECONDS  how long one case may take before it counts as hung: 60\n"
    "  --jobs N           so many cases at once: 1\n"
    "  --report FILE      the results as JUnit XML, too\n"
    "  --values FILE      a JSON object of texts, for {NAME}\n"
    "  --refuses FORMS    keys that the store behind the driver refuses by its own rules, which\n"
    "                     must come back as MGW_INVALID with its words: dot-components,\n"
    "                     empty-components, long-components, leading-slash, with commas between\n"
    "  --hides WHAT       nested-keys: the store does not list \"a/b\" beside \"a\";\n"
    "                     cut-completes: it forgets parts whose upload_complete was killed, which\n"
    "                     must come back as MGW_INVALID or MGW_NOT_FOUND, and be taken again, if\n"
    "                     need be in a new upload; with commas between\n\n"
    "In values and in FILE {tmp} is a new folder for each case, removed behind it, {unique} hex\n"
    "digits that no other run has, {case} the number of the case in its run, {NAME} what the\n"
    "object of --values says. $TMPDIR is where the folders are made, else /tmp. Cases at once\n"
    "need a store each, by {tmp} or by {unique} and {case}: some sweep.\n\n"
    "Exit codes: 0 all passed (or were skipped by what the plugin declares); 1 some failed, or\n"
    "none ran; 2 the command line or the module is wrong.\n";

enum {
    OPTION_CONFIG = 1,
    OPTION_ONLY,
    OPTION_LIST,
    OPTION_SLOW,
    OPTION_TIMEOUT,
    OPTION_JOBS,
    OPTION_REPORT,
    OPTION_VALUES,
    OPTION_REFUSES,
    OPTION_HIDES,
    OPTION_HELP,
    OPTION_CASE,
    OPTION_DESCRIBE,
    OPTION_KIND,
    OPTION_TMP,
    OPTION_UNIQUE,
    OPTION_CRASH
};

static const struct option known[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"list", no_argument, NULL, OPTION_LIST},
    {"slow", no_argument, NULL, OPTION_SLOW},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"jobs", required_argument, NULL, OPTION_JOBS},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"values", required_argument, NULL, OPTION_VALUES},
    {"refuses", required_argument, NULL, OPTION_REFUSES},
    {"hides", required_argument, NULL, OPTION_HIDES},
    {"help", no_argument, NULL, OPTION_HELP},
    {"case", required_argument, NULL, OPTION_CASE},
    {"describe", no_argument, NULL, OPTION_DESCRIBE},
    {"kind", no_argument, NULL, OPTION_KIND},
    {"tmp", required_argument, NULL, OPTION_TMP},
    {"unique", required_argument, NULL, OPTION_UNIQUE},
    {"crash", required_argument, NULL, OPTION_CRASH},
    {0},
};

static bool wrong(const char *what, const char *value)
{
    fprintf(stderr, "mediagw plugin test: %s, got \"%s\"\n", what, value);
    return false;
}

static bool read_number(const char *text, double least, double most, double *number)
{
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return end != text && !*end && !errno && *number >= least && *number <= most;
}

/* The options whose argument is kept as it is. */
static const char **text_option(struct kit_options *options, int letter)
{
    switch (letter) {
    case OPTION_CONFIG:
        return &options->config;
    case OPTION_REPORT:
        return &options->report;
    case OPTION_VALUES:
        return &options->values;
    case OPTION_REFUSES:
        return &options->refuses;
    case OPTION_HIDES:
        return &options->hides;
    case OPTION_CASE:
        return &options->one;
    case OPTION_TMP:
        return &options->tmp;
    case OPTION_UNIQUE:
        return &options->unique;
    case OPTION_CRASH:
        return &options->crash;
    default:
        return NULL;
    }
}

static bool take(struct kit_options *options, int letter)
{
    double number;
    const char **text = text_option(options, letter);
    if (text) {
        *text = optarg;
        return true;
    }
    switch (letter) {
    case OPTION_ONLY:
        options->only[options->only_count++] = optarg;
        return true;
    case OPTION_TIMEOUT:
        return read_number(optarg, 0.1, 86400, &options->timeout_sec) ||
               wrong("--timeout: expected seconds", optarg);
    case OPTION_JOBS:
        if (!read_number(optarg, 1, 64, &number)) {
            return wrong("--jobs: expected 1 to 64", optarg);
        }
        options->jobs = (unsigned)number;
        return true;
    case OPTION_LIST:
        options->list = true;
        return true;
    case OPTION_SLOW:
        options->slow = true;
        return true;
    case OPTION_HELP:
        options->help = true;
        return true;
    case OPTION_DESCRIBE:
        options->describe = true;
        return true;
    case OPTION_KIND:
        options->describe = options->kind_only = true;
        return true;
    default:
        return false; /* getopt has named it */
    }
}

bool kit_options(int argc, char **argv, struct kit_options *options)
{
    *options = (struct kit_options){.timeout_sec = 60, .jobs = 1};
    options->only = calloc((size_t)argc + 1, sizeof *options->only);
    options->pairs = calloc((size_t)argc + 1, sizeof *options->pairs);
    if (!options->only || !options->pairs) {
        return false;
    }
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!take(options, letter)) {
            fputs("Try \"mediagw plugin test --help\".\n", stderr);
            return false;
        }
    }
    for (; optind < argc; optind++) {
        if (!options->module) {
            options->module = argv[optind];
        } else if (!strchr(argv[optind], '=')) {
            return wrong("expected KEY=VALUE behind the module", argv[optind]);
        } else {
            options->pairs[options->pair_count++] = argv[optind];
        }
    }
    if (!options->module && !options->help) {
        fputs("mediagw plugin test: which module? Try \"mediagw plugin test --help\".\n", stderr);
        return false;
    }
    return true;
}

void kit_options_free(struct kit_options *options)
{
    free(options->only);
    free(options->pairs);
}

bool kit_selected(const struct kit_options *options, const char *name)
{
    for (size_t i = 0; i < options->only_count; i++) {
        if (fnmatch(options->only[i], name, 0) == 0) {
            return true;
        }
    }
    return options->only_count == 0;
}
