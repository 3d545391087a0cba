/* SPDX-License-Identifier: Apache-2.0
 *
 * See group.h. */
#include "tests/bench/group.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_MOST = 256 };

struct group {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *insert, *update;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct ticket *first, **last;
    bool stopping;
};

static void must(struct group *group, int rc, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        fprintf(stderr, "bench: %s: %s\n", what, sqlite3_errmsg(group->db));
        exit(1);
    }
}

static int step(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc;
}

static bool change(struct group *group, const struct ticket *ticket)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_stmt *statement = ticket->insert ? group->insert : group->update;
    sqlite3_bind_text(statement, 1, ticket->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    return step(statement) == SQLITE_DONE;
}

static struct ticket *take(struct group *group)
{
    struct ticket *taken = group->first, **end = &taken;
    for (int i = 0; *end && i < BATCH_MOST; i++) {
        end = &(*end)->next;
    }
    group->first = *end;
    *end = NULL;
    group->last = group->first ? group->last : &group->first;
    return taken;
}

static void *group_main(void *argument)
{
    struct group *group = argument;
    pthread_mutex_lock(&group->lock);
    for (;;) {
        while (!group->first && !group->stopping) {
            pthread_cond_wait(&group->wake, &group->lock);
        }
        struct ticket *taken = take(group);
        if (!taken) {
            break;
        }
        pthread_mutex_unlock(&group->lock);
        bool good = step(group->begin) == SQLITE_DONE;
        for (struct ticket *at = taken; at; at = at->next) {
            at->good = change(group, at);
        }
        good = step(group->commit) == SQLITE_DONE && good;
        pthread_mutex_lock(&group->lock);
        for (struct ticket *at = taken, *next; at; at = next) {
            next = at->next;
            at->good = at->good && good;
            at->done = true;
            pthread_cond_signal(&at->ended);
        }
    }
    pthread_mutex_unlock(&group->lock);
    return NULL;
}

static void prepare(struct group *group, const char *sql, sqlite3_stmt **statement)
{
    must(group, sqlite3_prepare_v2(group->db, sql, -1, statement, NULL), sql);
}

struct group *group_new(const char *path)
{
    static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE rows(id TEXT PRIMARY KEY, account TEXT, bucket TEXT, key TEXT UNIQUE,"
        " mime TEXT, bytes INTEGER, kind TEXT, status INTEGER, checksum TEXT, created INTEGER,"
        " updated INTEGER);"
        "CREATE INDEX list ON rows(account, status, created, id);";
    struct group *group = calloc(1, sizeof *group);
    if (!group) {
        abort();
    }
    must(group, sqlite3_open(path, &group->db), path);
    must(group, sqlite3_exec(group->db, schema, NULL, NULL, NULL), "the schema");
    prepare(group, "BEGIN IMMEDIATE", &group->begin);
    prepare(group, "COMMIT", &group->commit);
    prepare(group,
            "INSERT INTO rows VALUES(?1,'dev','media-recordings','2026/11/23/'||?1,'video/webm',"
            "NULL,'video',1,NULL,?2,?2)",
            &group->insert);
    prepare(group,
            "UPDATE rows SET status=2, bytes=65536, updated=?2, checksum='sha256:e3b0c44298fc1c149"
            "afbf4c8996fb92427ae41e4649b934ca495991b7852b855' WHERE id=?1 AND status=1",
            &group->update);
    group->last = &group->first;
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->wake, NULL);
    if (pthread_create(&group->thread, NULL, group_main, group) != 0) {
        abort();
    }
    return group;
}

void group_free(struct group *group)
{
    if (!group) {
        return;
    }
    pthread_mutex_lock(&group->lock);
    group->stopping = true;
    pthread_cond_signal(&group->wake);
    pthread_mutex_unlock(&group->lock);
    pthread_join(group->thread, NULL);
    sqlite3_finalize(group->begin);
    sqlite3_finalize(group->commit);
    sqlite3_finalize(group->insert);
    sqlite3_finalize(group->update);
    sqlite3_close(group->db);
    pthread_mutex_destroy(&group->lock);
    pthread_cond_destroy(&group->wake);
    free(group);
}

void group_submit(struct group *group, struct ticket *ticket)
{
    pthread_cond_init(&ticket->ended, NULL);
    ticket->next = NULL;
    ticket->done = false;
    pthread_mutex_lock(&group->lock);
    *group->last = ticket;
    group->last = &ticket->next;
    pthread_cond_signal(&group->wake);
    pthread_mutex_unlock(&group->lock);
}

bool group_wait(struct group *group, struct ticket *ticket)
{
    pthread_mutex_lock(&group->lock);
    while (!ticket->done) {
        pthread_cond_wait(&ticket->ended, &group->lock);
    }
    pthread_mutex_unlock(&group->lock);
    pthread_cond_destroy(&ticket->ended);
    return ticket->good;
}
