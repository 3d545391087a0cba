/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h. */
#include "tests/media/bench.h"

#include "core/base/text.h"

#include <stdio.h>

static void no_log(enum mgw_log_level level, const char *line)
{
    (void)level;
    (void)line;
}

void bench_restart(struct bench *bench)
{
    mgw_media_free(bench->media);
    bench->media = NULL;
    struct mgw_error error = {.size = sizeof error};
    if (mgw_media_new(&bench->options, &bench->media, &error) != MGW_OK) {
        fail_msg("%s", error.text);
    }
}

int bench_setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    bench->store = memstore_new();
    bench->repo = memrepo_new();
    bench->storage = memstore_storage(bench->store);
    bench->rows = memrepo_repo(bench->repo);
    bench->options = (struct mgw_media_options){
        .size = sizeof bench->options,
        .storage = &bench->storage,
        .repo = &bench->rows,
        .lease_ms = BENCH_LEASE_MS,
        .reap_interval_ms = MGW_ABSENT,
        .log = no_log,
    };
    bench->call = mgw_call_new("acme", "test", 0);
    bench_restart(bench);
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *bench = *state;
    mgw_media_free(bench->media);
    assert_int_equal(memstore_writers(bench->store), 0);
    assert_int_equal(memstore_readers(bench->store), 0);
    mgw_call_free(bench->call);
    memstore_free(bench->store);
    memrepo_free(bench->repo);
    free(bench);
    return 0;
}

struct mgw_create_options bench_options(void)
{
    return (struct mgw_create_options){.size = sizeof(struct mgw_create_options),
                                       .length = UINT64_MAX};
}

struct mgw_recording bench_recording(void)
{
    return (struct mgw_recording){.size = sizeof(struct mgw_recording),
                                  .mime_type = "video/webm",
                                  .duration_ms = MGW_ABSENT,
                                  .take_index = MGW_ABSENT};
}

enum mgw_status bench_create(struct bench *bench, struct mgw_call *call,
                             const char *idempotency_key, const char *bytes,
                             struct mgw_grant **grant)
{
    struct mgw_create_options options = bench_options();
    options.idempotency_key = idempotency_key;
    struct mgw_create *create = NULL;
    enum mgw_status status = mgw_create_begin(bench->media, call, &options, &create);
    if (status != MGW_OK) {
        return status;
    }
    status = mgw_create_write(create, call, bytes, strlen(bytes));
    if (status != MGW_OK) {
        mgw_create_abort(create, call);
        return status;
    }
    struct mgw_recording recording = bench_recording();
    return mgw_create_finish(create, call, &recording, grant);
}

struct mgw_grant *bench_must_create(struct bench *bench, const char *bytes)
{
    struct mgw_grant *grant = NULL;
    if (bench_create(bench, bench->call, NULL, bytes, &grant) != MGW_OK) {
        fail_msg("create: %s", mgw_call_error(bench->call)->text);
    }
    return grant;
}

struct seen {
    uint32_t status;
    char *id;
};

static bool see(void *ctx, const struct mgw_row *row)
{
    struct seen *seen = ctx;
    seen->status = row->status;
    free(seen->id);
    seen->id = strdup(row->id);
    return true;
}

uint32_t bench_status(struct bench *bench, const char *id)
{
    struct seen seen = {0};
    bench->rows.driver->get(bench->call, bench->rows.instance, id, see, &seen);
    free(seen.id);
    return seen.status;
}

char *bench_only_id(struct bench *bench, uint32_t status)
{
    struct seen seen = {0};
    struct mgw_row_query query = {.size = sizeof query,
                                  .account_id = "acme",
                                  .status = status,
                                  .limit = 10,
                                  .after_created_at = MGW_ABSENT};
    assert_int_equal(
        bench->rows.driver->list(bench->call, bench->rows.instance, &query, see, &seen), MGW_OK);
    assert_int_equal(memrepo_row_count(bench->repo, status), 1);
    assert_non_null(seen.id);
    return seen.id;
}

uint64_t bench_reap_later(struct bench *bench)
{
    static int64_t offset;
    offset += 60000;
    memrepo_set_clock_offset(bench->repo, offset);
    struct mgw_call *call = mgw_call_new(NULL, NULL, 0);
    uint64_t work = 0;
    assert_int_equal(mgw_media_reap(bench->media, call, &work), MGW_OK);
    mgw_call_free(call);
    return work;
}

struct mgw_content_request bench_parse_url(const char *url)
{
    struct mgw_content_request request = {.size = sizeof request};
    assert_int_equal(strncmp(url, "/media/", 7), 0);
    char *text = strdup(url + 7);
    request.bucket = text;
    char *rest = text;
    strsep(&rest, "/");
    char *key = strsep(&rest, "?");
    request.key = key;
    assert_true(text_unpercent(key));
    for (char *pair; (pair = strsep(&rest, "&"));) {
        char *value = pair;
        const char *name = strsep(&value, "=");
        assert_non_null(value);
        assert_true(text_unpercent(value));
        const char **field = strcmp(name, "expires") == 0       ? &request.expires
                             : strcmp(name, "kid") == 0         ? &request.kid
                             : strcmp(name, "disposition") == 0 ? &request.disposition
                             : strcmp(name, "filename") == 0    ? &request.file_name
                             : strcmp(name, "sig") == 0         ? &request.sig
                                                                : NULL;
        assert_non_null(field);
        *field = value;
    }
    return request;
}
