/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of the floor "file + two group-committed rows": SQLite, WAL, synchronous=FULL, one
 * thread that commits together what waits. Nothing of mediagw is in it: no checks, no fields but
 * those a row needs to be found by its id, its blob and its place in a list. */
#ifndef TESTS_BENCH_GROUP_H
#define TESTS_BENCH_GROUP_H

#include <pthread.h>
#include <stdbool.h>

struct group;

/* One change: an insert of ID as not ready, or the update of it to ready. */
struct ticket {
    struct ticket *next;
    pthread_cond_t ended;
    bool insert, done, good;
    char id[33];
};

/* A new database at PATH; ends the program where it cannot be. */
struct group *group_new(const char *path);
void group_free(struct group *group);

/* Hands a change in. TICKET stays where it is until group_wait has returned. */
void group_submit(struct group *group, struct ticket *ticket);
/* True: the change is durable. */
bool group_wait(struct group *group, struct ticket *ticket);

#endif
