/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/keep.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    void *pointer;
    void (*free_)(void *);
    struct kept *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *all;

void *keep_with(void *pointer, void (*free_)(void *))
{
    struct kept *entry = malloc(sizeof *entry);
    if (!entry || !pointer) {
        abort();
    }
    pthread_mutex_lock(&lock);
    *entry = (struct kept){.pointer = pointer, .free_ = free_, .next = all};
    all = entry;
    pthread_mutex_unlock(&lock);
    return pointer;
}

void *keep(void *pointer)
{
    return keep_with(pointer, free);
}

static void free_json(void *json)
{
    json_decref(json);
}

json_t *keep_json(json_t *json)
{
    return keep_with(json, free_json);
}

char *keep_text(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        abort();
    }
    va_end(args);
    return keep(text);
}

char *keep_bytes(const void *bytes, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy) {
        if (length > 0) {
            memcpy(copy, bytes, length);
        }
        copy[length] = '\0';
    }
    return keep(copy);
}

void keep_release(void)
{
    pthread_mutex_lock(&lock);
    struct kept *entry = all;
    all = NULL;
    pthread_mutex_unlock(&lock);
    while (entry) {
        struct kept *next = entry->next;
        entry->free_(entry->pointer);
        free(entry);
        entry = next;
    }
}

int keep_teardown(void **state)
{
    (void)state;
    keep_release();
    return 0;
}
