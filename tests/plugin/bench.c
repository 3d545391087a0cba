/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h. */
#include "tests/plugin/bench.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench bench;

int bench_setup(void **state)
{
    (void)state;
    memset(&bench, 0, sizeof bench);
    bench.error.size = sizeof bench.error;
    strcpy(bench.folder, "/tmp/mediagw-test-XXXXXX");
    umask(022);
    if (!mkdtemp(bench.folder)) {
        return -1;
    }
    char path[128];
    snprintf(path, sizeof path, "%s/plugins.d", bench.folder);
    return mkdir(path, 0755);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int bench_teardown(void **state)
{
    (void)state;
    registry_free(bench.registry);
    config_free(bench.config);
    return nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *bench_write(const char *name, const char *text, mode_t mode)
{
    snprintf(bench.path, sizeof bench.path, "%s/%s", bench.folder, name);
    FILE *file = fopen(bench.path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(bench.path, mode), 0);
    return bench.path;
}

void bench_descriptor(const char *name, const char *kind, const char *module)
{
    char file[128], text[512];
    snprintf(file, sizeof file, "plugins.d/%s.json", name);
    snprintf(text, sizeof text, "{\"name\": \"%s\", \"kind\": \"%s\", \"module\": \"%s\"}", name,
             kind, module);
    bench_write(file, text, 0644);
}

void bench_registry(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/plugins.d", bench.folder);
    setenv("MEDIAGW_PLUGIN_PATH", path, 1);
    registry_free(bench.registry);
    bench.registry = NULL;
    if (registry_new(bench.config, &bench.registry, &bench.error) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
}

void bench_open(const char *storage)
{
    char text[4096];
    snprintf(text, sizeof text,
             "{\"storage\": %s,\n \"repository\": {\"driver\": \"memrepo\"},\n \"url_keys\": "
             "[{\"id\": \"1\", \"secret\": \"0123456789abcdef0123456789abcdef\"}]}",
             storage);
    const char *path = bench_write("config.json", text, 0600);
    config_free(bench.config);
    bench.config = NULL;
    if (config_load(path, &bench.config, &bench.error) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    bench_registry();
}

static void read_all(FILE *file, char *to, size_t size)
{
    rewind(file);
    to[fread(to, 1, size - 1, file)] = '\0';
    fclose(file);
}

struct bench_run bench_command(const char *const argv[])
{
    struct bench_run run = {0};
    FILE *out = tmpfile(), *err = tmpfile();
    assert_true(out && err);
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        alarm(60);
        execv(argv[0], (char *const *)argv);
        _exit(126);
    }
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    read_all(out, run.out, sizeof run.out);
    read_all(err, run.err, sizeof run.err);
    return run;
}
