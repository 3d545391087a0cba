/* SPDX-License-Identifier: Apache-2.0
 *
 * The preloaded recorder: its tape, its rules, and what it asks the kernel about a descriptor or a
 * name. See tape.h. */
#include "tests/durability/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct tape *tape;

long kernel(long number, ...)
{
    static long (*_Atomic real)(long, ...);
    if (!real) {
        real = (long (*)(long, ...))(uintptr_t)dlsym(RTLD_NEXT, "syscall");
    }
    long a[6];
    va_list args;
    va_start(args, number);
    for (size_t i = 0; i < 6; i++) {
        a[i] = va_arg(args, long);
    }
    va_end(args);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

bool look_at(int dir, const char *name, struct stat *stat, int flags)
{
    return KERNEL(newfstatat, dir, name, stat, flags) == 0;
}

__attribute__((constructor)) static void recorder_start(void)
{
    const char *path = getenv(TAPE_ENVIRONMENT);
    long fd = path ? KERNEL(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd >= 0) {
        void *at = mmap(NULL, TAPE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
        tape = at == MAP_FAILED ? NULL : at;
        KERNEL(close, fd);
    }
    if (path && !tape) {
        static const char text[] = "recorder: no tape\n";
        KERNEL(write, 2, text, sizeof text - 1);
        _exit(125); /* never run unrecorded where a record was asked for */
    }
}

int64_t tape_later_ms(void)
{
    return tape ? tape->later_ms : 0;
}

/* ---- What is behind a descriptor or a name ---- */

static uint32_t kind_of(const struct stat *stat)
{
    bool ours = stat->st_dev == tape->device;
    return S_ISREG(stat->st_mode) && ours                       ? KIND_FILE
           : S_ISDIR(stat->st_mode) && ours                     ? KIND_FOLDER
           : S_ISSOCK(stat->st_mode) || S_ISFIFO(stat->st_mode) ? KIND_STREAM
                                                                : KIND_OTHER;
}

uint64_t inode_at(int dir, const char *name, int flags)
{
    struct stat stat;
    return look_at(dir, name, &stat, flags) && stat.st_dev == tape->device ? stat.st_ino : 0;
}

/* The path of FD as the kernel tells it, "" where there is none. */
static void path_of_fd(int fd, char path[4096])
{
    char link[40];
    if (fd == AT_FDCWD) {
        snprintf(link, sizeof link, "/proc/self/cwd");
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    }
    long length = KERNEL(readlinkat, AT_FDCWD, link, path, 4095L);
    path[length > 0 ? length : 0] = '\0';
}

static void path_of_name(int dir, const char *name, char path[4096])
{
    path[0] = '\0';
    if (name[0] != '/') {
        path_of_fd(dir, path);
        strncat(path, "/", 4095 - strlen(path));
    }
    strncat(path, name, 4095 - strlen(path));
}

static uint64_t folder_of(int dir, const char *name)
{
    char path[4096];
    const char *slash = strrchr(name, '/');
    if (!slash) {
        return dir == AT_FDCWD ? inode_at(AT_FDCWD, ".", 0) : inode_at(dir, "", AT_EMPTY_PATH);
    }
    snprintf(path, sizeof path, "%.*s", slash == name ? 1 : (int)(slash - name), name);
    return inode_at(dir, path, 0);
}

static bool take_new(struct take *take, uint32_t op)
{
    memset(&take->record, 0, sizeof take->record);
    take->on = tape != NULL;
    take->record.op = op;
    take->record.fd = -1;
    take->path[0] = take->from[0] = '\0';
    take->data_length = 0;
    return take->on;
}

bool take_fd(struct take *take, uint32_t op, int fd)
{
    struct stat stat;
    int error = errno;
    if (!take_new(take, op)) {
        return false;
    }
    take->on = look_at(fd, "", &stat, AT_EMPTY_PATH);
    take->record.kind = take->on ? kind_of(&stat) : KIND_OTHER;
    take->on = take->record.kind != KIND_OTHER;
    take->record.fd = fd;
    if (take->on) {
        take->record.inode = stat.st_ino;
        path_of_fd(fd, take->path);
    }
    errno = error;
    return take->on;
}

bool take_name(struct take *take, uint32_t op, int dir, const char *name)
{
    struct stat stat;
    int error = errno;
    if (!take_new(take, op)) {
        return false;
    }
    take->record.folder = folder_of(dir, name);
    take->on = take->record.folder != 0;
    if (take->on) {
        path_of_name(dir, name, take->path);
        take->record.kind = KIND_OTHER;
        if (look_at(dir, name, &stat, AT_SYMLINK_NOFOLLOW)) {
            take->record.inode = stat.st_ino;
            take->record.kind = kind_of(&stat);
        }
    }
    errno = error;
    return take->on;
}

void take_from(struct take *take, int dir, const char *name)
{
    struct stat stat;
    int error = errno;
    if (take->on) {
        path_of_name(dir, name, take->from);
        take->record.from_folder = folder_of(dir, name);
        if (look_at(dir, name, &stat, 0)) { /* through /proc/self/fd too */
            take->record.inode = stat.st_ino;
            take->record.kind = kind_of(&stat);
        }
    }
    errno = error;
}

/* ---- Rules ---- */

static bool rule_matches(const struct tape_rule *rule, const struct take *take)
{
    return rule->armed && (rule->ops & take->record.op) &&
           (!rule->kinds || (rule->kinds & take->record.kind)) &&
           fnmatch(rule->path, take->path, 0) == 0 &&
           (!rule->avoid[0] || fnmatch(rule->avoid, take->path, 0) != 0);
}

/* The rule of this kind that hits this call, counting it. */
static struct tape_rule *rule_hit(const struct take *take, uint32_t action)
{
    for (size_t i = 0; i < TAPE_RULES; i++) {
        struct tape_rule *rule = &tape->rules[i];
        if (rule->action == action && rule_matches(rule, take)) {
            int64_t number = ++rule->seen;
            if (number >= rule->first && number <= rule->last &&
                (rule->every == 0 || number % rule->every == 0)) {
                rule->hit++;
                return rule;
            }
        }
    }
    return NULL;
}

bool take_ruled(struct take *take, long *result)
{
    if (!take->on) {
        return false;
    }
    take->record.start = ++tape->clock;
    const struct tape_rule *fail = rule_hit(take, RULE_FAIL);
    if (fail) {
        take->record.ruled = 1;
        errno = fail->error;
        *result = take_done(take, -1);
        return true;
    }
    if (rule_hit(take, RULE_SLOW)) {
        struct timespec pause = {.tv_nsec = 30000000};
        KERNEL(nanosleep, &pause, NULL);
    }
    *result = 0;
    return rule_hit(take, RULE_HIDE) != NULL;
}

size_t take_cut(const struct take *take, size_t length)
{
    return take->on && length > 1 && rule_hit(take, RULE_CUT) ? length / 2 : length;
}

/* ---- The tape ---- */

static char *put_text(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    at[length] = '\0';
    return at + length + 1;
}

static void tape_append(const struct take *take)
{
    struct tape_record record = take->record;
    record.path_length = (uint32_t)strlen(take->path);
    record.from_length = (uint32_t)strlen(take->from);
    record.data_length = (uint32_t)take->data_length;
    size_t size = sizeof record + record.path_length + record.from_length + record.data_length + 3;
    record.size = (uint32_t)((size + 7) & ~(size_t)7);
    uint64_t at = atomic_fetch_add(&tape->used, record.size);
    if (at + record.size > TAPE_BYTES - sizeof *tape) {
        tape->full = 1;
        return;
    }
    struct tape_record *to = (struct tape_record *)(void *)(tape_records(tape) + at);
    memcpy(to, &record, sizeof record);
    char *text = put_text((char *)(to + 1), take->path, record.path_length);
    text = put_text(text, take->from, record.from_length);
    put_text(text, take->data ? take->data : "", record.data_length);
    atomic_store(&to->whole, 1);
}

long take_done(struct take *take, long result)
{
    int error = errno;
    if (take->on) {
        take->record.process = (int32_t)KERNEL(getpid, 0);
        take->record.thread = (int32_t)KERNEL(gettid, 0);
        take->record.result = result;
        take->record.error = result < 0 ? error : 0;
        take->record.end = ++tape->clock;
        tape_append(take);
    }
    errno = error;
    return result;
}
