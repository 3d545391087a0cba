/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of any bytes, looked at as a shared object. */
#include "core/plugin/elf_look.h"

#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    fd = fd < 0 ? memfd_create("fuzz", MFD_CLOEXEC) : fd;
    PROMISE(fd >= 0 && ftruncate(fd, 0) == 0);
    PROMISE(pwrite(fd, data, size, 0) == (ssize_t)size);
    struct elf_look look = {0};
    if (!elf_look(fd, &look)) {
        PROMISE(look.strings && look.strings_size <= size);
        for (size_t i = 0; i < look.needed_count; i++) {
            PROMISE(look.needed[i] < look.strings_size);
            /* a name is found where it is a whole text of the table, not the end of one */
            size_t at = look.needed[i];
            bool whole = at == 0 || look.strings[at - 1] == '\0';
            PROMISE(!whole || elf_look_names(&look, look.strings + at));
        }
        elf_look_names(&look, "libasan.so.8");
    }
    elf_look_free(&look);
    return 0;
}
