/* SPDX-License-Identifier: Apache-2.0
 *
 * See elf_look.h; elf(5). */
#include "core/plugin/elf_look.h"

#include "core/base/cleanup.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

enum { HEADERS_MAX = 256, DYNAMIC_MAX = 4096, STRINGS_MAX = 64 * 1024 * 1024, NEEDED_MAX = 256 };

static bool read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, bytes, length, (off_t)offset) == (ssize_t)length;
}

static const char *read_header(int fd, ElfW(Ehdr) * header)
{
    const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (!read_at(fd, header, sizeof *header, 0) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return "is not an ELF file";
    }
    if (header->e_ident[EI_CLASS] != class || header->e_type != ET_DYN) {
        return "is not a shared object for this machine";
    }
    if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0 ||
        header->e_phnum > HEADERS_MAX) {
        return "has a damaged ELF header";
    }
    return NULL;
}

/* Where the virtual ADDRESS lies in the file; false where no segment holds it. */
static bool file_offset(const ElfW(Phdr) * headers, size_t count, uint64_t address,
                        uint64_t *offset)
{
    for (size_t i = 0; i < count; i++) {
        const ElfW(Phdr) *at = &headers[i];
        if (at->p_type == PT_LOAD && address >= at->p_vaddr &&
            address - at->p_vaddr < at->p_filesz) {
            *offset = at->p_offset + (address - at->p_vaddr);
            return true;
        }
    }
    return false;
}

static const char *read_strings(int fd, const ElfW(Phdr) * headers, size_t count, uint64_t address,
                                uint64_t size, struct elf_look *look)
{
    uint64_t offset;
    if (size == 0 || size > STRINGS_MAX || !file_offset(headers, count, address, &offset)) {
        return "has no dynamic string table";
    }
    look->strings = calloc(1, (size_t)size + 1);
    look->strings_size = (size_t)size;
    return look->strings && read_at(fd, look->strings, (size_t)size, offset)
               ? NULL
               : "has a damaged dynamic string table";
}

static const char *read_dynamic(int fd, const ElfW(Phdr) * headers, size_t count,
                                const ElfW(Phdr) * dynamic, struct elf_look *look)
{
    size_t entries = dynamic->p_filesz / sizeof(ElfW(Dyn));
    uint64_t address = 0, size = 0;
    if (entries == 0 || entries > DYNAMIC_MAX) {
        return "has a damaged dynamic section";
    }
    AUTO_FREE ElfW(Dyn) *table = calloc(entries, sizeof *table);
    look->needed = calloc(NEEDED_MAX, sizeof *look->needed);
    if (!table || !look->needed ||
        !read_at(fd, table, entries * sizeof *table, dynamic->p_offset)) {
        return "has a damaged dynamic section";
    }
    for (size_t i = 0; i < entries && table[i].d_tag != DT_NULL; i++) {
        if (table[i].d_tag == DT_STRTAB) {
            address = table[i].d_un.d_ptr;
        } else if (table[i].d_tag == DT_STRSZ) {
            size = table[i].d_un.d_val;
        } else if (table[i].d_tag == DT_NEEDED && look->needed_count < NEEDED_MAX) {
            look->needed[look->needed_count++] = table[i].d_un.d_val;
        }
    }
    const char *fault = read_strings(fd, headers, count, address, size, look);
    for (size_t i = 0; !fault && i < look->needed_count; i++) {
        fault = look->needed[i] < look->strings_size ? NULL : "has a damaged dynamic section";
    }
    return fault;
}

const char *elf_look(int fd, struct elf_look *look)
{
    ElfW(Ehdr) header;
    elf_look_free(look);
    const char *fault = read_header(fd, &header);
    if (fault) {
        return fault;
    }
    size_t count = header.e_phnum;
    AUTO_FREE ElfW(Phdr) *headers = calloc(count, sizeof *headers);
    if (!headers || !read_at(fd, headers, count * sizeof *headers, header.e_phoff)) {
        return "has damaged program headers";
    }
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type == PT_DYNAMIC) {
            return read_dynamic(fd, headers, count, &headers[i], look);
        }
    }
    return "is not dynamically linked";
}

void elf_look_free(struct elf_look *look)
{
    free(look->strings);
    free(look->needed);
    memset(look, 0, sizeof *look);
}

bool elf_look_names(const struct elf_look *look, const char *name)
{
    for (size_t at = 0; at < look->strings_size; at += strlen(look->strings + at) + 1) {
        if (strcmp(look->strings + at, name) == 0) {
            return true;
        }
    }
    return false;
}
