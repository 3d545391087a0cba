/* SPDX-License-Identifier: Apache-2.0
 *
 * See disk.h. An object is one life of an inode: a number that is used again is another object. */
#include "tests/durability/disk.h"

#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define EVER UINT64_MAX
#define NONE SIZE_MAX

enum change_type { CHANGE_BYTES, CHANGE_LENGTH, CHANGE_ATTRIBUTE, CHANGE_NAME };

struct change {
    enum change_type type;
    uint64_t end, safe; /* ticks: when it was made, from when on it is safe */
    bool lost;
    uint64_t offset, length;
    const char *data; /* in the tape */
    const char *name; /* of an attribute or in a folder; to the end of the path */
    size_t object;    /* what the name stands for; NONE: it was removed */
};

struct object {
    uint64_t inode;
    bool folder;
    struct change *changes;
    size_t count, room;
};

struct disk {
    struct object *objects;
    size_t count, room;
};

static size_t object_add(struct disk *disk, uint64_t inode, bool folder)
{
    if (disk->count == disk->room) {
        disk->room = 2 * disk->room + 256;
        disk->objects = realloc(disk->objects, disk->room * sizeof *disk->objects);
        assert_non_null(disk->objects);
    }
    disk->objects[disk->count] = (struct object){.inode = inode, .folder = folder};
    return disk->count++;
}

/* The latest life of INODE; NONE where it is not ours. */
static size_t object_of(const struct disk *disk, uint64_t inode)
{
    for (size_t i = disk->count; inode && i > 0; i--) {
        if (disk->objects[i - 1].inode == inode) {
            return i - 1;
        }
    }
    return NONE;
}

static void change_add(struct disk *disk, size_t at, struct change change)
{
    struct object *object = &disk->objects[at];
    if (object->count == object->room) {
        object->room = 2 * object->room + 8;
        object->changes = realloc(object->changes, object->room * sizeof *object->changes);
        assert_non_null(object->changes);
    }
    change.safe = EVER;
    object->changes[object->count++] = change;
}

/* ---- From the tape ---- */

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void name_change(struct disk *disk, uint64_t folder, const char *path, size_t object,
                        uint64_t end)
{
    size_t at = object_of(disk, folder);
    if (at != NONE) {
        change_add(disk, at,
                   (struct change){
                       .type = CHANGE_NAME, .end = end, .name = last_name(path), .object = object});
    }
}

static void sync_object(struct object *object, const struct tape_record *record)
{
    for (size_t i = 0; i < object->count; i++) {
        struct change *change = &object->changes[i];
        if (change->end < record->start && change->safe == EVER && !change->lost) {
            change->safe = record->error ? EVER : record->end;
            change->lost = record->error && !object->folder;
        }
    }
}

static void sync_by(struct disk *disk, const struct tape_record *record)
{
    size_t one = object_of(disk, record->inode);
    for (size_t i = 0; i < disk->count; i++) {
        if (i == one || record->op == OP_SYNC_FS) {
            sync_object(&disk->objects[i], record);
        }
    }
}

static void open_by(struct disk *disk, const struct tape_record *record)
{
    if (record->created) {
        size_t made = object_add(disk, record->inode, false);
        name_change(disk, record->folder, tape_path(record), made, record->end);
    } else if (record->flags & O_TRUNC && object_of(disk, record->inode) != NONE) {
        change_add(disk, object_of(disk, record->inode),
                   (struct change){.type = CHANGE_LENGTH, .end = record->end});
    }
}

static void bytes_by(struct disk *disk, const struct tape_record *record)
{
    size_t at = object_of(disk, record->inode);
    struct change change = {.end = record->end,
                            .offset = record->offset,
                            .length = record->data_length,
                            .data = tape_data(record),
                            .name = tape_from(record)};
    change.type = record->op == OP_WRITE      ? CHANGE_BYTES
                  : record->op == OP_TRUNCATE ? CHANGE_LENGTH
                                              : CHANGE_ATTRIBUTE;
    if (at != NONE && !disk->objects[at].folder) {
        change_add(disk, at, change);
    }
}

static void names_by(struct disk *disk, const struct tape_record *record)
{
    size_t object = object_of(disk, record->inode);
    if (record->op == OP_MKDIR) {
        object = object_add(disk, record->inode, true);
    } else if (record->op == OP_UNLINK) {
        object = NONE;
    } else if (object == NONE) {
        return;
    }
    name_change(disk, record->folder, tape_path(record), object, record->end);
    if (record->op == OP_RENAME) {
        name_change(disk, record->from_folder, tape_from(record), NONE, record->end);
    }
}

struct disk *disk_new(const struct play *play, const char *root)
{
    struct disk *disk = calloc(1, sizeof *disk);
    struct stat stat_;
    assert_non_null(disk);
    assert_int_equal(stat(root, &stat_), 0);
    object_add(disk, stat_.st_ino, true);
    for (size_t i = 0; i < play->count; i++) {
        const struct tape_record *record = play->records[i];
        if (record->op & OP_ANY_SYNC) {
            sync_by(disk, record);
        } else if (record->error) {
            continue;
        } else if (record->op == OP_OPEN) {
            open_by(disk, record);
        } else if (record->op & (OP_WRITE | OP_TRUNCATE | OP_XATTR)) {
            bytes_by(disk, record);
        } else if (record->op & (OP_LINK | OP_RENAME | OP_UNLINK | OP_MKDIR)) {
            names_by(disk, record);
        } else if (record->op == OP_COPY) {
            fail_msg("this disk knows no copy_file_range");
        }
    }
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk) {
        for (size_t i = 0; i < disk->count; i++) {
            free(disk->objects[i].changes);
        }
        free(disk->objects);
        free(disk);
    }
}

/* ---- To a folder ---- */

enum { PAGE = 4096 };

struct cut {
    const struct disk *disk;
    uint64_t tick, seed;
};

/* Up to when the page (or folder, or length) has reached the disk without having been asked to. */
static uint64_t reached(const struct cut *cut, uint64_t object, uint64_t page)
{
    if (cut->seed == DISK_NOTHING_MORE) {
        return 0;
    }
    if (cut->seed == DISK_EVERYTHING) {
        return cut->tick;
    }
    uint64_t x = cut->seed * UINT64_C(0x9e3779b97f4a7c15) ^ object * UINT64_C(0xbf58476d1ce4e5b9) ^
                 (page + 1) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    /* a third all, a third nothing, else some moment */
    return x % 3 == 0 ? 0 : x % 3 == 1 ? cut->tick : (x >> 8) % (cut->tick + 1);
}

static bool is_there(const struct cut *cut, const struct change *change, size_t object,
                     uint64_t page)
{
    return change->end <= cut->tick &&
           (change->safe <= cut->tick ||
            (!change->lost && change->end <= reached(cut, object, page)));
}

struct image {
    char *bytes;
    uint64_t length, room;
};

static void image_length(struct image *image, uint64_t length)
{
    if (length > image->room) {
        image->bytes = realloc(image->bytes, (size_t)(2 * length + PAGE));
        assert_non_null(image->bytes);
        image->room = 2 * length + PAGE;
    }
    if (length > image->length) {
        memset(image->bytes + image->length, 0, (size_t)(length - image->length));
    }
    image->length = length;
}

static void image_write(const struct cut *cut, struct image *image, const struct change *change,
                        size_t object)
{
    for (uint64_t at = 0; at < change->length;) {
        uint64_t page = (change->offset + at) / PAGE;
        uint64_t step = (page + 1) * PAGE - (change->offset + at);
        step = step < change->length - at ? step : change->length - at;
        if (is_there(cut, change, object, page)) {
            uint64_t end = change->offset + at + step;
            image_length(image, end > image->length ? end : image->length);
            memcpy(image->bytes + change->offset + at, change->data + at, (size_t)step);
        }
        at += step;
    }
}

static void write_file(const struct cut *cut, size_t at, const char *path)
{
    const struct object *object = &cut->disk->objects[at];
    struct image image = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t i = 0; i < object->count; i++) {
        const struct change *change = &object->changes[i];
        if (change->type == CHANGE_BYTES) {
            image_write(cut, &image, change, at);
        } else if (!is_there(cut, change, at, EVER - 1)) {
            continue;
        } else if (change->type == CHANGE_LENGTH) {
            image_length(&image, change->offset);
        } else {
            assert_int_equal(fsetxattr(fd, change->name, change->data, (size_t)change->length, 0),
                             0);
        }
    }
    assert_true(pwrite(fd, image.bytes ? image.bytes : "", (size_t)image.length, 0) ==
                (ssize_t)image.length);
    free(image.bytes);
    close(fd);
}

/* SQLite's shared memory is written past the recorder, and made anew. A shard without a blob tells
 * nothing to who only reads, and there are 256. */
static bool is_spared(const struct cut *cut, const struct change *change)
{
    const struct object *object = &cut->disk->objects[change->object];
    size_t length = strlen(change->name);
    return (length > 4 && strcmp(change->name + length - 4, "-shm") == 0) ||
           (length == 2 && object->folder && object->count == 0);
}

static void write_folder(const struct cut *cut, size_t at, const char *path)
{
    const struct object *object = &cut->disk->objects[at];
    for (size_t i = 0; i < object->count; i++) {
        const struct change *change = &object->changes[i];
        bool last = is_there(cut, change, at, 0);
        for (size_t j = i + 1; last && j < object->count; j++) {
            last = strcmp(object->changes[j].name, change->name) != 0 ||
                   !is_there(cut, &object->changes[j], at, 0);
        }
        if (!last || change->object == NONE || is_spared(cut, change)) {
            continue;
        }
        char *inner = NULL;
        assert_true(asprintf(&inner, "%s/%s", path, change->name) > 0);
        if (cut->disk->objects[change->object].folder) {
            assert_int_equal(mkdir(inner, 0700), 0);
            write_folder(cut, change->object, inner);
        } else {
            write_file(cut, change->object, inner);
        }
        free(inner);
    }
}

void disk_write(const struct disk *disk, uint64_t tick, uint64_t seed, const char *to)
{
    struct cut cut = {disk, tick, seed};
    write_folder(&cut, 0, to);
}
