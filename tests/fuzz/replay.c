/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in for libFuzzer in ordinary builds: feeds a target every file of the folders that it
 * is given, each in memory of its own size, and nothing at all first. A broken promise or a
 * sanitizer's finding ends it; the last file named is the one. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static void replay(const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &st) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static size_t replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    size_t files = 0;
    if (count < 0) {
        perror(folder);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        size_t room = strlen(folder) + strlen(name) + 2;
        char *path = malloc(room);
        if (!path) {
            exit(1);
        }
        snprintf(path, room, "%s/%s", folder, name);
        if (name[0] != '.') {
            replay(path);
            files++;
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return files;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        files += replay_folder(argv[i]);
    }
    if (files == 0) {
        fprintf(stderr, "usage: %s FOLDER...; no file was found\n", argv[0]);
        return 1;
    }
    fprintf(stderr, "%zu inputs\n", files);
    return 0;
}
