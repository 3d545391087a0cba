/* SPDX-License-Identifier: Apache-2.0
 *
 * memstore, whose stat() does as its config's `mood` says: what becomes of a case then? With
 * -DSERIAL it wants the host to lock, and ends the process where two threads are inside. */
#include "memstore.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char mood[16];
static char
    stray[4096]; /* where a process that it leaves behind writes its id; "": it leaves none */

static bool asked;                /* stat() has been called */
static void *volatile remembered; /* what `leak` forgets */

static void leave_stray(void)
{
    if (!stray[0] || fork() != 0) {
        return;
    }
    FILE *file = fopen(stray, "w");
    if (file) {
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
    }
    for (;;) {
        pause();
    }
}

static void *stay(void *unused)
{
    pause();
    return unused;
}

static void take_mood(void)
{
    if (strcmp(mood, "hang") == 0) {
        leave_stray();
        for (;;) {
            pause();
        }
    } else if (strcmp(mood, "crash") == 0) {
        raise(SIGSEGV);
    } else if (strcmp(mood, "abort") == 0) {
        abort();
    } else if (strcmp(mood, "exit") == 0) {
        exit(0);
    } else if (strcmp(mood, "leak") == 0) {
        remembered = malloc(100);
        remembered = NULL;
    } else if (strcmp(mood, "keep_open") == 0) {
        (void)!dup(0);
    } else if (strcmp(mood, "keep_on") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, stay, NULL);
    }
}

#ifdef SERIAL
static void stay_alone(void)
{
    static atomic_int inside;
    if (++inside > 1) {
        abort();
    }
    usleep(200);
    inside--;
}
#else
static void stay_alone(void)
{
}
#endif

static enum mgw_status moody_stat(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, struct mgw_stat *stat)
{
    asked = true;
    take_mood();
    stay_alone();
    if (strcmp(mood, "wrong") == 0) {
        return mgw_fail(call, MGW_BUSY, "not today <&> \x01 \"quoted\"");
    }
    return memstore_table.stat(call, instance, blob, stat);
}

static enum mgw_status moody_open(struct mgw_call *call, void *instance,
                                  const struct mgw_blob *blob, const char *if_etag, void **reader,
                                  struct mgw_stat *stat)
{
    stay_alone();
    return memstore_table.open(call, instance, blob, if_etag, reader, stat);
}

static void moody_destroy(void *instance)
{
    memstore_table.destroy(instance);
    if (asked && strcmp(mood, "late") == 0) {
        raise(SIGBUS);
    }
}

static struct mgw_storage_driver table;

static enum mgw_status moody_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, void **instance)
{
    const struct mgw_config_value *value = mgw_config_get(config, "mood");
    const struct mgw_config_value *where = mgw_config_get(config, "stray");
    struct mgw_config none = {.size = sizeof none, .flags = config->flags};
    snprintf(mood, sizeof mood, "%s", value ? value->text : "");
    snprintf(stray, sizeof stray, "%s", where ? where->text : "");
    if (strcmp(mood, "unborn") == 0) {
        raise(SIGILL);
    }
    return memstore_table.create(call, &none, host, instance);
}

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "mood",
     .type = MGW_CONFIG_ENUM,
     .values = "hang|crash|abort|exit|leak|keep_open|keep_on|wrong|late|unborn",
     .help = "What stat() does, or destroy() behind it (late), or create() (unborn)."},
    {.size = sizeof keys[0],
     .key = "stray",
     .type = MGW_CONFIG_PATH,
     .help = "Where a process that is left behind writes its id."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "moody",
    .version = "1",
    .description = "A store that misbehaves as it is told.",
#ifdef SERIAL
    .thread_model = MGW_THREADS_SERIALIZE_INSTANCE,
#else
    .thread_model = MGW_THREADS_PARALLEL,
#endif
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

__attribute__((constructor)) static void make_table(void)
{
    table = memstore_table;
    table.create = moody_create;
    table.stat = moody_stat;
    table.open = moody_open;
    table.destroy = moody_destroy;
}

MGW_REGISTER(&plugin);
