/* SPDX-License-Identifier: Apache-2.0
 *
 * `mediagw get`: the row, then the bytes by its signed URL, which needs no key and gets none. What
 * breaks off goes on where it was, by Range and If-Range, in this get or in a later one. Nothing is
 * called whole before its SHA-256 is the row's. */
#include "core/base/progress.h"
#include "core/client/client.h"
#include "core/client/json_text.h"
#include "core/client/part.h"
#include "core/client/place.h"
#include "core/client/retry.h"
#include "core/client/say.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>

static const char help[] =
    "usage: mediagw get [options] ID\n\n"
    "Fetches a recording's bytes and checks them against its SHA-256. On a terminal they go to a\n"
    "file named by ID and type, else to standard output. A file is written as FILE.part and\n"
    "renamed when it is whole; where a get breaks off, the next one goes on from there.\n\n"
    "  -o, --output FILE     the file, or a folder to put it in; -: standard output\n"
    "  --json                print {\"file\": …, \"row\": …}; needs a file\n";

struct get {
    const struct client *client;
    const char *id;
    char *what;            /* "get ID" */
    struct place place;    /* where the bytes go */
    char *url;             /* signed */
    struct buf row;        /* its JSON, as it came */
    char *type, *checksum; /* of the row; checksum may be NULL */
    uint64_t size;
    uint64_t at; /* bytes taken so far */
    bool whole;  /* all of them */
    struct sum *sum;
    struct buf error; /* why bytes were not taken */
    struct progress progress;
};

static void get_free(struct get *get)
{
    progress_end(&get->progress, false);
    place_close(&get->place);
    free(get->what);
    free(get->url);
    buf_free(&get->row);
    free(get->type);
    free(get->checksum);
    sum_free(get->sum);
    buf_free(&get->error);
}

static struct part_subject subject_of(const struct get *get)
{
    return (struct part_subject){.id = get->id, .checksum = get->checksum, .size = get->size};
}

/* ---- The row ---- */

static enum wire_result ask_row(struct get *get, struct wire_answer *answer)
{
    AUTO_BUF struct buf url = {0};
    buf_printf(&url, "%s/api/media/", get->client->settings.url);
    buf_percent(&url, get->id, false);
    struct wire_request request = {.method = "GET",
                                   .url = url.failed ? "" : url.data,
                                   .as_caller = true,
                                   .progress = &get->progress};
    return wire_send(get->client->wire, &request, answer);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The first row says what is fetched; a later one must not say otherwise. */
static bool keep_row(struct get *get, const json_t *row, const struct wire_answer *answer)
{
    const char *checksum = json_string_value(json_object_get(row, "checksum"));
    const char *type = json_string_value(json_object_get(row, "mimeType"));
    json_int_t size = json_integer_value(json_object_get(row, "sizeBytes"));
    if (get->type) {
        return same_text(checksum, get->checksum) && (uint64_t)size == get->size;
    }
    size_t length = 0;
    const char *text = json_text_member(answer->body.data, "row", &length);
    json_text_line(&get->row, text ? text : "", length);
    get->type = strdup(type ? type : "");
    get->checksum = checksum ? strdup(checksum) : NULL;
    get->size = (uint64_t)size;
    return get->type && (get->checksum || !checksum) && !get->row.failed;
}

/* False: it has said why. */
static bool take_row(struct get *get, const struct wire_answer *answer)
{
    json_t *json =
        json_loadb(answer->body.data ? answer->body.data : "", answer->body.length, 0, NULL);
    const json_t *row = json_object_get(json, "row");
    const char *url = json_string_value(json_object_get(json, "signedUrl"));
    bool good = url && json_is_integer(json_object_get(row, "sizeBytes")) &&
                json_integer_value(json_object_get(row, "sizeBytes")) >= 0;
    if (!good) {
        say_refused(get->what, answer);
    } else if (!keep_row(get, row, answer)) {
        good = false;
        say(CLIENT_FAILED, "%s: it was replaced while it was fetched: try again", get->what);
    } else {
        AUTO_BUF struct buf absolute = {0};
        buf_printf(&absolute, "%s%s", url[0] == '/' ? get->client->settings.url : "", url);
        free(get->url);
        get->url = buf_take(&absolute);
        good = get->url != NULL;
    }
    json_decref(json);
    return good;
}

/* ---- The bytes ---- */

static bool refuse(struct get *get, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(struct get *get, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_reset(&get->error);
    buf_vprintf(&get->error, format, args);
    va_end(args);
    return false;
}

static bool restart(struct get *get)
{
    if (get->at == 0) {
        return true;
    }
    if (!get->place.is_file) {
        return refuse(get, "the gateway sends it from the start again, and what is written to "
                           "standard output cannot be taken back");
    }
    sum_restart(get->sum);
    get->at = 0;
    return part_restart(&get->place.part) || refuse(get, "%s", strerror(errno));
}

/* A 206 must be what was asked for. */
static bool check_range(struct get *get, const struct wire_answer *answer)
{
    unsigned long long first = 0, last = 0, total = 0;
    const char *range = answer->content_range ? answer->content_range : "";
    int count = sscanf(range, "bytes %llu-%llu/%llu", &first, &last, &total);
    bool good = count == 3 && first == get->at && last + 1 == get->size && total == get->size;
    return good || refuse(get, "the gateway sent another part than was asked for (%s)", range);
}

static bool on_begin(void *ctx, const struct wire_answer *answer)
{
    struct get *get = ctx;
    uint8_t named[32], row[32];
    bool good = answer->status == 206 ? check_range(get, answer) : restart(get);
    if (!good) {
        return false;
    }
    if (sum_of_field(answer->repr_digest, named) && sum_of_checksum(get->checksum, row) &&
        memcmp(named, row, sizeof row) != 0) {
        return refuse(get, "its Repr-Digest is not the checksum of its row");
    }
    struct part_subject subject = subject_of(get);
    if (get->place.is_file && answer->etag && get->checksum &&
        !part_note(&get->place.part, answer->etag, &subject)) {
        return refuse(get, "%s: %s", get->place.part.note, strerror(errno));
    }
    return place_etag(&get->place, answer->etag) || refuse(get, "out of memory");
}

static bool on_take(void *ctx, const char *bytes, size_t length)
{
    struct get *get = ctx;
    if (length > get->size - get->at) {
        return refuse(get, "more bytes came than it has (%llu)", (unsigned long long)get->size);
    }
    if (!place_write(&get->place, bytes, length)) {
        return refuse(get, "%s: %s", get->place.name, strerror(errno));
    }
    sum_add(get->sum, bytes, length);
    get->at += length;
    progress_at(&get->progress, get->at);
    return true;
}

static enum wire_result ask_bytes(struct get *get, struct wire_answer *answer)
{
    AUTO_HEADERS struct curl_slist *headers = NULL;
    struct wire_sink sink = {.begin = on_begin, .take = on_take, .ctx = get};
    struct wire_request request = {
        .method = "GET", .url = get->url, .sink = &sink, .progress = &get->progress};
    if (get->at > 0 && !get->place.etag && !restart(get)) {
        return WIRE_GIVEN_UP; /* without an ETag nothing says that the rest fits */
    }
    if (get->at > 0) {
        AUTO_BUF struct buf range = {0};
        buf_printf(&range, "bytes=%llu-", (unsigned long long)get->at);
        if (range.failed || !wire_header(&headers, "Range", range.data) ||
            !wire_header(&headers, "If-Range", get->place.etag)) {
            refuse(get, "out of memory");
            return WIRE_GIVEN_UP;
        }
        request.headers = headers;
    }
    enum wire_result result = wire_send(get->client->wire, &request, answer);
    bool content = result == WIRE_ANSWERED && (answer->status == 200 || answer->status == 206);
    get->whole = content && get->at == get->size;
    return content && !get->whole ? WIRE_CUT : result;
}

/* ---- All together ---- */

/* Where the bytes go, once it is known what they are; goes on with what is there. */
static bool open_place(struct get *get)
{
    struct part_subject subject = subject_of(get);
    const char *output = get->client->options.output;
    if (get->sum) {
        return true;
    }
    get->sum = sum_new();
    if (!get->sum || !place_open(&get->place, output, get->type, &subject)) {
        return false;
    }
    if (get->place.is_file && get->place.part.length > 0) {
        if (!part_digest(&get->place.part, get->sum)) {
            say(CLIENT_FAILED, "%s: %s: %s", get->what, get->place.part.path, strerror(errno));
            return false;
        }
        get->at = get->place.part.length;
    }
    progress_start(&get->progress, get->client->shows_progress, get->place.name, get->size);
    progress_at(&get->progress, get->at);
    return true;
}

static bool is_right(struct get *get)
{
    uint8_t got[32], expected[32];
    sum_end(get->sum, got);
    return !sum_of_checksum(get->checksum, expected) || memcmp(got, expected, sizeof got) == 0;
}

static int finish(struct get *get)
{
    progress_end(&get->progress, true);
    if (get->place.is_file && !part_finish(&get->place.part)) {
        return say(CLIENT_FAILED, "%s: %s: %s", get->what, get->place.name, strerror(errno));
    }
    if (get->client->options.json) {
        json_t *name = json_string(get->place.name);
        AUTO_FREE char *text = name ? json_dumps(name, JSON_ENCODE_ANY) : NULL;
        json_decref(name);
        printf("{\"file\": %s, \"row\": %s}\n", text ? text : "null", get->row.data);
    } else if (get->place.named_by_id) {
        printf("%s\n", get->place.name);
    }
    return say_flush(CLIENT_DONE);
}

/* The digest is wrong. What an earlier get left may be to blame: then once more from the start. */
static bool once_more(struct get *get)
{
    bool again = get->place.is_file && get->place.part.inherited;
    get->whole = false;
    if (again) {
        return restart(get);
    }
    if (get->place.is_file) {
        part_remove(&get->place.part);
    }
    return refuse(get, "its bytes do not have the checksum of its row (%s): try again",
                  get->checksum);
}

static int give_up(struct get *get, enum wire_result result, const struct wire_answer *answer)
{
    progress_end(&get->progress, false);
    if (get->error.length > 0) {
        return say(CLIENT_FAILED, "%s: %s", get->what, get->error.data);
    }
    if (result == WIRE_ANSWERED) {
        return say_refused(get->what, answer);
    }
    if (get->place.is_file && get->at > 0) {
        return say(CLIENT_FAILED, "%s: %s: the same get goes on where this one ended", get->what,
                   wire_error(get->client->wire));
    }
    return say_cut(get->what, wire_error(get->client->wire));
}

static int get_all(struct get *get)
{
    struct retry retry;
    bool expired = false;
    retry_start(&retry, get->client->retries);
    for (;;) {
        AUTO_ANSWER struct wire_answer answer = {0};
        enum wire_result result = ask_row(get, &answer);
        uint64_t before = get->at;
        if (result == WIRE_ANSWERED && answer.status == 200) {
            if (!take_row(get, &answer) || !open_place(get)) {
                return CLIENT_FAILED;
            }
            before = get->at;
            get->whole = get->at == get->size && get->at > 0;
            result = get->whole ? result : ask_bytes(get, &answer);
            if (get->whole && is_right(get)) {
                return finish(get);
            }
            if (get->whole && once_more(get)) {
                continue;
            }
        }
        if (get->at > before) {
            retry_progress(&retry);
        }
        /* A URL may end while its bytes come. */
        bool renew = result == WIRE_ANSWERED && answer.status == 403 && get->at > 0 && !expired;
        expired = renew || expired;
        if (get->error.length > 0 ||
            (!renew && !retry_again(&retry, result, &answer, &get->progress))) {
            return give_up(get, result, &answer);
        }
    }
}

static int run(struct client *client)
{
    const struct options *options = &client->options;
    struct get get = {.client = client, .id = options->words[0], .place = PLACE_NONE};
    AUTO_BUF struct buf what = {0};
    if (!get.id[0]) {
        return say(CLIENT_WRONG, "get: expected an ID, as `mediagw ls` shows it");
    }
    if (options->json && place_is_stdout(options->output)) {
        return say(CLIENT_WRONG, "get --json: expected --output FILE: the bytes would go to "
                                 "standard output too");
    }
    buf_printf(&what, "get %s", get.id);
    get.what = buf_take(&what);
    int exit = get.what ? get_all(&get) : say(CLIENT_FAILED, "out of memory");
    get_free(&get);
    return exit;
}

const struct client_command client_get = {
    .name = "get", .help = help, .least = 1, .most = 1, .run = run};
