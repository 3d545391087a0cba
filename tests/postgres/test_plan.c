/* SPDX-License-Identifier: Apache-2.0
 *
 * What the server makes of the driver's queries: each goes through the index made for it, whatever
 * the statistics say, and reads no row that it does not answer. */
#include "kit.h"

#include "statements.h"

#include <stdio.h>

static const struct mgw_plugin *plugin;
static struct statements statements;

/* One large account and a small one, as the planner likes them least. */
static int setup(void **state)
{
    char sql[1024], quoted[80];
    kit_setup(state);
    kit_open(plugin, &(struct kit_config){0});
    snprintf(quoted, sizeof quoted, "\"%s\"", kit_schema());
    snprintf(sql, sizeof sql,
             "INSERT INTO %s.rows(id,account_id,bucket,key,kind,status,session_id,created_at,fence,"
             "lease_until) SELECT md5(i::text),CASE WHEN i%%1000=0 THEN 'small' ELSE 'large' END,"
             "'b',md5(i::text),'video',2,'one',1700000000000+i,1,"
             "CASE WHEN i%%100=0 THEN i END FROM generate_series(1,20000) i;"
             "ANALYZE %s.rows",
             quoted, quoted);
    kit_run(sql);
    return statements_init(&statements, quoted) ? 0 : -1;
}

static int teardown(void **state)
{
    statements_release(&statements);
    return kit_teardown(state);
}

/* The plan of STATEMENT for any values, of which it takes COUNT; kept in a static buffer. */
static const char *plan_of(enum statement statement, int count)
{
    static char plan[8192], conninfo[512];
    char execute[128] = "EXPLAIN EXECUTE s(";
    plan[0] = '\0';
    snprintf(conninfo, sizeof conninfo, "%s", kit_line("conninfo"));
    PGconn *conn = PQconnectdb(conninfo);
    PQclear(PQexec(conn, "SET plan_cache_mode=force_generic_plan; SET enable_seqscan=off"));
    char *prepare = NULL;
    assert_true(asprintf(&prepare, "PREPARE s AS %s", statements.texts[statement]) > 0);
    PGresult *prepared = PQexec(conn, prepare);
    assert_int_equal(PQresultStatus(prepared), PGRES_COMMAND_OK);
    PQclear(prepared);
    free(prepare);
    for (int i = 0; i < count; i++) {
        strncat(execute, i ? ",NULL" : "NULL", sizeof execute - strlen(execute) - 1);
    }
    PGresult *result = PQexec(conn, strncat(execute, ")", 2));
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", execute, PQerrorMessage(conn));
    }
    for (int i = 0; i < PQntuples(result); i++) {
        strncat(plan, PQgetvalue(result, i, 0), sizeof plan - strlen(plan) - 2);
        strcat(plan, "\n");
    }
    PQclear(result);
    PQfinish(conn);
    return plan;
}

static void assert_plan(const char *plan, const char *index, int scans)
{
    int found = 0;
    for (const char *at = plan; (at = strstr(at, index)); at += strlen(index)) {
        found++;
    }
    if (found != scans || strstr(plan, "Filter") || strstr(plan, "Seq Scan") ||
        strstr(plan, "Bitmap")) {
        fail_msg("not %s alone:\n%s", index, plan);
    }
}

static void every_list_goes_through_its_own_index(void **state)
{
    (void)state;
    static const char *const indexes[] = {"rows_by_status on", "rows_by_kind on",
                                          "rows_by_session on", "rows_by_session_kind on"};
    for (int variant = 0; variant < 16; variant++) {
        int statuses = variant % 4 + 1, by_kind = variant / 4 % 2, by_session = variant / 8;
        const char *plan = plan_of(statement_list(statuses, by_kind, by_session),
                                   4 + statuses + by_kind + by_session);
        assert_plan(plan, indexes[by_kind + 2 * by_session], statuses);
        assert_true(statuses > 1 || !strstr(plan, "Sort"));
    }
}

static void other_reads_go_through_theirs(void **state)
{
    (void)state;
    static const struct {
        enum statement statement;
        int count;
        const char *index;
    } reads[] = {
        {STATEMENT_GET, 1, "rows_pkey on"},
        {STATEMENT_SCAN, 2, "rows_pkey on"},
        {STATEMENT_DUE, 1, "rows_by_lease on"},
        {STATEMENT_GET_BY_BLOB, 2, "rows_key_bucket_key"},
        {STATEMENT_STATUS, 2, "rows_key_bucket_key"},
    };
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        const char *plan = plan_of(reads[i].statement, reads[i].count);
        assert_plan(plan, reads[i].index, 1);
        assert_null(strstr(plan, "Sort"));
    }
}

static void an_insert_looks_at_the_end_of_an_index(void **state)
{
    (void)state;
    const char *plan = plan_of(STATEMENT_INSERT, 18);
    assert_non_null(strstr(plan, "Backward using rows_by_creation"));
    assert_null(strstr(plan, "Seq Scan"));
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    plugin = kit_load(argv[1]);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(every_list_goes_through_its_own_index),
        CASE(other_reads_go_through_theirs),
        CASE(an_insert_looks_at_the_end_of_an_index),
    };
    return cmocka_run_group_tests_name("postgres: plans", cases, NULL, NULL);
}
