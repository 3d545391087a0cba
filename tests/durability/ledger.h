/* SPDX-License-Identifier: Apache-2.0
 *
 * What a gateway has acknowledged, refused and left open, and whether that is what it has. */
#ifndef DURABILITY_LEDGER_H
#define DURABILITY_LEDGER_H

#include "tests/durability/rig.h"

struct ledger;

struct ledger *ledger_new(struct rig *rig);
void ledger_free(struct ledger *ledger);

/* The recording ID was acknowledged, with these bytes. */
void ledger_add(struct ledger *ledger, const char *id, struct body body);
/* Creates one, which must work; its id. */
const char *ledger_create(struct ledger *ledger, struct body body);
/* A create was refused. UNKNOWN: its outcome was left open, so that it may turn up, whole. */
void ledger_refused(struct ledger *ledger, bool unknown, struct body body);
/* A delete was acknowledged. */
void ledger_remove(struct ledger *ledger, const char *id);
/* A delete was refused: the recording is there, whole, or it is deleted. */
void ledger_doubt(struct ledger *ledger, const char *id);

/* The process lives, and another create and a delete work. */
void ledger_check_lives(struct ledger *ledger, const char *what);
/* kill -9; every lease ends; a new start, and its reaper's first round. */
void ledger_restart(struct ledger *ledger);
/* The database's rows are what was acknowledged; every `ready` row that was not looked at since it
 * came has its bytes; the store holds no blob more. */
void ledger_check(struct ledger *ledger, const char *what);
/* The same, every blob read again. */
void ledger_check_all(struct ledger *ledger, const char *what);

#endif
