/* SPDX-License-Identifier: Apache-2.0
 *
 * What the loader refuses, by broken modules and descriptors: through the registry and through the
 * command, always one line that names the file, what was expected and what came. */
#include "tests/plugin/bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line that holds each of the texts WANTED ('|' between them). */
static void assert_line(const char *line, const char *wanted)
{
    char *copy = strdup(wanted), *rest = NULL;
    size_t length = strlen(line);
    const char *newline = strchr(line, '\n');
    assert_true(length > 0 && (!newline || newline == line + length - 1));
    for (char *part = strtok_r(copy, "|", &rest); part; part = strtok_r(NULL, "|", &rest)) {
        if (!strstr(line, part)) {
            fail_msg("expected \"%s\" in: %s", part, line);
        }
    }
    free(copy);
}

static const struct {
    const char *name, *kind, *refusal;
} broken[] = {
    {"too_new", "storage", "too_new.so|expected plugin ABI 1, got 2|too old"},
    {"wrong_kind", "storage", "wrong_kind.so|expected a storage plugin|got a repository plugin"},
    {"wrong_name", "storage",
     "wrong_name.so|expected the plugin \"wrong_name\"|got \"somebody_else\""},
    {"no_list", "storage", "no_list.so|lacks the callback \"list\"|storage plugin"},
    {"half_upload", "storage", "half_upload.so|lacks the callback \"upload_create\""},
    {"no_table", "storage", "no_table.so|has no table of callbacks"},
    {"strange_feature", "storage", "strange_feature.so|needs features 0x4000000000000000"},
    {"bad_config", "storage", "bad_config.so|the key \"retries\"|default that is not of its type"},
    {"bad_threads", "storage", "bad_threads.so|has thread model 7, expected 0 to 2"},
    {"answers_null", "storage", "answers_null.so|is not a plugin|answered nothing"},
    {"no_symbol", "storage", "no_symbol.so|is not a plugin: expected the symbol mediagw_plugin"},
    {"unresolved", "storage", "unresolved.so|undefined symbol: function_that_nobody_has"},
#ifndef SANITIZED
    {"sanitized", "storage", "sanitized.so|AddressSanitizer, whose runtime this program has not"},
#endif
    {"passfilter", "storage", "passfilter.so|expected a storage plugin|got a filter plugin"},
};

static void each_broken_module_is_refused_by_the_registry(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char module[256];
        const struct mgw_plugin *plugin = NULL;
        snprintf(module, sizeof module, "%s/%s.so", MODULES, broken[i].name);
        bench_descriptor(broken[i].name, broken[i].kind, module);
        bench_registry();
        assert_int_equal(
            registry_load(bench.registry, broken[i].name, MGW_KIND_STORAGE, &plugin, &bench.error),
            MGW_INVALID);
        assert_null(plugin);
        assert_line(bench.error.text, broken[i].refusal);
    }
}

static void each_broken_module_is_refused_by_the_command(void **state)
{
    (void)state;
    bench_descriptor("memrepo", "repository", MODULES "/memrepo.so");
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char module[256], storage[128];
        snprintf(module, sizeof module, "%s/%s.so", MODULES, broken[i].name);
        bench_descriptor(broken[i].name, broken[i].kind, module);
        snprintf(storage, sizeof storage, "{\"driver\": \"%s\"}", broken[i].name);
        bench_open(storage);
        const char *const verbs[][5] = {
            {COMMAND, "config", "check", bench.config->path, NULL},
            {COMMAND, "serve", "--config", bench.config->path, NULL},
        };
        for (size_t verb = 0; verb < 2; verb++) {
            struct bench_run run = bench_command(verbs[verb]);
            assert_int_equal(run.status, 2);
            assert_string_equal(run.out, "");
            assert_line(run.err, broken[i].refusal);
            assert_line(run.err, "mediagw: |config.json:1:14: ");
        }
    }
}

static void create_that_makes_nothing_is_refused(void **state)
{
    struct store *store = NULL;
    (void)state;
    bench_descriptor("no_instance", "storage", MODULES "/no_instance.so");
    bench_open("{\"driver\": \"no_instance\"}");
    assert_int_equal(registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error),
                     MGW_CORRUPT);
    assert_line(bench.error.text, "storage plugin \"no_instance\"|answered OK and no instance");
}

static void a_sound_module_loads(void **state)
{
    const struct mgw_plugin *plugin = NULL, *again = NULL;
    (void)state;
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_registry();
    assert_int_equal(
        registry_load(bench.registry, "sound", MGW_KIND_STORAGE, &plugin, &bench.error), MGW_OK);
    assert_string_equal(plugin->name, "sound");
    bench_registry();
    assert_int_equal(registry_load(bench.registry, "sound", 0, &again, &bench.error), MGW_OK);
    assert_ptr_equal(plugin, again);
}

/* ---- Files ---- */

static void refused(const char *name, const char *refusal)
{
    const struct mgw_plugin *plugin;
    bench_registry();
    assert_int_not_equal(registry_load(bench.registry, name, 0, &plugin, &bench.error), MGW_OK);
    assert_line(bench.error.text, refusal);
}

static void a_module_that_is_missing_or_no_elf_file_is_refused(void **state)
{
    (void)state;
    bench_descriptor("gone", "storage", "../gone.so");
    refused("gone", "gone.so|cannot be opened: No such file or directory");
    bench_write("text.so", "mediagw_plugin is not here\n", 0644);
    bench_descriptor("text", "storage", "../text.so");
    refused("text", "text.so|is not a plugin: is not an ELF file");
    bench_write("empty.so", "", 0644);
    bench_descriptor("empty", "storage", "../empty.so");
    refused("empty", "empty.so|is not a plugin: is not an ELF file");
    bench_descriptor("folder", "storage", "../plugins.d");
    refused("folder", "plugins.d|is not a regular file");
    bench_descriptor("program", "storage", COMMAND);
    refused("program", "is not a plugin");
}

static char *read_module(size_t *length)
{
    FILE *file = fopen(MODULES "/sound.so", "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 22);
    *length = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

static void write_module(const char *bytes, size_t length)
{
    char path[128];
    snprintf(path, sizeof path, "%s/cut.so", bench.folder);
    unlink(path); /* never into a file that is mapped */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* Whatever the header says, the look at it stays within the file and answers. */
static void damaged_modules_are_looked_at_without_harm(void **state)
{
    size_t length;
    (void)state;
    char *bytes = read_module(&length);
    bench_descriptor("sound", "storage", "../cut.so");
    size_t headers = 64 + 56 * 12;
    for (size_t cut = 0; cut < headers; cut += 13) {
        write_module(bytes, cut);
        refused("sound", "cut.so|is not a plugin");
    }
    for (size_t at = 16; at < 64; at++) {
        char kept = bytes[at];
        bytes[at] = (char)~kept;
        write_module(bytes, length < headers ? length : headers);
        refused("sound", "cut.so|is not a plugin");
        bytes[at] = kept;
    }
    free(bytes);
}

static void what_others_may_write_is_refused(void **state)
{
    char path[128], folder[128];
    size_t length;
    (void)state;
    char *bytes = read_module(&length);
    write_module(bytes, length);
    free(bytes);
    snprintf(path, sizeof path, "%s/cut.so", bench.folder);
    bench_descriptor("sound", "storage", "../cut.so");
    assert_int_equal(chmod(path, 0664), 0);
    refused("sound", "cut.so: others may write it (mode 0664)|chmod go-w");
    assert_int_equal(chmod(path, 0646), 0);
    refused("sound", "cut.so: others may write it (mode 0646)");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(bench.folder, 0777), 0);
    refused("sound", "others may write it (mode 0777)");
    assert_int_equal(chmod(bench.folder, 0755), 0);
    snprintf(path, sizeof path, "%s/plugins.d/sound.json", bench.folder);
    assert_int_equal(chmod(path, 0666), 0);
    refused("sound", "sound.json: others may write it (mode 0666)");
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(folder, sizeof folder, "%s/plugins.d", bench.folder);
    assert_int_equal(chmod(folder, 0775), 0);
    refused("sound", "plugins.d: others may write it (mode 0775)");
    assert_int_equal(chmod(folder, 0755), 0);
    const struct mgw_plugin *plugin;
    bench_registry();
    assert_int_equal(registry_load(bench.registry, "sound", 0, &plugin, &bench.error), MGW_OK);
}

static void what_belongs_to_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    size_t length;
    char path[128], *bytes = read_module(&length);
    write_module(bytes, length);
    free(bytes);
    snprintf(path, sizeof path, "%s/cut.so", bench.folder);
    assert_int_equal(chown(path, 12345, 0), 0);
    bench_descriptor("sound", "storage", "../cut.so");
    refused("sound", "cut.so: belongs to user 12345, expected root");
}

/* ---- Descriptors ---- */

static void wrong_descriptors_are_refused_when_asked_for(void **state)
{
    static const struct {
        const char *text, *refusal;
    } cases[] = {
        {"{\"name\": \"x\"", "x.json: line 1, column "},
        {"[]", "x.json|expected an object"},
        {"{\"name\": \"y\", \"kind\": \"storage\", \"module\": \"m\"}",
         "x.json: key \"name\": expected \"x\", as the file is called, got \"y\""},
        {"{\"name\": \"x\", \"kind\": \"store\", \"module\": \"m\"}",
         "x.json: key \"kind\": expected storage, repository or filter, got \"store\""},
        {"{\"name\": \"x\", \"kind\": \"storage\"}", "x.json: key \"module\": expected"},
        {"{\"name\": \"x\", \"kind\": \"storage\", \"modul\": \"m\"}",
         "x.json: key \"modul\": unknown key; did you mean \"module\"?"},
        {"{\"name\": \"x\", \"name\": \"x\"}", "x.json: line 1, column |duplicate"},
        {"{\"name\": \"x\", \"kind\": \"storage\", \"module\": \"m\", \"enabled\": 1}",
         "x.json: key \"enabled\": expected true or false"},
        {"{\"name\": \"x\", \"kind\": \"storage\", \"module\": \"m\", \"defaults\": []}",
         "x.json: key \"defaults\": expected an object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_write("plugins.d/x.json", cases[i].text, 0644);
        refused("x", cases[i].refusal);
    }
}

static void a_wrong_descriptor_does_not_stop_the_others(void **state)
{
    const struct mgw_plugin *plugin;
    (void)state;
    bench_write("plugins.d/x.json", "{", 0644);
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_registry();
    assert_int_equal(registry_load(bench.registry, "sound", 0, &plugin, &bench.error), MGW_OK);
    const char *const list[] = {COMMAND, "plugin", "list", NULL};
    struct bench_run run = bench_command(list);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "name=x kind=unknown fault=\""));
    assert_non_null(strstr(run.out, "name=sound kind=storage enabled=true module="));
}

static void an_unknown_name_gets_the_nearest(void **state)
{
    const struct mgw_plugin *plugin;
    (void)state;
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_registry();
    assert_int_equal(
        registry_load(bench.registry, "soudn", MGW_KIND_STORAGE, &plugin, &bench.error),
        MGW_NOT_FOUND);
    assert_line(bench.error.text,
                "there is no storage plugin \"soudn\"|plugins.d|did you mean \"sound\"?");
    assert_int_equal(
        registry_load(bench.registry, "sound", MGW_KIND_REPOSITORY, &plugin, &bench.error),
        MGW_INVALID);
    assert_line(bench.error.text,
                "sound.json: expected a repository plugin, got a storage plugin, \"sound\"");
}

static void a_disabled_plugin_is_refused(void **state)
{
    struct store *store = NULL;
    (void)state;
    bench_write("plugins.d/sound.json",
                "{\"name\": \"sound\", \"kind\": \"storage\", \"module\": \"" MODULES
                "/sound.so\", \"enabled\": false}",
                0644);
    bench_open("{\"driver\": \"sound\"}");
    assert_int_equal(registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error),
                     MGW_INVALID);
    assert_line(bench.error.text, "config.json:1:14: |\"sound\" is disabled|sound.json");
}

static void an_earlier_folder_wins(void **state)
{
    char path[256], text[256];
    const struct mgw_plugin *plugin;
    (void)state;
    snprintf(path, sizeof path, "%s/second", bench.folder);
    assert_int_equal(mkdir(path, 0755), 0);
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_write("second/sound.json", "{", 0644);
    snprintf(text, sizeof text, "%s/plugins.d:%s/second", bench.folder, bench.folder);
    setenv("MEDIAGW_PLUGIN_PATH", text, 1);
    assert_int_equal(registry_new(NULL, &bench.registry, &bench.error), MGW_OK);
    assert_int_equal(registry_load(bench.registry, "sound", 0, &plugin, &bench.error), MGW_OK);
    snprintf(text, sizeof text, "%s/nowhere", bench.folder);
    setenv("MEDIAGW_PLUGIN_PATH", text, 1);
    struct registry *none = NULL;
    assert_int_equal(registry_new(NULL, &none, &bench.error), MGW_INVALID);
    assert_line(bench.error.text, "nowhere: the folder of plugin descriptors cannot be read");
}

/* ---- Keys ---- */

static void a_drivers_keys_are_checked_by_its_table(void **state)
{
    static const struct {
        const char *storage, *refusal;
    } cases[] = {
        {"{\"driver\": \"sound\",\n \"retrys\": 3}",
         "config.json:2:2: key \"storage.retrys\": unknown key; did you mean \"retries\"?"},
        {"{\"driver\": \"sound\",\n \"retries\": \"3\"}",
         "config.json:2:2: key \"storage.retries\": expected a whole number, got \"3\""},
        {"{\"driver\": \"sound\",\n \"style\": \"round\"}",
         "config.json:2:2: key \"storage.style\": expected one of path|virtual|got \"round\""},
        {"{\"driver\": \"sound\",\n \"filters\": {}}",
         "config.json:1:2: \"filters\" must be a list"},
        {"{\"driver\": \"sound\", \"filters\": [\n 1]}",
         "config.json:2:2: expected {\"filter\": \"NAME\""},
        {"{\"driver\": \"sound\", \"filters\": [\n {\"filtr\": \"x\"}]}",
         "config.json:2:2: \"filter\" is missing"},
        {"{\"driver\": \"sound\", \"filters\": [{\n \"filter\": \"passfiltre\"}]}",
         "config.json:2:2: there is no filter plugin \"passfiltre\"|did you mean \"passfilter\"?"},
        {"{\"driver\": \"sound\", \"filters\": [{\"filter\": \"passfilter\",\n \"refus\": \"x\"}]}",
         "config.json:2:2: key \"storage.filters[0].refus\": unknown key; did you mean "
         "\"refuse\"?"},
    };
    (void)state;
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_descriptor("passfilter", "filter", MODULES "/passfilter.so");
    bench_descriptor("memrepo", "repository", MODULES "/memrepo.so");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_open(cases[i].storage);
        const char *const check[] = {COMMAND, "config", "check", bench.config->path, NULL};
        struct bench_run run = bench_command(check);
        assert_int_equal(run.status, 2);
        assert_line(run.err, cases[i].refusal);
    }
    bench_open(
        "{\"driver\": \"sound\", \"retries\": 7, \"filters\": [{\"filter\": \"passfilter\"}]}");
    const char *const check[] = {COMMAND, "config", "check", bench.config->path, NULL};
    struct bench_run run = bench_command(check);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
}

static void a_descriptors_defaults_lie_below_the_configs_keys(void **state)
{
    struct store *store = NULL;
    (void)state;
    bench_write("plugins.d/sound.json",
                "{\"name\": \"sound\", \"kind\": \"storage\", \"module\": \"" MODULES
                "/sound.so\", \"defaults\": {\"retries\": 99}}",
                0644);
    bench_open("{\"driver\": \"sound\"}");
    assert_int_equal(registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error),
                     MGW_INVALID);
    assert_line(bench.error.text, "key \"storage.retries\": expected 0 to 10, got 99");
    bench_open("{\"driver\": \"sound\", \"retries\": 1}");
    assert_int_equal(registry_open_storage(bench.registry, bench.config, 0, &store, &bench.error),
                     MGW_OK);
    store_free(store);
}

static void show_prints_properties_and_keys(void **state)
{
    const char *const show[] = {COMMAND, "plugin", "show", "sound", NULL};
    static const char *const lines[] = {"name=sound\n",
                                        "kind=storage\n",
                                        "version=1\n",
                                        "abi=1\n",
                                        "thread_model=parallel\n",
                                        "key.retries.type=int\n",
                                        "key.retries.default=3\n",
                                        "key.retries.max=10\n",
                                        "key.retries.help=A number.\n",
                                        "key.token.type=secret\n",
                                        "key.style.values=path|virtual\n"};
    (void)state;
    bench_descriptor("sound", "storage", MODULES "/sound.so");
    bench_registry();
    struct bench_run run = bench_command(show);
    assert_int_equal(run.status, 0);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!strstr(run.out, lines[i])) {
            fail_msg("%s not in:\n%s", lines[i], run.out);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_broken_module_is_refused_by_the_registry),
        T(each_broken_module_is_refused_by_the_command),
        T(create_that_makes_nothing_is_refused),
        T(a_sound_module_loads),
        T(a_module_that_is_missing_or_no_elf_file_is_refused),
        T(damaged_modules_are_looked_at_without_harm),
        T(what_others_may_write_is_refused),
        T(what_belongs_to_another_user_is_refused),
        T(wrong_descriptors_are_refused_when_asked_for),
        T(a_wrong_descriptor_does_not_stop_the_others),
        T(an_unknown_name_gets_the_nearest),
        T(a_disabled_plugin_is_refused),
        T(an_earlier_folder_wins),
        T(a_drivers_keys_are_checked_by_its_table),
        T(a_descriptors_defaults_lie_below_the_configs_keys),
        T(show_prints_properties_and_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
