/* SPDX-License-Identifier: Apache-2.0
 *
 * The storage conformance suite:
 *     test_storage_conformance [--slow] [--values FILE] [--refuses FORMS] [--hides nested-keys]
 *         MODULE [KEY=VALUE…]
 *
 * Opens MODULE by the ABI alone and runs the cases that its capabilities select; the others are
 * skipped, each with its reason. In a value "{tmp}" stands for a scratch folder, which is removed
 * in the end, "{unique}" for hex digits of this run's own, and "{NAME}" for what the JSON object in
 * FILE says (where a server is that was started for the tests). FORMS are the keys that the store
 * behind the driver refuses, by its own rules: they must come back as MGW_INVALID with its words,
 * and all others must be taken. A store that hides nested keys does not list "a/b" beside "a"
 * (MinIO): such a pair is left out where a listing is counted. A driver joins by one line in
 * CMakeLists.txt. */
#include "kit.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static char scratch[] = "conformance.XXXXXX";
static char scratch_path[4096];
static unsigned case_number;

const char *kit_bucket(void)
{
    static char bucket[48];
    snprintf(bucket, sizeof bucket, "case-%s-%u", kit_unique(), case_number);
    return bucket;
}

bool kit_has(uint64_t capabilities)
{
    return (limits.capabilities & capabilities) == capabilities;
}

void *kit_open_again(void)
{
    AUTO_CALL struct mgw_call *call = call_new();
    struct mgw_storage_limits other = {.size = sizeof other};
    void *second = NULL;
    kit_config.flags = 0;
    enum mgw_status status = driver->create(call, &kit_config, &kit_host, &second);
    kit_config.flags = MGW_CREATE_INIT;
    if (status != MGW_OK) {
        /* only a store that lives and dies with its instance may refuse */
        assert_status(call, status, MGW_NOT_FOUND);
        return NULL;
    }
    assert_status(call, driver->describe(call, second, &other), MGW_OK);
    if (!other.store_id || !limits.store_id || strcmp(other.store_id, limits.store_id) != 0) {
        driver->destroy(second);
        return NULL;
    }
    return second;
}

/* ---- the run ---- */

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *at)
{
    (void)stat;
    (void)flag;
    (void)at;
    return remove(path);
}

static int next_case(void **state)
{
    (void)state;
    case_number++;
    return 0;
}

/* The first capability of NEEDS that is not declared. */
static const char *missing(uint64_t needs)
{
    static const char *const names[] = {"LOCAL_FD",     "INLINE_READ", "IF_ABSENT",    "RESUMABLE",
                                        "PRESIGN_GET",  "PRESIGN_PUT", "PRESIGN_PART", "SHARED",
                                        "ORDERED_LIST", "COPY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (needs & ~limits.capabilities & (UINT64_C(1) << i)) {
            return names[i];
        }
    }
    return "?";
}

static void run_case(void **state)
{
    const struct kit_case *one = *state;
    if (!kit_has(one->needs)) {
        kit_skip("the capability %s is not declared", missing(one->needs));
    }
    one->run(state);
}

static size_t select_cases(struct CMUnitTest *tests, bool slow)
{
    static const struct kit_case *const groups[] = {
        put_cases,    read_cases,    copy_cases,         key_cases,   list_cases,
        upload_cases, presign_cases, presign_part_cases, border_cases};
    size_t count = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (const struct kit_case *one = groups[g]; one->name; one++) {
            char *name = NULL;
            if (one->slow == slow && asprintf(&name, "%s [%s]", one->name, one->clause) > 0) {
                tests[count++] = (struct CMUnitTest){.name = name,
                                                     .test_func = run_case,
                                                     .setup_func = next_case,
                                                     .initial_state = (void *)(uintptr_t)one};
            }
        }
    }
    return count;
}

/* Takes the options off the front of ARGUMENTS; how many words they are, -1 where one is wrong. */
static int take_options(char **arguments, int count, bool *slow)
{
    int at = 0;
    for (; at < count && strncmp(arguments[at], "--", 2) == 0; at++) {
        const char *next = at + 1 < count ? arguments[at + 1] : "";
        if (strcmp(arguments[at], "--slow") == 0) {
            *slow = true;
        } else if (strcmp(arguments[at], "--values") == 0 && kit_values_load(next)) {
            at++;
        } else if (strcmp(arguments[at], "--refuses") == 0 && kit_refuse(next)) {
            at++;
        } else if (strcmp(arguments[at], "--hides") == 0 && kit_hide(next)) {
            at++;
        } else {
            return -1;
        }
    }
    return at;
}

static int run(const struct mgw_plugin *plugin, bool slow)
{
    struct CMUnitTest tests[256] = {0};
    size_t count = select_cases(tests, slow);
    int failed = _cmocka_run_group_tests(plugin->name, tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)tests[i].name);
    }
    return failed;
}

int main(int argc, char **argv)
{
    bool slow = false;
    int options = take_options(argv + 1, argc - 1, &slow);
    argv += options, argc -= options;
    const struct mgw_plugin *plugin = options >= 0 && argc > 1 ? kit_load(argv[1]) : NULL;
    if (!plugin || !mkdtemp(scratch) || !realpath(scratch, scratch_path)) {
        fprintf(stderr,
                "usage: test_storage_conformance [--slow] [--values FILE] [--refuses FORMS] "
                "MODULE [KEY=VALUE...]\n");
        return 2;
    }
    driver = plugin->table;
    kit_configure(plugin, argv + 2, argc - 2, scratch_path);
    AUTO_CALL struct mgw_call *call = call_new();
    AUTO_CALL struct mgw_call *describing = call_new();
    limits.size = sizeof limits;
    if (driver->create(call, &kit_config, &kit_host, &instance) != MGW_OK ||
        driver->describe(describing, instance, &limits) != MGW_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], call->error->text);
        return 2;
    }
    int failed = run(plugin, slow);
    driver->destroy(instance);
    kit_free_config();
    kit_values_free();
    nftw(scratch_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
