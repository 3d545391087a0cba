/* SPDX-License-Identifier: Apache-2.0
 *
 * The first source that has credentials stays the source: what appears elsewhere later does not
 * change who signs. The lock is never held while a source is asked. */
#include "creds.h"

#include "creds_source.h"
#include "creds_sts.h"
#include "fetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    EARLY_MS = 5 * 60 * 1000, /* so long before their end they are renewed */
    AGAIN_MS = 15 * 1000,     /* between renewals, while what is at hand still serves */
    AGAIN_EMPTY_MS = 1000,    /* and while nothing is */
    STEP_MS = 100,            /* how often a waiting call asks whether it is over */
    REASON_SIZE = 512
};

struct source {
    const char *name;
    bool lasting; /* what it has never changes */
    creds_load *load;
};

static const struct source sources[] = {
    {"config", true, creds_config_load},
    {"environment", true, creds_env_load},
    {"web identity", false, creds_web_identity_load},
    {"shared files", false, creds_shared_file_load},
    {"container", false, creds_container_load},
    {"instance metadata", false, creds_imds_load},
};
#define SOURCES (sizeof sources / sizeof sources[0])

struct creds {
    struct creds_settings settings;
    const struct mgw_host *host;
    char *instance;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t renewed;
    bool renewing;               /* one thread asks the source */
    const struct source *source; /* that `now` is from; NULL: none was found yet */
    struct creds_found now;      /* empty before the first */
    int64_t renew_at_ms;         /* wall clock; 0: never */
    bool refused;                /* the server says that `now` is over */
    int64_t again_at_ms;         /* monotonic: no source is asked before */
    int64_t refuse_at_ms;        /* monotonic: the server's word counts from then on */
    enum mgw_status status;      /* of the last attempt */
    char reason[REASON_SIZE];
};

static void start_libraries(void)
{
    fetch_init();
    sts_init();
}

static bool init_sync(struct creds *creds)
{
    pthread_condattr_t clock;
    if (pthread_mutex_init(&creds->lock, NULL) != 0) {
        return false;
    }
    bool ok = pthread_condattr_init(&clock) == 0;
    if (ok) {
        ok = pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0 &&
             pthread_cond_init(&creds->renewed, &clock) == 0;
        pthread_condattr_destroy(&clock);
    }
    if (!ok) {
        pthread_mutex_destroy(&creds->lock);
    }
    return ok;
}

enum mgw_status creds_new(struct mgw_call *call, const struct mgw_config *config,
                          const struct mgw_host *host, struct creds **creds)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_libraries);
    struct creds *made = calloc(1, sizeof *made);
    if (!made || !init_sync(made)) {
        free(made);
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    made->host = host;
    made->instance = strdup(config->instance ? config->instance : "storage");
    enum mgw_status status = creds_settings_init(call, config, host, &made->settings);
    if (status == MGW_OK && !made->instance) {
        status = mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    if (status != MGW_OK) {
        creds_free(made);
        return status;
    }
    *creds = made;
    return MGW_OK;
}

void creds_free(struct creds *creds)
{
    if (creds) {
        creds_settings_free(&creds->settings);
        creds_found_free(&creds->now);
        pthread_cond_destroy(&creds->renewed);
        pthread_mutex_destroy(&creds->lock);
        free(creds->instance);
        free(creds);
    }
}

static void reason_of(const struct mgw_call *call, char reason[REASON_SIZE])
{
    snprintf(reason, REASON_SIZE, "%s", call->error ? call->error->text : "");
}

/* Asks one source. Credentials that are over already are none. */
static enum mgw_status ask(struct mgw_call *call, const struct creds *creds,
                           const struct source *source, struct creds_found *found)
{
    enum mgw_status status = source->load(call, &creds->settings, found);
    if (status == MGW_OK && found->expires_at_ms &&
        found->expires_at_ms <= creds->host->wall_ms()) {
        creds_found_free(found);
        status = mgw_fail(call, MGW_UNAVAILABLE,
                          "what it hands out is over already; is this machine's clock right?");
    }
    if (status != MGW_OK && status != MGW_NOT_FOUND) {
        char reason[REASON_SIZE];
        reason_of(call, reason);
        mgw_fail(call, status, "credentials from %s: %s", source->name, reason);
    }
    return status;
}

/* The first source that is in use; MGW_DENIED: none is. SKIP was asked already, and said WHY. */
static enum mgw_status search(struct mgw_call *call, const struct creds *creds,
                              const struct source *skip, const char *why,
                              const struct source **source, struct creds_found *found)
{
    AUTO_TEXT struct text reasons = {0};
    for (size_t i = 0; i < SOURCES; i++) {
        bool skipped = &sources[i] == skip;
        enum mgw_status status = skipped ? MGW_NOT_FOUND : ask(call, creds, &sources[i], found);
        if (status != MGW_NOT_FOUND) {
            *source = &sources[i];
            return status;
        }
        text_printf(&reasons, "%s%s: %s", i ? "; " : "", sources[i].name,
                    skipped       ? why
                    : call->error ? call->error->text
                                  : "");
    }
    return mgw_fail(call, MGW_DENIED, "no credentials (%s)", text_of(&reasons));
}

/* Without the lock. KEPT: the source that has had some; what it no longer has may be elsewhere, but
 * only where nothing VALID is left. */
static enum mgw_status load(struct mgw_call *call, const struct creds *creds,
                            const struct source *kept, bool valid, const struct source **source,
                            struct creds_found *found)
{
    if (!kept) {
        return search(call, creds, NULL, NULL, source, found);
    }
    *source = kept;
    enum mgw_status status = ask(call, creds, kept, found);
    if (status != MGW_NOT_FOUND) {
        return status;
    }
    char reason[REASON_SIZE];
    reason_of(call, reason);
    if (valid) {
        return mgw_fail(call, MGW_UNAVAILABLE, "credentials from %s: %s", kept->name, reason);
    }
    status = search(call, creds, kept, reason, source, found);
    /* there were some: they may come back */
    return status == MGW_DENIED ? MGW_UNAVAILABLE : status;
}

static bool is_valid(const struct creds *creds)
{
    return creds->now.access_key &&
           (!creds->now.expires_at_ms || creds->host->wall_ms() < creds->now.expires_at_ms);
}

static bool is_fresh(const struct creds *creds)
{
    return is_valid(creds) && !creds->refused &&
           (!creds->renew_at_ms || creds->host->wall_ms() < creds->renew_at_ms);
}

/* Five minutes before the end; with lives shorter than ten, in their middle. */
static int64_t renewal_of(const struct creds *creds, int64_t expires_at_ms)
{
    if (!expires_at_ms) {
        return 0;
    }
    int64_t left = expires_at_ms - creds->host->wall_ms();
    return expires_at_ms - (left / 2 < EARLY_MS ? left / 2 : EARLY_MS);
}

static void adopt(struct creds *creds, const struct source *source, struct creds_found *found)
{
    bool same = creds->now.access_key && strcmp(creds->now.access_key, found->access_key) == 0;
    if (source != creds->source) {
        creds->host->log(creds->instance, MGW_LOG_INFO, "credentials come from: %s", source->name);
    }
    int64_t now = creds->host->monotonic_ms();
    bool unchanged = same && creds->now.expires_at_ms == found->expires_at_ms;
    creds->renew_at_ms = unchanged && creds->renew_at_ms ? creds->renew_at_ms
                                                         : renewal_of(creds, found->expires_at_ms);
    creds_found_free(&creds->now);
    creds->now = *found;
    *found = (struct creds_found){0};
    creds->source = source;
    /* A source that still gives what was refused or is due is not asked without a pause. */
    creds->refuse_at_ms = creds->refused && same ? now + AGAIN_MS : 0;
    creds->refused = false;
    creds->again_at_ms = is_fresh(creds) ? 0 : now + AGAIN_MS;
    creds->status = MGW_OK;
}

static void note_failure(struct creds *creds, const struct mgw_call *call, enum mgw_status status)
{
    if (status == MGW_TIMEOUT || status == MGW_CANCELLED) {
        return; /* this call's own fate: the next one asks anew */
    }
    reason_of(call, creds->reason);
    creds->status = status;
    bool valid = is_valid(creds);
    creds->again_at_ms = creds->host->monotonic_ms() + (valid ? AGAIN_MS : AGAIN_EMPTY_MS);
    if (valid) {
        creds->host->log(creds->instance, MGW_LOG_WARN,
                         "credentials could not be renewed, the old ones serve on: %s",
                         creds->reason);
    }
}

/* Under the lock, which is given up while the source is asked. */
static enum mgw_status renew(struct mgw_call *call, struct creds *creds)
{
    const struct source *kept = creds->source, *source = NULL;
    bool valid = is_valid(creds);
    AUTO_FOUND struct creds_found found = {0};
    creds->renewing = true;
    pthread_mutex_unlock(&creds->lock);
    enum mgw_status status = load(call, creds, kept, valid, &source, &found);
    pthread_mutex_lock(&creds->lock);
    creds->renewing = false;
    if (status == MGW_OK) {
        adopt(creds, source, &found);
    } else {
        note_failure(creds, call, status);
    }
    pthread_cond_broadcast(&creds->renewed);
    return status;
}

static enum mgw_status wait_step(struct mgw_call *call, struct creds *creds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += STEP_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&creds->renewed, &creds->lock, &until);
    return fetch_over(call, creds->host);
}

/* Under the lock: until `now` may be used, or it is known why nothing may. */
static enum mgw_status make_ready(struct mgw_call *call, struct creds *creds)
{
    while (!is_fresh(creds)) {
        bool valid = is_valid(creds);
        bool paused = creds->host->monotonic_ms() < creds->again_at_ms;
        if (valid && (creds->renewing ? !creds->refused : paused)) {
            return MGW_OK;
        }
        if (!creds->renewing && paused && creds->status != MGW_OK) {
            return mgw_fail(call, creds->status, "%s", creds->reason);
        }
        if (!creds->renewing) {
            enum mgw_status status = renew(call, creds);
            return is_valid(creds) ? MGW_OK : status;
        }
        enum mgw_status status = wait_step(call, creds);
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}

static const char *lend(struct mgw_call *call, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = size ? call->alloc(call, size) : NULL;
    return copy ? memcpy(copy, text, size) : NULL;
}

enum mgw_status creds_get(struct mgw_call *call, struct creds *creds, struct credential *credential)
{
    pthread_mutex_lock(&creds->lock);
    enum mgw_status status = make_ready(call, creds);
    if (status == MGW_OK) {
        if (call->error) {
            call->error->text[0] = '\0'; /* of a renewal that failed, but is not needed yet */
        }
        *credential = (struct credential){.access_key = lend(call, creds->now.access_key),
                                          .secret_key = lend(call, creds->now.secret_key),
                                          .session_token = lend(call, creds->now.session_token),
                                          .expires_at_ms = creds->now.expires_at_ms};
        if (!credential->access_key || !credential->secret_key ||
            !credential->session_token != !creds->now.session_token) {
            status = mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
        }
    }
    pthread_mutex_unlock(&creds->lock);
    return status;
}

void creds_renew(struct creds *creds, const char *access_key)
{
    pthread_mutex_lock(&creds->lock);
    if (creds->source && !creds->source->lasting && creds->now.access_key &&
        strcmp(creds->now.access_key, access_key) == 0 &&
        creds->host->monotonic_ms() >= creds->refuse_at_ms) {
        creds->refused = true;
        creds->again_at_ms = 0;
    }
    pthread_mutex_unlock(&creds->lock);
}
