/* SPDX-License-Identifier: Apache-2.0
 *
 * A web site on loopback, as a page's origin: a few fixed files, and a count of what was asked for.
 * It serves on threads of its own. */
#ifndef TESTS_SECURITY_PAGES_H
#define TESTS_SECURITY_PAGES_H

#include <stddef.h>
#include <stdint.h>

struct page {
    const char *path; /* NULL: the last one */
    const char *type;
    const void *bytes;
    size_t length;
};

struct pages;

/* SERVED must stay as long as the site. */
struct pages *pages_start(const struct page *served);
void pages_stop(struct pages *pages);
uint16_t pages_port(const struct pages *pages);
/* How often a path that begins with PREFIX was asked for. */
size_t pages_hits(struct pages *pages, const char *prefix);

#endif
