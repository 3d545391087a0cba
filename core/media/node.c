/* SPDX-License-Identifier: Apache-2.0
 *
 * See node.h. */
#include "core/media/node.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/media/claim.h"
#include "core/plugin/call.h"

#include <mediagw/media.h>

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

enum { CALL_MS = 8000, LOOK_MS = 500, RANDOM_BYTES = 4, HOST_MAX = 48 };

struct lease_at {
    struct claim claim;
    struct mgw_call *work; /* what is done under it; NULL: nothing */
};

struct node {
    struct claim name;
    pthread_mutex_t claims; /* held while one of the leases is asked for */
    pthread_mutex_t lock;   /* of what follows */
    pthread_cond_t wake;
    struct lease_at leases[NODE_LEASES];
    bool stopping, runs;
    pthread_t thread;
};

static const char *const lease_names[NODE_LEASES] = {"reaper", "sweep"};

char *node_make_id(void)
{
    char host[HOST_MAX + 1] = "", text[2 * RANDOM_BYTES + 1];
    unsigned char random[RANDOM_BYTES];
    AUTO_BUF struct buf id = {0};
    gethostname(host, HOST_MAX);
    for (char *c = host; *c; c++) {
        *c = isalnum((unsigned char)*c) || strchr("._-", *c) ? *c : '-';
    }
    id_random(random, sizeof random);
    id_hex(random, sizeof random, text);
    buf_printf(&id, "%s-%s", host[0] ? host : "node", text);
    return buf_take(&id);
}

/* ---- The name ---- */

static enum mgw_status refuse_name(struct mgw_error *error, const char *id, const char *holder)
{
    json_t *json = json_loads(holder ? holder : "{}", 0, NULL);
    const char *host = json_string_value(json_object_get(json, "host"));
    snprintf(error->text, sizeof error->text,
             "node_id \"%s\": a running gateway has this name (host %s, pid %lld); give each its "
             "own, or leave node_id out",
             id, host ? host : "unknown",
             (long long)json_integer_value(json_object_get(json, "pid")));
    json_decref(json);
    return MGW_INVALID;
}

/* Waits for the record of a process that has died to run out, or for a sign of life in it. */
static enum mgw_status take_name(struct node *node, struct mgw_error *error)
{
    int64_t first = MGW_ABSENT, until = clock_mono_ms() + NODE_TTL_MS + NODE_RENEW_MS;
    for (;;) {
        AUTO_CALL struct mgw_call *call = call_new("", NULL, CALL_MS);
        AUTO_FREE char *holder = NULL;
        int64_t version = 0;
        enum mgw_status status = call ? claim_take(&node->name, call, &holder, &version) : MGW_IO;
        if (status != MGW_BUSY) {
            snprintf(error->text, sizeof error->text, "%s", call ? call->error->text : "");
            return status;
        }
        bool alive = first != MGW_ABSENT && version != first;
        if (alive || clock_mono_ms() > until) {
            return refuse_name(error, node->name.id, holder);
        }
        if (first == MGW_ABSENT) {
            log_event(LOG_LEVEL_INFO,
                      "the node's name is taken: waiting to see whether its holder lives",
                      LOG_TEXT("node", node->name.id));
        }
        first = version;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
}

/* ---- Leases ---- */

/* Asks for the lease, or renews it; what is done under it ends where it is lost. */
static bool lease_ask(struct node *node, enum node_lease lease)
{
    struct lease_at *at = &node->leases[lease];
    AUTO_CALL struct mgw_call *call = call_new("", NULL, CALL_MS);
    pthread_mutex_lock(&node->claims);
    pthread_mutex_lock(&node->lock);
    struct claim claim = at->claim;
    pthread_mutex_unlock(&node->lock);
    bool before = claim.held_until != 0;
    enum mgw_status status = call ? claim_take(&claim, call, NULL, NULL) : MGW_IO;
    bool held = claim_is_held(&claim);
    pthread_mutex_lock(&node->lock);
    at->claim.held_until = held ? claim.held_until : 0;
    if (!held && at->work) {
        call_cancel(at->work);
    }
    pthread_mutex_unlock(&node->lock);
    pthread_mutex_unlock(&node->claims);
    if (held != before) {
        log_event(held ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, held ? "lease taken" : "lease lost",
                  LOG_TEXT("lease", lease_names[lease]), LOG_TEXT("node", node->name.id));
    }
    if (status != MGW_OK && status != MGW_BUSY) {
        log_event(LOG_LEVEL_WARN, "a lease could not be asked for",
                  LOG_TEXT("lease", lease_names[lease]), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", call ? call_text(call) : NULL));
    }
    return held;
}

bool node_holds(struct node *node, enum node_lease lease)
{
    pthread_mutex_lock(&node->lock);
    bool holds = claim_is_held(&node->leases[lease].claim);
    pthread_mutex_unlock(&node->lock);
    return holds;
}

bool node_enter(struct node *node, enum node_lease lease, struct mgw_call *call)
{
    if (!node_holds(node, lease) && !lease_ask(node, lease)) {
        return false;
    }
    pthread_mutex_lock(&node->lock);
    bool holds = claim_is_held(&node->leases[lease].claim);
    node->leases[lease].work = holds ? call : NULL;
    pthread_mutex_unlock(&node->lock);
    return holds;
}

void node_leave(struct node *node, enum node_lease lease)
{
    pthread_mutex_lock(&node->lock);
    node->leases[lease].work = NULL;
    pthread_mutex_unlock(&node->lock);
}

/* ---- The thread ---- */

static void renew_name(struct node *node)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, CALL_MS);
    enum mgw_status status = call ? claim_take(&node->name, call, NULL, NULL) : MGW_IO;
    if (status == MGW_BUSY) {
        /* We were away for longer than its time. */
        log_event(LOG_LEVEL_ERROR, "another process has taken this node's name meanwhile",
                  LOG_TEXT("node", node->name.id));
    } else if (status != MGW_OK) {
        log_event(LOG_LEVEL_WARN, "the node's record could not be renewed",
                  LOG_TEXT("node", node->name.id), LOG_TEXT("status", status_name(status)),
                  LOG_TEXT("error", call ? call_text(call) : NULL));
    }
}

static void *node_run(void *argument)
{
    struct node *node = argument;
    int64_t due = clock_mono_ms() + NODE_RENEW_MS;
    pthread_mutex_lock(&node->lock);
    while (!node->stopping) {
        struct timespec until = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
        if (clock_mono_ms() < due) {
            pthread_cond_timedwait(&node->wake, &node->lock, &until);
            continue;
        }
        pthread_mutex_unlock(&node->lock);
        due = clock_mono_ms() + NODE_RENEW_MS;
        renew_name(node);
        for (int i = 0; i < NODE_LEASES; i++) {
            lease_ask(node, (enum node_lease)i);
        }
        pthread_mutex_lock(&node->lock);
    }
    pthread_mutex_unlock(&node->lock);
    return NULL;
}

static bool node_init(struct node *node, struct rows *rows, const char *id, const char *listen)
{
    json_t *more = json_pack("{s:s, s:s*}", "version", mgw_version(), "listen", listen);
    bool done = claim_init(&node->name, rows, NODE_RECORD, id, claim_text(id, more), NODE_TTL_MS);
    for (int i = 0; i < NODE_LEASES; i++) {
        done = claim_init(&node->leases[i].claim, rows, NODE_LEASE_RECORD, lease_names[i],
                          claim_text(id, NULL), NODE_TTL_MS) &&
               done;
    }
    return done;
}

enum mgw_status node_new(struct rows *rows, const char *id, const char *listen, struct node **made,
                         struct mgw_error *error)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node) {
        return MGW_IO;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&node->claims, NULL);
    pthread_mutex_init(&node->lock, NULL);
    pthread_cond_init(&node->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum mgw_status status = node_init(node, rows, id, listen) ? take_name(node, error) : MGW_IO;
    if (status == MGW_OK) {
        node->runs = thread_start(&node->thread, "mgw-node", node_run, node);
        status = node->runs ? MGW_OK : MGW_UNAVAILABLE;
    }
    if (status != MGW_OK) {
        node_free(node);
        return status;
    }
    log_event(LOG_LEVEL_INFO, "node joined", LOG_TEXT("node", id));
    *made = node;
    return MGW_OK;
}

void node_free(struct node *node)
{
    if (!node) {
        return;
    }
    if (node->runs) {
        pthread_mutex_lock(&node->lock);
        node->stopping = true;
        pthread_cond_signal(&node->wake);
        pthread_mutex_unlock(&node->lock);
        pthread_join(node->thread, NULL);
        AUTO_CALL struct mgw_call *call = call_new("", NULL, CALL_MS);
        for (int i = 0; call && i < NODE_LEASES; i++) {
            claim_release(&node->leases[i].claim, call);
        }
        if (call) {
            claim_release(&node->name, call);
        }
    }
    for (int i = 0; i < NODE_LEASES; i++) {
        claim_end(&node->leases[i].claim);
    }
    claim_end(&node->name);
    pthread_mutex_destroy(&node->claims);
    pthread_mutex_destroy(&node->lock);
    pthread_cond_destroy(&node->wake);
    free(node);
}
