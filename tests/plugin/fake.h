/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage driver that answers what a test lays out in `fake`. Not thread-safe but for `inside`.
 */
#ifndef FAKE_H
#define FAKE_H

#include "tests/support/check.h"

#include "core/plugin/call.h"
#include "core/plugin/store.h"

#include <stdatomic.h>

struct fake {
    enum mgw_status status;
    const char *text; /* for the error slot; not NULL: copied as it is */
    struct mgw_stat stat;
    size_t got;
    int fd;
    uint64_t fd_offset;
    uint64_t capabilities;
    const struct mgw_list_entry *entries;
    size_t entry_count;
    bool endless;   /* and then others without an end */
    bool no_handle; /* no writer and no reader, all the same MGW_OK */
    int64_t ttl_sec;
    const char *store_id;
    struct mgw_sweep_result sweep;
    struct mgw_upload_plan plan;
    size_t opaque_length;
    struct mgw_presigned presigned;
    unsigned delay_us;
    atomic_int inside, most; /* threads in the driver now, and at most so far */
    atomic_int calls, aborts, closes, destroys;
};
extern struct fake fake;
extern const struct mgw_storage_driver fake_table;

int fake_setup(void **state); /* everything as a driver should answer */
/* A store over TABLE; fails the test where there is none. */
struct store *fake_store(const struct mgw_storage_driver *table, enum mgw_thread_model threads);

#endif
