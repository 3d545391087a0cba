/* SPDX-License-Identifier: Apache-2.0
 *
 * List cursors: one is read back by its own query alone, and only letter for letter. Lines:
 * account, kind ("": any), session ("": any), the row's id and its time, changes to the cursor
 * (fuzz_alter). The whole input is tried as a cursor too. */
#include "core/media/cursor.h"

#include "core/media/row.h"
#include "tests/fuzz/fuzz.h"

static struct mgw_media *media(void)
{
    static struct mgw_media made;
    const struct mgw_url_key key = {sizeof key, "k1", "0123456789abcdef0123456789abcdef", 32, true};
    struct mgw_error error = {.size = sizeof error};
    if (!made.keys) {
        PROMISE(sign_keys_new(&key, 1, &made.keys, &error) == MGW_OK);
    }
    return &made;
}

static bool reads(const char *cursor, const struct mgw_row_query *query, int64_t time,
                  const char *id)
{
    AUTO_CALL struct mgw_call *call = mgw_call_new("acme", "fuzz", 0);
    struct mgw_row_query filled = *query;
    bool good = cursor_read(media(), call, cursor, &filled);
    PROMISE(!good || (filled.after_created_at == time && strcmp(filled.after_id, id) == 0));
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    AUTO_FREE char *account = fuzz_line(&rest), *kind = fuzz_line(&rest);
    AUTO_FREE char *session = fuzz_line(&rest), *id = fuzz_line(&rest), *time = fuzz_line(&rest);
    struct mgw_row_query query = {.size = sizeof query,
                                  .account_id = account,
                                  .status = MGW_ROW_READY,
                                  .kind = *kind ? kind : NULL,
                                  .session_id = *session ? session : NULL,
                                  .limit = 50,
                                  .after_created_at = MGW_ABSENT};
    struct mgw_row row = row_empty();
    row.id = id;
    row.created_at = strtoll(time, NULL, 10);
    AUTO_FREE char *cursor = cursor_make(media(), &query, &row);
    PROMISE(cursor != NULL);
    PROMISE(reads(cursor, &query, row.created_at, id) || strlen(id) > 64);

    struct mgw_row_query other = query;
    other.status = MGW_ROW_DELETED;
    PROMISE(!reads(cursor, &other, 0, ""));
    other = query;
    other.kind = query.kind ? NULL : "";
    PROMISE(!reads(cursor, &other, 0, ""));
    other = query;
    other.account_id = "somebody else's";
    PROMISE(strcmp(account, other.account_id) == 0 || !reads(cursor, &other, 0, ""));

    AUTO_FREE char *altered = fuzz_alter(cursor, &rest);
    PROMISE(strcmp(altered, cursor) == 0 || !reads(altered, &query, 0, ""));
    AUTO_FREE char *whole = fuzz_text(data, size);
    PROMISE(!reads(whole, &query, 0, ""));
    return 0;
}
