/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/leftover.h"

#include "tests/support/check.h"
#include "tests/support/scratch.h"

#define PATIENCE_MS 20000

static size_t files;
static size_t ready;

void leftover_watch(struct gateway *gateway)
{
    api_upload(gateway->client, API_VIDEO, body_file("chromium-video-short.webm"));
    files = server_blobs(gateway->server);
    ready = rows_count(gateway->rows, NULL, "ready");
}

static bool files_are_as_before(void *ctx)
{
    const struct gateway *gateway = ctx;
    return server_blobs(gateway->server) == files;
}

static bool is_nothing(struct gateway *gateway)
{
    if (!rows_settle(gateway->rows, PATIENCE_MS)) {
        print_error("a row stays `uploading`\n");
        return false;
    }
    size_t now = rows_count(gateway->rows, NULL, "ready");
    if (now != ready) {
        print_error("%zu rows are `ready`, not %zu\n", now, ready);
        return false;
    }
    if (!wait_for(files_are_as_before, gateway, PATIENCE_MS)) {
        print_error("%zu files, not %zu\n", server_blobs(gateway->server), files);
        return false;
    }
    return true;
}

/* What one test leaves is not told again of the next ones. */
bool leftover_is_nothing(struct gateway *gateway)
{
    bool nothing = is_nothing(gateway);
    files = server_blobs(gateway->server);
    ready = rows_count(gateway->rows, NULL, "ready");
    return nothing;
}
