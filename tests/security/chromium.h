/* SPDX-License-Identifier: Apache-2.0
 *
 * Debian's Chromium without a window, driven over its DevTools pipe (two inherited descriptors,
 * JSON ended by NUL): pages are opened and expressions evaluated in them. Every wait is bounded;
 * what fails ends the running test. One thread. */
#ifndef TESTS_SECURITY_CHROMIUM_H
#define TESTS_SECURITY_CHROMIUM_H

#include <jansson.h>
#include <stdbool.h>

struct chromium;

/* evil.test and other.test lead to this machine, every other name nowhere. */
struct chromium *chromium_start(void);
void chromium_stop(struct chromium *chromium);

/* Opens URL in a tab of its own, which the next calls are about. */
void chromium_open(struct chromium *chromium, const char *url);
/* What EXPRESSION (it may be a promise) is in the page, as text; "!" and the error where it throws.
 * Kept until the test's end. */
const char *chromium_ask(struct chromium *chromium, const char *expression);
/* Asks until EXPRESSION is "true"; false where it does not become so in time. */
bool chromium_wait(struct chromium *chromium, const char *expression);
/* A picture of the page. */
void chromium_screenshot(struct chromium *chromium, const char *path);

#endif
