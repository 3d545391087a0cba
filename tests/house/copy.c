/* SPDX-License-Identifier: Apache-2.0
 *
 * `copy [COUNT]`: `mediagw copy` from fs and SQLite into another house (the environment may choose
 * which), killed on the way, changed under, damaged and full. */
#include "tests/house/kit.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 1000 };

static size_t count = 200;
static struct gateway *gw;
static struct server *target;

static int start(void **state)
{
    (void)state;
    gw = kit_source(NULL);
    target = kit_target();
    kit_fill(gw, count);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return gateway_free(gw) + server_free(target);
}

/* ---- Killed ---- */

static pid_t copy_beside(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        const char *command = mediagw_command();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nothing, 1);
        dup2(nothing, 2);
        execl(command, command, "copy", "--from", gw->server->config_path, "--to",
              target->config_path, "--jobs", "2", (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* Sends SIGNAL to a copy once AT_LEAST rows have arrived; how it ended. */
static int end_copy_by(int signal, size_t at_least)
{
    struct rows *rows = rows_open(target->database);
    pid_t pid = copy_beside();
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (rows_count(rows, NULL, "ready") >= at_least) {
            kill(pid, signal);
            waitpid(pid, &status, 0);
            break;
        }
        keep_release();
        wait_ms(1);
    }
    rows_close(rows);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void killed_twice_it_goes_on_to_the_end(void **state)
{
    (void)state;
    int first = end_copy_by(SIGKILL, count / 10);
    int second = end_copy_by(SIGKILL, count / 3);
    if (count >= MANY) { /* long enough to be in the midst of it for certain */
        assert_int_equal(first, 128 + SIGKILL);
        assert_int_equal(second, 128 + SIGKILL);
    }
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_true(json_is_true(json_object_get(summary, "complete")));
    assert_int_equal(kit_number(summary, "rows"), count);
    assert_int_equal(kit_number(summary, "copied") + kit_number(summary, "unchanged"), count);
    assert_true(kit_number(summary, "unchanged") >= (json_int_t)(count / 10));
    print_message("killed with %d and %d: %lld were there, %lld came in the last run\n", first,
                  second, (long long)kit_number(summary, "unchanged"),
                  (long long)kit_number(summary, "copied"));
    json_t *report = kit_json(kit_verify(target, "--deep"), 0);
    assert_int_equal(kit_number(report, "ready"), count);
    assert_int_equal(kit_number(report, "blobs"), count);
}

static void interrupted_it_says_so_and_goes_on(void **state)
{
    (void)state;
    struct server *other = target;
    target = kit_target();
    int status = end_copy_by(SIGTERM, count / 20);
    assert_true(status == 1 || status == 0); /* 0: it was done already */
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "copied") + kit_number(summary, "unchanged"), count);
    kit_json(kit_verify(target, "--deep", "--grace", "0s"), 0);
    server_free(target);
    target = other;
}

static void a_second_run_copies_nothing(void **state)
{
    (void)state;
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "unchanged"), count);
    assert_int_equal(kit_number(summary, "copied"), 0);
    assert_int_equal(kit_number(summary, "changed"), 0);
    assert_int_equal(kit_number(summary, "records"), 0);
    assert_int_equal(kit_number(summary, "bytes"), 0);
}

static void a_terminal_sees_a_bar(void **state)
{
    (void)state;
    struct winsize size = {.ws_row = 24, .ws_col = 100};
    struct server *other = kit_target();
    char shown[65536], bytes[4096];
    size_t length = 0;
    int terminal = -1, status = 0;
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        const char *command = mediagw_command();
        execl(command, command, "copy", "--from", gw->server->config_path, "--to",
              other->config_path, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    for (ssize_t got; (got = read(terminal, bytes, sizeof bytes)) > 0;) {
        for (ssize_t i = 0; i < got && length + 1 < sizeof shown; i++) {
            shown[length++] = bytes[i];
        }
    }
    shown[length] = '\0';
    close(terminal);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(shown, keep_text("%zu of %zu  100%% [####", count, count)));
    assert_non_null(strstr(shown, keep_text("copied %zu recordings", count)));
    server_free(other);
}

/* ---- What a client sees ---- */

static void same_text(const json_t *a, const json_t *b)
{
    char *one = keep(json_dumps(a, JSON_SORT_KEYS)), *two = keep(json_dumps(b, JSON_SORT_KEYS));
    assert_string_equal(one, two);
}

/* The source's API key, lists and recordings serve at the target as they did. */
static void clients_see_no_difference(void **state)
{
    (void)state;
    server_start(target);
    struct http_client *there = http_new(target, gw->token);
    const char *query = "/api/media?limit=200&sessionId=fill";
    json_t *before = api_expect(http_get(gw->client, query, NULL), 200);
    json_t *after = api_expect(http_get(there, query, NULL), 200);
    same_text(json_object_get(before, "items"), json_object_get(after, "items"));
    const json_t *row = json_array_get(json_object_get(after, "items"), 3);
    const char *id = json_string_value(json_object_get(row, "id"));
    json_t *grant = api_expect(http_get(there, keep_text("/api/media/%s", id), NULL), 200);
    char checksum[SHA256_TEXT];
    struct http_answer *answer = http_get_checksum(there, api_url(grant), checksum);
    assert_int_equal(answer->status, 200);
    assert_string_equal(checksum, json_string_value(json_object_get(row, "checksum")));
    assert_string_equal(http_header(answer, "Content-Type"), API_VIDEO);
    http_free(there);
    assert_int_equal(server_stop(target), 0);
}

/* ---- What changes meanwhile ---- */

static void what_changed_at_the_source_comes_with_the_next_run(void **state)
{
    (void)state;
    json_t *old = api_upload(gw->client, API_VIDEO, body_random(1001, 3000));
    kit_json(kit_copy(gw->server, target), 0);
    json_t *fresh = api_upload(gw->client, API_VIDEO, body_random(1002, 3000));
    http_send(gw->client, "DELETE", api_path(old, ""), NULL, NULL, 0);
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "copied"), 1);
    assert_int_equal(kit_number(summary, "changed"), 1);
    json_t *report = kit_json(kit_verify(target, "--deep", "--grace", "0s"), 0);
    assert_int_equal(kit_number(report, "ready"), count + 1); /* its bytes are gone as well */
    assert_int_equal(kit_number(report, "blobs"), count + 1);
    server_start(target);
    struct http_client *there = http_new(target, gw->token);
    assert_int_equal(http_get(there, api_path(old, ""), NULL)->status, 404);
    assert_int_equal(http_get(there, api_path(fresh, ""), NULL)->status, 200);
    /* What is deleted at the target stays so. */
    http_send(there, "DELETE", api_path(fresh, ""), NULL, NULL, 0);
    http_free(there);
    assert_int_equal(server_stop(target), 0);
    summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "kept"), 1);
    assert_int_equal(kit_number(summary, "copied"), 0);
    http_send(gw->client, "DELETE", api_path(fresh, ""), NULL, NULL, 0);
    kit_json(kit_copy(gw->server, target), 0);
}

static void an_idempotency_key_is_remembered_at_the_target(void **state)
{
    (void)state;
    const char *header = "Idempotency-Key: moved";
    struct body body = body_random(77, 4000);
    json_t *first = api_expect(api_post_raw(gw->client, "", API_VIDEO, body, header), 201);
    kit_json(kit_copy(gw->server, target), 0);
    server_start(target);
    struct http_client *there = http_new(target, gw->token);
    json_t *again = api_expect(api_post_raw(there, "", API_VIDEO, body, header), 201);
    assert_string_equal(api_id(first), api_id(again));
    http_free(there);
    assert_int_equal(server_stop(target), 0);
}

static void dev_mode_moves_out(void **state)
{
    (void)state;
    struct server *dev = server_new_dev(), *other = kit_target();
    server_start(dev);
    struct http_client *client = http_new(dev, NULL);
    api_upload(client, API_VIDEO, body_random(78, 4000));
    http_free(client);
    assert_int_equal(server_stop(dev), 0);
    char *data = keep_text("%s/data", dev->dir);
    json_t *summary =
        kit_json(run_mediagw("copy", "--from-data", data, "--to", other->config_path, "--json"), 0);
    assert_int_equal(kit_number(summary, "copied"), 1);
    kit_json(kit_verify(other, "--deep"), 0);
    server_free(dev);
    server_free(other);
}

static void a_key_revoked_on_either_side_stays_revoked(void **state)
{
    (void)state;
    char *token = server_token(gw->server, "acct-r"), *other = server_token(gw->server, "acct-r");
    kit_json(kit_copy(gw->server, target), 0);
    char *id = keep_bytes(token + 4, 16), *other_id = keep_bytes(other + 4, 16);
    assert_int_equal(run_mediagw("key", "revoke", id, "--config", gw->server->config_path).status,
                     0);
    assert_int_equal(run_mediagw("key", "revoke", other_id, "--config", target->config_path).status,
                     0);
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "records"), 1);
    struct run run =
        run_mediagw("key", "list", "--account", "acct-r", "--config", target->config_path);
    assert_null(strstr(run.out, "revoked=no"));
}

static void an_upload_under_way_stays_behind(void **state)
{
    (void)state;
    struct raw *raw = raw_open(gw->server);
    raw_text(raw,
             "POST /api/media/recordings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: 5000000\r\n\r\n",
             gw->token);
    struct body some = body_random(5, 300000);
    raw_send(raw, some.bytes, some.length);
    for (int i = 0; i < 3000 && rows_count(gw->rows, NULL, "uploading") == 0; i++) {
        wait_ms(10);
    }
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "uploading"), 1);
    raw_reset(raw);
    assert_true(rows_settle(gw->rows, 30000)); /* failed: history that lists show */
    summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "uploading"), 0);
    assert_int_equal(kit_number(summary, "rowsOnly"), 1);
}

/* ---- What cannot be ---- */

static void what_is_damaged_is_named_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct server *other = kit_target();
    const char *key;
    const char *path = kit_some_blob(gw->server, &key);
    size_t length = 0;
    char *bytes = scratch_read(path, &length);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "X", 1, 700), 1);
    json_t *summary = kit_json(kit_copy(gw->server, other), 1);
    assert_true(json_is_false(json_object_get(summary, "complete")));
    assert_int_equal(kit_number(summary, "failed"), 1);
    assert_int_equal(kit_number(summary, "copied"), count - 1);
    const json_t *error = json_array_get(json_object_get(summary, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(error, "status")), "CORRUPT");
    kit_json(kit_verify(other, "--deep", "--grace", "0s"), 0); /* nothing of it was published */
    assert_int_equal(pwrite(fd, bytes + 700, 1, 700), 1);
    close(fd);
    summary = kit_json(kit_copy(gw->server, other), 0);
    assert_int_equal(kit_number(summary, "copied"), 1);
    server_free(other);
}

static void a_blob_that_the_target_lost_comes_again(void **state)
{
    (void)state;
    const char *key;
    kit_some_blob(gw->server, &key);
    struct kit_bytes bytes = kit_bytes(target, key);
    kit_remove(&bytes);
    kit_finds_one(kit_json(kit_verify(target), 1), "missing", key);
    json_t *summary = kit_json(kit_copy(gw->server, target), 0);
    assert_int_equal(kit_number(summary, "copied"), 1);
    kit_json(kit_verify(target, "--deep"), 0);
}

static void a_byte_that_flips_at_the_target_is_found(void **state)
{
    (void)state;
    const char *key;
    kit_some_blob(gw->server, &key);
    struct kit_bytes bytes = kit_bytes(target, key);
    bytes.bytes[700] ^= 1;
    kit_write(&bytes);
    kit_finds_one(kit_json(kit_verify(target, "--deep"), 1), "damaged", key);
    bytes.bytes[700] ^= 1;
    kit_write(&bytes);
}

static void a_dry_run_writes_nothing(void **state)
{
    (void)state;
    struct server *other = kit_target();
    json_t *summary = kit_json(kit_copy(gw->server, other, "--dry-run"), 0);
    assert_int_equal(kit_number(summary, "copied"), count);
    assert_true(kit_number(summary, "records") >= 2);
    json_t *report = kit_json(kit_verify(other, "--grace", "0s"), 0);
    assert_int_equal(kit_number(report, "rows"), 0);
    assert_int_equal(kit_number(report, "blobs"), 0);
    server_free(other);
}

static void is_refused(const char *to, const char *word)
{
    struct run run = run_mediagw("copy", "--from", gw->server->config_path, "--to", to, "--json");
    if (run.status != 2 || !strstr(run.err, word)) {
        fail_msg("exit %d: %s", run.status, run.err);
    }
}

static char *other_config(const char *name, const char *root, const char *database)
{
    char *path = keep_text("%s/%s", gw->server->dir, name);
    json_t *config = json_load_file(gw->server->config_path, 0, NULL);
    json_object_set_new(json_object_get(config, "storage"), "root", json_string(root));
    json_object_set_new(json_object_get(config, "repository"), "path", json_string(database));
    assert_int_equal(json_dump_file(config, path, 0), 0);
    json_decref(config);
    return path;
}

static void the_same_place_on_both_sides_is_refused(void **state)
{
    (void)state;
    const struct server *source = gw->server;
    char *link = keep_text("%s/link", source->dir), *dir = realpath(source->dir, NULL);
    assert_non_null(keep(dir));
    assert_int_equal(symlink(dir, link), 0);
    char *blobs = keep_text("%s/blobs", link), *database = keep_text("%s/media.db", link);
    char *empty = keep_text("%s/empty", source->dir);
    char *fresh = keep_text("%s/fresh.db", source->dir);
    is_refused(source->config_path, "same storage");
    struct run run = run_mediagw("copy", "--from", source->config_path, "--to",
                                 other_config("one.json", blobs, fresh), "--init");
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "same store"));
    is_refused(other_config("two.json", empty, source->database), "same repository");
    run = run_mediagw("copy", "--from", source->config_path, "--to",
                      other_config("three.json", empty, database), "--init");
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "same repository"));
}

static void a_target_that_is_read_only_is_refused(void **state)
{
    (void)state;
    struct server *other = kit_target();
    server_configure(other, "{\"storage\": {\"filters\": [{\"filter\": \"readonly\"}]}}");
    is_refused(other->config_path, "read-only");
    server_free(other);
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run_mediagw("copy").status, 2);
    assert_int_equal(kit_copy(gw->server, target, "--jobs", "65").status, 2);
    assert_int_equal(kit_copy(gw->server, target, "word").status, 2);
    assert_int_equal(
        run_mediagw("copy", "--from", "no-such.json", "--to", target->config_path).status, 2);
    assert_int_equal(run_mediagw("copy", "--help").status, 0);
}

/* Into 6 MiB of tmpfs, in a mount namespace of its own; then the same place with more room. */
static void a_full_target_ends_it_and_more_room_lets_it_go_on(void **state)
{
    (void)state;
    struct server *other = kit_target();
    char *full = keep_text("%s/full", other->dir);
    json_t *config = keep_json(json_load_file(gw->server->config_path, 0, NULL));
    char *root = keep_text("%s/blobs", full), *database = keep_text("%s/media.db", other->dir);
    char *path = keep_text("%s/full.json", other->dir);
    json_object_set_new(json_object_get(config, "storage"), "root", json_string(root));
    json_object_set_new(json_object_get(config, "repository"), "path",
                        json_string(keep_text("%s.full", database)));
    assert_int_equal(json_dump_file(config, path, 0), 0);
    char *script =
        keep_text("set -u; mkdir '%s' && mount -t tmpfs -o size=3m none '%s' || exit 90; "
                  "'%s' copy --from '%s' --to '%s' --init; first=$?; "
                  "mount -o remount,size=900m '%s' || exit 91; "
                  "'%s' copy --from '%s' --to '%s'; second=$?; "
                  "'%s' verify --deep --config '%s'; echo first=$first second=$second verify=$?",
                  full, full, mediagw_command(), gw->server->config_path, path, full,
                  mediagw_command(), gw->server->config_path, path, mediagw_command(), path);
    struct run run = run_command((const char *const[]){"/usr/bin/unshare", geteuid() ? "-rm" : "-m",
                                                       "/bin/sh", "-c", script, NULL});
    if (run.status == 90 || strstr(run.err, "unshare: ")) {
        print_message("no mounts here: %s\n", run.err);
        server_free(other);
        skip();
    }
    assert_non_null(strstr(run.err, "the target is full"));
    if (!strstr(run.out, "first=1 second=0 verify=0")) {
        fail_msg("%s%s", run.out, run.err);
    }
    server_free(other);
}

int main(int argc, char **argv)
{
    count = argc > 1 ? strtoul(argv[1], NULL, 10) : count;
    const struct CMUnitTest tests[] = {
        TEST(killed_twice_it_goes_on_to_the_end),
        TEST(a_second_run_copies_nothing),
        TEST(a_terminal_sees_a_bar),
        TEST(clients_see_no_difference),
        TEST(a_dry_run_writes_nothing),
        TEST(what_is_damaged_is_named_and_the_rest_goes_on),
        TEST(a_byte_that_flips_at_the_target_is_found),
        TEST(a_blob_that_the_target_lost_comes_again),
        TEST(interrupted_it_says_so_and_goes_on),
        TEST(a_full_target_ends_it_and_more_room_lets_it_go_on),
        TEST(the_same_place_on_both_sides_is_refused),
        TEST(a_target_that_is_read_only_is_refused),
        TEST(wrong_words_are_refused),
        TEST(what_changed_at_the_source_comes_with_the_next_run),
        TEST(a_key_revoked_on_either_side_stays_revoked),
        TEST(an_idempotency_key_is_remembered_at_the_target),
        TEST(dev_mode_moves_out),
        TEST(an_upload_under_way_stays_behind),
    };
    /* What many recordings are needed for. */
    const struct CMUnitTest many[] = {
        TEST(killed_twice_it_goes_on_to_the_end),
        TEST(a_second_run_copies_nothing),
        TEST(a_byte_that_flips_at_the_target_is_found),
    };
    return server_verdict(count >= MANY ? cmocka_run_group_tests(many, start, stop)
                                        : cmocka_run_group_tests(tests, start, stop));
}
