/* SPDX-License-Identifier: Apache-2.0
 *
 * See move.h: that source and target are two, and that each store is its repository's. */
#include "core/base/cleanup.h"
#include "core/base/id.h"
#include "core/media/move_inside.h"
#include "core/plugin/call.h"

#include <string.h>

#define PROBE_RECORD "copy" /* in the target, for a moment */

static enum mgw_status refuse(struct mgw_error *error, const char *text)
{
    snprintf(error->text, sizeof error->text, "%s", text);
    return MGW_INVALID;
}

enum mgw_status move_check_configs(const struct move_options *options, struct mgw_error *error)
{
    if (json_equal(options->from->storage, options->to->storage)) {
        return refuse(error, "both configs name the same storage: a copy needs another one");
    }
    if (json_equal(options->from->repository, options->to->repository)) {
        return refuse(error, "both configs name the same repository: a copy needs another one");
    }
    return MGW_OK;
}

static bool see(void *ctx, const struct mgw_record *record)
{
    (void)record;
    *(bool *)ctx = true;
    return false;
}

/* Two configs may name one database in two ways: what is written through the one is seen through
 * the other. */
static enum mgw_status probe(struct move *move, struct mgw_call *call)
{
    char id[ID_UUID_SIZE];
    bool seen = false;
    id_uuid(id);
    struct mgw_record record = {
        .size = sizeof record, .kind = PROBE_RECORD, .account = "", .id = id, .text = "{}"};
    struct mgw_change change = {.size = sizeof change,
                                .type = MGW_CHANGE_PUT_RECORD,
                                .record = &record,
                                .expect_version = MGW_VERSION_ANY,
                                .expire_ms = 60000};
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status =
        move_side(call, "target", rows_apply(move->to.rows, call, &change, &result, 1));
    if (status != MGW_OK) {
        return status;
    }
    status = rows_get_record(move->from.rows, call, PROBE_RECORD, "", id, see, &seen);
    status = move_side(call, "source", status == MGW_NOT_FOUND ? MGW_OK : status);
    struct mgw_error kept = *call->error;
    change.type = MGW_CHANGE_DELETE_RECORD;
    rows_apply(move->to.rows, call, &change, &result, 1); /* it would expire by itself */
    *call->error = kept;
    if (seen) {
        return mgw_fail(call, MGW_INVALID,
                        "both configs name the same repository: a copy needs another one");
    }
    return status;
}

/* A filter that makes another store of one (encrypt) adds "+NAME" to its id: the same bytes lie
 * below for all that. */
static bool same_store(const char *one, const char *other)
{
    size_t length = strcspn(one, "+");
    return length > 0 && length == strcspn(other, "+") && strncmp(one, other, length) == 0;
}

enum mgw_status move_check_houses(struct move *move, struct mgw_call *call)
{
    const char *from = store_limits(move->from.store)->store_id;
    const char *to = store_limits(move->to.store)->store_id;
    if (from && to && same_store(from, to)) {
        return mgw_fail(call, MGW_INVALID,
                        "both configs name the same store, %s: a copy needs another one", from);
    }
    if (store_limits(move->to.store)->capabilities & MGW_STORAGE_READ_ONLY) {
        return mgw_fail(call, MGW_INVALID, "the target's store is read-only: nothing goes there");
    }
    enum mgw_status status =
        move_side(call, "source", house_marry(move->from.store, move->from.rows, call, false));
    if (status == MGW_OK && !move->options->dry_run) {
        status = probe(move, call);
    }
    if (status == MGW_OK) {
        status =
            move_side(call, "target",
                      house_marry(move->to.store, move->to.rows, call, !move->options->dry_run));
    }
    return status;
}
