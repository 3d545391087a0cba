/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections: how many, how they are made and lost, what the server may refuse, and that nobody
 * ever reads the connection string. */
#include "kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static const struct mgw_plugin *plugin;

static void *busy_with_reads(void *ctx)
{
    atomic_int *wrong = ctx;
    for (int i = 0; i < 50; i++) {
        int64_t now;
        *wrong += bench.driver->now(bench_call_timeout(60000), bench.instance, &now) != MGW_OK;
    }
    bench_call();
    return NULL;
}

static void the_pool_never_opens_more_than_it_may(void **state)
{
    (void)state;
    kit_open(plugin,
             &(struct kit_config){.pool_size = 3, .conninfo = "application_name='pool test'"});
    pthread_t threads[24];
    atomic_int wrong = 0;
    for (size_t i = 0; i < 24; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, busy_with_reads, &wrong), 0);
    }
    long most = 0;
    for (int i = 0; i < 20; i++) {
        long open = kit_number("SELECT count(*) FROM pg_stat_activity"
                               " WHERE application_name='pool test'");
        most = open > most ? open : most;
    }
    for (size_t i = 0; i < 24; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(wrong, 0);
    assert_in_range(most, 1, 3);
}

/* A row locked from outside, by somebody who does not end. */
static PGconn *lock_row(const char *id)
{
    char sql[256], conninfo[512];
    snprintf(conninfo, sizeof conninfo, "%s dbname=mediagw", kit_line("conninfo.admin"));
    PGconn *conn = PQconnectdb(conninfo);
    PQclear(PQexec(conn, "BEGIN"));
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"%s\".rows WHERE id='%s' FOR UPDATE", kit_schema(),
             id);
    PGresult *result = PQexec(conn, sql);
    assert_int_equal(PQntuples(result), 1);
    PQclear(result);
    return conn;
}

static void *wait_for_row(void *ctx)
{
    const struct mgw_row *row = ctx;
    struct mgw_change change = change_update(row, MGW_FIELD_KIND);
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = bench.driver->apply(bench_call_timeout(10000), bench.instance, &change,
                                                 sizeof change, &result, sizeof result, 1);
    bench_call();
    return (void *)(uintptr_t)status;
}

static void a_pool_that_is_used_up_makes_callers_wait_until_their_deadline(void **state)
{
    (void)state;
    kit_open(plugin, &(struct kit_config){.pool_size = 1});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    PGconn *holder = lock_row(row.id);
    pthread_t waiter;
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_row, &row), 0);
    int64_t now = 0;
    enum mgw_status status = MGW_OK;
    for (int i = 0; i < 1000 && status == MGW_OK; i++) { /* until the other has the connection */
        bench_sleep(5);
        status = bench.driver->now(bench_call_timeout(100), bench.instance, &now);
    }
    assert_status(status, MGW_TIMEOUT);
    assert_non_null(strstr(bench_error(), "connections"));
    void *answer;
    pthread_join(waiter, &answer);
    assert_int_equal((uintptr_t)answer, MGW_TIMEOUT);
    PQfinish(holder);
    assert_status(bench.driver->now(bench_call_timeout(20000), bench.instance, &now), MGW_OK);
    row.kind = "after";
    assert_status(apply_one(change_update(&row, MGW_FIELD_KIND), NULL), MGW_OK);
}

static void a_statement_that_takes_too_long_is_ended_by_the_server(void **state)
{
    (void)state;
    kit_open(plugin, &(struct kit_config){.statement_ms = 300});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    PGconn *holder = lock_row(row.id);
    struct mgw_call *call = bench_call();
    struct mgw_change change = change_update(&row, MGW_FIELD_KIND);
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = bench.driver->apply(call, bench.instance, &change, sizeof change,
                                                 &result, sizeof result, 1);
    assert_true(status == MGW_TIMEOUT || status == MGW_UNAVAILABLE);
    assert_true(strcmp(call->error->foreign_code, "57014") == 0 ||
                strcmp(call->error->foreign_code, "55P03") == 0);
    PQfinish(holder);
    assert_status(apply_one(change, NULL), MGW_OK);
}

struct two {
    struct mgw_row rows[2];
    int wrong;
};

/* Both rows in one batch, in the order that FIRST begins. */
static void *change_both(struct two *two, size_t first)
{
    for (int i = 0; i < 40; i++) {
        struct mgw_change changes[] = {change_update(&two->rows[first], MGW_FIELD_KIND),
                                       change_update(&two->rows[1 - first], MGW_FIELD_KIND)};
        struct mgw_change_result results[2] = {{.size = sizeof results[0]},
                                               {.size = sizeof results[0]}};
        two->wrong += bench.driver->apply(bench_call(), bench.instance, changes, sizeof changes[0],
                                          results, sizeof results[0], 2) != MGW_OK;
    }
    bench_call();
    return NULL;
}

static void *change_forth(void *ctx)
{
    return change_both(ctx, 0);
}

static void *change_back(void *ctx)
{
    return change_both(ctx, 1);
}

static void a_deadlock_is_tried_again(void **state)
{
    (void)state;
    kit_run("ALTER DATABASE mediagw SET deadlock_timeout='10ms'");
    kit_open(plugin, &(struct kit_config){0});
    struct two forth = {{bench_row(NULL), bench_row(NULL)}, 0};
    insert(&forth.rows[0]);
    insert(&forth.rows[1]);
    struct two back = forth;
    long before = kit_number("SELECT deadlocks FROM pg_stat_database WHERE datname='mediagw'");
    pthread_t threads[2];
    for (int round = 0; round < 20; round++) {
        assert_int_equal(pthread_create(&threads[0], NULL, change_forth, &forth), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, change_back, &back), 0);
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        assert_int_equal(forth.wrong + back.wrong, 0);
        bench_sleep(50);
        if (kit_number("SELECT deadlocks FROM pg_stat_database WHERE datname='mediagw'") > before) {
            break;
        }
        assert_true(round < 19);
    }
    kit_run("ALTER DATABASE mediagw RESET deadlock_timeout");
}

/* A role of the test's own, who owns the test's schema and nothing else. Other tests run beside. */
static void make_role(const char *name)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "DROP ROLE IF EXISTS %s; CREATE ROLE %s LOGIN PASSWORD '%s';"
             "CREATE SCHEMA \"%s\" AUTHORIZATION %s",
             name, name, name, kit_schema(), name);
    kit_run(sql);
}

static void drop_role(const char *name)
{
    char sql[128];
    kit_close();
    snprintf(sql, sizeof sql, "DROP OWNED BY %s CASCADE; DROP ROLE %s", name, name);
    kit_run(sql);
}

static void a_role_needs_no_more_than_its_schema(void **state)
{
    (void)state;
    make_role("narrow");
    kit_open(plugin, &(struct kit_config){.conninfo = "user=narrow password=narrow"});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    drop_role("narrow");
}

static void a_gateway_needs_no_right_to_make_tables(void **state)
{
    (void)state;
    char sql[512];
    make_role("owner_of_it");
    kit_open(plugin, &(struct kit_config){.conninfo = "user=owner_of_it password=owner_of_it"});
    kit_close();
    snprintf(sql, sizeof sql,
             "DROP ROLE IF EXISTS granted; CREATE ROLE granted LOGIN PASSWORD 'granted';"
             "GRANT USAGE ON SCHEMA \"%s\" TO granted;"
             "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"%s\" TO granted",
             kit_schema(), kit_schema());
    kit_run(sql);
    kit_open(plugin, &(struct kit_config){.conninfo = "user=granted password=granted",
                                          .migrate = "manual"});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    struct mgw_record record = bench_record("test", "", row.id, "1");
    assert_status(apply_one(change_put(&record, MGW_VERSION_NONE), NULL), MGW_OK);
    struct mgw_change change = change_update(&row, 0);
    change.type = MGW_CHANGE_DELETE_ROW;
    assert_status(apply_one(change, NULL), MGW_OK);
    assert_status(bench.driver->maintain(bench_call(), bench.instance), MGW_OK);
    kit_close();
    drop_role("granted");
    drop_role("owner_of_it");
}

static void nothing_hangs_on_the_roles_settings(void **state)
{
    (void)state;
    make_role("odd");
    kit_run("ALTER ROLE odd SET synchronous_commit=off;"
            "ALTER ROLE odd SET default_transaction_isolation='serializable';"
            "ALTER ROLE odd SET default_transaction_read_only=on;"
            "ALTER ROLE odd SET search_path='nowhere'");
    kit_open(plugin, &(struct kit_config){.conninfo = "user=odd password=odd"});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    AUTO_FOUND struct found found;
    get(row.id, &found);
    drop_role("odd");
}

static void a_role_that_may_not_make_a_schema_is_told_so(void **state)
{
    (void)state;
    void *instance;
    kit_run("DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN PASSWORD 'nobody'");
    struct kit_config config = {.conninfo = "user=nobody password=nobody",
                                .flags = MGW_CREATE_INIT};
    assert_status(kit_create(plugin, &config, &instance), MGW_DENIED);
    assert_non_null(strstr(bench_error(), "permission denied"));
    kit_run("DROP ROLE nobody");
}

static void the_connection_string_is_never_told(void **state)
{
    (void)state;
    static const char *const conninfos[] = {"host=127.0.0.1 passwrd=hush-hush",
                                            "host=127.0.0.1 password=hush-hush port",
                                            "postgresql://u:hush-hush@127.0.0.1:99999999/x",
                                            "hush-hush",
                                            "password='hush-hush",
                                            "host=127.0.0.1 port=1 password=hush-hush dbname=d",
                                            "host=127.0.0.1 password=hush-hush sslmode=nonsense"};
    for (size_t i = 0; i < sizeof conninfos / sizeof conninfos[0]; i++) {
        void *instance;
        struct kit_config config = {.whole = conninfos[i], .patience_ms = 1, .connect_ms = 500};
        enum mgw_status status = kit_create(plugin, &config, &instance);
        assert_true(status == MGW_INVALID || status == MGW_UNAVAILABLE);
        assert_true(strlen(bench_error()) > 20);
        assert_null(strstr(bench_error(), "hush-hush"));
    }
    void *instance;
    struct kit_config wrong = {.conninfo = "password=hush-hush"};
    struct mgw_call *call = bench_call();
    assert_status(kit_create(plugin, &wrong, &instance), MGW_DENIED);
    assert_string_equal(call->error->foreign_code, "28P01");
    assert_null(strstr(bench_error(), "hush-hush"));
    kit_open(plugin, &(struct kit_config){0});
    kit_close();
    assert_null(strstr(kit_log(), "hush-hush"));
    assert_null(strstr(kit_log(), "a password of the tests"));
}

static void a_server_without_room_is_unavailable(void **state)
{
    (void)state;
    make_role("crowded");
    kit_run("ALTER ROLE crowded CONNECTION LIMIT 0");
    void *instance;
    struct kit_config config = {.conninfo = "user=crowded password=crowded", .patience_ms = 50};
    struct mgw_call *call = bench_call();
    assert_status(kit_create(plugin, &config, &instance), MGW_UNAVAILABLE);
    assert_string_equal(call->error->foreign_code, "53300");
    assert_true(call->error->retry_after_ms > 0);
    drop_role("crowded");
}

static void tls_is_as_libpq_has_it(void **state)
{
    (void)state;
    kit_open(plugin, &(struct kit_config){.conninfo = "application_name=verified"
                                                      " sslmode=verify-full"
                                                      " sslrootcert=postgresql/server.crt"});
    struct mgw_row row = bench_row(NULL);
    insert(&row);
    assert_true(kit_number("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING(pid)"
                           " WHERE a.application_name='verified' AND s.ssl") > 0);
    kit_close();
    void *instance;
    struct kit_config foreign = {.conninfo = "sslmode=verify-full sslrootcert=/dev/null",
                                 .patience_ms = 1};
    assert_status(kit_create(plugin, &foreign, &instance), MGW_UNAVAILABLE);
}

static void a_password_may_lie_in_libpqs_own_file(void **state)
{
    (void)state;
    char conninfo[256], path[] = "/tmp/mediagw-passfile-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fputs("127.0.0.1:*:*:mediagw:a password of the tests\n", file);
    fclose(file);
    snprintf(conninfo, sizeof conninfo,
             "host=127.0.0.1 port=%d dbname=mediagw user=mediagw passfile=%s", kit_port(), path);
    kit_open(plugin, &(struct kit_config){.whole = conninfo});
    remove(path);
}

static void a_schema_of_another_name_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "a\"b",
        "1a",
        "pg_x",
        "information_schema",
        "a b",
        "\xc3\xa4",
        "-a",
        "a1234567890123456789012345678901234567890123456789012345678"
        "90123"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *instance;
        struct kit_config config = {.schema = names[i], .flags = MGW_CREATE_INIT};
        assert_status(kit_create(plugin, &config, &instance), MGW_INVALID);
        assert_non_null(strstr(bench_error(), "schema"));
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
    const struct CMUnitTest cases[] = {
        CASE(the_pool_never_opens_more_than_it_may),
        CASE(a_pool_that_is_used_up_makes_callers_wait_until_their_deadline),
        CASE(a_statement_that_takes_too_long_is_ended_by_the_server),
        CASE(a_deadlock_is_tried_again),
        CASE(nothing_hangs_on_the_roles_settings),
        CASE(a_role_needs_no_more_than_its_schema),
        CASE(a_gateway_needs_no_right_to_make_tables),
        CASE(a_role_that_may_not_make_a_schema_is_told_so),
        CASE(the_connection_string_is_never_told),
        CASE(a_server_without_room_is_unavailable),
        CASE(tls_is_as_libpq_has_it),
        CASE(a_password_may_lie_in_libpqs_own_file),
        CASE(a_schema_of_another_name_is_refused),
    };
    return cmocka_run_group_tests_name("postgres: pool", cases, NULL, NULL);
}
