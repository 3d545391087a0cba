/* SPDX-License-Identifier: Apache-2.0
 *
 * See claim.h. The text tells whose the record is, the version guards the change: versions begin
 * anew once a record has run out, so a version alone would let a paused holder take the record of a
 * later one. */
#include "core/media/claim.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/text.h"
#include "core/plugin/call.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { TRIES = 4 };

/* ---- Processes ---- */

/* "<boot>/<pid namespace>": what a pid means something in. "" where /proc does not tell. */
static void this_world(char *out, size_t capacity)
{
    char space[64] = "";
    size_t length = 0;
    AUTO_FREE char *boot = text_read_file("/proc/sys/kernel/random/boot_id", 64, &length);
    ssize_t got = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    out[0] = '\0';
    if (boot && got > 0) {
        boot[strcspn(boot, "\n")] = '\0';
        snprintf(out, capacity, "%s/%s", boot, space);
    }
}

/* A process of this machine's running kernel, in our own pid namespace, that is not there. */
static bool holder_is_dead(const char *text)
{
    char world[160];
    json_t *json = json_loads(text, 0, NULL);
    const char *theirs = json_string_value(json_object_get(json, "world"));
    pid_t pid = (pid_t)json_integer_value(json_object_get(json, "pid"));
    this_world(world, sizeof world);
    bool ours = theirs && world[0] && strcmp(theirs, world) == 0 && pid > 0;
    json_decref(json);
    return ours && kill(pid, 0) < 0 && errno == ESRCH;
}

char *claim_text(const char *owner, json_t *more)
{
    char world[160], host[256] = "", nonce[ID_UUID_SIZE];
    id_uuid(nonce);
    this_world(world, sizeof world);
    gethostname(host, sizeof host - 1);
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:I}", "owner", owner, "host",
                  text_is_utf8(host, strlen(host)) ? host : "", "pid", (int)getpid(), "world",
                  world, "nonce", nonce, "startedAt", (json_int_t)clock_wall_ms());
    if (json && more) {
        json_object_update(json, more);
    }
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    json_decref(more);
    return text;
}

bool claim_init(struct claim *claim, struct rows *rows, const char *kind, const char *id,
                char *text, int64_t ttl_ms)
{
    *claim = (struct claim){
        .rows = rows, .kind = kind, .id = strdup(id), .text = text, .ttl_ms = ttl_ms};
    return claim->id && claim->text;
}

void claim_end(struct claim *claim)
{
    free(claim->id);
    free(claim->text);
    *claim = (struct claim){0};
}

/* ---- The record ---- */

struct seen {
    char *text; /* NULL: none */
    int64_t version;
};

static bool see(void *ctx, const struct mgw_record *record)
{
    struct seen *seen = ctx;
    seen->text = strdup(record->text);
    seen->version = record->version;
    return false;
}

static enum mgw_status look(struct claim *claim, struct mgw_call *call, struct seen *seen)
{
    *seen = (struct seen){.version = MGW_VERSION_NONE};
    enum mgw_status status =
        rows_get_record(claim->rows, call, claim->kind, "", claim->id, see, seen);
    if (status == MGW_NOT_FOUND) {
        call_clear(call);
        return MGW_OK;
    }
    return status == MGW_OK && !seen->text ? mgw_fail(call, MGW_IO, "out of memory") : status;
}

static enum mgw_status change(struct claim *claim, struct mgw_call *call, enum mgw_change_type type,
                              int64_t version)
{
    struct mgw_record record = {.size = sizeof record,
                                .kind = claim->kind,
                                .account = "",
                                .id = claim->id,
                                .text = claim->text,
                                .expires_at = MGW_ABSENT};
    struct mgw_change one = {.size = sizeof one,
                             .type = type,
                             .record = &record,
                             .expect_version = version,
                             .expire_ms = claim->ttl_ms};
    struct mgw_change_result result = {.size = sizeof result};
    return rows_apply(claim->rows, call, &one, &result, 1);
}

enum mgw_status claim_take(struct claim *claim, struct mgw_call *call, char **holder,
                           int64_t *version)
{
    enum mgw_status status = MGW_CONFLICT;
    for (int i = 0; i < TRIES && (status == MGW_CONFLICT || status == MGW_UNKNOWN_OUTCOME); i++) {
        int64_t asked = clock_mono_ms();
        struct seen seen;
        status = look(claim, call, &seen);
        AUTO_FREE char *text = seen.text;
        if (status != MGW_OK) {
            return status;
        }
        if (text && strcmp(text, claim->text) != 0 && !holder_is_dead(text)) {
            claim->held_until = 0;
            if (holder) {
                *holder = TAKE(text);
            }
            if (version) {
                *version = seen.version;
            }
            return mgw_fail(call, MGW_BUSY, "%s %s is another process's", claim->kind, claim->id);
        }
        status = change(claim, call, MGW_CHANGE_PUT_RECORD, seen.version);
        if (status == MGW_OK) {
            claim->held_until = asked + claim->ttl_ms;
        }
    }
    return status;
}

bool claim_is_held(const struct claim *claim)
{
    return claim->held_until > clock_mono_ms();
}

void claim_release(struct claim *claim, struct mgw_call *call)
{
    struct seen seen;
    claim->held_until = 0;
    enum mgw_status status = look(claim, call, &seen);
    AUTO_FREE char *text = seen.text;
    if (status == MGW_OK && text && strcmp(text, claim->text) == 0) {
        change(claim, call, MGW_CHANGE_DELETE_RECORD, seen.version);
    }
}
