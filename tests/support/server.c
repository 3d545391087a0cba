/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/server.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/objects.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *text(const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        abort();
    }
    return path;
}

static struct server *new_in(const char *blobs, const char *database)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        abort();
    }
    server->dir = scratch_new();
    server->blobs = text(server->dir, blobs);
    server->database = text(server->dir, database);
    server->log_path = text(server->dir, "server.log");
    return server;
}

static void overlay_config(json_t *config, const char *overlay)
{
    json_error_t error;
    json_t *more = json_loads(overlay, 0, &error);
    if (!more) {
        fail_msg("overlay: %s", error.text);
    }
    json_object_update_recursive(config, more);
    json_decref(more);
}

/* MEDIAGW_TEST_REPOSITORY names a file with the "repository" object that takes SQLite's place;
 * {schema} in it becomes a name of this server's own. */
static void choose_repository(struct server *server, json_t *config)
{
    static unsigned count;
    const char *path = getenv("MEDIAGW_TEST_REPOSITORY");
    if (!path) {
        return;
    }
    char *whole = scratch_read(path, NULL), *own = NULL;
    char *mark = whole ? strstr(whole, "{schema}") : NULL;
    if (!mark || asprintf(&own, "%.*stest_%d_%u%s", (int)(mark - whole), whole, (int)getpid(),
                          count++, mark + strlen("{schema}")) < 0) {
        fail_msg("%s: expected a repository object with {schema}", path);
    }
    json_t *repository = json_loads(own, 0, NULL);
    assert_non_null(repository);
    const char *conninfo = NULL, *schema = NULL;
    if (json_unpack(repository, "{s:s, s:s}", "conninfo", &conninfo, "schema", &schema) == 0) {
        free(server->database);
        if (asprintf(&server->database, "%s options=-csearch_path=%s", conninfo, schema) < 0) {
            abort();
        }
    }
    json_object_set_new(config, "repository", repository);
    /* a repository that several nodes may use asks for a store that they all see */
    json_object_set_new(json_object_get(config, "storage"), "shared", json_true());
    free(own);
}

/* What PATH holds; where {unique} stands in it becomes a text of this server's own. */
static json_t *own_storage(const char *path)
{
    static unsigned count;
    const char *whole = scratch_read(path, NULL);
    const char *mark = whole ? strstr(whole, "{unique}") : NULL;
    if (!mark) {
        fail_msg("%s: expected a storage object with {unique}", path);
    }
    const char *own =
        keep_text("%.*st%d-%u-%llx%s", (int)(mark - whole), whole, (int)getpid(), count++,
                  (unsigned long long)wait_now_ms(), mark + strlen("{unique}"));
    return json_loads(own, 0, NULL);
}

static void choose_storage(json_t *config)
{
    const char *path = getenv("MEDIAGW_TEST_STORAGE");
    if (path) {
        json_t *storage = own_storage(path);
        assert_non_null(storage);
        json_object_set_new(config, "storage", storage);
        const char *delivery = getenv("MEDIAGW_TEST_DELIVERY");
        json_object_set_new(config, "media",
                            json_pack("{s:s}", "delivery", delivery ? delivery : "proxy"));
    }
}

/* MEDIAGW_TEST_FILTERS is a list of filters, as JSON, that goes over any server's storage. */
static void choose_filters(json_t *config)
{
    const char *text = getenv("MEDIAGW_TEST_FILTERS");
    if (text) {
        json_t *filters = json_loads(text, 0, NULL);
        assert_true(json_is_array(filters));
        json_object_set_new(json_object_get(config, "storage"), "filters", filters);
    }
}

struct server *server_new(const char *overlay)
{
    struct server *server = new_in("blobs", "media.db");
    server->config_path = text(server->dir, "config.json");
    json_t *config =
        json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:[{s:s, s:s, s:b}]}", "listen", "127.0.0.1:0",
                  "storage", "driver", "fs", "root", server->blobs, "repository", "driver",
                  "sqlite", "path", server->database, "url_keys", "id", "k1", "secret",
                  "a secret of the tests, 32 bytes and more", "sign", 1);
    assert_non_null(config);
    choose_repository(server, config);
    choose_storage(config);
    choose_filters(config);
    if (overlay) {
        overlay_config(config, overlay);
    }
    server->storage = json_dumps(json_object_get(config, "storage"), 0);
    assert_int_equal(json_dump_file(config, server->config_path, JSON_INDENT(2)), 0);
    assert_int_equal(chmod(server->config_path, 0600), 0);
    json_decref(config);
    struct run run = run_mediagw("init", "--config", server->config_path);
    if (run.status != 0) {
        fail_msg("mediagw init: exit %d: %s%s", run.status, run.out, run.err);
    }
    return server;
}

struct server *server_new_beside(const struct server *first, const char *overlay)
{
    struct server *server = new_in("blobs", "media.db");
    free(server->blobs);
    free(server->database);
    server->config_path = text(server->dir, "config.json");
    server->blobs = strdup(first->blobs);
    server->database = strdup(first->database);
    server->storage = strdup(first->storage);
    json_t *config = json_load_file(first->config_path, 0, NULL);
    assert_non_null(config);
    overlay_config(config, overlay);
    assert_int_equal(json_dump_file(config, server->config_path, JSON_INDENT(2)), 0);
    assert_int_equal(chmod(server->config_path, 0600), 0);
    json_decref(config);
    return server;
}

void server_configure(struct server *server, const char *overlay)
{
    json_t *config = json_load_file(server->config_path, 0, NULL);
    assert_non_null(config);
    overlay_config(config, overlay);
    assert_int_equal(json_dump_file(config, server->config_path, JSON_INDENT(2)), 0);
    json_decref(config);
}

struct server *server_new_dev(void)
{
    return new_in("data/blobs", "data/media.db");
}

static void exec_server(const struct server *server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open(server->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
        _exit(126);
    }
    const char *command = mediagw_command();
    if (server->config_path) {
        execl(command, command, "serve", "--config", server->config_path, (char *)NULL);
    } else {
        char *data = text(server->dir, "data");
        execl(command, command, "serve", "--listen", "127.0.0.1:0", "--data", data, (char *)NULL);
    }
    _exit(127);
}

/* The port in the line `… listening … port=N`, 0 where it is not there yet. */
static uint16_t find_port(const char *log)
{
    const char *line = strstr(log, "listening");
    const char *end = line ? strchr(line, '\n') : NULL;
    if (!end) {
        return 0;
    }
    const char *port = strstr(line, "port");
    if (!port || port > end) {
        return 0;
    }
    port += strcspn(port, "0123456789\n");
    return (uint16_t)strtoul(port, NULL, 10);
}

static bool is_listening(void *ctx)
{
    struct server *server = ctx;
    int status = 0;
    if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
        server->pid = 0;
        return true;
    }
    const char *log = server_log(server);
    server->port = find_port(log);
    return server->port != 0 || strstr(log, "address=unix:");
}

void server_start(struct server *server)
{
    struct stat info;
    server->log_start = stat(server->log_path, &info) == 0 ? (size_t)info.st_size : 0;
    server->port = 0;
    pid_t pid = fork();
    if (pid == 0) {
        exec_server(server);
    }
    assert_true(pid > 0);
    server->pid = pid;
    bool listening = wait_for(is_listening, server, 60000);
    if (!listening || !server->pid) {
        fail_msg("the gateway does not listen: %s", server_log(server));
    }
}

int server_wait(struct server *server)
{
    int64_t end = wait_now_ms() + 90000 * slowness();
    int status = 0;
    while (waitpid(server->pid, &status, WNOHANG) == 0) {
        if (wait_now_ms() > end) {
            print_error("the gateway (pid %d) does not end\n", (int)server->pid);
            kill(server->pid, SIGABRT);
            waitpid(server->pid, &status, 0);
            break;
        }
        wait_ms(5);
    }
    server->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void server_kill(struct server *server)
{
    kill(server->pid, SIGKILL);
    int status = server_wait(server);
    if (status != 128 + SIGKILL) {
        fail_msg("the gateway had ended by itself (%d): %s", status, server_log(server));
    }
}

void server_terminate(struct server *server)
{
    kill(server->pid, SIGTERM);
}

int server_stop(struct server *server)
{
    server_terminate(server);
    return server_wait(server);
}

static int bad_ends;

/* A killed gateway has no exit status, but a log of all its lives. */
static bool sanitizer_spoke(const struct server *server)
{
    static const char *const words[] = {"ThreadSanitizer", "AddressSanitizer", "LeakSanitizer",
                                        "runtime error:", "*** buffer overflow"};
    const char *log = scratch_read(server->log_path, NULL);
    for (size_t i = 0; log && i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(log, words[i]);
        if (at) {
            print_error("%.4000s\n", at);
            return true;
        }
    }
    return false;
}

int server_verdict(int failed)
{
    return failed ? failed : bad_ends;
}

int server_free(struct server *server)
{
    if (!server) {
        return 0;
    }
    int status = server->pid ? server_stop(server) : 0;
    if (status != 0) {
        print_error("the gateway ended with %d: %s\n", status, server_log(server));
    }
    if (sanitizer_spoke(server)) {
        status = status ? status : 1;
    }
    bad_ends += status != 0;
    if (!getenv("MEDIAGW_TEST_KEEP")) {
        scratch_remove(server->dir);
    }
    keep_release();
    free(server->dir);
    free(server->config_path);
    free(server->blobs);
    free(server->storage);
    free(server->database);
    free(server->log_path);
    free(server);
    return status;
}

char *server_token(struct server *server, const char *account)
{
    struct run run =
        run_mediagw("key", "create", "--account", account, "--config", server->config_path);
    const char *token = strstr(run.out, "mgw_");
    if (run.status != 0 || !token) {
        fail_msg("mediagw key create: exit %d: %s%s", run.status, run.out, run.err);
    }
    return keep_bytes(token, strcspn(token, " \t\r\n\""));
}

const char *server_token_secret(const char *token)
{
    const char *id = strchr(token, '_');
    const char *secret = id ? strchr(id + 1, '_') : NULL;
    assert_non_null(secret);
    return secret + 1;
}

char *server_log(const struct server *server)
{
    size_t length = 0;
    char *log = scratch_read(server->log_path, &length);
    if (!log || length < server->log_start) {
        return keep_text("%s", "");
    }
    return log + server->log_start;
}

json_t *server_storage(const struct server *server)
{
    return keep_json(server->storage ? json_loads(server->storage, 0, NULL) : json_object());
}

bool server_is_s3(const struct server *server)
{
    return json_object_get(server_storage(server), "endpoint") != NULL;
}

size_t server_blobs(const struct server *server)
{
    const char *url = json_string_value(json_object_get(server_storage(server), "url"));
    if (url) { /* WebDAV: in the server's own folder */
        const char *data = getenv("MEDIAGW_TEST_BLOBS");
        assert_non_null(data);
        return scratch_count_files(keep_text("%s%s", data, strrchr(url, '/')));
    }
    return server_is_s3(server) ? objects_count(server_storage(server), "", NULL, NULL)
                                : scratch_count_files(server->blobs);
}

long server_memory(const struct server *server, const char *field)
{
    char *path = keep_text("/proc/%d/status", (int)server->pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char line[256];
    long kib = -1;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':') {
            kib = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    fclose(file);
    assert_true(kib >= 0);
    return kib;
}
