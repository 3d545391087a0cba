/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw plugin new`: a driver's project out of the templates that were installed with this
 * program. It is written beside its place and moved there whole, so that a failure leaves nothing.
 */
#include "core/cli/plugin_new.h"

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/plugin/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPLATE_MAX = 256 * 1024 };

struct project {
    const char *name, *kind;
    const char *target; /* the folder that is made */
    char *making;       /* where it is until it is whole */
    char *templates;    /* of its kind */
    char *descriptors;  /* of the installed plugins, as JSON has it in quotes */
    mode_t umask;
};

static int fail_errno(const char *path)
{
    return cli_say(CLI_FAILED, "%s: %s", path, strerror(errno));
}

/* ---- what is refused ---- */

static bool name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length >= 1 && length <= 32 && name[length] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

struct taken {
    const char *name;
    char *descriptor;
};

static bool find_taken(void *ctx, const struct registry_entry *entry)
{
    struct taken *taken = ctx;
    if (strcmp(entry->name, taken->name) == 0) {
        taken->descriptor = strdup(entry->descriptor);
    }
    return !taken->descriptor;
}

/* Two plugins of one name: the first in the search path would hide the other. */
static int check_taken(const char *name)
{
    struct mgw_error error = {.size = sizeof error};
    struct registry *registry = NULL;
    struct taken taken = {.name = name};
    if (registry_new(NULL, &registry, &error) == MGW_OK) {
        registry_each(registry, find_taken, &taken);
        registry_free(registry);
    }
    int exit = taken.descriptor ? cli_say(CLI_WRONG, "there is a plugin named %s already: %s", name,
                                          taken.descriptor)
                                : CLI_DONE;
    free(taken.descriptor);
    return exit;
}

static int check_words(const struct cli_command *command, const struct cli_options *options,
                       int count, char **words)
{
    static const char *const kinds[] = {"storage", "repository", "filter", NULL};
    if (count != 1 || !options->kind) {
        cli_say(CLI_WRONG,
                "expected: mediagw plugin new NAME --kind storage|repository|filter [--dir DIR]");
        return cli_usage(command);
    }
    size_t kind = 0;
    while (kinds[kind] && strcmp(kinds[kind], options->kind) != 0) {
        kind++;
    }
    if (!kinds[kind]) {
        const char *nearest = text_nearest(options->kind, kinds);
        return cli_say(CLI_WRONG, "--kind %s: expected storage, repository or filter%s%s%s",
                       options->kind, nearest ? "; did you mean " : "", nearest ? nearest : "",
                       nearest ? "?" : "");
    }
    if (!name_is_valid(words[0])) {
        return cli_say(CLI_WRONG,
                       "the name \"%s\": expected [a-z][a-z0-9_-]{0,31}, as a config will say it",
                       words[0]);
    }
    return check_taken(words[0]);
}

/* ---- writing ---- */

/* WORD in place of each NAME in TEXT, which is left alone. */
static bool replace(struct buf *out, const char *text, const char *name, const char *word)
{
    bool built = true;
    for (const char *at; built && (at = strstr(text, name)); text = at + strlen(name)) {
        built = buf_printf(out, "%.*s%s", (int)(at - text), text, word);
    }
    return built && buf_text(out, text);
}

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wx");
    bool written = file && fputs(text, file) >= 0;
    return (file ? fclose(file) == 0 : false) && written;
}

/* Files called NAME.* take the plugin's name. */
static int write_one(const struct project *project, const char *file)
{
    AUTO_BUF struct buf from = {0}, to = {0}, named = {0}, text = {0};
    bool is_named = strncmp(file, "NAME.", 5) == 0;
    if (!buf_printf(&from, "%s/%s", project->templates, file) ||
        !buf_printf(&to, "%s/%s%s", project->making, is_named ? project->name : "",
                    is_named ? file + 4 : file)) {
        return cli_say(CLI_FAILED, "out of memory");
    }
    size_t length;
    AUTO_FREE char *template = text_read_file(from.data, TEMPLATE_MAX, &length);
    if (!template) {
        return fail_errno(from.data);
    }
    if (!replace(&named, template, "@NAME@", project->name) ||
        !replace(&text, named.data, "@DESCRIPTORS@", project->descriptors)) {
        return cli_say(CLI_FAILED, "out of memory");
    }
    return write_file(to.data, text.data) ? CLI_DONE : fail_errno(to.data);
}

static int write_all(const struct project *project)
{
    DIR *folder = opendir(project->templates);
    if (!folder) {
        return cli_say(CLI_FAILED, "%s: %s: it is installed together with mediagw",
                       project->templates, strerror(errno));
    }
    int exit = CLI_DONE;
    for (const struct dirent *entry; exit == CLI_DONE && (entry = readdir(folder));) {
        if (entry->d_name[0] != '.') {
            exit = write_one(project, entry->d_name);
        }
    }
    closedir(folder);
    return exit;
}

static void remove_made(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." refuse */
    }
    if (folder) {
        closedir(folder);
    }
    rmdir(path);
}

/* The folder appears at once, or not at all: mkdir decides whose it is, rename fills it. */
static int put_in_place(const struct project *project)
{
    if (chmod(project->making, 0777 & ~project->umask) < 0) {
        return fail_errno(project->making);
    }
    if (mkdir(project->target, 0700) < 0) {
        return fail_errno(project->target);
    }
    if (rename(project->making, project->target) < 0) {
        int exit = fail_errno(project->target);
        rmdir(project->target);
        return exit;
    }
    return CLI_DONE;
}

static int make(struct project *project)
{
    struct stat st;
    if (lstat(project->target, &st) == 0) {
        return cli_say(CLI_WRONG, "%s: is there already; nothing was written", project->target);
    }
    if (!mkdtemp(project->making)) {
        return fail_errno(project->target);
    }
    int exit = write_all(project);
    if (exit == CLI_DONE) {
        exit = put_in_place(project);
    }
    if (exit != CLI_DONE) {
        remove_made(project->making);
    }
    return exit;
}

/* ---- the command ---- */

static char *join(const char *folder, const char *format, const char *word)
{
    AUTO_BUF struct buf path = {0};
    bool built = buf_printf(&path, "%s", folder) && buf_printf(&path, format, word);
    return built ? buf_take(&path) : NULL;
}

/* PATH with every byte that JSON escapes, without the quotes around it. */
static char *json_text(const char *path)
{
    json_t *string = json_string(path);
    char *dump = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    json_decref(string);
    if (dump) {
        size_t length = strlen(dump);
        memmove(dump, dump + 1, length - 2);
        dump[length - 2] = '\0';
    }
    return dump;
}

static bool prepare(struct project *project)
{
    AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
    const char *bin = self ? dirname(self) : "";
    AUTO_FREE char *beside = join(bin, "/%s", MEDIAGW_DESCRIPTORS_FROM_BIN);
    AUTO_FREE char *descriptors = beside ? realpath(beside, NULL) : NULL;
    AUTO_FREE char *templates = join(bin, "/%s", MEDIAGW_TEMPLATES_FROM_BIN);
    project->descriptors = json_text(descriptors ? descriptors : beside ? beside : "");
    project->templates = templates ? join(templates, "/%s", project->kind) : NULL;
    project->making = join(project->target, ".%s", "XXXXXX");
    return self && project->descriptors && project->templates && project->making;
}

/* PATH without the slashes that a shell completes it by. */
static char *trimmed(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return strndup(path, length);
}

int plugin_new(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    int first;
    if (!cli_options(argc, argv, "ko", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    int exit = check_words(command, &options, argc - first, argv + first);
    if (exit != CLI_DONE) {
        return exit;
    }
    AUTO_FREE char *target = trimmed(options.dir ? options.dir : argv[first]);
    struct project project = {
        .name = argv[first], .kind = options.kind, .target = target, .umask = cli_users_umask()};
    umask(project.umask); /* what it writes is no data of the gateway */
    exit = target && prepare(&project)
               ? make(&project)
               : cli_say(CLI_FAILED, "out of memory, or /proc is not there");
    if (exit == CLI_DONE) {
        printf("%s: a %s plugin, as %s/README.md tells it:\n"
               "  cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n",
               project.target, project.kind, project.target, project.target);
    }
    free(project.descriptors);
    free(project.templates);
    free(project.making);
    return exit;
}
