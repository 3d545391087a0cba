/* SPDX-License-Identifier: Apache-2.0
 *
 * A recorder of the driver's system calls: this program defines the functions of the C library that
 * matter for durability, and the module, which resolves them here first, calls through it. It notes
 * the order, and makes one call fail when told. */
#ifndef RECORD_H
#define RECORD_H

/* Forgets what was noted, and what was to fail. */
void record_start(void);
void record_stop(void);
/* The NTH call (1: the next) of FUNCTION ("fsync", "pwrite", …) fails with ERROR. */
void record_fail(const char *function, int nth, int error);
/* The calls so far, one a line: "fsync file", "fsync folder", "linkat", … */
const char *record_text(void);

#endif
