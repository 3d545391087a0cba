/* SPDX-License-Identifier: Apache-2.0
 *
 * A look into a shared object without running a byte of it: dlopen of a module that needs a
 * sanitizer's runtime ends the process, so it must be known before. Bounds are checked; any file
 * may be given. */
#ifndef PLUGIN_ELF_LOOK_H
#define PLUGIN_ELF_LOOK_H

#include <stdbool.h>
#include <stddef.h>

struct elf_look {
    char *strings; /* the dynamic string table; NUL behind its end */
    size_t strings_size;
    size_t *needed; /* offsets of the DT_NEEDED names */
    size_t needed_count;
};

/* NULL, or why FD is no shared object that this machine could load ("is not an ELF file"). LOOK is
 * zeroed or holds what elf_look_free frees. */
const char *elf_look(int fd, struct elf_look *look);
void elf_look_free(struct elf_look *look);
/* True where NAME is one of the names in the dynamic string table. */
bool elf_look_names(const struct elf_look *look, const char *name);

#endif
