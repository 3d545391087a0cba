/* SPDX-License-Identifier: Apache-2.0
 *
 * One apply(): a copy of all that its caller gave, so that the caller may leave at any time while a
 * writer has it. Compiled into each driver that has a writer thread, with that driver's fault.h and
 * columns.h. */
#ifndef COMMON_REQUEST_H
#define COMMON_REQUEST_H

#include "fault.h"

#include <mediagw/repo.h>
#include <semaphore.h>
#include <stdatomic.h>

enum request_state {
    REQUEST_QUEUED,    /* the caller may take it back */
    REQUEST_RUNNING,   /* the writer's until it is done */
    REQUEST_ABANDONED, /* the caller has left: the writer frees it */
    REQUEST_DONE       /* the caller's, once it is woken */
};

struct request {
    struct request *next;
    enum request_state state; /* under the writers' lock */
    bool alone;               /* the writer could not make it with the others: the caller does */
    sem_t wake;
    atomic_bool answered; /* what follows is the answer */
    struct fault fault;   /* its status is the request's answer */
    size_t count;
    struct mgw_change *changes;
    struct mgw_change_result *results;
};

/* NULL when memory is short. */
struct request *request_new(const struct mgw_change *changes, size_t stride, size_t count);
/* Copies the results to the caller's, RESULT_STRIDE apart. */
void request_results(const struct request *request, struct mgw_change_result *results,
                     size_t stride);
void request_free(struct request *request);

/* The writer's last touch of a request that is done. */
void request_wake(struct request *request);
/* Whether it was woken before UNTIL_MS of the monotonic clock; at most once after each wake. */
bool request_wait(struct request *request, int64_t until_ms);

#endif
