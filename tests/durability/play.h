/* SPDX-License-Identifier: Apache-2.0
 *
 * The test's side of the tape: making one, laying down rules, playing it back. */
#ifndef DURABILITY_PLAY_H
#define DURABILITY_PLAY_H

#include "tests/durability/tape.h"

/* A new tape; whatever is started from now on with play_record_children is recorded. FOLDER lies on
 * the device whose files are recorded. */
struct tape *play_new(const char *folder);
void play_free(struct tape *tape);
/* Children inherit the recorder by the environment (ON), or do not. */
void play_record_children(bool on);
/* What LD_PRELOAD is then. By hand: the test sees to it itself, and children inherit nothing (a
 * shell does not outlive a sanitizer's runtime). */
const char *play_preload(void);
void play_preload_by_hand(void);

/* A point on the tape: what starts from now on lies behind it. */
uint64_t play_mark(struct tape *tape);

/* The records that started behind MARK, in order of their end; freed by play_release. */
struct play {
    const struct tape_record **records;
    size_t count;
};
struct play play_since(struct tape *tape, uint64_t mark);
/* The same, once what was sent with TEXT in it is among them: its receiver may have it before the
 * sender comes to its record. */
struct play play_answered(struct tape *tape, uint64_t mark, const char *text);
void play_release(struct play *play);

/* Rule SLOT, armed: the calls of OPS and KINDS (0: any) whose path matches the pattern, from the
 * FIRST to the LAST of them. */
struct tape_rule *play_rule(struct tape *tape, size_t slot, enum tape_action action, uint32_t ops,
                            uint32_t kinds, const char *path);
void play_rule_once(struct tape_rule *rule, int64_t number, int error);
void play_disarm(struct tape *tape);

/* For a person: one line a record, to standard error. */
void play_show(const struct play *play);

#endif
