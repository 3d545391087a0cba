/* SPDX-License-Identifier: Apache-2.0
 *
 * The second recorder, strace -f, for what the first cannot see: it wraps libc's functions, so that
 * what libc does within itself (printf to the standard output of `mediagw key create`) passes it
 * by. And it judges the first: of the calls that matter here, none may pass it by. */
#include "tests/durability/rig.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rig *rig;
static char *folder, *script;

/* The command, traced: `strace -D` leaves the process the child that it was started as. */
static void write_script(void)
{
    char *text =
        keep_text("#!/bin/sh\n"
                  "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # none under ptrace\n"
                  "export ASAN_OPTIONS\n"
                  "exec strace -D -f -y -s 200 -o %s/trace.$$ -E LD_PRELOAD=%s -e trace="
                  "fsync,fdatasync,syncfs,write,pwrite64,writev,pwritev,linkat,link,rename,"
                  "renameat,renameat2,"
                  "unlink,unlinkat,mkdir,mkdirat,ftruncate,truncate,fsetxattr,setxattr,copy_file_"
                  "range,fallocate,"
                  "sync,sync_file_range,msync,openat,openat2,open,creat %s \"$@\"\n",
                  folder, play_preload(), mediagw_command());
    scratch_write(script, text);
    assert_int_equal(chmod(script, 0700), 0);
    setenv("MEDIAGW_COMMAND", script, 1);
}

/* ---- Lines of a trace ---- */

struct line {
    int thread;
    const char *call; /* "fdatasync(6</…" */
    const char *end;  /* "= 0"; NULL: it ends on a later line */
    bool resumed;     /* "<... fdatasync resumed>": the end of an earlier one */
};

static bool read_line(char *text, struct line *line)
{
    char *at = text + strspn(text, "0123456789");
    if (at == text || !*at) {
        return false;
    }
    *line = (struct line){.thread = atoi(text), .call = at + strspn(at, " ")}; /* NOLINT */
    line->resumed = strncmp(line->call, "<... ", 5) == 0;
    char *last = NULL;
    for (char *next = strstr(at, " = "); next; next = strstr(next + 1, " = ")) {
        last = next;
    }
    line->end = last && !strstr(at, "<unfinished ...>") ? last + 1 : NULL;
    return true;
}

/* The call's name is NAME; of one that goes on, too. */
static bool is_call(const struct line *line, const char *name)
{
    const char *at = line->resumed ? line->call + 5 : line->call;
    size_t length = strlen(name);
    return strncmp(at, name, length) == 0 && (at[length] == '(' || at[length] == ' ');
}

static bool succeeded(const struct line *line)
{
    return line->end && isdigit((unsigned char)line->end[2]);
}

/* The traces are whole once the process's own end is in them. */
static bool has_ended(void *ctx)
{
    const char *text = scratch_read(ctx, NULL);
    return text && strstr(text, "+++ exited with");
}

static char *read_trace(int process)
{
    char *path = keep_text("%s/trace.%d", folder, process);
    assert_true(wait_for(has_ended, path, 10000));
    wait_ms(20);
    return scratch_read(path, NULL);
}

/* Calls FN with each line of each trace in the folder. */
static void each_line(char *text, void (*fn)(void *ctx, const struct line *line), void *ctx)
{
    char *rest = NULL;
    for (char *one = strtok_r(text, "\n", &rest); one; one = strtok_r(NULL, "\n", &rest)) {
        struct line line;
        if (read_line(one, &line)) {
            fn(ctx, &line);
        }
    }
}

/* ---- The command line's key ---- */

struct key_order {
    bool written, dirty, printed, printed_dirty;
    int syncing; /* thread whose sync of the WAL goes on */
};

static void key_line(void *ctx, const struct line *line)
{
    struct key_order *order = ctx;
    bool wal = strstr(line->call, "media.db-wal>") != NULL;
    if (is_call(line, "pwrite64") && wal) {
        order->written = order->dirty = true;
    } else if (is_call(line, "fdatasync") && wal && !line->end) {
        order->syncing = line->thread;
    } else if (is_call(line, "fdatasync") && succeeded(line) &&
               (wal || (line->resumed && line->thread == order->syncing))) {
        order->dirty = false;
    } else if (is_call(line, "write") && strstr(line->call, "\"mgw_")) {
        order->printed = true;
        order->printed_dirty = order->dirty;
    }
}

/* The one trace that is new since the last call. */
static struct key_order create_key(void)
{
    struct key_order order = {0};
    struct run run = run_mediagw("key", "create", "--account", "acct-k", "--config",
                                 rig->gateway->server->config_path, NULL);
    if (run.status != 0) {
        fail_msg("key create: %s", run.err);
    }
    struct play play = play_since(rig->tape, 0);
    int process = play.count ? play.records[play.count - 1]->process : 0;
    play_release(&play);
    each_line(read_trace(process), key_line, &order);
    return order;
}

static void a_key_is_synced_before_the_command_prints_it(void **state)
{
    (void)state;
    struct key_order order = create_key();
    assert_true(order.written);
    assert_true(order.printed);
    assert_false(order.printed_dirty);
}

static void a_key_that_is_not_synced_is_seen_by_strace(void **state)
{
    (void)state;
    play_rule(rig->tape, 0, RULE_HIDE, OP_SYNC, KIND_FILE, rig_in_database(rig, "-wal"));
    struct key_order order = create_key();
    assert_true(rig->tape->rules[0].hit > 0);
    play_disarm(rig->tape);
    assert_true(order.printed);
    assert_true(order.printed_dirty);
}

/* ---- Both recorders side by side ---- */

enum {
    COUNT_SYNC,
    COUNT_SYNC_FS,
    COUNT_WRITE,
    COUNT_NAME,
    COUNT_UNLINK,
    COUNT_MKDIR,
    COUNT_LENGTH,
    COUNT_XATTR,
    COUNT_CREATE,
    COUNTS
};
static const char *const count_names[COUNTS] = {"fsync",          "syncfs",    "write",
                                                "link or rename", "unlink",    "mkdir",
                                                "truncate",       "fsetxattr", "file made"};

struct counts {
    const char *below;
    size_t of[COUNTS];
    size_t strange; /* calls that no rule of the recorder knows */
};

static int count_of(const struct line *line)
{
    static const struct {
        const char *name;
        int count;
    } calls[] = {
        {"fsync", COUNT_SYNC},      {"fdatasync", COUNT_SYNC},   {"syncfs", COUNT_SYNC_FS},
        {"write", COUNT_WRITE},     {"pwrite64", COUNT_WRITE},   {"linkat", COUNT_NAME},
        {"link", COUNT_NAME},       {"rename", COUNT_NAME},      {"renameat", COUNT_NAME},
        {"renameat2", COUNT_NAME},  {"unlink", COUNT_UNLINK},    {"unlinkat", COUNT_UNLINK},
        {"mkdir", COUNT_MKDIR},     {"mkdirat", COUNT_MKDIR},    {"ftruncate", COUNT_LENGTH},
        {"fsetxattr", COUNT_XATTR}, {"sync_file_range", COUNTS},
    };
    if (strncmp(line->call, "open", 4) == 0) {
        return strstr(line->call, "O_CREAT") || strstr(line->call, "O_TMPFILE") ? COUNT_CREATE
                                                                                : COUNTS;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (is_call(line, calls[i].name)) {
            return calls[i].count;
        }
    }
    return -1;
}

static void count_line(void *ctx, const struct line *line)
{
    struct counts *counts = ctx;
    if (line->resumed || !strstr(line->call, counts->below) || strncmp(line->call, "+++", 3) == 0 ||
        strncmp(line->call, "---", 3) == 0) {
        return; /* counted where it began */
    }
    int count = count_of(line);
    counts->strange += count < 0;
    if (count < 0) {
        print_error("no rule knows: %s\n", line->call);
    } else if (count < COUNTS) {
        counts->of[count]++;
    }
}

static void count_tape(const struct play *play, struct counts *counts)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *r = play->records[i];
        if (!strstr(tape_path(r), counts->below)) {
            continue;
        }
        switch (r->op) {
        case OP_SYNC:
            counts->of[COUNT_SYNC]++;
            break;
        case OP_SYNC_FS:
            counts->of[COUNT_SYNC_FS]++;
            break;
        case OP_WRITE:
            counts->of[COUNT_WRITE]++;
            break;
        case OP_LINK:
        case OP_RENAME:
            counts->of[COUNT_NAME]++;
            break;
        case OP_UNLINK:
            counts->of[COUNT_UNLINK]++;
            break;
        case OP_MKDIR:
            counts->of[COUNT_MKDIR]++;
            break;
        case OP_TRUNCATE:
            counts->of[COUNT_LENGTH]++;
            break;
        case OP_XATTR:
            counts->of[COUNT_XATTR]++;
            break;
        case OP_OPEN: /* with O_CREAT, or all bits of O_TMPFILE */
            counts->of[COUNT_CREATE] += (r->flags & 0100) || (r->flags & 020200000) == 020200000;
            break;
        default:
            break;
        }
    }
}

static void no_call_passes_the_preloaded_recorder_by(void **state)
{
    (void)state;
    struct server *server = rig->gateway->server;
    struct counts traced = {.below = server->dir}, taped = {.below = server->dir};
    int process = (int)server->pid;
    for (int how = RIG_MULTIPART; how <= RIG_IDEMPOTENT; how++) {
        struct rig_request made =
            rig_create(rig, (enum rig_body)how, body_random((uint64_t)how, 300000));
        api_expect(rig_delete(rig, api_id(api_expect(made.answer, 201))).answer, 200);
    }
    assert_int_equal(server_stop(server), 0);
    each_line(read_trace(process), count_line, &traced);
    struct play all = play_since(rig->tape, 0), own = {0};
    own.records = keep(calloc(all.count, sizeof *own.records));
    for (size_t i = 0; i < all.count; i++) {
        if (all.records[i]->process == process) {
            own.records[own.count++] = all.records[i];
        }
    }
    count_tape(&own, &taped);
    play_release(&all);
    for (int i = 0; i < COUNTS; i++) {
        print_message("%s: %zu and %zu\n", count_names[i], traced.of[i], taped.of[i]);
    }
    for (int i = 0; i < COUNTS; i++) {
        assert_int_equal(traced.of[i], taped.of[i]);
    }
    assert_int_equal(traced.strange, 0);
    assert_true(traced.of[COUNT_SYNC] > 15 && traced.of[COUNT_NAME] > 2);
}

static int setup(void **state)
{
    (void)state;
    folder = scratch_new();
    script = strdup(keep_text("%s/traced", folder));
    write_script();
    play_preload_by_hand();
    rig = rig_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    int status = rig_free(rig);
    scratch_remove(folder);
    free(folder);
    free(script);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_synced_before_the_command_prints_it),
        TEST(a_key_that_is_not_synced_is_seen_by_strace),
        TEST(no_call_passes_the_preloaded_recorder_by),
    };
    int failed = cmocka_run_group_tests_name("strace", tests, setup, teardown);
    return failed + rig_failures;
}
