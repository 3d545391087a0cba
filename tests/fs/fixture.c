/* SPDX-License-Identifier: Apache-2.0
 *
 * Scratch stores, and the run of all cases. */
#include "fixture.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool use_tmpfile = true, use_xattr = true, use_openat2 = true;

const char *kit_bucket(void)
{
    return "bucket";
}

static void set(struct mgw_config_value *value, const char *key, uint32_t type, bool number)
{
    *value = (struct mgw_config_value){
        .size = sizeof *value, .key = key, .type = type, .number = number};
}

enum mgw_status open_root(struct mgw_call *call, const char *root, uint32_t flags, void **opened)
{
    struct mgw_config_value values[5];
    struct mgw_config config = {.size = sizeof config,
                                .instance = "storage",
                                .flags = flags,
                                .stride = sizeof values[0],
                                .count = 5,
                                .values = values};
    set(&values[0], "root", MGW_CONFIG_PATH, false);
    values[0].text = root;
    set(&values[1], "shared", MGW_CONFIG_BOOL, false);
    set(&values[2], "tmpfile", MGW_CONFIG_BOOL, use_tmpfile);
    set(&values[3], "xattr", MGW_CONFIG_BOOL, use_xattr);
    set(&values[4], "openat2", MGW_CONFIG_BOOL, use_openat2);
    return driver->create(call, &config, &kit_host, opened);
}

int folder_setup(void **state)
{
    struct store *store = calloc(1, sizeof *store);
    char name[] = "fs.XXXXXX";
    if (!store || !mkdtemp(name) || !realpath(name, store->folder)) {
        return 1;
    }
    snprintf(store->root, sizeof store->root, "%.4000s/store", store->folder);
    use_tmpfile = use_xattr = use_openat2 = true;
    *state = store;
    return 0;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *at)
{
    (void)stat;
    (void)flag;
    (void)at;
    return remove(path);
}

int folder_teardown(void **state)
{
    struct store *store = *state;
    int failed = nftw(store->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(store);
    return failed;
}

int store_setup(void **state)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    if (folder_setup(state) != 0) {
        return 1;
    }
    struct store *store = *state;
    return open_root(call, store->root, MGW_CREATE_INIT, &instance) != MGW_OK;
}

int store_teardown(void **state)
{
    driver->destroy(instance);
    return folder_teardown(state);
}

void write_text(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void look(FILE *out, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        struct stat stat;
        char below[PATH_MAX];
        snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        bool dots = strcmp(entries[i]->d_name, ".") == 0 || strcmp(entries[i]->d_name, "..") == 0;
        if (!dots && lstat(below, &stat) == 0) {
            fprintf(out, "%s %o %lld\n", below, stat.st_mode,
                    S_ISDIR(stat.st_mode) ? 0LL : (long long)stat.st_size);
            if (S_ISDIR(stat.st_mode)) {
                look(out, below);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

char *snapshot(const char *path)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    look(out, path);
    fclose(out);
    return text;
}

struct child_body {
    void (*body)(void *);
    void *argument;
};

static void run_body(void **state)
{
    const struct child_body *child = *state;
    child->body(child->argument);
    _exit(0);
}

pid_t spawn(void (*body)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(120); /* whatever becomes of the parent's case */
        /* a run of its own, so that a failed assertion ends here and not in the parent's cases */
        struct child_body state = {body, argument};
        struct CMUnitTest test = {
            .name = "in a child", .test_func = run_body, .initial_state = &state};
        _exit(_cmocka_run_group_tests("child", &test, 1, NULL, NULL));
    }
    return child;
}

int wait_for(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

int main(int argc, char **argv)
{
    void *module = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = module ? dlsym(module, MGW_PLUGIN_SYMBOL) : NULL;
    mgw_plugin_function *function = NULL;
    if (!symbol) {
        fprintf(stderr, "usage: test_fs MODULE\n%s\n", dlerror());
        return 2;
    }
    memcpy(&function, &symbol, sizeof function);
    driver = function()->table;
    return _cmocka_run_group_tests("marker", marker_tests, marker_count, NULL, NULL) +
           _cmocka_run_group_tests("escape", escape_tests, escape_count, NULL, NULL) +
           _cmocka_run_group_tests("failure", failure_tests, failure_count, NULL, NULL) +
           _cmocka_run_group_tests("crash", crash_tests, crash_count, NULL, NULL) +
           _cmocka_run_group_tests("large", large_tests, large_count, NULL, NULL);
}
