/* SPDX-License-Identifier: Apache-2.0
 *
 * What every call from the host into a plugin has around it: the error slot cleared before, the
 * lock that the thread model asks for, an eye on whether it comes back (watch.h), and afterwards a
 * known status and an error text that is one line of UTF-8. Also the checks of what a plugin hands
 * back. Any thread. */
#ifndef PLUGIN_GUARD_H
#define PLUGIN_GUARD_H

#include "core/base/turn.h"
#include "core/plugin/watch.h"

#include <string.h>

struct guard {
    char *name;              /* of the plugin, for texts and logs */
    struct turn own;         /* MGW_THREADS_SERIALIZE_INSTANCE */
    struct turn *lock;       /* NULL: parallel */
    struct watch_gate door;  /* its own, and */
    struct watch_gate *gate; /* the one that holds: shared as the lock is */
    bool watching;
};

/* TABLE is the plugin's own pointer: with MGW_THREADS_SERIALIZE_PLUGIN all guards of one table
 * share a lock. The locks are recursive, since a filter may stand twice in one stack. */
enum mgw_status guard_init(struct guard *guard, struct mgw_call *call, const char *name,
                           enum mgw_thread_model threads, const void *table);
void guard_done(struct guard *guard);
/* Whether calls are inside that have not come back: nothing that they may use can be released. */
bool guard_is_stuck(const struct guard *guard);
/* Whether reads that need not wait are not known to do so: an inline instance's may be made by a
 * thread that must not block. */
bool guard_is_quick(const struct guard *guard);

/* Clears the slot and takes the lock. MGW_TIMEOUT where the deadline passes first, MGW_UNAVAILABLE
 * where too many calls into the plugin have not come back. */
enum mgw_status guard_enter(struct guard *guard, struct mgw_call *call, struct watch_frame *frame);
enum mgw_status guard_leave(struct guard *guard, struct mgw_call *call, struct watch_frame *frame,
                            enum mgw_status status);
/* The same for callbacks that end something and cannot fail; CALL may be NULL. False: the lock
 * could not be had, since another call does not come back, and what was to be ended is left. */
bool guard_enter_end(struct guard *guard, const struct mgw_call *call, struct watch_frame *frame);
void guard_leave_end(struct guard *guard, struct watch_frame *frame);

/* OWNER->driver.VERB(CALL, …) between guard_enter and guard_leave; OWNER is a store or rows. */
#define GUARDED(owner, call, called, ...) GUARDED_AS(false, owner, call, called, __VA_ARGS__)
/* The same for a read that an inline instance answers without waiting. */
#define GUARDED_QUICK(owner, call, called, ...) GUARDED_AS(true, owner, call, called, __VA_ARGS__)
#define GUARDED_AS(is_quick, owner, call, called, ...)                                             \
    __extension__({                                                                                \
        struct watch_frame frame_ = {.verb = #called, .quick = (is_quick)};                        \
        enum mgw_status status_ = guard_enter(&(owner)->guard, call, &frame_);                     \
        if (status_ == MGW_OK) {                                                                   \
            status_ = guard_leave(&(owner)->guard, call, &frame_,                                  \
                                  (owner)->driver.called(call, __VA_ARGS__));                      \
        }                                                                                          \
        status_;                                                                                   \
    })
/* OWNER->driver.VERB(…) between guard_enter_end and guard_leave_end. */
#define GUARDED_END(owner, call, called, ...)                                                      \
    do {                                                                                           \
        struct watch_frame frame_ = {.verb = #called};                                             \
        if (guard_enter_end(&(owner)->guard, call, &frame_)) {                                     \
            (owner)->driver.called(__VA_ARGS__);                                                   \
            guard_leave_end(&(owner)->guard, &frame_);                                             \
        }                                                                                          \
    } while (0)

/* The plugin broke its contract: logs the line with its name, and answers MGW_CORRUPT. */
enum mgw_status guard_corrupt(struct guard *guard, struct mgw_call *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes whatever a plugin left in the slot one line of UTF-8, with everything else in its range. */
void guard_tidy(struct mgw_error *error);

/* Not NULL, at most MAX bytes, UTF-8. Looks at no byte behind MAX. */
bool check_utf8(const char *text, size_t max);
/* The same without control characters, so that it may go into a header or a line. */
bool check_line(const char *text, size_t max);
/* A time from 1970 to the year 9999, so that it can be written. */
bool check_time(int64_t ms);
/* 1 to 256 visible ASCII without quotes. */
bool check_etag(const char *etag);
/* Name, value, …, NULL, at most MAX bytes in all; NULL is none. */
bool check_metadata(const char *const *metadata, size_t max);

/* Copies a struct whose maker may know fewer or more fields (its first field is its size) into one
 * of BYTES bytes; what the maker did not know is zero. */
static inline void struct_take(void *to, const void *from, size_t bytes)
{
    size_t size = *(const size_t *)from;
    memset(to, 0, bytes);
    memcpy(to, from, size < bytes ? size : bytes);
    *(size_t *)to = bytes;
}
/* Hands a result of ours of BYTES bytes to a reader that may know fewer fields or more. */
static inline void struct_give(void *to, const void *from, size_t bytes)
{
    size_t size = *(const size_t *)to, less = size < bytes ? size : bytes;
    if (less > sizeof size) {
        memcpy((char *)to + sizeof size, (const char *)from + sizeof size, less - sizeof size);
    }
}

#endif
