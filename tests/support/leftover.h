/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether refused uploads left something: a row `uploading`, a row `ready`, a file. */
#ifndef TESTS_SUPPORT_LEFTOVER_H
#define TESTS_SUPPORT_LEFTOVER_H

#include "tests/support/gateway.h"

/* Uploads one recording and remembers what is there now. */
void leftover_watch(struct gateway *gateway);
/* True where soon the same is there and nothing else; else says what. */
bool leftover_is_nothing(struct gateway *gateway);

#endif
