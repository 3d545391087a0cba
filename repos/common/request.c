/* SPDX-License-Identifier: Apache-2.0
 *
 * See request.h. All is one block: the request, changes, results, then rows and records with their
 * texts. */
#include "request.h"

#include "columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct mgw_change change_given(const struct mgw_change *given, size_t stride)
{
    struct mgw_change change = {
        .expect_fence = MGW_ABSENT, .lease_ms = MGW_ABSENT, .expire_ms = MGW_ABSENT};
    size_t known = given->size < stride ? given->size : stride;
    memcpy(&change, given, known < sizeof change ? known : sizeof change);
    change.size = sizeof change;
    return change;
}

static const struct mgw_change *change_at(const struct mgw_change *changes, size_t stride, size_t i)
{
    return (const void *)((const char *)changes + i * stride);
}

static size_t change_size(const struct mgw_change *change)
{
    size_t size = sizeof(struct mgw_change) + sizeof(struct mgw_change_result);
    if (change->row) {
        struct mgw_row row = columns_row_given(change->row);
        size += sizeof row + columns_texts_size(columns_of_row, COLUMNS_OF_ROW, &row);
    }
    if (change->record) {
        struct mgw_record record = columns_record_given(change->record);
        size += sizeof record + columns_texts_size(columns_of_record, COLUMNS_OF_RECORD, &record);
    }
    return size;
}

struct request *request_new(const struct mgw_change *changes, size_t stride, size_t count)
{
    size_t size = sizeof(struct request);
    for (size_t i = 0; i < count; i++) {
        struct mgw_change change = change_given(change_at(changes, stride, i), stride);
        size += change_size(&change);
    }
    struct request *request = calloc(1, size);
    if (!request) {
        return NULL;
    }
    sem_init(&request->wake, 0, 0);
    request->count = count;
    request->changes = (struct mgw_change *)(request + 1);
    request->results = (struct mgw_change_result *)(request->changes + count);
    /* Structs first, texts behind them: every struct stays aligned. */
    struct mgw_row *rows = (struct mgw_row *)(request->results + count), *row = rows;
    for (size_t i = 0; i < count; i++) {
        request->changes[i] = change_given(change_at(changes, stride, i), stride);
        if (request->changes[i].row) {
            *row = columns_row_given(request->changes[i].row);
            request->changes[i].row = row++;
        }
    }
    struct mgw_record *records = (struct mgw_record *)row, *record = records;
    for (size_t i = 0; i < count; i++) {
        if (request->changes[i].record) {
            *record = columns_record_given(request->changes[i].record);
            request->changes[i].record = record++;
        }
    }
    char *texts = (char *)record;
    for (struct mgw_row *at = rows; at < row; at++) {
        texts = columns_texts_copy(columns_of_row, COLUMNS_OF_ROW, at, texts);
    }
    for (struct mgw_record *at = records; at < record; at++) {
        texts = columns_texts_copy(columns_of_record, COLUMNS_OF_RECORD, at, texts);
    }
    return request;
}

void request_results(const struct request *request, struct mgw_change_result *results,
                     size_t stride)
{
    for (size_t i = 0; i < request->count; i++) {
        struct mgw_change_result result = request->results[i];
        void *to = (char *)results + i * stride;
        memcpy(&result.size, to, sizeof result.size); /* the host's own word */
        memcpy(to, &result, stride < sizeof result ? stride : sizeof result);
    }
}

void request_free(struct request *request)
{
    if (request) {
        sem_destroy(&request->wake);
        free(request);
    }
}

void request_wake(struct request *request)
{
    atomic_store_explicit(&request->answered, true, memory_order_release);
    sem_post(&request->wake);
}

bool request_wait(struct request *request, int64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int failed;
    do {
        failed = sem_clockwait(&request->wake, CLOCK_MONOTONIC, &until);
    } while (failed && errno == EINTR);
    return !failed && atomic_load_explicit(&request->answered, memory_order_acquire);
}
