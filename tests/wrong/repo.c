/* SPDX-License-Identifier: Apache-2.0
 *
 * Repository drivers that are wrong on purpose: memrepo, but for one clause of repo.h, which
 * -DWRONG names. See storage.c. */
#include "tests/plugins/memrepo/memrepo.h"

#include <stdlib.h>
#include <string.h>

#define IDLE __attribute__((unused))
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

static const struct mgw_repo_driver *good;
static struct mgw_repo_driver table;

#define WRONG_DRIVER(name) IDLE static void name##_patch(void)

/* ---- apply ---- */

/* Applies the changes after ALTER has had its way with each. */
static enum mgw_status apply_altered(struct mgw_call *call, void *instance,
                                     const struct mgw_change *changes, size_t change_stride,
                                     struct mgw_change_result *results, size_t result_stride,
                                     size_t count, void (*alter)(struct mgw_change *change))
{
    struct mgw_change *altered = calloc(count + 1, sizeof *altered);
    for (size_t i = 0; altered && i < count; i++) {
        const struct mgw_change *from = (const void *)((const char *)changes + i * change_stride);
        size_t size = from->size < sizeof *altered ? from->size : sizeof *altered;
        memcpy(&altered[i], from, size);
        altered[i].size = size;
        alter(&altered[i]);
    }
    enum mgw_status status =
        good->apply(call, instance, altered, sizeof *altered, results, result_stride, count);
    free(altered);
    return status;
}
#define ALTERS(name, how)                                                                          \
    static void name##_alter(struct mgw_change *change)                                            \
    {                                                                                              \
        how;                                                                                       \
    }                                                                                              \
    IDLE static enum mgw_status name##_apply(                                                      \
        struct mgw_call *call, void *instance, const struct mgw_change *changes,                   \
        size_t change_stride, struct mgw_change_result *results, size_t result_stride,             \
        size_t count)                                                                              \
    {                                                                                              \
        return apply_altered(call, instance, changes, change_stride, results, result_stride,       \
                             count, name##_alter);                                                 \
    }                                                                                              \
    WRONG_DRIVER(name)                                                                             \
    {                                                                                              \
        table.apply = name##_apply;                                                                \
    }                                                                                              \
    _Static_assert(sizeof #name > 1, "")
ALTERS(compares_no_status, change->expect_status = 0);
ALTERS(compares_no_fence, change->expect_fence = MGW_ABSENT);
ALTERS(compares_no_version, change->expect_version = MGW_VERSION_ANY);
ALTERS(minds_no_running_lease, change->expect_lease_over = 0);

IDLE static enum mgw_status piecemeal_apply(struct mgw_call *call, void *instance,
                                            const struct mgw_change *changes, size_t change_stride,
                                            struct mgw_change_result *results, size_t result_stride,
                                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum mgw_status status = good->apply(
            call, instance, (const void *)((const char *)changes + i * change_stride),
            change_stride, (void *)((char *)results + i * result_stride), result_stride, 1);
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}
WRONG_DRIVER(applies_a_batch_piecemeal)
{
    table.apply = piecemeal_apply;
}

/* ---- reads ---- */

struct wrong_emit {
    mgw_row_emit *emit;
    void *ctx;
    bool deaf;
};
static bool emit_tidied(void *ctx, const struct mgw_row *row)
{
    struct wrong_emit *wrong = ctx;
    struct mgw_row copy = {0};
    memcpy(&copy, row, row->size < sizeof copy ? row->size : sizeof copy);
    char *tidy = copy.metadata ? strdup(copy.metadata) : NULL;
    for (char *from = tidy, *to = tidy; from && to; from++) {
        if (*from != ' ') {
            *to++ = *from;
        }
        if (!*from) {
            break;
        }
    }
    copy.metadata = tidy;
    bool more = wrong->emit(wrong->ctx, &copy);
    free(tidy);
    return more || wrong->deaf;
}
IDLE static enum mgw_status tidying_get(struct mgw_call *call, void *instance, const char *id,
                                        mgw_row_emit *emit, void *ctx)
{
    struct wrong_emit wrong = {.emit = emit, .ctx = ctx};
    return good->get(call, instance, id, emit_tidied, &wrong);
}
WRONG_DRIVER(rewrites_metadata)
{
    table.get = tidying_get;
}

IDLE static enum mgw_status deaf_list(struct mgw_call *call, void *instance,
                                      const struct mgw_row_query *query, mgw_row_emit *emit,
                                      void *ctx)
{
    struct wrong_emit wrong = {.emit = emit, .ctx = ctx, .deaf = true};
    return good->list(call, instance, query, emit_tidied, &wrong);
}
WRONG_DRIVER(lists_rows_on_when_told_to_stop)
{
    table.list = deaf_list;
}

IDLE static enum mgw_status unfiltered_list(struct mgw_call *call, void *instance,
                                            const struct mgw_row_query *query, mgw_row_emit *emit,
                                            void *ctx)
{
    struct mgw_row_query wider = *query;
    wider.kind = NULL;
    return good->list(call, instance, &wider, emit, ctx);
}
WRONG_DRIVER(lists_rows_of_any_kind)
{
    table.list = unfiltered_list;
}

/* ---- the module ---- */

__attribute__((constructor)) static void make_table(void)
{
    good = memrepo_driver();
    table = *good;
    PASTE(WRONG, _patch)();
}

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0], .key = "name", .type = MGW_CONFIG_STRING, .help = "As memrepo's."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "wrong",
    .version = "1",
    .description = "Wrong on purpose: " TEXT(WRONG) ".",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
