/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that send parts while a writer gathers the next one. At most `concurrency` parts of all
 * writers are under way: only those hold a lane and its buffers. A job has a call of its own, which
 * its writer may cancel from another thread. */
#ifndef S3_SENDER_H
#define S3_SENDER_H

#include <mediagw/plugin.h>
#include <stdatomic.h>

struct senders;

/* A call that belongs to the driver itself. */
struct own_call {
    struct mgw_call call; /* first */
    struct mgw_error error;
    void *memory;
    _Atomic bool cancelled;
};
/* TIMEOUT_MS 0: no deadline. */
void own_call_init(struct own_call *own, const struct mgw_host *host, const char *request_id,
                   int64_t timeout_ms);
void own_call_done(struct own_call *own);
/* What OWN failed with becomes CALL's error. */
void own_call_tell(const struct own_call *own, struct mgw_call *call);

struct job {
    struct job *next;
    void (*run)(struct job *job); /* in a sender's thread; it says itself when it is done */
};

struct senders *senders_new(unsigned threads);
/* No job may be left. */
void senders_free(struct senders *senders);
/* False where no thread can be had. */
bool senders_submit(struct senders *senders, struct job *job);

#endif
