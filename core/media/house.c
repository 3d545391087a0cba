/* SPDX-License-Identifier: Apache-2.0
 *
 * See house.h. */
#include "core/media/house.h"

#include "core/base/cleanup.h"
#include "core/plugin/call.h"

#include <string.h>

enum mgw_status house_open(const struct config *config, uint32_t flags, struct house *house,
                           struct mgw_error *error)
{
    *house = (struct house){0};
    enum mgw_status status = registry_new(config, &house->registry, error);
    if (status == MGW_OK) {
        status = registry_open_storage(house->registry, config, flags, &house->store, error);
    }
    if (status == MGW_OK) {
        status = registry_open_repository(house->registry, config, flags, &house->rows, error);
    }
    if (status != MGW_OK) {
        house_close(house);
    }
    return status;
}

void house_close(struct house *house)
{
    store_free(house->store);
    rows_free(house->rows);
    registry_free(house->registry);
    *house = (struct house){0};
}

/* ---- The store's id, remembered by the repository ---- */

#define STORE_RECORD "store"

static bool keep_text(void *ctx, const struct mgw_record *record)
{
    char **text = ctx;
    free(*text);
    *text = strdup(record->text);
    return false;
}

enum mgw_status house_known_store(struct rows *rows, struct mgw_call *call, char **id)
{
    *id = NULL;
    enum mgw_status status = rows_get_record(rows, call, STORE_RECORD, "", "id", keep_text, id);
    if (status == MGW_NOT_FOUND) {
        call_clear(call);
        return MGW_OK;
    }
    return status == MGW_OK && !*id ? mgw_fail(call, MGW_IO, "out of memory") : status;
}

static enum mgw_status learn_store(struct rows *rows, struct mgw_call *call, const char *store_id)
{
    struct mgw_record record = {.size = sizeof record,
                                .kind = STORE_RECORD,
                                .account = "",
                                .id = "id",
                                .text = store_id,
                                .expires_at = MGW_ABSENT};
    struct mgw_change change = {.size = sizeof change,
                                .type = MGW_CHANGE_PUT_RECORD,
                                .record = &record,
                                .expect_version = MGW_VERSION_NONE,
                                .expire_ms = MGW_ABSENT};
    struct mgw_change_result result = {.size = sizeof result};
    enum mgw_status status = rows_apply(rows, call, &change, &result, 1);
    return status == MGW_UNKNOWN_OUTCOME ? rows_apply(rows, call, &change, &result, 1) : status;
}

/* With another store every row would lack its blob. */
enum mgw_status house_marry(struct store *store, struct rows *rows, struct mgw_call *call,
                            bool learn)
{
    const char *store_id = store_limits(store)->store_id;
    if (!store_id || *store_id == '\0') {
        return MGW_OK;
    }
    AUTO_FREE char *known = NULL;
    enum mgw_status status = house_known_store(rows, call, &known);
    if (status == MGW_OK && !known && learn) {
        status = learn_store(rows, call, store_id);
        if (status == MGW_CONFLICT) { /* another node was first */
            status = house_known_store(rows, call, &known);
        }
    }
    if (status == MGW_OK && known && strcmp(known, store_id) != 0) {
        return mgw_fail(call, MGW_INVALID,
                        "the repository belongs to the store %s, but the configured storage is %s; "
                        "point them at each other, or start with an empty repository",
                        known, store_id);
    }
    return status;
}
