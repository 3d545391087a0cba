/* SPDX-License-Identifier: Apache-2.0
 *
 * What is recorded where no gateway is: the media service as a library, and a storage driver by its
 * table alone. `subject CONFIG` reads commands from its standard input, a line each, and answers
 * each by one write to its standard output:
 *
 *   create SEED LENGTH          created ID
 *   delete ID                   deleted
 *   key ACCOUNT                 key TOKEN
 *   revoke ID                   revoked
 *   begin                       begun
 *   part NUMBER OFFSET LENGTH   part
 *   complete FENCE              complete
 *
 * or "failed STATUS TEXT". */
#include "core/plugin/call.h"
#include "core/plugin/registry.h"

#include <mediagw/media.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTS_MOST = 16 };

static struct mgw_media *media;
static struct store *store;
static struct mgw_call *call;

static char state_bytes[MGW_UPLOAD_STATE_MAX];
static struct mgw_opaque state = {sizeof state, state_bytes, 0, sizeof state_bytes};
static char receipts[PARTS_MOST][MGW_UPLOAD_RECEIPT_MAX];
static struct mgw_part parts[PARTS_MOST];
static size_t part_count;

MGW_PRINTF(1, 2)
static void say(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (write(STDOUT_FILENO, line, (size_t)length) != length) {
        exit(3);
    }
}

static void answer(enum mgw_status status, const char *format, const char *text)
{
    if (status == MGW_OK) {
        say(format, text); /* NOLINT(clang-diagnostic-format-nonliteral) */
    } else {
        say("failed %s %s\n", mgw_status_name(status), mgw_call_error(call)->text);
    }
}

/* The bytes AT… of an endless body. */
static void fill(uint64_t seed, uint64_t at, void *bytes, size_t length)
{
    unsigned char *to = bytes;
    for (size_t i = 0; i < length; i++) {
        uint64_t x =
            (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ ((at + i) * UINT64_C(0xbf58476d1ce4e5b9));
        to[i] = (unsigned char)(x >> 31);
    }
}

static void do_create(uint64_t seed, size_t length)
{
    struct mgw_create_options options = {
        .size = sizeof options, .length = length, .mime_type = "video/webm"};
    struct mgw_recording recording = {.size = sizeof recording,
                                      .mime_type = "video/webm",
                                      .duration_ms = MGW_ABSENT,
                                      .take_index = MGW_ABSENT};
    struct mgw_create *create = NULL;
    struct mgw_grant *grant = NULL;
    AUTO_FREE char *bytes = malloc(length + 1);
    fill(seed, 0, bytes, length);
    enum mgw_status status = mgw_create_begin(media, call, &options, &create);
    if (status == MGW_OK) {
        status = mgw_create_write(create, call, bytes, length);
        if (status != MGW_OK) {
            mgw_create_abort(create, call);
        }
    }
    if (status == MGW_OK) {
        status = mgw_create_finish(create, call, &recording, &grant);
    }
    answer(status, "created %s\n", grant ? grant->row->id : "");
    mgw_grant_free(grant);
}

static void do_key(const char *account)
{
    char *token = NULL;
    enum mgw_status status =
        mgw_key_create(media, call, account, MGW_SCOPE_READ, MGW_ABSENT, &token);
    answer(status, "key %s\n", token);
    free(token);
}

/* ---- The storage driver ---- */

static enum mgw_status read_source(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    fill(7, *(const uint64_t *)ctx + offset, buffer, length);
    return MGW_OK;
}

static void do_begin(void)
{
    struct mgw_blob blob = {sizeof blob, "media-recordings", "an/upload"};
    struct mgw_put put = {.size = sizeof put, .content_type = "video/webm"};
    answer(store_upload_create(store, call, &blob, &put, &state), "begun\n", NULL);
}

static void do_part(uint32_t number, uint64_t offset, uint64_t length)
{
    struct mgw_part *part = &parts[number - 1];
    struct mgw_source source = {sizeof source, length, &offset, read_source};
    struct mgw_opaque receipt = {sizeof receipt, receipts[number - 1], 0, sizeof receipts[0]};
    *part = (struct mgw_part){
        .size = sizeof *part, .number = number, .offset = offset, .length = length};
    enum mgw_status status = store_upload_part(store, call, &state, part, &source, 1, &receipt);
    part->receipt = receipts[number - 1];
    part->receipt_length = (uint32_t)receipt.length;
    part_count = number > part_count ? number : part_count;
    answer(status, "part\n", NULL);
}

static void do_complete(uint64_t fence)
{
    struct mgw_stat stat = {.size = sizeof stat};
    answer(store_upload_complete(store, call, &state, parts, part_count, sizeof parts[0], fence,
                                 &stat),
           "complete\n", NULL);
}

static void run(const char *line)
{
    char word[128] = "";
    uint64_t a = 0, b = 0, c = 0;
    if (sscanf(line, "create %" SCNu64 " %" SCNu64, &a, &b) == 2) {
        do_create(a, b);
    } else if (sscanf(line, "delete %127s", word) == 1) {
        answer(mgw_media_delete(media, call, word), "deleted\n", NULL);
    } else if (sscanf(line, "key %127s", word) == 1) {
        do_key(word);
    } else if (sscanf(line, "revoke %127s", word) == 1) {
        answer(mgw_key_revoke(media, call, word), "revoked\n", NULL);
    } else if (strncmp(line, "begin", 5) == 0) {
        do_begin();
    } else if (sscanf(line, "part %" SCNu64 " %" SCNu64 " %" SCNu64, &a, &b, &c) == 3 && a >= 1 &&
               a <= PARTS_MOST) {
        do_part((uint32_t)a, b, c);
    } else if (sscanf(line, "complete %" SCNu64, &a) == 1) {
        do_complete(a);
    } else {
        say("failed: unknown command\n");
    }
}

int main(int argc, char **argv)
{
    char line[256];
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    struct registry *registry = NULL;
    if (argc != 2 ||
        mgw_media_new_from_config(argv[1], NULL, MGW_MEDIA_INIT, &media, &error) != MGW_OK ||
        config_load(argv[1], &config, &error) != MGW_OK ||
        registry_new(config, &registry, &error) != MGW_OK ||
        registry_open_storage(registry, config, 0, &store, &error) != MGW_OK) {
        fprintf(stderr, "subject: %s\n", error.text);
        return 1;
    }
    call = mgw_call_new("acct-a", "subject", 0);
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        run(line);
    }
    mgw_call_free(call);
    store_free(store);
    registry_free(registry);
    config_free(config);
    mgw_media_free(media);
    return 0;
}
