/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw ls`: every page of a list, row by row as it comes: a table on a terminal, fields parted
 * by tabs elsewhere, or the rows' own JSON. */
#include "core/base/progress.h"
#include "core/base/text.h"
#include "core/client/client.h"
#include "core/client/json_text.h"
#include "core/client/retry.h"
#include "core/client/say.h"

#include <jansson.h>
#include <string.h>

static const char help[] =
    "usage: mediagw ls [options]\n\n"
    "Lists recordings, newest first: ID, time, size, duration, kind, status, session, type; a\n"
    "table on a terminal, else fields parted by tabs.\n\n"
    "  --status S            ready (default), uploading, failed or deleted\n"
    "  --kind K              of this kind only\n"
    "  --session-id S        of this session only\n"
    "  --limit N             at most so many; default all\n"
    "  --json                each recording's row as JSON, one a line\n";

enum { PAGE = 200 };

struct listing {
    const struct client *client;
    bool table, headed;
    uint64_t left;
};

static const char *text_of(const json_t *row, const char *field, const char *absent)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text && text[0] ? text : absent;
}

static void put_duration(struct buf *out, const json_t *row)
{
    const json_t *value = json_object_get(row, "durationMs");
    long long seconds = (json_integer_value(value) + 500) / 1000;
    if (json_integer_value(value) <= 0) {
        buf_text(out, "-"); /* not said: the gateway has 0 then */
    } else if (seconds >= 3600) {
        buf_printf(out, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    } else {
        buf_printf(out, "%lld:%02lld", seconds / 60, seconds % 60);
    }
}

/* For eyes: cut to what fits. */
static void put_table_row(const json_t *row)
{
    AUTO_BUF struct buf duration = {0};
    AUTO_BUF struct buf line = {0};
    AUTO_BUF struct buf clean = {0};
    char size[PROGRESS_SIZE] = "-";
    const json_t *bytes = json_object_get(row, "sizeBytes");
    if (json_is_integer(bytes) && json_integer_value(bytes) >= 0) {
        progress_bytes((uint64_t)json_integer_value(bytes), size);
    }
    put_duration(&duration, row);
    buf_printf(&line, "%-36s  %.10s %.8s  %10s  %8s  %-6s  %-9s  %-20s  %s",
               text_of(row, "id", "-"), text_of(row, "createdAt", "-"),
               strlen(text_of(row, "createdAt", "")) > 11 ? text_of(row, "createdAt", "") + 11 : "",
               size, duration.data ? duration.data : "", text_of(row, "kind", "-"),
               text_of(row, "status", "-"), text_of(row, "sessionId", "-"),
               text_of(row, "mimeType", "-"));
    text_clean(&clean, line.data ? line.data : "");
    printf("%s\n", clean.data ? clean.data : "");
}

/* For scripts: whole values; numbers and times as the gateway has them. */
static void put_tab_row(const json_t *row)
{
    static const char *const fields[] = {"id",   "createdAt", "sizeBytes", "durationMs",
                                         "kind", "status",    "sessionId", "mimeType"};
    AUTO_BUF struct buf line = {0};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = json_object_get(row, fields[i]);
        buf_text(&line, i > 0 ? "\t" : "");
        if (json_is_integer(value)) {
            buf_printf(&line, "%lld", (long long)json_integer_value(value));
        } else {
            text_clean(&line, text_of(row, fields[i], ""));
        }
    }
    printf("%s\n", line.failed ? "" : line.data);
}

static void put_row(struct listing *listing, const json_t *row, const char *text, size_t length)
{
    if (listing->client->options.json) {
        AUTO_BUF struct buf line = {0};
        json_text_line(&line, text, length);
        printf("%s\n", line.failed ? "" : line.data);
    } else if (listing->table) {
        if (!listing->headed) {
            printf("%-36s  %-19s  %10s  %8s  %-6s  %-9s  %-20s  %s\n", "ID", "CREATED (UTC)",
                   "SIZE", "DURATION", "KIND", "STATUS", "SESSION", "TYPE");
            listing->headed = true;
        }
        put_table_row(row);
    } else {
        put_tab_row(row);
    }
}

static bool page_url(const struct listing *listing, const char *cursor, struct buf *url)
{
    const struct options *options = &listing->client->options;
    const struct {
        const char *name, *value;
    } asked[] = {{"status", options->status},
                 {"kind", options->kind},
                 {"sessionId", options->session_id},
                 {"cursor", cursor}};
    uint64_t limit = listing->left < PAGE ? listing->left : PAGE;
    buf_printf(url, "%s/api/media?limit=%u", listing->client->settings.url, (unsigned)limit);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (asked[i].value) {
            buf_printf(url, "&%s=", asked[i].name);
            buf_percent(url, asked[i].value, false);
        }
    }
    return !url->failed;
}

/* Prints a page's rows; *CURSOR becomes the next page's, NULL at the end. */
static int take_page(struct listing *listing, const struct wire_answer *answer, char **cursor)
{
    json_t *page =
        json_loadb(answer->body.data ? answer->body.data : "", answer->body.length, 0, NULL);
    json_t *items = json_object_get(page, "items");
    if (!json_is_array(items)) {
        json_decref(page);
        return say_refused("ls", answer);
    }
    size_t length = 0;
    const char *at = json_text_member(answer->body.data, "items", &length);
    for (size_t i = 0; i < json_array_size(items) && listing->left > 0; i++) {
        const char *text = at ? json_text_next(&at, &length) : NULL;
        put_row(listing, json_array_get(items, i), text ? text : "", text ? length : 0);
        listing->left--;
    }
    const char *next = json_string_value(json_object_get(page, "nextCursor"));
    bool more = next && listing->left > 0 && json_array_size(items) > 0;
    free(*cursor);
    *cursor = more ? strdup(next) : NULL;
    json_decref(page);
    return say_flush(CLIENT_DONE);
}

static int run(struct client *client)
{
    long long limit;
    AUTO_FREE char *cursor = NULL;
    struct listing listing = {.client = client, .table = isatty(STDOUT_FILENO) == 1};
    if (!options_number("limit", client->options.limit, 1, INT64_C(1) << 53, INT64_C(1) << 53,
                        &limit)) {
        return CLIENT_WRONG;
    }
    listing.left = (uint64_t)limit;
    int exit = CLIENT_DONE;
    do {
        AUTO_ANSWER struct wire_answer answer = {0};
        AUTO_BUF struct buf url = {0};
        struct retry retry;
        enum wire_result result;
        if (!page_url(&listing, cursor, &url)) {
            return say(CLIENT_FAILED, "out of memory");
        }
        struct wire_request request = {.method = "GET", .url = url.data, .as_caller = true};
        retry_start(&retry, client->retries);
        do {
            result = wire_send(client->wire, &request, &answer);
        } while (retry_again(&retry, result, &answer, NULL));
        if (result != WIRE_ANSWERED) {
            return say_cut("ls", wire_error(client->wire));
        }
        exit = answer.status == 200 ? take_page(&listing, &answer, &cursor)
                                    : say_refused("ls", &answer);
    } while (exit == CLIENT_DONE && cursor);
    return exit;
}

const struct client_command client_ls = {
    .name = "ls", .help = help, .least = 0, .most = 0, .run = run};
