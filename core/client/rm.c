/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw rm`: deletes recordings. To delete what is gone already is no failure, so that cut
 * connections are simply tried again. */
#include "core/client/client.h"
#include "core/client/retry.h"
#include "core/client/say.h"

#include <jansson.h>

static const char help[] = "usage: mediagw rm [options] ID...\n\n"
                           "Deletes recordings. One that is deleted already is no failure.\n\n"
                           "  --json                {\"id\": …, \"ok\": true} a line\n";

static int rm_one(const struct client *client, const char *id)
{
    AUTO_ANSWER struct wire_answer answer = {0};
    AUTO_BUF struct buf url = {0};
    AUTO_BUF struct buf what = {0};
    struct retry retry;
    enum wire_result result;
    buf_printf(&what, "rm %s", id);
    buf_printf(&url, "%s/api/media/", client->settings.url);
    if (!buf_percent(&url, id, false) || what.failed) {
        return say(CLIENT_FAILED, "out of memory");
    }
    struct wire_request request = {.method = "DELETE", .url = url.data, .as_caller = true};
    retry_start(&retry, client->retries);
    do {
        result = wire_send(client->wire, &request, &answer);
    } while (retry_again(&retry, result, &answer, NULL));
    if (result != WIRE_ANSWERED) {
        return say_cut(what.data, wire_error(client->wire));
    }
    if (answer.status != 200) {
        return say_refused(what.data, &answer);
    }
    if (client->options.json) {
        json_t *line = json_pack("{s:s, s:b}", "id", id, "ok", 1);
        AUTO_FREE char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        json_decref(line);
        printf("%s\n", text ? text : "");
        return say_flush(CLIENT_DONE);
    }
    return CLIENT_DONE;
}

static int run(struct client *client)
{
    int exit = CLIENT_DONE;
    for (int i = 0; i < client->options.count; i++) {
        int one = client->options.words[i][0] ? rm_one(client, client->options.words[i])
                                              : say(CLIENT_FAILED, "rm: an empty ID");
        exit = one == CLIENT_DONE ? exit : one;
    }
    return exit;
}

const struct client_command client_rm = {
    .name = "rm", .help = help, .least = 1, .most = -1, .run = run};
