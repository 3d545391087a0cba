/* SPDX-License-Identifier: Apache-2.0
 *
 * See guard.h. */
#include "core/plugin/guard.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/plugin/call.h"

#include <mediagw/storage.h>

/* The locks of plugins that want one callback at a time over all instances; kept for ever, as their
 * modules are. */
struct table_lock {
    struct table_lock *next;
    const void *table;
    struct turn lock;
    struct watch_gate gate;
};
static struct table_lock *table_locks;
static pthread_mutex_t table_locks_lock = PTHREAD_MUTEX_INITIALIZER;

static struct table_lock *lock_of_table(const void *table, const char *name)
{
    pthread_mutex_lock(&table_locks_lock);
    struct table_lock *at = table_locks;
    while (at && at->table != table) {
        at = at->next;
    }
    if (!at) {
        at = calloc(1, sizeof *at);
        char *kept = at ? strdup(name) : NULL;
        if (kept) {
            turn_init(&at->lock);
            at->gate = (struct watch_gate){.plugin = kept, .single = true};
            at->table = table;
            at->next = table_locks;
            table_locks = at;
        } else {
            free(TAKE(at));
        }
    }
    pthread_mutex_unlock(&table_locks_lock);
    return at;
}

enum mgw_status guard_init(struct guard *guard, struct mgw_call *call, const char *name,
                           enum mgw_thread_model threads, const void *table)
{
    memset(guard, 0, sizeof *guard);
    turn_init(&guard->own);
    guard->name = strdup(name);
    guard->watching = watch_start();
    guard->door.plugin = guard->name;
    guard->gate = &guard->door;
    bool good = guard->name && guard->watching;
    struct table_lock *shared;
    switch (threads) {
    case MGW_THREADS_PARALLEL:
        break;
    case MGW_THREADS_SERIALIZE_INSTANCE:
        guard->lock = &guard->own;
        guard->door.single = true;
        break;
    case MGW_THREADS_SERIALIZE_PLUGIN:
    default: /* a model that this host does not know: the strictest is right for it */
        shared = lock_of_table(table, name);
        good = good && shared;
        if (shared) {
            guard->lock = &shared->lock;
            guard->gate = &shared->gate;
        }
        break;
    }
    return good ? MGW_OK : mgw_fail(call, MGW_UNAVAILABLE, "plugin \"%s\": out of memory", name);
}

void guard_done(struct guard *guard)
{
    if (guard->watching) {
        watch_stop();
    }
    turn_done(&guard->own);
    free(guard->name);
}

bool guard_is_stuck(const struct guard *guard)
{
    return guard->gate->lost > 0;
}

bool guard_is_quick(const struct guard *guard)
{
    int64_t slow_until = guard->gate->slow_until;
    return slow_until == 0 || clock_mono_ms() >= slow_until;
}

static enum mgw_status refuse_entry(const struct guard *guard, struct mgw_call *call)
{
    enum { RETRY_MS = 5000 };
    call->error->retry_after_ms = RETRY_MS;
    return mgw_fail(call, MGW_UNAVAILABLE,
                    "plugin \"%s\": %u calls into it have not come back, so that no more are let "
                    "in until they do; what it works with (a disk, a server) seems to hang",
                    guard->name, guard->gate->lost);
}

enum mgw_status guard_enter(struct guard *guard, struct mgw_call *call, struct watch_frame *frame)
{
    call_clear(call);
    if (!watch_admits(guard->gate)) {
        return refuse_entry(guard, call);
    }
    if (guard->lock && !turn_take(guard->lock, call->deadline_ms)) {
        return mgw_fail(call, MGW_TIMEOUT,
                        "plugin \"%s\": the deadline passed while another call was in it",
                        guard->name);
    }
    frame->gate = guard->gate;
    frame->request_id = call->request_id;
    frame->overdue = call->deadline_ms;
    watch_enter(frame);
    return MGW_OK;
}

enum mgw_status guard_leave(struct guard *guard, struct mgw_call *call, struct watch_frame *frame,
                            enum mgw_status status)
{
    watch_leave(frame);
    if (guard->lock) {
        turn_give(guard->lock);
    }
    enum mgw_status known = status_known(status);
    if (known == MGW_OK) {
        call_clear(call);
        return known;
    }
    guard_tidy(call->error);
    if (known != status) {
        log_event(LOG_LEVEL_WARN, "plugin answered an unknown status",
                  LOG_TEXT("plugin", guard->name), LOG_NUMBER("status", status));
    }
    if (!call->error->text[0]) {
        mgw_fail(call, known, "plugin \"%s\" answered %s and gave no reason", guard->name,
                 status_name(known));
    }
    return known;
}

bool guard_enter_end(struct guard *guard, const struct mgw_call *call, struct watch_frame *frame)
{
    int64_t until = clock_mono_ms() + WATCH_CLOSE_MS;
    if (guard->lock && (guard_is_stuck(guard) || !turn_take(guard->lock, until))) {
        log_event(LOG_LEVEL_WARN, "left behind in a plugin that does not come back",
                  LOG_TEXT("plugin", guard->name), LOG_TEXT("callback", frame->verb));
        return false;
    }
    frame->gate = guard->gate;
    frame->request_id = call ? call->request_id : NULL;
    frame->overdue = until;
    watch_enter(frame);
    return true;
}

void guard_leave_end(struct guard *guard, struct watch_frame *frame)
{
    watch_leave(frame);
    if (guard->lock) {
        turn_give(guard->lock);
    }
}

enum mgw_status guard_corrupt(struct guard *guard, struct mgw_call *call, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    call_clear(call);
    mgw_fail(call, MGW_CORRUPT, "plugin \"%s\" broke its contract: %s", guard->name, what);
    guard_tidy(call->error);
    log_event(LOG_LEVEL_ERROR, "plugin broke its contract", LOG_TEXT("plugin", guard->name),
              LOG_TEXT("reason", what), LOG_TEXT("request", call->request_id));
    return MGW_CORRUPT;
}

/* The part of TEXT that is UTF-8, on one line: a control character becomes a space, a byte of no
 * character '?'. */
static void tidy_text(char *text, size_t size)
{
    text[size - 1] = '\0';
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        size_t step = 1;
        while (step < 4 && i + step <= length && !text_is_utf8(text + i, step)) {
            step++;
        }
        if (i + step > length || !text_is_utf8(text + i, step)) {
            text[i] = '?';
            step = 1;
        } else if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = ' ';
        }
        i += step;
    }
    while (length > 0 && text[length - 1] == ' ') {
        text[--length] = '\0';
    }
}

void guard_tidy(struct mgw_error *error)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    tidy_text(error->text, sizeof error->text);
    tidy_text(error->foreign_code, sizeof error->foreign_code);
    tidy_text(error->foreign_request_id, sizeof error->foreign_request_id);
    if (error->retry_after_ms < 0) {
        error->retry_after_ms = 0;
    } else if (error->retry_after_ms > DAY_MS) {
        error->retry_after_ms = DAY_MS;
    }
}

bool check_utf8(const char *text, size_t max)
{
    size_t length = text ? strnlen(text, max + 1) : 0;
    return text && length <= max && text_is_utf8(text, length);
}

/* Whether each byte lies within LEAST and '~': most text does, and eight are seen in one look,
 * since each layer of a stack looks. */
static bool plain_text(const char *text, size_t length, unsigned char least)
{
    static const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    for (; length >= sizeof ones; text += sizeof ones, length -= sizeof ones) {
        uint64_t eight;
        memcpy(&eight, text, sizeof eight);
        if ((((eight - ones * least) & ~eight) | eight | (eight + ones)) & tops) {
            return false;
        }
    }
    for (; length > 0; text++, length--) {
        if ((unsigned char)*text < least || (unsigned char)*text > '~') {
            return false;
        }
    }
    return true;
}

bool check_time(int64_t ms)
{
    return ms >= 0 && ms <= INT64_C(253402300799999);
}

bool check_line(const char *text, size_t max)
{
    size_t length = text ? strnlen(text, max + 1) : 0;
    if (!text || length > max) {
        return false;
    }
    if (plain_text(text, length, ' ')) {
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return text_is_utf8(text, length);
}

bool check_etag(const char *etag)
{
    size_t length = etag ? strnlen(etag, 257) : 0;
    return length >= 1 && length <= 256 && plain_text(etag, length, '!') &&
           !memchr(etag, '"', length);
}

static bool metadata_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool good = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
                    name[i] == '-';
        if (!good) {
            return false;
        }
    }
    return length > 0;
}

bool check_metadata(const char *const *metadata, size_t max)
{
    size_t total = 0;
    for (; metadata && metadata[0]; metadata += 2) {
        size_t name = strnlen(metadata[0], max + 1);
        if (!metadata[1] || !metadata_name(metadata[0], name) || !check_utf8(metadata[1], max)) {
            return false;
        }
        total += name + strlen(metadata[1]);
        if (total > max) {
            return false;
        }
    }
    return true;
}
