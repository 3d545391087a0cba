/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: made once, shown once, checked by hash. */
#include "tests/media/bench.h"

struct seen {
    char id[65], account[130];
    uint32_t scopes;
    int64_t revoked_at;
    size_t count;
};

static bool see(void *ctx, const struct mgw_api_key *key)
{
    struct seen *seen = ctx;
    snprintf(seen->id, sizeof seen->id, "%s", key->id);
    snprintf(seen->account, sizeof seen->account, "%s", key->account);
    seen->scopes = key->scopes;
    seen->revoked_at = key->revoked_at;
    seen->count++;
    return true;
}

static char *make(struct bench *bench, const char *account, int64_t expires_at)
{
    char *token = NULL;
    assert_int_equal(mgw_key_create(bench->media, bench->call, account,
                                    MGW_SCOPE_READ | MGW_SCOPE_WRITE, expires_at, &token),
                     MGW_OK);
    assert_non_null(token);
    return token;
}

static void a_key_says_who_calls(void **state)
{
    struct bench *bench = *state;
    char *token = make(bench, "acme", MGW_ABSENT);
    struct seen seen = {0};
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_OK);
    assert_string_equal(seen.account, "acme");
    assert_int_equal(seen.scopes, MGW_SCOPE_READ | MGW_SCOPE_WRITE);
    assert_int_equal(seen.count, 1);
    free(token);
}

static void an_altered_key_opens_nothing(void **state)
{
    struct bench *bench = *state;
    char *token = make(bench, "acme", MGW_ABSENT);
    struct seen seen = {0};
    for (size_t i = 0; token[i]; i++) {
        char right = token[i];
        token[i] = right == '0' ? '1' : '0';
        assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_DENIED);
        token[i] = right;
    }
    token[strlen(token) - 1] = '\0';
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_DENIED);
    assert_int_equal(mgw_key_check(bench->media, bench->call, "", see, &seen), MGW_DENIED);
    assert_int_equal(seen.count, 0);
    free(token);
}

static void a_revoked_key_opens_nothing(void **state)
{
    struct bench *bench = *state;
    char *token = make(bench, "acme", MGW_ABSENT);
    struct seen seen = {0};
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_OK);
    assert_int_equal(mgw_key_revoke(bench->media, bench->call, seen.id), MGW_OK);
    assert_int_equal(mgw_key_revoke(bench->media, bench->call, seen.id), MGW_OK);
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_DENIED);
    assert_int_equal(mgw_key_revoke(bench->media, bench->call, "nothing"), MGW_NOT_FOUND);
    seen = (struct seen){0};
    assert_int_equal(mgw_key_list(bench->media, bench->call, NULL, see, &seen), MGW_OK);
    assert_int_equal(seen.count, 1);
    assert_true(seen.revoked_at != MGW_ABSENT);
    free(token);
}

static void a_key_that_was_just_checked_costs_no_look_up(void **state)
{
    struct bench *bench = *state;
    char *token = make(bench, "acme", MGW_ABSENT);
    struct seen seen = {0};
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_OK);
    uint64_t before = memrepo_calls(bench->repo, MEMREPO_GET_RECORD);
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_OK);
    assert_string_equal(seen.account, "acme");
    assert_int_equal(memrepo_calls(bench->repo, MEMREPO_GET_RECORD), before);
    token[strlen(token) - 1] ^= 1; /* another secret under the same id is another key */
    assert_int_equal(mgw_key_check(bench->media, bench->call, token, see, &seen), MGW_DENIED);
    free(token);
}

static void a_key_ends_with_its_expiry(void **state)
{
    struct bench *bench = *state;
    int64_t now;
    assert_int_equal(bench->rows.driver->now(bench->call, bench->rows.instance, &now), MGW_OK);
    char *token = make(bench, "acme", now + 300);
    struct seen seen = {0};
    enum mgw_status status;
    do {
        status = mgw_key_check(bench->media, bench->call, token, see, &seen);
    } while (status == MGW_OK);
    assert_int_equal(status, MGW_DENIED);
    char *none = NULL;
    assert_int_equal(
        mgw_key_create(bench->media, bench->call, "acme", MGW_SCOPE_READ, now - 1, &none),
        MGW_INVALID);
    free(token);
}

static void lists_go_by_account(void **state)
{
    struct bench *bench = *state;
    free(make(bench, "acme", MGW_ABSENT));
    free(make(bench, "rival", MGW_ABSENT));
    struct seen seen = {0};
    assert_int_equal(mgw_key_list(bench->media, bench->call, "rival", see, &seen), MGW_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.account, "rival");
    assert_int_equal(mgw_key_list(bench->media, bench->call, NULL, see, &seen), MGW_OK);
    assert_int_equal(seen.count, 3);
}

static void bad_accounts_and_scopes_are_invalid(void **state)
{
    struct bench *bench = *state;
    char *token = NULL;
    assert_int_equal(
        mgw_key_create(bench->media, bench->call, "a b", MGW_SCOPE_READ, MGW_ABSENT, &token),
        MGW_INVALID);
    assert_int_equal(mgw_key_create(bench->media, bench->call, "a", 0, MGW_ABSENT, &token),
                     MGW_INVALID);
    assert_int_equal(mgw_key_create(bench->media, bench->call, "a", 8, MGW_ABSENT, &token),
                     MGW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_key_says_who_calls),
        BENCH_TEST(an_altered_key_opens_nothing),
        BENCH_TEST(a_revoked_key_opens_nothing),
        BENCH_TEST(a_key_ends_with_its_expiry),
        BENCH_TEST(a_key_that_was_just_checked_costs_no_look_up),
        BENCH_TEST(lists_go_by_account),
        BENCH_TEST(bad_accounts_and_scopes_are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
