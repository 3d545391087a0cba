/* SPDX-License-Identifier: Apache-2.0
 *
 * See play.h. */
#include "tests/durability/play.h"

#include "tests/support/check.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kept in memory: a tape on disk would have its own share in every sync. */
static int tape_fd = -1;

/* The last mark, and how much was on the tape then: what starts behind it comes behind that. */
static uint64_t last_mark, last_used;

struct tape *play_new(const char *folder)
{
    struct stat stat_;
    char path[64];
    tape_fd = memfd_create("tape", MFD_CLOEXEC);
    if (tape_fd < 0 || ftruncate(tape_fd, (off_t)TAPE_BYTES) != 0 || stat(folder, &stat_) != 0) {
        fail_msg("no tape");
    }
    struct tape *tape =
        mmap(NULL, TAPE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, tape_fd, 0);
    assert_true(tape != MAP_FAILED);
    tape->device = stat_.st_dev;
    last_mark = last_used = 0;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), tape_fd);
    setenv(TAPE_ENVIRONMENT, path, 1);
    return tape;
}

void play_free(struct tape *tape)
{
    play_record_children(false);
    unsetenv(TAPE_ENVIRONMENT);
    munmap(tape, TAPE_BYTES);
    close(tape_fd);
    tape_fd = -1;
}

const char *play_preload(void)
{
    return DURABILITY_PRELOAD;
}

static bool by_hand;

void play_preload_by_hand(void)
{
    by_hand = true;
}

void play_record_children(bool on)
{
    if (on && !by_hand) {
        setenv("LD_PRELOAD", play_preload(), 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
}

uint64_t play_mark(struct tape *tape)
{
    last_used = tape->used;
    return last_mark = ++tape->clock;
}

static int by_end(const void *a, const void *b)
{
    const struct tape_record *const *x = a, *const *y = b;
    return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

struct play play_since(struct tape *tape, uint64_t mark)
{
    struct play play = {0};
    size_t room = 0;
    uint64_t used = tape->used;
    assert_false(tape->full);
    for (uint64_t at = mark && mark == last_mark ? last_used : 0; at < used;) {
        const struct tape_record *record = (const void *)(tape_records(tape) + at);
        at += record->size ? record->size : 8; /* 0, or not whole: its process was killed here */
        if (record->size == 0 || !record->whole || record->start <= mark) {
            continue;
        }
        if (play.count == room) {
            room = room ? 2 * room : 1024;
            play.records = realloc(play.records, room * sizeof *play.records);
            assert_non_null(play.records);
        }
        play.records[play.count++] = record;
    }
    if (play.count) {
        qsort(play.records, play.count, sizeof *play.records, by_end);
    }
    return play;
}

static bool has_sent(const struct play *play, const char *text)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *record = play->records[i];
        if (record->op == OP_SEND &&
            memmem(tape_data(record), record->data_length, text, strlen(text))) {
            return true;
        }
    }
    return false;
}

struct play play_answered(struct tape *tape, uint64_t mark, const char *text)
{
    struct play play = play_since(tape, mark);
    for (int64_t end = wait_now_ms() + 10000; !has_sent(&play, text) && wait_now_ms() < end;) {
        play_release(&play);
        wait_ms(1);
        play = play_since(tape, mark);
    }
    return play;
}

void play_release(struct play *play)
{
    free(play->records);
    *play = (struct play){0};
}

struct tape_rule *play_rule(struct tape *tape, size_t slot, enum tape_action action, uint32_t ops,
                            uint32_t kinds, const char *path)
{
    struct tape_rule *rule = &tape->rules[slot];
    rule->armed = 0;
    rule->action = action;
    rule->ops = ops;
    rule->kinds = kinds;
    rule->first = 1;
    rule->last = INT64_MAX;
    rule->every = 0;
    rule->seen = rule->hit = 0;
    rule->avoid[0] = '\0';
    snprintf(rule->path, sizeof rule->path, "%s", path);
    rule->armed = 1;
    return rule;
}

void play_rule_once(struct tape_rule *rule, int64_t number, int error)
{
    rule->armed = 0;
    rule->first = rule->last = number;
    rule->error = error;
    rule->seen = rule->hit = 0;
    rule->armed = 1;
}

void play_disarm(struct tape *tape)
{
    for (size_t i = 0; i < TAPE_RULES; i++) {
        tape->rules[i].armed = 0;
    }
}

static const char *op_name(uint32_t op)
{
    static const char *const names[] = {"open",  "write",  "sync",   "syncfs", "sync_range",
                                        "link",  "rename", "unlink", "mkdir",  "truncate",
                                        "xattr", "copy",   "send"};
    size_t i = 0;
    while (op > 1 && i + 1 < sizeof names / sizeof names[0]) {
        op >>= 1;
        i++;
    }
    return names[i];
}

void play_show(const struct play *play)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *r = play->records[i];
        fprintf(stderr,
                "%6" PRIu64 "-%-6" PRIu64 " %d/%d %-10s = %" PRId64 "%s%s fd %d inode %" PRIu64
                " %s%s%s @%" PRIu64 "+%" PRIu64 "%s %.12s\n",
                r->start, r->end, r->process, r->thread, op_name(r->op), r->result,
                r->error ? " " : "", r->error ? strerror(r->error) : "", r->fd, r->inode,
                tape_path(r), r->from_length ? " <- " : "", tape_from(r), r->offset, r->length,
                r->created ? " created" : "", r->op == OP_SEND ? tape_data(r) : "");
    }
}
