/* SPDX-License-Identifier: Apache-2.0
 *
 * What a repository emits, judged one by one: whether it is a row or record at all, whether it is
 * one that was asked for, and whether it stands where the verb's order puts it, so that a walk gets
 * on with each page and a lie cannot turn it into a circle. Pure. */
#ifndef PLUGIN_ROWS_CHECK_H
#define PLUGIN_ROWS_CHECK_H

#include <mediagw/repo.h>

enum { ROWS_TEXT_MAX = 4096, ROWS_METADATA_MAX = 1 << 20, ROWS_RECORD_MAX = 16 << 20 };

enum rows_order {
    ROWS_ORDER_NONE,
    ROWS_ORDER_NEWEST, /* created_at, id descending */
    ROWS_ORDER_ID,     /* ascending */
    ROWS_ORDER_LEASE,  /* oldest first; lease_until is there */
    ROWS_ORDER_RECORD  /* account, id ascending */
};

/* Where the order has got to; `begun` unset: nowhere yet, and the rest need not be set. */
struct rows_last {
    bool begun;
    int64_t at; /* created_at or lease_until */
    char account[ROWS_TEXT_MAX + 1], id[ROWS_TEXT_MAX + 1];
};

/* What was asked for; NULL and 0: anything. */
struct rows_wanted {
    const char *id, *account, *bucket, *key, *kind, *session_id;
    uint32_t status; /* bits */
    enum rows_order order;
    struct rows_last *last; /* unless the order is ROWS_ORDER_NONE */
};

/* NULL, or the rule that is broken, to be read behind "emitted". LAST moves on. */
const char *rows_check_row(const struct mgw_row *row, const struct rows_wanted *wanted);
const char *rows_check_record(const struct mgw_record *record, const struct rows_wanted *wanted);
/* Whether it is one status. */
bool rows_check_status(uint32_t status);
/* NULL, or what is wrong with the result of a change that was made. */
const char *rows_check_result(const struct mgw_change *change,
                              const struct mgw_change_result *result);
/* LAST becomes the place behind these (NULL: none). */
void rows_last_set(struct rows_last *last, int64_t at, const char *account, const char *id);

#endif
