/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw put`: each file as a raw body. A file is read twice, so that its digest goes before it;
 * one Idempotency-Key over all its attempts makes a lost answer harmless. What can be read only
 * once is sent once, and the answer's checksum compared with what was sent. */
#include "core/base/id.h"
#include "core/base/progress.h"
#include "core/base/text.h"
#include "core/client/body.h"
#include "core/client/client.h"
#include "core/client/input.h"
#include "core/client/json_text.h"
#include "core/client/retry.h"
#include "core/client/say.h"

#include <jansson.h>
#include <string.h>

static const char help[] =
    "usage: mediagw put [options] FILE...\n\n"
    "Uploads each FILE (-: standard input) and prints the new recording's ID, one a line.\n"
    "A file's SHA-256 is sent before it and compared with the answer's; where the connection\n"
    "breaks it is sent again, and never stored twice. Standard input can be sent only once.\n\n"
    "  --mime-type T         its type; default: what the gateway sees in it\n"
    "  --duration-ms N       how long it plays\n"
    "  --session-id S        the session that it belongs to\n"
    "  --take-index N        which take of it\n"
    "  --owner-email E\n"
    "  --kind K              video, audio, image or file; default: by its type\n"
    "  --metadata JSON       an object, kept as it is\n"
    "  --idempotency-key K   1 to 128 visible characters, for one FILE; default: a random one.\n"
    "                        Repeated with the same content within 24 h it answers the first ID\n"
    "  --json                the gateway's whole answer instead, one line a FILE\n";

/* The recording is there: prints it. SHA256 is what was sent. */
static int put_done(const struct client *client, const char *what, const struct wire_answer *answer,
                    const uint8_t sha256[32])
{
    json_t *json =
        json_loadb(answer->body.data ? answer->body.data : "", answer->body.length, 0, NULL);
    json_t *row = json_object_get(json, "row");
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *checksum = json_string_value(json_object_get(row, "checksum"));
    uint8_t stored[32];
    int exit = CLIENT_DONE;
    if (!id) {
        exit = say_refused(what, answer);
    } else if (sum_of_checksum(checksum, stored) && memcmp(stored, sha256, sizeof stored) != 0) {
        exit = say(CLIENT_FAILED,
                   "%s: the gateway has stored other bytes than were sent (%s): "
                   "`mediagw rm %s`, and send it again",
                   what, checksum, id);
    } else if (client->options.json) {
        AUTO_BUF struct buf line = {0};
        json_text_line(&line, answer->body.data, answer->body.length);
        printf("%s\n", line.failed ? "" : line.data);
    } else {
        AUTO_BUF struct buf clean = {0};
        text_clean(&clean, id);
        printf("%s\n", clean.failed ? "" : clean.data);
    }
    json_decref(json);
    return exit == CLIENT_DONE ? say_flush(exit) : exit;
}

/* It did not go well, and is not tried again. */
static int put_failed(const struct client *client, const struct input *input, const char *what,
                      enum wire_result result, const struct wire_answer *answer, const char *key)
{
    const char *why = wire_error(client->wire);
    if (result == WIRE_ANSWERED) {
        return say_refused(what, answer);
    }
    if (input->error) {
        return say(CLIENT_FAILED, "%s: %s", what, input->error);
    }
    if (result != WIRE_CUT) {
        return say_cut(what, why);
    }
    return say(CLIENT_FAILED,
               "%s: %s; whether it was stored is not known: repeat it with --idempotency-key %s",
               what, why, key);
}

static int put_send(const struct client *client, struct input *input, const char *what,
                    struct wire_request *request, const char *key, uint8_t sha256[32])
{
    AUTO_ANSWER struct wire_answer answer = {0};
    struct retry retry;
    enum wire_result result;
    retry_start(&retry, client->retries);
    bool again;
    do {
        result = wire_send(client->wire, request, &answer);
        bool created = result == WIRE_ANSWERED && answer.status == 201;
        again = !created && request->source->rewind(request->source->ctx) &&
                retry_again(&retry, result, &answer, request->progress);
    } while (again);
    bool created = result == WIRE_ANSWERED && answer.status == 201;
    progress_end(request->progress, created);
    if (!created) {
        return put_failed(client, input, what, result, &answer, key);
    }
    if (input->sum) {
        sum_end(input->sum, sha256);
    }
    return put_done(client, what, &answer, sha256);
}

static int put_file(const struct client *client, const char *path)
{
    AUTO_INPUT struct input input = {.fd = -1};
    AUTO_BUF struct buf what = {0};
    AUTO_BUF struct buf url = {0};
    AUTO_BODY struct body body = {0};
    struct progress progress = {0};
    uint8_t sha256[32];
    char digest[SUM_FIELD_SIZE], uuid[ID_UUID_SIZE];
    if (!input_open(&input, path) || (input.regular && !input_digest(&input, sha256))) {
        return CLIENT_FAILED;
    }
    id_uuid(uuid);
    const char *key = client->options.idempotency_key ? client->options.idempotency_key : uuid;
    if (input.regular) {
        sum_field(sha256, digest);
    }
    buf_printf(&what, "put %s", input.name);
    buf_printf(&url, "%s/api/media/recordings", client->settings.url);
    struct wire_source content = input_source(&input);
    if (what.failed || url.failed ||
        !body_make(&body, &client->options, &content, input.regular ? digest : NULL) ||
        !wire_header(&body.headers, "Idempotency-Key", key)) {
        return say(CLIENT_FAILED, "put %s: out of memory", input.name);
    }
    struct wire_request request = {.method = "POST",
                                   .url = url.data,
                                   .as_caller = true,
                                   .headers = body.headers,
                                   .source = &body.source,
                                   .progress = &progress};
    progress_start(&progress, client->shows_progress, input.name, input.length);
    input.progress = &progress;
    return put_send(client, &input, what.data, &request, key, sha256);
}

static bool metadata_is_object(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    bool object = json_is_object(json);
    if (!json) {
        say(CLIENT_WRONG, "--metadata: %s (column %d)", error.text, error.column);
    } else if (!object) {
        say(CLIENT_WRONG, "--metadata: expected a JSON object, such as {\"title\": \"…\"}");
    }
    json_decref(json);
    return object;
}

/* What needs no gateway to be seen as wrong. */
static bool put_check(const struct options *options)
{
    long long number;
    int standard = 0;
    for (int i = 0; i < options->count; i++) {
        standard += strcmp(options->words[i], "-") == 0;
    }
    const char *key = options->idempotency_key;
    if (standard > 1) {
        say(CLIENT_WRONG, "put: standard input can be read only once");
        return false;
    }
    if (key && options->count > 1) {
        say(CLIENT_WRONG, "--idempotency-key: expected one FILE, it names one recording");
        return false;
    }
    bool visible = !key || (key[0] && strlen(key) <= 128);
    for (const char *c = key; visible && c && *c; c++) {
        visible = *c > 0x20 && *c < 0x7f;
    }
    if (!visible) {
        say(CLIENT_WRONG, "--idempotency-key: expected 1 to 128 visible ASCII characters");
        return false;
    }
    return options_number("duration-ms", options->duration_ms, 0, (1LL << 53) - 1, 0, &number) &&
           options_number("take-index", options->take_index, 0, INT32_MAX, 0, &number) &&
           (!options->metadata || metadata_is_object(options->metadata));
}

static int run(struct client *client)
{
    int exit = CLIENT_DONE;
    if (!put_check(&client->options)) {
        return CLIENT_WRONG;
    }
    for (int i = 0; i < client->options.count; i++) {
        int one = put_file(client, client->options.words[i]);
        exit = one == CLIENT_DONE ? exit : one;
    }
    return exit;
}

const struct client_command client_put = {
    .name = "put", .help = help, .least = 1, .most = -1, .run = run};
