/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of store.h share among themselves, and what the stack of filters needs of a store
 * beyond its door. */
#ifndef PLUGIN_STORE_INSIDE_H
#define PLUGIN_STORE_INSIDE_H

#include "core/base/cleanup.h"
#include "core/plugin/call.h"
#include "core/plugin/guard.h"
#include "core/plugin/store.h"

struct store {
    struct guard guard;
    struct mgw_storage_driver driver; /* host-sized; zero where the plugin's table ends earlier */
    void *instance;
    bool owned;
    bool filter; /* NULL means "not available": no fallbacks */
    struct mgw_storage_limits limits;
    char *store_id;
    char *layers;         /* names, outermost first */
    struct layers *below; /* NULL: none */
};

/* The instances that a filter stands on, and their faces, which the filter keeps pointers to. */
struct layers {
    size_t count;
    struct {
        struct store *store;
        struct mgw_storage face;
    } at[];
};
void layers_free(struct layers *layers);

struct store_writer {
    struct store *store;
    void *inner; /* NULL once the driver has ended it */
    uint64_t written;
};
struct store_reader {
    struct store *store;
    void *inner;
    uint64_t bytes;
};

/* The name of a required callback that the table lacks, or NULL. */
const char *store_lacks(const struct mgw_storage_driver *table, bool filter);
/* Puts STORE upon LAYERS, whose end is then its own. A stack can do what every layer grants, so
 * that only the first layer's capabilities are kept, and cannot do what any layer says it cannot;
 * the first layer's store id shows through. MGW_STORAGE_LOCAL_FD alone may be STORE's own: the
 * layer below gives it no descriptor without that capability, so it is a file of its own. */
enum mgw_status store_stack(struct store *store, struct mgw_call *call, struct layers *layers);

/* MGW_INVALID where the caller's own arguments break the header's rules. */
enum mgw_status store_check_blob(struct store *store, struct mgw_call *call,
                                 const struct mgw_blob *given, struct mgw_blob *blob);
enum mgw_status store_check_put(struct store *store, struct mgw_call *call,
                                const struct mgw_put *given, struct mgw_put *put);
/* MGW_CORRUPT where what the driver answered breaks them; else hands it to TO (may be NULL). */
enum mgw_status store_give_stat(struct store *store, struct mgw_call *call,
                                const struct mgw_stat *answered, struct mgw_stat *to);

enum mgw_status store_unsupported(struct store *store, struct mgw_call *call, const char *what);

#endif
