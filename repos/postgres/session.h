/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection, always in libpq's pipeline mode: queries go out together and are answered
 * together. No function waits longer than its limit. One thread at a time. */
#ifndef POSTGRES_SESSION_H
#define POSTGRES_SESSION_H

#include "limit.h"
#include "query.h"

enum session_prepare { SESSION_PREPARE_AUTO, SESSION_PREPARE_NEVER };

struct session_options {
    const struct mgw_host *host;
    const char *name;     /* the instance's, for logs */
    const char *conninfo; /* holds a secret */
    const struct statements *statements;
    int64_t connect_ms, statement_ms;
    enum session_prepare prepare;
};

enum { SESSION_UPDATES = 24 };

struct session {
    struct session *next; /* the pool's */
    const struct session_options *options;
    PGconn *conn;
    bool direct; /* no pooler: what is set and prepared stays ours */
    bool broken; /* to be closed: what it would answer next is not known */
    bool warned; /* the server has sent a WARNING since this was set to false */
    int64_t idle_since_ms;
    bool prepared[STATEMENTS];
    uint32_t updates[SESSION_UPDATES]; /* prepared ones */
    int update_count;
};

/* A connection to a server that takes changes; MGW_UNAVAILABLE where there is none at present. */
enum mgw_status session_open(const struct session_options *options, const struct limit *limit,
                             struct session **session, struct fault *fault);
void session_close(struct session *session);
/* Whether it is idle and nobody has closed it meanwhile, without asking the server. */
bool session_sound(struct session *session);

#endif
