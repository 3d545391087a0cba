/* SPDX-License-Identifier: Apache-2.0
 *
 * See rig.h. */
#include "tests/durability/rig.h"

int rig_failures;

static struct rig *tape_only(void)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->tape = play_new(".");
    play_record_children(true);
    return rig;
}

struct rig *rig_new(const char *overlay)
{
    struct rig *rig = tape_only();
    rig->gateway = gateway_new(overlay);
    return rig;
}

struct rig *rig_new_hiding(uint32_t ops, uint32_t kinds, const char *pattern)
{
    struct rig *rig = tape_only();
    play_rule(rig->tape, 0, RULE_HIDE, ops, kinds, pattern);
    rig->gateway = gateway_new(NULL);
    return rig;
}

int rig_free(struct rig *rig)
{
    if (!rig) {
        return 0;
    }
    play_disarm(rig->tape);
    int status = gateway_free(rig->gateway);
    play_free(rig->tape);
    free(rig);
    rig_failures += status != 0;
    return status;
}

static void release(void *play)
{
    play_release(play);
    free(play);
}

static struct rig_request finish(struct rig *rig, uint64_t mark, struct http_answer *answer)
{
    struct play *kept = calloc(1, sizeof *kept);
    assert_non_null(kept);
    *kept = answer->status
                ? play_answered(rig->tape, mark, keep_text("HTTP/1.1 %ld ", answer->status))
                : play_since(rig->tape, mark);
    keep_with(kept, release);
    return (struct rig_request){answer, *kept};
}

struct rig_request rig_create(struct rig *rig, enum rig_body how, struct body body)
{
    struct http_client *client = rig->gateway->client;
    struct form *form = form_new();
    form_field(form, "durationMs", "1000");
    form_blob(form, "video/webm", body);
    form_end(form);
    static int keys;
    const char *headers = "Content-Type: " FORM_TYPE;
    if (how == RIG_IDEMPOTENT) {
        headers = keep_text("%s\nIdempotency-Key: key-%d", headers, ++keys);
    }
    uint64_t mark = play_mark(rig->tape);
    struct http_answer *answer = how == RIG_RAW ? api_post_raw(client, "", "video/webm", body, NULL)
                                                : http_send(client, "POST", API_RECORDINGS, headers,
                                                            form->bytes, form->length);
    return finish(rig, mark, answer);
}

struct rig_request rig_delete(struct rig *rig, const char *id)
{
    uint64_t mark = play_mark(rig->tape);
    struct http_answer *answer =
        http_send(rig->gateway->client, "DELETE", keep_text("/api/media/%s", id), NULL, NULL, 0);
    return finish(rig, mark, answer);
}

const char *rig_in_store(const struct rig *rig, const char *pattern)
{
    return keep_text("%s%s", rig->gateway->server->blobs, pattern);
}

const char *rig_in_database(const struct rig *rig, const char *pattern)
{
    return keep_text("%s%s", rig->gateway->server->database, pattern);
}
