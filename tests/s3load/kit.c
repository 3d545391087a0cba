/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3load/kit.h"

#include "core/base/clock.h"
#include "core/media/house.h"
#include "core/plugin/call.h"
#include "core/plugin/store.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/objects.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

#define NOTES ".mediagw/uploads/"
enum { PATIENCE_MS = 60000, SWEEP_MS = 120000 };

struct kit *kit_new(const char *overlay)
{
    struct kit *kit = calloc(1, sizeof *kit);
    assert_non_null(kit);
    char *folder = scratch_new();
    kit->spool = realpath(folder, NULL);
    free(folder);
    json_t *config = json_pack("{s:{s:s, s:s}, s:{s:b}}", "storage", "part_size", "5MiB",
                               "spool_dir", kit->spool, "log", "access", 0);
    json_t *more = json_loads(overlay ? overlay : "{}", 0, NULL);
    assert_non_null(more);
    json_object_update_recursive(config, more);
    char *text = json_dumps(config, 0);
    kit->gateway = gateway_new(text);
    kit->storage = json_loads(kit->gateway->server->storage, 0, NULL);
    assert_non_null(json_object_get(kit->storage, "endpoint"));
    free(text);
    json_decref(more);
    json_decref(config);
    return kit;
}

int kit_free(struct kit *kit)
{
    if (!kit) {
        return 0;
    }
    int status = gateway_free(kit->gateway);
    scratch_remove(kit->spool);
    free(kit->spool);
    json_decref(kit->storage);
    free(kit);
    return status;
}

size_t kit_notes(const struct kit *kit)
{
    return objects_count(kit->storage, NOTES, NULL, NULL);
}

void kit_sweep(const struct kit *kit)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    struct house house = {0};
    enum mgw_status status = config_load(kit->gateway->server->config_path, &config, &error);
    status = status == MGW_OK ? house_open(config, 0, &house, &error) : status;
    if (status != MGW_OK) {
        fail_msg("the store does not open: %s", error.text);
    }
    struct mgw_call *call = call_new("", NULL, SWEEP_MS);
    struct mgw_sweep_result swept = {.size = sizeof swept};
    status = store_sweep(house.store, call, clock_wall_ms(), &swept);
    if (status != MGW_OK) {
        fail_msg("sweep: %s", call_text(call));
    }
    print_message("swept: %llu multipart uploads\n", (unsigned long long)swept.removed);
    call_free(call);
    house_close(&house);
    config_free(config);
}

struct walk {
    struct gateway *gateway;
    size_t count;
};

static void is_whole(void *ctx, const char *id, const char *key, const char *checksum)
{
    struct walk *walk = ctx;
    char got[SHA256_TEXT];
    json_t *row =
        api_expect(http_get(walk->gateway->client, keep_text("/api/media/%s", id), NULL), 200);
    struct http_answer *content = http_get_checksum(walk->gateway->nobody, api_url(row), got);
    if (content->status != 200 || strcmp(got, checksum) != 0) {
        fail_msg("%s (%s) is ready, but %ld %s %s", id, key, content->status,
                 content->error ? content->error : "", got);
    }
    walk->count++;
}

size_t kit_rows_are_whole(const struct kit *kit)
{
    struct walk walk = {kit->gateway, 0};
    rows_each(kit->gateway->rows, "ready", is_whole, &walk);
    return walk.count;
}

static size_t objects(const struct kit *kit)
{
    return objects_count(kit->storage, "", NULL, NULL) - kit_notes(kit);
}

static bool only_rows_are_there(void *ctx)
{
    const struct kit *kit = ctx;
    return objects(kit) == rows_count(kit->gateway->rows, NULL, "ready") + 1;
}

bool kit_has_no_orphans(const struct kit *kit)
{
    if (wait_for(only_rows_are_there, (void *)(uintptr_t)kit, PATIENCE_MS)) {
        return true;
    }
    print_error("%zu objects, %zu rows `ready`\n", objects(kit),
                rows_count(kit->gateway->rows, NULL, "ready"));
    return false;
}

const char *kit_url(const struct http_answer *created)
{
    return api_url(api_expect(created, 201));
}
