/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw node list`: who serves on a config's repository, and who has which lease. */
#include "core/base/clock.h"
#include "core/cli/cli.h"
#include "core/media/house.h"
#include "core/media/node.h"
#include "core/plugin/call.h"

#include <jansson.h>
#include <string.h>

static const char help[] =
    "usage: mediagw node list [--config FILE | --data DIR] [--json]\n\n"
    "Shows the gateways that run on the config's repository, one a line, then the leases of what\n"
    "only one of them does at a time: the reaper's rounds, the sweep of what crashed uploads "
    "left.\n"
    "A gateway that died goes from the list within 30 s, and so do its leases.\n\n"
    "  --json          one JSON object: {\"nodes\": […], \"leases\": […]}\n"
    "  --config FILE   the gateways' config; without it dev mode's data under --data DIR\n"
    "                  (default: $XDG_DATA_HOME/mediagw or ~/.local/share/mediagw)\n\n"
    "Exit codes: 0 done; 1 failed; 2 the command line or the config is wrong.\n";

enum { PAGE = 500, CALL_MS = 60000 };

struct listing {
    json_t *array;
    json_t *(*read)(const struct mgw_record *record, const json_t *text);
    uint32_t count;
};

static json_t *time_text(int64_t at)
{
    char text[CLOCK_ISO_SIZE];
    clock_iso(at, text);
    return json_string(text);
}

/* What a later release's record lacks is left out. */
static void copy_field(json_t *to, const char *name, const json_t *from)
{
    json_t *value = json_object_get(from, name);
    if (value) {
        json_object_set(to, name, value);
    }
}

static json_t *read_node(const struct mgw_record *record, const json_t *text)
{
    json_t *node = json_pack("{s:s}", "id", record->id);
    copy_field(node, "version", text);
    copy_field(node, "host", text);
    copy_field(node, "pid", text);
    copy_field(node, "listen", text);
    const json_t *started = json_object_get(text, "startedAt");
    if (json_is_integer(started)) {
        json_object_set_new(node, "since", time_text(json_integer_value(started)));
    }
    json_object_set_new(node, "lastSeen", time_text(record->expires_at - NODE_TTL_MS));
    return node;
}

static json_t *read_lease(const struct mgw_record *record, const json_t *text)
{
    json_t *lease = json_pack("{s:s}", "id", record->id);
    copy_field(lease, "owner", text);
    json_object_set_new(lease, "until", time_text(record->expires_at));
    json_object_set_new(lease, "version", json_integer((json_int_t)record->version));
    return lease;
}

static bool take_record(void *ctx, const struct mgw_record *record)
{
    struct listing *listing = ctx;
    json_t *text = json_loads(record->text, 0, NULL);
    if (text && record->expires_at != MGW_ABSENT) {
        json_array_append_new(listing->array, listing->read(record, text));
    }
    json_decref(text);
    listing->count++;
    return true;
}

static enum mgw_status list(struct rows *rows, struct mgw_call *call, const char *kind,
                            struct listing *listing)
{
    enum mgw_status status;
    size_t before;
    do {
        before = json_array_size(listing->array);
        json_t *last = json_array_get(listing->array, json_array_size(listing->array) - 1);
        const char *id = json_string_value(json_object_get(last, "id"));
        listing->count = 0;
        status =
            rows_list_records(rows, call, kind, "", id ? "" : NULL, id, PAGE, take_record, listing);
    } while (status == MGW_OK && listing->count == PAGE &&
             json_array_size(listing->array) > before);
    return status;
}

static void print_lines(const char *what, const json_t *array)
{
    size_t i;
    json_t *entry;
    json_array_foreach(array, i, entry)
    {
        const char *key;
        json_t *value;
        printf("%s ", what);
        size_t left = json_object_size(entry);
        json_object_foreach(entry, key, value)
        {
            const char *behind = --left > 0 ? " " : "\n";
            if (json_is_integer(value)) {
                printf("%s=%lld%s", key, (long long)json_integer_value(value), behind);
            } else {
                cli_pair(key, json_is_string(value) ? json_string_value(value) : "", behind);
            }
        }
    }
}

static int act(const struct cli_options *options, const struct config *config)
{
    struct mgw_error error = {.size = sizeof error};
    AUTO_HOUSE struct house house = {0};
    enum mgw_status status = house_open(config, MGW_CREATE_DRY_RUN, &house, &error);
    if (status != MGW_OK) {
        return cli_error(status, &error);
    }
    AUTO_CALL struct mgw_call *call = call_new("", NULL, CALL_MS);
    struct listing nodes = {json_array(), read_node, 0}, leases = {json_array(), read_lease, 0};
    status = call ? list(house.rows, call, NODE_RECORD, &nodes) : MGW_IO;
    if (status == MGW_OK) {
        status = list(house.rows, call, NODE_LEASE_RECORD, &leases);
    }
    if (status == MGW_OK && options->json) {
        json_t *both = json_pack("{s:O, s:O}", "nodes", nodes.array, "leases", leases.array);
        json_dumpf(both, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
        json_decref(both);
    } else if (status == MGW_OK) {
        print_lines("node", nodes.array);
        print_lines("lease", leases.array);
    }
    json_decref(nodes.array);
    json_decref(leases.array);
    return status == MGW_OK ? CLI_DONE : cli_error(status, call ? call->error : &error);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    static const char *const known[] = {"list", NULL};
    struct cli_options options = {0};
    struct config *config = NULL;
    int first;
    if (!cli_options(argc, argv, "cdJ", &options, &first)) {
        return cli_usage(command);
    }
    if (options.help) {
        fputs(command->help, stdout);
        return CLI_DONE;
    }
    const char *verb = first < argc ? argv[first] : "";
    if (strcmp(verb, "list") != 0) {
        return cli_unknown("subcommand", verb, known);
    }
    if (argc - first != 1) {
        cli_say(CLI_WRONG, "expected: mediagw node list");
        return cli_usage(command);
    }
    int exit = cli_load(&options, &config);
    if (exit == CLI_DONE) {
        exit = act(&options, config);
    }
    config_free(config);
    return exit;
}

const struct cli_command cli_node = {
    .name = "node", .summary = "Show running gateways and their leases", .help = help, .run = run};
