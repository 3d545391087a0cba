/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin bench`: the command line, and a child that loads the module and measures. */
#include "core/kit/gauge/gauge.h"

#include "core/config/value.h"
#include "core/kit/gauge/command.h"
#include "core/kit/run.h"
#include "core/kit/subject.h"
#include "core/kit/values.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZES_MAX = 16, THREADS_MAX = 256, DONE = 0, FAILED = 1, WRONG = 2 };

static const char help[] =
    "usage: mediagw plugin bench MODULE [options] [KEY=VALUE...]\n\n"
    "Measures a plugin's verbs: calls a second, bytes a second, and how long a call takes, by "
    "size\n"
    "and by how many threads call at once; then bars. What it stores it removes. Only the plugin "
    "is\n"
    "measured: no HTTP, no other driver (but for a filter what lies below it).\n\n"
    "  MODULE, KEY=VALUE, --config FILE, --values FILE   as in mediagw plugin test\n"
    "  --sizes LIST       of blobs: 4KiB,64KiB,1MiB,16MiB\n"
    "  --threads LIST     how many at once: 1,4,16\n"
    "  --seconds N        how long each measure takes: 1\n"
    "  --budget SIZE      bytes that one measure's blobs may take: 256MiB\n"
    "  --svg FILE         the measures as a picture, too\n\n"
    "A put counts from begin to commit, a read from open to close. A verb that failed counts as a\n"
    "failure, and not into the rates.\n\n"
    "Exit codes: 0 done; 1 some calls failed; 2 the command line or the module is wrong.\n";

struct options {
    struct kit_options kit;
    const char *svg;
    uint64_t sizes[SIZES_MAX];
    unsigned threads[SIZES_MAX];
    double seconds;
    uint64_t budget;
    size_t size_count, thread_count;
    bool help;
};

static bool wrong(const char *what, const char *value)
{
    fprintf(stderr, "mediagw plugin bench: %s, got \"%s\"\n", what, value);
    return false;
}

/* A number of TYPE as a config has it. */
static bool read_number(const char *text, uint32_t type, int64_t *number)
{
    const struct value_rule rule = {.type = type, .min = 1, .max = INT64_C(1) << 50};
    struct value value = {0};
    AUTO_BUF struct buf why = {0};
    json_t *json = value_fallback(type, text);
    bool good = json && value_read(json, &rule, &value, &why);
    json_decref(json);
    *number = value.number;
    return good;
}

/* Ascending numbers, with commas between: in bytes, or without a unit. */
static bool read_list(const char *text, uint32_t type, int64_t most, int64_t *numbers,
                      size_t *count)
{
    AUTO_FREE char *copy = strdup(text);
    char *rest = NULL;
    *count = 0;
    for (char *word = copy ? strtok_r(copy, ",", &rest) : NULL; word;
         word = strtok_r(NULL, ",", &rest)) {
        int64_t before = *count ? numbers[*count - 1] : 0;
        if (*count == SIZES_MAX || !read_number(word, type, &numbers[*count]) ||
            numbers[*count] <= before || numbers[*count] > most) {
            return false;
        }
        ++*count;
    }
    return *count > 0;
}

static bool take_sizes(struct options *options, const char *text)
{
    int64_t numbers[SIZES_MAX];
    if (!read_list(text, MGW_CONFIG_SIZE, INT64_C(1) << 40, numbers, &options->size_count)) {
        return wrong("--sizes: expected ascending sizes such as 4KiB,1MiB", text);
    }
    for (size_t i = 0; i < options->size_count; i++) {
        options->sizes[i] = (uint64_t)numbers[i];
    }
    return true;
}

static bool take_threads(struct options *options, const char *text)
{
    int64_t numbers[SIZES_MAX];
    if (!read_list(text, MGW_CONFIG_INT, THREADS_MAX, numbers, &options->thread_count)) {
        return wrong("--threads: expected ascending numbers up to 256 such as 1,4,16", text);
    }
    for (size_t i = 0; i < options->thread_count; i++) {
        options->threads[i] = (unsigned)numbers[i];
    }
    return true;
}

static bool take(struct options *options, int letter)
{
    char *end = NULL;
    int64_t number = 0;
    switch (letter) {
    case 'c':
        options->kit.config = optarg;
        return true;
    case 'v':
        options->kit.values = optarg;
        return true;
    case 's':
        return take_sizes(options, optarg);
    case 't':
        return take_threads(options, optarg);
    case 'n':
        options->seconds = strtod(optarg, &end);
        return (end != optarg && !*end && options->seconds >= 0.01 && options->seconds <= 3600) ||
               wrong("--seconds: expected 0.01 to 3600", optarg);
    case 'b':
        options->budget = read_number(optarg, MGW_CONFIG_SIZE, &number) ? (uint64_t)number : 0;
        return options->budget || wrong("--budget: expected a size such as 256MiB", optarg);
    case 'g':
        options->svg = optarg;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return false; /* getopt has named it */
    }
}

static bool read_words(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"values", required_argument, NULL, 'v'},
                                          {"sizes", required_argument, NULL, 's'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"seconds", required_argument, NULL, 'n'},
                                          {"budget", required_argument, NULL, 'b'},
                                          {"svg", required_argument, NULL, 'g'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    int letter;
    options->seconds = 1;
    options->budget = 256 * 1024 * 1024;
    take_sizes(options, "4KiB,64KiB,1MiB,16MiB");
    take_threads(options, "1,4,16");
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!take(options, letter)) {
            fputs("Try \"mediagw plugin bench --help\".\n", stderr);
            return false;
        }
    }
    options->kit.pairs = calloc((size_t)argc + 1, sizeof *options->kit.pairs);
    for (; options->kit.pairs && optind < argc; optind++) {
        if (!options->kit.module) {
            options->kit.module = argv[optind];
        } else if (!strchr(argv[optind], '=')) {
            return wrong("expected KEY=VALUE behind the module", argv[optind]);
        } else {
            options->kit.pairs[options->kit.pair_count++] = argv[optind];
        }
    }
    if (!options->kit.module && !options->help) {
        fputs("mediagw plugin bench: which module? Try \"mediagw plugin bench --help\".\n", stderr);
    }
    return options->kit.pairs && (options->kit.module || options->help);
}

/* ---- The child ---- */

static int show(const struct gauge *gauge, const struct options *options)
{
    AUTO_BUF struct buf title = {0};
    uint64_t failures = 0;
    for (size_t i = 0; i < gauge->count; i++) {
        failures += gauge->at[i].failures;
    }
    gauge_plot(gauge);
    buf_printf(&title, "%s %s", subject_plugin()->name, subject_plugin()->version);
    if (options->svg && !gauge_svg(gauge, title.data, options->svg)) {
        return WRONG;
    }
    return failures ? FAILED : DONE;
}

static int measure(struct options *options)
{
    struct mgw_storage storage = {0};
    struct mgw_repo repo = {0};
    struct gauge gauge = {.seconds = options->seconds,
                          .budget = options->budget,
                          .sizes = options->sizes,
                          .size_count = options->size_count,
                          .threads = options->threads,
                          .thread_count = options->thread_count,
                          .unique = options->kit.unique,
                          .told = gauge_print};
    if (!subject_load(&options->kit)) {
        return WRONG;
    }
    if (subject_open(MGW_CREATE_INIT, &storage, &repo) != MGW_OK) {
        fprintf(stderr, "mediagw plugin bench: %s\n", subject_error());
        return WRONG;
    }
    bool repository = subject_plugin()->kind == MGW_KIND_REPOSITORY;
    gauge_print_head();
    bool good = repository ? gauge_repo(&gauge, &repo) : gauge_storage(&gauge, &storage);
    int exit = good ? show(&gauge, options) : WRONG;
    if (!good) {
        fputs("mediagw plugin bench: memory or threads are short\n", stderr);
    }
    subject_close(repository ? repo.instance : storage.instance);
    subject_free();
    free(gauge.at);
    return exit;
}

/* In a process of its own, so that whatever the module does, the folder goes. */
static int run_child(struct run *run, struct options *options)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        options->kit.tmp = run->folder;
        options->kit.unique = run->unique;
        exit(measure(options));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("mediagw plugin bench");
        return WRONG;
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "mediagw plugin bench: the module's process ended by signal %d (%s)\n",
                WTERMSIG(status), strsignal(WTERMSIG(status)));
        return WRONG;
    }
    return WEXITSTATUS(status);
}

int gauge_command(int argc, char **argv)
{
    struct options options = {0};
    struct run run;
    int exit = WRONG;
    if (!read_words(argc, argv, &options)) {
        exit = WRONG;
    } else if (options.help) {
        fputs(help, stdout);
        exit = DONE;
    } else if (run_begin(&run, argc, argv, 0)) {
        exit = run_child(&run, &options);
        run_end(&run);
    }
    free(options.kit.pairs);
    return exit;
}
