/* SPDX-License-Identifier: Apache-2.0
 *
 * What exchange.c (libmicrohttpd's threads) and exchange_work.c (workers, or inline) share. */
#ifndef HTTP_EXCHANGE_INSIDE_H
#define HTTP_EXCHANGE_INSIDE_H

#include "core/http/exchange.h"

enum state {
    STATE_HEAD,     /* the first call is to come */
    STATE_OPENING,  /* a worker opens the sink before the body is asked for */
    STATE_BODY,     /* pieces of the body, then the last call */
    STATE_FEEDING,  /* a worker takes a piece */
    STATE_SETTLING, /* the request is complete: one more call, then a worker */
    STATE_RUNNING,  /* a worker makes the answer */
    STATE_DISCARD,  /* refused in mid-body: the rest is read, then the answer goes */
    STATE_LINGER,   /* refused in mid-body and answered: nothing else counts */
    STATE_ANSWERED
};

/* The work's deadline has long passed: answers X's client past libmicrohttpd. On the sweeper's
 * thread while the work has X, so that it looks only at what nobody changes meanwhile, and leaves
 * its result in `told`. */
bool exchange_overdue(void *x);

/* Lets the request in and gives it a call; false: refused, the answer is left. */
bool exchange_work_enter(struct exchange *x);
void exchange_work_leave(struct exchange *x);
/* What exchange_overdue may have done meanwhile is known from here on. */
void exchange_end_work(struct exchange *x);
/* A job of the pool: the step that the state names, then libmicrohttpd goes on. */
void exchange_work_run(struct pool_job *job);

#endif
