/* SPDX-License-Identifier: Apache-2.0
 *
 * Two gateways on one SQLite file and one folder that both see: what one knows the other learns,
 * and what only one may do only one does. */
#include "tests/house/kit.h"

#include <signal.h>
#include <string.h>

static struct gateway *a; /* its server may be killed */
static struct server *b;
static struct http_client *at_b; /* with a's token */

static int start(void **state)
{
    (void)state;
    a = kit_source("{\"storage\": {\"shared\": true}, "
                   "\"media\": {\"lease_sec\": 2, \"reap_interval_sec\": 1}}");
    b = server_new_beside(a->server, "{}");
    server_start(b);
    at_b = http_new(b, a->token);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_free(at_b);
    int status = server_free(b);
    return gateway_free(a) + status;
}

static json_t *node_list(void)
{
    return kit_json(run_mediagw("node", "list", "--json", "--config", b->config_path), 0);
}

/* ---- What one knows ---- */

static void a_url_of_one_node_opens_at_the_other(void **state)
{
    (void)state;
    struct body body = body_random(1, 20000);
    json_t *answer = api_upload(a->client, API_VIDEO, body);
    char expected[SHA256_TEXT], got[SHA256_TEXT];
    body_checksum(body.bytes, body.length, expected);
    assert_int_equal(http_get_checksum(at_b, api_url(answer), got)->status, 200);
    assert_string_equal(got, expected);
    /* So do a row, a page and its cursor. */
    api_expect(http_get(at_b, api_path(answer, ""), NULL), 200);
    api_upload(a->client, API_VIDEO, body);
    json_t *page = api_expect(http_get(a->client, "/api/media?limit=1", NULL), 200);
    const char *cursor = json_string_value(json_object_get(page, "nextCursor"));
    assert_non_null(cursor);
    api_expect(http_get(at_b, keep_text("/api/media?limit=1&cursor=%s", cursor), NULL), 200);
}

static void an_idempotency_key_holds_over_both(void **state)
{
    (void)state;
    struct body body = body_random(2, 1000);
    const char *header = "Idempotency-Key: over-both";
    json_t *first = api_expect(api_post_raw(a->client, "", API_VIDEO, body, header), 201);
    json_t *second = api_expect(api_post_raw(at_b, "", API_VIDEO, body, header), 201);
    assert_string_equal(api_id(first), api_id(second));
    api_error(api_post_raw(at_b, "", API_VIDEO, body_random(3, 1000), header), 422, NULL);
}

struct ask {
    struct http_client *client;
    const char *target;
    long status;
};

static bool answers(void *ctx)
{
    struct ask *ask = ctx;
    return http_get(ask->client, ask->target, NULL)->status == ask->status;
}

static void a_deleted_recording_is_gone_at_the_other_within_5_s(void **state)
{
    (void)state;
    json_t *answer = api_upload(a->client, API_VIDEO, body_random(4, 1000));
    struct ask ask = {at_b, api_url(answer), 404};
    assert_int_equal(http_get(at_b, ask.target, NULL)->status, 200); /* it is in the cache */
    http_send(a->client, "DELETE", api_path(answer, ""), NULL, NULL, 0);
    assert_true(wait_for(answers, &ask, 5000));
}

static void a_revoked_key_opens_nothing_at_the_other_within_10_s(void **state)
{
    (void)state;
    char *token = server_token(a->server, "acct-r");
    struct http_client *client = http_new(b, token);
    struct ask ask = {client, "/api/media", 401};
    assert_int_equal(http_get(client, ask.target, NULL)->status, 200);
    struct run run =
        run_mediagw("key", "revoke", keep_bytes(token + 4, 16), "--config", a->server->config_path);
    assert_int_equal(run.status, 0);
    assert_true(wait_for(answers, &ask, 10000));
    http_free(client);
}

/* ---- What only one does ---- */

static const json_t *find(const json_t *array, const char *id)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(array, i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "id")), id) == 0) {
            return entry;
        }
    }
    fail_msg("no %s in %s", id, keep(json_dumps(array, 0)));
    return NULL;
}

static const char *owner_of(const json_t *list, const char *lease)
{
    const json_t *entry = find(json_object_get(list, "leases"), lease);
    return json_string_value(json_object_get(entry, "owner"));
}

static void the_list_shows_both_nodes_and_whose_the_leases_are(void **state)
{
    (void)state;
    json_t *list = node_list();
    const json_t *nodes = json_object_get(list, "nodes");
    assert_int_equal(json_array_size(nodes), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *node = json_array_get(nodes, i);
        assert_true(api_is_time(json_string_value(json_object_get(node, "since"))));
        assert_true(api_is_time(json_string_value(json_object_get(node, "lastSeen"))));
        pid_t pid = (pid_t)json_integer_value(json_object_get(node, "pid"));
        assert_true(pid == a->server->pid || pid == b->pid);
    }
    assert_int_equal(json_array_size(json_object_get(list, "leases")), 2);
    find(nodes, owner_of(list, "reaper"));
    find(nodes, owner_of(list, "sweep"));
    struct run plain = run_mediagw("node", "list", "--config", b->config_path);
    assert_int_equal(plain.status, 0);
    assert_non_null(strstr(plain.out, "node id="));
    assert_non_null(strstr(plain.out, "lease id=reaper owner="));
}

static bool took(const struct server *server, const char *lease)
{
    return strstr(server_log(server), keep_text("msg=\"lease taken\" lease=%s", lease)) != NULL;
}

static void one_of_two_reaps_and_one_sweeps(void **state)
{
    (void)state;
    assert_true(took(a->server, "reaper") != took(b, "reaper"));
    assert_true(took(a->server, "sweep") != took(b, "sweep"));
}

static bool b_has_both_leases(void *ctx)
{
    (void)ctx;
    json_t *list = node_list();
    return strcmp(owner_of(list, "reaper"), owner_of(list, "sweep")) == 0 && took(b, "reaper");
}

/* And the leases of the dead one pass on. */
static void an_upload_whose_node_was_killed_is_failed_by_the_other(void **state)
{
    (void)state;
    struct raw *raw = raw_open(a->server);
    raw_text(raw,
             "POST /api/media/recordings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: video/webm\r\nContent-Length: 5000000\r\n\r\n",
             a->token);
    struct body some = body_random(5, 300000);
    raw_send(raw, some.bytes, some.length);
    for (int i = 0; i < 3000 && rows_count(a->rows, NULL, "uploading") == 0; i++) {
        wait_ms(10);
    }
    assert_int_equal(rows_count(a->rows, NULL, "uploading"), 1);
    server_kill(a->server);
    assert_true(rows_settle(a->rows, 60000));
    assert_int_equal(rows_count(a->rows, NULL, "failed"), 1);
    assert_true(wait_for(b_has_both_leases, NULL, 60000));
    server_start(a->server);
    gateway_follow(a);
    assert_false(took(a->server, "reaper"));
}

/* ---- Names ---- */

static void one_name_is_one_gateways(void **state)
{
    (void)state;
    server_configure(a->server, "{\"node_id\": \"north-1\"}");
    assert_int_equal(server_stop(a->server), 0);
    server_start(a->server);
    gateway_follow(a);
    find(json_object_get(node_list(), "nodes"), "north-1");
    struct run run = run_mediagw("serve", "--config", a->server->config_path);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "north-1"));
    assert_non_null(strstr(run.err, "a running gateway has this name"));
    assert_int_equal(http_get(a->client, "/readyz", NULL)->status, 200);
}

static void a_killed_gateway_starts_again_under_its_name_at_once(void **state)
{
    (void)state;
    int64_t before = wait_now_ms();
    gateway_kill_and_restart(a);
    assert_true(wait_now_ms() - before < 20000 * slowness()); /* not its 30 s */
    find(json_object_get(node_list(), "nodes"), "north-1");
}

/* Whether the list has a node of this process. (One that was killed stays for a while.) */
static bool is_listed(pid_t pid)
{
    size_t i;
    const json_t *node;
    json_array_foreach(json_object_get(node_list(), "nodes"), i, node)
    {
        if (json_integer_value(json_object_get(node, "pid")) == pid) {
            return true;
        }
    }
    return false;
}

static void a_clean_stop_leaves_no_record(void **state)
{
    (void)state;
    pid_t pids[] = {a->server->pid, b->pid};
    assert_true(is_listed(pids[0]) && is_listed(pids[1]));
    assert_int_equal(server_stop(a->server), 0);
    assert_true(!is_listed(pids[0]) && is_listed(pids[1]));
    assert_int_equal(server_stop(b), 0);
    assert_false(is_listed(pids[1]));
    assert_int_equal(json_array_size(json_object_get(node_list(), "leases")), 0);
    server_start(b);
    server_start(a->server);
}

static void a_node_with_another_store_is_refused(void **state)
{
    (void)state;
    struct server *other = server_new(NULL);
    json_t *config = json_load_file(other->config_path, 0, NULL);
    json_object_set_new(json_object_get(config, "repository"), "path",
                        json_string(a->server->database));
    assert_int_equal(json_dump_file(config, other->config_path, 0), 0);
    json_decref(config);
    struct run run = run_mediagw("serve", "--config", other->config_path);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "the repository belongs to the store"));
    server_free(other);
}

static void a_bad_name_is_refused(void **state)
{
    (void)state;
    server_configure(b, "{\"node_id\": \"not a name\"}");
    struct run run = run_mediagw("serve", "--config", b->config_path);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "node_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_of_two_reaps_and_one_sweeps),
        TEST(a_url_of_one_node_opens_at_the_other),
        TEST(an_idempotency_key_holds_over_both),
        TEST(a_deleted_recording_is_gone_at_the_other_within_5_s),
        TEST(a_revoked_key_opens_nothing_at_the_other_within_10_s),
        TEST(the_list_shows_both_nodes_and_whose_the_leases_are),
        TEST(an_upload_whose_node_was_killed_is_failed_by_the_other),
        TEST(one_name_is_one_gateways),
        TEST(a_killed_gateway_starts_again_under_its_name_at_once),
        TEST(a_clean_stop_leaves_no_record),
        TEST(a_node_with_another_store_is_refused),
        TEST(a_bad_name_is_refused),
    };
    return server_verdict(cmocka_run_group_tests(tests, start, stop));
}
