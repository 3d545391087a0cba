/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fault server is to say, and what it was asked. Any thread. */
#ifndef TESTS_S3_FAULT_LOG_H
#define TESTS_S3_FAULT_LOG_H

#include "tests/s3/fault.h"

#include <stdio.h>

/* Remembers the request; the step for it, NULL: there is none. */
const struct fault_step *fault_log_take(struct fault_request *request);
/* The request that was taken may have grown: whoever looks from now on sees it as it is. */
void fault_log_publish(void);
/* The value in HEAD's lines, its length to *LENGTH; NULL: none. */
const char *fault_log_find(const char *head, const char *name, size_t *length);
/* The latest request's header NAME, to OUT. */
void fault_log_echo(FILE *out, const char *name, size_t name_length);
void fault_log_free(void);

#endif
