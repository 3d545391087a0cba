/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's view of one storage instance: every call into a storage driver goes through here. It
 * clears the error slot, takes the locks that the thread model asks for, refuses what the driver
 * lacks (or does the header's fallback), and distrusts what comes back: statuses, sizes, strings,
 * descriptors. Any thread. */
#ifndef PLUGIN_STORE_H
#define PLUGIN_STORE_H

#include <mediagw/storage.h>

struct store;

/* Wraps INSTANCE of DRIVER (name for logs: NAME). Required callbacks are checked, describe() is
 * called once. On success the instance's end is store_free's where OWNED. */
enum mgw_status store_new(struct mgw_call *call, const char *name,
                          const struct mgw_storage *storage, enum mgw_thread_model threads,
                          bool owned, struct store **store);
void store_free(struct store *store);
const char *store_name(const struct store *store);
/* Valid as long as the store; `size` is this header's. */
const struct mgw_storage_limits *store_limits(const struct store *store);
/* Whether stat, open and descriptor may be called where nothing may block: the instance says so,
 * and was not seen to wait in the last minute. */
bool store_is_quick(const struct store *store);
/* A table and instance of the host's own that lead back to these functions: what a filter gets as
 * its lower layer. */
struct mgw_storage store_as_storage(struct store *store);

/* One function a callback, with the contract of storage.h; handles are the store's own. */
struct store_writer;
struct store_reader;
enum mgw_status store_put_begin(struct store *store, struct mgw_call *call,
                                const struct mgw_blob *blob, const struct mgw_put *put,
                                struct store_writer **writer);
enum mgw_status store_put_write(struct store_writer *writer, struct mgw_call *call,
                                const void *bytes, size_t length);
enum mgw_status store_put_prepare(struct store_writer *writer, struct mgw_call *call);
enum mgw_status store_put_commit(struct store_writer *writer, struct mgw_call *call,
                                 struct mgw_stat *stat);
void store_put_abort(struct store_writer *writer, struct mgw_call *call);

enum mgw_status store_open(struct store *store, struct mgw_call *call, const struct mgw_blob *blob,
                           const char *if_etag, struct store_reader **reader,
                           struct mgw_stat *stat);
enum mgw_status store_read(struct store_reader *reader, struct mgw_call *call, uint64_t offset,
                           void *buffer, size_t length, size_t *got);
/* Nothing where the driver takes no advice. */
void store_advise(struct store_reader *reader, struct mgw_call *call, uint64_t offset,
                  uint64_t length);
enum mgw_status store_descriptor(struct store_reader *reader, struct mgw_call *call,
                                 struct mgw_local_file *file);
void store_close(struct store_reader *reader);

enum mgw_status store_stat(struct store *store, struct mgw_call *call, const struct mgw_blob *blob,
                           struct mgw_stat *stat);
enum mgw_status store_remove(struct store *store, struct mgw_call *call,
                             const struct mgw_blob *blob);
enum mgw_status store_list(struct store *store, struct mgw_call *call, const char *bucket,
                           const char *prefix, const char *cursor, uint32_t limit,
                           mgw_list_emit *emit, void *ctx);
enum mgw_status store_copy(struct store *store, struct mgw_call *call, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat);
enum mgw_status store_presign(struct store *store, struct mgw_call *call,
                              const struct mgw_blob *blob, const struct mgw_presign *presign,
                              struct mgw_presigned *presigned);

enum mgw_status store_plan(struct store *store, struct mgw_call *call, const struct mgw_put *put,
                           struct mgw_upload_plan *plan);
enum mgw_status store_upload_create(struct store *store, struct mgw_call *call,
                                    const struct mgw_blob *blob, const struct mgw_put *put,
                                    struct mgw_opaque *state);
enum mgw_status store_upload_part(struct store *store, struct mgw_call *call,
                                  const struct mgw_opaque *state, const struct mgw_part *part,
                                  const struct mgw_source *source, uint64_t fence,
                                  struct mgw_opaque *receipt);
enum mgw_status store_upload_complete(struct store *store, struct mgw_call *call,
                                      const struct mgw_opaque *state, const struct mgw_part *parts,
                                      size_t count, size_t stride, uint64_t fence,
                                      struct mgw_stat *stat);
enum mgw_status store_upload_abort(struct store *store, struct mgw_call *call,
                                   const struct mgw_opaque *state, uint64_t fence);

enum mgw_status store_sweep(struct store *store, struct mgw_call *call, int64_t older_than_ms,
                            struct mgw_sweep_result *result);
enum mgw_status store_health(struct store *store, struct mgw_call *call);
enum mgw_status store_free_bytes(struct store *store, struct mgw_call *call, uint64_t *bytes);

#endif
