/* SPDX-License-Identifier: Apache-2.0
 *
 * What every call from the host into a plugin has around it: the error slot cleared before, the
 * lock that the thread model asks for, and afterwards a known status and an error text that is one
 * line of UTF-8. Also the checks of what a plugin hands back. Any thread. */
#ifndef PLUGIN_GUARD_H
#define PLUGIN_GUARD_H

#include <mediagw/plugin.h>

#include <pthread.h>
#include <string.h>

struct guard {
    char *name;            /* of the plugin, for texts and logs */
    pthread_mutex_t own;   /* MGW_THREADS_SERIALIZE_INSTANCE */
    pthread_mutex_t *lock; /* NULL: parallel */
};

/* TABLE is the plugin's own pointer: with MGW_THREADS_SERIALIZE_PLUGIN all guards of one table
 * share a lock. The locks are recursive, since a filter may stand twice in one stack. */
enum mgw_status guard_init(struct guard *guard, struct mgw_call *call, const char *name,
                           enum mgw_thread_model threads, const void *table);
void guard_done(struct guard *guard);

/* Clears the slot and takes the lock; MGW_TIMEOUT where the deadline passes first. */
enum mgw_status guard_enter(struct guard *guard, struct mgw_call *call);
enum mgw_status guard_leave(struct guard *guard, struct mgw_call *call, enum mgw_status status);
/* The same without a call's verdict, for callbacks that cannot fail. */
void guard_lock(struct guard *guard);
void guard_unlock(struct guard *guard);

/* The callback EXPRESSION between guard_enter and guard_leave. */
#define GUARDED(guard, call, expression)                                                           \
    __extension__({                                                                                \
        enum mgw_status entered_ = guard_enter(guard, call);                                       \
        entered_ == MGW_OK ? guard_leave(guard, call, (expression)) : entered_;                    \
    })

/* The plugin broke its contract: logs the line with its name, and answers MGW_CORRUPT. */
enum mgw_status guard_corrupt(struct guard *guard, struct mgw_call *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes whatever a plugin left in the slot one line of UTF-8, with everything else in its range. */
void guard_tidy(struct mgw_error *error);

/* Not NULL, at most MAX bytes, UTF-8. Looks at no byte behind MAX. */
bool check_utf8(const char *text, size_t max);
/* The same without control characters, so that it may go into a header or a line. */
bool check_line(const char *text, size_t max);
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
