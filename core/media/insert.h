/* SPDX-License-Identifier: Apache-2.0
 *
 * The row of a new recording: written beside the bytes (insert_start, insert_wait), or with the
 * record of its Idempotency-Key in one change (insert_idempotent), or, of a direct upload, with its
 * own (insert_direct). One thread a recording. */
#ifndef MEDIA_INSERT_H
#define MEDIA_INSERT_H

#include "core/media/internal.h"
#include "core/media/keeper.h"

/* The strings of `row` are the recording's own and live as long. */
struct insert {
    struct pool_job job;
    struct mgw_media *media;
    struct mgw_row row; /* as it is inserted: a copy, since the caller goes on with its own */
    const char *idempotency_key; /* NULL: none */
    /* Of a direct upload: what is written with the row, whose lease of lease_ms nobody renews. */
    const struct mgw_record *direct;
    int64_t lease_ms;
    int64_t record_version; /* of the key's record, once it is ours */
    struct mgw_call *call;  /* its own: it runs beside the caller's */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool started, done;
    enum mgw_status status;
    int64_t created_at;
    struct lease *lease;
};

void insert_init(struct insert *insert, struct mgw_media *media, const struct mgw_row *row,
                 const char *idempotency_key);
/* Ends the lease too. Nothing is under way. */
void insert_release(struct insert *insert);

/* REQUEST_ID: whose logs it shows in. */
void insert_start(struct insert *insert, const char *request_id);
/* The insert's outcome, its text copied to CALL. MGW_OK where it had been started, else
 * MGW_INVALID. */
enum mgw_status insert_wait(struct insert *insert, struct mgw_call *call);

/* Without waiting: MGW_OK as long as nothing speaks against going on with the bytes; else the
 * insert's failure, or MGW_STALE where the lease was lost. */
enum mgw_status insert_check(struct insert *insert, struct mgw_call *call);

/* Writes row and record now. MGW_BUSY: the key's first request still runs. MGW_EXISTS: it is
 * finished, or it and this are direct uploads; *FIRST is its row (to be freed) and nothing was
 * written. */
enum mgw_status insert_idempotent(struct insert *insert, struct mgw_call *call,
                                  struct mgw_row **first);

/* Writes row and `direct` now; with an idempotency key as insert_idempotent. */
enum mgw_status insert_direct(struct insert *insert, struct mgw_call *call, struct mgw_row **first);

/* The row becomes `failed`; its Idempotency-Key is free again. Nothing of its bytes is left. */
void insert_fail(struct insert *insert);

#endif
